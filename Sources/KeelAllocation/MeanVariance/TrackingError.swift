public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio that stays closest to a benchmark.
///
/// ```text
/// minimize  1/2 (w − b)'Σ(w − b)  subject to the constraints
/// ```
///
/// The program is solved and certified for the active weights x = w − b, so that a small tracking error
/// is not the difference of large numbers; the objective in the certificate is half its square. For the
/// largest return within a tracking error see ``TargetRisk``.
/// Reference: Roll, Journal of Portfolio Management 18 (1992).
public struct TrackingError: Hashable, Sendable {
  /// The benchmark's weights; they need not satisfy the constraints.
  public var benchmark: Weights

  /// The constraints, on w.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - benchmark: The benchmark's weights, over the assets of the covariance.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    to benchmark: Weights,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.benchmark = benchmark
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameter covariance: The covariance of N assets per period; it may be singular.
  /// - Returns: The optimal weights with certificate and dual values by name.
  /// - Throws: ``AllocationError`` when there is no such portfolio.
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
    let universe = covariance.universe
    try Translation.requireEqual(benchmark.universe, universe)
    let active = ActiveWeights(
      constraints: try constraints.resolved(over: universe), benchmark: benchmark)
    let program = try active.shifted.program(
      quadratic: covariance.quadraticTerm, convexity: covariance.convexity, linear: nil)
    return try program.solutionNearZero(settings: settings).map {
      (values) throws(AllocationError) in
      try Translation.weights(active.weights(values), over: universe)
    }
  }
}
