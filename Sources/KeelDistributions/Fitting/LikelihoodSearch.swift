// Goals in order: the maximum found or the reason said, bounds honored, few evaluations.
//
// Newton's method with a ridge where the Hessian is not negative definite, steps of at most one unit
// that are halved until the likelihood rises (Armijo), and coordinates held at a bound while the
// likelihood rises beyond it. J. Nocedal and S. Wright, Numerical Optimization (2006), sections 3.4
// and 16.7.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A mean log-likelihood with its derivatives at a point.
struct LikelihoodPoint {
  var value: Double
  var gradient: [Double]
  /// Row by row.
  var hessian: [Double]

  /// A point outside the domain.
  static var outside: LikelihoodPoint {
    LikelihoodPoint(value: -.infinity, gradient: [], hessian: [])
  }

  /// Value, gradient, and the Hessian from central differences of the gradient.
  ///
  /// - Parameters:
  ///   - point: The point.
  ///   - isCentral: Whether the Hessian comes from differences to both sides, not only upward.
  ///   - evaluate: The value and the gradient at a point.
  /// - Returns: The three at the point.
  static func differenced(
    at point: [Double],
    isCentral: Bool = true,
    _ evaluate: ([Double]) -> (value: Double, gradient: [Double])
  ) -> LikelihoodPoint {
    let (value, gradient) = evaluate(point)
    guard value.isFinite else { return .outside }
    let count = point.count
    var hessian = [Double](repeating: 0, count: count * count)
    for j in 0..<count {
      var (above, below) = (point, point)
      let step = differenceStep * max(1, point[j].magnitude)
      above[j] += step
      below[j] -= step
      let up = evaluate(above)
      let down =
        isCentral || !up.value.isFinite ? evaluate(below) : (value: -.infinity, gradient: [])
      // Next to the domain's end one side remains.
      let left = down.value.isFinite ? down.gradient : gradient
      let right = up.value.isFinite ? up.gradient : gradient
      let width = (up.value.isFinite ? step : 0) + (down.value.isFinite ? step : 0)
      for i in 0..<count { hessian[i * count + j] = (right[i] - left[i]) / width }
    }
    for i in 0..<count {
      for j in 0..<i {
        let mean = 0.5 * (hessian[i * count + j] + hessian[j * count + i])
        hessian[i * count + j] = mean
        hessian[j * count + i] = mean
      }
    }
    return LikelihoodPoint(value: value, gradient: gradient, hessian: hessian)
  }

  /// The cube root of the rounding of a gradient, where both errors of a central difference meet.
  private static let differenceStep = 1e-5
}

/// The search for the largest likelihood.
struct LikelihoodSearch {
  let lowest: [Double]
  let highest: [Double]
  let maximumIterations: Int
  let totalWeight: Double
  /// A step that promises a smaller rise is the last.
  private let riseTolerance: Double
  private let evaluate: ([Double]) -> LikelihoodPoint
  private(set) var point: [Double]
  private(set) var current: LikelihoodPoint
  private(set) var iterations = 0
  private(set) var converged = false

  private static let largestStep = 1.0
  private static let stepTolerance = 1e-9
  private static let gradientTolerance = 1e-9
  /// Some thousand roundings of a mean log-likelihood.
  private static let negligibleRise = 1e-12
  private static let sufficientRise = 1e-4
  private static let maximumHalvings = 40
  private static let smallestRidge = 1e-4

  init(
    start: [Double],
    lowest: [Double],
    highest: [Double],
    maximumIterations: Int,
    totalWeight: Double,
    riseTolerance: Double = 0,
    evaluate: @escaping ([Double]) -> LikelihoodPoint
  ) {
    self.lowest = lowest
    self.highest = highest
    self.maximumIterations = maximumIterations
    self.totalWeight = totalWeight
    self.riseTolerance = riseTolerance
    self.evaluate = evaluate
    point = zip(start, zip(lowest, highest)).map { min(max($0, $1.0), $1.1) }
    // A start without a number in the unit of the sample is outside, whatever it would be clamped to.
    let isUsable = !start.contains(where: \.isNaN) && point.allSatisfy(\.isFinite)
    current = isUsable ? evaluate(point) : .outside
  }

  /// The first search that converges from starts in their order, else the best one; nil where the likelihood
  /// of all is zero.
  static func first(
    from starts: [[Double]?],
    _ make: ([Double]) -> LikelihoodSearch
  ) -> LikelihoodSearch? {
    var best: LikelihoodSearch?
    for start in starts {
      guard let start else { continue }
      var search = make(start)
      search.run()
      if search.converged { return search }
      guard search.current.value.isFinite else { continue }
      if search.current.value > best?.current.value ?? -.infinity { best = search }
    }
    return best
  }

