/// What the iterations arrived at, in the scaled units of the core program.
struct TailOutcome {
  /// Where a scenario stands: in the tail, at the value at risk, or above it.
  enum Side { case tail, atRisk, above }

  var x: [Double]
  /// The dual value of each scenario.
  var multipliers: [Double]
  /// Dual values of the rows, positive for a lower bound.
  var rowDuals: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound.
  var boundSide: [Int]
  /// The same for each row; 2 for an equation.
  var rowSide: [Int]
  var scenarioSide: [Side]
}

extension TailInteriorPoint {
  /// The point with the constraints that it takes for active: those whose slack, in units of the
  /// typical variable, is below the dual value.
  func outcome() -> TailOutcome {
    var rowDuals = y.map { -$0 }
    var boundSide = [Int](repeating: 0, count: core.count)
    var rowSide = core.rows.map { $0.isEquality ? 2 : 0 }
    var size = 0.0
    for i in 0..<(core.count - 1) { size += x[i].magnitude }
    size = size > 0 ? size / Double(core.count - 1) : 1
    for (j, slot) in slots.enumerated() {
      let isActive = slack[j] < size * slackDual[j]
      if slot.isRow {
        rowDuals[slot.target] -= slot.sign * slackDual[j]
        if isActive { rowSide[slot.target] = slot.sign > 0 ? 1 : -1 }
      } else if isActive {
        boundSide[slot.target] = slot.sign > 0 ? 1 : -1
      }
    }
    let sides: [TailOutcome.Side] = margin.indices.map { s in
      let limit = core.limits[s]
      if excess[s] * limit >= multiplier[s] { return .above }
      return shortage[s] * limit >= multiplierRoom[s] ? .tail : .atRisk
    }
    return TailOutcome(
      x: x, multipliers: multiplier, rowDuals: rowDuals, boundSide: boundSide, rowSide: rowSide,
      scenarioSide: sides)
  }
}
