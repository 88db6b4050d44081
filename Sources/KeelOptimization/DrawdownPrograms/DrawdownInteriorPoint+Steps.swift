import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The Newton directions and their lengths.

extension DrawdownInteriorPoint {
  /// The part of the way to the boundary that a step takes.
  private static let stepFraction = 0.995

  /// Gondzio's aim for the step and the interval of products that count as central.
  private static let aimedGrowth = 1.08
  private static let aimedGain = 0.08
  private static let centralRange = 0.1...10

  /// A share of the probability that changes no sum of tilts by what matters before the end.
  private static let negligibleTilt = 1e-6

  /// A share that has a logarithm and no weight.
  private static let leastTilt = 1e-60

  // MARK: - Matrix

  /// Eliminates the drawdowns and factors what is left.
  mutating func factor() -> Bool {
    setWeights()
    let count = timeCount
    var changeWeights = ownWeights
    var drawdownWeights = ownWeights
    for t in 0..<count {
      changeWeights[t] = dual[t] / primal[t]
      drawdownWeights[t] += memberWeights[t]
    }
    chain.factor(changeWeights: changeWeights, drawdownWeights: drawdownWeights)
    setLevelColumns()
    guard chain.setGram(core.outcomes, count: core.count, &system.matrix) else { return false }
    addLevelWeights()
    var sigma = [Double](repeating: 0, count: core.count)
    var rowWeights = [Double](repeating: 0, count: core.rows.count)
    for (j, slot) in slots.enumerated() {
      let weight = dual[firstSlot + j] / primal[firstSlot + j]
      if slot.isRow { rowWeights[slot.target] += weight } else { sigma[slot.target] += weight }
    }
    return system.factor(core.rows, sigma: sigma, rowWeights: rowWeights)
  }

  private mutating func setWeights() {
    let count = timeCount
    ownWeights.refill(count, with: 0)
    memberWeights.refill(count, with: 0)
    shares.refill(count, with: 0)
    for t in 0..<count {
      ownWeights[t] = objective.curvatures[t] + dual[count + t] / primal[count + t]
    }
    for (m, t) in objective.members.enumerated() {
      switch objective.levels {
      case .none: break
      case .tail:
        let excess = primal[firstExcess + m] / dual[firstExcess + m]
        let shortage = primal[firstShortage + m] / dual[firstShortage + m]
        memberWeights[t] = 1 / (excess + shortage)
      case .entropic: memberWeights[t] = tilts[m] / x[variableCount + 1]
      }
      shares[t] = memberWeights[t] / (memberWeights[t] + ownWeights[t])
    }
  }

  /// What a level adds to a drawdown's place: one, or the logarithm for the temperature.
  private func levelElement(_ k: Int, _ t: Int) -> Double { k == 0 ? 1 : logarithms[t] }

  /// The columns of the levels: the changes of shares times elements.
  private mutating func setLevelColumns() {
    let count = timeCount
    for k in 0..<objective.levelCount {
      let start = (variableCount + k) * count
      for t in 0..<count {
        let before = t > 0 ? shares[t - 1] * levelElement(k, t - 1) : 0
        core.outcomes[start + t] = shares[t] * levelElement(k, t) - before
      }
    }
  }

  private mutating func addLevelWeights() {
    let n = core.count
    for j in 0..<objective.levelCount {
      for i in j..<objective.levelCount {
        var sum = 0.0
        for t in 0..<timeCount {
          sum += shares[t] * ownWeights[t] * levelElement(i, t) * levelElement(j, t)
        }
        system.matrix[variableCount + i + (variableCount + j) * n] += sum
      }
    }
  }

  // MARK: - Direction

