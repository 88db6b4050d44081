import KeelData
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct LiquidityHedgeTests {
  private static func pool() throws -> Listing {
    try Listing(
      "POOL", .pool(asset: "ETH", lowerPrice: 1600, upperPrice: 2500, feeFraction: 0.0005),
      costFraction: 0.0005, gas: 1)
  }

  private static func hedge(
    volume: Double = 1e8,
    volatility: Double = 0.6,
    liquidity: Double = 500,
    settings: LiquidityHedge.Settings = .init()
  ) throws -> LiquidityHedge {
    var sample = HedgingSample()
    sample.funding = 0.1
    sample.costFraction = 0.0005
    var market = try sample.market()
    market.quotes["POOL"] = .pool(volumePerYear: volume, activeLiquidity: 1e6)
    return try LiquidityHedge(
      pool: pool(), liquidity: liquidity, contract: sample.perpetual(), market: market,
      volatility: volatility, settings: settings)
  }

  @Test func matchesTheFormulas() throws {
    let hedge = try Self.hedge()
    let position = try PoolPosition(liquidity: 500, lowerPrice: 1600, upperPrice: 2500)
    expectClose(hedge.poolDelta, position.delta(at: 2000), relative: 1e-13)
    expectClose(hedge.gamma, -500 / (2 * 2000 * 2000.0.squareRoot()), relative: 1e-13)
    expectClose(hedge.feesPerYear, 1e8 * 0.0005 * 500 / 1e6, relative: 1e-13)
    expectClose(
      hedge.lossVersusRebalancingPerYear,
      position.lossVersusRebalancingPerYear(at: 2000, volatility: 0.6), relative: 1e-13)
    let sold = try #require(hedge.order).quantity.doubleValue
    #expect(sold < 0 && hedge.residualDelta >= 0 && hedge.residualDelta < 0.001)
    expectClose(hedge.hedgeCarryPerYear, -sold * 2000 * 0.1, relative: 1e-12)
    #expect(hedge.hedgingCostPerYear == 0)
    expectClose(
      hedge.expectedIncomePerYear,
      hedge.feesPerYear - hedge.lossVersusRebalancingPerYear + hedge.hedgeCarryPerYear,
      relative: 1e-13)
  }

  @Test func breaksEvenAtTheVolumeItSays() throws {
    var settings = LiquidityHedge.Settings()
    settings.adjustmentsPerYear = 365
    let first = try Self.hedge(volatility: 1.5, settings: settings)
    let volume = try #require(first.breakEvenVolumePerYear)
    #expect(volume > 0 && first.hedgingCostPerYear > 0)
    let hedge = try Self.hedge(volume: volume, volatility: 1.5, settings: settings)
    expectClose(
      hedge.expectedIncomePerYear, 0, absolute: 1e-9 * hedge.lossVersusRebalancingPerYear)
  }

  @Test func whatIsHeldCounts() throws {
    let fresh = try Self.hedge()
    var settings = LiquidityHedge.Settings()
    settings.heldContracts = try #require(fresh.order).quantity.doubleValue
    let held = try Self.hedge(settings: settings)
    #expect(held.order == nil)
    expectClose(held.hedgeCarryPerYear, fresh.hedgeCarryPerYear, relative: 1e-12)
    settings.heldContracts = -20
    let tooMuch = try Self.hedge(settings: settings)
    #expect(try #require(tooMuch.order).quantity.doubleValue > 0)
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) { try Self.hedge(volatility: number) }
      #expect(throws: EngineError.self) { try Self.hedge(liquidity: number) }
      #expect(throws: EngineError.self) { try Self.hedge(volume: number) }
      var settings = LiquidityHedge.Settings()
      settings.adjustmentsPerYear = number
      let hostile = settings
      #expect(throws: EngineError.self) { try Self.hedge(settings: hostile) }
    }
    let quiet = try Self.hedge(volume: 0)
    #expect(quiet.breakEvenVolumePerYear == nil && quiet.feesPerYear == 0)
    let none = try Self.hedge(liquidity: 0)
    #expect(none.order == nil && none.expectedIncomePerYear == 0)
  }
}
