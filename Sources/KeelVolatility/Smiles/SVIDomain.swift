import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A hyperbola as a search moves it: with the slopes of both wings, in which Lee's bound is a box.
///
/// ```text
/// w(k) = a + u (R - z)/2 + v (R + z)/2,   z = k - m,  R = √(z² + σ²)
/// ```
struct SVIPoint {
  /// a, u, v, m, σ.
  var x: [Double]

  static let count = 5

  init(_ x: [Double]) { self.x = x }

  init(_ smile: SVISmile) {
    let (left, right) = smile.wingSlopes
    x = [smile.a, left, right, smile.m, smile.sigma]
  }

  var b: Double { (x[1] + x[2]) / 2 }
  var rho: Double { b > 0 ? (x[2] - x[1]) / (x[1] + x[2]) : 0 }

  func variance(at k: Double) -> Double {
    let z = k - x[3]
    let root = (z * z + x[4] * x[4]).squareRoot()
    return x[0] + (x[1] * (root - z) + x[2] * (root + z)) / 2
  }

  /// The derivatives of the variance by the coordinates.
  func gradient(at k: Double, into slopes: inout [Double]) {
    let z = k - x[3]
    let root = (z * z + x[4] * x[4]).squareRoot()
    slopes[0] = 1
    slopes[1] = (root - z) / 2
    slopes[2] = (root + z) / 2
    slopes[3] = -((x[2] - x[1]) + (x[1] + x[2]) * z / root) / 2
    slopes[4] = (x[1] + x[2]) / 2 * x[4] / root
  }

  var minimumVariance: Double { x[0] + x[4] * (x[1] * x[2]).squareRoot() }

  var density: SVIDensity { SVIDensity(a: x[0], b: b, rho: rho, m: x[3], sigma: x[4]) }

  func smile(timeToExpiry: Double) throws(VolatilityError) -> SVISmile {
    try SVISmile(timeToExpiry: timeToExpiry, a: x[0], b: b, rho: rho, m: x[3], sigma: x[4])
  }
}

/// Where a fitted hyperbola may be: a box, a positive variance, a density that is nowhere negative, and not below the smile
/// of the expiry before.
struct SVIDomain {
  /// A condition that a point keeps: its value is not negative.
  enum Condition {
    case variance
    case density(Double)
    case calendar(Double)
  }

  /// The least density factor of a search: above what rounding and a finer scan may take away.
  static let leastFactor = 1e-7

  /// The least variance as a part of that at the money.
  static let leastVariance = 1e-4

  /// The steepest wing: just below Lee's bound.
  static let steepestWing = 2 * (1 - 1e-9)

  /// What rounding may take from a wing, as a part of both: without it a wing as steep as that before may count as flatter.
  static let wingRounding = 1e-14

  /// The density factor above which a local minimum is no condition of a step.
  static let looseFactor = 0.5

  /// The difference of variances, in that at the money, above which a local minimum is no condition of a step.
  static let looseDifference = 0.25

  let bands: QuoteBands
  let previous: SVISmile?

  /// The variance at the money, the unit of variances.
  let unit: Double

  /// The wider of quotes and one deviation, the unit of log-moneyness.
  let length: Double

  /// The box.
  let lower: [Double]
  let upper: [Double]

  /// The units of the coordinates.
  let scales: [Double]

  init(_ bands: QuoteBands, _ previous: SVISmile?) throws(VolatilityError) {
    (self.bands, self.previous) = (bands, previous)
    unit = bands.moneyVariance
    let deviation = unit.squareRoot()
    length = max(bands.range, deviation)
    let flat = 1e-9 * unit / length
    let wings = previous?.wingSlopes ?? (0, 0)
    try VolatilityError.require(max(wings.0, wings.1), "previous wing", 0, Self.steepestWing)
    let reach = 2 * length
    let room = Self.wingRounding * (wings.0 + wings.1)
    lower = [
      -100 * unit - 4 * length, max(flat, wings.0 + room), max(flat, wings.1 + room),
      bands.places[0] - reach,
      1e-3 * min(deviation, length),
    ]
    upper = [
      100 * unit + 4 * length, Self.steepestWing, Self.steepestWing,
      bands.places[bands.count - 1] + reach, 4 * length,
    ]
    scales = [unit, unit / length, unit / length, length, length]
  }

