import Foundation
import Keel

/// A pool, two lending reserves, gas and funding by the minute.
struct PoolMinutes {
  struct Minute {
    let time: Timestamp
    /// Cash a coin.
    let price: Double
    /// What was traded through the pool in this minute, in cash.
    let volume: Double
    /// Liquidity at the price, in whole units of cash and coin.
    let liquidity: Double
    let gas: Double
    /// What a unit of the first day has become, and the rate a year.
    let deposit: (index: Double, rate: Double)
    let loan: (index: Double, rate: Double)
    /// The last funding payment, as a fraction.
    let funding: Double
  }

  let minutes: [Minute]

  /// Joins the tables at the minutes that pool and gas have in common; lending and funding are the last known.
  init(_ data: MarketData) throws {
    let pool = try data.read(.pool)
    let columns = try ["time", "close_tick", "in_amount0", "in_amount1", "liquidity"].map {
      try pool.column(named: $0)
    }
    let gas = try Self.series(data.read(.gas), "gas_price_gwei")
    let lending = try data.read(.lending)
    let deposits = (
      try Self.series(lending, "liquidity_index", where: ("reserve", "USDC")),
      try Self.series(lending, "supply_rate", where: ("reserve", "USDC"))
    )
    let loans = (
      try Self.series(lending, "variable_borrow_index", where: ("reserve", "WETH")),
      try Self.series(lending, "variable_borrow_rate", where: ("reserve", "WETH"))
    )
    let funding = try Self.series(data.read(.funding), "funding_rate", where: ("symbol", "ETH"))
    var found: [Minute] = []
    for row in 0..<pool.rowCount {
      let time = try pool.timestamp(row: row, column: columns[0])
      let values = try columns[1...].map { try pool.number(row: row, column: $0) }
      guard let gwei = gas.value(at: time), let depositIndex = deposits.0.last(at: time),
        let depositRate = deposits.1.last(at: time), let loanIndex = loans.0.last(at: time),
        let loanRate = loans.1.last(at: time), let paid = funding.last(at: time)
      else { continue }
      // Token 0 is cash with 6 decimals and token 1 the coin with 18, so that a coin is 10¹² / 1.0001^tick of cash and
      // raw liquidity √(10⁶ · 10¹⁸) = 10¹² times that in whole units.
      let price = 1e12 / PoolPosition.price(ofTick: Int(values[0]))
      found.append(
        Minute(
          time: time, price: price, volume: values[1] / 1e6 + values[2] / 1e18 * price,
          liquidity: values[3] / 1e12, gas: gwei, deposit: (depositIndex, depositRate),
          loan: (loanIndex, loanRate), funding: paid))
    }
    guard found.count > 60 else {
      throw Failure("\(pool.file): fewer than 60 minutes with pool, lending, gas and funding")
    }
    minutes = found
  }

  /// A column over time.
  private struct Series {
    let times: [Timestamp]
    let values: [Double]

    /// The value at exactly a time.
    func value(at time: Timestamp) -> Double? {
      guard let place = place(through: time), times[place] == time else { return nil }
      return values[place]
    }

    /// The last value at or before a time.
    func last(at time: Timestamp) -> Double? { place(through: time).map { values[$0] } }

    private func place(through time: Timestamp) -> Int? {
      var (low, high) = (0, times.count)
      while low < high {
        let middle = (low + high) / 2
        if times[middle] <= time { low = middle + 1 } else { high = middle }
      }
      return low > 0 ? low - 1 : nil
    }
  }

  /// A column of a table, by time; only the rows in which another column has a value.
  private static func series(
    _ table: CSVTable,
    _ name: String,
    where filter: (column: String, value: String)? = nil
  ) throws -> Series {
    let (timeColumn, column) = (try table.column(named: "time"), try table.column(named: name))
    let exchange = try? table.column(named: "exchange")
    let chosen = try filter.map { (try table.column(named: $0.column), $0.value) }
    var rows: [(time: Timestamp, value: Double)] = []
    for row in 0..<table.rowCount {
      if let chosen, table.text(row: row, column: chosen.0) != chosen.1 { continue }
      if let exchange, table.text(row: row, column: exchange) != "binance" { continue }
      rows.append(
        (
          try table.timestamp(row: row, column: timeColumn),
          try table.number(row: row, column: column)
        ))
    }
    rows.sort { $0.time < $1.time }
    return Series(times: rows.map(\.time), values: rows.map(\.value))
  }
}
