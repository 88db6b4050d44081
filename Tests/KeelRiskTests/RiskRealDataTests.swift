import KeelData
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

/// Runs on real prices of 20 stocks in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct RiskRealDataTests {
  private struct File: Decodable {
    struct Replay: Decodable {
      var start, end, worstDate: String
      var moves: [String: Double]
      var losses: [Double]
      var worst: Int
    }
    struct Backtest: Decodable {
      var confidence: Double
      var window: Int
      var from: String
      var rows, count: Int
      var coverage, coverageP, independence, independenceP, bothP: Double
    }
    var replays: [Replay]
    var backtests: [Backtest]
  }

  private static func reference() throws -> File {
    try Reference.load(File.self, "real_equity_risk")
  }

  private static func time(_ date: String) throws -> Timestamp {
    try Timestamp(parsing: "\(date)T00:00:00Z")
  }

  /// Closes from a day on, with the stocks in the order of their names.
  private static func closes(
    from start: String
  ) throws -> (dates: [String], names: [String], rows: [[Double]]) {
    let table = try #require(try Reference.realRows("equities_sp500_20_daily.csv.gz"))
      .filter { ($0["date"] ?? "") >= start }
    let names = try #require(table.first).keys.filter { $0 != "date" }.sorted()
    let dates = table.compactMap { $0["date"] }
    let rows = table.map { row in names.map { Double(row[$0] ?? "") ?? .nan } }
    try #require(dates.count == rows.count && names.count == 20)
    return (dates, names, rows)
  }

  /// The fall of March 2020 with its worst day on the way, and May 2021 and November 2022, when coins fell and stocks did not.
  @Test func replaysOfStocksMatchReferences() throws {
    let (dates, names, rows) = try Self.closes(from: "2020-02-01")
    let history = try PriceHistory(
      universe: Universe(names.map { AssetID($0) }), timestamps: dates.map(Self.time),
      prices: Matrix(rows: rows))
    let universe = try Universe(["USD"] + names.map { AssetID($0) })
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: universe,
        amounts: [Sample.amount(5000)] + names.map { _ in try Sample.amount(100) }),
      positions: [])
    for reference in try Self.reference().replays {
      let (start, end) = (try Self.time(reference.start), try Self.time(reference.end))
      let replay = try Scenario.replay(of: history, from: start, to: end, name: reference.start)
      #expect(replay.spotMoves.count == reference.moves.count)
      for (name, move) in reference.moves {
        expectClose(
          try #require(replay.spotMoves[AssetID(name)]), move, relative: 1e-12, absolute: 1e-15,
          name)
      }
      let row = try #require(dates.firstIndex(of: reference.start))
      let test = try StressTest(
        account: account,
        market: MarketSnapshot(time: start, universe: universe, prices: [1] + rows[row], rate: 0),
        catalog: Catalog())
      let path = try Scenario.replayPath(of: history, from: start, to: end, name: reference.start)
      let losses = try test.losses(in: path)
      #expect(losses.count == reference.losses.count)
      for (loss, expected) in zip(losses, reference.losses) {
        expectClose(loss, expected, relative: 1e-10, absolute: 1e-7)
      }
      expectClose(try test.outcome(of: replay).loss, losses.last ?? .nan, absolute: 1e-7)
      let report = try test.report(of: path)
      #expect(report.worstPlace == reference.worst)
      #expect(dates[row + 1 + report.worstPlace] == reference.worstDate)
    }
  }

  /// Historical value at risk fails on real losses: its exceedances come in clusters.
  @Test func historicalValueAtRiskIsJudgedAsByReferences() throws {
    for reference in try Self.reference().backtests {
      let rows = try Self.losses(from: reference.from)
      let window = reference.window
      var risks: [Double] = []
      for day in window..<rows.count {
        let tail = SampleTail(
          losses: Array(rows[(day - window)..<day]), masses: nil, confidence: reference.confidence)
        risks.append(tail.valueAtRisk)
      }
      let backtest = try ValueAtRiskBacktest(
        losses: Array(rows[window...]), valuesAtRisk: risks, confidence: reference.confidence)
      #expect(backtest.observationCount == reference.rows)
      #expect(backtest.exceedanceCount == reference.count)
      expectClose(backtest.coverage.statistic, reference.coverage, relative: 1e-10)
      expectClose(backtest.coverage.pValue, reference.coverageP, relative: 1e-10)
      expectClose(backtest.independence.statistic, reference.independence, relative: 1e-10)
      expectClose(backtest.independence.pValue, reference.independenceP, relative: 1e-10)
      expectClose(backtest.conditionalCoverage.pValue, reference.bothP, relative: 1e-10)
      #expect(backtest.conditionalCoverage.pValue < 1e-3)
    }
  }

  /// The losses of an equally weighted portfolio from day to day.
  private static func losses(from start: String) throws -> [Double] {
    let rows = try closes(from: "2003-12-01")
    let first = try #require(rows.dates.firstIndex { $0 >= start })
    return (first..<rows.dates.count).map { day in
      let (before, after) = (rows.rows[day - 1], rows.rows[day])
      var sum = 0.0
      for j in after.indices { sum += after[j] / before[j] - 1 }
      return -sum / Double(after.count)
    }
  }
}
