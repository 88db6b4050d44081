import Foundation
import KeelData
import KeelDerivatives
import KeelTestSupport
import Testing

/// Runs on real data in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct FuturesRealDataTests {
  /// The rows of a compressed table, a dictionary by column each.
  static func table(_ name: String) throws -> [[String: String]] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "gzip", "-dc", try #require(Reference.realData).appendingPathComponent(name).path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let header = try #require(lines.first)
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
  }

  static func number(_ row: [String: String], _ column: String) throws -> Double {
    try #require(row[column].flatMap { Double($0) }, "\(column)")
  }

  // MARK: - Funding

  /// A coin long of BTC through each year pays the exact decimal sum of the year's rates.
  @Test func fundingOfAYear() throws {
    let rows = try Self.table("funding_rates.csv.gz")
    let contract = try FuturesContract.linear(coinPerContract: 1)
    for (exchange, hours) in [("binance", 8.0), ("bybit", 8), ("dydx", 1)] {
      let interval = try FundingInterval(hours: hours)
      for year in 2020...2023 {
        let selected = rows.filter {
          $0["exchange"] == exchange && $0["symbol"] == "BTC"
            && ($0["time"] ?? "").hasPrefix("\(year)")
        }
        guard !selected.isEmpty else { continue }
        let rates = try selected.map {
          FundingRate(
            fraction: try Self.number($0, "funding_rate"), interval: interval,
            whenPositive: .longPaysShort)
        }
        let exact = try selected.reduce(Decimal(0)) {
          $0 + (try #require(Decimal(string: $1["funding_rate"] ?? "")))
        }
        let sum = NSDecimalNumber(decimal: exact).doubleValue
        let history = try FundingHistory(rates: rates)
        expectClose(history.totalPaidByLong, sum, absolute: 1e-16, "\(exchange) \(year)")
        let days = year == 2020 ? 366.0 : 365
        expectClose(history.years, days / 365, relative: 1e-12, "\(exchange) \(year)")
        // At a price of 1 the cash flows of one coin are the rates.
        let events = try zip(selected, rates).map { row, rate in
          FundingEvent(
            time: try Timestamp(parsing: try #require(row["time"])), rate: rate, price: 1)
        }
        let flows = try FundingCashFlows(
          contract: contract, events: events,
          changes: [QuantityChange(time: .distantPast, quantity: 1)])
        expectClose(flows.totalReceived, -sum, absolute: 1e-16, "\(exchange) \(year)")
        expectClose(
          history.impliedGrowthPerYear(settlement: .linear), history.simplePaidByLongPerYear,
          absolute: 1e-3)
      }
    }
  }

  /// Figures and events that are known of these years.
  @Test func whatTheYearsWereLike() throws {
    let rows = try Self.table("funding_rates.csv.gz").filter {
      $0["exchange"] == "binance" && $0["symbol"] == "BTC"
    }
    // On 2020-03-13 after the crash shorts paid the limit of that time.
    let crash = try #require(rows.first { $0["time"] == "2020-03-13T08:00:00Z" })
    #expect(try Self.number(crash, "funding_rate") == -0.003)
    // The rate stays at its interest while the premium is within the damping.
    let resting = rows.filter {
      $0["funding_rate"] == "0.0001" || $0["funding_rate"] == "0.00010000"
    }
    #expect(Double(resting.count) > 0.25 * Double(rows.count))
    let bull = rows.filter { ($0["time"] ?? "").hasPrefix("2021") }
    let positive = try bull.filter { try Self.number($0, "funding_rate") > 0 }
    #expect(Double(positive.count) > 0.9 * Double(bull.count))
    let yearly = try bull.reduce(0) { $0 + (try Self.number($1, "funding_rate")) }
    #expect(yearly > 0.30 && yearly < 0.31)
  }

  // MARK: - Term structure

  struct Chain {
    let spot: Double
    /// By expiry: time in years and forward price.
    let forwards: [(timeToExpiry: Double, price: Double)]
    /// Kind, strike, time, mark in coin, mark volatility.
    let options:
      [(kind: EuropeanOption.Kind, strike: Double, time: Double, mark: Double, iv: Double)]
  }

  static func chain(_ name: String, currency: String) throws -> Chain {
    let rows = try table(name).filter { $0["currency"] == currency }
    let start = try Timestamp(parsing: try #require(rows.first?["snapshot_time"]))
    var forwards: [String: Double] = [:]
    let options = try rows.map { row in
      let expiry = try #require(row["expiry"])
      forwards[expiry] = try number(row, "forward_price")
      return (
        kind: row["option_type"] == "call" ? EuropeanOption.Kind.call : .put,
        strike: try number(row, "strike"),
        time: try Timestamp(parsing: expiry).years(since: start),
        mark: try number(row, "mark"), iv: try number(row, "mark_iv")
      )
    }
    // The index moves by some 1e-4 while the venue lists its chain.
    let indices = try rows.map { try number($0, "index_price") }.sorted()
    return Chain(
      spot: indices[indices.count / 2],
      forwards: try forwards.sorted { $0.key < $1.key }.map {
        (timeToExpiry: try Timestamp(parsing: $0.key).years(since: start), price: $0.value)
      },
      options: options)
  }

  static func isListed(_ price: Double) -> Bool {
    (price * 100 - (price * 100).rounded()).magnitude < 1e-6
  }

  /// The forwards of expiries without a future, which the venue interpolates, from those with one.
  @Test(arguments: ["BTC", "ETH"])
  func interpolatesAsTheVenueDoes(currency: String) throws {
    let chain = try Self.chain("options_deribit_2026-01-10.csv.gz", currency: currency)
    let listed = chain.forwards.filter { Self.isListed($0.price) }
    let others = chain.forwards.filter { !Self.isListed($0.price) }
    #expect(listed.count == 8 && others.count == 4)
    let curve = try FuturesTermStructure(
      spot: chain.spot,
      points: listed.map {
        FuturesTermStructure.Point(timeToExpiry: $0.timeToExpiry, price: $0.price)
      })
    for point in others {
      expectClose(
        curve.forward(timeToExpiry: point.timeToExpiry), point.price, relative: 3e-5, currency)
    }
    // Contango of four to nine per cent along the whole curve, and a linear fair perpetual near spot.
    for time in [0, 0.01, 0.1, 0.5, 1, 2] {
      let carry = curve.continuousCarryPerYear(timeToExpiry: time)
      #expect(carry > 0.03 && carry < 0.1, "\(currency) \(time) \(carry)")
    }
    let funding = try LinearFunding(premiumsPerYear: 1_095, interestPerYear: 0)
    let fair = funding.fairPrice(.linear, curve: curve)
    let carry = curve.continuousCarryPerYear(timeToExpiry: 0)
    expectClose(fair / chain.spot - 1, carry / 1_095, relative: 0.01)
  }

  /// Every forward is reproduced, and marks of options follow from the curve.
  ///
  /// The quotes of 2020 were taken one by one over 160 s, in which forwards moved by 0.15 %.
  @Test(arguments: [
    ("options_deribit_2020-05-21.csv.gz", "BTC", 1e-4, 2e-3),
    ("options_deribit_2026-01-10.csv.gz", "BTC", 1e-5, 3e-4),
    ("options_deribit_2026-01-10.csv.gz", "ETH", 1e-5, 3e-4),
    ("options_deribit_2026-02-10.csv.gz", "BTC", 1e-5, 3e-4),
    ("options_deribit_2026-02-10.csv.gz", "ETH", 1e-5, 3e-4),
  ])
  func reproducesTheChain(name: String, currency: String, median: Double, largest: Double) throws {
    let chain = try Self.chain(name, currency: currency)
    let curve = try FuturesTermStructure(
      spot: chain.spot,
      points: chain.forwards.map {
        FuturesTermStructure.Point(timeToExpiry: $0.timeToExpiry, price: $0.price)
      })
    for (point, next) in zip(chain.forwards, chain.forwards.dropFirst()) {
      #expect(curve.forward(timeToExpiry: point.timeToExpiry) == point.price)
      let middle = curve.forward(timeToExpiry: (point.timeToExpiry + next.timeToExpiry) / 2)
      #expect(middle >= min(point.price, next.price) && middle <= max(point.price, next.price))
    }
    let errors = chain.options.map { option in
      let forward = curve.forward(timeToExpiry: option.time)
      let price = Black.price(
        option.kind, forward: forward, strike: option.strike,
        totalVolatility: option.iv * option.time.squareRoot())
      return (price / forward - option.mark).magnitude
    }.sorted()
    #expect(errors[errors.count / 2] < median, "\(errors[errors.count / 2])")
    #expect(errors[errors.count - 1] < largest, "\(errors[errors.count - 1])")
  }
}
