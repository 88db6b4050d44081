// With ζ the share of losses above the threshold u, levels are those of the generalized Pareto law:
//
//   P(L > x) = ζ (1 + ξ (x − u) / σ)^(−1/ξ)
//
// The interval of a level holds all levels whose likelihood, the largest over the shape with σ given by level and shape, is
// near enough to the maximum: S. Coles, "An introduction to statistical modeling of extreme values" (2001), sections 2.6.6 and 4.3.3.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The tail of losses above a threshold.
///
/// ```swift
/// let tail = try PeaksOverThreshold(losses, exceedanceCount: 100)
/// let risk = try tail.valueAtRisk(confidence: 0.999)
/// let interval = try tail.valueAtRiskInterval(confidence: 0.999, level: 0.95)
/// ```
///
/// Losses must be independent: filter volatility first (``ConditionalTail``). For the choice of a threshold look at several:
/// beyond a good one ``fit`` keeps its shape within its errors and ``meanExcess`` is a straight line in the threshold.
/// Sources: A. Balkema and L. de Haan (1974), J. Pickands (1975); levels as in A. McNeil, R. Frey and P. Embrechts, "Quantitative risk
/// management" (2015), section 5.2.3.
public struct PeaksOverThreshold: Hashable, Sendable {
  /// The law of the losses above the threshold, with its standard errors.
  public let fit: DistributionFit<GeneralizedPareto>

  /// The number T of losses.
  public let observationCount: Int

  /// The excesses over the threshold, descending.
  public let excesses: [Double]

  /// The mean of the excesses.
  public let meanExcess: Double

  /// The standard error of the mean of the excesses.
  public let meanExcessError: Double

  /// u.
  public var threshold: Double { fit.law.threshold }

  /// ζ, the share of losses above the threshold.
  public var exceedanceShare: Double { Double(excesses.count) / Double(observationCount) }

  private let settings: GeneralizedPareto.FitSettings

  /// Fits the tail beyond the largest losses.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers, positive where something was lost.
  ///   - exceedanceCount: How many of the largest are the tail, at least
  ///     `GeneralizedPareto.minimumObservationCount`, fewer than T; the next largest is the threshold.
  ///   - settings: Bounds of the shape.
  /// - Throws: `DistributionsError.invalidObservation`, `.invalidValue` for the count, and as `GeneralizedPareto.fit`.
  /// - Complexity: O(T log T).
  public init(
    _ losses: [Double],
    exceedanceCount: Int,
    settings: GeneralizedPareto.FitSettings = GeneralizedPareto.FitSettings()
  ) throws(DistributionsError) {
    guard exceedanceCount >= GeneralizedPareto.minimumObservationCount,
      exceedanceCount < losses.count
    else {
      throw .invalidValue(
        argument: "exceedanceCount", got: Double(exceedanceCount),
        lowest: Double(GeneralizedPareto.minimumObservationCount),
        highest: Double(losses.count - 1))
    }
    if let bad = losses.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "losses", index: bad, got: losses[bad])
    }
    let sorted = losses.sorted(by: >)
    let threshold = sorted[exceedanceCount]
    // Losses that equal the threshold are not above it.
    let peaks = Array(sorted[..<exceedanceCount].prefix { $0 > threshold })
    fit = try GeneralizedPareto.fit(peaks, threshold: threshold, settings: settings)
    let excesses = peaks.map { $0 - threshold }
    self.excesses = excesses
    self.settings = settings
    observationCount = losses.count
    let count = Double(excesses.count)
    let mean = excesses.reduce(0) { $0 + $1 / count }
    meanExcess = mean
    let squares = excesses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    meanExcessError = (squares / (count - 1) / count).squareRoot()
  }

  /// The loss that is exceeded with a probability of 1 − confidence.
  ///
  /// - Parameter confidence: At least 1 − ``exceedanceShare``, below 1.
  /// - Returns: The loss.
  /// - Throws: `DistributionsError.invalidValue`.
  public func valueAtRisk(confidence: Double) throws(DistributionsError) -> Double {
    fit.law.survivalQuantile(try share(confidence))
  }

  /// The mean of the losses that are exceeded with a probability of at most 1 − confidence.
  ///
  /// - Parameter confidence: At least 1 − ``exceedanceShare``, below 1.
  /// - Returns: The mean; infinite for a shape of one or more.
  /// - Throws: `DistributionsError.invalidValue`.
  public func expectedShortfall(confidence: Double) throws(DistributionsError) -> Double {
    fit.law.meanAbove(probability: try share(confidence))
  }

  /// The loss that is exceeded once in so many observations.
  ///
  /// - Parameter observations: More than 1 / ``exceedanceShare``.
  /// - Returns: The loss.
  /// - Throws: `DistributionsError.invalidValue`.
  public func returnLevel(observations: Double) throws(DistributionsError) -> Double {
    try valueAtRisk(confidence: 1 - 1 / observations)
  }

  /// An interval for the value at risk by the profile of the likelihood.
  ///
  /// Wider above than below, as it must be for a tail. The share of losses above the threshold counts as known.
  ///
  /// - Parameters:
  ///   - confidence: Above 1 − ``exceedanceShare``, below 1.
  ///   - level: The probability with which such intervals hold the true value for many losses, inside (0, 1).
  /// - Returns: The interval; its upper end is infinite where the likelihood stays near its maximum up to a thousand times
  ///   the value.
  /// - Throws: `DistributionsError.invalidValue`.
  public func valueAtRiskInterval(
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try requireInside(level, (0.0).nextUp...(1.0).nextDown, "level")
    let ratio = 1 / (try share(confidence))
    guard ratio > 1 else {
      throw .invalidValue(
        argument: "confidence", got: confidence, lowest: (1 - exceedanceShare).nextUp,
        highest: (1.0).nextDown)
    }
    let best = fit.law.survivalQuantile(1 / ratio) - threshold
    let score = StandardNormal.quantile((1 + level) / 2)
    let profile = LevelProfile(
      excesses: excesses, unit: meanExcess, logRatio: log(ratio),
      shapes: settings.lowestShape...settings.highestShape)
    let limit = profile.value(best) - score * score / 2
    let low = profileCrossing(profile.value, limit) { best * power(0.8, $0) } ?? 0
    let high = profileCrossing(profile.value, limit) { best * power(1.25, $0) } ?? .infinity
    return (threshold + min(low, best))...(threshold + max(high, best))
  }

  /// 1 − confidence as a share of the losses above the threshold.
  private func share(_ confidence: Double) throws(DistributionsError) -> Double {
    try requireInside(confidence, (1 - exceedanceShare)...(1.0).nextDown, "confidence")
    return min((1 - confidence) / exceedanceShare, 1)
  }
}

