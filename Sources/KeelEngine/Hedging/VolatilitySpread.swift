public import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// Two options of one asset, one sold dear and one bought cheap, without vega between them.
//
// An option whose implied volatility is σ earns about vega (σ_forecast − σ) when it is bought and volatility turns out as
// forecast. The pair sells one unit of vega of one option and buys one of the other, so that a common move of
// volatilities cancels:
//
//   edge per vega = (σ_sold − f_sold) − (σ_bought − f_bought) − costs of both trades per vega
//
// Every pair is looked at, of one expiry or of two (a calendar spread). Delta is left for a delta hedge. Against a surface
// the forecast of an option is what the surface says of it: the pair is relative value, without an opinion of the level.

/// The pair of options with the most edge per vega against a forecast.
public struct VolatilitySpread: Hashable, Sendable, Codable {
  /// One option of a pair.
  public struct Leg: Hashable, Sendable, Codable {
    /// The order.
    public let order: ContractOrder

    /// The implied volatility.
    public let impliedVolatility: Double

    /// The forecast until its expiry, or what the surface says.
    public let forecastVolatility: Double
  }

  /// What is sold.
  public let sold: Leg

  /// What is bought.
  public let bought: Leg

  /// Whether the two expire at different times.
  public let isCalendar: Bool

  /// The edge in units of volatility, costs subtracted: 0.01 is one volatility point.
  public let edgePerVega: Double

  /// The edge of the orders, in cash.
  public let edge: Double

  /// The vega that lots leave, in cash per unit of volatility.
  public let residualVega: Double

  /// The delta of the pair, in units of the underlying.
  public let delta: Double

  /// The gamma of the pair, in units of the underlying per cash.
  public let gamma: Double

  /// Finds the best pair.
  ///
  /// - Parameters:
  ///   - options: The listed options on one asset.
  ///   - market: The market, with a volatility for each.
  ///   - forecast: The annualized volatility that is expected until an expiry.
  ///   - vega: The vega of each leg wanted, in cash per unit of volatility: positive.
  /// - Returns: The pair with the most edge per vega; nil when no pair has an edge above its costs.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for what is no option, has no usable
  ///   quote or another underlying.
  /// - Complexity: O(n²) for n options.
  public static func best(
    of options: [HedgeInstrument],
    market: MarketSnapshot,
    forecast: (Timestamp) -> Double,
    vega: Double
  ) throws(EngineError) -> VolatilitySpread? {
    try best(options, market, vega) { option, _ in forecast(option.expiry) }
  }

  /// Finds the best pair against a surface: the one quoted highest above it is sold, the lowest bought.
  ///
  /// - Parameters:
  ///   - options: The listed options on the asset of the surface; those whose smile the quotes do not determine are
  ///     passed over.
  ///   - market: The market, with a volatility for each.
  ///   - surface: The surface; what an option is quoted at pulls it a little to itself.
  ///   - vega: The vega of each leg wanted, in cash per unit of volatility: positive.
  /// - Returns: The pair with the most edge per vega; nil when no pair has an edge above its costs.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for what is no option, has no usable
  ///   quote or another underlying.
  /// - Complexity: O(n²) for n options.
  public static func best(
    of options: [HedgeInstrument],
    market: MarketSnapshot,
    surface: QuotedSurface,
    vega: Double
  ) throws(EngineError) -> VolatilitySpread? {
    for option in options where option.listing.instrument.underlying != surface.underlying {
      throw .unknownAsset(option.id)
    }
    return try best(options, market, vega) { option, carryYield in
      surface.reading(of: option, carryYield: carryYield, in: market)?.volatility
    }
  }

  /// `expected` is the volatility of an option with a carry yield; nil passes it over.
  private static func best(
    _ options: [HedgeInstrument],
    _ market: MarketSnapshot,
    _ vega: Double,
    expected: (ListedOption, Double) -> Double?
  ) throws(EngineError) -> VolatilitySpread? {
    try requireNumber(vega, "vega", .positive)
    var quotes: [SpreadQuote] = []
    for instrument in options.sorted(by: { $0.id < $1.id }) {
      if let quote = try SpreadQuote(instrument, market, expected) { quotes.append(quote) }
      guard instrument.listing.instrument.underlying == options[0].listing.instrument.underlying
      else { throw .unknownAsset(instrument.id) }
    }
    var best: (sold: SpreadQuote, bought: SpreadQuote, edge: Double)?
    for sold in quotes {
      for bought in quotes where sold.instrument.id != bought.instrument.id {
        let edge = sold.richness - bought.richness - sold.cost(vega) - bought.cost(vega)
        if edge > best?.edge ?? 0 { best = (sold, bought, edge) }
      }
    }
    guard let best else { return nil }
    return try VolatilitySpread(best.sold, best.bought, vega: vega)
  }

  private init?(_ sold: SpreadQuote, _ bought: SpreadQuote, vega: Double) throws(EngineError) {
    let short = try sold.leg(vega: -vega)
    let long = try bought.leg(vega: vega)
    let (soldUnits, boughtUnits) = (
      short.order.quantity.doubleValue, long.order.quantity.doubleValue
    )
    guard soldUnits != 0, boughtUnits != 0 else { return nil }
    self.sold = short
    self.bought = long
    isCalendar = sold.expiry != bought.expiry
    let gross = -soldUnits * sold.vega * sold.richness - boughtUnits * bought.vega * bought.richness
    edge = gross - short.order.cost - long.order.cost
    edgePerVega = edge / (-soldUnits * sold.vega)
    residualVega = soldUnits * sold.vega + boughtUnits * bought.vega
    delta = soldUnits * sold.unit.delta + boughtUnits * bought.unit.delta
    gamma = soldUnits * sold.unit.gamma + boughtUnits * bought.unit.gamma
  }
}

/// An option with its place against the forecast.
private struct SpreadQuote {
  let instrument: HedgeInstrument
  let unit: Exposure
  let expiry: Timestamp
  let implied: Double
  let expected: Double

  var vega: Double { unit.vega.perUnitVolatility }
  var richness: Double { implied - expected }

  /// Nil for an option without vega or an expectation.
  init?(
    _ instrument: HedgeInstrument,
    _ market: MarketSnapshot,
    _ expected: (ListedOption, Double) -> Double?
  ) throws(EngineError) {
    guard case .option(let option) = instrument.listing.instrument,
      case .option(let volatility, let carryYield)? = market.quotes[instrument.id]
    else { throw .unknownAsset(instrument.id) }
    self.instrument = instrument
    unit = try instrument.unit(in: market)
    expiry = option.expiry
    implied = volatility
    guard let level = expected(option, carryYield) else { return nil }
    try requireNumber(level, "forecast", 0...100)
    self.expected = level
    guard unit.vega.perUnitVolatility > 0 else { return nil }
  }

  /// The cost of trading a vega, per vega.
  func cost(_ traded: Double) -> Double {
    instrument.listing.cost(ofNotional: traded / vega * unit.notional) / traded
  }

  func leg(vega wanted: Double) throws(EngineError) -> VolatilitySpread.Leg {
    let quantity = try instrument.lots(in: wanted / vega)
    return VolatilitySpread.Leg(
      order: instrument.order(quantity, unitNotional: unit.notional), impliedVolatility: implied,
      forecastVolatility: expected)
  }
}
