// A decision that can be proved later without showing the strategy now, and sliced so that it is hard to anticipate.
import Keel

let universe = try Universe(["USD", "ETH"])
var strategy = try Strategy(
  target: FixedTarget(Weights(universe: universe, values: [0.3, 0.7])), rule: PeriodicRule.days(7),
  planner: RebalancingPlanner(
    cash: "USD",
    costs: RebalancingCosts(
      feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("0", decimals: 6))))
strategy.execution = try TimeWeightedExecution(sliceCount: 6, duration: 1.0 / 365, seed: 42)
let engine = try Engine(strategy)
var state = try engine.start(
  Account(
    cash: "USD",
    holdings: Holdings(
      universe: universe, amounts: [Amount("50000", decimals: 6), Amount("0", decimals: 8)])))
let market = MarketSnapshot(
  time: try Timestamp(parsing: "2026-03-01T00:00:00Z"), universe: universe, prices: [1, 2000])
let before = state
let decision = engine.step(&state, market)

// Published now: 32 bytes that tell nothing. The salt comes from the host's source of randomness.
let salt = (0..<32).map { UInt8($0 * 7 % 256) }
let commitment = try Commitment(to: decision.record, salt: salt)
print("published", commitment.hash.prefix(8).map(String.init).joined(separator: " "), "...")

// Shown later, to whom it concerns: the record, the salt, and inputs that give the same record again.
print("opens", try commitment.isOpened(by: decision.record, salt: salt))
print("replays", engine.replays(decision, from: before, market))
var changed = market
changed.prices[1] = 2001
print("replays from other inputs", engine.replays(decision, from: before, changed))
for slice in decision.schedule?.slices ?? [] {
  print("slice at", slice.time * 365 * 24, "h:", slice.fraction)
}
