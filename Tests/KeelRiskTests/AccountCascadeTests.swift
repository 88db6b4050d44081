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

@Suite struct AccountCascadeTests {
  /// Cash and positions beside ether at 2200, its perpetual at the same price.
  static func test(
    cash: Double,
    _ positions: [(AssetID, Double, Double)]
  ) throws -> StressTest {
    let assets: [AssetID] = ["USD", "ETH", "BTC"]
    let amounts = try assets.map { try Sample.amount($0 == "USD" ? cash : 0) }
    let account = try Account(
      cash: "USD", holdings: Holdings(universe: Universe(assets), amounts: amounts),
      positions: positions.map {
        .init($0.0, quantity: try Sample.amount($0.1), entryPrice: $0.2)
      })
    var market = try Sample.market(assets)
    market.quotes["ETH-PERP"] = .contract(price: 2200, funding: nil)
    return try StressTest(account: account, market: market, catalog: Catalog(Sample.listings()))
  }

  private static func fall(_ move: Double, of asset: AssetID = "ETH") -> Scenario {
    var scenario = Scenario("fall")
    scenario.spotMoves[asset] = move
    return scenario
  }

  /// Five ether long from 2200 with 3000 of cash and 1 % of margin are liquidated below 8000/4.95 = 1616.16. A fall of 27 % to
  /// 1606 sells 8030; at 1e-5 per cash that takes the price to 1606 exp(−0.0803) = 1482.07, past the level at 1500
  /// whose 20 000 make the end 1606 exp(−0.2803). Without the account nothing is sold.
  @Test func aPerpetualIsAsByHand() throws {
    let test = try Self.test(cash: 3000, [("ETH-PERP", 500, 2200)])
    let levels = [LiquidationCascade.Level(price: 1500, notional: 20_000)]
    let found = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.27), levels: levels, impactPerCash: 1e-5)
    expectClose(found.ownNotional, 8030, relative: 1e-12)
    expectClose(found.cascade.forcedNotional, 28_030, relative: 1e-12)
    expectClose(found.cascade.price, 1606 * exp(-0.2803), relative: 1e-12)
    #expect(found.liquidated == ["ETH-PERP"] && found.cascade.isComplete)
    #expect(found.cascade.roundCount == 3)
    expectClose(found.equity, 3000 + 5 * (1606 * exp(-0.2803) - 2200), relative: 1e-11)
    let alone = try LiquidationCascade(
      shock: -0.27, price: 2200, levels: levels, impactPerCash: 1e-5)
    #expect(alone.forcedNotional == 0)
    // Above the price of liquidation the account adds nothing until others push it there.
    let above = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.26), levels: levels, impactPerCash: 1e-5)
    #expect(above.ownNotional == 0 && above.liquidated.isEmpty)
    let pushed = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.26), levels: [.init(price: 1650, notional: 1000)],
      impactPerCash: 1e-5)
    expectClose(pushed.ownNotional, 5 * 1628 * exp(-0.01), relative: 1e-12)
    expectClose(
      log(pushed.cascade.price / 1628), -1e-5 * (1000 + 5 * 1628 * exp(-0.01)), absolute: 1e-13)
    // With half the depth the same cash moves the price twice as far.
    var thin = Self.fall(-0.27)
    thin.depthFactor = 0.5
    let half = try test.cascade(in: "ETH", scenario: thin, levels: [], impactPerCash: 1e-5)
    expectClose(half.cascade.price, 1606 * exp(-0.1606), relative: 1e-12)
  }

  /// 4 · 1.02 ether against 3150 owed: after a fall of 60 % to 880 the collateral is worth 3590.4 and counts 2872.32; 3307.5
  /// of it is sold with a penalty of 5 %. After one of 70 % all of it goes.
  @Test func aLoanIsAsByHand() throws {
    let test = try Self.test(cash: 0, [("ETH-LENT", 4, 0), ("USD-OWED", 3000, 0)])
    let found = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.6), levels: [], impactPerCash: 1e-5)
    expectClose(found.ownNotional, 3307.5, relative: 1e-12)
    expectClose(found.cascade.price, 880 * exp(-0.033075), relative: 1e-12)
    #expect(found.liquidated == ["ETH-LENT", "USD-OWED"])
    let all = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.7), levels: [], impactPerCash: 1e-5)
    expectClose(all.ownNotional, 4.08 * 660, relative: 1e-12)
    var free = AccountCascade.Settings()
    free.liquidationPenalty = 0
    let debt = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.6), levels: [], impactPerCash: 1e-5, settings: free)
    expectClose(debt.ownNotional, 3150, relative: 1e-12)
  }

  /// A short perpetual is bought back as the price rises; a short that gains from a fall pushes nothing.
  @Test func shortsPushUp() throws {
    let test = try Self.test(cash: 3000, [("ETH-PERP", -500, 2200)])
    let rise = try test.cascade(
      in: "ETH", scenario: Self.fall(0.3), levels: [], impactPerCash: 1e-5)
    expectClose(rise.ownNotional, 5 * 2860, relative: 1e-12)
    expectClose(rise.cascade.price, 2860 * exp(0.143), relative: 1e-12)
    let fall = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.3), levels: [], impactPerCash: 1e-5)
    #expect(fall.ownNotional == 0 && fall.cascade.price == 2200 * (1 + fall.cascade.move))
    // Liquidated by bitcoin, it buys ether, which a fall of ether does not feel.
    let both = try Self.test(cash: 3000, [("ETH-PERP", -100, 2200), ("BTC-MAR", 20, 40_800)])
    var crash = Self.fall(-0.05)
    crash.spotMoves["BTC"] = -0.3
    let opposite = try both.cascade(in: "ETH", scenario: crash, levels: [], impactPerCash: 1e-5)
    #expect(opposite.ownNotional == 0 && opposite.liquidated == ["BTC-MAR", "ETH-PERP"])
    let bitcoin = try both.cascade(in: "BTC", scenario: crash, levels: [], impactPerCash: 1e-9)
    expectClose(bitcoin.ownNotional, 2 * 40_800 * 0.7, relative: 0.02)
  }

  /// Without the account, or with nothing of it in the asset, no bit differs from the market's own cascade.
  @Test(arguments: 1...50)
  func zeroSizeChangesNothing(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let levels = (0..<20).map { _ in
      LiquidationCascade.Level(
        price: generator.uniform(1000...3500), notional: generator.uniform(0...1e4))
    }
    let shock = generator.uniform(-0.4...0.4)
    let scenario = Self.fall(shock)
    let plain = try LiquidationCascade(
      shock: 1 + shock - 1, price: 2200, levels: levels, impactPerCash: 4e-6)
    var settings = AccountCascade.Settings()
    settings.accountShare = 0
    let left = try Self.test(cash: 100, [("ETH-PERP", 500, 2200)]).cascade(
      in: "ETH", scenario: scenario, levels: levels, impactPerCash: 4e-6, settings: settings)
    #expect(left.ownNotional == 0 && left.cascade.price == plain.price)
    for cash in [0.0, 1e6] {
      let none = try Self.test(cash: cash, []).cascade(
        in: "ETH", scenario: scenario, levels: levels, impactPerCash: 4e-6)
      #expect(none.cascade == plain && none.liquidated.isEmpty)
    }
  }

  /// The same account several times over, with several times the cash: it is liquidated at the same price, and the end is
  /// further away the larger it is.
  @Test(arguments: 1...40)
  func largerAccountsPushFurther(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let levels = (0..<15).map { _ in
      LiquidationCascade.Level(
        price: generator.uniform(900...2200), notional: generator.uniform(0...2e4))
    }
    let scenario = Self.fall(generator.uniform(-0.5 ... -0.1))
    var last = (move: 0.0, own: -1.0)
    for size in [0.1, 0.5, 1, 2, 4, 8] {
      let test = try Self.test(
        cash: 2000 * size,
        [("ETH-PERP", 300 * size, 2200), ("ETH-LENT", 2 * size, 0), ("USD-OWED", 1800 * size, 0)])
      let found = try test.cascade(
        in: "ETH", scenario: scenario, levels: levels, impactPerCash: 3e-6)
      #expect(found.cascade.move <= last.move && found.ownNotional >= last.own, "size \(size)")
      last = (found.cascade.move, found.ownNotional)
    }
    #expect(last.own >= 0)
  }

  /// The end explains itself: the price by what was traded, and nothing more is liquidated there. Positions of every kind.
  @Test(arguments: 1...100)
  func endsAtAFixedPoint(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let test = try Self.test(
      cash: generator.uniform(0...8000),
      [
        ("ETH-PERP", generator.uniform(-400...600), 2100), ("BTC-MAR", 1, 39_000),
        ("ETH-2000-P", generator.uniform(-6...3), 0), ("ETH-2600-C", generator.uniform(-6...3), 0),
        ("ETH-LENT", generator.uniform(1...4), 0), ("USD-OWED", generator.uniform(0...4000), 0),
      ])
    let levels = (0..<10).map { _ in
      LiquidationCascade.Level(
        price: generator.uniform(1000...4000), notional: generator.uniform(0...1e4))
    }
    var scenario = Self.fall(generator.uniform(-0.6...0.6))
    scenario.spotMoves["BTC"] = generator.uniform(-0.4...0.4)
    scenario.volatilityShift = generator.uniform(0...0.8)
    let impact = generator.uniform(0...2e-5)
    let found = try test.cascade(
      in: "ETH", scenario: scenario, levels: levels, impactPerCash: impact)
    let shock = try #require(scenario.spotMoves["ETH"])
    let sign: Double = shock < 0 ? -1 : 1
    expectClose(
      log(found.cascade.price / 2200),
      log1p(shock) + sign * impact * found.cascade.forcedNotional, absolute: 1e-12)
    #expect(found.cascade.isComplete && found.cascade.roundCount <= levels.count + 7)
    #expect(found.ownNotional >= 0 && found.ownNotional <= found.cascade.forcedNotional)
    var end = scenario
    end.spotMoves["ETH"] = found.cascade.move
    let outcome = try test.outcome(of: end)
    #expect(Set(outcome.liquidated).isSubset(of: found.liquidated))
    expectClose(outcome.equity, found.equity, relative: 1e-10, absolute: 1e-6)
  }

  @Test func hostileInputIsRefused() throws {
    let test = try Self.test(cash: 3000, [("ETH-PERP", 500, 2200)])
    for asset: AssetID in ["USD", "DOGE"] {
      #expect(throws: RiskError.unknownInstrument(asset)) {
        try test.cascade(in: asset, scenario: Scenario("none"), levels: [], impactPerCash: 0)
      }
    }
    #expect(throws: RiskError.unknownProtocol("bridge")) {
      try test.cascade(
        in: "ETH", scenario: .failure(of: "bridge", lossGivenFailure: 1), levels: [],
        impactPerCash: 0)
    }
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: RiskError.self) {
        try test.cascade(
          in: "ETH", scenario: Self.fall(-0.3), levels: [], impactPerCash: number)
      }
      for path in [
        \AccountCascade.Settings.accountShare, \AccountCascade.Settings.liquidationPenalty,
      ] {
        var settings = AccountCascade.Settings()
        settings[keyPath: path] = number
        let hostile = settings
        #expect(throws: RiskError.self) {
          try test.cascade(
            in: "ETH", scenario: Self.fall(-0.3), levels: [], impactPerCash: 0, settings: hostile)
        }
      }
    }
    // An impact that no price survives ends at nothing, in bounded rounds.
    let end = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.3), levels: [], impactPerCash: 1e6)
    #expect(end.cascade.price == 0 && end.cascade.isComplete)
    var settings = AccountCascade.Settings()
    settings.maximumRounds = 1
    let stopped = try test.cascade(
      in: "ETH", scenario: Self.fall(-0.3), levels: [], impactPerCash: 1e-5, settings: settings)
    #expect(!stopped.cascade.isComplete && stopped.cascade.roundCount == 1)
  }

  /// Ether that does not move: an account that must sell it because of bitcoin pushes it down, one that must buy it up,
  /// and what stands still hits no level.
  @Test func withoutAMoveTheAccountMovesFirst() throws {
    var crash = Scenario("bitcoin")
    crash.spotMoves["BTC"] = -0.3
    let levels = [
      LiquidationCascade.Level(price: 2150, notional: 5000),
      LiquidationCascade.Level(price: 2250, notional: 7000),
    ]
    for (quantity, sign) in [(100.0, -1.0), (-100, 1)] {
      let test = try Self.test(
        cash: 3000, [("ETH-PERP", quantity, 2200), ("BTC-MAR", 20, 40_800)])
      let found = try test.cascade(in: "ETH", scenario: crash, levels: levels, impactPerCash: 2e-5)
      // One ether is traded by force: 2200 of cash move the price by 4.4 %, past one level.
      let other = sign < 0 ? 5000.0 : 7000
      expectClose(found.ownNotional, 2200, relative: 1e-12)
      expectClose(found.cascade.forcedNotional, 2200 + other, relative: 1e-12)
      expectClose(
        found.cascade.price, 2200 * exp(sign * 2e-5 * (2200 + other)), relative: 1e-12)
      #expect(found.cascade.amplification == .infinity && found.cascade.isComplete)
    }
    // Nobody moves it: nothing happens, though levels stand at the price.
    let calm = try Self.test(cash: 30_000, [("ETH-PERP", 100, 2200)])
    let still = try calm.cascade(
      in: "ETH", scenario: Scenario("none"), levels: [.init(price: 2200, notional: 1e6)],
      impactPerCash: 1)
    #expect(still.cascade.move == 0 && still.cascade.amplification == 1)
    #expect(still.cascade.forcedNotional == 0 && still.liquidated.isEmpty)
    // Liquidation that is due today sells today.
    let due = try Self.test(cash: 10, [("ETH-PERP", 100, 2200)])
    let today = try due.cascade(
      in: "ETH", scenario: Scenario("none"), levels: [], impactPerCash: 1e-5)
    expectClose(today.cascade.price, 2200 * exp(-0.022), relative: 1e-12)
    #expect(today.liquidated == ["ETH-PERP"])
  }
}
