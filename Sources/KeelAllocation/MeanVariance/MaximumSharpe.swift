public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the largest ratio of expected excess return to volatility.
///
/// ```text
/// maximize  (μ'w − r 1'w) / √(w'Σw)  subject to the constraints
/// ```
///
/// The certificate and the dual values are those of ``MaximumUtility`` at the risk aversion that
/// the optimum implies, so that anyone can verify them. Reference: Sharpe, Journal of Business 39
/// (1966).
public struct MaximumSharpe: Hashable, Sendable {
  /// The risk-free rate per period of the data, as a simple return.
  public var riskFreeRate: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskFreeRate: The risk-free rate per period of the data, as a simple return.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    riskFreeRate: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskFreeRate = riskFreeRate
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The optimal weights with certificate and dual values by name.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/noPortfolioBeatsRiskFree(best:riskFreeRate:)``.
  /// - Complexity: O(N³) an iteration.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Solution<Weights> {
    if let solution = try limited(
      over: covariance.universe, weights: \.self,
      { (choice) throws(AllocationError) in
        try choice.weights(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return solution
    }
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard riskFreeRate.isFinite else {
      throw .invalidValue(argument: "riskFreeRate", asset: nil, got: riskFreeRate, allowed: .finite)
    }
    let choice = LargestRatio(
      gains: expectedReturns.values, charge: riskFreeRate, covariance: covariance,
      constraints: try constraints.resolved(over: universe), settings: settings)
    return try choice.solution()
  }
}
