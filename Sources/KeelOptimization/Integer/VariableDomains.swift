// Goals: (1) each variable's values as a short list of intervals, so that all kinds of conditions are
// treated alike; (2) nothing that a feasible point needs is removed.
//
// x = 0, a minimum position, its short side and the reference of a fixed cost are intervals, mostly
// points, with a cost and the mark whether the variable counts as not zero. A node of the tree keeps
// for each variable some of its intervals and a box around them.

/// An interval of values of a variable.
struct DomainPiece: Sendable {
  var lower: Double
  var upper: Double
  /// The fixed cost that is paid there.
  var cost: Double
  /// Whether the variable counts as not zero.
  var counts: Bool
}

/// What one node of the tree allows.
struct DomainBox: Sendable {
  /// For each variable the set of its pieces that are left.
  var mask: [UInt8]
  var lower: [Double]
  var upper: [Double]
  /// Room for conclusions: whether each limit cannot be broken any more.
  fileprivate var isSlack: [Bool] = []

  /// Takes the memory for a number of variables and of limits.
  mutating func reserveCapacity(_ count: Int, limitCount: Int) {
    mask.reserveCapacity(count)
    lower.reserveCapacity(count)
    upper.reserveCapacity(count)
    isSlack.reserveCapacity(limitCount)
  }

  /// Becomes a copy of another box, in its own memory.
  mutating func copyElements(of other: borrowing DomainBox) {
    mask.copyElements(of: other.mask)
    lower.copyElements(of: other.lower)
    upper.copyElements(of: other.upper)
  }
}

extension DomainBox {
  /// A box of no variables.
  init() { self.init(mask: [], lower: [], upper: []) }
}

/// The values that the variables of a mixed-integer program may take.
struct VariableDomains: Sendable {
  /// A multiple of a lot that is missed by this part counts as reached.
  static let lotTolerance = 1e-12

  /// A variable has at most a short and a long side, zero and a reference.
  static let mostPieces = 4

  let count: Int
  /// The pieces of variable i stand at `starts[i]..<starts[i + 1]`.
  private(set) var starts: [Int] = []
  private(set) var pieces: [DomainPiece] = []
  /// The lot of each variable; 0 for none.
  private(set) var lots: [Double]
  /// The limits, their counts, and for each variable the limits that it stands in.
  let limits: [CardinalityLimit]
  private(set) var limitsOf: [[Int]]
  /// The limit in which a bound counts the variable; −1 for none.
  private(set) var primaryLimit: [Int]
  /// The value around which a variable is either in or out, with what being out spares.
  private(set) var center: [Double]
  private(set) var centerCost: [Double]
  private(set) var hasCenter: [Bool]
  /// The least size of a variable that counts.
  private(set) var leastSize: [Double]
  /// For each variable the condition that it has.
  private let positions: [MinimumPosition?]
  private let costs: [FixedCost?]
  /// Room for the bounds that the rows imply.
  private var impliedLower: [Double] = []
  private var impliedUpper: [Double] = []

  init(_ problem: MixedIntegerProgram) {
    let n = problem.program.variableCount
    count = n
    limits = problem.cardinalities
    lots = [Double](repeating: 0, count: n)
    limitsOf = [[Int]](repeating: [], count: n)
    primaryLimit = [Int](repeating: -1, count: n)
    center = lots
    centerCost = lots
    leastSize = lots
    hasCenter = [Bool](repeating: false, count: n)
    for (j, limit) in limits.enumerated() {
      for i in limit.variables {
        limitsOf[i].append(j)
        if primaryLimit[i] < 0 { primaryLimit[i] = j }
      }
    }
    var positions = [MinimumPosition?](repeating: nil, count: n)
    for position in problem.minimumPositions { positions[position.variable] = position }
    self.positions = positions
    var costs = [FixedCost?](repeating: nil, count: n)
    for fixed in problem.fixedCosts where fixed.cost > 0 { costs[fixed.variable] = fixed }
    self.costs = costs
    pieces.reserveCapacity(Self.mostPieces * n)
    setNumbers(problem)
  }

