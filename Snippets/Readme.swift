// The example of the README: prices to weights, with the proof and the risk of each asset.

import Keel

try LinearAlgebra.configure(threads: 1)  // once, when the process starts

// snippet.example
let text = """
  date,BTC,ETH,BNB
  2023-12-26,42520,2231,293
  2023-12-27,43442,2378,324
  2023-12-28,42627,2347,318
  2023-12-29,42099,2301,312
  2023-12-30,42156,2292,317
  2023-12-31,42265,2281,312
  """
let prices = try PriceHistory(wide: CSVTable(text, file: "prices.csv"))
let covariance = try LedoitWolf().covariance(from: prices.simpleReturns())
let limits = PortfolioConstraints(bounds: .uniform(0...0.5))
let solution = try MinimumVariance(constraints: limits).weights(covariance: covariance)
let risk = try RiskContributions.volatility(weights: solution.value, covariance: covariance)

print(solution.status, solution.certificate.relativeGap)
for asset in prices.universe.assets {
  print(asset, solution.value[asset] ?? 0, risk[asset] ?? 0)
}
// snippet.end
