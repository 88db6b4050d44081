public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio of largest expected return with at most a volatility.
///
/// ```text
/// maximize  μ'w  subject to  √(w'Σw) ≤ volatility  and the constraints
/// ```
///
/// With a benchmark b the limit is on the tracking error √((w − b)'Σ(w − b)). The optimum is that of
/// ``MaximumUtility`` at some risk aversion, which the result names; certificate and dual values are
/// those of that utility (of the active weights w − b with a benchmark), so that anyone can verify them.
/// Reference: Markowitz, Journal of Finance 7 (1952); Roll, Journal of Portfolio Management 18 (1992).
public struct TargetRisk: Hashable, Sendable {
  /// The portfolio and what it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The expected return μ'w per period.
    public let expectedReturn: Double

    /// The standard deviation per period, of the active weights when there is a benchmark.
    public let volatility: Double

    /// The risk aversion λ of the utility that chooses the same portfolio.
    ///
    /// Zero where the limit does not bind, and infinite at the least variance. An additional unit of
    /// volatility is worth λ × volatility in expected return.
    public let riskAversion: Double
  }

  /// The name of the limit in errors.
  public static let limitName = "target volatility"

  /// The largest standard deviation per period of the data.
  public var volatility: Double

  /// The weights that risk is measured against; nil for none.
  public var benchmark: Weights?

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - volatility: The largest standard deviation per period of the data, as a fraction.
  ///   - benchmark: The weights that risk is measured against, so that the limit is on the tracking
  ///     error; nil for none.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    volatility: Double,
    benchmark: Weights? = nil,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.volatility = volatility
    self.benchmark = benchmark
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// Where several portfolios have the least variance and the limit is that variance, one is returned.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The optimal portfolio with certificate and dual values by name.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/targetUnreachable(target:got:reachable:)`` with the volatilities from the
  ///   least variance to the largest return.
  /// - Complexity: O(N³) an iteration of some ten quadratic programs.
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
    if let benchmark { try Translation.requireEqual(benchmark.universe, universe) }
    guard volatility >= 0, volatility.isFinite else {
      throw .invalidValue(
        argument: Self.limitName, asset: nil, got: volatility, allowed: .nonnegative)
    }
    let active = ActiveWeights(
      constraints: try constraints.resolved(over: universe), benchmark: benchmark)
    let search = RiskToleranceSearch(
      constraints: active.shifted, covariance: covariance, mean: expectedReturns.values,
      settings: settings)
    let (point, riskAversion) = try choice(search)
    let proof: Solution<[Double]>
    if riskAversion.isFinite {
      proof = try search.utilityProof(
        point, riskAversion: riskAversion, mean: expectedReturns.values)
    } else {
      proof = try search.program(0).certified(
        point.x, rows: point.rows, bounds: point.bounds, iterations: point.iterations)
    }
    let weights = try Translation.weights(active.weights(point.x), over: universe)
    let mean = zip(weights.values, expectedReturns.values).reduce(0) { $0 + $1.0 * $1.1 }
    return proof.map { _ in
      Portfolio(
        weights: weights, expectedReturn: mean, volatility: max(point.variance, 0).squareRoot(),
        riskAversion: riskAversion)
    }
  }

  /// The optimum and its risk aversion.
  private func choice(
    _ search: RiskToleranceSearch
  ) throws(AllocationError) -> (RiskToleranceSearch.Point, Double) {
    // What rounding leaves of a variance.
    let rounding = 1e-12
    let limit = volatility * volatility
    let least = try search.leastVariance()
    if least.variance > limit * (1 + rounding) {
      var highest = Double.infinity
      do throws(AllocationError) {
        let most = try search.largestMean(from: least)
        highest = max(most.variance, least.variance).squareRoot()
      } catch {
        // Without a largest return there is no largest volatility.
      }
      throw .targetUnreachable(
        target: Self.limitName, got: volatility,
        reachable: max(least.variance, 0).squareRoot()...highest)
    }
    if least.variance >= limit * (1 - rounding) { return (least, .infinity) }
    let point = try search.crossing(.variance(limit), from: least)
    // One over an infinite risk tolerance is zero.
    return (point, 1 / point.riskTolerance)
  }
}
