// Which law fits a series, and is it good enough?

import Foundation
import Keel

let law = try StudentT(location: 0.0005, scale: 0.02, degreesOfFreedom: 4)
let returns = law.draws(count: 400, from: RandomStream(seed: 7))

let ranking = try LawRanking(
  returns, families: [.normal, .laplace, .studentT, .logNormal], criterion: .bayesian)
for entry in ranking.entries {
  switch entry.outcome {
  case .success(let ranked): print(entry.family, ranked.bayesianCriterion, ranked.status)
  case .failure(let error): print(entry.family, error)
  }
}

// The p-value of a fitted law has to know of the fit.
let fit = try StudentT.fit(returns)
let test = try BootstrapGoodnessOfFit(
  returns, law: fit.law, replicateCount: 99, from: RandomStream(seed: 1))
print("Anderson-Darling p-value:", test.andersonDarling.pValue)

// Half a year's memory, in windows.
let weights = (0..<250).map { pow(0.99, Double(249 - $0)) }
let rolling = try RollingFit(
  of: StudentT.self, to: returns, window: 250, step: 50, weights: weights)
print(rolling.windows.count, "windows,", rolling.failureCount, "without a fit")
