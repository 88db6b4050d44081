public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the best expected return after a charge for variance.
///
/// ```text
/// maximize  μ'w − (λ/2) w'Σw  subject to the constraints
/// ```
///
/// The certificate is that of the minimization of the negative. Reference: Markowitz, Journal of
/// Finance 7 (1952).
public struct MaximumUtility: Hashable, Sendable {
  /// The risk aversion λ per unit of variance; zero is allowed and maximizes the return.
  public var riskAversion: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskAversion: The risk aversion λ, zero or more. It does not depend on the period.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    riskAversion: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskAversion = riskAversion
    self.constraints = constraints
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
      expectedReturns.values, covariance, riskAversion: riskAversion, constraints)
    let solution = try Translation.solution(of: program, universe: universe, settings: settings)
    return try solution.map { (values) throws(AllocationError) in
      try Translation.weights(values, over: universe)
    }
  }

  /// The program in the form of a minimization.
  static func program(
    _ returns: [Double],
    _ covariance: Covariance,
    riskAversion: Double,
    _ constraints: PortfolioConstraints
  ) throws(AllocationError) -> QuadraticProgram {
    try constraints.program(
      quadratic: covariance.quadraticTerm.multiplied(by: riskAversion),
      convexity: covariance.convexity,
      linear: returns.map { -$0 }, over: covariance.universe)
  }
}
