// Equal risk where limits allow it, and by how much they forbid it.

import Keel

let universe = try Universe(["BTC", "ETH", "SOL", "GOLD"])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.0016, 0.0014, 0.0018, 0.0001],
    [0.0014, 0.0025, 0.0024, 0.0001],
    [0.0018, 0.0024, 0.0049, 0.0001],
    [0.0001, 0.0001, 0.0001, 0.0001],
  ]))

let constraints = PortfolioConstraints(
  bounds: .byAsset(["GOLD": 0...0.4], others: 0.05...1),
  linear: [.group("large coins", ["BTC", "ETH"], total: 0...0.45)])
let portfolio = try ConstrainedRiskBudgeting(constraints: constraints)
  .weights(covariance: covariance).value

for (i, asset) in universe.assets.enumerated() {
  print(asset, portfolio.weights.values[i], portfolio.contributions.shares[i])
}
print("off by at most", portfolio.largestDeviation, "because of", portfolio.bindingConstraints)
