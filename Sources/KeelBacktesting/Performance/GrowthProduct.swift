import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: accuracy (the total return of ten million periods to the last digit), no overflow, speed.
//
// The product stays in two doubles near one; powers of two move to a count, exactly. Each factor adds a relative error of
// a few 2⁻¹⁰⁴.

/// The product of growth factors, in twice the precision and without a limit to its size.
struct GrowthProduct {
  private var product = DoubleDouble(1)
  private var exponent = 0

  /// Multiplies by `1 + value`, the sum taken exactly.
  mutating func multiply(byOnePlus value: Double) {
    product = product * DoubleDouble.sum(1, value)
    let size = product.high
    guard size < Self.smallest || size > Self.largest, size > 0 else { return }
    let shift = Int(size.exponent)
    exponent += shift
    // In two steps: the inverse of a large power of two may not be representable.
    let half = Double(sign: .plus, exponent: -(shift / 2), significand: 1)
    let rest = Double(sign: .plus, exponent: -(shift - shift / 2), significand: 1)
    product = DoubleDouble(product.high * half * rest, product.low * half * rest)
  }

  /// The product less one; infinite where it does not fit.
  var total: Double {
    guard product.high > 0 else { return -1 }
    if exponent == 0 {
      let difference = product - DoubleDouble(1)
      return difference.high + difference.low
    }
    let scale = max(-Self.hugeExponent, min(Self.hugeExponent, exponent))
    return Double(sign: .plus, exponent: scale, significand: product.high) - 1
  }

  /// The growth of a year less one, `product^(periodsPerYear / count) − 1`.
  func annualized(periodsPerYear: Double, count: Double) -> Double {
    guard product.high > 0 else { return -1 }
    let total = total
    let logarithm =
      exponent == 0 && total.magnitude < 0.5
      ? log1p(total)
      : log(product.high) + product.low / product.high + Double(exponent) * M_LN2
    return expm1(logarithm * (periodsPerYear / count))
  }

  private static let smallest = 0x1p-400
  private static let largest = 0x1p400
  private static let hugeExponent = 4_000
}
