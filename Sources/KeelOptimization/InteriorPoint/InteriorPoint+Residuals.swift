// How far the iterations are from an answer or a proof.

extension InteriorPoint {
  struct Residuals {
    var dual: [Double]
    var slots: [Double]
    var equalities: [Double]
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

  /// A x of one slot.
  func value(_ slot: Slot, _ x: [Double], _ rowValues: [Double]) -> Double {
    slot.sign * (slot.isRow ? rowValues[slot.target] : x[slot.target])
  }

  func rowValues(_ x: [Double]) -> [Double] { program.rows.map { $0.value(at: x) } }

  /// A's z + A'e y.
  func transposed(_ z: [Double], _ y: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: program.count)
    var rowSums = y
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowSums[slot.target] += slot.sign * z[j]
      } else {
        result[slot.target] += slot.sign * z[j]
      }
    }
    program.addTransposedRows(rowSums, to: &result)
    return result
  }

  func residuals() -> Residuals {
    let product = program.quadratic.times(x)
    let adjoint = transposed(z, y)
    let values = rowValues(x)
    let curvature = dot(x, product)
    let slope = dot(program.linear, x)
    var bound = 0.0
    var dual = product
    for i in dual.indices { dual[i] += adjoint[i] + program.linear[i] * tau }
    // Relative to the bounds, not to x: where the objective is flat, x could grow until any
    // contradiction looks small beside it.
    var primalSize = 0.0
    var primalWorst = 0.0
    var ray = 0.0
    var slotResiduals = [Double](repeating: 0, count: slots.count)
    for (j, slot) in slots.enumerated() {
      let a = value(slot, x, values)
      slotResiduals[j] = a + s[j] - slot.bound * tau
      bound += slot.bound * z[j]
      ray = max(ray, (a + s[j]).magnitude)
      primalSize = max(primalSize, (slot.bound * tau).magnitude)
      primalWorst = max(primalWorst, slotResiduals[j].magnitude)
    }
    var equalityResiduals = [Double](repeating: 0, count: equalities.count)
    for (e, k) in equalities.enumerated() {
      equalityResiduals[e] = values[k] - program.rows[k].lower * tau
      bound += program.rows[k].lower * y[k]
      ray = max(ray, values[k].magnitude)
      primalSize = max(primalSize, (program.rows[k].lower * tau).magnitude)
      primalWorst = max(primalWorst, equalityResiduals[e].magnitude)
    }
    let dualSize = max(
      largestMagnitude(product), largestMagnitude(adjoint), largestMagnitude(program.linear) * tau)
    let primalObjective = curvature / (2 * tau) + slope
    let dualObjective = -curvature / (2 * tau) - bound
    let gapSize = max(curvature / tau, slope.magnitude, bound.magnitude)
    let merit = max(
      relative(primalWorst, to: max(primalSize, tau)),
      relative(largestMagnitude(dual), to: max(dualSize, tau)),
      relative(
        (primalObjective - dualObjective).magnitude, to: max(gapSize, tau * Self.leastGapScale)))
    return Residuals(
      dual: dual, slots: slotResiduals, equalities: equalityResiduals,
      gap: kappa + slope + bound + curvature / tau, product: product, curvature: curvature,
      slope: slope, bound: bound, merit: merit.isNaN ? .infinity : merit,
      dualRay: largestMagnitude(adjoint), primalRay: max(ray, largestMagnitude(product)))
  }

  func verdict(_ residuals: Residuals) -> InteriorPointOutcome.End? {
    if residuals.merit <= Self.tolerance { return .converged }
    let limit = Self.infeasibilityTolerance
    if residuals.bound < 0, residuals.dualRay <= limit * -residuals.bound { return .infeasible }
    if residuals.slope < 0, residuals.primalRay <= limit * -residuals.slope { return .unbounded }
    return nil
  }

  func outcome(_ end: InteriorPointOutcome.End, _ iteration: Int) -> InteriorPointOutcome {
    // A certificate is a direction: its length is what the embedding makes it.
    let isRay = end == .infeasible || end == .unbounded
    let scale = isRay ? max(largestMagnitude(x, y), largestMagnitude(z)) : tau
    var rowDuals = y.map { -$0 / scale }
    var boundDuals = [Double](repeating: 0, count: program.count)
    var boundSide = [Int](repeating: 0, count: program.count)
    var rowSide = program.rows.map { $0.isEquality ? 2 : 0 }
    for (j, slot) in slots.enumerated() {
      let isActive = z[j] > s[j]
      if slot.isRow {
        rowDuals[slot.target] -= slot.sign * z[j] / scale
        if isActive { rowSide[slot.target] = slot.sign < 0 ? -1 : 1 }
      } else {
        boundDuals[slot.target] -= slot.sign * z[j] / scale
        if isActive { boundSide[slot.target] = slot.sign < 0 ? -1 : 1 }
      }
    }
    return InteriorPointOutcome(
      end: end, x: x.map { $0 / scale }, rowDuals: rowDuals, boundDuals: boundDuals,
      boundSide: boundSide, rowSide: rowSide, iterations: iteration)
  }
}
