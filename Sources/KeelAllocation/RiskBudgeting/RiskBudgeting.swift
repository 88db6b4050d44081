// Goals: (1) contributions equal to their budgets to 1e-9 relative for every positive budget
// vector; (2) an error instead of a wrong portfolio when that is impossible; (3) some passes over
// the matrix.
//
// Convex form: minimize 1/2 u'Σu − Σ b ln u over u > 0, whose optimality conditions are
// u_i (Σu)_i = b_i (Maillard, Roncalli and Teïletche, Journal of Portfolio Management 36, 2010).
// The files of `RiskBarrier` say how it is solved.

public import KeelData
public import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics
public import KeelOptimization

/// The long-only portfolio in which each asset contributes a wanted share of the volatility.
///
/// ```text
/// w_i (Σw)_i = b_i w'Σw,   w > 0,   1'w = budget
/// ```
///
/// The solution is unique. In the certificate, the dual residual is the largest relative distance
/// of a contribution from its budget; the dual values are zero.
public struct RiskBudgeting: Hashable, Sendable {
  /// The shares of risk.
  public enum Budgets: Hashable, Sendable {
    /// The same share for each asset (equal risk contribution).
    case equal

    /// A positive number for each asset; only their proportions count.
    case byAsset([AssetID: Double])
  }

  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest relative distance of a contribution from its budget.
    public var relativeTolerance = 1e-11

    /// The largest number of passes over the matrix before Newton steps take over.
    public var maximumPasses = 60

    /// The largest number of Newton steps.
    public var maximumNewtonSteps = 100

    /// The instant after which the method stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// Creates the default settings: 1e-11, 60 passes, 100 steps, no deadline.
    public init() {}
  }

  /// A portfolio with the contributions that it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions
  }

  /// Equal risk contribution, fully invested.
  public static let equal = RiskBudgeting()

  /// The shares of risk.
  public var budgets: Budgets

  /// The largest weight that is accepted for each asset; nil for no limit.
  ///
  /// A limit that the solution breaks is an error, because no other portfolio has the wanted
  /// contributions; ``ConstrainedRiskBudgeting`` comes as close as a limit allows.
  public var maximumWeight: Double?

  /// The sum of the weights.
  public var budget: Double

  /// The limits of the method.
  public var settings: Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - budgets: The shares of risk.
  ///   - maximumWeight: The largest weight that is accepted; nil for no limit.
  ///   - budget: The sum of the weights; positive.
  ///   - settings: The limits of the method.
  public init(
    budgets: Budgets = .equal,
    maximumWeight: Double? = nil,
    budget: Double = 1,
    settings: Settings = Settings()
  ) {
    self.budgets = budgets
    self.maximumWeight = maximumWeight
    self.budget = budget
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with the attained contributions.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/riskBudgetUnattainable(asset:reason:)``.
  /// - Complexity: O(N²) a pass, O(N³) a Newton step.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    let shares = try budgets.resolved(over: universe)
    try requireLimits()
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: budget)
    }
    let deviations = covariance.standardDeviations
    for (i, deviation) in deviations.enumerated() where !(deviation > 0) {
      throw .riskBudgetUnattainable(asset: universe.assets[i], reason: .noVariance)
    }
    var barrier = RiskBarrier(covariance.matrix, deviations: deviations, shares: shares)
    let end = barrier.minimize(settings)
    let left = barrier.error
    if end == nil && !(left <= Self.publishedTolerance) {
      throw .riskBudgetUnattainable(
        asset: universe.assets[barrier.worstPosition], reason: .vanishingRisk(error: left))
    }
    let total = barrier.u.reduce(0, +)
    let values = barrier.u.map { $0 / total * budget }
    let weights = try Translation.weights(values, over: universe)
    let contributions = try Translation.contributions(weights, covariance)
    let error = zip(contributions.shares, shares)
      .reduce(0) { propagatingMaximum($0, ($1.0 / $1.1 - 1).magnitude) }
    let certificate = Self.certificate(error, contributions.total, barrier.iterations)
    if let end { throw .notSolved(status: end, certificate: certificate) }
    guard error <= Self.publishedTolerance else {
      let worst = zip(contributions.shares, shares).map { ($0 / $1 - 1).magnitude }
      let asset = worst.indices.max { worst[$0] < worst[$1] } ?? 0
      throw .riskBudgetUnattainable(
        asset: universe.assets[asset], reason: .vanishingRisk(error: error))
    }
    try requireMaximum(weights)
    let zeros = [Double](repeating: 0, count: universe.count)
    let duals = Duals(
      rows: [0], bounds: zeros, rowNames: [PortfolioConstraints.budgetName],
      variableNames: universe.assets.map(\.rawValue))
    return Solution(
      value: Portfolio(weights: weights, contributions: contributions), status: .optimal,
      certificate: certificate, duals: duals)
  }

  /// The largest relative distance of a contribution from its budget in any answer.
  private static let publishedTolerance = 1e-9

  private func requireLimits() throws(AllocationError) {
    guard budget > 0, budget.isFinite else {
      throw .invalidValue(
        argument: "budget", asset: nil, got: budget, allowed: .positive)
    }
    if let maximumWeight, !(maximumWeight > 0) {
      throw .invalidValue(
        argument: "maximumWeight", asset: nil, got: maximumWeight, allowed: .positive)
    }
  }

  /// A weight may exceed its limit by what a solver of constraints would be allowed.
  private func requireMaximum(_ weights: Weights) throws(AllocationError) {
    guard let maximumWeight else { return }
    let slack = maximumWeight * Certificate.optimalTolerances.primal
    for (i, weight) in weights.values.enumerated() where weight > maximumWeight + slack {
      throw .riskBudgetUnattainable(
        asset: weights.universe.assets[i],
        reason: .outsideBounds(weight: weight, lowest: 0, highest: maximumWeight))
    }
  }

  static func certificate(
    _ error: Double,
    _ volatility: Double,
    _ iterations: Int
  ) -> Certificate {
    Certificate(
      primalResidual: 0, dualResidual: error, relativeGap: 0, primalObjective: volatility,
      dualObjective: volatility, worstViolation: nil, iterations: iterations)
  }
}

