public import KeelDerivatives

/// What one European option is bought and sold at.
public struct OptionQuote: Hashable, Sendable, Codable {
  /// The option.
  ///
  /// All quotes of one expiry carry the same time to expiry.
  public var option: EuropeanOption

  /// The best bid, in cash or in coin; nil without one.
  public var bid: Double?

  /// The best ask, in cash or in coin; nil without one.
  public var ask: Double?

  /// The number of options bid for; nil where it is not known.
  public var bidSize: Double?

  /// The number of options offered; nil where it is not known.
  public var askSize: Double?

  /// The age of the quote in seconds; nil where it is not known.
  public var age: Double?

  /// The price of the underlying when the quote was taken, in cash; nil where it is that of the chain.
  public var underlyingPrice: Double?

  /// Creates a quote; nothing is checked before it is cleaned.
  ///
  /// - Parameters:
  ///   - option: The option.
  ///   - bid: The best bid, in cash or in coin.
  ///   - ask: The best ask, in cash or in coin.
  ///   - bidSize: The number of options bid for.
  ///   - askSize: The number of options offered.
  ///   - age: The age of the quote in seconds.
  ///   - underlyingPrice: The price of the underlying when the quote was taken, in cash.
  public init(
    _ option: EuropeanOption,
    bid: Double?,
    ask: Double?,
    bidSize: Double? = nil,
    askSize: Double? = nil,
    age: Double? = nil,
    underlyingPrice: Double? = nil
  ) {
    self.option = option
    self.bid = bid
    self.ask = ask
    self.bidSize = bidSize
    self.askSize = askSize
    self.age = age
    self.underlyingPrice = underlyingPrice
  }
}
