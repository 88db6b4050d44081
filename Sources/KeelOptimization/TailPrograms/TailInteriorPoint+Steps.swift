import KeelNumerics

// The start, the Newton directions and their lengths.

/// The products that a Newton step brings to a target, less the target: q w, v u and slack × dual.
struct ComplementarityTarget {
  var excess: [Double]
  var shortage: [Double]
  var slack: [Double]

  /// Mehrotra's second-order correction and the centering.
  mutating func correct(by affine: borrowing TailInteriorPoint.Direction, centering: Double) {
    for s in excess.indices {
      excess[s] += affine.multiplier[s] * affine.excess[s] - centering
      // The room moves against the multiplier.
      shortage[s] -= affine.multiplier[s] * affine.shortage[s] + centering
    }
    for j in slack.indices { slack[j] += affine.slack[j] * affine.slackDual[j] - centering }
  }
}

extension TailInteriorPoint {
  /// The part of the way to the boundary that a step takes.
  private static let stepFraction = 0.995

  /// The probability that the start gives to the tail is held inside this range.
  private static let startingShare = 0.02...0.98

  /// The relative weight of the identity in the least-squares estimate of the duals.
  private static let estimateRegularization = 1e-10

  /// A row that holds with less room, in units of the typical variable, starts with a residual.
  private static let leastRowSlack = 0.1

  /// Gondzio's aim for the step and the interval of products that count as central.
  private static let aimedGrowth = 1.08
  private static let aimedGain = 0.08
  private static let centralRange = 0.1...10

  /// The start: inside the bounds, near the given point; scenario duals inside their limits.
  mutating func moveInside() {
    let last = core.count - 1
    var size = 0.0
    for i in 0..<last { size += x[i].magnitude }
    size = size > 0 ? size / Double(last) : 1
    for i in 0..<last {
      let margin = min(size, (core.upper[i] - core.lower[i]) / 4)
      x[i] = min(max(x[i], core.lower[i] + margin), core.upper[i] - margin)
    }
    x[last] = 0
    let total = core.limits.reduce(0, +)
    let range = Self.startingShare
    let share = min(max(core.cost[last] / total, range.lowerBound), range.upperBound)
    let losses = core.margins(x).map { -$0 }
    if !losses.isEmpty && losses.allSatisfy(\.isFinite) {
      x[last] = SampleTail(losses: losses, masses: core.limits, confidence: 1 - share).valueAtRisk
    }
    margin = core.margins(x)
    var distance = 0.0
    for value in margin { distance += value.magnitude }
    distance = distance > 0 ? distance / Double(margin.count) : 1
    shortage = margin.map { max(-$0, 0) + distance }
    excess = margin.indices.map { shortage[$0] + margin[$0] }
    multiplier = core.limits.map { $0 * share }
    multiplierRoom = core.limits.indices.map { core.limits[$0] - multiplier[$0] }
    let count = Double(max(2 * margin.count, 1))
    let mu = (dot(multiplier, excess) + dot(multiplierRoom, shortage)) / count
    startDuals(mu: mu, size: size)
  }

  /// Row duals by least squares, bound duals from what they leave.
  private mutating func startDuals(mu: Double, size: Double) {
    var gradient = core.cost
    let tail = core.transposedProduct(multiplier)
    for i in gradient.indices { gradient[i] -= tail[i] }
    let m = equalities.count
    var matrix = [Double](repeating: 0, count: m * m)
    for (b, k) in equalities.enumerated() {
      var dense = [Double](repeating: 0, count: core.count)
      for (i, a) in zip(core.rows[k].indices, core.rows[k].coefficients) { dense[i] = a }
      for a in b..<m { matrix[a + b * m] = core.rows[equalities[a]].value(at: dense) }
      matrix[b * (m + 1)] *= 1 + Self.estimateRegularization
    }
    var estimate = equalities.map { -core.rows[$0].value(at: gradient) }
    var factor = DefiniteFactor()
    if m > 0 && factor.factor(matrix, order: m) {
      factor.solve(&estimate)
      if largestMagnitude(estimate) < .infinity {
        for (b, k) in equalities.enumerated() { y[k] = estimate[b] }
        core.addTransposedRows(y, to: &gradient)
      }
    }
    let values = rowValues(x)
    for (j, slot) in slots.enumerated() {
      slack[j] = slot.bound - value(slot, x, values)
      if slot.isRow { slack[j] = max(slack[j], Self.leastRowSlack * size) }
      slackDual[j] = mu / slack[j]
      if !slot.isRow { slackDual[j] += max(-slot.sign * gradient[slot.target], 0) }
    }
  }

