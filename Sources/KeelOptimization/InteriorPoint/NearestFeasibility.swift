// Goals: (1) a proof of infeasibility with a residual at the level of rounding; (2) it must always
// have an answer, so that it can stand behind iterations that stalled.

/// The point that misses the rows by the least sum of squares within the bounds.
///
/// ```text
/// minimize 1/2 Σ v²  subject to  lower ≤ Ax + v ≤ upper,  bounds on x
/// ```
///
/// This program is always feasible and bounded. Its row duals are v: when they are not zero they
/// satisfy A'v + z = 0 with signs that the bounds allow, which is Farkas' alternative.
struct NearestFeasibility: ~Copyable, Sendable {
  private var method = InteriorPoint()
  private var polish = ActiveSetPolish()
  private var outcome = InteriorPointOutcome()

  /// The multipliers of the rows of the core program, which may prove its infeasibility.
  private(set) var rowMultipliers: [Double] = []

  init() {}

  /// Takes memory for the core of a program.
  mutating func reserve(_ shape: CoreShape) {
    let elastic = shape.elastic
    method.reserve(elastic)
    polish.reserve(elastic)
    outcome.reserve(variableCount: elastic.variableCount, rowCount: elastic.rowCount)
    rowMultipliers.reserveCapacity(elastic.rowCount)
  }

  /// Runs the search.
  ///
  /// - Parameters:
  ///   - program: The core program.
  ///   - settings: The limits.
  mutating func run(_ program: CoreProgram, _ settings: QuadraticSolver.Settings) {
    method.program.restart(elastic: program)
    method.restart()
    method.run(&outcome, maximumIterations: settings.maximumIterations) {
      settings.interruption()
    }
    polish.restart(at: outcome)
    let isPolished = polish.run(method.program, &method.kkt)
    rowMultipliers.copyElements(of: isPolished ? polish.rowDuals : outcome.rowDuals)
  }
}
