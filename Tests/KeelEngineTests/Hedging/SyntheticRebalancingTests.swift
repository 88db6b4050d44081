import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct SyntheticRebalancingTests {
  private static func menu(
    _ sample: HedgingSample,
    delta: Double = 3,
    horizonYears: Double = 0.1,
    settings: SyntheticRebalancing.Settings = .init()
  ) throws -> SyntheticRebalancing {
    let instruments = [
      try sample.spot(), try sample.perpetual(), try sample.option("CALL", .call, strike: 2000),
      try sample.option("PUT", .put, strike: 1900),
    ]
    return try SyntheticRebalancing(
      delta: delta, of: "ETH", instruments: instruments,
      market: sample.market(options: ["CALL", "PUT"]), horizonYears: horizonYears,
      settings: settings)
  }

  /// Without frictions all ways tie: by rates of zero, and by rates that are all the same.
  @Test(arguments: [0.0, 0.05], [2.0, -2.0])
  func withoutFrictionsAllWaysTie(rate: Double, delta: Double) throws {
    var sample = HedgingSample()
    sample.rate = rate
    sample.funding = rate - 0.02 * rate / 0.05
    sample.carryYield = 0.02 * rate / 0.05
    sample.lot = 1e-9
    var settings = SyntheticRebalancing.Settings()
    settings.assetYield = sample.carryYield
    let menu = try Self.menu(sample, delta: delta, settings: settings)
    #expect(menu.ways.count == 4)
    for way in menu.ways {
      expectClose(
        way.totalCost, delta * 2000 * (rate - sample.carryYield) * 0.1, absolute: 1e-5,
        "\(way.order.id)")
      expectClose(way.delta, delta, absolute: 1e-8)
      #expect(way.tradingCost == 0)
    }
  }

  @Test func frictionsRankTheWays() throws {
    var sample = HedgingSample()
    sample.costFraction = 0.001
    sample.gas = 2
    sample.funding = 0.1
    let menu = try Self.menu(sample, delta: 2)
    func way(_ id: AssetID) throws -> SyntheticRebalancing.Way {
      try #require(menu.ways.first { $0.order.id == id })
    }
    let spot = try way("ETH")
    let perpetual = try way("PERP")
    expectClose(spot.totalCost, 2 * (2 + 0.001 * 4000), relative: 1e-12)
    expectClose(perpetual.totalCost, 2 * (2 + 0.001 * 4000) + 4000 * 0.1 * 0.1, relative: 1e-12)
    #expect(menu.ways.map(\.totalCost) == menu.ways.map(\.totalCost).sorted())
    // Short exposure earns the funding.
    let short = try Self.menu(sample, delta: -2)
    #expect(short.ways.first?.order.id == "PERP" || short.ways.first?.order.id == "CALL")
    var once = SyntheticRebalancing.Settings()
    once.isTakenBack = false
    let single = try Self.menu(sample, delta: 2, settings: once)
    let held = try #require(single.ways.first { $0.order.id == "ETH" })
    expectClose(held.totalCost, 6, relative: 1e-12)
  }

  @Test func flipsWhereTheCostsAreEqual() throws {
    var cheap = HedgingSample()
    cheap.funding = 0.08
    cheap.costFraction = 0.0002
    var dear = cheap
    dear.costFraction = 0.002
    let market = try cheap.market()
    func menu(_ years: Double, funding: Double = 0.08) throws -> SyntheticRebalancing {
      var changed = cheap
      changed.funding = funding
      return try SyntheticRebalancing(
        delta: 1, of: "ETH", instruments: [dear.spot(), cheap.perpetual()],
        market: changed.market(), horizonYears: years)
    }
    #expect(market.rate == 0)
    let short = try menu(0.02)
    let best = try #require(short.best)
    #expect(best.order.id == "PERP")
    let years = try #require(best.breakEvenYears(against: short.ways[1]))
    // 2 · (0.002 − 0.0002) = 0.08 H.
    expectClose(years, 0.0036 / 0.08, relative: 1e-12)
    #expect(try menu(years * 0.999).best?.order.id == "PERP")
    #expect(try menu(years * 1.001).best?.order.id == "ETH")
    let rise = best.rateToFlip(against: short.ways[1], horizonYears: 0.02)
    expectClose(rise, 0.0036 / 0.02 - 0.08, relative: 1e-10)
    #expect(try menu(0.02, funding: 0.08 + rise * 0.999).best?.order.id == "PERP")
    #expect(try menu(0.02, funding: 0.08 + rise * 1.001).best?.order.id == "ETH")
    #expect(best.breakEvenYears(against: best) == nil)
  }

  @Test func dearOptionsCostTheirPremium() throws {
    var settings = SyntheticRebalancing.Settings()
    settings.forecastVolatility = 0.4
    let menu = try Self.menu(HedgingSample(), delta: 2, settings: settings)
    let call = try #require(menu.ways.first { $0.order.id == "CALL" })
    let put = try #require(menu.ways.first { $0.order.id == "PUT" })
    // Bought calls lose decay that gamma does not earn back; sold puts gain it.
    #expect(call.totalCost > 0 && put.totalCost < 0 && put.order.quantity.isNegative)
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, 0] {
      #expect(throws: EngineError.self) { try Self.menu(HedgingSample(), delta: number) }
      #expect(throws: EngineError.self) { try Self.menu(HedgingSample(), horizonYears: number) }
    }
    var broken = HedgingSample()
    broken.price = .nan
    let hostile = broken
    #expect(throws: EngineError.unknownAsset("ETH")) { try Self.menu(hostile) }
    let none = try SyntheticRebalancing(
      delta: 1, of: "ETH", instruments: [], market: HedgingSample().market(), horizonYears: 1)
    #expect(none.best == nil)
  }
}
