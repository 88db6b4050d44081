import Foundation
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct LendingTests {
  private func rates() throws -> InterestRateModel {
    try InterestRateModel(
      baseRate: 0.01, slopeBelowKink: 0.04, slopeAboveKink: 0.6, kink: 0.9, reserveFactor: 0.1)
  }

  @Test func ratesHaveAKink() throws {
    let rates = try rates()
    #expect(rates.borrowRate(utilization: 0) == 0.01)
    expectClose(rates.borrowRate(utilization: 0.45), 0.03, relative: 1e-15)
    expectClose(rates.borrowRate(utilization: 0.9), 0.05, relative: 1e-15)
    expectClose(rates.borrowRate(utilization: 1), 0.65, relative: 1e-15)
    expectClose(rates.supplyRate(utilization: 0.9), 0.05 * 0.9 * 0.9, relative: 1e-15)
    for number in hostileNumbers where !(number >= 0 && number <= 1) {
      #expect(rates.borrowRate(utilization: number).isNaN)
    }
  }

  /// What borrowers pay is what suppliers earn and the protocol keeps.
  @Test(arguments: 1...20)
  func interestIsSplit(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let reserve = try LendingReserve(
      supplied: 1e6, borrowed: generator.uniform(0...1e6), rates: rates())
    let paid = reserve.borrowed * reserve.borrowRate(after: 0)
    expectClose(
      reserve.supplied * reserve.supplyRate(after: 0), 0.9 * paid, relative: 1e-14)
    #expect(reserve.supplyRate(after: 1e5) <= reserve.supplyRate(after: 0))
    if reserve.available > 1 {
      #expect(reserve.borrowRate(after: 1) > reserve.borrowRate(after: 0))
    }
    #expect(reserve.borrowRate(after: reserve.available + 1).isNaN)
    #expect(reserve.supplyRate(after: -reserve.available - 1).isNaN)
  }

  @Test(arguments: 1...50)
  func liquidationPricesGiveHealthOne(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let loan = try CollateralizedLoan(
      collateral: (0..<3).map { _ in
        .init(
          amount: generator.uniform(0.1...10), price: generator.uniform(10...3_000),
          liquidationThreshold: generator.uniform(0.5...0.9))
      },
      debts: [
        .init(amount: generator.uniform(100...20_000), price: 1),
        .init(amount: generator.uniform(0.1...2), price: generator.uniform(10...3_000)),
      ])
    for place in 0..<3 {
      guard let price = loan.liquidationPrice(ofCollateral: place) else { continue }
      var lines = loan.collateral
      lines[place].price = price
      expectClose(
        try CollateralizedLoan(collateral: lines, debts: loan.debts).healthFactor, 1,
        relative: 1e-12)
    }
    if let price = loan.liquidationPrice(ofDebt: 1) {
      var lines = loan.debts
      lines[1].price = price
      expectClose(
        try CollateralizedLoan(collateral: loan.collateral, debts: lines).healthFactor, 1,
        relative: 1e-12)
    }
    let repaid = try loan.repayment(toReach: 2)
    expectClose(
      loan.borrowingPower / (loan.debtValue - repaid), max(2, loan.healthFactor), relative: 1e-12)
  }

  @Test func edgesAndBadInput() throws {
    let none = try CollateralizedLoan(collateral: [], debts: [])
    #expect(none.healthFactor == .infinity && none.liquidationPrice(ofCollateral: 0) == nil)
    let naked = try CollateralizedLoan(collateral: [], debts: [.init(amount: 1, price: 1)])
    #expect(naked.healthFactor == 0 && naked.liquidationPrice(ofDebt: 0) == nil)
    for number in hostileNumbers where !(number >= 0 && number.isFinite) {
      #expect(throws: MarketsError.self) {
        try CollateralizedLoan(collateral: [.init(amount: number, price: 1)], debts: [])
      }
      #expect(throws: MarketsError.self) {
        try CollateralizedLoan(collateral: [], debts: [.init(amount: 1, price: number)])
      }
      #expect(throws: MarketsError.self) {
        try InterestRateModel(
          baseRate: number, slopeBelowKink: 0, slopeAboveKink: 0, kink: 0.5, reserveFactor: 0)
      }
    }
    #expect(throws: MarketsError.self) {
      try LendingReserve(supplied: 1, borrowed: 2, rates: rates())
    }
    let encoded = try JSONEncoder().encode(rates())
    #expect(try JSONDecoder().decode(InterestRateModel.self, from: encoded) == rates())
  }

  @Test func gasIsSharedByABatch() throws {
    let schedule = try GasSchedule(
      gasByAction: ["swap": 120_000, "approve": 26_000], gasPerTransaction: 21_000)
    let alone = schedule.cost(
      of: ["approve", "swap"], gasPriceGwei: 50, coinPrice: 2_000, isBatched: false)
    let together = schedule.cost(
      of: ["approve", "swap"], gasPriceGwei: 50, coinPrice: 2_000, isBatched: true)
    expectClose(alone, 188_000 * 50e-9 * 2_000, relative: 1e-15)
    expectClose(alone - together, 21_000 * 50e-9 * 2_000, relative: 1e-13)
    #expect(schedule.cost(of: [], gasPriceGwei: 50, coinPrice: 2_000, isBatched: true) == 0)
    #expect(
      schedule.cost(of: ["mint"], gasPriceGwei: 50, coinPrice: 2_000, isBatched: true).isNaN)
    #expect(throws: MarketsError.self) {
      try GasSchedule(gasByAction: ["swap": -1], gasPerTransaction: 0)
    }
  }

  @Test func bridgesMayFail() throws {
    let bridge = try Bridge(
      feeFraction: 0.001, fixedFee: 5, delay: 1.0 / 365, failureRate: 0.02, lossGivenFailure: 0.5)
    expectClose(bridge.failureProbability, 1 - exp(-0.02 / 365), relative: 1e-10)
    expectClose(bridge.fees(on: 10_000), 15, relative: 1e-15)
    expectClose(
      bridge.expectedCost(on: 10_000), 15 + bridge.failureProbability * 0.5 * 9_985,
      relative: 1e-15)
    #expect(bridge.fees(on: -1).isNaN && bridge.expectedCost(on: .nan).isNaN)
    #expect(throws: MarketsError.self) {
      try Bridge(
        feeFraction: 2, fixedFee: 0, delay: 0, failureRate: 0, lossGivenFailure: 0)
    }
  }
}

/// Aave's reserves by the minute: the kinked model explains the recorded rates.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct LendingRealDataTests {
  /// The supply rate is the borrow rate times utilization less the reserve factor, so that it is always
  /// below, and the index grows by it.
  @Test func indexGrowsByTheRate() throws {
    let rows = try #require(try Reference.realRows("lending_aave_v3_polygon_minute.csv.gz"))
    for reserve in ["USDC", "WETH"] {
      let series = rows.filter { $0["reserve"] == reserve }
      func number(_ row: [String: String], _ column: String) throws -> Double {
        try #require(Double(row[column] ?? ""))
      }
      var growth = 0.0
      for row in series.dropLast() {
        let rate = try number(row, "variable_borrow_rate")
        #expect(try number(row, "supply_rate") < rate)
        growth += rate / (365 * 1_440)
      }
      let ratio =
        try number(series[series.count - 1], "variable_borrow_index")
        / number(series[0], "variable_borrow_index")
      expectClose(ratio - 1, growth, relative: 0.02)
    }
  }
}
