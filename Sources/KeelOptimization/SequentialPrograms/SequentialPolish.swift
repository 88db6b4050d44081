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
  static let mostRounds = 40
  private static let mostCorrections = 16

  /// All that contradicts its side changes it in so many first rounds, in the others the worst alone.
  private static let mostWideRounds = 16

  /// The weight of an equation between two steps, in units of the curvature.
  private static let bond = 1e4
  /// The weight of staying where a correction begins, in the same units: it vanishes with the corrections, and
  /// directions without curvature do not move.
  private static let proximity = 1e-7
  /// A curvature that stands for none: slopes change by a tenth over a typical variable.
  private static let leastCurvature = 0.1

  /// Corrections end where they gain less than this factor.
  private static let leastGain = 0.5

  /// So many corrections tell which sides are contradicted by more than this; the rest is removed when none is.
  private static let roughCorrections = 2
  private static let roughTolerance = 1e-6

  /// What equations that contradict each other leave.
  private static let inconsistency = 1e-3

  /// A part of the typical variable within which a given point is on a side.
  private static let nearness = 1e-9

  /// The side, times that of the bend, of a variable that leaves it.
  static let leaving = 3

  /// What counts as missed: a part of the typical variable, and of a typical slope.
  static let tolerance = 1e-10

  let model: SequentialModel
  private var system: SequentialSystem

  private(set) var rounds = 0
  var x: [Double]
  /// Dual values of rows, with the sign of the gradient.
  var y: [Double]
  /// One slope a bend, and one for the power of each change.
  var bendSlopes: [Double] = []
  private(set) var powerSlopes: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound; 2 at a bend.
  var sides: [Int] = []
  var rowSides: [Int] = []
  /// For each bend −1, 0 or 1: below, at rest, above.
  var bendSides: [Int] = []
  var gradient: [Double] = []
  private var right: [Double] = []
  private var values: [Double] = []
  private var direction: [Double] = []
  private var prices: [Double] = []
  private var bonds: [Double] = []
  /// The equations between two steps that bind a variable which moves.
  private var bonded: [Int] = []
  /// The linear term and the slopes of all other bends.
  private var base: [Double] = []
  private var anchors: [Double] = []
  /// Whether the change to a variable is known, so that the slope of its power is.
  private var isPinned: [Bool] = []
  var moves: [Move] = []

  /// Reads the sides of the iterations' point: what is smaller, in natural units, rests.
  init(_ method: borrowing SequentialInteriorPoint) {
    model = method.model
    system = SequentialSystem(model)
    system.weights = method.system.weights
    x = method.x
    y = method.y
    powerSlopes = method.slopes
    let size = model.size
    reserve()
    for j in 0..<model.count { sides.append(model.isFixed(j) ? -1 : 0) }
    for k in 0..<model.rows.count { rowSides.append(model.rows.isEquality(k) ? 2 : 0) }
    for (j, slot) in method.slots.enumerated() {
      let isActive = method.primal[j] < size * method.dual[j]
      if slot.isRow {
        y[slot.target] += slot.sign * method.dual[j]
        if isActive { rowSides[slot.target] = slot.sign > 0 ? 1 : -1 }
      } else if isActive {
        sides[slot.target] = slot.sign > 0 ? 1 : -1
      }
    }
    for (j, bend) in model.bends.enumerated() {
      let (e, f) = (method.firstBend + j, method.firstShortage + j)
      let range = bend.above + bend.below
      let side =
        method.primal[e] * range > size * method.dual[e]
        ? 1 : method.primal[f] * range > size * method.dual[f] ? -1 : 0
      bendSides.append(side)
      bendSlopes.append(method.slope(j))
    }
    setBonds()
  }

  /// Reads the sides of a point that is exact on them.
  ///
  /// - Parameters:
  ///   - model: The program.
  ///   - point: A number for each variable.
  init(_ model: SequentialModel, at point: [Double]) {
    self.model = model
    system = SequentialSystem(model)
    system.weights.isHeld = [Bool](repeating: false, count: model.count)
    system.weights.isEquation = [Bool](repeating: false, count: model.rows.count)
    x = point
    y = [Double](repeating: 0, count: model.rows.count)
    powerSlopes = y
    powerSlopes.refill(model.count, with: 0)
    model.forEachPower { own, t, i in
      powerSlopes[own] = model.powerSlope(own, model.change(t, i, x))
    }
    reserve()
    for j in 0..<model.count {
      sides.append(x[j] <= model.lower[j] ? -1 : x[j] >= model.upper[j] ? 1 : 0)
    }
    for k in 0..<model.rows.count {
      if model.rows.isEquality(k) { rowSides.append(2); continue }
      let value = model.rows.value(k, at: x)
      let room = Self.nearness * model.size
      rowSides.append(
        value - model.rows.lower[k] <= room ? -1 : model.rows.upper[k] - value <= room ? 1 : 0)
    }
    for bend in model.bends {
      let distance = model.distance(bend, x)
      let side = distance.magnitude <= Self.nearness * model.size ? 0 : distance > 0 ? 1 : -1
      bendSides.append(side)
      bendSlopes.append(side > 0 ? bend.above : side < 0 ? -bend.below : 0)
    }
    setBonds()
  }

  private mutating func reserve() {
    sides.reserveCapacity(model.count)
    rowSides.reserveCapacity(model.rows.count)
    bendSides.reserveCapacity(model.bends.count)
    bendSlopes.reserveCapacity(model.bends.count)
    bonds.reserveCapacity(model.bends.count)
  }

  /// The weight of the bond of each change: many times the curvature at its ends.
  private mutating func setBonds() {
    var diagonal: [Double] = []
    diagonal.reserveCapacity(model.count)
    for t in 0..<model.stepCount {
      let n = model.variables(t).count
      for i in 0..<n { diagonal.append(model.matrices[t][i * (n + 1)]) }
    }
    for bend in model.bends {
      let curvature = diagonal[bend.own] + (bend.before >= 0 ? diagonal[bend.before] : 0)
      bonds.append(Self.bond * max(curvature, Self.leastCurvature))
    }
    anchors = diagonal.map { Self.proximity * max($0, Self.leastCurvature) }
  }

  /// Runs rounds until no side changes.
  ///
  /// - Parameters:
  ///   - limit: The most rounds.
  ///   - isInterrupted: Asked before each round.
  mutating func run(limit: Int = mostRounds, isInterrupted: () -> Bool) {
    var isRough = true
    for round in 0..<max(0, min(limit, Self.mostRounds)) {
      guard !isInterrupted(), solve(isRough: isRough, isFactored: !isRough) else { return }
      rounds += 1
      let tolerance = isRough ? Self.roughTolerance : Self.tolerance
      if changeSides(share: round < Self.mostWideRounds ? 0 : 1, tolerance: tolerance) {
        isRough = true
      } else {
        if !isRough { return }
        isRough = false
      }
    }
  }

  /// Finds the point and multipliers of the present sides.
  ///
  /// - Parameters:
  ///   - isRough: Whether a few corrections are enough.
  ///   - isFactored: Whether the sides are those of the last system.
  /// - Returns: Whether there are any.
  private mutating func solve(isRough: Bool, isFactored: Bool) -> Bool {
    settleSides()
    var isFactored = isFactored
    var last = Double.infinity
    for correction in 1...(model.hasPowers ? 2 : 1) * Self.mostCorrections {
      let worst = setResiduals()
      if worst == 0 || worst > Self.leastGain * last && worst < Self.tolerance {
        return true
      }
      last = worst
      if !isFactored || model.hasPowers {
        setWeights()
        guard system.factor() else { return false }
        isFactored = true
      }
      system.solve(right, values, &direction, &prices)
      guard Self.isFinite(direction) else { return false }
      model.forEachPower { own, t, i in
        if isPinned[own] { return }
        let (miss, weight) = model.power(own, t, i, x, powerSlopes)
        powerSlopes[own] += weight * (miss + model.movedChange(t, i, direction))
      }
      Self.add(direction, to: &x)
      Self.add(prices, to: &y)
      correctBonds()
      if isRough, correction == Self.roughCorrections { return true }
    }
    return last <= Self.inconsistency
  }

  /// Adds to the slope of each bond its weight times what is missed: the weight acted on the change and on what was missed
  /// before it.
  private mutating func correctBonds() {
    let (bends, bonded, bonds, x) = (model.bends, bonded, bonds, x)
    var slopes = bendSlopes.mutableSpan
    for j in bonded {
      let (own, before) = (bends[j].own, bends[j].before)
      slopes[j] += bonds[j] * (x[own] - x[before] - bends[j].reference)
    }
  }

  private static func isFinite(_ direction: [Double]) -> Bool {
    var size = 0.0
    for change in direction { size += change.magnitude }
    return size < .infinity
  }

  static func add(_ direction: [Double], to point: inout [Double]) {
    var target = point.mutableSpan
    for j in direction.indices { target[j] += direction[j] }
  }

  /// Whether a bend is an equation between two steps now.
  func isBond(_ j: Int) -> Bool { bendSides[j] == 0 && model.bends[j].before >= 0 }

  /// Puts variables on their bounds and references, slopes on their sides.
  private mutating func settleSides() {
    putOnBounds()
    for k in y.indices where rowSides[k] == 0 { y[k] = 0 }
    for j in bendSides.indices where bendSides[j] != 0 {
      bendSlopes[j] = bendSides[j] > 0 ? model.bends[j].above : -model.bends[j].below
    }
    for j in model.ownBends where bendSides[j] == 0 {
      let bend = model.bends[j]
      if sides[bend.own] == 0 || sides[bend.own] == 2 {
        sides[bend.own] = 2
        x[bend.own] = bend.reference
      }
    }
    pinPowers()
    listBonds()
  }

  private mutating func putOnBounds() {
    let (sides, lower, upper) = (sides, model.lower, model.upper)
    var variables = x.mutableSpan
    for j in sides.indices {
      if sides[j] == -1 { variables[j] = lower[j] }
      if sides[j] == 1 { variables[j] = upper[j] }
    }
  }

  /// Lists the equations between two steps, other than those between variables that are held, and adds up what slopes of
  /// all other bends leave.
  private mutating func listBonds() {
    bonded.removeAll(keepingCapacity: true)
    for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 {
      if bend.before >= 0, sides[bend.own] == 0 || sides[bend.before] == 0 {
        bonded.append(j)
        continue
      }
      // What holds the variables may leave no rest.
      let distance = model.distance(bend, x)
      if distance.magnitude > Self.tolerance * model.size {
        bendSides[j] = distance > 0 ? 1 : -1
        bendSlopes[j] = distance > 0 ? bend.above : -bend.below
      }
    }
    base.copyElements(of: model.linear)
    Self.addSlopes(bendSlopes, of: model.bends, but: bonded, to: &base)
  }

  /// Adds the slopes of all bends but some, which are listed in order.
  private static func addSlopes(
    _ slopes: [Double],
    of bends: [SequentialModel.Bend],
    but others: [Int],
    to gradient: inout [Double]
  ) {
    var target = gradient.mutableSpan
    var next = 0
    for j in bends.indices {
      if next < others.count, others[next] == j {
        next += 1
        continue
      }
      let (own, before) = (bends[j].own, bends[j].before)
      target[own] += slopes[j]
      if before >= 0 { target[before] -= slopes[j] }
    }
  }

  /// Sets the slopes of powers of changes that are known.
  private mutating func pinPowers() {
    guard model.hasPowers else { return }
    isPinned.refill(x.count, with: false)
    for (j, bend) in model.bends.enumerated() where isBond(j) {
      isPinned[bend.own] = true
      if model.powers[bend.own] > 0 {
        powerSlopes[bend.own] = model.powerSlope(bend.own, bend.reference)
      }
    }
    model.forEachPower { own, t, i in
      let isKnown = sides[own] != 0 && (t == 0 || sides[model.offsets[t - 1] + i] != 0)
      if !isKnown || isPinned[own] { return }
      isPinned[own] = true
      powerSlopes[own] = model.powerSlope(own, model.change(t, i, x))
    }
  }

  /// Sets the right-hand sides of a correction; returns the largest miss in natural units.
  private mutating func setResiduals() -> Double {
    setGradient()
    values.refill(y.count, with: 0)
    var worst = turnGradient()
    for k in y.indices where rowSides[k] != 0 {
      values[k] =
        (rowSides[k] < 0 ? model.rows.lower[k] : model.rows.upper[k])
        - model.rows.value(k, at: x)
      worst = max(worst, values[k].magnitude / model.size)
    }
    worst = max(worst, turnBonds() / model.size)
    model.forEachPower { own, t, i in
      if isPinned[own] { return }
      let (miss, weight) = model.power(own, t, i, x, powerSlopes)
      worst = max(worst, miss.magnitude / model.size)
      model.addChange(-weight * miss, t, i, to: &right)
    }
    return worst.isNaN ? .infinity : worst
  }

  /// Sets the right-hand side to minus the gradient; returns the largest of a variable that may move.
  private mutating func turnGradient() -> Double {
    right.resize(gradient.count)
    let (gradient, sides) = (gradient, sides)
    var target = right.mutableSpan
    var worst = 0.0
    for j in gradient.indices {
      target[j] = -gradient[j]
      if sides[j] == 0 { worst = max(worst, gradient[j].magnitude) }
    }
    return worst
  }

  /// Adds the pull of the bonds to the right-hand side; returns the largest miss.
  private mutating func turnBonds() -> Double {
    let (bends, bonded, bonds, x) = (model.bends, bonded, bonds, x)
    var target = right.mutableSpan
    var worst = 0.0
    for j in bonded {
      let (own, before) = (bends[j].own, bends[j].before)
      let miss = x[own] - x[before] - bends[j].reference
      worst = max(worst, miss.magnitude)
      target[own] -= bonds[j] * miss
      target[before] += bonds[j] * miss
    }
    return worst
  }

  mutating func setGradient() {
    model.setGradient(&gradient, from: base, at: x, powerSlopes)
    addBondSlopes()
    for k in y.indices where y[k] != 0 { model.rows.add(k, times: y[k], to: &gradient) }
  }

  private mutating func addBondSlopes() {
    let (bends, bonded, slopes) = (model.bends, bonded, bendSlopes)
    var target = gradient.mutableSpan
    for j in bonded {
      let (own, before) = (bends[j].own, bends[j].before)
      target[own] += slopes[j]
      target[before] -= slopes[j]
    }
  }

  private mutating func setWeights() {
    system.weights.diagonal.copyElements(of: anchors)
    system.weights.rows.refill(y.count, with: 0)
    system.weights.changes.copyElements(of: model.curvatures)
    system.weights.setHeld(sides)
    for k in y.indices { system.weights.isEquation[k] = rowSides[k] != 0 }
    model.forEachPower { own, t, i in
      if isPinned[own] { return }
      system.weights.changes[own] += model.power(own, t, i, x, powerSlopes).weight
    }
    let (bends, bonded, bonds) = (model.bends, bonded, bonds)
    var changes = system.weights.changes.mutableSpan
    for j in bonded { changes[bends[j].own] += bonds[j] }
  }
}
