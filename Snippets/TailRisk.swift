// The portfolio with the least expected shortfall over scenarios, and what its tail is made of.

import Keel

// Two hundred scenarios of three assets: a calm one, a volatile one, and one that crashes at times.
let random = RandomStream(seed: 7, stream: 0)
let outcomes = (0..<200).map { scenario -> [Double] in
  let common = 0.01 * random.normal(at: UInt64(4 * scenario))
  let crash = scenario % 25 == 0 ? -0.15 : 0.006
  return [
    0.0005 + 0.3 * common + 0.004 * random.normal(at: UInt64(4 * scenario + 1)),
    0.001 + 1.2 * common + 0.02 * random.normal(at: UInt64(4 * scenario + 2)),
    0.002 + 0.2 * common + crash,
  ]
}
let scenarios = try ScenarioSet(
  universe: Universe(["CALM", "WILD", "CRASH"]), outcomes: Matrix(rows: outcomes))

let least = try MinimumExpectedShortfall(
  confidence: 0.95, targetReturn: 0.0006,
  constraints: PortfolioConstraints(bounds: .uniform(0...0.9))
).weights(scenarios: scenarios)
print("weights", least.value.weights.values)
print("shortfall", least.value.expectedShortfall, "value at risk", least.value.valueAtRisk)
print("one more unit of return costs", least.duals["target return"] ?? 0)
print("relative gap", least.certificate.relativeGap)

let split = try RiskContributions.expectedShortfall(
  weights: least.value.weights, scenarios: scenarios, confidence: 0.95)
print("shares of the tail", split.shares)

let shared = try ShortfallRiskBudgeting(confidence: 0.95).weights(scenarios: scenarios)
print("equal parts of the tail", shared.weights.values, shared.contributions)

let best = try MaximumReturnOverExpectedShortfall(confidence: 0.95, riskFreeRate: 0)
  .weights(scenarios: scenarios)
print("return over shortfall", best.value.expectedReturn / best.value.expectedShortfall)
