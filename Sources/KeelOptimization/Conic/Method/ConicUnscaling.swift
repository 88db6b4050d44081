/// Turns the numbers of the iterations into the caller's.
struct ConicUnscaling {
  let program: ConicProgram
  let core: ConicCore
  let scaling: ConicScaling

  /// Multipliers below such parts of the largest one may belong to constraints that have no part in
  /// a contradiction; each part is tried.
  private static let negligibleParts = [0, 1e-12, 1e-10, 1e-8, 1e-6]

  /// The point of an outcome with its certificate, and the status that follows from it.
  ///
  /// Where the certificate of the point itself does not hold, elements that are negligible in the
  /// scaled program are tried as zeros: an objective or a dual value that should vanish has no size
  /// that its rounding could be small beside.
  func solution(_ outcome: ConicOutcome, _ status: ConicStatus? = nil) -> ConicSolution {
    let limits = program.optimalTolerances
    var best = solution(outcome, status, negligible: 0)
    if status != nil || best.certificate.holds(limits) { return best }
    for part in Self.negligibleParts where part > 0 {
      let candidate = solution(outcome, status, negligible: part)
      if candidate.certificate.merit(limits) < best.certificate.merit(limits) { best = candidate }
    }
    return best
  }

  private func solution(
    _ outcome: ConicOutcome,
    _ status: ConicStatus?,
    negligible: Double
  ) -> ConicSolution {
    var point = outcome.point
    let limit = negligible * max(1, largestMagnitude(point.x))
    for i in point.x.indices where point.x[i].magnitude <= limit { point.x[i] = 0 }
    let x = variables(point.x)
    let z = multipliers(point, limit: negligible * max(1, largestMagnitude(point.z, point.y)))
      .map { $0.map { $0 / scaling.cost } }
    let certificate = program.certificate(x, z, iterations: outcome.iterations)
    return ConicSolution(
      value: x, status: status ?? self.status(certificate, outcome.end),
      certificate: certificate, duals: ConicDuals(of: program, blocks: z))
  }

  private func status(
    _ certificate: ConicCertificate,
    _ end: InteriorPointOutcome.End
  ) -> ConicStatus {
    switch end {
    case .deadline: return .deadlineExceeded
    case .cancelled: return .cancelled
    default: break
    }
    if certificate.holds(program.optimalTolerances) { return .optimal }
    if certificate.holds(Certificate.almostOptimalTolerances) { return .almostOptimal }
    return end == .iterationLimit ? .iterationLimit : .stalled
  }

  private func variables(_ x: [Double]) -> [Double] { zip(x, scaling.variable).map { $0 * $1 } }

  /// The multipliers of the caller's rows, up to the factor of the objective.
  private func multipliers(_ point: ConicKKT.Vector, limit: Double) -> [[Double]] {
    program.constraints.indices.map { k in
      let places = core.places[k]
      let values = places.map { $0.isEquation ? point.y[$0.row] : point.z[$0.row] }
      let isProduct = program.constraints[k].cone.isProduct
      let largest = largestMagnitude(values)
      return places.indices.map { r in
        let size = isProduct ? values[r].magnitude : largest
        return size <= limit ? 0 : values[r] * places[r].factor
      }
    }
  }

  func infeasibilityProof(_ outcome: ConicOutcome) -> ConicInfeasibilityProof? {
    for part in Self.negligibleParts.reversed() {
      let candidate = multipliers(
        outcome.point, limit: part * largestMagnitude(outcome.point.z, outcome.point.y))
      if let proof = program.infeasibilityProof(multipliers: candidate) { return proof }
    }
    return nil
  }

  func unboundednessProof(_ outcome: ConicOutcome) -> UnboundednessProof? {
    let x = variables(outcome.point.x)
    let largest = largestMagnitude(outcome.point.x)
    for part in Self.negligibleParts.reversed() {
      let candidate = x.indices.map {
        outcome.point.x[$0].magnitude <= part * largest ? 0 : x[$0]
      }
      if let proof = program.unboundednessProof(direction: candidate) { return proof }
    }
    return nil
  }
}
