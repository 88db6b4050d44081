// Goals in order: exact first and second derivatives without cancellation at either end, speed.
//
// The densities of both mixing laws have one part in common,
//   G(p, A, Q) = ½p ln(Q/A) + ln K(p, x),   x = √(AQ).
// With y = x ∂ ln K/∂x its slopes are (y − p)/2A and (y + p)/2Q, and by the differential equation of K the slope
// of y in ln x is D = x² + p² − y² (DLMF 10.25.1).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// G(p, A, Q) + bz with its derivatives, but for the value of the Bessel function.
private struct MixtureKernel {
  /// Slopes in A, in Q and in p.
  let rate: Double
  let place: Double
  let order: Double
  let rateRate: Double
  let ratePlace: Double
  let placePlace: Double
  let orderRate: Double
  let orderPlace: Double

  /// `logarithm` is ½ ln(Q/A).
  init(
    order p: Double,
    _ a: Double,
    _ q: Double,
    logarithm: Double,
    _ x: Double,
    _ bessel: BesselOrderTable.Value
  ) {
    // y = −r − |p|, without cancellation for either sign of p.
    let r = x * bessel.ratio
    let (below, above) = p < 0 ? (-r, 2 * p - r) : (-2 * p - r, -r)
    let bend = x * x - r * (r + 2 * p.magnitude)
    rate = 0.5 * below / a
    place = 0.5 * above / q
    order = logarithm + bessel.orderSlope
    rateRate = (0.25 * bend - 0.5 * below) / (a * a)
    ratePlace = 0.25 * bend / (a * q)
    placePlace = (0.25 * bend - 0.5 * above) / q / q
    orderRate = 0.5 * (bessel.mixed - 1) / a
    orderPlace = 0.5 * (bessel.mixed + 1) / q
  }

  /// The derivatives in z and b, with Q = z² + … and A = b² + …; those of the shapes are added by the caller.
  func derivatives(value: Double, _ z: Double, _ b: Double) -> MeanVarianceDerivatives {
    MeanVarianceDerivatives(
      value: value, point: 2 * z * place + b, pointPoint: 2 * place + 4 * z * z * placePlace,
      drift: 2 * b * rate + z, driftDrift: 2 * rate + 4 * b * b * rateRate,
      pointDrift: 4 * z * b * ratePlace + 1,
      shapes: ShapeDerivatives(first: .zero, second: .zero), pointShapes: .zero,
      driftShapes: .zero)
  }
}

/// The density of a gamma W of shape λ and scale 1, the shape as ln λ.
///
/// ```text
/// ln g = ½ ln(2/π) − ln Γ(λ) + G(p, 2 + b², z²) + bz,   p = λ − ½
/// ```
struct GammaMixtureDensity: MeanVarianceDensity {
  let logMean: Double
  let logMeanDerivatives = ShapeDerivatives(first: [1, 0], second: .zero)
  private let order: Double
  private let drift: Double
  private let rate: Double
  /// ln A.
  private let logSquare: Double
  private let table: BesselOrderTable
  private let constant: Double
  private let constantSlope: Double
  private let constantCurvature: Double

  /// Closer points count as this far: the density is finite at 0 for orders above ½.
  private static let smallestArgument = 1e-12

  init(shapes: [Double], asymmetry: Double, largest: Double, count: Int) {
    logMean = shapes[0]
    order = exp(shapes[0])
    drift = asymmetry / order.squareRoot()
    rate = (2 + drift * drift).squareRoot()
    let reach = max(rate * largest * order.squareRoot(), 1)
    logSquare = 2 * log(rate)
    table = BesselOrderTable(
      order: order - 0.5, arguments: Self.smallestArgument...reach, count: count)
    constant = 0.5 * log(2 / Double.pi) - SpecialFunctions.logGamma(order)
    constantSlope = -SpecialFunctions.digamma(order)
    constantCurvature = -trigamma(order)
  }

  func terms(_ z: Double) -> MeanVarianceDerivatives {
    let x = max(rate * z.magnitude, Self.smallestArgument)
    let power = order - 0.5
    let square = rate * rate
    let logarithm = log(x / square)
    let bessel = table(x, logarithm: logarithm + logSquare)
    let distance = x / rate
    let kernel = MixtureKernel(
      order: power, square, distance * distance, logarithm: logarithm, x, bessel)
    var terms = kernel.derivatives(
      value: constant + power * logarithm + bessel.logScaled - x + drift * z, z, drift)
    let slope = order * (constantSlope + kernel.order)
    let curvature = order * order * (constantCurvature + bessel.orderCurvature)
    terms.shapes = ShapeDerivatives(first: [slope, 0], second: [slope + curvature, 0, 0])
    terms.pointShapes = [2 * order * z * kernel.orderPlace, 0]
    terms.driftShapes = [2 * order * drift * kernel.orderRate, 0]
    return terms
  }
}

