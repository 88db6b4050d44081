// A target under a turnover limit, with a fallback on record, and why each weight is what it is.

import Keel

try LinearAlgebra.configure(threads: 1)  // once, when the process starts

let universe = try Universe(["BTC", "ETH", "SOL", "GOLD"])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.0016, 0.0014, 0.0015, 0.0001],
    [0.0014, 0.0025, 0.0022, 0.0001],
    [0.0015, 0.0022, 0.0049, 0.0001],
    [0.0001, 0.0001, 0.0001, 0.0001],
  ]))
let means = try ExpectedReturns(universe: universe, values: [0.0012, 0.0015, 0.0021, 0.0002])
let current = try Weights(universe: universe, values: [0.4, 0.3, 0, 0.3])

// snippet.example
let limits = PortfolioConstraints(
  bounds: .uniform(0...0.6),
  linear: [.group("crypto", ["BTC", "ETH", "SOL"], total: 0...0.75)],
  absolute: [.turnover(from: current, limit: 0.3)])
let choice = MaximumUtility(riskAversion: 2, constraints: limits)
let chain = FallbackChain(
  [.minimumVariance(MinimumVariance(constraints: limits)), .hold(current)], constraints: limits)

let decision = try chain.decide(covariance: covariance) { () throws(AllocationError) in
  try choice.weights(expectedReturns: means, covariance: covariance)
}
print("answered by", decision.source, "after", decision.failures.map(\.error))

if decision.source == .wanted, let solution = decision.solution {
  let why = try choice.explanation(of: solution, expectedReturns: means, covariance: covariance)
  for asset in universe.assets {
    let parts = (why[asset] ?? []).map { "\($0.source) \($0.part)" }
    print(asset, solution.value[asset] ?? 0, "=", parts.joined(separator: ", "))
  }
  for price in why.shadowPrices { print(price.constraint, price.limit, price.value) }
}
// snippet.end
