public import KeelDerivatives

/// A smile whose total variance is a hyperbola: Gatheral's stochastic volatility inspired form (SVI).
///
/// ```text
/// w(k) = a + b (ρ (k - m) + √((k - m)² + σ²)),   b ≥ 0,  |ρ| < 1,  σ > 0,  a + b σ √(1 - ρ²) ≥ 0
/// ```
///
/// Values and derivatives are within a few ulp of the terms they are summed of. The conditions above exclude negative
/// variances, not arbitrage: that is what ``butterflyMargin`` answers. Source: J. Gatheral and A. Jacquier,
/// "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014). See <doc:Smiles>.
public struct SVISmile: VolatilitySmile, Hashable, Codable {
  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// The level a of the total variance.
  public let a: Double

  /// Half the angle b between the wings: not negative.
  public let b: Double

  /// The rotation ρ of the wings: between -1 and 1, both excluded.
  public let rho: Double

  /// The log-moneyness m of the center of the hyperbola.
  public let m: Double

  /// The width σ of the bend, in log-moneyness: positive.
  public let sigma: Double

  /// Creates a smile from the raw parameters.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - a: The level of the total variance.
  ///   - b: Half the angle between the wings: not negative.
  ///   - rho: The rotation of the wings: between -1 and 1, both excluded.
  ///   - m: The log-moneyness of the center.
  ///   - sigma: The width of the bend in log-moneyness: positive.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a number outside these limits, or
  ///   with the argument `minimumVariance` when the least total variance `a + b σ √(1 - ρ²)` is negative.
  public init(
    timeToExpiry: Double,
    a: Double,
    b: Double,
    rho: Double,
    m: Double,
    sigma: Double
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(timeToExpiry, "timeToExpiry", .leastNormalMagnitude, largest)
    try VolatilityError.require(a, "a", -largest, largest)
    try VolatilityError.require(b, "b", 0, largest)
    try VolatilityError.require(rho, "rho", (-1.0).nextUp, 1.0.nextDown)
    try VolatilityError.require(m, "m", -largest, largest)
    try VolatilityError.require(sigma, "sigma", .leastNormalMagnitude, largest)
    let least = a + b * sigma * ((1 - rho) * (1 + rho)).squareRoot()
    try VolatilityError.require(least, "minimumVariance", 0, largest)
    (self.timeToExpiry, self.a, self.b, self.rho, self.m, self.sigma) =
      (timeToExpiry, a, b, rho, m, sigma)
  }

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F).
  /// - Returns: The total variance; NaN for NaN.
  /// - Complexity: O(1).
  public func totalVariance(at logMoneyness: Double) -> TotalVariance {
    let z = logMoneyness - m
    let root = (z * z + sigma * sigma).squareRoot()
    let bend = sigma / root
    return TotalVariance(
      value: a + b * (rho * z + root), slope: b * (rho + z / root),
      curvature: b * bend * bend / root)
  }

  /// The least total variance, `a + b σ √(1 - ρ²)`.
  public var minimumVariance: Double { a + b * sigma * ((1 - rho) * (1 + rho)).squareRoot() }

  /// The slope of the total variance far to the left, with its sign turned, and far to the right: `b (1 ∓ ρ)`.
  public var wingSlopes: (left: Double, right: Double) { (b * (1 - rho), b * (1 + rho)) }
}

extension SVISmile {
  private enum CodingKeys: CodingKey {
    case timeToExpiry, a, b, rho, m, sigma
  }

  /// Creates a smile from an encoded form and checks it.
  ///
  /// - Parameter decoder: The encoded form.
  /// - Throws: What the decoder throws; ``VolatilityError`` for parameters that make no smile.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      a: values.decode(Double.self, forKey: .a), b: values.decode(Double.self, forKey: .b),
      rho: values.decode(Double.self, forKey: .rho), m: values.decode(Double.self, forKey: .m),
      sigma: values.decode(Double.self, forKey: .sigma))
  }
}
