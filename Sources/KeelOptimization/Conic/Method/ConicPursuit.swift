// From a program to what is proved of it, with the second search that a proof of unboundedness takes:
// a direction along which the objective falls forever proves nothing before there is a feasible point
// to start from.

/// The search for an answer or a proof, and for a feasible point where the proof needs one.
struct ConicPursuit: ~Copyable {
  /// The search, whose best point is that of the last run.
  private(set) var search: ConicSearch
  /// The search for a feasible point; its memory is taken when it is needed first.
  private var nearest: ConicSearch?
  /// The objective of that search.
  private var squares: QuadraticTerm
  private var zeros: [Double]

  init(_ program: ConicProgram) {
    search = ConicSearch(program)
    squares = .diagonal([Double](repeating: 1, count: program.variableCount))
    zeros = [Double](repeating: 0, count: program.variableCount)
  }

  /// Looks at a program of the same structure.
  mutating func restart(_ program: ConicProgram) { search.restart(program) }

  /// Runs the iterations.
  ///
  /// - Returns: What was proved of the best point, or why the iterations stopped.
  mutating func run(_ program: ConicProgram, _ settings: ConicSolver.Settings) -> ConicStatus {
    let status = search.run(program, settings)
    guard case .unbounded = status else { return status }
    let feasibility = ConicProgram(
      uncheckedQuadratic: squares, linear: zeros, constraints: program.constraints)
    var nearest = takeNearest(feasibility)
    let end = nearest.run(feasibility, settings)
    // Any feasible point will do, the nearest one or not.
    let isFeasible =
      nearest.best.certificate.primalResidual <= program.optimalTolerances.primal
    search.adopt(nearest, program, certified: isFeasible)
    self.nearest = consume nearest
    return isFeasible ? status : end
  }

  private mutating func takeNearest(_ program: ConicProgram) -> ConicSearch {
    guard var kept = nearest.take() else { return ConicSearch(program) }
    kept.restart(program)
    return kept
  }

  /// The best point with its dual values by name and a status.
  func solution(_ program: ConicProgram, _ status: ConicStatus) -> ConicSolution {
    ConicSolution(
      value: search.best.x, status: status, certificate: search.best.certificate,
      duals: ConicDuals(of: program, blocks: search.best.blocks))
  }
}
