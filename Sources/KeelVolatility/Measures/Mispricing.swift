public import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What a venue charges for a trade of one option.
public struct OptionFee: Hashable, Sendable, Codable {
  /// The fee as a fraction of the forward.
  public var forwardFraction: Double

  /// The largest fee as a fraction of the price of the option; infinite without such a limit.
  public var largestPriceFraction: Double

  /// No fee.
  public static let none = OptionFee(forwardFraction: 0)

  /// Creates a fee.
  ///
  /// - Parameters:
  ///   - forwardFraction: The fee as a fraction of the forward: not negative.
  ///   - largestPriceFraction: The largest fee as a fraction of the price: not negative.
  public init(forwardFraction: Double, largestPriceFraction: Double = .infinity) {
    self.forwardFraction = forwardFraction
    self.largestPriceFraction = largestPriceFraction
  }

  func cash(forward: Double, price: Double) -> Double {
    let limit = largestPriceFraction < .infinity ? largestPriceFraction * price : .infinity
    return min(forwardFraction * forward, limit)
  }
}

extension OptionFee {
  private enum CodingKeys: String, CodingKey { case forwardFraction, largestPriceFraction }

  /// Decodes a fee.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    forwardFraction = try values.decode(Double.self, forKey: .forwardFraction)
    largestPriceFraction = try values.decode(CodedNumber.self, forKey: .largestPriceFraction).value
  }

  /// Encodes a fee; an infinite limit becomes text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(forwardFraction, forKey: .forwardFraction)
    try values.encode(CodedNumber(largestPriceFraction), forKey: .largestPriceFraction)
  }
}

/// Which quotes a surface calls wrong, and what is left of it after bid, ask and fees.
///
/// A smile that follows the quotes hides what a smile of few parameters shows: the scores say how far a quote is from the
/// other ones, not what an option is worth.
public struct Mispricing: Hashable, Sendable, Codable {
  /// One quote against the surface.
  public struct Score: Hashable, Sendable, Codable {
    /// The option out of the money that is quoted, strike in cash.
    public let option: EuropeanOption

    /// The forward of its expiry, in cash.
    public let forward: Double

    /// What one unit of cash at expiry is worth today.
    public let discountFactor: Double

    /// ln(K/F).
    public let logMoneyness: Double

    /// The volatility of the surface.
    public let fit: Double

    /// The volatility of the bid.
    public let bid: Double

    /// The volatility of the middle.
    public let middle: Double

    /// The volatility of the ask.
    public let ask: Double

    /// The price at the volatility of the surface, in cash today.
    public let fitPrice: Double

    /// The price of the bid, in cash today.
    public let bidPrice: Double

    /// The price of the ask, in cash today.
    public let askPrice: Double

    /// The middle of both prices less that of the surface, in cash today.
    public let priceDeviation: Double

    /// What buying at the ask earns against the surface after the fee, in cash today.
    public let edgeOfBuying: Double

    /// What selling at the bid earns against the surface after the fee, in cash today.
    public let edgeOfSelling: Double

    /// The deviation less the median of all, over their scale: 1.48 medians of the magnitudes; the largest number where
    /// most others are the same.
    public fileprivate(set) var robustScore: Double

    /// The volatility of the middle less that of the surface: positive where the option is dear.
    public var deviation: Double { middle - fit }

    /// The deviation over half the distance of bid and ask; infinite where they are the same.
    public var halfSpreads: Double { deviation == 0 ? 0 : deviation / ((ask - bid) / 2) }

    /// Whether the surface is outside bid and ask.
    public var isOutside: Bool { fit < bid || fit > ask }

    /// The better of buying and selling, negative where neither pays.
    public var edge: Double { max(edgeOfBuying, edgeOfSelling) }
  }

  /// The scores by descending edge; equal ones by time, then by log-moneyness.
  public let scores: [Score]

  /// The median deviation of volatility.
  public let center: Double

  /// The scale of the deviations about the median: the standard deviation of a normal law.
  public let scale: Double

  /// Scores quotes.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of expiries; only those with a bid and an ask count.
  ///   - surface: What they are held against.
  ///   - fee: What a trade costs beyond the spread.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` without a quote of both sides;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a fee, for prices beyond the range of numbers or,
  ///   with the argument `surface`, where the surface is not defined.
  /// - Complexity: O(n log n) for n quotes.
  public init(
    of quotes: [SmileQuotes],
    against surface: some VolatilitySurface,
    fee: OptionFee
  ) throws(VolatilityError) {
    try VolatilityError.require(
      fee.forwardFraction, "forwardFraction", 0, .greatestFiniteMagnitude)
    try VolatilityError.require(fee.largestPriceFraction, "largestPriceFraction", 0, .infinity)
    var scores: [Score] = []
    for expiry in quotes {
      for quote in expiry.quotes where quote.bid > 0 && quote.ask.isFinite {
        let fit = surface.impliedVolatility(
          at: quote.logMoneyness, timeToExpiry: expiry.timeToExpiry)
        try VolatilityError.require(fit, "surface", 0, .greatestFiniteMagnitude)
        let score = Score(quote, expiry, fit, fee)
        let edges = score.edgeOfBuying + score.edgeOfSelling
        try VolatilityError.require(
          edges, "edge", -.greatestFiniteMagnitude, .greatestFiniteMagnitude)
        scores.append(score)
      }
    }
    guard !scores.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    let center = Self.median(scores.map(\.deviation))
    let scale = Self.normalScale * Self.median(scores.map { ($0.deviation - center).magnitude })
    for index in scores.indices {
      let distance = scores[index].deviation - center
      let largest = Double.greatestFiniteMagnitude
      scores[index].robustScore = distance == 0 ? 0 : min(max(distance / scale, -largest), largest)
    }
    scores.sort {
      if $0.edge != $1.edge { return $0.edge > $1.edge }
      let times = ($0.option.timeToExpiry, $1.option.timeToExpiry)
      return times.0 != times.1 ? times.0 < times.1 : $0.logMoneyness < $1.logMoneyness
    }
    (self.scores, self.center, self.scale) = (scores, center, scale)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2
  }

  /// The standard deviation of a normal law over the median of the magnitude: 1/Φ⁻¹(¾).
  private static let normalScale = 1.482602218505602
}

extension Mispricing.Score {
  fileprivate init(
    _ quote: SmileQuotes.Quote,
    _ expiry: SmileQuotes,
    _ fit: Double,
    _ fee: OptionFee
  ) {
    let kind: EuropeanOption.Kind = quote.logMoneyness > 0 ? .call : .put
    let strike = expiry.forward * exp(quote.logMoneyness)
    let root = expiry.timeToExpiry.squareRoot()
    func price(_ volatility: Double) -> Double {
      expiry.discountFactor
        * Black.price(
          kind, forward: expiry.forward, strike: strike, totalVolatility: volatility * root)
    }
    option = EuropeanOption(kind: kind, strike: strike, timeToExpiry: expiry.timeToExpiry)
    (forward, discountFactor) = (expiry.forward, expiry.discountFactor)
    logMoneyness = quote.logMoneyness
    self.fit = fit
    (bid, middle, ask) = (quote.bid, quote.middle, quote.ask)
    (bidPrice, fitPrice, askPrice) = (price(bid), price(fit), price(ask))
    priceDeviation = bidPrice / 2 + askPrice / 2 - fitPrice
    edgeOfBuying = fitPrice - askPrice - fee.cash(forward: forward, price: askPrice)
    edgeOfSelling = bidPrice - fitPrice - fee.cash(forward: forward, price: bidPrice)
    robustScore = 0
  }
}
