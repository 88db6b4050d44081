// Goals in order: relative accuracy in both tails, termination, speed.
//
// Power series when it is short, else the continued fraction on the side of the mean where it
// converges fast: A. R. DiDonato, A. H. Morris, Algorithm 708: Significant digit computation of the
// incomplete beta function ratios, ACM TOMS 18 (1992) 360-373 (routine BFRAC), by modified Lentz; a
// series for the complement when one parameter is small; for parameters from 1e8 on the uniform
// expansion of N. M. Temme, SIAM J. Math. Anal. 10 (1979) 757-766 and DLMF 8.18(ii). The common
// factor x^a y^b/B(a, b) has its exponent in twice the precision, and y = 1 - x is exact in two
// parts.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the regularized incomplete beta function.
  ///
  /// ```text
  /// I_x(a, b) = 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt
  /// ```
  ///
  /// Relative error: at most 1e-13 for a and b in 1e-3 ... 1e6 and results down to 1e-300. Method:
  /// continued fraction. Reference: DiDonato and Morris (1992).
  ///
  /// - Parameters:
  ///   - x: The argument, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: A number in 0 ... 1; NaN outside the domain.
  /// - Complexity: O(√min(a, b)) near the mean for parameters below 1e8, O(1) else.
  public static func regularizedBeta(_ x: Double, a: Double, b: Double) -> Double {
    IncompleteBeta.checkedTails(x, a, b).lower
  }

  /// Returns the complement of the regularized incomplete beta function.
  ///
  /// ```text
  /// 1 − I_x(a, b) = I_{1−x}(b, a)
  /// ```
  ///
  /// Never computed as a difference when it is small. Relative error: that of
  /// `regularizedBeta`.
  ///
  /// - Parameters:
  ///   - x: The argument, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: A number in 0 ... 1; NaN outside the domain.
  /// - Complexity: O(√min(a, b)) near the mean for parameters below 1e8, O(1) else.
  public static func regularizedBetaComplement(_ x: Double, a: Double, b: Double) -> Double {
    IncompleteBeta.checkedTails(x, a, b).upper
  }
}

/// The kernels of the incomplete beta function.
enum IncompleteBeta {
  /// I, 1 − I and the density times x (1 − x).
  struct Tails {
    var lower: Double
    var upper: Double
    var density: Double = 0

    var mirrored: Tails { Tails(lower: upper, upper: lower, density: density) }
  }

  /// An argument and its complement, each to its own full relative accuracy.
  struct Argument {
    var x: DoubleDouble
    var y: DoubleDouble

    init(x: Double) {
      self.x = DoubleDouble(x)
      y = DoubleDouble.sum(1, -x)
    }

    init(y: Double) {
      x = DoubleDouble.sum(1, -y)
      self.y = DoubleDouble(y)
    }

    var mirrored: Argument {
      var other = self
      other.x = y
      other.y = x
      return other
    }
  }

  /// Above this parameter the law is that of gamma.
  private static let largestParameter = 1e100
  /// When both parameters are above this the law is narrower than the spacing of doubles.
  private static let stepStart = 1e32
  /// When both parameters are above this three terms of the uniform expansion suffice.
  private static let uniformStart = 1e8
  /// Below this distance from the mean, in standard deviations, a series replaces a difference.
  private static let uniformSeriesLimit = 0.01
  /// Beyond this distance the next term of the expansion counts, and loses nothing.
  private static let uniformFurtherStart = 1.0
  /// Above this value of one tail the other one is computed by itself.
  private static let largestSubtrahend = 0.9
  /// The same for a parameter below 1, whose inverse multiplies the error of the tail.
  private static let largestSubtrahendOfSmallParameter = 0.5
  /// The continued fraction takes a few times the square root of the smaller parameter at the mean.
  private static let maximumTerms = 200_000
  /// The power series is used up to these values of (a + b) x and x: some sixty terms.
  private static let powerSeriesProduct = 2.0
  private static let powerSeriesArgument = 0.7
  /// The series of the complement is used up to these values of b x and x.
  private static let seriesProduct = 1.0
  private static let seriesArgument = 0.5

  /// The tails, NaN outside the domain.
  static func checkedTails(_ x: Double, _ a: Double, _ b: Double) -> Tails {
    guard a > 0, a < .infinity, b > 0, b < .infinity, x >= 0, x <= 1 else {
      return Tails(lower: .nan, upper: .nan)
    }
    return tails(Argument(x: x), a, b)
  }

