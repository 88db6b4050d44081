// Goals in order: a worst case that anyone can recompute, a proof for the whole set, few quadratic programs.
//
// The proof is a saddle point: weights that are best for one vector of expected returns in the set, which is the worst one for
// them. Whatever the weights, their worst case is at most their utility for that vector, so that none has a better worst case.

public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the best utility for the worst expected returns of a set.
///
/// ```text
/// maximize  min over μ in the set of  μ'w − (λ/2) w'Σw − costs(w)
/// box         Σ estimate w − Σ half-width |w| − …
/// ellipsoid   Σ estimate w − radius √(w'Ωw) − …
/// ```
///
/// ```swift
/// let set = try ReturnUncertainty.region(
///   forMeansOf: covariance, observationCount: 250, confidence: 0.9)
/// let best = try RobustUtility(riskAversion: 4, uncertainty: set)
///   .weights(expectedReturns: means, covariance: covariance)
/// ```
///
/// The certificate is that of ``MaximumUtility`` for the worst expected returns, which the result holds.
/// References: Tütüncü and Koenig, Annals of Operations Research 132 (2004), for the box; Goldfarb and
/// Iyengar, Mathematics of Operations Research 28 (2003), for the ellipsoid.
public struct RobustUtility: Hashable, Sendable {
  /// A portfolio with its worst case.
  public struct Portfolio: Hashable, Sendable {
    /// The weights, as fractions.
    public let weights: Weights

    /// The expected return of the estimate per period.
    public let expectedReturn: Double

    /// The expected returns of the set that are the worst for these weights; no weights have a higher
    /// utility for them.
    public let worstExpectedReturns: ExpectedReturns

    /// The least expected return of the weights over the set, per period.
    public let worstExpectedReturn: Double

    /// The least utility of the weights over the set.
    public let worstCaseUtility: Double

    /// No allowed portfolio has a higher least utility than this.
    ///
    /// Proved by the dual values, up to their rounding.
    public let upperBound: Double
  }

  /// The risk aversion λ per unit of variance; zero is allowed.
  public var riskAversion: Double

  /// The expected returns to prepare for.
  public var uncertainty: ReturnUncertainty

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The costs of trading from current weights, none to the power 3/2; nil for none.
  public var costs: TradingCosts?

  /// The costs of long and short positions; nil for none.
  public var holdingCosts: HoldingCosts?

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskAversion: The risk aversion λ, zero or more. It does not depend on the period.
  ///   - uncertainty: The expected returns to prepare for.
  ///   - constraints: The constraints.
  ///   - costs: The costs of trading from current weights, none to the power 3/2; nil for none.
  ///   - holdingCosts: The costs of long and short positions; nil for none.
  ///   - settings: The limits of the solver.
  public init(
    riskAversion: Double,
    uncertainty: ReturnUncertainty,
    constraints: PortfolioConstraints = .longOnly,
    costs: TradingCosts? = nil,
    holdingCosts: HoldingCosts? = nil,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskAversion = riskAversion
    self.uncertainty = uncertainty
    self.constraints = constraints
    self.costs = costs
    self.holdingCosts = holdingCosts
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - expectedReturns: The estimate of the expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The optimal portfolio with certificate and dual values by name.
  /// - Throws: ``AllocationError`` when there is no such portfolio; `covarianceNotPositiveSemidefinite` for
  ///   the covariance of errors too.
  /// - Complexity: O(N³) an iteration of one quadratic program for a box, of some ten for an ellipsoid.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Solution<Portfolio> {
    if let solution = try limited(
      over: covariance.universe, weights: \.weights,
      { (choice) throws(AllocationError) in
        try choice.weights(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return solution
    }
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    try Translation.require(riskAversion, "riskAversion", in: .nonnegative)
    if let costs, try costs.powers(over: universe) != nil {
      throw .invalidValue(
        argument: "count of powerImpact", asset: nil, got: 1, allowed: 0...0)
    }
    let problem = RobustProblem(
      mean: expectedReturns.values, covariance: covariance, riskAversion: riskAversion,
      limits: try constraints.resolved(over: universe),
      costs: try MaximumUtility(
        riskAversion: riskAversion, costs: costs, holdingCosts: holdingCosts
      ).resolvedCosts(over: universe),
      settings: settings)
    let point: RobustProblem.Point
    switch uncertainty {
    case .box(let rates):
      point = try problem.box(try rates.resolved("half-width", over: universe))
    case .ellipsoid(let errors, let radius):
      try Translation.requireEqual(errors.universe, universe)
      try Translation.require(radius, "radius", in: .nonnegative)
      point = try EllipsoidSearch(problem, errors: .matrix(errors), radius: radius).solution()
    case .standardErrors(let rates, let radius):
      let errors = try rates.resolved("standard error", over: universe)
      try Translation.require(radius, "radius", in: .nonnegative)
      point = try EllipsoidSearch(
        problem, errors: .diagonal(errors.map { $0 * $0 }), radius: radius
      ).solution()
    }
    return try portfolio(point, expectedReturns)
  }

  private func portfolio(
    _ point: RobustProblem.Point,
    _ estimate: ExpectedReturns
  ) throws(AllocationError) -> Solution<Portfolio> {
    let worst: ExpectedReturns
    do throws(DataError) {
      worst = try ExpectedReturns(universe: estimate.universe, values: point.mean)
    } catch {
      throw .invalidValue(
        argument: "expectedReturns", asset: nil, got: .infinity, allowed: .finite)
    }
    var mean = CompensatedSum()
    for (w, r) in zip(point.solution.value, estimate.values) { mean.add(w * r) }
    let certificate = point.solution.certificate
    let utility = -certificate.primalObjective - point.missing
    return try point.solution.map { (values) throws(AllocationError) in
      Portfolio(
        weights: try Translation.weights(values, over: estimate.universe),
        expectedReturn: mean.value, worstExpectedReturns: worst,
        worstExpectedReturn: mean.value - point.loss, worstCaseUtility: utility,
        upperBound: max(utility, -certificate.dualObjective))
    }
  }
}
