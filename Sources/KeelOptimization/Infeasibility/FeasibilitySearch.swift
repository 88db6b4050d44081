// Goals: (1) a verified answer whatever the units of rows and variables; (2) with a contradiction,
// the points that show that each member is needed; (3) memory that is kept.

/// Whether some bounds of a program can hold together, decided by the dual active-set method.
struct FeasibilitySearch: Sendable {
  /// What was found, in the caller's units and not verified yet.
  enum Outcome {
    /// ``point``.
    case point
    /// Bounds that contradict each other, see ``rowMultipliers`` and ``contradiction(_:)``.
    case contradiction
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

  /// The point that was found, in the caller's units.
  var point: [Double] = []
  /// Its dual values, where a slope was minimized.
  var rowDuals: [Double] = []
  var boundDuals: [Double] = []
  /// A direction without end from the point, in the caller's units.
  var direction: [Double] = []

  /// The multipliers of the rows in a contradiction, positive for a lower bound.
  private(set) var rowMultipliers: [Double] = []

  var method = DualActiveSet()

  private var scaling = CurtisReidScaling()
  /// The rows with a bound, then a slope, for the scaling.
  private var rows = CoreRows()
  private var rowLower: [Double] = []
  private var rowUpper: [Double] = []
  private var lower: [Double] = []
  private var upper: [Double] = []
  private var targets: [ConstraintBound.Target] = []
  /// What the normal was multiplied by: 1/length for a lower side, −1/length for an upper one.
  private var factors: [Double] = []
  private var origin: [Double] = []

  // Room for the iterations that minimize a slope.
  var slope: [Double] = []
  var previous: [Double] = []
  var previousActive: [Int] = []
  var room: [Double] = []

  init() {}

  /// What a variable of the scaled program is multiplied by.
  var scale: [Double] { scaling.columnFactors }
}

// MARK: - Start

extension FeasibilitySearch {
  /// Takes memory for the bounds of a program.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m, entryCount) = (shape.variableCount, shape.rowCount, shape.entryCount)
    scaling.reserve(count: n, entryCount: entryCount + n)
    rows.reserve(rowCount: m + 1, entryCount: entryCount + n)
    method.reserve(
      count: n, constraintCount: 2 * (n + m), entryCount: 2 * (n + entryCount))
    targets.reserveCapacity(2 * (n + m))
    factors.reserveCapacity(2 * (n + m))
    previousActive.reserveCapacity(n + 1)
    reserveVectors(n, m)
  }

  private mutating func reserveVectors(_ n: Int, _ m: Int) {
    point.reserveCapacity(n)
    rowDuals.reserveCapacity(m)
    boundDuals.reserveCapacity(n)
    direction.reserveCapacity(n)
    rowLower.reserveCapacity(m)
    rowUpper.reserveCapacity(m)
    lower.reserveCapacity(n)
    upper.reserveCapacity(n)
    origin.reserveCapacity(n)
    slope.reserveCapacity(n)
    previous.reserveCapacity(n)
    room.reserveCapacity(n)
  }

  /// Looks at all bounds of a program.
  ///
  /// - Parameters:
  ///   - program: The program; its objective is ignored.
  ///   - linear: A slope that shall be minimized, which takes part in the scaling.
  mutating func restart(_ program: QuadraticProgram, linear: [Double] = []) {
    lower.copyElements(of: program.lowerBounds)
    upper.copyElements(of: program.upperBounds)
    rowLower.removeAll(keepingCapacity: true)
    rowUpper.removeAll(keepingCapacity: true)
    for row in program.rows {
      rowLower.append(row.lower)
      rowUpper.append(row.upper)
    }
    prepare(program, linear)
  }

  /// Looks at some bounds of a program.
  ///
  /// - Parameters:
  ///   - program: The program; its objective is ignored.
  ///   - bounds: The bounds that shall hold.
  mutating func restart(_ program: QuadraticProgram, _ bounds: [ConstraintBound]) {
    lower.refill(program.variableCount, with: -.infinity)
    upper.refill(program.variableCount, with: .infinity)
    rowLower.refill(program.rows.count, with: -.infinity)
    rowUpper.refill(program.rows.count, with: .infinity)
    for bound in bounds {
      switch (bound.target, bound.side) {
      case (.row(let k), .lower): rowLower[k] = bound.value
      case (.row(let k), .upper): rowUpper[k] = bound.value
      case (.variable(let i), .lower): lower[i] = bound.value
      case (.variable(let i), .upper): upper[i] = bound.value
      }
    }
    prepare(program, [])
  }

