public import KeelData

/// Several breakers with names: the most severe one decides what may be done.
public struct BreakerPanel: Hashable, Sendable, Codable {
  /// The breakers by name.
  public private(set) var breakers: [String: CircuitBreaker]

  /// What the panel says, and which breakers say it.
  public struct Verdict: Hashable, Sendable, Codable {
    /// The most severe action.
    public let action: CircuitBreaker.Action

    /// The names of the breakers that ask for it, sorted; empty while trading is allowed.
    public let causes: [String]
  }

  /// Creates a panel of breakers that warm up.
  ///
  /// - Parameter settings: The settings by name.
  public init(_ settings: [String: CircuitBreaker.Settings]) {
    breakers = settings.mapValues { CircuitBreaker($0) }
  }

  /// Takes the readings of a moment; a breaker without a reading counts it as missing.
  ///
  /// - Parameters:
  ///   - readings: The readings by name; names without a breaker are ignored.
  ///   - time: The time of the readings.
  public mutating func observe(_ readings: [String: Double], at time: Timestamp) {
    observe(at: time) { name, _ in readings[name] }
  }

  /// Takes readings from where they are.
  mutating func observe(
    at time: Timestamp,
    _ reading: (_ name: String, _ kind: CircuitBreaker.Kind) -> Double?
  ) {
    var place = breakers.startIndex
    while place != breakers.endIndex {
      let (name, breaker) = breakers[place]
      breakers.values[place].observe(reading(name, breaker.settings.kind), at: time)
      breakers.formIndex(after: &place)
    }
  }

  /// Resets one breaker by hand.
  ///
  /// - Parameters:
  ///   - name: Its name; an unknown one changes nothing.
  ///   - time: The time of the reset.
  public mutating func reset(_ name: String, at time: Timestamp) {
    breakers[name]?.reset(at: time)
  }

  /// What may be done now; everything when there are no breakers.
  public var verdict: Verdict {
    let action = breakers.values.reduce(.trade) { max($0, $1.action) }
    if action == .trade { return Verdict(action: action, causes: []) }
    return Verdict(
      action: action, causes: breakers.filter { $0.value.action == action }.map(\.key).sorted())
  }
}
