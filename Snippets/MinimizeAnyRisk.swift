// The portfolios of least risk by several measures, each with the bound that proves it and what each asset adds, and those
// with the most return for it.
import Keel

let stream = RandomStream(seed: 12, stream: 0)
let count = 300
let market = (0..<count).map { 0.04 * stream.normal(at: UInt64($0)) }
func coin(_ number: Int, beta: Double, noise: Double) -> [Double] {
  market.indices.map {
    0.002 + beta * market[$0] + noise * stream.normal(at: UInt64(1000 * number + $0))
  }
}
let outcomes =
  coin(1, beta: 1, noise: 0.03) + coin(2, beta: 1.3, noise: 0.05) + coin(3, beta: 0.5, noise: 0.04)
let scenarios = try ScenarioSet(
  universe: Universe(["BTC", "ETH", "GOLD"]),
  outcomes: Matrix(rowCount: count, columnCount: 3, columnMajor: outcomes))
let measures: [SampleRiskMeasure] = [
  .semideviation, .meanAbsoluteDeviation, .entropicValueAtRisk(confidence: 0.95),
  .conditionalDrawdown(confidence: 0.9), .ulcerIndex,
]
for measure in measures {
  let safest = try MinimumRisk(
    measure, constraints: PortfolioConstraints(bounds: .uniform(0...0.7))
  ).weights(scenarios: scenarios)
  print(measure, safest.weights.values, "risk", safest.risk, "at least", safest.lowerBound)
  let parts = try RiskContributions.of(measure, weights: safest.weights, scenarios: scenarios)
  print("  of it, by asset:", parts.shares)
  let best = try MaximumReturnOverRisk(measure, riskFreeRate: 0.0005).weights(scenarios: scenarios)
  print("  best ratio:", best.ratio, "by", best.weights.values, "at most", best.upperBound)
}
for point in try RiskFrontier(.maximumDrawdown).portfolios(count: 4, scenarios: scenarios) {
  print("drawdown", point.risk, "for a return of", point.expectedReturn)
}
