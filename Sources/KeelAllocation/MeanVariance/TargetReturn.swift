public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio of least variance with at least an expected return.
///
/// ```text
/// minimize  1/2 w'Σw  subject to  μ'w ≥ target  and the constraints
/// ```
///
/// The certificate is that of this program. The dual value of ``rowName`` is the risk tolerance t, half
/// the slope of the least variance over the target, zero where the target does not bind.
/// Reference: Markowitz, Journal of Finance 7 (1952).
public struct TargetReturn: Hashable, Sendable {
  /// The name of the row μ'w ≥ target.
  public static let rowName = "target return"

  /// The least expected return per period, as a simple return.
  public var target: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - target: The least expected return per period of the data, as a simple return.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    _ target: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.target = target
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
  ///   ``AllocationError/targetUnreachable(target:got:reachable:)`` with the expected returns from the
  ///   least variance to the largest return.
  /// - Complexity: O(N³) an iteration.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Solution<Weights> {
    if let solution = try limited(
      over: covariance.universe, settings: settings,
      program: { (choice) throws(AllocationError) in
        try Self.program(
          target, expectedReturns.values, covariance,
          choice.constraints.resolvedWithSquares(over: covariance.universe))
      },
      { (choice) throws(AllocationError) in
        try choice.weights(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return solution
    }
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard target.isFinite else {
      throw .invalidValue(argument: Self.rowName, asset: nil, got: target, allowed: .finite)
    }
    let program = try Self.program(
      target, expectedReturns.values, covariance,
      constraints.resolvedWithSquares(over: universe))
    do throws(AllocationError) {
      return try program.solution(settings: settings).map { (values) throws(AllocationError) in
        try Translation.weights(values, over: universe)
      }
    } catch {
      // What is reachable under a limit on squares is not known.
      if case .infeasible = error, constraints.concentration.isEmpty {
        try requireReachable(expectedReturns, covariance)
      }
      throw error
    }
  }

  /// The program with the row of the target after the caller's rows.
  static func program(
    _ target: Double,
    _ returns: [Double],
    _ covariance: Covariance,
    _ constraints: ResolvedConstraints
  ) throws(AllocationError) -> PortfolioProgram {
    var constraints = constraints
    constraints.rows.append(LinearRow(rowName, coefficients: returns, lower: target))
    return try constraints.program(
      quadratic: covariance.quadraticTerm, convexity: covariance.convexity, linear: nil)
  }

  /// Throws when the constraints allow a portfolio but none that earns as much.
  private func requireReachable(
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance
  ) throws(AllocationError) {
    let search = RiskToleranceSearch(
      constraints: try constraints.resolved(over: covariance.universe), covariance: covariance,
      mean: expectedReturns.values, settings: settings)
    let least = try search.leastVariance()
    let most = try search.largestMean(from: least).mean
    if target <= most { return }
    throw .targetUnreachable(
      target: Self.rowName, got: target, reachable: min(least.mean, most)...most)
  }
}
