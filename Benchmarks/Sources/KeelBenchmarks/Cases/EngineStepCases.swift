import Keel

let engineStepCases: [Case] = [
  loopCase("full-step", .band), loopCase("full-step-daily-trades", .daily),
  loopCase("quadratic-program", .quadraticProgram), wideStepCase,
]

/// What a loop decides by.
private enum Loop { case band, daily, quadraticProgram }

/// The audited step over 2520 rows of twenty assets, filled as planned; a run is all steps.
private func loopCase(_ name: String, _ loop: Loop) -> Case {
  let (rows, columns) = (2520, 20)
  return Case(name: "backtest/\(name)/\(rows)x\(columns)", items: rows) {
    let assets = ["USD"] + (0..<columns).map { AssetID("A\($0)") }
    let universe = try Universe(assets)
    let returns = Inputs.marketReturns(rows: rows, columns: columns)
    let start = Timestamp(nanosecondsSinceEpoch: 1_600_000_000_000_000_000)
    var prices = [1.0] + Inputs.uniforms(count: columns, 10...500, stream: 60)
    let markets = try (0..<rows).map { row in
      for j in 0..<columns { prices[j + 1] *= 1 + returns[j * rows + row] }
      return MarketSnapshot(
        time: try start.advanced(byDays: row), universe: universe, prices: prices)
    }
    let planner = try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0, gasPerTrade: Amount("0.000000", decimals: 6)))
    let weights = try Weights(
      universe: universe,
      values: [0.02] + [Double](repeating: 0.98 / Double(columns), count: columns))
    let target: any TargetPolicy =
      loop == .quadraticProgram
      ? try RiskTarget(.minimumVariance, invested: 0.98) : FixedTarget(weights)
    let rule: any RebalancingRule =
      loop == .daily
      ? try PeriodicRule.days(1) : ThresholdRule(try RebalancingThreshold(absolute: 0.02))
    var strategy = try Strategy(target: target, rule: rule, planner: planner)
    strategy.breakers["drawdown"] = try .init(
      kind: .drawdown, direction: .above, tripLevel: 0.9, resumeLevel: 0.8, warmUpReadings: 1,
      coolDownNanoseconds: 0, action: .halt, latches: false)
    let engine = try Engine(strategy)
    let backtest = try Backtest(engine, annualization: .dailyContinuous)
    let zero = try Amount(zeroWithDecimals: 8)
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: universe,
        amounts: [Amount("1000000.000000", decimals: 6)]
          + [Amount](repeating: zero, count: columns)))
    return .init(run: {
      let result = try backtest.run(from: account, over: markets)
      guard result.counts.trades > 0, result.counts.faultySteps == 0 else {
        throw BenchmarkError("no trade, or a fault")
      }
    })
  }
}

/// One step of an account with fifty assets and two hundred options, with breakers, limits and audit.
private let wideStepCase = Case(name: "engine/step/50-assets-200-options") {
  let (market, account, catalog) = try optionBook()
  let count = Double(account.holdings.amounts.count)
  let target = try Weights(
    universe: market.universe,
    values: [Double](repeating: 1 / count, count: account.holdings.amounts.count))
  let planner = try RebalancingPlanner(
    cash: "USD",
    costs: RebalancingCosts(
      feeFraction: 0.001, slippageFraction: 0, gasPerTrade: Amount("0.00000000", decimals: 8)))
  var strategy = Strategy(
    target: FixedTarget(target), rule: try PeriodicRule.days(1), planner: planner,
    catalog: catalog)
  strategy.limits = [try LargestWeight(0.5), try LargestLeverage(50)]
  for kind in [CircuitBreaker.Kind.drawdown, .volatility, .margin] {
    strategy.breakers[kind.rawValue] = try .init(
      kind: kind, direction: kind == .margin ? .below : .above, tripLevel: kind == .margin ? 0 : 9,
      resumeLevel: kind == .margin ? 1 : 8, warmUpReadings: 1, coolDownNanoseconds: 0,
      action: .halt, latches: false)
  }
  let engine = try Engine(strategy)
  let start = try engine.start(account)
  return .init(run: {
    var state = start
    let decision = engine.step(&state, market)
    guard !decision.trades.isEmpty else { throw BenchmarkError("no trade: \(decision.reasons)") }
  })
}
