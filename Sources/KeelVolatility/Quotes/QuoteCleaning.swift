internal import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A chain on its way to clean quotes: why each is left out, and what the expiries keep.
struct QuoteCleaning {
  private let quotes: [OptionQuote]
  private let premium: CleanedQuotes.Premium
  private let spot: Double
  private let settings: CleanedQuotes.Settings

  private(set) var reasons: [DroppedQuote.Reason?]
  private(set) var smiles: [SmileQuotes] = []
  private(set) var parity: [ParityFit] = []

  init(
    _ quotes: [OptionQuote],
    _ premium: CleanedQuotes.Premium,
    _ spot: Double?,
    _ settings: CleanedQuotes.Settings
  ) {
    self.quotes = quotes
    self.premium = premium
    self.spot = spot ?? 1
    self.settings = settings
    reasons = Array(repeating: nil, count: quotes.count)
  }

  /// The times of the expiries with quotes left, ascending.
  var times: [Double] {
    let usable = quotes.indices.filter { reasons[$0] == nil }
    return Set(usable.map { quotes[$0].option.timeToExpiry }).sorted()
  }

  /// Leaves out what is bad by itself, then all but one quote of each option.
  mutating func screen() {
    for index in quotes.indices { reasons[index] = reason(quotes[index]) }
    var seen: [EuropeanOption: Int] = [:]
    for index in quotes.indices where reasons[index] == nil {
      guard let other = seen[quotes[index].option] else {
        seen[quotes[index].option] = index
        continue
      }
      let isYounger = (quotes[index].age ?? .infinity) < (quotes[other].age ?? .infinity)
      let (kept, left) = isYounger ? (index, other) : (other, index)
      seen[quotes[index].option] = kept
      reasons[left] = .duplicate(index: kept)
    }
  }

  private func reason(_ quote: OptionQuote) -> DroppedQuote.Reason? {
    let option = quote.option
    guard option.timeToExpiry.isFinite else { return .notFinite }
    guard option.timeToExpiry > 0 else { return .expired }
    let positive = [option.strike, quote.underlyingPrice ?? 1]
    let other = [quote.bid, quote.ask, quote.bidSize, quote.askSize, quote.age].compactMap { $0 }
    guard positive.allSatisfy({ $0.isNormal && $0 > 0 }),
      other.allSatisfy({ $0.isFinite && $0 >= 0 })
    else { return .notFinite }
    if let age = quote.age, age > settings.maximumAge { return .stale(age: age) }
    guard let bid = quote.bid, quote.bidSize != 0 else { return .noBid }
    guard let ask = quote.ask, quote.askSize != 0 else { return .noAsk }
    guard bid > 0 else { return .zeroBid }
    guard bid <= ask else { return .crossed(bid: bid, ask: ask) }
    let ratio = ask / bid
    return ratio > settings.maximumRatio ? .wideSpread(ratio: ratio) : nil
  }

  /// The strike, moved with the underlying from when the quote was taken to the spot.
  private func strike(_ index: Int) -> Double {
    quotes[index].option.strike * move(index)
  }

  private func move(_ index: Int) -> Double {
    quotes[index].underlyingPrice.map { spot / $0 } ?? 1
  }

  /// A premium, moved likewise.
  private func price(_ value: Double?, _ index: Int) -> Double {
    (value ?? .nan) * (premium == .cash ? move(index) : 1)
  }

  /// The middle of bid and ask, and half their distance.
  private func middle(_ index: Int) -> (value: Double, half: Double) {
    let (bid, ask) = (price(quotes[index].bid, index), price(quotes[index].ask, index))
    return (bid + (ask - bid) / 2, (ask - bid) / 2)
  }

  /// Finds the forward of an expiry, and the volatilities of its options out of the money.
  mutating func clean(_ time: Double, _ known: CleanedQuotes.KnownForward?) throws(VolatilityError)
  {
    let members = quotes.indices.filter {
      reasons[$0] == nil && quotes[$0].option.timeToExpiry == time
    }
    let (pairs, legs) = pairs(of: members)
    let line = pairs.count < settings.minimumPairs ? nil : ParityLine(pairs, known: fixed(time))
    guard let fit = ParityFit(time, line, pairs.count, known, premium == .coin ? spot : 1) else {
      for index in members { reasons[index] = .noForward(pairs: pairs.count) }
      return
    }
    parity.append(fit)
    if let line { leaveOut(line, pairs, legs, fit.forward) }
    let discount = fit.discountFactor / (premium == .coin ? spot : 1)
    var kept: [SmileQuotes.Quote] = []
    var taken: [Double: Int] = [:]
    for index in members where reasons[index] == nil {
      switch volatilities(index, fit.forward, discount) {
      case .success(let quote):
        // Strikes an ulp apart have one log-moneyness.
        if let first = taken[quote.logMoneyness] {
          reasons[index] = .duplicate(index: first)
        } else {
          taken[quote.logMoneyness] = index
          kept.append(quote)
        }
      case .failure(let refusal): reasons[index] = refusal.reason
      }
    }
    guard !kept.isEmpty else { return }
    smiles.append(
      try SmileQuotes(
        timeToExpiry: time, forward: fit.forward, discountFactor: fit.discountFactor, quotes: kept))
  }

