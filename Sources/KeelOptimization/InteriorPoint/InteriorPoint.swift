// Goals: (1) a right answer or a proof that there is none; (2) a fixed number of iterations;
// (3) one factorization an iteration.
//
// Homogeneous embedding of a convex quadratic program with predictor-corrector steps:
// Goulart and Chen, "Clarabel: An interior-point solver for conic programs with quadratic
// objectives", arXiv 2405.12762 (2024); Mehrotra, SIAM J. Optim. 2 (1992).
//
//   Px + A's z + A'e y + qτ = 0,   As x + s = bs τ,   Ae x = be τ,
//   κ + q'x + b'z + x'Px/τ = 0,    s, z, τ, κ ≥ 0
//
// A solution with τ > 0 is an optimum x/τ; one with κ > 0 proves that there is none.

/// What the iterations arrived at, in the scaled variables of the core program.
struct InteriorPointOutcome {
  enum End { case converged, infeasible, unbounded, iterationLimit, stalled, deadline, cancelled }

  var end: End
  var x: [Double]
  /// Dual values of the rows, positive for a lower bound.
  var rowDuals: [Double]
  /// Dual values of the bounds, positive for a lower bound.
  var boundDuals: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound.
  var boundSide: [Int]
  /// The same for each row; 2 for an equation.
  var rowSide: [Int]
  var iterations: Int
}

/// The primal-dual interior-point iterations.
struct InteriorPoint: ~Copyable {
  /// One inequality `sign × (variable or row) ≤ bound`.
  private struct Slot {
    let target: Int
    let isRow: Bool
    let sign: Double
    let bound: Double
  }

  /// Residuals relative to the terms of a scaled program at which the iterations stop; what remains
  /// is left to the polishing step.
  private static let tolerance = 1e-11

  /// The size of a certificate's residual relative to its value.
  private static let infeasibilityTolerance = 1e-10

  /// The gap of a scaled program is relative to its objective, but to no less than this: an
  /// objective of zero at the optimum has no size of its own.
  private static let leastGapScale = 1e-6

  /// The part of the way to the boundary that a step takes.
  private static let stepFraction = 0.99

  /// So many steps that do not reduce the distance to an answer or a proof to
  /// ``sufficientGain`` of its least value are the end of double precision.
  private static let patience = 15
  private static let sufficientGain = 0.9

  /// Below this step length nothing moves any more.
  private static let leastStep = 1e-8

  private let program: CoreProgram
  private let slots: [Slot]
  private let equalities: [Int]
  private let borderRows: [Int]
  private let shortRows: [Int]
  private var kkt: KKTSystem

  private var x: [Double]
  private var y: [Double]
  private var s: [Double]
  private var z: [Double]
  private var tau = 1.0
  private var kappa = 1.0

  init(_ program: CoreProgram) {
    self.program = program
    var slots: [Slot] = []
    for i in 0..<program.count {
      if program.lower[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: -1, bound: -program.lower[i]))
      }
      if program.upper[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: 1, bound: program.upper[i]))
      }
    }
    var equalities: [Int] = []
    var borderRows: [Int] = []
    var shortRows: [Int] = []
    for (k, row) in program.rows.enumerated() {
      if row.isEquality {
        equalities.append(k)
        borderRows.append(k)
        continue
      }
      // A short row costs its length squared in H, a border row one solve.
      if row.indices.count * row.indices.count <= program.count {
        shortRows.append(k)
      } else {
        borderRows.append(k)
      }
      if row.lower.isFinite {
        slots.append(Slot(target: k, isRow: true, sign: -1, bound: -row.lower))
      }
      if row.upper.isFinite {
        slots.append(Slot(target: k, isRow: true, sign: 1, bound: row.upper))
      }
    }
    self.slots = slots
    self.equalities = equalities
    self.borderRows = borderRows
    self.shortRows = shortRows
    kkt = KKTSystem(program, borderRows: borderRows, shortRows: shortRows)
    x = [Double](repeating: 0, count: program.count)
    y = [Double](repeating: 0, count: program.rows.count)
    s = [Double](repeating: 1, count: slots.count)
    z = s
  }

  /// Runs the iterations.
  ///
  /// - Parameters:
  ///   - maximumIterations: The limit.
  ///   - interruption: Asked at the start of each iteration.
  /// - Returns: The point and the reason for stopping.
  mutating func run(
    maximumIterations: Int,
    interruption: () -> InteriorPointOutcome.End?
  ) -> InteriorPointOutcome {
    guard start() else { return outcome(.stalled, 0) }
    var best = (merit: Double.infinity, outcome: outcome(.stalled, 0))
    var furthest = Double.infinity
    var withoutProgress = 0
    for iteration in 0..<max(maximumIterations, 0) {
      if let end = interruption() {
        best.outcome.end = end
        best.outcome.iterations = iteration
        return best.outcome
      }
      let residuals = residuals()
      if let end = verdict(residuals) { return outcome(end, iteration) }
      withoutProgress += 1
      if residuals.progress < Self.sufficientGain * furthest {
        furthest = residuals.progress
        withoutProgress = 0
      }
      if residuals.merit < best.merit {
        best = (residuals.merit, outcome(.stalled, iteration))
      }
      guard withoutProgress < Self.patience, step(residuals) else {
        best.outcome.iterations = iteration
        return best.outcome
      }
    }
    best.outcome.end = .iterationLimit
    best.outcome.iterations = max(maximumIterations, 0)
    return best.outcome
  }
}

// MARK: - Residuals and verdict

extension InteriorPoint {
  private struct Residuals {
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
  private func value(_ slot: Slot, _ x: [Double], _ rowValues: [Double]) -> Double {
    slot.sign * (slot.isRow ? rowValues[slot.target] : x[slot.target])
  }

  private func rowValues(_ x: [Double]) -> [Double] { program.rows.map { $0.value(at: x) } }

  /// A's z + A'e y.
  private func transposed(_ z: [Double], _ y: [Double]) -> [Double] {
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

  private func residuals() -> Residuals {
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

  private func verdict(_ residuals: Residuals) -> InteriorPointOutcome.End? {
    if residuals.merit <= Self.tolerance { return .converged }
    let limit = Self.infeasibilityTolerance
    if residuals.bound < 0, residuals.dualRay <= limit * -residuals.bound { return .infeasible }
    if residuals.slope < 0, residuals.primalRay <= limit * -residuals.slope { return .unbounded }
    return nil
  }

  private func outcome(_ end: InteriorPointOutcome.End, _ iteration: Int) -> InteriorPointOutcome {
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

// MARK: - Steps

extension InteriorPoint {
  private struct Direction {
    var x: [Double]
    var y: [Double]
    var z: [Double]
    var s: [Double] = []
    var tau = 0.0
    var kappa = 0.0
  }

  /// Factors the Newton system for slot weights z/s.
  private mutating func factor(weights: [Double]) -> Bool {
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
  private func solve(
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
  private mutating func start() -> Bool {
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

  private static func movedInside(_ vector: [Double]) -> [Double] {
    guard let least = vector.min(), least <= 0 else { return vector }
    return vector.map { $0 + (1 - least) }
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  private mutating func step(_ residuals: Residuals) -> Bool {
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

  /// Solves for one direction of the embedding.
  private func direction(
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
  private func boundProduct(_ direction: Direction) -> Double {
    var sum = 0.0
    for (j, slot) in slots.enumerated() { sum += slot.bound * direction.z[j] }
    for k in equalities { sum += program.rows[k].lower * direction.y[k] }
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
