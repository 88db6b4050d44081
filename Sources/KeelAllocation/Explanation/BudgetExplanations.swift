public import KeelData
import KeelDistributions
import KeelNumerics
public import KeelOptimization

// Risk budgets minimize σ(w) − (λ/σ) Σ b ln w, up to a factor, where λ is the contribution that a budget of one stands for.

extension RiskBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Two forces cancel on each asset: its marginal risk, and its budget over its weight.
  ///
  /// ```text
  /// (Σw)_i / σ = σ b_i / w_i
  /// ```
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The forces on each weight, in volatility per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N³).
  public func explanation(
    of solution: Solution<Portfolio>,
    covariance: Covariance
  ) throws(AllocationError) -> MarginalExplanation {
    let weights = solution.value.weights
    try Translation.requireEqual(weights.universe, covariance.universe)
    let shares = try budgets.resolved(over: covariance.universe)
    return try SupportedOptimum(
      budgets: zip(shares, weights.values).map { $0 / $1 }, of: weights, covariance: covariance,
      constraints: .open(above: 0, budget: budget)
    ).explanation(of: weights)
  }
}

extension FactorRiskBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Two forces cancel on each asset: its marginal risk, and for each factor its loading times the budget over the exposure.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The forces on each weight, in volatility per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N³).
  public func explanation(
    of solution: Solution<Portfolio>,
    covariance: Covariance
  ) throws(AllocationError) -> MarginalExplanation {
    let (weights, universe) = (solution.value.weights, covariance.universe)
    try Translation.requireEqual(weights.universe, universe)
    let elements = try FactorLoading.elements(factors, over: universe)
    let n = universe.count
    var pulls = [Double](repeating: 0, count: n)
    for (k, share) in try resolvedBudgets().enumerated() {
      let exposure = (0..<n).reduce(0) { $0 + elements[k * n + $1] * weights.values[$1] }
      for i in 0..<n { pulls[i] += elements[k * n + i] * share / exposure }
    }
    return try SupportedOptimum(
      budgets: pulls, of: weights, covariance: covariance,
      constraints: .open(above: -.infinity, budget: budget)
    ).explanation(of: weights)
  }
}

extension GroupRiskBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Two forces cancel on each asset that is held: its marginal risk, and the budget of its line over the weight of the line. An
  /// asset that is not held has a bound too.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The forces on each weight, in volatility per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N³).
  public func explanation(
    of solution: Solution<Portfolio>,
    covariance: Covariance
  ) throws(AllocationError) -> MarginalExplanation {
    let weights = solution.value.weights
    try Translation.requireEqual(weights.universe, covariance.universe)
    let resolved = try RiskBudgetLines(lines, over: covariance.universe)
    return try SupportedOptimum(
      budgets: resolved.pulls(on: weights.values), of: weights, covariance: covariance,
      constraints: .open(above: 0, budget: budget)
    ).explanation(of: weights)
  }
}

extension ConstrainedRiskBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Beside the marginal risk and the budget over the weight, binding limits have forces; the sum of the weights has none.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(covariance:)`` returned.
  ///   - covariance: The covariance that it was made from.
  /// - Returns: The forces on each weight, in volatility per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(N³).
  public func explanation(
    of solution: Solution<Portfolio>,
    covariance: Covariance
  ) throws(AllocationError) -> MarginalExplanation {
    let weights = solution.value.weights
    try Translation.requireEqual(weights.universe, covariance.universe)
    var longOnly = constraints
    longOnly.bounds = try positiveBounds(over: covariance.universe)
    let shares = try budgets.resolved(over: covariance.universe)
    return try SupportedOptimum(
      budgets: zip(shares, weights.values).map { $0 / $1 }, of: weights, covariance: covariance,
      barrierWeight: solution.value.barrierWeight, constraints: longOnly
    ).explanation(of: weights)
  }
}

extension ShortfallRiskBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Two forces cancel on each asset: its mean loss in the tail, and its budget over its weight.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  /// - Returns: The forces on each weight, in expected shortfall per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few for each asset.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> MarginalExplanation {
    let weights = portfolio.weights
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let shares = try budgets.resolved(over: scenarios.universe)
    return try SupportedOptimum(
      budgets: zip(shares, weights.values).map { $0 / $1 }, of: weights, scenarios: scenarios,
      confidence: confidence, budget: budget
    ).explanation(of: weights)
  }
}

extension GroupShortfallBudgeting {
  /// Explains weights that this choice made.
  ///
  /// Two forces cancel on each asset that is held: its mean loss in the tail, and the budget of its line over the weight of the
  /// line. An asset that is not held has a bound too.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  /// - Returns: The forces on each weight, in expected shortfall per unit of weight.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few for each asset.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> MarginalExplanation {
    let weights = portfolio.weights
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let resolved = try RiskBudgetLines(lines, over: scenarios.universe)
    return try SupportedOptimum(
      budgets: resolved.pulls(on: weights.values), of: weights, scenarios: scenarios,
      confidence: confidence, budget: budget
    ).explanation(of: weights)
  }
}

