import KeelNumerics

// A pool that keeps the product of its reserves.
//
// With reserves x of the asset and y of cash, k = xy, the price is S = y/x. A swap of Δ in pays the fee φΔ and
// moves the rest along the curve. The value of all liquidity at price S is 2√(kS): short gamma, paid for by
// fees (H. Adams et al., "Uniswap v2 Core", 2020; G. Angeris et al., "An analysis of Uniswap markets",
// Cryptoeconomic Systems 1 (2021)).

/// A constant-product pool of an asset and cash.
public struct ConstantProductPool: Hashable, Sendable, Codable {
  /// The reserve of the asset, in units.
  public let assetReserve: Double

  /// The reserve of cash.
  public let cashReserve: Double

  /// The fee as a fraction of what is paid in: 0.003 is thirty basis points.
  public let feeFraction: Double

  /// What a swap does.
  public struct Swap: Hashable, Sendable {
    /// What is paid in, fee included: cash for a purchase, units of the asset for a sale.
    public let paid: Double

    /// What comes out: units of the asset for a purchase, cash for a sale.
    public let received: Double

    /// The average price in cash per unit, fee included.
    public let averagePrice: Double

    /// How much worse the average is than the price before, as a fraction, fee included: zero or more.
    public let costFraction: Double

    /// The pool afterwards; fees stay in its reserves.
    public let pool: ConstantProductPool
  }

  /// Creates a pool.
  ///
  /// - Parameters:
  ///   - assetReserve: The reserve of the asset, in units: positive.
  ///   - cashReserve: The reserve of cash: positive.
  ///   - feeFraction: The fee as a fraction of what is paid in, 0 to 0.5.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    assetReserve: Double,
    cashReserve: Double,
    feeFraction: Double
  ) throws(MarketsError) {
    try require(assetReserve, "assetReserve", in: .positive)
    try require(cashReserve, "cashReserve", in: .positive)
    try require(feeFraction, "feeFraction", in: 0...0.5)
    self.init(asset: assetReserve, cash: cashReserve, fee: feeFraction)
  }

  /// Decodes a pool and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      assetReserve: container.decode(Double.self, forKey: .assetReserve),
      cashReserve: container.decode(Double.self, forKey: .cashReserve),
      feeFraction: container.decode(Double.self, forKey: .feeFraction))
  }

  private enum CodingKeys: String, CodingKey { case assetReserve, cashReserve, feeFraction }

  private init(asset: Double, cash: Double, fee: Double) {
    assetReserve = asset
    cashReserve = cash
    feeFraction = fee
  }

  /// The price of the asset in cash, without fee.
  public var price: Double { cashReserve / assetReserve }

  /// Buys the asset for an amount of cash.
  ///
  /// - Parameter cash: What is paid in: positive, finite.
  /// - Returns: The swap.
  /// - Throws: `MarketsError.invalidValue`.
  public func buy(forCash cash: Double) throws(MarketsError) -> Swap {
    try require(cash, "cash", in: .positive)
    let moved = cash * (1 - feeFraction)
    let received = assetReserve * (moved / (cashReserve + moved))
    return Swap(
      paid: cash, received: received, averagePrice: cash / received,
      costFraction: cash / received / price - 1,
      pool: ConstantProductPool(
        asset: assetReserve - received, cash: cashReserve + cash, fee: feeFraction))
  }

  /// Sells an amount of the asset.
  ///
  /// - Parameter quantity: What is paid in, in units: positive, finite.
  /// - Returns: The swap.
  /// - Throws: `MarketsError.invalidValue`.
  public func sell(_ quantity: Double) throws(MarketsError) -> Swap {
    try require(quantity, "quantity", in: .positive)
    let moved = quantity * (1 - feeFraction)
    let received = cashReserve * (moved / (assetReserve + moved))
    return Swap(
      paid: quantity, received: received, averagePrice: received / quantity,
      costFraction: 1 - received / quantity / price,
      pool: ConstantProductPool(
        asset: assetReserve + quantity, cash: cashReserve - received, fee: feeFraction))
  }

  /// The cash that buys a quantity of the asset.
  ///
  /// - Parameter quantity: What is to come out, in units: positive.
  /// - Returns: The swap.
  /// - Throws: `MarketsError.invalidValue`, or `.notEnoughDepth` for the reserve or more.
  public func buy(_ quantity: Double) throws(MarketsError) -> Swap {
    try require(quantity, "quantity", in: .positive)
    guard quantity < assetReserve else {
      throw .notEnoughDepth(wanted: quantity, available: assetReserve)
    }
    let moved = cashReserve * (quantity / (assetReserve - quantity))
    return try buy(forCash: moved / (1 - feeFraction))
  }

  /// The position of a provider who owns a share of the pool's liquidity.
  ///
  /// - Parameter share: The share of the liquidity, 0 to 1.
  /// - Returns: The position.
  /// - Throws: `MarketsError.invalidValue`.
  public func position(share: Double) throws(MarketsError) -> PoolPosition {
    try require(share, "share", in: 0...1)
    return try PoolPosition(
      liquidity: share * (assetReserve * cashReserve).squareRoot(), lowerPrice: 0,
      upperPrice: .infinity)
  }
}