  /// The best search of all starts of a small sample, else the first that converges.
  static func search(
    from starts: [[Double]?],
    isSmall: Bool,
    _ make: ([Double]) -> LikelihoodSearch
  ) -> LikelihoodSearch? {
    isSmall ? best(from: starts.compactMap(\.self), make) : first(from: starts, make)
  }

  /// The best search of several starts; a tie goes to the first that converged.
  static func best(
    from starts: [[Double]],
    _ make: ([Double]) -> LikelihoodSearch
  ) -> LikelihoodSearch? {
    var best: LikelihoodSearch?
    for start in starts {
      var search = make(start)
      search.run()
      guard search.current.value.isFinite else { continue }
      if search.isBetter(than: best) { best = search }
    }
    return best
  }

  /// The best search of several starts, of which one that comes near the end of another is not followed.
  ///
  /// - Parameters:
  ///   - starts: The starts.
  ///   - firstSteps: After so many steps it is seen whether a search is near the best end so far.
  ///   - distance: How near, in every coordinate.
  ///   - make: The search from a start with a limit of its steps.
  /// - Returns: The search, nil where no start is in the domain.
  static func best(
    from starts: [[Double]],
    firstSteps: Int,
    distance: Double,
    _ make: (_ start: [Double], _ limit: Int) -> LikelihoodSearch
  ) -> LikelihoodSearch? {
    var best: LikelihoodSearch?
    for start in starts {
      let limit = best?.converged == true ? firstSteps : Int.max
      guard var search = Self.best(from: [start], { make($0, limit) }) else { continue }
      if let other = best, !search.converged, limit == firstSteps {
        let isNear = zip(search.point, other.point).allSatisfy { ($0 - $1).magnitude <= distance }
        if isNear { continue }
        search = Self.best(from: [search.point]) { make($0, Int.max) } ?? search
      }
      if search.isBetter(than: best) { best = search }
    }
    return best
  }

  /// Whether a search ends higher, or converges as high, than another one.
  private func isBetter(than other: LikelihoodSearch?) -> Bool {
    guard let other else { return true }
    let rise = current.value - other.current.value
    return rise > Self.tie || (rise > -Self.tie && converged && !other.converged)
  }

  /// Mean log-likelihoods closer than this are those of equally good fits.
  private static let tie = 1e-10

