import Keel

// Strategic weights with tactical tilts: what is wanted in the long run, moved a little by trend and momentum, inside a
// budget of active risk. Traded monthly or when a weight has drifted far. A deep drawdown sells a half; wild markets
// allow sales only.

private let cash: AssetID = "USD"

func tiltedAllocation(_ data: MarketData) throws -> Setup {
  let strategic: KeyValuePairs<AssetID, Double> = [
    cash: 0.10, "BTC": 0.35, "ETH": 0.25, "BNB": 0.10, "ADA": 0.07, "XRP": 0.06, "LINK": 0.07,
  ]
  let market = try DailyMarket(data, strategic.map(\.key).filter { $0 != cash })
  let universe = try Universe([cash] + market.history.universe.assets)
  let shares = Dictionary(uniqueKeysWithValues: strategic.map { ($0.key, $0.value) })
  let weights = try Weights(universe: universe, values: universe.assets.map { shares[$0] ?? 0 })

  let target = try TiltedTarget(
    strategic: FixedTarget(weights),
    signals: [
      .init("trend", MovingAverageSignal(fast: 20, slow: 100, width: 2), weight: 1),
      .init("momentum", MomentumSignal(lookback: 90, skip: 7, width: 2), weight: 1),
    ],
    tilts: TacticalTilts(largestTilt: 0.08, activeRiskBudget: 0.08))
  var strategy = try Strategy(
    target: target,
    rule: AnyRule([
      PeriodicRule.days(30),
      VolatilityScaledRule(multiple: 2, horizon: 1.0 / 12, forecast: ExponentialVolatility()),
    ]),
    planner: exchangePlanner(universe, paying: cash))
  strategy.limits = [try LargestWeight(0.5), try LargestVolatility(1.5)]
  strategy.breakers["drawdown"] = try .breaker(
    .drawdown, .above, trip: 0.5, resume: 0.45, calmMinutes: 10 * minutesPerDay, .contingency)
  strategy.contingencies["drawdown"] = .deRisk(cashFraction: 0.5)
  strategy.breakers["volatility"] = try .breaker(
    .volatility, .above, trip: 1.3, resume: 1, calmMinutes: 5 * minutesPerDay, .reduceOnly)

  return Setup(
    title: "Strategic allocation with tactical tilts",
    summary: "Six coins and cash around fixed weights, tilted by trend and momentum.",
    assumptions: [
      "Strategic weights: "
        + strategic.map { "\($0.key) \(percent($0.value, 0))" }.joined(separator: ", ") + ".",
      "Tilts of at most 8 % a coin, 8 % of active risk a year; trades monthly or beyond twice the expected drift of a "
        + "month.",
      "Fee 0.1 % and half a spread of 0.05 % of what is traded. Cash earns nothing.",
      "Breakers: at a drawdown of 50 % half of what is held goes to cash until it is 45 %; at a volatility of 130 % a year "
        + "only sales are made until it is 100 %.",
    ],
    credits: try data.credits(.prices), strategy: strategy,
    account: try cashAccount(1_000_000, universe, paying: cash),
    markets: try market.snapshots(cash: cash), annualization: .dailyContinuous)
}
