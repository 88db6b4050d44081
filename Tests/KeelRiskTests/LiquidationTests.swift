import KeelData
import KeelDerivatives
import KeelMarkets
import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct LiquidationTests {
  private static func test(
    cash: Double,
    positions: [Account.Position],
    assets: [AssetID] = ["USD", "ETH"]
  ) throws -> StressTest {
    let amounts = try assets.map { try Sample.amount($0 == "USD" ? cash : 0) }
    let account = try Account(
      cash: "USD", holdings: Holdings(universe: Universe(assets), amounts: amounts),
      positions: positions)
    var market = try Sample.market()
    market.quotes["ETH-PERP"] = .contract(price: 2200, funding: nil)
    return try StressTest(account: account, market: market, catalog: Catalog(Sample.listings()))
  }

  @Test func agreesWithTheMarginFormula() throws {
    for (quantity, direction) in [
      (500.0, LiquidationDistance.Direction.fall), (-500, .rise),
    ] {
      let test = try Self.test(
        cash: 3000,
        positions: [
          .init("ETH-PERP", quantity: try Sample.amount(quantity), entryPrice: 2200)
        ])
      let position = try MarginedPosition(
        position: FuturesPosition(
          contract: .linear(coinPerContract: 0.01), quantity: quantity, entryPrice: 2200),
        margin: 3000, tiers: .flat(0.01))
      let price = try #require(position.liquidationPrice)
      let found = try test.liquidationDistance(of: .asset("ETH"), direction: direction)
      expectClose(try #require(found.move), price / 2200 - 1, relative: 1e-12)
      let together = try test.liquidationDistance(
        of: .everything(pegged: ["USDC"]), direction: direction)
      #expect(together.move == found.move)
      let other: LiquidationDistance.Direction = direction == .fall ? .rise : .fall
      #expect(try test.liquidationDistance(of: .asset("ETH"), direction: other).move == nil)
      #expect(try test.liquidationDistance(of: .asset("BTC"), direction: direction).move == nil)
    }
  }

  @Test func agreesWithTheHealthFactor() throws {
    let test = try Self.test(
      cash: 0,
      positions: [
        .init("ETH-LENT", quantity: try Sample.amount(4)),
        .init("USD-OWED", quantity: try Sample.amount(3000)),
      ])
    let found = try test.liquidationDistance(of: .asset("ETH"), direction: .fall)
    expectClose(
      try #require(found.move), 3150 / (0.8 * 4 * 1.02 * 2200) - 1, relative: 1e-12)
  }

  /// Short straddle against cash: both sides liquidate it, the call by its delta, the put by its own.
  @Test func optionsBendTheGap() throws {
    let test = try Self.test(
      cash: 6000,
      positions: [
        .init("ETH-2000-P", quantity: try Sample.amount(-5)),
        .init("ETH-2600-C", quantity: try Sample.amount(-5)),
      ])
    for direction in LiquidationDistance.Direction.allCases {
      let move = try #require(
        try test.liquidationDistance(of: .asset("ETH"), direction: direction).move)
      #expect((move < 0) == (direction == .fall) && move.magnitude > 0.05)
      func ratio(_ move: Double) throws -> Double {
        var scenario = Scenario("check")
        scenario.spotMoves["ETH"] = move
        return try test.outcome(of: scenario).marginRatio
      }
      expectClose(try ratio(move), 1, relative: 1e-9)
      #expect(try ratio(move * 0.999) > 1 && ratio(move * 1.001) < 1)
    }
  }

  @Test func whatIsDueIsDueNow() throws {
    let test = try Self.test(
      cash: 1,
      positions: [.init("ETH-PERP", quantity: try Sample.amount(500), entryPrice: 2200)])
    #expect(try test.liquidationDistance(of: .asset("ETH"), direction: .fall).move == 0)
    #expect(throws: RiskError.unknownInstrument("DOGE")) {
      try test.liquidationDistance(of: .asset("DOGE"), direction: .fall)
    }
    var settings = LiquidationDistance.Settings()
    settings.largestFall = .nan
    let hostile = settings
    #expect(throws: RiskError.self) {
      try test.liquidationDistance(of: .asset("ETH"), direction: .fall, settings: hostile)
    }
  }

  @Test func cascadesEndAtAFixedPoint() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      let levels = (0..<40).map { _ in
        LiquidationCascade.Level(
          price: generator.uniform(40...160), notional: generator.uniform(0...10))
      }
      let shock = generator.uniform(-0.5...0.5)
      let impact = generator.uniform(0...0.003)
      let cascade = try LiquidationCascade(
        shock: shock, price: 100, levels: levels, impactPerCash: impact)
      // The forced trades at the end are those that the end sets off, and they explain it.
      let sign: Double = shock < 0 ? -1 : 1
      let hit = levels.filter {
        sign * ($0.price - 100) > 0 && sign * ($0.price - cascade.price) <= 0
      }
      expectClose(cascade.forcedNotional, hit.reduce(0) { $0 + $1.notional }, relative: 1e-12)
      expectClose(
        log(cascade.price / 100), log1p(shock) + sign * impact * cascade.forcedNotional,
        absolute: 1e-12)
      #expect(cascade.isComplete && cascade.roundCount <= levels.count + 1)
      #expect(cascade.amplification >= 1 - 1e-12)
      let mixed = try LiquidationCascade(
        shock: shock, price: 100, levels: levels.shuffled(using: &generator),
        impactPerCash: impact)
      #expect(mixed == cascade)
    }
  }

  @Test func cascadesReportTheirLimit() throws {
    let levels = (1...50).map { LiquidationCascade.Level(price: 100 - Double($0), notional: 1) }
    var settings = LiquidationCascade.Settings()
    settings.maximumRounds = 3
    let cascade = try LiquidationCascade(
      shock: -0.011, price: 100, levels: levels, impactPerCash: 0.011, settings: settings)
    #expect(!cascade.isComplete && cascade.roundCount == 3)
    let full = try LiquidationCascade(
      shock: -0.011, price: 100, levels: levels, impactPerCash: 0.011)
    #expect(full.isComplete && full.price < cascade.price)
    let none = try LiquidationCascade(shock: 0, price: 100, levels: levels, impactPerCash: 1)
    #expect(none.move == 0 && none.amplification == 1 && none.forcedNotional == 0)
    for number in [Double.nan, .infinity, 1e300, -2] {
      #expect(throws: RiskError.self) {
        try LiquidationCascade(shock: number, price: 100, levels: levels, impactPerCash: 1)
      }
    }
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: RiskError.self) {
        try LiquidationCascade(shock: -0.1, price: number, levels: levels, impactPerCash: 1)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade(shock: -0.1, price: 100, levels: levels, impactPerCash: number)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade(
          shock: -0.1, price: 100, levels: [.init(price: number, notional: 1)], impactPerCash: 1)
      }
    }
  }
}
