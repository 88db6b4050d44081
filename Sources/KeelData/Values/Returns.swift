public import KeelNumerics

/// Simple returns `p(t) / p(t−1) − 1`, T × N, each row over the period that ends at its timestamp.
///
/// Simple returns add over assets (a portfolio's return is the weighted sum); log returns add over
/// time. The two are different types, so that neither can stand in for the other.
public struct SimpleReturns: Hashable, Sendable {
  /// The assets, one a column.
  public let universe: Universe

  /// The end of each period, strictly increasing.
  public let timestamps: [Timestamp]

  /// The returns, T × N, as fractions: 0.01 is 1 %.
  public let values: Matrix

  /// Creates simple returns.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T ends of periods, strictly increasing.
  ///   - values: The T × N returns as fractions, finite, none below −1.
  /// - Throws: `DataError` with asset and row.
  public init(
    universe: Universe,
    timestamps: [Timestamp],
    values: Matrix
  ) throws(DataError) {
    try requireReturns(universe, timestamps, values, lowest: -1)
    self.universe = universe
    self.timestamps = timestamps
    self.values = values
  }

  /// The number of rows T.
  public var observationCount: Int { values.rowCount }
}

/// Log returns `ln(p(t) / p(t−1))`, T × N, each row over the period that ends at its timestamp.
public struct LogReturns: Hashable, Sendable {
  /// The assets, one a column.
  public let universe: Universe

  /// The end of each period, strictly increasing.
  public let timestamps: [Timestamp]

  /// The log returns, T × N.
  public let values: Matrix

  /// Creates log returns.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T ends of periods, strictly increasing.
  ///   - values: The T × N log returns, finite.
  /// - Throws: `DataError` with asset and row.
  public init(
    universe: Universe,
    timestamps: [Timestamp],
    values: Matrix
  ) throws(DataError) {
    try requireReturns(universe, timestamps, values, lowest: -.greatestFiniteMagnitude)
    self.universe = universe
    self.timestamps = timestamps
    self.values = values
  }

  /// The number of rows T.
  public var observationCount: Int { values.rowCount }
}

/// Checks shape, order of time, finiteness and the lower bound.
private func requireReturns(
  _ universe: Universe,
  _ timestamps: [Timestamp],
  _ values: Matrix,
  lowest: Double
) throws(DataError) {
  guard values.columnCount == universe.count else {
    throw .shapeMismatch(
      argument: "values.columnCount", got: values.columnCount, required: universe.count)
  }
  guard values.rowCount == timestamps.count else {
    throw .shapeMismatch(
      argument: "values.rowCount", got: values.rowCount, required: timestamps.count)
  }
  try requireIncreasing(timestamps)
  for j in 0..<values.columnCount {
    let column = values.column(j)
    for i in column.indices where !(column[i] >= lowest && column[i].isFinite) {
      throw .invalidValue(
        argument: "values", asset: universe.assets[j], row: i, got: column[i], lowest: lowest,
        highest: .greatestFiniteMagnitude)
    }
  }
}

/// Checks that timestamps increase strictly.
func requireIncreasing(_ timestamps: [Timestamp]) throws(DataError) {
  for i in timestamps.indices.dropFirst() where timestamps[i] <= timestamps[i - 1] {
    throw .unorderedTimestamps(row: i, timestamp: timestamps[i], previous: timestamps[i - 1])
  }
}
