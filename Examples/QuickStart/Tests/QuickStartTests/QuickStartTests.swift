import Foundation
import Keel
import Testing

@testable import quickstart

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A table of prices that move by a small rule, with changes where a test wants them.
struct PriceTable {
  var header = ["date", "AAA", "BBB", "USDT"]
  var rows: [[String]]

  init(rowCount: Int = 160) throws {
    let start = try Timestamp(parsing: "2023-01-01")
    rows = try (0..<rowCount).map { i in
      let day = try start.advanced(byDays: i).description
      return [day, "\(100 + 7 * i % 13)", "\(50 + 5 * i % 11 + i % 3)", "1"]
    }
  }

  /// Writes the table to a file of its own and returns what became of it.
  func outcome() throws -> Result<Story, Failure> {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).csv")
    let lines = ([header] + rows).map { $0.joined(separator: ",") }
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    do {
      return .success(try tell(file))
    } catch {
      let line = Failure(error, in: file.lastPathComponent).line
      return .failure(Failure(line.replacing(file.lastPathComponent, with: "prices.csv")))
    }
  }

  /// The line on which the run ends, or nothing.
  func failure() throws -> String {
    switch try outcome() {
    case .success: ""
    case .failure(let failure): failure.line
    }
  }
}

@Suite struct QuickStartTests {
  @Test func shippedPricesFitOneScreen() throws {
    let story = try tell(shippedPrices())
    // Two more lines name the report.
    #expect(story.terminalLines.count + 2 <= 45)
    for line in story.terminalLines { #expect(line.count <= 100, "\(line)") }
    #expect(story.market.universe.count == 9)
    #expect(story.market.cash == ["USDT", "USDC"])
    #expect(story.portfolios.all.count == 3)
    for portfolio in story.portfolios.all {
      #expect(portfolio.weights.values.allSatisfy { $0 >= -1e-12 && $0 <= 0.35 + 1e-12 })
      #expect(abs(portfolio.weights.total - 1) < 1e-12)
      #expect(abs(portfolio.risk.shares.reduce(0, +) - 1) < 1e-12)
      #expect(portfolio.tail.studentTShortfall > portfolio.tail.normalShortfall)
    }
  }

  @Test func heldOutDaysReachNoEstimate() throws {
    let market = try Market(shippedPrices())
    #expect(market.estimation.rowCount + Assumptions.heldOutRows == market.history.rowCount)
    #expect(market.heldOut.timestamps[0] == market.estimation.timestamps.last)
    #expect(market.heldOut.rowCount == Assumptions.heldOutRows + 1)
  }

  @Test func planLeavesCashAndPaysItsCost() throws {
    let rebalance = try tell(shippedPrices()).rebalance
    #expect(rebalance.plan.cashAfter.doubleValue >= 0)
    #expect(abs(rebalance.valueBefore - rebalance.valueAfter - rebalance.cost) < 0.01)
    for row in rebalance.rows where row.reason == "on target" && row.asset != rebalance.plan.cash {
      #expect(abs(row.after - row.target) < 1e-3, "\(row.asset)")
    }
  }

  @Test func pageIsWellFormed() throws {
    let page = try tell(shippedPrices()).page.html
    #expect(XMLParser(data: Data(page.utf8)).parse())
    #expect(page.contains("Aleksey Novokhatskiy") && !page.contains("<script"))
  }

  @Test func sameRunSameBytes() throws {
    let (first, second) = (try tell(shippedPrices()), try tell(shippedPrices()))
    #expect(first.page.html == second.page.html)
    #expect(first.terminalLines == second.terminalLines)
  }

  @Test func ordinaryTableRuns() throws {
    #expect(try PriceTable().failure() == "")
  }

  @Test func wrongFieldsAreNamed() throws {
    let wrong: [(column: Int, text: String, line: String)] = [
      (0, "31.12.2023", #"line 9, column 1, "31.12.2023": not a date like 2023-12-31"#),
      (0, "2023-01-07", #"line 9, column 1, "2023-01-07": this date stands twice"#),
      (0, "2023-01-03", #"line 9, column 1, "2023-01-03": this date stands twice"#),
      (0, "2022-01-03", #"line 9, column 1, "2022-01-03": this date is before the one above"#),
      (2, "-5", #"line 9, column 3, "-5": a price must be above zero"#),
      (2, "0", #"line 9, column 3, "0": a price must be above zero"#),
      (
        2, "\"1,234\"",
        #"line 9, column 3, "1,234": not a decimal number (no thousands separators, no words)"#
      ),
      (
        1, "NaN",
        #"line 9, column 2, "NaN": not a decimal number (no thousands separators, no words)"#
      ),
    ]
    for (column, text, line) in wrong {
      var table = try PriceTable()
      table.rows[7][column] = text
      #expect(try table.failure() == "prices.csv: \(line)")
    }
  }

  @Test func wrongTablesAreNamed() throws {
    var constant = try PriceTable()
    for i in constant.rows.indices { constant.rows[i][2] = "5" }
    #expect(try constant.failure() == "prices.csv: the price of BBB never changes")
    var cash = try PriceTable()
    cash.header = ["date", "USDC", "DAI", "USDT"]
    #expect(try cash.failure().hasPrefix("prices.csv: line 1: every column is cash"))
    #expect(try PriceTable(rowCount: 40).failure().hasPrefix("prices.csv: 40 rows"))
    var twice = try PriceTable()
    twice.header[2] = "AAA"
    #expect(try twice.failure().hasPrefix(#"prices.csv: line 1, column 3, "AAA": "#))
  }

  @Test func blanksAreLeftOut() throws {
    var table = try PriceTable()
    for i in 0..<20 { table.rows[i][1] = "" }
    let story = try table.outcome().get()
    #expect(story.market.check.droppedRowCount == 20)
    #expect(story.market.history.rowCount == 140)
    #expect(story.portfolios.largestWeight == 1)
  }

  @Test func argumentsAreChecked() throws {
    #expect(try Arguments([]).prices == nil)
    #expect(try Arguments(["a.csv", "--report", "b.html"]).report.lastPathComponent == "b.html")
    #expect(try Arguments(["--help"]).wantsHelp)
    for words in [["--report"], ["--reprot", "x"], ["a.csv", "b.csv"]] {
      #expect(throws: Failure.self) { try Arguments(words) }
    }
  }
}
