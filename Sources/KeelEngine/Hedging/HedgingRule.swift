public import KeelData
import KeelMarkets
import KeelNumerics

/// Which contracts to trade beside the assets.
public protocol HedgingRule: Sendable, Encodable {
  /// Chooses the orders.
  ///
  /// - Parameters:
  ///   - after: The account as the planned trades of assets would leave it.
  ///   - view: What is known now.
  /// - Returns: The orders; none when nothing is to be done.
  /// - Throws: `EngineError`: no order is given then.
  func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder]
}

/// Keeps the delta of an underlying in a band around a target with one contract.
public struct DeltaTargetRule: HedgingRule, Hashable, Codable {
  /// The asset whose delta counts.
  public let underlying: AssetID

  /// The contract that is traded.
  public let contract: AssetID

  /// The wanted delta, in units of the asset.
  public let target: Double

  /// The distance from the target that is left alone, in units of the asset.
  public let band: Double

  /// The decimals of the contract's quantity: its lot is one unit of the last.
  public let quantityDecimals: Int

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - underlying: The asset whose delta counts.
  ///   - contract: The listed contract that is traded.
  ///   - target: The wanted delta, in units of the asset: finite.
  ///   - band: The distance from the target that is left alone: not negative, finite.
  ///   - quantityDecimals: The decimals of the contract's quantity, 0 to 18.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    underlying: AssetID,
    contract: AssetID,
    target: Double = 0,
    band: Double,
    quantityDecimals: Int
  ) throws(EngineError) {
    try requireNumber(target, "target", .finite)
    try requireNumber(band, "band", .nonnegative)
    try requireNumber(Double(quantityDecimals), "quantityDecimals", 0...18)
    self.underlying = underlying
    self.contract = contract
    self.target = target
    self.band = band
    self.quantityDecimals = quantityDecimals
  }

  /// One order to the target when the delta is outside the band.
  public func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder] {
    guard let listing = view.catalog[contract], listing.instrument.isMargined else {
      throw .unknownAsset(contract)
    }
    let lot: Amount
    do throws(DataError) {
      lot = try Amount(baseUnits: 1, decimals: quantityDecimals)
    } catch {
      throw EngineError(error, asset: contract)
    }
    let hedge = try DeltaHedge(
      delta: after.valuation[underlying].delta, of: underlying,
      band: HedgeBand(lower: target - band, target: target, upper: target + band),
      instruments: [HedgeInstrument(listing, lot: lot)], market: view.market, horizonYears: 0,
      aim: .target)
    return hedge.order.map { [$0] } ?? []
  }
}
