public import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// One change of exposure, in several ways.
//
// Over a horizon H at unchanged prices a quantity q with value V, carry and theta costs
//
//   entry:       fee and half the spread of the notional, and gas; twice when the change is taken back at the end
//   per year:    r V  −  carry  −  (θ + σ²S²Γ/2)  −  y V of the asset itself
//
// the interest that the money in it would earn, less funding, roll or interest received, less what time takes from an
// option beyond what its gamma earns at the forecast volatility σ. Without fees, with funding at r − y and options
// priced at the forecast, every way costs (r − y) S a year for a delta of one: all tie (R. C. Merton, "Theory of
// rational option pricing", Bell Journal of Economics 4 (1973)).

/// The ways to change an exposure, by what they cost over a horizon.
public struct SyntheticRebalancing: Hashable, Sendable, Codable {
  /// One way.
  public struct Way: Hashable, Sendable, Codable {
    /// The instrument and quantity, with the cost of one trade.
    public let order: ContractOrder

    /// The change of delta, in units of the underlying; below what is wanted where lots are coarse.
    public let delta: Double

    /// Fees, spread and gas of all trades, in cash.
    public let tradingCost: Double

    /// What holding costs, in cash per year; negative when it earns.
    public let holdingCostPerYear: Double

    /// The notional of the position, in cash.
    public let notional: Double

    /// The cost over the horizon, in cash.
    public let totalCost: Double

    /// The time from which this way is no longer the cheaper one of two, or from which it becomes it.
    ///
    /// - Parameter other: Another way.
    /// - Returns: The horizon in years at which both cost the same; nil when they do at no positive horizon.
    public func breakEvenYears(against other: Way) -> Double? {
      let years =
        (other.tradingCost - tradingCost) / (holdingCostPerYear - other.holdingCostPerYear)
      return years > 0 && years.isFinite ? years : nil
    }

    /// By how much the rate that this way pays can rise until another way costs the same.
    ///
    /// Of a perpetual: how much funding, as a simple rate per year of notional, can move against the position.
    ///
    /// - Parameters:
    ///   - other: Another way.
    ///   - horizonYears: The horizon in years: positive.
    /// - Returns: The rate per year; negative when the other way is the cheaper one.
    public func rateToFlip(against other: Way, horizonYears: Double) -> Double {
      (other.totalCost - totalCost) / (notional * horizonYears)
    }
  }

  /// The ways, the cheapest first; equal ones by name.
  public let ways: [Way]

  /// The cheapest way.
  public var best: Way? { ways.first }

  /// What the menu counts.
  public struct Settings: Hashable, Sendable, Codable {
    /// Whether the change is taken back at the end, so that every trade is made twice.
    public var isTakenBack = true

    /// The yield of holding the asset itself, continuously compounded per year: staking.
    public var assetYield = 0.0

    /// The annualized volatility that options are expected to earn by their gamma; nil for their own, so that no
    /// option is cheap or dear.
    public var forecastVolatility: Double?

    /// Creates the usual settings.
    public init() {}
  }

  /// Prices each way.
  ///
  /// - Parameters:
  ///   - delta: The change of delta wanted, in units of the underlying: not zero.
  ///   - underlying: The underlying, which all instruments must have.
  ///   - instruments: The instruments; an option is offered on the side that gives the sign of the delta.
  ///   - market: The market.
  ///   - horizonYears: The horizon in years: positive.
  ///   - settings: What the menu counts.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for an instrument without a usable
  ///   quote or with another underlying.
  /// - Complexity: O(n log n) for n instruments.
  public init(
    delta: Double,
    of underlying: AssetID,
    instruments: [HedgeInstrument],
    market: MarketSnapshot,
    horizonYears: Double,
    settings: Settings = Settings()
  ) throws(EngineError) {
    try requireNumber(delta, "delta", .finite)
    try requireNumber(delta.magnitude, "magnitude of delta", .positive)
    try requireNumber(horizonYears, "horizonYears", .positive)
    try requireNumber(settings.assetYield, "assetYield", .finite)
    try requireNumber(market.rate, "rate", .finite)
    if let volatility = settings.forecastVolatility {
      try requireNumber(volatility, "forecastVolatility", .nonnegative)
    }
    let price = market.price(of: underlying)
    guard price > 0, price.isFinite else { throw .unknownAsset(underlying) }
    var ways: [Way] = []
    for instrument in instruments {
      guard instrument.listing.instrument.underlying == underlying else {
        throw .unknownAsset(instrument.id)
      }
      let unit = try instrument.unit(in: market)
      guard unit.delta != 0 else { continue }
      let quantity = try instrument.lots(in: delta / unit.delta)
      guard !quantity.isZero else { continue }
      let perYear = Self.holdingCost(of: unit, instrument, market, price, settings)
      try requireNumber(perYear, "cost of holding \(instrument.id)", .finite)
      ways.append(
        Way(
          instrument.order(quantity, unitNotional: unit.notional), unit, perYear: perYear,
          horizonYears: horizonYears, tradeCount: settings.isTakenBack ? 2 : 1))
    }
    self.ways = ways.sorted { ($0.totalCost, $0.order.id) < ($1.totalCost, $1.order.id) }
  }

  /// The cost of holding one unit, in cash per year.
  private static func holdingCost(
    of unit: Exposure,
    _ instrument: HedgeInstrument,
    _ market: MarketSnapshot,
    _ price: Double,
    _ settings: Settings
  ) -> Double {
    var cost = market.rate * unit.value - unit.carry.perYear
    switch instrument.listing.instrument {
    case .spot:
      cost -= settings.assetYield * unit.value
    case .option:
      guard case .option(let implied, _)? = market.quotes[instrument.id] else { return .nan }
      let deviation = (settings.forecastVolatility ?? implied) * price
      cost -= unit.theta.perYear + deviation * deviation * unit.gamma / 2
    default: break
    }
    return cost
  }
}

extension SyntheticRebalancing.Way {
  fileprivate init(
    _ order: ContractOrder,
    _ unit: Exposure,
    perYear: Double,
    horizonYears: Double,
    tradeCount: Double
  ) {
    let units = order.quantity.doubleValue
    self.order = order
    delta = units * unit.delta
    tradingCost = tradeCount * order.cost
    holdingCostPerYear = units * perYear
    notional = units.magnitude * unit.notional
    totalCost = tradingCost + holdingCostPerYear * horizonYears
  }
}
