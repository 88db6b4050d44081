// Goals: (1) decide feasibility: a point, or multipliers whose normals are linearly dependent in one
// way only, so that no constraint of the contradiction can be spared; (2) orthogonal updates alone,
// which lose no digits; (3) O(n²) a step, in memory that is kept.
//
// Dual active-set method of Goldfarb and Idnani, Mathematical Programming 27 (1983), for the
// projection of a point: minimize 1/2 |x − p|² subject to n'x ≥ b or n'x = b with unit normals n.

/// Projects a point onto a polyhedron, or proves that the polyhedron is empty.
struct DualActiveSet: Sendable {
  /// Constraints `normal'x ≥ bound`, or `= bound`, with normals of length one.
  struct Constraints: Sendable {
    /// The entries of constraint j stand at `starts[j]..<starts[j + 1]`.
    private(set) var starts = [0]
    private(set) var indices: [Int] = []
    private(set) var normals: [Double] = []
    private(set) var bounds: [Double] = []
    private(set) var isEquation: [Bool] = []

    var count: Int { bounds.count }

    func entries(_ j: Int) -> Range<Int> { starts[j]..<starts[j + 1] }

    mutating func reserve(count: Int, entryCount: Int) {
      starts.reserveCapacity(count + 1)
      indices.reserveCapacity(entryCount)
      normals.reserveCapacity(entryCount)
      bounds.reserveCapacity(count)
      isEquation.reserveCapacity(count)
    }

    mutating func removeAll() {
      starts.refill(1, with: 0)
      indices.removeAll(keepingCapacity: true)
      normals.removeAll(keepingCapacity: true)
      bounds.removeAll(keepingCapacity: true)
      isEquation.removeAll(keepingCapacity: true)
    }

    /// Adds an entry to the constraint that ``end(bound:isEquation:)`` ends.
    mutating func append(_ index: Int, _ normal: Double) {
      indices.append(index)
      normals.append(normal)
    }

    mutating func end(bound: Double, isEquation: Bool) {
      starts.append(indices.count)
      bounds.append(bound)
      self.isEquation.append(isEquation)
    }

    func value(_ j: Int, at x: [Double]) -> Double {
      let indices = indices.span
      let normals = normals.span
      let x = x.span
      var sum = 0.0
      for e in starts[j]..<starts[j + 1] { sum += normals[e] * x[indices[e]] }
      return sum
    }
  }

  /// What became of a move against a slope.
  enum Advance { case stationary, moved, unblocked }

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

  /// Corrections of ``combination`` by which rounding is removed from it.
  private static let refinements = 3

  private(set) var count = 0
  var constraints = Constraints()

  /// The projection when the search has ended; before, the projection onto the active constraints.
  private(set) var x: [Double] = []

  /// The active constraints, with the sign of their normals and their multipliers.
  private(set) var active: [Int] = []
  private(set) var signs: [Double] = []
  private(set) var multipliers: [Double] = []
  private(set) var isActive: [Bool] = []

  /// The constraint that contradicts the active ones, and its sign; ``combination`` of their normals
  /// makes its normal.
  private(set) var blocked: (constraint: Int, sign: Double)?
  private(set) var combination: [Double] = []

  /// Where nothing is in the way of a move.
  private(set) var direction: [Double] = []

  private var target: [Double] = []
  /// Orthonormal columns; the first ones span the active normals, N = Q R.
  private var q: [Double] = []
  private var r: [Double] = []

  // Room for a normal times Q, the residuals of the active constraints and those of a combination.
  private var transformed: [Double] = []
  private var missing: [Double] = []
  private var residual: [Double] = []
  private var change: [Double] = []

  init() {}

  /// Takes memory.
  mutating func reserve(count: Int, constraintCount: Int, entryCount: Int) {
    constraints.reserve(count: constraintCount, entryCount: entryCount)
    x.reserveCapacity(count)
    active.reserveCapacity(count + 1)
    signs.reserveCapacity(count + 1)
    multipliers.reserveCapacity(count + 1)
    isActive.reserveCapacity(constraintCount)
    combination.reserveCapacity(count + 1)
    direction.reserveCapacity(count)
    target.reserveCapacity(count)
    q.reserveCapacity(count * count)
    r.reserveCapacity(count * count)
    transformed.reserveCapacity(count)
    missing.reserveCapacity(count + 1)
    residual.reserveCapacity(count)
    change.reserveCapacity(count + 1)
  }

