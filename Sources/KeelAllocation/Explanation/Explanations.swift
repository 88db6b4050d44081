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

// MARK: - Requests

extension ExplanationRequest {
  /// The request of a utility at some risk aversion.
  init(
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
