public import KeelData
import KeelNumerics
public import KeelOptimization

extension MinimumVariance {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the variance.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try Translation.requireEqual(solution.value.universe, covariance.universe)
    let proof = try constraints.proof(at: solution.value, duals: solution.duals) {
      (limits) throws(AllocationError) in
      try limits.program(
        quadratic: covariance.quadraticTerm, convexity: covariance.convexity, linear: nil)
    }
    var request = ExplanationRequest(
      covariance: covariance, active: proof.active, program: proof.program, riskAversion: 1,
      objective: .variance, priceUnit: 2)
    request.concentration = constraints.concentration
    return try request.explanation(of: solution.value, duals: solution.duals)
  }
}

extension TargetReturn {
  /// Explains weights that this choice made.
  ///
  /// The target is one of the constraints, named ``rowName``.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the variance.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try Translation.requireEqual(expectedReturns.universe, covariance.universe)
    try Translation.requireEqual(solution.value.universe, covariance.universe)
    let proof = try constraints.proof(at: solution.value, duals: solution.duals) {
      (limits) throws(AllocationError) in
      try Self.program(target, expectedReturns.values, covariance, limits)
    }
    var request = ExplanationRequest(
      covariance: covariance, active: proof.active, program: proof.program, riskAversion: 1,
      objective: .variance, priceUnit: 2)
    request.concentration = constraints.concentration
    return try request.explanation(of: solution.value, duals: solution.duals)
  }
}

extension TrackingError {
  /// Explains weights that this choice made.
  ///
  /// The benchmark's weights are the first term; the others explain the active weights, with limits less
  /// what the benchmark uses of them.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the tracking variance.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try Translation.requireEqual(benchmark.universe, covariance.universe)
    try Translation.requireEqual(solution.value.universe, covariance.universe)
    let proof = try constraints.proof(
      at: solution.value, duals: solution.duals, benchmark: benchmark
    ) { (limits) throws(AllocationError) in
      try limits.program(
        quadratic: covariance.quadraticTerm, convexity: covariance.convexity, linear: nil)
    }
    var request = ExplanationRequest(
      covariance: covariance, active: proof.active, benchmark: benchmark, program: proof.program,
      riskAversion: 1, objective: .trackingVariance, priceUnit: 2)
    request.concentration = constraints.concentration
    return try request.explanation(of: solution.value, duals: solution.duals)
  }
}

extension MaximumUtility {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the utility.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try ExplanationRequest(
      returns: expectedReturns, covariance: covariance, constraints: constraints,
      weights: solution.value, duals: solution.duals,
      costs: resolvedCosts(over: covariance.universe, tangentAt: solution.value),
      riskAversion: riskAversion,
      objective: .utility, priceUnit: -1
    ).explanation(of: solution.value, duals: solution.duals)
  }
}

extension DiscreteUtility {
  /// Explains weights that this choice made, given the positions and trades that it decided on.
  ///
  /// Zeros, lots and weights that are not traded to save a fee are bounds of their assets: the term of an asset's name is what
  /// the decision keeps it from, and its shadow price what a weight beside it would change, fees apart.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the utility.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of portfolio: Portfolio,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    try Translation.requireEqual(portfolio.weights.universe, universe)
    let decided = try DiscreteConditions(self, universe).fixing(
      portfolio.weights.values, in: try utility.constraints.resolved(over: universe))
    let request = ExplanationRequest(
      covariance: covariance, active: ActiveWeights(constraints: decided, benchmark: nil),
      program: try MaximumUtility.program(
        expectedReturns.values, covariance, riskAversion: utility.riskAversion, decided,
        costs: try utility.resolvedCosts(over: universe)),
      riskAversion: utility.riskAversion, views: expectedReturns.values, objective: .utility,
      priceUnit: -1)
    return try request.explanation(of: portfolio.weights, duals: portfolio.solution.duals)
  }
}

