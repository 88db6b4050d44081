// Laws with heavy tails fitted to returns, compared, and asked for losses beyond the sample.

import Keel

let truth = try NormalInverseGaussianLaw(location: 0.001, scale: 0.02, steepness: 40, asymmetry: -6)
let returns = truth.draws(count: 2000, from: RandomStream(seed: 3))

let student = try StudentT.fit(returns)
let hyperbolic = try NormalInverseGaussianLaw.fit(returns)
let skewed = try FernandezSteelSkewedT.fit(returns)
print(
  "information criteria", student.akaikeCriterion, hyperbolic.akaikeCriterion,
  skewed.akaikeCriterion)
print(
  "asymmetry", hyperbolic["asymmetry"]?.value ?? 0, "±", hyperbolic["asymmetry"]?.standardError ?? 0
)

let fit = try GoodnessOfFit.andersonDarling(returns, law: hyperbolic.law)
print("Anderson-Darling", fit.statistic, "p", fit.pValue)

// One day in a hundred thousand: the sample has no such day.
let tailed = try ParetoTailedEmpirical(sample: returns, tailShare: 0.05)
for law in [hyperbolic.law, skewed.law, tailed] as [any ContinuousDistribution] {
  print("quantile", law.quantile(1e-5), "mean beyond it", law.meanBelow(probability: 1e-5))
}

// Probabilities keep their digits where they underflow.
print("log-probability of a loss of 100 %", hyperbolic.law.logCDF(-1))

// The tail by itself: the lowest threshold that fits, and how far what lies beyond it is known.
let thresholds = try ThresholdDiagnostics(
  returns.map { -$0 }, exceedanceShares: [0.2, 0.1, 0.05], replicateCount: 99,
  from: RandomStream(seed: 4))
if let tail = try thresholds.selected()?.peaks {
  let interval = try tail.expectedShortfallInterval(confidence: 0.999)
  print(
    "beyond", tail.threshold, "expected shortfall", try tail.expectedShortfall(confidence: 0.999),
    "between", interval.lowerBound, "and", interval.upperBound)
}
