import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FuturesPositionTests {
  /// Whatever the trades, realized and unrealized profit sum to that of every trade on its own.
  @Test(arguments: 1...60)
  func tradesKeepTheProfit(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contract = try contract(Double(seed % 3), size: generator.uniform(0.1...100))
    var position = try FuturesPosition(contract: contract, quantity: 0, entryPrice: 100)
    var realized = 0.0
    var trades: [(quantity: Double, price: Double)] = []
    for _ in 0..<25 {
      let quantity = (generator.uniform(-10...10)).rounded()
      let price = generator.uniform(50...200)
      let result = try position.trading(quantity, at: price)
      realized += result.realizedProfit
      position = result.position
      trades.append((quantity, price))
    }
    let last = generator.uniform(50...200)
    let parts = trades.map {
      contract.profit(quantity: $0.quantity, entry: $0.price, exit: last)
    }
    let scale = parts.reduce(0) { $0 + $1.magnitude }
    expectClose(
      realized + position.profit(at: last), parts.reduce(0, +), absolute: 1e-13 * scale)
    #expect(position.quantity == trades.reduce(0) { $0 + $1.quantity })
  }

  @Test func averagesEachSettlementItsOwnWay() throws {
    for (contract, average) in [
      (try FuturesContract.linear(coinPerContract: 1), 150.0),
      // Dollars at 100 and at 200 buy 0.015 coins: 2/0.015.
      (try FuturesContract.inverse(cashPerContract: 1), 2 / 0.015),
      (try FuturesContract.quanto(multiplier: 1), 150.0),
    ] {
      let start = try FuturesPosition(contract: contract, quantity: 1, entryPrice: 100)
      let (position, realized) = try start.trading(1, at: 200)
      expectClose(position.entryPrice, average, relative: 1e-15)
      #expect(realized == 0 && position.quantity == 2)
    }
  }

  @Test func reducesClosesAndTurns() throws {
    let contract = try FuturesContract.linear(coinPerContract: 2)
    let start = try FuturesPosition(contract: contract, quantity: 3, entryPrice: 100)
    let reduced = try start.trading(-1, at: 110)
    #expect(reduced.position.quantity == 2 && reduced.position.entryPrice == 100)
    #expect(reduced.realizedProfit == 20)
    let closed = try start.trading(-3, at: 90)
    #expect(closed.position.quantity == 0 && closed.realizedProfit == -60)
    let turned = try start.trading(-5, at: 110)
    #expect(turned.position.quantity == -2 && turned.position.entryPrice == 110)
    #expect(turned.realizedProfit == 60)
    let reopened = try closed.position.trading(-4, at: 80)
    #expect(reopened.position.quantity == -4 && reopened.position.entryPrice == 80)
    #expect(reopened.realizedProfit == 0)
    let unchanged = try closed.position.trading(0, at: 80)
    #expect(unchanged.position.quantity == 0 && unchanged.realizedProfit == 0)
  }

  @Test func refusesAndRestores() throws {
    let contract = try FuturesContract.linear(coinPerContract: 1)
    let position = try FuturesPosition(contract: contract, quantity: -2, entryPrice: 100)
    for number in hostileNumbers {
      if !number.isFinite {
        #expect(throws: DerivativesError.self) {
          try FuturesPosition(contract: contract, quantity: number, entryPrice: 1)
        }
        #expect(throws: DerivativesError.self) { try position.trading(number, at: 1) }
      }
      if !(number > 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try FuturesPosition(contract: contract, quantity: 1, entryPrice: number)
        }
        #expect(throws: DerivativesError.self) { try position.trading(1, at: number) }
      }
    }
    #expect(throws: DerivativesError.self) {
      try FuturesPosition(
        contract: contract, quantity: .greatestFiniteMagnitude, entryPrice: 1
      ).trading(.greatestFiniteMagnitude, at: 1)
    }
    #expect(try roundTrip(position) == position)
    #expect(throws: DecodingError.self) {
      try decoded(
        FuturesPosition.self,
        #"{"contract": {"settlement": "linear", "size": 1}, "quantity": 1, "entryPrice": 0}"#)
    }
  }
}
