public import KeelDerivatives

/// How well a smile meets quotes.
public struct SmileResiduals: Hashable, Sendable, Codable {
  /// The root of the mean square of smile less middle, in volatility per root of a year.
  public let rootMeanSquare: Double

  /// The number of quotes whose bid and ask enclose the smile.
  public let insideCount: Int

  /// The position of the quote with the largest distance between smile and middle, in volatility.
  public let worstQuote: Int

  /// Smile less middle at this quote, in volatility per root of a year.
  public let worstResidual: Double

  /// Measures a smile.
  ///
  /// - Parameters:
  ///   - smile: The smile.
  ///   - quotes: The quotes.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` without quotes.
  public init(of smile: some VolatilitySmile, to quotes: SmileQuotes) throws(VolatilityError) {
    guard !quotes.quotes.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    var (squares, inside, worst, largest) = (0.0, 0, 0, 0.0)
    for (i, quote) in quotes.quotes.enumerated() {
      let volatility = smile.impliedVolatility(at: quote.logMoneyness)
      let residual = volatility - quote.middle
      squares += residual * residual
      if volatility >= quote.bid, volatility <= quote.ask { inside += 1 }
      if residual.magnitude > largest.magnitude || residual.isNaN {
        (worst, largest) = (i, residual)
      }
    }
    rootMeanSquare = (squares / Double(quotes.quotes.count)).squareRoot()
    (insideCount, worstQuote, worstResidual) = (inside, worst, largest)
  }
}
