import Foundation
import KeelData
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Chains of Deribit: forwards of parity against the listed ones, and surfaces without arbitrage.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct VolatilityRealDataTests {
  struct Chain {
    var quotes: [OptionQuote] = []
    var names: [String] = []
    var spot = 0.0
    /// The forwards listed for each expiry, each with the index of its row.
    var forwards: [Double: [(forward: Double, index: Double)]] = [:]
    var twoSided = 0
  }

  /// The best levels of the order books of one day, by instrument.
  private func books() throws -> [String: (bid: Double?, ask: Double?)] {
    var best: [String: (bid: Double?, ask: Double?)] = [:]
    for row in try #require(try Reference.realRows("option_books_deribit_2020-05-21.csv.gz"))
    where row["level"] == "0" {
      let price = Double(row["price"] ?? "")
      if row["side"] == "bid" {
        best[row["instrument"] ?? "", default: (nil, nil)].bid = price
      } else {
        best[row["instrument"] ?? "", default: (nil, nil)].ask = price
      }
    }
    return best
  }

  func chain(
    _ day: String,
    _ currency: String,
    books: [String: (bid: Double?, ask: Double?)]? = nil
  ) throws -> Chain {
    let rows = try #require(try Reference.realRows("options_deribit_\(day).csv.gz"))
      .filter { $0["currency"] == currency }
    func number(_ row: [String: String], _ name: String) -> Double? { Double(row[name] ?? "") }
    func time(_ row: [String: String], _ name: String) throws -> Timestamp {
      try Timestamp(parsing: row[name] ?? "")
    }
    var chain = Chain()
    // One moment for all rows, which were read within three minutes.
    let first = try #require(rows.first)
    let now = try time(first, "snapshot_time")
    chain.spot = try #require(number(first, "index_price"))
    for row in rows {
      let years = try time(row, "expiry").years(since: now)
      let index = try #require(number(row, "index_price"))
      let option = EuropeanOption(
        kind: row["option_type"] == "call" ? .call : .put,
        strike: try #require(number(row, "strike")), timeToExpiry: years)
      let name = try #require(row["instrument"])
      var (bid, ask) = (number(row, "bid"), number(row, "ask"))
      if let books { (bid, ask) = books[name] ?? (nil, nil) }
      chain.names.append(name)
      chain.quotes.append(
        OptionQuote(option, bid: bid, ask: ask, underlyingPrice: index))
      if let forward = number(row, "forward_price") {
        chain.forwards[years, default: []].append((forward, index))
      }
      if let bid, let ask, bid > 0, ask >= bid { chain.twoSided += 1 }
    }
    return chain
  }

  static let chains: [(String, String)] = [
    ("2020-05-21", "BTC"), ("2026-01-10", "BTC"), ("2026-01-10", "ETH"), ("2026-02-10", "BTC"),
    ("2026-02-10", "ETH"),
  ]

  /// Cleans a chain; where parity gives no forward, the middle of the listed ones may.
  func clean(_ chain: Chain, withListed: Bool = false) throws -> CleanedQuotes {
    var settings = CleanedQuotes.Settings()
    settings.rate = 0
    let known = withListed ? chain.forwards.map { time, _ in listed(chain, time) } : []
    return try CleanedQuotes(
      chain.quotes, premium: .coin, spot: chain.spot, known: known, settings: settings)
  }

  private func listed(_ chain: Chain, _ time: Double) -> CleanedQuotes.KnownForward {
    let forwards = (chain.forwards[time] ?? [])
      .map { $0.forward * chain.spot / $0.index }.sorted()
    let forward = forwards[forwards.count / 2]
    return CleanedQuotes.KnownForward(
      timeToExpiry: time, forward: forward, discountFactor: chain.spot / forward)
  }

  @Test(arguments: chains)
  func parityGivesTheListedForwards(day: String, currency: String) throws {
    let chain = try chain(day, currency)
    let cleaned = try clean(chain)
    for fit in cleaned.parity {
      let middle = listed(chain, fit.timeToExpiry).forward
      expectClose(fit.forward, middle, relative: 0.0025, "\(fit)")
      // A coin at expiry is worth a coin.
      expectClose(fit.discountFactor * fit.forward, chain.spot, relative: 1e-12)
    }
    let kept = cleaned.smiles.reduce(0) { $0 + $1.quotes.count }
    #expect(kept + cleaned.dropped.count == chain.quotes.count)
    for drop in cleaned.dropped {
      switch drop.reason {
      case .noBid, .noAsk, .zeroBid, .inTheMoney, .outsideParity, .wideSpread, .noForward: break
      default: Issue.record("\(chain.quotes[drop.index]) \(drop.reason)")
      }
    }
  }

  @Test(arguments: chains)
  func surfacesAreFreeOfArbitrage(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    let fit = try SSVIFit(cleaned.smiles)
    #expect(fit.isConverged && fit.margins.isFree && fit.surface.slack >= 0)
    let count = fit.quality.reduce(0) { $0 + $1.quoteCount }
    let inside = fit.quality.reduce(0) { $0 + $1.insideCount }
    // Three parameters are too few for these spreads: what they reach, rounded down, as a record.
    let reached = [
      "2020-05-21 BTC": 0.7, "2026-01-10 BTC": 0.45, "2026-01-10 ETH": 0.6,
      "2026-02-10 BTC": 0.3, "2026-02-10 ETH": 0.8,
    ]
    let share = Double(inside) / Double(count)
    #expect(share >= reached["\(day) \(currency)"] ?? 1, "\(inside) of \(count)")
  }

  @Test(arguments: chains)
  func hyperbolasAreInsideBidAndAsk(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    let fit = try SVISurfaceFit(cleaned.smiles)
    #expect(fit.surface.margins.isFree)
    let count = fit.quality.reduce(0) { $0 + $1.quoteCount }
    let inside = fit.quality.reduce(0) { $0 + $1.insideCount }
    // What five parameters an expiry reach without arbitrage, in quotes: 91 % of the first day, 87 % (81 and 93) of the
    // second, whose spreads are the narrowest, 95 % (89 and 100) of the third.
    let reached = [
      "2020-05-21 BTC": 121, "2026-01-10 BTC": 236, "2026-01-10 ETH": 281,
      "2026-02-10 BTC": 314, "2026-02-10 ETH": 351,
    ]
    #expect(inside >= reached["\(day) \(currency)"] ?? count, "\(inside) of \(count)")
    #expect(fit.unfittedTimes.isEmpty)
  }

  /// The two-sided quotes of a day that a surface of splines leaves outside bid and ask, in and out of the money.
  struct Snapshot: CustomTestStringConvertible, Sendable {
    let day: String
    let currency: String
    var hasBooks = false
    /// The instruments, at most.
    let outside: Set<String>

    var testDescription: String { day + " " + currency + (hasBooks ? " books" : "") }
  }

  private static let snapshots = [
    // 227 of 228.
    Snapshot(
      day: "2020-05-21", currency: "BTC",
      outside: [
        "BTC-22MAY20-9500-P"
      ]),
    // 227 of 228.
    Snapshot(
      day: "2020-05-21", currency: "BTC", hasBooks: true,
      outside: [
        "BTC-22MAY20-9500-P"
      ]),
    // 602 of 608.
    Snapshot(
      day: "2026-01-10", currency: "BTC",
      outside: [
        "BTC-16JAN26-75000-P", "BTC-30JAN26-55000-P", "BTC-30JAN26-60000-P",
        "BTC-30JAN26-114000-C", "BTC-30JAN26-115000-C", "BTC-25DEC26-70000-C",
      ]),
    // 640 of 643; the first expiry has too few pairs for parity, and the listed forward.
    Snapshot(
      day: "2026-01-10", currency: "ETH",
      outside: ["ETH-12JAN26-3300-C", "ETH-16JAN26-3050-C", "ETH-30JAN26-6000-C"]),
    // 718 of 734.
    Snapshot(
      day: "2026-02-10", currency: "BTC",
      outside: [
        "BTC-13FEB26-50000-P", "BTC-13FEB26-52000-P", "BTC-13FEB26-84000-C", "BTC-13FEB26-85000-C",
        "BTC-13FEB26-86000-C", "BTC-13FEB26-87000-C", "BTC-13FEB26-88000-C", "BTC-13FEB26-89000-C",
        "BTC-13FEB26-90000-C", "BTC-13FEB26-91000-C", "BTC-27FEB26-130000-C",
        "BTC-27MAR26-70000-C", "BTC-27MAR26-155000-C", "BTC-27MAR26-180000-C",
        "BTC-27MAR26-190000-C", "BTC-27MAR26-200000-C",
      ]),
    // 725 of 729.
    Snapshot(
      day: "2026-02-10", currency: "ETH",
      outside: [
        "ETH-13FEB26-1500-P", "ETH-13FEB26-2750-C", "ETH-13FEB26-2800-C", "ETH-20FEB26-3600-C",
      ]),
  ]

  #if DEBUG
    /// The others take a minute without optimization.
    private static let tested = snapshots.prefix(2)
  #else
    private static let tested = snapshots[...]
  #endif

  /// Every quote with a bid and an ask counts, also those that cleaning leaves out.
  @Test(arguments: tested)
  func splinesAreInsideBidAndAsk(snapshot: Snapshot) throws {
    let chain = try chain(
      snapshot.day, snapshot.currency, books: snapshot.hasBooks ? books() : nil)
    let cleaned = try clean(chain, withListed: true)
    let fit = try SplineSurfaceFit(cleaned.smiles)
    #expect(fit.surface.margins.isFree && fit.fits.allSatisfy(\.isConverged))
    for fit in fit.fits {
      #expect(fit.butterfly.isFree && fit.calendar?.isFree ?? true)
      let deviation = fit.smile.totalVariance(at: 0).value.squareRoot()
      for i in -1000...1000 {
        let k = deviation * Double(i) / 100
        #expect(fit.smile.totalVariance(at: k).density(at: k) >= 0, "\(k)")
      }
    }
    var outside: Set<String> = []
    for (quote, name) in zip(chain.quotes, chain.names) {
      guard let bid = quote.bid, let ask = quote.ask, bid > 0, ask >= bid else { continue }
      let expiry = cleaned.smiles.firstIndex { $0.timeToExpiry == quote.option.timeToExpiry }
      guard let expiry else {
        outside.insert(name)
        continue
      }
      // A premium in coin, at the price of the coin when it was quoted.
      let moved = chain.spot / (quote.underlyingPrice ?? chain.spot)
      let strike = quote.option.strike * moved / cleaned.smiles[expiry].forward
      let variance = fit.fits[expiry].smile.totalVariance(at: log(strike)).value
      let price = Black.price(
        quote.option.kind, forward: 1, strike: strike, totalVolatility: variance.squareRoot())
      if price < bid || price > ask { outside.insert(name) }
    }
    #expect(
      outside.isSubset(of: snapshot.outside), "\(outside.subtracting(snapshot.outside).sorted())")
    #expect(Double(chain.twoSided - outside.count) >= 0.9 * Double(chain.twoSided))
  }
}
