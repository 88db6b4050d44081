import KeelNumerics

// From a program to iterations and back, in memory that is kept from one program to the next of the
// same structure.

/// A point and dual values in the caller's units, with their certificate.
struct ConicPoint {
  var x: [Double] = []
  /// One array a block, one dual value an expression.
  var blocks: [[Double]] = []
  var certificate = ConicCertificate.none
}

/// The search for the optimum of a conic program, or for a proof that there is none.
struct ConicSearch: ~Copyable {
  /// The residuals of the scaled program at which iterations stop, one after the other until the
  /// certificate of the unscaled program holds.
  private static let tolerances = [1e-11, 1e-13]

  /// The part of its tolerances to which a certificate holds where the first slow step may be the
  /// last one.
  private static let earlyPart = 0.02

  /// Multipliers below such parts of the largest one may belong to constraints that have no part in
  /// a contradiction; each part is tried.
  private static let negligibleParts = [0, 1e-12, 1e-10, 1e-8, 1e-6]

  /// The best point that was found.
  private(set) var best = ConicPoint()
  private var candidate = ConicPoint()
  private var variant = ConicPoint()
  private var scaling: ConicScaling
  private var method: ConicInteriorPoint
  private var outcome = ConicOutcome()
  private var room = ConicCertificateRoom()

  init(_ program: ConicProgram) {
    scaling = ConicScaling(program)
    method = ConicInteriorPoint(ConicCore(program, scaling))
  }

  /// Looks at a program of the same structure.
  mutating func restart(_ program: ConicProgram) {
    scaling.restart(program)
    method.core.restart(program, scaling)
    method.restart()
  }

  /// Runs the iterations.
  ///
  /// - Returns: What was proved of ``best``, or why the iterations stopped.
  mutating func run(
    _ program: ConicProgram,
    _ settings: ConicSolver.Settings
  ) throws(OptimizationError) -> ConicStatus {
    var result: ConicStatus?
    var next = 0
    let limits = program.optimalTolerances
    while next < Self.tolerances.count {
      let end = method.run(
        tolerance: Self.tolerances[next], maximumIterations: settings.maximumIterations
      ) { settings.interruption() }
      method.describe(&outcome, end)
      if let status = try proven(program, settings) { return status }
      setCandidate(program)
      let status = status(program, candidate.certificate)
      let isBetter =
        result == nil || candidate.certificate.merit(limits) < best.certificate.merit(limits)
      switch status {
      case .optimal
      where method.endedEarly && candidate.certificate.merit(limits) > Self.earlyPart:
        break
      case .optimal, .deadlineExceeded, .cancelled, .iterationLimit:
        swap(&best, &candidate)
        return status
      default: break
      }
      if isBetter {
        swap(&best, &candidate)
        result = status
      }
      if result == .optimal && !method.endedEarly { return .optimal }
      next += 1
      if end == .stalled || next == Self.tolerances.count {
        next = method.refine() ? 0 : Self.tolerances.count
      }
    }
    return result ?? .stalled
  }

  private func status(_ program: ConicProgram, _ certificate: ConicCertificate) -> ConicStatus {
    switch outcome.end {
    case .deadline: return .deadlineExceeded
    case .cancelled: return .cancelled
    default: break
    }
    if certificate.holds(program.optimalTolerances) { return .optimal }
    if certificate.holds(Certificate.almostOptimalTolerances) { return .almostOptimal }
    return outcome.end == .iterationLimit ? .iterationLimit : .stalled
  }
}

// MARK: - Points

extension ConicSearch {
  /// Sets the candidate to the point of the outcome with its certificate.
  ///
  /// Where the certificate of the point itself does not hold, elements that are negligible in the
  /// scaled program are tried as zeros: an objective or a dual value that should vanish has no size
  /// that its rounding could be small beside.
  private mutating func setCandidate(_ program: ConicProgram) {
    let limits = program.optimalTolerances
    setVariant(program, negligible: 0)
    swap(&variant, &candidate)
    if candidate.certificate.holds(limits) { return }
    for part in Self.negligibleParts where part > 0 {
      setVariant(program, negligible: part)
      if variant.certificate.merit(limits) < candidate.certificate.merit(limits) {
        swap(&variant, &candidate)
      }
    }
  }

