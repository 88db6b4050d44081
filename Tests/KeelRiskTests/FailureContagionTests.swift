import KeelRisk
import KeelTestSupport
import Testing

@Suite struct FailureContagionTests {
  /// A chain of three, by hand: the lender loses 60 of its 50, the fund 20 of its 30 and then 15 more.
  private static func chain() throws -> FailureContagion {
    try FailureContagion(
      buffers: ["bridge": 10, "lender": 50, "fund": 30, "venue": 100],
      claims: [
        ProtocolClaim("lender", on: "bridge", amount: 100, lossGivenFailure: 0.6),
        ProtocolClaim("fund", on: "bridge", amount: 20, lossGivenFailure: 1),
        ProtocolClaim("fund", on: "lender", amount: 30, lossGivenFailure: 0.5),
        ProtocolClaim("venue", on: "fund", amount: 80, lossGivenFailure: 1),
      ])
  }

  @Test func roundsByHand() throws {
    let outcome = try Self.chain().outcome(of: ["bridge"])
    #expect(outcome.losses.map(\.name) == ["bridge", "fund", "lender", "venue"])
    #expect(outcome.losses.map(\.round) == [0, 2, 1, nil])
    #expect(outcome.losses.map(\.loss) == [0, 35, 60, 80])
    #expect(outcome.failed == ["bridge", "lender", "fund"] && outcome.roundCount == 2)
    let scenario = outcome.scenario("contagion", lossGivenFailure: 0.7)
    #expect(scenario.failures == ["bridge": 0.7, "lender": 0.7, "fund": 0.7])
    // A shock that takes the rest of the venue's buffer.
    let shocked = try Self.chain().outcome(of: ["bridge"], shocks: ["venue": 20])
    #expect(shocked.failed == ["bridge", "lender", "fund", "venue"])
    #expect(shocked.losses[3].loss == 100 && shocked.losses[3].round == 3)
    #expect(try Self.chain().outcome(of: []).failed == [])
    #expect(try Self.chain().outcome(of: [], shocks: ["lender": 50]).failed == ["lender"])
  }

  /// Two that lend to each other survive unless both are thought to fail.
  @Test func runsJustifyThemselves() throws {
    let pair = try FailureContagion(
      buffers: ["A": 10, "B": 10, "C": 10],
      claims: [
        ProtocolClaim("A", on: "B", amount: 20, lossGivenFailure: 0.5),
        ProtocolClaim("B", on: "A", amount: 20, lossGivenFailure: 0.5),
        ProtocolClaim("C", on: "A", amount: 9, lossGivenFailure: 1),
      ])
    #expect(try pair.outcome(of: []).failed == [])
    let run = try pair.outcome(of: [], fixedPoint: .greatest)
    #expect(run.failed == ["A", "B"] && run.losses[2].loss == 9 && run.losses[2].round == nil)
  }

  /// All sets of failures are tried: the fixed points found are the least and the greatest of those that hold themselves up.
  @Test(arguments: 1...12) func enumerationFindsTheSameFixedPoints(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 7
    let names = (0..<count).map { "P\($0)" }
    var claims: [ProtocolClaim] = []
    for i in 0..<count {
      for j in 0..<count where i != j && generator.uniform() < 0.4 {
        claims.append(
          ProtocolClaim(
            names[i], on: names[j], amount: generator.uniform(0...20),
            lossGivenFailure: generator.uniform()))
      }
    }
    let buffers = names.map { _ in generator.uniform(1...15) }
    let contagion = try FailureContagion(
      buffers: Dictionary(uniqueKeysWithValues: zip(names, buffers)),
      claims: claims.shuffled(using: &generator))
    let first = Int.random(in: 0..<count, using: &generator)
    var fixed: [Int] = []
    for set in 0..<(1 << count) where set >> first & 1 == 1 {
      var next = 1 << first
      for i in 0..<count {
        let loss = claims.filter { $0.holder == names[i] }.reduce(0) { sum, claim in
          let debtor = names.firstIndex(of: claim.debtor) ?? 0
          return set >> debtor & 1 == 1 ? sum + claim.amount * claim.lossGivenFailure : sum
        }
        if loss >= buffers[i] { next |= 1 << i }
      }
      if next == set { fixed.append(set) }
    }
    let meet = fixed.reduce((1 << count) - 1, &)
    let join = fixed.reduce(0, |)
    func number(_ outcome: FailureContagion.Outcome) -> Int {
      outcome.losses.indices.reduce(0) { outcome.losses[$1].round == nil ? $0 : $0 | 1 << $1 }
    }
    let least = try contagion.outcome(of: [names[first]])
    let greatest = try contagion.outcome(of: [names[first]], fixedPoint: .greatest)
    #expect(number(least) == meet && fixed.contains(meet))
    #expect(number(greatest) == join && fixed.contains(join))
    // Larger buffers never let more fail.
    let safer = try FailureContagion(
      buffers: Dictionary(uniqueKeysWithValues: zip(names, buffers.map { $0 * 1.3 })),
      claims: claims)
    #expect(number(try safer.outcome(of: [names[first]])) & ~meet == 0)
  }

