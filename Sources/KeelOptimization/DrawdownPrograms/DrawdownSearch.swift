import KeelNumerics

/// The search for the least risk of drawdowns, ever more exact points of it.
package struct DrawdownSearch: ~Copyable {
  private let program: DrawdownProgram
  private let settings: QuadraticSolver.Settings
  private var model: TailModel
  private var set = WorkingSet()
  private var method: DrawdownInteriorPoint?
  private var x: [Double]

  /// Begins a search.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - start: Variables near which to begin.
  ///   - risk: The risk that the iterations lower, where it is not the one of the program, whose
  ///     supporting planes the points have all the same.
  ///   - settings: The limits.
  package init(
    _ program: DrawdownProgram,
    near start: [Double],
    lowering risk: DrawdownProgram.Risk? = nil,
    settings: QuadraticSolver.Settings
  ) {
    self.program = program
    self.settings = settings
    let base = program.base
    model = TailModel(base)
    let reduction = model.reduction
    x = start.indices.map { i in
      reduction.fixedValue[i] ?? min(max(start[i], base.lowerBounds[i]), base.upperBounds[i])
    }
    set.scenarios = Array(0..<base.scenarioCount)
    set.variables = reduction.freeVariables
    if set.variables.isEmpty { return }
    var core = TailCore()
    model.fill(&core, set, at: x, of: base)
    let objective = DrawdownObjective(
      risk ?? program.risk, probabilities: base.probabilities, limits: model.limits)
    core.setLevels(of: objective)
    var near: [Double] = []
    for i in set.variables { near.append(x[i] / model.scaling.variable[i]) }
    for _ in 0..<objective.levelCount { near.append(0) }
    method = DrawdownInteriorPoint(core, objective, near: near)
  }

  /// Runs on to a tolerance.
  ///
  /// - Parameter tolerance: The relative gap in the units of the iterations.
  /// - Returns: The point, and whether more can be had; nil when nothing may move or no time is left.
  package mutating func next(tolerance: Double) -> (point: DrawdownPoint, canGoOn: Bool)? {
    guard var method = method.take() else { return nil }
    let settings = settings
    let end = method.run(tolerance: tolerance, maximumIterations: settings.maximumIterations) {
      settings.tailInterruption()
    }
    let point = point(method)
    self.method = consume method
    switch end {
    case .deadline, .cancelled: return nil
    default: return (point, end == .converged)
    }
  }

  /// The iterations' point in the caller's units.
  private func point(_ method: borrowing DrawdownInteriorPoint) -> DrawdownPoint {
    let base = program.base
    var variables = x
    for (p, i) in set.variables.enumerated() {
      variables[i] = min(
        max(method.x[p] * model.scaling.variable[i], base.lowerBounds[i]), base.upperBounds[i])
    }
    var pulls = [Double](repeating: 0, count: base.scenarioCount)
    for (m, t) in method.objective.members.enumerated() { pulls[t] = method.multiplier(m) }
    let (slopes, factor) = program.slopes(
      masses: Array(method.dual.prefix(base.scenarioCount)), pulls: pulls, limits: model.limits)
    var scaled = method.y
    for k in scaled.indices { scaled[k] = -scaled[k] }
    for (j, slot) in method.slots.enumerated() where slot.isRow {
      scaled[slot.target] -= slot.sign * method.dual[method.firstSlot + j]
    }
    var rowDuals: [Double] = []
    model.setRowDuals(&rowDuals, scaled: scaled, unit: model.lossScale * factor, of: base)
    var gradient = base.outcomes(weightedBy: slopes)
    model.reduction.completeDuals(&gradient, rows: &rowDuals, of: base.constraints)
    return DrawdownPoint(variables: variables, slopes: slopes, rowDuals: rowDuals)
  }
}

extension TailCore {
  /// Has the levels of an objective in the place of the value at risk.
  fileprivate mutating func setLevels(of objective: DrawdownObjective) {
    switch objective.levels {
    case .none:
      cost.removeLast()
      lower.removeLast()
      upper.removeLast()
      outcomes.removeLast(scenarioCount)
    case .tail: return
    case .entropic:
      cost.append(objective.entropy)
      lower.append(0)
      upper.append(.infinity)
      outcomes.append(contentsOf: repeatElement(0, count: scenarioCount))
    }
  }
}
