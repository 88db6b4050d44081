import KeelNumerics

// Goals: (1) a point near the optimum from which the active constraints can be read; (2) one block elimination an
// iteration; (3) few iterations.
//
// Infeasible primal-dual predictor-corrector steps (Mehrotra, SIAM J. Optim. 2, 1992) with one centrality corrector
// (Gondzio, Comput. Optim. Appl. 6, 1996). A charge that bends at r, with slopes −b and a, has
//
//   x − r = e − f,   e, f ≥ 0,   slope s,   e (a − s) = f (s + b) = μ
//
// so that ds = W (dx + shift) with W = 1 / (e / (a − s) + f / (s + b)): one weight, and no further variable in the
// system.

/// The primal-dual interior-point iterations for a sequential program.
struct SequentialInteriorPoint: ~Copyable {
  /// Why the iterations ended.
  enum End { case converged, stalled, iterationLimit, deadline, cancelled }

  /// A bound of a variable or of a row: sign × value ≤ bound.
  struct Slot {
    let target: Int
    let isRow: Bool
    let sign: Double
    let bound: Double
  }

  /// Distances from the optimality conditions.
  struct Residuals {
    var gradient: [Double] = []
    var rows: [Double] = []
    var slots: [Double] = []
    var bends: [Double] = []
    /// One number a variable: of the power of the change to it.
    var powers: [Double] = []
    var mu = 0.0
    var merit = Double.infinity
  }

  /// All unknowns, or their changes.
  struct Direction {
    /// Of a point.
    var merit = Double.infinity
    var x: [Double] = []
    var y: [Double] = []
    var slopes: [Double] = []
    var primal: [Double] = []
    var dual: [Double] = []
  }

  /// So many steps without gain are the end of double precision.
  private static let patience = 8
  /// Below this step length nothing moves any more.
  private static let leastStep = 1e-9

  let model: SequentialModel
  private(set) var slots: [Slot] = []
  var system: SequentialSystem
  /// The weight of each bend, and of the power of each change.
  var bendWeights: [Double] = []
  var powerWeights: [Double] = []

  var x: [Double] = []
  /// Dual values of equations, with the sign of the gradient.
  var y: [Double]
  /// The slopes of powers, one number a variable.
  var slopes: [Double] = []
  /// Slacks, then e and f of each bend; their dual values are those of slots, then a − s and s + b.
  var primal: [Double] = []
  var dual: [Double] = []
  private(set) var iterations = 0

  var residuals = Residuals()
  /// The products that a step brings to a target, less the target.
  var target: [Double] = []
  var direction = Direction()
  private var other = Direction()
  private var best = Direction()
  var right: [Double] = []

  var firstBend: Int { slots.count }
  var firstShortage: Int { slots.count + model.bends.count }

  init(_ model: SequentialModel) {
    self.model = model
    system = SequentialSystem(model)
    y = [Double](repeating: 0, count: model.rows.count)
    for j in 0..<model.count {
      system.weights.isHeld.append(model.isFixed(j))
      appendSlots(j, isRow: false, model.lower[j], model.upper[j])
    }
    for k in 0..<model.rows.count {
      system.weights.isEquation.append(model.rows.isEquality(k))
      appendSlots(k, isRow: true, model.rows.lower[k], model.rows.upper[k])
    }
    moveInside()
  }

  private mutating func appendSlots(_ target: Int, isRow: Bool, _ lower: Double, _ upper: Double) {
    if lower == upper { return }
    if lower.isFinite {
      slots.append(Slot(target: target, isRow: isRow, sign: -1, bound: -lower))
    }
    if upper.isFinite { slots.append(Slot(target: target, isRow: isRow, sign: 1, bound: upper)) }
  }

  /// Runs the iterations.
  ///
  /// - Parameters:
  ///   - tolerance: The relative gap and residuals at which they end.
  ///   - maximumIterations: The limit of all runs together.
  ///   - interruption: Asked at the start of each iteration.
  /// - Returns: The reason for stopping.
  mutating func run(
    tolerance: Double,
    maximumIterations: Int,
    interruption: () -> End?
  ) -> End {
    var withoutGain = 0
    while iterations < maximumIterations {
      if let end = interruption() { return end }
      setResiduals()
      if residuals.merit <= tolerance { return .converged }
      withoutGain += 1
      if residuals.merit < best.merit {
        keepBest()
        withoutGain = 0
      }
      guard residuals.merit < .infinity, withoutGain < Self.patience, step() else {
        returnToBest()
        return .stalled
      }
      iterations += 1
    }
    return .iterationLimit
  }

  private mutating func keepBest() {
    best.merit = residuals.merit
    best.x.copyElements(of: x)
    best.y.copyElements(of: y)
    best.slopes.copyElements(of: slopes)
    best.primal.copyElements(of: primal)
    best.dual.copyElements(of: dual)
  }

