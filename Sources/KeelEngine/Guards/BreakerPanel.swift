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
    for name in breakers.keys { breakers[name]?.observe(readings[name], at: time) }
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
    let action = breakers.values.map(\.action).max() ?? .trade
    let causes =
      action == .trade ? [] : breakers.filter { $0.value.action == action }.map(\.key).sorted()
    return Verdict(action: action, causes: causes)
  }
}
