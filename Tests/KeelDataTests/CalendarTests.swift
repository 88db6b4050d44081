import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

private func day(_ day: Int, _ hour: Int = 0) throws -> Timestamp {
  try Timestamp(year: 2024, month: 1, day: 1, hour: hour).advanced(byDays: day - 1)
}

@Suite struct ResamplingTests {
  /// 2024-01-01 is a Monday.
  private func daily(_ days: ClosedRange<Int>) throws -> PriceHistory {
    try PriceHistory(
      universe: Universe(["A", "B"]), timestamps: days.map { try day($0) },
      prices: Matrix(columns: [
        days.map { Double($0) + 100 }, days.map { Double($0) + 200 },
      ]))
  }

  @Test func weeksEndOnSunday() throws {
    let weekly = try daily(1...17).resampled(every: .weeks)
    #expect(try weekly.timestamps == [day(7), day(14), day(17)])
    #expect(weekly[0, 0] == 107 && weekly[1, 1] == 214 && weekly[2, 0] == 117)
    let whole = try daily(1...17).resampled(every: .weeks, includesLast: false)
    #expect(whole.rowCount == 2)
    // As ends of bars, Monday 00:00 closes the week before.
    let ends = try daily(1...17).resampled(every: .weeks, boundary: .belongsToPrevious)
    #expect(try ends.timestamps == [day(1), day(8), day(15), day(17)])
    let returns = try weekly.simpleReturns()
    expectClose(returns.values[0, 0], 7.0 / 107, relative: 1e-15)
  }

  @Test func monthsAndHours() throws {
    let monthly = try daily(1...70).resampled(every: .months)
    #expect(try monthly.timestamps == [day(31), day(60), day(70)])
    let hourly = try PriceHistory(
      universe: Universe(["A"]), timestamps: (0..<48).map { try day(1 + $0 / 24, $0 % 24) },
      prices: Matrix(columns: [(1...48).map { Double($0) }]))
    #expect(try hourly.resampled(every: .hours(6)).rowCount == 8)
    #expect(try hourly.resampled(every: .days).timestamps == [day(1, 23), day(2, 23)])
    #expect(try hourly.resampled(every: .hours(.max)).rowCount == 1)
    #expect(throws: DataError.self) { try hourly.resampled(every: .hours(0)) }
    #expect(hourly.period == .seconds(3600))
    #expect(try daily(1...70).resampled(every: .months).period == nil)
    #expect(hourly.prefix(1).period == nil)
  }

  @Test func beforeTheEpoch() throws {
    let start = try Timestamp(year: 1969, month: 12, day: 28)
    let history = try PriceHistory(
      universe: Universe(["A"]), timestamps: (0..<10).map { try start.advanced(byDays: $0) },
      prices: Matrix(columns: [(1...10).map { Double($0) }]))
    // Sunday the 28th, Monday the 29th to Sunday the 4th, and two days of the next week.
    #expect(try history.resampled(every: .weeks).prices(of: "A") == [1, 8, 10])
  }

