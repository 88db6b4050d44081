// Goals in order: exact first and second derivatives, speed.
//
// An observation is z = (x − m + sκ)/u with u = s/√E, so that its slopes are a + cz in every coordinate, with a
// and c the same for all observations, and b = κ/√E. Hence all derivatives of the likelihood follow from sums of
// those of ln g(z; b, shapes), some times z or z².

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The derivatives of a function of one or two shapes.
struct ShapeDerivatives {
  var first: SIMD2<Double>
  /// Those of the first shape twice, of both, and of the second twice.
  var second: SIMD3<Double>
}

/// The density of z = bW + √W N with a mixing variable W of one or two shapes.
protocol MeanVarianceDensity {
  /// For shapes, a drift b = κ/√E and so many points up to a magnitude.
  init(shapes: [Double], asymmetry: Double, largest: Double, count: Int)

  /// ln E with its derivatives in the shapes.
  var logMean: Double { get }
  var logMeanDerivatives: ShapeDerivatives { get }

  /// The log-density with its derivatives.
  func terms(_ z: Double) -> MeanVarianceDerivatives
}

/// A log-density with its derivatives in z, b and the shapes.
struct MeanVarianceDerivatives {
  var value: Double
  var point: Double
  var pointPoint: Double
  var drift: Double
  var driftDrift: Double
  var pointDrift: Double
  var shapes: ShapeDerivatives
  var pointShapes: SIMD2<Double>
  var driftShapes: SIMD2<Double>
}

/// Sums of log-densities and their derivatives, with those in z times z and z² too.
struct MeanVarianceTerms {
  private(set) var value = 0.0
  private(set) var point = SIMD2<Double>.zero
  private(set) var pointPoint = SIMD3<Double>.zero
  private(set) var drift = 0.0
  private(set) var driftDrift = 0.0
  private(set) var pointDrift = SIMD2<Double>.zero
  private(set) var shapes = ShapeDerivatives(first: .zero, second: .zero)
  private(set) var pointShapes = (SIMD2<Double>.zero, SIMD2<Double>.zero)
  private(set) var driftShapes = SIMD2<Double>.zero

  static var zero: MeanVarianceTerms { MeanVarianceTerms() }

  @inline(__always)
  mutating func add(_ t: MeanVarianceDerivatives, _ z: Double, _ mass: Double) {
    let powers = SIMD2(mass, mass * z)
    value += mass * t.value
    point += t.point * powers
    pointPoint += t.pointPoint * SIMD3(mass, mass * z, mass * z * z)
    drift += mass * t.drift
    driftDrift += mass * t.driftDrift
    pointDrift += t.pointDrift * powers
    shapes.first += mass * t.shapes.first
    shapes.second += mass * t.shapes.second
    pointShapes.0 += mass * t.pointShapes
    pointShapes.1 += (mass * z) * t.pointShapes
    driftShapes += mass * t.driftShapes
  }
}

/// The density at a point (m, ln s, κ, shapes), with u = s/√E, μ = m − sκ and b.
struct MeanVarianceFrame<Density: MeanVarianceDensity> {
  let density: Density
  let unit: Double
  let location: Double
  private let asymmetry: Double
  private let rootMean: Double
  private let drift: Double
  private let shapeCount: Int
  /// The slopes of z are a + cz.
  private let constant: [Double]
  private let multiple: [Double]
  /// The slopes of b.
  private let drifts: [Double]

