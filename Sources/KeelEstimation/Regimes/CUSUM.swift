// E. Page, Continuous inspection schemes, Biometrika 41 (1954); D. Siegmund, Sequential analysis
// (1985), for the run lengths.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A two-sided cumulative sum that raises an alarm when the mean of a series shifts.
///
/// ```text
/// z = (x − target) / deviation
/// U ← max(0, U + z − k),   D ← max(0, D − z − k),   alarm when U > h or D > h
/// ```
///
/// After an alarm both sums start again at zero. The state is a value: it can be saved, restored,
/// copied and compared; any division of a series into calls gives the same bits.
public struct CUSUM: Hashable, Sendable {
  /// The mean that the series has while nothing happens.
  public let target: Double

  /// The standard deviation of the series while nothing happens.
  public let standardDeviation: Double

  /// The allowance k, in standard deviations: half the shift to be found fastest.
  public let allowance: Double

  /// The threshold h, in standard deviations.
  public let threshold: Double

  /// The sum for shifts upward.
  public private(set) var upper = 0.0

  /// The sum for shifts downward.
  public private(set) var lower = 0.0

  /// The number of values so far.
  public private(set) var observationCount = 0

  private var upperStart = 0
  private var lowerStart = 0

  /// A direction of a shift.
  public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mean is above the target.
    case upward

    /// The mean is below the target.
    case downward
  }

  /// A shift that was found.
  public struct Alarm: Hashable, Sendable, Codable {
    /// Where the mean went.
    public let direction: Direction

    /// The row of the alarm.
    public let row: Int

    /// The first row of the shift as estimated: the one after the sum was last zero.
    public let estimatedStart: Int
  }

  /// Creates a detector that has seen nothing.
  ///
  /// - Parameters:
  ///   - target: The mean while nothing happens.
  ///   - standardDeviation: The standard deviation while nothing happens; positive.
  ///   - allowance: Half the shift to be found fastest, in standard deviations; not negative.
  ///   - threshold: The sum that raises an alarm, in standard deviations; positive. With an allowance
  ///     of one half, 5 gives a false alarm in some 465 rows.
  /// - Throws: `EstimationError.invalidValue`.
  public init(
    target: Double,
    standardDeviation: Double,
    allowance: Double = 0.5,
    threshold: Double = 5
  ) throws(EstimationError) {
    guard target.isFinite else { throw .invalid("target", target) }
    guard standardDeviation >= .leastNormalMagnitude, standardDeviation.isFinite else {
      throw .invalid("standardDeviation", standardDeviation, lowest: .leastNormalMagnitude)
    }
    guard allowance >= 0, allowance.isFinite else {
      throw .invalid("allowance", allowance, lowest: 0)
    }
    guard threshold > 0, threshold.isFinite else {
      throw .invalid("threshold", threshold, lowest: .leastNonzeroMagnitude)
    }
    self.target = target
    self.standardDeviation = standardDeviation
    self.allowance = allowance
    self.threshold = threshold
  }

  /// Takes in the next value.
  ///
  /// - Parameter value: The value, finite.
  /// - Returns: The alarm it raises, or nil.
  /// - Throws: `EstimationError.invalidObservation`; the state is then as before.
  public mutating func update(with value: Double) throws(EstimationError) -> Alarm? {
    guard value.isFinite else {
      throw .invalidObservation(argument: "series", index: observationCount, got: value)
    }
    // Halves: the difference of two large numbers must not overflow.
    let z = (value / 2 - target / 2) / standardDeviation * 2
    let row = observationCount
    observationCount += 1
    upper = max(0, upper + z - allowance)
    lower = max(0, lower - z - allowance)
    if upper == 0 { upperStart = observationCount }
    if lower == 0 { lowerStart = observationCount }
    let alarm: Alarm
    if upper > threshold {
      alarm = Alarm(direction: .upward, row: row, estimatedStart: upperStart)
    } else if lower > threshold {
      alarm = Alarm(direction: .downward, row: row, estimatedStart: lowerStart)
    } else {
      return nil
    }
    upper = 0
    lower = 0
    upperStart = observationCount
    lowerStart = observationCount
    return alarm
  }

  /// Takes in values.
  ///
  /// - Parameter series: The values after those so far, finite.
  /// - Returns: The alarms they raise, in order.
  /// - Throws: `EstimationError.invalidObservation`, with the index within `series`; the state is
  ///   then as before.
  /// - Complexity: O(T).
  public mutating func update(with series: [Double]) throws(EstimationError) -> [Alarm] {
    for (index, value) in series.enumerated() where !value.isFinite {
      throw .invalidObservation(argument: "series", index: index, got: value)
    }
    var alarms: [Alarm] = []
    for value in series {
      if let alarm = try update(with: value) { alarms.append(alarm) }
    }
    return alarms
  }

  /// The expected number of rows until an alarm when independent normal values have a shifted mean.
  ///
  /// ```text
  /// one side: (exp(−2Δb) + 2Δb − 1) / (2Δ²),   Δ = ±shift − k,   b = h + 1.166
  /// ```
  ///
  /// Siegmund's approximation: within four percent for thresholds of four and more.
  ///
  /// - Parameter shift: The mean less the target, in standard deviations.
  /// - Returns: The expected number of rows; for an infinite shift the limit of the formula, zero, and
  ///   NaN for NaN.
  public func averageRunLength(shift: Double) -> Double {
    // Half a step of a normal random walk is expected beyond a barrier: 0.583 on each side.
    let height = threshold + 1.166
    func oneSided(_ drift: Double) -> Double {
      let product = 2 * drift * height
      // At zero the formula is 0/0: below this the next term of its series is rounding.
      if product.magnitude < 1e-5 { return height * height * (1 - product / 3) }
      // Far out one term is left, and squares would overflow.
      if product.magnitude > Self.largestProduct { return drift > 0 ? height / drift : .infinity }
      return (expm1(-product) + product) / (2 * drift * drift)
    }
    return 1 / (1 / oneSided(shift - allowance) + 1 / oneSided(-shift - allowance))
  }

  /// Beyond this a sum with one is itself.
  private static let largestProduct = 1e17
}

extension CUSUM: Codable {
  private enum CodingKeys: String, CodingKey {
    case target, standardDeviation, allowance, threshold, upper, lower, observationCount
    case upperStart, lowerStart
  }

  /// Decodes and checks a state.
  ///
  /// - Parameter decoder: Where to read from.
  /// - Throws: `DecodingError`, and `EstimationError` for what no detector can hold.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      target: container.decode(Double.self, forKey: .target),
      standardDeviation: container.decode(Double.self, forKey: .standardDeviation),
      allowance: container.decode(Double.self, forKey: .allowance),
      threshold: container.decode(Double.self, forKey: .threshold))
    upper = try container.decode(Double.self, forKey: .upper)
    lower = try container.decode(Double.self, forKey: .lower)
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    upperStart = try container.decode(Int.self, forKey: .upperStart)
    lowerStart = try container.decode(Int.self, forKey: .lowerStart)
    try StoredCount.require("observationCount", observationCount)
    for (name, sum) in [("upper", upper), ("lower", lower)]
    where !(sum >= 0 && sum <= threshold) {
      throw EstimationError.invalid(name, sum, lowest: 0, highest: threshold)
    }
    for (name, row) in [("upperStart", upperStart), ("lowerStart", lowerStart)]
    where !(0...observationCount).contains(row) {
      throw EstimationError.invalid(
        name, Double(row), lowest: 0, highest: Double(observationCount))
    }
  }
}
