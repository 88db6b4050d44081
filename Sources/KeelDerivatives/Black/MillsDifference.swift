import KeelNumerics

// The Mills function Y(u) = Φ(u)/φ(u), and its difference over a short interval below zero.
//
// Goals in order: relative accuracy for every h ≤ 0 and t ≥ 0, no allocation, speed.
//
// Method: Y(h) = ∫ exp(hu − u²/2) du over u > 0, so Y(h+t) − Y(h−t) = 2 Σ t^(2k+1)/(2k+1)!
// Y^(2k+1)(h) with positive terms only. The derivatives obey Y⁽ⁿ⁺¹⁾ = h Y⁽ⁿ⁾ + n Y⁽ⁿ⁻¹⁾; their
// ratios r(n) = Y⁽ⁿ⁾/Y⁽ⁿ⁻¹⁾ = n / (r(n+1) − h) are run downwards, which is stable (W. Gautschi,
// "Computational aspects of three-term recurrence relations", SIAM Review 9 (1967)), from a
// polynomial for r(16), or from its asymptotic form where the run forgets that soon; next to h = 0
// the recurrence runs upwards from a Y in double-double, which leaves more digits than it loses.
// The leading term is in double-double; the others are a hundredth of it at most.
// Used for short intervals: over longer ones at most four bits cancel in the plain difference,
// which is in double-double as well.

enum MillsDifference {
  /// `Y(u)` for `u ≤ 0`, or up to where it overflows above.
  static func mills(_ u: Double) -> Double {
    halfPiRoot.high * SpecialFunctions.scaledErfc(-u * rootHalf.high)
  }

  /// `√(2/π) Y(−u)` for `u ≥ 0`.
  static func scaledTail(_ u: DoubleDouble) -> DoubleDouble {
    let product = DoubleDouble.fusedProduct(u.high, rootHalf.high)
    guard product.high.isFinite else { return DoubleDouble(0) }
    let low = u.high * rootHalf.low + u.low * rootHalf.high
    return SpecialFunctions.extendedScaledErfc(
      DoubleDouble.orderedSum(product.high, product.low + low))
  }

  /// True when the plain difference would cancel.
  static func needsSeries(h: Double, t: Double) -> Bool {
    t < shortInterval - h * shortShare
  }

  /// `Y(h+t) − Y(h−t)` by its Taylor series, for `h ≤ 0` and a `t` that needs it.
  static func series(h: DoubleDouble, t: DoubleDouble) -> DoubleDouble {
    h.high > upwardLimit ? upwardSeries(h: h, t: t) : downwardSeries(a: -h, t: t)
  }

  /// `Y′(h) = 1 + h Y(h)` for `h ≤ 0`.
  static func slope(h: Double) -> Double {
    if h < -1e8 { return 1 / (h * h) }
    // The series for a step so small that only its first term counts.
    let step = 0x1p-100
    return series(h: DoubleDouble(h), t: DoubleDouble(step)).high / (2 * step)
  }

  private static func downwardSeries(a: DoubleDouble, t: DoubleDouble) -> DoubleDouble {
    let square = t.high * t.high
    var n = 2 * pairs + 1
    var ratio = leadingRatio(a.high)
    // What the terms add to the first one, relative to it.
    var excess = 0.0
    while n > 1 {
      let upper = Double(n)
      let odd = upper / (ratio + a.high)
      let even = (upper - 1) / (odd + a.high)
      let share = square / (upper * (upper - 1)) * odd * even
      excess = share + share * excess
      ratio = even
      n -= 2
    }
    // r(1) = Y′/Y and Y′ = 1 + hY, so 1/Y′ = 1 + a (a + r(2)); and r(2) is Y″/Y′.
    let inner = DoubleDouble.orderedSum(a.high, ratio)
    let product = DoubleDouble.fusedProduct(a.high, inner.high)
    let whole = DoubleDouble.sum(product.high, 1)
    guard whole.high.isFinite else { return DoubleDouble(0) }
    let inverse = DoubleDouble(1).divided(
      by: DoubleDouble(whole.high, whole.low + product.low + a.high * inner.low))
    let series = DoubleDouble.orderedSum(1, excess - a.low * ratio)
    return inverse * series * DoubleDouble(2 * t.high, 2 * t.low)
  }

  /// `r(16)` at `−a`.
  private static func leadingRatio(_ a: Double) -> Double {
    if a < polynomialLimit {
      let offset = a - polynomialCenter
      return MillsCoefficients.values.reversed().reduce(0) { $0 * offset + $1 }
    }
    let order = 2 * pairs + 2
    var n = order + Int(leadSteps / (a * a))
    let count = Double(n)
    var ratio = 2 * count / (a + (a * a + 4 * count).squareRoot())
    while n > order {
      n -= 1
      ratio = Double(n) / (ratio + a)
    }
    return ratio
  }

  private static func upwardSeries(h: DoubleDouble, t: DoubleDouble) -> DoubleDouble {
    let mills = scaledTail(-h) * halfPiRoot
    let product = mills * h
    let first = DoubleDouble.orderedSum(1, product.high)
    let slope = DoubleDouble.orderedSum(first.high, first.low + product.low)
    let square = t.high * t.high
    var previous = mills.high
    var current = slope.high
    var power = 1.0
    var rest = 0.0
    var n = 1.0
    while n < lastUpwardOrder {
      let even = h.high * current + n * previous
      let odd = h.high * even + (n + 1) * current
      power *= square / ((n + 1) * (n + 2))
      let term = odd * power
      rest += term
      if term < slope.high * negligible { break }
      previous = even
      current = odd
      n += 2
    }
    let sum = DoubleDouble.orderedSum(slope.high, slope.low + rest)
    return sum * DoubleDouble(2 * t.high, 2 * t.low)
  }

  /// `√(π/2)` and `√½` in two parts.
  private static let halfPiRoot = DoubleDouble(1.253_314_137_315_500_3, -9.164_289_990_229_583e-17)
  private static let rootHalf = DoubleDouble(0.707_106_781_186_547_6, -4.833_646_656_726_457e-17)

  /// An interval is short up to this half width, and that share of its distance from zero.
  private static let shortInterval = 0.125
  private static let shortShare = 0.062_5

  /// Above this the upward recurrence is used: Y′ cancels by less than three bits there.
  private static let upwardLimit = -2.0

  /// Where the polynomial is centered, and where it ends.
  private static let polynomialCenter = 4.0
  private static let polynomialLimit = 6.0

  /// Steps over `a²` that the asymptotic form runs ahead, so that its error ends below 2^-58.
  private static let leadSteps = 260.0

  /// Pairs of terms: with t ≤ ⅛ + a/16 the next one is below 2^-55 of the first.
  private static let pairs = 7

  private static let lastUpwardOrder = 30.0
  private static let negligible = 0x1p-60
}
