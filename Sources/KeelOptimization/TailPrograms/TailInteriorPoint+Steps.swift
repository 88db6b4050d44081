import KeelNumerics

// The start, the Newton directions and their lengths.

/// The products that a Newton step brings to a target, less the target: q w, v u and slack × dual.
struct ComplementarityTarget {
  var excess: [Double] = []
  var shortage: [Double] = []
  var slack: [Double] = []

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
    let share = moveToValueAtRisk()
    core.setMargins(&margin, at: x)
    var distance = 0.0
    for value in margin { distance += value.magnitude }
    distance = distance > 0 ? distance / Double(margin.count) : 1
    shortage.refill(margin.count, with: 0)
    excess.refill(margin.count, with: 0)
    multiplier.refill(margin.count, with: 0)
    multiplierRoom.refill(margin.count, with: 0)
    for s in margin.indices {
      shortage[s] = max(-margin[s], 0) + distance
      excess[s] = shortage[s] + margin[s]
      multiplier[s] = core.limits[s] * share
      multiplierRoom[s] = core.limits[s] - multiplier[s]
    }
    let count = Double(max(2 * margin.count, 1))
    let mu = (dot(multiplier, excess) + dot(multiplierRoom, shortage)) / count
    startDuals(mu: mu, size: size)
  }

  /// Sets the last variable to the value at risk of the others; returns the share of the tail.
  private mutating func moveToValueAtRisk() -> Double {
    let last = core.count - 1
    x[last] = 0
    let total = core.limits.reduce(0, +)
    let range = Self.startingShare
    let share = min(max(core.cost[last] / total, range.lowerBound), range.upperBound)
    core.setMargins(&margin, at: x)
    for s in margin.indices { margin[s] = -margin[s] }
    if !margin.isEmpty && margin.allSatisfy(\.isFinite) {
      x[last] =
        SampleTail(
          losses: margin, masses: core.limits, confidence: 1 - share, room: &room.tail
        ).valueAtRisk
    }
    return share
  }

  /// Row duals by least squares, bound duals from what they leave.
  private mutating func startDuals(mu: Double, size: Double) {
    core.setTransposedProduct(&room.variables, with: multiplier)
    room.right.copyElements(of: core.cost)
    for i in room.right.indices { room.right[i] -= room.variables[i] }
    if system.estimate(
      core.rows, gradient: room.right, regularization: Self.estimateRegularization, into: &y)
    {
      core.rows.addTransposed(y, to: &room.right)
    }
    core.rows.setValues(&room.rowValues, at: x)
    for (j, slot) in slots.enumerated() {
      slack[j] = slot.bound - value(slot, x, room.rowValues)
      if slot.isRow { slack[j] = max(slack[j], Self.leastRowSlack * size) }
      slackDual[j] = mu / slack[j]
      if !slot.isRow { slackDual[j] += max(-slot.sign * room.right[slot.target], 0) }
    }
  }

  /// D, one number a scenario.
  mutating func setScenarioWeights() {
    scenarioWeights.refill(margin.count, with: 0)
    for s in margin.indices {
      scenarioWeights[s] = 1 / (excess[s] / multiplier[s] + shortage[s] / multiplierRoom[s])
    }
  }

  mutating func factor() -> Bool {
    guard core.setGram(weights: scenarioWeights, &system.matrix) else { return false }
    room.sigma.refill(core.count, with: 0)
    room.rowWeights.refill(core.rows.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let weight = slackDual[j] / slack[j]
      if slot.isRow {
        room.rowWeights[slot.target] += weight
      } else {
        room.sigma[slot.target] += weight
      }
    }
    return system.factor(core.rows, sigma: room.sigma, rowWeights: room.rowWeights)
  }

  /// All products as they are.
  mutating func setProducts() {
    target.excess.refill(margin.count, with: 0)
    target.shortage.refill(margin.count, with: 0)
    target.slack.refill(slots.count, with: 0)
    for s in margin.indices {
      target.excess[s] = multiplier[s] * excess[s]
      target.shortage[s] = multiplierRoom[s] * shortage[s]
    }
    for j in slots.indices { target.slack[j] = slack[j] * slackDual[j] }
  }

  /// Solves for the direction to the target.
  mutating func findDirection() {
    room.scenarioShift.refill(core.scenarioCount, with: 0)
    room.weighted.refill(core.scenarioCount, with: 0)
    for s in margin.indices {
      let shift =
        (shortage[s] + margin[s] - excess[s]) + target.excess[s] / multiplier[s]
        - target.shortage[s] / multiplierRoom[s]
      room.scenarioShift[s] = shift
      room.weighted[s] = -scenarioWeights[s] * shift
    }
    room.slotShift.refill(slots.count, with: 0)
    for j in slots.indices {
      room.slotShift[j] = (target.slack[j] + slackDual[j] * residuals.slots[j]) / slack[j]
    }
    core.setTransposedProduct(&room.right, with: room.weighted)
    room.rowValues.refill(core.rows.count, with: 0)
    setAdjoint(room.slotShift, room.rowValues)
    for i in room.right.indices { room.right[i] += room.adjoint[i] - residuals.dual[i] }
    room.borderRight.removeAll(keepingCapacity: true)
    for k in system.borderRows { room.borderRight.append(residuals.equalities[k]) }
    system.solve(core.rows, room.right, room.borderRight)
    direction.x.copyElements(of: system.x)
    direction.y.refill(core.rows.count, with: 0)
    for (b, k) in system.borderRows.enumerated() where core.rows.isEquality(k) {
      direction.y[k] = system.v[b]
    }
    completeDirection()
  }

  /// The changes of what was eliminated.
  private mutating func completeDirection() {
    // In the place of what moved along: outcomes dx.
    core.setProduct(&room.weighted, with: direction.x)
    direction.multiplier.refill(core.scenarioCount, with: 0)
    direction.excess.refill(core.scenarioCount, with: 0)
    direction.shortage.refill(core.scenarioCount, with: 0)
    for s in margin.indices {
      let moved = room.weighted[s]
      let dq = -scenarioWeights[s] * (moved + room.scenarioShift[s])
      let residual = moved + (shortage[s] + margin[s] - excess[s])
      direction.multiplier[s] = dq
      // The larger dual value divides, so that nothing is amplified.
      if multiplier[s] > multiplierRoom[s] {
        direction.excess[s] = (-target.excess[s] - excess[s] * dq) / multiplier[s]
        direction.shortage[s] = direction.excess[s] - residual
      } else {
        direction.shortage[s] = (-target.shortage[s] + shortage[s] * dq) / multiplierRoom[s]
        direction.excess[s] = direction.shortage[s] + residual
      }
    }
    core.rows.setValues(&room.rowValues, at: direction.x)
    direction.slack.refill(slots.count, with: 0)
    direction.slackDual.refill(slots.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let ds = residuals.slots[j] - value(slot, direction.x, room.rowValues)
      direction.slack[j] = ds
      direction.slackDual[j] = (-target.slack[j] - slackDual[j] * ds) / slack[j]
    }
  }

  /// The longest steps that keep everything non-negative, for primal and dual unknowns, up to a
  /// full step after ``stepFraction``.
  func longestSteps() -> (primal: Double, dual: Double) {
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
  func mu(after longest: (primal: Double, dual: Double)) -> Double {
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

  /// Makes the target also bring outlying products of a longer step back to the central range.
  mutating func centerTarget(_ length: (primal: Double, dual: Double), centering: Double) {
    let primal = min(1, length.primal * Self.aimedGrowth + Self.aimedGain)
    let dual = min(1, length.dual * Self.aimedGrowth + Self.aimedGain)
    let least = Self.centralRange.lowerBound * centering
    let most = Self.centralRange.upperBound * centering
    func correction(_ product: Double) -> Double {
      if product < least { return least - product }
      return product > most ? max(most - product, -most) : 0
    }
    for s in margin.indices {
      let change = dual * direction.multiplier[s]
      target.excess[s] -= correction(
        (multiplier[s] + change) * (excess[s] + primal * direction.excess[s]))
      target.shortage[s] -= correction(
        (multiplierRoom[s] - change) * (shortage[s] + primal * direction.shortage[s]))
    }
    for j in slots.indices {
      target.slack[j] -= correction(
        (slack[j] + primal * direction.slack[j]) * (slackDual[j] + dual * direction.slackDual[j]))
    }
  }

  /// Takes a step.
  mutating func move(_ length: (primal: Double, dual: Double)) {
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
    core.setMargins(&margin, at: x)
  }
}
