// Goals in order: accuracy (2 ulp everywhere, both tails), the same bits on every platform, speed.
//
// exp(x²) erfc(x) is a polynomial on each of 48 pieces of [0, 32) and the asymptotic series above;
// its leading coefficient carries a low part, so that the value has an error of a few hundredths of
// an ulp. erfc(x) is its product with exp(-x²), where x² is exact in two parts. erf is a polynomial
// for |x| <= 1/2 and 1 - erfc above. No step calls the platform's library.
//
// Compare W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23
// (1969) 631-637. The coefficients are those of special_function_coefficients.py.

extension SpecialFunctions {
  /// Returns the error function.
  ///
  /// ```text
  /// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt
  /// ```
  ///
  /// Error: at most 1 ulp for every x, measured against 50 digits. The result has the same bits on
  /// every platform.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number in −1 ... 1; NaN for NaN.
  public static func erf(_ x: Double) -> Double {
    let size = x.magnitude
    if size <= ErrorFunction.centralLimit {
      // Also keeps the sign of zero.
      return x + x * ErrorFunction.centralExcess(x * x)
    }
    guard size < ErrorFunction.saturation else { return x.isNaN ? x : (x < 0 ? -1 : 1) }
    let value = 1 - ErrorFunction.complement(DoubleDouble(size))
    return x < 0 ? -value : value
  }

  /// Returns the complementary error function.
  ///
  /// ```text
  /// erfc(x) = 1 − erf(x) = 2/√π ∫ₓ^∞ exp(−t²) dt
  /// ```
  ///
  /// Error: at most 1 ulp while the result is a normal number (x < 26.5), one unit of the smallest
  /// subnormal below. The result has the same bits on every platform.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number in 0 ... 2; NaN for NaN.
  public static func erfc(_ x: Double) -> Double {
    if x.magnitude <= ErrorFunction.centralLimit / 2 {
      return 1 - (x + x * ErrorFunction.centralExcess(x * x))
    }
    if x > 0 { return ErrorFunction.complement(DoubleDouble(x)) }
    if x > -ErrorFunction.saturation { return 2 - ErrorFunction.complement(DoubleDouble(-x)) }
    return x.isNaN ? x : 2
  }

  /// Returns the scaled complementary error function.
  ///
  /// ```text
  /// exp(x²) erfc(x)
  /// ```
  ///
  /// Error: at most 1 ulp. Falls like 1/(x √π) for large x, overflows to infinity below −26.63. The
  /// result has the same bits on every platform.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A positive number, or infinity; NaN for NaN.
  public static func scaledErfc(_ x: Double) -> Double {
    guard x < 0 else { return ErrorFunction.scaledComplement(x).high }
    guard x > -ErrorFunction.overflow else { return .infinity }
    // 2 exp(x²) − exp(x²) erfc(−x)
    let growth = ExtendedExponential.extendedProduct(
      DoubleDouble(2), DoubleDouble.product(x, x))
    guard growth.high.isFinite else { return .infinity }
    return (growth - ErrorFunction.scaledComplement(-x)).high
  }
}

extension SpecialFunctions {
  /// `exp(x²) erfc(x)` in two parts for x ≥ 0, with an error of a few hundredths of an ulp.
  package static func extendedScaledErfc(_ x: DoubleDouble) -> DoubleDouble {
    ErrorFunction.scaledComplement(x)
  }
}

/// The kernels that the error function and the normal law share.
enum ErrorFunction {
  /// Up to here erf is a polynomial.
  static let centralLimit = 0.5
  /// From here on 1 − erf is below half an ulp of 1.
  static let saturation = 6.0
  /// Below minus this the scaled complement overflows.
  static let overflow = 27.0
  /// From here on erfc is below half of the smallest subnormal number.
  static let underflow = 28.0
  /// The pieces end here.
  private static let piecesEnd = 32.0
  /// 1/√π in two parts.
  private static let inverseRootPi = DoubleDouble(0.5641895835477563, 7.66772980658294e-18)
  /// 2/√π.
  private static let twoOverRootPi = 1.1283791670955126

  /// erf(x)/x − 1 as a function of s = x², for s ≤ 1/4.
  @inline(__always)
  static func centralExcess(_ s: Double) -> Double {
    let c = ErrorFunctionCoefficients.central
    var value = c[c.count - 1]
    for n in stride(from: c.count - 2, through: 0, by: -1) { value = value * s + c[n] }
    return value
  }

  /// exp(x²) erfc(x) in two parts for x ≥ 0; NaN for NaN.
  @inline(__always)
  static func scaledComplement(_ x: Double) -> DoubleDouble {
    guard x < piecesEnd else { return asymptoticScaledComplement(x) }
    typealias Table = ErrorFunctionCoefficients
    // Eight pieces on [0, 1); above, the exponent and three bits of the significand tell the piece.
    let piece =
      x < 1
      ? Int(x * 8)
      : Int(truncatingIfNeeded: (x.bitPattern &- (1.0).bitPattern) >> 49) &+ 8
    let t = x - Table.centers[piece]
    let first = piece &* Table.higherCount
    // The coefficients of odd and of even powers apart: two short chains instead of a long one.
    let square = t * t
    var odd = Table.higher[first &+ Table.higherCount &- 2]
    var even = Table.higher[first &+ Table.higherCount &- 1]
    var n = Table.higherCount &- 4
    while n >= 0 {
      odd = odd * square + Table.higher[first &+ n]
      even = even * square + Table.higher[first &+ n &+ 1]
      n &-= 2
    }
    let rest = odd + even * t
    let value = DoubleDouble.orderedSum(Table.leading[2 &* piece], rest * t)
    return DoubleDouble.orderedSum(value.high, value.low + Table.leading[2 &* piece &+ 1])
  }

  /// The same for x ≥ 32 and NaN: 1/(x√π) Σ (−1)ⁿ (2n − 1)!! / (2x²)ⁿ.
  private static func asymptoticScaledComplement(_ x: Double) -> DoubleDouble {
    // 1/x² also for x whose square overflows.
    let s = (1 / x) * (1 / x) / 2
    let series = -s * (1 - s * (3 - s * (15 - s * (105 - s * (945 - s * 10_395)))))
    let top = DoubleDouble.orderedSum(
      inverseRootPi.high, inverseRootPi.low + inverseRootPi.high * series)
    // The remainder of the division from an exact product would overflow for x near the top.
    guard x < 1e150 else { return DoubleDouble(top.high / x) }
    return top / x
  }

  /// exp(x²) erfc(x) in two parts for x ≥ 0 that has a low part.
  @inline(__always)
  static func scaledComplement(_ x: DoubleDouble) -> DoubleDouble {
    let value = scaledComplement(x.high)
    // The derivative is 2x f − 2/√π; above the pieces it is replaced by −f/x, its leading term.
    let slope =
      x.high < piecesEnd ? 2 * x.high * value.high - twoOverRootPi : -value.high / x.high
    return DoubleDouble(value.high, value.low + slope * x.low)
  }

  /// erfc(x) for x ≥ 0.
  @inline(__always)
  static func complement(_ x: DoubleDouble) -> Double {
    guard x.high < underflow else { return 0 }
    return ExtendedExponential.product(
      scaledComplement(x.high), -DoubleDouble.product(x.high, x.high))
  }
}
