import KeelData
import KeelEngine
import KeelTestSupport
import Testing

/// Worked examples, whose figures were done by hand.
@Suite struct RebalancingPlannerTests {
  let universe: Universe
  let prices: Prices

  init() throws {
    universe = try Universe(["BTC", "ETH", "USDT"])
    prices = try Prices(universe: universe, values: [50_000, 2500, 1])
  }

  private func holdings(btc: String, eth: String, usdt: String) throws -> Holdings {
    try Holdings(
      universe: universe,
      amounts: [
        Amount(btc, decimals: 8), Amount(eth, decimals: 18), Amount(usdt, decimals: 6),
      ])
  }

  private func planner(
    fee: Double = 0,
    slippage: Double = 0,
    gas: String = "0",
    rules: [AssetID: VenueRules] = [:],
    settings: RebalancingPlanner.Settings = RebalancingPlanner.Settings()
  ) throws -> RebalancingPlanner {
    try RebalancingPlanner(
      cash: "USDT",
      costs: RebalancingCosts(
        feeFraction: fee, slippageFraction: slippage, gasPerTrade: Amount(gas, decimals: 6)),
      rules: rules, settings: settings)
  }

  @Test func tradesExactlyWithoutCosts() throws {
    // 75 000 in bitcoin, 25 000 in ether: half and half moves 25 000.
    let plan = try planner().plan(
      holdings: holdings(btc: "1.5", eth: "10", usdt: "0"), prices: prices,
      target: Weights(universe: universe, values: [0.5, 0.5, 0]))
    #expect(plan.trades.map(\.asset) == ["BTC", "ETH"])
    #expect(plan.trades.map(\.side) == [.sell, .buy])
    #expect(plan.trades[0].quantity == (try Amount("0.5", decimals: 8)))
    expectClose(plan.trades[1].quantity.doubleValue, 10, relative: 1e-8)
    #expect(plan.trades[1].quantity < (try Amount("10.000000001", decimals: 18)))
    #expect(plan.isSettled && plan.dropped.isEmpty)
    expectClose(plan.turnover, 0.25, absolute: 1e-8)
    expectClose(plan.expectedWeights.values[0], 0.5, absolute: 1e-8)
  }

  @Test func paysAllCostsFromThePlan() throws {
    // 100 000 in cash, 1 % of costs and 5 of gas a trade, all of it into bitcoin: V′ + V′/100 + 5
    // must equal 100 000.
    let plan = try planner(fee: 0.0075, slippage: 0.0025, gas: "5").plan(
      holdings: holdings(btc: "0", eth: "0", usdt: "100000"), prices: prices,
      target: Weights(universe: universe, values: [1, 0, 0]))
    let trade = try #require(plan.trades.first)
    expectClose(trade.value.doubleValue, 99_995 / 1.01, relative: 1e-7)
    expectClose(trade.fee.doubleValue, 0.0075 * trade.value.doubleValue, absolute: 1e-6)
    #expect(trade.gas == (try Amount("5", decimals: 6)))
    #expect(!plan.cashAfter.isNegative && plan.cashAfter.doubleValue < 0.01)
    #expect(plan.totalFee == trade.fee && plan.totalSlippage == trade.slippage)
  }

  @Test func scalesPurchasesByOneFactor() throws {
    // The sale of ether is dropped (minimum), so both purchases share the cash that there is.
    let universe = try Universe(["A", "B", "C", "USDT"])
    let rules = try VenueRules(
      lot: Amount("0.00000001", decimals: 8), minimumTradeValue: Amount("1000", decimals: 6))
    let plan = try planner(rules: ["C": rules]).plan(
      holdings: Holdings(
        universe: universe,
        amounts: [
          Amount("0", decimals: 8), Amount("0", decimals: 8), Amount("900", decimals: 8),
          Amount("100", decimals: 6),
        ]),
      prices: Prices(universe: universe, values: [1, 1, 1, 1]),
      target: Weights(universe: universe, values: [0.6, 0.2, 0.2, 0]))
    #expect(plan.trades.map(\.asset) == ["A", "B"])
    expectClose(plan.trades[0].value.doubleValue, 75, absolute: 1e-5)
    expectClose(plan.trades[1].value.doubleValue, 25, absolute: 1e-5)
    expectClose(plan.buyScale, 0.125, relative: 1e-6)
    #expect(plan.dropped.map(\.asset) == ["A", "B", "C"])
    #expect(plan.dropped[0].reason == .cashShort && plan.dropped[1].reason == .cashShort)
    #expect(plan.dropped[2].reason == .belowMinimum(minimum: rules.minimumTradeValue))
    expectClose(plan.dropped[2].value, 700, relative: 1e-9)
  }

