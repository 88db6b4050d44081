// Goals: (1) the published problem with its optimality conditions checked on the caller's data; (2)
// the deviation from the budgets reported, never hidden; (3) the exact budgets where no constraint
// binds, at the price of the unconstrained problem.

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// The long-only portfolio that follows risk budgets as closely as bounds and linear limits allow.
///
/// ```text
/// minimize 1/2 w'Σw − λ Σ b_i ln w_i  subject to bounds and linear constraints,
/// with λ such that 1'w = budget
/// ```
///
/// The sum of the weights has no dual value of its own: λ carries it. So an asset whose bounds and
/// constraints do not bind contributes `w_i (Σw)_i = λ b_i`, and these assets keep the proportions of
/// their budgets; a binding lower limit raises a contribution, a binding upper limit lowers it. If
/// nothing binds the portfolio is that of ``RiskBudgeting``. Reference: J.-C. Richard and T. Roncalli,
/// Constrained risk budgeting portfolios, arXiv 1902.05710 (2019).
public struct ConstrainedRiskBudgeting: Hashable, Sendable {
  /// A portfolio with what it attains of its budgets.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions

    /// The wanted share of each asset in the volatility; they add to one.
    public let budgets: [Double]

    /// The attained share minus the wanted one, for each asset.
    public let deviations: [Double]

    /// The barrier weight λ, a variance: the contribution that a budget of one stands for.
    public let barrierWeight: Double

    /// The names of the constraints and of the assets with bounds that move contributions.
    public let bindingConstraints: [String]

    /// The largest magnitude among the deviations: at most 1e-9 when nothing binds.
    public var largestDeviation: Double { deviations.reduce(0) { max($0, $1.magnitude) } }
  }

  /// The shares of risk.
  public var budgets: RiskBudgeting.Budgets

  /// The constraints; lower bounds below zero count as zero.
  public var constraints: PortfolioConstraints

  /// The limits of the solver for each of its programs, and the deadline.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - budgets: The shares of risk.
  ///   - constraints: Bounds, sum of the weights (positive), groups and other linear limits.
  ///   - settings: The limits of the solver.
  public init(
    budgets: RiskBudgeting.Budgets = .equal,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.budgets = budgets
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// The certificate is that of the quadratic program `minimize 1/2 w'Σw − λ Σ (b_i / w_i) w_i` under
  /// all constraints, whose optimality conditions at w are those of the problem; its dual value of
  /// the sum of the weights is zero.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with the attained contributions, certificate and dual values by name.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/infeasible(constraints:contradiction:)`` and
  ///   ``AllocationError/riskBudgetUnattainable(asset:reason:)`` where no weight λ leads to the sum.
  /// - Complexity: O(N²) a pass when nothing binds, else some dozen quadratic programs.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Portfolio> {
    if let solution = try limited(
      over: covariance.universe, weights: \.weights,
      { (choice) throws(AllocationError) in
        try choice.weights(covariance: covariance)
      })
    {
      return solution
    }
    let universe = covariance.universe
    let shares = try budgets.resolved(over: universe)
    guard constraints.budget > 0, constraints.budget.isFinite else {
      throw .invalidValue(
        argument: PortfolioConstraints.budgetName, asset: nil, got: constraints.budget,
        allowed: .positive)
    }
    var longOnly = constraints
    longOnly.bounds = try positiveBounds(over: universe)
    let program = try longOnly.program(
      quadratic: .dense(covariance.matrix), linear: nil, over: universe)
    let start = try unconstrained(covariance)
    var search = ConstrainedRiskSearch(
      program, covariance, shares: shares, settings: settings, start: start)
    try search.run(budget: constraints.budget)
    return try solution(search, program, covariance)
  }

  /// The bounds of each asset, from zero up; an asset that must stay at zero is an error.
  func positiveBounds(
    over universe: Universe
  ) throws(AllocationError) -> PortfolioConstraints.Bounds {
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    var table: [AssetID: ClosedRange<Double>] = [:]
    for (i, asset) in universe.assets.enumerated() {
      guard upper[i] > 0 else {
        throw .riskBudgetUnattainable(
          asset: asset,
          reason: .outsideBounds(weight: 0, lowest: lower[i], highest: upper[i]))
      }
      table[asset] = max(lower[i], 0)...upper[i]
    }
    return .byAsset(table, others: 0...Double.infinity)
  }

  /// The weights without constraints; in their absence those of uncorrelated assets.
  private func unconstrained(_ covariance: Covariance) throws(AllocationError) -> [Double] {
    var exact = RiskBudgeting(budgets: budgets, budget: constraints.budget)
    exact.settings.deadline = settings.deadline
    do throws(AllocationError) {
      return try exact.weights(covariance: covariance).value.weights.values
    } catch {
      guard case .riskBudgetUnattainable(_, .vanishingRisk) = error else { throw error }
    }
    let shares = try budgets.resolved(over: covariance.universe)
    let values = zip(shares, covariance.standardDeviations).map { $0.squareRoot() / $1 }
    let total = values.reduce(0, +)
    return values.map { $0 / total * constraints.budget }
  }

  private func solution(
    _ search: ConstrainedRiskSearch,
    _ program: QuadraticProgram,
    _ covariance: Covariance
  ) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    let pull = search.weights.indices.map {
      -search.barrierWeight * search.shares[$0] / search.weights[$0]
    }
    let duals = Duals(of: program, rows: [0] + search.rowDuals, bounds: search.boundDuals)
    let checked = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: program.quadratic, linear: pull, lowerBounds: program.lowerBounds,
        upperBounds: program.upperBounds, rows: program.rows,
        variableNames: program.variableNames)
    }
    let certificate: Certificate
    do throws(OptimizationError) {
      certificate = try checked.verify(
        search.weights, duals: duals, iterations: search.iterations)
    } catch {
      throw Translation.translated(error, universe)
    }
    guard certificate.holds(Certificate.optimalTolerances) else {
      throw .notSolved(status: .stalled, certificate: certificate)
    }
    let weights = try Translation.weights(search.weights, over: universe)
    let contributions = try Translation.contributions(weights, covariance)
    let binding =
      program.rows.indices.filter { duals.rows[$0] != 0 }.map { program.rows[$0].name }
      + universe.assets.indices.filter { duals.bounds[$0] != 0 }.map {
        universe.assets[$0].rawValue
      }
    return Solution(
      value: Portfolio(
        weights: weights, contributions: contributions, budgets: search.shares,
        deviations: zip(contributions.shares, search.shares).map { $0 - $1 },
        barrierWeight: search.barrierWeight, bindingConstraints: binding),
      status: .optimal, certificate: certificate, duals: duals)
  }
}
