/// The tail of losses whose volatility changes: that of the losses over their volatilities, times the volatility of the next period.
///
/// ```text
/// value at risk = σ(T + 1) q(confidence),   q of the ratios L(t) / σ(t)
/// ```
///
/// The volatilities come from a model of the host, each known before its loss: `GARCH.fit(...)` for example. Source: A. McNeil and R. Frey,
/// "Estimation of tail-related risk measures for heteroscedastic financial time series", Journal of Empirical Finance 7 (2000).
public struct ConditionalTail: Hashable, Sendable {
  /// The tail of the losses over their volatilities.
  public let peaks: PeaksOverThreshold

  /// Fits the tail of the ratios.
  ///
  /// - Parameters:
  ///   - losses: T losses, less their expected values where those matter.
  ///   - volatilities: T positive standard deviations, each of the loss of the same row.
  ///   - exceedanceCount: How many of the largest ratios are the tail.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue`, and as ``PeaksOverThreshold``.
  public init(
    losses: [Double],
    volatilities: [Double],
    exceedanceCount: Int
  ) throws(DistributionsError) {
    peaks = try PeaksOverThreshold(
      standardized(losses, volatilities), exceedanceCount: exceedanceCount)
  }

  /// The loss that is exceeded with a probability of 1 − confidence in a period of a given volatility.
  ///
  /// - Parameters:
  ///   - confidence: At least 1 less the share of the tail, below 1.
  ///   - volatility: The standard deviation of the period, positive.
  /// - Returns: The loss, in the unit of the volatility.
  /// - Throws: `DistributionsError.invalidValue`.
  public func valueAtRisk(
    confidence: Double,
    volatility: Double
  ) throws(DistributionsError) -> Double {
    try scaled(by: volatility, peaks.valueAtRisk(confidence: confidence))
  }

  /// The mean of the losses beyond the value at risk in a period of a given volatility.
  ///
  /// - Parameters:
  ///   - confidence: At least 1 less the share of the tail, below 1.
  ///   - volatility: The standard deviation of the period, positive.
  /// - Returns: The mean loss, in the unit of the volatility.
  /// - Throws: `DistributionsError.invalidValue`.
  public func expectedShortfall(
    confidence: Double,
    volatility: Double
  ) throws(DistributionsError) -> Double {
    try scaled(by: volatility, peaks.expectedShortfall(confidence: confidence))
  }

  /// An interval for the value at risk in a period of a given volatility, by the profile of the likelihood.
  ///
  /// The volatilities count as known, those of the past too: errors of their model are not in it.
  ///
  /// - Parameters:
  ///   - confidence: Above 1 less the share of the tail, below 1.
  ///   - volatility: The standard deviation of the period, positive.
  ///   - level: The probability with which such intervals hold the true value for many losses, inside (0, 1).
  /// - Returns: The interval, in the unit of the volatility.
  /// - Throws: As ``PeaksOverThreshold/valueAtRiskInterval(confidence:level:)``.
  public func valueAtRiskInterval(
    confidence: Double,
    volatility: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try scaled(by: volatility, peaks.valueAtRiskInterval(confidence: confidence, level: level))
  }

  /// An interval for the expected shortfall in a period of a given volatility, by the profile of the likelihood.
  ///
  /// - Parameters:
  ///   - confidence: At least 1 less the share of the tail, below 1.
  ///   - volatility: The standard deviation of the period, positive.
  ///   - level: The probability with which such intervals hold the true value for many losses, inside (0, 1).
  /// - Returns: The interval, in the unit of the volatility; what counts as known is as for
  ///   ``valueAtRiskInterval(confidence:volatility:level:)``.
  /// - Throws: As ``PeaksOverThreshold/expectedShortfallInterval(confidence:level:)``.
  public func expectedShortfallInterval(
    confidence: Double,
    volatility: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try scaled(
      by: volatility, peaks.expectedShortfallInterval(confidence: confidence, level: level))
  }

  /// A ratio of loss and volatility in a period of a given volatility.
  private func scaled(
    by volatility: Double,
    _ ratio: @autoclosure () throws(DistributionsError) -> Double
  ) throws(DistributionsError) -> Double {
    try requireVolatility(volatility)
    return volatility * (try ratio())
  }

  private func scaled(
    by volatility: Double,
    _ range: @autoclosure () throws(DistributionsError) -> ClosedRange<Double>
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try requireVolatility(volatility)
    let range = try range()
    return (volatility * range.lowerBound)...(volatility * range.upperBound)
  }
}

/// Numbers over their volatilities.
func standardized(
  _ values: [Double],
  _ volatilities: [Double]
) throws(DistributionsError) -> [Double] {
  guard volatilities.count == values.count else {
    throw .shapeMismatch(
      argument: "volatilities", got: volatilities.count, required: values.count)
  }
  for volatility in volatilities { try requireVolatility(volatility) }
  return zip(values, volatilities).map { $0 / $1 }
}

func requireVolatility(_ volatility: Double) throws(DistributionsError) {
  try requireInside(
    volatility, .leastNormalMagnitude...(.greatestFiniteMagnitude), "volatility")
}
