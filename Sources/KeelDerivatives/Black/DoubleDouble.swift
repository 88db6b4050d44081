#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A number as an unevaluated sum of two doubles, some 106 bits: T. J. Dekker, "A floating-point
// technique for extending the available precision", Numerische Mathematik 18 (1971).
//
// Goals: enough bits (at least 64) for log-moneyness and its square, which the wings of the normal
// law multiply by up to 10³; no allocation; no branch on the hot path.

/// An unevaluated sum of two doubles, `|low| ≤ ulp(high) / 2`.
struct DoubleDouble: Hashable, Sendable {
  var high: Double
  var low: Double

  init(high: Double, low: Double = 0) {
    self.high = high
    self.low = low
  }

  /// The exact sum of two doubles (Knuth).
  init(sum a: Double, _ b: Double) {
    let s = a + b
    let v = s - a
    self.init(high: s, low: (a - (s - v)) + (b - v))
  }

  /// The exact product of two doubles.
  init(product a: Double, _ b: Double) {
    let p = a * b
    self.init(high: p, low: p.isFinite ? (-p).addingProduct(a, b) : 0)
  }

  /// The quotient of two doubles to some 100 bits.
  init(quotient a: Double, _ b: Double) {
    let q = a / b
    self.init(high: q, low: q.isFinite ? a.addingProduct(-q, b) / b : 0)
  }

  var value: Double { high + low }

  static prefix func - (a: DoubleDouble) -> DoubleDouble {
    DoubleDouble(high: -a.high, low: -a.low)
  }

  static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let s = DoubleDouble(sum: a.high, b.high)
    guard s.high.isFinite else { return DoubleDouble(high: s.high) }
    return DoubleDouble(sum: s.high, s.low + (a.low + b.low))
  }

  static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let q = a.high / b.high
    guard q.isFinite, b.high.isFinite else { return DoubleDouble(high: q) }
    let rest = a.high.addingProduct(-q, b.high) + a.low.addingProduct(-q, b.low)
    return DoubleDouble(sum: q, rest / b.high)
  }

  /// The square.
  var squared: DoubleDouble {
    let p = DoubleDouble(product: high, high)
    guard p.high.isFinite else { return DoubleDouble(high: p.high) }
    return DoubleDouble(sum: p.high, p.low.addingProduct(2 * high, low))
  }

  /// The square root of a double to some 100 bits.
  init(squareRootOf a: Double) {
    let root = a.squareRoot()
    guard root > 0, root.isFinite else {
      self.init(high: root)
      return
    }
    self.init(high: root, low: a.addingProduct(-root, root) / (2 * root))
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
