public import KeelDerivatives
import KeelNumerics

/// The smile of the model of stochastic α, β, ρ (SABR), by the expansion for short times.
///
/// ```text
/// dF = α F^β dW,  dα = ν α dZ,  dW dZ = ρ dt
/// σ(k) = α (q / (e^q - 1)) (z / χ(z)) (1 + T (α² (1 - β)² e^(-q)/24 + ρ β ν α e^(-q/2)/4 + (2 - 3 ρ²) ν²/24))
/// q = (1 - β) k,  z = (ν/α) (1 - e^q)/(1 - β),  χ = ln((√(1 - 2 ρ z + z²) + z - ρ)/(1 - ρ))
/// ```
///
/// Here α is relative to the forward, `α F^(β-1)` of the model: the volatility at the money for short times. Values and
/// derivatives are those of the formula to 1e-13 or so; how near the formula is to the model depends on `ν² T`. For
/// low strikes its density becomes negative: see ``freeInterval(within:)``. Sources: P. S. Hagan, D. Kumar, A. S. Lesniewski
/// and D. E. Woodward, "Managing smile risk", Wilmott (2002); J. Obloj, "Fine-tune your smile", arXiv:0708.0998 (2008),
/// whose leading term is used.
public struct SABRSmile: VolatilitySmile, Hashable, Codable {
  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// The initial volatility relative to the forward, `α F^(β-1)` of the model: positive.
  public let alpha: Double

  /// The exponent of the forward: 0 is normal, 1 lognormal.
  public let beta: Double

  /// The correlation of forward and volatility: between -1 and 1, both excluded.
  public let rho: Double

  /// The volatility of the volatility: not negative.
  public let nu: Double

  /// Creates a smile.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - alpha: The initial volatility relative to the forward, `α F^(β-1)`: positive.
  ///   - beta: The exponent of the forward: 0 to 1.
  ///   - rho: The correlation of forward and volatility: between -1 and 1, both excluded.
  ///   - nu: The volatility of the volatility per root of a year: not negative.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public init(
    timeToExpiry: Double,
    alpha: Double,
    beta: Double,
    rho: Double,
    nu: Double
  ) throws(VolatilityError) {
    try Self.require(level: alpha, "alpha", timeToExpiry, beta, rho, nu)
    (self.timeToExpiry, self.alpha, self.beta, self.rho, self.nu) =
      (timeToExpiry, alpha, beta, rho, nu)
  }

  private static func require(
    level: Double,
    _ name: String,
    _ timeToExpiry: Double,
    _ beta: Double,
    _ rho: Double,
    _ nu: Double
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(timeToExpiry, "timeToExpiry", .leastNormalMagnitude, largest)
    try VolatilityError.require(level, name, .leastNormalMagnitude, largest)
    try VolatilityError.require(beta, "beta", 0, 1)
    try VolatilityError.require(rho, "rho", (-1.0).nextUp, 1.0.nextDown)
    try VolatilityError.require(nu, "nu", 0, largest)
  }

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F).
  /// - Returns: The total variance; NaN where the expansion gives no positive volatility.
  /// - Complexity: O(1).
  public func totalVariance(at logMoneyness: Double) -> TotalVariance {
    let k = Dual(variable: Dual(variable: logMoneyness))
    let volatility = volatility(k)
    guard volatility.primal > 0 else {
      return TotalVariance(value: .nan, slope: .nan, curvature: .nan)
    }
    let variance = timeToExpiry * (volatility * volatility)
    return TotalVariance(
      value: variance.value.value, slope: variance.derivative.value,
      curvature: variance.derivative.derivative)
  }

  /// The total variance alone; NaN where the expansion gives no positive volatility.
  func variance(at logMoneyness: Double) -> Double {
    let volatility = volatility(logMoneyness)
    return volatility > 0 ? timeToExpiry * (volatility * volatility) : .nan
  }

  /// The implied volatility alone, without derivatives.
  func volatility<Scalar: AnalyticScalar>(_ k: Scalar) -> Scalar {
    let q = (1 - beta) * k
    let bernoulli = Self.bernoulli(q)
    // The distance (1 - e^q)/(1 - β), without the quotient at β = 1.
    let z = (-nu / alpha) * (k / bernoulli)
    let half = (-0.5 * q).exponential
    let backbone = alpha * (1 - beta)
    let correction =
      (backbone * backbone / 24) * (half * half) + (rho * beta * nu * alpha / 4) * half
      + (2 - 3 * rho * rho) * nu * nu / 24
    return alpha * (bernoulli / stretch(z)) * (timeToExpiry * correction + 1.0)
  }

  /// The coefficients of q², q⁴, … in q/(e^q - 1): the Bernoulli numbers over factorials.
  private static let bernoulliCoefficients = [
    1.0 / 12, -1.0 / 720, 1.0 / 30_240, -1.0 / 1_209_600, 1.0 / 47_900_160,
    -691.0 / 1_307_674_368_000, 1.0 / 74_724_249_600,
  ]

  /// The |q| below which the series, cut at q¹⁴, is better than the quotient.
  private static let bernoulliSwitch = 0.5

  /// `q/(e^q - 1)`.
  private static func bernoulli<Scalar: AnalyticScalar>(_ q: Scalar) -> Scalar {
    guard q.primal.magnitude < bernoulliSwitch else { return q / (q.exponential - 1.0) }
    let square = q * q
    var sum = Scalar(0)
    for coefficient in bernoulliCoefficients.reversed() { sum = (sum + coefficient) * square }
    return sum - 0.5 * q + 1.0
  }

  /// The |z| below which the series is better than the logarithm, and its number of terms: 0.2²⁴ is rounding.
  private static let seriesSwitch = 0.2
  private static let seriesCount = 24

  /// `χ(z)/z`.
  ///
  /// Since `χ′ = 1/√(1 - 2 ρ z + z²)` generates Legendre's polynomials, it is `Σ Pₙ(ρ) zⁿ/(n + 1)`.
  private func stretch<Scalar: AnalyticScalar>(_ z: Scalar) -> Scalar {
    guard z.primal.magnitude < Self.seriesSwitch else {
      let root = (z * z - (2 * rho) * z + 1.0).root
      // The form without cancellation.
      if z.primal > 0 { return ((root + z - rho) / (1 - rho)).logarithm / z }
      return (Scalar(1 + rho) / (root - z + rho)).logarithm / z
    }
    var (before, here) = (1.0, rho)
    var power = z
    var sum = Scalar(1) + (rho / 2) * z
    for n in 2..<Self.seriesCount {
      (before, here) = (
        here, (Double(2 * n - 1) * rho * here - Double(n - 1) * before) / Double(n)
      )
      power = power * z
      sum = sum + (here / Double(n + 1)) * power
    }
    return sum
  }
}