  /// D, one number a scenario.
  func scenarioWeights() -> [Double] {
    margin.indices.map { s in
      1 / (excess[s] / multiplier[s] + shortage[s] / multiplierRoom[s])
    }
  }

  mutating func factor(scenarioWeights: [Double]) -> Bool {
    guard let gram = core.gram(weights: scenarioWeights) else { return false }
    var sigma = [Double](repeating: 0, count: core.count)
    var rowWeights = [Double](repeating: 0, count: core.rows.count)
    for (j, slot) in slots.enumerated() {
      let weight = slackDual[j] / slack[j]
      if slot.isRow { rowWeights[slot.target] += weight } else { sigma[slot.target] += weight }
    }
    return system.factor(
      gram: gram, sigma: sigma, shortWeights: shortRows.map { rowWeights[$0] },
      border: borderRows.map { core.rows[$0].isEquality ? 0 : 1 / rowWeights[$0] })
  }

  /// All products as they are.
  func products() -> ComplementarityTarget {
    ComplementarityTarget(
      excess: margin.indices.map { multiplier[$0] * excess[$0] },
      shortage: margin.indices.map { multiplierRoom[$0] * shortage[$0] },
      slack: slots.indices.map { slack[$0] * slackDual[$0] })
  }

  /// Solves for one direction.
  func direction(
    _ residuals: borrowing Residuals,
    _ weights: [Double],
    _ target: ComplementarityTarget
  ) -> Direction {
    let count = core.scenarioCount
    var shift = [Double](repeating: 0, count: count)
    var weighted = shift
    for s in 0..<count {
      shift[s] =
        (shortage[s] + margin[s] - excess[s]) + target.excess[s] / multiplier[s]
        - target.shortage[s] / multiplierRoom[s]
      weighted[s] = -weights[s] * shift[s]
    }
    let slotShift = slots.indices.map {
      (target.slack[$0] + slackDual[$0] * residuals.slots[$0]) / slack[$0]
    }
    var f = core.transposedProduct(weighted)
    let fromSlots = transposed(slotShift, [Double](repeating: 0, count: core.rows.count))
    for i in f.indices { f[i] += fromSlots[i] - residuals.dual[i] }
    var position = 0
    let g = borderRows.map { k in
      guard core.rows[k].isEquality else { return 0.0 }
      defer { position += 1 }
      return residuals.equalities[position]
    }
    let (dx, dv) = system.solve(f, g)
    var dy = [Double](repeating: 0, count: core.rows.count)
    for (b, k) in borderRows.enumerated() where core.rows[k].isEquality { dy[k] = dv[b] }
    return completed(dx, dy, residuals, (weights, shift), target)
  }

  /// The changes of what was eliminated.
  private func completed(
    _ dx: [Double],
    _ dy: [Double],
    _ residuals: borrowing Residuals,
    _ scenario: (weights: [Double], shift: [Double]),
    _ target: ComplementarityTarget
  ) -> Direction {
    let moved = core.product(dx)
    let zeros = [Double](repeating: 0, count: core.scenarioCount)
    var result = Direction(
      x: dx, y: dy, slack: [Double](repeating: 0, count: slots.count),
      slackDual: [Double](repeating: 0, count: slots.count), shortage: zeros, excess: zeros,
      multiplier: zeros)
    for s in zeros.indices {
      let dq = -scenario.weights[s] * (moved[s] + scenario.shift[s])
      let residual = moved[s] + (shortage[s] + margin[s] - excess[s])
      result.multiplier[s] = dq
      // The larger dual value divides, so that nothing is amplified.
      if multiplier[s] > multiplierRoom[s] {
        result.excess[s] = (-target.excess[s] - excess[s] * dq) / multiplier[s]
        result.shortage[s] = result.excess[s] - residual
      } else {
        result.shortage[s] = (-target.shortage[s] + shortage[s] * dq) / multiplierRoom[s]
        result.excess[s] = result.shortage[s] + residual
      }
    }
    let values = rowValues(dx)
    for (j, slot) in slots.enumerated() {
      let ds = residuals.slots[j] - value(slot, dx, values)
      result.slack[j] = ds
      result.slackDual[j] = (-target.slack[j] - slackDual[j] * ds) / slack[j]
    }
    return result
  }

