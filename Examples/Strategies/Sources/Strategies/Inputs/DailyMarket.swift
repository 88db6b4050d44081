import Foundation
import Keel

/// Daily closes, and the funding that was paid between them.
struct DailyMarket {
  let history: PriceHistory
  /// The funding payments of each coin, by time.
  private let payments: [AssetID: [(time: Timestamp, fraction: Double)]]

  /// Reads the closes of some coins, from the first day that has all of them.
  init(_ data: MarketData, _ coins: [AssetID]) throws {
    let table = try data.read(.prices)
    let everything =
      try data.isLonger(.prices)
      ? PriceHistory(
        long: table,
        settings: .init(timeColumn: "date", assetColumn: "symbol", priceColumn: "close"))
      : PriceHistory(wide: table)
    history = try everything.selecting(coins).completeWindow()
    payments = [:]
  }

  /// The first days in a row on which every coin has funding payments.
  init(_ data: MarketData, funded coins: [AssetID]) throws {
    let all = try DailyMarket(data, coins).history
    let table = try data.read(.funding)
    let columns = (
      try table.column(named: "time"), try table.column(named: "exchange"),
      try table.column(named: "symbol"), try table.column(named: "funding_rate")
    )
    var found: [AssetID: [(time: Timestamp, fraction: Double)]] = [:]
    for row in 0..<table.rowCount where table.text(row: row, column: columns.1) == "binance" {
      let coin = AssetID(table.text(row: row, column: columns.2))
      found[coin, default: []].append(
        (
          try table.timestamp(row: row, column: columns.0),
          try table.number(row: row, column: columns.3)
        ))
    }
    payments = found.mapValues { $0.sorted { $0.time < $1.time } }
    // One span without a hole: a day without payments ends it, so that no funding is taken as zero.
    let days = all.timestamps.drop { !Self.hasFunding(found, coins, on: $0) }
      .prefix { Self.hasFunding(found, coins, on: $0) }
    guard let first = days.first, let last = days.last, days.count > 60 else {
      throw Failure("\(table.file): fewer than 60 days in a row with both prices and funding")
    }
    history = try all.until(last).after(first.advanced(byNanoseconds: -1))
  }

  /// The funding that a long position paid from the close before to this one, as a fraction; a close is at the end
  /// of its day.
  func funding(of coin: AssetID, on day: Timestamp) -> Double {
    Self.payments(payments[coin] ?? [], on: day).reduce(0) { $0 + $1.fraction }
  }

  private static func hasFunding(
    _ payments: [AssetID: [(time: Timestamp, fraction: Double)]],
    _ coins: [AssetID],
    on day: Timestamp
  ) -> Bool {
    coins.allSatisfy { !Self.payments(payments[$0] ?? [], on: day).isEmpty }
  }

  private static func payments(
    _ all: [(time: Timestamp, fraction: Double)],
    on day: Timestamp
  ) -> ArraySlice<(time: Timestamp, fraction: Double)> {
    // The first payment after a time, by halving.
    func place(after time: Timestamp) -> Int {
      var (low, high) = (0, all.count)
      while low < high {
        let middle = (low + high) / 2
        if all[middle].time <= time { low = middle + 1 } else { high = middle }
      }
      return low
    }
    guard let end = try? day.advanced(byDays: 1) else { return [] }
    return all[place(after: day)..<place(after: end)]
  }

  /// Snapshots of cash and the coins, one a day.
  func snapshots(cash: AssetID) throws -> [MarketSnapshot] {
    Array(try MarketSequence(history, cash: cash))
  }

  var span: String {
    "\(history.timestamps[0]) to \(history.timestamps[history.rowCount - 1])"
  }
}
