import KeelNumerics

/// A convex quadratic program with named rows and bounds.
///
/// ```text
/// minimize  1/2 x'Px + q'x
/// subject to  rowLower ≤ Ax ≤ rowUpper,  lowerBounds ≤ x ≤ upperBounds
/// ```
///
/// The value is checked when it is made: shapes, finiteness, names and bounds that contradict each
/// other. Whether P is positive semidefinite is checked by the solver.
public struct QuadraticProgram: Hashable, Sendable {
  /// The matrix P.
  public internal(set) var quadratic: QuadraticTerm

  /// The vector q, one number a variable.
  public internal(set) var linear: [Double]

  /// The lower bound of each variable; −∞ for none.
  public internal(set) var lowerBounds: [Double]

  /// The upper bound of each variable; +∞ for none.
  public internal(set) var upperBounds: [Double]

  /// The rows.
  public internal(set) var rows: [LinearRow]

  /// The name of each variable, or nothing for `x[0]`, `x[1]` and so on.
  public let variableNames: [String]

  /// What is known about the convexity of the objective.
  public internal(set) var convexity: Convexity

  /// What is known about the convexity of an objective.
  public enum Convexity: Hashable, Sendable {
    /// Nothing: the solver proves that a dense P is positive semidefinite, by one Cholesky
    /// factorization of order n.
    case unproved

    /// P is positive semidefinite up to rounding, by construction (a Gram matrix, a covariance that
    /// was factored before).
    ///
    /// A solver need not look again. Where the promise is wrong, "optimal" may mean a point that is
    /// only stationary.
    case guaranteed
  }

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - quadratic: The matrix P of order n, finite and positive semidefinite.
  ///   - linear: The vector q of n finite numbers; nil for zero.
  ///   - lowerBounds: The n lower bounds, −∞ allowed; nil for none.
  ///   - upperBounds: The n upper bounds, +∞ allowed; nil for none.
  ///   - rows: The linear constraints.
  ///   - variableNames: The n names of the variables; empty for `x[0]`, `x[1]` and so on.
  ///   - convexity: Whether P is known to be positive semidefinite.
  /// - Throws: ``OptimizationError`` for shapes, numbers, names or bounds that make no program.
  public init(
    quadratic: QuadraticTerm,
    linear: [Double]? = nil,
    lowerBounds: [Double]? = nil,
    upperBounds: [Double]? = nil,
    rows: [LinearRow] = [],
    variableNames: [String] = [],
    convexity: Convexity = .unproved
  ) throws(OptimizationError) {
    try self.init(
      finite: quadratic, linear: linear, lowerBounds: lowerBounds, upperBounds: upperBounds,
      rows: rows, uniqueNames: variableNames, convexity: convexity)
    try quadratic.requireFinite()
    try requireDifferentNames()
  }

  /// Creates a program whose quadratic term is known to be finite with a diagonal that is not
  /// negative, and whose names of variables are known to differ from each other.
  ///
  package init(
    finite quadratic: QuadraticTerm,
    linear: [Double]?,
    lowerBounds: [Double]?,
    upperBounds: [Double]?,
    rows: [LinearRow],
    uniqueNames: [String],
    convexity: Convexity
  ) throws(OptimizationError) {
    let n = quadratic.order
    self.quadratic = quadratic
    self.linear = linear ?? [Double](repeating: 0, count: n)
    self.lowerBounds = lowerBounds ?? [Double](repeating: -.infinity, count: n)
    self.upperBounds = upperBounds ?? [Double](repeating: .infinity, count: n)
    self.rows = rows
    variableNames = uniqueNames
    self.convexity = convexity
    try requireShapes()
    try requireFiniteSlopes()
    try requireRows()
    try requireRowNames()
    try requireOrderedBounds()
  }

  /// Takes another linear term.
  ///
  /// - Parameter linear: The vector q of as many finite numbers as before.
  /// - Throws: ``OptimizationError`` for another count, or numbers that are not finite.
  package mutating func replace(linear: [Double]) throws(OptimizationError) {
    self.linear = linear
    try requireShapes()
    try requireFiniteSlopes()
  }

  /// The number of variables.
  public var variableCount: Int { linear.count }

  /// The name of a variable.
  ///
  /// - Parameter index: The variable; traps when there are names and it has none.
  /// - Returns: Its name, or `x[index]` when the program names no variables.
  public func variableName(_ index: Int) -> String {
    variableNames.isEmpty ? "x[\(index)]" : variableNames[index]
  }

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

extension QuadraticProgram {
  private func requireShapes() throws(OptimizationError) {
    let n = quadratic.order
    let counts = [
      ("linear", linear.count), ("lowerBounds", lowerBounds.count),
      ("upperBounds", upperBounds.count),
      ("variableNames", variableNames.isEmpty ? n : variableNames.count),
    ]
    for (argument, count) in counts where count != n {
      throw .shapeMismatch(argument: argument, got: count, required: n)
    }
  }

  private func requireFiniteSlopes() throws(OptimizationError) {
    for (i, value) in linear.enumerated() where !value.isFinite {
      throw .invalidValue(argument: "linear", index: i, got: value, allowed: .finite)
    }
  }

  private func requireRows() throws(OptimizationError) {
    for row in rows {
      guard row.indices.count == row.coefficients.count else {
        throw .shapeMismatch(
          argument: row.name, got: row.coefficients.count, required: row.indices.count)
      }
      var previous = -1
      for (index, value) in zip(row.indices, row.coefficients) {
        guard index > previous, index < variableCount else {
          throw .invalidIndex(argument: row.name, got: index, count: variableCount)
        }
        guard value.isFinite else {
          throw .invalidValue(
            argument: row.name, index: index, got: value, allowed: .finite)
        }
        previous = index
      }
    }
  }

  private func requireDifferentNames() throws(OptimizationError) {
    if variableNames.isEmpty { return }
    var names = Set<String>(minimumCapacity: variableNames.count)
    for name in variableNames where !names.insert(name).inserted {
      throw .duplicateName(name)
    }
  }

  private func requireRowNames() throws(OptimizationError) {
    var names = Set<String>(minimumCapacity: rows.count)
    for row in rows where !names.insert(row.name).inserted {
      throw .duplicateName(row.name)
    }
    // Few rows are compared faster than all variables are hashed.
    let comparableCount = 4
    if rows.count <= comparableCount {
      for row in rows where variableNames.contains(row.name) { throw .duplicateName(row.name) }
    } else if let shared = variableNames.first(where: names.contains) {
      throw .duplicateName(shared)
    }
  }

  private func requireOrderedBounds() throws(OptimizationError) {
    for i in 0..<variableCount {
      try Self.requireInterval(lowerBounds[i], upperBounds[i], index: i, name: variableName(i))
    }
    for (k, row) in rows.enumerated() {
      try Self.requireInterval(row.lower, row.upper, index: k, name: row.name)
    }
  }

  static func requireInterval(
    _ lower: Double,
    _ upper: Double,
    index: Int,
    name: @autoclosure () -> String
  ) throws(OptimizationError) {
    if lower.isNaN || upper.isNaN {
      throw .invalidValue(
        argument: name(), index: index, got: .nan, allowed: -.infinity ... .infinity)
    }
    guard lower <= upper, lower < .infinity, upper > -.infinity else {
      throw .conflictingBounds(name: name(), lower: lower, upper: upper)
    }
  }
}

/// The sum of products, in the order of the elements.
func dot(_ left: [Double], _ right: [Double]) -> Double {
  var sum = 0.0
  for i in 0..<min(left.count, right.count) { sum += left[i] * right[i] }
  return sum
}
