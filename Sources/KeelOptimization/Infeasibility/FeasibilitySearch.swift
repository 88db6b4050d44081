// Goals: (1) a verified answer whatever the units of rows and variables; (2) with a contradiction,
// the points that show that each member is needed.

/// Whether some bounds of a program can hold together, decided by the dual active-set method.
struct FeasibilitySearch {
  /// What was found, in the caller's units and not verified yet.
  enum Outcome {
    case point([Double])
    case contradiction(Contradiction)
    case undecided
    case interrupted
  }

  /// Bounds that contradict each other.
  struct Contradiction {
    /// The multipliers of the rows, positive for a lower bound.
    var rowMultipliers: [Double]

    /// The bounds with a multiplier.
    var members: [ConstraintBound]

    /// For each member a point at which all others hold with equality.
    var witnesses: [[Double]]
  }

  /// A combination of unit normals smaller than this is rounding.
  private static let leastMultiplier = 1e-13

  /// A variable this small beside the largest is rounding, and zero.
  private static let zeroTolerance = 2e-15

  private let program: QuadraticProgram
  let scale: [Double]
  private var constraints: [DualActiveSet.Constraint] = []
  private var targets: [ConstraintBound.Target] = []
  /// What the normal was multiplied by: 1/length for a lower side, −1/length for an upper one.
  private var factors: [Double] = []

  /// - Parameters:
  ///   - program: The program; its objective is ignored.
  ///   - bounds: The bounds that shall hold.
  ///   - linear: A slope that shall be minimized, which takes part in the scaling.
  init(_ program: QuadraticProgram, _ bounds: [ConstraintBound], linear: [Double] = []) {
    self.program = program
    var kept = Set<Int>()
    for case .row(let k) in bounds.map(\.target) { kept.insert(k) }
    scale = CurtisReidScaling.columnFactors(
      of: kept.sorted().map { program.rows[$0] } + [LinearRow("", coefficients: linear)],
      count: program.variableCount)
    var sides: [ConstraintBound.Target: (lower: Double, upper: Double)] = [:]
    var order: [ConstraintBound.Target] = []
    for bound in bounds {
      if sides[bound.target] == nil {
        sides[bound.target] = (-.infinity, .infinity)
        order.append(bound.target)
      }
      if bound.side == .lower {
        sides[bound.target]?.lower = bound.value
      } else {
        sides[bound.target]?.upper = bound.value
      }
    }
    for target in order {
      guard let (lower, upper) = sides[target] else { continue }
      append(target, lower, upper)
    }
  }

  private mutating func append(
    _ target: ConstraintBound.Target,
    _ lower: Double,
    _ upper: Double
  ) {
    let indices: [Int]
    let coefficients: [Double]
    switch target {
    case .row(let k):
      indices = program.rows[k].indices
      coefficients = zip(indices, program.rows[k].coefficients).map { $1 * scale[$0] }
    case .variable(let i):
      indices = [i]
      coefficients = [scale[i]]
    }
    let largest = largestMagnitude(coefficients)
    var length = 0.0
    for a in coefficients { length += (a / largest) * (a / largest) }
    // A row without coefficients has the value zero; its bound alone decides.
    length = coefficients.isEmpty ? 1 : largest * length.squareRoot()
    guard length.isNormal else { return }
    for (side, bound) in [(1.0, lower), (-1.0, upper)] where bound.isFinite {
      if lower == upper && side < 0 { continue }
      constraints.append(
        .init(
          indices: indices, normal: coefficients.map { side * $0 / length },
          bound: side * bound / length, isEquation: lower == upper))
      targets.append(target)
      factors.append(side / length)
    }
  }

  /// The projection of a point near zero onto the bounds.
  func projection() -> DualActiveSet {
    DualActiveSet(count: program.variableCount, constraints: constraints, target: start())
  }

