import KeelNumerics
import KeelOptimization

// Gauss-Newton steps with damping (Levenberg and Marquardt), each the optimum of a quadratic program in which the conditions
// at the local minima of density and differences are linear; what curvature takes away, a retraction gives back, so that
// every iterate keeps all conditions.

/// A search for the hyperbola of the least cost in its domain.
struct SVISearch {
  private let domain: SVIDomain
  private(set) var point: SVIPoint
  private(set) var cost: Double
  private(set) var iterations = 0
  private(set) var isConverged = false
  private var damping = Self.firstDamping

  private static let firstDamping = 1e-3
  private static let leastDamping = 1e-12
  private static let mostDamping = 1e8
  private static let dampingGrowth = 6.0
  private static let dampingDecay = 0.15

  /// The decrease, as a part of the cost, that a step must promise.
  private static let relativeDecrease = 1e-6

  /// The cost a quote below which a fit is exact: 1e-6 half spreads from the middle.
  private static let exactCost = 1e-14

  /// The step of differences in the units of the coordinates.
  private static let differenceStep = 1e-6

  init(_ domain: SVIDomain, _ start: SVIPoint) {
    (self.domain, point) = (domain, start)
    cost = domain.cost(start)
  }

  /// Whether the quotes are met within their spread on average.
  var isGood: Bool {
    let pull = QuoteBands.middlePull
    return cost <= Double(domain.bands.count) * pull * pull / 2
  }

  mutating func run(_ limit: Int) {
    let count = SVIPoint.count
    var (hessian, slopes) = normalEquations()
    var conditions = domain.conditions(point, SVIDensity.sparsePointCount).list
    while iterations < limit {
      iterations += 1
      guard let step = step(from: point, hessian, slopes, conditions) else {
        guard raiseDamping() else { return }
        continue
      }
      var promised = 0.0
      for i in 0..<count {
        var product = 0.0
        for j in 0..<count { product += hessian[i + j * count] * step[j] }
        promised -= step[i] * (slopes[i] + product / 2)
      }
      let least = Self.relativeDecrease * cost + Self.exactCost * Double(domain.bands.count)
      if promised <= least * min(1, 1 / damping) {
        isConverged = true
        return
      }
      var moved = point
      for i in 0..<count { moved.x[i] += step[i] * domain.scales[i] }
      guard let (trial, value) = better(corrected(moved, step, hessian, slopes)) else {
        guard raiseDamping() else { return }
        continue
      }
      (point, cost) = (trial, value)
      damping = max(damping * Self.dampingDecay, Self.leastDamping)
      (hessian, slopes) = normalEquations()
      conditions = domain.conditions(point, SVIDensity.sparsePointCount).list
    }
  }

  /// The end of a step with a second one that takes back what the conditions lost by their curvature.
  private func corrected(
    _ moved: SVIPoint,
    _ step: [Double],
    _ hessian: [Double],
    _ slopes: [Double]
  ) -> SVIPoint {
    let moved = domain.clamped(moved)
    let (conditions, least) = domain.conditions(moved, SVIDensity.sparsePointCount)
    guard least < 0, least > -.infinity else { return moved }
    let count = SVIPoint.count
    var slopes = slopes
    for i in 0..<count {
      for j in 0..<count { slopes[i] += hessian[i + j * count] * step[j] }
      slopes[i] += damping * hessian[i + i * count] * step[i]
    }
    guard let second = self.step(from: moved, hessian, slopes, conditions) else { return moved }
    var result = moved
    for i in 0..<count { result.x[i] += second[i] * domain.scales[i] }
    return result
  }

  /// A point near the end of a step that costs less; nil when there is none.
  ///
  /// Level and slopes follow center and width along the valley of hyperbolas with one curvature, which a step leaves on a
  /// tangent.
  private func better(_ moved: SVIPoint) -> (SVIPoint, Double)? {
    let bands = domain.bands
    let moved = domain.clamped(moved)
    let followed = SVIStart.linear(domain, m: moved.x[3], sigma: moved.x[4]) {
      let variance = moved.variance(at: bands.places[$0])
      let cost = bands.cost($0, variance)
      return (cost.curvature, variance - cost.slope / cost.curvature)
    }
    var best: (SVIPoint, Double)?
    for end in [domain.clamped(followed), moved] where domain.cost(end) < best?.1 ?? cost {
      guard let trial = domain.retracted(end) else { continue }
      let value = domain.cost(trial)
      if value < best?.1 ?? cost { best = (trial, value) }
    }
    return best
  }

