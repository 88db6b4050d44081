// Why a portfolio of least expected shortfall holds what it holds: forces that cancel on each weight, and what each limit costs.

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

// snippet.example
let choice = MinimumExpectedShortfall(
  confidence: 0.95, targetReturn: 0.0006,
  constraints: PortfolioConstraints(bounds: .uniform(0...0.9)))
let least = try choice.weights(scenarios: scenarios)
let why = try choice.explanation(of: least, scenarios: scenarios)
for asset in scenarios.universe.assets {
  let forces = (why[asset] ?? []).map { "\($0.source) \($0.force)" }
  print(asset, why.weights[asset] ?? 0, "held by", forces.joined(separator: ", "))
}
for price in why.shadowPrices {
  print("one more unit of", price.constraint, "changes the shortfall by", price.value)
}
print("forces cancel within", why.residual)
// snippet.end

// The same for the fastest growth whose wealth seldom falls to 60 %.
let growth = MaximumGrowthAtDrawdown(floor: 0.6, probability: 0.1)
let fastest = try growth.explanation(of: growth.weights(scenarios: scenarios), scenarios: scenarios)
let limit = MaximumGrowthAtDrawdown.limitName
print("growth per unit of", limit, fastest.shadowPrice(of: limit))