  private mutating func prepare(_ program: QuadraticProgram, _ linear: [Double]) {
    setScale(program, linear)
    method.constraints.removeAll()
    targets.removeAll(keepingCapacity: true)
    factors.removeAll(keepingCapacity: true)
    for k in rowLower.indices { appendRow(k, program.rows[k], rowLower[k], rowUpper[k]) }
    for i in lower.indices { appendVariable(i, lower[i], upper[i]) }
    setOrigin(program.variableCount)
  }

  private mutating func setScale(_ program: QuadraticProgram, _ linear: [Double]) {
    rows.removeAll()
    for k in rowLower.indices where rowLower[k].isFinite || rowUpper[k].isFinite {
      let row = program.rows[k]
      for e in row.indices.indices { rows.append(row.indices[e], row.coefficients[e]) }
      rows.endRow(lower: rowLower[k], upper: rowUpper[k])
    }
    for i in linear.indices where linear[i] != 0 { rows.append(i, linear[i]) }
    rows.endRow(lower: -.infinity, upper: .infinity)
    scaling.restart(rows, count: program.variableCount)
  }

  /// Adds the constraints of a row.
  private mutating func appendRow(
    _ k: Int,
    _ row: LinearRow,
    _ lower: Double,
    _ upper: Double
  ) {
    if lower == -.infinity && upper == .infinity { return }
    room.removeAll(keepingCapacity: true)
    for e in row.indices.indices {
      room.append(row.coefficients[e] * scaling.columnFactors[row.indices[e]])
    }
    let largest = largestMagnitude(room)
    var length = 0.0
    for a in room { length += (a / largest) * (a / largest) }
    // A row without coefficients has the value zero; its bound alone decides.
    length = room.isEmpty ? 1 : largest * length.squareRoot()
    guard length.isNormal else { return }
    if lower.isFinite { appendSide(k, row, 1, lower, length, isEquation: lower == upper) }
    if upper.isFinite && lower != upper {
      appendSide(k, row, -1, upper, length, isEquation: false)
    }
  }

  private mutating func appendSide(
    _ k: Int,
    _ row: LinearRow,
    _ side: Double,
    _ bound: Double,
    _ length: Double,
    isEquation: Bool
  ) {
    for e in row.indices.indices {
      method.constraints.append(row.indices[e], side * room[e] / length)
    }
    method.constraints.end(bound: side * bound / length, isEquation: isEquation)
    targets.append(.row(k))
    factors.append(side / length)
  }

  /// Adds the constraints of a variable, whose normal of length one has one element.
  private mutating func appendVariable(_ i: Int, _ lower: Double, _ upper: Double) {
    if lower.isFinite { appendSide(i, 1, lower, isEquation: lower == upper) }
    if upper.isFinite && lower != upper { appendSide(i, -1, upper, isEquation: false) }
  }

  private mutating func appendSide(
    _ i: Int,
    _ side: Double,
    _ bound: Double,
    isEquation: Bool
  ) {
    let length = scaling.columnFactors[i]
    method.constraints.append(i, side)
    method.constraints.end(bound: side * bound / length, isEquation: isEquation)
    targets.append(.variable(i))
    factors.append(side / length)
  }

  /// Zero, moved into the bounds of the variables.
  private mutating func setOrigin(_ count: Int) {
    origin.refill(count, with: 0)
    for (j, target) in targets.enumerated() {
      guard case .variable(let i) = target else { continue }
      let bound = factors[j] < 0 ? -method.constraints.bounds[j] : method.constraints.bounds[j]
      if method.constraints.isEquation[j] {
        origin[i] = bound
      } else if factors[j] > 0 {
        origin[i] = max(origin[i], bound)
      } else {
        origin[i] = min(origin[i], bound)
      }
    }
  }

  /// Begins the projection of a point near zero onto the bounds.
  mutating func project() { method.restart(target: origin) }
}

// MARK: - Search

extension FeasibilitySearch {
  /// Searches a point or a contradiction.
  ///
  /// - Parameters:
  ///   - program: The program that was looked at.
  ///   - isInterrupted: Asked at every step.
  /// - Returns: What was found.
  mutating func run(_ program: QuadraticProgram, _ isInterrupted: () -> Bool) -> Outcome {
    project()
    switch method.run(isInterrupted: isInterrupted) {
    case .feasible:
      setPoint(program)
      return .point
    case .infeasible: return setRowMultipliers(program) ? .contradiction : .undecided
    case .undecided: return .undecided
    case .interrupted: return .interrupted
    }
  }

