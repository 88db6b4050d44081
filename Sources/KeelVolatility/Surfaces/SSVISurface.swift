public import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A surface of one correlation and one function of curvature for all times (SSVI).
///
/// Each time has a smile `SSVISmile` of the variance θ at the money, the correlation ρ and the curvature ψ = θ φ(θ). The
/// variance at the money is a line in time from zero through the expiries and on at its last speed. Free of arbitrage
/// at every time where ``butterflySlack`` and the calendar condition hold. Source: J. Gatheral and A. Jacquier,
/// "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014).
public struct SSVISurface: VolatilitySurface, Hashable {
  /// The total variance at the money of one expiry.
  public struct Knot: Hashable, Sendable, Codable {
    /// The time to expiry in years.
    public var timeToExpiry: Double

    /// The total variance at the money.
    public var variance: Double

    /// Creates a knot.
    ///
    /// - Parameters:
    ///   - timeToExpiry: The time to expiry in years.
    ///   - variance: The total variance at the money.
    public init(timeToExpiry: Double, variance: Double) {
      self.timeToExpiry = timeToExpiry
      self.variance = variance
    }
  }

  /// How the curvature φ depends on the variance at the money θ.
  public enum Curvature: Hashable, Sendable, Codable {
    /// `φ = η / (θ^γ (1 + θ)^(1−γ))`: free of arbitrage where γ ≤ 1/2 and `η (1 + |ρ|) ≤ 2`.
    case powerLaw(eta: Double, gamma: Double)

    /// `φ = (1 − (1 − e^(−λθ))/λθ)/λθ`, as in Heston's model: free of arbitrage where `λ ≥ (1 + |ρ|)/4`.
    case hestonLike(lambda: Double)
  }

  /// The variance at the money of each expiry, by ascending time.
  public let knots: [Knot]

  /// The correlation ρ of every smile.
  public let correlation: Double

  /// The curvature as a function of the variance at the money.
  public let curvature: Curvature

  /// Creates a surface.
  ///
  /// - Parameters:
  ///   - knots: The variances at the money by ascending time: positive, and not falling.
  ///   - correlation: The correlation: -1 to 1.
  ///   - curvature: The curvature: η and λ positive, γ from 0 to 1.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` also where the variance falls;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``; ``VolatilityError/shapeMismatch(argument:got:required:)``
  ///   without a knot.
  public init(
    knots: [Knot],
    correlation: Double,
    curvature: Curvature
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    guard !knots.isEmpty else { throw .shapeMismatch(argument: "knots", got: 0, required: 1) }
    var last = Knot(timeToExpiry: 0, variance: .leastNormalMagnitude)
    for knot in knots {
      if knot.timeToExpiry == last.timeToExpiry, knot.timeToExpiry > 0 {
        throw .duplicateExpiry(timeToExpiry: knot.timeToExpiry)
      }
      try VolatilityError.require(
        knot.timeToExpiry, "timeToExpiry", max(last.timeToExpiry.nextUp, .leastNormalMagnitude),
        largest)
      try VolatilityError.require(knot.variance, "variance", last.variance, largest)
      last = knot
    }
    try VolatilityError.require(correlation, "correlation", -1, 1)
    switch curvature {
    case .powerLaw(let eta, let gamma):
      try VolatilityError.require(eta, "eta", .leastNormalMagnitude, largest)
      try VolatilityError.require(gamma, "gamma", 0, 1)
    case .hestonLike(let lambda):
      try VolatilityError.require(lambda, "lambda", .leastNormalMagnitude, largest)
    }
    (self.knots, self.correlation, self.curvature) = (knots, correlation, curvature)
  }

