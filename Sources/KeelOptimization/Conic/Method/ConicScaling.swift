import KeelNumerics

// Equilibration of rows and columns in the largest magnitude (Ruiz, RAL report 2001-034), with one
// factor for all rows of a cone that rows cannot be scaled in separately. All factors are powers of
// two: scaling rounds nothing.

/// The powers of two between the caller's units and those of the iterations.
struct ConicScaling {
  /// x = variable ∘ scaled x.
  private(set) var variable: [Double] = []
  /// Scaled row = factor × row, for each row of each block.
  private(set) var block: [[Double]] = []
  /// Scaled objective = cost × objective.
  private(set) var cost = 1.0

  private var diagonal: [Double] = []
  private var columnSize: [Double] = []
  private var rowSize: [[Double]] = []
  private var constantSizes: [Double] = []
  private var isTouched: [Bool] = []

  /// Each pass takes the square root of what is left of a disproportion of 10^±12: eight leave a
  /// factor below two.
  private static let passCount = 8

  init(_ program: ConicProgram) { restart(program) }

  /// Scales a program of the same structure, in the memory of the one before.
  mutating func restart(_ program: ConicProgram) {
    program.quadratic.setDiagonal(&diagonal)
    variable.refill(program.variableCount, with: 1)
    while block.count < program.constraints.count {
      block.append([])
      rowSize.append([])
    }
    for k in block.indices {
      block[k].refill(program.constraints[k].expressions.count, with: 1)
    }
    for _ in 0..<Self.passCount { pass(program) }
    scaleUntouched(program)
    let size = sizeOfConstants(program)
    for j in variable.indices { variable[j] = roundedToPowerOfTwo(variable[j]) * size }
    for k in block.indices {
      for r in block[k].indices { block[k][r] = roundedToPowerOfTwo(block[k][r]) / size }
    }
    var objective = 0.0
    for j in variable.indices {
      objective = max(
        objective, diagonal[j] * variable[j] * variable[j],
        (program.linear[j] * variable[j]).magnitude)
    }
    cost = roundedToPowerOfTwo(1 / objective)
  }

  /// Divides rows and columns by the roots of their largest elements.
  private mutating func pass(_ program: ConicProgram) {
    columnSize.refill(variable.count, with: 0)
    for (k, constraint) in program.constraints.enumerated() {
      rowSize[k].refill(block[k].count, with: 0)
      for (r, expression) in constraint.expressions.enumerated() {
        for p in expression.indices.indices {
          let j = expression.indices[p]
          let size = expression.coefficients[p].magnitude * variable[j] * block[k][r]
          columnSize[j] = max(columnSize[j], size)
          rowSize[k][r] = max(rowSize[k][r], size)
        }
      }
      Self.shareSize(&rowSize[k], of: constraint.cone)
    }
    for j in variable.indices { variable[j] *= Self.inverseRoot(columnSize[j]) }
    for k in block.indices {
      for r in block[k].indices { block[k][r] *= Self.inverseRoot(rowSize[k][r]) }
    }
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
  private mutating func scaleUntouched(_ program: ConicProgram) {
    isTouched.refill(variable.count, with: false)
    for block in program.constraints {
      for expression in block.expressions {
        for j in expression.indices { isTouched[j] = true }
      }
    }
    for j in variable.indices where !isTouched[j] {
      variable[j] = Self.inverseRoot(diagonal[j])
    }
  }

  /// The typical magnitude of constants that are not zero, their median.
  private mutating func sizeOfConstants(_ program: ConicProgram) -> Double {
    constantSizes.removeAll(keepingCapacity: true)
    for (k, constraint) in program.constraints.enumerated() {
      for (r, expression) in constraint.expressions.enumerated() {
        let size = (expression.constant * block[k][r]).magnitude
        if size > 0 && size.isFinite { constantSizes.append(size) }
      }
    }
    if constantSizes.isEmpty { return 1 }
    return roundedToPowerOfTwo(Selection.select(constantSizes.count / 2, in: &constantSizes))
  }
}

/// The nearest power of two below a positive number, and 1 for anything else.
private func roundedToPowerOfTwo(_ value: Double) -> Double {
  guard value.isNormal, value > 0 else { return 1 }
  return Double(sign: .plus, exponent: value.exponent, significand: 1)
}
