// Goals: (1) decide feasibility: a point, or multipliers whose normals are linearly dependent in one
// way only, so that no constraint of the contradiction can be spared; (2) orthogonal updates alone,
// which lose no digits; (3) O(n²) a step.
//
// Dual active-set method of Goldfarb and Idnani, Mathematical Programming 27 (1983), for the
// projection of a point: minimize 1/2 |x − p|² subject to n'x ≥ b or n'x = b with unit normals n.

/// Projects a point onto a polyhedron, or proves that the polyhedron is empty.
struct DualActiveSet {
  /// A constraint `normal'x ≥ bound`, or `= bound`, with a normal of length one.
  struct Constraint {
    var indices: [Int]
    var normal: [Double]
    var bound: Double
    var isEquation: Bool

    func value(at x: [Double]) -> Double {
      var sum = 0.0
      for p in indices.indices { sum += normal[p] * x[indices[p]] }
      return sum
    }
  }

  /// What became of a move against a slope.
  enum Advance { case stationary, moved, unblocked([Double]) }

  /// How the search ended.
  enum End { case feasible, infeasible, undecided, interrupted }

  /// The violation relative to the terms of a constraint that is taken for zero: a tenth of what
  /// `optimal` allows.
  private static let violationTolerance = 1e-13

  /// The same relative to the largest variable: some roundings.
  private static let noise = 1e-15

  /// The part of a unit normal outside the span of others that is taken for rounding.
  private static let dependenceTolerance = 1e-11

  /// Steps for each variable and constraint before the search is given up.
  private static let stepsPerConstraint = 10

  let count: Int
  let constraints: [Constraint]

  /// The projection when the search has ended; before, the projection onto the active constraints.
  private(set) var x: [Double]

  /// The active constraints, with the sign of their normals and their multipliers.
  private(set) var active: [Int] = []
  private(set) var signs: [Double] = []
  private(set) var multipliers: [Double] = []

  /// The constraint that contradicts the active ones, its sign and the combination of their normals
  /// that makes its normal.
  private(set) var blocked: (constraint: Int, sign: Double, combination: [Double])?

  private var target: [Double]
  private var isActive: [Bool]
  /// Orthonormal columns; the first ones span the active normals, N = Q R.
  private var q: [Double]
  private var r: [Double]

  init(count: Int, constraints: [Constraint], target: [Double]) {
    self.count = count
    self.constraints = constraints
    self.target = target
    x = target
    isActive = [Bool](repeating: false, count: constraints.count)
    q = [Double](repeating: 0, count: count * count)
    for i in 0..<count { q[i * (count + 1)] = 1 }
    r = [Double](repeating: 0, count: count * count)
  }

  /// Searches the projection.
  ///
  /// - Parameter isInterrupted: Asked before each constraint is added.
  /// - Returns: What was found.
  mutating func run(isInterrupted: () -> Bool) -> End {
    blocked = nil
    var steps = Self.stepsPerConstraint * (constraints.count + count + 1)
    var isRefined = false
    while true {
      if isInterrupted() { return .interrupted }
      guard let (entering, sign) = mostViolated() else {
        if isRefined || active.isEmpty { return .feasible }
        refine()
        isRefined = true
        continue
      }
      isRefined = false
      if let end = add(entering, sign, &steps) { return end }
    }
  }

  /// Moves the point that is projected, and keeps the active constraints whose multipliers allow it.
  mutating func retarget(_ point: [Double]) {
    target = point
    while true {
      x = target
      let missing = active.indices.map { activeResidual($0) }
      multipliers = solveUpper(solveLower(missing))
      var worst: Int?
      for a in active.indices
      where !constraints[active[a]].isEquation && multipliers[a] < 0 {
        if worst.map({ multipliers[a] < multipliers[$0] }) ?? true { worst = a }
      }
      if let worst {
        drop(worst)
        continue
      }
      refine()
      return
    }
  }

  /// Moves the point against a slope, within the active constraints, until the first other one.
  ///
  /// - Parameter slope: The slope.
  /// - Returns: Whether it moved, or the direction when nothing is in its way.
  mutating func advance(along slope: [Double]) -> Advance {
    let direction = freeComponent(of: slope).map { -$0 }
    if largestMagnitude(direction) <= Self.dependenceTolerance * largestMagnitude(slope) {
      return .stationary
    }
    var length = Double.infinity
    for (j, constraint) in constraints.enumerated() where !isActive[j] && !constraint.isEquation {
      let change = constraint.value(at: direction)
      guard change < -Self.noise * largestMagnitude(direction) else { continue }
      length = min(length, max(0, constraint.value(at: x) - constraint.bound) / -change)
    }
    guard length < .infinity else { return .unblocked(direction) }
    for i in 0..<count { x[i] += length * direction[i] }
    return .moved
  }

