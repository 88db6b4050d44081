import Keel

// Step 4: how bad the bad days are, under a normal law and under one with heavy tails.

/// The laws fitted to the returns of one portfolio, and the mean loss beyond the confidence level.
struct TailRisk {
  /// The losses of the past, the largest first.
  let losses: [Double]
  let normal: Normal
  let studentT: StudentT
  let normalShortfall: Double
  let studentTShortfall: Double
  let pastShortfall: Double

  init(_ returns: [Double]) throws {
    losses = returns.map { -$0 }.sorted(by: >)
    normal = try Normal.fit(returns).law
    studentT = try StudentT.fit(returns).law
    normalShortfall = normal.expectedShortfall(confidence: Assumptions.confidence)
    studentTShortfall = studentT.expectedShortfall(confidence: Assumptions.confidence)
    pastShortfall = try EmpiricalDistribution(outcomes: returns)
      .expectedShortfall(confidence: Assumptions.confidence)
  }
}
