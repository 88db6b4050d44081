import KeelNumerics
import KeelOptimization

// As ``SVISearch``: Gauss-Newton steps with damping, each the optimum of a quadratic program in which the conditions are
// linear. Shortest steps back give back what their curvature took, and what is left goes towards a smile far inside, so that
// every iterate keeps all conditions.

/// A search for the SABR smile of the least cost in its domain.
struct SABRSearch {
  private let domain: SABRDomain

  /// A point inside, towards which steps that leave the domain turn back.
  private let anchor: [Double]

  private(set) var point: [Double]
  private(set) var cost: Double
  private(set) var isConverged = false
  private var damping = Self.firstDamping

  private static let maximumIterations = 100
  private static let firstDamping = 1e-3
  private static let leastDamping = 1e-12
  private static let mostDamping = 1e8
  private static let dampingGrowth = 6.0
  private static let dampingDecay = 0.15

  /// The decrease, as a part of the cost, that a step must promise.
  private static let relativeDecrease = 1e-7

  /// The cost a quote below which a fit is exact: 1e-6 half spreads from the middle.
  private static let exactCost = 1e-14

  /// The step of differences in the units of the coordinates.
  private static let differenceStep = 1e-6

  private static let count = 3

  private init(_ domain: SABRDomain, _ start: [Double], anchor: [Double]) {
    (self.domain, self.anchor, point) = (domain, anchor, start)
    cost = domain.cost(start)
  }

  /// The best smile that keeps all conditions, from the best points of each kind: of the grid, and of the fit without
  /// conditions and the grid after steps back.
  ///
  /// - Throws: An error that names the condition that no smile of the grid keeps.
  static func best(
    _ domain: SABRDomain,
    free: [Double]
  ) throws(VolatilityError) -> (point: [Double], isConverged: Bool) {
    let grid = SABRStart.candidates(domain)
    var starts = grid.kept
    for point in [free] + SABRStart.outside(domain) {
      let back = SABRSearch(domain, point, anchor: point).corrected(point, identity)
      if let start = SABRStart.Candidate(back, domain) { starts.append(start) }
    }
    starts = SABRStart.leaders(starts, domain)
    guard let anchor = starts.max(by: { $0.least < $1.least })?.point else { throw grid.error }
    var best: (cost: Double, point: [Double], isConverged: Bool)?
    for start in starts {
      var search = SABRSearch(domain, start.point, anchor: anchor)
      search.run()
      // What a sparse scan missed makes an end worthless, not a little worse.
      let dense = SABRScan.densePointCount
      guard let point = retracted(search.point, to: anchor, domain, dense) else { continue }
      let cost = domain.cost(point)
      // One law may have two points: the first one stays.
      if cost < (1 - relativeDecrease) * (best?.cost ?? .infinity) {
        best = (cost, point, search.isConverged)
      }
    }
    guard let best else { throw .noFit }
    return (best.point, best.isConverged)
  }

  private static let identity = [1.0, 0, 0, 0, 1, 0, 0, 0, 1]

  /// The first point on the way to another that keeps all conditions; nil when even the other does not.
  private static func retracted(
    _ point: [Double],
    to end: [Double],
    _ domain: SABRDomain,
    _ pointCount: Int = SABRScan.sparsePointCount
  ) -> [Double]? {
    func moved(_ part: Double) -> [Double] {
      domain.clamped(point.indices.map { point[$0] + part * (end[$0] - point[$0]) })
    }
    if domain.holds(point, pointCount) { return point }
    var (missed, part) = (0.0, firstPart)
    while !domain.holds(moved(part), pointCount) {
      guard part < 1 else { return nil }
      (missed, part) = (part, min(part * partGrowth, 1))
    }
    for _ in 0..<bisections {
      let middle = (missed + part) / 2
      if domain.holds(moved(middle), pointCount) { part = middle } else { missed = middle }
    }
    return moved(part)
  }

  private static let firstPart = 1e-9
  private static let partGrowth = 30.0
  private static let bisections = 4

  private mutating func run() {
    var (hessian, slopes) = normalEquations()
    for _ in 0..<Self.maximumIterations {
      guard let step = step(from: point, hessian, slopes) else {
        guard raiseDamping() else { return }
        continue
      }
      var promised = 0.0
      for i in 0..<Self.count {
        var product = 0.0
        for j in 0..<Self.count { product += hessian[i + j * Self.count] * step[j] }
        promised -= step[i] * (slopes[i] + product / 2)
      }
      let least = Self.relativeDecrease * cost + Self.exactCost * Double(domain.bands.count)
      if promised <= least * min(1, 1 / damping) {
        isConverged = true
        return
      }
      let end = corrected(moved(point, step), hessian)
      guard let trial = Self.retracted(end, to: anchor, domain), domain.cost(trial) < cost else {
        guard raiseDamping() else { return }
        continue
      }
      (point, cost) = (trial, domain.cost(trial))
      damping = max(damping * Self.dampingDecay, Self.leastDamping)
      (hessian, slopes) = normalEquations()
    }
  }