  /// The tails for positive finite a and b and an argument from 0 to 1.
  static func tails(_ argument: Argument, _ a: Double, _ b: Double) -> Tails {
    let x = argument.x.high
    let y = argument.y.high
    if x <= 0 { return Tails(lower: 0, upper: 1) }
    if y <= 0 { return Tails(lower: 1, upper: 0) }
    if min(a, b) > stepStart || max(a, b) > largestParameter { return extremeTails(x, y, a, b) }
    if min(a, b) > uniformStart { return uniformTails(argument, a, b) }
    if (a + 1) * y < (b + 1) * x {
      return tailsBelowMean(argument.mirrored, b, a).mirrored
    }
    return tailsBelowMean(argument, a, b)
  }

  /// The tails for x up to about the mean.
  private static func tailsBelowMean(_ argument: Argument, _ a: Double, _ b: Double) -> Tails {
    let density = density(argument, a, b)
    let x = argument.x.high
    let lower =
      (a + b) * x <= powerSeriesProduct && x <= powerSeriesArgument
      ? min(1, density * powerSeries(x, a, b) / a)
      : min(1, density * continuedFraction(argument, a, b))
    if lower <= (a < 1 ? largestSubtrahendOfSmallParameter : largestSubtrahend) {
      return Tails(lower: lower, upper: 1 - lower, density: density)
    }
    let upper =
      b * x <= seriesProduct && x <= seriesArgument
      ? complementForSmallParameter(x, a, b)
      : density * continuedFraction(argument.mirrored, b, a)
    return Tails(lower: 1 - upper, upper: upper, density: density)
  }

