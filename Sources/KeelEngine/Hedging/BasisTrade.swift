public import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// Long the asset, short a contract on it: no delta, and the funding or the basis as income.
//
// With a notional N, margin m N at the venue and trading costs of both legs, the capital C buys
//
//   N = (C − gas) / (1 + m + c),   yield a year = (carry H − 2 costs) / (C H) − financing
//
// The short leg is liquidated when the price has risen by (m − maintenance) / (1 + maintenance) of the entry.
// Financing is what the capital itself costs.

/// A position without delta that earns the funding of a perpetual or the basis of a future.
public struct BasisTrade: Hashable, Sendable, Codable {
  /// The order that sells the contract.
  public let order: ContractOrder

  /// The units of the asset to buy.
  public let spotUnits: Amount

  /// The cost of buying the asset, in cash.
  public let spotCost: Double

  /// The delta that lots leave, in units of the asset.
  public let residualDelta: Double

  /// The notional of the short leg, in cash.
  public let notional: Double

  /// Funding or roll received, in cash per year at the rate expected.
  public let carryPerYear: Double

  /// All costs of going in and out, in cash.
  public let roundTripCost: Double

  /// The net yield on the capital used, per year, costs and financing subtracted.
  public let netYieldPerYear: Double

  /// The standard deviation of the net yield a year over the horizon.
  public let yieldDeviation: Double

  /// The time after which carry has paid for costs and financing, in years; nil when it never does.
  public let breakEvenYears: Double?

  /// The rise of the price, as a fraction, at which the margin of the short leg is used up.
  public let liquidationRise: Double

  /// What the trade is measured with.
  public struct Settings: Hashable, Sendable, Codable {
    /// The margin posted for the short leg over its notional: 0.5 survives a rise by almost one half.
    public var marginRate = 0.5

    /// The time the trade is held, in years; a future is held to its expiry at most.
    public var horizonYears = 0.25

    /// The interest on the capital, per year.
    public var financingRate = 0.0

    /// The funding that the short leg is expected to receive, as a simple rate per year; nil for the present one.
    public var expectedFunding: Double?

    /// The standard deviation of the funding of a year, as a fraction of notional; over a time H it is this times √H.
    public var fundingDeviation = 0.0

    /// Creates the usual settings.
    public init() {}
  }

  /// Sizes and prices a trade.
  ///
  /// - Parameters:
  ///   - capital: The capital, in cash: positive.
  ///   - spot: The spot listing and its lot.
  ///   - contract: The perpetual or future on the same asset and its lot.
  ///   - market: The market.
  ///   - settings: Margin, horizon and rates.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for instruments of other kinds or
  ///   underlyings or without a usable quote.
  public init(
    capital: Double,
    spot: HedgeInstrument,
    contract: HedgeInstrument,
    market: MarketSnapshot,
    settings: Settings = Settings()
  ) throws(EngineError) {
    try requireNumber(capital, "capital", .positive)
    try settings.check()
    guard case .spot(let asset) = spot.listing.instrument else { throw .unknownAsset(spot.id) }
    guard contract.listing.instrument.isMargined, contract.listing.instrument.underlying == asset
    else { throw .unknownAsset(contract.id) }
    let price = try spot.unit(in: market).value
    let unit = try contract.unit(in: market)
    // Fees of one way come out of the capital; those of the way back out of the income.
    let fees = spot.listing.costFraction + contract.listing.costFraction
    let free = max(capital - spot.listing.gas - contract.listing.gas, 0)
    let affordable = free / (1 + settings.marginRate + fees)
    let contracts = try contract.lots(in: -affordable / unit.notional)
    let short = contracts.doubleValue
    let units = try spot.lots(in: -short * unit.delta)
    order = contract.order(contracts, unitNotional: unit.notional)
    spotUnits = units
    spotCost = spot.listing.cost(ofNotional: units.doubleValue * price)
    residualDelta = units.doubleValue + short * unit.delta
    notional = short.magnitude * unit.notional
    let isPerpetual = contract.listing.instrument.expiry == nil
    let expected =
      isPerpetual ? settings.expectedFunding.map { $0 * short.magnitude * unit.notional } : nil
    let carry = expected ?? short * unit.carry.perYear
    let life = contract.listing.instrument.expiry.map { max($0.years(since: market.time), 0) }
    let horizon = min(settings.horizonYears, life ?? .infinity)
    carryPerYear = carry
    roundTripCost = 2 * (order.cost + spotCost)
    let financing = settings.financingRate * capital
    netYieldPerYear =
      horizon > 0 ? (carry - financing - roundTripCost / horizon) / capital : -.infinity
    yieldDeviation =
      isPerpetual && horizon > 0
      ? settings.fundingDeviation * notional / (capital * horizon.squareRoot()) : 0
    breakEvenYears = carry > financing ? roundTripCost / (carry - financing) : nil
    let maintenance = notional > 0 ? short.magnitude * unit.margin / notional : 0
    liquidationRise = (settings.marginRate - maintenance) / (1 + maintenance)
  }
}

extension BasisTrade.Settings {
  fileprivate func check() throws(EngineError) {
    try requireNumber(marginRate, "marginRate", .nonnegative)
    try requireNumber(horizonYears, "horizonYears", .positive)
    try requireNumber(financingRate, "financingRate", .finite)
    try requireNumber(fundingDeviation, "fundingDeviation", .nonnegative)
    if let expectedFunding { try requireNumber(expectedFunding, "expectedFunding", .finite) }
  }
}
