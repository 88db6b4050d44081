// Goals in order: accuracy (4 ulp for every probability), robustness, speed.
//
// M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Appl. Statist.
// 37 (1988) 477-484, routine PPND16, followed by one Newton step with the function of this library
// that is accurate in the same tail.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StandardNormal {
  /// Probabilities between this and its complement belong to the center.
  private static let centralProbability = 0.25
  /// Below this probability the Newton step is taken on the logarithm, which does not underflow.
  private static let logarithmicProbability = 1e-280

  /// Returns the number that a value exceeds with probability 1 − p.
  ///
  /// ```text
  /// x with Φ(x) = p
  /// ```
  ///
  /// Error: at most 2 ulp for p from the smallest subnormal number to the largest double below 1.
  /// For a probability near 1 use ``survivalQuantile(_:)`` with its complement. Method: Wichura
  /// (1988) and one Newton step.
  ///
  /// - Parameter probability: The probability p, in 0 ... 1.
  /// - Returns: The quantile, infinite for 0 and 1; NaN outside 0 ... 1 and for NaN.
  public static func quantile(_ probability: Double) -> Double {
    if probability < centralProbability { return -upperTailPoint(probability) }
    // Both differences are exact.
    if probability <= 1 - centralProbability { return centralPoint(probability - 0.5) }
    return upperTailPoint(1 - probability)
  }

  /// Returns the number that a value exceeds with probability q.
  ///
  /// ```text
  /// x with 1 − Φ(x) = q
  /// ```
  ///
  /// Error: that of ``quantile(_:)``; the result is exactly `-quantile(q)`.
  ///
  /// - Parameter probability: The probability q of a value above the result, in 0 ... 1.
  /// - Returns: The quantile, infinite for 0 and 1; NaN outside 0 ... 1 and for NaN.
  public static func survivalQuantile(_ probability: Double) -> Double { -quantile(probability) }

  /// x with Φ(x) − ½ = area, for |area| ≤ ¼.
  private static func centralPoint(_ area: Double) -> Double {
    let guess = centralGuess(area)
    let t = inverseRootTwo * guess
    let s = t.high * t.high
    // erf of t.high by its polynomial (|t| < ½), the low part by the derivative 2/√π exp(−t²),
    // which is 2 φ √2.
    let density = pdf(guess)
    let erf = t.high * ErrorFunction.centralExcess(s)
    let slope = 2 * density / inverseRootTwo.high
    let excess = ((t.high * 0.5 - area) + 0.5 * erf) + 0.5 * slope * t.low
    return guess - excess / density
  }

  /// z with Φ(−z) = q, for q below ¼.
  private static func upperTailPoint(_ q: Double) -> Double {
    guard q > 0 else { return q == 0 ? .infinity : .nan }
    let logarithm = log(q)
    let guess = tailGuess(logarithm)
    let mills = millsRatio(guess)
    if q < logarithmicProbability {
      return guess + (logSurvival(guess) - logarithm) * mills
    }
    return guess + (tail(guess) / q - 1) * mills
  }

  /// The routine's first interval: |area| ≤ 0.425.
  private static func centralGuess(_ area: Double) -> Double {
    let r = 0.180625 - area * area
    return area * ratio(r, Wichura.centralNumerator, Wichura.centralDenominator)
  }

  /// The routine's two outer intervals, from the logarithm of the tail's probability.
  private static func tailGuess(_ logarithm: Double) -> Double {
    let r = (-logarithm).squareRoot()
    if r <= 5 { return ratio(r - 1.6, Wichura.tailNumerator, Wichura.tailDenominator) }
    return ratio(r - 5, Wichura.farNumerator, Wichura.farDenominator)
  }

  /// The quotient of two polynomials of the seventh degree.
  @inline(__always)
  private static func ratio(_ r: Double, _ numerator: [Double], _ denominator: [Double]) -> Double {
    var above = numerator[7]
    var below = denominator[7]
    for n in stride(from: 6, through: 0, by: -1) {
      above = above * r + numerator[n]
      below = below * r + denominator[n]
    }
    return above / below
  }
}

/// The published coefficients of AS 241, lowest power first.
private enum Wichura {
  static let centralNumerator: [Double] = [
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
    3.3430575583588128105e4, 2.5090809287301226727e3,
  ]
  static let centralDenominator: [Double] = [
    1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
    5.2264952788528545610e3,
  ]
  static let tailNumerator: [Double] = [
    1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4,
  ]
  static let tailDenominator: [Double] = [
    1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
    1.05075007164441684324e-9,
  ]
  static let farNumerator: [Double] = [
    6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ]
  static let farDenominator: [Double] = [
    1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
    2.04426310338993978564e-15,
  ]
}
