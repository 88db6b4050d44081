// Goals in order: exact gradients, determined coordinates next to every limit law, speed.
//
// With a mixing variable W of mean E and W' = W/E the law is that of m + s (κ (W' − 1) + √W' N): m is the mean and
// s, without asymmetry, the deviation, whatever the shape is. A. McNeil, R. Frey and P. Embrechts, Quantitative
// Risk Management (2005), section 3.2. The EM algorithm given there is not needed: slopes are exact in all
// coordinates.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The density of z = bW + √W N with a mixing variable W of one or two shapes.
protocol MeanVarianceDensity {
  /// For shapes, a drift b = κ/√E and points up to a magnitude.
  init(shapes: [Double], asymmetry: Double, largest: Double)

  /// ln E with its slopes in the shapes.
  var logMean: Double { get }
  var logMeanSlopes: SIMD2<Double> { get }

  /// The log-density with its slopes at fixed others.
  func terms(_ z: Double) -> MeanVarianceTerms
}

/// A log-density, or a sum of such, with its slopes in z, b and the shapes, and that in z times z.
struct MeanVarianceTerms {
  var value: Double
  var point: Double
  var stretch: Double
  var drift: Double
  var shapes: SIMD2<Double>

  mutating func add(_ other: MeanVarianceTerms, _ mass: Double) {
    value += mass * other.value
    point += mass * other.point
    stretch += mass * other.stretch
    drift += mass * other.drift
    shapes += mass * other.shapes
  }
}

/// The mean log-likelihood of a mixture of normal laws in (m, ln s, κ, shapes).
struct MeanVarianceLikelihood<Density: MeanVarianceDensity> {
  let sample: StandardizedSample
  private let largest: Double

  init(_ sample: StandardizedSample) {
    self.sample = sample
    largest = sample.values.reduce(0) { max($0, $1.magnitude) }
  }

  /// The density at a point, with what of it follows from E: u = s/√E, and μ = m − sκ.
  private struct Frame {
    let density: Density
    let deviation: Double
    let asymmetry: Double
    let rootMean: Double
    let unit: Double
    let location: Double
    let drift: Double

    /// Nil where the deviation is so small or large that points in its unit are no numbers.
    init?(_ point: [Double], _ largest: Double) {
      deviation = exp(point[1])
      asymmetry = point[2]
      location = point[0] - deviation * asymmetry
      // Points are in units of s/√E, of which E is known afterwards.
      let extent = (largest + location.magnitude) / deviation
      guard extent <= Self.largestExtent else { return nil }
      density = Density(shapes: Array(point[3...]), asymmetry: asymmetry, largest: extent)
      rootMean = exp(0.5 * density.logMean)
      unit = deviation / rootMean
      drift = asymmetry / rootMean
    }

    /// Far within the range of numbers, as it is multiplied by rates.
    private static var largestExtent: Double { 1e250 }

    /// The slopes in (m, ln s, κ, shapes) of ln f = ln g(z; b, shapes) − ln u of so much weight.
    func gradient(_ t: MeanVarianceTerms, _ weight: Double, _ count: Int) -> [Double] {
      let location = -t.point / unit
      let scale = -weight - t.stretch
      var gradient = [
        location, scale - deviation * asymmetry * location,
        t.drift / rootMean - deviation * location,
      ]
      for j in 0..<count {
        gradient.append(t.shapes[j] - 0.5 * density.logMeanSlopes[j] * (scale + drift * t.drift))
      }
      return gradient
    }
  }

  func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
    guard let frame = Frame(point, largest) else { return (-.infinity, []) }
    var sum = MeanVarianceTerms(value: 0, point: 0, stretch: 0, drift: 0, shapes: .zero)
    let (values, weights) = (sample.values.span, sample.weights.span)
    for i in values.indices {
      sum.add(frame.density.terms((values[i] - frame.location) / frame.unit), weights[i])
    }
    let n = sample.totalWeight
    let value = sum.value / n - log(frame.unit)
    guard value.isFinite else { return (-.infinity, []) }
    return (value, frame.gradient(sum, n, point.count - 3).map { $0 / n })
  }

  /// The mean outer product of the observations' own gradients, row by row.
  func scoreProducts(_ point: [Double]) -> [Double] {
    let count = point.count
    var products = [Double](repeating: 0, count: count * count)
    guard let frame = Frame(point, largest) else { return products.map { _ in .nan } }
    for i in sample.values.indices {
      let terms = frame.density.terms((sample.values[i] - frame.location) / frame.unit)
      let score = frame.gradient(terms, 1, count - 3)
      let mass = sample.weights[i] / sample.totalWeight
      for j in 0..<count {
        for k in 0..<count { products[count * j + k] += mass * score[j] * score[k] }
      }
    }
    return products
  }

  /// Mean, ln deviation and κ of the sample; outliers count as far points, and κ stays moderate.
  var start: [Double] {
    let n = sample.totalWeight
    let values = sample.values.map { min(max($0, -Self.largestStart), Self.largestStart) }
    let mean = zip(values, sample.weights).reduce(0) { $0 + $1.0 * $1.1 } / n
    var (square, cube) = (0.0, 0.0)
    for (x, mass) in zip(values, sample.weights) {
      let d = x - mean
      square += mass * d * d
      cube += mass * d * d * d
    }
    let variance = square / n
    let skewness = cube / n / (variance * variance.squareRoot())
    return [mean, 0.5 * log(variance), min(max(0.3 * skewness, -0.5), 0.5)]
  }

  private static var largestStart: Double { 9 }
}

