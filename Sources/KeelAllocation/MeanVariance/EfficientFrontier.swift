public import KeelData
import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// All portfolios with the least variance for their expected return, as an exact curve.
///
/// ```text
/// minimize  1/2 w'Σw − t μ'w,  t ≥ 0,  subject to  lower ≤ w ≤ upper,  Σ w = budget,
///           lower_k ≤ a_k'w ≤ upper_k,  Σ c |w − reference| ≤ limit
/// ```
///
/// The weights are piecewise linear in the risk tolerance t, the inverse of the risk aversion of
/// ``MaximumUtility``; ``curve(expectedReturns:covariance:)`` finds every point where they turn, under
/// any ``PortfolioConstraints``. Method: the critical line. Reference: Markowitz, Naval Research
/// Logistics Quarterly 3 (1956).
public struct EfficientFrontier: Hashable, Sendable {
  /// The limits of the method.
  public struct Settings: Hashable, Sendable {
    /// The largest number of changes of active bounds and constraints; nil for 150 for each asset and
    /// constraint.
    ///
    /// Walks on estimated covariances take about one change for three assets.
    public var maximumSteps: Int?

    /// Creates settings.
    ///
    /// - Parameter maximumSteps: The largest number of changes of active bounds and constraints.
    public init(maximumSteps: Int? = nil) { self.maximumSteps = maximumSteps }
  }

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the method.
  public var settings: Settings

  /// Creates the choice.
  ///
  /// - Parameters:
  ///   - constraints: Bounds, budget, linear constraints, limits on turnover and gross exposure.
  ///   - settings: The limits of the method.
  public init(constraints: PortfolioConstraints = .longOnly, settings: Settings = Settings()) {
    self.constraints = constraints
    self.settings = settings
  }

  /// Finds every corner portfolio.
  ///
  /// Ties are broken by the assets' names. Among portfolios of equal return and variance (duplicated
  /// assets) one is followed. With bounds and budget alone the walk needs no quadratic program; else
  /// one gives its start.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The curve from the largest expected return to the least variance.
  /// - Throws: ``AllocationError``: `infeasible` with the names of what clashes, `unbounded` when
  ///   constraints are missing that limit the expected return, `covarianceNotPositiveSemidefinite`,
  ///   `notSolved` with the step limit or lost accuracy, `invalidValue` and `universeMismatch` for
  ///   constraints that make no program.
  /// - Complexity: O(N (k + m)) a corner with k assets inside their bounds and m constraints, and one
  ///   Cholesky factorization, O(N³/3), which proves the covariance.
  public func curve(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> FrontierCurve {
    if let found = try cut(
      over: covariance.universe, weights: { $0.corners.map(\.point.weights) },
      { (choice) throws(AllocationError) in
        try choice.curve(expectedReturns: expectedReturns, covariance: covariance)
      })
    {
      return found.answer
    }
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard universe.count > 0 else {
      throw .infeasible(constraints: [PortfolioConstraints.budgetName], contradiction: 1)
    }
    let resolved = try constraints.resolved(over: universe)
    // Bad bounds, rows and names are reported in the caller's terms.
    let check = try resolved.program(
      quadratic: .diagonal([Double](repeating: 0, count: universe.count)), linear: nil)
    let isPlain = constraints.linear.isEmpty && constraints.absolute.isEmpty
    if isPlain { try requireFeasible(check.plain, universe) }
    try covariance.requireSemidefinite()
    let stepsPerItem = 150
    let items = universe.count + constraints.linear.count + constraints.absolute.count
    let limit = settings.maximumSteps ?? stepsPerItem * items
    let turns: [CriticalLine.Turn]
    let failure: CriticalLine.Failure?
    let units: FrontierUnits
    if isPlain {
      let problem = try FrontierProblem(
        mean: expectedReturns.values, covariance: covariance, lower: resolved.lower,
        upper: resolved.upper, budget: constraints.budget)
      (turns, failure) = problem.turns(maximumSteps: limit)
      units = problem.units
    } else {
      let problem = try ConstrainedFrontier(
        resolved, mean: expectedReturns.values, covariance: covariance)
      (turns, failure) = try problem.turns(maximumSteps: limit)
      units = problem.units
    }
    let curve = try FrontierCurve(
      turns: turns, units: units, expectedReturns: expectedReturns, covariance: covariance,
      constraints: constraints)
    if let failure { throw try error(failure, at: curve, steps: limit) }
    return curve
  }

  private func error(
    _ failure: CriticalLine.Failure,
    at curve: FrontierCurve,
    steps: Int
  ) throws(AllocationError) -> AllocationError {
    if failure == .notConvex { return .covarianceNotPositiveSemidefinite }
    return .notSolved(
      status: failure.status, certificate: try curve.lastCertificate(steps: steps))
  }

  private func requireFeasible(
    _ program: QuadraticProgram,
    _ universe: Universe
  ) throws(AllocationError) {
    let least = program.lowerBounds.reduce(0, +)
    let most = program.upperBounds.reduce(0, +)
    let size =
      program.lowerBounds.reduce(0) { $0 + ($1.isFinite ? $1.magnitude : 0) }
      + program.upperBounds.reduce(0) { $0 + ($1.isFinite ? $1.magnitude : 0) }
    let rounding = 1e-14 * (size + constraints.budget.magnitude)
    if least <= constraints.budget + rounding && most >= constraints.budget - rounding { return }
    // The solver names the bounds that clash.
    _ = try Translation.solution(
      of: program, universe: universe, settings: QuadraticSolver.Settings())
    throw .infeasible(
      constraints: [PortfolioConstraints.budgetName],
      contradiction: max(least - constraints.budget, constraints.budget - most))
  }
}

extension Covariance {
  /// Factors the correlations after a shift that covers the rounding of some thousand products.
  func requireSemidefinite() throws(AllocationError) {
    let matrix = matrix
    let shift = 1 + Self.correlationTolerance
    let n = matrix.order
    let inverseDeviations = matrix.diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let correlations = [Double](capacity: n * n) { output in
      for j in 0..<n {
        let column = matrix.column(j)
        for i in 0..<n {
          output.append(
            i == j ? shift : column[i] * inverseDeviations[i] * inverseDeviations[j])
        }
      }
    }
    do throws(LinearAlgebraError) {
      var solver = try CholeskySolver(order: n)
      try solver.factor(SymmetricMatrix(lowerTriangleOf: correlations, order: n))
    } catch {
      throw .covarianceNotPositiveSemidefinite
    }
  }
}
