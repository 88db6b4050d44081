public import KeelData
import KeelDistributions
import KeelNumerics
public import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MinimumRisk {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in the unit of the measure.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane; one without kinks, else a few for each asset.
  public func explanation(
    of portfolio: RiskPortfolio,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try explanation(
      ofWeights: portfolio.weights, scenarios: scenarios, expectedReturns: expectedReturns)
  }

  /// Explains weights that have the least risk.
  func explanation(
    ofWeights weights: Weights,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns?
  ) throws(AllocationError) -> MarginalExplanation {
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    return try SupportedOptimum(
      constraints: constraints, rows: try SupportedOptimum.target(targetReturn, means),
      convex: [(.risk, try measure.function(over: scenarios))], objective: .risk, unit: 1,
      settings: settings
    ).explanation(of: weights)
  }
}

extension MinimumExpectedShortfall {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in units of the expected shortfall.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few for each asset.
  public func explanation(
    of solution: Solution<ShortfallPortfolio>,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try MinimumRisk(
      .expectedShortfall(confidence: confidence), targetReturn: targetReturn,
      constraints: constraints, settings: settings
    ).explanation(
      ofWeights: solution.value.weights, scenarios: scenarios, expectedReturns: expectedReturns)
  }
}

extension MaximumReturnAtRisk {
  /// The name of the limit on the risk in explanations.
  public static let limitName = "risk"

  /// Explains weights that this choice made.
  ///
  /// The limit on the risk, named ``limitName``, has a price; its forces are those of the risk. At the least risk,
  /// where its price is infinite, forces and prices are those of ``MinimumRisk``.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in units of the expected return.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane; one without kinks, else a few for each asset.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try Translation.requireEqual(portfolio.weights.universe, scenarios.universe)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    var optimum = SupportedOptimum(
      constraints: constraints, linear: [(.views, means.values.map { -$0 })],
      riskLimit: .init(
        name: Self.limitName, source: .risk, limit: limit,
        function: try measure.function(over: scenarios), setting: limit),
      objective: .expectedReturn, unit: -1, settings: settings)
    optimum.gapTolerance = Self.gapTolerance
    do throws(AllocationError) {
      return try optimum.explanation(of: portfolio.weights)
    } catch {
      guard case .notSolved(let status, _) = error, status != .deadlineExceeded,
        status != .cancelled
      else { throw error }
      return try MinimumRisk(measure, constraints: constraints, settings: settings).explanation(
        ofWeights: portfolio.weights, scenarios: scenarios, expectedReturns: means)
    }
  }
}

extension MaximumReturnOverRisk {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in units of the ratio.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane; one without kinks, else a few for each asset.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try explanation(
      ofWeights: portfolio.weights, scenarios: scenarios, expectedReturns: expectedReturns)
  }

  /// Explains weights that have the largest ratio: those that minimize ratio × risk − excess return.
  func explanation(
    ofWeights weights: Weights,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns?
  ) throws(AllocationError) -> MarginalExplanation {
    try Translation.requireEqual(weights.universe, scenarios.universe)
    try Translation.require(riskFreeRate, "riskFreeRate", in: .finite)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let function = try measure.function(over: scenarios)
    let risk = try function(weights.values).value
    var gain = CompensatedSum()
    for (weight, mean) in zip(weights.values, means.values) {
      gain.add(weight * (mean - riskFreeRate))
    }
    let ratio = gain.value / risk
    guard risk > 0, ratio.isFinite else {
      throw .invalidValue(argument: "risk", asset: nil, got: risk, allowed: .positive)
    }
    var optimum = SupportedOptimum(
      constraints: constraints, linear: [(.views, means.values.map { riskFreeRate - $0 })],
      convex: [
        (
          .risk,
          { (weights) throws(AllocationError) in
            let (value, slopes) = try function(weights)
            return (ratio * value, slopes.map { ratio * $0 })
          }
        )
      ],
      objective: .returnOverRisk, unit: -1 / risk, settings: settings)
    optimum.gapTolerance = Self.gapTolerance
    return try optimum.explanation(of: weights)
  }
}

