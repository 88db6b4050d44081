import Foundation
import KeelData
import KeelDerivatives
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct YieldSplitTests {
  private struct Rows: Decodable { let rows: [[Double]] }

  private static let now = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000)

  /// The exponent is rounded once, which weighs as much as it is large.
  @Test func matchesReferences() throws {
    for row in try Reference.load(Rows.self, "yield_split").rows {
      let split = try YieldSplit(index: row[0], impliedRate: row[2], timeToMaturity: row[3])
      let relative = (2 + (row[2] * row[3]).magnitude) * 0x1p-52
      expectClose(split.principalPrice, row[4], relative: relative)
      expectClose(split.yieldPrice, row[5], relative: relative)
      expectClose(split.accruedYield(since: row[1]), row[6], relative: relative)
      expectClose(split.principalSensitivity.perUnitRate, row[7], relative: relative)
      guard row[3] > 0 else { continue }
      let inverse = try YieldSplit(
        index: row[0], principalPrice: row[4], timeToMaturity: row[3])
      expectClose(inverse.impliedRate, row[2], relative: 1e-15, absolute: 1e-15 / row[3])
    }
  }

  private static func listings(days: Int) throws -> (principal: Listing, yield: Listing) {
    let maturity = try now.advanced(byDays: days)
    return (
      try Listing(
        "PT", .principalToken(asset: "ETH", maturity: maturity), protocolName: "splitter",
        costFraction: 0.001, gas: 2),
      try Listing(
        "YT", .yieldToken(asset: "ETH", maturity: maturity), protocolName: "splitter",
        costFraction: 0.001, gas: 2)
    )
  }

  private static func market(
    day: Int,
    spot: Double = 2000,
    index: Double,
    impliedRate: Double,
    ratePerYear: Double = 0.03
  ) throws -> MarketSnapshot {
    var market = MarketSnapshot(
      time: try now.advanced(byDays: day), universe: try Universe(["USD", "ETH"]),
      prices: [1, spot])
    let quote = MarketSnapshot.Quote.yieldSplit(
      index: index, ratePerYear: ratePerYear, impliedRate: impliedRate)
    market.quotes = ["PT": quote, "YT": quote]
    market.quotes["LENT"] = .lending(index: index, ratePerYear: ratePerYear)
    return market
  }

  /// Principal and yield of one unit, entered at an index, are a deposit of one unit made then: in value, delta and carry, and
  /// with no dependence on the implied rate.
  @Test(arguments: 1...100)
  func partsAddToTheDeposit(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (principal, yield) = try Self.listings(days: 180)
    let deposit = try Listing(
      "LENT", .deposit(asset: "ETH", liquidationThreshold: 0), costFraction: 0, gas: 0)
    let entry = generator.uniform(0.9...1.4)
    let index = entry * generator.uniform(1...1.2)
    let market = try Self.market(
      day: Int(generator.uniform(0...179)), spot: generator.uniform(1...5000), index: index,
      impliedRate: generator.uniform(-0.1...0.6), ratePerYear: generator.uniform(-0.02...0.3))
    let quantity = generator.uniform(0.1...50)
    let sum =
      principal.exposure(quantity: quantity, entryPrice: 0, in: market)
      + yield.exposure(quantity: quantity, entryPrice: entry, in: market)
    let whole = deposit.exposure(quantity: quantity / entry, entryPrice: 0, in: market)
    expectClose(sum.value, whole.value, relative: 1e-14)
    expectClose(sum.delta, whole.delta, relative: 1e-14)
    expectClose(sum.carry.perYear, whole.carry.perYear, relative: 1e-12, absolute: 1e-12)
    #expect(sum.impliedRate.perUnitRate == 0 && sum.gamma == 0 && sum.margin == 0)
  }

  /// By hand: 73 days at 5 % are 0.2 years, a discount of 1 − e^(−0.01) = 0.00995016625083195.
  @Test func isAsByHand() throws {
    let (principal, yield) = try Self.listings(days: 73)
    let market = try Self.market(day: 0, index: 1.05, impliedRate: 0.05)
    let bond = principal.exposure(quantity: 3, entryPrice: 0, in: market)
    expectClose(bond.value, 6000 * (1 - 0.00995016625083195), relative: 1e-15)
    expectClose(bond.carry.perYear, 0.05 * bond.value, relative: 1e-15)
    expectClose(bond.impliedRate.perBasisPoint, -0.2 * bond.value / 10_000, relative: 1e-15)
    let rest = yield.exposure(quantity: 3, entryPrice: 1, in: market)
    expectClose(rest.value, 6000 * (0.05 + 0.00995016625083195), relative: 1e-14)
    expectClose(rest.notional, rest.value)
    expectClose(
      rest.carry.perYear, 6000 * (0.03 * 1.05 - 0.05 * (1 - 0.00995016625083195)),
      relative: 1e-13)
  }

  /// Differences of the value give the sensitivity to the implied rate and, with the index growing at its rate, the carry.
  @Test func sensitivitiesAreDifferences() throws {
    let (principal, yield) = try Self.listings(days: 200)
    for listing in [principal, yield] {
      func value(day: Int, _ impliedRate: Double) throws -> Exposure {
        listing.exposure(
          quantity: 7, entryPrice: 1.01,
          in: try Self.market(
            day: day, index: 1.04 * exp(0.03 * Double(day) / 365), impliedRate: impliedRate))
      }
      let middle = try value(day: 50, 0.06)
      let slope = (try value(day: 50, 0.06001).value - value(day: 50, 0.05999).value) / 2e-5
      expectClose(middle.impliedRate.perUnitRate, slope, relative: 1e-7)
      let day = (try value(day: 51, 0.06).value - value(day: 49, 0.06).value) / 2
      expectClose(middle.carry.perDay, day, relative: 1e-5)
    }
  }

  @Test func maturityPaysOneUnitAndTheYield() throws {
    let (principal, yield) = try Self.listings(days: 30)
    for day in [30, 31, 400] {
      let market = try Self.market(day: day, index: 1.08, impliedRate: 0.4)
      let unit = principal.exposure(quantity: 2, entryPrice: 0, in: market)
      #expect(unit.value == 4000 && unit.delta == 2)
      #expect(unit.carry.perYear == 0 && unit.impliedRate.perUnitRate == 0)
      let earned = yield.exposure(quantity: 2, entryPrice: 1, in: market)
      expectClose(earned.value, 4000 * 0.08, relative: 1e-14)
      #expect(earned.carry.perYear == 0 && earned.impliedRate.perUnitRate == 0)
    }
    #expect(principal.instrument.expiry == yield.instrument.expiry)
    #expect(principal.instrument.underlying == "ETH" && !yield.instrument.isMargined)
  }

  /// A trade of yield tokens pays out what was earned, and the position earns from the new index.
  @Test func tradesPayOutTheYield() throws {
    let (_, yield) = try Self.listings(days: 100)
    let amounts = [try Amount("5000.00000000", decimals: 8), try Amount("0.00000000", decimals: 8)]
    var account = try Account(
      cash: "USD", holdings: Holdings(universe: Universe(["USD", "ETH"]), amounts: amounts),
      positions: [.init("YT", quantity: Amount("10.00000000", decimals: 8), entryPrice: 1.02)])
    let market = try Self.market(day: 10, index: 1.0404, impliedRate: 0.05)
    let catalog = try Catalog([yield])
    let before = try account.valuation(in: market, catalog: catalog).equity
    let cost = try account.trade(Amount("-4.00000000", decimals: 8), of: yield, in: market)
    let after = try account.valuation(in: market, catalog: catalog).equity
    expectClose(before - after, cost, absolute: 1e-6)
    #expect(account.position("YT")?.entryPrice == 1.0404)
    let price = 2000 * (1 - exp(-0.05 * 90 / 365))
    expectClose(cost, 2 + 0.001 * 4 * price, relative: 1e-13)
    let cash = try #require(account.holdings["USD"]).doubleValue
    expectClose(cash, 5000 + 10 * 2000 * 0.02 + 4 * price - cost, absolute: 1e-6)
  }

  @Test func hostileNumbersAreRefused() throws {
    for bad in [Double.nan, .infinity, -1, -.infinity] {
      #expect(throws: MarketsError.self) {
        try YieldSplit(index: bad, impliedRate: 0, timeToMaturity: 1)
      }
      #expect(throws: MarketsError.self) {
        try YieldSplit(index: 1, impliedRate: 0, timeToMaturity: bad)
      }
      #expect(throws: MarketsError.self) {
        try YieldSplit(index: 1, principalPrice: bad, timeToMaturity: 1)
      }
    }
    for bad in [Double.nan, .infinity, 100.1, -101] {
      #expect(throws: MarketsError.self) {
        try YieldSplit(index: 1, impliedRate: bad, timeToMaturity: 1)
      }
    }
    #expect(throws: MarketsError.self) {
      try YieldSplit(index: 0, impliedRate: 0.1, timeToMaturity: 1)
    }
    #expect(throws: MarketsError.self) {
      try YieldSplit(index: 1, principalPrice: 0.9, timeToMaturity: 0)
    }
    // A price below one by more than any rate within a nanosecond.
    #expect(throws: MarketsError.self) {
      try YieldSplit(index: 1, principalPrice: 0.5, timeToMaturity: 1e-12)
    }
    let split = try YieldSplit(index: 1, impliedRate: 0.1, timeToMaturity: 1)
    for bad in [Double.nan, .infinity, 0, -1] { #expect(split.accruedYield(since: bad).isNaN) }
    let (principal, yield) = try Self.listings(days: 30)
    for (index, rate) in [(Double.nan, 0.1), (0, 0.1), (1, .nan), (1, .infinity), (1, 1000)] {
      let market = try Self.market(day: 0, index: index, impliedRate: rate)
      #expect(principal.exposure(quantity: 1, entryPrice: 0, in: market).value.isNaN)
      #expect(yield.exposure(quantity: 1, entryPrice: 1, in: market).value.isNaN)
    }
    let market = try Self.market(day: 0, index: 1, impliedRate: 0.1)
    for bad in [Double.nan, 0, -1] {
      #expect(yield.exposure(quantity: 1, entryPrice: bad, in: market).value.isNaN)
    }
  }
}