  func clamped(_ point: SVIPoint) -> SVIPoint {
    SVIPoint(point.x.indices.map { min(max(point.x[$0], lower[$0]), upper[$0]) })
  }

  /// The conditions that may bind near a point, and the least value of all.
  func conditions(_ point: SVIPoint, _ pointCount: Int) -> (list: [Condition], least: Double) {
    var least = value(.variance, point)
    guard least >= 0 else { return ([.variance], least) }
    var list: [Condition] = [.variance]
    for minimum in point.density.minima(pointCount: pointCount).points {
      let margin = minimum.value - Self.leastFactor
      guard margin >= least || margin < .infinity else { return (list, -.infinity) }
      least = min(least, margin)
      if minimum.value < Self.looseFactor { list.append(.density(minimum.argument)) }
    }
    guard let previous else { return (list, least) }
    for k in differenceMinima(point, previous, pointCount) {
      let difference = value(.calendar(k), point)
      least = min(least, difference)
      if difference < Self.looseDifference { list.append(.calendar(k)) }
    }
    return (list, least)
  }

  func value(_ condition: Condition, _ point: SVIPoint) -> Double {
    switch condition {
    case .variance:
      return (point.minimumVariance - Self.leastVariance * unit) / unit
    case .density(let k):
      return point.density.factor(at: k) - Self.leastFactor
    case .calendar(let k):
      guard let previous else { return .infinity }
      return (point.variance(at: k) - previous.totalVariance(at: k).value) / unit
    }
  }

  private func differenceMinima(
    _ point: SVIPoint,
    _ previous: SVISmile,
    _ pointCount: Int
  ) -> [Double] {
    SVICalendarMargin.minima(
      [(point.x[3], point.x[4]), (previous.m, previous.sigma)], pointCount: pointCount
    ) { point.variance(at: $0) - previous.totalVariance(at: $0).value }.map(\.argument)
  }

  /// A point near a point that keeps all conditions: towards a flat smile or upwards, whichever costs less.
  func retracted(_ point: SVIPoint, _ pointCount: Int = SVIDensity.sparsePointCount) -> SVIPoint? {
    let point = clamped(point)
    if conditions(point, pointCount).least >= 0 { return point }
    let ends = [flattened, raised].compactMap { nearest(point, pointCount, $0) }
    return ends.min { cost($0) < cost($1) }
  }

  /// The nearest point of a path that keeps all conditions.
  private func nearest(
    _ point: SVIPoint,
    _ pointCount: Int,
    _ moved: (SVIPoint, Double) -> SVIPoint
  ) -> SVIPoint? {
    var (missed, step) = (0.0, Self.firstStep)
    while step <= Self.lastStep {
      if conditions(moved(point, step), pointCount).least >= 0 { break }
      (missed, step) = (step, step * Self.stepGrowth)
    }
    guard step <= Self.lastStep else { return nil }
    for _ in 0..<Self.bisections {
      let middle = (missed + step) / 2
      if conditions(moved(point, middle), pointCount).least >= 0 {
        step = middle
      } else {
        missed = middle
      }
    }
    return moved(point, step)
  }

  private static let firstStep = 1e-8
  private static let lastStep = 1e4
  private static let stepGrowth = 6.0
  private static let bisections = 4

  private func raised(_ point: SVIPoint, _ step: Double) -> SVIPoint {
    var result = point
    result.x[0] += step * unit
    return result
  }

  private func flattened(_ point: SVIPoint, _ step: Double) -> SVIPoint {
    var result = point
    let center = min(max(0, bands.places[0]), bands.places[bands.count - 1])
    let level = max(point.variance(at: center), 2 * Self.leastVariance * unit)
    let part = 1 / (1 + step)
    result.x[1] = max(point.x[1] * part, lower[1])
    result.x[2] = max(point.x[2] * part, lower[2])
    result.x[0] += level - result.variance(at: center)
    return result
  }

  /// The point itself when a dense scan finds no violation, else moved until there is none.
  func densely(_ point: SVIPoint) -> SVIPoint {
    retracted(point, SVIDensity.densePointCount) ?? point
  }

  /// The cost of a point.
  func cost(_ point: SVIPoint) -> Double {
    var sum = 0.0
    for i in 0..<bands.count { sum += bands.cost(i, point.variance(at: bands.places[i])).value }
    return sum
  }
}
