import KeelNumerics

/// The search for the optimum of a sequential program, ever more exact points of it.
package struct SequentialSearch: ~Copyable {
  private let program: SequentialProgram
  private let settings: QuadraticSolver.Settings
  private let model: SequentialModel
  private var method: SequentialInteriorPoint?
  private var iterations = 0
  /// The iterations before those of the interior point.
  private var rounds = 0

  /// Begins a search.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - settings: The limits.
  package init(_ program: SequentialProgram, settings: QuadraticSolver.Settings) {
    self.program = program
    self.settings = settings
    model = SequentialModel(program)
  }

  /// The point that belongs to the sides of another one, once nothing contradicts them.
  ///
  /// - Parameter guess: The variables of each step.
  /// - Returns: The point; it is the optimum where the rounds came to an end.
  package mutating func point(near guess: [[Double]]) -> SequentialPoint {
    let settings = settings
    var polish = SequentialPolish(model, at: guess.flatMap(\.self))
    polish.run(limit: settings.maximumIterations) { settings.interruption() != nil }
    polish.snap()
    rounds = polish.rounds
    iterations = rounds
    return point(polish)
  }

  /// Runs on to a tolerance.
  ///
  /// - Parameter tolerance: The relative gap and residuals in the units of the iterations.
  /// - Returns: The point, exact on its active constraints where they were found, and how the iterations ended.
  package mutating func next(
    tolerance: Double
  ) -> (point: SequentialPoint, status: SolverStatus) {
    let settings = settings
    var method = method.take() ?? SequentialInteriorPoint(model)
    let end = method.run(
      tolerance: tolerance, maximumIterations: settings.maximumIterations - rounds
    ) {
      switch settings.interruption() {
      case .deadline: .deadline
      case .cancelled: .cancelled
      default: nil
      }
    }
    var polish = SequentialPolish(method)
    iterations = rounds + method.iterations
    self.method = consume method
    switch end {
    case .deadline: return (point(polish), .deadlineExceeded)
    case .cancelled: return (point(polish), .cancelled)
    default: break
    }
    polish.run(limit: settings.maximumIterations - iterations) {
      settings.interruption() != nil
    }
    polish.snap()
    return (
      point(polish),
      end == .converged ? .optimal : end == .iterationLimit ? .iterationLimit : .stalled
    )
  }

  /// A point in the caller's units.
  private func point(_ source: borrowing SequentialPolish) -> SequentialPoint {
    var result = SequentialPoint()
    result.iterations = iterations
    for (t, step) in program.steps.enumerated() {
      result.variables.append(
        model.variables(t).map { min(max(source.x[$0], model.lower[$0]), model.upper[$0]) })
      result.rowDuals.append(
        model.rowRange(t).map { -source.y[$0] * model.scale * model.rowScales[$0] })
      result.slopes.append(
        step.changes.charges.map { [Double](repeating: 0, count: $0.reference.count) })
      let first = model.offsets[t]
      result.powerSlopes.append(
        model.hasPowers
          ? (0..<model.linkCount).map { source.powerSlopes[first + $0] * model.scale } : [])
    }
    for (j, bend) in model.bends.enumerated() where bend.charge >= 0 {
      let charge = program.steps[bend.step].changes.charges[bend.charge]
      let i = bend.own - model.offsets[bend.step]
      result.slopes[bend.step][bend.charge][i] = min(
        max(source.bendSlopes[j] * model.scale, -charge.below[i]), charge.above[i])
    }
    return result
  }
}
