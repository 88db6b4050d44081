import KeelNumerics

// The Newton directions and their lengths.

extension SequentialInteriorPoint {
  /// The part of the way to the boundary that a step takes.
  private static let stepFraction = 0.995

  /// Gondzio's aim for the step and the interval of products that count as central.
  private static let aimedGrowth = 1.08
  private static let aimedGain = 0.08
  private static let centralRange = 0.1...10

  /// The largest weight of a bend, in units of a slope over a typical variable: more would drown the curvature.
  private static let largestWeight = 1e10

  /// Nearer to the optimum each system is solved twice: the weights are far apart.
  private static let exactMerit = 1e-5

  /// What every variable has at least, so that directions without curvature do not run away.
  private static let leastWeight = 1e-9

  /// Collects the weights of slots and bends, and eliminates.
  mutating func factor() -> Bool {
    system.weights.diagonal.refill(x.count, with: Self.leastWeight)
    system.weights.rows.refill(model.rows.count, with: 0)
    system.weights.changes.copyElements(of: model.curvatures)
    powerWeights.refill(x.count, with: 0)
    // Far from the optimum the slope of a small change says little.
    let least = model.size * min(residuals.merit * residuals.merit, 1)
    model.forEachPower { own, t, i in
      powerWeights[own] = model.power(own, t, i, x, slopes, least: least).weight
      system.weights.changes[own] += powerWeights[own]
    }
    for (j, slot) in slots.enumerated() {
      let weight = dual[j] / primal[j]
      if slot.isRow {
        system.weights.rows[slot.target] += weight
      } else {
        system.weights.diagonal[slot.target] += weight
      }
    }
    bendWeights.refill(model.bends.count, with: 0)
    for (j, bend) in model.bends.enumerated() {
      let (e, f) = (firstBend + j, firstShortage + j)
      let weight = 1 / (primal[e] / dual[e] + primal[f] / dual[f])
      bendWeights[j] = min(weight, Self.largestWeight / model.size)
      if bend.before >= 0 {
        system.weights.changes[bend.own] += bendWeights[j]
      } else {
        system.weights.diagonal[bend.own] += bendWeights[j]
      }
    }
    return system.factor()
  }

  /// The shift of a bend to its target.
  private func shift(_ j: Int) -> Double {
    let (e, f) = (firstBend + j, firstShortage + j)
    return residuals.bends[j] + target[e] / dual[e] - target[f] / dual[f]
  }

  /// Solves for the direction to the target.
  mutating func findDirection() {
    right.copyElements(of: residuals.gradient)
    for j in right.indices { right[j] = -right[j] }
    for (j, slot) in slots.enumerated() {
      let pull = slot.sign * (target[j] + dual[j] * residuals.slots[j]) / primal[j]
      if slot.isRow {
        model.rows.add(slot.target, times: pull, to: &right)
      } else {
        right[slot.target] += pull
      }
    }
    for (j, bend) in model.bends.enumerated() {
      model.add(-bendWeights[j] * shift(j), of: bend, to: &right)
    }
    model.forEachPower { own, t, i in
      model.addChange(-powerWeights[own] * residuals.powers[own], t, i, to: &right)
    }
    if residuals.merit < Self.exactMerit {
      system.solveTwice(right, residuals.rows, &direction.x, &direction.y)
    } else {
      system.solve(right, residuals.rows, &direction.x, &direction.y)
    }
    direction.slopes.refill(x.count, with: 0)
    model.forEachPower { own, t, i in
      direction.slopes[own] =
        powerWeights[own] * (model.movedChange(t, i, direction.x) + residuals.powers[own])
    }
    completeSlots()
    completeBends()
  }

  private mutating func completeSlots() {
    direction.primal.refill(primal.count, with: 0)
    direction.dual.refill(dual.count, with: 0)
    for (j, slot) in slots.enumerated() {
      let change = residuals.slots[j] - value(slot, direction.x)
      direction.primal[j] = change
      direction.dual[j] = (-target[j] - dual[j] * change) / primal[j]
    }
  }

  private mutating func completeBends() {
    for (j, bend) in model.bends.enumerated() {
      let (e, f) = (firstBend + j, firstShortage + j)
      let moved = model.moved(bend, direction.x)
      let slope = bendWeights[j] * (moved + shift(j))
      let distance = moved + residuals.bends[j]
      direction.dual[e] = -slope
      direction.dual[f] = slope
      // The larger dual value divides, so that nothing is amplified.
      if dual[e] > dual[f] {
        direction.primal[e] = (-target[e] + primal[e] * slope) / dual[e]
        direction.primal[f] = direction.primal[e] - distance
      } else {
        direction.primal[f] = (-target[f] - primal[f] * slope) / dual[f]
        direction.primal[e] = direction.primal[f] + distance
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
    for j in x.indices {
      x[j] += length * direction.x[j]
      slopes[j] += length * direction.slopes[j]
    }
    for k in y.indices { y[k] += length * direction.y[k] }
    for j in primal.indices {
      primal[j] += length * direction.primal[j]
      dual[j] += length * direction.dual[j]
    }
  }
}
