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
  var variable: [Double]
  var row: [Double]
  var cost: Double

  /// Chooses factors for the free variables and kept rows of a program.
  ///
  /// A variable is scaled to unit curvature, or to unit row coefficients where it has no curvature;
  /// a row to a largest coefficient of one; then all variables together so that the bounds, and the
  /// objective so that its coefficients, are about one.
  init(_ program: QuadraticProgram, _ reduction: Presolve) {
    let free = reduction.freeVariables
    let diagonal = program.quadratic.diagonal
    var largest = [Double](repeating: 0, count: program.variableCount)
    for k in reduction.keptRows {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) {
        largest[i] = max(largest[i], a.magnitude)
      }
    }
    var scale = [Double](repeating: 1, count: program.variableCount)
    var logarithm = 0.0
    var curved = 0.0
    for i in free where diagonal[i] > 0 {
      scale[i] = 1 / diagonal[i].squareRoot()
      if largest[i] > 0 {
        logarithm += Double(scale[i].exponent) + Double(largest[i].exponent)
        curved += 1
      }
    }
    let typical = powerOfTwo(curved > 0 ? logarithm / curved : 0)
    for i in free {
      if diagonal[i] <= 0 && largest[i] > 0 { scale[i] = typical / largest[i] }
      scale[i] = roundedToPowerOfTwo(scale[i])
    }
    var rowScale = [Double](repeating: 1, count: program.rows.count)
    for k in reduction.keptRows {
      let row = program.rows[k]
      var norm = 0.0
      for (i, a) in zip(row.indices, row.coefficients) where reduction.fixedValue[i] == nil {
        norm = max(norm, (a * scale[i]).magnitude)
      }
      rowScale[k] = roundedToPowerOfTwo(1 / norm)
    }
    let size = Self.sizeOfBounds(program, reduction, scale, rowScale)
    for i in free { scale[i] *= size }
    var objective = 0.0
    for i in free {
      objective = max(
        objective, diagonal[i] * scale[i] * scale[i],
        (reduction.reducedLinear[i] * scale[i]).magnitude)
    }
    variable = scale
    row = rowScale
    for k in reduction.keptRows { row[k] /= size }
    cost = roundedToPowerOfTwo(1 / objective)
  }

  /// The typical magnitude of the variables: the largest scaled bound of a row, or without rows the
  /// least non-zero bound of a variable.
  private static func sizeOfBounds(
    _ program: QuadraticProgram,
    _ reduction: Presolve,
    _ scale: [Double],
    _ rowScale: [Double]
  ) -> Double {
    var size = 0.0
    for k in reduction.keptRows {
      let shift = reduction.rowShift[k]
      let bounds = [program.rows[k].lower - shift, program.rows[k].upper - shift]
      let least = bounds.map(\.magnitude).filter { $0 > 0 && $0.isFinite }.min() ?? 0
      size = max(size, least * rowScale[k])
    }
    if size == 0 {
      size = .infinity
      for i in reduction.freeVariables {
        for bound in [program.lowerBounds[i].magnitude, program.upperBounds[i].magnitude]
        where bound > 0 { size = min(size, bound / scale[i]) }
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
