import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Chains of one moment become quotes of smiles; what is left out says why.
@Suite struct QuoteCleaningTests {
  private struct Table: Decodable {
    struct Chain: Decodable {
      let premium: CleanedQuotes.Premium
      let time: Double
      let spot: Double
      let rate: Double?
      let quotes: [[Double]]
      let fit: [Double]
    }

    let parity: [Chain]
  }

  /// A chain without noise at 60 % volatility, half spreads of `half`.
  private func chain(
    forward: Double, discount: Double, time: Double, half: Double, unit: Double = 1,
    strikes: [Double] = Array(stride(from: 60, through: 160, by: 5))
  ) -> [OptionQuote] {
    let model = Black76(forward: forward, volatility: 0.6, rate: 0)
    return strikes.flatMap { strike in
      [EuropeanOption.Kind.call, .put].map { kind in
        let option = EuropeanOption(kind: kind, strike: strike, timeToExpiry: time)
        let value = discount * model.price(of: option)
        return OptionQuote(option, bid: (value - half) / unit, ask: (value + half) / unit)
      }
    }
  }

  @Test func parityMatchesTheReference() throws {
    for (number, chain) in try Reference.load(Table.self, "surfaces").parity.enumerated() {
      let quotes = chain.quotes.flatMap { row in
        [EuropeanOption.Kind.call, .put].enumerated().map { place, kind in
          OptionQuote(
            EuropeanOption(kind: kind, strike: row[0], timeToExpiry: chain.time),
            bid: row[1 + 2 * place], ask: row[2 + 2 * place])
        }
      }
      var settings = CleanedQuotes.Settings()
      settings.rate = chain.rate
      let cleaned = try CleanedQuotes(
        quotes, premium: chain.premium, spot: chain.spot, settings: settings)
      let fit = try #require(cleaned.parity.first)
      expectClose(fit.forward, chain.fit[0], relative: 1e-10, "\(number)")
      expectClose(fit.discountFactor, chain.fit[1], relative: 1e-10, "\(number)")
      expectClose(fit.forwardError, chain.fit[2], relative: 1e-7, "\(number)")
      expectClose(fit.discountError, chain.fit[3], relative: 1e-7, "\(number)")
      #expect(Double(fit.usedPairCount) == chain.fit[4] && fit.pairCount == chain.quotes.count)
    }
  }

  @Test(arguments: [CleanedQuotes.Premium.cash, .coin], [nil, 0.03] as [Double?])
  func findsThePlantedForwardAndVolatility(premium: CleanedQuotes.Premium, rate: Double?) throws {
    let (spot, forward, time) = (100.0, 104.0, 0.5)
    let growth = exp(-0.03 * time)
    let discount = premium == .coin ? growth * spot / forward : growth
    var quotes = chain(
      forward: forward, discount: discount, time: time, half: 0.05,
      unit: premium == .coin ? spot : 1)
    // Nine of 21 pairs are wrong by up to 40 % of the spot.
    for strike in 0..<9 {
      let index = 4 * strike
      let jump = Double(5 + 4 * strike) * (premium == .coin ? 0.01 : 1)
      quotes[index].bid? += jump
      quotes[index].ask? += jump
    }
    var settings = CleanedQuotes.Settings()
    settings.rate = rate
    let cleaned = try CleanedQuotes(quotes, premium: premium, spot: spot, settings: settings)
    let fit = try #require(cleaned.parity.first)
    expectClose(fit.forward, forward, relative: 1e-12)
    expectClose(fit.discountFactor, discount, relative: 1e-12)
    #expect(fit.pairCount == 21 && fit.usedPairCount == 12)
    #expect(fit.forwardError < 1e-9)
    let smile = try #require(cleaned.smiles.first)
    #expect(smile.quotes.allSatisfy { $0.bid < 0.6 && 0.6 < $0.ask })
    // Of each strike one is kept, but both are left out where the pair is wrong.
    let outside = cleaned.dropped.filter {
      if case .outsideParity = $0.reason { true } else { false }
    }
    #expect(outside.count == 9 && smile.quotes.count == 12)
    #expect(cleaned.dropped.count + smile.quotes.count == quotes.count)
    let shuffled = try CleanedQuotes(
      Array(quotes.reversed()), premium: premium, spot: spot, settings: settings)
    #expect(shuffled.parity == cleaned.parity && shuffled.smiles == cleaned.smiles)
  }

  @Test func everyReasonIsNamed() throws {
    let time = 0.5
    var quotes = chain(forward: 100, discount: 1, time: time, half: 0.01)
    func add(
      _ strike: Double, _ bid: Double?, _ ask: Double?, kind: EuropeanOption.Kind = .call,
      time: Double = 0.5, size: Double? = nil, age: Double? = nil
    ) {
      quotes.append(
        OptionQuote(
          EuropeanOption(kind: kind, strike: strike, timeToExpiry: time), bid: bid, ask: ask,
          bidSize: size, askSize: size, age: age))
    }
    let start = quotes.count
    add(200, .nan, 2)
    add(200, 1, 2, time: -0.1)
    add(200, 1, 2, age: 61)
    add(200, nil, 2)
    add(200, 0, 2)
    add(200, 1, nil)
    add(200, 2, 1)
    add(200, 1, 6)
    add(200, 1, 2, size: 0)
    add(100, 15, 16)
    add(210, 1, 2, time: 2)
    add(220, 99, 101)
    add(1000, 1e-300, 2e-300)
    add(-5, 1, 2)
    add(200, 1, 2, age: -1)
    let cleaned = try CleanedQuotes(quotes, premium: .cash)
    let reasons = Dictionary(uniqueKeysWithValues: cleaned.dropped.map { ($0.index, $0.reason) })
    let first = try #require(quotes.firstIndex { $0.option.strike == 100 })
    let expected: [DroppedQuote.Reason] = [
      .notFinite, .expired, .stale(age: 61), .noBid, .zeroBid, .noAsk, .crossed(bid: 2, ask: 1),
      .wideSpread(ratio: 6), .noBid, .duplicate(index: first), .noForward(pairs: 0),
      .aboveMaximum,
    ]
    for (offset, reason) in expected.enumerated() {
      #expect(reasons[start + offset] == reason, "\(offset)")
    }
    #expect(reasons[start + 13] == .notFinite && reasons[start + 14] == .notFinite)
    // A call whose volatility is tiny but defined is kept.
    #expect(reasons[start + 12] == nil)
    #expect(reasons.values.filter { $0 == .inTheMoney }.count == 21)
    #expect(cleaned.dropped.map(\.index) == cleaned.dropped.map(\.index).sorted())
  }

