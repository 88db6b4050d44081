public import KeelData

// One breaker as a pure state machine.
//
// Goals in order: never trade on a number that is missing or wrong, never flap, the same states again when
// replayed.
//
// The machine: warming up until enough good readings came in a row; armed; tripped from a breach, a reading
// that is not a number, or silence; recovering from the first reading on the good side of the resume level;
// armed again when all readings of a cool-down were good. A latched breaker stays tripped until a person
// resets it. Time that goes backwards is a fault like a missing number.

/// A guard that stops trading when a measured number is out of bounds, and lets it resume in an orderly way.
public struct CircuitBreaker: Hashable, Sendable, Codable {
  /// What is measured.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The loss from the highest equity, as a fraction.
    case drawdown
    /// The annualized volatility of the account, by the delta of everything in it.
    case volatility
    /// The distance of a stablecoin from its peg, as a fraction.
    case depeg
    /// The age of a price, in seconds.
    case staleOracle
    /// The health factor of a loan.
    case healthFactor
    /// The equity over the maintenance margin.
    case margin
    /// The price of gas.
    case gas
    /// The delay of a bridge, in seconds.
    case bridge
    /// The depth of a market, in cash.
    case depth
    /// Whether the engine failed inside: one for yes.
    case internalError
  }

  /// On which side of the trip level a reading is a breach.
  public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
    /// Readings above the level are bad: drawdown, volatility, gas.
    case above
    /// Readings below the level are bad: health factor, margin, depth.
    case below
  }

  /// What may be done while a breaker is tripped, from the mildest to the most severe.
  public enum Action: Int, Hashable, Sendable, Codable, Comparable, CaseIterable {
    /// Everything.
    case trade
    /// Trades that reduce risk.
    case reduceOnly
    /// Nothing.
    case halt
    /// The contingency decision that was prepared for it.
    case contingency

    /// Whether one action is milder than another.
    public static func < (left: Action, right: Action) -> Bool { left.rawValue < right.rawValue }
  }

  /// Where a breaker stands.
  public enum State: Hashable, Sendable, Codable {
    /// Not enough good readings yet: `seen` so far.
    case warmingUp(seen: Int)
    /// Readings are good.
    case armed
    /// Tripped, and the last reading was not good enough to resume.
    case tripped(since: Timestamp, reason: Reason)
    /// Tripped, with good readings since a time.
    case recovering(since: Timestamp, from: Timestamp, reason: Reason)
    /// Tripped until a person resets it.
    case latched(since: Timestamp, reason: Reason)
  }

  /// Why a breaker tripped.
  public enum Reason: Hashable, Sendable, Codable {
    /// A reading beyond the level.
    case breach(Double)
    /// No reading, or one that is not a finite number.
    case missing
    /// A reading from before the last one.
    case clockWentBack
  }

  /// The levels and times of a breaker.
  public struct Settings: Hashable, Sendable, Codable {
    /// What is measured.
    public let kind: Kind

    /// On which side a reading is a breach.
    public let direction: Direction

    /// The level beyond which a reading trips.
    public let tripLevel: Double

    /// The level that a reading must reach to count as good after a trip: on the good side of the trip level.
    public let resumeLevel: Double

    /// The number of good readings in a row before trading starts; at least 1.
    public let warmUpReadings: Int

    /// The time that readings must stay good after a trip, in nanoseconds.
    public let coolDownNanoseconds: Int64

    /// What may be done while tripped.
    public let action: Action

    /// Whether a person must reset it.
    public let latches: Bool

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - kind: What is measured.
    ///   - direction: On which side a reading is a breach.
    ///   - tripLevel: The level beyond which a reading trips: finite.
    ///   - resumeLevel: The level that a reading must reach to count as good after a trip, on the good side of
    ///     the trip level or equal to it: finite.
    ///   - warmUpReadings: The number of good readings in a row before trading starts; at least 1.
    ///   - coolDownNanoseconds: The time that readings must stay good after a trip: not negative.
    ///   - action: What may be done while tripped; not ``Action/trade``.
    ///   - latches: Whether a person must reset it.
    /// - Throws: `EngineError.invalidValue`.
    public init(
      kind: Kind,
      direction: Direction,
      tripLevel: Double,
      resumeLevel: Double,
      warmUpReadings: Int,
      coolDownNanoseconds: Int64,
      action: Action,
      latches: Bool
    ) throws(EngineError) {
      let largest = Double.greatestFiniteMagnitude
      try Self.require(tripLevel, "tripLevel", -largest, largest)
      let allowed = direction == .above ? (-largest, tripLevel) : (tripLevel, largest)
      try Self.require(resumeLevel, "resumeLevel", allowed.0, allowed.1)
      try Self.require(Double(warmUpReadings), "warmUpReadings", 1, 1e15)
      try Self.require(Double(coolDownNanoseconds), "coolDownNanoseconds", 0, largest)
      try Self.require(Double(action.rawValue), "action", 1, 3)
      self.kind = kind
      self.direction = direction
      self.tripLevel = tripLevel
      self.resumeLevel = resumeLevel
      self.warmUpReadings = warmUpReadings
      self.coolDownNanoseconds = coolDownNanoseconds
      self.action = action
      self.latches = latches
    }

    /// Decodes settings and checks them.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      try self.init(
        kind: container.decode(Kind.self, forKey: .kind),
        direction: container.decode(Direction.self, forKey: .direction),
        tripLevel: container.decode(Double.self, forKey: .tripLevel),
        resumeLevel: container.decode(Double.self, forKey: .resumeLevel),
        warmUpReadings: container.decode(Int.self, forKey: .warmUpReadings),
        coolDownNanoseconds: container.decode(Int64.self, forKey: .coolDownNanoseconds),
        action: container.decode(Action.self, forKey: .action),
        latches: container.decode(Bool.self, forKey: .latches))
    }

    private enum CodingKeys: String, CodingKey {
      case kind, direction, tripLevel, resumeLevel, warmUpReadings, coolDownNanoseconds, action
      case latches
    }

    private static func require(
      _ value: Double,
      _ argument: String,
      _ lowest: Double,
      _ highest: Double
    ) throws(EngineError) {
      guard value >= lowest, value <= highest else {
        throw .invalidValue(
          argument: argument, asset: nil, got: value, lowest: lowest, highest: highest)
      }
    }

    fileprivate func isBreach(_ reading: Double) -> Bool {
      direction == .above ? reading > tripLevel : reading < tripLevel
    }

    fileprivate func allowsResuming(_ reading: Double) -> Bool {
      direction == .above ? reading <= resumeLevel : reading >= resumeLevel
    }
  }

  /// The levels and times.
  public let settings: Settings

  /// Where the breaker stands.
  public private(set) var state: State

  /// The time of the last reading.
  public private(set) var lastTime: Timestamp

  /// Creates a breaker that is warming up.
  ///
  /// - Parameter settings: The levels and times.
  public init(_ settings: Settings) {
    self.settings = settings
    state = .warmingUp(seen: 0)
    lastTime = .distantPast
  }

  /// What may be done now; nothing while warming up.
  public var action: Action {
    switch state {
    case .armed: .trade
    case .warmingUp: .halt
    case .tripped, .recovering, .latched: settings.action
    }
  }

  /// Takes a reading.
  ///
  /// - Parameters:
  ///   - reading: The measured number; nil when there is none. NaN and infinities count as none.
  ///   - time: The time of the reading, not before that of the last one.
  /// - Complexity: O(1). It does not fail: whatever is wrong trips the breaker.
  public mutating func observe(_ reading: Double?, at time: Timestamp) {
    guard time >= lastTime else { return trip(.clockWentBack, at: lastTime) }
    lastTime = time
    guard let reading, reading.isFinite else { return trip(.missing, at: time) }
    if settings.isBreach(reading) { return trip(.breach(reading), at: time) }
    switch state {
    case .warmingUp(let seen):
      state = seen + 1 >= settings.warmUpReadings ? .armed : .warmingUp(seen: seen + 1)
    case .armed, .latched: break
    case .tripped(let since, let reason):
      guard settings.allowsResuming(reading) else { return }
      state = .recovering(since: since, from: time, reason: reason)
      finishCoolDown(at: time)
    case .recovering(let since, _, let reason):
      guard settings.allowsResuming(reading) else {
        state = .tripped(since: since, reason: reason)
        return
      }
      finishCoolDown(at: time)
    }
  }

  /// Resets a breaker by hand: it warms up again.
  ///
  /// - Parameter time: The time of the reset.
  public mutating func reset(at time: Timestamp) {
    state = .warmingUp(seen: 0)
    lastTime = max(lastTime, time)
  }

  private mutating func trip(_ reason: Reason, at time: Timestamp) {
    switch state {
    // A fault before the first good readings is no trip: trading has not begun.
    case .warmingUp: state = .warmingUp(seen: 0)
    case .armed:
      state =
        settings.latches
        ? .latched(since: time, reason: reason) : .tripped(since: time, reason: reason)
    case .tripped(let since, _), .recovering(let since, _, _):
      state = .tripped(since: since, reason: reason)
    case .latched: break
    }
  }

  private mutating func finishCoolDown(at time: Timestamp) {
    guard case .recovering(_, let from, _) = state else { return }
    let (passed, overflow) = time.nanosecondsSinceEpoch.subtractingReportingOverflow(
      from.nanosecondsSinceEpoch)
    if overflow || passed >= settings.coolDownNanoseconds { state = .armed }
  }
}
