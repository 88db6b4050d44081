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
    try program.quadratic.requireConvex()
    var pursuit = ConicPursuit(program)
    let status = pursuit.run(program, settings)
    return pursuit.solution(program, status)
  }
}

extension ConicSolver.Settings {
  /// Why iterations should stop now.
  func interruption() -> InteriorPointOutcome.End? {
    if Task.isCancelled { return .cancelled }
    if let deadline, ContinuousClock.now >= deadline { return .deadline }
    return nil
  }
}