/// The largest likelihood of excesses when one level is given.
private struct LevelProfile {
  let excesses: [Double]
  /// A number of the size of the excesses.
  let unit: Double
  /// ln of the ratio of the shares above the threshold and above the level.
  let logRatio: Double
  let shapes: ClosedRange<Double>

  /// The largest log-likelihood over the shape, less T ln unit.
  func value(_ level: Double) -> Double {
    let gridCount = 12
    let step = (shapes.upperBound - shapes.lowerBound) / Double(gridCount)
    let shape: (Int) -> Double = { shapes.lowerBound + Double($0) * step }
    let values = (0...gridCount).map { logLikelihood(level, shape: shape($0)) }
    var best = 0
    for k in values.indices where values[k] > values[best] { best = k }
    let bracket = shape(max(best - 1, 0))...shape(min(best + 1, gridCount))
    // Infinite values are no loss for a search for the least.
    let point = try? Brent.minimum(
      of: { -logLikelihood(level, shape: $0) }, in: bracket)
    return max(values[best], point.map { -$0.value } ?? -.infinity)
  }

  private func logLikelihood(_ level: Double, shape: Double) -> Double {
    // σ = ξ x / (r^ξ − 1)
    let growth = expm1(shape * logRatio)
    let scale = shape == 0 ? level / logRatio : level * (shape / growth)
    guard scale > 0, scale.isFinite else { return -.infinity }
    let slope = shape / scale
    var sum = -Double(excesses.count) * log(scale / unit)
    for excess in excesses {
      let argument = slope * excess
      if argument <= -1 { return -.infinity }
      sum -= shape.magnitude < 1e-12 ? excess / scale : (1 + 1 / shape) * log1p(argument)
    }
    return sum
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

/// Where a profile falls to a limit on a way from its maximum, the place at 0; nil when it does not on 32 steps.
func profileCrossing(
  _ profile: (Double) -> Double,
  _ limit: Double,
  _ place: (Int) -> Double
) -> Double? {
  for k in 1...32 where profile(place(k)) < limit {
    let (inside, outside) = (place(k - 1), place(k))
    let bracket = min(inside, outside)...max(inside, outside)
    let point = try? Brent.root(of: { max(profile($0), -1e300) - limit }, in: bracket)
    return point?.argument ?? outside
  }
  return nil
}
