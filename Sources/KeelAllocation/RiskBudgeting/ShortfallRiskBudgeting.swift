public import KeelData
import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

/// The long-only portfolio in which each asset contributes a wanted share of the expected shortfall over scenarios.
///
/// ```text
/// w_i (−X'q)_i = b_i ES(w),   w > 0,   1'w = budget
/// ```
///
/// with the shares q of the scenarios in the tail. Where scenarios tie at the value at risk, which is the rule at the solution,
/// the expected shortfall has no gradient, and q is the subgradient at which the contributions meet their budgets; it is part of
/// the answer. Add scenarios of the failure of a protocol, and what holds it has a budget of those losses, too.
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

  private static let iterationLimit = 200

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
    let masses =
      scenarios.probabilities ?? [Double](repeating: 1, count: scenarios.scenarioCount)
    let possible = masses.indices.filter { masses[$0] > 0 }
    let total = masses.reduce(0, +)
    let sizes = try sizes(scenarios)
    // In units of the assets' own sizes all numbers are near one.
    var elements: [Double] = []
    for j in 0..<universe.count {
      let column = scenarios.outcomes.column(j)
      for s in possible { elements.append(column[s] / sizes[j]) }
    }
    var search = ShortfallBudgetSearch(
      outcomes: try Translation.matrix(
        elements, rowCount: possible.count, columnCount: universe.count),
      probabilities: possible.map { masses[$0] / total }, confidence: confidence,
      budgets: budgets, sizes: [Double](repeating: 1, count: universe.count))
    var isFound = false
    do throws(LinearAlgebraError) {
      isFound = try search.run(
        tolerance: Self.tolerance / 10, maximumIterations: Self.iterationLimit)
    } catch {
      isFound = false
    }
    var shares = [Double](repeating: 0, count: masses.count)
    for (k, s) in possible.enumerated() { shares[s] = search.shares[k] }
    return try portfolio(
      zip(search.y, sizes).map { $0 / $1 }, shares, budgets, scenarios, isFound, search.iterations)
  }

  /// The root mean square of the outcomes of each asset.
  private func sizes(_ scenarios: ScenarioSet) throws(AllocationError) -> [Double] {
    var sizes: [Double] = []
    for (j, asset) in scenarios.universe.assets.enumerated() {
      let column = scenarios.outcomes.column(j)
      var largest = 0.0
      for s in column.indices { largest = max(largest, column[s].magnitude) }
      guard largest > 0 else {
        throw .riskBudgetUnattainable(asset: asset, reason: .noVariance)
      }
      var sum = 0.0
      for s in column.indices { sum += (column[s] / largest) * (column[s] / largest) }
      sizes.append(largest * (sum / Double(column.count)).squareRoot())
    }
    return sizes
  }

  /// Scales the weights and proves them in the caller's terms.
  private func portfolio(
    _ y: [Double],
    _ shares: [Double],
    _ budgets: [Double],
    _ scenarios: ScenarioSet,
    _ isFound: Bool,
    _ iterations: Int
  ) throws(AllocationError) -> Portfolio {
    let universe = scenarios.universe
    let total = y.reduce(0, +)
    let values = y.map { $0 / total * budget }
    let largest = Translation.largest(values, universe)
    guard values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: .infinity))
    }
    let contributions = universe.assets.indices.map { j in
      let column = scenarios.outcomes.column(j)
      var sum = CompensatedSum()
      for s in column.indices { sum.add(-shares[s] * column[s]) }
      return values[j] * sum.value
    }
    let weights = try Translation.weights(values, over: universe)
    let risk: Double
    do throws(DistributionsError) {
      risk = try SampleRiskMeasure.expectedShortfall(confidence: confidence).risk(
        of: EmpiricalDistribution(weights: weights, scenarios: scenarios)
      ).value
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
    let sum = contributions.reduce(0, +)
    let error = zip(contributions, budgets)
      .reduce((1 - sum / risk).magnitude) { max($0, ($1.0 / (risk * $1.1) - 1).magnitude) }
    guard isFound, risk > 0, error <= Self.tolerance else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: error))
    }
    return Portfolio(
      weights: weights, expectedShortfall: risk, contributions: contributions,
      scenarioShares: shares, largestError: error, iterations: iterations)
  }
}
