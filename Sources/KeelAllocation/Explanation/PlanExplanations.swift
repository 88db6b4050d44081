import KeelData
import KeelNumerics
public import KeelOptimization

extension MultiPeriodUtility {
  /// Explains a plan that this choice made, each period on its own.
  ///
  /// The price of the trade to a portfolio counts against its expected returns, that of the trade from it for them:
  /// both, with the costs of holding it, are ``PortfolioExplanation/Source/costs``. So the term says what trades
  /// before and after have to do with a weight. The terminal weights are bounds of their assets.
  ///
  /// - Parameters:
  ///   - solution: What ``plan(_:)`` returned.
  ///   - steps: The periods that it was made from.
  /// - Returns: For each period the terms of each weight, and shadow prices in units of the sum of utilities.
  /// - Throws: ``AllocationError``; `notSolved` when the plan is not optimal for these data.
  /// - Complexity: O(N k² + k³) a period for k weights inside their bounds.
  public func explanations(
    of solution: Solution<Plan>,
    steps: [Step]
  ) throws(AllocationError) -> [PortfolioExplanation] {
    let plan = solution.value
    let count = Double(plan.weights.count)
    try Translation.require(Double(steps.count), "count of steps", in: count...count)
    let prices = try tradePrices(of: plan, steps)
    var result: [PortfolioExplanation] = []
    for (t, step) in steps.enumerated() {
      let (weights, universe) = (plan.weights[t], step.covariance.universe)
      try Translation.requireEqual(weights.universe, universe)
      try Translation.requireEqual(step.expectedReturns.universe, universe)
      let own = step.constraints ?? constraints
      let held = try MaximumUtility(
        riskAversion: riskAversion, holdingCosts: holdingCosts, penalty: penalty
      ).resolvedCosts(over: universe)
      let trading = weights.values.indices.map { i in
        (t + 1 < prices.count ? prices[t + 1][i] : 0) - prices[t][i]
      }
      let names = own.dualNames.map { "\($0)[\(t)]" }
      let duals = Duals(
        rows: names.map { solution.duals[$0] ?? 0 },
        bounds: universe.assets.map { solution.duals["\($0)[\(t)]"] ?? 0 }, rowNames: names,
        variableNames: universe.assets.map(\.rawValue))
      var limits: ResolvedConstraints?
      let proof = try own.proof(at: weights, duals: duals) {
        (resolved) throws(AllocationError) in
        var ended = resolved
        if t == steps.count - 1 { try MultiPeriodProgram.end(&ended, at: terminal) }
        limits = ended
        return try MaximumUtility.program(
          zip(step.expectedReturns.values, trading).map { $0 + $1 }, step.covariance,
          riskAversion: riskAversion, ended, costs: held)
      }
      var request = ExplanationRequest(
        covariance: step.covariance,
        active: ActiveWeights(
          constraints: limits ?? proof.active.constraints, benchmark: nil),
        program: proof.program, riskAversion: riskAversion, views: step.expectedReturns.values,
        adjustments: [(.costs, trading)], objective: .utility, priceUnit: -1)
      request.concentration = own.concentration
      result.append(try request.explanation(of: weights, duals: duals))
    }
    return result
  }
}