extension MaximumReturnOverExpectedShortfall {
  /// Explains weights that this choice made.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(scenarios:expectedReturns:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  ///   - expectedReturns: The expected returns that it was made from; nil for the mean outcomes.
  /// - Returns: The forces on each weight, and shadow prices in units of the ratio.
  /// - Throws: ``AllocationError``; `notSolved` when the solution is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few for each asset.
  public func explanation(
    of solution: Solution<ShortfallPortfolio>,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> MarginalExplanation {
    try MaximumReturnOverRisk(
      .expectedShortfall(confidence: confidence), riskFreeRate: riskFreeRate,
      constraints: constraints, settings: settings
    ).explanation(
      ofWeights: solution.value.weights, scenarios: scenarios, expectedReturns: expectedReturns)
  }
}

extension MaximumGrowth {
  /// Explains weights that this choice made.
  ///
  /// Views are the mean outcomes; the force of the risk is what the growth has beside them, about minus the covariance
  /// with the portfolio.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  /// - Returns: The forces on each weight, and shadow prices in units of the growth.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> MarginalExplanation {
    try SupportedOptimum(
      growthOver: scenarios, of: portfolio.weights, constraints: constraints, settings: settings
    ).explanation(of: portfolio.weights)
  }
}

extension MaximumGrowthAtDrawdown {
  /// Explains weights that this choice made.
  ///
  /// Views are the mean outcomes; the force of the risk is what the growth has beside them. The limit, named
  /// ``limitName``, has forces and a price of its own: the growth per unit of ``probability``.
  ///
  /// - Parameters:
  ///   - portfolio: What ``weights(scenarios:)`` returned.
  ///   - scenarios: The scenarios that it was made from.
  /// - Returns: The forces on each weight, and shadow prices in units of the growth.
  /// - Throws: ``AllocationError``; `notSolved` when the portfolio is not optimal for these data.
  /// - Complexity: O(S N) and a quadratic program a plane, a few planes.
  public func explanation(
    of portfolio: Portfolio,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> MarginalExplanation {
    let exponent = try exponent()
    var optimum = try SupportedOptimum(
      growthOver: scenarios, of: portfolio.weights, constraints: constraints, settings: settings)
    let growth = LogGrowth(scenarios)
    let moment = DrawdownMoment(
      left: growth.evaluate(portfolio.weights.values).left, probabilities: growth.probabilities,
      exponent: exponent)
    let left = growth.evaluate(portfolio.weights.values).left
    let tilted = zip(moment.tilted, left).reduce(0) { $1.0 > 0 ? $0 - $1.0 * log($1.1) : $0 }
    optimum.riskLimit = .init(
      name: Self.limitName, source: .constraint(Self.limitName), limit: 0,
      function: GrowthAtDrawdown(growth: growth, exponent: exponent, share: 1).function,
      setting: probability,
      rate: -(tilted - moment.value) / exponent / (probability * log(floor)))
    return try optimum.explanation(of: portfolio.weights)
  }
}

// MARK: - Functions

extension SupportedOptimum {
  /// The row of a target return; none for nil.
  static func target(
    _ target: Double?,
    _ means: ExpectedReturns
  ) throws(AllocationError) -> [FurtherRow] {
    guard let target else { return [] }
    let name = MinimumRisk.targetReturnName
    try Translation.require(target, name, in: .finite)
    return [
      FurtherRow(
        row: LinearRow(name, coefficients: means.values, lower: target), setting: target)
    ]
  }

  /// The fastest growth: the mean outcomes, and what the growth has beside them.
  fileprivate init(
    growthOver scenarios: ScenarioSet,
    of weights: Weights,
    constraints: PortfolioConstraints,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) {
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let means = try Translation.expectedReturns(nil, scenarios).values
    let growth = LogGrowth(scenarios).function
    self.init(
      constraints: constraints, linear: [(.views, means.map { -$0 })],
      convex: [
        (
          .risk,
          { (weights) throws(AllocationError) in
            let (value, slopes) = try growth(weights)
            let mean = zip(means, weights).reduce(0) { $0 + $1.0 * $1.1 }
            return (value + mean, zip(slopes, means).map { $0 + $1 })
          }
        )
      ],
      objective: .growth, unit: -1, settings: settings)
  }
}

extension ConvexObjective {
  /// The value with the gradient.
  fileprivate var function: SupportedOptimum.Function {
    { (weights) throws(AllocationError) in
      let point = evaluate(weights)
      guard point.value.isFinite else { return (point.value, weights) }
      return (point.value, try derivatives(at: point).gradient)
    }
  }
}

extension SampleRiskMeasure {
  /// The risk of weights over scenarios.
  func function(
    over scenarios: ScenarioSet
  ) throws(AllocationError) -> SupportedOptimum.Function {
    let means = try Translation.expectedReturns(nil, scenarios)
    let problem = try RiskProblem(
      MinimumRisk(self, constraints: PortfolioConstraints()), scenarios, means)
    return { (weights) throws(AllocationError) in
      let risk = try problem.risk(self, at: weights)
      return (risk.value, problem.assetSlopes(risk.slopes))
    }
  }
}
