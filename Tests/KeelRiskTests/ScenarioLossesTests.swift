import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

/// Losses of many scenarios: the same bits as one at a time, on any threads and in any split.
@Suite struct ScenarioLossesTests {
  private static func scenarios(_ count: Int, seed: UInt64) -> [Scenario] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { number in
      var scenario = Scenario("\(number)")
      scenario.spotMoves = [
        "BTC": generator.uniform(-0.7...0.8), "ETH": generator.uniform(-0.7...0.8),
      ]
      scenario.pegMoves = number % 3 == 0 ? [:] : ["USDC": generator.uniform(-0.3...0.01)]
      scenario.commonMoveFraction = number % 2 == 0 ? 0 : generator.uniform()
      scenario.volatilityFactor = generator.uniform(0...3)
      scenario.volatilityShift = generator.uniform(-0.3...1)
      scenario.volatilitySkewShift = number % 4 == 1 ? generator.uniform(-0.5...0.5) : 0
      scenario.volatilityTermExponent = number % 5 == 1 ? 0.5 : 0
      scenario.fundingShift = generator.uniform(-1...1)
      scenario.rateShift = generator.uniform(-0.05...0.05)
      scenario.elapsedYears = number % 7 == 2 ? generator.uniform(0...0.3) : 0
      if number % 6 == 5 { scenario.failures = ["lender": 0.4, "venue": 0.2] }
      return scenario
    }
  }

  @Test func lossesAreThoseOfOutcomes() throws {
    let test = try Sample.test()
    let scenarios = Self.scenarios(400, seed: 3)
    let losses = try test.losses(in: scenarios)
    #expect(losses == (try scenarios.map { try test.outcome(of: $0).loss }))
    #expect(try test.losses(in: []) == [])
    for width in [2, 7] {
      #expect(try test.losses(in: scenarios, on: BoundedPool(width: width)) == losses)
    }
    let parts = [0..<1, 1..<130, 130..<400].map { Array(scenarios[$0]) }
    #expect(try parts.flatMap { try test.losses(in: $0) } == losses)
  }

  /// S moves of two assets from a counter-based stream; row s depends on s alone.
  private static func moves(_ rows: Range<Int>) throws -> ScenarioSet {
    let streams = [RandomStream(seed: 9, stream: 0), RandomStream(seed: 9, stream: 1)]
    var columns: [[Double]] = []
    for stream in streams {
      columns.append(rows.map { 0.25 * stream.normal(at: UInt64($0)) })
    }
    return try ScenarioSet(universe: Universe(["ETH", "BTC"]), outcomes: Matrix(columns: columns))
  }

  /// The hash of a stress job does not depend on threads or on a split at blocks of 4096 paths.
  @Test func hashesAgreeOnAnyThreadsAndSplits() throws {
    #if DEBUG
      let count = 2 * 4096 + 100
    #else
      let count = 1_000_000
    #endif
    let listing = try Sample.option("ETH-2000-P", .put, strike: 2000, days: 90)
    let account = try Sample.account(positions: [
      .init("ETH-2000-P", quantity: Sample.amount(-5)),
      .init("ETH-PERP", quantity: Sample.amount(-250), entryPrice: 2100),
    ])
    let test = try StressTest(
      account: account, market: Sample.market(),
      catalog: Catalog(Sample.listings().filter { $0.id != listing.id } + [listing]))
    var beside = Scenario("beside")
    beside.volatilityShift = 0.2
    let moves = try Self.moves(0..<count)
    func hash(_ losses: [Double]) -> UInt64 {
      losses.reduce(0xcbf2_9ce4_8422_2325) {
        ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3
      }
    }
    let plain = hash(try test.losses(in: moves, unit: .logarithm, beside: beside))
    for width in [1, 2, 7] {
      let pooled = try test.losses(
        in: moves, unit: .logarithm, beside: beside, on: BoundedPool(width: width))
      #expect(pooled.count == count && hash(pooled) == plain)
    }
    for block in [4096, 3 * 4096] {
      var losses: [Double] = []
      for start in stride(from: 0, to: count, by: block) {
        losses += try test.losses(
          in: Self.moves(start..<min(start + block, count)), unit: .logarithm, beside: beside)
      }
      #expect(hash(losses) == plain)
    }
  }

  @Test func movesAreScenarios() throws {
    let test = try Sample.test()
    let moves = try Self.moves(0..<50)
    var beside = Scenario("beside")
    beside.otherSpotMove = -0.1
    beside.commonMoveFraction = 0.5
    beside.pegMoves["USDC"] = -0.02
    beside.volatilityShift = 0.3
    let losses = try test.losses(in: moves, unit: .fraction, beside: beside)
    for row in 0..<50 {
      var scenario = beside
      scenario.commonMoveFraction = 0
      scenario.spotMoves = ["ETH": moves.outcomes[row, 0], "BTC": moves.outcomes[row, 1]]
      #expect(losses[row] == (try test.outcome(of: scenario).loss))
    }
    let fall = try ScenarioSet(universe: Universe(["ETH"]), outcomes: Matrix(columns: [[0, -1]]))
    #expect(throws: RiskError.self) { try test.losses(in: fall, unit: .fraction) }
    for asset: AssetID in ["USD", "DOGE"] {
      let other = try ScenarioSet(universe: Universe([asset]), outcomes: Matrix(columns: [[0.1]]))
      #expect(throws: RiskError.unknownInstrument(asset)) {
        try test.losses(in: other, unit: .fraction)
      }
    }
  }

  @Test func outcomesAgreeOnAnyThreads() throws {
    let listings = try Sample.listings()
    let market = try Sample.market()
    let scenarios = Self.scenarios(600, seed: 5).map { scenario in
      var claims = scenario
      claims.failures = scenario.failures.isEmpty ? [:] : ["lender": 0.4]
      claims.pegMoves = [:]
      return claims
    }
    let plain = try Scenario.outcomes(in: scenarios, of: listings, market: market, cash: "USD")
    for width in [2, 7] {
      let pooled = try Scenario.outcomes(
        in: scenarios, of: listings, market: market, cash: "USD", on: BoundedPool(width: width))
      #expect(pooled == plain)
    }
    let moves = try Self.moves(0..<300)
    let weighted = try ScenarioSet(
      universe: moves.universe, outcomes: moves.outcomes,
      probabilities: [0.5] + [Double](repeating: 0.5 / 299, count: 299))
    let simulated = try Scenario.outcomes(
      in: weighted, unit: .fraction, of: listings, market: market, cash: "USD",
      on: BoundedPool(width: 2))
    #expect(simulated.probabilities == weighted.probabilities)
    let single = try Scenario.outcomes(
      in: (0..<300).map { row in
        var scenario = Scenario("\(row)")
        scenario.spotMoves = ["ETH": moves.outcomes[row, 0], "BTC": moves.outcomes[row, 1]]
        return scenario
      }, of: listings, market: market, cash: "USD")
    #expect(simulated.outcomes == single.outcomes && simulated.universe == single.universe)
  }
}
