// Goals: (1) an exact optimum at one risk tolerance from any feasible point; (2) few changes from a
// good one; (3) changes of one item at a time.
//
// Some linear term makes a feasible point optimal: that whose gradient vanishes on the free assets and
// pushes the others to where they are. The walk that lowers the risk tolerance then removes the
// difference to the wanted linear term. Limits on distances that the point does not meet charge at first
// what holds the assets at their references, and that price falls on the same walk. This is the homotopy
// of parametric active sets; as the limits do not move, no change makes the system singular.

import KeelNumerics
import KeelOptimization

extension ConstrainedLine {
  /// What a guess means by a weight at a breakpoint, relative to the largest weight.
  private static let nearness = 1e-11

  /// What is nothing beside the largest dual value, or in a direction.
  private static let negligible = 1e-9

  init(
    covariance: SymmetricMatrix,
    mean: [Double],
    limits: FrontierLimits,
    maximumSteps: Int
  ) {
    let (n, m) = (limits.assetCount, limits.rowCount)
    self.covariance = covariance
    self.mean = mean
    largestMean = mean.reduce(0) { max($0, $1.magnitude) }
    self.limits = limits
    self.maximumSteps = maximumSteps
    riskTolerance = 0
    deviations = covariance.diagonal.map { max($0, 0).squareRoot() }
    position = [Int](repeating: 0, count: n)
    rowSide = [Int8](repeating: 0, count: m)
    isRedundant = [Bool](repeating: false, count: m)
    weights = [Double](repeating: 0, count: n)
    rowDuals = [Double](repeating: 0, count: m)
    place = [Int](repeating: -1, count: n + m)
    isFrozen = [Bool](repeating: false, count: n + m)
    charges = rowDuals
    fallingCharges = rowDuals
    linear = weights
    product = weights
    gradient = weights
    toll = weights
    rowValues = rowDuals
    sizes.rowDuals = rowDuals
    sizes.rows = rowDuals
    sizes.gradient = weights
  }

  /// Finds the optimum at a risk tolerance.
  ///
  /// - Parameters:
  ///   - riskTolerance: The risk tolerance.
  ///   - guess: Feasible weights.
  ///   - prices: The dual values of the rows at an optimum, about; those of rows that the guess does not
  ///     meet count for nothing.
  /// - Throws: What ends a walk.
  mutating func begin(
    at riskTolerance: Double,
    near guess: [Double],
    prices: [Double]
  ) throws(CriticalLine.Failure) {
    reached = guess
    takePositions(of: guess)
    let largest = prices.reduce(0) { max($0, $1.magnitude) }
    var sides = prices.indices.map { k -> Int8 in
      let side: Int8 = prices[k] > 0 ? -1 : 1
      let isPriced = prices[k].magnitude > Self.negligible * largest
      return isPriced && isAtLimit(k, side) ? side : 0
    }
    // Each slide holds an asset or makes a row active.
    while let asset = try takeMembers(sides) {
      try countStep()
      slide(asset, &sides)
    }
    for k in rowSide.indices where rowSide[k] != 0 {
      rowDuals[k] =
        rowSide[k] == 2 ? prices[k] : rowSide[k] < 0 ? max(prices[k], 0) : min(prices[k], 0)
    }
    let wanted = mean
    linear = wanted.map { -riskTolerance * $0 }
    isStarting = true
    try removeDifference()
    isStarting = false
    linear = wanted.map { _ in 0 }
    for k in fallingCharges.indices { fallingCharges[k] = 0 }
    mean = wanted
    self.riskTolerance = riskTolerance
    try improve()
    try takeViolations()
    reached = weights
  }

  /// Holds assets and makes rows active that rounding on a singular covariance left outside; their forces
  /// and dual values are rounding too.
  private mutating func takeViolations() throws(CriticalLine.Failure) {
    for _ in 0..<itemCount {
      guard let event = firstViolation(), try apply(event) else { return }
      try improve()
    }
  }

  private func firstViolation() -> Event? {
    for item in 0..<itemCount {
      var violation: Event?
      forEachCondition(of: item, rates) { condition in
        guard violation == nil, condition.slack < -condition.tolerance else { return }
        switch condition.event.change {
        case .hold, .activate: violation = condition.event
        case .pass, .leave, .release: break
        }
      }
      if let violation { return violation }
    }
    return nil
  }

  private mutating func takePositions(of guess: [Double]) {
    weightScale = guess.reduce(0) { max($0, $1.magnitude) }
    for i in position.indices {
      let points = limits.breakpoints[i]
      let near = points.indices.min {
        (points[$0] - guess[i]).magnitude < (points[$1] - guess[i]).magnitude
      }
      if let near, limits.isFixed(i) || isNear(points[near], guess[i]) {
        position[i] = 2 * near
        weights[i] = points[near]
      } else {
        let below = points.count { $0 <= guess[i] }
        position[i] = 2 * min(max(below - 1, 0), points.count - 2) + 1
        weights[i] = guess[i]
      }
    }
  }

