public import KeelData

/// Average correlation and absorption ratio over a moving window, and how unusual the last change is.
///
/// ```text
/// shift(t) = (mean of the ratio over the last s windows − mean over the last l) / deviation over l
/// ```
///
/// The shift is that of Kritzman and others (2011): above one, it preceded most of the worst months
/// of the markets they studied. Row t is the same whatever comes after it.
public struct RollingCorrelationRegime: Hashable, Sendable {
  /// The rows of a window.
  public let windowLength: Int

  /// The windows of the short mean.
  public let shortLength: Int

  /// The windows of the long mean and of the deviation.
  public let longLength: Int

  /// Which matrix the eigenvalues are of.
  public let basis: CorrelationIndicator.Basis

  /// What the window that ends with a row says.
  public struct Reading: Hashable, Sendable {
    /// The end of the window.
    public let timestamp: Timestamp

    /// The measures of the window.
    public let regime: CorrelationIndicator

    /// The standardized shift of the absorption ratio; nil until there are enough windows, or where
    /// the ratio has not moved over them.
    public let shift: Double?
  }

  /// Creates an indicator.
  ///
  /// - Parameters:
  ///   - windowLength: The rows of a window, at least 2; two years of daily returns were published.
  ///   - shortLength: The windows of the short mean, at least 1; 15 daily ones were published.
  ///   - longLength: The windows of the long mean, more than the short ones; a year was published.
  ///   - basis: Which matrix the eigenvalues are of.
  /// - Throws: `EstimationError.invalidValue`.
  public init(
    windowLength: Int,
    shortLength: Int = 15,
    longLength: Int = 252,
    basis: CorrelationIndicator.Basis = .covariance
  ) throws(EstimationError) {
    for (name, value, least) in [
      ("windowLength", windowLength, 2), ("shortLength", shortLength, 1),
    ] where value < least {
      throw .invalid(name, Double(value), lowest: Double(least), highest: Double(Int.max))
    }
    guard longLength > shortLength else {
      throw .invalid(
        "longLength", Double(longLength), lowest: Double(shortLength) + 1,
        highest: Double(Int.max))
    }
    self.windowLength = windowLength
    self.shortLength = shortLength
    self.longLength = longLength
    self.basis = basis
  }

  /// Measures each window of a history.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns, T at least the length of a window.
  /// - Returns: T − W + 1 readings: the first one is of row W − 1.
  /// - Throws: `EstimationError.tooFewObservations`, and as `SampleCovariance` and
  ///   ``CorrelationIndicator``.
  /// - Complexity: O(T(WN² + N³)).
  public func readings(of returns: SimpleReturns) throws(EstimationError) -> [Reading] {
    guard returns.observationCount >= windowLength else {
      throw .tooFewObservations(got: returns.observationCount, required: windowLength)
    }
    let estimator = SampleCovariance()
    var ratios: [Double] = []
    var readings: [Reading] = []
    for end in windowLength...returns.observationCount {
      let window = returns.prefix(end).suffix(windowLength)
      let regime = try CorrelationIndicator(
        estimator.covariance(from: window), basis: basis)
      ratios.append(regime.absorptionRatio)
      readings.append(
        Reading(
          timestamp: returns.timestamps[end - 1], regime: regime, shift: shift(of: ratios)))
    }
    return readings
  }

  private func shift(of ratios: [Double]) -> Double? {
    guard ratios.count >= longLength else { return nil }
    let long = ratios.suffix(longLength)
    let mean = long.reduce(0, +) / Double(longLength)
    let squares = long.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(longLength - 1)).squareRoot()
    // Ratios are at most one: what is below their rounding is no movement.
    guard deviation > Self.leastDeviation else { return nil }
    return (ratios.suffix(shortLength).reduce(0, +) / Double(shortLength) - mean) / deviation
  }

  private static let leastDeviation = 64 * Double.ulpOfOne
}
