public import KeelData

/// What a trade costs.
public struct RebalancingCosts: Hashable, Sendable, Codable {
  /// The fee as a fraction of the traded value: 0.001 is ten basis points.
  public let feeFraction: Double

  /// The slippage as a fraction of the traded value: how much worse than the price a fill is.
  public let slippageFraction: Double

  /// The fixed cost of a trade, in cash.
  public let gasPerTrade: Amount

  /// Creates costs.
  ///
  /// - Parameters:
  ///   - feeFraction: The fee as a fraction of the traded value, 0 to 1.
  ///   - slippageFraction: The slippage as a fraction of the traded value; with the fee below one.
  ///   - gasPerTrade: The fixed cost of a trade, in cash with the cash asset's decimals; not
  ///     negative.
  /// - Throws: `EngineError.invalidValue` or `.negativeAmount`.
  public init(
    feeFraction: Double,
    slippageFraction: Double,
    gasPerTrade: Amount
  ) throws(EngineError) {
    try requireFraction(feeFraction, "feeFraction", highest: Self.highest)
    try requireFraction(slippageFraction, "slippageFraction", highest: Self.highest - feeFraction)
    guard !gasPerTrade.isNegative else {
      throw .negativeAmount(argument: "gasPerTrade", asset: nil, got: gasPerTrade)
    }
    self.feeFraction = feeFraction
    self.slippageFraction = slippageFraction
    self.gasPerTrade = gasPerTrade
  }

  /// A sale must leave something.
  private static let highest = 0.99
}

/// What a venue demands of orders in one asset.
public struct VenueRules: Hashable, Sendable, Codable {
  /// The lot, positive and with the asset's decimals: a quantity is a whole number of lots.
  public let lot: Amount

  /// The least value of a trade, in cash with the cash asset's decimals.
  public let minimumTradeValue: Amount

  /// Creates rules.
  ///
  /// - Parameters:
  ///   - lot: The lot, with the asset's decimals: positive.
  ///   - minimumTradeValue: The least value of a trade, in cash: not negative.
  /// - Throws: `EngineError.negativeAmount`, also for a lot of zero.
  public init(lot: Amount, minimumTradeValue: Amount) throws(EngineError) {
    guard lot.baseUnits > 0 else {
      throw .negativeAmount(argument: "lot", asset: nil, got: lot)
    }
    guard !minimumTradeValue.isNegative else {
      throw .negativeAmount(argument: "minimumTradeValue", asset: nil, got: minimumTradeValue)
    }
    self.lot = lot
    self.minimumTradeValue = minimumTradeValue
  }
}
