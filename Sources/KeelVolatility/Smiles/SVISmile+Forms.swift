import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Gatheral and Jacquier (2014), section 3. Jump wings are turned into raw parameters through the angles of ρ and of the
// money seen from the center, which needs no case for a center at the money.

extension SVISmile {
  /// The natural parameters of the same hyperbola.
  ///
  /// ```text
  /// w(k) = Δ + ω/2 (1 + ζ ρ (k - μ) + √((ζ (k - μ) + ρ)² + 1 - ρ²))
  /// ```
  public struct Natural: Hashable, Sendable, Codable {
    /// The level Δ.
    public var delta: Double

    /// The log-moneyness μ.
    public var mu: Double

    /// The rotation ρ.
    public var rho: Double

    /// The size ω of the hyperbola, a total variance.
    public var omega: Double

    /// The inverse width ζ.
    public var zeta: Double

    /// Creates natural parameters.
    ///
    /// - Parameters:
    ///   - delta: The level.
    ///   - mu: The log-moneyness of the center.
    ///   - rho: The rotation: between -1 and 1, both excluded.
    ///   - omega: The size, a total variance: not negative.
    ///   - zeta: The inverse width: positive.
    public init(delta: Double, mu: Double, rho: Double, omega: Double, zeta: Double) {
      (self.delta, self.mu, self.rho, self.omega, self.zeta) = (delta, mu, rho, omega, zeta)
    }
  }

  /// The same hyperbola by what a trader sees: level and skew at the money, both wings, the least variance.
  public struct JumpWings: Hashable, Sendable, Codable {
    /// The variance at the money per year, `v = w(0)/T`.
    public var variance: Double

    /// The slope of the volatility at the money times √T, `ψ = w′(0) / (2 √w(0))`.
    public var skew: Double

    /// The slope of the put wing, `p = b (1 - ρ) / √w(0)`.
    public var putSlope: Double

    /// The slope of the call wing, `c = b (1 + ρ) / √w(0)`.
    public var callSlope: Double

    /// The least variance per year.
    public var minimumVariance: Double

    /// Creates jump-wing parameters.
    ///
    /// - Parameters:
    ///   - variance: The variance at the money per year: positive.
    ///   - skew: The slope of the volatility at the money times √T.
    ///   - putSlope: The slope of the put wing: positive.
    ///   - callSlope: The slope of the call wing: positive.
    ///   - minimumVariance: The least variance per year.
    public init(
      variance: Double, skew: Double, putSlope: Double, callSlope: Double, minimumVariance: Double
    ) {
      (self.variance, self.skew, self.putSlope, self.callSlope, self.minimumVariance) =
        (variance, skew, putSlope, callSlope, minimumVariance)
    }
  }

  /// The natural parameters.
  public var natural: Natural {
    let cosine = ((1 - rho) * (1 + rho)).squareRoot()
    return Natural(
      delta: a - b * sigma * cosine, mu: m + rho * sigma / cosine, rho: rho,
      omega: 2 * b * sigma / cosine, zeta: cosine / sigma)
  }

  /// The jump-wing parameters; not finite where the variance at the money is zero.
  public var jumpWings: JumpWings {
    let money = totalVariance(at: 0)
    let root = money.value.squareRoot()
    let (left, right) = wingSlopes
    return JumpWings(
      variance: money.value / timeToExpiry, skew: money.slope / (2 * root), putSlope: left / root,
      callSlope: right / root, minimumVariance: minimumVariance / timeToExpiry)
  }

  /// Creates a smile from natural parameters.
  ///
  /// - Parameters:
  ///   - natural: The parameters.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for parameters that make no smile.
  public init(_ natural: Natural, timeToExpiry: Double) throws(VolatilityError) {
    let square = (1 - natural.rho) * (1 + natural.rho)
    try self.init(
      timeToExpiry: timeToExpiry, a: natural.delta + natural.omega / 2 * square,
      b: natural.omega * natural.zeta / 2, rho: natural.rho,
      m: natural.mu - natural.rho / natural.zeta, sigma: square.squareRoot() / natural.zeta)
  }

  /// Creates a smile from jump-wing parameters.
  ///
  /// - Parameters:
  ///   - jumpWings: The parameters.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for parameters that make no smile: the
  ///   skew must lie between `-p/2` and `c/2`. A least variance at the money leaves the width open and throws for
  ///   `sigma`.
  public init(_ jumpWings: JumpWings, timeToExpiry: Double) throws(VolatilityError) {
    try VolatilityError.require(
      timeToExpiry, "timeToExpiry", .leastNormalMagnitude, .greatestFiniteMagnitude)
    try VolatilityError.require(
      jumpWings.variance, "variance", .leastNormalMagnitude, .greatestFiniteMagnitude)
    let (put, call) = (jumpWings.putSlope, jumpWings.callSlope)
    try VolatilityError.require(put, "putSlope", .leastNormalMagnitude, .greatestFiniteMagnitude)
    try VolatilityError.require(call, "callSlope", .leastNormalMagnitude, .greatestFiniteMagnitude)
    try VolatilityError.require(jumpWings.skew, "skew", -put / 2, call / 2)
    let money = jumpWings.variance * timeToExpiry
    let b = money.squareRoot() * (call + put) / 2
    let rho = (call - put) / (call + put)
    // The sine of the angle under which the money is seen from the center.
    let beta = (call - put - 4 * jumpWings.skew) / (call + put)
    let half = sin((asin(rho) - asin(beta)) / 2)
    let least = jumpWings.minimumVariance * timeToExpiry
    let distance = (money - least) / (2 * b * half * half)
    let sigma = distance * ((1 - beta) * (1 + beta)).squareRoot()
    try self.init(
      timeToExpiry: timeToExpiry, a: least - b * sigma * ((1 - rho) * (1 + rho)).squareRoot(), b: b,
      rho: rho, m: distance * beta, sigma: sigma)
  }
}
