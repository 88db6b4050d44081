// How far the iterations are from an answer or a proof.

extension ConicInteriorPoint {
  struct Residuals {
    var dual: [Double] = []
    var rows: [Double] = []
    var equations: [Double] = []
    var gap = 0.0
    var product: [Double] = []
    var curvature = 0.0
    var slope = 0.0
    var bound = 0.0
    var merit = Double.infinity
    var dualRay = Double.infinity
    var primalRay = Double.infinity

    /// The distance to an optimum, a proof of infeasibility or one of unboundedness.
    var progress: Double {
      min(
        merit, bound < 0 ? dualRay / -bound : .infinity,
        slope < 0 ? primalRay / -slope : .infinity)
    }
  }

  mutating func setResiduals() {
    let tau = state.tau
    let dualSize = setDualResidual()
    let (primalSize, ray) = setPrimalResidual()
    let curvature = dot(state.x, residuals.product)
    let slope = dot(core.linear, state.x)
    let bound = dot(core.constants, state.z) + dot(core.equationConstants, state.y)
    let primalObjective = curvature / (2 * tau) + slope
    let dualObjective = -curvature / (2 * tau) - bound
    let gapSize = max(curvature / tau, slope.magnitude, bound.magnitude)
    let merit = max(
      relative(
        largestMagnitude(residuals.rows, residuals.equations), to: max(primalSize, tau)),
      relative(largestMagnitude(residuals.dual), to: max(dualSize, tau)),
      relative(
        (primalObjective - dualObjective).magnitude, to: max(gapSize, tau * Self.leastGapScale)))
    residuals.gap = state.kappa + slope + bound + curvature / tau
    residuals.curvature = curvature
    residuals.slope = slope
    residuals.bound = bound
    residuals.merit = merit.isNaN ? .infinity : merit
    residuals.dualRay = largestMagnitude(room.adjoint)
    residuals.primalRay = max(ray, largestMagnitude(residuals.product))
  }

  /// Px + A'z + E'y + qτ; returns the size of its terms.
  private mutating func setDualResidual() -> Double {
    core.setQuadraticProduct(&residuals.product, with: state.x)
    room.adjoint.refill(core.count, with: 0)
    core.rows.addTransposed(state.z, to: &room.adjoint)
    core.equations.addTransposed(state.y, to: &room.adjoint)
    residuals.dual.copyElements(of: residuals.product)
    for i in residuals.dual.indices {
      residuals.dual[i] += room.adjoint[i] + core.linear[i] * state.tau
    }
    return max(
      largestMagnitude(residuals.product), largestMagnitude(room.adjoint),
      largestMagnitude(core.linear) * state.tau)
  }

  /// The residuals of the rows; returns the size of the constants, and that of the rows without them.
  private mutating func setPrimalResidual() -> (size: Double, ray: Double) {
    let tau = state.tau
    core.rows.setProduct(&residuals.rows, with: state.x)
    core.equations.setProduct(&residuals.equations, with: state.x)
    var size = 0.0
    var ray = 0.0
    for i in residuals.rows.indices {
      residuals.rows[i] += state.s[i]
      ray = max(ray, residuals.rows[i].magnitude)
      residuals.rows[i] -= core.constants[i] * tau
      size = max(size, (core.constants[i] * tau).magnitude)
    }
    for e in residuals.equations.indices {
      ray = max(ray, residuals.equations[e].magnitude)
      residuals.equations[e] -= core.equationConstants[e] * tau
      size = max(size, (core.equationConstants[e] * tau).magnitude)
    }
    return (size, ray)
  }

  func verdict(_ tolerance: Double) -> InteriorPointOutcome.End? {
    if residuals.merit <= tolerance { return .converged }
    if residuals.bound < 0, residuals.dualRay <= tolerance * -residuals.bound {
      return .infeasible
    }
    if residuals.slope < 0, residuals.primalRay <= tolerance * -residuals.slope {
      return .unbounded
    }
    return nil
  }

  /// Describes where the iterations are.
  func describe(_ outcome: inout ConicOutcome, _ end: InteriorPointOutcome.End) {
    // A certificate is a direction: its length is what the embedding makes it.
    let isRay = end == .infeasible || end == .unbounded
    let scale =
      isRay ? max(largestMagnitude(state.x, state.y), largestMagnitude(state.z)) : state.tau
    outcome.end = end
    outcome.iterations = iteration
    outcome.point.x.copyElements(of: state.x)
    outcome.point.z.copyElements(of: state.z)
    outcome.point.y.copyElements(of: state.y)
    for i in outcome.point.x.indices { outcome.point.x[i] /= scale }
    for i in outcome.point.z.indices { outcome.point.z[i] /= scale }
    for e in outcome.point.y.indices { outcome.point.y[e] /= scale }
  }
}
