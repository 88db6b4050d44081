// The search direction from one factorization, and the step along it.

extension ConicInteriorPoint {
  struct Direction {
    var change: ConicKKT.Vector
    var s: [Double]
    var tau: Double
    var kappa: Double
  }

  /// The start: the central ray, or for symmetric cones the least-squares point of the constraints,
  /// moved into the interior.
  mutating func start() {
    guard cones.nonsymmetric.isEmpty else { return }
    guard cones.update(state.s, state.z, mu: 1), kkt.factor(cones) else { return }
    let first = kkt.solve(
      .init(x: core.linear.map { -$0 }, z: core.constants, y: core.equationConstants))
    guard first.size < Self.largestStart else { return }
    state.x = first.x
    state.y = first.y
    state.z = cones.movedInside(first.z)
    state.s = cones.movedInside(first.z.map { -$0 })
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  mutating func step(_ residuals: Residuals) -> Bool {
    let (s, z, tau, kappa) = (state.s, state.z, state.tau, state.kappa)
    let mu = (dot(s, z) + tau * kappa) / (cones.degree + 1)
    guard mu > 0, cones.update(s, z, mu: mu), kkt.factor(cones) else { return false }
    let constant = kkt.solve(
      .init(x: core.linear.map { -$0 }, z: core.constants, y: core.equationConstants))
    let affine = direction(residuals, constant, keep: 1, ds: s, tauKappa: tau * kappa)
    let affineStep = longestStep(affine, least: 0)
    let remaining = 1 - affineStep
    let centering = remaining * remaining * remaining
    let combined = direction(
      residuals, constant, keep: 1 - centering,
      ds: cones.combined(
        s, affine: (affine.s, affine.change.z), centering: centering * mu, z: z),
      tauKappa: tau * kappa + affine.tau * affine.kappa - centering * mu)
    let length = longestStep(combined, least: Self.leastProximity)
    guard length > Self.leastStep, combined.change.size < .infinity else { return false }
    move(combined, length)
    return state.tau > 0 && state.kappa > 0 && normalize()
  }

  private mutating func move(_ direction: Direction, _ length: Double) {
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

  /// Solves for one direction of the embedding.
  private func direction(
    _ residuals: Residuals,
    _ constant: ConicKKT.Vector,
    keep: Double,
    ds: [Double],
    tauKappa: Double
  ) -> Direction {
    var right = ConicKKT.Vector(x: residuals.dual, z: ds, y: residuals.equations)
    for i in right.x.indices { right.x[i] *= -keep }
    for i in right.z.indices { right.z[i] -= keep * residuals.rows[i] }
    for e in right.y.indices { right.y[e] *= -keep }
    var result = kkt.solve(right)
    let (tau, kappa) = (state.tau, state.kappa)
    // q + 2Pξ with ξ = x/τ.
    var slope = residuals.product
    for i in slope.indices { slope[i] = core.linear[i] + 2 * slope[i] / tau }
    let numerator =
      keep * residuals.gap - tauKappa / tau + dot(slope, result.x) + boundProduct(result)
    let denominator =
      kappa / tau + residuals.curvature / (tau * tau) - dot(slope, constant.x)
      - boundProduct(constant)
    let change = numerator / denominator
    for i in result.x.indices { result.x[i] += change * constant.x[i] }
    for i in result.z.indices { result.z[i] += change * constant.z[i] }
    for e in result.y.indices { result.y[e] += change * constant.y[e] }
    // From the linear equation, so that rounding in H harms the centering and not feasibility.
    var s = core.rows.times(result.x)
    for i in s.indices { s[i] = core.constants[i] * change - keep * residuals.rows[i] - s[i] }
    return Direction(
      change: result, s: s, tau: change, kappa: -(tauKappa + kappa * change) / tau)
  }

  private func boundProduct(_ v: ConicKKT.Vector) -> Double {
    dot(core.constants, v.z) + dot(core.equationConstants, v.y)
  }

  /// The longest step, by a fraction inside all cones and not too far from the central path.
  private func longestStep(_ direction: Direction, least: Double) -> Double {
    var length = cones.symmetricStep(
      s: state.s, ds: direction.s, z: state.z, dz: direction.change.z)
    for (value, change) in [(state.tau, direction.tau), (state.kappa, direction.kappa)] {
      if change < 0 { length = min(length, -value / change) }
      if change.isNaN { return 0 }
    }
    if least > 0 { length *= Self.stepFraction }
    if cones.nonsymmetric.isEmpty { return length }
    if isAcceptable(direction, length, least) { return length }
    var low = length * Self.backtracking
    while !isAcceptable(direction, low, least) {
      if low <= Self.leastStep { return 0 }
      length = low
      low *= Self.backtracking
    }
    for _ in 0..<Self.bisections {
      let middle = (low + length) / 2
      if isAcceptable(direction, middle, least) { low = middle } else { length = middle }
    }
    return least > 0 ? low * Self.stepFraction : low
  }

  /// Whether the non-symmetric cones are inside, and near enough to the path, after a step.
  private func isAcceptable(_ direction: Direction, _ length: Double, _ least: Double) -> Bool {
    var nextS = state.s
    var nextZ = state.z
    Self.add(direction.s, length, to: &nextS)
    Self.add(direction.change.z, length, to: &nextZ)
    let product =
      dot(nextS, nextZ)
      + (state.tau + length * direction.tau) * (state.kappa + length * direction.kappa)
    return cones.isNearPath(nextS, nextZ, mu: product / (cones.degree + 1), least: least)
  }
}
