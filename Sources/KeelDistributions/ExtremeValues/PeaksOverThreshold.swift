// With ζ the share of losses above the threshold u, levels are those of the generalized Pareto law:
//
//   P(L > x) = ζ (1 + ξ (x − u) / σ)^(−1/ξ)

/// The tail of losses above a threshold.
///
/// ```swift
/// let tail = try PeaksOverThreshold(losses, exceedanceCount: 100)
/// let risk = try tail.valueAtRisk(confidence: 0.999)
/// let interval = try tail.valueAtRiskInterval(confidence: 0.999, level: 0.95)
/// ```
///
/// Losses must be independent: filter volatility first (``ConditionalTail``). For the choice of a threshold look at several,
/// by ``ThresholdDiagnostics``.
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

  let settings: GeneralizedPareto.FitSettings

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
    fit.law.survivalQuantile(1 / (try ratio(observations: observations)))
  }

  /// The share of the losses above the threshold over one of so many observations, which is more.
  func ratio(observations: Double) throws(DistributionsError) -> Double {
    let lowest = 1 / exceedanceShare
    try requireInside(observations, lowest.nextUp...(.greatestFiniteMagnitude), "observations")
    return max(observations * exceedanceShare, 1)
  }

  /// 1 − confidence as a share of the losses above the threshold.
  func share(_ confidence: Double) throws(DistributionsError) -> Double {
    try requireInside(confidence, (1 - exceedanceShare)...(1.0).nextDown, "confidence")
    return min((1 - confidence) / exceedanceShare, 1)
  }
}