  /// Moves to the maximum.
  mutating func run() {
    guard current.value.isFinite else { return }
    while iterations < maximumIterations {
      iterations += 1
      guard let (step, isRidged) = ascent() else { return }
      let size = step.reduce(0) { max($0, $1.magnitude) }
      guard size.isFinite else { return }
      // A ridge makes steps small far from the maximum too.
      let isFar = isRidged && freeGradient > Self.gradientTolerance
      let promised = zip(current.gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
      let isLast = promised < riseTolerance || (size <= Self.stepTolerance && !isFar)
      let moved = advance(along: step)
      if isLast || !moved {
        converged = isLast || (converged && !isFar)
        return
      }
    }
  }

  /// Whether a coordinate is held at a bound.
  func isHeld(_ j: Int) -> Bool {
    (point[j] <= lowest[j] && current.gradient[j] <= 0)
      || (point[j] >= highest[j] && current.gradient[j] >= 0)
  }

  /// How the search ended, with the bounds of some coordinates as those of the shape; the first that is
  /// held counts.
  func status(shape coordinates: Int...) -> FitStatus {
    guard converged else { return .iterationLimit }
    guard let j = coordinates.first(where: { isHeld($0) }) else { return .converged }
    return point[j] >= highest[j] ? .upperBound : .lowerBound
  }

  /// The largest slope of the coordinates that are not held.
  private var freeGradient: Double {
    point.indices.reduce(0) { isHeld($1) ? $0 : max($0, current.gradient[$1].magnitude) }
  }

  /// Newton's step of the free coordinates, with a ridge where it would not ascend; nil when none does.
  private func ascent() -> (step: [Double], isRidged: Bool)? {
    let free = point.indices.filter { !isHeld($0) }
    var step = [Double](repeating: 0, count: point.count)
    guard !free.isEmpty else { return (step, false) }
    let n = point.count
    let matrix = free.map { i in free.map { j in -current.hessian[i * n + j] } }
    let gradient = free.map { current.gradient[$0] }
    var ridge = 0.0
    let size = free.indices.reduce(0) { max($0, matrix[$1][$1].magnitude) }
    for _ in 0..<Self.maximumHalvings {
      if let solution = solvePositiveDefinite(matrix, ridge: ridge, gradient) {
        let largest = solution.reduce(0) { max($0, $1.magnitude) }
        let factor = largest > Self.largestStep ? Self.largestStep / largest : 1
        for (k, j) in free.enumerated() { step[j] = factor * solution[k] }
        return (step, ridge > 0)
      }
      ridge = ridge == 0 ? Self.smallestRidge * max(size, 1e-8) : 4 * ridge
    }
    return nil
  }

  /// Moves to a point of larger likelihood; false when rounding leaves none.
  private mutating func advance(along step: [Double]) -> Bool {
    let rounding = 4 * Double.ulpOfOne * max(1, current.value.magnitude)
    var factor = 1.0
    let slope = point.indices.reduce(0.0) { $0 + current.gradient[$1] * step[$1] }
    for _ in 0..<Self.maximumHalvings {
      let candidate = point.indices.map { j in
        min(max(point[j] + factor * step[j], lowest[j]), highest[j])
      }
      let predicted = point.indices.reduce(0.0) { sum, j in
        sum + current.gradient[j] * (candidate[j] - point[j])
      }
      if predicted < 0, slope > rounding {
        // A bound turned the step downhill: the step ends where the first coordinate meets its own.
        factor = min(0.5 * factor, reach(along: step))
        continue
      }
      let evaluation = evaluate(candidate)
      if evaluation.value - current.value >= Self.sufficientRise * predicted - rounding {
        point = candidate
        current = evaluation
        return true
      }
      if predicted <= rounding {
        // A whole step that promised more was halved in vain: that is no maximum.
        converged = slope <= Self.negligibleRise
        return false
      }
      factor *= 0.5
    }
    return false
  }

  /// The part of a step at which the first coordinate meets its bound, and so little more that it does.
  private func reach(along step: [Double]) -> Double {
    let parts = point.indices.filter { step[$0] != 0 }.map { j in
      ((step[j] > 0 ? highest[j] : lowest[j]) - point[j]) / step[j]
    }
    return (parts.filter { $0 > 0 }.min() ?? 0) * (1 + 8 * Double.ulpOfOne)
  }

  /// The standard error of a function of the point with a gradient, from the observed information.
  ///
  /// Held coordinates count as known; NaN where the information is not positive definite.
  func standardErrors(_ gradients: [[Double]]) -> [Double] {
    gradients.map { gradient in
      guard let covariances = covariances(with: gradient) else { return .nan }
      return zip(gradient, covariances).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    }
  }

  /// The covariances of the coordinates with a function of the point, from the observed information.
  ///
  /// Those of held coordinates are zero. Nil where the information is not positive definite or the function has no
  /// slope.
  func covariances(with gradient: [Double]) -> [Double]? {
    let free = point.indices.filter { !isHeld($0) }
    let n = point.count
    let matrix = free.map { i in
      free.map { j in -current.hessian[i * n + j] * totalWeight }
    }
    let part = free.map { gradient[$0] }
    guard part.contains(where: { $0 != 0 }),
      let solution = solvePositiveDefinite(matrix, ridge: 0, part)
    else { return nil }
    var covariances = point.map { _ in 0.0 }
    for (k, j) in free.enumerated() { covariances[j] = solution[k] }
    return covariances
  }
}

/// Solves with a small symmetric matrix by Cholesky; nil when it is not positive definite.
func solvePositiveDefinite(
  _ matrix: [[Double]],
  ridge: Double,
  _ right: [Double]
) -> [Double]? {
  let n = right.count
  var lower = matrix
  var x = right
  for j in 0..<n {
    var pivot = matrix[j][j] + ridge
    for k in 0..<j { pivot -= lower[j][k] * lower[j][k] }
    guard pivot > 64 * Double.ulpOfOne * (matrix[j][j] + ridge).magnitude else { return nil }
    let root = pivot.squareRoot()
    lower[j][j] = root
    for i in (j + 1)..<max(n, j + 1) {
      var sum = matrix[i][j]
      for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
      lower[i][j] = sum / root
    }
  }
  for i in 0..<n {
    for k in 0..<i { x[i] -= lower[i][k] * x[k] }
    x[i] /= lower[i][i]
  }
  for i in (0..<n).reversed() {
    for k in (i + 1)..<max(n, i + 1) { x[i] -= lower[k][i] * x[k] }
    x[i] /= lower[i][i]
  }
  return x
}

/// Checks that an upper bound of the settings is above the lower one.
func requireRoom(
  _ value: Double,
  above lowest: Double,
  _ highest: Double,
  _ argument: String
) throws(DistributionsError) {
  guard value > lowest, value <= highest else {
    throw .invalidValue(argument: argument, got: value, lowest: lowest, highest: highest)
  }
}

/// Checks the limit of steps of the settings.
func requireIterations(_ maximumIterations: Int) throws(DistributionsError) {
  guard maximumIterations >= 1 else {
    throw .invalidValue(
      argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
      highest: Double(Int.max))
  }
}
