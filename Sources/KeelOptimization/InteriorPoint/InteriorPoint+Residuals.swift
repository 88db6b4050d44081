// How far the iterations are from an answer or a proof.

extension InteriorPoint {
  struct Residuals: Sendable {
    var dual: [Double] = []
    var slots: [Double] = []
    var equalities: [Double] = []
    /// P x.
    var product: [Double] = []
    var gap = 0.0
    var curvature = 0.0
    var slope = 0.0
    var bound = 0.0
    var merit = Double.infinity
    var dualRay = 0.0
    var primalRay = 0.0

    /// The distance to an optimum, a proof of infeasibility or one of unboundedness.
    var progress: Double {
      min(
        merit, bound < 0 ? dualRay / -bound : .infinity,
        slope < 0 ? primalRay / -slope : .infinity)
    }

    mutating func reserve(_ variableCount: Int, _ rowCount: Int, _ slotCount: Int) {
      dual.reserveCapacity(variableCount)
      product.reserveCapacity(variableCount)
      slots.reserveCapacity(slotCount)
      equalities.reserveCapacity(rowCount)
    }
  }

  /// How far the constraints are from holding.
  private struct PrimalDistance {
    /// The size of the bounds, the largest residual and the largest one of a ray.
    var size = 0.0
    var worst = 0.0
    var ray = 0.0
  }

  /// A x of one slot, where ``values`` are those of the rows.
  func value(_ slot: Slot, _ x: [Double]) -> Double {
    slot.sign * (slot.isRow ? values[slot.target] : x[slot.target])
  }

  /// ``values`` := the values of the rows.
  mutating func setValues(at x: [Double]) {
    values.refill(program.rows.count, with: 0)
    for k in values.indices { values[k] = program.rows.value(k, at: x) }
  }

  /// ``adjoint`` := A's z + A'e y.
  private mutating func setAdjoint() {
    adjoint.refill(program.count, with: 0)
    rowTerms.copyElements(of: y)
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowTerms[slot.target] += slot.sign * z[j]
      } else {
        adjoint[slot.target] += slot.sign * z[j]
      }
    }
    program.addTransposedRows(rowTerms, to: &adjoint)
  }

  /// Computes ``residuals`` of the present point.
  mutating func setResiduals() {
    program.quadratic.setProduct(&residuals.product, x, room: &exposures)
    setAdjoint()
    setValues(at: x)
    let curvature = dot(x, residuals.product)
    let slope = dot(program.linear, x)
    residuals.dual.copyElements(of: residuals.product)
    for i in residuals.dual.indices {
      residuals.dual[i] += adjoint[i] + program.linear[i] * tau
    }
    residuals.bound = 0
    let primal = setPrimalResiduals()
    let bound = residuals.bound
    let productSize = largestMagnitude(residuals.product)
    let adjointSize = largestMagnitude(adjoint)
    let dualSize = max(productSize, adjointSize, largestMagnitude(program.linear) * tau)
    let primalObjective = curvature / (2 * tau) + slope
    let dualObjective = -curvature / (2 * tau) - bound
    let gapSize = max(curvature / tau, slope.magnitude, bound.magnitude)
    let merit = max(
      relative(primal.worst, to: max(primal.size, tau)),
      relative(largestMagnitude(residuals.dual), to: max(dualSize, tau)),
      relative(
        (primalObjective - dualObjective).magnitude, to: max(gapSize, tau * Self.leastGapScale)))
    residuals.gap = kappa + slope + bound + curvature / tau
    residuals.curvature = curvature
    residuals.slope = slope
    residuals.merit = merit.isNaN ? .infinity : merit
    residuals.dualRay = adjointSize
    residuals.primalRay = max(primal.ray, productSize)
  }

  /// The residuals of slots and equations, and b'z.
  private mutating func setPrimalResiduals() -> PrimalDistance {
    // Relative to the bounds, not to x: where the objective is flat, x could grow until any
    // contradiction looks small beside it.
    var primal = PrimalDistance()
    residuals.slots.refill(slots.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let a = value(slot, x)
      residuals.slots[j] = a + s[j] - slot.bound * tau
      residuals.bound += slot.bound * z[j]
      primal.ray = max(primal.ray, (a + s[j]).magnitude)
      primal.size = max(primal.size, (slot.bound * tau).magnitude)
      primal.worst = max(primal.worst, residuals.slots[j].magnitude)
    }
    residuals.equalities.refill(equalities.count, with: 0)
    for (e, k) in equalities.enumerated() {
      let required = program.rows.lower[k]
      residuals.equalities[e] = values[k] - required * tau
      residuals.bound += required * y[k]
      primal.ray = max(primal.ray, values[k].magnitude)
      primal.size = max(primal.size, (required * tau).magnitude)
      primal.worst = max(primal.worst, residuals.equalities[e].magnitude)
    }
    return primal
  }

  /// Why the iterations are at an end, if they are.
  func verdict() -> InteriorPointOutcome.End? {
    if residuals.merit <= Self.tolerance { return .converged }
    let limit = Self.infeasibilityTolerance
    if residuals.bound < 0, residuals.dualRay <= limit * -residuals.bound { return .infeasible }
    if residuals.slope < 0, residuals.primalRay <= limit * -residuals.slope { return .unbounded }
    return nil
  }

  /// Writes the present point into an outcome.
  func describe(
    _ outcome: inout InteriorPointOutcome,
    _ end: InteriorPointOutcome.End,
    _ iteration: Int
  ) {
    // A certificate is a direction: its length is what the embedding makes it.
    let isRay = end == .infeasible || end == .unbounded
    let scale = isRay ? max(largestMagnitude(x, y), largestMagnitude(z)) : tau
    outcome.restart(program, end)
    outcome.iterations = iteration
    for k in y.indices { outcome.rowDuals[k] = -y[k] / scale }
    for (j, slot) in slots.enumerated() {
      let isActive = z[j] > s[j]
      if slot.isRow {
        outcome.rowDuals[slot.target] -= slot.sign * z[j] / scale
        if isActive { outcome.rowSide[slot.target] = slot.sign < 0 ? -1 : 1 }
      } else {
        outcome.boundDuals[slot.target] -= slot.sign * z[j] / scale
        if isActive { outcome.boundSide[slot.target] = slot.sign < 0 ? -1 : 1 }
      }
    }
    for i in x.indices { outcome.x[i] = x[i] / scale }
  }
}