  /// The longest steps that keep everything non-negative, for primal and dual unknowns, up to a
  /// full step after ``stepFraction``.
  func longestSteps(_ direction: borrowing Direction) -> (primal: Double, dual: Double) {
    var primal = 1 / Self.stepFraction
    var dual = primal
    func limit(_ length: inout Double, _ value: Double, _ change: Double) {
      if change < 0 { length = min(length, -value / change) }
      if change.isNaN { length = 0 }
    }
    for s in margin.indices {
      limit(&primal, shortage[s], direction.shortage[s])
      limit(&primal, excess[s], direction.excess[s])
      limit(&dual, multiplier[s], direction.multiplier[s])
      limit(&dual, multiplierRoom[s], -direction.multiplier[s])
    }
    for j in slots.indices {
      limit(&primal, slack[j], direction.slack[j])
      limit(&dual, slackDual[j], direction.slackDual[j])
    }
    return (primal, dual)
  }

  /// The mean product after a step.
  func mu(
    after direction: borrowing Direction,
    _ longest: (primal: Double, dual: Double)
  ) -> Double {
    let length = (primal: min(1, longest.primal), dual: min(1, longest.dual))
    var sum = 0.0
    for s in margin.indices {
      let change = length.dual * direction.multiplier[s]
      sum += (multiplier[s] + change) * (excess[s] + length.primal * direction.excess[s])
      sum += (multiplierRoom[s] - change) * (shortage[s] + length.primal * direction.shortage[s])
    }
    for j in slots.indices {
      sum +=
        (slack[j] + length.primal * direction.slack[j])
        * (slackDual[j] + length.dual * direction.slackDual[j])
    }
    return sum / Double(slots.count + 2 * margin.count)
  }

  /// The target that also brings outlying products of a longer step back to the central range.
  func centralTarget(
    _ target: ComplementarityTarget,
    _ direction: borrowing Direction,
    _ length: (primal: Double, dual: Double),
    centering: Double
  ) -> ComplementarityTarget {
    let primal = min(1, length.primal * Self.aimedGrowth + Self.aimedGain)
    let dual = min(1, length.dual * Self.aimedGrowth + Self.aimedGain)
    let least = Self.centralRange.lowerBound * centering
    let most = Self.centralRange.upperBound * centering
    func correction(_ product: Double) -> Double {
      if product < least { return least - product }
      return product > most ? max(most - product, -most) : 0
    }
    var result = target
    for s in margin.indices {
      let change = dual * direction.multiplier[s]
      result.excess[s] -= correction(
        (multiplier[s] + change) * (excess[s] + primal * direction.excess[s]))
      result.shortage[s] -= correction(
        (multiplierRoom[s] - change) * (shortage[s] + primal * direction.shortage[s]))
    }
    for j in slots.indices {
      result.slack[j] -= correction(
        (slack[j] + primal * direction.slack[j]) * (slackDual[j] + dual * direction.slackDual[j]))
    }
    return result
  }

  /// Takes a step.
  mutating func move(_ direction: Direction, _ length: (primal: Double, dual: Double)) {
    let primal = min(1, Self.stepFraction * length.primal)
    let dual = min(1, Self.stepFraction * length.dual)
    for i in x.indices { x[i] += primal * direction.x[i] }
    for k in y.indices { y[k] += dual * direction.y[k] }
    for j in slots.indices {
      slack[j] += primal * direction.slack[j]
      slackDual[j] += dual * direction.slackDual[j]
    }
    for s in margin.indices {
      shortage[s] += primal * direction.shortage[s]
      excess[s] += primal * direction.excess[s]
      multiplier[s] += dual * direction.multiplier[s]
      multiplierRoom[s] -= dual * direction.multiplier[s]
    }
    margin = core.margins(x)
  }
}
