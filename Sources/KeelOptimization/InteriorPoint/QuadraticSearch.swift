// Goals: (1) an answer whose certificate holds, or a proof; (2) one path for the solver and the
// workspace, in memory that is kept from one program to the next.

/// The search for the optimum of a program that active sets do not solve, or for a proof that there
/// is none.
struct QuadraticSearch: ~Copyable, Sendable {
  /// Up to so many variables the dual active-set search, O(n²) a step, costs no more than some
  /// interior-point iterations.
  private static let largestQuickSearch = 300

  /// A scaled variable of this size is rounded to 1e-12, small beside bounds of about one and beside any
  /// contradiction that is looked for.
  private static let ordinarySize = 1e4

  /// What the iterations leave of a zero, relative to the largest scaled variable.
  private static let rounding = 1e-13

  /// Whether a proof that there is no point names its reasons, which takes memory.
  var areReasonsWanted = true

  /// The best point of the last run.
  private(set) var best = UnscaledPoint()
  /// The point of the iterations.
  private var raw = UnscaledPoint()
  /// The point that was made last.
  private var candidate = UnscaledPoint()

  private let names: ConstraintNames
  private var reduction = Presolve()
  private var scaling = ProgramScaling()
  private var diagonal: [Double] = []
  /// The iterations, which hold the core program.
  private var method = InteriorPoint()
  private var outcome = InteriorPointOutcome()
  private var growth = SupportGrowth()
  private var sets = ActiveSetPolish()
  private var nearest = NearestFeasibility()
  private var feasibility = FeasibilitySearch()
  private var proximal = ProximalActiveSet()
  private var scratch = CertificateScratch(count: 0)
  private var room: [Double] = []

  /// - Parameter names: The names of rows and variables.
  init(_ names: ConstraintNames) { self.names = names }

  /// Takes the memory for programs of one shape.
  mutating func reserve(_ program: QuadraticProgram) {
    let shape = CoreShape(program)
    // They change places: none may be without memory when its turn comes in a later run.
    best.reserve(program)
    raw.reserve(program)
    candidate.reserve(program)
    reduction.reserve(shape)
    method.reserve(shape)
    outcome.reserve(
      variableCount: program.variableCount, rowCount: program.rows.count)
    growth.reserve(shape)
    sets.reserve(shape)
    // Larger programs go on only where they have no answer.
    guard program.variableCount <= Self.largestQuickSearch else { return }
    nearest.reserve(shape)
    feasibility.reserve(shape)
    if program.quadratic.isZero { return }
    proximal.reserve(shape)
  }

  /// Runs the search.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - flat: The same program with its rows one after the other.
  ///   - settings: The limits and the method.
  /// - Returns: What was proved of ``best``, or why the search stopped.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  mutating func run(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ settings: QuadraticSolver.Settings
  ) throws(OptimizationError) -> SolverStatus {
    scratch.restart(count: program.variableCount)
    reduction.restart(program)
    if let (row, sign) = reduction.contradiction,
      let proof = contradiction(program, flat, row, sign)
    {
      return .primalInfeasible(proof)
    }
    if reduction.freeVariables.isEmpty { return statusAtFixedPoint(program, flat) }
    program.quadratic.setDiagonal(&diagonal)
    scaling.restart(program, reduction, diagonal: diagonal)
    method.program.restart(program, reduction, scaling)
    if program.convexity == .unproved {
      try method.kkt.requireConvex(method.program)
    }
    if settings.method == .automatic, growsSupport(program, flat, settings) { return .optimal }
    method.restart()
    method.run(&outcome, maximumIterations: settings.maximumIterations) {
      settings.interruption()
    }
    setCandidate(program, flat, outcome)
    swap(&raw, &candidate)
    switch outcome.end {
    case .unbounded:
      if let proof = program.unboundednessProof(direction: direction) {
        return unbounded(program, flat, proof, settings)
      }
    case .deadline, .cancelled: return endAtRaw(outcome.end)
    case .infeasible, .converged, .iterationLimit, .stalled: break
    }
    polishRaw(program, flat)
    if !best.certificate.holds(Certificate.optimalTolerances) { clearRounding(flat) }
    let status = status(best.certificate, outcome.end)
    if status == .optimal && isOrdinary(best.x)
      && (best.isExact || program.variableCount > Self.largestQuickSearch)
    {
      return status
    }
    if let proof = infeasibilityProof(program, flat, settings) {
      swap(&best, &raw)
      return .primalInfeasible(proof)
    }
    return rescue(program, flat, settings) ?? finalStatus(settings)
  }

  /// The best point with its dual values by name and a status.
  func solution(_ program: QuadraticProgram, _ status: SolverStatus) -> Solution<[Double]> {
    best.solution(program, status)
  }
}

