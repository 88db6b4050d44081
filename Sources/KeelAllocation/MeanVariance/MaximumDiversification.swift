public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio whose assets' volatilities cancel most.
///
/// ```text
/// maximize  w'σ / √(w'Σw),  σ_i = √Σ_ii,  subject to the constraints
/// ```
///
/// The ratio is 1 for a single asset and √N for N uncorrelated assets of equal risk. Solved and certified
/// like ``MaximumSharpe`` with volatilities in the place of expected returns: certificate and dual values
/// are those of ``MaximumUtility`` for returns of σ at the risk aversion w'σ / w'Σw.
/// Reference: Choueifaty and Coignard, Journal of Portfolio Management 35 (2008).
public struct MaximumDiversification: Hashable, Sendable {
  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The optimal weights with certificate and dual values by name.
  /// - Throws: ``AllocationError``; `unbounded` when volatilities can be held without risk, and
  ///   `noPortfolioBeatsRiskFree` with a rate of zero when no allowed portfolio has w'σ > 0.
  /// - Complexity: O(N³) an iteration.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Weights> {
    if let solution = try limited(
      over: covariance.universe, weights: \.self,
      { (choice) throws(AllocationError) in
        try choice.weights(covariance: covariance)
      })
    {
      return solution
    }
    let choice = LargestRatio(
      gains: covariance.standardDeviations, charge: 0, covariance: covariance,
      constraints: try constraints.resolved(over: covariance.universe), settings: settings)
    return try choice.solution()
  }

  /// The ratio w'σ / √(w'Σw) of a portfolio.
  ///
  /// - Parameters:
  ///   - weights: The portfolio.
  ///   - covariance: The covariance of its assets.
  /// - Returns: The ratio; NaN for a portfolio without risk.
  /// - Throws: ``AllocationError/universeMismatch(position:left:right:)``.
  /// - Complexity: O(N²).
  public static func ratio(
    of weights: Weights,
    covariance: Covariance
  ) throws(AllocationError) -> Double {
    try Translation.requireEqual(weights.universe, covariance.universe)
    let product = covariance.product(with: weights.values)
    let variance = zip(weights.values, product).reduce(0) { $0 + $1.0 * $1.1 }
    guard variance > 0 else { return .nan }
    let gain = zip(weights.values, covariance.standardDeviations).reduce(0) { $0 + $1.0 * $1.1 }
    return gain / variance.squareRoot()
  }
}
