public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the best expected return after a charge for variance and the costs of trading.
///
/// ```text
/// maximize  μ'w − (λ/2) w'Σw − costs(w)  subject to the constraints
/// ```
///
/// With costs an asset is traded only where that pays: weights stay exactly at their current value inside
/// a band. The certificate is that of the minimization of the negative; costs are proved by a supporting
/// plane. References: Markowitz, Journal of Finance 7 (1952); Best and Hlouskova, Computational
/// Optimization and Applications 24 (2003).
public struct MaximumUtility: Hashable, Sendable {
  /// The risk aversion λ per unit of variance; zero is allowed and maximizes the return.
  public var riskAversion: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The costs of trading from current weights; nil for none.
  public var costs: TradingCosts?

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskAversion: The risk aversion λ, zero or more. It does not depend on the period.
  ///   - constraints: The constraints.
  ///   - costs: The costs of trading from current weights; nil for none.
  ///   - settings: The limits of the solver.
  public init(
    riskAversion: Double,
    constraints: PortfolioConstraints = .longOnly,
    costs: TradingCosts? = nil,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskAversion = riskAversion
    self.constraints = constraints
    self.costs = costs
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The optimal weights with certificate and dual values by name.
  /// - Throws: ``AllocationError`` when there is no such portfolio.
  /// - Complexity: O(N³) an iteration.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Solution<Weights> {
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard riskAversion >= 0, riskAversion.isFinite else {
      throw .invalidValue(
        argument: "riskAversion", asset: nil, got: riskAversion,
        allowed: .nonnegative)
    }
    let program = try Self.program(
      expectedReturns.values, covariance, riskAversion: riskAversion,
      constraints.resolved(over: universe), charge: resolvedCosts(over: universe))
    let solution = try program.solution(settings: settings)
    return try solution.map { (values) throws(AllocationError) in
      try Translation.weights(values, over: universe)
    }
  }

  /// The costs in the order of a universe; nil where none is more than zero.
  func resolvedCosts(over universe: Universe) throws(AllocationError) -> TradingCharge? {
    guard let charge = try costs?.resolved(over: universe) else { return nil }
    return universe.assets.indices.contains { charge.bend($0) > 0 } ? charge : nil
  }

  /// The program in the form of a minimization.
  static func program(
    _ returns: [Double],
    _ covariance: Covariance,
    riskAversion: Double,
    _ constraints: ResolvedConstraints,
    charge: TradingCharge? = nil
  ) throws(AllocationError) -> PortfolioProgram {
    try constraints.program(
      quadratic: covariance.quadraticTerm.multiplied(by: riskAversion),
      convexity: covariance.convexity,
      linear: returns.map { -$0 }, charge: charge)
  }
}