  /// The point of a projection and multipliers of its active constraints as dual values of the
  /// program.
  func answer(
    _ method: DualActiveSet,
    multipliers: [Double]
  ) -> LinearOutcome {
    var rowDuals = [Double](repeating: 0, count: program.rows.count)
    var boundDuals = [Double](repeating: 0, count: program.variableCount)
    for (a, multiplier) in multipliers.enumerated() {
      let j = method.active[a]
      let signed = constraints[j].isEquation ? multiplier : max(multiplier, 0)
      let dual = signed * method.signs[a] * factors[j]
      switch targets[j] {
      case .row(let k): rowDuals[k] += dual
      case .variable(let i): boundDuals[i] += dual
      }
    }
    return .optimum(x: point(method.x), rowDuals: rowDuals, boundDuals: boundDuals)
  }

  /// A direction and where it starts, in the caller's units.
  func ray(_ method: DualActiveSet, _ direction: [Double]) -> LinearOutcome {
    .ray(unscaled(direction), from: point(method.x))
  }

  /// Searches a point or a contradiction.
  func run(_ isInterrupted: () -> Bool) -> Outcome {
    var method = projection()
    switch method.run(isInterrupted: isInterrupted) {
    case .feasible: return .point(point(method.x))
    case .infeasible: return contradiction(method).map { .contradiction($0) } ?? .undecided
    case .undecided: return .undecided
    case .interrupted: return .interrupted
    }
  }

  /// Zero, moved into the bounds of the variables.
  private func start() -> [Double] {
    var x = [Double](repeating: 0, count: program.variableCount)
    for (j, target) in targets.enumerated() {
      guard case .variable(let i) = target else { continue }
      let bound = constraints[j].bound * (constraints[j].normal[0] < 0 ? -1 : 1)
      if constraints[j].isEquation {
        x[i] = bound
      } else if factors[j] > 0 {
        x[i] = max(x[i], bound)
      } else {
        x[i] = min(x[i], bound)
      }
    }
    return x
  }

  /// The point in the caller's units; what rounding left of a zero is zero.
  private func unscaled(_ x: [Double]) -> [Double] {
    let least = Self.zeroTolerance * largestMagnitude(x)
    return zip(x, scale).map { $0.magnitude <= least ? 0 : $0 * $1 }
  }

  /// The point in the caller's units, rounding beyond the bounds of variables removed.
  private func point(_ scaled: [Double]) -> [Double] {
    var x = unscaled(scaled)
    for (j, target) in targets.enumerated() {
      guard case .variable(let i) = target else { continue }
      if constraints[j].isEquation || factors[j] > 0 { x[i] = max(x[i], program.lowerBounds[i]) }
      if constraints[j].isEquation || factors[j] < 0 { x[i] = min(x[i], program.upperBounds[i]) }
    }
    return x
  }

  private func contradiction(_ method: DualActiveSet) -> Contradiction? {
    guard let blocked = method.blocked else { return nil }
    // The blocked normal is Σ combination × active normal: its own multiplier is 1.
    var entries = [(constraint: blocked.constraint, weight: blocked.sign, position: -1)]
    for (a, j) in method.active.enumerated()
    where blocked.combination[a].magnitude > Self.leastMultiplier {
      entries.append((j, -blocked.combination[a] * method.signs[a], a))
    }
    let entering = constraints[blocked.constraint]
    let missing = blocked.sign * (entering.bound - entering.value(at: method.x))
    var result = Contradiction(
      rowMultipliers: [Double](repeating: 0, count: program.rows.count), members: [], witnesses: [])
    for entry in entries {
      let multiplier = entry.weight * factors[entry.constraint]
      let target = targets[entry.constraint]
      guard let member = program.bound(target, multiplier > 0 ? .lower : .upper) else { return nil }
      if case .row(let k) = target { result.rowMultipliers[k] += multiplier }
      result.members.append(member)
      var x = method.x
      if entry.position >= 0 {
        let step = missing / blocked.combination[entry.position]
        let direction = method.direction(changing: entry.position)
        for i in x.indices { x[i] += step * direction[i] }
      }
      result.witnesses.append(unscaled(x))
    }
    return result
  }
}
