// How far the iterations are from an answer or a proof.

extension ConicInteriorPoint {
  struct Residuals {
    var dual: [Double]
    var rows: [Double]
    var equations: [Double]
    var gap: Double
    var product: [Double]
    var curvature: Double
    var slope: Double
    var bound: Double
    var merit: Double
    var dualRay: Double
    var primalRay: Double

    /// The distance to an optimum, a proof of infeasibility or one of unboundedness.
    var progress: Double {
      min(
        merit, bound < 0 ? dualRay / -bound : .infinity,
        slope < 0 ? primalRay / -slope : .infinity)
    }
  }

  func residuals() -> Residuals {
    let (x, y, s, z) = (state.x, state.y, state.s, state.z)
    let (tau, kappa) = (state.tau, state.kappa)
    let product = core.quadratic.times(x)
    var adjoint = [Double](repeating: 0, count: core.count)
    core.rows.addTransposed(z, to: &adjoint)
    core.equations.addTransposed(y, to: &adjoint)
    var dual = product
    for i in dual.indices { dual[i] += adjoint[i] + core.linear[i] * tau }
    var rows = core.rows.times(x)
    var equations = core.equations.times(x)
    var primalSize = 0.0
    var ray = 0.0
    for i in rows.indices {
      rows[i] += s[i]
      ray = max(ray, rows[i].magnitude)
      rows[i] -= core.constants[i] * tau
      primalSize = max(primalSize, (core.constants[i] * tau).magnitude)
    }
    for e in equations.indices {
      ray = max(ray, equations[e].magnitude)
      equations[e] -= core.equationConstants[e] * tau
      primalSize = max(primalSize, (core.equationConstants[e] * tau).magnitude)
    }
    let curvature = dot(x, product)
    let slope = dot(core.linear, x)
    let bound = dot(core.constants, z) + dot(core.equationConstants, y)
    let dualSize = max(
      largestMagnitude(product), largestMagnitude(adjoint), largestMagnitude(core.linear) * tau)
    let primalObjective = curvature / (2 * tau) + slope
    let dualObjective = -curvature / (2 * tau) - bound
    let gapSize = max(curvature / tau, slope.magnitude, bound.magnitude)
    let merit = max(
      relative(largestMagnitude(rows, equations), to: max(primalSize, tau)),
      relative(largestMagnitude(dual), to: max(dualSize, tau)),
      relative(
        (primalObjective - dualObjective).magnitude, to: max(gapSize, tau * Self.leastGapScale)))
    return Residuals(
      dual: dual, rows: rows, equations: equations,
      gap: kappa + slope + bound + curvature / tau, product: product, curvature: curvature,
      slope: slope, bound: bound, merit: merit.isNaN ? .infinity : merit,
      dualRay: largestMagnitude(adjoint), primalRay: max(ray, largestMagnitude(product)))
  }

  func verdict(_ residuals: Residuals, _ tolerance: Double) -> InteriorPointOutcome.End? {
    if residuals.merit <= tolerance { return .converged }
    if residuals.bound < 0, residuals.dualRay <= tolerance * -residuals.bound {
      return .infeasible
    }
    if residuals.slope < 0, residuals.primalRay <= tolerance * -residuals.slope {
      return .unbounded
    }
    return nil
  }

  func outcome(_ end: InteriorPointOutcome.End) -> ConicOutcome {
    // A certificate is a direction: its length is what the embedding makes it.
    let (x, y, z) = (state.x, state.y, state.z)
    let isRay = end == .infeasible || end == .unbounded
    let scale = isRay ? max(largestMagnitude(x, y), largestMagnitude(z)) : state.tau
    return ConicOutcome(
      end: end,
      point: .init(
        x: x.map { $0 / scale }, z: z.map { $0 / scale }, y: y.map { $0 / scale }),
      iterations: iteration)
  }
}
