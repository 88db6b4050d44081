import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What a band around a target costs and saves, for one weight whose drift is a Brownian motion.
//
// With x the distance from the target, of volatility s per √year, the band −a < x < b is left after ab/s² on average and
// x² is on average, from a start at 0 to the exit,
//
//   (b² − ab + a²)/6
//
// (both solve s²u″/2 = −1 and −x² with u = 0 at the ends). Prices that are looked at every dt leave as if the ends were
// 0.5826 s√dt further out (M. Broadie, P. Glasserman and S. Kou, "A continuity correction for discrete barrier options",
// Mathematical Finance 7 (1997)). With risk aversion γ and asset variance σ², the loss γσ²x²/2 against costs gives
//
//   proportional cost c, trade back to the edge:  a³ = 3 c s²/(2γσ²)
//   fixed cost g, trade back to the target:       a⁴ = 12 g s²/(γσ²)
//
// (K. Janeček and S. Shreve, "Asymptotic analysis for optimal investment and consumption with transaction costs", Finance
// and Stochastics 8 (2004), for the first, where s = σw(1 − w)).

/// A band around a target weight within which nothing is traded: how often it is left, what that costs, and how wide it
/// should be.
public struct DriftBand: Hashable, Sendable, Codable {
  /// The distance below the target at which a trade is made, as a fraction of the portfolio.
  public let below: Double

  /// The distance above the target at which a trade is made, as a fraction of the portfolio.
  public let above: Double

  /// Creates a band.
  ///
  /// - Parameters:
  ///   - below: The distance below the target: positive, finite.
  ///   - above: The distance above the target: positive, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(below: Double, above: Double) throws(EngineError) {
    try requireNumber(below, "below", .positive)
    try requireNumber(above, "above", .positive)
    self.below = below
    self.above = above
  }

  /// Decodes a band and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      below: container.decode(Double.self, forKey: .below),
      above: container.decode(Double.self, forKey: .above))
  }

  private enum CodingKeys: String, CodingKey { case below, above }

  /// The volatility per √year of the weight of one asset beside the rest.
  ///
  /// - Parameters:
  ///   - weight: The target weight, 0 to 1.
  ///   - volatility: The annualized volatility of the asset against the rest: not negative.
  /// - Returns: `σ w (1 − w)`; NaN outside the domain.
  public static func weightVolatility(weight: Double, volatility: Double) -> Double {
    guard weight >= 0, weight <= 1, volatility >= 0 else { return .nan }
    return volatility * weight * (1 - weight)
  }

  /// The average time until the band is left, from the target.
  ///
  /// - Parameters:
  ///   - weightVolatility: The volatility s of the weight per √year: positive.
  ///   - interval: The time between looks at the price, in years; zero for a continuous one.
  /// - Returns: The time in years; infinite without volatility, NaN outside the domain.
  public func meanTimeToExit(weightVolatility: Double, interval: Double = 0) -> Double {
    guard weightVolatility >= 0, interval >= 0 else { return .nan }
    let beyond = Self.discreteShift * weightVolatility * interval.squareRoot()
    return (below + beyond) * (above + beyond) / (weightVolatility * weightVolatility)
  }

  /// The band that is left as often when the price is looked at all the time.
  func widened(weightVolatility: Double, interval: Double) throws(EngineError) -> DriftBand {
    let beyond = Self.discreteShift * weightVolatility * interval.squareRoot()
    return try DriftBand(below: below + beyond, above: above + beyond)
  }

  /// The trades a year of a policy that trades back to the target whenever the band is left.
  ///
  /// - Parameters:
  ///   - weightVolatility: The volatility s of the weight per √year.
  ///   - interval: The time between looks at the price, in years; zero for a continuous one.
  /// - Returns: The expected number.
  public func tradesPerYear(weightVolatility: Double, interval: Double = 0) -> Double {
    1 / meanTimeToExit(weightVolatility: weightVolatility, interval: interval)
  }

  /// The average square of the distance from the target under that policy.
  public var meanSquaredDrift: Double {
    (above * above - above * below + below * below) / 6
  }

  /// The best band when a trade costs a fraction of what is traded, and is made back to the edge.
  ///
  /// - Parameters:
  ///   - cost: The cost as a fraction of what is traded: positive, finite.
  ///   - weightVolatility: The volatility s of the weight per √year: positive, finite.
  ///   - riskAversion: γ per unit of variance: positive, finite.
  ///   - volatility: The annualized volatility σ of the asset against the rest: positive, finite.
  /// - Returns: The symmetric band; its width grows with the cube root of the cost.
  /// - Throws: `EngineError.invalidValue`.
  public static func best(
    proportionalCost cost: Double,
    weightVolatility: Double,
    riskAversion: Double,
    volatility: Double
  ) throws(EngineError) -> DriftBand {
    let ratio = try ratio(cost, weightVolatility, riskAversion, volatility)
    let halfWidth = cbrt(1.5 * ratio)
    return try DriftBand(below: halfWidth, above: halfWidth)
  }

  /// The best band when a trade costs a fixed fraction of the portfolio, and is made back to the target.
  ///
  /// - Parameters:
  ///   - cost: The cost of a trade as a fraction of the portfolio: positive, finite.
  ///   - weightVolatility: The volatility s of the weight per √year: positive, finite.
  ///   - riskAversion: γ per unit of variance: positive, finite.
  ///   - volatility: The annualized volatility σ of the asset against the rest: positive, finite.
  /// - Returns: The symmetric band; its width grows with the fourth root of the cost.
  /// - Throws: `EngineError.invalidValue`.
  public static func best(
    fixedCost cost: Double,
    weightVolatility: Double,
    riskAversion: Double,
    volatility: Double
  ) throws(EngineError) -> DriftBand {
    let ratio = try ratio(cost, weightVolatility, riskAversion, volatility)
    let halfWidth = (12 * ratio).squareRoot().squareRoot()
    return try DriftBand(below: halfWidth, above: halfWidth)
  }

  /// `cost s²/(γσ²)`.
  private static func ratio(
    _ cost: Double,
    _ weightVolatility: Double,
    _ riskAversion: Double,
    _ volatility: Double
  ) throws(EngineError) -> Double {
    try requireNumber(cost, "cost", .positive)
    try requireNumber(weightVolatility, "weightVolatility", .positive)
    try requireNumber(riskAversion, "riskAversion", .positive)
    try requireNumber(volatility, "volatility", .positive)
    let share = weightVolatility / volatility
    return cost * share * share / riskAversion
  }

  /// −ζ(½)/√(2π).
  private static let discreteShift = 0.582_597_157_939_010_7
}
