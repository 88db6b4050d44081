import Foundation
import KeelData
import KeelEngine
import KeelTestSupport
import Testing

@Suite struct CircuitBreakerTests {
  private let second: Int64 = 1_000_000_000

  private func time(_ seconds: Int) -> Timestamp {
    Timestamp(nanosecondsSinceEpoch: Int64(seconds) * second)
  }

  private func settings(
    _ kind: CircuitBreaker.Kind = .drawdown,
    action: CircuitBreaker.Action = .halt,
    latches: Bool = false,
    coolDown: Int64 = 3
  ) throws -> CircuitBreaker.Settings {
    // A health factor and its like are bad below their level.
    let isBelow = [.healthFactor, .margin, .depth].contains(kind)
    return try CircuitBreaker.Settings(
      kind: kind, direction: isBelow ? .below : .above, tripLevel: 1,
      resumeLevel: isBelow ? 1.5 : 0.5, warmUpReadings: 2,
      coolDownNanoseconds: coolDown * second, action: action, latches: latches)
  }

  private var isDebug: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  private enum Input: CaseIterable { case fine, breach, missing, notANumber }

  private func reading(_ input: Input, _ direction: CircuitBreaker.Direction) -> Double? {
    switch input {
    case .fine: direction == .above ? 0.1 : 2
    case .breach: direction == .above ? 2 : 0.1
    case .missing: nil
    case .notANumber: .nan
    }
  }

  /// All sequences of a length over the inputs.
  private func sequences(_ length: Int) -> [[Input]] {
    (0..<length).reduce([[]]) { sequences, _ in
      sequences.flatMap { sequence in Input.allCases.map { sequence + [$0] } }
    }
  }

  /// Every sequence of seven inputs, five in debug builds, against what the rules say in words.
  @Test(arguments: CircuitBreaker.Kind.allCases, [false, true])
  func everySequenceObeysTheRules(kind: CircuitBreaker.Kind, latches: Bool) throws {
    let settings = try settings(kind, latches: latches)
    for sequence in sequences(isDebug ? 5 : 7) {
      var breaker = CircuitBreaker(settings)
      for (i, input) in sequence.enumerated() {
        breaker.observe(reading(input, settings.direction), at: time(i))
        let good = sequence[...i].reversed().prefix { $0 == .fine }.count
        let hasTripped = isTripped(before: i - good, sequence)
        let allowed =
          hasTripped ? !latches && good > 3 : good >= 2
        guard (breaker.action == .trade) == allowed else {
          Issue.record("\(sequence[...i]): \(breaker.state)")
          return
        }
      }
    }
  }

  /// Whether the breaker was armed, and tripped, up to a place: two good readings followed by another.
  private func isTripped(before place: Int, _ sequence: [Input]) -> Bool {
    guard place >= 2 else { return false }
    return (2...place).contains { sequence[$0 - 1] == .fine && sequence[$0 - 2] == .fine }
  }

  /// Every pair of breakers over every sequence of inputs: the more severe one decides.
  @Test func everyPairIsAsSevereAsItsWorst() throws {
    for (first, second) in [
      (CircuitBreaker.Action.reduceOnly, CircuitBreaker.Action.halt), (.halt, .contingency),
      (.reduceOnly, .contingency), (.halt, .halt),
    ] {
      let panelSettings = [
        "a": try settings(.gas, action: first), "b": try settings(.healthFactor, action: second),
      ]
      let all = sequences(isDebug ? 3 : 4)
      for left in all {
        for right in all {
          var panel = BreakerPanel(panelSettings)
          for i in left.indices {
            var readings: [String: Double] = [:]
            readings["a"] = reading(left[i], .above)
            readings["b"] = reading(right[i], .below)
            panel.observe(readings, at: time(i))
            let actions = panel.breakers.values.map(\.action)
            let verdict = panel.verdict
            let trades = verdict.action == .trade
            guard verdict.action == actions.max(), trades == verdict.causes.isEmpty else {
              Issue.record("\(left) \(right)")
              return
            }
          }
        }
      }
    }
  }

  @Test func hysteresisAndCoolDownKeepItFromFlapping() throws {
    var breaker = CircuitBreaker(try settings())
    breaker.observe(0.1, at: time(0))
    breaker.observe(0.1, at: time(1))
    #expect(breaker.state == .armed)
    breaker.observe(1.01, at: time(2))
    #expect(breaker.state == .tripped(since: time(2), reason: .breach(1.01)))
    // Below the trip level, above the level that resumes.
    breaker.observe(0.8, at: time(3))
    #expect(breaker.action == .halt)
    breaker.observe(0.5, at: time(10))
    breaker.observe(0.4, at: time(12))
    #expect(
      breaker.state
        == .recovering(since: time(2), from: time(10), reason: .breach(1.01)))
    breaker.observe(0.6, at: time(13))
    #expect(breaker.state == .tripped(since: time(2), reason: .breach(1.01)))
    breaker.observe(0.5, at: time(14))
    breaker.observe(0.5, at: time(17))
    #expect(breaker.state == .armed)
    // While armed, a reading between the levels is fine.
    breaker.observe(0.9, at: time(18))
    #expect(breaker.action == .trade)
  }

  @Test func clockAndResets() throws {
    var breaker = CircuitBreaker(try settings(latches: true))
    for i in 0..<2 { breaker.observe(0.1, at: time(i)) }
    breaker.observe(0.1, at: time(0))
    #expect(breaker.state == .latched(since: time(1), reason: .clockWentBack))
    for i in 2..<100 { breaker.observe(0.1, at: time(i)) }
    #expect(breaker.action == .halt)
    breaker.reset(at: time(100))
    #expect(breaker.state == .warmingUp(seen: 0))
    breaker.observe(0.1, at: time(101))
    breaker.observe(0.1, at: time(102))
    #expect(breaker.action == .trade)
    for hostile in hostileNumbers where !hostile.isFinite {
      var other = breaker
      other.observe(hostile, at: time(103))
      #expect(other.action == .halt)
    }
    // The largest span of time does not overflow.
    var long = CircuitBreaker(try settings(coolDown: 1))
    long.observe(0.1, at: .distantPast)
    long.observe(0.1, at: .distantPast)
    long.observe(nil, at: .distantPast)
    long.observe(0.1, at: .distantPast)
    long.observe(0.1, at: .distantFuture)
    #expect(long.state == .armed)
  }

  @Test func badSettingsAreRefused() throws {
    func make(
      trip: Double = 1, resume: Double = 0.5, warmUp: Int = 1, coolDown: Int64 = 0,
      action: CircuitBreaker.Action = .halt
    ) throws -> CircuitBreaker.Settings {
      try CircuitBreaker.Settings(
        kind: .gas, direction: .above, tripLevel: trip, resumeLevel: resume,
        warmUpReadings: warmUp, coolDownNanoseconds: coolDown, action: action, latches: false)
    }
    #expect(throws: EngineError.self) { try make(trip: .nan) }
    #expect(throws: EngineError.self) { try make(resume: 1.1) }
    #expect(throws: EngineError.self) { try make(resume: .nan) }
    #expect(throws: EngineError.self) { try make(warmUp: 0) }
    #expect(throws: EngineError.self) { try make(coolDown: -1) }
    #expect(throws: EngineError.self) { try make(action: .trade) }
    let panel = BreakerPanel(["gas": try make(), "peg": try settings(.depeg)])
    let decoded = try JSONDecoder().decode(BreakerPanel.self, from: JSONEncoder().encode(panel))
    #expect(decoded == panel)
    #expect(BreakerPanel([:]).verdict.action == .trade)
  }
}
