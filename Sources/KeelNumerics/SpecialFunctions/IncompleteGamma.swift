// Goals in order: relative accuracy in both tails, termination, speed.
//
// Power series for P below the mean, continued fraction for Q above it, a series for Q when a and x
// are small, and for a >= 20 near the mean N. M. Temme's uniform expansion, SIAM J. Math. Anal. 10
// (1979) 757-766. Choice of regions after A. R. DiDonato, A. H. Morris, Computation of the
// incomplete gamma function ratios and their inverse, ACM TOMS 12 (1986) 377-393. The common factor
// x^a exp(-x)/Gamma(a) has its exponent in twice the precision, else tails near 1e-300 would lose
// three digits.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the lower regularized incomplete gamma function.
  ///
  /// ```text
  /// P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ exp(−t) dt
  /// ```
  ///
  /// Relative error: at most 1e-13 for a in 1e-3 ... 1e6 and results down to 1e-300. Method:
  /// series, continued fraction, Temme's uniform expansion. References: DiDonato and Morris (1986),
  /// Temme (1979).
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The argument. Must not be negative.
  /// - Returns: A number in 0 ... 1; NaN outside the domain.
  public static func regularizedGammaP(_ a: Double, _ x: Double) -> Double {
    IncompleteGamma.checkedTails(a, x).lower
  }

  /// Returns the upper regularized incomplete gamma function.
  ///
  /// ```text
  /// Q(a, x) = 1 − P(a, x) = 1/Γ(a) ∫ₓ^∞ tᵃ⁻¹ exp(−t) dt
  /// ```
  ///
  /// Never computed as a difference when it is small. Relative error: that of
  /// `regularizedGammaP`.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The argument. Must not be negative.
  /// - Returns: A number in 0 ... 1; NaN outside the domain.
  public static func regularizedGammaQ(_ a: Double, _ x: Double) -> Double {
    IncompleteGamma.checkedTails(a, x).upper
  }
}

/// The kernels of the incomplete gamma function.
enum IncompleteGamma {
  /// P, Q and the density times x.
  struct Tails {
    var lower: Double
    var upper: Double
    var density: Double = 0
  }

  /// From this shape on the uniform expansion is used near the mean.
  private static let uniformStart = 20.0
  /// The uniform expansion is used for |x − a| below this part of a.
  private static let uniformRadius = 0.4
  /// For larger shapes the law is narrower than the spacing of doubles.
  private static let largestShape = 1e100
  /// Below this argument the continued fraction is too slow.
  private static let fractionStart = 1.5
  /// Above this value of one tail the other one is computed by itself.
  private static let largestSubtrahend = 0.5
  /// Terms: nine times the square root of the largest shape that gets there, and to spare.
  private static let maximumTerms = 10_000
  /// For x − 2a above this the upper tail is below exp(−5000).
  private static let certainlyBeyond = 1e4

  /// The tails, NaN outside the domain.
  static func checkedTails(_ a: Double, _ x: Double) -> Tails {
    guard a > 0, a < .infinity, x >= 0 else { return Tails(lower: .nan, upper: .nan) }
    return tails(a, x)
  }

  /// The tails for 0 < a < ∞ and x ≥ 0.
  static func tails(_ a: Double, _ x: Double) -> Tails {
    if x == 0 { return Tails(lower: 0, upper: 1) }
    if x - a > a + certainlyBeyond { return Tails(lower: 1, upper: 0) }
    if a > largestShape {
      let lower = x < a ? 0 : (x > a ? 1 : 0.5)
      return Tails(lower: lower, upper: 1 - lower)
    }
    let exponent = densityExponent(a, x)
    let density = ExtendedExponential.product(DoubleDouble(densityFactor(a)), exponent)
    if a >= uniformStart, (x - a).magnitude < uniformRadius * a {
      return uniform(a, x, exponent, density)
    }
    if x < max(fractionStart, a + 1) {
      let lower = min(1, density * series(a, x) / a)
      if lower <= largestSubtrahend || a >= 1 || x >= fractionStart {
        return Tails(lower: lower, upper: 1 - lower, density: density)
      }
      return Tails(lower: lower, upper: upperForSmallShape(a, x), density: density)
    }
    let upper = min(1, density * continuedFraction(a, x))
    return Tails(lower: 1 - upper, upper: upper, density: density)
  }

