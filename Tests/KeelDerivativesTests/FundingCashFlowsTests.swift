import KeelData
import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FundingCashFlowsTests {
  static func time(hours: Double) -> Timestamp {
    Timestamp(nanosecondsSinceEpoch: Int64(hours * 3_600) * 1_000_000_000)
  }

  static func events(_ count: Int, using generator: inout SeededGenerator) -> [FundingEvent] {
    (1...count).map { number in
      FundingEvent(
        time: time(hours: 8 * Double(number)),
        rate: FundingRate(
          fraction: generator.uniform(-0.003...0.003), interval: .eightHours,
          whenPositive: number % 5 == 0 ? .shortPaysLong : .longPaysShort),
        price: generator.uniform(20_000...60_000))
    }
  }

  @Test func paymentMatchesReference() throws {
    for row in try PerpetualsReference.load().payments {
      let received = try contract(row[0], size: row[1]).fundingReceived(
        quantity: row[2],
        rate: FundingRate(
          fraction: row[4], interval: .eightHours,
          whenPositive: row[5] > 0 ? .longPaysShort : .shortPaysLong),
        price: row[3])
      #expect(ulps(received, row[6]) <= 3, "\(row)")
    }
  }

  @Test func paymentByHand() throws {
    let rate = FundingRate(fraction: 0.000_1, interval: .eightHours, whenPositive: .longPaysShort)
    // Two coins long at 50000: 100000 dollars of notional pay 10 dollars.
    let linear = try FuturesContract.linear(coinPerContract: 1)
    expectClose(
      linear.fundingReceived(quantity: 2, rate: rate, price: 50_000), -10, relative: 1e-15)
    // 1000 inverse contracts of 100 dollars short at 50000: 2 coins of notional earn 0.0002 coins.
    let inverse = try FuturesContract.inverse(cashPerContract: 100)
    expectClose(
      inverse.fundingReceived(quantity: -1_000, rate: rate, price: 50_000), 0.000_2,
      relative: 1e-15)
  }

  @Test(arguments: 1...30)
  func longAndShortNetToZero(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contract = try contract(Double(seed % 3), size: generator.uniform(0.001...100))
    let events = Self.events(500, using: &generator)
    var hours = 0.0
    let changes = (0..<60).map { _ in
      hours += generator.uniform(1...80).rounded()
      return QuantityChange(
        time: Self.time(hours: hours), quantity: generator.uniform(-5...5))
    }
    let opposite = changes.map { QuantityChange(time: $0.time, quantity: -$0.quantity) }
    let long = try FundingCashFlows(contract: contract, events: events, changes: changes)
    let short = try FundingCashFlows(contract: contract, events: events, changes: opposite)
    #expect(long.totalReceived + short.totalReceived == 0)
    for (a, b) in zip(long.flows, short.flows) { #expect(a.received + b.received == 0) }
    // The position by a plain scan, and the total in order of size.
    for (flow, event) in zip(long.flows, events) {
      let held = changes.filter { $0.time < event.time }.reduce(0) { $0 + $1.quantity }
      expectClose(flow.quantity, held, absolute: 1e-12)
      #expect(flow.time == event.time)
    }
    let sorted = long.flows.map(\.received).sorted { $0.magnitude < $1.magnitude }
    expectClose(
      long.totalReceived, sorted.reduce(0, +),
      absolute: 1e-13 * sorted.reduce(0) { $0 + $1.magnitude })
  }

  @Test func aChangeAtTheTimeCountsAfterIt() throws {
    let rate = FundingRate(fraction: 0.01, interval: .eightHours, whenPositive: .longPaysShort)
    let events = [8.0, 16, 24].map {
      FundingEvent(time: Self.time(hours: $0), rate: rate, price: 100)
    }
    let flows = try FundingCashFlows(
      contract: .linear(coinPerContract: 1), events: events,
      changes: [
        QuantityChange(time: Self.time(hours: 8), quantity: 1),
        QuantityChange(time: Self.time(hours: 20), quantity: 2),
        QuantityChange(time: Self.time(hours: 24), quantity: -3),
      ])
    #expect(flows.flows.map(\.quantity) == [0, 1, 3])
    #expect(flows.flows.map(\.received) == [0, -1, -3])
    #expect(flows.totalReceived == -4)
  }

  /// Continuous accrual over slices is the average rate over the whole.
  @Test func slicesOfContinuousFunding() throws {
    let quarter = try FundingInterval(hours: 0.25)
    let premiums = [0.001, 0.002, -0.001, 0.000_1]
    let events = premiums.enumerated().map { index, premium in
      FundingEvent(
        time: Self.time(hours: Double(index + 1) * 0.25),
        rate: FundingRule.deribit.rate(premium: premium).accrued(over: quarter), price: 50_000)
    }
    let flows = try FundingCashFlows(
      contract: .inverse(cashPerContract: 10), events: events,
      changes: [QuantityChange(time: Self.time(hours: 0), quantity: 5_000)])
    // One coin of notional: −(0.00075 + 0.00175 − 0.00075 + 0)/32.
    expectClose(flows.totalReceived, -0.001_75 / 32, relative: 1e-14)
  }

  @Test func emptyHistories() throws {
    let contract = try FuturesContract.linear(coinPerContract: 1)
    let nothing = try FundingCashFlows(contract: contract, events: [], changes: [])
    #expect(nothing.flows.isEmpty && nothing.totalReceived == 0)
    var generator = SeededGenerator(seed: 1)
    let flat = try FundingCashFlows(
      contract: contract, events: Self.events(3, using: &generator), changes: [])
    #expect(flat.totalReceived == 0 && flat.flows.count == 3)
  }

  @Test func refusesBadHistories() throws {
    let contract = try FuturesContract.linear(coinPerContract: 1)
    var generator = SeededGenerator(seed: 1)
    let good = Self.events(3, using: &generator)
    func expectRefusal(_ events: [FundingEvent], _ changes: [QuantityChange] = []) {
      #expect(throws: DerivativesError.self) {
        try FundingCashFlows(contract: contract, events: events, changes: changes)
      }
    }
    for number in hostileNumbers where !number.isFinite {
      var events = good
      events[1].rate.fraction = number
      expectRefusal(events)
      expectRefusal(good, [QuantityChange(time: good[0].time, quantity: number)])
    }
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      var events = good
      events[1].price = number
      expectRefusal(events)
    }
    expectRefusal([good[0], good[0]])
    expectRefusal([good[1], good[0]])
    expectRefusal(
      good,
      [
        QuantityChange(time: good[1].time, quantity: 1),
        QuantityChange(time: good[0].time, quantity: 1),
      ])
  }
}