  /// Nil where the deviation is so small or large that points in its unit are no numbers.
  init?(_ point: [Double], _ largest: Double, count: Int) {
    let deviation = exp(point[1])
    asymmetry = point[2]
    location = point[0] - deviation * asymmetry
    // Points are in units of s/√E, of which E is known afterwards.
    let extent = (largest + location.magnitude) / deviation
    guard extent <= Self.largestExtent else { return nil }
    density = Density(
      shapes: Array(point[3...]), asymmetry: asymmetry, largest: extent, count: count)
    rootMean = exp(0.5 * density.logMean)
    unit = deviation / rootMean
    let drift = asymmetry / rootMean
    self.drift = drift
    let rise = 0.5 * density.logMeanDerivatives.first
    let shapes = 0..<(point.count - 3)
    shapeCount = shapes.count
    constant = [-1 / unit, asymmetry * rootMean, rootMean] + shapes.map { _ in 0 }
    multiple = [0, -1, 0] + shapes.map { rise[$0] }
    drifts = [0, 0, 1 / rootMean] + shapes.map { -rise[$0] * drift }
  }

  /// Far within the range of numbers, as it is multiplied by rates.
  private static var largestExtent: Double { 1e250 }

  /// The slopes of ln f = ln g(z; b, shapes) − ln u of so much weight.
  func gradient(_ t: MeanVarianceTerms, _ weight: Double) -> [Double] {
    var gradient = constant.indices.map { j in
      t.point[0] * constant[j] + t.point[1] * multiple[j] + t.drift * drifts[j]
        + weight * multiple[j]
    }
    for i in 0..<shapeCount { gradient[3 + i] += t.shapes.first[i] }
    return gradient
  }

  /// The second derivatives, row by row.
  func hessian(_ t: MeanVarianceTerms, _ weight: Double) -> [Double] {
    let count = constant.count
    var hessian = bends(t, weight)
    for j in 0..<count {
      for k in 0..<count {
        let sum = constant[j] * multiple[k] + multiple[j] * constant[k]
        // In z twice, in z and b, in b twice.
        hessian[count * j + k] +=
          t.pointPoint[0] * constant[j] * constant[k] + t.pointPoint[1] * sum
          + t.pointPoint[2] * multiple[j] * multiple[k]
        hessian[count * j + k] +=
          slope(t.pointDrift, j) * drifts[k] + slope(t.pointDrift, k) * drifts[j]
          + t.driftDrift * drifts[j] * drifts[k]
      }
      for i in 0..<shapeCount {
        let mixed =
          t.pointShapes.0[i] * constant[j] + t.pointShapes.1[i] * multiple[j]
          + t.driftShapes[i] * drifts[j]
        hessian[count * j + 3 + i] += mixed
        hessian[count * (3 + i) + j] += mixed
      }
    }
    for i in 0..<shapeCount {
      for k in 0..<shapeCount { hessian[count * (3 + i) + 3 + k] += t.shapes.second[i + k] }
    }
    return hessian
  }

  private func slope(_ sums: SIMD2<Double>, _ j: Int) -> Double {
    sums[0] * constant[j] + sums[1] * multiple[j]
  }

  /// What the second derivatives of z, b and ln u add.
  private func bends(_ t: MeanVarianceTerms, _ weight: Double) -> [Double] {
    let count = constant.count
    var bends = [Double](repeating: 0, count: count * count)
    func add(_ j: Int, _ k: Int, _ value: Double) {
      bends[count * j + k] += value
      if j != k { bends[count * k + j] += value }
    }
    let shift = asymmetry * rootMean
    add(0, 1, t.point[0] / unit)
    add(1, 1, t.point[1] - shift * t.point[0])
    let second = 0.5 * density.logMeanDerivatives.second
    for i in 0..<shapeCount {
      let rise = multiple[3 + i]
      add(0, 3 + i, -rise / unit * t.point[0])
      add(1, 3 + i, rise * (shift * t.point[0] - t.point[1]))
      add(2, 3 + i, rise * (rootMean * t.point[0] - t.drift / rootMean))
      for k in 0...i {
        let (bend, product) = (second[i + k], rise * multiple[3 + k])
        add(
          3 + i, 3 + k,
          (bend + product) * t.point[1] + (product - bend) * drift * t.drift + bend * weight)
      }
    }
    return bends
  }
}
