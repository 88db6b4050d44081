import Foundation
import KeelBacktesting
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

/// A market of two coins and every kind of contract on one of them, day by day.
private struct Desk {
  static let start = Timestamp(nanosecondsSinceEpoch: 1_577_836_800_000_000_000)

  static var universe: Universe { get throws { try Universe(["USD", "BTC", "ETH"]) } }

  static func catalog() throws -> Catalog {
    let tiers = try MaintenanceTiers.flat(0.02)
    let expiry = try start.advanced(byDays: 45)
    return try Catalog([
      Listing(
        "PERP", .perpetual(.linear(coinPerContract: 0.01), underlying: "BTC", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      Listing(
        "INVERSE", .perpetual(.inverse(cashPerContract: 100), underlying: "BTC", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      Listing(
        "FUTURE",
        .future(.linear(coinPerContract: 0.01), underlying: "BTC", expiry: expiry, margin: tiers),
        costFraction: 0.0005, gas: 0),
      Listing(
        "CALL",
        .option(
          ListedOption(.call, strike: 9000, expiry: expiry, underlying: "BTC", settings: .init())),
        costFraction: 0.001, gas: 0),
      Listing(
        "POOL", .pool(asset: "BTC", lowerPrice: 5000, upperPrice: 12_000, feeFraction: 0.003),
        protocolName: "pools", costFraction: 0.003, gas: 5),
      Listing(
        "LENT", .deposit(asset: "BTC", liquidationThreshold: 0.7), protocolName: "lender",
        costFraction: 0, gas: 1),
      Listing("OWED", .loan(asset: "USD"), protocolName: "lender", costFraction: 0, gas: 1),
      Listing(
        "PRINCIPAL", .principalToken(asset: "BTC", maturity: expiry), protocolName: "splitter",
        costFraction: 0.001, gas: 1),
      Listing(
        "YIELD", .yieldToken(asset: "BTC", maturity: expiry), protocolName: "splitter",
        costFraction: 0.001, gas: 1),
    ])
  }

  static func markets(days: Int, seed: UInt64, volatility: Double = 0.02) throws
    -> [MarketSnapshot]
  {
    var generator = SeededGenerator(seed: seed)
    var (coin, other) = (8_000.0, 150.0)
    return try (0..<days).map { day in
      if day > 0 {
        coin *= exp(volatility * (generator.uniform(-1...1) + generator.uniform(-1...1)))
        other *= exp(volatility * (generator.uniform(-1...1) + generator.uniform(-1...1)))
      }
      var market = MarketSnapshot(
        time: try start.advanced(byDays: day), universe: try universe, prices: [1, coin, other],
        rate: 0.03)
      let funding = FundingRate(
        fraction: generator.uniform(-0.0003...0.0005), interval: .eightHours,
        whenPositive: .longPaysShort)
      market.quotes = [
        "PERP": .contract(price: coin * 1.0003, funding: funding),
        "INVERSE": .contract(price: coin * 1.0002, funding: funding),
        "FUTURE": .contract(price: coin * (1 + 0.0002 * Double(max(45 - day, 0))), funding: nil),
        "CALL": .option(volatility: generator.uniform(0.5...0.9), carryYield: 0),
        "POOL": .pool(volumePerYear: 1e9, activeLiquidity: 1e5),
        "LENT": .lending(index: 1 + 0.0001 * Double(day), ratePerYear: 0.0365),
        "OWED": .lending(index: 1 + 0.0002 * Double(day), ratePerYear: 0.073),
        "PRINCIPAL": .yieldSplit(
          index: 1 + 0.0001 * Double(day), ratePerYear: 0.0365, impliedRate: 0.05),
        "YIELD": .yieldSplit(
          index: 1 + 0.0001 * Double(day), ratePerYear: 0.0365, impliedRate: 0.05),
      ]
      return market
    }
  }

  static func amount(_ value: Double) throws -> Amount {
    try Amount(value, decimals: 8, rounding: .towardZero)
  }

  static func account(
    cash: Double = 100_000,
    coins: Double = 2,
    positions: [(AssetID, Double, Double)] = []
  ) throws -> Account {
    try Account(
      cash: "USD",
      holdings: Holdings(
        universe: universe, amounts: [amount(cash), amount(coins), amount(0)]),
      positions: positions.map {
        Account.Position($0.0, quantity: try amount($0.1), entryPrice: $0.2)
      })
  }

  static func engine(
    _ weights: [Double] = [0.4, 0.4, 0.2],
    rule: (any RebalancingRule)? = nil
  ) throws -> Engine {
    let planner = try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0.001, gasPerTrade: amount(1)))
    return try Engine(
      Strategy(
        target: FixedTarget(Weights(universe: universe, values: weights)),
        rule: rule ?? PeriodicRule.days(7), planner: planner, catalog: catalog()))
  }

  static let everything: [(AssetID, Double, Double)] = [
    ("PERP", -150, 8100), ("INVERSE", 60, 7900), ("FUTURE", 100, 8000), ("CALL", -2, 0),
    ("POOL", 300, 0), ("LENT", 1.5, 0), ("OWED", 3000, 0),
    ("PRINCIPAL", 0.75, 0), ("YIELD", 2, 1),
  ]
}

@Suite struct BacktestTests {
  /// The parts of the profit add up to the change of equity, whatever is held.
  @Test(arguments: 1...10)
  func profitIsExplained(seed: Int) throws {
    var settings = Backtest.Settings()
    settings.cashEarnsRate = true
    settings.latency = seed % 3
    let backtest = try Backtest(
      Desk.engine(), annualization: .dailyContinuous, settings: settings)
    let result = try backtest.run(
      from: Desk.account(positions: Desk.everything),
      over: Desk.markets(days: 90, seed: UInt64(seed)))
    let change = try #require(result.equities.last) - (try #require(result.equities.first))
    expectClose(result.profit.total, change, absolute: 1e-6)
    #expect(result.profit.rounding.magnitude < 1e-3, "\(result.profit)")
    #expect(result.profit.costs < 0 && result.profit.funding != 0 && result.profit.poolFees > 0)
    #expect(result.profit.interest > 0 && result.profit.options != 0)
    let expired = result.events.compactMap { event -> AssetID? in
      if case .expired(let id, _, _) = event { id } else { nil }
    }
    #expect(expired == ["CALL", "FUTURE", "PRINCIPAL", "YIELD"])
    #expect(result.counts.steps == 90 && result.equities.count == 90)
    expectClose(
      result.statistics.totalReturn, change / result.equities[0], absolute: 1e-9)
  }

  /// The backtest decides what a live loop over the same inputs decides, byte for byte.
  @Test func equalsALiveLoop() throws {
    let engine = try Desk.engine(rule: ThresholdRule(RebalancingThreshold(absolute: 0.02)))
    let markets = try Desk.markets(days: 60, seed: 20)
    var decisions: [Decision] = []
    var accounts: [Account] = []
    _ = try Backtest(engine, annualization: .dailyContinuous).run(
      from: Desk.account(), over: markets
    ) { step in
      decisions.append(step.decision)
      accounts.append(step.account)
      return true
    }
    var state = try engine.start(Desk.account())
    for (day, market) in markets.enumerated() {
      let decision = engine.step(&state, market)
      #expect(decision == decisions[day])
      _ = try state.fill(decision, in: market, catalog: engine.strategy.catalog)
      #expect(state.account == accounts[day])
    }
  }

  @Test func aHoldIsValuedByHand() throws {
    let markets = try Desk.markets(days: 30, seed: 21)
    let rule = try PeriodicRule.days(10_000)
    let result = try Backtest(
      Desk.engine([0, 1, 0], rule: rule), annualization: .dailyContinuous
    ).run(from: Desk.account(cash: 0, coins: 3), over: markets)
    for (market, equity) in zip(markets, result.equities) {
      expectClose(equity, 3 * market.prices[1], relative: 1e-12)
    }
    #expect(result.counts.trades == 0 && result.profit.costs == 0)
  }

  @Test func fundingIsPaidOnTheTimeBetween() throws {
    let rule = try PeriodicRule.days(10_000)
    let markets = try Desk.markets(days: 40, seed: 22)
    func funding(_ quantity: Double) throws -> Double {
      try Backtest(Desk.engine([1, 0, 0], rule: rule), annualization: .dailyContinuous).run(
        from: Desk.account(coins: 0, positions: [("PERP", quantity, 8000)]), over: markets
      ).profit.funding
    }
    let (long, short) = (try funding(40), try funding(-40))
    var expected = 0.0
    for market in markets.dropFirst() {
      guard case .contract(let price, let rate?)? = market.quotes["PERP"] else { continue }
      // Three payments a day on the notional of 0.4 coins.
      expected -= 0.4 * price * rate.fraction * 3
    }
    expectClose(long, expected, relative: 1e-9)
    expectClose(long + short, 0, absolute: 1e-9)
  }

  /// Day by day a principal is a bond and a yield token what the index has earned and the bond still lacks; at maturity
  /// one pays its unit, the other its yield, also when the last quote is missing.
  @Test(arguments: [false, true])
  func splitYieldsAccrueAndSettle(isQuoteMissing: Bool) throws {
    var markets = try Desk.markets(days: 60, seed: 25, volatility: 0)
    let maturity = 45
    if isQuoteMissing {
      for day in maturity..<60 { markets[day].quotes["YIELD"] = nil }
    }
    let rule = try PeriodicRule.days(10_000)
    let result = try Backtest(
      Desk.engine([1, 0, 0], rule: rule), annualization: .dailyContinuous
    ).run(
      from: Desk.account(cash: 1000, coins: 0, positions: [("PRINCIPAL", 3, 0), ("YIELD", 5, 1)]),
      over: markets)
    for (day, equity) in result.equities.enumerated() {
      let bond = exp(-0.05 * Double(max(maturity - day, 0)) / 365)
      let lastDay = isQuoteMissing ? maturity - 1 : maturity
      let earned = 0.0001 * Double(day < maturity ? day : lastDay)
      expectClose(
        equity, 1000 + 8000 * (3 * bond + 5 * (earned + 1 - bond)), relative: 1e-10)
    }
    let received = result.events.compactMap { event -> Double? in
      if case .expired(_, let time, let received) = event, time == markets[maturity].time {
        received
      } else {
        nil
      }
    }
    #expect(received.count == 2 && received[0] == 24_000)
    #expect(result.finalState.account.positions.isEmpty)
    let change = try #require(result.equities.last) - result.equities[0]
    expectClose(result.profit.lending, change, absolute: 1e-6)
  }

  @Test func aDelistedAssetPaysItsRecovery() throws {
    var markets = try Desk.markets(days: 30, seed: 23)
    for day in 20..<30 { markets[day].prices[2] = .nan }
    var settings = Backtest.Settings()
    settings.delistings["ETH"] = (markets[20].time, 0.25)
    let result = try Backtest(
      Desk.engine(), annualization: .dailyContinuous, settings: settings
    ).run(from: Desk.account(), over: markets)
    #expect(result.equities.count == 30 && result.counts.faultySteps == 0)
    let paid = result.events.compactMap { event -> Double? in
      if case .delisted("ETH", _, let recovered) = event { recovered } else { nil }
    }
    #expect(paid.count == 1 && paid[0] > 0)
    expectClose(result.profit.total, result.equities[29] - result.equities[0], absolute: 1e-6)
    // Without the recovery the feed is only broken: the engine holds and waits.
    let broken = try Backtest(Desk.engine(), annualization: .dailyContinuous).run(
      from: Desk.account(), over: markets)
    #expect(broken.counts.faultySteps == 10 && broken.equities.count == 20)
  }

  @Test func whatCannotBeKeptIsLiquidated() throws {
    var markets = try Desk.markets(days: 20, seed: 24, volatility: 0.001)
    for day in 10..<20 {
      markets[day].prices[1] *= 0.4
      markets[day].quotes["PERP"] = .contract(price: markets[day].prices[1], funding: nil)
    }
    let rule = try PeriodicRule.days(10_000)
    let perpetual = try Backtest(
      Desk.engine([1, 0, 0], rule: rule), annualization: .dailyContinuous
    ).run(
      from: Desk.account(cash: 10_000, coins: 0, positions: [("PERP", 205, 8000)]), over: markets)
    #expect(perpetual.profit.liquidations < 0)
    #expect(perpetual.finalState.account.positions.isEmpty)
    let change = try #require(perpetual.equities.last) - perpetual.equities[0]
    expectClose(perpetual.profit.total, change, absolute: 1e-6)
    let loan = try Backtest(
      Desk.engine([1, 0, 0], rule: rule), annualization: .dailyContinuous
    ).run(
      from: Desk.account(cash: 10, coins: 0, positions: [("LENT", 3, 0), ("OWED", 8000, 0)]),
      over: markets)
    #expect(loan.finalState.account.position("OWED") == nil && loan.profit.liquidations < 0)
    let lost = try #require(loan.equities.last) - loan.equities[0]
    expectClose(loan.profit.total, lost, absolute: 1e-6)
  }

  /// Late fills are made at later prices, and never with cash that is not there.
  @Test(arguments: 1...20)
  func lateFillsNeverOverdraw(seed: Int) throws {
    var settings = Backtest.Settings()
    settings.latency = 1 + seed % 3
    let engine = try Desk.engine([0, 0.6, 0.4], rule: PeriodicRule.days(1))
    let backtest = try Backtest(engine, annualization: .dailyContinuous, settings: settings)
    var least = Double.infinity
    let result = try backtest.run(
      from: Desk.account(), over: Desk.markets(days: 50, seed: UInt64(seed), volatility: 0.08)
    ) { step in
      for amount in step.account.holdings.amounts { least = min(least, amount.doubleValue) }
      return true
    }
    #expect(least >= 0 && result.events.isEmpty, "\(result.events)")
    expectClose(
      result.profit.total, result.equities[49] - result.equities[0], absolute: 1e-6)
  }

  /// A bounded curve has evenly spaced points of the whole one, first and last included; nothing else changes.
  @Test(arguments: [1, 2, 7, 40, 100])
  func longCurvesAreThinned(limit: Int) throws {
    let markets = try Desk.markets(days: 90, seed: 23)
    func run(_ limit: Int) throws -> BacktestResult {
      var settings = Backtest.Settings()
      settings.curveLimit = limit
      return try Backtest(Desk.engine(), annualization: .dailyContinuous, settings: settings)
        .run(from: Desk.account(), over: markets)
    }
    let (whole, thin) = (try run(1_000_000), try run(limit))
    #expect(thin.equities.count <= max(2 * limit, 2) && thin.times.count == thin.equities.count)
    let places = thin.times.compactMap { whole.times.firstIndex(of: $0) }
    #expect(places.map { whole.equities[$0] } == thin.equities)
    #expect(places.first == 0 && places.last == 89)
    let steps = zip(places.dropFirst(), places).map { $0 - $1 }.dropLast()
    #expect(Set(steps).count <= 1)
    #expect(thin.statistics == whole.statistics && thin.profit == whole.profit)
  }

  @Test func settingsAreChecked() throws {
    let engine = try Desk.engine()
    var settings = Backtest.Settings()
    settings.latency = -1
    let negative = settings
    #expect(throws: BacktestingError.self) {
      try Backtest(engine, annualization: .dailyContinuous, settings: negative)
    }
    settings.latency = 0
    settings.curveLimit = 0
    let noPoint = settings
    #expect(throws: BacktestingError.self) {
      try Backtest(engine, annualization: .dailyContinuous, settings: noPoint)
    }
    settings.curveLimit = 1
    settings.liquidationPenalty = .nan
    let notANumber = settings
    #expect(throws: BacktestingError.self) {
      try Backtest(engine, annualization: .dailyContinuous, settings: notANumber)
    }
    #expect(throws: BacktestingError.tooFewPeriods(got: 0, required: 2)) {
      try Backtest(engine, annualization: .dailyContinuous).run(from: Desk.account(), over: [])
    }
  }
}