/// ψ'(x) for x from ½ up, by recurrence and its asymptotic series (DLMF 5.15.5 and 5.15.8).
private func trigamma(_ x: Double) -> Double {
  let seriesStart = 10.0
  var (sum, y) = (0.0, x)
  while y < seriesStart {
    sum += 1 / (y * y)
    y += 1
  }
  let inverse = 1 / y
  let square = inverse * inverse
  // The Bernoulli numbers B₂, B₄, …
  var series = 0.0
  for number in [7.0 / 6, -691.0 / 2730, 5.0 / 66, -1.0 / 30, 1.0 / 42, -1.0 / 30, 1.0 / 6] {
    series = series * square + number
  }
  return sum + inverse * (1 + inverse * (0.5 + inverse * series))
}

/// ln E of a generalized inverse Gaussian W of concentration ω and order λ, with its derivatives in ln ω and λ.
struct InverseGaussianMean {
  let logMean: Double
  let derivatives: ShapeDerivatives
  let normalizer: BesselOrderTable.Value

  /// For ln ω and λ.
  init(shapes: [Double]) {
    let (omega, order) = (exp(shapes[0]), shapes[1])
    func bessel(_ order: Double) -> BesselOrderTable.Value {
      BesselOrderTable(order: order, arguments: omega...omega)(omega)
    }
    normalizer = bessel(order)
    let next = bessel(order + 1)
    logMean = next.logScaled - normalizer.logScaled
    // The slope in ln ω is y of λ + 1 less that of λ, whose own is x² + ν² − y².
    let (above, below) = (omega * next.slope, omega * normalizer.slope)
    derivatives = ShapeDerivatives(
      first: [above - below, next.orderSlope - normalizer.orderSlope],
      second: [
        2 * order + 1 - (above - below) * (above + below), next.mixed - normalizer.mixed,
        next.orderCurvature - normalizer.orderCurvature,
      ])
  }
}

/// The density of a generalized inverse Gaussian W of concentration ω and order λ, the shapes as ln ω and λ.
///
/// ```text
/// ln g = −½ ln 2π + G(p, ω + b², ω + z²) − ln K(λ, ω) + bz,   p = λ − ½
/// ```
struct InverseGaussianMixtureDensity: MeanVarianceDensity {
  let logMean: Double
  let logMeanDerivatives: ShapeDerivatives
  private let omega: Double
  private let power: Double
  private let drift: Double
  private let rate: Double
  /// ln A.
  private let logSquare: Double
  private let table: BesselOrderTable
  private let normalizer: BesselOrderTable.Value
  /// ω² ∂² ln K(λ, ω)/∂ω².
  private let normalizerBend: Double

  init(shapes: [Double], asymmetry: Double, largest: Double, count: Int) {
    let mean = InverseGaussianMean(shapes: shapes)
    omega = exp(shapes[0])
    power = shapes[1] - 0.5
    normalizer = mean.normalizer
    logMean = mean.logMean
    logMeanDerivatives = mean.derivatives
    let y = omega * normalizer.slope
    normalizerBend = omega * omega + shapes[1] * shapes[1] - y * y - y
    let rootMean = exp(0.5 * logMean)
    drift = asymmetry / rootMean
    rate = (omega + drift * drift).squareRoot()
    let root = omega.squareRoot()
    table = BesselOrderTable(
      order: power, arguments: (rate * root)...(rate * hypot(root, largest * rootMean)).nextUp,
      count: count)
    logSquare = 2 * log(rate)
  }

  func terms(_ z: Double) -> MeanVarianceDerivatives {
    let place = omega + z * z
    let q = place.squareRoot()
    let x = rate * q
    let logarithm = log(q / rate)
    let bessel = table(x, logarithm: logarithm + logSquare)
    let kernel = MixtureKernel(
      order: power, rate * rate, place, logarithm: logarithm, x, bessel)
    var terms = kernel.derivatives(
      value: -halfLogTwoPi + power * logarithm + (bessel.logScaled - normalizer.logScaled)
        - (x - omega) + drift * z, z, drift)
    // ω is a part of A, of Q and of the normalizer.
    let slope = omega * (kernel.rate + kernel.place - normalizer.slope)
    let bend =
      omega * omega * (kernel.rateRate + 2 * kernel.ratePlace + kernel.placePlace) - normalizerBend
    terms.shapes = ShapeDerivatives(
      first: [slope, kernel.order - normalizer.orderSlope],
      second: [
        slope + bend, omega * (kernel.orderRate + kernel.orderPlace) - normalizer.mixed,
        bessel.orderCurvature - normalizer.orderCurvature,
      ])
    terms.pointShapes = [
      2 * z * omega * (kernel.ratePlace + kernel.placePlace), 2 * z * kernel.orderPlace,
    ]
    terms.driftShapes = [
      2 * drift * omega * (kernel.rateRate + kernel.ratePlace), 2 * drift * kernel.orderRate,
    ]
    return terms
  }
}
