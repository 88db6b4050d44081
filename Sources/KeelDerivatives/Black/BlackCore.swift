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
// form with Y in P. Jäckel, "Let's Be Rational", Wilmott (2015)). The difference of Y comes from a
// series of positive terms where it cancels. For d₁ > 0, where Y(d₁) grows, the price is
// 1 − φ(d₁) (Y(−d₁) + Y(d₂)). All is in double-double, so that the price is rounded once or twice.

struct BlackCore {
  /// `d₁` and `d₂` on the out-of-the-money side, where `d₂ ≤ d₁` and `d₂ ≤ 0`.
  let d1: DoubleDouble
  let d2: DoubleDouble

  /// The total volatility.
  let s: Double

  /// `p exp(d₁²/2)`, or the same of `1 − p`.
  private let ratio: DoubleDouble
  private let ratioIsOfComplement: Bool

  /// Creates the core from `x ≤ 0` and `s ≥ 0`; zero and infinity give the limits.
  init(logMoneyness x: DoubleDouble, totalVolatility: DoubleDouble) {
    s = totalVolatility.high
    let h = x.high == 0 ? DoubleDouble(0) : x.divided(by: totalVolatility)
    let t = DoubleDouble(s / 2, totalVolatility.low / 2)
    guard h.high.isFinite, t.high.isFinite else {
      // Nothing out of the money is worth anything, or all of it is worth its maximum.
      d1 = DoubleDouble(t.high.isFinite ? -.infinity : .infinity)
      d2 = DoubleDouble(-.infinity)
      ratio = DoubleDouble(0)
      ratioIsOfComplement = !t.high.isFinite
      return
    }
    d1 = h.adding(t)
    d2 = h.adding(-t)
    if MillsDifference.needsSeries(h: h.high, t: t.high) {
      ratio = MillsDifference.series(h: h, t: t) * Self.inverseRootTwoPi
      ratioIsOfComplement = false
      return
    }
    ratioIsOfComplement = d1.high > 0
    let near = MillsDifference.scaledTail(ratioIsOfComplement ? d1 : -d1)
    let far = MillsDifference.scaledTail(-d2)
    let both = ratioIsOfComplement ? near + far : near - far
    ratio = DoubleDouble(both.high / 2, both.low / 2)
  }

  /// `−d₁²/2`.
  private var exponent: DoubleDouble {
    let square = d1.squared
    return DoubleDouble(-square.high / 2, -square.low / 2)
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
    guard units > 0 else { return 0 }
    if ratioIsOfComplement {
      let missing = ExtendedExponential.extendedProduct(ratio, exponent)
      return units * ((1 - missing.high) - missing.low)
    }
    // The exponential alone may be far below the least double where the product is not.
    return ExtendedExponential.product(
      ratio * units.significand, exponent, scale: Int(units.exponent))
  }

  /// `ln p`, finite where p itself is below the least double.
  var logPrice: Double {
    ratioIsOfComplement ? log(price(units: 1)) : log(ratio.high) - d1.high * d1.high / 2
  }

  /// `φ(d₁) / p`.
  var densityOverPrice: Double {
    ratioIsOfComplement
      ? density(times: 1, units: 1) / price(units: 1) : Self.inverseRootTwoPi.high / ratio.high
  }

  /// `1 − p`, accurate where p is close to one.
  var complement: Double {
    ratioIsOfComplement
      ? ExtendedExponential.product(ratio, exponent) : 1 - price(units: 1)
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
      .exponential(times: units * (factor * inverseRootTwoPi.high))
  }

  private static let inverseRootTwoPi = DoubleDouble(
    0.398_942_280_401_432_7, -2.492_327_202_277_73e-17)
  private static let rootOfInverseRootTwoPi = 0.631_618_777_746_064_7

  /// Above this Φ is taken directly: its relative condition there is below one.
  private static let millsLimit = -0.5
}
