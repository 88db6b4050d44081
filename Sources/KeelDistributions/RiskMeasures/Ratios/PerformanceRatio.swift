// Goals in order: one definition a ratio, errors for any law of the outcomes, for dependent ones too.
//
// A ratio is a smooth function of means, so that its error is that of the mean of an influence function ψ:
//
//   error² = (γ(0) + 2 Σ (1 − k/(L + 1)) γ(k)) / T,   γ the autocovariances of ψ, 1 ≤ k ≤ L
//
// With L = 0 that is the error for independent outcomes: for the Sharpe ratio that of J. Opdyke, "Comparing Sharpe ratios: so where are the p-
// values?", Journal of Asset Management 8 (2007), equation 6; with lags that of A. Lo, "The statistics of Sharpe ratios", Financial Analysts
// Journal 58 (2002), with the weights of W. Newey and K. West (1987).

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A ratio of what was earned to what was risked, a period.
///
/// With outcomes `x(1) … x(T)`, their mean m and the target or rate τ a period:
///
/// | ratio | value |
/// |---|---|
/// | ``sharpe(rate:)`` | (m − τ) / √(Σ (x − m)² / (T − 1)) |
/// | ``sortino(target:)`` | (m − τ) / √(Σ min(x − τ, 0)² / T) |
/// | ``kappa(order:target:)`` | (m − τ) / (Σ max(τ − x, 0)ⁿ / T)^(1/n) |
/// | ``omega(target:)`` | Σ max(x − τ, 0) / Σ max(τ − x, 0) |
/// | ``upsidePotential(target:)`` | (Σ max(x − τ, 0) / T) / √(Σ min(x − τ, 0)² / T) |
/// | ``rachev(gains:losses:)`` | mean of the best 1 − gains over the expected shortfall at the confidence losses |
/// | ``tail(confidence:)`` | outcome exceeded with probability 1 − confidence, over the value at risk |
/// | ``excess(rate:over:)`` | (m − τ) / risk, any measure of samples |
/// | ``burke(rate:fallCount:)`` | (m − τ) / √(Σ D²) over the deepest falls |
/// | ``sterling(rate:fallCount:cushion:)`` | (m − τ) / (mean D of the deepest falls + cushion) |
///
/// The excess over a measure holds those that are named after it: over the expected shortfall (STARR), the ulcer index (Martin), the average
/// drawdown (pain) or the mean difference; its drawdowns add outcomes, where the Calmar ratio of a backtest compounds. Falls are drawdowns from
/// one peak to the next, D the depth of each; the last one may be open. Gain over loss (Bernardo and Ledoit) is ``omega(target:)`` at
/// zero, gain to pain that less one. All divisors count all T outcomes, but that of the Sharpe ratio. Ratios against a benchmark are
/// those of ``BenchmarkRatio``.
///
/// Errors come from influence functions; those of quantiles need the density there, from the distance of two quantiles around it (P.
/// Hall and S. Sheather (1988)). What depends on the order of outcomes, and the worst outcome, has none: its error is that of
/// histories drawn again, ``interval(of:level:bootstrap:replicateCount:)``.
///
/// A ratio over zero is infinite, or NaN when its numerator is zero too. No ratio is annualized here: the root of time is right for
/// independent outcomes only, see ``SharpeScaling``.
///
/// Sources: W. Sharpe (1966, 1994); F. Sortino and R. van der Meer (1991); P. Kaplan and J. Knowles (2004); C. Keating and W. Shadwick (2002); F.
/// Sortino, R. van der Meer and A. Plantinga (1999); A. Biglova, S. Ortobelli, S. Rachev and S. Stoyanov (2004); G. Burke, "A sharper Sharpe
/// ratio", Futures 23 (1994), of all falls; L. Kestner, "Getting a handle on true performance", Futures 25 (1996), for the Sterling ratio, whose
/// first form has a cushion of 0.1 and a year's numbers; C. Bacon, "Practical portfolio performance measurement and attribution" (2008),
/// chapter 4, for both; A. Bernardo and O. Ledoit, Journal of Political Economy 108 (2000).
@nonexhaustive
public enum PerformanceRatio: Hashable, Sendable {
  /// The mean excess over the standard deviation.
  case sharpe(rate: Double)

  /// The mean excess over the downside deviation.
  case sortino(target: Double)

  /// The mean excess over the root of a lower partial moment; of order 2 the Sortino ratio.
  case kappa(order: Int, target: Double)

  /// Gains over losses, both against the target.
  case omega(target: Double)

  /// The mean gain over the downside deviation.
  case upsidePotential(target: Double)

  /// The mean of the best outcomes over the mean of the worst losses; both confidences inside (0, 1).
  case rachev(gains: Double, losses: Double)

  /// A high quantile over the value at risk; the confidence inside (0, 1).
  case tail(confidence: Double)

  /// The mean excess over a measure of risk.
  case excess(rate: Double, over: SampleRiskMeasure)

  /// The mean excess over the root of the sum of squares of the deepest falls, all of them for nil; at least one.
  case burke(rate: Double, fallCount: Int?)

  /// The mean excess over a cushion, not negative, and the mean of the deepest falls: of all of them where they are fewer.
  case sterling(rate: Double, fallCount: Int, cushion: Double)
}

/// A ratio with its error.
public struct RatioEstimate: Hashable, Sendable {
  /// The ratio, a period.
  public let value: Double

  /// The standard error for many outcomes; nil where the ratio has no influence function here.
  public let standardError: Double?

  /// The number of outcomes.
  public let observationCount: Int

