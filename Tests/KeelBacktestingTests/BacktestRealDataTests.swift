import Foundation
import KeelBacktesting
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

/// Real years: nothing fails, breakers act, every decision replays, and the profit is explained.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct BacktestRealDataTests {
  /// Daily closes of all assets from 2017 on, NaN where there is none.
  private func spot() throws -> (universe: Universe, days: [(date: String, prices: [Double])]) {
    let rows = try #require(try Reference.realRows("crypto_spot_daily.csv.gz"))
    let names = Set(rows.compactMap { $0["symbol"] }).sorted()
    var byDay: [String: [String: Double]] = [:]
    for row in rows {
      let (date, symbol) = (try #require(row["date"]), try #require(row["symbol"]))
      byDay[date, default: [:]][symbol] = Double(row["close"] ?? "")
    }
    let universe = try Universe(["USDT"] + names.map { AssetID($0) })
    return (
      universe,
      byDay.sorted { $0.key < $1.key }.map { day in
        (day.key, [1] + names.map { day.value[$0] ?? .nan })
      }
    )
  }

  private func account(_ universe: Universe, cash: Double) throws -> Account {
    let amounts = try universe.assets.indices.map { i in
      i == 0
        ? try Amount(cash, decimals: 6, rounding: .towardZero) : try Amount(zeroWithDecimals: 8)
    }
    return try Account(
      cash: universe.assets[0], holdings: Holdings(universe: universe, amounts: amounts))
  }

  private func planner(_ cash: AssetID) throws -> RebalancingPlanner {
    try RebalancingPlanner(
      cash: cash,
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("0.500000", decimals: 6)),
      settings: .init(noTradeBand: 0.001))
  }

  private func drawdownBreaker(
    at level: Double,
    coolDownDays: Int64
  ) throws -> CircuitBreaker.Settings {
    try .init(
      kind: .drawdown, direction: .above, tripLevel: level, resumeLevel: level, warmUpReadings: 1,
      coolDownNanoseconds: coolDownDays * 86_400_000_000_000, action: .contingency,
      latches: false)
  }

  /// Runs, replays every decision, and checks the sums.
  private func run(
    _ strategy: Strategy,
    from account: Account,
    over markets: [MarketSnapshot],
    settings: Backtest.Settings = .init(),
    observe: (Backtest.Step) -> Void = { _ in }
  ) throws -> BacktestResult {
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    var log = AuditLog()
    var replayed = 0
    let result = try Backtest(engine, annualization: .dailyContinuous, settings: settings).run(
      from: account, over: markets
    ) { step in
      log.append(step.decision.record)
      // A second engine is told only the markets and what accounts became of them.
      state.account = step.accountBefore
      if engine.step(&state, step.market) == step.decision { replayed += 1 }
      observe(step)
      return true
    }
    #expect(log.firstFault == nil && log.head == result.finalState.auditHead)
    #expect(replayed == markets.count)
    let change = try #require(result.equities.last) - result.equities[0]
    expectClose(result.profit.total, change, absolute: 1e-3)
    return result
  }

  @Test func fifteenCoinsThroughThreeCrashes() throws {
    let (universe, days) = try spot()
    let markets = try days.map { day in
      MarketSnapshot(
        time: try Timestamp(parsing: day.date), universe: universe, prices: day.prices)
    }
    // The capture of these ends while they are held: their last price is paid.
    var settings = Backtest.Settings()
    for asset in ["DOT", "UNI", "ICP", "LUNA", "MATIC"] as [AssetID] {
      let place = try #require(universe.position(of: asset))
      let last = try #require(markets.lastIndex { $0.prices[place].isFinite })
      settings.delistings[asset] = (markets[last + 1].time, 1)
    }
    var strategy = try Strategy(
      target: RiskTarget(.equalRisk, invested: 0.95, largestVolatility: 0.6),
      rule: AnyRule([
        PeriodicRule.days(30),
        VolatilityScaledRule(multiple: 2, horizon: 1.0 / 12, forecast: ExponentialVolatility()),
      ]), planner: planner("USDT"))
    strategy.breakers["drawdown"] = try drawdownBreaker(at: 0.25, coolDownDays: 20)
    strategy.contingencies["drawdown"] = .deRisk(cashFraction: 0.7)
    var tripped: Set<String> = []
    let result = try run(
      strategy, from: account(universe, cash: 1_000_000), over: markets, settings: settings
    ) { step in
      if step.decision.kind == .contingency {
        tripped.insert(String(step.market.time.description.prefix(7)))
      }
    }
    #expect(result.counts.faultySteps == 0 && result.events.count == 5, "\(result.events)")
    for month in ["2020-03", "2021-05", "2022-11"] {
      #expect(tripped.contains(month), "\(tripped.sorted())")
    }
    #expect(result.statistics.warnings.isEmpty, "\(result.statistics.warnings)")
    #expect(result.statistics.maximumDrawdown.map { $0.depth < 0.7 } ?? false)
  }

  /// Long coin, short perpetual: four years of funding, almost no price risk.
  @Test(arguments: ["BTC", "ETH"])
  func fundingIsEarned(symbol: String) throws {
    let (_, days) = try spot()
    let rates = try #require(try Reference.realRows("funding_rates.csv.gz")).filter {
      $0["exchange"] == "binance" && $0["symbol"] == symbol
    }
    var paid: [String: Double] = [:]
    for row in rates {
      let day = String(try #require(row["time"]).prefix(10))
      paid[day, default: 0] += Double(row["funding_rate"] ?? "") ?? 0
    }
    let asset = AssetID(symbol)
    let names = try spot().universe
    let place = try #require(names.position(of: asset))
    let universe = try Universe(["USDT", asset])
    let perpetual = AssetID("\(symbol)-PERP")
    let markets = try days.compactMap { day -> MarketSnapshot? in
      guard let rate = paid[day.date] else { return nil }
      var market = MarketSnapshot(
        time: try Timestamp(parsing: day.date), universe: universe,
        prices: [1, day.prices[place]])
      market.quotes[perpetual] = .contract(
        price: day.prices[place],
        funding: FundingRate(
          fraction: rate / 3, interval: .eightHours, whenPositive: .longPaysShort))
      return market
    }
    let catalog = try Catalog([
      Listing(
        perpetual,
        .perpetual(
          .linear(coinPerContract: 0.001), underlying: asset, margin: MaintenanceTiers.flat(0.01)),
        protocolName: "binance", costFraction: 0.0005, gas: 0)
    ])
    var strategy = Strategy(
      target: FixedTarget(try Weights(universe: universe, values: [0.5, 0.5])),
      rule: try PeriodicRule.days(30), planner: try planner("USDT"), catalog: catalog)
    strategy.hedges = [
      try DeltaHedgeRule(
        underlying: asset, band: HedgeBand(lower: -0.05, target: 0, upper: 0.05),
        lots: [perpetual: Amount("1", decimals: 0)], horizonYears: 0)
    ]
    let result = try run(strategy, from: account(universe, cash: 1_000_000), over: markets)
    let total = try #require(markets.dropFirst().map { $0 }.isEmpty ? nil : result.profit.funding)
    #expect(markets.count > 1400 && total > 0)
    // Price profit of the two legs cancels but for what the band leaves.
    let prices = result.profit.spot + result.profit.contracts
    #expect(prices.magnitude < 0.1 * result.profit.spot.magnitude)
    #expect(result.statistics.annualizedVolatility < 0.05, "\(result.statistics)")
    #expect(result.events.isEmpty, "\(result.events)")
  }

  @Test func aCollapseIsSurvived() throws {
    let folder = try #require(Reference.realData)
    let file = folder.appendingPathComponent("quickstart/crypto_daily_close_ragged.csv")
    let table = try CSVTable([UInt8](Data(contentsOf: file)), file: "ragged")
    let history = try PriceHistory(wide: table)
    let sequence = try MarketSequence(history, cash: "USDT")
    let markets = Array(sequence)
    var settings = Backtest.Settings()
    let luna = try #require(sequence.universe.position(of: "LUNA"))
    let last = try #require(markets.lastIndex { $0.prices[luna].isFinite })
    settings.delistings["LUNA"] = (markets[last + 1].time, 1)
    var strategy = try Strategy(
      target: RiskTarget(.inverseVolatility, invested: 0.9),
      rule: ThresholdRule(RebalancingThreshold(absolute: 0.05)), planner: planner("USDT"))
    strategy.breakers["drawdown"] = try drawdownBreaker(at: 0.3, coolDownDays: 30)
    strategy.breakers["volatility"] = try .init(
      kind: .volatility, direction: .above, tripLevel: 1.5, resumeLevel: 1, warmUpReadings: 1,
      coolDownNanoseconds: 0, action: .halt, latches: false)
    strategy.contingencies["drawdown"] = .deRisk(cashFraction: 0.8)
    var halted = 0
    let result = try run(
      strategy, from: account(sequence.universe, cash: 100_000), over: markets, settings: settings
    ) { step in
      if step.decision.verdict.action != .trade {
        halted += 1
        #expect(step.decision.trades.allSatisfy { $0.side == .sell })
      }
    }
    #expect(halted > 0 && result.equities.count == markets.count)
  }

  /// Five days of August 2023 by the minute: a pool position, a deposit, a loan and real gas.
  @Test func minutesOfPoolLendingAndGas() throws {
    let pool = try #require(
      try Reference.realRows("amm_uniswap_v3_usdc_weth_5bp_polygon_minute.csv.gz"))
    let lending = try #require(try Reference.realRows("lending_aave_v3_polygon_minute.csv.gz"))
    let gas = try #require(try Reference.realRows("gas_polygon_minute.csv.gz"))
    var indices: [String: [String: Double]] = [:]
    for row in lending {
      let time = try #require(row["time"])
      let column = row["reserve"] == "USDC" ? "variable_borrow_index" : "liquidity_index"
      indices[time, default: [:]][row["reserve"] ?? ""] = Double(row[column] ?? "")
    }
    var prices: [String: Double] = [:]
    for row in gas { prices[row["time"] ?? ""] = Double(row["gas_price_gwei"] ?? "") }
    let universe = try Universe(["USDC", "WETH"])
    // Token 0 has 6 decimals and token 1 has 18: dollars a coin = 10¹² / 1.0001^tick.
    let markets = try pool.compactMap { row -> MarketSnapshot? in
      let time = try #require(row["time"])
      guard let index = indices[time], let gwei = prices[time],
        let tick = Int(row["close_tick"] ?? ""), let liquidity = Double(row["liquidity"] ?? ""),
        let inCash = Double(row["in_amount0"] ?? ""), let inCoin = Double(row["in_amount1"] ?? "")
      else { return nil }
      let price = 1e12 / PoolPosition.price(ofTick: tick)
      var market = MarketSnapshot(
        time: try Timestamp(parsing: time), universe: universe, prices: [1, price])
      let volume = inCash / 1e6 + inCoin / 1e18 * price
      market.quotes = [
        // Raw liquidity is √(10⁶ · 10¹⁸) = 10¹² times that in whole units.
        "POOL": .pool(volumePerYear: volume * 365 * 1440, activeLiquidity: liquidity / 1e12),
        "LENT": .lending(index: index["WETH"] ?? .nan, ratePerYear: 0),
        "OWED": .lending(index: index["USDC"] ?? .nan, ratePerYear: 0),
      ]
      market.readings = ["gas": gwei]
      return market
    }
    #expect(markets.count > 5000)
    let catalog = try Catalog([
      Listing(
        "POOL", .pool(asset: "WETH", lowerPrice: 1550, upperPrice: 2000, feeFraction: 0.0005),
        protocolName: "uniswap", costFraction: 0.0005, gas: 0.05),
      Listing(
        "LENT", .deposit(asset: "WETH", liquidationThreshold: 0.825), protocolName: "aave",
        costFraction: 0, gas: 0.02),
      Listing("OWED", .loan(asset: "USDC"), protocolName: "aave", costFraction: 0, gas: 0.02),
    ])
    var strategy = Strategy(
      target: FixedTarget(try Weights(universe: universe, values: [0.5, 0.5])),
      rule: ThresholdRule(try RebalancingThreshold(absolute: 0.01)),
      planner: try planner("USDC"), catalog: catalog)
    strategy.breakers["gas"] = try .init(
      kind: .gas, direction: .above, tripLevel: 200, resumeLevel: 150, warmUpReadings: 1,
      coolDownNanoseconds: 600_000_000_000, action: .halt, latches: false)
    strategy.breakers["health"] = try .init(
      kind: .healthFactor, direction: .below, tripLevel: 1.25, resumeLevel: 1.3,
      warmUpReadings: 1, coolDownNanoseconds: 0, action: .contingency, latches: false)
    strategy.contingencies["health"] = .repay(healthFactor: 1.5)
    var start = try account(universe, cash: 50_000)
    start.set(.init("POOL", quantity: try Amount("2000.00000000", decimals: 8)))
    start.set(.init("LENT", quantity: try Amount("20.00000000", decimals: 8)))
    start.set(.init("OWED", quantity: try Amount("22500.00000000", decimals: 8)))
    var halted = 0
    var contingencies = 0
    let result = try run(strategy, from: start, over: markets) { step in
      if step.decision.verdict.action == .halt {
        halted += 1
        #expect(step.decision.isEmpty)
      }
      if step.decision.kind == .contingency && !step.decision.isEmpty { contingencies += 1 }
    }
    #expect(halted > 0 && contingencies > 0, "\(halted) \(contingencies)")
    #expect(result.profit.poolFees > 0 && result.profit.lending != 0)
    #expect(result.events.isEmpty, "\(result.events)")
  }
}
