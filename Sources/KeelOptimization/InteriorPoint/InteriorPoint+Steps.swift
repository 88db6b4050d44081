// The search direction from one factorization, and the step along it.

extension InteriorPoint {
  struct Direction {
    var x: [Double]
    var y: [Double]
    var z: [Double]
    var s: [Double] = []
    var tau = 0.0
    var kappa = 0.0
  }

  /// Factors the Newton system for slot weights z/s.
  mutating func factor(weights: [Double]) -> Bool {
    var sigma = [Double](repeating: 0, count: program.count)
    var rowWeights = [Double](repeating: 0, count: program.rows.count)
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowWeights[slot.target] += weights[j]
      } else {
        sigma[slot.target] += weights[j]
      }
    }
    return kkt.factor(
      sigma: sigma, shortWeights: shortRows.map { rowWeights[$0] },
      border: borderRows.map { program.rows[$0].isEquality ? 0 : 1 / rowWeights[$0] })
  }

  /// Solves [P A's A'e; As −1/w 0; Ae 0 0] (x, z, y) = (f, g, h).
  func solve(
    _ f: [Double],
    _ g: [Double],
    _ h: [Double],
    weights: [Double]
  ) -> Direction {
    var right = f
    var rowTerms = [Double](repeating: 0, count: program.rows.count)
    var rowWeights = rowTerms
    for (j, slot) in slots.enumerated() {
      let term = slot.sign * weights[j] * g[j]
      if slot.isRow {
        rowTerms[slot.target] += term
        rowWeights[slot.target] += weights[j]
      } else {
        right[slot.target] += term
      }
    }
    for k in shortRows {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) { right[i] += a * rowTerms[k] }
    }
    for (e, k) in equalities.enumerated() {
      rowTerms[k] = h[e]
      rowWeights[k] = 1
    }
    let solution = kkt.solve(right, borderRows.map { rowTerms[$0] / rowWeights[$0] })
    var direction = Direction(
      x: solution.x, y: [Double](repeating: 0, count: program.rows.count),
      z: [Double](repeating: 0, count: slots.count))
    for (b, k) in borderRows.enumerated() where program.rows[k].isEquality {
      direction.y[k] = solution.v[b]
    }
    let values = rowValues(direction.x)
    for (j, slot) in slots.enumerated() {
      direction.z[j] = weights[j] * (value(slot, direction.x, values) - g[j])
    }
    return direction
  }

  /// The start: the least-squares point of the constraints, moved into the interior.
  mutating func start() -> Bool {
    let weights = [Double](repeating: 1, count: slots.count)
    guard factor(weights: weights) else { return false }
    let first = solve(
      program.linear.map { -$0 }, slots.map(\.bound), equalities.map { program.rows[$0].lower },
      weights: weights)
    guard largestMagnitude(first.x, first.z) < .infinity else { return false }
    x = first.x
    y = first.y
    z = Self.movedInside(first.z)
    s = Self.movedInside(first.z.map { -$0 })
    return true
  }

  static func movedInside(_ vector: [Double]) -> [Double] {
    guard let least = vector.min(), least <= 0 else { return vector }
    return vector.map { $0 + (1 - least) }
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  mutating func step(_ residuals: Residuals) -> Bool {
    let weights = zip(z, s).map { $0 / $1 }
    guard factor(weights: weights) else { return false }
    let constant = solve(
      program.linear.map { -$0 }, slots.map(\.bound), equalities.map { program.rows[$0].lower },
      weights: weights)
    let mu = (dot(s, z) + tau * kappa) / Double(slots.count + 1)

    let affine = direction(
      residuals, constant, weights, keep: 1, complementarity: zip(s, z).map { $0 * $1 },
      tauKappa: tau * kappa)
    let affineStep = longestStep(affine)
    let remaining = 1 - affineStep
    let centering = remaining * remaining * remaining

    let corrected = slots.indices.map {
      s[$0] * z[$0] + affine.s[$0] * affine.z[$0] - centering * mu
    }
    let combined = direction(
      residuals, constant, weights, keep: 1 - centering, complementarity: corrected,
      tauKappa: tau * kappa + affine.tau * affine.kappa - centering * mu)
    let length = Self.stepFraction * longestStep(combined)
    guard length > Self.leastStep, largestMagnitude(combined.x, combined.z) < .infinity else {
      return false
    }
    for i in x.indices { x[i] += length * combined.x[i] }
    for k in y.indices { y[k] += length * combined.y[k] }
    for j in slots.indices {
      s[j] += length * combined.s[j]
      z[j] += length * combined.z[j]
    }
    tau += length * combined.tau
    kappa += length * combined.kappa
    return tau > 0 && kappa > 0 && normalize()
  }

  /// Divides everything by the size of (τ, κ), which the embedding leaves free.
  mutating func normalize() -> Bool {
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

  /// Solves for one direction of the embedding.
  func direction(
    _ residuals: Residuals,
    _ constant: Direction,
    _ weights: [Double],
    keep: Double,
    complementarity: [Double],
    tauKappa: Double
  ) -> Direction {
    let shift = slots.indices.map { complementarity[$0] / z[$0] }
    var result = solve(
      residuals.dual.map { -keep * $0 },
      slots.indices.map { shift[$0] - keep * residuals.slots[$0] },
      residuals.equalities.map { -keep * $0 }, weights: weights)
    // q + 2Pξ with ξ = x/τ.
    let slope =
      program.count == 0 ? [] : zip(program.linear, residuals.product).map { $0 + 2 * $1 / tau }
    let numerator =
      keep * residuals.gap - tauKappa / tau + dot(slope, result.x) + boundProduct(result)
    let denominator =
      kappa / tau + residuals.curvature / (tau * tau) - dot(slope, constant.x)
      - boundProduct(constant)
    let change = numerator / denominator
    for i in result.x.indices { result.x[i] += change * constant.x[i] }
    for k in result.y.indices { result.y[k] += change * constant.y[k] }
    for j in result.z.indices { result.z[j] += change * constant.z[j] }
    result.s = slots.indices.map { -shift[$0] - result.z[$0] / weights[$0] }
    result.tau = change
    result.kappa = -(tauKappa + kappa * change) / tau
    return result
  }

  /// b'z + b'y.
  func boundProduct(_ direction: Direction) -> Double {
    var sum = 0.0
    for (j, slot) in slots.enumerated() { sum += slot.bound * direction.z[j] }
    for k in equalities { sum += program.rows[k].lower * direction.y[k] }
    return sum
  }

  /// The longest step up to 1 that keeps everything non-negative.
  func longestStep(_ direction: Direction) -> Double {
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
