// Equilibration of rows and columns in the largest magnitude (Ruiz, RAL report 2001-034), with one
// factor for all rows of a cone that rows cannot be scaled in separately. All factors are powers of
// two: scaling rounds nothing.

/// The powers of two between the caller's units and those of the iterations.
struct ConicScaling {
  /// x = variable ∘ scaled x.
  var variable: [Double]
  /// Scaled row = factor × row, for each row of each block.
  var block: [[Double]]
  /// Scaled objective = cost × objective.
  var cost: Double

  /// Each pass takes the square root of what is left of a disproportion of 10^±12: eight leave a
  /// factor below two.
  private static let passCount = 8

  init(_ program: ConicProgram) {
    let n = program.variableCount
    var column = [Double](repeating: 1, count: n)
    var row = program.constraints.map { [Double](repeating: 1, count: $0.expressions.count) }
    for _ in 0..<Self.passCount {
      var columnSize = [Double](repeating: 0, count: n)
      var rowSize = row.map { [Double](repeating: 0, count: $0.count) }
      for (k, block) in program.constraints.enumerated() {
        for (r, expression) in block.expressions.enumerated() {
          for (j, a) in zip(expression.indices, expression.coefficients) {
            let size = a.magnitude * column[j] * row[k][r]
            columnSize[j] = max(columnSize[j], size)
            rowSize[k][r] = max(rowSize[k][r], size)
          }
        }
        Self.shareSize(&rowSize[k], of: block.cone)
      }
      for j in 0..<n { column[j] *= Self.inverseRoot(columnSize[j]) }
      for k in row.indices {
        for r in row[k].indices { row[k][r] *= Self.inverseRoot(rowSize[k][r]) }
      }
    }
    Self.scaleUntouched(program, &column)
    let size = Self.sizeOfConstants(program, row)
    variable = column.map { roundedToPowerOfTwo($0) * size }
    block = row.map { $0.map { roundedToPowerOfTwo($0) / size } }
    var objective = 0.0
    let diagonal = program.quadratic.diagonal
    for j in 0..<n {
      objective = max(
        objective, diagonal[j] * variable[j] * variable[j],
        (program.linear[j] * variable[j]).magnitude)
    }
    cost = roundedToPowerOfTwo(1 / objective)
  }

  /// Gives all rows of a cone that is no product the largest size among them.
  private static func shareSize(_ sizes: inout [Double], of cone: Cone) {
    switch cone {
    case .zero, .nonnegative: return
    case .secondOrder, .exponential, .power, .positiveSemidefinite: break
    }
    let largest = sizes.max() ?? 0
    for r in sizes.indices { sizes[r] = largest }
  }

  private static func inverseRoot(_ size: Double) -> Double {
    let factor = 1 / size.squareRoot()
    return size > 0 && factor.isNormal ? factor : 1
  }

  /// Variables without a row are scaled by their curvature.
  private static func scaleUntouched(_ program: ConicProgram, _ column: inout [Double]) {
    var isTouched = [Bool](repeating: false, count: column.count)
    for block in program.constraints {
      for expression in block.expressions {
        for j in expression.indices { isTouched[j] = true }
      }
    }
    let diagonal = program.quadratic.diagonal
    for j in column.indices where !isTouched[j] { column[j] = inverseRoot(diagonal[j]) }
  }

  /// The typical magnitude of constants that are not zero, their median.
  private static func sizeOfConstants(_ program: ConicProgram, _ row: [[Double]]) -> Double {
    var sizes: [Double] = []
    for (k, block) in program.constraints.enumerated() {
      for (r, expression) in block.expressions.enumerated() {
        let size = (expression.constant * row[k][r]).magnitude
        if size > 0 && size.isFinite { sizes.append(size) }
      }
    }
    sizes.sort()
    return sizes.isEmpty ? 1 : roundedToPowerOfTwo(sizes[sizes.count / 2])
  }
}

/// The nearest power of two below a positive number, and 1 for anything else.
private func roundedToPowerOfTwo(_ value: Double) -> Double {
  guard value.isNormal, value > 0 else { return 1 }
  return Double(sign: .plus, exponent: value.exponent, significand: 1)
}