  private mutating func returnToBest() {
    guard best.merit < .infinity else { return }
    x.copyElements(of: best.x)
    y.copyElements(of: best.y)
    slopes.copyElements(of: best.slopes)
    primal.copyElements(of: best.primal)
    dual.copyElements(of: best.dual)
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  private mutating func step() -> Bool {
    guard factor() else { return false }
    target.copyElements(of: primal)
    for j in target.indices { target[j] *= dual[j] }
    findDirection()
    let remaining = residuals.mu > 0 ? mu(after: min(1, longestStep())) / residuals.mu : 0
    let centering = residuals.mu * remaining * remaining * remaining
    for j in target.indices { target[j] += direction.primal[j] * direction.dual[j] - centering }
    findDirection()
    var length = longestStep()
    centerTarget(length, centering: centering)
    swap(&direction, &other)
    findDirection()
    let corrected = longestStep()
    if corrected > length {
      length = corrected
    } else {
      swap(&direction, &other)
    }
    guard length > Self.leastStep, largestMagnitude(direction.x) < .infinity else { return false }
    move(length)
    return true
  }
}

// MARK: - Start

extension SequentialInteriorPoint {
  /// A row that holds with less room, in units of the typical variable, starts with a residual.
  private static let leastRowSlack = 0.1

  /// Inside the bounds near the start, with dual values that balance the products.
  private mutating func moveInside() {
    for t in 0..<model.stepCount {
      for j in model.variables(t) {
        let margin = min(model.size, (model.upper[j] - model.lower[j]) / 4)
        let i = j - model.offsets[t]
        let near = i < model.linkCount ? model.start[i] : 0
        x.append(min(max(near, model.lower[j] + margin), model.upper[j] - margin))
      }
    }
    slopes.refill(x.count, with: 0)
    model.forEachPower { own, t, i in
      slopes[own] = model.powerSlope(own, model.change(t, i, x))
    }
    primal.refill(slots.count + 2 * model.bends.count, with: 1)
    dual.refill(primal.count, with: 1)
    for (j, slot) in slots.enumerated() {
      var slack = slot.bound - value(slot, x)
      if slot.isRow { slack = max(slack, Self.leastRowSlack * model.size) }
      primal[j] = slack
      dual[j] = model.size / slack
    }
    for (j, bend) in model.bends.enumerated() {
      let distance = model.distance(bend, x)
      let half = (bend.above + bend.below) / 2
      let least = min(model.size, model.size / half)
      primal[firstBend + j] = max(distance, 0) + least
      primal[firstShortage + j] = max(-distance, 0) + least
      dual[firstBend + j] = half
      dual[firstShortage + j] = half
    }
  }

  /// The value of the variable or row of a slot, with its sign.
  func value(_ slot: Slot, _ x: [Double]) -> Double {
    slot.sign * (slot.isRow ? model.rows.value(slot.target, at: x) : x[slot.target])
  }
}

// MARK: - Residuals

extension SequentialInteriorPoint {
  /// The slope of a bend.
  func slope(_ j: Int) -> Double {
    let (room, depth) = (dual[firstBend + j], dual[firstShortage + j])
    return room < depth ? model.bends[j].above - room : depth - model.bends[j].below
  }

  private mutating func setResiduals() {
    model.setGradient(&residuals.gradient, from: model.linear, at: x, slopes)
    var size = 0.0
    for j in x.indices {
      size += x[j].magnitude * (residuals.gradient[j].magnitude + model.linear[j].magnitude)
    }
    var (gap, primalMiss) = (0.0, 0.0)
    residuals.slots.refill(slots.count, with: 0)
    residuals.bends.refill(model.bends.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let miss = slot.bound - value(slot, x) - primal[j]
      residuals.slots[j] = miss
      primalMiss = max(primalMiss, miss.magnitude)
      gap += (miss * dual[j]).magnitude
      if slot.isRow {
        model.rows.add(slot.target, times: slot.sign * dual[j], to: &residuals.gradient)
      } else {
        residuals.gradient[slot.target] += slot.sign * dual[j]
      }
    }
    for (j, bend) in model.bends.enumerated() {
      let distance = model.distance(bend, x)
      let miss = distance - (primal[firstBend + j] - primal[firstShortage + j])
      residuals.bends[j] = miss
      primalMiss = max(primalMiss, miss.magnitude)
      let slope = slope(j)
      gap += (miss * slope).magnitude
      size += (slope * distance).magnitude
      model.add(slope, of: bend, to: &residuals.gradient)
    }
    residuals.powers.refill(x.count, with: 0)
    model.forEachPower { own, t, i in
      let miss = model.power(own, t, i, x, slopes).miss
      residuals.powers[own] = miss
      primalMiss = max(primalMiss, miss.magnitude)
      gap += (miss * slopes[own]).magnitude
    }
    setRowResiduals(&gap, &primalMiss)
    let products = dot(primal, dual)
    residuals.mu = primal.isEmpty ? 0 : products / Double(primal.count)
    let merit = max(
      relative(gap + products, to: size), largestMagnitude(residuals.gradient),
      primalMiss / model.size)
    residuals.merit = merit.isNaN ? .infinity : merit
  }

  /// Equations, their prices in the gradient, and what is missed of it by variables that may move.
  private mutating func setRowResiduals(_ gap: inout Double, _ primalMiss: inout Double) {
    residuals.rows.refill(model.rows.count, with: 0)
    for k in y.indices where system.weights.isEquation[k] {
      let miss = model.rows.lower[k] - model.rows.value(k, at: x)
      residuals.rows[k] = miss
      primalMiss = max(primalMiss, miss.magnitude)
      gap += (miss * y[k]).magnitude
      model.rows.add(k, times: y[k], to: &residuals.gradient)
    }
    for j in x.indices {
      if system.weights.isHeld[j] { residuals.gradient[j] = 0 }
      gap += (x[j] * residuals.gradient[j]).magnitude
    }
  }
}