  /// The exponent of x^a exp(−x) over its largest value, or for small a its own.
  private static func densityExponent(_ a: Double, _ x: Double) -> DoubleDouble {
    if a < GammaFunction.stirlingStart {
      return ExtendedLogarithm.log(DoubleDouble(x)) * a + DoubleDouble(-x)
    }
    // −a (μ − 1 − ln μ), μ = x/a
    let excess = DoubleDouble.sum(x, -a) / a
    let logarithm = ExtendedLogarithm.log(onePlus: excess, equal: DoubleDouble(x) / a)
    return (logarithm - excess) * a
  }

  /// What multiplies that exponential.
  private static func densityFactor(_ a: Double) -> Double {
    a < GammaFunction.stirlingStart
      ? a * exp(-GammaFunction.logarithmOnePlus(a)) : GammaFunction.scaledReciprocal(a)
  }

  /// The series Σ xⁿ / ((a + 1) … (a + n)).
  private static func series(_ a: Double, _ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for n in 1...maximumTerms {
      term *= x / (a + Double(n))
      sum += term
      if term < sum * Double.ulpOfOne / 4 { break }
    }
    return sum
  }

  /// Legendre's continued fraction 1/(x + 1 − a − 1(1 − a)/(x + 3 − a − …)), by modified Lentz.
  private static func continuedFraction(_ a: Double, _ x: Double) -> Double {
    var b = x + 1 - a
    var c = Double.infinity
    var d = 1 / b
    var value = d
    for n in 1...maximumTerms {
      let i = Double(n)
      let numerator = -i * (i - a)
      b += 2
      d = 1 / (numerator * d + b)
      c = b + numerator / c
      let factor = c * d
      value *= factor
      if (factor - 1).magnitude < Double.ulpOfOne { break }
    }
    return value
  }

  /// Q for a < 1 and x < 1.5: 1 − x^a/Γ(1 + a) (1 + a Σ (−x)ⁿ / ((a + n) n!)).
  private static func upperForSmallShape(_ a: Double, _ x: Double) -> Double {
    let logarithm = a * log(x) - GammaFunction.logarithmOnePlus(a)
    var term = 1.0
    var sum = 0.0
    for n in 1...maximumTerms {
      let i = Double(n)
      term *= -x / i
      let increment = term / (a + i)
      sum += increment
      if increment.magnitude < sum.magnitude * Double.ulpOfOne / 4 || term == 0 { break }
    }
    return -expm1(logarithm) - exp(logarithm) * a * sum
  }

  /// Temme's expansion: exp(−aη²/2) [½ exp(z²) erfc(z) ± Σ C_k(η) a⁻ᵏ / √(2πa)], z = |η| √(a/2).
  private static func uniform(
    _ a: Double, _ x: Double, _ exponent: DoubleDouble, _ density: Double
  ) -> Tails {
    typealias Table = TemmeCoefficients
    let z = max(0, -exponent.high).squareRoot()
    let isUpper = x >= a
    let eta = (isUpper ? z : -z) * (2 / a).squareRoot()
    // The k-th function contributes about a⁻ᵏ; so many are above the rounding of the first.
    let rowCount = max(2, min(Table.rowCount, Int(40 / log(a)) + 1))
    var sum = 0.0
    for k in stride(from: rowCount - 1, through: 0, by: -1) {
      let row = GammaFunction.polynomial(
        Table.rows, from: k * Table.columnCount, count: Table.columnCount, eta)
      sum = sum / a + row
    }
    let correction = sum / (2 * Double.pi * a).squareRoot()
    let scaled = ErrorFunction.scaledComplement(z).high / 2
    let factor = isUpper ? scaled + correction : scaled - correction
    let tail = ExtendedExponential.product(DoubleDouble(factor), exponent)
    return isUpper
      ? Tails(lower: 1 - tail, upper: tail, density: density)
      : Tails(lower: tail, upper: 1 - tail, density: density)
  }
}
