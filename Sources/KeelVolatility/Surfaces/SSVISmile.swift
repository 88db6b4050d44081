public import KeelDerivatives

/// A smile of three parameters, whose total variance is a hyperbola with its level at the money.
///
/// ```text
/// w(k) = (θ + χ k + √(ψ² k² + 2 θ χ k + θ²)) / 2,   χ = ρ ψ
/// ```
///
/// θ is the total variance at the money, ψ = θ φ its curvature and ρ its skew; the wings have the slopes ψ(1 ± ρ)/2. Free
/// of butterfly arbitrage where `ψ (1 + |ρ|) ≤ 4` and `ψ² (1 + |ρ|) ≤ 4 θ`. Source: J. Gatheral and A. Jacquier,
/// "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014), theorem 4.2.
public struct SSVISmile: VolatilitySmile, Hashable {
  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// The total variance at the money: θ.
  public let variance: Double

  /// The correlation of the smile, between -1 and 1: ρ, negative where puts are dear.
  public let correlation: Double

  /// The curvature: ψ = θ φ, the sum of the slopes of both wings.
  public let curvature: Double

  /// Creates a smile.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - variance: The total variance at the money: positive and finite.
  ///   - correlation: The correlation: -1 to 1.
  ///   - curvature: The curvature: zero or more.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public init(
    timeToExpiry: Double,
    variance: Double,
    correlation: Double,
    curvature: Double
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(timeToExpiry, "timeToExpiry", .leastNormalMagnitude, largest)
    try VolatilityError.require(variance, "variance", .leastNormalMagnitude, largest)
    try VolatilityError.require(correlation, "correlation", -1, 1)
    try VolatilityError.require(curvature, "curvature", 0, largest)
    (self.timeToExpiry, self.variance) = (timeToExpiry, variance)
    (self.correlation, self.curvature) = (correlation, curvature)
  }

  init(timeToExpiry: Double, _ hyperbola: SSVIHyperbola) {
    self.timeToExpiry = timeToExpiry
    variance = hyperbola.theta
    correlation = min(max(hyperbola.rho, -1), 1)
    curvature = hyperbola.psi
  }

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The total variance.
  public func totalVariance(at logMoneyness: Double) -> TotalVariance {
    hyperbola.variance(at: logMoneyness)
  }

  /// The slopes of the total variance far out: of its fall on the left, of its rise on the right.
  public var wingSlopes: (left: Double, right: Double) { (hyperbola.left / 2, hyperbola.right / 2) }

  /// How far the smile is inside the conditions that exclude a butterfly arbitrage; negative where it breaks one.
  ///
  /// The lesser of `1 − ψ(1 + |ρ|)/4` and `1 − ψ²(1 + |ρ|)/4θ`. They are sufficient, and the first is necessary.
  public var butterflySlack: Double { hyperbola.butterflySlack }

  var hyperbola: SSVIHyperbola {
    SSVIHyperbola(
      theta: variance, left: curvature * (1 - correlation), right: curvature * (1 + correlation))
  }
}

extension SSVISmile: Codable {
  private enum CodingKeys: String, CodingKey {
    case timeToExpiry, variance, correlation, curvature
  }

  /// Decodes a smile, with the checks of the initializer.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or `VolatilityError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      variance: values.decode(Double.self, forKey: .variance),
      correlation: values.decode(Double.self, forKey: .correlation),
      curvature: values.decode(Double.self, forKey: .curvature))
  }
}
