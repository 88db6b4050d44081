import KeelNumerics

// Rounds of interior-point iterations on growing working sets: each round solves the program over
// its set, the polishing step lands on the active constraints, and the certificate of the whole
// program lets in what is missing. All memory is kept from one program to the next.

/// The search for the optimum of a tail program from a nearby point.
struct TailSearch: ~Copyable {
  /// The tolerances of the first round on a set whose answer is checked anyway.
  private static let firstTolerances = [ScenarioSifting.firstTolerance]

  private(set) var model: TailModel
  /// The point with the best certificate.
  private(set) var best = TailPoint()
  private var sifting = ScenarioSifting()
  private var method = TailInteriorPoint()
  private var polish = TailPolish()
  private var outcome = TailOutcome()
  private var point = TailPoint()
  private var polished = TailPoint()
  private var x: [Double] = []
  private var start: [Double] = []

  init(_ program: ExpectedShortfallProgram) { model = TailModel(program) }

  /// Looks at a program of the same shape.
  mutating func restart(_ program: ExpectedShortfallProgram, hasNewBounds: Bool) {
    model.restart(program, hasNewBounds: hasNewBounds)
  }

  /// Takes the memory for the whole program.
  mutating func reserve(_ program: ExpectedShortfallProgram) {
    let s = program.scenarioCount
    let n = program.variableCount
    let entries = program.rows.reduce(0) { $0 + $1.indices.count }
    model.reserve(program)
    best.reserve(program)
    point.reserve(program)
    polished.reserve(program)
    sifting.reserve(scenarioCount: s, variableCount: n)
    let m = program.rows.count
    method.reserve(scenarioCount: s, count: n + 1, rowCount: m, entryCount: entries)
    polish.reserve(scenarioCount: s, count: n + 1, rowCount: m)
    outcome.reserve(scenarioCount: s, count: n + 1, rowCount: m)
    start.reserveCapacity(n + 1)
  }

  /// Begins near the solution of a neighbor, or near zero.
  mutating func begin(_ program: ExpectedShortfallProgram, near solution: Solution<[Double]>?) {
    let value = solution?.value ?? []
    setStart(program, near: value)
    let isNear = solution?.status == .optimal
    sifting.restart(
      program, model, near: isNear ? value : [], solution?.duals.bounds ?? [])
    model.rest(&best, at: x, of: program)
  }

  /// Begins near the best point of the search before.
  mutating func beginAgain(_ program: ExpectedShortfallProgram) {
    setStart(program, near: best.claim.x)
    sifting.restart(program, model, near: x, best.claim.boundDuals)
    model.rest(&best, at: x, of: program)
  }

  /// Moves a point into the bounds.
  private mutating func setStart(_ program: ExpectedShortfallProgram, near value: [Double]) {
    x.refill(program.variableCount, with: 0)
    for i in x.indices {
      let near = i < value.count && value[i].isFinite ? value[i] : 0
      x[i] =
        model.reduction.fixedValue[i]
        ?? min(max(near, program.lowerBounds[i]), program.upperBounds[i])
    }
  }

  /// Runs the rounds.
  ///
  /// - Returns: Why they ended; the point is ``best``.
  mutating func run(
    _ program: ExpectedShortfallProgram,
    _ settings: QuadraticSolver.Settings
  ) -> TailInteriorPoint.End {
    var iterations = 0
    for round in 0...ScenarioSifting.maximumRounds {
      if round == ScenarioSifting.maximumRounds { sifting.growToWhole(model) }
      let isWhole = sifting.isWhole(model)
      beginRound(program)
      var end = TailInteriorPoint.End.stalled
      var joined = false
      let isRough = round == 0 && !isWhole
      for tolerance in isRough ? Self.firstTolerances : ScenarioSifting.tolerances {
        end = method.run(tolerance: tolerance, maximumIterations: settings.maximumIterations) {
          settings.tailInterruption()
        }
        setPoint(program, iterations: iterations + method.iterations)
        if end == .stalled, !point.certificate.holds(Certificate.optimalTolerances),
          method.goBack()
        {
          if point.certificate.merit <= best.certificate.merit { swap(&point, &best) }
          setPoint(program, iterations: iterations + method.iterations)
        }
        let hasConverged = end == .converged && point.claim.x.allSatisfy(\.isFinite)
        if hasConverged {
          joined = !isWhole && sifting.grow(program, model, point, round: round)
          x.copyElements(of: point.claim.x)
        }
        if point.certificate.merit <= best.certificate.merit { swap(&point, &best) }
        if best.certificate.holds(Certificate.optimalTolerances) || end == .deadline
          || end == .cancelled
        {
          return end
        }
        if joined || !hasConverged { break }
      }
      iterations += method.iterations
      if isWhole { return end }
      if !joined && (round > 0 || end != .converged) { sifting.growToWhole(model) }
    }
    return .stalled
  }

  /// Poses the program over the working set.
  private mutating func beginRound(_ program: ExpectedShortfallProgram) {
    model.fill(&method.core, sifting.set, at: x, of: program)
    start.removeAll(keepingCapacity: true)
    for i in sifting.set.variables { start.append(x[i] / model.scaling.variable[i]) }
    start.append(0)
    method.restart(near: start)
  }

  /// The iterations' point or its polished form, whichever has the better certificate.
  private mutating func setPoint(_ program: ExpectedShortfallProgram, iterations: Int) {
    method.describe(&outcome)
    model.fill(&point, outcome, sifting.set, at: x, of: program, iterations: iterations)
    guard polish.run(method.core, outcome) else { return }
    model.fill(
      &polished, polish.point, sifting.set, at: x, of: program, iterations: iterations)
    if polished.certificate.merit <= point.certificate.merit { swap(&polished, &point) }
  }
}