// MARK: - Ends

extension QuadraticSearch {
  private func status(
    _ certificate: Certificate,
    _ end: InteriorPointOutcome.End
  ) -> SolverStatus {
    if certificate.holds(Certificate.optimalTolerances) { return .optimal }
    if certificate.holds(Certificate.almostOptimalTolerances) { return .almostOptimal }
    return end == .iterationLimit ? .iterationLimit : .stalled
  }

  /// The status of the best point, unless something interrupts the search.
  private func finalStatus(_ settings: QuadraticSolver.Settings) -> SolverStatus {
    let status = status(best.certificate, outcome.end)
    return status == .optimal ? status : Self.status(settings.interruption()) ?? status
  }

  private static func status(_ interruption: InteriorPointOutcome.End?) -> SolverStatus? {
    switch interruption {
    case .deadline: .deadlineExceeded
    case .cancelled: .cancelled
    default: nil
    }
  }

  /// Ends with the point of the iterations and the status of an interruption, or another one.
  private mutating func endAtRaw(
    _ interruption: InteriorPointOutcome.End?,
    otherwise status: SolverStatus = .stalled
  ) -> SolverStatus {
    swap(&best, &raw)
    return Self.status(interruption) ?? status
  }

  /// Ends at the only point that the bounds leave.
  private mutating func statusAtFixedPoint(
    _ program: QuadraticProgram,
    _ flat: FlatProgram
  ) -> SolverStatus {
    candidate.x.copyElements(of: reduction.fixedPoint)
    candidate.rowDuals.refill(program.rows.count, with: 0)
    completeCandidate(program)
    certifyCandidate(flat, iterations: 0)
    swap(&best, &candidate)
    return status(best.certificate, .stalled)
  }
}

// MARK: - Points

extension QuadraticSearch {
  /// Sets the candidate to a point in the caller's units, with the dual values of removed rows and
  /// variables restored and its certificate.
  private mutating func setCandidate(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ x: [Double],
    _ rowDuals: [Double],
    _ boundDuals: [Double],
    iterations: Int
  ) {
    candidate.x.copyElements(of: reduction.fixedPoint)
    for (p, i) in reduction.freeVariables.enumerated() {
      // Multiplying by a power of two and clipping: a scaled bound returns to the caller's number.
      candidate.x[i] = x[p] * scaling.variable[i]
    }
    candidate.rowDuals.refill(program.rows.count, with: 0)
    for (p, k) in reduction.keptRows.enumerated() {
      candidate.rowDuals[k] = rowDuals[p] * scaling.row[k] / scaling.cost
    }
    completeCandidate(program)
    for (p, i) in reduction.freeVariables.enumerated() {
      candidate.boundDuals[i] = boundDuals[p] / (scaling.variable[i] * scaling.cost)
    }
    certifyCandidate(flat, iterations: iterations)
  }

  private mutating func setCandidate(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ outcome: InteriorPointOutcome
  ) {
    setCandidate(
      program, flat, outcome.x, outcome.rowDuals, outcome.boundDuals,
      iterations: outcome.iterations)
  }

  /// Completes the dual values of the candidate from its variables and the duals of kept rows.
  private mutating func completeCandidate(_ program: QuadraticProgram) {
    program.quadratic.setTimes(&candidate.boundDuals, candidate.x, room: &room)
    for i in candidate.boundDuals.indices { candidate.boundDuals[i] += program.linear[i] }
    reduction.completeDuals(&candidate.boundDuals, rows: &candidate.rowDuals, of: program)
  }

  private mutating func certifyCandidate(_ flat: FlatProgram, iterations: Int) {
    candidate.certificate = flat.certificate(
      candidate.x, candidate.rowDuals, candidate.boundDuals, iterations: iterations,
      names: names, scratch: &scratch)
  }

  /// Whether scaled variables are not so large that a contradiction drowns in their rounding.
  ///
  /// Scaled bounds are about one. Where the objective is flat, a point that runs away satisfies
  /// almost anything to a relative tolerance; a proof of infeasibility then has the last word.
  private func isOrdinary(_ x: [Double]) -> Bool {
    reduction.freeVariables.allSatisfy {
      x[$0].magnitude <= Self.ordinarySize * scaling.variable[$0]
    }
  }
}

// MARK: - Optima

