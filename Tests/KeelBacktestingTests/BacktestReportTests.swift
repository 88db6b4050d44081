import Foundation
import KeelBacktesting
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelReport
import KeelTestSupport
import Testing

/// What the sections of a backtest say, for runs of hours, days and years.
@Suite struct BacktestReportTests {
  /// A written call over a price that rises, one snapshot an interval.
  private func page(steps: Int, seconds: Int) throws -> (html: String, result: BacktestResult) {
    let universe = try Universe(["USD", "ETH"])
    let start = try Timestamp(parsing: "2026-03-01T12:30:00Z")
    let expiry = try start.advanced(bySeconds: seconds * (steps / 2))
    let call = try Listing(
      "CALL",
      .option(
        ListedOption(.call, strike: 2010, expiry: expiry, underlying: "ETH", settings: .init())),
      costFraction: 0, gas: 0)
    let markets = try (0..<steps).map { step in
      var market = MarketSnapshot(
        time: try start.advanced(bySeconds: seconds * step), universe: universe,
        prices: [1, 2000 + 2 * Double(step) + (step % 3 == 0 ? 3 : 0)])
      market.quotes["CALL"] = .option(volatility: 0.5, carryYield: 0)
      return market
    }
    let planner = try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0, slippageFraction: 0, gasPerTrade: Amount("0", decimals: 6)))
    let strategy = Strategy(
      target: FixedTarget(try Weights(universe: universe, values: [0.5, 0.5])),
      rule: try PeriodicRule.days(100_000), planner: planner, catalog: try Catalog([call]))
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: universe, amounts: [Amount("10000", decimals: 6), Amount("0", decimals: 8)]),
      positions: [.init("CALL", quantity: Amount("-1", decimals: 0))])
    let result = try Backtest(Engine(strategy), annualization: .dailyContinuous)
      .run(from: account, over: markets)
    return (HTMLReport(title: "Run", sections: result.sections()).html, result)
  }

  @Test func timeIsCountedInItsOwnUnit() throws {
    let minutes = try page(steps: 1441, seconds: 60).html
    #expect(
      minutes.contains("Hours since 2026-03-01T12:30") && minutes.contains("over 24.00 hours"))
    let weeks = try page(steps: 31, seconds: 86_400).html
    #expect(weeks.contains("Days since 2026-03-01") && weeks.contains("over 30.00 days"))
    let year = try page(steps: 366, seconds: 86_400).html
    #expect(year.contains("Years since 2026-03-01") && year.contains("a year over 1.00 years"))
    // A day's return a year says nothing.
    #expect(year.contains(">Sharpe ratio<"))
    #expect(!minutes.contains(">Sharpe ratio<") && !weeks.contains(">Sharpe ratio<"))
    #expect(!minutes.contains("a year over"))
  }

  @Test func whatAnOptionOwedWasPaid() throws {
    let (html, result) = try page(steps: 31, seconds: 86_400)
    guard case .expired("CALL", let time, let received)? = result.events.first else {
      Issue.record("no expiry in \(result.events)")
      return
    }
    // 15 steps of 2 and 3 more: 2033 at the expiry.
    expectClose(received, -23, absolute: 1e-9)
    #expect(html.contains("\(time): CALL expired, $23.00 paid"))
    #expect(html.contains("Profit by source") && html.contains("steps with orders"))
  }
}

@Suite struct BacktestPageTests {
  /// A price that rises by a rule, held in half of the portfolio.
  private func result(days: Int) throws -> BacktestResult {
    let universe = try Universe(["USD", "BTC"])
    let start = try Timestamp(parsing: "2022-01-01")
    let markets = try (0..<days).map { day in
      MarketSnapshot(
        time: try start.advanced(byDays: day), universe: universe,
        prices: [1, 100 + 10 * sin(Double(day) / 7) + Double(day % 3)])
    }
    let planner = try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0, gasPerTrade: Amount("0.00", decimals: 2)))
    let engine = try Engine(
      Strategy(
        target: FixedTarget(Weights(universe: universe, values: [0.5, 0.5])),
        rule: PeriodicRule.days(10), planner: planner))
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: universe,
        amounts: [Amount("1000.00", decimals: 2), Amount(zeroWithDecimals: 8)]))
    return try Backtest(engine, annualization: .dailyContinuous).run(from: account, over: markets)
  }

  @Test func pagesTellWhatHappened() throws {
    let result = try result(days: 1500)
    let page = HTMLReport(title: "A <test>", sections: result.sections()).html
    for word in [
      "A &lt;test&gt;", "Profit by source", "Equity and drawdown", "Years since 2022-01-01",
    ] {
      #expect(page.contains(word), "\(word)")
    }
    #expect(!page.contains("NaN") && !page.contains("inf"))
    // Paths are thinned: the page does not grow with the history.
    #expect(page.utf8.count < 300_000)
    #expect(
      try HTMLReport(title: "A <test>", sections: self.result(days: 1500).sections()).html == page)
  }

  @Test func shortRunsHavePagesToo() throws {
    let page = HTMLReport(title: "short", sections: try result(days: 3).sections()).html
    #expect(page.contains("Performance"))
  }
}
