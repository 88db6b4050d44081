// Goals in order: accuracy, the same bits on every processor, speed.
//
// An unevaluated sum of two doubles, after T. J. Dekker, A floating-point technique for extending
// the available precision, Numer. Math. 18 (1971) 224-242. Relative error of an operation: a few
// 2⁻¹⁰⁴. Arguments stay far from overflow: magnitudes below 1e290 or so.

/// A number in twice the precision of a double: `high + low`, `high` being the nearest double.
///
/// Usable from inline, without which other modules of the package would call every operation.
@usableFromInline
package struct DoubleDouble: Sendable {
  @usableFromInline package var high: Double
  @usableFromInline package var low: Double

  @inlinable @inline(__always)
  package init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  /// The exact sum of two doubles.
  @inlinable @inline(__always)
  package static func sum(_ a: Double, _ b: Double) -> DoubleDouble {
    let s = a + b
    let t = s - a
    return DoubleDouble(s, (a - (s - t)) + (b - t))
  }

  /// The exact sum of two doubles, the first being the larger in magnitude.
  @inlinable @inline(__always)
  package static func orderedSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let s = a + b
    return DoubleDouble(s, b - (s - a))
  }

  /// The exact product of two doubles, but for underflow.
  @inlinable @inline(__always)
  package static func product(_ a: Double, _ b: Double) -> DoubleDouble {
    let p = a * b
    let x = halves(a)
    let y = halves(b)
    return DoubleDouble(
      p, ((x.high * y.high - p) + x.high * y.low + x.low * y.high) + x.low * y.low)
  }

  /// The two halves of a double, of 26 bits each (the low one has a sign): Veltkamp's splitting.
  @inlinable @inline(__always)
  package static func halves(_ a: Double) -> DoubleDouble {
    let splitter = 134_217_729.0  // 2²⁷ + 1
    let c = splitter * a
    let high = c - (c - a)
    return DoubleDouble(high, a - high)
  }

  @inlinable @inline(__always)
  package static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let s = sum(a.high, b.high)
    let t = sum(a.low, b.low)
    let u = orderedSum(s.high, s.low + t.high)
    return orderedSum(u.high, u.low + t.low)
  }

  @inlinable @inline(__always)
  package static prefix func - (a: DoubleDouble) -> DoubleDouble {
    DoubleDouble(-a.high, -a.low)
  }

  @inlinable @inline(__always)
  package static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + (-b) }

  @inlinable @inline(__always)
  package static func * (a: DoubleDouble, b: Double) -> DoubleDouble {
    let p = product(a.high, b)
    return orderedSum(p.high, p.low + a.low * b)
  }

  @inlinable @inline(__always)
  package static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let p = product(a.high, b.high)
    return orderedSum(p.high, p.low + (a.high * b.low + a.low * b.high))
  }

  @inlinable @inline(__always)
  package static func / (a: DoubleDouble, b: Double) -> DoubleDouble {
    let q = a.high / b
    let rest = a - product(q, b)
    return orderedSum(q, (rest.high + rest.low) / b)
  }
}
