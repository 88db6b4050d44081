import Foundation
import KeelData
import KeelEngine
import KeelTestSupport
import Testing

@Suite struct TaxLotsTests {
  private func cash(_ text: String) throws -> Amount { try Amount(text, decimals: 2) }
  private func coins(_ text: String) throws -> Amount { try Amount(text, decimals: 8) }
  private func day(_ number: Int) throws -> Timestamp {
    try Timestamp(nanosecondsSinceEpoch: 0).advanced(byDays: number)
  }

  /// 1 at 100 + 1 fee on day 0, 2 at 300 each on day 100, 1 at 200 on day 200.
  private func ledger() throws -> TaxLots {
    var lots = try TaxLots(asset: "BTC", decimals: 8, cashDecimals: 2)
    try lots.acquire(quantity: coins("1"), value: cash("100"), fee: cash("1"), at: day(0))
    try lots.acquire(quantity: coins("1"), value: cash("200"), fee: cash("0"), at: day(200))
    try lots.acquire(quantity: coins("2"), value: cash("600"), fee: cash("0"), at: day(100))
    return lots
  }

  /// A sale of 1.5 for 600 less 3 of fees: 597, of which two thirds (398) belong to one unit.
  ///
  /// First in first out takes 1 (cost 101) and 0.5 of the second lot (cost 150): gains 297 and 49.
  /// Last in first out takes 1 (cost 200) and 0.5 (150): 198 and 49. Highest cost takes 1.5 of the
  /// second lot (cost 450): 147.
  @Test func salesTakeLotsInTheOrderOfTheMethod() throws {
    let expected: [DisposalMethod: (gains: [String], cost: String, days: [Int])] = [
      .fifo: (["297", "49"], "251", [0, 100]),
      .lifo: (["198", "49"], "350", [200, 100]),
      .highestCost: (["147"], "450", [100]),
    ]
    for (method, sale) in expected {
      var lots = try ledger()
      #expect(try lots.lots.map(\.acquired) == [day(0), day(100), day(200)])
      let disposal = try lots.sell(
        quantity: coins("1.5"), value: cash("600"), fee: cash("3"), at: day(300), method: method)
      #expect(disposal.lots.map(\.gain) == (try sale.gains.map(cash)))
      #expect(disposal.lots.map(\.acquired) == (try sale.days.map(day)))
      #expect(disposal.costBasis == (try cash(sale.cost)))
      #expect(disposal.proceeds == (try cash("597")))
      #expect(disposal.gain == (try cash("597").subtracting(cash(sale.cost))))
      #expect(lots.totalQuantity == (try coins("2.5")))
      #expect(lots.totalCostBasis == (try cash("901").subtracting(cash(sale.cost))))
    }
  }

  /// A third of 100.00 is 33.33 rounded down; the rest keeps 66.67, of which half is 33.33, and the
  /// last third carries 33.34. Proceeds of 10.00 over three lots: 3.33, 3.33, 3.34.
  @Test func roundingLosesNoCent() throws {
    var lots = try TaxLots(asset: "ETH", decimals: 8, cashDecimals: 2)
    try lots.acquire(quantity: coins("3"), value: cash("100"), fee: cash("0"), at: day(0))
    let costs = try (1...3).map { _ in
      try lots.sell(
        quantity: coins("1"), value: cash("50"), fee: cash("0"), at: day(1), method: .fifo
      ).costBasis
    }
    #expect(costs == (try ["33.33", "33.33", "33.34"].map(cash)))
    #expect(lots.lots.isEmpty && lots.totalCostBasis.isZero && lots.totalQuantity.isZero)
    for number in 0..<3 {
      try lots.acquire(quantity: coins("1"), value: cash("1"), fee: cash("0"), at: day(number))
    }
    let sale = try lots.sell(
      quantity: coins("3"), value: cash("10"), fee: cash("0"), at: day(9), method: .fifo)
    #expect(sale.lots.map(\.proceeds) == (try ["3.33", "3.33", "3.34"].map(cash)))
  }