extension RiskBudgeting.Budgets {
  /// The shares of risk in the order of a universe; they add to one.
  func resolved(over universe: Universe) throws(AllocationError) -> [Double] {
    var shares = [Double](repeating: 1, count: universe.count)
    if case .byAsset(let table) = self {
      if let unknown = table.keys.filter({ universe.position(of: $0) == nil }).min() {
        throw .universeMismatch(position: nil, left: unknown, right: nil)
      }
      shares = universe.assets.map { table[$0] ?? .nan }
    }
    return try Translation.shares(shares) { ("budgets", universe.assets[$0]) }
  }
}

extension Translation {
  /// Positive numbers over their sum; an error names the number by its label.
  static func shares(
    _ numbers: [Double],
    label: (Int) -> (argument: String, asset: AssetID?)
  ) throws(AllocationError) -> [Double] {
    for (i, number) in numbers.enumerated() where !(number > 0 && number.isFinite) {
      throw .invalidValue(
        argument: label(i).argument, asset: label(i).asset, got: number, allowed: .positive)
    }
    // Divided by the largest first: the sum of large numbers may overflow.
    let largest = numbers.max() ?? 1
    let total = numbers.reduce(0) { $0 + $1 / largest }
    let shares = numbers.map { $0 / largest / total }
    for (i, share) in shares.enumerated() where !share.isNormal {
      throw .invalidValue(
        argument: label(i).argument, asset: label(i).asset, got: numbers[i],
        allowed: largest * .leastNormalMagnitude...largest)
    }
    return shares
  }
}

/// The larger of two numbers, and NaN when one is NaN.
func propagatingMaximum(_ left: Double, _ right: Double) -> Double {
  left.isNaN || right.isNaN ? .nan : max(left, right)
}
