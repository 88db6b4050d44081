#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) an optimum of the scaled program to 1e-9, or an honest end; (2) one dsyrk over the
// outcomes an iteration; (3) few iterations, 15 to 30.
//
// Infeasible primal-dual predictor-corrector steps (Mehrotra, SIAM J. Optim. 2, 1992) with one
// centrality corrector (Gondzio, Comput. Optim. Appl. 6, 1996). With B d = d(t) − d(t − 1):
//
//   e = B d + R x + offset,   e, d ≥ 0,   λ, ν ≥ 0 (their dual values),   e λ = d ν = μ
//
// so that λ is the mass of the measure that rests on the outcome at t: what drawdowns at t and later
// hand back to the last peak. Levels add excess and shortage as in a tail program, or for the
// entropic one the tilted probabilities q with d − c = z ln(q / p). Both see d through weights W:
//
//   dq = −W (levels − dd + shift),   W = 1 / (excess / q + shortage / room)   or   q / z
//
// Eliminating d leaves a matrix of the weights and levels only; see DrawdownChain.

/// The primal-dual interior-point iterations for a drawdown program.
struct DrawdownInteriorPoint: ~Copyable {
  /// Distances from the optimality conditions.
  struct Residuals {
    /// Of the gradient in the variables, then in the drawdowns.
    var variables: [Double] = []
    var drawdowns: [Double] = []
    /// Of the changes of drawdowns.
    var changes: [Double] = []
    /// Of the members of levels.
    var members: [Double] = []
    var slots: [Double] = []
    /// One number a row, zero for one that is no equation.
    var equalities: [Double] = []
    var mu = 0.0
    /// What is missed in the objective, and the worst relative miss.
    var gap = Double.infinity
    var merit = Double.infinity
  }

  /// Changes of all unknowns.
  struct Direction {
    var x: [Double] = []
    var y: [Double] = []
    var primal: [Double] = []
    var dual: [Double] = []
    var tilts: [Double] = []
  }

  /// The gap of a scaled program is relative to its objective, but to no less than this.
  private static let leastGapScale = 1e-4

  /// So many steps without gain are the end of double precision.
  private static let patience = 12

  /// Below this step length nothing moves any more.
  private static let leastStep = 1e-9

  var core: TailCore
  let objective: DrawdownObjective
  private(set) var slots: [TailInteriorPoint.Slot] = []
  var system = TailSystem()
  var chain = DrawdownChain()

  var x: [Double]
  /// Dual values of the equations; the objective's derivative with the sign turned.
  var y: [Double]
  /// Changes e, drawdowns d, slacks, then excesses and shortages of a tail; their dual values are λ,
  /// ν, those of bounds, multipliers and what is left of their limits.
  var primal: [Double] = []
  var dual: [Double] = []
  /// The tilted probabilities q of entropic members.
  var tilts: [Double] = []
  private(set) var iterations = 0

  var residuals = Residuals()
  /// The products that a step brings to a target, less the target.
  var target: [Double] = []
  var direction = Direction()
  private var other = Direction()

  /// The weights W and the share of them in all weights of a drawdown, one number a time.
  var memberWeights: [Double] = []
  var shares: [Double] = []
  /// The weights of drawdowns alone, and with those of the levels.
  var ownWeights: [Double] = []
  /// What multiplies the change of the temperature, one number a time.
  var logarithms: [Double] = []

  init(_ core: consuming TailCore, _ objective: DrawdownObjective, near start: [Double]) {
    self.core = core
    self.objective = objective
    x = start
    y = []
    for i in 0..<self.core.count {
      appendSlots(i, isRow: false, self.core.lower[i], self.core.upper[i])
    }
    for k in 0..<self.core.rows.count where !self.core.rows.isEquality(k) {
      appendSlots(k, isRow: true, self.core.rows.lower[k], self.core.rows.upper[k])
    }
    system.restart(count: self.core.count, rows: self.core.rows)
    y.refill(self.core.rows.count, with: 0)
    moveInside()
  }

