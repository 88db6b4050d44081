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

/// The primal-dual interior-point iterations for a tail program.
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
    var x: [Double]
    var y: [Double]
    var slack: [Double]
    var slackDual: [Double]
    var shortage: [Double]
    var excess: [Double]
    var multiplier: [Double]
  }

  /// Distances from the optimality conditions.
  struct Residuals {
    var dual: [Double]
    var slots: [Double]
    var equalities: [Double]
    var mu: Double
    var merit: Double
  }

  /// The gap of a scaled program is relative to its objective, but to no less than this: losses of
  /// single assets are about one.
  private static let leastGapScale = 1e-4

  /// So many steps without gain are the end of double precision.
  private static let patience = 10

  /// Below this step length nothing moves any more.
  private static let leastStep = 1e-9

  let core: TailCore
  let slots: [Slot]
  let equalities: [Int]
  let borderRows: [Int]
  let shortRows: [Int]
  var system: TailSystem

  var x: [Double]
  /// Dual values of the equations; the objective's derivative with the sign turned.
  var y: [Double]
  var slack: [Double]
  var slackDual: [Double]
  var margin: [Double] = []
  var shortage: [Double] = []
  var excess: [Double] = []
  var multiplier: [Double] = []
  var multiplierRoom: [Double] = []
  private(set) var iterations = 0

  init(_ core: TailCore, start: [Double]) {
    self.core = core
    var slots: [Slot] = []
    for i in 0..<core.count {
      if core.lower[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: -1, bound: -core.lower[i]))
      }
      if core.upper[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: 1, bound: core.upper[i]))
      }
    }
    var equalities: [Int] = []
    var borderRows: [Int] = []
    var shortRows: [Int] = []
    for (k, row) in core.rows.enumerated() {
      if row.isEquality {
        equalities.append(k)
        borderRows.append(k)
        continue
      }
      // A short row costs its length squared in the matrix, a border row one solve.
      if row.indices.count * row.indices.count <= core.count {
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
    system = TailSystem(
      count: core.count, borderRows: borderRows.map { core.rows[$0] },
      shortRows: shortRows.map { core.rows[$0] })
    x = start
    y = [Double](repeating: 0, count: core.rows.count)
    slack = [Double](repeating: 1, count: slots.count)
    slackDual = slack
    moveInside()
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
    while iterations < maximumIterations {
      if let end = interruption() { return end }
      let residuals = residuals()
      if residuals.merit <= tolerance { return .converged }
      withoutGain += 1
      if residuals.merit < best {
        best = residuals.merit
        withoutGain = 0
      }
      guard residuals.merit < .infinity, withoutGain < Self.patience, step(residuals) else {
        return .stalled
      }
      iterations += 1
    }
    return .iterationLimit
  }

  /// The value of the variable or row of a slot, with its sign.
  func value(_ slot: Slot, _ x: [Double], _ rowValues: [Double]) -> Double {
    slot.sign * (slot.isRow ? rowValues[slot.target] : x[slot.target])
  }

  func rowValues(_ x: [Double]) -> [Double] { core.rows.map { $0.value(at: x) } }

  /// Σ sign z a + Σ y a.
  func transposed(_ z: [Double], _ y: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: core.count)
    var rowSums = y
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowSums[slot.target] += slot.sign * z[j]
      } else {
        result[slot.target] += slot.sign * z[j]
      }
    }
    core.addTransposedRows(rowSums, to: &result)
    return result
  }

  func residuals() -> Residuals {
    let tailGradient = core.transposedProduct(multiplier)
    let adjoint = transposed(slackDual, y)
    let values = rowValues(x)
    var dual = core.cost
    var dualSize = 0.0
    for i in dual.indices {
      dual[i] += adjoint[i] - tailGradient[i]
      dualSize = max(dualSize, core.cost[i].magnitude, adjoint[i].magnitude)
    }
    var products = 0.0
    var bound = 0.0
    var primalSize = largestMagnitude(x)
    var slotResiduals = [Double](repeating: 0, count: slots.count)
    for (j, slot) in slots.enumerated() {
      slotResiduals[j] = slot.bound - value(slot, x, values) - slack[j]
      bound -= slot.bound * slackDual[j]
      products += slack[j] * slackDual[j]
      primalSize = max(primalSize, slot.bound.magnitude)
    }
    var equalityResiduals: [Double] = []
    for k in equalities {
      equalityResiduals.append(core.rows[k].lower - values[k])
      bound -= core.rows[k].lower * y[k]
      primalSize = max(primalSize, core.rows[k].lower.magnitude)
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
      relative(largestMagnitude(dual), to: dualSize),
      relative(largestMagnitude(slotResiduals, equalityResiduals), to: primalSize))
    return Residuals(
      dual: dual, slots: slotResiduals, equalities: equalityResiduals,
      mu: products / Double(slots.count + 2 * core.scenarioCount),
      merit: merit.isNaN ? .infinity : merit)
  }

  /// Takes one predictor-corrector step; returns false when it cannot move.
  private mutating func step(_ residuals: Residuals) -> Bool {
    let weights = scenarioWeights()
    guard factor(scenarioWeights: weights) else { return false }
    var target = products()
    let affine = direction(residuals, weights, target)
    let affineStep = longestSteps(affine)
    let remaining = mu(after: affine, affineStep) / residuals.mu
    let centering = residuals.mu * remaining * remaining * remaining
    target.correct(by: affine, centering: centering)
    var chosen = direction(residuals, weights, target)
    var length = longestSteps(chosen)
    let centered = centralTarget(target, chosen, length, centering: centering)
    let corrected = direction(residuals, weights, centered)
    let correctedLength = longestSteps(corrected)
    if correctedLength.primal + correctedLength.dual > length.primal + length.dual {
      chosen = corrected
      length = correctedLength
    }
    guard length.primal > Self.leastStep || length.dual > Self.leastStep,
      largestMagnitude(chosen.x, chosen.y) < .infinity
    else { return false }
    move(chosen, length)
    return true
  }
}