  // MARK: - One constraint

  /// The violated equation, or else the inequality that is farthest away.
  private func mostViolated() -> (Int, sign: Double)? {
    let largest = largestMagnitude(x)
    var worst: (index: Int, distance: Double, sign: Double)?
    for (j, constraint) in constraints.enumerated() where !isActive[j] {
      var value = 0.0
      var size = constraint.bound.magnitude
      for p in constraint.indices.indices {
        let term = constraint.normal[p] * x[constraint.indices[p]]
        value += term
        size += term.magnitude
      }
      let missing = constraint.bound - value
      let distance = constraint.isEquation ? missing.magnitude : missing
      guard distance > Self.violationTolerance * size, distance > Self.noise * largest else {
        continue
      }
      if constraint.isEquation { return (j, missing < 0 ? -1 : 1) }
      if distance > worst?.distance ?? 0 { worst = (j, distance, 1) }
    }
    return worst.map { ($0.index, $0.sign) }
  }

  /// Adds a constraint, dropping those that block the way; returns an end when it cannot.
  private mutating func add(_ entering: Int, _ sign: Double, _ steps: inout Int) -> End? {
    let constraint = constraints[entering]
    var own = 0.0
    while true {
      steps -= 1
      if steps < 0 { return .undecided }
      let d = transformed(constraint, sign)
      let combination = solveUpper(d)
      let (direction, curvature) = freeDirection(d)
      let blocking = firstBlocking(combination)
      let missing = sign * (constraint.bound - constraint.value(at: x))
      let dependence = Self.dependenceTolerance
      let isIndependent = active.count < count && curvature > dependence * dependence
      let full = isIndependent ? max(missing, 0) / curvature : .infinity
      let length = min(full, blocking?.length ?? .infinity)
      guard length < .infinity else {
        blocked = (entering, sign, combination)
        return .infeasible
      }
      if isIndependent { for i in 0..<count { x[i] += length * direction[i] } }
      for a in active.indices { multipliers[a] -= length * combination[a] }
      own += length
      if let blocking, blocking.length < full {
        drop(blocking.position)
        continue
      }
      append(entering, sign, own, d)
      return nil
    }
  }

  /// The active inequality whose multiplier reaches zero first, the later one of equals.
  private func firstBlocking(_ combination: [Double]) -> (position: Int, length: Double)? {
    var first: (position: Int, length: Double)?
    for a in active.indices where combination[a] > 0 && !constraints[active[a]].isEquation {
      // Rounding of dependent normals is no combination.
      if combination[a] <= Self.noise { continue }
      let length = max(multipliers[a], 0) / combination[a]
      if length <= first?.length ?? .infinity { first = (a, length) }
    }
    return first
  }

  // MARK: - Orthogonal factors

  /// Q' times the signed normal.
  private func transformed(_ constraint: Constraint, _ sign: Double) -> [Double] {
    let indices = constraint.indices.span
    let normal = constraint.normal.span
    let elements = q.span
    let count = count
    return [Double](capacity: count) { output in
      for k in 0..<count {
        var sum = 0.0
        for p in 0..<indices.count { sum += elements[k &* count &+ indices[p]] * normal[p] }
        output.append(sign * sum)
      }
    }
  }

  /// The part of the normal outside the span of the active ones, and its squared length.
  private func freeDirection(_ d: [Double]) -> ([Double], Double) {
    var direction = [Double](repeating: 0, count: count)
    var curvature = 0.0
    let elements = q.span
    var output = direction.mutableSpan
    for k in active.count..<max(count, active.count) where d[k] != 0 {
      curvature += d[k] * d[k]
      for i in 0..<count { output[i] += d[k] * elements[k &* count &+ i] }
    }
    return (direction, curvature)
  }

  /// The part of a vector outside the span of the active normals.
  private func freeComponent(of vector: [Double]) -> [Double] {
    freeDirection(transformed(whole(vector), 1)).0
  }

