/// What the iterations arrived at, in the scaled units of the core program.
struct TailOutcome {
  /// Where a scenario stands: in the tail, at the value at risk, or above it.
  enum Side { case tail, atRisk, above }

  var x: [Double] = []
  /// The dual value of each scenario.
  var multipliers: [Double] = []
  /// Dual values of the rows, positive for a lower bound.
  var rowDuals: [Double] = []
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound.
  var boundSide: [Int] = []
  /// The same for each row; 2 for an equation.
  var rowSide: [Int] = []
  var scenarioSide: [Side] = []

  /// Becomes a copy of another outcome, in its own memory.
  mutating func copyElements(of other: borrowing TailOutcome) {
    x.copyElements(of: other.x)
    multipliers.copyElements(of: other.multipliers)
    rowDuals.copyElements(of: other.rowDuals)
    boundSide.copyElements(of: other.boundSide)
    rowSide.copyElements(of: other.rowSide)
    scenarioSide.copyElements(of: other.scenarioSide)
  }

  mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int) {
    x.reserveCapacity(count)
    rowDuals.reserveCapacity(rowCount)
    rowSide.reserveCapacity(rowCount)
    boundSide.reserveCapacity(count)
    multipliers.reserveCapacity(scenarioCount)
    scenarioSide.reserveCapacity(scenarioCount)
  }
}

extension TailInteriorPoint {
  /// The point with the constraints that it takes for active: those whose slack, in units of the
  /// typical variable, is below the dual value.
  func describe(_ outcome: inout TailOutcome) {
    outcome.x.copyElements(of: x)
    outcome.multipliers.copyElements(of: multiplier)
    outcome.rowDuals.copyElements(of: y)
    for k in outcome.rowDuals.indices { outcome.rowDuals[k] = -outcome.rowDuals[k] }
    outcome.boundSide.refill(core.count, with: 0)
    outcome.rowSide.refill(core.rows.count, with: 0)
    for k in 0..<core.rows.count where core.rows.isEquality(k) { outcome.rowSide[k] = 2 }
    var size = 0.0
    for i in 0..<(core.count - 1) { size += x[i].magnitude }
    size = size > 0 ? size / Double(core.count - 1) : 1
    for (j, slot) in slots.enumerated() {
      let isActive = slack[j] < size * slackDual[j]
      if slot.isRow {
        outcome.rowDuals[slot.target] -= slot.sign * slackDual[j]
        if isActive { outcome.rowSide[slot.target] = slot.sign > 0 ? 1 : -1 }
      } else if isActive {
        outcome.boundSide[slot.target] = slot.sign > 0 ? 1 : -1
      }
    }
    outcome.scenarioSide.refill(margin.count, with: .atRisk)
    for s in margin.indices {
      let limit = core.limits[s]
      if excess[s] * limit >= multiplier[s] {
        outcome.scenarioSide[s] = .above
      } else if shortage[s] * limit >= multiplierRoom[s] {
        outcome.scenarioSide[s] = .tail
      }
    }
  }
}
