import KeelNumerics

// From a program to iterations and back, in memory that is kept from one program to the next of the
// same structure.

/// A point and dual values in the caller's units, with their certificate.
struct ConicPoint {
  var x: [Double] = []
  /// One array a block, one dual value an expression.
  var blocks: [[Double]] = []
  var certificate = ConicCertificate.none

  /// Takes the memory that the points of a program need.
  mutating func reserve(_ program: ConicProgram) {
    x.reserveCapacity(program.variableCount)
    while blocks.count < program.constraints.count { blocks.append([]) }
    for k in blocks.indices {
      blocks[k].reserveCapacity(program.constraints[k].expressions.count)
    }
  }

  /// Becomes a copy of another point, in its own memory.
  mutating func copyElements(of other: borrowing ConicPoint) {
    x.copyElements(of: other.x)
    while blocks.count < other.blocks.count { blocks.append([]) }
    for k in blocks.indices { blocks[k].copyElements(of: other.blocks[k]) }
    certificate = other.certificate
  }
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
  private var infeasibility: ConicInfeasibilityProof
  private var unboundedness = UnboundednessProof(direction: [], slope: .nan, residual: .nan)
  /// A direction that may prove unboundedness.
  private var ray: [Double] = []

  init(_ program: ConicProgram) {
    infeasibility = ConicInfeasibilityProof(emptyFor: program)
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
  /// - Returns: What was proved of ``best``, or why the iterations stopped. Where it is that the
  ///   objective has no lower limit, ``best`` is no feasible point yet, see ``ConicPursuit``.
  mutating func run(_ program: ConicProgram, _ settings: ConicSolver.Settings) -> ConicStatus {
    // They change places: none may be without memory when its turn comes in a later run.
    best.reserve(program)
    candidate.reserve(program)
    variant.reserve(program)
    var result: ConicStatus?
    var next = 0
    let limits = program.optimalTolerances
    while next < Self.tolerances.count {
      let end = method.run(
        tolerance: Self.tolerances[next], maximumIterations: settings.maximumIterations
      ) { settings.interruption() }
      method.describe(&outcome, end)
      if let status = proven(program) { return status }
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
  /// The status of a program that has no solution, with its proof.
  private mutating func proven(_ program: ConicProgram) -> ConicStatus? {
    switch outcome.end {
    case .deadline, .cancelled: return nil
    case .unbounded: return provesUnboundedness(program) ? .unbounded(unboundedness) : nil
    default: break
    }
    guard provesInfeasibility(program) else { return nil }
    setVariant(program, negligible: 0)
    swap(&variant, &best)
    return .primalInfeasible(infeasibility)
  }

  private mutating func provesInfeasibility(_ program: ConicProgram) -> Bool {
    let largest = largestMagnitude(outcome.point.z, outcome.point.y)
    for part in Self.negligibleParts.reversed() {
      setMultipliers(program, limit: part * largest)
      let isProof = program.setInfeasibilityProof(
        &infeasibility, multipliers: variant.blocks, room: &room)
      if isProof { return true }
    }
    return false
  }

  private mutating func provesUnboundedness(_ program: ConicProgram) -> Bool {
    let largest = largestMagnitude(outcome.point.x)
    for part in Self.negligibleParts.reversed() {
      ray.copyElements(of: outcome.point.x)
      for i in ray.indices {
        ray[i] = ray[i].magnitude <= part * largest ? 0 : ray[i] * scaling.variable[i]
      }
      let isProof = program.setUnboundednessProof(
        &unboundedness, direction: ray, room: &room)
      if isProof { return true }
    }
    return false
  }

  /// Takes over the point of another search over the same constraints.
  ///
  /// - Parameters:
  ///   - other: The search.
  ///   - program: The program here.
  ///   - certified: Whether the certificate becomes that of the program here, or stays.
  mutating func adopt(_ other: borrowing ConicSearch, _ program: ConicProgram, certified: Bool) {
    best.copyElements(of: other.best)
    if !certified { return }
    best.certificate = program.certificate(
      best.x, best.blocks, iterations: outcome.iterations, room: &room)
  }
}
