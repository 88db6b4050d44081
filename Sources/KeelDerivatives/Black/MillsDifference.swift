import KeelNumerics

// The difference of the Mills function Y(u) = Φ(u)/φ(u) over an interval below zero.
//
// Goals in order: relative accuracy for every h ≤ 0 and t ≥ 0, no allocation, speed.
//
// Method: Y(h) = ∫ exp(hu − u²/2) du over u > 0, so Y(h+t) − Y(h−t) = 2 Σ t^(2k+1)/(2k+1)!
// Y^(2k+1)(h) with positive terms only. The derivatives obey Y⁽ⁿ⁺¹⁾ = h Y⁽ⁿ⁾ + n Y⁽ⁿ⁻¹⁾; their
// ratios r(n) = Y⁽ⁿ⁾/Y⁽ⁿ⁻¹⁾ = n / (r(n+1) − h) are run downwards, which is stable (W. Gautschi,
// "Computational aspects of three-term recurrence relations", SIAM Review 9 (1967)), from an
// asymptotic expansion of r(49) for small |h|; next to h = 0, where the downward run forgets its
// start slowly, the recurrence runs upwards, which loses little there.
// Used where Y(h−t)/Y(h+t) is above about ½; below, the plain difference is accurate.

enum MillsDifference {
  /// `Y(u)` for `u ≤ 0`, or up to where it overflows above.
  static func mills(_ u: Double) -> Double {
    halfPiRoot * SpecialFunctions.scaledErfc(-u * rootHalf)
  }

  /// True when the plain difference would cancel.
  static func needsSeries(h: Double, t: Double) -> Bool { t < 0.5 - h / 3 }

  /// `Y(h+t) − Y(h−t)` by its Taylor series, for `h ≤ 0` and `t < 0.5 − h/3`.
  static func series(h: Double, t: Double) -> Double {
    h > upwardLimit ? upwardSeries(h: h, t: t) : downwardSeries(a: -h, t: t)
  }

  /// `Y′(h) = 1 + h Y(h)` for `h ≤ 0`.
  static func slope(h: Double) -> Double {
    if h < -1e8 { return 1 / (h * h) }
    // The series for a step so small that only its first term counts.
    let step = 0x1p-100
    return series(h: h, t: step) / (2 * step)
  }

  private static func downwardSeries(a: Double, t: Double) -> Double {
    let pairs = t < a * fewTermsRatio ? fewPairs : manyPairs
    let square = t * t
    let last = 2 * pairs + 1
    var n: Int
    var ratio: Double
    if a < expansionLimit {
      n = expansionOrder - 1
      ratio = expansion.reversed().reduce(0) { $0 * a + $1 }
    } else {
      n = last + leadSteps + Int(convergenceSteps / (a * a))
      let count = Double(n + 1)
      ratio = 2 * count / (a + (a * a + 4 * count).squareRoot())
    }
    while n > last {
      ratio = Double(n) / (ratio + a)
      n -= 1
    }
    var sum = 1.0
    while n > 1 {
      let upper = Double(n)
      let odd = upper / (ratio + a)
      let even = (upper - 1) / (odd + a)
      sum = 1 + square / (upper * (upper - 1)) * odd * even * sum
      ratio = even
      n -= 2
    }
    // r(1) = Y′/Y and Y′ = 1 + hY, so Y′ = r(1) / (r(1) + a).
    let first = 1 / (ratio + a)
    return 2 * t * sum * first / (first + a)
  }

  private static func upwardSeries(h: Double, t: Double) -> Double {
    var previous = mills(h)
    var current = 1 + h * previous
    var power = t
    var sum = current * power
    var n = 1.0
    while n < lastUpwardOrder {
      let even = h * current + n * previous
      let odd = h * even + (n + 1) * current
      power *= t * t / ((n + 1) * (n + 2))
      let term = odd * power
      sum += term
      if term < sum * negligible { break }
      previous = even
      current = odd
      n += 2
    }
    return 2 * sum
  }

  /// `√(π/2)` and `√½`.
  private static let halfPiRoot = 1.253_314_137_315_500_3
  private static let rootHalf = 0.707_106_781_186_547_5

  /// Above this the upward recurrence is used: it loses at most the factor 1/Y′(h) < 1.8.
  private static let upwardLimit = -0.5

  /// `r(49)` as a polynomial in `a`, lowest power first.
  ///
  /// The relative error is below 1e-9 for `a < 4` and 5e-14 at `a = ½`, which the run down to
  /// `r(1)` reduces below 2^-52. From the expansion of `r(n)` in powers of `n^(−1/2)` to order 13,
  /// whose coefficients follow from `r(n) (r(n+1) + a) = n` in exact fractions.
  private static let expansion = [
    6.964379132686593, -0.4974232961778511, 0.017945142330861245, -1.3270355651585458e-05,
    -2.3090236307691233e-05, 6.827304445629717e-08, 5.928143036772478e-08,
    -3.508665951349621e-10, -1.8972185492417857e-10, 1.816773542072245e-12,
    6.92107487489218e-13, -8.819289039185655e-15, -2.532100563984944e-15,
  ]
  private static let expansionOrder = 49
  private static let expansionLimit = 4.0

  /// Pairs of terms: with t ≤ ½ + a/3 the term after twenty pairs is below 2^-56 of the first; with
  /// t < a/32 six pairs do.
  private static let manyPairs = 20
  private static let fewPairs = 6
  private static let fewTermsRatio = 0.031_25

  /// Steps that the downward run needs before its start is forgotten: exp(−2a√n) below 2^-56.
  private static let leadSteps = 12
  private static let convergenceSteps = 340.0

  private static let lastUpwardOrder = 60.0
  private static let negligible = 0x1p-60
}
