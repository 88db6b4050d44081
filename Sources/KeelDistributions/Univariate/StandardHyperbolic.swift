// Goals in order: relative accuracy in both tails, any concentration, speed.
//
// In the unit √(δ/γ) the law is that of bW + √W N with a generalized inverse Gaussian W of order λ
// and concentration ω = δγ. With α = √(ω + b²) and q = √(ω + z²) the density is
//   ln f = −½ ln 2π + (λ−½) ln(q/α) + ln k(λ−½, αq) − ln k(λ, ω) − ω (z − b)²/(αq + bz + ω),
// k = exp(x) K(x): the exponent αq − bz − ω without cancellation. O. Barndorff-Nielsen, Exponentially
// decreasing distributions for the logarithm of particle size, Proc. R. Soc. A 353 (1977).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The generalized hyperbolic law in its own unit.
struct StandardHyperbolic: StandardLaw {
  /// λ.
  let order: Double
  /// ω = δγ.
  let concentration: Double
  /// b = β √(δ/γ).
  let drift: Double

  private let integral: MixtureIntegral
  private let logScaledBessel: Double
  private let tailRate: Double
  /// E[W].
  let mixingMean: Double
  let variance: Double

  var mean: Double { drift * mixingMean }

  init(order: Double, concentration: Double, drift: Double) {
    self.order = order
    self.concentration = concentration
    self.drift = drift
    logScaledBessel = SpecialFunctions.logScaledBesselK(concentration, order: order)
    tailRate = hypot(concentration.squareRoot(), drift)
    integral = MixtureIntegral(
      mixing: .inverseGaussian(order: order, concentration: concentration),
      logNormalizer: -logOfTwo - logScaledBessel)
    let first = Self.besselRatio(order, concentration, logScaledBessel)
    mixingMean = first
    variance = first + drift * drift * Self.mixingVariance(order, concentration, integral, first)
  }

  /// E[W] = K(λ+1, ω)/K(λ, ω).
  private static func besselRatio(
    _ order: Double,
    _ concentration: Double,
    _ logScaledBessel: Double
  ) -> Double {
    // Exactly one for the inverse Gaussian law.
    if order == -0.5 { return 1 }
    return exp(
      SpecialFunctions.logScaledBesselK(concentration, order: order + 1) - logScaledBessel)
  }

  private static func mixingVariance(
    _ order: Double,
    _ concentration: Double,
    _ integral: MixtureIntegral,
    _ mean: Double
  ) -> Double {
    order == -0.5 ? 1 / concentration : integral.moment(2, about: mean)
  }

  var skewness: Double {
    let (second, third) = (mixingMoment(2), mixingMoment(3))
    return (3 * drift * second + drift * drift * drift * third) / (variance * variance.squareRoot())
  }

  var excessKurtosis: Double {
    let second = mixingMoment(2)
    let third = mixingMoment(3)
    let fourth = mixingMoment(4) - 3 * second * second
    let square = drift * drift
    return (3 * second + 6 * square * third + square * square * fourth) / (variance * variance)
  }

  /// E[(W − E[W])ᵏ].
  func mixingMoment(_ k: Int) -> Double { integral.moment(k, about: mixingMean) }

  func logDensity(_ z: Double) -> Double {
    let q = hypot(concentration.squareRoot(), z)
    guard tailRate * q < .infinity else { return -.infinity }
    let distance = z - drift
    return -halfLogTwoPi + (order - 0.5) * log(q / tailRate)
      + SpecialFunctions.logScaledBesselK(tailRate * q, order: order - 0.5) - logScaledBessel
      - concentration * distance * (distance / exponentSum(z, q))
  }

  /// αq + bz + ω, where the first two may cancel.
  private func exponentSum(_ z: Double, _ q: Double) -> Double {
    let product = drift * z
    if product >= 0 { return tailRate * q + product + concentration }
    // (α²q² − b²z²)/(αq − bz), α²q² − b²z² = ω (α² + z²).
    let difference = tailRate * q - product
    let ratio = tailRate * (tailRate / difference) + z * (z / difference)
    return concentration * ratio + concentration
  }

  func logTails(_ z: Double) -> LogTails {
    let isAbove = z > mean
    let known = isAbove ? logUpperTail(z) : logLowerTail(z)
    if known > Self.largestComplemented {
      let other = isAbove ? logLowerTail(z) : logUpperTail(z)
      return isAbove
        ? LogTails(lower: min(other, 0), upper: min(known, 0))
        : LogTails(lower: min(known, 0), upper: min(other, 0))
    }
    return isAbove ? LogTails(upper: known) : LogTails(lower: known)
  }

  /// ln 0.9: of a larger probability the complement would lose a digit.
  private static let largestComplemented = -0.105_360_515_657_826_3

  private func logUpperTail(_ z: Double) -> Double { integral.logUpperTail(z, drift: drift) }

  private func logLowerTail(_ z: Double) -> Double { integral.logUpperTail(-z, drift: -drift) }

  func lowerPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return upperPoint(1 - probability) }
    return -QuantileSearch.upperPoint(
      logProbability: log(probability), center: -mean, scale: variance.squareRoot()
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(-x).lower, logDensity(-x)) }
  }

  func upperPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return lowerPoint(1 - probability) }
    return QuantileSearch.upperPoint(
      logProbability: log(probability), center: mean, scale: variance.squareRoot()
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(x).upper, logDensity(x)) }
  }

  func lowerMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restBelow(probability) }
    let z = lowerPoint(probability)
    return z - exp(integral.logExcess(-z, drift: -drift) - log(probability))
  }

  func upperMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restAbove(probability) }
    let z = upperPoint(probability)
    return z + exp(integral.logExcess(z, drift: drift) - log(probability))
  }
}