  /// Goes over to other bounds of the variables and rows, in the memory that it has.
  mutating func setNumbers(_ problem: MixedIntegerProgram) {
    ImpliedBounds.setBounds(&impliedLower, &impliedUpper, of: problem.program)
    lots.refill(count, with: 0)
    for lot in problem.lots { lots[lot.variable] = lot.size }
    center.refill(count, with: 0)
    centerCost.refill(count, with: 0)
    leastSize.refill(count, with: 0)
    hasCenter.refill(count, with: false)
    pieces.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
    for i in 0..<count {
      append(i, impliedLower[i], impliedUpper[i], positions[i], costs[i])
      starts.append(pieces.count)
    }
  }

  /// Takes the numbers of other domains of the same variables and conditions, in its own memory.
  mutating func copyNumbers(of other: VariableDomains) {
    starts.copyElements(of: other.starts)
    pieces.copyElements(of: other.pieces)
    lots.copyElements(of: other.lots)
    center.copyElements(of: other.center)
    centerCost.copyElements(of: other.centerCost)
    hasCenter.copyElements(of: other.hasCenter)
    leastSize.copyElements(of: other.leastSize)
  }

  /// Sets a box to that of the root.
  func setRoot(_ box: inout DomainBox) {
    box.lower.refill(count, with: -.infinity)
    box.upper.refill(count, with: .infinity)
    box.mask.refill(count, with: 0)
    for i in 0..<count { box.mask[i] = UInt8((1 << (starts[i + 1] - starts[i])) - 1) }
  }

  private mutating func append(
    _ i: Int,
    _ lower: Double,
    _ upper: Double,
    _ position: MinimumPosition?,
    _ fixed: FixedCost?
  ) {
    // Beyond this every Double is a multiple to within its rounding.
    let farthest = max(lower.magnitude, upper.magnitude)
    if farthest < .infinity, lots[i] > 0, farthest / lots[i] >= Lot.mostResolved { lots[i] = 0 }
    let cost = fixed?.cost ?? 0
    let reference = fixed?.reference ?? 0
    let canCount = position != nil || !limitsOf[i].isEmpty
    var isInside = false
    func appendWide(_ least: Double, _ largest: Double) {
      append(DomainPiece(lower: least, upper: largest, cost: cost, counts: true), lot: lots[i])
      if least <= reference && reference <= largest { isInside = true }
    }
    if let position {
      if let short = position.shortMinimum {
        appendWide(max(lower, -position.shortMaximum), min(upper, -short))
      }
      appendWide(max(lower, position.minimum), min(upper, position.maximum))
    } else {
      appendWide(lower, upper)
    }
    let hasZero = lower <= 0 && upper >= 0
    let zeroCost = reference == 0 ? 0 : cost
    if hasZero && (canCount || (cost > 0 && reference == 0)) {
      append(DomainPiece(lower: 0, upper: 0, cost: zeroCost, counts: false), lot: 0)
    }
    if cost > 0, reference != 0, isInside {
      append(
        DomainPiece(lower: reference, upper: reference, cost: 0, counts: true), lot: lots[i])
    }
    if hasZero && canCount {
      hasCenter[i] = true
      centerCost[i] = cost - zeroCost
      if let position, position.shortMinimum.map({ $0 >= position.minimum }) ?? true {
        leastSize[i] = position.minimum
      }
    } else if cost > 0 && (reference == 0 ? hasZero : isInside) {
      hasCenter[i] = true
      center[i] = reference
      centerCost[i] = cost
    }
  }

  private mutating func append(_ piece: DomainPiece, lot: Double) {
    var piece = piece
    piece.lower = Self.lotAbove(piece.lower, lot)
    piece.upper = Self.lotBelow(piece.upper, lot)
    if piece.lower <= piece.upper { pieces.append(piece) }
  }

  /// The least multiple of a lot that is not below a value.
  static func lotAbove(_ value: Double, _ lot: Double) -> Double {
    if lot == 0 || value.isInfinite { return value }
    let ratio = value / lot
    let nearest = ratio.rounded()
    let isReached = (ratio - nearest).magnitude <= lotTolerance * max(1, ratio.magnitude)
    return (isReached ? nearest : ratio.rounded(.up)) * lot
  }

  /// The largest multiple of a lot that is not above a value.
  static func lotBelow(_ value: Double, _ lot: Double) -> Double { -lotAbove(-value, lot) }
}

// MARK: - Boxes

extension VariableDomains {
  /// Whether a piece of a variable is left.
  func isLeft(_ p: Int, of i: Int, in box: DomainBox) -> Bool {
    box.mask[i] & (1 << UInt8(p - starts[i])) != 0
  }

