import KeelNumerics

/// The search for the optimum of a sequential program, ever more exact points of it.
package struct SequentialSearch: ~Copyable {
  private let program: SequentialProgram
  private let settings: QuadraticSolver.Settings
  private var method: SequentialInteriorPoint

  /// Begins a search.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - settings: The limits.
  package init(_ program: SequentialProgram, settings: QuadraticSolver.Settings) {
    self.program = program
    self.settings = settings
    method = SequentialInteriorPoint(SequentialModel(program))
  }

  /// Runs on to a tolerance.
  ///
  /// - Parameter tolerance: The relative gap and residuals in the units of the iterations.
  /// - Returns: The point, exact on its active constraints where they were found, and how the iterations ended.
  package mutating func next(tolerance: Double) -> (point: SequentialPoint, status: SolverStatus) {
    let settings = settings
    let end = method.run(tolerance: tolerance, maximumIterations: settings.maximumIterations) {
      switch settings.interruption() {
      case .deadline: .deadline
      case .cancelled: .cancelled
      default: nil
      }
    }
    switch end {
    case .deadline: return (point(x: method.x, y: method.y, slopes: []), .deadlineExceeded)
    case .cancelled: return (point(x: method.x, y: method.y, slopes: []), .cancelled)
    default: break
    }
    var polish = SequentialPolish(method)
    let start = (x: polish.x, y: polish.y, slopes: polish.slopes)
    let status: SolverStatus =
      end == .converged ? .optimal : end == .iterationLimit ? .iterationLimit : .stalled
    guard polish.run() else {
      return (point(x: start.x, y: start.y, slopes: start.slopes), status)
    }
    polish.snap()
    return (point(x: polish.x, y: polish.y, slopes: polish.slopes), status)
  }

  /// A point in the caller's units.
  private func point(x: [[Double]], y: [[Double]], slopes: [Double]) -> SequentialPoint {
    let model = method.model
    var result = SequentialPoint()
    result.iterations = method.iterations
    for t in x.indices {
      let step = program.steps[t]
      result.variables.append(
        x[t].indices.map { min(max(x[t][$0], step.lower[$0]), step.upper[$0]) })
      result.rowDuals.append(
        y[t].indices.map { -y[t][$0] * model.scale * model.rowScales[t][$0] })
      result.slopes.append(
        step.changes.charges.map { [Double](repeating: 0, count: $0.reference.count) })
    }
    for (j, slope) in slopes.enumerated() where model.bends[j].isChange {
      let bend = model.bends[j]
      let charge = program.steps[bend.step].changes.charges[bend.charge]
      result.slopes[bend.step][bend.charge][bend.index] = min(
        max(slope * model.scale, -charge.below[bend.index]), charge.above[bend.index])
    }
    return result
  }
}
