public import KeelData
import KeelDistributions
import KeelNumerics
public import KeelOptimization

extension RobustUtility {
  /// Explains weights that this choice made.
  ///
  /// The weights are the best for the worst expected returns of the set: views are the estimate, and
  /// ``PortfolioExplanation/Source/uncertainty`` is what the worst ones have beside it.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The estimate that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the utility in the worst case.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Portfolio>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try Translation.requireEqual(expectedReturns.universe, covariance.universe)
    let (weights, worst) = (solution.value.weights, solution.value.worstExpectedReturns)
    try requireWorst(solution.value, expectedReturns)
    var request = try ExplanationRequest(
      returns: worst, covariance: covariance, constraints: constraints, weights: weights,
      duals: solution.duals,
      costs: try MaximumUtility(
        riskAversion: riskAversion, costs: costs, holdingCosts: holdingCosts
      ).resolvedCosts(over: covariance.universe), riskAversion: riskAversion, objective: .utility,
      priceUnit: -1)
    request.views = expectedReturns.values
    request.adjustments = [
      (.uncertainty, zip(worst.values, expectedReturns.values).map { $0 - $1 })
    ]
    return try request.explanation(of: weights, duals: solution.duals)
  }

  /// What expected returns may miss the worst of the set by, relative to the returns of the assets held.
  private static let worstTolerance = 1e-8

  /// Throws where expected returns are not the worst of the set around an estimate for a portfolio.
  private func requireWorst(
    _ portfolio: Portfolio,
    _ estimate: ExpectedReturns
  ) throws(AllocationError) {
    let w = portfolio.weights.values
    try Translation.requireEqual(portfolio.weights.universe, estimate.universe)
    let loss = try uncertainty.loss(of: portfolio.weights)
    var (missing, size) = (loss, loss.magnitude)
    for i in w.indices {
      let (mean, worst) = (estimate.values[i], portfolio.worstExpectedReturns.values[i])
      missing += w[i] * (worst - mean)
      size += (w[i] * mean).magnitude
    }
    guard missing.magnitude <= Self.worstTolerance * size else {
      throw .notSolved(
        status: .stalled,
        certificate: Certificate(
          primalResidual: 0, dualResidual: 0, relativeGap: missing / size,
          primalObjective: -portfolio.worstCaseUtility, dualObjective: -portfolio.upperBound,
          worstViolation: nil, iterations: 0))
    }
  }
}

extension WassersteinExpectedShortfall {
  /// Explains weights that this choice made.
  ///
  /// The force of ``PortfolioExplanation/Source/uncertainty`` is that of the laws near the scenarios.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in units of the worst shortfall.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few for each asset.
  public func explanation(
    of solution: Solution<Portfolio>,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try Translation.requireEqual(solution.value.weights.universe, scenarios.universe)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let measure = SampleRiskMeasure.expectedShortfall(confidence: confidence)
    var optimum = SupportedOptimum(
      constraints: constraints, rows: try SupportedOptimum.target(targetReturn, means),
      convex: [(.risk, try measure.function(over: scenarios))], objective: .risk, unit: 1,
      settings: settings)
    let rate = try rate()
    if rate > 0 {
      optimum.convex.append(
        (
          .uncertainty,
          { (weights) in (rate * norm(weights), normSlopes(weights).map { rate * $0 }) }
        ))
    }
    return try optimum.explanation(of: solution.value.weights)
  }

  /// Slopes that support the dual norm.
  private func normSlopes(_ weights: [Double]) -> [Double] {
    switch distance {
    case .sum:
      let largest = weights.indices.max { weights[$0].magnitude < weights[$1].magnitude }
      return weights.indices.map { $0 == largest ? (weights[$0] < 0 ? -1 : 1) : 0 }
    case .euclidean:
      let norm = norm(weights)
      return weights.map { norm > 0 ? $0 / norm : 0 }
    case .largest: return weights.map { $0 < 0 ? -1 : $0 > 0 ? 1 : 0 }
    }
  }
}
