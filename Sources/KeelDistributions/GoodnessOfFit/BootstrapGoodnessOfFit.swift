// Goals in order: honest p-values, the same bits for the same seed, speed.
//
// W. Stute, W. González Manteiga and M. Presedo Quindimil, Bootstrap based goodness-of-fit tests, Metrika 40 (1993).

public import KeelNumerics

/// Statistics of a fitted law with p-values that know of the fit.
///
/// Samples of the size of the given one are drawn from the fitted law and fitted again; the p-value is the share
/// of them that are farther from their own law, that of the given sample counted as one of them:
///
/// ```text
/// p = (1 + number of T* ≥ T)/(1 + number of replicates)
/// ```
///
/// Replicates that failed are not counted, so that p is one given a fit: with many of them
/// (``failureCount``) it says little.
public struct BootstrapGoodnessOfFit: Hashable, Sendable {
  /// The largest distance of the distribution functions.
  public let kolmogorovSmirnov: GoodnessOfFit

  /// The mean square distance, with more weight in the tails.
  public let andersonDarling: GoodnessOfFit

  /// The mean square distance.
  public let cramerVonMises: GoodnessOfFit

  /// The replicates that were fitted.
  public let replicateCount: Int

  /// The replicates left out, as their fit failed or their law has no statistic.
  public let failureCount: Int

  /// Draws from a fitted law and fits again.
  ///
  /// - Parameters:
  ///   - sample: The sample that was fitted, without weights.
  ///   - law: Its fitted law.
  ///   - replicateCount: The number of replicates, at least 1; the standard error of a p-value p is
  ///     `√(p (1 − p)/replicateCount)`.
  ///   - stream: The random numbers; replicate r draws from the stream of the same seed r further on.
  /// - Throws: `DistributionsError.invalidValue` without replicates, `DistributionsError.tooFewObservations`,
  ///   `DistributionsError.invalidObservation`.
  /// - Complexity: For each replicate, n draws, a fit that starts from the law, and 5n probabilities.
  public init<Law: LikelihoodFitted>(
    _ sample: [Double],
    law: Law,
    replicateCount: Int,
    from stream: RandomStream
  ) throws(DistributionsError) {
    try self.init(sample, law: law, replicateCount: replicateCount, from: stream) {
      draws throws(DistributionsError) in
      try Law.fit(draws, weights: nil, start: law).law
    }
  }

  /// The same for a law that is fitted by a function of a sample.
  init<Law: ContinuousDistribution>(
    _ sample: [Double],
    law: Law,
    replicateCount: Int,
    from stream: RandomStream,
    fit: ([Double]) throws(DistributionsError) -> Law
  ) throws(DistributionsError) {
    try requireInside(Double(replicateCount), 1...1e9, "replicateCount")
    let given = try Self.statistics(sample, law)
    var exceeded = SIMD4<Int>.zero
    var fitted = 0
    for replicate in 1...replicateCount {
      let draws = law.draws(
        count: sample.count,
        from: RandomStream(seed: stream.seed, stream: stream.stream &+ UInt64(replicate)))
      do throws(DistributionsError) {
        let own = try Self.statistics(draws, fit(draws))
        guard own.allSatisfy({ !$0.statistic.isNaN }) else { continue }
        for j in 0..<3 where own[j].statistic >= given[j].statistic { exceeded[j] += 1 }
        fitted += 1
      } catch {
        continue
      }
    }
    self.replicateCount = fitted
    failureCount = replicateCount - fitted
    let results = (0..<3).map { j in
      GoodnessOfFit(
        statistic: given[j].statistic,
        pValue: given[j].statistic.isNaN || fitted == 0
          ? .nan : Double(1 + exceeded[j]) / Double(1 + fitted),
        observationCount: sample.count)
    }
    (kolmogorovSmirnov, andersonDarling, cramerVonMises) = (results[0], results[1], results[2])
  }

  private static func statistics(
    _ sample: [Double],
    _ law: some ContinuousDistribution
  ) throws(DistributionsError) -> [GoodnessOfFit] {
    [
      try .kolmogorovSmirnov(sample, law: law), try .andersonDarling(sample, law: law),
      try .cramerVonMises(sample, law: law),
    ]
  }
}
