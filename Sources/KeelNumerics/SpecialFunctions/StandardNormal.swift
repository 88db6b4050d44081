// Goals in order: accuracy (2 ulp everywhere, both tails), the same bits on every platform, speed.
//
// Φ(−z) = exp(−z²/2) · ½ exp(t²) erfc(t) with t = z/√2, z² and t in two parts; 1 − Φ(−z) above the
// median. Only the logarithms call the platform's library.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The normal law with mean 0 and variance 1.
///
/// All functions are total: NaN gives NaN, infinities give the limits.
public enum StandardNormal {
  /// 1/√2 in two parts.
  static let inverseRootTwo = DoubleDouble(0.7071067811865476, -4.833646656726457e-17)
  /// 1/√(2π) in two parts.
  private static let densityAtZero = DoubleDouble(0.3989422804014327, -2.49232720227773e-17)
  /// ln √(2π).
  private static let logRootTwoPi = 0.9189385332046728
  /// Beyond this the density and both tails are below half of the smallest subnormal number.
  private static let underflow = 39.0
  /// Below minus this the logarithm of the distribution function is taken from its scaled form.
  private static let scaledLimit = 1.0

  /// Returns the density.
  ///
  /// ```text
  /// φ(x) = exp(−x²/2) / √(2π)
  /// ```
  ///
  /// Error: at most 1 ulp while the result is a normal number (|x| < 37.6). The result has the same
  /// bits on every platform.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number in 0 ... 0.399; NaN for NaN.
  public static func pdf(_ x: Double) -> Double {
    guard x.magnitude < underflow else { return x.isNaN ? x : 0 }
    return ExtendedExponential.product(densityAtZero, minusHalfSquare(x))
  }

  /// Returns the logarithm of the density.
  ///
  /// ```text
  /// ln φ(x) = −x²/2 − ln √(2π)
  /// ```
  ///
  /// Error: at most 1 ulp.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number up to −0.919, −infinity when x² overflows; NaN for NaN.
  public static func logPDF(_ x: Double) -> Double { -(x * x / 2 + logRootTwoPi) }

  /// Returns the probability of a value of at most `x`.
  ///
  /// ```text
  /// Φ(x) = erfc(−x/√2) / 2
  /// ```
  ///
  /// Error: at most 1 ulp while the result is a normal number (x > −37.5), one unit of the smallest
  /// subnormal below. The result has the same bits on every platform.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number in 0 ... 1; NaN for NaN.
  public static func cdf(_ x: Double) -> Double {
    x > 0 ? 1 - tail(x) : tail(-x)
  }

  /// Returns the probability of a value above `x`.
  ///
  /// ```text
  /// 1 − Φ(x) = Φ(−x)
  /// ```
  ///
  /// Error: that of `cdf(x)`; the result is exactly `cdf(-x)`.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number in 0 ... 1; NaN for NaN.
  public static func survival(_ x: Double) -> Double { cdf(-x) }

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// ```text
  /// ln Φ(x)
  /// ```
  ///
  /// Error: at most 2 ulp, for arguments down to −1e154, where the square overflows, and up to the
  /// largest double; the underflow of Φ does not matter.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number up to 0; NaN for NaN.
  public static func logCDF(_ x: Double) -> Double {
    if x > 0 { return log1p(-tail(x)) }
    if x > -scaledLimit { return log(tail(-x)) }
    guard x > -.infinity else { return x }
    let t = inverseRootTwo * x.magnitude
    let scaled = ErrorFunction.scaledComplement(t).high / 2
    let square = minusHalfSquare(x)
    guard square.low.isFinite else { return -(x * x / 2) }
    return square.high + (log(scaled) + square.low)
  }

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// ```text
  /// ln (1 − Φ(x)) = ln Φ(−x)
  /// ```
  ///
  /// Error: that of ``logCDF(_:)``.
  ///
  /// - Parameter x: The argument.
  /// - Returns: A number up to 0; NaN for NaN.
  public static func logSurvival(_ x: Double) -> Double { logCDF(-x) }
}

extension StandardNormal {
  /// −x²/2 in two parts.
  @inline(__always)
  static func minusHalfSquare(_ x: Double) -> DoubleDouble {
    let square = DoubleDouble.product(x, x)
    return DoubleDouble(square.high * -0.5, square.low * -0.5)
  }

  /// Φ(−z) for z ≥ 0; NaN for NaN.
  @inline(__always)
  static func tail(_ z: Double) -> Double {
    guard z < underflow else { return z.isNaN ? z : 0 }
    let scaled = ErrorFunction.scaledComplement(inverseRootTwo * z)
    return ExtendedExponential.product(
      DoubleDouble(scaled.high * 0.5, scaled.low * 0.5), minusHalfSquare(z))
  }

  /// Φ(−z)/φ(z) for z ≥ 0: Mills' ratio.
  @inline(__always)
  package static func millsRatio(_ z: Double) -> Double {
    ErrorFunction.scaledComplement(inverseRootTwo * z).high / (2 * densityAtZero.high)
  }
}
