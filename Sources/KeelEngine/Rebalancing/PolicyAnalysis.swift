import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What a rebalancing policy of one weight costs a year, and how often it should trade.
//
// The drift x of the weight is a Brownian motion of volatility s per √year from the last trade on. Traded back to the target
// every Δ years it is normal with variance s²Δ, so that E|x| = s √(2Δ/π), and its mean square over the interval is s²Δ/2.
// With a fixed cost g and a proportional cost c of what is traded, and a loss of γσ²x²/2 a year while it is off,
//
//   costs a year = (g + c s √(2Δ/π))/Δ,   tracking loss a year = γ σ² s² Δ/4
//
// and without the proportional cost the sum is least at Δ = 2 √g/(σ s √γ).

/// The expected figures of a policy that keeps one weight near its target, per year.
public struct PolicyAnalysis: Hashable, Sendable, Codable {
  /// The expected number of trades.
  public let tradesPerYear: Double

  /// The expected cost of the trades, as a fraction of the portfolio.
  public let costPerYear: Double

  /// The expected loss of utility by being off the target, as a fraction of the portfolio.
  public let trackingLossPerYear: Double

  /// The mean square of the distance from the target.
  public let meanSquaredDrift: Double

  /// Cost and tracking loss together.
  public var totalPerYear: Double { costPerYear + trackingLossPerYear }

  /// What trades cost and what being off costs.
  public struct Costs: Hashable, Sendable, Codable {
    /// The fixed cost of a trade, gas for the most part, as a fraction of the portfolio.
    public let fixed: Double

    /// The cost as a fraction of what is traded.
    public let proportional: Double

    /// The risk aversion γ per unit of variance.
    public let riskAversion: Double

    /// The annualized volatility σ of the asset against the rest.
    public let volatility: Double

    /// The volatility s of the weight per √year.
    public let weightVolatility: Double

    /// Creates costs of a weight.
    ///
    /// - Parameters:
    ///   - weight: The target weight, 0 to 1.
    ///   - volatility: The annualized volatility of the asset against the rest: positive, finite.
    ///   - fixed: The fixed cost of a trade as a fraction of the portfolio: not negative, finite.
    ///   - proportional: The cost as a fraction of what is traded: not negative, finite.
    ///   - riskAversion: γ per unit of variance: positive, finite.
    /// - Throws: `EngineError.invalidValue`.
    public init(
      weight: Double,
      volatility: Double,
      fixed: Double,
      proportional: Double,
      riskAversion: Double
    ) throws(EngineError) {
      try requireNumber(weight, "weight", 0...1)
      try requireNumber(volatility, "volatility", .positive)
      try requireNumber(fixed, "fixed", .nonnegative)
      try requireNumber(proportional, "proportional", .nonnegative)
      try requireNumber(riskAversion, "riskAversion", .positive)
      self.fixed = fixed
      self.proportional = proportional
      self.riskAversion = riskAversion
      self.volatility = volatility
      weightVolatility = DriftBand.weightVolatility(weight: weight, volatility: volatility)
    }

    /// `γσ²/2`.
    fileprivate var penalty: Double { riskAversion * volatility * volatility / 2 }

    /// The interval that gas implies: the one of least cost and tracking loss when only the fixed cost counts.
    ///
    /// - Returns: `2 √g/(σ s √γ)` in years; zero without a fixed cost, infinite for a weight that cannot drift.
    public var bestInterval: Double {
      2 * fixed.squareRoot() / (volatility * weightVolatility * riskAversion.squareRoot())
    }
  }

  /// A policy that trades back to the target at equal intervals.
  ///
  /// - Parameters:
  ///   - interval: The time between trades, in years: positive, finite.
  ///   - costs: What trades and drift cost.
  /// - Returns: The figures.
  /// - Throws: `EngineError.invalidValue`.
  public static func periodic(
    interval: Double,
    costs: Costs
  ) throws(EngineError) -> PolicyAnalysis {
    try requireNumber(interval, "interval", .positive)
    let variance = costs.weightVolatility * costs.weightVolatility * interval
    let traded = (2 * variance / Double.pi).squareRoot()
    return PolicyAnalysis(
      tradesPerYear: 1 / interval,
      costPerYear: (costs.fixed + costs.proportional * traded) / interval,
      trackingLossPerYear: costs.penalty * variance / 2, meanSquaredDrift: variance / 2)
  }

  /// A policy that trades back to the target whenever a band is left.
  ///
  /// - Parameters:
  ///   - band: The band.
  ///   - costs: What trades and drift cost.
  ///   - lookInterval: The time between looks at the price, in years; zero for a continuous one.
  /// - Returns: The figures.
  /// - Throws: `EngineError.invalidValue`.
  public static func banded(
    _ band: DriftBand,
    costs: Costs,
    lookInterval: Double = 0
  ) throws(EngineError) -> PolicyAnalysis {
    try requireNumber(lookInterval, "lookInterval", .nonnegative)
    // Seen now and then, the band is left as if its ends were further out.
    let seen = try band.widened(
      weightVolatility: costs.weightVolatility, interval: lookInterval)
    let trades = seen.tradesPerYear(weightVolatility: costs.weightVolatility)
    // Left below with probability b/(a + b) and above with a/(a + b): 2ab/(a + b) is traded on average.
    let traded = 2 * seen.below * seen.above / (seen.below + seen.above)
    return PolicyAnalysis(
      tradesPerYear: trades,
      costPerYear: trades == 0 ? 0 : trades * (costs.fixed + costs.proportional * traded),
      trackingLossPerYear: costs.penalty * seen.meanSquaredDrift,
      meanSquaredDrift: seen.meanSquaredDrift)
  }

  /// The gamma that keeping a weight adds to a portfolio: units of the asset per cash that its price rises.
  ///
  /// A kept weight w of a portfolio worth V holds w V/S units, and V grows by w V/S a cash, so that the units change by
  /// `w (w − 1) V/S²`: it sells into a rise, which is a short gamma for weights between 0 and 1.
  ///
  /// - Parameters:
  ///   - weight: The kept weight.
  ///   - portfolioValue: The value of the portfolio, in cash.
  ///   - price: The price of the asset, in cash: positive.
  /// - Returns: The gamma; NaN outside the domain.
  public static func ruleGamma(weight: Double, portfolioValue: Double, price: Double) -> Double {
    price > 0 ? weight * (weight - 1) * portfolioValue / (price * price) : .nan
  }
}