  @Test func keepsTheCashThatTheTargetKeeps() throws {
    let plan = try planner().plan(
      holdings: holdings(btc: "1", eth: "20", usdt: "0"), prices: prices,
      target: Weights(universe: universe, values: [0.4, 0.4, 0.2]))
    #expect(plan.trades.count == 2 && plan.trades.allSatisfy { $0.side == .sell })
    expectClose(plan.cashAfter.doubleValue, 20_000, relative: 1e-8)
  }

  @Test func saysWhyLegsAreDropped() throws {
    let lot = try VenueRules(
      lot: Amount("1", decimals: 8), minimumTradeValue: Amount("0", decimals: 6))
    let small = try VenueRules(
      lot: Amount(baseUnits: 1, decimals: 18), minimumTradeValue: Amount("5000", decimals: 6))
    let target = try Weights(universe: universe, values: [0.52, 0.46, 0.02])
    let start = try holdings(btc: "1", eth: "19", usdt: "2500")
    let tight = try planner(rules: ["BTC": lot, "ETH": small])
      .plan(holdings: start, prices: prices, target: target)
    #expect(tight.isEmpty)
    #expect(
      tight.dropped.map(\.reason) == [
        .belowLot, .belowMinimum(minimum: small.minimumTradeValue),
      ])
    let costly = try planner(gas: "100").plan(holdings: start, prices: prices, target: target)
    #expect(costly.isEmpty)
    let gas = try Amount("100", decimals: 6)
    #expect(costly.dropped.map(\.reason) == [.gasTooHigh(gas: gas), .gasTooHigh(gas: gas)])
    let band = try planner(settings: RebalancingPlanner.Settings(noTradeBand: 0.05))
      .plan(holdings: start, prices: prices, target: target)
    #expect(band.isEmpty && band.dropped.allSatisfy { $0.reason == .withinBand })
  }

  @Test func sellsAllOfWhatIsNotWanted() throws {
    let plan = try planner(fee: 0.001).plan(
      holdings: holdings(btc: "0.12345678", eth: "3.000000000000000001", usdt: "0"),
      prices: prices, target: Weights(universe: universe, values: [1, 0, 0]))
    #expect(plan.trades[0].asset == "ETH")
    #expect(plan.trades[0].quantity == (try Amount("3.000000000000000001", decimals: 18)))
    #expect(plan.expectedHoldings["ETH"]?.isZero == true)
  }

  @Test func refusesToApplyToOtherHoldings() throws {
    let plan = try planner().plan(
      holdings: holdings(btc: "1.5", eth: "10", usdt: "0"), prices: prices,
      target: Weights(universe: universe, values: [0.5, 0.5, 0]))
    #expect(throws: EngineError.self) {
      try plan.applied(to: holdings(btc: "0.1", eth: "10", usdt: "0"))
    }
    let other = try Universe(["X"])
    #expect(throws: EngineError.universeMismatch(position: 0, left: "BTC", right: "X")) {
      try plan.applied(to: Holdings(universe: other, amounts: [Amount("1", decimals: 0)]))
    }
  }

  @Test func namesWhatIsWrong() throws {
    let good = try holdings(btc: "1", eth: "1", usdt: "1")
    let target = try Weights(universe: universe, values: [0.5, 0.5, 0])
    let planner = try planner()
    #expect(throws: EngineError.unknownAsset("DAI")) {
      try RebalancingPlanner(cash: "DAI", costs: planner.costs)
        .plan(holdings: good, prices: prices, target: target)
    }
    #expect(
      throws: EngineError.negativeAmount(
        argument: "holdings", asset: "ETH", got: try Amount("-1", decimals: 18))
    ) {
      try planner.plan(
        holdings: holdings(btc: "1", eth: "-1", usdt: "1"), prices: prices, target: target)
    }
    #expect(
      throws: EngineError.invalidValue(
        argument: "prices", asset: "USDT", got: 0.99, lowest: 1, highest: 1)
    ) {
      try planner.plan(
        holdings: good, prices: Prices(universe: universe, values: [1, 1, 0.99]), target: target)
    }
    #expect(
      throws: EngineError.invalidValue(
        argument: "target", asset: "BTC", got: -0.1, lowest: 0, highest: 1)
    ) {
      try planner.plan(
        holdings: good, prices: prices,
        target: Weights(universe: universe, values: [-0.1, 0.5, 0]))
    }
    #expect(
      throws: EngineError.invalidValue(
        argument: "target", asset: nil, got: 1.5, lowest: 0, highest: 1)
    ) {
      try planner.plan(
        holdings: good, prices: prices,
        target: Weights(universe: universe, values: [0.75, 0.75, 0]))
    }
    #expect(throws: EngineError.portfolioWithoutValue(got: 0)) {
      try planner.plan(
        holdings: holdings(btc: "0", eth: "0", usdt: "0"), prices: prices, target: target)
    }
    let lot = try VenueRules(
      lot: Amount("1", decimals: 2), minimumTradeValue: Amount("0", decimals: 6))
    #expect(
      throws: EngineError.differentDecimals(
        argument: "lot", asset: "BTC", got: 2, required: 8)
    ) {
      try self.planner(rules: ["BTC": lot]).plan(holdings: good, prices: prices, target: target)
    }
    #expect(throws: EngineError.self) {
      try VenueRules(lot: Amount("0", decimals: 2), minimumTradeValue: Amount("0", decimals: 6))
    }
    #expect(throws: EngineError.self) { try self.planner(fee: 0.6, slippage: 0.5) }
    #expect(throws: EngineError.self) { try self.planner(gas: "-1") }
  }

  @Test func survivesHostileNumbers() throws {
    let extremes = [
      1e-300, .leastNonzeroMagnitude, 1e-12, 1, 1e12, 1e300, Double.greatestFiniteMagnitude,
    ]
    let amounts = [0, 1, 1_000_000, Int128.max / 2, Int128.max]
    for first in extremes {
      for second in extremes {
        for held in amounts {
          for cash in amounts {
            let holdings = try Holdings(
              universe: universe,
              amounts: [.units(held, 8), .units(1_000_000_000_000_000_000, 18), .units(cash, 6)])
            let prices = try Prices(universe: universe, values: [first, second, 1])
            for weights in [
              [0.5, 0.5, 0], [1, 0, 0], [0, 0, 1], [0, .leastNonzeroMagnitude, 0],
            ] {
              do {
                let plan = try planner(fee: 0.001, gas: "1").plan(
                  holdings: holdings, prices: prices,
                  target: Weights(universe: universe, values: weights))
                #expect(!plan.cashAfter.isNegative)
                #expect(try plan.applied(to: holdings) == plan.expectedHoldings)
              } catch is EngineError {}
            }
          }
        }
      }
    }
    for number in hostileNumbers {
      _ = try? RebalancingPlanner(
        cash: "USDT", costs: planner().costs,
        settings: RebalancingPlanner.Settings(noTradeBand: number, maximumGasFraction: number))
      _ = try? planner(fee: number, slippage: number)
      #expect(throws: (any Error).self) {
        try Prices(universe: universe, values: [.nan, 0, number])
      }
    }
  }
}
