// Laws of many assets with skew and heavy tails, a copula with margins of choice, and a tail by importance sampling.

import Keel

let universe = try Universe(["BTC", "ETH"].map { AssetID($0) })
let dispersion = try SymmetricMatrix(rows: [[9e-4, 8e-4], [8e-4, 16e-4]])
let truth = try MultivariateHyperbolicSkewedT(
  universe: universe, location: [0.003, 0.004], drift: [-0.002, -0.003], dispersion: dispersion,
  degreesOfFreedom: 5)
let returns = try truth.scenarios(count: 1000, from: RandomStream(seed: 4)).outcomes

// The second asset began later: its first rows are not read.
let observed = (0..<2000).map { $0 < 1000 || $0 >= 1300 }
let fit = try MultivariateHyperbolicSkewedT.unlabeledFit(returns, observed: observed)
print("degrees of freedom", fit.degreesOfFreedom, "drift", fit.drift, fit.status)

let weights = try Weights(universe: universe, values: [0.6, 0.4])
let portfolio = try fit.law(universe).portfolioLaw(weights)
print("expected shortfall", portfolio.expectedShortfall(confidence: 0.99))

// A copula from ranks, with a law of its own for each asset.
let copula = try CopulaFit.studentT(CopulaFit.ranks(of: returns)).law
let margins = try (0..<2).map { j in try StudentT.fit((0..<1000).map { returns[$0, j] }).law }
let joint = try JointLaw(universe: universe, copula: copula, margins: margins)
let crashes = try joint.scenarios(count: 10_000, from: RandomStream(seed: 5))
print(
  "tail dependence", try copula.pair(0, 1).tailDependence(.lowerLower),
  "worst return", (0..<10_000).map { crashes.outcomes[$0, 0] }.min() ?? 0)

// One loss in a million, of a book that loses on large moves too.
let law = try MultivariateStudentT(
  expectedReturns: ExpectedReturns(universe: universe, values: [0.001, 0.001]),
  covariance: Covariance(universe: universe, dense: dispersion), degreesOfFreedom: 5)
let tail = try law.tailSimulation(
  weights, method: .importance(confidence: 1 - 1e-6), paths: 0..<20_000,
  from: RandomStream(seed: 6)
) { path in
  let move = 0.6 * path[0] + 0.4 * path[1]
  return 2 * move * move - move
}
let risk = try tail.valueAtRisk(confidence: 1 - 1e-6)
print("loss of one in a million", risk.value, "±", risk.standardError)

// The same by evenly spread points; several scramblings tell their error.
var even = try law.tailSimulation(
  weights, method: .plain, points: .scrambledSobol, paths: 0..<4096, from: RandomStream(seed: 6))
for stream in 1..<4 {
  try even.append(
    law.tailSimulation(
      weights, method: .plain, points: .scrambledSobol, paths: 0..<4096,
      from: RandomStream(seed: 6, stream: UInt64(stream))))
}
let shortfall = try even.expectedShortfall(confidence: 0.975)
print("expected shortfall", shortfall.value, "±", shortfall.standardError)
