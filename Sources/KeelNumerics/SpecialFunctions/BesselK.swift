// Goals in order: relative accuracy for every argument and order, speed of the orders 0 and 1.
//
// Orders 0 and 1: power series below 1 (DLMF 10.31), above polynomials in 1/x of exp(x) √x K(x);
// coefficients: Tests/Generate/bessel.py. Any order: the trapezoidal rule for
//   K = ½ ∫ exp(νt − x cosh t) dt   (DLMF 10.32.9),
// around the peak sinh t = ν/x, where it converges geometrically; the exponent is written without
// the cancellation of its terms.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the modified Bessel function K of order 0, multiplied by exp(x).
  ///
  /// Relative error: at most 2e-15.
  ///
  /// - Parameter x: The argument; positive.
  /// - Returns: A positive number, infinite at 0; NaN for negative numbers and NaN.
  public static func scaledBesselK0(_ x: Double) -> Double { BesselK.scaledPair(x).zero }

  /// Returns the modified Bessel function K of order 1, multiplied by exp(x).
  ///
  /// Relative error: at most 2e-15.
  ///
  /// - Parameter x: The argument; positive.
  /// - Returns: A positive number, infinite at 0; NaN for negative numbers and NaN.
  public static func scaledBesselK1(_ x: Double) -> Double { BesselK.scaledPair(x).one }

  /// Returns the logarithm of the modified Bessel function K, multiplied by exp(x).
  ///
  /// ```text
  /// ln(exp(x) K(x)),   K(x) = ∫₀^∞ exp(−x cosh t) cosh(νt) dt
  /// ```
  ///
  /// Error: 1e-14 relative to the larger of 1 and the result, for arguments from 1e-300 to 1e30 and
  /// orders up to 1000. Other positive arguments and orders give a result too; it is infinite where it
  /// overflows.
  ///
  /// - Parameters:
  ///   - x: The argument; positive.
  ///   - order: The order ν; any finite number, its sign does not matter.
  /// - Returns: The logarithm, infinite at 0, −∞ at infinity; NaN outside the domain.
  /// - Complexity: Some 40 to 150 exponentials, more for arguments below 1e-10.
  public static func logScaledBesselK(_ x: Double, order: Double) -> Double {
    BesselK.logScaled(x, order.magnitude)
  }

  /// exp(x) K(x) of the orders 0 and 1 at once.
  package static func scaledBesselPair(_ x: Double) -> (zero: Double, one: Double) {
    BesselK.scaledPair(x)
  }
}

private enum BesselK {
  static func scaledPair(_ x: Double) -> (zero: Double, one: Double) {
    if x >= 1 { return largePair(x) }
    if x > 0 { return smallPair(x) }
    return x == 0 ? (.infinity, .infinity) : (.nan, .nan)
  }

  private static func smallPair(_ x: Double) -> (zero: Double, one: Double) {
    typealias Table = BesselCoefficients
    let square = 0.25 * x * x
    let count = Table.first0.count
    var (i0, i1, k0, k1) = (0.0, 0.0, 0.0, 0.0)
    for n in stride(from: count - 1, through: 0, by: -1) {
      i0 = i0 * square + Table.first0[n]
      i1 = i1 * square + Table.first1[n]
      k0 = k0 * square + Table.rest0[n]
      k1 = k1 * square + Table.rest1[n]
    }
    let logarithm = log(0.5 * x)
    let growth = exp(x)
    return (
      growth * (k0 - logarithm * i0), growth * (1 / x + 0.5 * x * (logarithm * i1 - 0.5 * k1))
    )
  }

