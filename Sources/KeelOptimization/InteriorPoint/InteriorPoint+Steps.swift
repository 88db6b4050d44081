// The search direction from one factorization, and the step along it.

extension InteriorPoint {
  struct Direction: Sendable {
    var x: [Double] = []
    var y: [Double] = []
    var z: [Double] = []
    var s: [Double] = []
    var tau = 0.0
    var kappa = 0.0

    mutating func reserve(_ variableCount: Int, _ rowCount: Int, _ slotCount: Int) {
      x.reserveCapacity(variableCount)
      y.reserveCapacity(rowCount)
      z.reserveCapacity(slotCount)
      s.reserveCapacity(slotCount)
    }
  }

  /// A right-hand side: of the variables, the slots and the equations.
  struct RightSide: Sendable {
    var variables: [Double] = []
    var slots: [Double] = []
    var equalities: [Double] = []
    /// That of the border rows, for the linear system.
    fileprivate var border: [Double] = []

    mutating func reserve(_ variableCount: Int, _ rowCount: Int, _ slotCount: Int) {
      variables.reserveCapacity(variableCount)
      slots.reserveCapacity(slotCount)
      equalities.reserveCapacity(rowCount)
      border.reserveCapacity(rowCount)
    }
  }

  /// Factors the Newton system for the slot weights.
  private mutating func factor() -> Bool {
    sigma.refill(program.count, with: 0)
    rowWeights.refill(program.rows.count, with: 0)
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowWeights[slot.target] += weights[j]
      } else {
        sigma[slot.target] += weights[j]
      }
    }
    return kkt.factor(program, sigma: sigma, rowWeights: rowWeights)
  }

  /// Solves [P A's A'e; As −1/w 0; Ae 0 0] (x, z, y) = right; the result is ``direction``, and the
  /// right-hand side is used up.
  private mutating func solve() {
    rowTerms.refill(program.rows.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let term = slot.sign * weights[j] * right.slots[j]
      if slot.isRow {
        rowTerms[slot.target] += term
      } else {
        right.variables[slot.target] += term
      }
    }
    for k in shortRows { program.rows.add(k, times: rowTerms[k], to: &right.variables) }
    for (e, k) in equalities.enumerated() { rowTerms[k] = right.equalities[e] }
    right.border.removeAll(keepingCapacity: true)
    for k in borderRows {
      right.border.append(rowTerms[k] / (program.rows.isEquality(k) ? 1 : rowWeights[k]))
    }
    kkt.solve(program, right.variables, right.border)
    direction.x.copyElements(of: kkt.solution.x)
    direction.y.refill(program.rows.count, with: 0)
    for (b, k) in borderRows.enumerated() where program.rows.isEquality(k) {
      direction.y[k] = kkt.solution.v[b]
    }
    setValues(at: kkt.solution.x)
    direction.z.refill(slots.count, with: 0)
    for (j, slot) in slots.enumerated() {
      direction.z[j] = weights[j] * (value(slot, direction.x) - right.slots[j])
    }
  }

  /// Solves for the direction that is the same for all right-hand sides of one factorization.
  private mutating func solveConstant() {
    right.variables.copyElements(of: program.linear)
    for i in right.variables.indices { right.variables[i] = -right.variables[i] }
    right.slots.removeAll(keepingCapacity: true)
    for slot in slots { right.slots.append(slot.bound) }
    right.equalities.removeAll(keepingCapacity: true)
    for k in equalities { right.equalities.append(program.rows.lower[k]) }
    solve()
    swap(&direction, &constant)
  }

  /// The start: the least-squares point of the constraints, moved into the interior.
  mutating func start() -> Bool {
    weights.refill(slots.count, with: 1)
    guard factor() else { return false }
    solveConstant()
    guard largestMagnitude(constant.x, constant.z) < .infinity else { return false }
    x.copyElements(of: constant.x)
    y.copyElements(of: constant.y)
    z.copyElements(of: constant.z)
    s.copyElements(of: constant.z)
    for j in s.indices { s[j] = -s[j] }
    Self.moveInside(&z)
    Self.moveInside(&s)
    return true
  }

  private static func moveInside(_ vector: inout [Double]) {
    guard let least = vector.min(), least <= 0 else { return }
    for j in vector.indices { vector[j] += 1 - least }
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  mutating func step() -> Bool {
    weights.refill(slots.count, with: 0)
    for j in slots.indices { weights[j] = z[j] / s[j] }
    guard factor() else { return false }
    solveConstant()
    let mu = (dot(s, z) + tau * kappa) / Double(slots.count + 1)

    complementarity.refill(slots.count, with: 0)
    for j in slots.indices { complementarity[j] = s[j] * z[j] }
    setDirection(keep: 1, tauKappa: tau * kappa)
    swap(&direction, &affine)
    let remaining = 1 - longestStep(affine)
    let centering = remaining * remaining * remaining

    for j in slots.indices {
      complementarity[j] = s[j] * z[j] + affine.s[j] * affine.z[j] - centering * mu
    }
    setDirection(
      keep: 1 - centering, tauKappa: tau * kappa + affine.tau * affine.kappa - centering * mu)
    let length = Self.stepFraction * longestStep(direction)
    guard length > Self.leastStep, largestMagnitude(direction.x, direction.z) < .infinity else {
      return false
    }
    for i in x.indices { x[i] += length * direction.x[i] }
    for k in y.indices { y[k] += length * direction.y[k] }
    for j in slots.indices {
      s[j] += length * direction.s[j]
      z[j] += length * direction.z[j]
    }
    tau += length * direction.tau
    kappa += length * direction.kappa
    return tau > 0 && kappa > 0 && normalize()
  }

  /// Divides everything by the size of (τ, κ), which the embedding leaves free.
  private mutating func normalize() -> Bool {
    let size = max(tau, kappa)
    guard size.isNormal else { return false }
    let factor = Double(sign: .plus, exponent: -size.exponent, significand: 1)
    if factor == 1 { return true }
    for i in x.indices { x[i] *= factor }
    for k in y.indices { y[k] *= factor }
    for j in slots.indices {
      s[j] *= factor
      z[j] *= factor
    }
    tau *= factor
    kappa *= factor
    return s.allSatisfy { $0 > 0 } && z.allSatisfy { $0 > 0 }
  }

  /// Solves for one direction of the embedding, with the present ``complementarity``; the result is
  /// ``direction``.
  private mutating func setDirection(keep: Double, tauKappa: Double) {
    shift.refill(slots.count, with: 0)
    for j in slots.indices { shift[j] = complementarity[j] / z[j] }
    right.variables.copyElements(of: residuals.dual)
    for i in right.variables.indices { right.variables[i] *= -keep }
    right.slots.refill(slots.count, with: 0)
    for j in slots.indices { right.slots[j] = shift[j] - keep * residuals.slots[j] }
    right.equalities.copyElements(of: residuals.equalities)
    for e in right.equalities.indices { right.equalities[e] *= -keep }
    solve()
    // q + 2Pξ with ξ = x/τ.
    slope.copyElements(of: program.linear)
    for i in slope.indices { slope[i] += 2 * residuals.product[i] / tau }
    let numerator =
      keep * residuals.gap - tauKappa / tau + dot(slope, direction.x)
      + boundProduct(direction)
    let denominator =
      kappa / tau + residuals.curvature / (tau * tau) - dot(slope, constant.x)
      - boundProduct(constant)
    let change = numerator / denominator
    for i in direction.x.indices { direction.x[i] += change * constant.x[i] }
    for k in direction.y.indices { direction.y[k] += change * constant.y[k] }
    for j in direction.z.indices { direction.z[j] += change * constant.z[j] }
    direction.s.refill(slots.count, with: 0)
    for j in slots.indices { direction.s[j] = -shift[j] - direction.z[j] / weights[j] }
    direction.tau = change
    direction.kappa = -(tauKappa + kappa * change) / tau
  }

  /// b'z + b'y.
  private func boundProduct(_ direction: Direction) -> Double {
    var sum = 0.0
    for (j, slot) in slots.enumerated() { sum += slot.bound * direction.z[j] }
    for k in equalities { sum += program.rows.lower[k] * direction.y[k] }
    return sum
  }

  /// The longest step up to 1 that keeps everything non-negative.
  private func longestStep(_ direction: Direction) -> Double {
    var length = 1.0
    func limit(_ value: Double, _ change: Double) {
      if change < 0 { length = min(length, -value / change) }
      if change.isNaN { length = 0 }
    }
    for j in slots.indices {
      limit(s[j], direction.s[j])
      limit(z[j], direction.z[j])
    }
    limit(tau, direction.tau)
    limit(kappa, direction.kappa)
    return length
  }
}
