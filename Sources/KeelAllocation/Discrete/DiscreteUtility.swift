// A utility over portfolios that are not a convex set.
//
// Goals in order: the best portfolio with a proved bound, weights as exact as those of a convex program, one search.
//
// The search is over the weights and, where costs bend, one further variable for each bend: s ≥ 0 with w + s ≥ reference costs
// selling · s + buying · (w − reference + s). What the search decided (which assets trade, which are held, the lots) is then
// fixed, and the convex program under it gives weights exactly at their references, and dual values.

public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the best utility where positions come in counts, least sizes or lots, and where
/// every trade has a fixed cost.
///
/// ```text
/// maximize  μ'w − (λ/2) w'Σw − costs(w) − Σ over trades of fee
/// subject to the constraints, counts of positions, w_i = 0 or |w_i| ≥ least_i, w_i / lot_i an integer
/// ```
///
/// ```swift
/// let choice = DiscreteUtility(
///   MaximumUtility(riskAversion: 4), counts: [PositionCount("positions", atMost: 10)])
/// let portfolio = try choice.weights(expectedReturns: returns, covariance: covariance)
/// print(portfolio.weights, portfolio.largestImprovement)
/// ```
///
/// Reference for the relaxations: Frangioni and Gentile, Mathematical Programming 106 (2006).
public struct DiscreteUtility: Sendable {
  /// A portfolio with what the search proved.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The utility of the weights, all costs paid.
    public let utility: Double

    /// No allowed portfolio has a higher utility than this.
    public let upperBound: Double

    /// Whether the two are within the gap of the settings; otherwise a limit ended the search.
    public let isProved: Bool

    /// The number of nodes of the tree that were examined.
    public let nodeCount: Int

    /// The best utility with the same positions and trades, with certificate and dual values: what
    /// ``MaximumUtility/noTradeBands(around:expectedReturns:covariance:fees:)`` takes.
    public let solution: Solution<Weights>

    /// What the utility may be below the best possible one.
    public var largestImprovement: Double { max(upperBound - utility, 0) }
  }

  /// The utility, its constraints and its costs; costs to the power 3/2 are refused.
  public var utility: MaximumUtility

  /// Limits on the number of positions.
  public var counts: [PositionCount]

  /// The least size of a position that is not zero, long or short; zero for none.
  public var leastPosition: AssetRates

  /// The size of a lot, of which weights are multiples; zero for none.
  public var lots: AssetRates

  /// What every trade costs; nil for nothing.
  public var fees: FixedTradingCosts?

  /// The gap, node limit and deadline of the search.
  public var search: BranchAndBound.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - utility: The utility, its constraints and its costs.
  ///   - counts: Limits on the number of positions.
  ///   - leastPosition: The least size of a position that is not zero, long or short; zero for none.
  ///   - lots: The size of a lot, of which weights are multiples; zero for none.
  ///   - fees: What every trade costs; nil for nothing.
  ///   - search: The gap, node limit and deadline of the search.
  public init(
    _ utility: MaximumUtility,
    counts: [PositionCount] = [],
    leastPosition: AssetRates = .none,
    lots: AssetRates = .none,
    fees: FixedTradingCosts? = nil,
    search: BranchAndBound.Settings = BranchAndBound.Settings()
  ) {
    self.utility = utility
    self.counts = counts
    self.leastPosition = leastPosition
    self.lots = lots
    self.fees = fees
    self.search = search
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The weights with their utility and a bound that no allowed portfolio exceeds. At a node
  ///   limit, deadline or cancellation it is the best one so far.
  /// - Throws: ``AllocationError``: beside what ``MaximumUtility`` throws,
  ///   ``AllocationError/noDiscretePortfolio(conditions:)`` where the conditions leave nothing, and
  ///   ``AllocationError/nothingFound(upperBound:)`` where a limit ended the search before there was
  ///   a portfolio.
  /// - Complexity: Some convex programs a node; the number of nodes may grow exponentially.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Portfolio {
    let universe = covariance.universe
    if let (found, cuts) = try cut(
      over: universe, weights: { [$0.weights] },
      { (choice) throws(AllocationError) in
        try choice.weights(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return Portfolio(
        weights: found.weights, utility: found.utility, upperBound: found.upperBound,
        isProved: found.isProved, nodeCount: found.nodeCount,
        solution: cuts.merged(found.solution))
    }
    try Translation.requireEqual(expectedReturns.universe, universe)
    try Translation.require(utility.riskAversion, "riskAversion", in: .nonnegative)
    if try utility.costs?.powers(over: universe) != nil {
      throw .invalidValue(argument: "powerImpact", asset: nil, got: 1, allowed: 0...0)
    }
    let conditions = try DiscreteConditions(self, universe)
    let costs = try utility.resolvedCosts(over: universe)
    let limits = try utility.constraints.resolved(over: universe)
    let found = try conditions.solution(
      try MaximumUtility.program(
        expectedReturns.values, covariance, riskAversion: utility.riskAversion, limits,
        costs: costs),
      limits, search)
    let fixed = conditions.fixing(found.weights, in: limits)
    let solution = try MaximumUtility.program(
      expectedReturns.values, covariance, riskAversion: utility.riskAversion, fixed, costs: costs
    ).solution(settings: utility.settings)
    let paid = conditions.fee(solution.value)
    let weights = try Translation.weights(solution.value, over: universe)
    return Portfolio(
      weights: weights, utility: -solution.certificate.primalObjective - paid,
      upperBound: max(found.upperBound, -solution.certificate.primalObjective - paid),
      isProved: found.isProved, nodeCount: found.nodeCount,
      solution: Solution(
        value: weights, status: solution.status, certificate: solution.certificate,
        duals: solution.duals))
  }
}
