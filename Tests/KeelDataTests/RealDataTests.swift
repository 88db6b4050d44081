import Foundation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

private let hasRealData = Reference.realData != nil

/// Reads a file of the folder of real data.
private func history(_ name: String) throws -> PriceHistory {
  let folder = try #require(Reference.realData)
  let data = try Data(contentsOf: folder.appendingPathComponent("quickstart/\(name)"))
  return try PriceHistory(wide: CSVTable([UInt8](data), file: name))
}

@Suite(.enabled(if: hasRealData, "KEEL_DATA names no folder of market data"))
struct RealDataTests {
  @Test func cryptoDailyCloses() throws {
    let prices = try history("crypto_daily_close.csv")
    #expect(prices.rowCount == 1461 && prices.assetCount == 11 && prices.isComplete)
    #expect(
      prices.universe.assets == [
        "BTC", "ETH", "BNB", "ADA", "XRP", "DOGE", "LINK", "MATIC", "ALGO", "USDT", "USDC",
      ])
    #expect(prices.price(row: 0, asset: "BTC") == 7200.17432)
    #expect(prices.price(row: 0, asset: "USDC") == 1.00407898)
    #expect(prices.price(row: 1460, asset: "BTC") == 42265.1875)
    #expect(prices.price(row: 1460, asset: "USDC") == 1.00006998)
    #expect(prices.timestamps.first?.description == "2020-01-01")
    #expect(prices.timestamps.last?.description == "2023-12-31")
    let returns = try prices.simpleReturns()
    #expect(returns.observationCount == 1460)
    expectClose(returns.values[0, 0], 6985.47021 / 7200.17432 - 1, relative: 1e-14)
    #expect(throws: DataError.self) {
      try SimpleReturns(
        universe: prices.universe, timestamps: prices.timestamps,
        values: prices.completePrices())
    }
    #expect(try PriceHistory(wide: CSVTable(prices.wideTable(), file: "again")) == prices)
  }

  @Test func raggedCrypto() throws {
    let prices = try history("crypto_daily_close_ragged.csv")
    #expect(prices.rowCount == 1461 && prices.universe.assets == ["BTC", "AVAX", "LUNA"])
    #expect(prices.availability(row: 0, asset: "AVAX") == .notListed)
    #expect(prices.price(row: 0, asset: "LUNA") == 0.231019005)
    #expect(prices.availability(row: 1460, asset: "LUNA") == .noTrade)
    #expect(prices.price(row: 1460, asset: "AVAX") == 38.5449104)
    #expect(throws: DataError.self) { try prices.simpleReturns() }
    let lastRow = try #require(
      (0..<prices.rowCount).last { prices.price(row: $0, asset: "LUNA") != nil })
    let delisted = try prices.delisting("LUNA", from: lastRow + 1, recovery: 0)
    let window = try delisted.simpleReturns(gaps: .commonWindow)
    #expect(window.timestamps.last == prices.timestamps[lastRow + 1])
    #expect(window.values[window.observationCount - 1, 2] == -1)
  }

  @Test func equities() throws {
    let prices = try history("equities_daily_adjclose.csv")
    #expect(prices.rowCount == 2012 && prices.assetCount == 20 && prices.isComplete)
    #expect(prices.price(row: 0, asset: "AAPL") == 24.532)
    #expect(prices.price(row: 0, asset: "XOM") == 63.172)
    #expect(prices.price(row: 2011, asset: "AAPL") == 125.674)
    #expect(prices.price(row: 2011, asset: "XOM") == 106.627)
    #expect(prices.timestamps.last?.description == "2022-12-28")
  }

  @Test func longEquities() throws {
    let folder = try #require(Reference.realData)
    let data = try Data(
      contentsOf: folder.appendingPathComponent("quickstart/equities_daily_ohlcv.csv"))
    let prices = try PriceHistory(
      long: CSVTable([UInt8](data), file: "equities_daily_ohlcv.csv"),
      settings: .init(timeColumn: "date", assetColumn: "symbol", priceColumn: "adj_close"))
    #expect(prices.price(row: 0, asset: "AAPL") == 25.0397)
    #expect(prices.lastPriceOfMicrosoft == 24.6843)
  }
}

extension PriceHistory {
  fileprivate var lastPriceOfMicrosoft: Double? { price(row: rowCount - 1, asset: "MSFT") }
}