  @Test func theYoungerOfTwoQuotesIsKept() throws {
    var quotes = chain(forward: 100, discount: 1, time: 0.5, half: 0.01)
    quotes[0].age = 10
    var copy = quotes[0]
    copy.age = 5
    quotes.append(copy)
    let cleaned = try CleanedQuotes(quotes, premium: .cash)
    #expect(cleaned.dropped.first?.reason == .duplicate(index: quotes.count - 1))
  }

  @Test func pricesMoveWithTheUnderlying() throws {
    for premium in [CleanedQuotes.Premium.cash, .coin] {
      let unit = premium == .coin ? 100.0 : 1
      let still = chain(forward: 100, discount: 1, time: 0.5, half: 0.05, unit: unit)
      let moved = still.enumerated().map { index, quote in
        let factor = 1 + 0.01 * Double(index % 5)
        var quote = quote
        quote.option.strike *= factor
        quote.underlyingPrice = 100 * factor
        if premium == .cash {
          quote.bid? *= factor
          quote.ask? *= factor
        }
        return quote
      }
      // Call and put of one strike no longer pair up: the forward is given.
      let known = CleanedQuotes.KnownForward(timeToExpiry: 0.5, forward: 100, discountFactor: 1)
      let reference = try CleanedQuotes(still, premium: premium, spot: 100)
      let cleaned = try CleanedQuotes(moved, premium: premium, spot: 100, known: [known])
      #expect(cleaned.parity.first?.usedPairCount == 0)
      let (a, b) = (try #require(reference.smiles.first), try #require(cleaned.smiles.first))
      #expect(a.quotes.count == b.quotes.count)
      for (one, other) in zip(a.quotes, b.quotes) {
        expectClose(one.logMoneyness, other.logMoneyness, absolute: 1e-13)
        expectClose(one.middle, other.middle, relative: 1e-11)
      }
    }
  }

  @Test func oneStrikeNeedsAForward() throws {
    let quotes = chain(forward: 100, discount: 0.9, time: 0.5, half: 0.01, strikes: [100])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try CleanedQuotes(quotes, premium: .cash)
    }
    let known = CleanedQuotes.KnownForward(timeToExpiry: 0.5, forward: 100, discountFactor: 0.9)
    let cleaned = try CleanedQuotes(quotes, premium: .cash, known: [known])
    #expect(cleaned.smiles.first?.quotes.count == 1)
    expectClose(cleaned.smiles[0].quotes[0].middle, 0.6, relative: 1e-6)
  }

  @Test func unusableInputThrows() {
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try CleanedQuotes([], premium: .cash)
    }
    let quotes = chain(forward: 100, discount: 1, time: 0.5, half: 0.01)
    #expect(throws: VolatilityError.self) { try CleanedQuotes(quotes, premium: .coin) }
    for number in hostileNumbers where !(number.isNormal && number > 0) {
      #expect(throws: VolatilityError.self) {
        try CleanedQuotes(quotes, premium: .coin, spot: number)
      }
      #expect(throws: VolatilityError.self) {
        try CleanedQuotes(
          quotes, premium: .cash,
          known: [.init(timeToExpiry: 0.5, forward: number, discountFactor: 1)])
      }
    }
    var settings = CleanedQuotes.Settings()
    settings.rate = .nan
    #expect(throws: VolatilityError.self) {
      try CleanedQuotes(quotes, premium: .cash, settings: settings)
    }
  }

  @Test func noSingleQuoteThrows() throws {
    for number in hostileNumbers {
      var quotes = chain(forward: 100, discount: 1, time: 0.5, half: 0.01)
      quotes[3].bid = number
      quotes[4].ask = number
      quotes[5].option.strike = number
      quotes[6].option.timeToExpiry = number
      quotes[7].age = number
      quotes[8].bidSize = number
      let cleaned = try CleanedQuotes(quotes, premium: .cash)
      #expect(
        cleaned.dropped.count + cleaned.smiles.reduce(0) { $0 + $1.quotes.count } == quotes.count)
    }
    var quotes = chain(forward: 100, discount: 1, time: 0.5, half: 0.01)
    var close = quotes[quotes.count - 2]
    close.option.strike = close.option.strike.nextUp
    quotes.append(close)
    let cleaned = try CleanedQuotes(quotes, premium: .cash)
    #expect(
      cleaned.dropped.count + cleaned.smiles.reduce(0) { $0 + $1.quotes.count } == quotes.count)
  }
}