extension QuadraticSearch {
  /// Grows a small support; whether the best point became one whose certificate holds.
  private mutating func growsSupport(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ settings: QuadraticSolver.Settings
  ) -> Bool {
    guard growth.restart(method.program, &sets),
      growth.run(method.program, &sets, &method.kkt, settings)
    else { return false }
    setCandidate(
      program, flat, sets.x, sets.rowDuals, sets.boundDuals, iterations: growth.iterations)
    guard candidate.certificate.holds(Certificate.optimalTolerances) else { return false }
    swap(&best, &candidate)
    return true
  }

  /// Sets the best point to the better one of that of the iterations and its polished form.
  private mutating func polishRaw(_ program: QuadraticProgram, _ flat: FlatProgram) {
    best.copyElements(of: raw)
    if outcome.end != .infeasible { polish(program, flat, from: outcome) }
  }

  /// Takes the best point without the variables that are rounding beside the largest one, if it is
  /// better: a row whose variables are all zero has no other scale than what rounding leaves of them.
  private mutating func clearRounding(_ flat: FlatProgram) {
    var largest = 0.0
    for i in reduction.freeVariables {
      largest = max(largest, (best.x[i] / scaling.variable[i]).magnitude)
    }
    candidate.copyElements(of: best)
    for i in reduction.freeVariables
    where (best.x[i] / scaling.variable[i]).magnitude <= Self.rounding * largest
      && flat.lower[i] <= 0 && flat.upper[i] >= 0
    { candidate.x[i] = 0 }
    certifyCandidate(flat, iterations: best.certificate.iterations)
    if candidate.certificate.merit < best.certificate.merit { swap(&best, &candidate) }
  }

  /// Polishes an outcome and takes the point if it is no worse than the best.
  private mutating func polish(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    from start: InteriorPointOutcome
  ) {
    sets.restart(at: start)
    guard sets.run(method.program, &method.kkt) else { return }
    setCandidate(
      program, flat, sets.x, sets.rowDuals, sets.boundDuals, iterations: outcome.iterations)
    if candidate.certificate.merit <= best.certificate.merit { swap(&best, &candidate) }
  }

  /// Looks for a better point than the best, which has no optimal certificate, by the dual
  /// active-set method.
  private mutating func rescue(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ settings: QuadraticSolver.Settings
  ) -> SolverStatus? {
    guard program.variableCount <= Self.largestQuickSearch,
      !best.certificate.holds(Certificate.optimalTolerances)
    else { return nil }
    switch linearOutcome(program, settings) {
    case .optimum:
      setCandidate(flat, feasibility.point, feasibility.rowDuals, feasibility.boundDuals)
      if candidate.certificate.merit < best.certificate.merit { swap(&best, &candidate) }
    case .ray:
      if satisfiesAll(program, flat, feasibility.point),
        let proof = program.unboundednessProof(direction: feasibility.direction)
      {
        setCandidate(flat, feasibility.point, best.rowDuals, best.boundDuals)
        swap(&best, &candidate)
        return .unbounded(proof)
      }
    case nil:
      if proximal.run(method.program, { settings.interruption() != nil }) {
        takeProximal(program, flat)
      }
    }
    return nil
  }

  /// What the dual active-set method finds of a program without a quadratic term.
  private mutating func linearOutcome(
    _ program: QuadraticProgram,
    _ settings: QuadraticSolver.Settings
  ) -> LinearOutcome? {
    guard program.quadratic.isZero else { return nil }
    return feasibility.minimize(program) { settings.interruption() != nil }
  }

  /// Takes the better one of the best point, the proximal one and that polished, the best one if
  /// equal.
  private mutating func takeProximal(_ program: QuadraticProgram, _ flat: FlatProgram) {
    swap(&best, &raw)
    setCandidate(
      program, flat, proximal.outcome.x, proximal.outcome.rowDuals, proximal.outcome.boundDuals,
      iterations: outcome.iterations)
    swap(&best, &candidate)
    polish(program, flat, from: proximal.outcome)
    if !(best.certificate.merit < raw.certificate.merit) { swap(&best, &raw) }
  }

  /// Sets the candidate to a point in the caller's units.
  private mutating func setCandidate(
    _ flat: FlatProgram,
    _ x: [Double],
    _ y: [Double],
    _ z: [Double]
  ) {
    candidate.x.copyElements(of: x)
    candidate.rowDuals.copyElements(of: y)
    candidate.boundDuals.copyElements(of: z)
    certifyCandidate(flat, iterations: 0)
  }
}

// MARK: - Proofs

