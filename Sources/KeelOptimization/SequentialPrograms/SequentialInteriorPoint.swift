import KeelLinearAlgebra
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
    let step: Int
    let target: Int
    let isRow: Bool
    let sign: Double
    let bound: Double
  }

  /// Distances from the optimality conditions.
  struct Residuals {
    var gradients: [[Double]] = []
    var rows: [[Double]] = []
    var slots: [Double] = []
    var bends: [Double] = []
    var mu = 0.0
    var merit = Double.infinity
  }

  /// Changes of all unknowns.
  struct Direction {
    var x: [[Double]] = []
    var y: [[Double]] = []
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
  /// The weights of the present system.
  var weights: [SequentialSystem.Weights]

  var x: [[Double]]
  /// Dual values of equations, with the sign of the gradient.
  var y: [[Double]]
  /// Slacks, then e and f of each bend; their dual values are those of slots, then a − s and s + b.
  var primal: [Double] = []
  var dual: [Double] = []
  private(set) var iterations = 0

  var residuals = Residuals()
  /// The products that a step brings to a target, less the target.
  var target: [Double] = []
  var direction = Direction()
  private var other = Direction()

  var firstBend: Int { slots.count }
  var firstShortage: Int { slots.count + model.bends.count }

  init(_ model: SequentialModel) {
    self.model = model
    system = SequentialSystem(model.matrices, model.rows, linkCount: model.linkCount)
    weights = model.steps.map { step in
      SequentialSystem.Weights(
        diagonal: [Double](repeating: 0, count: step.count),
        changes: [Double](repeating: 0, count: model.linkCount),
        rows: [Double](repeating: 0, count: step.rows.count),
        isEquation: step.rows.map(\.isEquality),
        isHeld: step.lower.indices.map { step.lower[$0] == step.upper[$0] })
    }
    x = model.zeros
    y = model.rowZeros
    direction.x = x
    direction.y = y
    other = direction
    for t in model.steps.indices { appendSlots(t) }
    moveInside()
  }

  private mutating func appendSlots(_ t: Int) {
    func append(_ target: Int, _ isRow: Bool, _ lower: Double, _ upper: Double) {
      if lower == upper { return }
      if lower.isFinite {
        slots.append(Slot(step: t, target: target, isRow: isRow, sign: -1, bound: -lower))
      }
      if upper.isFinite {
        slots.append(Slot(step: t, target: target, isRow: isRow, sign: 1, bound: upper))
      }
    }
    let step = model.steps[t]
    for i in 0..<step.count { append(i, false, step.lower[i], step.upper[i]) }
    for k in 0..<model.rows[t].count {
      append(k, true, model.rows[t].lower[k], model.rows[t].upper[k])
    }
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
    var best = Double.infinity
    var withoutGain = 0
    while iterations < maximumIterations {
      if let end = interruption() { return end }
      setResiduals()
      if residuals.merit <= tolerance { return .converged }
      withoutGain += 1
      if residuals.merit < best {
        best = residuals.merit
        withoutGain = 0
      }
      guard residuals.merit < .infinity, withoutGain < Self.patience, step() else {
        return .stalled
      }
      iterations += 1
    }
    return .iterationLimit
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
    guard length > Self.leastStep, direction.x.allSatisfy({ largestMagnitude($0) < .infinity })
    else { return false }
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
    for t in model.steps.indices {
      let step = model.steps[t]
      for i in 0..<step.count {
        let margin = min(model.size, (step.upper[i] - step.lower[i]) / 4)
        let near = i < model.linkCount ? model.start[i] : 0
        x[t][i] = min(max(near, step.lower[i] + margin), step.upper[i] - margin)
      }
    }
    let bends = model.bends
    primal.refill(slots.count + 2 * bends.count, with: 1)
    dual.refill(primal.count, with: 1)
    for (j, slot) in slots.enumerated() {
      var slack = slot.bound - value(slot, x)
      if slot.isRow { slack = max(slack, Self.leastRowSlack * model.size) }
      primal[j] = slack
      dual[j] = model.size / slack
    }
    for (j, bend) in bends.enumerated() {
      let distance = model.value(bend, x) - bend.reference
      let half = (bend.above + bend.below) / 2
      let least = min(model.size, model.size / half)
      primal[firstBend + j] = max(distance, 0) + least
      primal[firstShortage + j] = max(-distance, 0) + least
      dual[firstBend + j] = half
      dual[firstShortage + j] = half
    }
  }

  /// The value of the variable or row of a slot, with its sign.
  func value(_ slot: Slot, _ x: [[Double]]) -> Double {
    let t = slot.step
    return slot.sign
      * (slot.isRow ? model.rows[t].value(slot.target, at: x[t]) : x[t][slot.target])
  }
}

// MARK: - Residuals

extension SequentialInteriorPoint {
  /// The slope of a bend.
  func slope(_ j: Int) -> Double {
    let bend = model.bends[j]
    let (room, depth) = (dual[firstBend + j], dual[firstShortage + j])
    return room < depth ? bend.above - room : depth - bend.below
  }

  private mutating func setResiduals() {
    if residuals.gradients.isEmpty { residuals.gradients = model.zeros }
    if residuals.rows.isEmpty { residuals.rows = model.rowZeros }
    model.setGradients(&residuals.gradients, at: x)
    var size = 0.0
    for t in x.indices {
      for i in x[t].indices {
        size += x[t][i].magnitude * (residuals.gradients[t][i].magnitude + model.linear[t][i].magnitude)
      }
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
        model.rows[slot.step].add(
          slot.target, times: slot.sign * dual[j], to: &residuals.gradients[slot.step])
      } else {
        residuals.gradients[slot.step][slot.target] += slot.sign * dual[j]
      }
    }
    for (j, bend) in model.bends.enumerated() {
      let miss =
        (model.value(bend, x) - bend.reference) - (primal[firstBend + j] - primal[firstShortage + j])
      residuals.bends[j] = miss
      primalMiss = max(primalMiss, miss.magnitude)
      let slope = slope(j)
      gap += (miss * slope).magnitude
      size += (slope * (model.value(bend, x) - bend.reference)).magnitude
      model.add(slope, of: bend, to: &residuals.gradients)
    }
    setRowResiduals(&gap, &primalMiss)
    let products = dot(primal, dual)
    residuals.mu = primal.isEmpty ? 0 : products / Double(primal.count)
    let merit = max(
      relative(gap + products, to: size),
      largestMagnitude(residuals.gradients.map { largestMagnitude($0) }),
      primalMiss / model.size)
    residuals.merit = merit.isNaN ? .infinity : merit
  }

  /// Equations, their prices in the gradient, and what is missed of it by variables that may move.
  private mutating func setRowResiduals(_ gap: inout Double, _ primalMiss: inout Double) {
    for t in x.indices {
      for k in 0..<model.rows[t].count where model.rows[t].isEquality(k) {
        let miss = model.rows[t].lower[k] - model.rows[t].value(k, at: x[t])
        residuals.rows[t][k] = miss
        primalMiss = max(primalMiss, miss.magnitude)
        gap += (miss * y[t][k]).magnitude
        model.rows[t].add(k, times: y[t][k], to: &residuals.gradients[t])
      }
      for i in x[t].indices {
        if weights[t].isHeld[i] { residuals.gradients[t][i] = 0 }
        gap += (x[t][i] * residuals.gradients[t][i]).magnitude
      }
    }
  }
}
