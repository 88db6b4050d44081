/// A program as the iterations see it: scaled, without fixed variables and empty rows.
struct CoreProgram {
  /// A row in the scaled variables.
  struct Row {
    var indices: [Int]
    var coefficients: [Double]
    var lower: Double
    var upper: Double
    var isEquality: Bool { lower == upper }

    func value(at x: [Double]) -> Double {
      var sum = 0.0
      for (i, a) in zip(indices, coefficients) { sum += a * x[i] }
      return sum
    }
  }

  var quadratic: QuadraticTerm
  var linear: [Double]
  var lower: [Double]
  var upper: [Double]
  var rows: [Row]

  var count: Int { linear.count }

  /// Adds A'y to a vector.
  func addTransposedRows(_ y: [Double], to vector: inout [Double]) {
    for (k, row) in rows.enumerated() where y[k] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { vector[i] += a * y[k] }
    }
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
  /// Makes the core program of the free variables and kept rows.
  init(_ program: QuadraticProgram, _ reduction: Presolve, _ scaling: ProgramScaling) {
    let free = reduction.freeVariables
    var position = [Int](repeating: -1, count: program.variableCount)
    for (p, i) in free.enumerated() { position[i] = p }
    quadratic = program.quadratic.scaled(by: scaling.variable, cost: scaling.cost, at: free)
    linear = free.map { reduction.reducedLinear[$0] * scaling.variable[$0] * scaling.cost }
    lower = free.map { program.lowerBounds[$0] / scaling.variable[$0] }
    upper = free.map { program.upperBounds[$0] / scaling.variable[$0] }
    rows = reduction.keptRows.map { k in
      let row = program.rows[k]
      let pairs = zip(row.indices, row.coefficients).filter { position[$0.0] >= 0 }
      return Row(
        indices: pairs.map { position[$0.0] },
        coefficients: pairs.map { $0.1 * scaling.variable[$0.0] * scaling.row[k] },
        lower: (row.lower - reduction.rowShift[k]) * scaling.row[k],
        upper: (row.upper - reduction.rowShift[k]) * scaling.row[k])
    }
  }
}
