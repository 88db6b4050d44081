public import KeelData
public import KeelOptimization

/// The portfolio with the least variance under its constraints.
///
/// ```text
/// minimize  1/2 w'Σw  subject to the constraints
/// ```
///
/// The objective in the certificate is half the variance per period. The dual value of the budget
/// is the variance itself when no other constraint with a non-zero limit is active.
/// Reference: Markowitz, Journal of Finance 7 (1952).
public struct MinimumVariance: Hashable, Sendable {
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
  /// - Throws: ``AllocationError`` when there is no such portfolio.
  /// - Complexity: O(N³) an iteration.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Weights> {
    if let solution = try limited(
      over: covariance.universe, settings: settings,
      program: { (choice) throws(AllocationError) in try choice.program(covariance) },
      { (choice) throws(AllocationError) in
        try choice.weights(covariance: covariance)
      })
    {
      return solution
    }
    let solution = try program(covariance).solution(settings: settings)
    return try solution.map { (values) throws(AllocationError) in
      try Translation.weights(values, over: covariance.universe)
    }
  }

  /// The program without limits on largest weights.
  private func program(_ covariance: Covariance) throws(AllocationError) -> PortfolioProgram {
    try constraints.resolvedWithSquares(over: covariance.universe).program(
      quadratic: covariance.quadraticTerm, convexity: covariance.convexity, linear: nil)
  }
}
