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
  public let quadratic: QuadraticTerm

  /// The vector q, one number a variable.
  public let linear: [Double]

  /// The lower bound of each variable; −∞ for none.
  public let lowerBounds: [Double]

  /// The upper bound of each variable; +∞ for none.
  public let upperBounds: [Double]

  /// The rows.
  public let rows: [LinearRow]

  /// The name of each variable, or nothing for `x[0]`, `x[1]` and so on.
  public let variableNames: [String]

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - quadratic: The matrix P of order n, finite and positive semidefinite.
  ///   - linear: The vector q of n finite numbers; nil for zero.
  ///   - lowerBounds: The n lower bounds, −∞ allowed; nil for none.
  ///   - upperBounds: The n upper bounds, +∞ allowed; nil for none.
  ///   - rows: The linear constraints.
  ///   - variableNames: The n names of the variables; empty for `x[0]`, `x[1]` and so on.
  /// - Throws: ``OptimizationError`` for shapes, numbers, names or bounds that make no program.
  public init(
    quadratic: QuadraticTerm,
    linear: [Double]? = nil,
    lowerBounds: [Double]? = nil,
    upperBounds: [Double]? = nil,
    rows: [LinearRow] = [],
    variableNames: [String] = []
  ) throws(OptimizationError) {
    let n = quadratic.order
    self.quadratic = quadratic
    self.linear = linear ?? [Double](repeating: 0, count: n)
    self.lowerBounds = lowerBounds ?? [Double](repeating: -.infinity, count: n)
    self.upperBounds = upperBounds ?? [Double](repeating: .infinity, count: n)
    self.rows = rows
    self.variableNames = variableNames
    try requireShapes()
    try requireFiniteObjective()
    try requireRows()
    try requireDifferentNames()
    try requireOrderedBounds()
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

  private func requireFiniteObjective() throws(OptimizationError) {
    switch quadratic {
    case .dense(let matrix):
      if let place = matrix.firstNonFiniteElement {
        throw .invalidValue(
          argument: "quadratic", index: place.column, got: matrix[place.row, place.column],
          allowed: .finite)
      }
    case .diagonal(let values):
      for (i, value) in values.enumerated() where !value.isFinite {
        throw .invalidValue(argument: "quadratic", index: i, got: value, allowed: .finite)
      }
    }
    for (i, value) in quadratic.diagonal.enumerated() where value < 0 {
      throw .notConvex(order: i + 1)
    }
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
    var names = Set<String>(minimumCapacity: rows.count + variableNames.count)
    for name in variableNames where !names.insert(name).inserted {
      throw .duplicateName(name)
    }
    for row in rows where !names.insert(row.name).inserted {
      throw .duplicateName(row.name)
    }
  }

  private func requireOrderedBounds() throws(OptimizationError) {
    for i in 0..<variableCount {
      try requireInterval(lowerBounds[i], upperBounds[i], index: i, name: variableName(i))
    }
    for (k, row) in rows.enumerated() {
      try requireInterval(row.lower, row.upper, index: k, name: row.name)
    }
  }

  private func requireInterval(
    _ lower: Double,
    _ upper: Double,
    index: Int,
    name: @autoclosure () -> String
  ) throws(OptimizationError) {
    for bound in [lower, upper] where bound.isNaN {
      throw .invalidValue(
        argument: name(), index: index, got: bound, allowed: -.infinity ... .infinity)
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
