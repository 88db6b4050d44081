// Goals: (1) points and multipliers that make the bound by duality strong; nothing is trusted;
// (2) plain quadratic programs, which the active-set method solves in microseconds.
//
// The perspective relaxation (A. Frangioni and C. Gentile, Mathematical Programming 106, 2006)
// replaces d x²/2 of a variable that is either at its center or away from it by d x²/(2z) + c z with
// a fraction z of being away, and bounds the sum of the fractions by the limit on counts. It is
// convex in x and z together and is minimized in turns: for given z a quadratic program with another
// diagonal, for given x the fractions in closed form with one multiplier a limit.

/// The fractions and curvatures of a perspective relaxation.
struct PerspectiveWeights: Sendable {
  /// Doublings and halvings in the search for the multiplier of a limit.
  private static let multiplierSteps = 40

  /// The least distance from the center, relative to the largest: smaller ones would not move again.
  private static let leastDistance = 1e-4

  private var domains: VariableDomains
  /// The curvatures that are split off.
  private(set) var curvatures: [Double]
  private let members: [[Int]]
  /// The curvature of each variable about its center.
  private(set) var weights: [Double]
  /// The fraction of each variable.
  private(set) var fractions: [Double]
  /// Whether any variable is undecided about its center.
  private(set) var isPlain = true
  private var distances: [Double]
  private var isOpen: [Bool]
  private var multipliers: [Double]

  init(_ domains: VariableDomains, curvatures: [Double]) {
    self.domains = domains
    self.curvatures = curvatures
    members = domains.limits.indices.map { j in
      (0..<domains.count).filter { domains.primaryLimit[$0] == j }
    }
    weights = curvatures
    fractions = [Double](repeating: 1, count: domains.count)
    distances = fractions
    isOpen = [Bool](repeating: false, count: domains.count)
    multipliers = [Double](repeating: 0, count: domains.count)
  }

  /// Goes over to other values of the same variables under the same limits.
  mutating func replaceDomains(_ domains: VariableDomains) {
    self.domains.copyNumbers(of: domains)
  }

  /// Goes over to other curvatures that are split off.
  mutating func replaceCurvatures(_ values: [Double]) { curvatures.copyElements(of: values) }

  /// Finds fractions and weights for a point.
  mutating func update(at x: [Double], box: DomainBox) {
    isPlain = true
    var largest = 0.0
    for i in 0..<domains.count {
      distances[i] = (x[i] - domains.center[i]).magnitude
      isOpen[i] = domains.hasCenter[i] && isUndecided(i, box)
      multipliers[i] = 0
      if !isOpen[i] { continue }
      largest = max(largest, distances[i])
      if curvatures[i] > 0 || domains.centerCost[i] > 0 { isPlain = false }
    }
    let floor = largest > 0 ? Self.leastDistance * largest : 1
    for i in 0..<domains.count where isOpen[i] { distances[i] = max(distances[i], floor) }
    for j in members.indices { findMultiplier(j, box) }
    for i in 0..<domains.count { setWeight(i, box) }
  }

  /// Whether both the center and something else are left.
  private func isUndecided(_ i: Int, _ box: DomainBox) -> Bool {
    if domains.isDecided(i, in: box) { return false }
    for p in domains.starts[i]..<domains.starts[i + 1] where domains.isLeft(p, of: i, in: box) {
      let piece = domains.pieces[p]
      if piece.lower == piece.upper && piece.lower == domains.center[i] { return true }
    }
    return false
  }

  /// The multiplier with which the fractions of a limit sum up to what is left of it.
  private mutating func findMultiplier(_ j: Int, _ box: DomainBox) {
    var room = Double(domains.limits[j].atMost)
    var scale = 0.0
    for i in members[j] {
      if isOpen[i] {
        scale = max(scale, curvatures[i] * distances[i] * distances[i])
      } else if !domains.sides(of: i, in: box).other {
        room -= 1
      }
    }
    guard scale > 0, total(j, 0, box) > room else { return }
    var high = scale
    for _ in 0..<Self.multiplierSteps where total(j, high, box) > room { high *= 2 }
    var low = 0.0
    for _ in 0..<Self.multiplierSteps {
      let middle = (low + high) / 2
      if total(j, middle, box) > room { low = middle } else { high = middle }
    }
    for i in members[j] where isOpen[i] { multipliers[i] = high }
  }

  private func total(_ j: Int, _ multiplier: Double, _ box: DomainBox) -> Double {
    var sum = 0.0
    for i in members[j] where isOpen[i] { sum += fraction(i, multiplier, box).value }
    return sum
  }

  /// The best fraction, and the size of x at which it would be one where that limits it.
  private func fraction(
    _ i: Int,
    _ multiplier: Double,
    _ box: DomainBox
  ) -> (value: Double, size: Double) {
    let price = domains.centerCost[i] + multiplier
    let distance = distances[i]
    var best =
      price > 0 ? distance * (curvatures[i] / (2 * price)).squareRoot() : Double.infinity
    let farthest = max(
      (box.upper[i] - domains.center[i]).magnitude, (box.lower[i] - domains.center[i]).magnitude)
    var size = 0.0
    if best * farthest < distance {
      best = distance / farthest
      size = farthest
    }
    if domains.leastSize[i] > 0, best * domains.leastSize[i] > distance {
      best = distance / domains.leastSize[i]
      size = domains.leastSize[i]
    }
    return best < 1 ? (best, size) : (1, 0)
  }

  /// The slope of the relaxed term divided by the distance: a parabola that touches it from above.
  private mutating func setWeight(_ i: Int, _ box: DomainBox) {
    weights[i] = curvatures[i]
    fractions[i] = 1
    if !isOpen[i] { return }
    let (fraction, size) = fraction(i, multipliers[i], box)
    fractions[i] = fraction
    if size > 0 {
      let price = domains.centerCost[i] + multipliers[i]
      weights[i] = (curvatures[i] * size / 2 + price / size) / distances[i]
    } else {
      weights[i] = curvatures[i] / fraction
    }
  }
}
