public import KeelData
import KeelNumerics

/// Weights in inverse proportion to the standard deviations, without a look at the correlations.
///
/// ```text
/// w_i = budget (1 / σ_i) / Σ_k (1 / σ_k)
/// ```
///
/// With equal correlations of all pairs it is the portfolio of equal risk contributions
/// (``RiskBudgeting/equal``) and, where that correlation is below one, the one with the largest
/// diversification ratio `w'σ / √(w'Σw)`. Reference: Maillard, Roncalli and Teïletche, Journal of
/// Portfolio Management 36 (2010).
public struct InverseVolatility: Hashable, Sendable {
  /// The sum of the weights.
  public var budget: Double

  /// Creates the portfolio choice.
  ///
  /// - Parameter budget: The sum of the weights; positive.
  public init(budget: Double = 1) { self.budget = budget }

  /// Chooses the weights; each has a relative error of some ulp.
  ///
  /// - Parameter covariance: The covariance of N assets per period; only variances are read.
  /// - Returns: The weights.
  /// - Throws: ``AllocationError/riskBudgetUnattainable(asset:reason:)`` for an asset without variance,
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for the budget,
  ///   ``AllocationError/infeasible(constraints:contradiction:)`` without assets.
  /// - Complexity: O(N).
  public func weights(covariance: Covariance) throws(AllocationError) -> Weights {
    let universe = covariance.universe
    guard budget > 0, budget.isFinite else {
      throw .invalidValue(argument: "budget", asset: nil, got: budget, allowed: .positive)
    }
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: budget)
    }
    let deviations = covariance.standardDeviations
    for (i, deviation) in deviations.enumerated() where !(deviation > 0) {
      throw .riskBudgetUnattainable(asset: universe.assets[i], reason: .noVariance)
    }
    // Relative to the least one: no inverse overflows.
    let least = deviations.min() ?? 1
    let inverses = deviations.map { least / $0 }
    let total = universe.positionsByName.reduce(0) { $0 + inverses[$1] }
    return try Translation.weights(inverses.map { $0 / total * budget }, over: universe)
  }
}
