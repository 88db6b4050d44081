import KeelNumerics

/// A convex program with a quadratic objective and named conic constraints.
///
/// ```text
/// minimize  1/2 x'Px + q'x
/// subject to  F_k x + g_k ∈ K_k  for every block k
/// ```
///
/// The value is checked when it is made: shapes, finiteness, names, orders and exponents of cones.
/// Whether P is positive semidefinite is checked by the solver.
public struct ConicProgram: Hashable, Sendable {
  /// The matrix P.
  public internal(set) var quadratic: QuadraticTerm

  /// The vector q, one number a variable.
  public internal(set) var linear: [Double]

  /// The blocks.
  public internal(set) var constraints: [ConicConstraint]

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - quadratic: The matrix P of order n, finite and positive semidefinite; nil for zero.
  ///   - linear: The vector q of n finite numbers.
  ///   - constraints: The blocks, with different names.
  /// - Throws: ``OptimizationError`` for shapes, numbers, names or cones that make no program.
  public init(
    quadratic: QuadraticTerm? = nil,
    linear: [Double],
    constraints: [ConicConstraint]
  ) throws(OptimizationError) {
    self.quadratic = quadratic ?? .diagonal([Double](repeating: 0, count: linear.count))
    self.linear = linear
    self.constraints = constraints
    // The shapes, finiteness and diagonal of the objective are those of a program without rows.
    _ = try QuadraticProgram(quadratic: self.quadratic, linear: linear)
    var names = Set<String>(minimumCapacity: constraints.count)
    for block in constraints {
      guard names.insert(block.name).inserted else { throw .duplicateName(block.name) }
      try requireCone(block)
      for expression in block.expressions { try requireExpression(expression, block.name) }
    }
  }

  /// A program of parts that belong together.
  init(
    uncheckedQuadratic quadratic: QuadraticTerm, linear: [Double], constraints: [ConicConstraint]
  ) {
    self.quadratic = quadratic
    self.linear = linear
    self.constraints = constraints
  }

  /// The number of variables.
  public var variableCount: Int { linear.count }

  /// Whether every cone is symmetric, see ``Cone/isSymmetric``.
  public var isSymmetric: Bool { constraints.allSatisfy(\.cone.isSymmetric) }

  /// The objective 1/2 x'Px + q'x.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The objective, or NaN when the count of variables is another.
  public func objective(at x: [Double]) -> Double {
    guard x.count == variableCount else { return .nan }
    return dot(x, quadratic.times(x)) / 2 + dot(linear, x)
  }
}

// MARK: - Checks

extension ConicProgram {
  private func requireCone(_ block: ConicConstraint) throws(OptimizationError) {
    switch block.cone {
    case .power(let exponent):
      guard Cone.powerExponents.contains(exponent) else {
        throw .invalidValue(
          argument: block.name, index: 0, got: exponent, allowed: Cone.powerExponents)
      }
    case .positiveSemidefinite(let order):
      guard (0...Cone.largestSemidefiniteOrder).contains(order) else {
        throw .invalidValue(
          argument: block.name, index: 0, got: Double(order),
          allowed: 0...Double(Cone.largestSemidefiniteOrder))
      }
    case .zero, .nonnegative, .secondOrder, .exponential: break
    }
    if let required = block.cone.requiredCount, block.expressions.count != required {
      throw .shapeMismatch(
        argument: block.name, got: block.expressions.count, required: required)
    }
  }

  private func requireExpression(
    _ expression: AffineExpression,
    _ name: String
  ) throws(OptimizationError) {
    guard expression.indices.count == expression.coefficients.count else {
      throw .shapeMismatch(
        argument: name, got: expression.coefficients.count, required: expression.indices.count)
    }
    var previous = -1
    for (index, value) in zip(expression.indices, expression.coefficients) {
      guard index > previous, index < variableCount else {
        throw .invalidIndex(argument: name, got: index, count: variableCount)
      }
      guard value.isFinite else {
        throw .invalidValue(argument: name, index: index, got: value, allowed: .finite)
      }
      previous = index
    }
    guard expression.constant.isFinite else {
      throw .invalidValue(argument: name, index: 0, got: expression.constant, allowed: .finite)
    }
  }
}