  @Test func noPriceIsCarriedIntoAPeriod() throws {
    let gone = Availability.delisted(recovery: 0.1)
    let availability: [Availability] =
      [.notListed, .value, .noTrade, .noTrade, .noTrade, .halted]
      + [.value, .value, .value, gone, gone, gone]
    let history = try PriceHistory(
      universe: Universe(["A", "B"]),
      timestamps: [0, 12, 24, 36, 48, 60].map { try day(1 + $0 / 24, $0 % 24) },
      prices: Matrix(columns: [[0, 5, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0]]),
      availability: availability)
    let daily = try history.resampled(every: .days)
    #expect(daily[0, 0] == 5 && daily[1, 0] == nil && daily[2, 0] == nil)
    #expect(daily.availability(row: 1, position: 0) == .noTrade)
    #expect(daily.availability(row: 2, position: 0) == .halted)
    #expect(daily[0, 1] == 2)
    // A tenth of 3, which is 15 % of the last price that is kept.
    #expect(daily.availability(row: 1, position: 1) == .delisted(recovery: 0.1 * (3.0 / 2)))
    let returns = try daily.incompleteReturns()
    #expect(returns[0, 0] == nil && returns[1, 0] == nil)
    expectClose(try #require(returns[0, 1]), -0.85, relative: 1e-15)
    #expect(returns[1, 1] == nil)
  }

  /// What a holder of the last kept price got: half of it went before the delisting.
  @Test func recoveriesAreOfTheLastKeptPrice() throws {
    let gone = Availability.delisted(recovery: 0.9)
    let history = try PriceHistory(
      universe: Universe(["A", "B", "C"]), timestamps: [31, 40, 50, 65].map { try day($0) },
      prices: Matrix(columns: [[100, 50, 0, 0], [1, 2, 3, 4], [0, 50, 0, 0]]),
      availability: [.value, .value, gone, gone] + [.value, .value, .value, .value]
        + [.notListed, .value, gone, gone])
    let monthly = try history.resampled(every: .months)
    #expect(try monthly.timestamps == [day(31), day(50), day(65)])
    let returns = try monthly.incompleteReturns()
    expectClose(try #require(returns[0, 0]), -0.55, relative: 1e-15)
    #expect(monthly.availability(row: 2, position: 0) == .delisted(recovery: 0.45))
    #expect(returns[0, 1] == 2)
    // Listed and delisted within a month.
    for row in 0..<3 { #expect(monthly.availability(row: row, position: 2) == .notListed) }
    let open = try history.resampled(every: .months, includesLast: false)
    #expect(open == monthly.prefix(2))
  }

  @Test func recoveriesThatOverflow() throws {
    func monthly(_ recovery: Double) throws -> PriceHistory {
      try PriceHistory(
        universe: Universe(["A"]), timestamps: [31, 40, 50].map { try day($0) },
        prices: Matrix(columns: [[1e-200, 1e200, 0]]),
        availability: [.value, .value, .delisted(recovery: recovery)]
      ).resampled(every: .months)
    }
    #expect(
      throws: DataError.invalidValue(
        argument: "recovery", asset: "A", row: 1, got: .infinity, lowest: 0,
        highest: .greatestFiniteMagnitude)
    ) { try monthly(1) }
    #expect(try monthly(0).simpleReturns().values[0, 0] == -1)
  }

  /// What is known at a time does not depend on what comes later.
  @Test func truncation() throws {
    let history = try daily(1...40)
    for last in [7, 10, 28, 40] {
      let cut = try history.until(day(last)).resampled(every: .weeks, includesLast: false)
      let whole = try history.resampled(every: .weeks).prefix(cut.rowCount)
      #expect(cut == whole)
    }
  }
}

@Suite struct AlignmentTests {
  @Test func calendars() throws {
    let crypto = try PriceHistory(
      universe: Universe(["BTC"]), timestamps: (1...7).map { try day($0) },
      prices: Matrix(columns: [(1...7).map { Double($0) }]))
    let stocks = try PriceHistory(
      universe: Universe(["SPY", "QQQ"]), timestamps: [2, 3, 5, 8].map { try day($0) },
      prices: Matrix(columns: [[10, 11, 12, 13], [20, 21, 0, 0]]),
      availability: [.value, .value, .value, .value, .value, .value]
        + [.delisted(recovery: 0.5), .delisted(recovery: 0.5)])
    let common = try PriceHistory.aligned([crypto, stocks], calendar: .common)
    #expect(try common.timestamps == [day(2), day(3), day(5)])
    #expect(common[2, 0] == 5 && common[2, 1] == 12)
    let all = try PriceHistory.aligned([stocks, crypto], calendar: .all)
    #expect(all.universe.assets == ["SPY", "QQQ", "BTC"])
    #expect(try all.timestamps == (1...8).map { try day($0) })
    #expect(all.availability(row: 0, position: 0) == .notListed)
    #expect(all.availability(row: 3, position: 0) == .noTrade)
    #expect(all[4, 0] == 12)
    #expect(all.availability(row: 5, position: 1) == .delisted(recovery: 0.5))
    #expect(all.availability(row: 7, position: 2) == .noTrade)
    #expect(throws: DataError.self) { try PriceHistory.aligned([], calendar: .all) }
    #expect(throws: DataError.self) { try PriceHistory.aligned([crypto, crypto], calendar: .all) }
    #expect(try PriceHistory.aligned([crypto], calendar: .all) == crypto)
  }

  @Test func delistingsBetweenCommonTimes() throws {
    let gone = Availability.delisted(recovery: 1)
    let sparse = try PriceHistory(
      universe: Universe(["A"]), timestamps: [1, 2, 4].map { try day($0) },
      prices: Matrix(columns: [[1, 2, 3]]))
    let daily = try PriceHistory(
      universe: Universe(["B", "C"]), timestamps: (1...4).map { try day($0) },
      prices: Matrix(columns: [[100, 100, 50, 0], [0, 0, 50, 0]]),
      availability: [.value, .value, .value, gone, .notListed, .notListed, .value, gone])
    let common = try PriceHistory.aligned([sparse, daily], calendar: .common)
    let returns = try common.selecting(["A", "B"]).simpleReturns().values
    #expect(returns[0, 1] == 0 && returns[1, 1] == -0.5)
    #expect(common.availability(row: 2, position: 1) == .delisted(recovery: 0.5))
    #expect(common.availability(row: 2, position: 2) == .notListed)
    let all = try PriceHistory.aligned([sparse, daily], calendar: .all)
    #expect(try all.selecting(["B", "C"]) == daily)
  }
}

@Suite struct IncompleteReturnsTests {
  private func returns() throws -> IncompleteReturns {
    try IncompleteReturns(
      universe: Universe(["A", "B"]), timestamps: (1...4).map { try day($0) },
      values: Matrix(columns: [[0.1, .nan, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]),
      isPresent: [true, false, true, true, true, true, true, false])
  }

  @Test func parts() throws {
    let returns = try returns()
    #expect(returns[0, 0] == 0.1 && returns[1, 0] == nil && returns[3, 1] == nil)
    #expect(returns.observationCounts == [3, 3])
    #expect(returns.values(position: 0) == [0.1, 0.3, 0.4])
    let complete = try returns.completeRows()
    #expect(try complete.timestamps == [day(1), day(3)])
    #expect(complete.values[1, 1] == 0.7)
    #expect(try returns.until(day(2)).rowCount == 2)
    #expect(returns.suffix(1)[0, 0] == 0.4 && returns.suffix(1)[0, 1] == nil)
    #expect(try returns.selecting(["B"])[3, 0] == nil)
    #expect(try returns.selecting(["B"]).values(position: 0) == [0.5, 0.6, 0.7])
  }

  @Test func refusals() throws {
    func make(_ values: Matrix, _ isPresent: [Bool]) throws -> IncompleteReturns {
      try IncompleteReturns(
        universe: Universe(["A"]), timestamps: (1...values.rowCount).map { try day($0) },
        values: values, isPresent: isPresent)
    }
    for bad in [Double.nan, .infinity, -1.5] {
      #expect(throws: DataError.self) { try make(Matrix(columns: [[0, bad]]), [true, true]) }
      #expect(try make(Matrix(columns: [[0, bad]]), [true, false])[1, 0] == nil)
    }
    #expect(throws: DataError.self) { try make(Matrix(columns: [[0, 1]]), [true]) }
    // Prices between gaps are seen through the gaps.
    let prices = try Matrix(columns: [(0..<24).map { $0 % 2 == 0 ? 100 + Double($0) : 0 }])
    #expect(throws: DataError.self) { try make(prices, (0..<24).map { $0 % 2 == 0 }) }
    #expect(throws: DataError.self) {
      try make(Matrix(columns: [[0, 1]]), [false, false]).completeRows()
    }
  }
}
