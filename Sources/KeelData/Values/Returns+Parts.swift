#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import KeelNumerics

// Parts of returns, and the two conversions.

extension SimpleReturns {
  /// The rows up to a time, that time included: what was known then.
  ///
  /// - Parameter time: The time.
  /// - Returns: The rows whose timestamp is at most `time`.
  public func until(_ time: Timestamp) -> SimpleReturns {
    rows(0..<timestamps.rowCount(through: time))
  }

  /// The first rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The first rows.
  public func prefix(_ count: Int) -> SimpleReturns {
    rows(0..<min(max(count, 0), observationCount))
  }

  /// The last rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The last rows.
  public func suffix(_ count: Int) -> SimpleReturns {
    rows((observationCount - min(max(count, 0), observationCount))..<observationCount)
  }

  /// Some of the assets, in the order asked for.
  ///
  /// - Parameter assets: Different assets of the universe.
  /// - Returns: The returns of these assets.
  /// - Throws: `DataError.invalidAsset` for one that is unknown or stands twice.
  public func selecting(_ assets: [AssetID]) throws(DataError) -> SimpleReturns {
    let (selected, positions) = try universe.selecting(assets)
    return SimpleReturns(
      unchecked: selected, timestamps: timestamps, values: values.columns(positions))
  }

  private func rows(_ range: Range<Int>) -> SimpleReturns {
    SimpleReturns(
      unchecked: universe, timestamps: Array(timestamps[range]), values: values.rows(range))
  }

  /// The log returns `ln(1 + r)` of the same periods.
  ///
  /// - Returns: T × N log returns, good to one ulp of the logarithm.
  /// - Throws: `DataError.invalidValue` with asset and row for a total loss, which has no
  ///   logarithm.
  public func logReturns() throws(DataError) -> LogReturns {
    try LogReturns(universe: universe, timestamps: timestamps, values: values.map { log1p($0) })
  }

  /// The return of a portfolio that is brought back to the same weights before every period.
  ///
  /// ```text
  /// R(t) = Σⱼ wⱼ rⱼ(t)
  /// ```
  ///
  /// What the weights leave to one is cash that earns nothing; costs are not counted. The sum runs
  /// in the order of the assets' names, so that the order of the columns changes no bit.
  ///
  /// - Parameter weights: The weights over the same universe, as fractions.
  /// - Returns: T simple returns as fractions.
  /// - Throws: `DataError.universeMismatch`, or `DataError.invalidValue` with the row of a sum that
  ///   overflows.
  public func portfolioReturns(weights: Weights) throws(DataError) -> [Double] {
    try universe.requireEqual(weights.universe)
    var sums = [Double](repeating: 0, count: observationCount)
    for j in universe.positionsByName {
      let weight = weights.values[j]
      let column = values.column(j)
      for i in column.indices { sums[i] += weight * column[i] }
    }
    for (i, sum) in sums.enumerated() where !sum.isFinite {
      throw .invalidValue(
        argument: "portfolio return", asset: nil, row: i, got: sum,
        lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    }
    return sums
  }
}

extension LogReturns {
  /// The rows up to a time, that time included: what was known then.
  ///
  /// - Parameter time: The time.
  /// - Returns: The rows whose timestamp is at most `time`.
  public func until(_ time: Timestamp) -> LogReturns {
    rows(0..<timestamps.rowCount(through: time))
  }

  /// The first rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The first rows.
  public func prefix(_ count: Int) -> LogReturns {
    rows(0..<min(max(count, 0), observationCount))
  }

  /// The last rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The last rows.
  public func suffix(_ count: Int) -> LogReturns {
    rows((observationCount - min(max(count, 0), observationCount))..<observationCount)
  }

  /// Some of the assets, in the order asked for.
  ///
  /// - Parameter assets: Different assets of the universe.
  /// - Returns: The returns of these assets.
  /// - Throws: `DataError.invalidAsset` for one that is unknown or stands twice.
  public func selecting(_ assets: [AssetID]) throws(DataError) -> LogReturns {
    let (selected, positions) = try universe.selecting(assets)
    return LogReturns(
      unchecked: selected, timestamps: timestamps, values: values.columns(positions))
  }

  private func rows(_ range: Range<Int>) -> LogReturns {
    LogReturns(
      unchecked: universe, timestamps: Array(timestamps[range]), values: values.rows(range))
  }

  /// The simple returns `exp(r) − 1` of the same periods.
  ///
  /// - Returns: T × N simple returns, good to one ulp of the exponential.
  /// - Throws: `DataError.invalidValue` with asset and row for a return that overflows.
  public func simpleReturns() throws(DataError) -> SimpleReturns {
    try SimpleReturns(
      universe: universe, timestamps: timestamps, values: values.map { expm1($0) })
  }
}

extension Matrix {
  /// The matrix of a function's values.
  fileprivate func map(_ function: (Double) -> Double) -> Matrix {
    let mapped = [Double](capacity: rowCount * columnCount) { output in
      let source = elements
      for i in source.indices { output.append(function(source[i])) }
    }
    return Matrix(uncheckedRowCount: rowCount, columnCount: columnCount, storage: mapped)
  }
}
