import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FuturesContractTests {
  @Test func profitMatchesReference() throws {
    for row in try PerpetualsReference.load().profits {
      let contract = try contract(row[0], size: row[1])
      let profit = contract.profit(quantity: row[2], entry: row[3], exit: row[4])
      #expect(ulps(profit, row[5]) <= 3, "\(row)")
    }
  }

  @Test func notionalOfEachSettlement() throws {
    #expect(
      try FuturesContract.linear(coinPerContract: 0.01).notional(quantity: 3, price: 50_000)
        == 1_500)
    #expect(
      try FuturesContract.inverse(cashPerContract: 100).notional(quantity: -5, price: 50_000)
        == -0.01)
    expectClose(
      try FuturesContract.quanto(multiplier: 1e-6).notional(quantity: 10, price: 3_000), 0.03,
      relative: 1e-15)
  }

  /// A hundred dollars of an inverse contract, worked by hand.
  @Test func inverseProfitByHand() throws {
    let contract = try FuturesContract.inverse(cashPerContract: 100)
    // 100 · (1/40000 − 1/50000) = 100 · 5e-6
    expectClose(contract.profit(quantity: 1, entry: 40_000, exit: 50_000), 5e-4, relative: 1e-15)
    // A long of an inverse contract loses more than all of a linear one's when the price halves.
    expectClose(contract.profit(quantity: 1, entry: 40_000, exit: 20_000), -2.5e-3, relative: 1e-15)
  }

  @Test(arguments: 1...40)
  func profitsAddUpOverTime(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for code in 0..<3 {
      let contract = try contract(Double(code), size: power(10, generator.uniform(-4...4)))
      let quantity = generator.uniform(-1_000...1_000)
      let prices = (0..<3).map { _ in power(10, generator.uniform(-2...5)) }
      let first = contract.profit(quantity: quantity, entry: prices[0], exit: prices[1])
      let second = contract.profit(quantity: quantity, entry: prices[1], exit: prices[2])
      let whole = contract.profit(quantity: quantity, entry: prices[0], exit: prices[2])
      expectClose(
        first + second, whole, absolute: 1e-15 * (first.magnitude + second.magnitude), "\(seed)")
      // Long and short net to exactly zero.
      #expect(whole + contract.profit(quantity: -quantity, entry: prices[0], exit: prices[2]) == 0)
    }
  }

  /// An inverse contract entered at e is worth in cash what size/e coins of a linear one are.
  @Test(arguments: 1...40)
  func inverseAgreesWithLinearThroughTheCoin(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (entry, exit) = (
      power(10, generator.uniform(-2...5)), power(10, generator.uniform(-2...5))
    )
    let size = generator.uniform(1...1_000)
    let inverse = try FuturesContract.inverse(cashPerContract: size)
    let linear = try FuturesContract.linear(coinPerContract: size / entry)
    let quantity = generator.uniform(-100...100)
    expectClose(
      inverse.profit(quantity: quantity, entry: entry, exit: exit) * exit,
      linear.profit(quantity: quantity, entry: entry, exit: exit), relative: 2e-15)
  }

  @Test func refusesAndRestores() throws {
    for size in [0, -1, .nan, .infinity] {
      #expect(throws: DerivativesError.self) { try FuturesContract.linear(coinPerContract: size) }
      #expect(throws: DerivativesError.self) { try FuturesContract.inverse(cashPerContract: size) }
      #expect(throws: DerivativesError.self) { try FuturesContract.quanto(multiplier: size) }
    }
    let contract = try FuturesContract.inverse(cashPerContract: 10)
    #expect(try roundTrip(contract) == contract)
    #expect(throws: DecodingError.self) {
      try decoded(FuturesContract.self, #"{"settlement": "inverse", "size": -10}"#)
    }
    #expect(throws: DecodingError.self) {
      try decoded(FuturesContract.self, #"{"settlement": "other", "size": 10}"#)
    }
  }

  @Test func isDefinedForHostileNumbers() throws {
    for code in 0..<3 {
      let contract = try contract(Double(code), size: 10)
      for number in hostileNumbers {
        let isPrice = number > 0 && number.isFinite
        #expect(contract.profit(quantity: number, entry: 1, exit: 2).isNaN == !number.isFinite)
        #expect(contract.notional(quantity: number, price: 1).isNaN == !number.isFinite)
        #expect(contract.profit(quantity: 1, entry: number, exit: 2).isNaN == !isPrice)
        #expect(contract.profit(quantity: 1, entry: 2, exit: number).isNaN == !isPrice)
        #expect(contract.notional(quantity: 1, price: number).isNaN == !isPrice)
      }
    }
  }
}