  private static func largePair(_ x: Double) -> (zero: Double, one: Double) {
    typealias Table = BesselCoefficients
    let y = 1 / x
    let piece = y <= 0.0625 ? 0 : y <= 0.125 ? 1 : y <= 0.25 ? 2 : y <= 0.5 ? 3 : 4
    let t = y - Table.centers[piece]
    let first = piece &* Table.count
    var n = first &+ Table.count &- 1
    var zero = Table.scaled0[n]
    var one = Table.scaled1[n]
    while n > first {
      n &-= 1
      zero = zero * t + Table.scaled0[n]
      one = one * t + Table.scaled1[n]
    }
    let root = y.squareRoot()
    return (zero * root, one * root)
  }

  /// ln K + x for an order that is not negative.
  static func logScaled(_ x: Double, _ order: Double) -> Double {
    guard x > 0, order.isFinite else {
      return x == 0 && order.isFinite ? .infinity : .nan
    }
    if x == .infinity { return -.infinity }
    if order == 0 { return log(scaledPair(x).zero) }
    if order == 0.5 { return 0.5 * log(0.5 * Double.pi / x) }
    if order == 1, x > .leastNormalMagnitude { return log(scaledPair(x).one) }
    if max(x, order) >= leastOfPeakOnly { return logOfPeak(x, order) }
    let radius = hypot(x, order)
    // r − ν and r − x without cancellation.
    let lower = x * (x / (radius + order))
    let excess = order * (order / (radius + x))
    // The logarithm of r − ν, which itself may underflow.
    let logLower = 2 * log(x) - log(radius + order)
    let step = min(largestStep, stepOfDeviation / radius.squareRoot())
    var sum = 1.0
    for sign in [-1.0, 1.0] {
      let slope = sign < 0 ? lower : radius + order
      let drift = sign * order
      var count = 0.0
      while true {
        // A product, as the roundings of a sum of thousands of steps would move the end.
        count += 1
        let u = count * step
        // −(r ± ν)(cosh u − 1) ± ν (exp(−u) − 1 + u)
        let bend: Double
        if sign < 0, u > exponentialStart {
          // sinh(u/2) is half of exp(u/2).
          bend = 0.5 * exp(logLower + u)
        } else {
          let half = sinh(0.5 * u)
          bend = 2 * slope * half * half
        }
        let exponent = drift * exponentialRest(u) - bend
        if exponent < negligibleExponent { break }
        sum += exp(exponent)
      }
    }
    let peak = asinh(order / x)
    let growth = peak < .infinity ? order * peak : order * (log(2 * order) - log(x))
    return growth - excess + log(0.5 * step * sum)
  }

  /// The peak's Gaussian alone, ln √(π/(2r)) and the exponent there, without a sum that may overflow.
  private static func logOfPeak(_ x: Double, _ order: Double) -> Double {
    let (part, quarter) = (0.25 * x, 0.25 * order)
    let radius = hypot(part, quarter)
    let peak = asinh(order / x)
    let slope =
      peak < .infinity
      ? peak - quarter / (radius + part) : log(quarter) - log(x) + 3 * log(2) - 1
    return order * slope + 0.5 * (log(Double.pi / 8) - log(radius))
  }

  /// exp(−u) − 1 + u for u ≥ 0.
  private static func exponentialRest(_ u: Double) -> Double {
    guard u < 0.5 else { return expm1(-u) + u }
    // Σ (−u)ᵏ/k! from k = 2 on.
    var term = 0.5 * u * u
    var sum = term
    for k in 3..<20 {
      term *= -u / Double(k)
      sum += term
      if term.magnitude <= 0x1p-56 * sum { break }
    }
    return sum
  }

  /// The integrand's transform falls like that of Γ(ν + iω), which at ω = 2π/step is below the last
  /// bit of Γ(ν) for ν up to 6.
  private static let largestStep = 0.2

  /// The same for larger orders, in the deviation of the peak.
  private static let stepOfDeviation = 0.48

  private static let negligibleExponent = -42.0

  /// Beyond it exp(−u) is below the last bit of 1.
  private static let exponentialStart = 40.0

  /// From here on of argument or order what the peak's Gaussian leaves out, of the order 1/r, is below
  /// the last bit.
  private static let leastOfPeakOnly = 1e20
}
