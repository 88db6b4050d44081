import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FundingHistoryTests {
  @Test(arguments: 1...30)
  func sumsOverMixedIntervals(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rates = (0..<400).map { _ in
      FundingRate(
        fraction: generator.uniform(-0.002...0.003),
        interval: generator.uniform() < 0.5 ? .eightHours : .oneHour,
        whenPositive: generator.uniform() < 0.9 ? .longPaysShort : .shortPaysLong)
    }
    let history = try FundingHistory(rates: rates)
    let years = rates.reduce(0) { $0 + $1.interval.hours } / 8_760
    expectClose(history.years, years, relative: 1e-14)
    expectClose(
      history.totalPaidByLong, rates.reduce(0) { $0 + $1.paidByLong }, absolute: 1e-15)
    expectClose(history.simplePaidByLongPerYear, history.totalPaidByLong / years, relative: 1e-13)
    let linear = rates.reduce(0) { $0 + naturalLog(1 + $1.paidByLong) } / years
    let inverse = rates.reduce(0) { $0 - naturalLog(1 - $1.paidByLong) } / years
    expectClose(history.impliedGrowthPerYear(settlement: .linear), linear, absolute: 1e-12)
    expectClose(history.impliedGrowthPerYear(settlement: .inverse), inverse, absolute: 1e-12)
    #expect(
      history.carryYield(rate: 0.05, settlement: .linear)
        == 0.05 - history.impliedGrowthPerYear(settlement: .linear))
    // The two convexities lie on both sides of the plain sum.
    #expect(history.impliedGrowthPerYear(settlement: .linear) < history.simplePaidByLongPerYear)
    #expect(history.impliedGrowthPerYear(settlement: .inverse) > history.simplePaidByLongPerYear)
  }

  /// A constant rate is a history of itself, and a model with its carry has the rate's forward.
  @Test func constantRate() throws {
    let rate = FundingRate(fraction: 0.000_1, interval: .eightHours, whenPositive: .longPaysShort)
    let history = try FundingHistory(rates: [FundingRate](repeating: rate, count: 1_095))
    expectClose(history.years, 1, relative: 1e-15)
    for settlement in FuturesContract.Settlement.allCases {
      expectClose(
        history.impliedGrowthPerYear(settlement: settlement),
        rate.impliedGrowthPerYear(settlement: settlement), relative: 1e-15)
    }
    let model = BlackScholes(
      spot: 100, volatility: 0.5, rate: 0.04,
      carryYield: rate.carryYield(rate: 0.04, settlement: .linear))
    // The forward after a year has grown by the compounded rate.
    expectClose(
      model.forward(timeToExpiry: 1), 100 * (1 + rate.compoundedPerYear), relative: 1e-14)
  }

  @Test func refusesAndRestores() throws {
    #expect(throws: DerivativesError.self) { try FundingHistory(rates: []) }
    for number in [-1, 1, .nan, .infinity, -2] {
      #expect(throws: DerivativesError.self) {
        try FundingHistory(rates: [
          FundingRate(fraction: number, interval: .oneHour, whenPositive: .longPaysShort)
        ])
      }
    }
    let history = try FundingHistory(rates: [
      FundingRate(fraction: 0.01, interval: .oneHour, whenPositive: .longPaysShort)
    ])
    #expect(try roundTrip(history) == history)
    #expect(throws: DecodingError.self) { try decoded(FundingHistory.self, #"{"rates": []}"#) }
  }
}
