// Goals in order: relative accuracy in both tails, speed.
//
// In the unit σ√(ν/2) the law is that of bW + √W N, 1/W gamma of shape a = ν/2 and scale 1. With χ = 2 + z²
//   ln f = −½ ln 2π + ln 2 − ln Γ(a) − (a+½) ln(√χ/|b|) + ln k(a+½, |b|√χ) − |b|√χ + bz,   k = exp(x) K(x).
//
// Tails: sums over ln W, in units of z² beyond 1. Toward the power, where the normal tail in them becomes a step for
// large bz, the sum is over N instead: bW + √W N > z where 1/W is below
//   x(N) = (b/z) exp(2 arsinh(N/(2√(bz)))),   P(Z > z) = E[P(a, x(N))] with the incomplete gamma function P.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The skewed t law of the hyperbolic family in its own unit.
struct StandardHyperbolicSkewedT: StandardLaw {
  /// a = ν/2, above 1.
  let shape: Double
  /// b.
  let drift: Double
  private let logGammaOfShape: Double

  init(shape: Double, drift: Double) {
    self.shape = shape
    self.drift = drift
    logGammaOfShape = SpecialFunctions.logGamma(shape)
  }

  // MARK: Moments

  var mean: Double { drift / (shape - 1) }

  /// Var W.
  private var mixingVariance: Double { 1 / ((shape - 1) * (shape - 1) * (shape - 2)) }

  var variance: Double {
    if drift == 0 { return 1 / (shape - 1) }
    return shape > 2 ? 1 / (shape - 1) + drift * drift * mixingVariance : .infinity
  }

  var skewness: Double {
    if drift == 0 { return shape > 1.5 ? 0 : .nan }
    guard shape > 3 else { return shape > 2 ? (drift > 0 ? .infinity : -.infinity) : .nan }
    let second = mixingVariance
    let third = 4 * second / ((shape - 1) * (shape - 3))
    return drift * (3 * second + drift * drift * third) / (variance * variance.squareRoot())
  }

  var excessKurtosis: Double {
    if drift == 0 { return shape > 2 ? 3 / (shape - 2) : .infinity }
    guard shape > 4 else { return shape > 2 ? .infinity : .nan }
    let second = mixingVariance
    let third = 4 * second / ((shape - 1) * (shape - 3))
    let fourth = 6 * (5 * shape - 11) / ((shape - 3) * (shape - 4)) * second * second
    let square = drift * drift
    return (3 * second + 6 * square * third + square * square * fourth) / (variance * variance)
  }

  // MARK: Density

  func logDensity(_ z: Double) -> Double {
    let root = hypot(2.0.squareRoot(), z)
    let order = shape + 0.5
    let argument = drift.magnitude * root
    if argument < Self.negligibleArgument {
      let rest = z.magnitude > 1e8 ? 2 * log(z.magnitude) - logOfTwo : log1p(0.5 * z * z)
      return SpecialFunctions.logGamma(order) - logGammaOfShape - halfLogTwoPi - order * rest
    }
    // −|b|√χ + bz without cancellation on the side of the power.
    let exponent =
      drift * z > 0
      ? -2 * (drift.magnitude / (root + z.magnitude)) : -drift.magnitude * (root + z.magnitude)
    guard exponent > -.infinity else { return -.infinity }
    let ratio = root / drift.magnitude
    let logRatio = ratio < .infinity ? log(ratio) : log(root) - log(drift.magnitude)
    // Of an argument that overflows the first term, ½ ln(π/(2x)), is all.
    let logBessel =
      argument < .infinity
      ? SpecialFunctions.logScaledBesselK(argument, order: order)
      : halfLogTwoPi - logOfTwo - 0.5 * (log(root) + log(drift.magnitude))
    return logOfTwo - halfLogTwoPi - logGammaOfShape - order * logRatio + logBessel + exponent
  }

  /// Below it the density is Student's to the last digit.
  private static let negligibleArgument = 1e-16

  // MARK: Tails

  func logTails(_ z: Double) -> LogTails {
    let isAbove = z > mean
    let known = isAbove ? logUpperTail(z, drift) : logUpperTail(-z, -drift)
    if known > Self.largestComplemented {
      let other = isAbove ? logUpperTail(-z, -drift) : logUpperTail(z, drift)
      return isAbove
        ? LogTails(lower: min(other, 0), upper: min(known, 0))
        : LogTails(lower: min(known, 0), upper: min(other, 0))
    }
    return isAbove ? LogTails(upper: known) : LogTails(lower: known)
  }

  /// ln 0.9: of a larger probability the complement would lose a digit.
  private static let largestComplemented = -0.105_360_515_657_826_3

  /// ln P(Z > z) of the law with the drift b.
  private func logUpperTail(_ z: Double, _ b: Double) -> Double {
    let product = b * z
    if product > Self.stepProduct {
      let step = StepExpectation(distance: z.magnitude, drift: b.magnitude, shape: shape)
      return step.logProbability(shape, isBelow: z > 0)
    }
    if product < -Self.exponentialProduct { return 2 * product }
    let (integral, unit) = integral(z)
    return integral.logUpperTail(z / unit, drift: b * unit)
  }

  /// ln E[Z − z; Z > z] of the law with the drift b.
  private func logExcess(_ z: Double, _ b: Double) -> Double {
    let product = b * z
    if product > Self.stepProduct {
      return StepExpectation(distance: z.magnitude, drift: b.magnitude, shape: shape)
        .logExcess(isBelow: z > 0)
    }
    if product < -Self.exponentialProduct { return 2 * product }
    let (integral, unit) = integral(z)
    return integral.logExcess(z / unit, drift: b * unit) + log(unit)
  }

