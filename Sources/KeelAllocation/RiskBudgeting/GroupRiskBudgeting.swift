// Goals: (1) the least variance for given parts of groups, with its optimality conditions checked on the
// caller's data; (2) zeros that are exact; (3) some quadratic programs.

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// The long-only portfolio in which each group of assets contributes a wanted share of the volatility.
///
/// ```text
/// minimize 1/2 w'Σw − Σ b_g ln W_g  over w ≥ 0,   W_g = Σ w_i over the group,   1'w = budget
/// ```
///
/// The assets of a group that are held have equal marginal risk, `W_g (Σw)_i = b_g w'Σw`; the others have at
/// least that, and the weight zero. So the group contributes its budget, and inside it the risk is least. A
/// line of the budget may be a protocol: the positions that are lost when it fails. Groups of one asset
/// are ``RiskBudgeting``, one group of all is the least variance.
///
/// Reference: J.-C. Richard and T. Roncalli, Constrained risk budgeting portfolios, arXiv 1902.05710 (2019).
public struct GroupRiskBudgeting: Hashable, Sendable {
  /// A portfolio with the contributions that it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// What each asset contributes to the volatility.
    public let contributions: RiskContributions

    /// What each line contributes, in the order of the lines.
    public let lineContributions: [Double]

    /// The largest relative distance of a line's contribution from its budget.
    public let largestError: Double
  }

  /// The budget; each asset is in one line.
  public var lines: [RiskBudgetLine]

  /// The sum of the weights.
  public var budget: Double

  /// The limits of the solver for each of its programs, and the deadline.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - lines: The budget; each asset is in one line.
  ///   - budget: The sum of the weights; positive.
  ///   - settings: The limits of the solver.
  public init(
    lines: [RiskBudgetLine],
    budget: Double = 1,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.lines = lines
    self.budget = budget
    self.settings = settings
  }

  /// The largest relative distance of a line's contribution from its budget.
  public static let tolerance = 1e-9

  /// Chooses the weights.
  ///
  /// The certificate is that of the quadratic program `minimize 1/2 w'Σw − w'Σw Σ (b_g / W_g) w_i` over w ≥ 0,
  /// whose optimality conditions at w are those of the problem. The dual value of an asset is by how
  /// much its marginal variance exceeds that of its group.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The weights with the attained contributions.
  /// - Throws: ``AllocationError``: bad numbers and names; an asset in no line or in two as
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for the count of its lines;
  ///   ``AllocationError/riskBudgetUnattainable(asset:reason:)`` where some portfolio has no risk.
  /// - Complexity: Some ten quadratic programs of N variables.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    try Translation.require(budget, "budget", in: .positive)
    let resolved = try RiskBudgetLines(lines, over: universe)
    for (i, deviation) in covariance.standardDeviations.enumerated() where !(deviation > 0) {
      throw .riskBudgetUnattainable(asset: universe.assets[i], reason: .noVariance)
    }
    var search = GroupRiskSearch(covariance, lines: resolved, settings: settings)
    try search.run()
    let total = search.weights.reduce(0, +)
    let values = search.weights.map { $0 / total * budget }
    return try solution(values, resolved, covariance, search.iterations)
  }

  private func solution(
    _ values: [Double],
    _ resolved: RiskBudgetLines,
    _ covariance: Covariance,
    _ iterations: Int
  ) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    let weights = try Translation.weights(values, over: universe)
    let contributions = try Translation.contributions(weights, covariance)
    let parts = lines.map { contributions.total(of: $0.assets) }
    let error = zip(parts, resolved.shares)
      .reduce(0) { propagatingMaximum($0, ($1.0 / ($1.1 * contributions.total) - 1).magnitude) }
    guard error <= Self.tolerance else {
      throw .riskBudgetUnattainable(
        asset: Translation.largest(values, universe), reason: .vanishingRisk(error: error))
    }
    let variance = contributions.total * contributions.total
    let sums = resolved.sums(values)
    let pull = resolved.lineOfAsset.map { -variance * resolved.shares[$0] / sums[$0] }
    let slopes = zip(covariance.product(with: values), pull).map { $0 + $1 }
    let duals = Duals(
      rows: [0], bounds: zip(values, slopes).map { $0 == 0 ? $1 : 0 },
      rowNames: [PortfolioConstraints.budgetName], variableNames: universe.assets.map(\.rawValue))
    let quadratic = try covariance.quadraticTerm
    let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: quadratic, linear: pull,
        lowerBounds: [Double](repeating: 0, count: pull.count),
        variableNames: universe.assets.map(\.rawValue))
    }
    let certificate: Certificate
    do throws(OptimizationError) {
      certificate = try program.verify(
        values, duals: Duals(of: program, rows: [], bounds: duals.bounds), iterations: iterations)
    } catch {
      throw Translation.translated(error, universe)
    }
    guard certificate.holds(Certificate.optimalTolerances) else {
      throw .notSolved(status: .stalled, certificate: certificate)
    }
    return Solution(
      value: Portfolio(
        weights: weights, contributions: contributions, lineContributions: parts,
        largestError: error),
      status: .optimal, certificate: certificate, duals: duals)
  }
}