  private func whole(_ vector: [Double]) -> Constraint {
    Constraint(indices: Array(0..<count), normal: vector, bound: 0, isEquation: false)
  }

  /// Solves R v = d for the first elements of d.
  private func solveUpper(_ d: [Double]) -> [Double] {
    var v = Array(d.prefix(active.count))
    for k in v.indices.reversed() {
      v[k] /= r[k * (count + 1)]
      for i in 0..<k { v[i] -= r[i + k * count] * v[k] }
    }
    return v
  }

  /// Solves R'v = d.
  private func solveLower(_ d: [Double]) -> [Double] {
    var v = d
    for k in v.indices {
      for i in 0..<k { v[k] -= r[i + k * count] * v[i] }
      v[k] /= r[k * (count + 1)]
    }
    return v
  }

  private mutating func append(_ entering: Int, _ sign: Double, _ own: Double, _ d: [Double]) {
    var d = d
    let position = active.count
    for k in stride(from: count - 1, to: position, by: -1) where d[k] != 0 {
      let (c, s, length) = Self.rotation(d[k - 1], d[k])
      d[k - 1] = length
      rotate(k - 1, c, s)
    }
    for i in 0...position { r[i + position * count] = d[i] }
    active.append(entering)
    signs.append(sign)
    multipliers.append(own)
    isActive[entering] = true
  }

  private mutating func drop(_ position: Int) {
    isActive[active[position]] = false
    active.remove(at: position)
    signs.remove(at: position)
    multipliers.remove(at: position)
    for column in position..<active.count {
      for i in 0...(column + 1) { r[i + column * count] = r[i + (column + 1) * count] }
    }
    for k in position..<active.count {
      let (c, s, length) = Self.rotation(r[k * (count + 1)], r[k + 1 + k * count])
      r[k * (count + 1)] = length
      r[k + 1 + k * count] = 0
      for column in (k + 1)..<max(active.count, k + 1) {
        let upper = r[k + column * count]
        let lower = r[k + 1 + column * count]
        r[k + column * count] = c * upper + s * lower
        r[k + 1 + column * count] = c * lower - s * upper
      }
      rotate(k, c, s)
    }
  }

  private static func rotation(_ a: Double, _ b: Double) -> (c: Double, s: Double, Double) {
    if b == 0 { return (1, 0, a) }
    let length = (a * a + b * b).squareRoot()
    return (a / length, b / length, length)
  }

  /// Rotates two neighboring columns of Q.
  private mutating func rotate(_ k: Int, _ c: Double, _ s: Double) {
    let count = count
    let left = k &* count
    let right = left &+ count
    var elements = q.mutableSpan
    for i in 0..<count {
      let a = elements[left &+ i]
      let b = elements[right &+ i]
      elements[left &+ i] = c * a + s * b
      elements[right &+ i] = c * b - s * a
    }
  }

  // MARK: - The point

  private func activeResidual(_ a: Int) -> Double {
    signs[a] * (constraints[active[a]].bound - constraints[active[a]].value(at: x))
  }

  /// Adds the combination of the first columns of Q that solves N'dx = missing.
  private mutating func correct(_ missing: [Double]) {
    let v = solveLower(missing)
    for k in v.indices where v[k] != 0 {
      for i in 0..<count { x[i] += v[k] * q[k * count + i] }
    }
  }

  /// Removes what rounding left in the active constraints.
  private mutating func refine() {
    let missing = active.indices.map { activeResidual($0) }
    correct(missing)
  }

  /// The multipliers that make a vector of the active normals, to rounding in every element.
  func combination(of vector: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: active.count)
    let refinements = 3
    for _ in 0..<refinements {
      var residual = vector
      for a in active.indices {
        let constraint = constraints[active[a]]
        for (i, normal) in zip(constraint.indices, constraint.normal) {
          residual[i] -= signs[a] * normal * result[a]
        }
      }
      let change = solveUpper(transformed(whole(residual), 1))
      for a in active.indices { result[a] += change[a] }
    }
    return result
  }

  /// A direction that changes one active constraint by one and leaves the others.
  func direction(changing position: Int) -> [Double] {
    var unit = [Double](repeating: 0, count: active.count)
    unit[position] = 1
    let v = solveLower(unit)
    var direction = [Double](repeating: 0, count: count)
    for k in v.indices where v[k] != 0 {
      for i in 0..<count { direction[i] += v[k] * q[k * count + i] }
    }
    return direction
  }
}
