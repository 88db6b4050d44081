/// Solves convex programs with conic constraints and proves the answers.
///
/// A primal-dual interior-point method on the homogeneous embedding finds an optimum or a proof that
/// there is none; residuals and proofs are then computed from the caller's unscaled data. See
/// <doc:ConicPrograms>.
public struct ConicSolver: Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest number of iterations; problems take 8 to 40.
    public var maximumIterations = 200

    /// The instant after which the solver stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// Creates the default settings: 200 iterations and no deadline.
    public init() {}
  }

  /// The residuals of the scaled program at which iterations stop, one after the other until the
  /// certificate of the unscaled program holds.
  private static let tolerances = [1e-11, 1e-13]

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
  ///   the status is ``ConicStatus/optimal``.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  /// - Complexity: O(n³ + m n²) an iteration for n variables and m conic rows that touch most of
  ///   them; rows that touch few cost the square of their number.
  public func solve(_ program: ConicProgram) throws(OptimizationError) -> ConicSolution {
    let scaling = ConicScaling(program)
    let core = ConicCore(program, scaling)
    try core.quadratic.requireConvex()
    let unscaling = ConicUnscaling(program: program, core: core, scaling: scaling)
    var method = ConicInteriorPoint(core)
    var best: ConicSolution?
    var tolerances = Self.tolerances
    while let tolerance = tolerances.first {
      let outcome = method.run(
        tolerance: tolerance, maximumIterations: settings.maximumIterations
      ) { interruption() }
      if let solution = try proven(outcome, unscaling) { return solution }
      let solution = unscaling.solution(outcome)
      switch solution.status {
      case .optimal, .deadlineExceeded, .cancelled, .iterationLimit: return solution
      default: break
      }
      let limits = program.optimalTolerances
      let isBetter =
        best.map { solution.certificate.merit(limits) < $0.certificate.merit(limits) } ?? true
      if isBetter { best = solution }
      tolerances.removeFirst()
      if outcome.end == .stalled || tolerances.isEmpty {
        tolerances = method.refine() ? Self.tolerances : []
      }
    }
    return best ?? unscaling.solution(method.outcome(.stalled))
  }

  /// The solution of a program that has none, with its proof.
  private func proven(
    _ outcome: ConicOutcome,
    _ unscaling: ConicUnscaling
  ) throws(OptimizationError) -> ConicSolution? {
    if outcome.end == .deadline || outcome.end == .cancelled { return nil }
    if outcome.end != .unbounded, let proof = unscaling.infeasibilityProof(outcome) {
      return unscaling.solution(outcome, .primalInfeasible(proof))
    }
    guard outcome.end == .unbounded, let proof = unscaling.unboundednessProof(outcome) else {
      return nil
    }
    return try unbounded(proof, outcome, unscaling)
  }

  /// A direction proves unboundedness only if there is a feasible point to start from.
  private func unbounded(
    _ proof: UnboundednessProof,
    _ outcome: ConicOutcome,
    _ unscaling: ConicUnscaling
  ) throws(OptimizationError) -> ConicSolution {
    let program = unscaling.program
    let feasibility = try ConicProgram(
      quadratic: .diagonal([Double](repeating: 1, count: program.variableCount)),
      linear: [Double](repeating: 0, count: program.variableCount),
      constraints: program.constraints)
    let nearest = try solve(feasibility)
    // Any feasible point will do, the nearest one or not.
    guard nearest.certificate.primalResidual <= program.optimalTolerances.primal else {
      return nearest
    }
    return ConicSolution(
      value: nearest.value, status: .unbounded(proof),
      certificate: program.certificate(
        nearest.value, nearest.duals.blocks, iterations: outcome.iterations),
      duals: nearest.duals)
  }

  private func interruption() -> InteriorPointOutcome.End? {
    if Task.isCancelled { return .cancelled }
    if let deadline = settings.deadline, ContinuousClock.now >= deadline { return .deadline }
    return nil
  }
}
