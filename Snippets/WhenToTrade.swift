// One market, five ways to decide when to trade: by time, by drift, by expected drift, by cost, by a breach.
import Keel

let universe = try Universe(["USD", "BTC", "ETH"])
let target = FixedTarget(try Weights(universe: universe, values: [0.2, 0.5, 0.3]))
let planner = try RebalancingPlanner(
  cash: "USD",
  costs: RebalancingCosts(
    feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("1", decimals: 6)))
let forecast = try ExponentialVolatility(returnsNeeded: 10)
let rules: [(name: String, rule: any RebalancingRule)] = [
  ("every 30 days", try PeriodicRule.days(30)),
  ("5 % off", ThresholdRule(try RebalancingThreshold(absolute: 0.05))),
  (
    "beyond expected drift",
    try VolatilityScaledRule(multiple: 1.5, horizon: 1.0 / 12, forecast: forecast)
  ),
  ("when worth its cost", try CostAwareRule(cost: 0.0015, riskAversion: 3, forecast: forecast)),
  ("weight above 60 %", try BreachRule(largestVolatility: nil, largestWeight: 0.6)),
]

// A year of prices that are calm first and wild later.
let noise = RandomStream(seed: 7, stream: 0)
let start = try Timestamp(parsing: "2026-01-01")
var prices = [1.0, 60_000, 2_000]
let markets = try (0..<365).map { day in
  for coin in 1...2 {
    let step = (day < 180 ? 0.02 : 0.06) * noise.normal(at: UInt64(2 * day + coin))
    prices[coin] *= 1 + min(max(step, -0.3), 0.3)
  }
  return MarketSnapshot(
    time: try start.advanced(byDays: day), universe: universe, prices: prices)
}
let account = try Account(
  cash: "USD",
  holdings: Holdings(
    universe: universe,
    amounts: [
      Amount("100000", decimals: 6), Amount("0", decimals: 8), Amount("0", decimals: 8),
    ]))

for (name, rule) in rules {
  // The first purchase is the calendar's; after it the rule alone decides.
  var held = account
  let engine = try Engine(
    Strategy(target: target, rule: PeriodicRule.days(100_000), planner: planner))
  var first = try engine.start(held)
  let opening = engine.step(&first, markets[0])
  _ = try first.fill(opening, in: markets[0], catalog: Catalog())
  held = first.account
  let result = try Backtest(
    Engine(Strategy(target: target, rule: rule, planner: planner)), annualization: .dailyContinuous
  ).run(from: held, over: markets.dropFirst())
  print(name, "steps with trades", result.counts.tradingSteps, "costs", -result.profit.costs)
}