  /// Solves for the direction to the target.
  mutating func findDirection() {
    let count = timeCount
    let shifts = memberShifts()
    var handed = residuals.changes
    for t in 0..<count { handed[t] = (handed[t] * dual[t] + target[t]) / primal[t] }
    var pull = shifts
    for t in 0..<count {
      let later = t + 1 < count ? handed[t + 1] : 0
      pull[t] =
        memberWeights[t] * shifts[t] - residuals.drawdowns[t]
        - target[count + t] / primal[count + t] - (handed[t] - later)
    }
    var solved = [Double](repeating: 0, count: count)
    chain.solve(&solved, pulls: pull)
    solveForVariables(handed, pull, solved, shifts)
    var moved = [Double](repeating: 0, count: count)
    PanelProducts.add(
      core.outcomes, rowCount: count, columnCount: variableCount, .none, direction.x, to: &moved)
    var image = moved
    for k in variableCount..<core.count {
      let (start, change) = (k * count, direction.x[k])
      for t in 0..<count { image[t] += core.outcomes[start + t] * change }
    }
    chain.solve(&image, pulls: pull)
    direction.primal.refill(primal.count, with: 0)
    direction.dual.refill(dual.count, with: 0)
    for t in 0..<count { direction.dual[t] = -(image[t] + handed[t]) }
    completeChain(moved, shifts)
    completeMembers(shifts)
    completeSlots()
  }

  /// The shift of each member to its target, one number a time.
  private func memberShifts() -> [Double] {
    var result = [Double](repeating: 0, count: timeCount)
    for (m, t) in objective.members.enumerated() {
      result[t] = residuals.members[m]
      if case .tail = objective.levels {
        let (w, u) = (firstExcess + m, firstShortage + m)
        result[t] += target[w] / dual[w] - target[u] / dual[u]
      }
    }
    return result
  }

  /// Sets the changes of variables, levels and dual values of equations.
  private mutating func solveForVariables(
    _ handed: [Double],
    _ pull: [Double],
    _ solved: [Double],
    _ shifts: [Double]
  ) {
    var slotShifts = residuals.slots
    for j in slots.indices {
      let place = firstSlot + j
      slotShifts[j] = (target[place] + dual[place] * slotShifts[j]) / primal[place]
    }
    let adjoint = adjoint(
      slotShifts, from: 0, [Double](repeating: 0, count: core.rows.count))
    var right: [Double] = []
    var weighted = solved
    for t in weighted.indices { weighted[t] = -(solved[t] + handed[t]) }
    core.setTransposedProduct(&right, with: weighted)
    for k in 0..<objective.levelCount {
      var sum = 0.0
      for t in solved.indices {
        let own = memberWeights[t] * shifts[t]
        let place = (variableCount + k) * timeCount + t
        // The columns of levels do not hand back what the changes of drawdowns miss.
        sum += handed[t] * core.outcomes[place]
        sum += levelElement(k, t) * (shares[t] * (pull[t] - own) - (1 - shares[t]) * own)
      }
      right[variableCount + k] += sum
    }
    for i in right.indices { right[i] += adjoint[i] - residuals.variables[i] }
    system.solve(core.rows, right, system.borderRows.map { residuals.equalities[$0] })
    direction.x.copyElements(of: system.x)
    direction.y.refill(core.rows.count, with: 0)
    for (b, k) in system.borderRows.enumerated() where core.rows.isEquality(k) {
      direction.y[k] = system.v[b]
    }
  }

  /// The change of the levels as a drawdown sees it.
  private func levelChange(_ t: Int) -> Double {
    var sum = 0.0
    for k in 0..<objective.levelCount {
      sum += levelElement(k, t) * direction.x[variableCount + k]
    }
    return sum
  }

  /// The changes of drawdowns and their dual values; the larger dual value divides, so that nothing is
  /// amplified.
  private mutating func completeChain(_ moved: [Double], _ shifts: [Double]) {
    let count = timeCount
    var before = 0.0
    for t in 0..<count {
      let depth = count + t
      let flow = direction.dual[t] - (t + 1 < count ? direction.dual[t + 1] : 0)
      let shift = moved[t] + residuals.changes[t]
      var change: Double
      if dual[t] > dual[depth] {
        direction.primal[t] = (-target[t] - primal[t] * direction.dual[t]) / dual[t]
        change = before + direction.primal[t] - shift
        direction.dual[depth] = (-target[depth] - dual[depth] * change) / primal[depth]
      } else {
        let level = memberWeights[t] * (levelChange(t) + shifts[t])
        change =
          (level - residuals.drawdowns[t] - target[depth] / primal[depth] + flow) * chain.gaps[t]
        direction.primal[t] = change - before + shift
        direction.dual[depth] =
          (objective.curvatures[t] + memberWeights[t]) * change - level - flow
          + residuals.drawdowns[t]
      }
      direction.primal[depth] = change
      before = change
    }
  }

