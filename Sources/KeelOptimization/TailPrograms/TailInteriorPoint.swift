import KeelNumerics

// Goals: (1) an optimum of the scaled program to 1e-9, or an honest end; (2) one weighted dsyrk over
// the scenarios an iteration; (3) few iterations, 10 to 20.
//
// Infeasible primal-dual predictor-corrector steps (Mehrotra, SIAM J. Optim. 2, 1992) with one
// centrality corrector (Gondzio, Comput. Optim. Appl. 6, 1996). With margin h = outcomes x + offset:
//
//   w = h + u,  w, u ≥ 0 (excess over and shortage under the value at risk),
//   q + v = limit,  q, v ≥ 0 (their dual values),  q w = u v = μ
//
// Eliminating u, w, q, v leaves outcomes' D outcomes with D = 1 / (w/q + u/v): the auxiliary
// variables of the linear program cost nothing (cf. Rockafellar and Uryasev, Journal of Risk 2, 2000).

/// The primal-dual interior-point iterations for a tail program, in memory that is kept from one
/// program to the next.
struct TailInteriorPoint: ~Copyable {
  /// Why the iterations ended.
  enum End { case converged, iterationLimit, stalled, deadline, cancelled }

  /// One inequality `sign × (variable or row) ≤ bound`.
  struct Slot {
    let target: Int
    let isRow: Bool
    let sign: Double
    let bound: Double
  }

  /// Change of all unknowns.
  struct Direction {
    var x: [Double] = []
    var y: [Double] = []
    var slack: [Double] = []
    var slackDual: [Double] = []
    var shortage: [Double] = []
    var excess: [Double] = []
    var multiplier: [Double] = []

    mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int, slotCount: Int) {
      x.reserveCapacity(count)
      y.reserveCapacity(rowCount)
      slack.reserveCapacity(slotCount)
      slackDual.reserveCapacity(slotCount)
      shortage.reserveCapacity(scenarioCount)
      excess.reserveCapacity(scenarioCount)
      multiplier.reserveCapacity(scenarioCount)
    }
  }

  /// Distances from the optimality conditions.
  struct Residuals {
    var dual: [Double] = []
    var slots: [Double] = []
    /// One number a row, zero for one that is no equation.
    var equalities: [Double] = []
    var mu = 0.0
    var merit = Double.infinity
  }

  /// All unknowns of one iteration.
  private struct Iterate {
    var x: [Double] = []
    var y: [Double] = []
    var slack: [Double] = []
    var slackDual: [Double] = []
    var shortage: [Double] = []
    var excess: [Double] = []
    var multiplier: [Double] = []
    var multiplierRoom: [Double] = []

    mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int, slotCount: Int) {
      x.reserveCapacity(count)
      y.reserveCapacity(rowCount)
      slack.reserveCapacity(slotCount)
      slackDual.reserveCapacity(slotCount)
      shortage.reserveCapacity(scenarioCount)
      excess.reserveCapacity(scenarioCount)
      multiplier.reserveCapacity(scenarioCount)
      multiplierRoom.reserveCapacity(scenarioCount)
    }
  }

  /// Room for vectors that live during one step.
  struct Room {
    var scenarioShift: [Double] = []
    var weighted: [Double] = []
    var slotShift: [Double] = []
    var adjoint: [Double] = []
    var rowSums: [Double] = []
    var rowValues: [Double] = []
    var variables: [Double] = []
    var right: [Double] = []
    var borderRight: [Double] = []
    var sigma: [Double] = []
    var rowWeights: [Double] = []
    var tail = SampleTail.Room()

    mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int, slotCount: Int) {
      scenarioShift.reserveCapacity(scenarioCount)
      weighted.reserveCapacity(scenarioCount)
      slotShift.reserveCapacity(slotCount)
      adjoint.reserveCapacity(count)
      variables.reserveCapacity(count)
      right.reserveCapacity(count)
      sigma.reserveCapacity(count)
      rowSums.reserveCapacity(rowCount)
      rowValues.reserveCapacity(rowCount)
      rowWeights.reserveCapacity(rowCount)
      borderRight.reserveCapacity(rowCount)
      tail.reserve(scenarioCount)
    }
  }

  /// The gap of a scaled program is relative to its objective, but to no less than this: losses of
  /// single assets are about one.
  private static let leastGapScale = 1e-4

  /// So many steps without gain are the end of double precision.
  private static let patience = 10

  /// Below this step length nothing moves any more.
  private static let leastStep = 1e-9

  /// The program; after a change of it comes ``restart(near:)``.
  var core = TailCore()
  private(set) var slots: [Slot] = []
  var system = TailSystem()

  var x: [Double] = []
  /// Dual values of the equations; the objective's derivative with the sign turned.
  var y: [Double] = []
  var slack: [Double] = []
  var slackDual: [Double] = []
  var margin: [Double] = []
  var shortage: [Double] = []
  var excess: [Double] = []
  var multiplier: [Double] = []
  var multiplierRoom: [Double] = []
  private(set) var iterations = 0

  var residuals = Residuals()
  var target = ComplementarityTarget()
  /// The last direction, and one that waits for it.
  var direction = Direction()
  private var other = Direction()
  /// The iterate of the least merit of a run.
  private var kept = Iterate()
  /// Whether the run stalled at a worse one.
  private var keptIsBetter = false
  /// D, one number a scenario.
  var scenarioWeights: [Double] = []
  var room = Room()

  init() {}

  /// Starts on the program in ``core``.
  ///
  /// - Parameter start: A point, with any number for the value at risk.
  mutating func restart(near start: [Double]) {
    iterations = 0
    slots.removeAll(keepingCapacity: true)
    for i in 0..<core.count { appendSlots(i, isRow: false, core.lower[i], core.upper[i]) }
    for k in 0..<core.rows.count where !core.rows.isEquality(k) {
      appendSlots(k, isRow: true, core.rows.lower[k], core.rows.upper[k])
    }
    system.restart(count: core.count, rows: core.rows)
    x.copyElements(of: start)
    y.refill(core.rows.count, with: 0)
    slack.refill(slots.count, with: 1)
    slackDual.refill(slots.count, with: 1)
    moveInside()
  }

  private mutating func appendSlots(_ target: Int, isRow: Bool, _ lower: Double, _ upper: Double) {
    if lower.isFinite {
      slots.append(Slot(target: target, isRow: isRow, sign: -1, bound: -lower))
    }
    if upper.isFinite {
      slots.append(Slot(target: target, isRow: isRow, sign: 1, bound: upper))
    }
  }

  /// Runs the iterations.
  ///
  /// - Parameters:
  ///   - tolerance: The relative gap and residuals at which they end.
  ///   - maximumIterations: The limit.
  ///   - interruption: Asked at the start of each iteration.
  /// - Returns: The reason for stopping.
  mutating func run(
    tolerance: Double,
    maximumIterations: Int,
    interruption: () -> End?
  ) -> End {
    var best = Double.infinity
    var withoutGain = 0
    keptIsBetter = false
    while iterations < maximumIterations {
      if let end = interruption() { return end }
      setResiduals()
      if residuals.merit <= tolerance { return .converged }
      withoutGain += 1
      if residuals.merit < best {
        best = residuals.merit
        withoutGain = 0
        keep()
      }
      guard residuals.merit < .infinity, withoutGain < Self.patience, step() else {
        keptIsBetter = best < .infinity && !(residuals.merit <= best)
        return .stalled
      }
      iterations += 1
    }
    return .iterationLimit
  }

  private mutating func keep() {
    kept.x.copyElements(of: x)
    kept.y.copyElements(of: y)
    kept.slack.copyElements(of: slack)
    kept.slackDual.copyElements(of: slackDual)
    kept.shortage.copyElements(of: shortage)
    kept.excess.copyElements(of: excess)
    kept.multiplier.copyElements(of: multiplier)
    kept.multiplierRoom.copyElements(of: multiplierRoom)
  }

  /// Goes back to the best iterate of a run that stalled: at the end of double precision a step can lose all that the
  /// ones before gained.
  ///
  /// - Returns: False when the last one is the best.
  mutating func goBack() -> Bool {
    guard keptIsBetter else { return false }
    keptIsBetter = false
    x.copyElements(of: kept.x)
    y.copyElements(of: kept.y)
    slack.copyElements(of: kept.slack)
    slackDual.copyElements(of: kept.slackDual)
    shortage.copyElements(of: kept.shortage)
    excess.copyElements(of: kept.excess)
    multiplier.copyElements(of: kept.multiplier)
    multiplierRoom.copyElements(of: kept.multiplierRoom)
    core.setMargins(&margin, at: x)
    return true
  }

  /// The value of the variable or row of a slot, with its sign.
  func value(_ slot: Slot, _ x: [Double], _ rowValues: [Double]) -> Double {
    slot.sign * (slot.isRow ? rowValues[slot.target] : x[slot.target])
  }

  /// room.adjoint := Σ sign z a + Σ y a.
  mutating func setAdjoint(_ z: [Double], _ y: [Double]) {
    room.adjoint.refill(core.count, with: 0)
    room.rowSums.copyElements(of: y)
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        room.rowSums[slot.target] += slot.sign * z[j]
      } else {
        room.adjoint[slot.target] += slot.sign * z[j]
      }
    }
    core.rows.addTransposed(room.rowSums, to: &room.adjoint)
  }

  private mutating func setResiduals() {
    let dualSize = setDualResidual()
    core.rows.setValues(&room.rowValues, at: x)
    var products = 0.0
    var bound = 0.0
    var primalSize = largestMagnitude(x)
    residuals.slots.refill(slots.count, with: 0)
    for (j, slot) in slots.enumerated() {
      residuals.slots[j] = slot.bound - value(slot, x, room.rowValues) - slack[j]
      bound -= slot.bound * slackDual[j]
      products += slack[j] * slackDual[j]
      primalSize = max(primalSize, slot.bound.magnitude)
    }
    residuals.equalities.refill(core.rows.count, with: 0)
    for k in 0..<core.rows.count where core.rows.isEquality(k) {
      residuals.equalities[k] = core.rows.lower[k] - room.rowValues[k]
      bound -= core.rows.lower[k] * y[k]
      primalSize = max(primalSize, core.rows.lower[k].magnitude)
    }
    var objective = dot(core.cost, x)
    for s in 0..<core.scenarioCount {
      objective += core.limits[s] * max(0, -margin[s])
      bound -= multiplier[s] * core.offsets[s]
      products += multiplier[s] * excess[s] + multiplierRoom[s] * shortage[s]
    }
    let gapSize = max(objective.magnitude, bound.magnitude, Self.leastGapScale)
    let merit = max(
      relative((objective - bound).magnitude, to: gapSize),
      relative(largestMagnitude(residuals.dual), to: dualSize),
      relative(largestMagnitude(residuals.slots, residuals.equalities), to: primalSize))
    residuals.mu = products / Double(slots.count + 2 * core.scenarioCount)
    residuals.merit = merit.isNaN ? .infinity : merit
  }

  /// The gradient of the Lagrangian; returns the size of its terms.
  private mutating func setDualResidual() -> Double {
    core.setTransposedProduct(&room.variables, with: multiplier)
    setAdjoint(slackDual, y)
    residuals.dual.copyElements(of: core.cost)
    var size = 0.0
    for i in residuals.dual.indices {
      residuals.dual[i] += room.adjoint[i] - room.variables[i]
      size = max(size, core.cost[i].magnitude, room.adjoint[i].magnitude)
    }
    return size
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  private mutating func step() -> Bool {
    setScenarioWeights()
    guard factor() else { return false }
    setProducts()
    findDirection()
    let remaining = mu(after: longestSteps()) / residuals.mu
    let centering = residuals.mu * remaining * remaining * remaining
    target.correct(by: direction, centering: centering)
    findDirection()
    var length = longestSteps()
    centerTarget(length, centering: centering)
    swap(&direction, &other)
    findDirection()
    let corrected = longestSteps()
    if corrected.primal + corrected.dual > length.primal + length.dual {
      length = corrected
    } else {
      swap(&direction, &other)
    }
    guard length.primal > Self.leastStep || length.dual > Self.leastStep,
      largestMagnitude(direction.x, direction.y) < .infinity
    else { return false }
    move(length)
    return true
  }

  /// Takes the memory for programs up to a size.
  mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int, entryCount: Int) {
    core.reserve(
      scenarioCount: scenarioCount, count: count, rowCount: rowCount, entryCount: entryCount)
    system.reserve(count: count, rowCount: rowCount)
    let slotCount = 2 * (count + rowCount)
    slots.reserveCapacity(slotCount)
    slack.reserveCapacity(slotCount)
    slackDual.reserveCapacity(slotCount)
    residuals.slots.reserveCapacity(slotCount)
    residuals.dual.reserveCapacity(count)
    target.slack.reserveCapacity(slotCount)
    residuals.equalities.reserveCapacity(rowCount)
    direction.reserve(
      scenarioCount: scenarioCount, count: count, rowCount: rowCount, slotCount: slotCount)
    other.reserve(
      scenarioCount: scenarioCount, count: count, rowCount: rowCount, slotCount: slotCount)
    kept.reserve(
      scenarioCount: scenarioCount, count: count, rowCount: rowCount, slotCount: slotCount)
    room.reserve(
      scenarioCount: scenarioCount, count: count, rowCount: rowCount, slotCount: slotCount)
    x.reserveCapacity(count)
    y.reserveCapacity(rowCount)
    margin.reserveCapacity(scenarioCount)
    shortage.reserveCapacity(scenarioCount)
    excess.reserveCapacity(scenarioCount)
    multiplier.reserveCapacity(scenarioCount)
    multiplierRoom.reserveCapacity(scenarioCount)
    scenarioWeights.reserveCapacity(scenarioCount)
    target.excess.reserveCapacity(scenarioCount)
    target.shortage.reserveCapacity(scenarioCount)
  }
}
