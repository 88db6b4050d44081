import KeelNumerics

/// A change of the data of a program, or a gradient with respect to them.
///
/// A direction and a gradient have the shape of the data; ``pairing(with:)`` is the change to first
/// order of what the gradient belongs to.
public struct ProgramDirection: Hashable, Sendable {
  /// The change of P, or the symmetric gradient G for which the change is Σ Gᵢⱼ dPᵢⱼ over all i and
  /// j; of the form of the program's term when that is diagonal, otherwise dense; nil for zero.
  public var quadratic: QuadraticTerm?

  /// The part of q, one number a variable.
  public var linear: [Double]

  /// The part of the lower bounds of variables; that of a fixed variable stands here alone.
  public var lowerBounds: [Double]

  /// The part of the upper bounds of variables.
  public var upperBounds: [Double]

  /// The part of the lower bounds of rows; the right-hand side of an equation stands here alone.
  public var rowLower: [Double]

  /// The part of the upper bounds of rows.
  public var rowUpper: [Double]

  /// The part of the coefficients of each row, one number for each index of the row.
  public var rowCoefficients: [[Double]]

  /// Creates the zero direction of a program.
  ///
  /// - Parameter program: The program that gives the shapes.
  public init(zeroFor program: QuadraticProgram) {
    linear = [Double](repeating: 0, count: program.variableCount)
    lowerBounds = linear
    upperBounds = linear
    rowLower = [Double](repeating: 0, count: program.rows.count)
    rowUpper = rowLower
    rowCoefficients = program.rows.map { [Double](repeating: 0, count: $0.indices.count) }
  }

  /// The sum of products with another direction of the same program.
  ///
  /// - Parameter other: A gradient for this direction, or a direction for this gradient.
  /// - Returns: The sum; NaN when the shapes differ.
  public func pairing(with other: ProgramDirection) -> Double {
    var sum = 0.0
    for (left, right) in [
      (linear, other.linear), (lowerBounds, other.lowerBounds), (upperBounds, other.upperBounds),
      (rowLower, other.rowLower), (rowUpper, other.rowUpper),
    ] + zip(rowCoefficients, other.rowCoefficients) {
      if left.count != right.count { return .nan }
      sum += dot(left, right)
    }
    if rowCoefficients.count != other.rowCoefficients.count { return .nan }
    guard let left = quadratic, let right = other.quadratic else { return sum }
    guard left.order == right.order else { return .nan }
    var unit = [Double](repeating: 0, count: left.order)
    for j in unit.indices {
      unit[j] = 1
      sum += dot(left.times(unit), right.times(unit))
      unit[j] = 0
    }
    return sum
  }

  /// Checks the shapes against a program and that all numbers are finite.
  func validate(for program: QuadraticProgram) throws(OptimizationError) {
    let n = program.variableCount
    var vectors = [
      ("linear", linear, n), ("lowerBounds", lowerBounds, n), ("upperBounds", upperBounds, n),
      ("rowLower", rowLower, program.rows.count), ("rowUpper", rowUpper, program.rows.count),
    ]
    guard rowCoefficients.count == program.rows.count else {
      throw .shapeMismatch(
        argument: "rowCoefficients", got: rowCoefficients.count, required: program.rows.count)
    }
    for (row, part) in zip(program.rows, rowCoefficients) {
      vectors.append((row.name, part, row.indices.count))
    }
    if let quadratic {
      guard quadratic.order == n else {
        throw .shapeMismatch(argument: "quadratic", got: quadratic.order, required: n)
      }
      let sums = quadratic.absoluteTimes([Double](repeating: 1, count: n))
      vectors.append(("quadratic", sums, n))
    }
    for (argument, values, count) in vectors {
      try requireFinite(values, argument: argument, count: count)
    }
  }
}

/// The change of a solution to first order.
public struct SolutionDirection: Hashable, Sendable {
  /// The change of the variables.
  public let x: [Double]

  /// The change of the dual values of the rows.
  public let rowDuals: [Double]

  /// The change of the dual values of the bounds.
  public let boundDuals: [Double]

  /// The change of the least objective.
  public let objective: Double
}

/// What a scalar function of the solution changes with: the gradient that is carried backwards.
public struct SolutionGradient: Hashable, Sendable {
  /// The gradient with respect to the variables.
  public var x: [Double]

  /// The gradient with respect to the dual values of the rows; empty for zero.
  public var rowDuals: [Double]

  /// The gradient with respect to the dual values of the bounds; empty for zero.
  public var boundDuals: [Double]

  /// The derivative with respect to the least objective.
  public var objective: Double

  /// Creates a gradient.
  ///
  /// - Parameters:
  ///   - x: The gradient with respect to the n variables; empty for zero.
  ///   - rowDuals: The gradient with respect to the dual values of the rows; empty for zero.
  ///   - boundDuals: The gradient with respect to the n dual values of the bounds; empty for zero.
  ///   - objective: The derivative with respect to the least objective.
  public init(
    x: [Double] = [],
    rowDuals: [Double] = [],
    boundDuals: [Double] = [],
    objective: Double = 0
  ) {
    self.x = x
    self.rowDuals = rowDuals
    self.boundDuals = boundDuals
    self.objective = objective
  }
}

/// Checks the count of a vector and that it is finite.
func requireFinite(
  _ values: [Double],
  argument: String,
  count: Int
) throws(OptimizationError) {
  guard values.count == count else {
    throw .shapeMismatch(argument: argument, got: values.count, required: count)
  }
  for (i, value) in values.enumerated() where !value.isFinite {
    throw .invalidValue(argument: argument, index: i, got: value, allowed: .finite)
  }
}
