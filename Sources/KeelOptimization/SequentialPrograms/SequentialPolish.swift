import KeelNumerics

// Goals: (1) a point that meets the optimality conditions to rounding; (2) few eliminations.
//
// The active constraints of an approximate point are taken for equations and the rest is left out. Changes that rest at a
// bend are equations between two steps: a large weight in the place of an infinite one, and its multiplier, found by a
// few corrections (the method of multipliers) that all use one elimination. What contradicts its sign or is missed
// changes sides, and the rounds go on until nothing does.

/// The sides that a point of a sequential program takes, and the point that belongs to them.
struct SequentialPolish: ~Copyable {
  /// The numbers of rounds and of corrections in each.
  private static let mostRounds = 12
  private static let mostCorrections = 16

  /// The weight of an equation between two steps, in units of the curvature.
  private static let bond = 1e4

  /// What counts as missed: a part of the typical variable, and of a typical slope.
  private static let tolerance = 1e-13

  private let model: SequentialModel
  private var system: SequentialSystem
  private var weights: [SequentialSystem.Weights]

  private(set) var x: [[Double]]
  /// Dual values of rows, with the sign of the gradient.
  private(set) var y: [[Double]]
  /// One slope a bend.
  private(set) var slopes: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound; 2 at a bend.
  private var sides: [[Int]]
  private var rowSides: [[Int]]
  /// For each bend −1, 0 or 1: below, at rest, above.
  private var bendSides: [Int]
  private var gradients: [[Double]]
  private var bonds: [Double] = []

  /// Reads the sides of the iterations' point: what is smaller, in natural units, rests.
  init(_ method: borrowing SequentialInteriorPoint) {
    model = method.model
    system = SequentialSystem(model.matrices, model.rows, linkCount: model.linkCount)
    weights = method.weights
    x = method.x
    y = method.y
    gradients = model.zeros
    sides = model.steps.map { step in
      step.lower.indices.map { step.lower[$0] == step.upper[$0] ? -1 : 0 }
    }
    rowSides = model.steps.map { step in step.rows.map { $0.isEquality ? 2 : 0 } }
    slopes = []
    bendSides = []
    let size = model.size
    for (j, slot) in method.slots.enumerated() {
      let isActive = method.primal[j] < size * method.dual[j]
      if slot.isRow {
        y[slot.step][slot.target] += slot.sign * method.dual[j]
        if isActive { rowSides[slot.step][slot.target] = slot.sign > 0 ? 1 : -1 }
      } else if isActive {
        sides[slot.step][slot.target] = slot.sign > 0 ? 1 : -1
      }
    }
    for (j, bend) in model.bends.enumerated() {
      let (e, f) = (method.firstBend + j, method.firstShortage + j)
      let range = bend.above + bend.below
      let side =
        method.primal[e] * range > size * method.dual[e]
        ? 1 : method.primal[f] * range > size * method.dual[f] ? -1 : 0
      bendSides.append(side)
      slopes.append(method.slope(j))
    }
    setBonds()
  }

  /// The weight of the bond of each change: many times the curvature at its ends.
  private mutating func setBonds() {
    for bend in model.bends {
      let n = model.count(bend.step)
      var curvature = model.matrices[bend.step][bend.index * (n + 1)]
      if bend.step > 0 {
        let before = model.count(bend.step - 1)
        curvature += model.matrices[bend.step - 1][bend.index * (before + 1)]
      }
      bonds.append(Self.bond * max(curvature, Self.leastCurvature))
    }
  }

  /// A curvature that stands for none: slopes change by a tenth over a typical variable.
  private static let leastCurvature = 0.1

  /// Runs rounds until no side changes.
  ///
  /// - Returns: Whether that was reached.
  mutating func run() -> Bool {
    for _ in 0..<Self.mostRounds {
      guard solve() else { print("solve failed"); return false }
      print("round", residuals().worst, sides.joined().count { $0 == 0 }, bendSides.count { $0 == 0 })
      if !changeSides() { print("done"); return true }
    }
    return false
  }

