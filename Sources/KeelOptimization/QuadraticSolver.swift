import KeelLinearAlgebra
import KeelNumerics

/// Solves convex quadratic programs and proves the answers.
///
/// An interior-point method on the homogeneous embedding finds the active constraints or a proof
/// that there is no solution; an active-set step then solves the optimality conditions exactly,
/// with bounds held to the last bit. Residuals are computed afterwards from the caller's unscaled
/// data. See <doc:QuadraticPrograms>.
public struct QuadraticSolver: Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest number of interior-point iterations; problems take 8 to 30.
    public var maximumIterations = 100

    /// The instant after which the solver stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// How programs are solved.
    public var method = Method.automatic

    /// Creates the default settings: 100 iterations, no deadline, the method left to the solver.
    public init() {}
  }

  /// A way to solve programs.
  public enum Method: Hashable, Sendable {
    /// Active sets where each variable has curvature, the interior-point method behind them.
    case automatic

    /// The interior-point method and its polish only: slower, the second opinion.
    case interiorPoint
  }

  /// How much the smallest eigenvalue of P, scaled to a unit diagonal, may lie below zero by
  /// rounding in the caller's data.
  public static let convexityTolerance = 1e-10

  /// The settings.
  public var settings: Settings

  /// Creates a solver.
  ///
  /// - Parameter settings: The limits.
  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Solves a program.
  ///
  /// The result depends on the program alone, to the last bit, unless a deadline or a cancellation
  /// ends the iterations.
  ///
  /// - Parameter program: The program.
  /// - Returns: The variables with status, certificate and dual values. They are the answer only if
  ///   the status is ``SolverStatus/optimal``.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  /// - Complexity: O(n³) an iteration for a dense quadratic term.
  public func solve(_ program: QuadraticProgram) throws(OptimizationError) -> Solution<[Double]> {
    var method = ActiveSetMethod(FlatProgram(program))
    let names = ConstraintNames(program)
    if settings.method == .automatic,
      let solution = try solutionByActiveSets(program, names, &method)
    {
      return solution
    }
    var search = QuadraticSearch(names)
    let status = try search.run(program, method.program, settings)
    return search.solution(program, status)
  }

  /// The optimum, when pivots on the caller's own data find it and its certificate holds.
  private func solutionByActiveSets(
    _ program: QuadraticProgram,
    _ names: ConstraintNames,
    _ method: inout ActiveSetMethod
  ) throws(OptimizationError) -> Solution<[Double]>? {
    guard method.hasCurvature else { return nil }
    method.startFromOneFactor()
    let limit = min(settings.maximumIterations, ActiveSetMethod.mostBlocks)
    guard method.run(maximumIterations: limit, isInterrupted: { interruption() != nil }) else {
      return nil
    }
    let duals = method.side.indices.map { method.side[$0] == 0 ? 0 : method.gradient[$0] }
    var scratch = CertificateScratch(count: program.variableCount)
    let certificate = method.program.certificate(
      method.x, method.rowDuals, duals, iterations: method.iterations, names: names,
      scratch: &scratch)
    guard certificate.holds(Certificate.optimalTolerances) else { return nil }
    if program.convexity == .unproved { try requireConvexWhereMovable(program) }
    return Solution(
      value: method.x, status: .optimal, certificate: certificate,
      duals: Duals(of: program, rows: method.rowDuals, bounds: duals))
  }

  func interruption() -> InteriorPointOutcome.End? { settings.interruption() }

  /// Checks P on the variables whose bounds leave them room.
  private func requireConvexWhereMovable(
    _ program: QuadraticProgram
  ) throws(OptimizationError) {
    let movable = program.linear.indices.filter {
      program.lowerBounds[$0] < program.upperBounds[$0]
    }
    if movable.count == program.variableCount { return try program.quadratic.requireConvex() }
    guard case .dense(let matrix, _) = program.quadratic.kernel else { return }
    try QuadraticTerm.dense(matrix.submatrix(at: movable)).requireConvex()
  }
}
