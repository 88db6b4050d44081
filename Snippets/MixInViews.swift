// What the market's weights imply, mixed with views by how sure they are; and scenarios reweighted until they obey views.
import Keel

let universe = try Universe(["BTC", "ETH", "SOL"])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.36, 0.38, 0.42], [0.38, 0.56, 0.60], [0.42, 0.60, 1.10],
  ]))
let market = try Weights(universe: universe, values: [0.7, 0.22, 0.08])
let prior = try BlackLitterman.equilibriumReturns(
  covariance: covariance, marketWeights: market, riskAversion: 1.5)
let posterior = try BlackLitterman(priorUncertainty: 0.05).posterior(
  prior: prior, covariance: covariance,
  views: [
    ReturnView("ETH above BTC", weights: ["ETH": 1, "BTC": -1], expectedReturn: 0.30),
    ReturnView("SOL falls", weights: ["SOL": 1], expectedReturn: -0.10, variance: 0.04),
  ])
for (i, asset) in universe.assets.enumerated() {
  print(
    asset, "prior", prior.values[i], "with views", posterior.expectedReturns.values[i], "of which",
    posterior.shifts.mapValues { $0[i] })
}

// The same kind of opinion on scenarios: nothing is assumed of their shape.
let stream = RandomStream(seed: 7, stream: 0)
let draws = (0..<900).map { 0.05 * stream.normal(at: UInt64($0)) }
let scenarios = try ScenarioSet(
  universe: universe, outcomes: Matrix(rowCount: 300, columnCount: 3, columnMajor: draws))
let pooled = try EntropyPooling(
  EntropyPooling.ranking(["ETH", "BTC"]) + [
    ScenarioView("a bad month for SOL", .isAtMost("SOL", level: -0.08), .atLeast, 0.12)
  ]
).pooled(scenarios)
print("means", try pooled.scenarios.expectedReturns.values)
print(
  "information added", pooled.relativeEntropy, "scenarios that count",
  pooled.effectiveScenarioCount, "of 300; gap", pooled.dualityGap)