/// The density of a gamma W of shape λ and scale 1, the shape as ln λ.
///
/// ```text
/// ln g = λ ln 2 + p ln(|z|/2A) − ½ ln π − ln Γ(λ) + ln K(p, A|z|) + bz,   p = λ − ½, A = √(2 + b²)
/// ```
struct GammaMixtureDensity: MeanVarianceDensity {
  let logMean: Double
  let logMeanSlopes: SIMD2<Double>
  private let order: Double
  private let drift: Double
  private let rate: Double
  private let table: BesselOrderTable
  private let constant: Double
  private let constantSlope: Double

  /// Closer points count as this far: the density is finite at 0 for orders above ½.
  private static let smallestArgument = 1e-12

  init(shapes: [Double], asymmetry: Double, largest: Double) {
    logMean = shapes[0]
    logMeanSlopes = [1, 0]
    order = exp(shapes[0])
    drift = asymmetry / order.squareRoot()
    rate = (2 + drift * drift).squareRoot()
    let reach = max(rate * largest * order.squareRoot(), 1)
    table = BesselOrderTable(order: order - 0.5, arguments: Self.smallestArgument...reach)
    constant =
      order * logOfTwo - 0.5 * log(Double.pi) - SpecialFunctions.logGamma(order)
    constantSlope = logOfTwo - SpecialFunctions.digamma(order)
  }

  func terms(_ z: Double) -> MeanVarianceTerms {
    let x = max(rate * z.magnitude, Self.smallestArgument)
    let power = order - 0.5
    let logarithm = log(x / (2 * rate * rate))
    let bessel = table(x)
    // p/|z| + A (ln K)' without cancellation.
    let point = drift - (z < 0 ? -rate : rate) * bessel.ratio
    return MeanVarianceTerms(
      value: constant + power * logarithm + bessel.logScaled - x + drift * z, point: point,
      stretch: point * z,
      drift: z - 2 * power * drift / (rate * rate) - drift / (rate * rate) * x * bessel.ratio,
      shapes: [order * (constantSlope + logarithm + bessel.orderSlope), 0])
  }
}

/// The density of a generalized inverse Gaussian W of concentration ω and order λ, the shapes as ln ω and λ.
///
/// ```text
/// ln g = −½ ln 2π + p ln(q/a) + ln K(p, aq) − ln K(λ, ω) + bz,   p = λ − ½, a² = ω + b², q² = ω + z²
/// ```
struct InverseGaussianMixtureDensity: MeanVarianceDensity {
  let logMean: Double
  let logMeanSlopes: SIMD2<Double>
  private let omega: Double
  private let power: Double
  private let drift: Double
  private let rate: Double
  private let table: BesselOrderTable
  private let normalizer: BesselOrderTable.Value

  init(shapes: [Double], asymmetry: Double, largest: Double) {
    omega = exp(shapes[0])
    power = shapes[1] - 0.5
    normalizer = BesselOrderTable(order: shapes[1], arguments: omega...omega)(omega)
    let next = BesselOrderTable(order: shapes[1] + 1, arguments: omega...omega)(omega)
    logMean = next.logScaled - normalizer.logScaled
    logMeanSlopes = [
      omega * (next.slope - normalizer.slope), next.orderSlope - normalizer.orderSlope,
    ]
    let rootMean = exp(0.5 * logMean)
    drift = asymmetry / rootMean
    rate = (omega + drift * drift).squareRoot()
    let root = omega.squareRoot()
    table = BesselOrderTable(
      order: power, arguments: (rate * root)...(rate * hypot(root, largest * rootMean)).nextUp)
  }

  func terms(_ z: Double) -> MeanVarianceTerms {
    let square = omega + z * z
    let q = square.squareRoot()
    let x = rate * q
    let bessel = table(x)
    let (ratio, slope) = (q / rate, bessel.slope)
    let logarithm = log(ratio)
    let point = z * (power / square + slope / ratio) + drift
    return MeanVarianceTerms(
      value: -halfLogTwoPi + power * logarithm + (bessel.logScaled - normalizer.logScaled)
        - (x - omega) + drift * z,
      point: point, stretch: point * z,
      drift: z + drift * (slope * ratio - power / (rate * rate)),
      shapes: [
        omega
          * (0.5 * power * (1 / square - 1 / (rate * rate)) + 0.5 * slope * (ratio + 1 / ratio)
            - normalizer.slope),
        logarithm + bessel.orderSlope - normalizer.orderSlope,
      ])
  }
}
