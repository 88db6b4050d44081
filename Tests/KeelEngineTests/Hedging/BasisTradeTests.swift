import KeelData
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct BasisTradeTests {
  private static func sample() -> HedgingSample {
    var sample = HedgingSample()
    sample.funding = 0.12
    sample.costFraction = 0.0005
    sample.lot = 0.01
    return sample
  }

  @Test func matchesTheClosedForm() throws {
    let sample = Self.sample()
    var settings = BasisTrade.Settings()
    settings.marginRate = 0.3
    settings.horizonYears = 0.25
    settings.financingRate = 0.04
    settings.fundingDeviation = 0.06
    let trade = try BasisTrade(
      capital: 100_000, spot: sample.spot(), contract: sample.perpetual(), market: sample.market(),
      settings: settings)
    // 100 000 / 1.301 in lots of 20.
    let contracts = (100_000 / 1.301 / 2000 / 0.01).rounded(.down) * 0.01
    expectClose(trade.order.quantity.doubleValue, -contracts, relative: 1e-12)
    expectClose(trade.spotUnits.doubleValue, contracts, relative: 1e-12)
    expectClose(trade.residualDelta, 0, absolute: 1e-12)
    let notional = contracts * 2000
    expectClose(trade.notional, notional, relative: 1e-12)
    expectClose(trade.carryPerYear, 0.12 * notional, relative: 1e-12)
    expectClose(trade.roundTripCost, 4 * 0.0005 * notional, relative: 1e-12)
    expectClose(
      trade.netYieldPerYear,
      (0.12 * notional - 4000 - 4 * 0.0005 * notional / 0.25) / 100_000, relative: 1e-12)
    expectClose(trade.yieldDeviation, 0.06 * notional / 100_000 / 0.5, relative: 1e-12)
    expectClose(
      try #require(trade.breakEvenYears), 4 * 0.0005 * notional / (0.12 * notional - 4000),
      relative: 1e-12)
    expectClose(trade.liquidationRise, 0.28 / 1.02, relative: 1e-12)
  }

  /// Held for the break-even time, the net yield is zero.
  @Test func breaksEvenWhenItSays() throws {
    let sample = Self.sample()
    var settings = BasisTrade.Settings()
    settings.financingRate = 0.03
    func trade() throws -> BasisTrade {
      try BasisTrade(
        capital: 50_000, spot: sample.spot(), contract: sample.perpetual(),
        market: sample.market(), settings: settings)
    }
    settings.horizonYears = try #require(try trade().breakEvenYears)
    expectClose(try trade().netYieldPerYear, 0, absolute: 1e-12)
    settings.expectedFunding = 0.01
    #expect(try trade().breakEvenYears == nil && trade().netYieldPerYear < 0)
  }

  @Test func futuresEarnTheirRollUntilExpiry() throws {
    let sample = Self.sample()
    var settings = BasisTrade.Settings()
    settings.horizonYears = 5
    settings.fundingDeviation = 1
    let trade = try BasisTrade(
      capital: 100_000, spot: sample.spot(), contract: sample.future(days: 73),
      market: sample.market(), settings: settings)
    let contracts = trade.order.quantity.doubleValue.magnitude
    expectClose(trade.carryPerYear, contracts * 2040 * log(1.02) / 0.2, relative: 1e-12)
    // The horizon ends with the future, whose basis is known.
    expectClose(
      trade.netYieldPerYear, (trade.carryPerYear - trade.roundTripCost / 0.2) / 100_000,
      relative: 1e-12)
    #expect(trade.yieldDeviation == 0 && trade.residualDelta.magnitude <= 0.01)
  }

  @Test func hostileInputIsRefused() throws {
    let sample = Self.sample()
    func trade(_ capital: Double, _ settings: BasisTrade.Settings = .init()) throws -> BasisTrade {
      try BasisTrade(
        capital: capital, spot: sample.spot(), contract: sample.perpetual(),
        market: sample.market(), settings: settings)
    }
    for number in [Double.nan, .infinity, -1, 0, 1e300] {
      #expect(throws: EngineError.self) { try trade(number) }
    }
    for number in [Double.nan, .infinity, -1] {
      for field in [
        \BasisTrade.Settings.marginRate, \BasisTrade.Settings.horizonYears,
        \BasisTrade.Settings.fundingDeviation,
      ] {
        var settings = BasisTrade.Settings()
        settings[keyPath: field] = number
        let hostile = settings
        #expect(throws: EngineError.self) { try trade(1000, hostile) }
      }
    }
    #expect(throws: EngineError.unknownAsset("PERP")) {
      try BasisTrade(
        capital: 1, spot: sample.perpetual(), contract: sample.perpetual(), market: sample.market())
    }
    #expect(throws: EngineError.unknownAsset("ETH")) {
      try BasisTrade(
        capital: 1, spot: sample.spot(), contract: sample.spot(), market: sample.market())
    }
    let dust = try trade(1)
    #expect(dust.order.quantity.isZero && dust.notional == 0 && dust.roundTripCost == 0)
  }
}
