import KeelNumerics

/// All combinations of the values of some parameters, in a fixed order.
///
/// The last parameter varies fastest.
///
/// ```swift
/// let grid = try ParameterGrid([("lookback", [20, 60, 120]), ("band", [0.01, 0.05])])
/// print(grid.count, grid[3]["lookback"] ?? .nan)  // 6 60.0
/// ```
public struct ParameterGrid: Sendable, Hashable {
  /// The parameters by name, in order.
  public let names: [String]

  /// The values of each parameter, in order.
  public let values: [[Double]]

  /// The number of points.
  public let count: Int

  /// The most points of a grid.
  public static let maximumCount = 1 << 40

  /// Creates a grid.
  ///
  /// - Parameter parameters: Names, no two alike, and the values of each: finite, at least one. None
  ///   gives one point without parameters.
  /// - Throws: `BacktestingError.shapeMismatch` for a parameter without values, a name that stands
  ///   twice or too many points; `.invalidValue` for a value that is not finite.
  public init(_ parameters: [(name: String, values: [Double])]) throws(BacktestingError) {
    var count = 1
    for (name, values) in parameters {
      guard !values.isEmpty else {
        throw .shapeMismatch(argument: "values of \(name)", got: 0, required: 1)
      }
      for (row, value) in values.enumerated() { try require(value, name, in: .finite, row: row) }
      let (product, overflow) = count.multipliedReportingOverflow(by: values.count)
      guard !overflow, product <= Self.maximumCount else {
        throw .shapeMismatch(
          argument: "points of the grid", got: overflow ? .max : product,
          required: Self.maximumCount)
      }
      count = product
    }
    for (position, name) in parameters.map(\.name).enumerated() {
      let times = parameters[...position].count { $0.name == name }
      guard times == 1 else {
        throw .shapeMismatch(argument: "parameters named \(name)", got: times, required: 1)
      }
    }
    names = parameters.map(\.name)
    values = parameters.map(\.values)
    self.count = count
  }

  /// One point of the grid.
  ///
  /// Traps when the index is out of range.
  ///
  /// - Parameter index: The position in the grid's order, counted from 0.
  /// - Returns: The values of the parameters at that point.
  public subscript(index: Int) -> Point {
    precondition(index >= 0 && index < count, "point out of range")
    var rest = index
    var chosen = [Double](repeating: 0, count: names.count)
    for axis in names.indices.reversed() {
      chosen[axis] = values[axis][rest % values[axis].count]
      rest /= values[axis].count
    }
    return Point(index: index, names: names, values: chosen)
  }

  /// A combination of values.
  public struct Point: Sendable, Hashable {
    /// The position in the grid's order, counted from 0.
    public let index: Int

    /// The parameters by name, in order.
    public let names: [String]

    /// The value of each parameter, in order.
    public let values: [Double]

    /// The value of a parameter.
    ///
    /// - Parameter name: The name of a parameter.
    /// - Returns: Its value, or nil when the grid has no such parameter.
    public subscript(name: String) -> Double? {
      names.firstIndex(of: name).map { values[$0] }
    }
  }
}