  /// When a parameter is above 1e100: the gamma limit; when both are above 1e32: a step.
  private static func extremeTails(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Tails {
    if a <= stepStart {
      let tails = IncompleteGamma.tails(a, b * x)
      return Tails(lower: tails.lower, upper: tails.upper, density: tails.density)
    }
    if b <= stepStart { return extremeTails(y, x, b, a).mirrored }
    let side = (b / a) * x - y
    let lower = side < 0 ? 0 : (side > 0 ? 1 : 0.5)
    return Tails(lower: lower, upper: 1 - lower)
  }

  /// The factor x^a y^b / B(a, b).
  private static func density(_ argument: Argument, _ a: Double, _ b: Double) -> Double {
    if b < a, b < 1 { return density(argument.mirrored, b, a) }
    let (x, y) = (argument.x, argument.y)
    if a < 1, a <= b {
      // 1/B = a exp(−ln Γ(1 + a) + ln Γ(a + b) − ln Γ(b))
      let exponent =
        ExtendedLogarithm.log(x) * a + ExtendedLogarithm.log(y) * b
        + DoubleDouble(GammaFunction.logarithmStep(b, a) - GammaFunction.logarithmOnePlus(a))
      return ExtendedExponential.product(DoubleDouble(a), exponent)
    }
    let factor =
      GammaFunction.scaledReciprocal(a) * GammaFunction.scaledReciprocal(b)
      / GammaFunction.scaledReciprocal(a + b)
    return ExtendedExponential.product(
      DoubleDouble(factor), relativeExponent(argument, a, b))
  }

  /// The logarithm of x^a y^b over its value at the mean p = a/(a + b).
  private static func relativeExponent(
    _ argument: Argument, _ a: Double, _ b: Double
  ) -> DoubleDouble {
    // (x/p)^a (y/q)^b, x/p − 1 = (xb − ya)/a
    let sum = DoubleDouble.sum(a, b)
    let deviation = argument.x * b - argument.y * a
    let first = ExtendedLogarithm.log(onePlus: deviation / a, equal: argument.x * sum / a)
    let second = ExtendedLogarithm.log(onePlus: -deviation / b, equal: argument.y * sum / b)
    return first * a + second * b
  }

  /// The uniform expansion for two large parameters; density and tails share the exponential.
  ///
  /// ```text
  /// I = ½ erfc(−η √(s/2)) + exp(−sη²/2) (1/η − g/t + (w/t³ − 1/η³)/s) / √(2πs),   s = a + b
  /// ```
  ///
  /// with t the distance from the mean over √(pq), w = xy/(pq) and g the quotient of the gamma
  /// functions over Stirling's formula. The last terms matter in the tails only.
  private static func uniformTails(_ argument: Argument, _ a: Double, _ b: Double) -> Tails {
    let sum = a + b
    let exponent = relativeExponent(argument, a, b)
    let deviation = (argument.x * b - argument.y * a).high
    let isLower = deviation < 0
    let z = max(0, -exponent.high).squareRoot()
    let eta = (isLower ? -z : z) * (2 / sum).squareRoot()
    let t = deviation / (a.squareRoot() * b.squareRoot())
    let skewness = (b - a) / (a.squareRoot() * b.squareRoot())
    // 1/η − 1/t = κ/3 − t (κ² + 3)/12 + …
    var difference =
      z < uniformSeriesLimit
      ? skewness / 3 - t * (skewness * skewness + 3) / 12 : 1 / eta - 1 / t
    if z > uniformFurtherStart {
      let w = (argument.x.high * (sum / a)) * (argument.y.high * (sum / b))
      let shift = (1 / a + 1 / b - 1 / sum) / 12
      difference += shift / t + (w / (t * t * t) - 1 / (eta * eta * eta)) / sum
    }
    let correction = difference / (2 * Double.pi * sum).squareRoot()
    let scaled = ErrorFunction.scaledComplement(z).high / 2
    let tail = ExtendedExponential.product(
      DoubleDouble(isLower ? scaled + correction : scaled - correction), exponent)
    let density = density(argument, a, b)
    return isLower
      ? Tails(lower: tail, upper: 1 - tail, density: density)
      : Tails(lower: 1 - tail, upper: tail, density: density)
  }

  /// Σ (a + b)(a + b + 1)…(a + b + n − 1) xⁿ / ((a + 1)…(a + n)), of positive terms.
  private static func powerSeries(_ x: Double, _ a: Double, _ b: Double) -> Double {
    var term = 1.0
    var rest = 0.0
    for step in 1...maximumTerms {
      let n = Double(step)
      term *= (a + b + (n - 1)) / (a + n) * x
      rest += term
      if !(term >= (1 + rest) * Double.ulpOfOne / 4) { break }
    }
    return 1 + rest
  }

  /// The continued fraction that multiplies the density.
  private static func continuedFraction(
    _ argument: Argument, _ a: Double, _ b: Double
  ) -> Double {
    let x = argument.x.high
    // a − (a + b) x, exact before its rounding.
    let distance = (argument.y * a - argument.x * b).high
    let slope = 1 + argument.y.high
    var denominator = a / (a + 1) * (distance + 1)
    var c = Double.infinity
    var d = 1 / denominator
    var value = d
    for step in 1...maximumTerms {
      let n = Double(step)
      let twice = a + 2 * n - 1
      let product = n * (b - n) * x
      let numerator = ((a + n - 1) / twice) * ((a + b + n - 1) / twice) * product * x
      denominator = n + product / twice + (a + n) / (twice + 2) * (distance + 1 + n * slope)
      c = denominator + numerator / c
      d = 1 / (denominator + numerator * d)
      let factor = c * d
      value *= factor
      if !((factor - 1).magnitude >= Double.ulpOfOne) { break }
    }
    return value
  }

  /// 1 − I for a small: 1 − x^a/(a B) (1 + a Σ (1 − b)(2 − b)…(n − b) xⁿ / (n! (a + n))).
  private static func complementForSmallParameter(
    _ x: Double, _ a: Double, _ b: Double
  ) -> Double {
    let logarithm = a * log(x) - logScaledBeta(a, b)
    var term = 1.0
    var sum = 0.0
    for step in 1...maximumTerms {
      let n = Double(step)
      term *= (n - b) / n * x
      let increment = term / (a + n)
      sum += increment
      if !(increment.magnitude >= sum.magnitude * Double.ulpOfOne / 4) || term == 0 { break }
    }
    return -expm1(logarithm) - exp(logarithm) * a * sum
  }

  /// ln (a B(a, b)), without cancellation for small a.
  static func logScaledBeta(_ a: Double, _ b: Double) -> Double {
    if a <= b, a < GammaFunction.stirlingStart {
      return GammaFunction.logarithmOnePlus(a) - GammaFunction.logarithmStep(b, a)
    }
    return log(a) + SpecialFunctions.logBeta(a, b)
  }
}