  private mutating func appendSlots(_ target: Int, isRow: Bool, _ lower: Double, _ upper: Double) {
    if lower.isFinite {
      slots.append(
        TailInteriorPoint.Slot(target: target, isRow: isRow, sign: -1, bound: -lower))
    }
    if upper.isFinite {
      slots.append(TailInteriorPoint.Slot(target: target, isRow: isRow, sign: 1, bound: upper))
    }
  }

  // Where the parts of `primal` and `dual` begin.
  var timeCount: Int { objective.slopes.count }
  var firstSlot: Int { 2 * timeCount }
  var firstExcess: Int { firstSlot + slots.count }
  var firstShortage: Int { firstExcess + objective.tailCount }

  /// The number of the caller's variables.
  var variableCount: Int { core.count - objective.levelCount }

  /// The dual value of a member of the levels.
  func multiplier(_ m: Int) -> Double {
    switch objective.levels {
    case .none: 0
    case .tail: dual[firstExcess + m]
    case .entropic: tilts[m]
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
    interruption: () -> TailInteriorPoint.End?
  ) -> TailInteriorPoint.End {
    var best = (gap: Double.infinity, merit: Double.infinity)
    var withoutGain = 0
    while iterations < maximumIterations {
      if let end = interruption() { return end }
      setResiduals()
      if residuals.merit <= tolerance { return .converged }
      withoutGain += 1
      // Far from the optimum the objective falls as fast as the gap.
      if residuals.merit < best.merit || residuals.gap < best.gap { withoutGain = 0 }
      best = (min(best.gap, residuals.gap), min(best.merit, residuals.merit))
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
    let remaining = mu(after: longestSteps()) / residuals.mu
    let centering = residuals.mu * remaining * remaining * remaining
    for j in target.indices { target[j] += direction.primal[j] * direction.dual[j] - centering }
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
}

// MARK: - Residuals

extension DrawdownInteriorPoint {
  /// The value of the variable or row of a slot, with its sign.
  func value(_ slot: TailInteriorPoint.Slot, _ x: [Double], _ rowValues: [Double]) -> Double {
    slot.sign * (slot.isRow ? rowValues[slot.target] : x[slot.target])
  }

  /// Σ sign z a + Σ y a, with the dual values of slots from a place on.
  func adjoint(_ z: [Double], from first: Int, _ y: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: core.count)
    var rowSums = y
    for (j, slot) in slots.enumerated() {
      if slot.isRow {
        rowSums[slot.target] += slot.sign * z[first + j]
      } else {
        result[slot.target] += slot.sign * z[first + j]
      }
    }
    core.rows.addTransposed(rowSums, to: &result)
    return result
  }

  private mutating func setResiduals() {
    var gap = setChainResiduals()
    let dualSize = setVariableResiduals()
    gap += setMemberResiduals()
    for i in x.indices { gap += (x[i] * residuals.variables[i]).magnitude }
    var rowValues: [Double] = []
    core.rows.setValues(&rowValues, at: x)
    var primalSize = largestMagnitude(Array(x.prefix(variableCount)))
    residuals.slots.refill(slots.count, with: 0)
    for (j, slot) in slots.enumerated() {
      residuals.slots[j] = slot.bound - value(slot, x, rowValues) - primal[firstSlot + j]
      gap += (residuals.slots[j] * dual[firstSlot + j]).magnitude
      primalSize = max(primalSize, slot.bound.magnitude)
    }
    residuals.equalities.refill(core.rows.count, with: 0)
    for k in 0..<core.rows.count where core.rows.isEquality(k) {
      residuals.equalities[k] = core.rows.lower[k] - rowValues[k]
      gap += (residuals.equalities[k] * y[k]).magnitude
      primalSize = max(primalSize, core.rows.lower[k].magnitude)
    }
    let products = dot(primal, dual)
    residuals.gap = gap + products
    let merit = max(
      relative(residuals.gap, to: max(objectiveValue().magnitude, Self.leastGapScale)),
      relative(largestMagnitude(residuals.variables), to: dualSize),
      relative(largestMagnitude(residuals.slots, residuals.equalities), to: primalSize))
    residuals.mu = products / Double(primal.count)
    residuals.merit = merit.isNaN ? .infinity : merit
  }

  private func objectiveValue() -> Double {
    var sum = dot(core.cost, x)
    for t in 0..<timeCount {
      let d = primal[timeCount + t]
      sum += (objective.slopes[t] + objective.curvatures[t] * d / 2) * d
    }
    if case .tail = objective.levels {
      for m in objective.members.indices {
        sum += objective.limits[m] * primal[firstShortage + m]
      }
    }
    return sum
  }

  /// Sets what changes and drawdowns miss; returns the size of it in the objective.
  private mutating func setChainResiduals() -> Double {
    let count = timeCount
    var outcomes: [Double] = []
    setOutcomes(&outcomes, at: x)
    swap(&residuals.changes, &outcomes)
    residuals.drawdowns.refill(count, with: 0)
    var gap = 0.0
    for t in 0..<count {
      let before = t > 0 ? primal[count + t - 1] : 0
      residuals.changes[t] += (primal[count + t] - before) - primal[t]
      let later = t + 1 < count ? dual[t + 1] : 0
      residuals.drawdowns[t] =
        objective.slopes[t] + objective.curvatures[t] * primal[count + t] - dual[count + t]
        - (dual[t] - later)
    }
    for (m, t) in objective.members.enumerated() { residuals.drawdowns[t] += multiplier(m) }
    for t in 0..<count {
      gap += (dual[t] * residuals.changes[t]).magnitude
      gap += (primal[count + t] * residuals.drawdowns[t]).magnitude
    }
    return gap
  }

  /// outcomes := R x + offset.
  func setOutcomes(_ outcomes: inout [Double], at x: [Double]) {
    outcomes.copyElements(of: core.offsets)
    PanelProducts.add(
      core.outcomes, rowCount: timeCount, columnCount: variableCount, .none, x, to: &outcomes)
  }

  /// Sets the gradient of the Lagrangian in the variables; returns the size of its terms.
  private mutating func setVariableResiduals() -> Double {
    let adjoint = adjoint(dual, from: firstSlot, y)
    core.setTransposedProduct(&residuals.variables, with: dual)
    var size = 0.0
    for i in 0..<variableCount {
      size = max(
        size, core.cost[i].magnitude, adjoint[i].magnitude, residuals.variables[i].magnitude)
      residuals.variables[i] = core.cost[i] + adjoint[i] - residuals.variables[i]
    }
    var (mass, divergence) = (0.0, 0.0)
    for m in objective.members.indices {
      let q = multiplier(m)
      mass += q
      if case .entropic = objective.levels {
        let p = objective.limits[m]
        logarithms[objective.members[m]] = log(q / p)
        divergence += q * log(q / p) - (q - p)
      }
    }
    let level = variableCount
    if objective.levelCount > 0 { residuals.variables[level] = 1 - mass }
    if objective.levelCount > 1 {
      residuals.variables[level + 1] = objective.entropy - divergence + adjoint[level + 1]
    }
    return objective.levelCount > 0 ? max(size, 1) : size
  }

  /// Sets what the equations of the levels miss; returns the size of it in the objective.
  private mutating func setMemberResiduals() -> Double {
    residuals.members.refill(objective.members.count, with: 0)
    let level = variableCount
    var gap = 0.0
    for (m, t) in objective.members.enumerated() {
      let margin = x[level] - primal[timeCount + t]
      switch objective.levels {
      case .none: break
      case .tail:
        residuals.members[m] = (primal[firstShortage + m] + margin) - primal[firstExcess + m]
      case .entropic:
        residuals.members[m] = margin + x[level + 1] * logarithms[t]
      }
      gap += (multiplier(m) * residuals.members[m]).magnitude
    }
    return gap
  }
}
