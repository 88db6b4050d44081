import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a law says of one strike, as logarithms, so that far wings do not underflow.
struct LawReading {
  /// Whether the option is a call; a put otherwise.
  var isCall: Bool

  /// The logarithm of the price of the option out of the money over the lesser of strike and forward.
  var logPrice: Double

  /// The logarithm of the probability that it ends in the money.
  var logMass: Double

  /// The logarithm of the density of ln(S/F).
  var logDensity: Double

  static let undefined = LawReading(
    isCall: true, logPrice: .nan, logMass: .nan, logDensity: .nan)
}

extension TotalVariance {
  /// The total variance at which the Black formula gives the price, the probability and the density of a law.
  ///
  /// With `s = √w` and `n`, `N` of the normal law, `P(S > K) = N(d₂) - n(d₂) w′/2s` gives the slope and `f = g n(d₂)/s` the
  /// curvature: both as ratios to `n(d₂)`, which keeps digits where all underflow.
  init(_ law: LawReading, at logMoneyness: Double) {
    let s = Self.deviation(law, logMoneyness)
    guard s > 0, s < .infinity else {
      self = .undefined
      return
    }
    let d2 = -logMoneyness / s - s / 2
    let height = StandardNormal.logPDF(d2)
    let mass = exp(law.logMass - height)
    let normal = Self.millsRatio(law.isCall ? -d2 : d2)
    let slope = 2 * s * (law.isCall ? normal - mass : mass - normal)
    let w = s * s
    let bracket = 1 - logMoneyness * slope / (2 * w)
    let factor = exp(law.logDensity - height) * s
    self.init(
      value: w, slope: slope,
      curvature: 2 * (factor - bracket * bracket + slope * slope / 4 * (1 / w + 0.25)))
  }

  /// Logarithms of prices below which doubles hold no price.
  private static let leastLogPrice = -650.0

  private static func deviation(_ law: LawReading, _ k: Double) -> Double {
    guard law.logPrice > -.infinity, law.logPrice < 0 else { return .nan }
    guard law.logPrice + min(k, 0) < leastLogPrice || k.magnitude > -leastLogPrice else {
      let price = exp(law.logPrice + min(k, 0))
      return
        (try? Black.impliedTotalVolatility(
          law.isCall ? .call : .put, price: price, forward: 1, strike: exp(k)))?.volatility ?? .nan
    }
    return farDeviation(law.logPrice, k.magnitude)
  }

  /// The relative change at which the iteration ends, and the most steps: it takes 4 or so.
  private static let deviationTolerance = 1e-14
  private static let maximumSteps = 60

  /// Newton's method for the price `n(t) (R(t) - R(t + s))`, `t = a/s - s/2`, with Mills' ratio R, which is that of a call
  /// over the forward and of a put over the strike.
  private static func farDeviation(_ logPrice: Double, _ a: Double) -> Double {
    let depth = (-2 * logPrice).squareRoot()
    // The root of t²/2 = -logPrice, without cancellation.
    var s = 2 * a / (depth + (depth * depth + 2 * a).squareRoot())
    for _ in 0..<maximumSteps {
      let t = a / s - s / 2
      let difference = millsRatio(t) - millsRatio(t + s)
      let miss = StandardNormal.logPDF(t) + log(difference) - logPrice
      let next = s - miss * difference
      guard next.isFinite else { return .nan }
      let step = max(next, s / 2) - s
      s += step
      if step.magnitude <= deviationTolerance * s { break }
    }
    return s
  }

  /// (1 - N(t))/n(t).
  static func millsRatio(_ t: Double) -> Double {
    (Double.pi / 2).squareRoot() * SpecialFunctions.scaledErfc(t * 0.5.squareRoot())
  }
}