  /// Begins with a point and the present constraints, none of them active.
  mutating func restart(target point: [Double]) {
    count = point.count
    target.copyElements(of: point)
    x.copyElements(of: point)
    active.removeAll(keepingCapacity: true)
    signs.removeAll(keepingCapacity: true)
    multipliers.removeAll(keepingCapacity: true)
    isActive.refill(constraints.count, with: false)
    blocked = nil
    q.refill(count * count, with: 0)
    for i in 0..<count { q[i * (count + 1)] = 1 }
    r.refill(count * count, with: 0)
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
    target.copyElements(of: point)
    while true {
      x.copyElements(of: target)
      setMissing()
      Self.solveLower(&missing, r, count)
      Self.solveUpper(&missing, r, count)
      multipliers.copyElements(of: missing)
      var worst: Int?
      for a in active.indices
      where !constraints.isEquation[active[a]] && multipliers[a] < 0 {
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
  /// - Returns: Whether it moved; when nothing is in its way, ``direction`` is where it would go.
  mutating func advance(along slope: [Double]) -> Advance {
    transform(slope)
    _ = setFreeDirection()
    for i in direction.indices { direction[i] = -direction[i] }
    if largestMagnitude(direction) <= Self.dependenceTolerance * largestMagnitude(slope) {
      return .stationary
    }
    var length = Double.infinity
    for j in 0..<constraints.count where !isActive[j] && !constraints.isEquation[j] {
      let change = constraints.value(j, at: direction)
      guard change < -Self.noise * largestMagnitude(direction) else { continue }
      length = min(
        length, max(0, constraints.value(j, at: x) - constraints.bounds[j]) / -change)
    }
    guard length < .infinity else { return .unblocked }
    for i in 0..<count { x[i] += length * direction[i] }
    return .moved
  }

  // MARK: - One constraint

  /// The violated equation, or else the inequality that is farthest away.
  private func mostViolated() -> (Int, sign: Double)? {
    let largest = largestMagnitude(x)
    let indices = constraints.indices.span
    let normals = constraints.normals.span
    let x = x.span
    var worst: (index: Int, distance: Double, sign: Double)?
    for j in 0..<constraints.count where !isActive[j] {
      var value = 0.0
      var size = constraints.bounds[j].magnitude
      for e in constraints.entries(j) {
        let term = normals[e] * x[indices[e]]
        value += term
        size += term.magnitude
      }
      let isEquation = constraints.isEquation[j]
      let missing = constraints.bounds[j] - value
      let distance = isEquation ? missing.magnitude : missing
      guard distance > Self.violationTolerance * size, distance > Self.noise * largest else {
        continue
      }
      if isEquation { return (j, missing < 0 ? -1 : 1) }
      if distance > worst?.distance ?? 0 { worst = (j, distance, 1) }
    }
    return worst.map { ($0.index, $0.sign) }
  }

  /// Adds a constraint, dropping those that block the way; returns an end when it cannot.
  private mutating func add(_ entering: Int, _ sign: Double, _ steps: inout Int) -> End? {
    var own = 0.0
    while true {
      steps -= 1
      if steps < 0 { return .undecided }
      transform(entering, sign)
      setCombinationOfTransformed()
      let curvature = setFreeDirection()
      let blocking = firstBlocking()
      let missing = sign * (constraints.bounds[entering] - constraints.value(entering, at: x))
      let dependence = Self.dependenceTolerance
      let isIndependent = active.count < count && curvature > dependence * dependence
      let full = isIndependent ? max(missing, 0) / curvature : .infinity
      let length = min(full, blocking?.length ?? .infinity)
      guard length < .infinity else {
        blocked = (entering, sign)
        return .infeasible
      }
      if isIndependent { for i in 0..<count { x[i] += length * direction[i] } }
      for a in active.indices { multipliers[a] -= length * combination[a] }
      own += length
      if let blocking, blocking.length < full {
        drop(blocking.position)
        continue
      }
      append(entering, sign, own)
      return nil
    }
  }

  /// The active inequality whose multiplier reaches zero first, the later one of equals.
  private func firstBlocking() -> (position: Int, length: Double)? {
    var first: (position: Int, length: Double)?
    for a in active.indices where combination[a] > 0 && !constraints.isEquation[active[a]] {
      // Rounding of dependent normals is no combination.
      if combination[a] <= Self.noise { continue }
      let length = max(multipliers[a], 0) / combination[a]
      if length <= first?.length ?? .infinity { first = (a, length) }
    }
    return first
  }

  // MARK: - Orthogonal factors

  /// ``transformed`` := Q' times the signed normal of a constraint.
  private mutating func transform(_ j: Int, _ sign: Double) {
    transformed.refill(count, with: 0)
    Self.transform(
      &transformed, q, constraints.indices, constraints.normals, constraints.entries(j), sign)
  }

  private static func transform(
    _ result: inout [Double],
    _ q: [Double],
    _ indices: [Int],
    _ normals: [Double],
    _ entries: Range<Int>,
    _ sign: Double
  ) {
    let indices = indices.span
    let normals = normals.span
    let elements = q.span
    var result = result.mutableSpan
    let count = result.count
    for k in 0..<count {
      let column = k &* count
      var sum = 0.0
      for e in entries { sum += elements[column &+ indices[e]] * normals[e] }
      result[k] = sign * sum
    }
  }

  /// ``transformed`` := Q' times a vector.
  private mutating func transform(_ vector: [Double]) {
    transformed.refill(count, with: 0)
    Self.transform(&transformed, q, vector)
  }

  private static func transform(_ result: inout [Double], _ q: [Double], _ vector: [Double]) {
    let vector = vector.span
    let elements = q.span
    var result = result.mutableSpan
    let count = result.count
    for k in 0..<count {
      let column = k &* count
      var sum = 0.0
      for i in 0..<count { sum += elements[column &+ i] * vector[i] }
      result[k] = sum
    }
  }

  /// ``direction`` := the part of the transformed vector outside the span of the active normals;
  /// returns its squared length.
  private mutating func setFreeDirection() -> Double {
    direction.refill(count, with: 0)
    return Self.addFree(&direction, q, transformed, from: active.count)
  }

  private static func addFree(
    _ direction: inout [Double],
    _ q: [Double],
    _ d: [Double],
    from first: Int
  ) -> Double {
    let elements = q.span
    var output = direction.mutableSpan
    let count = output.count
    var curvature = 0.0
    for k in first..<max(count, first) where d[k] != 0 {
      curvature += d[k] * d[k]
      for i in 0..<count { output[i] += d[k] * elements[k &* count &+ i] }
    }
    return curvature
  }

  /// ``combination`` := the solution of R v = d for the first elements of the transformed vector d.
  private mutating func setCombinationOfTransformed() {
    combination.removeAll(keepingCapacity: true)
    for a in active.indices { combination.append(transformed[a]) }
    Self.solveUpper(&combination, r, count)
  }

  /// Solves R v = d in place.
  private static func solveUpper(_ v: inout [Double], _ r: [Double], _ count: Int) {
    for k in v.indices.reversed() {
      v[k] /= r[k * (count + 1)]
      for i in 0..<k { v[i] -= r[i + k * count] * v[k] }
    }
  }

  /// Solves R'v = d in place.
  private static func solveLower(_ v: inout [Double], _ r: [Double], _ count: Int) {
    for k in v.indices {
      for i in 0..<k { v[k] -= r[i + k * count] * v[i] }
      v[k] /= r[k * (count + 1)]
    }
  }

  /// Makes a constraint active, whose transformed normal is used up.
  private mutating func append(_ entering: Int, _ sign: Double, _ own: Double) {
    let position = active.count
    for k in stride(from: count - 1, to: position, by: -1) where transformed[k] != 0 {
      let (c, s, length) = Self.rotation(transformed[k - 1], transformed[k])
      transformed[k - 1] = length
      Self.rotate(&q, k - 1, c, s, count)
    }
    for i in 0...position { r[i + position * count] = transformed[i] }
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
      Self.rotate(&q, k, c, s, count)
    }
  }

  private static func rotation(_ a: Double, _ b: Double) -> (c: Double, s: Double, Double) {
    if b == 0 { return (1, 0, a) }
    let length = (a * a + b * b).squareRoot()
    return (a / length, b / length, length)
  }

  /// Rotates two neighboring columns of Q.
  private static func rotate(
    _ q: inout [Double],
    _ k: Int,
    _ c: Double,
    _ s: Double,
    _ count: Int
  ) {
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

  /// ``missing`` := what the active constraints miss at the point.
  private mutating func setMissing() {
    missing.removeAll(keepingCapacity: true)
    for (a, j) in active.enumerated() {
      missing.append(signs[a] * (constraints.bounds[j] - constraints.value(j, at: x)))
    }
  }

  /// Removes what rounding left in the active constraints: the combination of the first columns of Q
  /// that solves N'dx = missing.
  private mutating func refine() {
    setMissing()
    Self.solveLower(&missing, r, count)
    for k in missing.indices where missing[k] != 0 {
      for i in 0..<count { x[i] += missing[k] * q[k * count + i] }
    }
  }

  /// ``combination`` := the multipliers that make a vector of the active normals, to rounding in
  /// every element.
  mutating func setCombination(of vector: [Double]) {
    change.refill(active.count, with: 0)
    for _ in 0..<Self.refinements {
      residual.copyElements(of: vector)
      for (a, j) in active.enumerated() {
        for e in constraints.entries(j) {
          residual[constraints.indices[e]] -= signs[a] * constraints.normals[e] * change[a]
        }
      }
      transform(residual)
      setCombinationOfTransformed()
      for a in active.indices { change[a] += combination[a] }
    }
    combination.copyElements(of: change)
  }

  /// A direction that changes one active constraint by one and leaves the others.
  func direction(changing position: Int) -> [Double] {
    var v = [Double](repeating: 0, count: active.count)
    v[position] = 1
    Self.solveLower(&v, r, count)
    var direction = [Double](repeating: 0, count: count)
    for k in v.indices where v[k] != 0 {
      for i in 0..<count { direction[i] += v[k] * q[k * count + i] }
    }
    return direction
  }
}
