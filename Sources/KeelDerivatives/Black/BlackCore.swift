import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The out-of-the-money Black price in units of the lesser of forward and strike.
//
// Goals in order: relative accuracy in every wing, robustness over all doubles, speed.
//
// With x = −|ln(F/K)|, total volatility s, h = x/s, t = s/2, d₁ = h+t and d₂ = h−t:
//   p = Φ(d₁) − e^(−x) Φ(d₂) = φ(d₁) (Y(d₁) − Y(d₂)),   Y = Φ/φ
// (F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976); the
// form with Y in P. Jäckel, "Let's Be Rational", Wilmott (2015)). φ(d₁) is taken from d₁ in
// double-double, so that no digit is lost in the wings; the difference of Y from a series of
// positive terms where it cancels.

struct BlackCore {
  /// `d₁` and `d₂` on the out-of-the-money side, where `d₂ ≤ d₁` and `d₂ ≤ 0`.
  let d1: DoubleDouble
  let d2: DoubleDouble

  /// The total volatility.
  let s: Double

  /// `p / φ(d₁)`, or nil where d₁ is so large that the plain form is the accurate one.
  private let scaledPrice: Double?

  /// Creates the core from `x ≤ 0` and `s ≥ 0`; zero and infinity give the limits.
  init(logMoneyness x: DoubleDouble, totalVolatility: DoubleDouble) {
    s = totalVolatility.high
    let hDouble = x.high == 0 ? DoubleDouble(0) : x.divided(by: totalVolatility)
    let h = hDouble.high
    let t = s / 2
    guard h.isFinite, t.isFinite else {
      // Nothing out of the money is worth anything, or all of it is worth its maximum.
      d1 = DoubleDouble(t.isFinite ? -.infinity : .infinity)
      d2 = DoubleDouble(-.infinity)
      scaledPrice = t.isFinite ? 0 : nil
      return
    }
    let half = DoubleDouble(t, totalVolatility.low / 2)
    d1 = hDouble.adding(half)
    d2 = hDouble.adding(-half)
    if MillsDifference.needsSeries(h: h, t: t) {
      scaledPrice = MillsDifference.series(h: h, t: t)
    } else if d1.high <= 0 {
      scaledPrice = MillsDifference.mills(d1.high) - MillsDifference.mills(d2.high)
    } else {
      scaledPrice = nil
    }
  }

  /// `units · factor · φ(d₁)`; the factor is of order one, the units are any double.
  func density(times factor: Double, units: Double) -> Double {
    Self.density(at: d1, times: factor, units: units)
  }

  /// `√φ(d₁)`, in range where the density itself has underflowed.
  var densityRoot: Double {
    let square = d1.squared
    return DoubleDouble(-square.high / 4, -square.low / 4)
      .exponential(times: Self.rootOfInverseRootTwoPi)
  }

  /// `units · p`.
  func price(units: Double) -> Double {
    if let scaledPrice { return density(times: scaledPrice, units: units) }
    guard d2.high.isFinite else { return units }
    return units * StandardNormal.cdf(d1.high)
      - density(times: MillsDifference.mills(d2.high), units: units)
  }

  /// `ln p`, finite where p itself is below the least double.
  var logPrice: Double {
    guard let scaledPrice else { return log(price(units: 1)) }
    return log(scaledPrice) - Self.logRootTwoPi - d1.high * d1.high / 2
  }

  /// `φ(d₁) / p`.
  var densityOverPrice: Double {
    if let scaledPrice { return 1 / scaledPrice }
    return density(times: 1, units: 1) / price(units: 1)
  }

  /// `1 − p`, accurate where p is close to one.
  var complement: Double {
    guard d1.high > 0 else { return 1 - price(units: 1) }
    guard d2.high.isFinite else { return 0 }
    return density(
      times: MillsDifference.mills(-d1.high) + MillsDifference.mills(d2.high), units: 1)
  }

  /// `Φ(d)` with all digits in the lower tail.
  static func probability(below d: DoubleDouble) -> Double {
    d.high > millsLimit
      ? StandardNormal.cdf(d.high)
      : density(at: d, times: d.high.isFinite ? MillsDifference.mills(d.high) : 0, units: 1)
  }

  private static func density(at d: DoubleDouble, times factor: Double, units: Double) -> Double {
    let square = d.squared
    return DoubleDouble(-square.high / 2, -square.low / 2)
      .exponential(times: units * (factor * inverseRootTwoPi))
  }

  private static let inverseRootTwoPi = 0.398_942_280_401_432_7
  private static let rootOfInverseRootTwoPi = 0.631_618_777_746_064_7
  private static let logRootTwoPi = 0.918_938_533_204_672_7

  /// Above this Φ is taken directly: its relative condition there is below one.
  private static let millsLimit = -0.5
}