  /// Shortens the next step; false when no step however short improves the fit.
  private mutating func raiseDamping() -> Bool {
    damping *= Self.dampingGrowth
    isConverged = damping > Self.mostDamping
    return !isConverged
  }

  /// The Gauss-Newton matrix and the slopes of the cost, in the units of the coordinates.
  private func normalEquations() -> ([Double], [Double]) {
    let count = SVIPoint.count
    var matrix = [Double](repeating: 0, count: count * count)
    var slopes = [Double](repeating: 0, count: count)
    var gradient = slopes
    for i in 0..<domain.bands.count {
      let k = domain.bands.places[i]
      let cost = domain.bands.cost(i, point.variance(at: k))
      point.gradient(at: k, into: &gradient)
      for j in 0..<count { gradient[j] *= domain.scales[j] }
      for j in 0..<count {
        slopes[j] += cost.slope * gradient[j]
        for l in 0...j { matrix[j + l * count] += cost.curvature * gradient[j] * gradient[l] }
      }
    }
    for j in 0..<count { for l in 0..<j { matrix[l + j * count] = matrix[j + l * count] } }
    return (matrix, slopes)
  }

  /// The step of the damped quadratic program; nil when its solver fails.
  private func step(
    from point: SVIPoint,
    _ hessian: [Double],
    _ slopes: [Double],
    _ conditions: [SVIDomain.Condition]
  ) -> [Double]? {
    let count = SVIPoint.count
    var matrix = hessian
    // The size of the problem is divided out.
    var size = 0.0
    for i in 0..<count { size = max(size, hessian[i + i * count]) }
    guard size > 0, size < .infinity else { return nil }
    for i in 0..<count {
      let own = hessian[i + i * count]
      matrix[i + i * count] += damping * own + Self.leastDamping * size
    }
    for i in matrix.indices { matrix[i] /= size }
    var (lower, upper) = ([Double](), [Double]())
    for i in 0..<count {
      lower.append((domain.lower[i] - point.x[i]) / domain.scales[i])
      upper.append((domain.upper[i] - point.x[i]) / domain.scales[i])
    }
    var rows: [LinearRow] = []
    for (number, condition) in conditions.enumerated() {
      let (value, gradient) = derivatives(condition, point)
      let length = gradient.reduce(0) { max($0, $1.magnitude) }
      guard length > 0, length < .infinity else { continue }
      rows.append(
        LinearRow(
          "\(number)", coefficients: gradient.map { $0 / length }, lower: -value / length))
    }
    do throws(OptimizationError) {
      let program = try QuadraticProgram(
        quadratic: .dense(SymmetricMatrix(lowerTriangleOf: matrix, order: count)),
        linear: slopes.map { $0 / size }, lowerBounds: lower, upperBounds: upper, rows: rows,
        convexity: .guaranteed)
      let solution = try QuadraticSolver().solve(program)
      return solution.status == .optimal ? solution.value : nil
    } catch {
      return nil
    }
  }

  /// A condition and its derivatives by the coordinates in their units, by central differences.
  private func derivatives(
    _ condition: SVIDomain.Condition,
    _ point: SVIPoint
  ) -> (Double, [Double]) {
    var gradient = [Double](repeating: 0, count: SVIPoint.count)
    for i in gradient.indices {
      let step = Self.differenceStep * domain.scales[i]
      var (low, high) = (point, point)
      low.x[i] = max(point.x[i] - step, domain.lower[i])
      high.x[i] = min(point.x[i] + step, domain.upper[i])
      let distance = (high.x[i] - low.x[i]) / domain.scales[i]
      guard distance > 0 else { continue }
      gradient[i] = (domain.value(condition, high) - domain.value(condition, low)) / distance
    }
    return (domain.value(condition, point), gradient)
  }
}
