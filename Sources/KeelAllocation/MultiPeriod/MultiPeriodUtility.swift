public import KeelData
import KeelNumerics
public import KeelOptimization

/// The plan of portfolios over several periods with the best return after charges for variance and costs.
///
/// ```text
/// maximize  Σ over t of μ(t)'w(t) − (λ/2) w(t)'Σ(t)w(t) − trading(w(t) − w(t − 1)) − holding(w(t))
/// subject to the constraints on each w(t),  w(0) given,  w(T) given where there is a terminal portfolio
/// ```
///
/// The first trade is to be executed; when it was and forecasts changed, a new plan begins from there
/// (model-predictive control). A forecast that fades is traded on less than one that lasts: what is bought
/// must be sold again. References: Boyd, Busseti, Diamond, Kahn, Koh, Nystrup and Speth, Multi-Period Trading
/// via Convex Optimization, Foundations and Trends in Optimization 3 (2017); Gârleanu and Pedersen, Journal of
/// Finance 68 (2013).
public struct MultiPeriodUtility: Hashable, Sendable {
  /// What is expected of one period, and what holds in it.
  public struct Step: Hashable, Sendable {
    /// The expected return of each of N assets in this period.
    public var expectedReturns: ExpectedReturns

    /// Their covariance in this period; it may be singular.
    public var covariance: Covariance

    /// The constraints of this period; nil for those of all periods.
    public var constraints: PortfolioConstraints?

    /// The costs of the trade that begins this period; nil for those of all periods.
    ///
    /// Only those of the first step say what is held before trading.
    public var costs: TradingCosts?

    /// Creates a step.
    ///
    /// - Parameters:
    ///   - expectedReturns: The expected return of each of N assets in this period.
    ///   - covariance: Their covariance in this period; it may be singular.
    ///   - constraints: The constraints of this period; nil for those of all periods.
    ///   - costs: The costs of the trade that begins this period; nil for those of all periods.
    public init(
      expectedReturns: ExpectedReturns,
      covariance: Covariance,
      constraints: PortfolioConstraints? = nil,
      costs: TradingCosts? = nil
    ) {
      self.expectedReturns = expectedReturns
      self.covariance = covariance
      self.constraints = constraints
      self.costs = costs
    }
  }

  /// The portfolios of all periods.
  public struct Plan: Hashable, Sendable {
    /// The weights in each period; the first are those to trade to.
    public let weights: [Weights]

    /// For each period the trade of each asset that begins it, in the order of the universe.
    ///
    /// The first one is zero where no costs say what is held before.
    public let trades: [[Double]]

    /// The utility of each period: return less charge for variance and costs.
    public let utilities: [Double]

    /// What one more unit of each trade costs; where none is made, what keeps it from paying.
    let tradePrices: [[Double]]
  }

  /// The risk aversion λ per unit of variance; zero is allowed and maximizes the return.
  public var riskAversion: Double

  /// The constraints of every period; limits on distances keep their own reference.
  public var constraints: PortfolioConstraints

  /// The costs of every trade, the first one from their current weights; nil for none.
  ///
  /// Each cost is charged once, divided by its periods: 1 where a step is one period of the expected returns.
  public var costs: TradingCosts?

  /// The costs of long and short positions; nil for none.
  public var holdingCosts: HoldingCosts?

  /// A charge for large weights that is no cost; nil for none.
  public var penalty: WeightPenalty?

  /// The weights in the last period; nil where they are free.
  public var terminal: Weights?

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the choice of a plan.
  ///
  /// - Parameters:
  ///   - riskAversion: The risk aversion λ, zero or more. It does not depend on the period.
  ///   - constraints: The constraints of every period.
  ///   - costs: The costs of every trade, the first one from their current weights; nil for none.
  ///   - holdingCosts: The costs of long and short positions; nil for none.
  ///   - penalty: A charge for large weights that is no cost; nil for none.
  ///   - terminal: The weights in the last period; nil where they are free.
  ///   - settings: The limits of the solver.
  public init(
    riskAversion: Double,
    constraints: PortfolioConstraints = .longOnly,
    costs: TradingCosts? = nil,
    holdingCosts: HoldingCosts? = nil,
    penalty: WeightPenalty? = nil,
    terminal: Weights? = nil,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskAversion = riskAversion
    self.constraints = constraints
    self.costs = costs
    self.holdingCosts = holdingCosts
    self.penalty = penalty
    self.terminal = terminal
    self.settings = settings
  }

  /// Chooses the weights of all periods together.
  ///
  /// The certificate is that of the minimization of the negative sum of utilities: with the slopes of the
  /// costs of trades in the place of the costs the plan falls apart into one program for each period, and those are
  /// proved one by one. Dual values carry the number of the period, from zero: `budget[0]`.
  ///
  /// - Parameter steps: The periods in the order of time, at least one.
  /// - Returns: The optimal plan with certificate and dual values by name.
  /// - Throws: ``AllocationError`` when there is no such plan.
  /// - Complexity: O(T N³) an iteration for T periods.
  public func plan(_ steps: [Step]) throws(AllocationError) -> Solution<Plan> {
    if let solution = try planCutByStep(steps) { return solution }
    let periods = steps.indices.filter { steps[$0].constraints == nil }
    if let universe = steps.first?.covariance.universe,
      let (solution, cuts) = try cut(
        over: universe, weights: { plan in periods.map { plan.value.weights[$0] } },
        { (choice) throws(AllocationError) in try choice.plan(steps) })
    {
      return cuts.merged(solution, periods: periods)
    }
    return try MultiPeriodProgram(self, steps).solution()
  }
}