  /// Whether the guess meets a limit of a row, about.
  private func isAtLimit(_ k: Int, _ side: Int8) -> Bool {
    let limit = side < 0 ? limits.lower[k] : limits.upper[k]
    let distance = (limits.value(k, weights, at: position) - limit).magnitude
    return distance <= Self.negligible * (limits.size(k, weights) + limit.magnitude)
  }

  private func isNear(_ left: Double, _ right: Double) -> Bool {
    (left - right).magnitude <= Self.nearness * weightScale
  }

  /// Chooses rows that are independent on free assets, and free assets that leave a variance.
  ///
  /// - Returns: A free asset that the others replicate, or nil when there is none.
  private mutating func takeMembers(_ sides: [Int8]) throws(CriticalLine.Failure) -> Int? {
    var elimination = RowElimination()
    for k in rowSide.indices where limits.lower[k] == limits.upper[k] {
      let all = position.indices.filter { !limits.isFixed($0) }
      let free = all.filter { position[$0] % 2 == 1 }
      let row = limits.coefficients[k]
      guard let asset = elimination.add(row, among: free) ?? elimination.add(row, among: all) else {
        isRedundant[k] = true
        continue
      }
      rowSide[k] = 2
      if position[asset] % 2 == 0 { position[asset] += position[asset] == 0 ? 1 : -1 }
    }
    let free = position.indices.filter { position[$0] % 2 == 1 }
    for k in rowSide.indices where limits.lower[k] < limits.upper[k] {
      rowSide[k] = 0
      if sides[k] == 0 { continue }
      let row = position.indices.map { limits.slope(k, $0, at: position[$0]) }
      if elimination.add(row, among: free) != nil { rowSide[k] = sides[k] }
    }
    let rows = rowSide.indices.filter { rowSide[$0] != 0 }
    try rebuild(elimination.pivots + rows.map { $0 + assetCount })
    for i in free where place[i] < 0 {
      if try !insert(i, at: position[i]) { return i }
    }
    return nil
  }

  /// Moves an asset with those that replicate it, until one of them or a row stands in the way.
  private mutating func slide(_ asset: Int, _ sides: inout [Int8]) {
    var direction = [Double](repeating: 0, count: assetCount)
    direction[asset] = 1
    let image = inverse.times(border(of: asset, at: position[asset]))
    for (q, item) in members.enumerated() where item < assetCount { direction[item] = -image[q] }
    Self.clearRounding(&direction)
    let down = direction.map { -$0 }
    let (first, second) = (firstStop(direction), firstStop(down))
    let isDown = second.length < first.length
    let (event, length) = isDown ? second : first
    guard let event else { return }
    for i in direction.indices { weights[i] += length * (isDown ? down[i] : direction[i]) }
    if case .activate(let side) = event.change {
      sides[event.item - assetCount] = side
    } else {
      setState(event)
    }
  }

  /// Moves along a direction without variance and slope, which opens where the force on an asset or
  /// the dual value of a row vanishes, to its end, and changes places there.
  ///
  /// With a fixed linear term beside the mean that may happen at any risk tolerance.
  mutating func jump(_ event: Event) throws(CriticalLine.Failure) -> Bool {
    guard let direction = try openDirection(event) else { return false }
    var items = members
    if case .leave = event.change {
      items.append(event.item)
    } else {
      items.removeAll { $0 == event.item }
    }
    setState(event)
    let (stop, length) = firstStop(direction)
    guard let stop else { throw .lostAccuracy }
    for i in direction.indices { weights[i] += length * direction[i] }
    if case .hold = stop.change {
      items.removeAll { $0 == stop.item }
    } else {
      items.append(stop.item)
    }
    setState(stop)
    try rebuild(items)
    restart()
    return true
  }

  /// The direction of the weights when an asset leaves its breakpoint or a row lets go.
  private mutating func openDirection(
    _ event: Event
  ) throws(CriticalLine.Failure) -> [Double]? {
    let item = event.item
    var direction = [Double](repeating: 0, count: assetCount)
    let sign: Double
    let image: [Double]
    switch event.change {
    case .leave(let next):
      sign = next > position[item] ? -1 : 1
      image = try self.image(of: border(of: item, at: next))
      direction[item] = -sign
    case .release:
      sign = rowSide[item - assetCount] < 0 ? 1 : -1
      image = try self.image(of: unit(at: place[item]))
    default: return nil
    }
    for (q, other) in members.enumerated() where other < assetCount {
      direction[other] = sign * image[q]
    }
    Self.clearRounding(&direction)
    return direction
  }

