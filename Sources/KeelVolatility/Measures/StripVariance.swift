import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The variance of one expiry by the published formula of exchanges: a sum over the strikes that are quoted.
///
/// ```text
/// V = (2/T) Σ ΔK/K² e^(rT) Q(K) − (1/T) (F/K₀ − 1)²
/// ```
///
/// Q is the middle of bid and ask of the option out of the money, at K₀ the mean of call and put; ΔK is half the distance of
/// the neighbors, at an end the distance to the only one. What lies beyond the last strikes is not counted, so that
/// the sum is mostly below `fairVariance` of a smile. Source: Cboe, "The CBOE Volatility Index - VIX" (2009).
public struct StripVariance: Hashable, Sendable, Codable {
  /// The variance with its time.
  public let level: VarianceLevel

  /// The forward F.
  public let forward: Double

  /// The highest strike K₀ not above the forward.
  public let centralStrike: Double

  /// The number of strikes in the sum.
  public let strikeCount: Int

  /// Sums a chain by the rules of the exchange.
  ///
  /// The forward is `K + e^(rT)(C − P)` at the strike where call and put, both with a bid, are nearest each other, the
  /// lowest of several. From K₀ outwards options without a bid are left out, and all beyond two of them in a row. K₀ has
  /// bids for both.
  ///
  /// - Parameters:
  ///   - chain: The options of one expiry, in cash, each once. A quote without a bid, with a bid of zero or without an ask
  ///     counts as one without a bid.
  ///   - rate: The interest rate until expiry, continuously compounded per year.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a number that is not finite, a strike or
  ///   time that is not positive, a negative or crossed quote, or two expiries;
  ///   ``VolatilityError/duplicateStrike(logMoneyness:)`` for an option twice, with ln(K) because there is no forward yet;
  ///   ``VolatilityError/tooFewQuotes(got:required:)`` with fewer than two strikes to sum or none with both bids.
  public init(_ chain: [OptionQuote], rate: Double) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(rate, "rate", -largest, largest)
    let time = chain.first?.option.timeToExpiry ?? 1
    try VolatilityError.require(time, "timeToExpiry", .leastNormalMagnitude, largest)
    let calls = try Self.middles(chain, .call, time)
    let puts = try Self.middles(chain, .put, time)
    let growth = exp(rate * time)
    try VolatilityError.require(growth, "exp(rate · timeToExpiry)", .leastNormalMagnitude, largest)
    let byStrike = Dictionary(uniqueKeysWithValues: puts.map { ($0.strike, $0.price) })
    let pairs = calls.compactMap { call -> (strike: Double, call: Double, put: Double)? in
      guard let price = call.price, let put = byStrike[call.strike] ?? nil else { return nil }
      return (call.strike, price, put)
    }
    let nearest = pairs.min { ($0.call - $0.put).magnitude < ($1.call - $1.put).magnitude }
    guard let nearest else { throw .tooFewQuotes(got: 0, required: 1) }
    let forward = nearest.strike + growth * (nearest.call - nearest.put)
    guard let central = pairs.last(where: { $0.strike <= forward }) else {
      throw .tooFewQuotes(got: 0, required: 1)
    }
    let below = Self.outwards(puts.reversed().filter { $0.strike < central.strike })
    let above = Self.outwards(calls.filter { $0.strike > central.strike })
    let middle = (central.strike, growth * (central.call / 2 + central.put / 2))
    let terms =
      below.reversed().map { ($0.0, growth * $0.1) } + [middle]
      + above.map { ($0.0, growth * $0.1) }
    try self.init(terms, forward, central.strike, time)
  }

  /// Sums the quotes of a cleaned chain, in cash or in coin.
  ///
  /// The price of an option is the middle of its prices at bid and ask; quotes without one of them are left out. The call
  /// at K₀ follows from the put by parity.
  ///
  /// - Parameter quotes: The quotes of one expiry.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` with fewer than two strikes or none below the forward.
  public init(_ quotes: SmileQuotes) throws(VolatilityError) {
    let root = quotes.timeToExpiry.squareRoot()
    let terms = quotes.quotes.filter { $0.bid > 0 && $0.ask.isFinite }.map { quote in
      let strike = quotes.forward * exp(quote.logMoneyness)
      func price(_ volatility: Double) -> Double {
        Black.price(
          quote.logMoneyness > 0 ? .call : .put, forward: quotes.forward, strike: strike,
          totalVolatility: volatility * root)
      }
      return (strike: strike, price: price(quote.bid) / 2 + price(quote.ask) / 2)
    }
    guard let central = terms.lastIndex(where: { $0.strike <= quotes.forward }) else {
      throw .tooFewQuotes(got: 0, required: 1)
    }
    var strip = terms.map { ($0.strike, $0.price) }
    strip[central].1 += (quotes.forward - strip[central].0) / 2
    try self.init(strip, quotes.forward, strip[central].0, quotes.timeToExpiry)
  }

  /// The sum, of strikes in order with undiscounted prices.
  private init(
    _ terms: [(strike: Double, price: Double)],
    _ forward: Double,
    _ central: Double,
    _ time: Double
  ) throws(VolatilityError) {
    guard terms.count > 1 else { throw .tooFewQuotes(got: terms.count, required: 2) }
    var sum = 0.0
    for (i, term) in terms.enumerated() {
      let (low, high) = (max(i - 1, 0), min(i + 1, terms.count - 1))
      let width = (terms[high].strike - terms[low].strike) / Double(high - low)
      sum += width / term.strike * (term.price / term.strike)
    }
    let offset = forward / central - 1
    level = try VarianceLevel(
      timeToExpiry: time, variance: (2 * sum - offset * offset) / time)
    (self.forward, centralStrike, strikeCount) = (forward, central, terms.count)
  }

  /// The middles of one kind by ascending strike, nil without a bid.
  private static func middles(
    _ chain: [OptionQuote],
    _ kind: EuropeanOption.Kind,
    _ time: Double
  ) throws(VolatilityError) -> [(strike: Double, price: Double?)] {
    let largest = Double.greatestFiniteMagnitude
    var middles: [(strike: Double, price: Double?)] = []
    for quote in chain where quote.option.kind == kind {
      try VolatilityError.require(quote.option.timeToExpiry, "timeToExpiry", time, time)
      try VolatilityError.require(quote.option.strike, "strike", .leastNormalMagnitude, largest)
      let bid = quote.bid ?? 0
      try VolatilityError.require(bid, "bid", 0, largest)
      if let ask = quote.ask { try VolatilityError.require(ask, "ask", bid, largest) }
      let price = bid > 0 ? quote.ask.map { bid / 2 + $0 / 2 } : nil
      middles.append((quote.option.strike, price))
    }
    middles.sort { $0.strike < $1.strike }
    for (quote, next) in zip(middles, middles.dropFirst()) where quote.strike == next.strike {
      throw .duplicateStrike(logMoneyness: log(quote.strike))
    }
    return middles
  }

  /// The quotes with a bid, up to two without one in a row.
  private static func outwards(
    _ quotes: [(strike: Double, price: Double?)]
  ) -> [(strike: Double, price: Double)] {
    var (kept, missing): ([(strike: Double, price: Double)], Int) = ([], 0)
    for quote in quotes {
      guard let price = quote.price else {
        missing += 1
        if missing == 2 { break }
        continue
      }
      missing = 0
      kept.append((quote.strike, price))
    }
    return kept
  }
}