  /// Takes a piece out of a box.
  func remove(_ p: Int, of i: Int, from box: inout DomainBox) {
    box.mask[i] &= ~(1 << UInt8(p - starts[i]))
  }

  /// Whether pieces that count, and pieces that do not, are left.
  func sides(of i: Int, in box: DomainBox) -> (counting: Bool, other: Bool) {
    var sides = (counting: false, other: false)
    for p in starts[i]..<starts[i + 1] where isLeft(p, of: i, in: box) {
      if pieces[p].counts { sides.counting = true } else { sides.other = true }
    }
    return sides
  }

  /// Keeps the pieces that count, or those that do not.
  func keep(counting: Bool, of i: Int, in box: inout DomainBox) {
    for p in starts[i]..<starts[i + 1] where pieces[p].counts != counting {
      remove(p, of: i, from: &box)
    }
  }

  /// Whether one piece is left.
  func isDecided(_ i: Int, in box: DomainBox) -> Bool { box.mask[i].nonzeroBitCount == 1 }

  /// Draws conclusions from the limits until nothing changes.
  ///
  /// - Returns: False when no point is left.
  func propagate(_ box: inout DomainBox) -> Bool {
    for i in 0..<count where !tighten(i, &box) { return false }
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for limit in limits {
        guard let changed = propagate(limit, &box) else { return false }
        if changed { hasChanged = true }
      }
    }
    removeNeedlessZeros(&box)
    return true
  }

  /// Nil when the limit cannot hold, otherwise whether something changed.
  private func propagate(_ limit: CardinalityLimit, _ box: inout DomainBox) -> Bool? {
    var certain = 0
    var possible = 0
    for i in limit.variables {
      let sides = sides(of: i, in: box)
      if sides.counting { possible += 1 }
      if !sides.other { certain += 1 }
    }
    guard certain <= limit.atMost, possible >= limit.atLeast else { return nil }
    if certain == possible { return false }
    let isFull = certain == limit.atMost
    guard isFull || possible == limit.atLeast else { return false }
    for i in limit.variables {
      let sides = sides(of: i, in: box)
      if !sides.counting || !sides.other { continue }
      keep(counting: !isFull, of: i, in: &box)
      guard tighten(i, &box) else { return nil }
    }
    return true
  }

  /// Shrinks the box of a variable to its pieces.
  ///
  /// - Returns: False when none is left.
  private func tighten(_ i: Int, _ box: inout DomainBox) -> Bool {
    var lower = Double.infinity
    var upper = -Double.infinity
    for p in starts[i]..<starts[i + 1] where isLeft(p, of: i, in: box) {
      let least = max(pieces[p].lower, box.lower[i])
      let largest = min(pieces[p].upper, box.upper[i])
      if least > largest {
        remove(p, of: i, from: &box)
      } else {
        lower = min(lower, least)
        upper = max(upper, largest)
      }
    }
    box.lower[i] = lower
    box.upper[i] = upper
    return lower <= upper
  }

  /// Where no limit can be broken any more, a zero that another piece contains says nothing.
  private func removeNeedlessZeros(_ box: inout DomainBox) {
    box.isSlack.refill(limits.count, with: true)
    for (j, limit) in limits.enumerated() {
      var possible = 0
      for i in limit.variables where sides(of: i, in: box).counting { possible += 1 }
      box.isSlack[j] = possible <= limit.atMost
    }
    for i in 0..<count where !isDecided(i, in: box) {
      guard limitsOf[i].allSatisfy({ box.isSlack[$0] }) else { continue }
      for p in starts[i]..<starts[i + 1] where isLeft(p, of: i, in: box) && !pieces[p].counts {
        let isContained = (starts[i]..<starts[i + 1]).contains { other in
          pieces[other].counts && isLeft(other, of: i, in: box)
            && pieces[other].lower <= 0 && pieces[other].upper >= 0
            && pieces[other].cost <= pieces[p].cost
        }
        if isContained { remove(p, of: i, from: &box) }
      }
    }
  }

  /// Whether nothing is left to decide about a variable.
  func isSettled(_ i: Int, in box: DomainBox) -> Bool {
    isDecided(i, in: box) && (lots[i] == 0 || box.lower[i] == box.upper[i])
  }

  /// Whether nothing is left to decide.
  func isLeaf(_ box: DomainBox) -> Bool {
    for i in 0..<count where !isSettled(i, in: box) { return false }
    return true
  }
}