  @Test func badGraphsAreRefused() throws {
    #expect(throws: RiskError.self) { try FailureContagion(buffers: [:], claims: []) }
    for number in [Double.nan, 0, -1] {
      #expect(throws: RiskError.self) { try FailureContagion(buffers: ["A": number], claims: []) }
    }
    #expect(
      try FailureContagion(buffers: ["A": .infinity], claims: [])
        .outcome(of: [], shocks: ["A": 1e300]).failed == [])
    func refuses(_ claim: ProtocolClaim) {
      #expect(throws: RiskError.self) {
        try FailureContagion(buffers: ["A": 1, "B": 1], claims: [claim])
      }
    }
    refuses(ProtocolClaim("A", on: "A", amount: 1, lossGivenFailure: 1))
    refuses(ProtocolClaim("A", on: "C", amount: 1, lossGivenFailure: 1))
    refuses(ProtocolClaim("C", on: "A", amount: 1, lossGivenFailure: 1))
    for number in [Double.nan, .infinity, -1] {
      refuses(ProtocolClaim("A", on: "B", amount: number, lossGivenFailure: 1))
      refuses(ProtocolClaim("A", on: "B", amount: 1, lossGivenFailure: number))
    }
    let pair = try FailureContagion(buffers: ["A": 1, "B": 1], claims: [])
    #expect(throws: RiskError.unknownProtocol("C")) { try pair.outcome(of: ["C"]) }
    #expect(throws: RiskError.unknownProtocol("C")) {
      try pair.outcome(of: ["A"], shocks: ["C": 1])
    }
    #expect(throws: RiskError.self) { try pair.outcome(of: ["A"], shocks: ["B": -1]) }
  }

  /// Names are looked up by what they are, not one after the other.
  @Test func manyProtocols() throws {
    let names = (0..<20_000).map { "P\($0)" }
    let set = try FailureContagion(
      buffers: Dictionary(uniqueKeysWithValues: names.map { ($0, 2) }),
      claims: names.indices.dropLast().map {
        ProtocolClaim(names[$0 + 1], on: names[$0], amount: 1, lossGivenFailure: 1)
      })
    let given = Set(names.indices.filter { $0.isMultiple(of: 2) }.map { names[$0] })
    let shocks = Dictionary(uniqueKeysWithValues: names.map { ($0, 0.5) })
    let outcome = try set.outcome(of: given, shocks: shocks)
    #expect(Set(outcome.failed) == given)
    #expect(outcome.losses.filter { $0.loss == 1.5 }.count == 10_000)
    #expect(throws: RiskError.unknownProtocol("P20000")) { try set.outcome(of: ["P20000"]) }
  }

  /// Claims that add to more than the largest number are refused, and infinite buffers hold.
  @Test func sumsThatOverflowAreRefused() throws {
    let claims = ["B", "C"].map {
      ProtocolClaim("A", on: $0, amount: 1e308, lossGivenFailure: 1)
    }
    let buffers = ["A": Double.infinity, "B": 1, "C": 1]
    #expect(throws: RiskError.self) { try FailureContagion(buffers: buffers, claims: claims) }
    let one = try FailureContagion(buffers: buffers, claims: Array(claims.prefix(1)))
    #expect(throws: RiskError.self) { try one.outcome(of: ["B"], shocks: ["A": 1e308]) }
    #expect(try one.outcome(of: ["B"], shocks: ["A": 5e307]).failed == ["B"])
  }
}
