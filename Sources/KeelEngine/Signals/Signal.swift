public import KeelData

/// An opinion about each asset from what is known at a time.
///
/// A signal reads the view that it is given and nothing else, so that it cannot look ahead: the engine hands it the
/// history up to the decision.
public protocol Signal: SurfaceReader, Sendable, Encodable {
  /// The rows of the past that it needs.
  var rowsNeeded: Int { get }

  /// Scores the assets.
  ///
  /// - Parameter view: What is known at the time of the decision.
  /// - Returns: A score from −1 (sell) to 1 (buy) for each asset of the view's universe; nil where the data do not
  ///   suffice for one.
  func scores(_ view: SignalView) -> SignalScores
}

/// What a signal may see: prices and series up to a time.
public struct SignalView: Hashable, Sendable {
  /// The prices up to the time.
  public let history: PriceHistory

  /// Series from elsewhere, by name, up to the time.
  public let series: [String: ObservedSeries]

  /// The time of the decision.
  public let time: Timestamp

  /// Creates a view; what is later than the time is left out.
  ///
  /// - Parameters:
  ///   - history: Prices; rows after the time are dropped.
  ///   - series: Series by name; observations after the time are dropped.
  ///   - time: The time of the decision.
  public init(history: PriceHistory, series: [String: ObservedSeries] = [:], time: Timestamp) {
    self.history = history.until(time)
    self.series = series.mapValues { $0.until(time) }
    self.time = time
  }
}

/// Scores of the assets of a universe.
public struct SignalScores: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The score of each asset, −1 to 1; nil for no opinion.
  public let values: [Double?]

  /// Creates scores; numbers beyond ±1 are cut, NaN is no opinion.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - values: N scores.
  /// - Throws: `EngineError.invalidValue` for another count.
  public init(universe: Universe, values: [Double?]) throws(EngineError) {
    try requireNumber(
      Double(values.count), "count of scores", Double(universe.count)...Double(universe.count))
    self.init(universe: universe, clamping: values)
  }

  init(universe: Universe, clamping values: [Double?]) {
    self.universe = universe
    self.values = values.map { $0.flatMap { $0.isNaN ? nil : min(max($0, -1), 1) } }
  }

  /// The score of an asset; nil for no opinion or another universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).flatMap { values[$0] }
  }
}

/// Observations of one quantity for each asset, or for the market, with the time at which each became known.
public struct ObservedSeries: Hashable, Sendable, Codable {
  /// One observation.
  public struct Observation: Hashable, Sendable, Codable {
    /// When it became known.
    public let time: Timestamp

    /// The value by asset.
    public let values: [AssetID: Double]

    /// Creates an observation.
    ///
    /// - Parameters:
    ///   - time: When it became known, not what it is about.
    ///   - values: The value by asset.
    public init(time: Timestamp, values: [AssetID: Double]) {
      self.time = time
      self.values = values
    }
  }

  /// The observations, by time.
  public private(set) var observations: [Observation]

  /// Creates a series.
  ///
  /// - Parameter observations: The observations in any order; of two at one time the later one in order counts.
  public init(_ observations: [Observation]) {
    self.observations = observations.enumerated()
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
  }

  private init(sorted observations: [Observation]) { self.observations = observations }

  /// Adds the latest observation and forgets the oldest ones beyond twice a number.
  mutating func append(_ observation: Observation, keeping count: Int) {
    if observations.count >= 2 * count { observations.removeFirst(count) }
    observations.append(observation)
  }

  /// What was known at a time.
  func until(_ time: Timestamp) -> ObservedSeries {
    ObservedSeries(sorted: Array(observations.prefix { $0.time <= time }))
  }

  /// The last value of an asset that is not too old.
  ///
  /// - Parameters:
  ///   - asset: The asset.
  ///   - time: The time of the decision.
  ///   - nanoseconds: The largest age.
  /// - Returns: The value; nil when there is none, it is stale or not finite.
  public func value(
    of asset: AssetID,
    at time: Timestamp,
    maximumAgeNanoseconds nanoseconds: Int64
  ) -> Double? {
    guard
      let last = observations.last(where: { $0.time <= time && $0.values[asset] != nil }),
      let value = last.values[asset], value.isFinite
    else { return nil }
    let (age, overflow) = time.nanosecondsSinceEpoch.subtractingReportingOverflow(
      last.time.nanosecondsSinceEpoch)
    return !overflow && age <= nanoseconds ? value : nil
  }
}
