public import KeelData
public import KeelDerivatives
import KeelNumerics

/// What an account can hold, one unit of it.
///
/// Cash is an asset like others, with price one. All values are in cash.
public enum Instrument: Hashable, Sendable, Codable {
  /// One unit of an asset itself.
  case spot(asset: AssetID)

  /// One dated contract.
  case future(FuturesContract, underlying: AssetID, expiry: Timestamp, margin: MaintenanceTiers)

  /// One contract without expiry.
  case perpetual(FuturesContract, underlying: AssetID, margin: MaintenanceTiers)

  /// One listed option contract.
  case option(ListedOption)

  /// One unit of liquidity of a constant-product or concentrated pool between two prices; `upperPrice` is nil
  /// for the whole line.
  case pool(asset: AssetID, lowerPrice: Double, upperPrice: Double?, feeFraction: Double)

  /// One unit lent to a money market, interest by index; `liquidationThreshold` is the share of its value that
  /// counts against loans of the same protocol, zero when it is not collateral.
  case deposit(asset: AssetID, liquidationThreshold: Double)

  /// One unit owed to a money market, interest by index.
  case loan(asset: AssetID)

  /// One unit of an asset at maturity: the principal of a yield-bearing asset that is split.
  case principalToken(asset: AssetID, maturity: Timestamp)

  /// The yield of one unit of an asset until maturity, from the index at which the position was entered.
  case yieldToken(asset: AssetID, maturity: Timestamp)

  /// The asset whose price moves the value.
  public var underlying: AssetID {
    switch self {
    case .spot(let asset), .deposit(let asset, _), .loan(let asset), .pool(let asset, _, _, _),
      .principalToken(let asset, _), .yieldToken(let asset, _):
      asset
    case .future(_, let asset, _, _), .perpetual(_, let asset, _): asset
    case .option(let option): option.underlying
    }
  }

  /// When it ends; nil for what does not.
  public var expiry: Timestamp? {
    switch self {
    case .future(_, _, let expiry, _): expiry
    case .option(let option): option.expiry
    case .principalToken(_, let maturity), .yieldToken(_, let maturity): maturity
    default: nil
    }
  }

  /// What pays at the end, or when a position is closed.
  public var settlement: FuturesContract.Settlement {
    switch self {
    case .future(let contract, _, _, _), .perpetual(let contract, _, _): contract.settlement
    case .option(let option): option.isCoinSettled ? .inverse : .linear
    default: .linear
    }
  }

  /// Whether a position is held by margin, so that opening it costs fees only.
  public var isMargined: Bool {
    switch self {
    case .future, .perpetual: true
    default: false
    }
  }
}

/// A European option as a venue lists it.
public struct ListedOption: Hashable, Sendable, Codable {
  /// The right that the holder has.
  public let kind: EuropeanOption.Kind

  /// The strike, in cash.
  public let strike: Double

  /// When it expires.
  public let expiry: Timestamp

  /// The asset that it is written on.
  public let underlying: AssetID

  /// Whether premium and payoff are paid in the coin; in cash otherwise.
  public let isCoinSettled: Bool

  /// The units of the underlying in one contract.
  public let size: Double

  /// The maintenance margin of a short contract over the value of its underlying, beside the option's own value.
  public let shortMarginRate: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: The right that the holder has.
  ///   - strike: The strike, in cash: positive, finite.
  ///   - expiry: When it expires.
  ///   - underlying: The asset that it is written on.
  ///   - settings: Settlement, size and margin.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    _ kind: EuropeanOption.Kind,
    strike: Double,
    expiry: Timestamp,
    underlying: AssetID,
    settings: Settings
  ) throws(MarketsError) {
    try require(strike, "strike", in: .positive)
    try require(settings.size, "size", in: .positive)
    try require(settings.shortMarginRate, "shortMarginRate", in: 0...1)
    self.kind = kind
    self.strike = strike
    self.expiry = expiry
    self.underlying = underlying
    isCoinSettled = settings.isCoinSettled
    size = settings.size
    shortMarginRate = settings.shortMarginRate
  }

  /// What venues differ in.
  public struct Settings: Hashable, Sendable, Codable {
    /// Whether premium and payoff are paid in the coin; in cash otherwise.
    public var isCoinSettled = false

    /// The units of the underlying in one contract.
    public var size = 1.0

    /// The maintenance margin of a short contract over the value of its underlying, beside the option's own
    /// value: 0.075 on Deribit for bitcoin.
    public var shortMarginRate = 0.075

    /// Creates the usual settings.
    public init() {}
  }

  /// Decodes an option and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    var settings = Settings()
    settings.isCoinSettled = try container.decode(Bool.self, forKey: .isCoinSettled)
    settings.size = try container.decode(Double.self, forKey: .size)
    settings.shortMarginRate = try container.decode(Double.self, forKey: .shortMarginRate)
    try self.init(
      container.decode(EuropeanOption.Kind.self, forKey: .kind),
      strike: container.decode(Double.self, forKey: .strike),
      expiry: container.decode(Timestamp.self, forKey: .expiry),
      underlying: container.decode(AssetID.self, forKey: .underlying), settings: settings)
  }

  private enum CodingKeys: String, CodingKey {
    case kind, strike, expiry, underlying, isCoinSettled, size, shortMarginRate
  }

  /// The option as a model prices it at a time; expired from its expiry on.
  ///
  /// - Parameter time: The time of the valuation.
  /// - Returns: The option with its time to expiry in years.
  public func option(at time: Timestamp) -> EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: max(expiry.years(since: time), 0))
  }
}
