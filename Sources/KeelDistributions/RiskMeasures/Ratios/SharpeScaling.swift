import KeelNumerics

/// How a Sharpe ratio of one period becomes that of several.
///
/// ```text
/// SR(q) = η SR,   η = q / √(q + 2 Σ (q − k) ρ(k)),   1 ≤ k < q
/// ```
///
/// The root of q for independent outcomes; less for momentum, more for reversal. Source: A. Lo, "The statistics of Sharpe
/// ratios", Financial Analysts Journal 58 (2002), equation 20.
public struct SharpeScaling: Hashable, Sendable {
  /// The number q of periods.
  public let periodCount: Int

  /// η.
  public let factor: Double

  /// The factor from the autocorrelations of the outcomes.
  ///
  /// - Parameters:
  ///   - periodCount: The number q of periods, 1 to the number of outcomes.
  ///   - outcomes: The outcomes, finite, not all equal, in the order of time.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue`, `DistributionsError.invalidValue` for the periods, or where the variance of q
  ///   periods is not positive for the sample's autocorrelations.
  /// - Complexity: O(T q).
  public init(periodCount: Int, outcomes: [Double]) throws(DistributionsError) {
    let law = try EmpiricalDistribution(outcomes: outcomes)
    let deviation = try SampleRiskMeasure.standardDeviation.risk(of: law).value
    let count = outcomes.count
    guard deviation > 0 else {
      throw .repeatedValue(value: outcomes[0], count: count, observationCount: count)
    }
    try requireInside(Double(periodCount), 1...Double(count), "periodCount")
    let mean = RatioMoments(outcomes).mean
    let distances = outcomes.map { ($0 - mean) / deviation }
    var sum = Double(periodCount)
    for lag in 1..<max(periodCount, 1) {
      var products = CompensatedSum()
      for t in lag..<count { products.add(distances[t] * distances[t - lag]) }
      sum += 2 * Double(periodCount - lag) * products.value / Double(count)
    }
    guard sum > 0 else {
      throw .invalidValue(
        argument: "variance of \(periodCount) periods", got: sum, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    self.periodCount = periodCount
    factor = Double(periodCount) / sum.squareRoot()
  }

  /// The factor for independent outcomes, the root of the number of periods.
  ///
  /// - Parameter periodCount: The number q of periods, at least 1.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(independentPeriods periodCount: Int) throws(DistributionsError) {
    try requireInside(Double(periodCount), 1...1e9, "periodCount")
    self.periodCount = periodCount
    factor = Double(periodCount).squareRoot()
  }
}
