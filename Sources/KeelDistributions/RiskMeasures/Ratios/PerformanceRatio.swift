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
///
/// The last one holds those that are named after their measure: over the expected shortfall (STARR), the ulcer index (Martin), the average
/// drawdown (pain) or the mean difference; its drawdowns add outcomes, where the Calmar ratio of a backtest compounds. The information
/// ratio is the Sharpe ratio of active outcomes. All divisors count all T outcomes, but that of the Sharpe ratio.
///
/// A ratio over zero is infinite, or NaN when its numerator is zero too. No ratio is annualized here: the root of time is right for
/// independent outcomes only, see ``SharpeScaling``.
///
/// Sources: W. Sharpe (1966, 1994); F. Sortino and R. van der Meer (1991); P. Kaplan and J. Knowles (2004); C. Keating and W. Shadwick (2002); F.
/// Sortino, R. van der Meer and A. Plantinga (1999); A. Biglova, S. Ortobelli, S. Rachev and S. Stoyanov (2004).
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
    guard outcomes.count >= 2 else {
      throw .tooFewObservations(got: outcomes.count, required: 2)
    }
    let law = try EmpiricalDistribution(outcomes: outcomes)
    try requireInside(Double(lagCount), 0...Double(outcomes.count - 1), "lagCount")
    try requireParameters()
    let (value, influences) = try ratio(law)
    return RatioEstimate(
      value: value,
      standardError: influences.flatMap { RatioMoments.error($0, lagCount: lagCount) },
      observationCount: outcomes.count)
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
    }
  }

  /// Added to a denominator: a loss of zero is minus an outcome of zero, −0.0, whose ratio has the wrong infinity.
  private static let positiveZero = 0.0

  /// The value, and the influence of each outcome on it.
  private func ratio(
    _ law: EmpiricalDistribution
  ) throws(DistributionsError) -> (Double, [Double]?) {
    let moments = RatioMoments(law.outcomes)
    switch self {
    case .sharpe(let rate): return moments.sharpe(rate)
    case .sortino(let target): return moments.excess(target, order: 2)
    case .kappa(let order, let target): return moments.excess(target, order: order)
    case .omega(let target):
      return RatioMoments.quotient(moments.gains(target), moments.losses(target, order: 1))
    case .upsidePotential(let target):
      return RatioMoments.quotient(moments.gains(target), moments.losses(target, order: 2))
    case .rachev(let gains, let losses):
      return RatioMoments.quotient(
        RatioMoments.tail(law.outcomes, gains), RatioMoments.tail(law.outcomes.map { -$0 }, losses))
    case .tail(let confidence):
      let gains = try EmpiricalDistribution(outcomes: law.outcomes.map { -$0 })
      let loss = law.valueAtRisk(confidence: confidence) + Self.positiveZero
      return (gains.valueAtRisk(confidence: confidence) / loss, nil)
    case .excess(let rate, let measure):
      let risk = try measure.risk(of: law).value + Self.positiveZero
      return ((moments.mean - rate) / risk, nil)
    }
  }
}

/// Parts of ratios with the influence of each outcome on them.
private struct RatioMoments {
  typealias Part = (value: Double, influences: [Double])

  let outcomes: [Double]
  let mean: Double

  init(_ outcomes: [Double]) {
    self.outcomes = outcomes
    let first = outcomes[0]
    mean = first + Self.average(outcomes.map { $0 - first })
  }

  private static func average(_ values: [Double]) -> Double {
    CompensatedSum.of(values) / Double(values.count)
  }

  /// A over B: ψ = (ψ(A) − ratio ψ(B)) / B.
  static func quotient(_ above: Part, _ below: Part) -> (Double, [Double]?) {
    let ratio = above.value / below.value
    guard ratio.isFinite else { return (ratio, nil) }
    return (
      ratio,
      zip(above.influences, below.influences).map { ($0 - ratio * $1) / below.value }
    )
  }

  func sharpe(_ rate: Double) -> (Double, [Double]?) {
    let distances = outcomes.map { $0 - mean }
    let variance = Self.average(distances.map { $0 * $0 })
    let count = Double(outcomes.count)
    let deviation = (variance * (count / (count - 1))).squareRoot()
    let ratio = (mean - rate) / deviation
    guard ratio.isFinite else { return (ratio, nil) }
    return (
      ratio,
      distances.map { $0 / deviation - ratio * ($0 * $0 - variance) / (2 * variance) }
    )
  }

  func excess(_ target: Double, order: Int) -> (Double, [Double]?) {
    Self.quotient((mean - target, outcomes.map { $0 - mean }), losses(target, order: order))
  }

  /// The mean of what exceeds the target.
  func gains(_ target: Double) -> Part {
    let gains = outcomes.map { max($0 - target, 0) }
    let mean = Self.average(gains)
    return (mean, gains.map { $0 - mean })
  }

  /// The root of a lower partial moment.
  func losses(_ target: Double, order: Int) -> Part {
    let losses = outcomes.map { max(target - $0, 0) }
    let largest = losses.reduce(0, max)
    guard largest > 0 else { return (0, losses) }
    let powers = losses.map { pow($0 / largest, Double(order)) }
    let moment = Self.average(powers)
    let root = pow(moment, 1 / Double(order))
    // d m^(1/n) = root / (n m) dm.
    let slope = largest * root / (Double(order) * moment)
    return (largest * root, powers.map { slope * ($0 - moment) })
  }

  /// The mean of the largest 1 − confidence of some numbers.
  static func tail(_ values: [Double], _ confidence: Double) -> Part {
    let tail = SampleTail(losses: values, masses: nil, confidence: confidence)
    let rest = tail.valueAtRisk - tail.expectedShortfall
    return (
      tail.expectedShortfall,
      values.map { max($0 - tail.valueAtRisk, 0) / (1 - confidence) + rest }
    )
  }

  /// The error of the mean of influences.
  static func error(_ influences: [Double], lagCount: Int) -> Double? {
    let count = influences.count
    let mean = average(influences)
    let distances = influences.map { $0 - mean }
    var variance = 0.0
    for lag in 0...lagCount {
      var sum = CompensatedSum()
      for t in lag..<count { sum.add(distances[t] * distances[t - lag]) }
      let weight = lag == 0 ? 1 : 2 * (1 - Double(lag) / Double(lagCount + 1))
      variance += weight * sum.value / Double(count)
    }
    let error = (max(variance, 0) / Double(count)).squareRoot()
    return error.isFinite ? error : nil
  }
}

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
