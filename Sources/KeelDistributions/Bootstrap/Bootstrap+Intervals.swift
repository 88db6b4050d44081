import KeelNumerics

extension Bootstrap {
  /// The least number of replicates of an interval: with fewer its ends are the extremes.
  public static let leastReplicateCount = 40

  /// The largest number of replicates of an interval.
  public static let largestReplicateCount = 10_000_000

  /// An interval for a statistic of a sample, from histories drawn again.
  ///
  /// The percentile interval: of B replicates the ((B + 1) (1 − level)/2)-th least and largest, ranks rounded outward. Source: A.
  /// Davison and D. Hinkley, "Bootstrap methods and their application" (1997), section 5.3.
  ///
  /// ```swift
  /// let interval = try Bootstrap(.stationary(meanLength: 10), seed: 1)
  ///   .interval(of: returns, level: 0.95, replicateCount: 999) { sample in
  ///     sample.sorted()[sample.count / 2]
  ///   }
  /// ```
  ///
  /// - Parameters:
  ///   - sample: The history, finite, in the order of time.
  ///   - level: The probability with which such intervals hold the true value, inside (0, 1).
  ///   - replicateCount: B, ``leastReplicateCount`` to ``largestReplicateCount``.
  ///   - statistic: The statistic of a history.
  /// - Returns: The interval, with the standard deviation of the replicates as standard error: nil where a replicate is infinite, as
  ///   a ratio without losses is.
  /// - Throws: `DistributionsError.invalidValue`, `DistributionsError.tooFewObservations` without a history,
  ///   `DistributionsError.notRepresentable` for a statistic that is NaN; as ``rows(replicate:rowCount:count:)``.
  /// - Complexity: O(T) and one statistic a replicate.
  public func interval(
    of sample: [Double],
    level: Double = 0.95,
    replicateCount: Int,
    statistic: ([Double]) -> Double
  ) throws(DistributionsError) -> ConfidenceInterval {
    guard !sample.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    return try intervals(
      rowCount: sample.count, level: level, replicateCount: replicateCount
    ) { rows in [statistic(rows.map { sample[$0] })] }[0]
  }

  private static let rankTolerance = 1e-12

  /// Intervals for several statistics of the same rows.
  func intervals(
    rowCount: Int,
    level: Double,
    replicateCount: Int,
    statistics: ([Int]) -> [Double]
  ) throws(DistributionsError) -> [ConfidenceInterval] {
    try requireLevel(level)
    try requireInside(
      Double(replicateCount),
      Double(Self.leastReplicateCount)...Double(Self.largestReplicateCount), "replicateCount")
    var values: [[Double]] = []
    for replicate in 0..<replicateCount {
      let results = statistics(try rows(replicate: UInt64(replicate), rowCount: rowCount))
      if values.isEmpty { values = results.map { _ in [] } }
      for (place, result) in results.enumerated() {
        guard !result.isNaN else { throw .notRepresentable(result: "statistic") }
        values[place].append(result)
      }
    }
    // The rank is a whole number for round levels, which 1 − level misses by its rounding.
    let share = (1 - level) / 2 * (1 + Self.rankTolerance)
    let rank = max(Int(Double(replicateCount + 1) * share), 1)
    return values.map { column in
      let sorted = column.sorted()
      var (sum, squares) = (CompensatedSum(), CompensatedSum())
      for value in column { sum.add(value / Double(column.count)) }
      for value in column { squares.add((value - sum.value) * (value - sum.value)) }
      let error = (max(squares.value, 0) / Double(column.count - 1)).squareRoot()
      // Ranks allow a replicate that is infinite, deviations do not.
      let isFinite = sorted[0].isFinite && sorted[column.count - 1].isFinite && error.isFinite
      return ConfidenceInterval(
        range: sorted[rank - 1]...sorted[column.count - rank],
        standardError: isFinite ? error : nil,
        level: level, basis: .bootstrap)
    }
  }
}