extension RiskContributionLimits {
  /// Explains weights that this choice made.
  ///
  /// Each limit on a share of the variance has forces and a price, the change of the objective per unit of the share. The
  /// forces cancel at weights that none nearby improve; they do not say that there are no better ones elsewhere.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(covariance:expectedReturns:)`` returned.
  ///   - covariance: The covariance that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the least variance.
  /// - Returns: The forces on each weight, and shadow prices in units of the variance or of the utility.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(N³).
  public func explanation(
    of portfolio: Portfolio,
    covariance: Covariance,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    let (weights, universe) = (portfolio.weights, covariance.universe)
    try Translation.requireEqual(weights.universe, universe)
    var linear: [(source: PortfolioExplanation.Source, slopes: [Double])] = []
    var riskAversion = 2.0
    if case .utility(let aversion) = objective {
      guard let expectedReturns else {
        throw .invalidValue(
          argument: "count of expectedReturns", asset: nil, got: 0, allowed: 1...1)
      }
      try Translation.requireEqual(expectedReturns.universe, universe)
      linear = [(.views, expectedReturns.values.map { -$0 })]
      riskAversion = aversion
    }
    let w = weights.values
    let product = covariance.product(with: w)
    let variance = zip(product, w).reduce(0) { $0 + $1.0 * $1.1 }
    let rows = try limits.map { (limit) throws(AllocationError) in
      let members = universe.assets.map { limit.assets.contains($0) ? 1.0 : 0 }
      let inside = covariance.product(with: zip(members, w).map { $0 * $1 })
      let slopes = w.indices.map {
        members[$0] * product[$0] + inside[$0] - 2 * limit.share * product[$0]
      }
      // A tangent of a limit that is homogeneous: twice the excess.
      let excess = w.indices.reduce(-limit.share * variance) {
        $0 + members[$1] * w[$1] * product[$1]
      }
      let atWeights = zip(slopes, w).reduce(0) { $0 + $1.0 * $1.1 }
      let isMet = excess.magnitude <= 1e-9 * variance
      return SupportedOptimum.FurtherRow(
        row: LinearRow(
          limit.name, coefficients: slopes, upper: isMet ? atWeights : atWeights - excess),
        setting: limit.share, rate: variance)
    }
    return try SupportedOptimum(
      constraints: constraints, rows: rows, linear: linear,
      convex: riskAversion > 0
        ? [(.risk, covariance.halfVariance(over: 1 / riskAversion))] : [],
      objective: linear.isEmpty ? .variance : .utility, unit: linear.isEmpty ? 1 : -1,
      settings: settings
    ).explanation(of: weights)
  }
}

extension RiskBudgetLines {
  /// The share of each asset's line over the weight of the line.
  fileprivate func pulls(on weights: [Double]) -> [Double] {
    var totals = shares.map { _ in 0.0 }
    for (weight, line) in zip(weights, lineOfAsset) { totals[line] += weight }
    return lineOfAsset.map { shares[$0] / totals[$0] }
  }
}

extension PortfolioConstraints {
  /// A sum of weights above some number.
  fileprivate static func open(above lower: Double, budget: Double) -> PortfolioConstraints {
    PortfolioConstraints(bounds: .uniform(lower ... .infinity), budget: budget)
  }
}

extension SupportedOptimum {
  /// The volatility less budgets.
  ///
  /// - Parameters:
  ///   - budgets: The slopes of Σ b ln w.
  ///   - weights: The weights.
  ///   - covariance: The covariance.
  ///   - barrierWeight: The variance that a budget of one stands for; nil for all of it.
  ///   - constraints: The constraints.
  /// - Throws: ``AllocationError``.
  fileprivate init(
    budgets: [Double],
    of weights: Weights,
    covariance: Covariance,
    barrierWeight: Double? = nil,
    constraints: PortfolioConstraints
  ) throws(AllocationError) {
    let product = covariance.product(with: weights.values)
    let variance = zip(product, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    let deviation = variance.squareRoot()
    try self.init(
      budgets: budgets, price: (barrierWeight ?? variance) / deviation,
      covariance.halfVariance(over: deviation), constraints)
  }

  /// The expected shortfall less budgets.
  fileprivate init(
    budgets: [Double],
    of weights: Weights,
    scenarios: ScenarioSet,
    confidence: Double,
    budget: Double
  ) throws(AllocationError) {
    let function = try SampleRiskMeasure.expectedShortfall(confidence: confidence)
      .function(over: scenarios)
    try self.init(
      budgets: budgets, price: try function(weights.values).value, function,
      .open(above: 0, budget: budget))
  }

  private init(
    budgets: [Double],
    price: Double,
    _ risk: @escaping Function,
    _ constraints: PortfolioConstraints
  ) throws(AllocationError) {
    let slopes = budgets.map { -price * $0 }
    guard slopes.allSatisfy(\.isFinite) else {
      throw .invalidValue(argument: "weights", asset: nil, got: 0, allowed: .positive)
    }
    self.init(
      constraints: constraints, linear: [(.riskBudget, slopes)], convex: [(.risk, risk)],
      objective: .riskBudgets, unit: 1, settings: QuadraticSolver.Settings())
  }
}

extension Covariance {
  /// w'Σw / 2 in some unit.
  fileprivate func halfVariance(over unit: Double) -> SupportedOptimum.Function {
    { (weights) in
      let slopes = product(with: weights).map { $0 / unit }
      return (zip(slopes, weights).reduce(0) { $0 + $1.0 * $1.1 } / 2, slopes)
    }
  }
}
