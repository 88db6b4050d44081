/// A program as the iterations see it: scaled, without fixed variables and empty rows, in memory that
/// is kept.
struct CoreProgram: Sendable {
  private(set) var quadratic = CoreQuadratic()
  private(set) var linear: [Double] = []
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []
  private(set) var rows = CoreRows()
  /// The place of each of the variables that a program was made from; −1 for none.
  private var position: [Int] = []

  var count: Int { linear.count }

  /// Adds A'y to a vector.
  func addTransposedRows(_ y: [Double], to vector: inout [Double]) {
    for k in 0..<rows.count where y[k] != 0 { rows.add(k, times: y[k], to: &vector) }
  }
}

/// How the core program's numbers become the caller's: x = variable ∘ x̂ + fixed values.
///
/// Every factor is a power of two, so that scaling rounds nothing.
struct ProgramScaling {
  private(set) var variable: [Double] = []
  private(set) var row: [Double] = []
  private(set) var cost = 1.0
  private var largest: [Double] = []

  init() {}

  /// Chooses factors for the free variables and kept rows of a program.
  init(_ program: QuadraticProgram, _ reduction: Presolve) {
    restart(program, reduction, diagonal: program.quadratic.diagonal)
  }

  /// Chooses factors for the free variables and kept rows of a program.
  ///
  /// A variable is scaled to unit curvature, or to unit row coefficients where it has no curvature;
  /// a row to a largest coefficient of one; then all variables together so that the bounds, and the
  /// objective so that its coefficients, are about one.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - reduction: What presolve left of it.
  ///   - diagonal: The curvatures.
  mutating func restart(
    _ program: QuadraticProgram,
    _ reduction: Presolve,
    diagonal: [Double]
  ) {
    let free = reduction.freeVariables
    scaleVariables(program, reduction, diagonal)
    row.refill(program.rows.count, with: 1)
    for k in reduction.keptRows {
      let source = program.rows[k]
      var norm = 0.0
      for (i, a) in zip(source.indices, source.coefficients)
      where reduction.fixedValue[i] == nil { norm = max(norm, (a * variable[i]).magnitude) }
      row[k] = roundedToPowerOfTwo(1 / norm)
    }
    let size = sizeOfBounds(program, reduction)
    for i in free { variable[i] *= size }
    var objective = 0.0
    for i in free {
      objective = max(
        objective, diagonal[i] * variable[i] * variable[i],
        (reduction.reducedLinear[i] * variable[i]).magnitude)
    }
    for k in reduction.keptRows { row[k] /= size }
    cost = roundedToPowerOfTwo(1 / objective)
  }

  /// Unit curvature, or unit row coefficients.
  private mutating func scaleVariables(
    _ program: QuadraticProgram,
    _ reduction: Presolve,
    _ diagonal: [Double]
  ) {
    largest.refill(program.variableCount, with: 0)
    for k in reduction.keptRows {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) {
        largest[i] = max(largest[i], a.magnitude)
      }
    }
    variable.refill(program.variableCount, with: 1)
    var logarithm = 0.0
    var curved = 0.0
    for i in reduction.freeVariables where diagonal[i] > 0 {
      variable[i] = 1 / diagonal[i].squareRoot()
      if largest[i] > 0 {
        logarithm += Double(variable[i].exponent) + Double(largest[i].exponent)
        curved += 1
      }
    }
    let typical = powerOfTwo(curved > 0 ? logarithm / curved : 0)
    for i in reduction.freeVariables {
      if diagonal[i] <= 0 && largest[i] > 0 { variable[i] = typical / largest[i] }
      variable[i] = roundedToPowerOfTwo(variable[i])
    }
  }

  /// The typical magnitude of the variables: the largest scaled bound of a row, or without rows the
  /// least non-zero bound of a variable.
  private func sizeOfBounds(_ program: QuadraticProgram, _ reduction: Presolve) -> Double {
    var size = 0.0
    for k in reduction.keptRows {
      let shift = reduction.rowShift[k]
      let lower = (program.rows[k].lower - shift).magnitude
      let upper = (program.rows[k].upper - shift).magnitude
      var least = Double.infinity
      if lower > 0 { least = min(least, lower) }
      if upper > 0 { least = min(least, upper) }
      if least < .infinity { size = max(size, least * row[k]) }
    }
    if size == 0 {
      size = .infinity
      for i in reduction.freeVariables {
        let lower = program.lowerBounds[i].magnitude
        let upper = program.upperBounds[i].magnitude
        if lower > 0 { size = min(size, lower / variable[i]) }
        if upper > 0 { size = min(size, upper / variable[i]) }
      }
    }
    return roundedToPowerOfTwo(size)
  }
}

