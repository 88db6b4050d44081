// Goals: (1) exact zeros and exact bounds; (2) optimality conditions at the level of rounding;
// (3) a few factorizations of the free set only; (4) memory that is kept.
//
// Starts from the active set that the interior-point iterations point to and pivots in blocks while
// the number of violated conditions falls, one at a time after that (the safeguard of Judice and
// Pires, Computers and Operations Research 21, 1994, with Murty's rule, which is finite for
// strictly convex problems).

/// Turns an approximate solution into one whose active constraints hold exactly.
struct ActiveSetPolish: Sendable {
  /// Conditions are taken for satisfied within this size relative to their terms.
  private static let tolerance = 1e-13

  /// Block pivots without gain before single pivots.
  private static let blockPatience = 3

  /// The number of systems that are solved at most.
  private static let maximumPivots = 60

  /// Each is a Newton step on a quadratic problem: one solves it, the next ones remove rounding.
  private static let passes = 3

  /// A condition that does not hold, with the set change that mends it.
  enum Flip: Sendable {
    case variable(Int, side: Int)
    case row(Int, side: Int)
  }

  private(set) var boundSide: [Int] = []
  private(set) var x: [Double] = []
  private(set) var rowDuals: [Double] = []
  private(set) var boundDuals: [Double] = []
  /// What ``findViolations(_:)`` found.
  private(set) var flips: [Flip] = []
  /// What ``findStarvedRows(_:)`` found.
  private(set) var starved: [Int] = []

  private var rowSide: [Int] = []
  private var free: [Int] = []
  private var active: [Int] = []
  /// The program of the free variables and the active rows that touch them.
  private var restricted = CoreProgram()
  private var kept: [Int] = []
  private var gradient: [Double] = []
  private var size: [Double] = []
  private var rightVariables: [Double] = []
  private var rightRows: [Double] = []
  private var exposures: [Double] = []

  init() {}

  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m) = (shape.variableCount, shape.rowCount)
    restricted.reserve(shape)
    boundSide.reserveCapacity(n)
    x.reserveCapacity(n)
    boundDuals.reserveCapacity(n)
    free.reserveCapacity(n)
    gradient.reserveCapacity(n)
    size.reserveCapacity(n)
    rightVariables.reserveCapacity(n)
    rowDuals.reserveCapacity(m)
    rowSide.reserveCapacity(m)
    active.reserveCapacity(m)
    kept.reserveCapacity(m)
    rightRows.reserveCapacity(m)
    starved.reserveCapacity(m)
    flips.reserveCapacity(n + m)
    exposures.reserveCapacity(shape.columnCount)
  }

  /// Starts from a point with its active constraints.
  mutating func restart(at start: InteriorPointOutcome) {
    boundSide.copyElements(of: start.boundSide)
    rowSide.copyElements(of: start.rowSide)
    x.copyElements(of: start.x)
    rowDuals.copyElements(of: start.rowDuals)
    boundDuals.copyElements(of: start.boundDuals)
  }

  /// Starts with all variables at their lower bounds.
  mutating func restartAtLowerBounds(_ program: CoreProgram) {
    boundSide.refill(program.count, with: 0)
    x.refill(program.count, with: 0)
    for i in x.indices where program.lower[i].isFinite {
      boundSide[i] = -1
      x[i] = program.lower[i]
    }
    rowSide.refill(program.rows.count, with: 0)
    for k in rowSide.indices where program.rows.isEquality(k) { rowSide[k] = 2 }
    rowDuals.refill(program.rows.count, with: 0)
    boundDuals.refill(program.count, with: 0)
  }

  /// Solves for active sets until one satisfies every condition.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - system: A linear system for the method's use.
  /// - Returns: False when no such set was found; the point is then of no use.
  mutating func run(_ program: CoreProgram, _ system: inout KKTSystem) -> Bool {
    var fewest = Int.max
    var patience = Self.blockPatience
    for _ in 0..<Self.maximumPivots {
      guard solveEqualities(program, &system) else { return false }
      findViolations(program)
      if flips.isEmpty { return true }
      if flips.count < fewest {
        fewest = flips.count
        patience = Self.blockPatience
      } else {
        patience -= 1
      }
      if patience >= 0 {
        for flip in flips { apply(flip) }
      } else if let last = flips.last {
        apply(last)
      }
    }
    return false
  }

  mutating func apply(_ flip: Flip) {
    switch flip {
    case .variable(let i, let side): boundSide[i] = side
    case .row(let k, let side): rowSide[k] = side
    }
  }

  /// Takes a variable off its bound.
  mutating func free(_ i: Int) { boundSide[i] = 0 }
}

// MARK: - The point

