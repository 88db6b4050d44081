import Foundation
import KeelDerivatives
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct MarginTests {
  private func tiers() throws -> MaintenanceTiers {
    try MaintenanceTiers([
      .init(start: 0, rate: 0.004), .init(start: 50_000, rate: 0.005),
      .init(start: 250_000, rate: 0.01), .init(start: 1_000_000, rate: 0.025),
    ])
  }

  @Test func marginIsContinuous() throws {
    let tiers = try tiers()
    // The deductions that Binance published for these tiers.
    for (deduction, published) in zip(tiers.deductions, [0.0, 50, 1_300, 16_300]) {
      expectClose(deduction, published, absolute: 1e-9)
    }
    for tier in tiers.tiers.dropFirst() {
      expectClose(
        tiers.margin(ofNotional: tier.start.nextDown), tiers.margin(ofNotional: tier.start),
        relative: 1e-12)
    }
    #expect(tiers.margin(ofNotional: 0) == 0 && tiers.margin(ofNotional: -1).isNaN)
    #expect(tiers.margin(ofNotional: .nan).isNaN)
  }

  /// At the liquidation price the margin equation holds; on either side it does not.
  @Test(arguments: 1...60)
  func liquidationPriceSolvesTheEquation(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contracts = [
      try FuturesContract.linear(coinPerContract: 0.01),
      try .inverse(cashPerContract: 100),
      try .quanto(multiplier: 1e-4),
    ]
    for contract in contracts {
      let entry = exp(generator.uniform(2...11))
      // Notionals over all tiers.
      let notional = exp(generator.uniform(5...15))
      let quantity =
        (generator.uniform() < 0.5 ? 1 : -1) * notional
        / contract.notional(quantity: 1, price: entry)
      let position = try FuturesPosition(
        contract: contract, quantity: quantity, entryPrice: entry)
      let margined = try MarginedPosition(
        position: position, margin: notional * generator.uniform(0.03...2), tiers: tiers())
      guard let price = margined.liquidationPrice else {
        // A long without leverage, or a short of an inverse contract, may never be liquidated.
        let far = quantity > 0 ? entry * 1e-9 : entry * 1e9
        #expect(margined.marginRatio(at: far) > 1, "\(margined)")
        continue
      }
      let size = max(margined.equity(at: price).magnitude, notional)
      #expect(
        (margined.equity(at: price) - margined.maintenance(at: price)).magnitude
          <= 1e-12 * size, "\(margined)")
      let worse = quantity > 0 ? price * 0.999 : price * 1.001
      let better = quantity > 0 ? price * 1.001 : price * 0.999
      #expect(margined.marginRatio(at: worse) < 1 && margined.marginRatio(at: better) > 1)
    }
  }

  /// The textbook case of one rate: long, E (1 − 1/L)/(1 − m) for margin E q/L.
  @Test func flatRateHasAClosedForm() throws {
    let contract = try FuturesContract.linear(coinPerContract: 1)
    let flat = try MaintenanceTiers.flat(0.005)
    let long = try MarginedPosition(
      position: FuturesPosition(contract: contract, quantity: 2, entryPrice: 50_000),
      margin: 10_000, tiers: flat)
    expectClose(try #require(long.liquidationPrice), 50_000 * 0.9 / 0.995, relative: 1e-14)
    let short = try MarginedPosition(
      position: FuturesPosition(contract: contract, quantity: -2, entryPrice: 50_000),
      margin: 10_000, tiers: flat)
    expectClose(try #require(short.liquidationPrice), 50_000 * 1.1 / 1.005, relative: 1e-14)
    let empty = try MarginedPosition(
      position: FuturesPosition(contract: contract, quantity: 0, entryPrice: 1), margin: 1,
      tiers: flat)
    #expect(empty.liquidationPrice == nil && empty.marginRatio(at: 1) == .infinity)
  }

  @Test(arguments: 1...20)
  func crossMarginIsOnePool(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contract = try FuturesContract.linear(coinPerContract: 1)
    let lines = try (0..<3).map { _ in
      let price = generator.uniform(100...1_000)
      return CrossMarginAccount.Line(
        position: try FuturesPosition(
          contract: contract, quantity: generator.uniform(-100...100),
          entryPrice: price * generator.uniform(0.9...1.1)),
        markPrice: price, tiers: try tiers())
    }
    let account = try CrossMarginAccount(balance: 30_000, lines: lines)
    for place in 0..<3 {
      guard let price = try account.liquidationPrice(of: place) else { continue }
      var moved = lines
      moved[place].markPrice = price
      let at = try CrossMarginAccount(balance: 30_000, lines: moved)
      expectClose(at.equity, at.maintenance, absolute: 1e-9)
      expectClose(at.marginRatio, 1, relative: 1e-9)
    }
    // One position alone is an isolated one.
    let alone = try CrossMarginAccount(balance: 30_000, lines: [lines[0]])
    let isolated = try MarginedPosition(
      position: lines[0].position, margin: 30_000, tiers: tiers())
    #expect(try alone.liquidationPrice(of: 0) == isolated.liquidationPrice)
    #expect(throws: MarketsError.self) { try account.liquidationPrice(of: 3) }
  }

  @Test func badInputIsRefused() throws {
    #expect(throws: MarketsError.self) { try MaintenanceTiers([]) }
    #expect(throws: MarketsError.self) { try MaintenanceTiers([.init(start: 1, rate: 0.1)]) }
    #expect(throws: MarketsError.unordered(argument: "tiers", place: 1)) {
      try MaintenanceTiers([.init(start: 0, rate: 0.1), .init(start: 5, rate: 0.05)])
    }
    for number in hostileNumbers where !(number > 0 && number < 1) {
      #expect(throws: MarketsError.self) { try MaintenanceTiers.flat(number) }
    }
    let encoded = try JSONEncoder().encode(tiers())
    #expect(try JSONDecoder().decode(MaintenanceTiers.self, from: encoded) == tiers())
    let position = try FuturesPosition(
      contract: .linear(coinPerContract: 1), quantity: 1, entryPrice: 1)
    #expect(throws: MarketsError.self) {
      try MarginedPosition(position: position, margin: .nan, tiers: tiers())
    }
  }
}
