public import KeelNumerics

/// Simple returns `p(t) / p(t−1) − 1`, T × N, each row over the period that ends at its timestamp.
///
/// Simple returns add over assets (a portfolio's return is the weighted sum); log returns add over
/// time. The two are different types, so that neither can stand in for the other.
///
/// Prices, growth factors and prices of stable coins are refused: see ``looksLikePrices(_:)``.
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
  /// - Throws: `DataError` with asset and row; `DataError.invalidValue` with the asset and no row
  ///   for a column that ``looksLikePrices(_:)``.
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

  /// Creates returns from parts that are known to fit.
  init(unchecked universe: Universe, timestamps: [Timestamp], values: Matrix) {
    self.universe = universe
    self.timestamps = timestamps
    self.values = values
  }

  /// The number of rows T.
  public var observationCount: Int { values.rowCount }

  /// Whether numbers offered as returns can only be prices, growth factors or logarithms of prices.
  ///
  /// They are taken for prices when there are at least ten and the least of them is 0.5 or more:
  /// no asset gains half its value in every one of ten periods. The test is one-sided: prices below
  /// 0.5 pass, and a single return of +900 % among ordinary ones does too.
  ///
  /// - Parameter values: The numbers of one asset.
  /// - Returns: True when they are refused as returns.
  public static func looksLikePrices(_ values: [Double]) -> Bool {
    KeelData.looksLikePrices(values.span)
  }
}

/// Log returns `ln(p(t) / p(t−1))`, T × N, each row over the period that ends at its timestamp.
///
/// Prices and logarithms of prices are refused: see ``SimpleReturns/looksLikePrices(_:)``.
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
  /// - Throws: `DataError` with asset and row; `DataError.invalidValue` with the asset and no row
  ///   for a column that looks like prices.
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

  /// Creates returns from parts that are known to fit.
  init(unchecked universe: Universe, timestamps: [Timestamp], values: Matrix) {
    self.universe = universe
    self.timestamps = timestamps
    self.values = values
  }

  /// The number of rows T.
  public var observationCount: Int { values.rowCount }
}

// MARK: - Checks

/// The least number that is taken for a price when every number of a column is at least as large.
let leastPriceLikeValue = 0.5

/// The number of rows below which no column is taken for prices.
private let leastPriceLikeCount = 10

/// Whether numbers offered as returns can only be prices.
package func looksLikePrices(_ values: borrowing Span<Double>) -> Bool {
  guard values.count >= leastPriceLikeCount else { return false }
  for i in values.indices where !(values[i] >= leastPriceLikeValue) { return false }
  return true
}

/// Checks shape, order of time, finiteness and the lower bound.
func requireReturns(
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
    guard !looksLikePrices(column) else {
      throw .invalidValue(
        argument: "values (prices where returns are meant)", asset: universe.assets[j], row: nil,
        got: column[0], lowest: lowest, highest: leastPriceLikeValue)
    }
  }
}

/// Checks that timestamps increase strictly.
func requireIncreasing(_ timestamps: [Timestamp]) throws(DataError) {
  for i in timestamps.indices.dropFirst() where timestamps[i] <= timestamps[i - 1] {
    throw .invalidTimestamp(
      row: i, reason: .unordered(timestamp: timestamps[i], previous: timestamps[i - 1]))
  }
}