  private static func clearRounding(_ direction: inout [Double]) {
    let largest = direction.reduce(0) { max($0, $1.magnitude) }
    for i in direction.indices where direction[i].magnitude <= negligible * largest {
      direction[i] = 0
    }
  }

  private func firstStop(_ direction: [Double]) -> (event: Event?, length: Double) {
    var (first, length) = (Event?.none, Double.infinity)
    func consider(_ distance: Double, _ event: Event) {
      let candidate = max(distance, 0)
      if candidate < length { (first, length) = (event, candidate) }
    }
    for i in direction.indices where direction[i] != 0 {
      let b = position[i] / 2 + (direction[i] > 0 ? 1 : 0)
      let distance = (limits.breakpoints[i][b] - weights[i]) / direction[i]
      consider(distance, Event(item: i, change: .hold(at: 2 * b)))
    }
    for k in rowSide.indices where rowSide[k] == 0 && !isRedundant[k] {
      let rate = rowRate(k, direction)
      if rate == 0 { continue }
      let limit = rate < 0 ? limits.lower[k] : limits.upper[k]
      let distance = (limit - limits.value(k, weights, at: position)) / rate
      consider(distance, Event(item: assetCount + k, change: .activate(side: rate < 0 ? -1 : 1)))
    }
    return (first, length)
  }

  /// Finds the linear term for which the present point is optimal, and walks from there to the wanted
  /// one.
  private mutating func removeDifference() throws(CriticalLine.Failure) {
    riskTolerance = 0
    satisfyRows()
    mean = weights.map { _ in 0 }
    chargeDistances()
    mean = gradient.indices.map { i in
      let force = missingForce(i)
      return force.magnitude <= Self.rounding * sizes.gradient[i] ? 0 : force
    }
    riskTolerance = 1
    update()
    _ = try fall()
  }

  /// The largest force on an asset at a reference, for each unit of its distance.
  private func largestPull(_ k: Int) -> Double {
    var largest = 0.0
    for i in position.indices where limits.bends(k, i, at: position[i]) {
      largest = max(largest, missingForce(i).magnitude / limits.coefficients[k][i])
    }
    return largest
  }

  /// Charges for the distances of limits that are not met what holds the assets at their references.
  private mutating func chargeDistances() {
    for k in limits.linearCount..<limits.rowCount where rowSide[k] == 0 {
      fallingCharges[k] = largestPull(k)
      riskTolerance = 1
      update()
    }
  }

  /// What the gradient of an asset exceeds its optimality condition by.
  private func missingForce(_ i: Int) -> Double {
    if position[i] % 2 == 1 { return gradient[i] }
    let last = 2 * (limits.breakpoints[i].count - 1)
    let least = position[i] < last ? -toll[i] : -Double.infinity
    let most = position[i] > 0 ? toll[i] : Double.infinity
    return limits.isFixed(i) ? 0 : gradient[i] - min(max(gradient[i], least), most)
  }

  /// Moves the free assets as little as the active rows ask for.
  private mutating func satisfyRows() {
    let refinements = 3
    updateProduct()
    update()
    for _ in 0..<refinements {
      let right = members.map { item in
        item < assetCount ? 0 : target(item - assetCount) - rowValues[item - assetCount]
      }
      for (item, step) in zip(members, inverse.times(right)) where item < assetCount {
        weights[item] += step
      }
      updateProduct()
      update()
    }
  }
}

/// Rows in echelon form, one after the other.
struct RowElimination {
  private var rows: [[Double]] = []
  /// The variable of each row.
  private(set) var pivots: [Int] = []

  /// What elimination may leave of a row that depends on the others, relative to its size.
  private static let dependence = 1e-10

  /// Adds a row that is independent of the others on some variables.
  ///
  /// - Returns: The variable with its largest element, or nil when it depends.
  mutating func add(_ row: [Double], among variables: [Int]) -> Int? {
    var rest = row
    for (other, pivot) in zip(rows, pivots) where rest[pivot] != 0 {
      let factor = rest[pivot] / other[pivot]
      for i in rest.indices { rest[i] -= factor * other[i] }
      rest[pivot] = 0
    }
    let size = row.reduce(0) { max($0, $1.magnitude) }
    var best = (variable: -1, size: Self.dependence * size)
    for i in variables where rest[i].magnitude > best.size { best = (i, rest[i].magnitude) }
    if best.variable < 0 { return nil }
    rows.append(rest)
    pivots.append(best.variable)
    return best.variable
  }
}
