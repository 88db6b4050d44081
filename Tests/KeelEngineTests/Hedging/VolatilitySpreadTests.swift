import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct VolatilitySpreadTests {
  private static func spread(
    cost: Double = 0,
    vega: Double = 10_000,
    volatilities: [AssetID: Double] = ["A": 0.7, "B": 0.5, "C": 0.62],
    isReversed: Bool = false,
    forecast: @escaping (Timestamp) -> Double = { _ in 0.6 }
  ) throws -> VolatilitySpread? {
    var sample = HedgingSample()
    sample.costFraction = cost
    let options = [
      try sample.option("A", .call, strike: 2200), try sample.option("B", .put, strike: 1900),
      try sample.option("C", .call, strike: 2000, days: 120),
    ]
    var market = try sample.market(options: ["A", "B", "C"])
    for (id, volatility) in volatilities {
      market.quotes[id] = .option(volatility: volatility, carryYield: 0)
    }
    return try VolatilitySpread.best(
      of: isReversed ? options.reversed() : options, market: market, forecast: forecast,
      vega: vega)
  }

  @Test func sellsTheDearAndBuysTheCheap() throws {
    let spread = try #require(try Self.spread())
    #expect(spread.sold.order.id == "A" && spread.bought.order.id == "B" && !spread.isCalendar)
    expectClose(spread.edgePerVega, 0.2, relative: 1e-4)
    expectClose(spread.edge, 0.2 * 10_000, relative: 1e-4)
    #expect(spread.residualVega.magnitude < 1)
    #expect(spread.sold.order.quantity.isNegative && !spread.bought.order.quantity.isNegative)
    #expect(try Self.spread(isReversed: true) == spread)
  }

  @Test func forecastsByExpiryMakeCalendarSpreads() throws {
    let later = try HedgingSample.start.advanced(byDays: 60)
    let spread = try #require(
      try Self.spread(volatilities: ["A": 0.6, "B": 0.6, "C": 0.6]) { $0 > later ? 0.5 : 0.7 })
    #expect(spread.isCalendar && spread.sold.order.id == "C")
    expectClose(spread.edgePerVega, 0.2, relative: 1e-3)
    expectClose(spread.sold.forecastVolatility, 0.5)
  }

  @Test func costsEatTheEdge() throws {
    let free = try #require(try Self.spread())
    let costly = try #require(try Self.spread(cost: 0.01))
    let costs = costly.sold.order.cost + costly.bought.order.cost
    expectClose(costly.edge, free.edge - costs, relative: 1e-9)
    #expect(try Self.spread(cost: 0.9) == nil)
    #expect(try Self.spread(volatilities: ["A": 0.6, "B": 0.6, "C": 0.6]) == nil)
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, 0, -1] {
      #expect(throws: EngineError.self) { try Self.spread(vega: number) }
    }
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) { try Self.spread { _ in number } }
      #expect(throws: EngineError.self) { try Self.spread(volatilities: ["A": number]) }
    }
    let none = try VolatilitySpread.best(
      of: [], market: HedgingSample().market(), forecast: { _ in 1 }, vega: 1)
    #expect(none == nil)
    let sample = HedgingSample()
    #expect(throws: EngineError.unknownAsset("PERP")) {
      try VolatilitySpread.best(
        of: [sample.perpetual()], market: sample.market(), forecast: { _ in 1 }, vega: 1)
    }
  }
}