  /// On day 300 with a period of 200 days the lot of day 0 is long-term, the lot of day 100 (held
  /// exactly 200 days) is not: gains 297 and 49 by first in first out.
  @Test func taxesFollowTheHoldingPeriod() throws {
    let lots = try ledger()
    let rates = try TaxRates(
      shortTerm: 0.3, longTerm: 0.15, holdingDays: 200, creditsLosses: false)
    let sale = try lots.previewSale(
      quantity: coins("1.5"), value: cash("600"), fee: cash("3"), at: day(300), method: .fifo)
    let gains = try sale.gains(splitAtDays: 200)
    #expect(gains.longTerm == (try cash("297")))
    #expect(gains.shortTerm == (try cash("49")))
    // 0.3 · 49 = 14.7 and 0.15 · 297 = 44.55; the doubles nearest to 0.3 and 0.15 lie below.
    #expect(try rates.tax(on: sale) == cash("59.25"))
    let later = try lots.previewSale(
      quantity: coins("1.5"), value: cash("600"), fee: cash("3"),
      at: day(300).advanced(byNanoseconds: 1), method: .fifo)
    #expect(try later.gains(splitAtDays: 200).longTerm == cash("346"))
    // At 400 a unit: 1.5 units bring 600, less cost 450 by highest cost: a gain of 150.
    #expect(
      try lots.taxCost(
        ofSelling: coins("1.5"), at: 400, on: day(300), method: .highestCost, rates: rates)
        == cash("45"))
    // At 100 a unit the loss of 300 is worth nothing, or a quarter of it.
    #expect(
      try lots.taxCost(
        ofSelling: coins("1.5"), at: 100, on: day(300), method: .highestCost, rates: rates
      ).isZero)
    let credited = try TaxRates(
      shortTerm: 0.25, longTerm: 0.25, holdingDays: 365, creditsLosses: true)
    #expect(
      try lots.taxCost(
        ofSelling: coins("1.5"), at: 100, on: day(300), method: .highestCost, rates: credited)
        == cash("-75"))
    #expect(lots == (try ledger()))
  }

  private func randomLots(_ generator: inout SeededGenerator) throws -> TaxLots {
    var lots = try TaxLots(asset: "BTC", decimals: 8, cashDecimals: 2)
    for _ in 0..<Int.random(in: 1...12, using: &generator) {
      try lots.acquire(
        quantity: Amount(
          baseUnits: Int128(Int.random(in: 1...1_000_000_000, using: &generator)), decimals: 8),
        value: Amount(
          baseUnits: Int128(Int.random(in: 0...100_000_000, using: &generator)), decimals: 2),
        fee: Amount(baseUnits: Int128(Int.random(in: 0...10_000, using: &generator)), decimals: 2),
        at: day(Int.random(in: 0...20, using: &generator)))
    }
    return lots
  }

  @Test(arguments: 1...100)
  func anyOrderOfSalesEndsWithTheSameTotal(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let start = try randomLots(&generator)
    var lots = start
    var (gain, proceeds) = (try cash("0"), try cash("0"))
    var sold = try coins("0")
    while !lots.totalQuantity.isZero {
      let before = lots
      let most = Int(lots.totalQuantity.baseUnits)
      let wanted = Int.random(in: 1...max(1, most / 2), using: &generator)
      let quantity = try Amount(
        baseUnits: most < 1000 ? Int128(most) : Int128(wanted), decimals: 8)
      let value = try Amount(
        baseUnits: Int128(Int.random(in: 0...1_000_000, using: &generator)), decimals: 2)
      let fee = try Amount(
        baseUnits: Int128(Int.random(in: 0...20_000, using: &generator)), decimals: 2)
      let method = DisposalMethod.allCases.randomElement(using: &generator) ?? .fifo
      let sale = try lots.sell(
        quantity: quantity, value: value, fee: fee, at: day(21), method: method)
      // The parts of the sale add to the whole, and what is left to what was there.
      func units(_ amounts: [Amount]) -> Int128 { amounts.reduce(0) { $0 + $1.baseUnits } }
      #expect(units(sale.lots.map(\.quantity)) == quantity.baseUnits)
      #expect(units(sale.lots.map(\.proceeds)) == value.baseUnits - fee.baseUnits)
      #expect(units(sale.lots.map(\.costBasis)) == sale.costBasis.baseUnits)
      #expect(units(sale.lots.map(\.gain)) == sale.gain.baseUnits)
      #expect(
        units(lots.lots.map(\.costBasis)) + sale.costBasis.baseUnits
          == units(before.lots.map(\.costBasis)))
      #expect(lots.totalCostBasis.baseUnits == units(lots.lots.map(\.costBasis)))
      #expect(lots.totalQuantity.baseUnits == units(lots.lots.map(\.quantity)))
      gain = try gain.adding(sale.gain)
      proceeds = try proceeds.adding(sale.proceeds)
      sold = try sold.adding(quantity)
    }
    #expect(sold == start.totalQuantity)
    #expect(gain == (try proceeds.subtracting(start.totalCostBasis)))
    #expect(lots.totalCostBasis.isZero && lots.lots.isEmpty)
  }

  @Test(arguments: 1...200)
  func highestCostRealizesTheLeastGain(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(1_000 + seed))
    let lots = try randomLots(&generator)
    let quantity = try Amount(
      baseUnits: Int128(Int.random(in: 1...Int(lots.totalQuantity.baseUnits), using: &generator)),
      decimals: 8)
    let gains = try DisposalMethod.allCases.map { method in
      try lots.previewSale(
        quantity: quantity, value: cash("1000"), fee: cash("1"), at: day(21), method: method
      ).gain
    }
    #expect(gains[2] <= gains[0] && gains[2] <= gains[1])
  }

  /// Quantities and costs near 2¹²⁶ need 256 bits between.
  @Test func hugeAmountsStayExact() throws {
    let huge = Int128.max / 2
    var lots = try TaxLots(asset: "WEI", decimals: 18, cashDecimals: 18)
    let zero = try Amount(zeroWithDecimals: 18)
    try lots.acquire(
      quantity: Amount(baseUnits: huge, decimals: 18),
      value: Amount(baseUnits: huge - 1, decimals: 18), fee: zero, at: day(0))
    let before = lots
    #expect(throws: EngineError.amountOverflow(asset: "WEI")) {
      try lots.acquire(
        quantity: Amount(baseUnits: .max, decimals: 18), value: zero, fee: zero, at: day(0))
    }
    #expect(throws: EngineError.amountOverflow(asset: "WEI")) {
      try lots.acquire(
        quantity: Amount(baseUnits: 1, decimals: 18), value: Amount(baseUnits: .max, decimals: 18),
        fee: Amount(baseUnits: 1, decimals: 18), at: day(0))
    }
    #expect(lots == before)
    let sale = try lots.sell(
      quantity: Amount(baseUnits: huge - 1, decimals: 18), value: zero, fee: zero, at: day(1),
      method: .highestCost)
    // (h − 1)²/h = h − 2 + 1/h, rounded down.
    #expect(sale.costBasis.baseUnits == huge - 2)
    #expect(lots.totalCostBasis.baseUnits == 1 && lots.totalQuantity.baseUnits == 1)
  }

  @Test func badInputIsRefused() throws {
    var lots = try ledger()
    let before = lots
    let (one, none, money) = (try coins("1"), try coins("0"), try cash("1"))
    let minus = try cash("-1")
    #expect(throws: EngineError.negativeAmount(argument: "quantity", asset: "BTC", got: none)) {
      try lots.sell(quantity: none, value: money, fee: money, at: day(300), method: .fifo)
    }
    #expect(throws: EngineError.negativeAmount(argument: "fee", asset: "BTC", got: minus)) {
      try lots.acquire(quantity: one, value: money, fee: minus, at: day(0))
    }
    #expect(
      throws: EngineError.differentDecimals(
        argument: "value", asset: "BTC", got: 8, required: 2)
    ) {
      try lots.sell(quantity: one, value: one, fee: money, at: day(300), method: .lifo)
    }
    let most = try coins("4.00000001")
    #expect(
      throws: EngineError.holdingsTooSmall(
        asset: "BTC", held: before.totalQuantity, needed: most)
    ) {
      try lots.sell(quantity: most, value: money, fee: money, at: day(300), method: .fifo)
    }
    #expect(
      throws: EngineError.invalidValue(
        argument: "seconds since the last acquisition", asset: "BTC", got: -86_400, lowest: 0,
        highest: .greatestFiniteMagnitude)
    ) {
      try lots.sell(quantity: one, value: money, fee: money, at: day(199), method: .fifo)
    }
    #expect(lots == before)
    let rates = try TaxRates(shortTerm: 1, longTerm: 0, holdingDays: 0, creditsLosses: true)
    for number in hostileNumbers where !(number >= 0 && number <= 1) {
      #expect(throws: EngineError.self) {
        try TaxRates(shortTerm: number, longTerm: 0, holdingDays: 1, creditsLosses: true)
      }
      #expect(throws: EngineError.self) {
        try TaxRates(shortTerm: 0, longTerm: number, holdingDays: 1, creditsLosses: true)
      }
      guard !(number >= 0 && number < 1e30) else { continue }
      #expect(throws: EngineError.self) {
        try lots.taxCost(
          ofSelling: one, at: number, on: day(300), method: .fifo, rates: rates)
      }
    }
    #expect(throws: EngineError.self) { try TaxLots(asset: "A", decimals: 39, cashDecimals: 2) }
    #expect(throws: EngineError.self) { try TaxLots(asset: "A", decimals: 2, cashDecimals: -1) }
  }

  @Test func listsSurviveCoding() throws {
    let lots = try ledger()
    let encoded = try JSONEncoder().encode(lots)
    #expect(try JSONDecoder().decode(TaxLots.self, from: encoded) == lots)
    let bad = String(decoding: encoded, as: UTF8.self).replacing("\"101.00\"", with: "\"-101.00\"")
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(TaxLots.self, from: Data(bad.utf8))
    }
  }
}