/// The nearest power of two below a positive number, and 1 for anything else.
private func roundedToPowerOfTwo(_ value: Double) -> Double {
  guard value.isNormal, value > 0 else { return 1 }
  return Double(sign: .plus, exponent: value.exponent, significand: 1)
}

/// Two to a rounded exponent.
private func powerOfTwo(_ exponent: Double) -> Double {
  let limit = 1000.0
  return Double(
    sign: .plus, exponent: Int(min(max(exponent, -limit), limit).rounded()), significand: 1)
}

extension CoreProgram {
  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let n = shape.variableCount
    quadratic.reserve(shape)
    linear.reserveCapacity(n)
    lower.reserveCapacity(n)
    upper.reserveCapacity(n)
    position.reserveCapacity(n)
    rows.reserve(rowCount: shape.rowCount, entryCount: shape.entryCount)
  }

  /// Becomes the core program of the free variables and kept rows.
  mutating func restart(
    _ program: QuadraticProgram,
    _ reduction: Presolve,
    _ scaling: ProgramScaling
  ) {
    let free = reduction.freeVariables
    quadratic.restart(
      program.quadratic, scale: scaling.variable, cost: scaling.cost, at: free)
    removeVectors()
    position.refill(program.variableCount, with: -1)
    for p in free.indices {
      let i = free[p]
      position[i] = p
      linear.append(reduction.reducedLinear[i] * scaling.variable[i] * scaling.cost)
      lower.append(program.lowerBounds[i] / scaling.variable[i])
      upper.append(program.upperBounds[i] / scaling.variable[i])
    }
    for k in reduction.keptRows {
      let row = program.rows[k]
      for e in row.indices.indices where position[row.indices[e]] >= 0 {
        let i = row.indices[e]
        rows.append(position[i], row.coefficients[e] * scaling.variable[i] * scaling.row[k])
      }
      rows.endRow(
        lower: (row.lower - reduction.rowShift[k]) * scaling.row[k],
        upper: (row.upper - reduction.rowShift[k]) * scaling.row[k])
    }
  }

  /// Becomes the program of some variables of another one.
  ///
  /// - Parameters:
  ///   - program: The other program.
  ///   - free: The variables that stay.
  ///   - active: The rows, as equations of zero; those that touch no such variable are left out.
  ///   - kept: Becomes the rows that stay.
  mutating func restart(
    _ program: CoreProgram,
    free: [Int],
    active: [Int],
    kept: inout [Int]
  ) {
    quadratic.restart(program.quadratic, at: free)
    removeVectors()
    position.refill(program.count, with: -1)
    for p in free.indices {
      let i = free[p]
      position[i] = p
      linear.append(program.linear[i])
      lower.append(program.lower[i])
      upper.append(program.upper[i])
    }
    kept.removeAll(keepingCapacity: true)
    for k in active {
      var isTouched = false
      for e in program.rows.entries(k) {
        let p = position[program.rows.indices[e]]
        if p < 0 { continue }
        rows.append(p, program.rows.coefficients[e])
        isTouched = true
      }
      if !isTouched { continue }
      rows.endRow(lower: 0, upper: 0)
      kept.append(k)
    }
  }

  /// Becomes another program with a variable more for each row, by which it may be missed: the least
  /// sum of their squares.
  mutating func restart(elastic program: CoreProgram) {
    let (n, m) = (program.count, program.rows.count)
    quadratic.restart(zeros: n, ones: m)
    removeVectors()
    linear.refill(n + m, with: 0)
    lower.append(contentsOf: program.lower)
    lower.append(contentsOf: repeatElement(-.infinity, count: m))
    upper.append(contentsOf: program.upper)
    upper.append(contentsOf: repeatElement(.infinity, count: m))
    for k in 0..<m {
      for e in program.rows.entries(k) {
        rows.append(program.rows.indices[e], program.rows.coefficients[e])
      }
      rows.append(n + k, 1)
      rows.endRow(lower: program.rows.lower[k], upper: program.rows.upper[k])
    }
  }

  private mutating func removeVectors() {
    linear.removeAll(keepingCapacity: true)
    lower.removeAll(keepingCapacity: true)
    upper.removeAll(keepingCapacity: true)
    rows.removeAll()
  }
}