  private mutating func setVariant(_ program: ConicProgram, negligible: Double) {
    let limit = negligible * max(1, largestMagnitude(outcome.point.x))
    variant.x.refill(program.variableCount, with: 0)
    for i in variant.x.indices where !(outcome.point.x[i].magnitude <= limit) {
      variant.x[i] = outcome.point.x[i] * scaling.variable[i]
    }
    setMultipliers(
      program,
      limit: negligible * max(1, largestMagnitude(outcome.point.z, outcome.point.y)))
    for k in variant.blocks.indices {
      for r in variant.blocks[k].indices { variant.blocks[k][r] /= scaling.cost }
    }
    variant.certificate = program.certificate(
      variant.x, variant.blocks, iterations: outcome.iterations, room: &room)
  }

  /// The multipliers of the caller's rows, up to the factor of the objective, in the variant.
  private mutating func setMultipliers(_ program: ConicProgram, limit: Double) {
    while variant.blocks.count < program.constraints.count { variant.blocks.append([]) }
    for (k, block) in program.constraints.enumerated() {
      let places = method.core.places[k]
      variant.blocks[k].refill(places.count, with: 0)
      var largest = 0.0
      for r in places.indices {
        let place = places[r]
        let value = place.isEquation ? outcome.point.y[place.row] : outcome.point.z[place.row]
        variant.blocks[k][r] = value
        largest = value.isNaN ? .infinity : max(largest, value.magnitude)
      }
      let isProduct = block.cone.isProduct
      for r in places.indices {
        let size = isProduct ? variant.blocks[k][r].magnitude : largest
        variant.blocks[k][r] = size <= limit ? 0 : variant.blocks[k][r] * places[r].factor
      }
    }
  }
}

// MARK: - Proofs

extension ConicSearch {
  /// The status of a program that has no solution, with its proof; the point is in ``best``.
  private mutating func proven(
    _ program: ConicProgram,
    _ settings: ConicSolver.Settings
  ) throws(OptimizationError) -> ConicStatus? {
    if outcome.end == .deadline || outcome.end == .cancelled { return nil }
    if outcome.end != .unbounded, let proof = infeasibilityProof(program) {
      setVariant(program, negligible: 0)
      swap(&variant, &best)
      return .primalInfeasible(proof)
    }
    guard outcome.end == .unbounded, let proof = unboundednessProof(program) else { return nil }
    return try unbounded(proof, program, settings)
  }

  private mutating func infeasibilityProof(
    _ program: ConicProgram
  ) -> ConicInfeasibilityProof? {
    let largest = largestMagnitude(outcome.point.z, outcome.point.y)
    for part in Self.negligibleParts.reversed() {
      setMultipliers(program, limit: part * largest)
      guard program.farkasSums(of: variant.blocks, room: &room)?.isProof == true else { continue }
      if let proof = program.infeasibilityProof(multipliers: variant.blocks) { return proof }
    }
    return nil
  }

  private func unboundednessProof(_ program: ConicProgram) -> UnboundednessProof? {
    let largest = largestMagnitude(outcome.point.x)
    for part in Self.negligibleParts.reversed() {
      let candidate = outcome.point.x.indices.map { i in
        let value = outcome.point.x[i]
        return value.magnitude <= part * largest ? 0 : value * scaling.variable[i]
      }
      if let proof = program.unboundednessProof(direction: candidate) { return proof }
    }
    return nil
  }

  /// A direction proves unboundedness only if there is a feasible point to start from.
  private mutating func unbounded(
    _ proof: UnboundednessProof,
    _ program: ConicProgram,
    _ settings: ConicSolver.Settings
  ) throws(OptimizationError) -> ConicStatus {
    let feasibility = try ConicProgram(
      quadratic: .diagonal([Double](repeating: 1, count: program.variableCount)),
      linear: [Double](repeating: 0, count: program.variableCount),
      constraints: program.constraints)
    let nearest = try ConicSolver(settings: settings).solve(feasibility)
    best.x = nearest.value
    best.blocks = nearest.duals.blocks
    best.certificate = nearest.certificate
    // Any feasible point will do, the nearest one or not.
    guard nearest.certificate.primalResidual <= program.optimalTolerances.primal else {
      return nearest.status
    }
    best.certificate = program.certificate(
      best.x, best.blocks, iterations: outcome.iterations, room: &room)
    return .unbounded(proof)
  }
}
