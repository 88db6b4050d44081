public import KeelData
import KeelMarkets
import KeelNumerics

/// Keeps the delta of an underlying in a band with whichever of several instruments costs least.
///
/// The order is that of ``DeltaHedge``. Instruments that have expired or have no quote now are passed over.
public struct DeltaHedgeRule: HedgingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The asset whose delta counts.
  public let underlying: AssetID

  /// The band of the delta, in units of the asset.
  public let band: HedgeBand

  /// The lot of each instrument that may be traded, by its listed name.
  public let lots: [AssetID: Amount]

  /// The time over which carry counts, in years.
  public let horizonYears: Double

  /// Where a delta outside the band is brought.
  public let aim: DeltaHedge.Aim

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - underlying: The asset whose delta counts.
  ///   - band: The band of the delta, in units of the asset.
  ///   - lots: The lot of each instrument that may be traded, by its listed name: at least one.
  ///   - horizonYears: The time over which carry counts, in years: finite, not negative.
  ///   - aim: Where a delta outside the band is brought.
  /// - Throws: `EngineError.invalidValue`, or `.negativeAmount` for a lot that is not positive.
  public init(
    underlying: AssetID,
    band: HedgeBand,
    lots: [AssetID: Amount],
    horizonYears: Double,
    aim: DeltaHedge.Aim = .target
  ) throws(EngineError) {
    try requireNumber(horizonYears, "horizonYears", .nonnegative)
    try requireNumber(Double(lots.count), "count of instruments", .positive)
    for (id, lot) in lots.sorted(by: { $0.key < $1.key }) where lot.isNegative || lot.isZero {
      throw .negativeAmount(argument: "lot", asset: id, got: lot)
    }
    self.underlying = underlying
    self.band = band
    self.lots = lots
    self.horizonYears = horizonYears
    self.aim = aim
  }

  /// Decodes a rule and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      underlying: container.decode(AssetID.self, forKey: .underlying),
      band: container.decode(HedgeBand.self, forKey: .band),
      lots: container.decode([AssetID: Amount].self, forKey: .lots),
      horizonYears: container.decode(Double.self, forKey: .horizonYears),
      aim: container.decode(DeltaHedge.Aim.self, forKey: .aim))
  }

  private enum CodingKeys: String, CodingKey { case underlying, band, lots, horizonYears, aim }

  /// The cheapest order that brings the delta into the band; none inside it.
  ///
  /// - Throws: `EngineError.unknownAsset` for a name that is not listed, or one of the underlying when the delta is
  ///   outside the band and no instrument has a quote.
  public func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder] {
    let delta = after.valuation[underlying].delta
    if band.contains(delta) { return [] }
    var instruments: [HedgeInstrument] = []
    for (id, lot) in lots.sorted(by: { $0.key < $1.key }) {
      guard let listing = view.catalog[id] else { throw .unknownAsset(id) }
      if listing.instrument.isTradable(in: view.market, as: id) {
        instruments.append(try HedgeInstrument(listing, lot: lot))
      }
    }
    guard !instruments.isEmpty else { throw .unknownAsset(underlying) }
    let hedge = try DeltaHedge(
      delta: delta, of: underlying, band: band, instruments: instruments, market: view.market,
      horizonYears: horizonYears, aim: aim)
    return hedge.order.map { [$0] } ?? []
  }
}

extension Instrument {
  /// Whether it has a quote, where it needs one, and has not expired.
  func isTradable(in market: MarketSnapshot, as id: AssetID) -> Bool {
    if let expiry, expiry <= market.time { return false }
    if case .spot = self { return true }
    return market.quotes[id] != nil
  }
}
