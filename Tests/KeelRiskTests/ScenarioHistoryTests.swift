import KeelData
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct ScenarioHistoryTests {
  private static func day(_ number: Int) throws -> Timestamp {
    try Sample.start.advanced(byDays: number)
  }

  private static func history() throws -> PriceHistory {
    let prices = try Matrix(rows: [
      [40_000, 2000, 10, 5], [30_000, 1200, 8, 5], [20_000, 1400, 4, 5], [32_000, 1900, 9, 5],
    ])
    var availability = [Availability](repeating: .value, count: 16)
    availability[2 * 4] = .notListed
    availability[3 * 4 + 1] = .noTrade
    availability[3 * 4 + 2] = .noTrade
    return try PriceHistory(
      universe: Universe(["BTC", "ETH", "NEW", "OLD"]), timestamps: (0..<4).map(day),
      prices: prices, availability: availability)
  }

  @Test func movesAreThoseBetweenTwoDays() throws {
    let history = try Self.history()
    // Times between rows take the row before.
    let end = try Self.day(2).advanced(bySeconds: 3600)
    let crash = try Scenario.replay(
      of: history, from: Self.day(0), to: end, name: "crash", missing: .none)
    #expect(crash.spotMoves == ["BTC": -0.5, "ETH": 1400.0 / 2000 - 1])
    #expect(crash.otherSpotMove == 0 && crash.elapsedYears == 0 && crash.name == "crash")
    let filled = try Scenario.replay(
      of: history, from: Self.day(0), to: end, name: "crash", missing: .median)
    expectClose(filled.otherSpotMove, -0.4, relative: 1e-15)
    #expect(throws: RiskError.unknownInstrument("NEW")) {
      try Scenario.replay(of: history, from: Self.day(0), to: end, name: "crash")
    }
    let later = try Scenario.replay(
      of: history.selecting(["BTC", "ETH", "NEW"]), from: Self.day(1), to: Self.day(3),
      name: "later")
    expectClose(try #require(later.spotMoves["NEW"]), 0.125, relative: 1e-15)
  }

  /// The worst point of the way is worse than its end.
  @Test func pathsShowTheWorstPoint() throws {
    let history = try Self.history().selecting(["BTC", "ETH"])
    let path = try Scenario.replayPath(
      of: history, from: Self.day(0), to: Self.day(3), name: "way")
    #expect(path.count == 3)
    #expect(path.map { $0.spotMoves["BTC"] } == [-0.25, -0.5, 32_000.0 / 40_000 - 1])
    let whole = try Scenario.replay(
      of: history, from: Self.day(0), to: Self.day(3), name: "whole")
    #expect(path[2].spotMoves == whole.spotMoves)
    let test = try StressTest(
      account: Sample.account(positions: []), market: Sample.market(), catalog: Catalog())
    let report = try test.report(of: path)
    #expect(report.worstPlace == 1)
    #expect(report.worst.loss > (try test.outcome(of: whole).loss))
  }

  @Test func rangesWithoutRowsAreRefused() throws {
    let history = try Self.history().selecting(["BTC"])
    #expect(throws: RiskError.self) {
      try Scenario.replay(of: history, from: Self.day(-1), to: Self.day(2), name: "early")
    }
    for end in [1, 0] {
      #expect(throws: RiskError.self) {
        try Scenario.replay(of: history, from: Self.day(1), to: Self.day(end), name: "empty")
      }
    }
  }

  /// March 2020, May 2021 and November 2022 from the data are the presets.
  @Test(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
  func replaysOfDataAreThePresets() throws {
    let rows = try #require(try Reference.realRows("crypto_spot_daily.csv.gz"))
    for (start, end, preset) in [
      ("2020-03-11", "2020-03-12", Scenario.march2020),
      ("2021-05-18", "2021-05-19", .may2021),
      ("2022-11-07", "2022-11-09", .november2022),
    ] {
      let kept = rows.filter { ($0["date"] ?? "") >= start && ($0["date"] ?? "") <= end }
      let history = try Self.history(kept)
      let (first, last) = (
        try Timestamp(parsing: "\(start)T00:00:00Z"), try Timestamp(parsing: "\(end)T00:00:00Z")
      )
      let replay = try Scenario.replay(
        of: history, from: first, to: last, name: start, missing: .none)
      for asset: AssetID in ["BTC", "ETH"] {
        expectClose(
          try #require(replay.spotMoves[asset]), try #require(preset.spotMoves[asset]),
          absolute: 5e-5)
      }
      let others = try Scenario.replay(
        of: history.selecting(
          history.universe.assets.filter { $0 != "BTC" && $0 != "ETH" }),
        from: first, to: last, name: start, missing: .median)
      expectClose(others.otherSpotMove, preset.otherSpotMove, absolute: 5e-5)
      let test = try StressTest(
        account: Sample.account(positions: []), market: Sample.market(), catalog: Catalog())
      let path = try Scenario.replayPath(
        of: history.selecting(["BTC", "ETH"]), from: first, to: last, name: start)
      expectClose(
        try test.losses(in: path).last ?? .nan,
        try test.outcome(
          of: preset.limited(to: Universe(["USD", "USDC", "BTC", "ETH"])).pegging(["USDC"])
        ).loss,
        relative: 1e-3)
    }
  }

  /// Closes by day and symbol, with gaps where there is no row.
  private static func history(_ rows: [[String: String]]) throws -> PriceHistory {
    var closes: [String: [String: Double]] = [:]
    for row in rows {
      guard let date = row["date"], let symbol = row["symbol"],
        let close = Double(row["close"] ?? "")
      else { continue }
      closes[date, default: [:]][symbol] = close
    }
    let dates = closes.keys.sorted()
    let symbols = Set(closes.values.flatMap(\.keys)).sorted()
    var (prices, availability) = ([[Double]](), [Availability]())
    for date in dates { prices.append(symbols.map { closes[date]?[$0] ?? 0 }) }
    for symbol in symbols {
      for date in dates { availability.append(closes[date]?[symbol] == nil ? .noTrade : .value) }
    }
    return try PriceHistory(
      universe: Universe(symbols.map { AssetID($0) }),
      timestamps: dates.map { try Timestamp(parsing: "\($0)T00:00:00Z") },
      prices: Matrix(rows: prices), availability: availability)
  }
}
