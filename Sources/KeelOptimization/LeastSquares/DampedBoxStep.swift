// Goals: (1) the exact minimizer of the damped linear model inside the bounds, with steps that end
// at bounds ending exactly there; (2) termination; (3) no allocation.
//
// An active-set method for least squares with bounds after Stark and Parker, Computational
// Statistics 10 (1995): parameters off their bounds are solved for, the step stops at the first
// bound it meets, and a bound whose sign is wrong is let go. Each pass lowers a strictly convex
// model, so no set of bounds comes twice; a limit guards against rounding.

/// Minimizes |r + J y|² + damping · |y|² over low ≤ y ≤ high, given the triangle of J.
struct DampedBoxStep: ~Copyable, Sendable {
  /// Passes allowed a parameter; one to three are usual.
  private static let passesPerParameter = 10

  /// A sign counts as wrong above this size relative to its terms.
  private static let signTolerance = 1e-14

  /// The triangle of the Jacobian, its columns in the order of the parameters.
  var triangle: [Double]
  /// The rotated residuals.
  var rotated: [Double]
  var rowCount = 0
  var low: [Double]
  var high: [Double]
  /// The step.
  private(set) var y: [Double]
  /// −1, 0 or 1: the step ends at the lower bound, inside, at the upper bound.
  private(set) var side: [Int8]
  /// The derivative of the step's length with respect to the damping is minus this times the length.
  private(set) var decay = 0.0
  /// Whether the free columns are independent.
  private(set) var hasFullRank = false

  private var system: PivotedReduction
  private var free: [Int]
  private var freeCount = 0
  private var target: [Double]
  private var model: [Double]
  private let count: Int

  init(parameterCount n: Int, triangleRowCount: Int) {
    count = n
    triangle = [Double](repeating: 0, count: n * triangleRowCount)
    rotated = [Double](repeating: 0, count: triangleRowCount)
    low = [Double](repeating: 0, count: n)
    high = low
    y = low
    side = [Int8](repeating: 0, count: n)
    system = PivotedReduction(
      largestRowCount: triangleRowCount + n, largestColumnCount: n)
    free = [Int](repeating: 0, count: n)
    target = low
    model = rotated
  }

  /// Finds the step for a damping.
  ///
  /// - Parameters:
  ///   - damping: Zero or more.
  ///   - gradient: Jᵀr, which says where a parameter at a bound wants to go.
  mutating func solve(damping: Double, gradient: [Double]) {
    for i in 0..<count {
      y[i] = 0
      side[i] = 0
      if low[i] == 0 && (gradient[i] >= 0 || high[i] == 0) { side[i] = -1 }
      if high[i] == 0 && low[i] < 0 && gradient[i] <= 0 { side[i] = 1 }
    }
    for _ in 0..<Self.passesPerParameter &* count &+ 1 {
      collectFree()
      solveFree(damping: damping)
      if !moveToTarget() { continue }
      if !release(damping: damping) { break }
    }
    if damping > 0 { setDecay() }
  }

  /// The square of |J y|.
  mutating func linearSquare() -> Double {
    setModel(startingWithResiduals: false)
    return dotProduct(model.span.extracting(0..<rowCount), model.span.extracting(0..<rowCount))
  }

  private mutating func collectFree() {
    freeCount = 0
    for i in 0..<count where side[i] == 0 {
      free[freeCount] = i
      freeCount &+= 1
    }
  }

  /// Solves for the free parameters, the others held at their bounds.
  private mutating func solveFree(damping: Double) {
    let extra = damping > 0 ? freeCount : 0
    let rows = rowCount &+ extra
    system.reshape(rowCount: rows, columnCount: freeCount)
    for k in 0..<rowCount { system.right[k] = -rotated[k] }
    for i in 0..<count where side[i] != 0 && y[i] != 0 {
      for k in 0..<rowCount { system.right[k] -= triangle[i &* rowCount &+ k] * y[i] }
    }
    let root = damping.squareRoot()
    for f in 0..<freeCount {
      let source = free[f] &* rowCount
      for k in 0..<rowCount { system.elements[f &* rows &+ k] = triangle[source &+ k] }
      for k in 0..<extra { system.elements[f &* rows &+ rowCount &+ k] = k == f ? root : 0 }
    }
    for k in 0..<extra { system.right[rowCount &+ k] = 0 }
    system.reduce(relativeTolerance: Double(max(rows, freeCount)) * Double.ulpOfOne)
    system.solve(into: &target)
    hasFullRank = system.rank == freeCount
  }

  /// Moves the free parameters towards their targets; false when a bound stops them.
  private mutating func moveToTarget() -> Bool {
    var part = 1.0
    var stop = -1
    for f in 0..<freeCount {
      let i = free[f]
      guard target[f] < low[i] || target[f] > high[i] else { continue }
      let wall = target[f] < low[i] ? low[i] : high[i]
      let candidate = (wall - y[i]) / (target[f] - y[i])
      if stop < 0 || candidate < part { (part, stop) = (candidate, f) }
    }
    for f in 0..<freeCount {
      let i = free[f]
      y[i] = stop < 0 ? target[f] : y[i] + part * (target[f] - y[i])
      if stop >= 0 { y[i] = min(high[i], max(low[i], y[i])) }
    }
    guard stop >= 0 else { return true }
    let i = free[stop]
    side[i] = target[stop] < low[i] ? -1 : 1
    y[i] = side[i] < 0 ? low[i] : high[i]
    return false
  }

  /// Lets the bound go whose sign is wrong by the most; false when none is.
  private mutating func release(damping: Double) -> Bool {
    guard freeCount < count else { return false }
    setModel(startingWithResiduals: true)
    let tolerance = Self.signTolerance * length(rotated.span.extracting(0..<rowCount))
    var worst = tolerance
    var chosen = -1
    for i in 0..<count where side[i] != 0 && low[i] < high[i] {
      let slope =
        damping * y[i]
        + dotProduct(
          triangle.span.extracting(i &* rowCount..<(i &+ 1) &* rowCount),
          model.span.extracting(0..<rowCount))
      let wrong = side[i] < 0 ? -slope : slope
      if wrong > worst { (worst, chosen) = (wrong, i) }
    }
    guard chosen >= 0 else { return false }
    side[chosen] = 0
    return true
  }

  /// J y, or r + J y.
  private mutating func setModel(startingWithResiduals: Bool) {
    for k in 0..<rowCount { model[k] = startingWithResiduals ? rotated[k] : 0 }
    for i in 0..<count where y[i] != 0 {
      for k in 0..<rowCount { model[k] += triangle[i &* rowCount &+ k] * y[i] }
    }
  }

  private mutating func setDecay() {
    decay = 0
    let square = dotProduct(y.span, y.span)
    guard square > 0, hasFullRank else { return }
    for f in 0..<freeCount { target[f] = y[free[f]] }
    decay = system.transposedSolutionSquare(target) / square
  }
}
