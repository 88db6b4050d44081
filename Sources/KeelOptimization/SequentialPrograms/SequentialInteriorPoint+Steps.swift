import KeelNumerics

// The Newton directions and their lengths.

extension SequentialInteriorPoint {
  /// The part of the way to the boundary that a step takes.
  private static let stepFraction = 0.995

  /// Gondzio's aim for the step and the interval of products that count as central.
  private static let aimedGrowth = 1.08
  private static let aimedGain = 0.08
  private static let centralRange = 0.1...10

  /// The weight W of a bend.
  private func weight(_ j: Int) -> Double {
    1
      / (primal[firstBend + j] / dual[firstBend + j]
        + primal[firstShortage + j] / dual[firstShortage + j])
  }

  /// Collects the weights of slots and bends, and eliminates.
  mutating func factor() -> Bool {
    for t in x.indices {
      weights[t].diagonal.refill(x[t].count, with: 0)
      weights[t].rows.refill(model.rows[t].count, with: 0)
      for i in 0..<model.linkCount {
        weights[t].changes[i] = model.changes[t].curvature(model.change(t, i, x), i)
      }
    }
    for (j, slot) in slots.enumerated() {
      let weight = dual[j] / primal[j]
      if slot.isRow {
        weights[slot.step].rows[slot.target] += weight
      } else {
        weights[slot.step].diagonal[slot.target] += weight
      }
    }
    for (j, bend) in model.bends.enumerated() {
      if bend.isChange {
        weights[bend.step].changes[bend.index] += weight(j)
      } else {
        weights[bend.step].diagonal[bend.index] += weight(j)
      }
    }
    return system.factor(weights)
  }

  /// The shift of a bend to its target.
  private func shift(_ j: Int) -> Double {
    let (e, f) = (firstBend + j, firstShortage + j)
    return residuals.bends[j] + target[e] / dual[e] - target[f] / dual[f]
  }

  /// Solves for the direction to the target.
  mutating func findDirection() {
    var right = residuals.gradients
    for t in right.indices { for i in right[t].indices { right[t][i] = -right[t][i] } }
    for (j, slot) in slots.enumerated() {
      let pull = slot.sign * (target[j] + dual[j] * residuals.slots[j]) / primal[j]
      if slot.isRow {
        model.rows[slot.step].add(slot.target, times: pull, to: &right[slot.step])
      } else {
        right[slot.step][slot.target] += pull
      }
    }
    for (j, bend) in model.bends.enumerated() {
      model.add(-weight(j) * shift(j), of: bend, to: &right)
    }
    system.solve(right, residuals.rows, &direction.x, &direction.y)
    direction.primal.refill(primal.count, with: 0)
    direction.dual.refill(dual.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let change = residuals.slots[j] - value(slot, direction.x)
      direction.primal[j] = change
      direction.dual[j] = (-target[j] - dual[j] * change) / primal[j]
    }
    for (j, bend) in model.bends.enumerated() {
      let (e, f) = (firstBend + j, firstShortage + j)
      let moved = model.moved(bend, direction.x) + residuals.bends[j]
      let slope = weight(j) * (moved - residuals.bends[j] + shift(j))
      direction.dual[e] = -slope
      direction.dual[f] = slope
      // The larger dual value divides, so that nothing is amplified.
      if dual[e] > dual[f] {
        direction.primal[e] = (-target[e] + primal[e] * slope) / dual[e]
        direction.primal[f] = direction.primal[e] - moved
      } else {
        direction.primal[f] = (-target[f] - primal[f] * slope) / dual[f]
        direction.primal[e] = direction.primal[f] + moved
      }
    }
  }

  /// The longest step that keeps everything non-negative, up to a full step after the fraction of it that
  /// is taken.
  func longestStep() -> Double {
    var length = 1 / Self.stepFraction
    for j in primal.indices {
      if direction.primal[j] < 0 { length = min(length, -primal[j] / direction.primal[j]) }
      if direction.dual[j] < 0 { length = min(length, -dual[j] / direction.dual[j]) }
      if direction.primal[j].isNaN || direction.dual[j].isNaN { length = 0 }
    }
    return length
  }

  /// The mean product after a step.
  func mu(after length: Double) -> Double {
    var sum = 0.0
    for j in primal.indices {
      sum += (primal[j] + length * direction.primal[j]) * (dual[j] + length * direction.dual[j])
    }
    return sum / Double(primal.count)
  }

  /// Makes the target also bring outlying products of a longer step back to the central range.
  mutating func centerTarget(_ length: Double, centering: Double) {
    let length = min(1, length * Self.aimedGrowth + Self.aimedGain)
    let least = Self.centralRange.lowerBound * centering
    let most = Self.centralRange.upperBound * centering
    for j in primal.indices {
      let product =
        (primal[j] + length * direction.primal[j]) * (dual[j] + length * direction.dual[j])
      if product < least { target[j] -= least - product }
      if product > most { target[j] -= max(most - product, -most) }
    }
  }

  /// Takes a step.
  mutating func move(_ longest: Double) {
    let length = min(1, Self.stepFraction * longest)
    for t in x.indices {
      for i in x[t].indices { x[t][i] += length * direction.x[t][i] }
      for k in y[t].indices { y[t][k] += length * direction.y[t][k] }
    }
    for j in primal.indices {
      primal[j] += length * direction.primal[j]
      dual[j] += length * direction.dual[j]
    }
  }
}