  /// The probability that the true ratio is above a benchmark, for many outcomes.
  ///
  /// ```text
  /// Φ((value − benchmark) / standard error)
  /// ```
  ///
  /// Source: D. Bailey and M. López de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012): with the error of a
  /// Sharpe ratio it is their probabilistic Sharpe ratio, but for T in place of T − 1.
  ///
  /// - Parameter benchmark: The benchmark, a period.
  /// - Returns: The probability; NaN without an error.
  public func probability(above benchmark: Double) -> Double {
    guard let standardError, standardError > 0 else { return .nan }
    return StandardNormal.cdf((value - benchmark) / standardError)
  }
}

extension PerformanceRatio {
  /// The largest order of a partial moment.
  public static let largestOrder = 16

  /// The ratio of some outcomes, with its error.
  ///
  /// - Parameters:
  ///   - outcomes: At least two finite numbers, in the order of time; as fractions for returns.
  ///   - lagCount: The number L of autocovariances that the error takes into account, below T; zero for independent outcomes.
  /// - Returns: The ratio, a period.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`, `DistributionsError.invalidValue`
  ///   for a parameter of the ratio or the lags; as ``SampleRiskMeasure/risk(of:)``.
  /// - Complexity: O(T L), O(T log T) for some measures.
  public func estimate(
    of outcomes: [Double],
    lagCount: Int = 0
  ) throws(DistributionsError) -> RatioEstimate {
    let law = try RatioMoments.law(of: outcomes)
    try requireInside(Double(lagCount), 0...Double(outcomes.count - 1), "lagCount")
    try requireParameters()
    return RatioEstimate(try ratio(law), observationCount: outcomes.count, lagCount: lagCount)
  }

  /// An interval for the ratio from histories drawn again: for every ratio, blocks for dependent outcomes.
  ///
  /// - Parameters:
  ///   - outcomes: At least two finite numbers, in the order of time; as fractions for returns.
  ///   - level: The probability with which such intervals hold the true value, inside (0, 1).
  ///   - bootstrap: How histories are drawn.
  ///   - replicateCount: The number of histories, at least ``Bootstrap/leastReplicateCount``.
  /// - Returns: The percentile interval, with the deviation of the replicates as standard error; nil where one is infinite.
  /// - Throws: As ``estimate(of:lagCount:)`` and ``Bootstrap/interval(of:level:replicateCount:statistic:)``.
  /// - Complexity: One ratio a replicate.
  public func interval(
    of outcomes: [Double],
    level: Double = 0.95,
    bootstrap: Bootstrap,
    replicateCount: Int
  ) throws(DistributionsError) -> ConfidenceInterval {
    // What cannot be estimated is refused with its reason.
    _ = try estimate(of: outcomes)
    return try bootstrap.interval(of: outcomes, level: level, replicateCount: replicateCount) {
      (try? estimate(of: $0).value) ?? .nan
    }
  }

  private func requireParameters() throws(DistributionsError) {
    switch self {
    case .sharpe(let level), .sortino(let level), .omega(let level),
      .upsidePotential(let level), .excess(let level, _):
      try requireFinite(level, "rate or target")
    case .kappa(let order, let target):
      try requireFinite(target, "rate or target")
      try requireInside(Double(order), 1...Double(Self.largestOrder), "order")
    case .rachev(let gains, let losses):
      try requireConfidence(gains)
      try requireConfidence(losses)
    case .tail(let confidence): try requireConfidence(confidence)
    case .burke(let rate, let count):
      try requireFinite(rate, "rate or target")
      try requireInside(Double(count ?? 1), 1...Double(Int.max), "fallCount")
    case .sterling(let rate, let count, let cushion):
      try requireFinite(rate, "rate or target")
      try requireInside(Double(count), 1...Double(Int.max), "fallCount")
      try requireInside(cushion, 0...(.greatestFiniteMagnitude), "cushion")
    }
  }

  /// The value, and the influence of each outcome on it.
  private func ratio(_ law: EmpiricalDistribution) throws(DistributionsError) -> RatioPart {
    let moments = RatioMoments(law.outcomes)
    switch self {
    case .sharpe(let rate): return moments.sharpe(rate)
    case .sortino(let target): return moments.excess(target, order: 2)
    case .kappa(let order, let target): return moments.excess(target, order: order)
    case .omega(let target): return moments.gains(target) / moments.losses(target, order: 1)
    case .upsidePotential(let target):
      return moments.gains(target) / moments.losses(target, order: 2)
    case .rachev(let gains, let losses):
      return RatioMoments.tail(law.outcomes, gains)
        / RatioMoments.tail(law.outcomes.map { -$0 }, losses)
    case .tail(let confidence):
      let gains = try EmpiricalDistribution(outcomes: law.outcomes.map { -$0 })
      return RatioMoments.quantile(gains, confidence)
        / RatioMoments.quantile(law, confidence).aboveZero
    case .excess(let rate, let measure):
      let risk = RatioPart(
        value: try measure.risk(of: law).value, influences: moments.influences(of: measure))
      return moments.meanPart(above: rate) / risk.aboveZero
    case .burke(let rate, let count):
      let falls = moments.deepestFalls(count ?? law.outcomes.count)
      let root = falls.isEmpty ? 0 : RatioPart.rootMeanSquare(falls, divisor: 1).value
      return RatioPart(value: (moments.mean - rate) / root)
    case .sterling(let rate, let count, let cushion):
      let falls = moments.deepestFalls(count)
      let mean = falls.isEmpty ? 0 : CompensatedSum.of(falls) / Double(falls.count)
      return RatioPart(value: (moments.mean - rate) / (mean + cushion))
    }
  }
}