  /// The point and multipliers of the present sides.
  private mutating func solve() -> Bool {
    settleSides()
    var isFactored = false
    let isCurved = model.changes.contains { !$0.powers.isEmpty }
    var (direction, prices) = (model.zeros, model.rowZeros)
    var last = Double.infinity
    for _ in 0..<(isCurved ? 4 : 1) * Self.mostCorrections {
      let (right, values, worst) = residuals()
      if worst == 0 || worst >= last && worst < Self.tolerance { return true }
      last = worst
      if !isFactored || isCurved {
        setWeights()
        guard system.factor(weights) else { return false }
        isFactored = true
      }
      system.solve(right, values, &direction, &prices)
      guard direction.allSatisfy({ largestMagnitude($0) < .infinity }) else { return false }
      for t in x.indices {
        for i in x[t].indices { x[t][i] += direction[t][i] }
        for k in y[t].indices { y[t][k] += prices[t][k] }
      }
      for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 && bend.isChange {
        // The weight acted on the change and on what was missed before it.
        slopes[j] += bonds[j] * (model.value(bend, x) - bend.reference)
      }
    }
    return true
  }

  /// Puts variables on their bounds and references, slopes on their sides.
  private mutating func settleSides() {
    for t in x.indices {
      for i in x[t].indices where sides[t][i] != 0 {
        if sides[t][i] < 0 { x[t][i] = model.steps[t].lower[i] }
        if sides[t][i] == 1 { x[t][i] = model.steps[t].upper[i] }
      }
      for k in y[t].indices where rowSides[t][k] == 0 { y[t][k] = 0 }
    }
    for (j, bend) in model.bends.enumerated() {
      if bendSides[j] != 0 { slopes[j] = bendSides[j] > 0 ? bend.above : -bend.below }
      if bend.isChange { continue }
      let (t, i) = (bend.step, bend.index)
      if bendSides[j] == 0, sides[t][i] == 0 || sides[t][i] == 2 {
        sides[t][i] = 2
        x[t][i] = bend.reference
      }
    }
  }

  /// The right-hand sides of a correction, and the largest miss in natural units.
  private mutating func residuals() -> (right: [[Double]], values: [[Double]], worst: Double) {
    setGradients()
    var right = gradients
    var values = model.rowZeros
    var worst = 0.0
    for t in x.indices {
      for i in x[t].indices {
        right[t][i] = -right[t][i]
        if sides[t][i] == 0 { worst = max(worst, right[t][i].magnitude) }
      }
      for k in y[t].indices where rowSides[t][k] != 0 {
        let rows = model.rows[t]
        let bound = rowSides[t][k] < 0 ? rows.lower[k] : rows.upper[k]
        values[t][k] = bound - rows.value(k, at: x[t])
        worst = max(worst, values[t][k].magnitude / model.size)
      }
    }
    for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 && bend.isChange {
      let miss = model.value(bend, x) - bend.reference
      worst = max(worst, miss.magnitude / model.size)
      model.add(-bonds[j] * miss, of: bend, to: &right)
    }
    return (right, values, worst)
  }

  private mutating func setGradients() {
    model.setGradients(&gradients, at: x)
    for (j, bend) in model.bends.enumerated() { model.add(slopes[j], of: bend, to: &gradients) }
    for t in x.indices {
      for k in y[t].indices where y[t][k] != 0 {
        model.rows[t].add(k, times: y[t][k], to: &gradients[t])
      }
    }
  }

  private mutating func setWeights() {
    for t in x.indices {
      weights[t].diagonal.refill(x[t].count, with: 0)
      weights[t].rows.refill(model.rows[t].count, with: 0)
      for i in x[t].indices { weights[t].isHeld[i] = sides[t][i] != 0 }
      for k in y[t].indices { weights[t].isEquation[k] = rowSides[t][k] != 0 }
      for i in 0..<model.linkCount {
        weights[t].changes[i] = model.changes[t].curvature(model.change(t, i, x), i)
      }
    }
    for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 && bend.isChange {
      weights[bend.step].changes[bend.index] += bonds[j]
    }
  }
}

// MARK: - Sides

