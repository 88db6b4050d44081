public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the best expected return after a charge for variance and the costs of trading.
///
/// ```text
/// maximize  μ'w − (λ/2) w'Σw − costs(w)  subject to the constraints
/// ```
///
/// Costs are those of trading, of holding, and penalties on weights. With proportional costs an asset is
/// traded only where that pays: weights stay exactly at their current value inside a band. The certificate
/// is that of the minimization of the negative; costs that bend are proved by a supporting plane. References: Markowitz, Journal of Finance 7 (1952); Best and Hlouskova, Computational
/// Optimization and Applications 24 (2003).
public struct MaximumUtility: Hashable, Sendable {
  /// The risk aversion λ per unit of variance; zero is allowed and maximizes the return.
  public var riskAversion: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The costs of trading from current weights; nil for none.
  public var costs: TradingCosts?

  /// The costs of long and short positions; nil for none.
  public var holdingCosts: HoldingCosts?

  /// A charge for large weights that is no cost; nil for none.
  public var penalty: WeightPenalty?

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskAversion: The risk aversion λ, zero or more. It does not depend on the period.
  ///   - constraints: The constraints.
  ///   - costs: The costs of trading from current weights; nil for none.
  ///   - holdingCosts: The costs of long and short positions; nil for none.
  ///   - penalty: A charge for large weights that is no cost; nil for none.
  ///   - settings: The limits of the solver.
  public init(
    riskAversion: Double,
    constraints: PortfolioConstraints = .longOnly,
    costs: TradingCosts? = nil,
    holdingCosts: HoldingCosts? = nil,
    penalty: WeightPenalty? = nil,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskAversion = riskAversion
    self.constraints = constraints
    self.costs = costs
    self.holdingCosts = holdingCosts
    self.penalty = penalty
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
    if let solution = try limited(
      over: covariance.universe, settings: settings,
      program: { (choice) throws(AllocationError) in
        let universe = covariance.universe
        if try costs?.powers(over: universe) != nil { return nil }
        return try Self.program(
          expectedReturns.values, covariance, riskAversion: riskAversion,
          choice.constraints.resolvedWithSquares(over: universe),
          costs: resolvedCosts(over: universe))
      },
      { (choice) throws(AllocationError) in
        try choice.weights(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return solution
    }
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard riskAversion >= 0, riskAversion.isFinite else {
      throw .invalidValue(
        argument: "riskAversion", asset: nil, got: riskAversion,
        allowed: .nonnegative)
    }
    let charged = try resolvedCosts(over: universe)
    let solution: Solution<[Double]>
    if let power = try costs?.powers(over: universe) {
      let limits = try constraints.resolved(over: universe)
      solution = try power.solution(settings: settings) {
        (curvatures, pulls) throws(AllocationError) in
        var charged = charged
        charged.addParabola(curvatures, pulls: pulls)
        return try Self.program(
          expectedReturns.values, covariance, riskAversion: riskAversion, limits, costs: charged)
      }
    } else {
      solution = try Self.program(
        expectedReturns.values, covariance, riskAversion: riskAversion,
        constraints.resolvedWithSquares(over: universe), costs: charged
      ).solution(settings: settings)
    }
    return try solution.map { (values) throws(AllocationError) in
      try Translation.weights(values, over: universe)
    }
  }

  /// All costs in the order of a universe.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - weights: Where those to the power 3/2 are replaced by their tangent; nil leaves them out.
  /// - Returns: The costs.
  /// - Throws: ``AllocationError`` for numbers out of range.
  func resolvedCosts(
    over universe: Universe,
    tangentAt weights: Weights? = nil
  ) throws(AllocationError) -> UtilityCosts {
    var result = UtilityCosts()
    try costs?.add(to: &result, over: universe)
    try holdingCosts?.add(to: &result, over: universe)
    try penalty?.add(to: &result, over: universe)
    if let weights, let power = try costs?.powers(over: universe) {
      try Translation.requireEqual(weights.universe, universe)
      let x = weights.values
      result.addParabola(
        x.map { _ in 0 }, pulls: x.indices.map { -power.slope(x[$0], $0) })
    }
    return result
  }

  /// The program in the form of a minimization.
  static func program(
    _ returns: [Double],
    _ covariance: Covariance,
    riskAversion: Double,
    _ constraints: ResolvedConstraints,
    costs: UtilityCosts = UtilityCosts()
  ) throws(AllocationError) -> PortfolioProgram {
    try constraints.program(
      quadratic: covariance.quadraticTerm(times: riskAversion, addingDiagonal: costs.curvatures),
      convexity: covariance.convexity,
      linear: costs.isFlat ? returns.map { -$0 } : zip(returns, costs.pulls).map { -$0 - $1 },
      costs: costs)
  }
}
