// Goals in order: accuracy (a product with an exponential in little more than one rounding), the
// same bits on every platform, speed.
//
// y exp(t) = y 2^(n/64) exp(r) with |r| <= ln 2 / 128: table of 2^(j/64) in two parts, Taylor
// polynomial of exp(r) - 1. P. T. P. Tang, Table-driven implementation of the exponential function
// in IEEE floating-point arithmetic, ACM TOMS 15 (1989) 144-157.

package enum ExtendedExponential {
  /// Beyond this exponent every product with a double of ordinary size overflows or vanishes.
  private static let largestExponent = 1_500.0
  /// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
  private static let rounder = 0x1.8p52

  /// `factor · exp(exponent)` as `significand · 2^scale`, the significand in two parts.
  ///
  /// - Parameters:
  ///   - factor: The factor.
  ///   - exponent: The exponent; its low part must be small against 1.
  /// - Returns: The significand and the power of two, not yet multiplied.
  @inline(__always)
  private static func scaledProduct(
    _ factor: DoubleDouble, _ exponent: DoubleDouble
  ) -> (significand: DoubleDouble, scale: Int) {
    typealias Table = ExponentialCoefficients
    let rounded = exponent.high * Table.stepsPerUnit + rounder
    let steps = rounded - rounder
    let index = Int(Int32(truncatingIfNeeded: rounded.bitPattern))
    let j = index & 63
    let r = ((exponent.high - steps * Table.stepHigh) - steps * Table.stepLow) + exponent.low
    // exp(r) - 1: Taylor coefficients 1/n!; the first term left out is below 2⁻⁶⁵.
    let expm1 =
      r + r * r
      * (0.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720)))))
    let powerHigh = Table.powers[2 &* j]
    let powerLow = Table.powers[2 &* j &+ 1]
    let product = DoubleDouble.product(powerHigh, factor.high)
    let rest =
      product.low + (powerLow * factor.high + powerHigh * factor.low) + product.high * expm1
    return (DoubleDouble.orderedSum(product.high, rest), index >> 6)
  }

  /// `factor · exp(exponent) · 2^scale`, in one rounding and a few percent of another.
  package static func product(
    _ factor: DoubleDouble, _ exponent: DoubleDouble, scale: Int = 0
  ) -> Double {
    guard exponent.high.magnitude <= largestExponent else {
      if exponent.high.isNaN || factor.high.isNaN { return .nan }
      return exponent.high < 0 ? 0 : factor.high * .infinity
    }
    let (significand, power) = scaledProduct(factor, exponent)
    return multiplied(significand.high, byPowerOfTwo: power + scale)
  }

  /// `factor · exp(exponent)` in two parts; for exponents whose exponential is a normal number.
  package static func extendedProduct(
    _ factor: DoubleDouble, _ exponent: DoubleDouble
  ) -> DoubleDouble {
    guard exponent.high.magnitude <= largestExponent else {
      return DoubleDouble(product(factor, exponent))
    }
    let (significand, scale) = scaledProduct(factor, exponent)
    let high = multiplied(significand.high, byPowerOfTwo: scale)
    guard high.isFinite else { return DoubleDouble(high) }
    return DoubleDouble(high, multiplied(significand.low, byPowerOfTwo: scale))
  }

  /// `x · 2^scale`, with one rounding when the result is subnormal.
  @inline(__always)
  private static func multiplied(_ x: Double, byPowerOfTwo scale: Int) -> Double {
    if scale >= -1_000, scale <= 1_000 { return x * powerOfTwo(scale) }
    // Two factors: 2^±1000 is exact on a number of ordinary size, the second one rounds.
    let first = scale < 0 ? -1_000 : 1_000
    return x * powerOfTwo(first) * powerOfTwo(max(-1_022, min(1_023, scale - first)))
  }

  /// 2^exponent for an exponent from −1022 to 1023.
  @inline(__always)
  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(truncatingIfNeeded: exponent &+ 1_023) << 52)
  }
}
