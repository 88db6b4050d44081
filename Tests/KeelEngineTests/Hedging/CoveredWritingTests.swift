import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct CoveredWritingTests {
  private static let strikes = [1400.0, 1600, 1800, 1900, 2100, 2200, 2400, 2800]

  private static func write(
    _ kind: EuropeanOption.Kind,
    cover: Double,
    aim: CoveredWriting.Aim,
    limits: CoveredWriting.Limits = .init(),
    isReversed: Bool = false
  ) throws -> CoveredWriting {
    var sample = HedgingSample()
    sample.rate = 0.03
    sample.costFraction = 0.01
    sample.lot = 0.1
    var options: [HedgeInstrument] = []
    for kind in EuropeanOption.Kind.allCases {
      for strike in strikes {
        options.append(
          try sample.option(AssetID("\(kind.rawValue)-\(Int(strike))"), kind, strike: strike))
      }
    }
    let market = try sample.market(options: options.map(\.listing.id))
    return try CoveredWriting(
      kind, cover: cover, options: isReversed ? options.reversed() : options, market: market,
      aim: aim, limits: limits)
  }

  private static func greeks(_ kind: EuropeanOption.Kind, _ strike: Double) -> Greeks {
    BlackScholes(spot: 2000, volatility: 0.6, rate: 0.03, carryYield: 0)
      .greeks(of: EuropeanOption(kind: kind, strike: strike, timeToExpiry: 30.0 / 365))
  }

  @Test(arguments: [0.1, 0.2, 0.3, 0.4])
  func takesTheLargestDeltaWithinTheAim(most: Double) throws {
    for kind in EuropeanOption.Kind.allCases {
      let written = try Self.write(kind, cover: 1e5, aim: .delta(most))
      let deltas = Self.strikes.filter { kind == .call ? $0 > 2000 : $0 < 2000 }
        .map { Self.greeks(kind, $0).delta.magnitude }.filter { $0 <= most }
      guard let largest = deltas.max() else {
        #expect(written.binding == .noOption && written.order == nil)
        continue
      }
      expectClose(written.delta, largest, relative: 1e-13)
      #expect(written == (try Self.write(kind, cover: 1e5, aim: .delta(most), isReversed: true)))
    }
  }

  @Test func sizesByWhatCovers() throws {
    let calls = try Self.write(.call, cover: 12.34, aim: .delta(0.35))
    let greeks = Self.greeks(.call, 2200)
    #expect(calls.order?.id == "call-2200" && calls.binding == .cover)
    expectClose(try #require(calls.order).quantity.doubleValue, -12.3, relative: 1e-12)
    expectClose(calls.netPremium, 12.3 * greeks.price * 0.99, relative: 1e-12)
    expectClose(
      calls.premiumYieldPerYear, greeks.price * 0.99 / 2000 / (30.0 / 365), relative: 1e-12)
    expectClose(calls.gammaSold, 12.3 * greeks.gamma, relative: 1e-12)
    let total = 0.6 * (30.0 / 365).squareRoot()
    let lower = (log(2000 / 2200.0) + 0.03 * 30 / 365) / total - total / 2
    expectClose(calls.exerciseProbability, erfc(-lower / 2.0.squareRoot()) / 2, relative: 1e-12)
    let puts = try Self.write(.put, cover: 10_000, aim: .probability(0.4))
    // Cash for the whole strike of 1800: 5.5 contracts.
    #expect(puts.order?.id == "put-1800" && puts.binding == .cover)
    expectClose(try #require(puts.order).quantity.doubleValue, -5.5, relative: 1e-12)
    #expect(puts.exerciseProbability <= 0.4)
  }

  @Test func limitsBind() throws {
    let greeks = Self.greeks(.call, 2200)
    var limits = CoveredWriting.Limits()
    limits.gamma = 3.05 * greeks.gamma
    let byGamma = try Self.write(.call, cover: 100, aim: .delta(0.35), limits: limits)
    #expect(byGamma.binding == .gamma && byGamma.order?.quantity.doubleValue == -3)
    #expect(byGamma.gammaSold <= limits.gamma)
    limits.vega = 2.05 * greeks.vega.perUnitVolatility
    let byVega = try Self.write(.call, cover: 100, aim: .delta(0.35), limits: limits)
    #expect(byVega.binding == .vega && byVega.order?.quantity.doubleValue == -2)
    limits.margin = 1.05 * (0.075 * 2000 + greeks.price)
    let byMargin = try Self.write(.call, cover: 100, aim: .delta(0.35), limits: limits)
    #expect(byMargin.binding == .margin && byMargin.order?.quantity.doubleValue == -1)
    #expect(byMargin.margin <= limits.margin)
    limits.margin = 0
    let none = try Self.write(.call, cover: 100, aim: .delta(0.35), limits: limits)
    #expect(none.order == nil && none.netPremium == 0 && none.premiumYieldPerYear == 0)
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) {
        try Self.write(.call, cover: number, aim: .delta(0.3))
      }
      #expect(throws: EngineError.self) {
        try Self.write(.call, cover: 1, aim: .probability(number))
      }
    }
    var limits = CoveredWriting.Limits()
    limits.vega = .nan
    let hostile = limits
    #expect(throws: EngineError.self) {
      try Self.write(.call, cover: 1, aim: .delta(0.3), limits: hostile)
    }
    let sample = HedgingSample()
    #expect(throws: EngineError.unknownAsset("PERP")) {
      try CoveredWriting(
        .call, cover: 1, options: [sample.perpetual()], market: sample.market(), aim: .delta(0.3))
    }
  }
}