extension QuadraticSearch {
  /// A proof of infeasibility, if the dual active-set method or the nearest point to feasibility
  /// gives one.
  private mutating func infeasibilityProof(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ settings: QuadraticSolver.Settings
  ) -> InfeasibilityProof? {
    if program.variableCount <= Self.largestQuickSearch {
      feasibility.restart(program)
      switch feasibility.run(program, { settings.interruption() != nil }) {
      case .contradiction:
        candidate.rowDuals.copyElements(of: feasibility.rowMultipliers)
        if let proof = proof(program, flat) { return proof }
      case .point:
        if satisfiesAll(program, flat, feasibility.point) { return nil }
      case .interrupted: return nil
      case .undecided: break
      }
    }
    nearest.run(method.program, settings)
    if let proof = infeasibilityProof(program, flat, nearest.rowMultipliers) { return proof }
    guard outcome.end == .infeasible else { return nil }
    return infeasibilityProof(program, flat, outcome.rowDuals)
  }

  /// Whether a point violates no row and no bound by more than `optimal` allows; the candidate is
  /// lost.
  private mutating func satisfiesAll(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ x: [Double]
  ) -> Bool {
    candidate.x.copyElements(of: x)
    candidate.rowDuals.refill(program.rows.count, with: 0)
    candidate.boundDuals.refill(program.variableCount, with: 0)
    certifyCandidate(flat, iterations: 0)
    return candidate.certificate.primalResidual <= Certificate.optimalTolerances.primal
  }

  /// The proof from scaled multipliers of the kept rows.
  private mutating func infeasibilityProof(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ rowDuals: [Double]
  ) -> InfeasibilityProof? {
    candidate.rowDuals.refill(program.rows.count, with: 0)
    for (p, k) in reduction.keptRows.enumerated() {
      candidate.rowDuals[k] = rowDuals[p] * scaling.row[k]
    }
    return infeasibilityProof(program, flat)
  }

  /// The proof from the candidate's multipliers of rows that force no variables, if there is one.
  private mutating func infeasibilityProof(
    _ program: QuadraticProgram,
    _ flat: FlatProgram
  ) -> InfeasibilityProof? {
    candidate.boundDuals.refill(program.variableCount, with: 0)
    reduction.completeDuals(&candidate.boundDuals, rows: &candidate.rowDuals, of: program)
    return proof(program, flat)
  }

  /// The proof from the candidate's multipliers of the rows, or nothing but the fact where no reasons
  /// are wanted; nil when they prove nothing.
  private mutating func proof(
    _ program: QuadraticProgram,
    _ flat: FlatProgram
  ) -> InfeasibilityProof? {
    guard flat.isEmpty(rowMultipliers: candidate.rowDuals, scratch: &scratch) else { return nil }
    return areReasonsWanted
      ? program.infeasibilityProof(rowMultipliers: candidate.rowDuals) : .withoutReasons
  }

  /// The proof that one row contradicts the bounds, given the rows that forced variables.
  private mutating func contradiction(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ row: Int,
    _ sign: Double
  ) -> InfeasibilityProof? {
    candidate.rowDuals.refill(program.rows.count, with: 0)
    candidate.rowDuals[row] = sign
    guard let proof = infeasibilityProof(program, flat) else { return nil }
    candidate.x.copyElements(of: reduction.fixedPoint)
    candidate.boundDuals.refill(program.variableCount, with: 0)
    certifyCandidate(flat, iterations: 0)
    swap(&best, &candidate)
    return proof
  }

  /// The direction of the iterations in the caller's units; fixed variables do not move.
  private var direction: [Double] {
    var full = [Double](repeating: 0, count: reduction.fixedPoint.count)
    for (p, i) in reduction.freeVariables.enumerated() {
      full[i] = outcome.x[p] * scaling.variable[i]
    }
    return full
  }

  /// A direction proves unboundedness only if there is a feasible point to start from.
  private mutating func unbounded(
    _ program: QuadraticProgram,
    _ flat: FlatProgram,
    _ proof: UnboundednessProof,
    _ settings: QuadraticSolver.Settings
  ) -> SolverStatus {
    switch FeasibilityDecision(program, program.constraintBounds, settings) {
    case .feasible(let x):
      raw.x.copyElements(of: x)
      raw.certificate = flat.certificate(
        x, raw.rowDuals, raw.boundDuals, iterations: raw.certificate.iterations, names: names,
        scratch: &scratch)
      return endAtRaw(nil, otherwise: .unbounded(proof))
    case .infeasible(let proof, _): return endAtRaw(nil, otherwise: .primalInfeasible(proof))
    case .undecided: return endAtRaw(settings.interruption())
    }
  }
}