extension TargetRisk {
  /// Explains weights that this choice made.
  ///
  /// The terms are those of the utility at the risk aversion that the limit implies. At the least
  /// variance, where that is infinite, views have no term and prices are those of the variance.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the expected return.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Portfolio>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    let riskAversion = solution.value.riskAversion
    if riskAversion.isFinite {
      return try ExplanationRequest(
        returns: expectedReturns, covariance: covariance, constraints: constraints,
        weights: solution.value.weights, duals: solution.duals, benchmark: benchmark,
        riskAversion: riskAversion, objective: .expectedReturn,
        priceUnit: -1
      ).explanation(of: solution.value.weights, duals: solution.duals)
    }
    let least = solution.map(\.weights)
    guard let benchmark else {
      return try MinimumVariance(constraints: constraints)
        .explanation(of: least, covariance: covariance)
    }
    return try TrackingError(to: benchmark, constraints: constraints)
      .explanation(of: least, covariance: covariance)
  }
}

extension MaximumSharpe {
  /// Explains weights that this choice made.
  ///
  /// The terms are those of the utility at the risk aversion that the optimum implies.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the ratio.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    try Translation.requireEqual(expectedReturns.universe, covariance.universe)
    return try ExplanationRequest(
      ratioOf: expectedReturns, charge: riskFreeRate, weights: solution.value,
      duals: solution.duals, covariance: covariance, constraints: constraints,
      objective: .sharpeRatio
    ).explanation(of: solution.value, duals: solution.duals)
  }
}

extension MaximumDiversification {
  /// Explains weights that this choice made.
  ///
  /// The terms are those of the utility at the risk aversion that the optimum implies, with the
  /// volatilities as views.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The terms of each weight, and shadow prices in units of the ratio.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N k² + k³) for k weights inside their bounds.
  public func explanation(
    of solution: Solution<Weights>,
    covariance: Covariance
  ) throws(AllocationError) -> PortfolioExplanation {
    let deviations: ExpectedReturns
    do throws(DataError) {
      deviations = try ExpectedReturns(
        universe: covariance.universe, values: covariance.standardDeviations)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
    return try ExplanationRequest(
      ratioOf: deviations, charge: 0, weights: solution.value, duals: solution.duals,
      covariance: covariance, constraints: constraints, objective: .diversificationRatio
    ).explanation(of: solution.value, duals: solution.duals)
  }
}

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

// MARK: - Requests

extension ExplanationRequest {
  /// The request of a utility at some risk aversion.
  fileprivate init(
    returns: ExpectedReturns,
    covariance: Covariance,
    constraints: PortfolioConstraints,
    weights: Weights,
    duals: Duals,
    benchmark: Weights? = nil,
    costs: UtilityCosts = UtilityCosts(),
    riskAversion: Double,
    objective: PortfolioExplanation.Objective,
    priceUnit: Double
  ) throws(AllocationError) {
    try Translation.requireEqual(returns.universe, covariance.universe)
    if let benchmark { try Translation.requireEqual(benchmark.universe, covariance.universe) }
    try Translation.requireEqual(weights.universe, covariance.universe)
    let proof = try constraints.proof(at: weights, duals: duals, benchmark: benchmark) {
      (limits) throws(AllocationError) in
      try MaximumUtility.program(
        returns.values, covariance, riskAversion: riskAversion, limits, costs: costs)
    }
    self.init(
      covariance: covariance, active: proof.active, benchmark: benchmark, program: proof.program,
      riskAversion: riskAversion, views: returns.values, objective: objective,
      priceUnit: priceUnit)
    concentration = constraints.concentration
  }

  /// The request of a largest ratio: the utility at λ = gain / variance.
  fileprivate init(
    ratioOf gains: ExpectedReturns,
    charge: Double,
    weights: Weights,
    duals: Duals,
    covariance: Covariance,
    constraints: PortfolioConstraints,
    objective: PortfolioExplanation.Objective
  ) throws(AllocationError) {
    try Translation.requireEqual(weights.universe, covariance.universe)
    let product = covariance.product(with: weights.values)
    let variance = zip(product, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    let gain = zip(gains.values, weights.values).reduce(0) { $0 + ($1.0 - charge) * $1.1 }
    guard variance > 0, (gain / variance).isFinite else {
      throw .invalidValue(argument: "variance", asset: nil, got: variance, allowed: .positive)
    }
    try self.init(
      returns: gains, covariance: covariance, constraints: constraints, weights: weights,
      duals: duals, riskAversion: gain / variance, objective: objective,
      priceUnit: -1 / variance.squareRoot())
    budgetShift = charge
  }
}