  private mutating func completeMembers(_ shifts: [Double]) {
    direction.tilts.refill(tilts.count, with: 0)
    for (m, t) in objective.members.enumerated() {
      let moved = levelChange(t) - direction.primal[timeCount + t]
      let change = -memberWeights[t] * (moved + shifts[t])
      if case .entropic = objective.levels {
        direction.tilts[m] = change
        continue
      }
      let residual = moved + residuals.members[m]
      let (w, u) = (firstExcess + m, firstShortage + m)
      direction.dual[w] = change
      direction.dual[u] = -change
      if dual[w] > dual[u] {
        direction.primal[w] = (-target[w] - primal[w] * change) / dual[w]
        direction.primal[u] = direction.primal[w] - residual
      } else {
        direction.primal[u] = (-target[u] + primal[u] * change) / dual[u]
        direction.primal[w] = direction.primal[u] + residual
      }
    }
  }

  private mutating func completeSlots() {
    var rowValues: [Double] = []
    core.rows.setValues(&rowValues, at: direction.x)
    for (j, slot) in slots.enumerated() {
      let place = firstSlot + j
      let change = residuals.slots[j] - value(slot, direction.x, rowValues)
      direction.primal[place] = change
      direction.dual[place] = (-target[place] - dual[place] * change) / primal[place]
    }
  }

  // MARK: - Length

  /// The longest steps that keep everything non-negative, for primal and dual unknowns, up to a full
  /// step after the fraction of it that is taken.
  func longestSteps() -> (primal: Double, dual: Double) {
    var lengths = (primal: 1 / Self.stepFraction, dual: 1 / Self.stepFraction)
    func limit(_ length: inout Double, _ value: Double, _ change: Double) {
      if change < 0 { length = min(length, -value / change) }
      if change.isNaN { length = 0 }
    }
    for j in primal.indices {
      limit(&lengths.primal, primal[j], direction.primal[j])
      limit(&lengths.dual, dual[j], direction.dual[j])
    }
    if objective.needsEqualSteps {
      lengths.primal = min(lengths.primal, lengths.dual)
      lengths.dual = lengths.primal
    }
    return lengths
  }

  /// The mean product after a step.
  func mu(after longest: (primal: Double, dual: Double)) -> Double {
    let length = (primal: min(1, longest.primal), dual: min(1, longest.dual))
    var sum = 0.0
    for j in primal.indices {
      sum +=
        (primal[j] + length.primal * direction.primal[j])
        * (dual[j] + length.dual * direction.dual[j])
    }
    return sum / Double(primal.count)
  }

  /// Makes the target also bring outlying products of a longer step back to the central range.
  mutating func centerTarget(_ length: (primal: Double, dual: Double), centering: Double) {
    let primalLength = min(1, length.primal * Self.aimedGrowth + Self.aimedGain)
    let dualLength = min(1, length.dual * Self.aimedGrowth + Self.aimedGain)
    let least = Self.centralRange.lowerBound * centering
    let most = Self.centralRange.upperBound * centering
    for j in primal.indices {
      let product =
        (primal[j] + primalLength * direction.primal[j])
        * (dual[j] + dualLength * direction.dual[j])
      if product < least { target[j] -= least - product }
      if product > most { target[j] -= max(most - product, -most) }
    }
  }

  /// Takes a step.
  mutating func move(_ length: (primal: Double, dual: Double)) {
    let primalLength = min(1, Self.stepFraction * length.primal)
    let dualLength = min(1, Self.stepFraction * length.dual)
    for i in x.indices { x[i] += primalLength * direction.x[i] }
    for k in y.indices { y[k] += dualLength * direction.y[k] }
    for j in primal.indices {
      primal[j] += primalLength * direction.primal[j]
      dual[j] += dualLength * direction.dual[j]
    }
    for m in tilts.indices {
      // A tilt that falls does so in its logarithm, in which its equation is linear; one that rises
      // stays below that, but while it is negligible.
      let change = dualLength * direction.tilts[m]
      let moved = tilts[m] * exp(change / tilts[m])
      let negligible = Self.negligibleTilt * objective.limits[m]
      let next = change < 0 ? moved : max(tilts[m] + change, min(moved, negligible))
      tilts[m] = max(next, Self.leastTilt * objective.limits[m])
    }
  }
}