extension SABRSmile {
  /// The level α that gives a volatility at the money: the least positive root of a cubic.
  ///
  /// - Parameters:
  ///   - moneyVolatility: The volatility at the money: positive and finite.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - beta: The exponent of the forward: 0 to 1.
  ///   - rho: The correlation: between -1 and 1, both excluded.
  ///   - nu: The volatility of the volatility: not negative.
  /// - Returns: α relative to the forward.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for an argument out of range;
  ///   ``VolatilityError/noFit`` when no level gives this volatility, or none without overflow and underflow.
  public static func alpha(
    moneyVolatility: Double,
    timeToExpiry: Double,
    beta: Double,
    rho: Double,
    nu: Double
  ) throws(VolatilityError) -> Double {
    try require(level: moneyVolatility, "moneyVolatility", timeToExpiry, beta, rho, nu)
    let cubic = timeToExpiry * (1 - beta) * (1 - beta) / 24
    let square = timeToExpiry * rho * beta * nu / 4
    let linear = 1 + timeToExpiry * (2 - 3 * rho * rho) * nu * nu / 24
    guard linear > 0, linear.isFinite else { throw .noFit }
    func excess(_ alpha: Double) -> Double {
      ((cubic * alpha + square) * alpha + linear) * alpha - moneyVolatility
    }
    // Where the cubic turns first; it rises up to there.
    let discriminant = square * square - 3 * cubic * linear
    var top = Double.infinity
    if square < 0, discriminant >= 0 { top = linear / (discriminant.squareRoot() - square) }
    // Above zero, which would not grow.
    var end = min(max(moneyVolatility / linear, .leastNormalMagnitude), top)
    while excess(end) < 0 {
      guard end < top, end < .greatestFiniteMagnitude / 2 else { throw .noFit }
      end = min(2 * end, top)
    }
    guard let root = try? Brent.root(of: excess, in: 0...end),
      root.argument >= .leastNormalMagnitude
    else { throw .noFit }
    return root.argument
  }

  /// The longest interval about the money in which the density is not negative.
  ///
  /// - Parameter interval: Where to look: finite ends with zero between them.
  /// - Returns: The interval, cut where the density turns negative, which is found by 1001 readings and then bisected; a
  ///   dip between two of them can be missed.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for infinite ends or zero outside;
  ///   ``VolatilityError/butterflyArbitrage(logMoneyness:densityFactor:)`` when the density is negative at the money.
  public func freeInterval(
    within interval: ClosedRange<Double>
  ) throws(VolatilityError) -> ClosedRange<Double> {
    try VolatilityError.require(
      interval.lowerBound, "interval", -.greatestFiniteMagnitude, 0)
    try VolatilityError.require(interval.upperBound, "interval", 0, .greatestFiniteMagnitude)
    let money = totalVariance(at: 0).densityFactor(at: 0)
    guard money >= 0 else {
      throw .butterflyArbitrage(logMoneyness: 0, densityFactor: money)
    }
    return freeEnd(interval.lowerBound)...freeEnd(interval.upperBound)
  }

  private static let readings = 500
  private static let bisections = 60

  /// The last place on the way from the money to an end before the density turns negative.
  private func freeEnd(_ end: Double) -> Double {
    func isFree(_ part: Double) -> Bool {
      totalVariance(at: end * part).densityFactor(at: end * part) >= 0
    }
    let negative = (1...Self.readings).first { !isFree(Double($0) / Double(Self.readings)) }
    guard let negative else { return end }
    var low = Double(negative - 1) / Double(Self.readings)
    var high = Double(negative) / Double(Self.readings)
    for _ in 0..<Self.bisections {
      let middle = (low + high) / 2
      if isFree(middle) { low = middle } else { high = middle }
    }
    return end * low
  }
}

extension SABRSmile {
  private enum CodingKeys: CodingKey {
    case timeToExpiry, alpha, beta, rho, nu
  }

  /// Creates a smile from an encoded form and checks it.
  ///
  /// - Parameter decoder: The encoded form.
  /// - Throws: What the decoder throws; ``VolatilityError`` for parameters that make no smile.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      alpha: values.decode(Double.self, forKey: .alpha),
      beta: values.decode(Double.self, forKey: .beta),
      rho: values.decode(Double.self, forKey: .rho), nu: values.decode(Double.self, forKey: .nu))
  }
}
