public import KeelData
public import KeelDerivatives
import KeelMarkets
import KeelNumerics

// Options written again whenever the ones before have ended.
//
// Goals in order: never more written than covered, within the limits, the premium.
//
// Free cover is the share of units (calls) or cash (puts) that may be written against, less what is written already. Free
// cover of a lot or more is sold as `CoveredWriting` chooses. When trades of the asset have left more written than is
// covered, the excess is bought back, in the order of names, rounded up to lots.

/// Keeps options written against the units of an asset, or against cash, and buys back what is no longer covered.
public struct CoveredWritingRule: HedgingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The asset that the options are written on.
  public let underlying: AssetID

  /// Calls, covered by units, or puts, covered by cash.
  public let kind: EuropeanOption.Kind

  /// How far out of the money an option is sold.
  public let aim: CoveredWriting.Aim

  /// The lot of the options, in contracts.
  public let lot: Amount

  /// What a host may choose.
  public let settings: Settings

  /// What a host may choose.
  public struct Settings: Hashable, Sendable, Codable {
    /// The share of the cover that is written against, 0 to 1.
    public var coverShare = 1.0

    /// The shortest life of an option that is sold, in years.
    public var shortestLife = 0.0

    /// The longest life of an option that is sold, in years; nil for any.
    public var longestLife: Double?

    /// The largest gamma of all that is written, in units of the asset per cash; nil for none.
    public var largestGamma: Double?

    /// The largest vega of all that is written, in cash per unit of volatility; nil for none.
    public var largestVega: Double?

    /// The largest maintenance margin of all that is written, in cash; nil for none.
    public var largestMargin: Double?

    /// Creates the usual settings.
    public init() {}
  }

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - underlying: The asset that the options are written on.
  ///   - kind: Calls, covered by units, or puts, covered by cash.
  ///   - aim: How far out of the money an option is sold.
  ///   - lot: The lot of the options, in contracts: positive.
  ///   - settings: What a host may choose.
  /// - Throws: `EngineError.invalidValue` or `.negativeAmount`.
  public init(
    underlying: AssetID,
    _ kind: EuropeanOption.Kind,
    aim: CoveredWriting.Aim,
    lot: Amount,
    settings: Settings = Settings()
  ) throws(EngineError) {
    guard !lot.isNegative, !lot.isZero else {
      throw .negativeAmount(argument: "lot", asset: underlying, got: lot)
    }
    switch aim {
    case .delta(let most), .probability(let most): try requireNumber(most, "aim", 0...0.5)
    }
    try requireNumber(settings.coverShare, "coverShare", 0...1)
    try requireNumber(settings.shortestLife, "shortestLife", .nonnegative)
    for (value, name) in [
      (settings.longestLife, "longestLife"), (settings.largestGamma, "largestGamma"),
      (settings.largestVega, "largestVega"), (settings.largestMargin, "largestMargin"),
    ] {
      if let value { try requireNumber(value, name, .nonnegative) }
    }
    self.underlying = underlying
    self.kind = kind
    self.aim = aim
    self.lot = lot
    self.settings = settings
  }

  /// Decodes a rule and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      underlying: container.decode(AssetID.self, forKey: .underlying),
      container.decode(EuropeanOption.Kind.self, forKey: .kind),
      aim: container.decode(CoveredWriting.Aim.self, forKey: .aim),
      lot: container.decode(Amount.self, forKey: .lot),
      settings: container.decode(Settings.self, forKey: .settings))
  }

  private enum CodingKeys: String, CodingKey { case underlying, kind, aim, lot, settings }

  /// Sells against free cover, or buys back what is not covered.
  ///
  /// - Throws: `EngineError.amountOverflow`.
  public func orders(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder] {
    let covering = kind == .call ? underlying : after.account.cash
    let cover = max(after.account.holdings[covering]?.doubleValue ?? 0, 0)
    let written = written(after, view)
    let used = written.reduce(0) { $0 + $1.cover }
    if used > cover { return try buyBack(used - cover, of: written, view) }
    let free = settings.coverShare * cover - used
    let options = try offered(view)
    guard free > 0, !options.isEmpty else { return [] }
    var limits = CoveredWriting.Limits()
    func rest(_ limit: Double?, _ part: KeyPath<Written, Double>) -> Double {
      limit.map { max($0 - written.reduce(0) { $0 + $1[keyPath: part] }, 0) } ?? .infinity
    }
    limits.gamma = rest(settings.largestGamma, \.gamma)
    limits.vega = rest(settings.largestVega, \.vega)
    limits.margin = rest(settings.largestMargin, \.margin)
    let surface = try? QuotedSurface(of: underlying, in: view.market, listed: view.catalog)
    let writing = try CoveredWriting(
      kind, cover: free, options: options, market: view.market, surface: surface, aim: aim,
      limits: limits)
    return writing.order.map { [$0] } ?? []
  }

  /// An option that is short now.
  private struct Written {
    let id: AssetID
    let contracts: Double
    let coverPerContract: Double
    let gamma: Double
    let vega: Double
    let margin: Double

    var cover: Double { contracts * coverPerContract }
  }

  private func option(_ id: AssetID, _ view: DecisionView) -> ListedOption? {
    guard case .option(let option)? = view.catalog[id]?.instrument, option.kind == kind,
      option.underlying == underlying
    else { return nil }
    return option
  }

  private func written(_ after: PlannedAccount, _ view: DecisionView) -> [Written] {
    zip(after.account.positions, after.valuation.positions).compactMap { position, exposure in
      guard position.quantity.isNegative, let option = option(position.id, view) else { return nil }
      return Written(
        id: position.id, contracts: -position.quantity.doubleValue,
        coverPerContract: option.size * (kind == .call ? 1 : option.strike),
        gamma: -exposure.gamma, vega: -exposure.vega.perUnitVolatility, margin: exposure.margin)
    }
  }

  /// The quoted options whose life is as wanted.
  private func offered(_ view: DecisionView) throws(EngineError) -> [HedgeInstrument] {
    var found: [HedgeInstrument] = []
    for id in view.market.quotes.keys.sorted() {
      guard let option = option(id, view), let listing = view.catalog[id] else { continue }
      let life = option.expiry.years(since: view.market.time)
      if life > 0, life >= settings.shortestLife, life <= settings.longestLife ?? .infinity {
        found.append(try HedgeInstrument(listing, lot: lot))
      }
    }
    return found
  }

  private func buyBack(
    _ excess: Double,
    of written: [Written],
    _ view: DecisionView
  ) throws(EngineError) -> [ContractOrder] {
    var excess = excess
    var orders: [ContractOrder] = []
    for option in written where excess > 0 {
      guard let listing = view.catalog[option.id] else { throw .unknownAsset(option.id) }
      let instrument = try HedgeInstrument(listing, lot: lot)
      let wanted = min(excess / option.coverPerContract, option.contracts)
      var contracts = try instrument.lots(in: wanted)
      if contracts.doubleValue < wanted {
        contracts = try instrument.oneLotMore(than: contracts, isBuy: true)
      }
      excess -= contracts.doubleValue * option.coverPerContract
      let unit = try instrument.unit(in: view.market)
      orders.append(instrument.order(contracts, unitNotional: unit.notional))
    }
    return orders
  }
}
