// One decision of a strategy, with its reasons and its record.

import Keel

let universe = try Universe(["USDT", "BTC", "ETH"])
let account = try Account(
  cash: "USDT",
  holdings: Holdings(
    universe: universe,
    amounts: [
      Amount("100000.000000", decimals: 6), Amount("0.00000000", decimals: 8),
      Amount("0.00000000", decimals: 8),
    ]))
let planner = try RebalancingPlanner(
  cash: "USDT",
  costs: RebalancingCosts(
    feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("0.500000", decimals: 6)))

var strategy = try Strategy(
  target: RiskTarget(.equalRisk, invested: 0.95, largestVolatility: 0.6),
  rule: PeriodicRule.days(30), planner: planner)
strategy.limits = [try LargestWeight(0.8)]
strategy.breakers["drawdown"] = try .init(
  kind: .drawdown, direction: .above, tripLevel: 0.2, resumeLevel: 0.1, warmUpReadings: 1,
  coolDownNanoseconds: 86_400_000_000_000, action: .contingency, latches: false)
let engine = try Engine(strategy)
var state = try engine.start(account)

// Forty days of prices that move by a rule; the engine learns, then trades.
var log = AuditLog()
for day in 0..<40 {
  let wave = Double(day % 7) - 3
  let market = MarketSnapshot(
    time: try Timestamp(parsing: "2024-01-01").advanced(byDays: day), universe: universe,
    prices: [1, 42_000 + 500 * wave, 2_300 - 40 * wave + Double(day)])
  let before = state
  let decision = engine.step(&state, market)
  log.append(decision.record)
  if !decision.isEmpty {
    print(decision.time, decision.kind.rawValue, "cost", decision.expectedCost)
    for trade in decision.trades { print("  \(trade.side) \(trade.quantity) \(trade.asset)") }
  }
  precondition(engine.replays(decision, from: before, market))
  _ = try state.fill(decision, in: market, catalog: strategy.catalog)
}
print("records:", log.records.count, "whole:", log.firstFault == nil)
