// Goals in order: exact derivatives, speed: one pass without a call per element.
//
// Per observation with z = (x − μ)/σ and d = 1/(ν + z²), every first and second derivative of the
// log-likelihood is a combination of Σ zd, Σ z²d, Σ d², Σ zd², Σ z²d² (Lange, Little and Taylor
// 1989, appendix), and Σ ln(1 + z²/ν) is taken as the logarithm of products.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The log-likelihood of Student's t on a standardized sample.
struct StudentTLikelihood {
  private let blocks: [SIMD8<Double>]
  private let rest: [Double]
  /// Empty without weights.
  private let weights: [Double]
  let count: Int
  let totalWeight: Double

  init(_ observations: StandardizedSample) {
    totalWeight = observations.totalWeight
    let sample = observations.values
    count = sample.count
    if observations.isWeighted {
      blocks = []
      rest = sample
      weights = observations.weights
      return
    }
    weights = []
    let whole = sample.count / 8
    blocks = (0..<whole).map { block in SIMD8(sample[(8 * block)..<(8 * block + 8)]) }
    rest = Array(sample[(8 * whole)...])
  }

  /// A point: location, ln scale and ln ν.
  struct Point {
    var location: Double
    var logScale: Double
    var logDegrees: Double
  }

  /// The sums over the sample at a point.
  private struct Sums {
    var logarithms = 0.0
    var zd = 0.0
    var zzd = 0.0
    var dd = 0.0
    var zdd = 0.0
    var zzdd = 0.0
  }

  /// Log-likelihood, gradient and negative Hessian in (location/σ, ln σ, ln ν).
  struct Evaluation {
    var value: Double
    var gradient: SIMD3<Double>
    var information: Symmetric3
  }

  func evaluate(_ point: Point) -> Evaluation {
    let degrees = exp(point.logDegrees)
    let sums = sums(location: point.location, scale: exp(point.logScale), degrees: degrees)
    let normalizer = StudentTNormalizer(degreesOfFreedom: degrees)
    let (first, second) = normalizer.derivatives
    let n = totalWeight
    let next = degrees + 1
    let slope = n * first - 0.5 * sums.logarithms + 0.5 * next / degrees * sums.zzd
    let curvature =
      n * second + 0.5 / degrees * (sums.zzd * (1 - 1 / degrees) - next * sums.zzdd)
    return Evaluation(
      value: n * (normalizer.value - point.logScale) - 0.5 * next * sums.logarithms,
      gradient: SIMD3(next * sums.zd, next * sums.zzd - n, degrees * slope),
      information: Symmetric3(
        xx: next * (degrees * sums.dd - sums.zzdd),
        xy: 2 * next * degrees * sums.zdd,
        xz: -degrees * (sums.zd - next * sums.zdd),
        yy: 2 * next * degrees * sums.zzdd,
        yz: -degrees * (sums.zzd - next * sums.zzdd),
        zz: -degrees * (degrees * curvature + slope)
      )
    )
  }

  /// The expected information at a point: positive definite everywhere (Lange et al., 1989).
  func expectedInformation(_ point: Point) -> Symmetric3 {
    let degrees = exp(point.logDegrees)
    let second = StudentTNormalizer(degreesOfFreedom: degrees).derivatives.second
    let n = totalWeight
    let shape =
      0.5 / (degrees * degrees) - second
      - 0.5 * (degrees + 5) / (degrees * (degrees + 1) * (degrees + 3))
    return Symmetric3(
      xx: n * (degrees + 1) / (degrees + 3), xy: 0, xz: 0,
      yy: 2 * n * degrees / (degrees + 3),
      yz: -2 * n * degrees / ((degrees + 1) * (degrees + 3)),
      zz: n * degrees * degrees * shape
    )
  }

  /// So many factors 1 + z²/ν are multiplied before a logarithm is taken.
  private static let productLength = 16

  private func sums(location: Double, scale: Double, degrees: Double) -> Sums {
    let inverse = 1 / scale
    let inverseDegrees = 1 / degrees
    var zd = SIMD8<Double>.zero
    var zzd = SIMD8<Double>.zero
    var dd = SIMD8<Double>.zero
    var zdd = SIMD8<Double>.zero
    var zzdd = SIMD8<Double>.zero
    var sums = Sums()
    var start = 0
    let span = blocks.span
    while start < span.count {
      let end = min(start + Self.productLength, span.count)
      var product = SIMD8<Double>(repeating: 1)
      for block in start..<end {
        let z = (span[block] - location) * inverse
        let square = z * z
        let sum = square + degrees
        let d = 1 / sum
        product *= 1 + square * inverseDegrees
        let scaled = z * d
        zd += scaled
        zzd += square * d
        dd += d * d
        zdd += scaled * d
        zzdd += scaled * scaled
      }
      sums.logarithms += logarithms(of: product, start..<end, location, inverse, degrees)
      start = end
    }
    sums.zd = zd.sum()
    sums.zzd = zzd.sum()
    sums.dd = dd.sum()
    sums.zdd = zdd.sum()
    sums.zzdd = zzdd.sum()
    for (i, value) in rest.enumerated() {
      let mass = weights.isEmpty ? 1 : weights[i]
      let z = (value - location) * inverse
      let d = 1 / (degrees + z * z)
      sums.logarithms += mass * log1p(z * z / degrees)
      sums.zd += mass * (z * d)
      sums.zzd += mass * (z * z * d)
      sums.dd += mass * (d * d)
      sums.zdd += mass * (z * d * d)
      sums.zzdd += mass * (z * d * (z * d))
    }
    return sums
  }

  /// Σ ln(1 + z²/ν) over some blocks, from the product of the factors where it is finite.
  private func logarithms(
    of product: SIMD8<Double>,
    _ range: Range<Int>,
    _ location: Double,
    _ inverse: Double,
    _ degrees: Double
  ) -> Double {
    var total = 0.0
    for lane in 0..<8 {
      if product[lane] < .infinity {
        total += log(product[lane])
        continue
      }
      for block in range {
        let z = (blocks[block][lane] - location) * inverse
        total += log1p(z * z / degrees)
      }
    }
    return total
  }
}

/// A symmetric 3 × 3 matrix.
struct Symmetric3 {
  var xx: Double
  var xy: Double
  var xz: Double
  var yy: Double
  var yz: Double
  var zz: Double

  /// Solves with a right-hand side, or returns nil when the matrix is not positive definite.
  func solve(_ b: SIMD3<Double>) -> SIMD3<Double>? {
    // L D Lᵀ; a pivot must keep a share of its diagonal element that rounding cannot make.
    let least = 64 * Double.ulpOfOne
    guard xx > 0 else { return nil }
    let l21 = xy / xx
    let l31 = xz / xx
    let d2 = yy - l21 * xy
    guard d2 > least * yy else { return nil }
    let l32 = (yz - l31 * xy) / d2
    let d3 = zz - l31 * xz - l32 * l32 * d2
    guard d3 > least * zz else { return nil }
    let y2 = b.y - l21 * b.x
    let y3 = b.z - l31 * b.x - l32 * y2
    let z = y3 / d3
    let y = y2 / d2 - l32 * z
    let x = b.x / xx - l21 * y - l31 * z
    return SIMD3(x, y, z)
  }

  /// The same matrix with the third variable held: its step is zero.
  var holdingThird: Symmetric3 {
    Symmetric3(xx: xx, xy: xy, xz: 0, yy: yy, yz: 0, zz: max(xx, yy))
  }
}