  /// What the interest rate says of the line: in coin its intercept, the value of a coin at expiry.
  private func fixed(_ time: Double) -> ParityLine.Known {
    guard let rate = settings.rate else { return .neither }
    let discount = exp(-rate * time)
    return premium == .coin ? .intercept(discount) : .slope(discount)
  }

  /// Calls and puts at the same strike; where they were quoted at different prices of the underlying, at the mean of
  /// their moved strikes.
  private func pairs(of members: [Int]) -> ([ParityLine.Pair], [(Int, Int)]) {
    var puts: [Double: Int] = [:]
    for index in members where quotes[index].option.kind == .put {
      puts[quotes[index].option.strike] = index
    }
    var found: [(pair: ParityLine.Pair, legs: (Int, Int))] = []
    for call in members where quotes[call].option.kind == .call {
      guard let put = puts[quotes[call].option.strike] else { continue }
      let (above, below) = (middle(call), middle(put))
      let strike = (strike(call) + strike(put)) / 2
      let least = Self.leastWidth * max(above.value, below.value)
      let pair = ParityLine.Pair(
        strike: strike, difference: above.value - below.value,
        width: max(above.half + below.half, least))
      found.append((pair, (call, put)))
    }
    found.sort { $0.pair.strike < $1.pair.strike }
    return (found.map(\.pair), found.map(\.legs))
  }

  /// Leaves out what is in the money, then pairs too far from the line.
  private mutating func leaveOut(
    _ line: ParityLine,
    _ pairs: [ParityLine.Pair],
    _ legs: [(Int, Int)],
    _ forward: Double
  ) {
    for (pair, leg) in zip(pairs, legs) {
      let miss = (pair.difference - line.intercept + line.slope * pair.strike) / pair.width
      guard miss.magnitude > settings.parityTolerance else { continue }
      for index in [leg.0, leg.1] {
        reasons[index] =
          isInTheMoney(index, forward) ? .inTheMoney : .outsideParity(halfSpreads: miss.magnitude)
      }
    }
  }

  private func isInTheMoney(_ index: Int, _ forward: Double) -> Bool {
    quotes[index].option.kind == .call ? strike(index) < forward : strike(index) >= forward
  }

  private struct Refusal: Error {
    let reason: DroppedQuote.Reason
  }

  private func volatilities(
    _ index: Int,
    _ forward: Double,
    _ discount: Double
  ) -> Result<SmileQuotes.Quote, Refusal> {
    guard !isInTheMoney(index, forward) else { return .failure(Refusal(reason: .inTheMoney)) }
    var option = quotes[index].option
    option.strike = strike(index)
    do throws(DerivativesError) {
      let ask = try volatility(option, price(quotes[index].ask, index) / discount, forward)
      let bid = try volatility(option, price(quotes[index].bid, index) / discount, forward)
      guard
        let quote = try? SmileQuotes.Quote(
          logMoneyness: log(option.strike / forward), bid: min(bid, ask), ask: ask)
      else { return .failure(Refusal(reason: .notFinite)) }
      return .success(quote)
    } catch {
      switch error {
      case .priceAboveMaximum: return .failure(Refusal(reason: .aboveMaximum))
      case .priceBelowIntrinsic, .noInformation:
        return .failure(Refusal(reason: .belowIntrinsic))
      default: return .failure(Refusal(reason: .notFinite))
      }
    }
  }

  private func volatility(
    _ option: EuropeanOption,
    _ price: Double,
    _ forward: Double
  ) throws(DerivativesError) -> Double {
    try Black76.impliedVolatility(of: option, price: price, forward: forward, rate: 0).volatility
  }

  /// The part of a price that two locked quotes are taken to be uncertain by.
  private static let leastWidth = 1e-6
}

extension ParityFit {
  /// The fitted line, or what the caller knows; nil without either.
  ///
  /// `unit` is the price of what premiums are paid in.
  init?(
    _ time: Double,
    _ line: ParityLine?,
    _ pairCount: Int,
    _ known: CleanedQuotes.KnownForward?,
    _ unit: Double
  ) {
    timeToExpiry = time
    self.pairCount = pairCount
    if let line {
      forward = line.forward
      discountFactor = line.slope * unit
      forwardError = line.forwardError
      discountError = line.slopeError * unit
      usedPairCount = line.usedCount
    } else if let known {
      forward = known.forward
      discountFactor = known.discountFactor
      forwardError = 0
      discountError = 0
      usedPairCount = 0
    } else {
      return nil
    }
  }
}
