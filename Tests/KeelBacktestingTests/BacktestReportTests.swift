import Foundation
import KeelBacktesting
import KeelData
import KeelEngine
import KeelMarkets
import KeelReport
import KeelTestSupport
import Testing

@Suite struct BacktestReportTests {
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
      "A &lt;test&gt;", "Total return", "Profit by source", "Equity and drawdown",
      "steps with trades", "150", "Years since 2022-01-01",
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
