import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FuturesExposureTests {
  /// Differences of the profit in each currency are a second way to delta and gamma.
  @Test(arguments: 1...60)
  func agreesWithDifferences(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contract = try contract(Double(seed % 3), size: generator.uniform(0.1...10))
    let position = try FuturesPosition(
      contract: contract, quantity: generator.uniform(-10...10),
      entryPrice: generator.uniform(80...120))
    let spot = generator.uniform(80...120)
    let basis = generator.uniform(0.95...1.1)
    let third = generator.uniform(0.5...50)
    func exposure(_ currency: FuturesExposure.Currency, _ spot: Double) -> FuturesExposure {
      position.exposure(
        in: currency,
        at: FuturesPrices(contract: basis * spot, coin: spot, settlementCurrency: third))
    }
    for currency in FuturesExposure.Currency.allCases {
      let value = exposure(currency, spot)
      let h = 1e-3 * spot
      func profit(_ step: Double) -> Double { exposure(currency, spot + step).profit }
      let delta = (8 * (profit(h) - profit(-h)) - (profit(2 * h) - profit(-2 * h))) / (12 * h)
      let size = (position.quantity * contract.size).magnitude * third * 2
      expectClose(value.delta, delta, absolute: 1e-9 * size, "\(seed) \(currency)")
      let slope =
        (exposure(currency, spot + h).delta - exposure(currency, spot - h).delta) / (2 * h)
      expectClose(value.gamma, slope, absolute: 1e-5 * size / spot, "\(seed) \(currency)")
    }
    // One currency's profit is the other's at the coin price.
    expectClose(
      exposure(.coin, spot).profit * spot, exposure(.cash, spot).profit, relative: 1e-14)
  }

  @Test func hedgesWithTheCashDelta() throws {
    // Short 100 inverse contracts of 100 dollars entered at 50000: 0.2 coins short, without gamma.
    let position = try FuturesPosition(
      contract: .inverse(cashPerContract: 100), quantity: -100, entryPrice: 50_000)
    let prices = FuturesPrices(contract: 40_000, coin: 40_000)
    let cash = position.exposure(in: .cash, at: prices)
    expectClose(cash.delta, -0.2, relative: 1e-15)
    #expect(cash.gamma == 0)
    // 0.2 coins of collateral make the account a constant 10000 dollars.
    expectClose(cash.profit + 0.2 * 40_000, 10_000, relative: 1e-15)
    let both = cash + cash
    #expect(both.delta == 2 * cash.delta && both.profit == 2 * cash.profit && both.gamma == 0)
  }

  @Test func isDefinedForHostileNumbers() throws {
    for code in 0..<3 {
      let position = try FuturesPosition(
        contract: contract(Double(code), size: 1), quantity: 1, entryPrice: 100)
      for number in hostileNumbers where !(number > 0 && number.isFinite) {
        for place in 0..<3 where place < 2 || code == 2 {
          var inputs = [100.0, 100, 2]
          inputs[place] = number
          let prices = FuturesPrices(
            contract: inputs[0], coin: inputs[1], settlementCurrency: inputs[2])
          for currency in FuturesExposure.Currency.allCases {
            let exposure = position.exposure(in: currency, at: prices)
            #expect(exposure.profit.isNaN && exposure.delta.isNaN && exposure.gamma.isNaN)
          }
        }
      }
      let prices = FuturesPrices(contract: 100, coin: 100)
      #expect(position.exposure(in: .cash, at: prices).profit.isNaN == (code == 2))
      #expect(try roundTrip(prices) == prices)
    }
  }
}
