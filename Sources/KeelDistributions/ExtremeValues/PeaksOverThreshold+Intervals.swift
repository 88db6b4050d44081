// An interval holds all values of a measure whose likelihood, the largest over the shape with σ given by value and shape, is
// near enough to the maximum: S. Coles, "An introduction to statistical modeling of extreme values" (2001), sections 2.6.6 and 4.3.3.
// With r the ratio of the shares above the threshold and above the level, and q = (r^ξ − 1)/ξ:
//
//   level − u = σ q,   mean beyond the level − u = σ (q + 1)/(1 − ξ), ξ < 1

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension PeaksOverThreshold {
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
  /// - Complexity: Some thousand likelihoods of the excesses.
  public func valueAtRiskInterval(
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    let ratio = 1 / (try share(confidence))
    guard ratio > 1 else {
      throw .invalidValue(
        argument: "confidence", got: confidence, lowest: (1 - exceedanceShare).nextUp,
        highest: (1.0).nextDown)
    }
    return try interval(.level, ratio: ratio, level: level)
  }

  /// An interval for a return level by the profile of the likelihood.
  ///
  /// That of the value at risk at a confidence of `1 − 1 / observations`, without the rounding of it.
  ///
  /// - Parameters:
  ///   - observations: More than 1 / ``exceedanceShare``.
  ///   - level: The probability with which such intervals hold the true value for many losses, inside (0, 1).
  /// - Returns: The interval, as that of ``valueAtRiskInterval(confidence:level:)``.
  /// - Throws: `DistributionsError.invalidValue`.
  /// - Complexity: Some thousand likelihoods of the excesses.
  public func returnLevelInterval(
    observations: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try interval(.level, ratio: ratio(observations: observations), level: level)
  }

  /// An interval for the expected shortfall by the profile of the likelihood.
  ///
  /// The share of losses above the threshold counts as known. Shapes of one and more have no finite mean: where the
  /// likelihood of those is near its maximum the upper end is infinite, as it often is with few excesses of a heavy tail. Where
  /// that of all others is not, both ends are.
  ///
  /// - Parameters:
  ///   - confidence: At least 1 − ``exceedanceShare``, below 1.
  ///   - level: The probability with which such intervals hold the true value for many losses, inside (0, 1).
  /// - Returns: The interval; its upper end is infinite, too, where the likelihood stays near its maximum up to a
  ///   thousand times the value.
  /// - Throws: `DistributionsError.invalidValue`.
  /// - Complexity: Some thousand likelihoods of the excesses.
  public func expectedShortfallInterval(
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try interval(.meanBeyond, ratio: 1 / (try share(confidence)), level: level)
  }

  private func interval(
    _ measure: LevelProfile.Measure,
    ratio: Double,
    level: Double
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try requireLevel(level)
    // No shape that is allowed has a mean.
    if measure == .meanBeyond, settings.lowestShape >= 1 { return .infinity ... .infinity }
    let profile = LevelProfile(
      measure: measure, excesses: excesses, unit: meanExcess, logRatio: log(ratio),
      shapes: settings.lowestShape...settings.highestShape)
    let quantile = fit.law.survivalQuantile(1 / ratio) - threshold
    let best =
      measure == .level ? quantile : fit.law.meanAbove(probability: 1 / ratio) - threshold
    let score = ConfidenceInterval.score(level)
    let largest = fit.logLikelihood + Double(excesses.count) * log(meanExcess)
    let limit = largest - score * score / 2
    guard best.isFinite else {
      let low = leastMean(profile, limit, above: max(quantile, meanExcess))
      return (threshold + low) ... .infinity
    }
    let low = profileCrossing(profile.value, limit) { best * power(0.8, $0) }
      .end(outside: best, inside: 0)
    let high = profileCrossing(profile.value, limit) { best * power(1.25, $0) }
      .end(outside: best, inside: .infinity)
    return (threshold + min(low, best))...(threshold + max(high, best))
  }

  /// The least mean whose likelihood is near that of an infinite one; infinite where no finite mean below 10²² levels has one.
  private func leastMean(_ profile: LevelProfile, _ limit: Double, above level: Double) -> Double {
    // The way down from an infinite mean begins where one up from the level ends, or far above.
    let start = level * power(1.25, 32)
    return switch profileCrossing(profile.value, limit, { start * power(0.8, $0) }) {
    case .crossing(let place): place
    case .inside: 0
    case .outside:
      profileCrossing(profile.value, limit) { start * power(4, 32 - $0) }
        .end(outside: .infinity, inside: start)
    }
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

/// The largest likelihood of excesses when one level, or the mean beyond it, is given.
private struct LevelProfile {
  enum Measure {
    case level
    case meanBeyond
  }

  let measure: Measure
  let excesses: [Double]
  /// A number of the size of the excesses.
  let unit: Double
  /// ln of the ratio of the shares above the threshold and above the level.
  let logRatio: Double
  let shapes: ClosedRange<Double>

  private static let cellCount = 12

  /// The largest log-likelihood over the shape, less T ln unit.
  func value(_ excess: Double) -> Double {
    switch measure {
    case .level:
      return largestValue(over: shapes, cellCount: Self.cellCount) {
        logLikelihood(scale: excess / quantile($0), shape: $0)
      }
    case .meanBeyond:
      // In v = −ln(1 − ξ), as σ goes with 1 − ξ: from the least shape to where σ is a small part of the excesses.
      let lowest = -log1p(-shapes.lowerBound)
      let highest = shapes.upperBound < 1 ? -log1p(-shapes.upperBound) : .infinity
      let end = min(max(log(excess / unit), 0) + 4, highest)
      return largestValue(over: lowest...max(end, lowest), cellCount: 3 * Self.cellCount) {
        let shape = -expm1(-$0)
        return logLikelihood(scale: excess * exp(-$0) / (1 + quantile(shape)), shape: shape)
      }
    }
  }

  /// (r^ξ − 1)/ξ.
  private func quantile(_ shape: Double) -> Double {
    StandardGeneralizedPareto.stretchedExponential(logRatio, shape)
  }

  private func logLikelihood(scale: Double, shape: Double) -> Double {
    guard scale > 0, scale.isFinite else { return -.infinity }
    let law = StandardGeneralizedPareto(shape: shape)
    var sum = -Double(excesses.count) * log(scale / unit)
    for excess in excesses {
      let z = excess / scale
      if shape * z <= -1 { return -.infinity }
      sum += law.logDensity(z)
    }
    return sum
  }
}