  /// The smile at any time.
  ///
  /// - Parameter timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The smile.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public func smile(at timeToExpiry: Double) throws(VolatilityError) -> SSVISmile {
    try VolatilityError.require(
      timeToExpiry, "timeToExpiry", .leastNormalMagnitude, .greatestFiniteMagnitude)
    return SSVISmile(
      timeToExpiry: timeToExpiry, hyperbola(curvature.psi(level(at: timeToExpiry).0)))
  }

  /// The surface of the same smiles at the expiries, with another interpolation between them.
  public var extended: ExtendedSSVISurface {
    get throws(VolatilityError) {
      var smiles: [SSVISmile] = []
      for knot in knots { smiles.append(try smile(at: knot.timeToExpiry)) }
      return try ExtendedSSVISurface(smiles: smiles)
    }
  }

  /// How far the surface is inside the conditions that exclude arbitrage at every time; negative where it breaks one.
  ///
  /// Power law: the lesser of `1 − η(1 + |ρ|)/2` and `1 − 2γ`; like Heston's: `1 − (1 + |ρ|)/4λ`. They are sufficient,
  /// not necessary; the smiles of a surface without this margin may still be free of arbitrage.
  public var butterflySlack: Double {
    let steep = 1 + correlation.magnitude
    return switch curvature {
    case .powerLaw(let eta, let gamma): min(1 - eta * steep / 2, 1 - 2 * gamma)
    case .hestonLike(let lambda): 1 - steep / (4 * lambda)
    }
  }

  /// The total variance at a log-moneyness and time, with its derivatives by both.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The total variance and its derivative by time, just after an expiry; NaN for another time.
  public func totalVariance(
    at logMoneyness: Double,
    timeToExpiry: Double
  ) -> (variance: TotalVariance, timeSlope: Double) {
    guard timeToExpiry > 0, timeToExpiry.isFinite else { return (.undefined, .nan) }
    let (theta, speed) = level(at: timeToExpiry)
    let psi = curvature.psi(theta)
    let value = hyperbola(psi)
    let gradient = value.gradient(at: logMoneyness)
    let byPsi = gradient.left * (1 - correlation) + gradient.right * (1 + correlation)
    return (value.variance(at: logMoneyness), speed * (gradient.theta + byPsi * psi.slope))
  }

  private func hyperbola(_ psi: Curvature.Psi) -> SSVIHyperbola {
    SSVIHyperbola(
      theta: psi.theta, left: psi.value * (1 - correlation), right: psi.value * (1 + correlation))
  }

  /// The variance at the money and what it grows by in a year.
  private func level(at time: Double) -> (Double, Double) {
    var next = 0
    while next < knots.count, knots[next].timeToExpiry <= time { next += 1 }
    let origin = Knot(timeToExpiry: 0, variance: 0)
    let end = min(next, knots.count - 1)
    let (a, b) = (end > 0 ? knots[end - 1] : origin, knots[end])
    let speed = (b.variance - a.variance) / (b.timeToExpiry - a.timeToExpiry)
    return (a.variance + speed * (time - a.timeToExpiry), speed)
  }
}

extension SSVISurface.Curvature {
  /// The curvature ψ = θ φ(θ) and its derivative.
  struct Psi {
    let theta: Double
    let value: Double
    let slope: Double
  }

  func psi(_ theta: Double) -> Psi {
    switch self {
    case .powerLaw(let eta, let gamma):
      // η (θ/(1 + θ))^(1−γ)
      let value = eta * Self.power(theta, 1 - gamma).value
      return Psi(theta: theta, value: value, slope: (1 - gamma) * value / (theta * (1 + theta)))
    case .hestonLike(let lambda):
      // (1 − (1 − e^(−x))/x)/λ at x = λ θ; the series where the difference cancels.
      let x = lambda * theta
      if x < Self.seriesEnd {
        let value = theta * Self.series(x, [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040])
        let slope = Self.series(x, [1 / 2, 1 / 3, 1 / 8, 1 / 30, 1 / 144, 1 / 840])
        return Psi(theta: theta, value: value, slope: slope)
      }
      let mean = -expm1(-x) / x
      return Psi(theta: theta, value: (1 - mean) / lambda, slope: (mean - exp(-x)) / x)
    }
  }

  /// `(θ/(1 + θ))^e`, and its derivative by e over itself.
  static func power(_ theta: Double, _ exponent: Double) -> (value: Double, logarithm: Double) {
    let share = theta / (1 + theta)
    return (pow(share, exponent), log(share))
  }

  /// An alternating series: its last term is below rounding up to here.
  private static let seriesEnd = 0.01

  private static func series(_ x: Double, _ terms: [Double]) -> Double {
    terms.reversed().reduce(0) { $1 - x * $0 }
  }
}
