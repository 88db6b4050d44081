public import KeelDerivatives

/// How well a smile meets the quotes of one expiry.
public struct FitQuality: Hashable, Sendable, Codable {
  /// The quote that a smile misses by most.
  public struct Miss: Hashable, Sendable, Codable {
    /// ln(K/F).
    public let logMoneyness: Double

    /// The volatility of the smile less that of the middle.
    public let deviation: Double

    /// The deviation over half the distance of bid and ask; infinite where they are the same.
    public let halfSpreads: Double
  }

  /// The time to expiry in years.
  public let timeToExpiry: Double

  /// The number of quotes with a bid and an ask.
  public let quoteCount: Int

  /// The number of these where the smile is inside bid and ask, both ends included.
  public let insideCount: Int

  /// The root mean square of the deviations from the middles, in annualized volatility.
  public let rootMeanSquare: Double

  /// The quote missed by most half spreads; nil without a quote.
  public let worst: Miss?

  /// Compares a smile with quotes.
  ///
  /// - Parameters:
  ///   - smile: The smile.
  ///   - quotes: The quotes; only those with a bid and an ask count.
  public init(of smile: some VolatilitySmile, quotes: SmileQuotes) {
    var (count, inside, squares) = (0, 0, 0.0)
    var worst: Miss?
    for quote in quotes.quotes where quote.bid > 0 && quote.ask.isFinite {
      let volatility = smile.impliedVolatility(at: quote.logMoneyness)
      let deviation = volatility - quote.middle
      count += 1
      squares += deviation * deviation
      if volatility >= quote.bid, volatility <= quote.ask { inside += 1 }
      let half = (quote.ask - quote.bid) / 2
      let halfSpreads = deviation == 0 ? 0 : deviation.magnitude / half
      // A quote where the smile is not defined is the worst there can be.
      if worst?.halfSpreads.isNaN != true, !(halfSpreads <= worst?.halfSpreads ?? -1) {
        worst = Miss(
          logMoneyness: quote.logMoneyness, deviation: deviation, halfSpreads: halfSpreads)
      }
    }
    timeToExpiry = quotes.timeToExpiry
    (quoteCount, insideCount, self.worst) = (count, inside, worst)
    rootMeanSquare = count > 0 ? (squares / Double(count)).squareRoot() : 0
  }
}

extension FitQuality.Miss {
  private enum CodingKeys: String, CodingKey {
    case logMoneyness, deviation, halfSpreads
  }

  /// Decodes a miss.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    logMoneyness = try values.decode(Double.self, forKey: .logMoneyness)
    deviation = try values.decode(CodedNumber.self, forKey: .deviation).value
    halfSpreads = try values.decode(CodedNumber.self, forKey: .halfSpreads).value
  }

  /// Encodes a miss; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(logMoneyness, forKey: .logMoneyness)
    try values.encode(CodedNumber(deviation), forKey: .deviation)
    try values.encode(CodedNumber(halfSpreads), forKey: .halfSpreads)
  }
}
