/// The mark price of a perpetual beside the index that it follows.
public struct PerpetualQuote: Hashable, Sendable, Codable {
  /// The mark price, in cash.
  public var mark: Double

  /// The index price of the coin, in cash.
  public var index: Double

  /// Creates a quote.
  ///
  /// - Parameters:
  ///   - mark: The mark price, in cash: positive and finite.
  ///   - index: The index price, in cash: positive and finite.
  public init(mark: Double, index: Double) {
    self.mark = mark
    self.index = index
  }

  /// The premium as a fraction of the index, `(mark − index) / index`; NaN outside the domain.
  public var premium: Double {
    guard FuturesContract.isPrice(mark), FuturesContract.isPrice(index) else { return .nan }
    return (mark - index) / index
  }

  /// The premium index of an order book: how far its impact prices stand off the index.
  ///
  /// ```text
  /// P = (max(0, bid − index) − max(0, index − ask)) / index
  /// ```
  ///
  /// Zero while the index lies between both prices. Source: the funding pages of Binance, BitMEX
  /// and Hyperliquid, who take the average prices of a market order of a stated size.
  ///
  /// - Parameters:
  ///   - impactBid: The average price at which that size is sold, in cash: positive and finite.
  ///   - impactAsk: The average price at which it is bought, in cash: positive and finite.
  ///   - index: The index price, in cash: positive and finite.
  /// - Returns: The premium as a fraction of the index; NaN outside the domain.
  public static func premiumIndex(impactBid: Double, impactAsk: Double, index: Double) -> Double {
    guard FuturesContract.isPrice(impactBid), FuturesContract.isPrice(impactAsk),
      FuturesContract.isPrice(index)
    else { return .nan }
    return (max(0, impactBid - index) - max(0, index - impactAsk)) / index
  }
}
