/// The quotes of one expiry that a smile is fitted to.
public struct SmileQuotes: Hashable, Sendable, Codable {
  /// What an option out of the money is bought and sold at.
  public struct Quote: Hashable, Sendable, Codable {
    /// ln(K/F).
    public let logMoneyness: Double

    /// The annualized implied volatility of the bid; zero without a bid.
    public let bid: Double

    /// The annualized implied volatility of the ask; infinite without an ask.
    public let ask: Double

    /// The annualized implied volatility that a fit aims at, between bid and ask.
    public let middle: Double

    /// Creates a quote.
    ///
    /// - Parameters:
    ///   - logMoneyness: ln(K/F): finite.
    ///   - bid: The implied volatility of the bid: zero without a bid.
    ///   - ask: The implied volatility of the ask: infinite without an ask.
    ///   - middle: The implied volatility that a fit aims at: positive and finite; `nil` takes the mean of both.
    /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` unless bid ≤ middle ≤ ask and the
    ///   middle is positive and finite.
    public init(
      logMoneyness: Double,
      bid: Double,
      ask: Double,
      middle: Double? = nil
    ) throws(VolatilityError) {
      let middle = middle ?? (bid + ask) / 2
      try VolatilityError.require(
        logMoneyness, "logMoneyness", -.greatestFiniteMagnitude, .greatestFiniteMagnitude)
      try VolatilityError.require(bid, "bid", 0, .greatestFiniteMagnitude)
      try VolatilityError.require(ask, "ask", bid, .infinity)
      try VolatilityError.require(
        middle, "middle", max(bid, .leastNormalMagnitude), min(ask, .greatestFiniteMagnitude))
      (self.logMoneyness, self.bid, self.ask, self.middle) = (logMoneyness, bid, ask, middle)
    }
  }

  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// The forward price at expiry, in cash.
  public let forward: Double

  /// What one unit of cash at expiry is worth today.
  public let discountFactor: Double

  /// The quotes, by ascending log-moneyness, each once.
  public let quotes: [Quote]

  /// Creates the quotes of one expiry.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - forward: The forward price at expiry, in cash: positive and finite.
  ///   - discountFactor: What one unit of cash at expiry is worth today: positive and finite.
  ///   - quotes: The quotes in any order.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``;
  ///   ``VolatilityError/duplicateStrike(logMoneyness:)``.
  public init(
    timeToExpiry: Double,
    forward: Double,
    discountFactor: Double = 1,
    quotes: [Quote]
  ) throws(VolatilityError) {
    for (value, name) in [
      (timeToExpiry, "timeToExpiry"), (forward, "forward"), (discountFactor, "discountFactor"),
    ] {
      try VolatilityError.require(value, name, .leastNormalMagnitude, .greatestFiniteMagnitude)
    }
    let sorted = quotes.sorted { $0.logMoneyness < $1.logMoneyness }
    for (quote, next) in zip(sorted, sorted.dropFirst())
    where quote.logMoneyness == next.logMoneyness {
      throw .duplicateStrike(logMoneyness: quote.logMoneyness)
    }
    self.timeToExpiry = timeToExpiry
    self.forward = forward
    self.discountFactor = discountFactor
    self.quotes = sorted
  }
}

extension SmileQuotes {
  private enum CodingKeys: String, CodingKey {
    case timeToExpiry, forward, discountFactor, quotes
  }

  /// Decodes the quotes of one expiry, with the checks of the initializer.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or `VolatilityError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      forward: values.decode(Double.self, forKey: .forward),
      discountFactor: values.decode(Double.self, forKey: .discountFactor),
      quotes: values.decode([Quote].self, forKey: .quotes))
  }
}

extension SmileQuotes.Quote {
  private enum CodingKeys: String, CodingKey {
    case logMoneyness, bid, ask, middle
  }

  /// Decodes a quote, with the checks of the initializer.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or `VolatilityError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      logMoneyness: values.decode(Double.self, forKey: .logMoneyness),
      bid: values.decode(Double.self, forKey: .bid),
      ask: values.decode(CodedNumber.self, forKey: .ask).value,
      middle: values.decode(Double.self, forKey: .middle))
  }

  /// Encodes a quote; an ask that is infinite becomes text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(logMoneyness, forKey: .logMoneyness)
    try values.encode(bid, forKey: .bid)
    try values.encode(CodedNumber(ask), forKey: .ask)
    try values.encode(middle, forKey: .middle)
  }
}
