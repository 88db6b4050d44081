// Goals in order: accuracy (relative also next to the zeros at 1 and 2), robustness, speed.
//
// (x − 1)(x − 2) times a polynomial on ½ ≤ x < 3, recurrence to reach this interval, Stirling's
// series from 10 on: M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 6.1.15,
// 6.1.41; for negative x the reflection 6.1.17. Coefficients: special_function_coefficients.py.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the logarithm of the magnitude of the gamma function.
  ///
  /// ```text
  /// ln |Γ(x)|,   Γ(x) = ∫₀^∞ tˣ⁻¹ exp(−t) dt for x > 0
  /// ```
  ///
  /// Error for x > 0: relative 5e-16, also next to the zeros at 1 and 2. For x < 0: 2e-15 relative
  /// to the larger of 1 and the result while |x| < 1000, absolute near the zeros there.
  ///
  /// - Parameter x: The argument.
  /// - Returns: The logarithm; infinity at the poles 0, −1, −2, … and for both infinities; NaN for
  ///   NaN.
  public static func logGamma(_ x: Double) -> Double {
    if x > 0 { return GammaFunction.logarithm(x) }
    if x.isNaN { return x }
    guard x.isFinite, x != x.rounded() else { return .infinity }
    if x > -GammaFunction.tiny { return -log(-x) }
    // Γ(x) Γ(1 − x) = π / sin πx, so that |Γ(−y)| = π / (y Γ(y) |sin πy|).
    let y = -x
    let distance = (y - y.rounded()).magnitude
    return log(Double.pi / (y * sin(Double.pi * distance))) - GammaFunction.logarithm(y)
  }
}

extension SpecialFunctions {
  /// ln Γ(1 + x) for x > −1, relatively accurate next to 0 too, where 1 + x would round.
  package static func logGammaOnePlus(_ x: Double) -> Double {
    guard x > -1 else { return x.isNaN ? .nan : .infinity }
    return x > -0.5 ? GammaFunction.logarithmOnePlus(x) : GammaFunction.logarithm(1 + x)
  }
}

/// The kernels that the gamma and beta functions share.
enum GammaFunction {
  /// Below this ln Γ(x) is −ln x to full accuracy.
  fileprivate static let tiny = 1e-20
  /// From here on the asymptotic series is used.
  static let stirlingStart = 10.0
  /// ln √(2π).
  static let logRootTwoPi = 0.9189385332046728

  /// ln Γ(x) for x > 0.
  static func logarithm(_ x: Double) -> Double {
    if x >= stirlingStart {
      guard x < .infinity else { return x }
      // (x − ½)(ln x − 1) + (ln √(2π) − ½) + series
      return (x - 0.5) * (log(x) - 1) + ((logRootTwoPi - 0.5) + stirlingSeries(x))
    }
    if x < 0.5 {
      return x < tiny ? -log(x) : logarithmOnePlus(x) - log(x)
    }
    if x < 3 { return (x - 1) * (x - 2) * quotient(x) }
    var product = 1.0
    var y = x
    while y >= 3 {
      y -= 1
      product *= y
    }
    return log(product) + (y - 1) * (y - 2) * quotient(y)
  }

  /// ln Γ(1 + x) for x > −½, relative accuracy next to 0 too.
  static func logarithmOnePlus(_ x: Double) -> Double {
    x < 2 ? x * (x - 1) * quotient(1 + x) : logarithm(1 + x)
  }

  /// ln Γ(x) / ((x − 1)(x − 2)) for ½ ≤ x ≤ 3.
  @inline(__always)
  private static func quotient(_ x: Double) -> Double {
    typealias Table = GammaCoefficients
    let piece = max(0, min(9, Int((x - 0.5) * 4)))
    let center = 0.625 + Double(piece) * 0.25
    return polynomial(
      Table.logGamma, from: piece &* Table.logGammaCount, count: Table.logGammaCount, x - center)
  }

  /// ln Γ(x) − [(x − ½) ln x − x + ln √(2π)] for x ≥ 10: Σ B(2k) / (2k (2k − 1) x^(2k−1)).
  @inline(__always)
  static func stirlingSeries(_ x: Double) -> Double {
    let s = (1 / x) * (1 / x)
    let c = GammaCoefficients.stirling
    return polynomial(c, from: 0, count: c.count, s) / x
  }

  /// Σ coefficients[from + n] tⁿ.
  @inline(__always)
  static func polynomial(
    _ coefficients: [Double], from first: Int, count: Int, _ t: Double
  ) -> Double {
    var value = coefficients[first &+ count &- 1]
    var n = count &- 2
    while n >= 0 {
      value = value * t + coefficients[first &+ n]
      n &-= 1
    }
    return value
  }

  /// ln Γ(x + step) − ln Γ(x) for x > 0, 0 ≤ step ≤ x, without cancellation for a small step.
  static func logarithmStep(_ x: Double, _ step: Double) -> Double {
    var start = x
    var lower = 0.0
    while start < stirlingStart {
      lower += log1p(step / start)
      start += 1
    }
    let top = start + step
    return (top - 0.5) * log1p(step / start) + step * (log(start) - 1)
      + stirlingSeriesStep(start, step) - lower
  }

  /// The series at x + step less that at x, to its own relative accuracy: the divided difference of
  /// its polynomial, by Horner's scheme.
  private static func stirlingSeriesStep(_ x: Double, _ step: Double) -> Double {
    let (u, v) = (1 / x, 1 / (x + step))
    let (s, t) = (u * u, v * v)
    let c = GammaCoefficients.stirling
    var value = 0.0
    var slope = 0.0
    for n in stride(from: c.count - 1, through: 0, by: -1) {
      slope = slope * t + value
      value = value * s + c[n]
    }
    // t − s = −step (2x + step) u²v², v − u = −step u v
    let change = -step * (u + v) * (u * v) * slope
    return v * change - step * (u * v) * value
  }

  /// aᵃ exp(−a) / Γ(a) for a > 0: the factor that remains of every gamma and beta density.
  static func scaledReciprocal(_ a: Double) -> Double {
    if a >= stirlingStart {
      return (a / (2 * Double.pi)).squareRoot() * exp(-stirlingSeries(a))
    }
    return a * exp(a * log(a) - a - logarithmOnePlus(a))
  }
}
