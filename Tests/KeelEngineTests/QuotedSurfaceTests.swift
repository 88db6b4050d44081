import Foundation
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct QuotedSurfaceTests {
  private static let strikes = [1200.0, 1400, 1600, 1800, 1900, 2000, 2100, 2200, 2500, 2900]
  private static let days = [30, 90]

  private static func planted() throws -> ExtendedSSVISurface {
    try ExtendedSSVISurface(smiles: [
      SSVISmile(timeToExpiry: 30.0 / 365, variance: 0.03, correlation: -0.5, curvature: 0.25),
      SSVISmile(timeToExpiry: 90.0 / 365, variance: 0.09, correlation: -0.4, curvature: 0.45),
    ])
  }

  /// Calls and puts on every strike, quoted at the planted volatility.
  private static func sample(
    strikes: [Double] = strikes,
    days: [Int] = days
  ) throws -> (options: [HedgeInstrument], market: MarketSnapshot, catalog: Catalog) {
    var sample = HedgingSample()
    sample.rate = 0.04
    sample.carryYield = 0.01
    let surface = try planted()
    var options: [HedgeInstrument] = []
    var volatilities: [AssetID: Double] = [:]
    for day in days {
      let time = Double(day) / 365
      for strike in strikes {
        for kind in EuropeanOption.Kind.allCases {
          let id = AssetID("\(kind.rawValue)-\(day)-\(Int(strike))")
          options.append(try sample.option(id, kind, strike: strike, days: day))
          volatilities[id] = surface.impliedVolatility(
            at: log(strike / 2000) - 0.03 * time, timeToExpiry: time)
        }
      }
    }
    var market = try sample.market()
    for (id, volatility) in volatilities {
      market.quotes[id] = .option(volatility: volatility, carryYield: 0.01)
    }
    return (options, market, try Catalog(options.map(\.listing)))
  }

  @Test func findsThePlantedSurface() throws {
    let (_, market, catalog) = try Self.sample()
    let surface = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    #expect(surface.underlying == "ETH" && surface.fit.isConverged)
    for (smile, planted) in zip(surface.fit.surface.smiles, try Self.planted().smiles) {
      expectClose(smile.timeToExpiry, planted.timeToExpiry, relative: 1e-12)
      expectClose(smile.variance, planted.variance, relative: 1e-4)
      expectClose(smile.correlation, planted.correlation, absolute: 1e-3)
      expectClose(smile.curvature, planted.curvature, relative: 1e-3)
    }
    #expect(surface.fit.quality.allSatisfy { $0.insideCount == $0.quoteCount })
  }

  /// Of call and put the one out of the money counts; what is expired or no number does not.
  @Test func wrongQuotesArePassedOver() throws {
    var (_, market, catalog) = try Self.sample()
    let clean = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    for day in Self.days {
      market.quotes[AssetID("call-\(day)-1400")] = .option(volatility: 3, carryYield: 0.01)
      market.quotes[AssetID("put-\(day)-2500")] = .option(volatility: 3, carryYield: 0.01)
    }
    #expect(try QuotedSurface(of: "ETH", in: market, listed: catalog) == clean)
    for (strike, volatility) in [(1200, Double.nan), (1600, -1), (2200, .infinity), (2900, 0)] {
      for kind in EuropeanOption.Kind.allCases {
        market.quotes[AssetID("\(kind.rawValue)-30-\(strike)")] = .option(
          volatility: volatility, carryYield: 0.01)
      }
    }
    let rest = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    #expect(rest.fit.quality[0].quoteCount == Self.strikes.count - 4)
    market.time = try market.time.advanced(byDays: 60)
    #expect(try QuotedSurface(of: "ETH", in: market, listed: catalog).fit.quality.count == 1)
    market.time = try market.time.advanced(byDays: 60)
    #expect(throws: EngineError.unknownAsset("ETH")) {
      try QuotedSurface(of: "ETH", in: market, listed: catalog)
    }
    #expect(throws: EngineError.unknownAsset("BTC")) {
      try QuotedSurface(of: "BTC", in: market, listed: catalog)
    }
  }

  /// The probability of exercise knows the slope of the smile: the difference of two calls says it.
  @Test func probabilitiesKnowTheSkew() throws {
    let (options, market, catalog) = try Self.sample(days: [30])
    let surface = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    let planted = try Self.planted()
    let time = 30.0 / 365
    func price(_ kind: EuropeanOption.Kind, _ strike: Double) -> Double {
      let k = log(strike / 2000) - 0.03 * time
      let deviation = planted.impliedVolatility(at: k, timeToExpiry: time) * time.squareRoot()
      let forward = strike / exp(k)
      return Black.price(kind, forward: forward, strike: strike, totalVolatility: deviation)
    }
    for kind in EuropeanOption.Kind.allCases {
      let written = try CoveredWriting(
        kind, cover: 10_000, options: options, market: market, surface: surface,
        aim: .probability(0.35))
      let order = try #require(written.order)
      let strike = try #require(
        Self.strikes.first { AssetID("\(kind.rawValue)-30-\(Int($0))") == order.id })
      let slope = (price(kind, strike + 0.5) - price(kind, strike - 0.5)).magnitude
      expectClose(written.exerciseProbability, slope, relative: 1e-3)
      expectClose(try #require(written.richness), 0, absolute: 1e-4)
      let flat = try CoveredWriting(
        kind, cover: 10_000, options: options.filter { $0.listing.id == order.id }, market: market,
        aim: .probability(0.5))
      #expect((flat.exerciseProbability - slope).magnitude > 0.02)
      #expect(flat.richness == nil)
    }
  }

  /// One option quoted above the surface is sold, one below it bought.
  @Test func spreadsAreRelativeToTheSurface() throws {
    var (options, market, catalog) = try Self.sample()
    let fair = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    #expect(
      try VolatilitySpread.best(of: options, market: market, surface: fair, vega: 1000)
        .map { $0.edgePerVega < 1e-3 } ?? true)
    func move(_ id: AssetID, by change: Double) {
      guard case .option(let volatility, let yield)? = market.quotes[id] else { return }
      market.quotes[id] = .option(volatility: volatility + change, carryYield: yield)
    }
    move("call-90-2200", by: 0.03)
    move("put-30-1800", by: -0.03)
    let surface = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    let spread = try #require(
      try VolatilitySpread.best(of: options, market: market, surface: surface, vega: 1000))
    #expect(spread.sold.order.id == "call-90-2200" && spread.bought.order.id == "put-30-1800")
    #expect(spread.isCalendar && spread.edgePerVega > 0.04 && spread.edgePerVega < 0.06)
    #expect(throws: EngineError.unknownAsset("PERP")) {
      try VolatilitySpread.best(
        of: options + [
          HedgingSample().instrument(
            "PERP",
            .perpetual(
              .linear(coinPerContract: 1), underlying: "BTC", margin: MaintenanceTiers.flat(0.02)))
        ], market: market, surface: surface, vega: 1000)
    }
  }

  /// With too few quotes for a smile the option's own quote is read, as before.
  @Test func fewQuotesSayNothingOfTheSkew() throws {
    let (options, market, catalog) = try Self.sample(strikes: [2200], days: [30])
    let surface = try QuotedSurface(of: "ETH", in: market, listed: catalog)
    let read = try CoveredWriting(
      .call, cover: 10, options: options, market: market, surface: surface, aim: .delta(0.5))
    let own = try CoveredWriting(
      .call, cover: 10, options: options, market: market, aim: .delta(0.5))
    #expect(read == own && own.order != nil)
    #expect(
      try VolatilitySpread.best(of: options, market: market, surface: surface, vega: 1) == nil)
  }
}
