// A risk budget with a line for each protocol: what is held there is lost when it fails.

import Keel

let universe = try Universe(["BTC", "ETH", "ETH STAKED", "ETH LENT", "USDC LENT", "ETH-USDC POOL"])
let lines = [
  RiskBudgetLine("own custody", ["BTC", "ETH"], share: 5),
  RiskBudgetLine("staking", ["ETH STAKED"], share: 2),
  RiskBudgetLine("lending", ["ETH LENT", "USDC LENT"], share: 2),
  RiskBudgetLine("exchange pool", ["ETH-USDC POOL"], share: 1),
]

// Weeks of a made-up market, and one in which each protocol fails.
let random = RandomStream(seed: 3, stream: 0)
var outcomes = (0..<400).map { week -> [Double] in
  let market = 0.06 * random.normal(at: UInt64(2 * week))
  let ether = 1.2 * market + 0.03 * random.normal(at: UInt64(2 * week + 1))
  return [market, ether, ether + 0.0008, ether + 0.0004, 0.0010, ether / 2 + 0.0015]
}
var probabilities = [Double](repeating: 0.99 / 400, count: 400)
for (failure, probability) in [
  (["ETH STAKED"], 0.001), (["ETH LENT", "USDC LENT"], 0.004), (["ETH-USDC POOL"], 0.005),
] {
  outcomes.append(universe.assets.map { failure.contains($0.rawValue) ? -0.9 : 0 })
  probabilities.append(probability)
}
let scenarios = try ScenarioSet(
  universe: universe, outcomes: Matrix(rows: outcomes), probabilities: probabilities)

let portfolio = try GroupShortfallBudgeting(confidence: 0.95, lines: lines).weights(
  scenarios: scenarios)
for (line, part) in zip(lines, portfolio.lineContributions) {
  let held = line.assets.sorted().map { "\($0) \(portfolio.weights[$0] ?? 0)" }
  print(line.name, "has", part / portfolio.expectedShortfall, "of the shortfall:", held)
}
for (i, asset) in universe.assets.enumerated() where portfolio.excessRisks[i] > 0 {
  print(asset, "is not held: its marginal risk is higher by", portfolio.excessRisks[i])
}