  /// Sets the point to that of the projection, and the dual values to multipliers of its active
  /// constraints.
  ///
  /// - Parameters:
  ///   - program: The program that was looked at.
  ///   - hasMultipliers: Whether there are multipliers, or all are zero.
  mutating func setAnswer(_ program: QuadraticProgram, hasMultipliers: Bool) {
    rowDuals.refill(program.rows.count, with: 0)
    boundDuals.refill(program.variableCount, with: 0)
    setPoint(program)
    if !hasMultipliers { return }
    for (a, multiplier) in method.combination.enumerated() {
      let j = method.active[a]
      let signed = method.constraints.isEquation[j] ? multiplier : max(multiplier, 0)
      let dual = signed * method.signs[a] * factors[j]
      switch targets[j] {
      case .row(let k): rowDuals[k] += dual
      case .variable(let i): boundDuals[i] += dual
      }
    }
  }

  /// Sets the direction to that of the method and the point to where it starts.
  mutating func setRay(_ program: QuadraticProgram) {
    setPoint(program)
    direction.copyElements(of: method.direction)
    Self.unscale(&direction, scale)
  }

  /// A vector in the caller's units; what rounding left of a zero is zero.
  private static func unscale(_ x: inout [Double], _ scale: [Double]) {
    let least = zeroTolerance * largestMagnitude(x)
    for i in x.indices { x[i] = x[i].magnitude <= least ? 0 : x[i] * scale[i] }
  }

  /// Sets the point in the caller's units, rounding beyond the bounds of variables removed.
  private mutating func setPoint(_ program: QuadraticProgram) {
    point.copyElements(of: method.x)
    Self.unscale(&point, scale)
    for (j, target) in targets.enumerated() {
      guard case .variable(let i) = target else { continue }
      let isEquation = method.constraints.isEquation[j]
      if isEquation || factors[j] > 0 { point[i] = max(point[i], program.lowerBounds[i]) }
      if isEquation || factors[j] < 0 { point[i] = min(point[i], program.upperBounds[i]) }
    }
  }

  /// Sets the multipliers of the rows in a contradiction; returns whether every part of it has a bound.
  private mutating func setRowMultipliers(_ program: QuadraticProgram) -> Bool {
    guard let blocked = method.blocked else { return false }
    rowMultipliers.refill(program.rows.count, with: 0)
    var isWhole = addMultiplier(blocked.constraint, blocked.sign, program)
    for (a, j) in method.active.enumerated()
    where method.combination[a].magnitude > Self.leastMultiplier {
      isWhole =
        addMultiplier(j, -method.combination[a] * method.signs[a], program) && isWhole
    }
    return isWhole
  }

  private mutating func addMultiplier(
    _ constraint: Int,
    _ weight: Double,
    _ program: QuadraticProgram
  ) -> Bool {
    let multiplier = weight * factors[constraint]
    let target = targets[constraint]
    guard program.limit(target, multiplier > 0 ? .lower : .upper).isFinite else { return false }
    if case .row(let k) = target { rowMultipliers[k] += multiplier }
    return true
  }

  /// The contradiction that was found last, with its members.
  func contradiction(_ program: QuadraticProgram) -> Contradiction? {
    guard let blocked = method.blocked else { return nil }
    // The blocked normal is Σ combination × active normal: its own multiplier is 1.
    var entries = [(constraint: blocked.constraint, weight: blocked.sign, position: -1)]
    for (a, j) in method.active.enumerated()
    where method.combination[a].magnitude > Self.leastMultiplier {
      entries.append((j, -method.combination[a] * method.signs[a], a))
    }
    let entering = blocked.constraint
    let value = method.constraints.value(entering, at: method.x)
    let missing = blocked.sign * (method.constraints.bounds[entering] - value)
    var result = Contradiction(rowMultipliers: rowMultipliers, members: [], witnesses: [])
    for entry in entries {
      let multiplier = entry.weight * factors[entry.constraint]
      let target = targets[entry.constraint]
      guard let member = program.bound(target, multiplier > 0 ? .lower : .upper) else { return nil }
      result.members.append(member)
      var x = method.x
      if entry.position >= 0 {
        let step = missing / method.combination[entry.position]
        let direction = method.direction(changing: entry.position)
        for i in x.indices { x[i] += step * direction[i] }
      }
      Self.unscale(&x, scale)
      result.witnesses.append(x)
    }
    return result
  }
}