  /// The sum over ln W in units of z².
  private func integral(_ z: Double) -> (integral: MixtureIntegral, unit: Double) {
    let unit = max(1, z.magnitude)
    return (
      MixtureIntegral(
        mixing: .inverseGamma(order: shape, rate: 1 / unit / unit),
        logNormalizer: -logGammaOfShape - 2 * shape * log(unit)), unit
    )
  }

  /// From here the sum over N converges as fast.
  private static let stepProduct = 30.0

  /// From here the logarithm of the exponential tail is its exponent to the last digit.
  private static let exponentialProduct = 1e100

  // MARK: Inverses and means

  func lowerPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return upperPoint(1 - probability) }
    return -QuantileSearch.upperPoint(
      logProbability: log(probability), center: -mean, scale: searchScale
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(-x).lower, logDensity(-x)) }
  }

  func upperPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return lowerPoint(1 - probability) }
    return QuantileSearch.upperPoint(
      logProbability: log(probability), center: mean, scale: searchScale
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(x).upper, logDensity(x)) }
  }

  private var searchScale: Double { hypot(1, drift / shape) / shape.squareRoot() }

  func lowerMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restBelow(probability) }
    let z = lowerPoint(probability)
    return z - exp(logExcess(-z, -drift) - log(probability))
  }

  func upperMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restAbove(probability) }
    let z = upperPoint(probability)
    return z + exp(logExcess(z, drift) - log(probability))
  }
}

/// Sums over N of functions of x(N) for bz > 0, both taken positive.
private struct StepExpectation {
  private let distance: Double
  private let drift: Double
  private let shape: Double
  private let root: Double
  private let logRatio: Double

  init(distance: Double, drift: Double, shape: Double) {
    self.distance = distance
    self.drift = drift
    self.shape = shape
    root = drift.squareRoot() * distance.squareRoot()
    logRatio = log(drift) - log(distance)
  }

  /// ln x(n).
  private func logLimit(_ n: Double) -> Double { logRatio + 2 * asinh(n / (2 * root)) }

  /// ln E[P(a, x(N))], or of Q = 1 − P.
  func logProbability(_ a: Double, isBelow: Bool) -> Double {
    logSum { n in self.logGammaPart(a, n, isBelow) }
  }

  /// ln of E[bW + √W N − z; 1/W < x(N)], or of its negative over the other side.
  func logExcess(isBelow: Bool) -> Double {
    let first = drift / (shape - 1)
    let half = exp(
      SpecialFunctions.logGamma(shape - 0.5) - SpecialFunctions.logGamma(shape))
    // All over one exponent, that of the part which is largest next to the peak.
    let top = logProbability(shape, isBelow: isBelow)
    var sum = 0.0
    accumulate { n in
      let normal = -0.5 * n * n - halfLogTwoPi - top
      let one = exp(normal + logGammaPart(shape - 1, n, isBelow))
      let other = exp(normal + logGammaPart(shape - 0.5, n, isBelow))
      let none = exp(normal + logGammaPart(shape, n, isBelow))
      let term = (first * one + n * half * other - distance * none) * Self.step
      sum += term
      return max(one * first, distance * none) <= Self.negligibleTerm * sum.magnitude
    }
    return top + log(isBelow ? sum : -sum)
  }

  /// ln P(a, x(n)) or ln Q(a, x(n)).
  private func logGammaPart(_ a: Double, _ n: Double, _ isBelow: Bool) -> Double {
    let logX = logLimit(n)
    let x = exp(logX)
    if !isBelow { return log(SpecialFunctions.regularizedGammaQ(a, x)) }
    if x > a + 1 { return log(SpecialFunctions.regularizedGammaP(a, x)) }
    // x^a exp(−x) / Γ(a + 1) · (1 + x/(a+1) + x²/((a+1)(a+2)) + …).
    var (term, sum, k) = (1.0, 1.0, 1.0)
    while term > Double.ulpOfOne * sum / 4 {
      term *= x / (a + k)
      sum += term
      k += 1
    }
    return a * logX - x + log(sum) - SpecialFunctions.logGamma(a + 1)
  }

  /// ln ∫ φ(n) exp(f(n)) dn.
  private func logSum(_ f: (Double) -> Double) -> Double {
    let top = f(peak) - 0.5 * peak * peak
    var sum = 0.0
    accumulate { n in
      let term = exp(f(n) - 0.5 * n * n - top)
      sum += term
      return !(term > Self.negligibleTerm * sum)
    }
    return top - halfLogTwoPi + log(sum * Self.step)
  }

  /// The largest value of −n²/2 + 2a arsinh(n/(2√(bz))).
  private var peak: Double {
    let square = root * root
    return 2 * shape
      / (2 * square + 2 * (square * square + shape * shape).squareRoot()).squareRoot()
  }

  /// Visits the points of the trapezoidal rule from the peak outwards until terms are negligible.
  private func accumulate(_ visit: (Double) -> Bool) {
    for sign in [1.0, -1.0] {
      var k = sign < 0 ? 1.0 : 0.0
      var negligible = 0
      while negligible < Self.patience, k < Self.mostPoints {
        if visit(peak + sign * k * Self.step) { negligible += 1 }
        k += 1
      }
    }
  }

  /// The integrand is analytic to 2√(bz) > 10 off the axis and falls like a normal density.
  private static let step = 0.25
  private static let mostPoints = 4000.0
  private static let patience = 3
  private static let negligibleTerm = 0x1p-58
}