extension ActiveSetPolish {
  /// The minimum over the free variables with the active constraints as equations, as a correction
  /// of the present point, so that a singular P keeps the point where the objective is flat.
  mutating func solveEqualities(_ program: CoreProgram, _ system: inout KKTSystem) -> Bool {
    free.removeAll(keepingCapacity: true)
    for i in x.indices {
      switch boundSide[i] {
      case 0: free.append(i)
      case let side: x[i] = side < 0 ? program.lower[i] : program.upper[i]
      }
    }
    active.removeAll(keepingCapacity: true)
    for k in rowSide.indices {
      if rowSide[k] == 0 { rowDuals[k] = 0 } else { active.append(k) }
    }
    restricted.restart(program, free: free, active: active, kept: &kept)
    system.restart(equationCount: kept.count)
    guard system.factor(restricted) else { return false }
    for _ in 0..<Self.passes {
      setGradient(program)
      setRightSide(program)
      system.solve(restricted, rightVariables, rightRows)
      guard largestMagnitude(system.solution.x, system.solution.v) < .infinity else {
        return false
      }
      for p in free.indices { x[free[p]] += system.solution.x[p] }
      for p in kept.indices { rowDuals[kept[p]] -= system.solution.v[p] }
    }
    setGradient(program)
    boundDuals.copyElements(of: gradient)
    for i in free { boundDuals[i] = 0 }
    return true
  }

  private mutating func setRightSide(_ program: CoreProgram) {
    rightVariables.removeAll(keepingCapacity: true)
    for i in free { rightVariables.append(-gradient[i]) }
    rightRows.removeAll(keepingCapacity: true)
    for k in kept {
      let bound = rowSide[k] == 1 ? program.rows.upper[k] : program.rows.lower[k]
      rightRows.append(bound - program.rows.value(k, at: x))
    }
  }

  /// Px + q − A'y.
  private mutating func setGradient(_ program: CoreProgram) {
    program.quadratic.setProduct(&gradient, x, room: &exposures)
    for i in gradient.indices { gradient[i] += program.linear[i] }
    for k in rowDuals.indices where rowDuals[k] != 0 {
      program.rows.add(k, times: -rowDuals[k], to: &gradient)
    }
  }
}

// MARK: - Conditions

extension ActiveSetPolish {
  /// Finds the conditions that the present point violates.
  mutating func findViolations(_ program: CoreProgram) {
    flips.removeAll(keepingCapacity: true)
    setGradientSize(program)
    let largest = largestMagnitude(x)
    for i in x.indices {
      switch boundSide[i] {
      case 0: checkFree(i, program.lower[i], program.upper[i], largest)
      case let side:
        let wrong = side < 0 ? -boundDuals[i] : boundDuals[i]
        if wrong > 10 * Self.tolerance * size[i] {
          flips.append(.variable(i, side: 0))
        } else if wrong > 0 {
          boundDuals[i] = 0
        }
      }
    }
    for k in rowSide.indices where rowSide[k] != 2 {
      if let side = rowFlip(k, program) { flips.append(.row(k, side: side)) }
    }
  }

  /// Looks whether a free variable has left its bounds by more than rounding.
  private mutating func checkFree(_ i: Int, _ lower: Double, _ upper: Double, _ largest: Double) {
    if x[i] < lower {
      if lower - x[i] > Self.tolerance * (largest + lower.magnitude) {
        flips.append(.variable(i, side: -1))
      } else {
        x[i] = lower
      }
    } else if x[i] > upper {
      if x[i] - upper > Self.tolerance * (largest + upper.magnitude) {
        flips.append(.variable(i, side: 1))
      } else {
        x[i] = upper
      }
    }
  }

  /// Finds the active rows that do not hold: none of their variables is free.
  mutating func findStarvedRows(_ program: CoreProgram) {
    starved.removeAll(keepingCapacity: true)
    for k in rowSide.indices where rowSide[k] != 0 && !touchesFree(k, program) {
      let value = program.rows.value(k, at: x)
      let slack = Self.tolerance * (value.magnitude + largestMagnitude(x))
      if value < program.rows.lower[k] - slack || value > program.rows.upper[k] + slack {
        starved.append(k)
      }
    }
  }

  private func touchesFree(_ k: Int, _ program: CoreProgram) -> Bool {
    for e in program.rows.entries(k) where boundSide[program.rows.indices[e]] == 0 { return true }
    return false
  }

  private mutating func rowFlip(_ k: Int, _ program: CoreProgram) -> Int? {
    if rowSide[k] == 0 {
      let (lower, upper) = (program.rows.lower[k], program.rows.upper[k])
      let value = program.rows.value(k, at: x)
      let terms = program.rows.size(k, at: x)
      if lower - value > Self.tolerance * (terms + lower.magnitude) { return -1 }
      if value - upper > Self.tolerance * (terms + upper.magnitude) { return 1 }
      return nil
    }
    let wrong = rowSide[k] < 0 ? -rowDuals[k] : rowDuals[k]
    if wrong <= 0 { return nil }
    for e in program.rows.entries(k) {
      let part = (program.rows.coefficients[e] * wrong).magnitude
      if part > 10 * Self.tolerance * size[program.rows.indices[e]] { return 0 }
    }
    rowDuals[k] = 0
    return nil
  }

  /// The sum of the magnitudes of the terms of the gradient.
  private mutating func setGradientSize(_ program: CoreProgram) {
    program.quadratic.setAbsoluteProduct(&size, x)
    for i in size.indices { size[i] += program.linear[i].magnitude }
    for k in rowDuals.indices where rowDuals[k] != 0 {
      program.rows.addMagnitudes(k, times: rowDuals[k], to: &size)
    }
  }
}
