import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The start: inside the bounds, near the given point, with dual values that balance the products.

extension DrawdownInteriorPoint {
  /// The probability at which the level of a tail starts is inside this range.
  private static let startingShare = 0.02...0.98

  /// The relative weight of the identity in the least-squares estimate of the duals.
  private static let estimateRegularization = 1e-10

  /// A row that holds with less room, in units of the typical variable, starts with a residual.
  private static let leastRowSlack = 0.1

  mutating func moveInside() {
    let n = variableCount
    var size = 0.0
    for i in 0..<n { size += x[i].magnitude }
    size = size > 0 ? size / Double(n) : 1
    for i in 0..<n {
      let margin = min(size, (core.upper[i] - core.lower[i]) / 4)
      x[i] = min(max(x[i], core.lower[i] + margin), core.upper[i] - margin)
    }
    let count = timeCount
    primal.refill(firstExcess + 2 * objective.tailCount, with: 1)
    dual.refill(primal.count, with: 1)
    logarithms.refill(count, with: 0)
    var outcomes: [Double] = []
    setOutcomes(&outcomes, at: x)
    var distance = 0.0
    for value in outcomes { distance += value.magnitude }
    distance = distance > 0 ? distance / Double(count) : 1
    var depth = 0.0
    for t in 0..<count {
      primal[t] = max(outcomes[t] - depth, 0) + distance
      depth = max(depth - outcomes[t], 0)
      primal[count + t] = depth + distance
    }
    switch objective.levels {
    case .none: break
    case .tail: startTail()
    case .entropic: startTilts()
    }
    startChain()
    startSlots(size: size)
  }

  /// The level near the value at risk, multipliers that sum to one.
  private mutating func startTail() {
    let depths = objective.members.map { primal[timeCount + $0] }
    let total = objective.limits.reduce(0, +)
    let range = Self.startingShare
    let share = min(max(1 / total, range.lowerBound), range.upperBound)
    let level = SampleTail(
      losses: depths, masses: objective.limits, confidence: 1 - share
    ).valueAtRisk
    x[variableCount] = level
    var distance = 0.0
    for depth in depths { distance += (level - depth).magnitude }
    distance = distance > 0 ? distance / Double(depths.count) : 1
    for (m, depth) in depths.enumerated() {
      let (w, u) = (firstExcess + m, firstShortage + m)
      primal[u] = max(depth - level, 0) + distance
      primal[w] = primal[u] + (level - depth)
      dual[w] = objective.limits[m] * min(1 / total, range.upperBound)
      dual[u] = objective.limits[m] - dual[w]
    }
  }

  /// The temperature of a normal law, and what belongs to it.
  private mutating func startTilts() {
    let depths = objective.members.map { primal[timeCount + $0] }
    let mean = dot(depths, objective.limits)
    var square = 0.0
    for (m, depth) in depths.enumerated() {
      square += objective.limits[m] * (depth - mean) * (depth - mean)
    }
    let deviation = square > 0 ? square.squareRoot() : max(mean, 1)
    let temperature = deviation / (2 * objective.entropy).squareRoot()
    let top = depths.reduce(0, max)
    var mass = 0.0
    for (m, depth) in depths.enumerated() {
      mass += objective.limits[m] * exp((depth - top) / temperature)
    }
    let level = top + temperature * log(mass)
    x[variableCount] = level
    x[variableCount + 1] = temperature
    tilts = depths.indices.map {
      objective.limits[$0] * exp((depths[$0] - level) / temperature)
    }
  }

  /// Dual values without residual: each time hands back what balances the products.
  private mutating func startChain() {
    let count = timeCount
    var pulls = objective.slopes
    for t in 0..<count { pulls[t] += objective.curvatures[t] * primal[count + t] }
    for (m, t) in objective.members.enumerated() { pulls[t] += multiplier(m) }
    let least = pulls.reduce(0, +) / Double(count) * Self.leastPull
    var later = 0.0
    for t in (0..<count).reversed() {
      let mass = max(later + pulls[t], least)
      dual[t] = mass * primal[count + t] / (primal[count + t] + primal[t])
      dual[count + t] = mass * primal[t] / (primal[count + t] + primal[t])
      later = dual[t]
    }
  }

  /// Times without probability start with a small share of the mean pull.
  private static let leastPull = 1e-3

  /// Row duals by least squares, bound duals from what they leave.
  private mutating func startSlots(size: Double) {
    var mu = 0.0
    for j in primal.indices where j < firstSlot || j >= firstExcess { mu += primal[j] * dual[j] }
    mu /= Double(primal.count - slots.count)
    var right: [Double] = []
    core.setTransposedProduct(&right, with: dual)
    for i in right.indices {
      right[i] = i < variableCount ? core.cost[i] - right[i] : 0
    }
    if system.estimate(
      core.rows, gradient: right, regularization: Self.estimateRegularization, into: &y)
    {
      core.rows.addTransposed(y, to: &right)
    }
    var rowValues: [Double] = []
    core.rows.setValues(&rowValues, at: x)
    for (j, slot) in slots.enumerated() {
      var slack = slot.bound - value(slot, x, rowValues)
      if slot.isRow { slack = max(slack, Self.leastRowSlack * size) }
      primal[firstSlot + j] = slack
      dual[firstSlot + j] = mu / slack
      if !slot.isRow { dual[firstSlot + j] += max(-slot.sign * right[slot.target], 0) }
    }
  }
}
