public import KeelData
import KeelNumerics

/// The long-only portfolio in which each asset contributes a wanted share of the expected shortfall over scenarios.
///
/// ```text
/// w_i (−X'q)_i = b_i ES(w),   w > 0,   1'w = budget
/// ```
///
/// with the shares q of the scenarios in the tail. Where scenarios tie at the value at risk, which is the rule at the solution,
/// the expected shortfall has no gradient, and q is the subgradient at which the contributions meet their budgets; it is part of
/// the answer. Add scenarios of the failure of a protocol, and what holds it has a budget of those losses, too. A budget
/// for the protocol with all that is in it is a line of ``GroupShortfallBudgeting``.
///
/// The solution is unique. References: S. Maillard, T. Roncalli, J. Teïletche, Journal of Portfolio Management 36 (2010);
/// K. Boudt, P. Carl, B. Peterson, "Asset allocation with conditional value-at-risk budgets", Journal of Risk 15 (2013).
///
/// ```swift
/// let choice = ShortfallRiskBudgeting(confidence: 0.95)
/// let portfolio = try choice.weights(scenarios: scenarios)
/// ```
public struct ShortfallRiskBudgeting: Hashable, Sendable {
  /// A portfolio with the contributions that it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The expected shortfall; a loss is positive.
    public let expectedShortfall: Double

    /// What each asset contributes to it at ``scenarioShares``.
    public let contributions: [Double]

    /// The share of each scenario in the tail: from 0 to its probability over 1 − confidence, adding to one.
    public let scenarioShares: [Double]

    /// The largest relative distance of a contribution from its budget.
    public let largestError: Double

    /// The number of iterations.
    public let iterations: Int
  }

  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public var confidence: Double

  /// The shares of risk.
  public var budgets: RiskBudgeting.Budgets

  /// The sum of the weights.
  public var budget: Double

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - budgets: The shares of risk.
  ///   - budget: The sum of the weights; positive.
  public init(confidence: Double, budgets: RiskBudgeting.Budgets = .equal, budget: Double = 1) {
    self.confidence = confidence
    self.budgets = budgets
    self.budget = budget
  }

  /// The largest relative distance of a contribution from its budget, and of their sum from the expected shortfall.
  public static let tolerance = 1e-9

  /// Chooses the weights.
  ///
  /// - Parameter scenarios: S scenarios of N assets.
  /// - Returns: The weights with their contributions and the shares of the scenarios that prove them.
  /// - Throws: ``AllocationError``: bad numbers and names, and `riskBudgetUnattainable` where some long-only portfolio has no
  ///   expected shortfall, so that no budgets can be met.
  /// - Complexity: O(S N²) an iteration, some twenty iterations.
  public func weights(scenarios: ScenarioSet) throws(AllocationError) -> Portfolio {
    let universe = scenarios.universe
    try Translation.requireConfidence(confidence)
    try Translation.require(budget, "budget", in: .positive)
    let budgets = try budgets.resolved(over: universe)
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: budget)
    }
    let found = try ShortfallBudgetSearch.run(
      scenarios, confidence: confidence, lines: RiskBudgetLines(byAsset: budgets))
    return try portfolio(found, budgets, scenarios)
  }

  /// Scales the weights and proves them in the caller's terms.
  private func portfolio(
    _ found: ShortfallBudgetSearch.Answer,
    _ budgets: [Double],
    _ scenarios: ScenarioSet
  ) throws(AllocationError) -> Portfolio {
    let universe = scenarios.universe
    let total = found.weights.reduce(0, +)
    let values = found.weights.map { $0 / total * budget }
    let largest = Translation.largest(values, universe)
    guard values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: .infinity))
    }
    let contributions = zip(values, found.prices(scenarios)).map { $0 * $1 }
    let weights = try Translation.weights(values, over: universe)
    let risk = try Translation.expectedShortfall(weights, scenarios, confidence)
    let sum = contributions.reduce(0, +)
    let error = zip(contributions, budgets)
      .reduce((1 - sum / risk).magnitude) { max($0, ($1.0 / (risk * $1.1) - 1).magnitude) }
    guard found.isSolved, risk > 0, error <= Self.tolerance else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: error))
    }
    return Portfolio(
      weights: weights, expectedShortfall: risk, contributions: contributions,
      scenarioShares: found.scenarioShares, largestError: error, iterations: found.iterations)
  }
}
