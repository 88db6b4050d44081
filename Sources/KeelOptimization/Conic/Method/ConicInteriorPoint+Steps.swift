// The search direction from one factorization, and the step along it.

extension ConicInteriorPoint {
  /// The start: the central ray, or for symmetric cones the least-squares point of the constraints,
  /// moved into the interior.
  mutating func start() {
    guard cones.nonsymmetric.isEmpty else { return }
    guard cones.update(state.s, state.z, mu: 1), kkt.factor(core, &cones) else { return }
    solveForConstant()
    guard constant.size < Self.largestStart else { return }
    state.x.copyElements(of: constant.x)
    state.y.copyElements(of: constant.y)
    state.z.copyElements(of: constant.z)
    state.s.copyElements(of: constant.z)
    for i in state.s.indices { state.s[i] = -state.s[i] }
    cones.moveInside(&state.z, center: &room.s)
    cones.moveInside(&state.s, center: &room.s)
  }

  /// The solution for −q, b and h.
  private mutating func solveForConstant() {
    room.right.x.copyElements(of: core.linear)
    for i in room.right.x.indices { room.right.x[i] = -room.right.x[i] }
    room.right.z.copyElements(of: core.constants)
    room.right.y.copyElements(of: core.equationConstants)
    kkt.solve(&core, &cones, room.right, into: &constant)
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  mutating func step() -> Bool {
    let (tau, kappa) = (state.tau, state.kappa)
    let mu = (dot(state.s, state.z) + tau * kappa) / (cones.degree + 1)
    guard mu > 0, cones.update(state.s, state.z, mu: mu), kkt.factor(core, &cones) else {
      return false
    }
    solveForConstant()
    room.combined.copyElements(of: state.s)
    findDirection(keep: 1, tauKappa: tau * kappa)
    let remaining = 1 - longestStep(least: 0)
    let centering = remaining * remaining * remaining
    cones.setCombined(
      &room.combined, state.s, affineS: &direction.s, affineZ: &direction.change.z,
      centering: centering * mu, z: state.z)
    findDirection(
      keep: 1 - centering,
      tauKappa: tau * kappa + direction.tau * direction.kappa - centering * mu)
    let length = longestStep(least: Self.leastProximity)
    guard length > Self.leastStep, direction.change.size < .infinity else { return false }
    move(length)
    return state.tau > 0 && state.kappa > 0 && normalize()
  }

  private mutating func move(_ length: Double) {
    Self.add(direction.change.x, length, to: &state.x)
    Self.add(direction.change.y, length, to: &state.y)
    Self.add(direction.s, length, to: &state.s)
    Self.add(direction.change.z, length, to: &state.z)
    state.tau += length * direction.tau
    state.kappa += length * direction.kappa
  }

  private static func add(_ d: [Double], _ length: Double, to v: inout [Double]) {
    for i in v.indices { v[i] += length * d[i] }
  }

  /// Divides everything by the size of (τ, κ), which the embedding leaves free.
  private mutating func normalize() -> Bool {
    let size = max(state.tau, state.kappa)
    guard size.isNormal else { return false }
    let factor = Double(sign: .plus, exponent: -size.exponent, significand: 1)
    if factor == 1 { return true }
    for i in state.x.indices { state.x[i] *= factor }
    for e in state.y.indices { state.y[e] *= factor }
    for i in state.s.indices {
      state.s[i] *= factor
      state.z[i] *= factor
    }
    state.tau *= factor
    state.kappa *= factor
    return true
  }

  /// Solves for one direction of the embedding, with Δs + HΔz = −room.combined.
  private mutating func findDirection(keep: Double, tauKappa: Double) {
    room.right.x.copyElements(of: residuals.dual)
    room.right.z.copyElements(of: room.combined)
    room.right.y.copyElements(of: residuals.equations)
    for i in room.right.x.indices { room.right.x[i] *= -keep }
    for i in room.right.z.indices { room.right.z[i] -= keep * residuals.rows[i] }
    for e in room.right.y.indices { room.right.y[e] *= -keep }
    kkt.solve(&core, &cones, room.right, into: &direction.change)
    let (tau, kappa) = (state.tau, state.kappa)
    // q + 2Pξ with ξ = x/τ.
    room.slope.copyElements(of: residuals.product)
    for i in room.slope.indices { room.slope[i] = core.linear[i] + 2 * room.slope[i] / tau }
    let numerator =
      keep * residuals.gap - tauKappa / tau + dot(room.slope, direction.change.x)
      + boundProduct(direction.change)
    let denominator =
      kappa / tau + residuals.curvature / (tau * tau) - dot(room.slope, constant.x)
      - boundProduct(constant)
    let change = numerator / denominator
    Self.add(constant.x, change, to: &direction.change.x)
    Self.add(constant.z, change, to: &direction.change.z)
    Self.add(constant.y, change, to: &direction.change.y)
    // From the linear equation, so that rounding in H harms the centering and not feasibility.
    core.rows.setProduct(&direction.s, with: direction.change.x)
    for i in direction.s.indices {
      direction.s[i] =
        core.constants[i] * change - keep * residuals.rows[i] - direction.s[i]
    }
    direction.tau = change
    direction.kappa = -(tauKappa + kappa * change) / tau
  }

  private func boundProduct(_ v: borrowing ConicKKT.Vector) -> Double {
    dot(core.constants, v.z) + dot(core.equationConstants, v.y)
  }

  /// The longest step, by a fraction inside all cones and not too far from the central path.
  private mutating func longestStep(least: Double) -> Double {
    var length = cones.symmetricStep(
      s: state.s, ds: direction.s, z: state.z, dz: direction.change.z)
    length = Self.limited(length, state.tau, direction.tau)
    length = Self.limited(length, state.kappa, direction.kappa)
    if length == 0 { return 0 }
    if least > 0 { length *= Self.stepFraction }
    if cones.nonsymmetric.isEmpty { return length }
    if isAcceptable(length, least) { return length }
    var low = length * Self.backtracking
    while !isAcceptable(low, least) {
      if low <= Self.leastStep { return 0 }
      length = low
      low *= Self.backtracking
    }
    for _ in 0..<Self.bisections {
      let middle = (low + length) / 2
      if isAcceptable(middle, least) { low = middle } else { length = middle }
    }
    return least > 0 ? low * Self.stepFraction : low
  }

  /// A step after which a number is not negative; zero for a change that is no number.
  private static func limited(_ length: Double, _ value: Double, _ change: Double) -> Double {
    if change.isNaN { return 0 }
    return change < 0 ? min(length, -value / change) : length
  }

  /// Whether the non-symmetric cones are inside, and near enough to the path, after a step.
  private mutating func isAcceptable(_ length: Double, _ least: Double) -> Bool {
    room.s.copyElements(of: state.s)
    room.z.copyElements(of: state.z)
    Self.add(direction.s, length, to: &room.s)
    Self.add(direction.change.z, length, to: &room.z)
    let product =
      dot(room.s, room.z)
      + (state.tau + length * direction.tau) * (state.kappa + length * direction.kappa)
    return cones.isNearPath(room.s, room.z, mu: product / (cones.degree + 1), least: least)
  }
}
