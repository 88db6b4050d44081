// Goals in order: statistics that keep the tails' digits, honest p-values, speed.
//
// T. Anderson, D. Darling, Asymptotic theory of certain goodness of fit criteria based on stochastic
// processes, Annals of Mathematical Statistics 23 (1952); the law of each statistic is in its own file.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A statistic of how far a sample is from a law, with its p-value.
///
/// The p-values are those of a law whose parameters were given, not fitted to the same sample: a fitted
/// law is closer to its sample, so that its p-values come out too large.
public struct GoodnessOfFit: Hashable, Sendable {
  /// The statistic; larger is farther.
  public let statistic: Double

  /// The probability of a larger statistic when the sample comes from the law.
  public let pValue: Double

  /// The number of observations.
  public let observationCount: Int

  /// Compares by the largest distance between both distribution functions.
  ///
  /// ```text
  /// D = max |F_n(x) − F(x)|
  /// ```
  ///
  /// The p-value has an absolute error of at most 1e-5: exact up to 140 observations, else by the
  /// expansion of Pelz and Good (1976); small ones have a relative error of at most 1e-4.
  ///
  /// - Parameters:
  ///   - sample: At least one finite number, in any order.
  ///   - law: The law.
  /// - Returns: The statistic with its p-value; NaN where the law gives NaN.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`.
  /// - Complexity: O(n log n) and n evaluations of the law.
  public static func kolmogorovSmirnov(
    _ sample: [Double],
    law: some ContinuousDistribution
  ) throws(DistributionsError) -> GoodnessOfFit {
    let sorted = try sorted(sample)
    let n = Double(sorted.count)
    var largest = 0.0
    for (i, x) in sorted.enumerated() {
      let value = law.cdf(x)
      if value.isNaN {
        return GoodnessOfFit(statistic: .nan, pValue: .nan, observationCount: sorted.count)
      }
      largest = max(largest, max(Double(i + 1) / n - value, value - Double(i) / n))
    }
    return GoodnessOfFit(
      statistic: largest,
      pValue: KolmogorovLaw.survival(largest, observationCount: sorted.count),
      observationCount: sorted.count)
  }

  /// Compares by the mean square distance, with more weight in the tails.
  ///
  /// ```text
  /// A² = −n − 1/n Σ (2i − 1) [ln F(x_i) + ln(1 − F(x_{n+1−i}))]
  /// ```
  ///
  /// The p-value is that of the limit for many observations: its error is about 0.1/n; the limit's own is
  /// 1e-12, absolutely. A point outside the support gives an infinite statistic.
  ///
  /// - Parameters:
  ///   - sample: At least one finite number, in any order.
  ///   - law: The law.
  /// - Returns: The statistic with its p-value; NaN where the law gives NaN.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`.
  /// - Complexity: O(n log n) and 2n evaluations of the law.
  public static func andersonDarling(
    _ sample: [Double],
    law: some ContinuousDistribution
  ) throws(DistributionsError) -> GoodnessOfFit {
    let sorted = try sorted(sample)
    let count = sorted.count
    var sum = 0.0
    for i in 0..<count {
      sum +=
        Double(2 * i + 1) * (law.logCDF(sorted[i]) + law.logSurvival(sorted[count - 1 - i]))
    }
    let difference = -sum / Double(count) - Double(count)
    // NaN stays NaN.
    let statistic = difference < 0 ? 0 : difference
    return GoodnessOfFit(
      statistic: statistic, pValue: AndersonDarlingLaw.survival(statistic), observationCount: count)
  }

  /// Compares by the mean square distance.
  ///
  /// ```text
  /// W² = 1/(12n) + Σ (F(x_i) − (2i − 1)/(2n))²
  /// ```
  ///
  /// The p-value is that of the limit for many observations: its error is about 0.1/n; the limit's own is
  /// 1e-12, absolutely.
  ///
  /// - Parameters:
  ///   - sample: At least one finite number, in any order.
  ///   - law: The law.
  /// - Returns: The statistic with its p-value; NaN where the law gives NaN.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`.
  /// - Complexity: O(n log n) and n evaluations of the law.
  public static func cramerVonMises(
    _ sample: [Double],
    law: some ContinuousDistribution
  ) throws(DistributionsError) -> GoodnessOfFit {
    let sorted = try sorted(sample)
    let n = Double(sorted.count)
    var statistic = 1 / (12 * n)
    for (i, x) in sorted.enumerated() {
      let distance = law.cdf(x) - (Double(2 * i + 1) / (2 * n))
      statistic += distance * distance
    }
    return GoodnessOfFit(
      statistic: statistic, pValue: CramerVonMisesLaw.survival(statistic),
      observationCount: sorted.count)
  }

  private static func sorted(_ sample: [Double]) throws(DistributionsError) -> [Double] {
    guard !sample.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    if let index = sample.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
    return sample.sorted()
  }
}
