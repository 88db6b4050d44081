import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Operations in twice the precision over every pair of doubles: an infinite part is a limit, not
// NaN. The operators of the type itself are for magnitudes far from overflow.
//
// Goals: enough bits (at least 64) for log-moneyness and its square, which the wings of the normal
// law multiply by up to 10³; no allocation. Exact products come from the fused multiply-add, which
// has no intermediate to overflow.

extension DoubleDouble {
  /// The exact product of two doubles; an infinite one has no second part.
  @inline(__always)
  static func fusedProduct(_ a: Double, _ b: Double) -> DoubleDouble {
    let p = a * b
    return DoubleDouble(p, p.isFinite ? (-p).addingProduct(a, b) : 0)
  }

  /// The square root of a double to some 100 bits.
  static func squareRoot(of a: Double) -> DoubleDouble {
    let root = a.squareRoot()
    guard root > 0, root.isFinite else { return DoubleDouble(root) }
    return DoubleDouble(root, a.addingProduct(-root, root) / (2 * root))
  }

  /// The sum, to some 100 bits of the larger term.
  @inline(__always)
  func adding(_ other: DoubleDouble) -> DoubleDouble {
    let s = DoubleDouble.sum(high, other.high)
    guard s.high.isFinite else { return DoubleDouble(s.high) }
    return .sum(s.high, s.low + (low + other.low))
  }

  /// The quotient, to some 100 bits.
  @inline(__always)
  func divided(by other: DoubleDouble) -> DoubleDouble {
    let q = high / other.high
    guard q.isFinite, other.high.isFinite else { return DoubleDouble(q) }
    let rest = high.addingProduct(-q, other.high) + low.addingProduct(-q, other.low)
    return .sum(q, rest / other.high)
  }

  /// The square.
  @inline(__always)
  var squared: DoubleDouble {
    let p = DoubleDouble.fusedProduct(high, high)
    guard p.high.isFinite else { return DoubleDouble(p.high) }
    return .sum(p.high, p.low.addingProduct(2 * high, low))
  }

  /// `factor · exp(self)` without overflow or underflow before the end.
  func exponential(times factor: Double) -> Double {
    guard factor != 0, high != -.infinity else { return 0 }
    let scaled: Double
    if high.magnitude < Self.plainExponent {
      scaled = factor * exp(high)
    } else {
      let half = exp(high / 2)
      scaled = (factor * half) * half
    }
    // An infinite product corrected by a negative part of itself would be NaN.
    return low != 0 && low.isFinite && scaled.isFinite
      ? scaled.addingProduct(scaled, low) : scaled
  }

  /// Below this magnitude the exponential is a normal number.
  private static let plainExponent = 700.0
}
