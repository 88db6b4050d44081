public import KeelData
import KeelMarkets
import KeelNumerics

/// Holds a quantity of one listed instrument: liquidity of a pool, a deposit, a loan, contracts.
///
/// What a breaker has taken out goes back in when trading resumes. An instrument that has expired or has no quote now is
/// left as it is.
public struct PositionTargetRule: HedgingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The listed name.
  public let id: AssetID

  /// The wanted quantity, negative when short; of a loan what is owed.
  public let quantity: Amount

  /// The distance from it that is left alone, in the same units.
  public let band: Double

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - id: The listed name.
  ///   - quantity: The wanted quantity, negative when short; of a loan what is owed.
  ///   - band: The distance from it that is left alone: finite, not negative.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ id: AssetID, quantity: Amount, band: Double = 0) throws(EngineError) {
    try requireNumber(band, "band", .nonnegative)
    self.id = id
    self.quantity = quantity
    self.band = band
  }

  /// Decodes a rule and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(AssetID.self, forKey: .id),
      quantity: container.decode(Amount.self, forKey: .quantity),
      band: container.decode(Double.self, forKey: .band))
  }

  private enum CodingKeys: String, CodingKey { case id, quantity, band }

  /// One order for what is missing when it is more than the band.
  ///
  /// - Throws: `EngineError.unknownAsset` for a name that is not listed, or `.differentDecimals` for a position held
  ///   in other decimals.
  public func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder] {
    guard let listing = view.catalog[id] else { throw .unknownAsset(id) }
    guard listing.instrument.isTradable(in: view.market, as: id) else { return [] }
    let held = after.account.position(id)?.quantity
    if let held, held.decimals != quantity.decimals {
      throw .differentDecimals(
        argument: "quantity", asset: id, got: quantity.decimals, required: held.decimals)
    }
    do throws(DataError) {
      let missing = try held.map { (held) throws(DataError) in try quantity.subtracting(held) }
      let order = missing ?? quantity
      guard !order.isZero, order.doubleValue.magnitude > band else { return [] }
      let unit = listing.exposure(quantity: 1, entryPrice: 1, in: view.market)
      let cost = listing.cost(ofNotional: order.doubleValue.magnitude * unit.notional)
      return [ContractOrder(id, quantity: order, cost: cost)]
    } catch {
      throw EngineError(error, asset: id)
    }
  }
}