extension SequentialPolish {
  /// Moves what contradicts its side; returns whether anything did.
  private mutating func changeSides() -> Bool {
    setGradients()
    var isChanged = false
    let (room, slack) = (1e3 * Self.tolerance, 1e3 * Self.tolerance * model.size)
    for (j, bend) in model.bends.enumerated() where isAtRest(j) {
      let (t, i) = (bend.step, bend.index)
      let slope = min(max(slopes[j] - gradients[t][i], -bend.below), bend.above)
      gradients[t][i] += slope - slopes[j]
      slopes[j] = slope
    }
    for (j, bend) in model.bends.enumerated() {
      let side = bendSides[j]
      var next = side
      if side != 0 {
        let distance = model.value(bend, x) - bend.reference
        if Double(side) * distance < -slack { next = 0 }
      } else if bend.isChange {
        if slopes[j] > bend.above + room { next = 1 }
        if slopes[j] < -bend.below - room { next = -1 }
      } else if isAtRest(j) {
        let gradient = gradients[bend.step][bend.index]
        if gradient.magnitude > room { next = gradient < 0 ? 1 : -1 }
      }
      if next == side { continue }
      bendSides[j] = next
      isChanged = true
    }
    for t in x.indices {
      for i in x[t].indices where sides[t][i] == 2 && gradients[t][i].magnitude > room {
        sides[t][i] = 0
      }
    }
    for t in x.indices {
      let step = model.steps[t]
      for i in x[t].indices where !model.isFixed(t, i) {
        var next = sides[t][i]
        switch next {
        case 0: next = x[t][i] < step.lower[i] - slack ? -1 : x[t][i] > step.upper[i] + slack ? 1 : 0
        case -1: if gradients[t][i] < -room { next = 0 }
        case 1: if gradients[t][i] > room { next = 0 }
        default: break
        }
        if next != sides[t][i] { isChanged = true }
        sides[t][i] = next
      }
      if changeRowSides(t, room, slack) { isChanged = true }
    }
    return isChanged
  }

  /// Whether a variable is held at a bend.
  private func isAtRest(_ j: Int) -> Bool {
    let bend = model.bends[j]
    return bendSides[j] == 0 && !bend.isChange && sides[bend.step][bend.index] == 2
  }

  private mutating func changeRowSides(_ t: Int, _ room: Double, _ slack: Double) -> Bool {
    var isChanged = false
    let rows = model.rows[t]
    for k in y[t].indices where rowSides[t][k] != 2 {
      let value = rows.value(k, at: x[t])
      var next = rowSides[t][k]
      switch next {
      case 0: next = value < rows.lower[k] - slack ? -1 : value > rows.upper[k] + slack ? 1 : 0
      case -1: if y[t][k] > room { next = 0 }
      default: if y[t][k] < -room { next = 0 }
      }
      if next != rowSides[t][k] { isChanged = true }
      rowSides[t][k] = next
    }
    return isChanged
  }

  /// Makes changes at rest exact: from where a variable is held, forward and backward in time.
  mutating func snap() {
    var rests = model.steps.map { _ in [Double](repeating: .nan, count: model.linkCount) }
    for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 && bend.isChange {
      rests[bend.step][bend.index] = bend.reference
    }
    for i in 0..<model.linkCount {
      var isAnchored = true
      for t in x.indices {
        let before = t > 0 ? x[t - 1][i] : model.start[i]
        let isHeld = sides[t][i] != 0
        if isHeld {
          // What rests before a held variable follows it.
          var s = t
          while s > 0, !rests[s][i].isNaN, sides[s - 1][i] == 0, !isAnchored {
            x[s - 1][i] = x[s][i] - rests[s][i]
            s -= 1
          }
          isAnchored = true
        } else if rests[t][i].isNaN {
          isAnchored = false
        } else {
          x[t][i] = before + rests[t][i]
        }
      }
    }
    for t in x.indices {
      for i in x[t].indices {
        x[t][i] = min(max(x[t][i], model.steps[t].lower[i]), model.steps[t].upper[i])
      }
    }
  }
}