  private func moved(_ point: [Double], _ step: [Double]) -> [Double] {
    domain.clamped(point.indices.map { point[$0] + step[$0] * domain.scales[$0] })
  }

  /// The most steps back.
  private static let correctionCount = 3

  /// The end of a step, moved by the least that gives back what the conditions lost by their curvature.
  private func corrected(_ end: [Double], _ hessian: [Double]) -> [Double] {
    var end = end
    let level = [Double](repeating: 0, count: Self.count)
    for _ in 0..<Self.correctionCount where !domain.holds(end) {
      guard let back = step(from: end, hessian, level) else { return end }
      end = moved(end, back)
    }
    return end
  }

  /// Shortens the next step; false when no step however short improves the fit.
  private mutating func raiseDamping() -> Bool {
    damping *= Self.dampingGrowth
    isConverged = damping > Self.mostDamping
    return !isConverged
  }

  /// The smiles on both sides of a point along one coordinate, and their distance in its unit.
  private func neighbors(
    _ point: [Double],
    _ i: Int
  ) -> (low: SABRSmile, high: SABRSmile, distance: Double)? {
    let step = Self.differenceStep * domain.scales[i]
    var (low, high) = (point, point)
    low[i] = max(point[i] - step, domain.lower[i])
    high[i] = min(point[i] + step, domain.upper[i])
    let distance = (high[i] - low[i]) / domain.scales[i]
    guard distance > 0, let first = domain.smile(low), let last = domain.smile(high) else {
      return nil
    }
    return (first, last, distance)
  }

  /// The Gauss-Newton matrix and the slopes of the cost, in the units of the coordinates.
  private func normalEquations() -> ([Double], [Double]) {
    let count = Self.count
    var matrix = [Double](repeating: 0, count: count * count)
    var slopes = [Double](repeating: 0, count: count)
    guard let smile = domain.smile(point) else { return (matrix, slopes) }
    let sides = (0..<count).map { neighbors(point, $0) }
    for i in 0..<domain.bands.count {
      let k = domain.bands.places[i]
      let cost = domain.bands.cost(i, smile.variance(at: k))
      let gradient = sides.map { side in
        side.map { ($0.high.variance(at: k) - $0.low.variance(at: k)) / $0.distance } ?? 0
      }
      for j in 0..<count {
        slopes[j] += cost.slope * gradient[j]
        for l in 0..<count { matrix[j + l * count] += cost.curvature * gradient[j] * gradient[l] }
      }
    }
    return (matrix, slopes)
  }

  /// The step of the damped quadratic program; nil when its solver fails.
  private func step(from point: [Double], _ hessian: [Double], _ slopes: [Double]) -> [Double]? {
    let count = Self.count
    guard let smile = domain.smile(point), let conditions = domain.stepConditions(smile) else {
      return nil
    }
    // The size of the problem is divided out.
    let size = (0..<count).reduce(0.0) { max($0, hessian[$1 + $1 * count]) }
    guard size > 0, size < .infinity else { return nil }
    var matrix = hessian
    for i in 0..<count {
      matrix[i + i * count] += damping * hessian[i + i * count] + Self.leastDamping * size
    }
    for i in matrix.indices { matrix[i] /= size }
    let sides = (0..<count).map { neighbors(point, $0) }
    let rows = conditions.enumerated().compactMap { number, condition -> LinearRow? in
      let gradient = sides.map { side in
        side.map {
          (domain.value(condition, $0.high) - domain.value(condition, $0.low)) / $0.distance
        } ?? 0
      }
      let length = gradient.reduce(0) { max($0, $1.magnitude) }
      guard length > 0, length < .infinity else { return nil }
      return LinearRow(
        "\(number)", coefficients: gradient.map { $0 / length },
        lower: (SABRDomain.leastValue - domain.value(condition, smile)) / length)
    }
    do throws(OptimizationError) {
      let program = try QuadraticProgram(
        quadratic: .dense(SymmetricMatrix(lowerTriangleOf: matrix, order: count)),
        linear: slopes.map { $0 / size },
        lowerBounds: (0..<count).map { (domain.lower[$0] - point[$0]) / domain.scales[$0] },
        upperBounds: (0..<count).map { (domain.upper[$0] - point[$0]) / domain.scales[$0] },
        rows: rows, convexity: .guaranteed)
      let solution = try QuadraticSolver().solve(program)
      return solution.status == .optimal ? solution.value : nil
    } catch {
      return nil
    }
  }
}
