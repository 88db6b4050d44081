import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// A pool position whose delta is sold.
//
// What is left is short gamma paid for by fees: expected income = fees − loss-versus-rebalancing + carry of the hedge
// (J. Milionis, C. Moallemi, T. Roughgarden and A. L. Zhang, "Automated market making and loss-versus-rebalancing",
// arXiv:2208.06046). Hedging again as the price moves costs in addition; how often is for the caller to say.

/// A hedge of a pool position by a contract, and what the pair is expected to earn.
public struct LiquidityHedge: Hashable, Sendable, Codable {
  /// The order that brings the delta of pool and hedge to zero; nil when less than a lot is missing.
  public let order: ContractOrder?

  /// The delta of the pool position, in units of the asset.
  public let poolDelta: Double

  /// The delta of pool and hedge after the order.
  public let residualDelta: Double

  /// The gamma of the pool position, not positive.
  public let gamma: Double

  /// The fees at the present volume, in cash per year.
  public let feesPerYear: Double

  /// What arbitrageurs take, in cash per year.
  public let lossVersusRebalancingPerYear: Double

  /// What the whole hedge earns, in cash per year; negative when it pays.
  public let hedgeCarryPerYear: Double

  /// What hedging again and again costs, in cash per year.
  public let hedgingCostPerYear: Double

  /// Fees less what arbitrageurs take, plus what the hedge earns, less its costs, in cash per year.
  public var expectedIncomePerYear: Double {
    feesPerYear - lossVersusRebalancingPerYear + hedgeCarryPerYear - hedgingCostPerYear
  }

  /// The volume of the pool at which the expected income is zero, in cash per year; nil when no volume pays a fee.
  public let breakEvenVolumePerYear: Double?

  /// How the hedge is run.
  public struct Settings: Hashable, Sendable, Codable {
    /// The hedge that is held already, in contracts.
    public var heldContracts = 0.0

    /// How often a year the hedge is adjusted; each time the expected change of delta is traded.
    public var adjustmentsPerYear = 0.0

    /// Creates the usual settings.
    public init() {}
  }

  /// Sizes and prices a hedge.
  ///
  /// - Parameters:
  ///   - pool: The listing of the pool.
  ///   - liquidity: The units of liquidity: finite, not negative.
  ///   - contract: The perpetual or future on the same asset and its lot.
  ///   - market: The market.
  ///   - volatility: The annualized volatility that is expected: finite, not negative.
  ///   - settings: How the hedge is run.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for instruments of other kinds or
  ///   underlyings or without a usable quote.
  public init(
    pool: Listing,
    liquidity: Double,
    contract: HedgeInstrument,
    market: MarketSnapshot,
    volatility: Double,
    settings: Settings = Settings()
  ) throws(EngineError) {
    try requireNumber(liquidity, "liquidity", .nonnegative)
    try requireNumber(volatility, "volatility", 0...1e6)
    try requireNumber(settings.heldContracts, "heldContracts", .finite)
    try requireNumber(settings.adjustmentsPerYear, "adjustmentsPerYear", 0...1e9)
    guard case .pool(let asset, _, _, _) = pool.instrument,
      case .pool(let volume, _)? = market.quotes[pool.id]
    else { throw .unknownAsset(pool.id) }
    guard contract.listing.instrument.isMargined, contract.listing.instrument.underlying == asset
    else { throw .unknownAsset(contract.id) }
    let exposure = pool.exposure(quantity: liquidity, entryPrice: 0, in: market)
    guard exposure.value.isFinite, exposure.carry.perYear.isFinite else {
      throw .unknownAsset(pool.id)
    }
    let unit = try contract.unit(in: market)
    let before = exposure.delta + settings.heldContracts * unit.delta
    let contracts = try contract.lots(in: -before / unit.delta)
    order = contracts.isZero ? nil : contract.order(contracts, unitNotional: unit.notional)
    poolDelta = exposure.delta
    residualDelta = before + contracts.doubleValue * unit.delta
    gamma = exposure.gamma
    feesPerYear = exposure.carry.perYear
    let deviation = volatility * market.price(of: asset)
    lossVersusRebalancingPerYear = deviation * deviation * exposure.gamma.magnitude / 2
    hedgeCarryPerYear =
      (settings.heldContracts + contracts.doubleValue) * unit.carry.perYear
    hedgingCostPerYear = Self.hedgingCost(
      deltaDeviationPerYear: exposure.gamma.magnitude * deviation, unit, contract, settings)
    let needed = lossVersusRebalancingPerYear - hedgeCarryPerYear + hedgingCostPerYear
    breakEvenVolumePerYear =
      feesPerYear > 0 && volume > 0 ? max(needed, 0) / (feesPerYear / volume) : nil
  }

  /// Each time the mean magnitude of a normal change of delta is traded: `√(2/π) |Γ| σ S √(1/n)`.
  private static func hedgingCost(
    deltaDeviationPerYear: Double,
    _ unit: Exposure,
    _ contract: HedgeInstrument,
    _ settings: Settings
  ) -> Double {
    guard settings.adjustmentsPerYear > 0, deltaDeviationPerYear > 0 else { return 0 }
    let spread = deltaDeviationPerYear / settings.adjustmentsPerYear.squareRoot()
    let traded = (2 / Double.pi).squareRoot() * spread / unit.delta.magnitude * unit.notional
    return settings.adjustmentsPerYear * contract.listing.cost(ofNotional: traded)
  }
}
