// The portfolio that grows fastest over scenarios, half of it, the fastest one that seldom falls far, and how many independent
// bets it is.
import Keel

let stream = RandomStream(seed: 11, stream: 0)
let count = 400
let market = (0..<count).map { 0.06 * stream.normal(at: UInt64($0)) }
func coin(_ number: Int, premium: Double, beta: Double) -> [Double] {
  market.indices.map {
    max(premium + beta * market[$0] + 0.08 * stream.normal(at: UInt64(1000 * number + $0)), -0.95)
  }
}
let outcomes =
  [Double](repeating: 0.003, count: count) + coin(1, premium: 0.02, beta: 1)
  + coin(2, premium: 0.025, beta: 1.3) + coin(3, premium: 0.005, beta: 0.6)
let scenarios = try ScenarioSet(
  universe: Universe(["USD", "BTC", "ETH", "SOL"]),
  outcomes: Matrix(rowCount: count, columnCount: 4, columnMajor: outcomes))
let best = try MaximumGrowth().weights(scenarios: scenarios)
print(best.weights.values, "grows by", best.growth, "a period; no portfolio by more than")
print(best.largestImprovement, "more; the worst scenario leaves", best.worstOutcome)
let half = try best.fraction(0.5, cash: "USD")
func falls(_ weights: Weights) throws -> Double {
  try MaximumGrowthAtDrawdown.drawdownProbability(of: weights, below: 0.7, scenarios: scenarios)
}
print("falls by 30 % ever: at most", try falls(best.weights), "half of it", try falls(half))
let calm = try MaximumGrowthAtDrawdown(floor: 0.7, probability: 0.1).weights(scenarios: scenarios)
print(calm.weights.values, "grows by", calm.growth, "and falls with", calm.drawdownProbability)
let returns = try SimpleReturns(
  universe: scenarios.universe,
  timestamps: (0..<count).map { Timestamp(nanosecondsSinceEpoch: Int64($0)) },
  values: scenarios.outcomes)
let spread = try Diversification(
  weights: half, covariance: LedoitWolf().covariance(from: returns))
print("half of it", half.values, "bets", spread.torsionBetCount)
print("assets that count", spread.effectiveAssetCount)
