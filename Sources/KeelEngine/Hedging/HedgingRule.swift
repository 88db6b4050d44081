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
    let distance = after.valuation[underlying].delta - target
    guard DecisionGrid.steps(distance.magnitude) > DecisionGrid.steps(band) else { return [] }
    guard let listing = view.catalog[contract], listing.instrument.isMargined,
      listing.instrument.underlying == underlying
    else { throw .unknownAsset(contract) }
    let unit = listing.exposure(quantity: 1, entryPrice: 1, in: view.market)
    guard unit.delta.isFinite, unit.delta != 0 else { throw .unknownAsset(contract) }
    // The delta of an inverse position depends on its entry: opened now, it is that of its notional.
    let price = view.prices[underlying] ?? .nan
    let perContract = unit.notional / price
    do throws(DataError) {
      let quantity = try Amount(
        -distance / perContract, decimals: quantityDecimals, rounding: .towardZero)
      guard !quantity.isZero else { return [] }
      let cost = listing.cost(ofNotional: quantity.doubleValue.magnitude * unit.notional)
      return [ContractOrder(contract, quantity: quantity, cost: cost)]
    } catch {
      throw EngineError(error, asset: contract)
    }
  }
}
