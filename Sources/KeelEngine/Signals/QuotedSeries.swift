import KeelData
import KeelDerivatives
import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Series by underlying that an engine reads off the quotes of its instruments, for ``SeriesSignal``.
public enum QuotedSeries: String, Hashable, Sendable, Codable, CaseIterable {
  /// What longs of perpetuals pay, as a simple rate per year: the mean over the perpetuals of an asset.
  case funding

  /// The carry of dated futures, `ln(F/S)/T` per year: the mean over the futures of an asset.
  case basis

  /// The rate of deposits per year: the highest one of an asset.
  case lending

  /// The implied volatility of the option nearest to the money.
  case volatility

  /// The implied volatility of the put furthest below the spot less that of the call furthest above it, at the
  /// nearest expiry that has both.
  case skew

  /// The implied volatility nearest to the money of the last expiry less that of the first one.
  case termStructure

  /// Reads all series off a market.
  static func read(_ market: MarketSnapshot, _ catalog: Catalog) -> [String: [AssetID: Double]] {
    if market.quotes.isEmpty || catalog.listings.isEmpty { return [:] }
    var means: [QuotedSeries: [AssetID: (sum: Double, count: Double)]] = [:]
    var rates: [AssetID: Double] = [:]
    // By position in the universe: what can be used has a price, and so is in it.
    var options = [[OptionQuote]](repeating: [], count: market.universe.count)
    for listing in catalog.listings {
      guard let quote = market.quotes[listing.id] else { continue }
      let asset = listing.instrument.underlying
      let place = market.universe.position(of: asset) ?? market.prices.count
      let spot = place < market.prices.count ? market.prices[place] : .nan
      switch (listing.instrument, quote) {
      case (.perpetual, .contract(_, let rate?)):
        let paid = rate.paidByLong * rate.interval.intervalsPerYear
        means[.funding, default: [:]][asset, default: (0, 0)].sum += paid
        means[.funding, default: [:]][asset, default: (0, 0)].count += 1
      case (.future(_, _, let expiry, _), .contract(let price, _)):
        let carry = log(price / spot) / expiry.years(since: market.time)
        means[.basis, default: [:]][asset, default: (0, 0)].sum += carry
        means[.basis, default: [:]][asset, default: (0, 0)].count += 1
      case (.deposit, .lending(_, let rate)): rates[asset] = max(rates[asset] ?? -.infinity, rate)
      case (.option(let option), .option(let volatility, _)):
        let quote = OptionQuote(option, volatility, spot: spot, at: market.time)
        if quote.isUsable { options[place].append(quote) }
      default: continue
      }
    }
    var series: [String: [AssetID: Double]] = [:]
    for (kind, sums) in means {
      series[kind.rawValue] = sums.mapValues { $0.sum / $0.count }
    }
    if !rates.isEmpty { series[lending.rawValue] = rates }
    for (place, quotes) in options.enumerated() where !quotes.isEmpty {
      let asset = market.universe.assets[place]
      let smile = Smile(quotes)
      if let value = smile.atTheMoney { series[volatility.rawValue, default: [:]][asset] = value }
      if let value = smile.skew { series[skew.rawValue, default: [:]][asset] = value }
      if let value = smile.slope { series[termStructure.rawValue, default: [:]][asset] = value }
    }
    return series
  }
}

/// One option as a place on a smile.
private struct OptionQuote {
  let kind: EuropeanOption.Kind
  let life: Double
  let logMoneyness: Double
  let strike: Double
  let volatility: Double

  init(_ option: ListedOption, _ volatility: Double, spot: Double, at time: Timestamp) {
    kind = option.kind
    life = option.expiry.years(since: time)
    strike = option.strike
    logMoneyness = log(option.strike / spot)
    self.volatility = volatility
  }

  /// The order of expiries, then of strikes, then calls first.
  func isBefore(_ other: OptionQuote) -> Bool {
    if life != other.life { return life < other.life }
    if strike != other.strike { return strike < other.strike }
    return kind.rawValue < other.kind.rawValue
  }

  var isUsable: Bool { life > 0 && volatility > 0 && volatility.isFinite && logMoneyness.isFinite }
}

/// The options of one asset, by expiry.
private struct Smile {
  private let expiries: [[OptionQuote]]

  init(_ quotes: [OptionQuote]) {
    let usable = quotes.sorted { $0.isBefore($1) }
    var expiries: [[OptionQuote]] = []
    for quote in usable {
      if let last = expiries.last?.last, last.life == quote.life {
        expiries[expiries.count - 1].append(quote)
      } else {
        expiries.append([quote])
      }
    }
    self.expiries = expiries
  }

  private static func nearest(_ quotes: [OptionQuote]) -> Double? {
    quotes.min { $0.logMoneyness.magnitude < $1.logMoneyness.magnitude }?.volatility
  }

  var atTheMoney: Double? { expiries.first.flatMap(Self.nearest) }

  var slope: Double? {
    guard expiries.count > 1, let first = expiries.first.flatMap(Self.nearest),
      let last = expiries.last.flatMap(Self.nearest)
    else { return nil }
    return last - first
  }

  var skew: Double? {
    for quotes in expiries {
      let put = quotes.filter { $0.kind == .put && $0.logMoneyness < 0 }
        .min { $0.logMoneyness < $1.logMoneyness }
      let call = quotes.filter { $0.kind == .call && $0.logMoneyness > 0 }
        .max { $0.logMoneyness < $1.logMoneyness }
      if let put, let call { return put.volatility - call.volatility }
    }
    return nil
  }
}
