import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Surfaces of any smiles, linear in total variance between expiries.
@Suite struct SmileSurfaceTests {
  private func smile(_ time: Double, _ variance: Double, _ correlation: Double) throws -> SSVISmile
  {
    try SSVISmile(
      timeToExpiry: time, variance: variance, correlation: correlation, curvature: 0.4)
  }

  @Test func isTheSmilesAtTheirExpiriesAndALineBetween() throws {
    let smiles = try [smile(0.5, 0.2, -0.2), smile(0.1, 0.05, -0.2), smile(1, 0.35, -0.2)]
    let surface = try SmileSurface(smiles: smiles)
    #expect(surface.smiles.map(\.timeToExpiry) == [0.1, 0.5, 1])
    for k in [-1.5, -0.2, 0, 0.3, 2] {
      for smile in smiles {
        let (variance, _) = surface.totalVariance(at: k, timeToExpiry: smile.timeToExpiry)
        #expect(variance == smile.totalVariance(at: k))
      }
      let (a, b) = (surface.smiles[0].totalVariance(at: k), surface.smiles[1].totalVariance(at: k))
      let (variance, speed) = surface.totalVariance(at: k, timeToExpiry: 0.2)
      expectClose(variance.value, 0.75 * a.value + 0.25 * b.value, relative: 1e-14)
      expectClose(variance.slope, 0.75 * a.slope + 0.25 * b.slope, absolute: 1e-15)
      expectClose(variance.curvature, 0.75 * a.curvature + 0.25 * b.curvature, relative: 1e-14)
      expectClose(speed, (b.value - a.value) / 0.4, relative: 1e-13)
      // Before the first the volatility stays; after the last the variance grows as at the money.
      expectClose(
        surface.impliedVolatility(at: k, timeToExpiry: 0.03),
        surface.smiles[0].impliedVolatility(at: k), relative: 1e-14)
      let last = surface.smiles[2].totalVariance(at: k)
      let beyond = surface.totalVariance(at: k, timeToExpiry: 3)
      expectClose(beyond.variance.value, last.value + 2 * 0.3, relative: 1e-14)
      expectClose(beyond.timeSlope, 0.3, relative: 1e-13)
      #expect(beyond.variance.slope == last.slope)
    }
    #expect(surface.margins.isFree)
  }

  /// A flat smile has one local volatility: that between the variances of two expiries.
  @Test func localVolatilityIsTheForwardVolatility() throws {
    let flat = try [(0.25, 0.04), (1, 0.13)].map {
      try SSVISmile(timeToExpiry: $0.0, variance: $0.1, correlation: 0, curvature: 0)
    }
    let surface = try SmileSurface(smiles: flat)
    for k in [-2.0, 0, 1] {
      expectClose(surface.localVolatility(at: k, time: 0.1), 0.4, relative: 1e-13)
      expectClose(
        surface.localVolatility(at: k, time: 0.5), (0.09 / 0.75).squareRoot(), relative: 1e-13)
      expectClose(
        surface.localVolatility(at: k, time: 5), (0.09 / 0.75).squareRoot(), relative: 1e-13)
    }
    let variance = surface.totalVariance(at: 0.3, timeToExpiry: 0.25).variance
    let deviation = (0.3 + 0.02) / 0.2
    expectClose(
      variance.density(at: 0.3),
      exp(-deviation * deviation / 2) / (2 * Double.pi * 0.04).squareRoot(), relative: 1e-13)
  }

  @Test func namesWhereSmilesCross() throws {
    let surface = try SmileSurface(smiles: [smile(0.1, 0.05, -0.9), smile(0.2, 0.052, 0.9)])
    #expect(try #require(surface.margins.calendarGrowth) < 0 && !surface.margins.isFree)
    let place = try #require(surface.margins.calendarPlace)
    #expect(place.timeToExpiry == 0.2 && place.logMoneyness < 0)
    #expect(surface.localVolatility(at: place.logMoneyness, time: 0.15).isNaN)
    let steep = try SSVISmile(timeToExpiry: 1, variance: 0.1, correlation: 0, curvature: 4.5)
    let margins = try SurfaceMargins(of: [steep])
    #expect(margins.wing < 0 && margins.densityFactor < 0 && margins.calendarGrowth == nil)
  }

  @Test func badInput() throws {
    #expect(throws: VolatilityError.self) { try SmileSurface(smiles: [SSVISmile]()) }
    let one = try smile(1, 0.1, 0)
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 1)) {
      try SmileSurface(smiles: [one, one])
    }
    let surface = try SmileSurface(smiles: [one])
    for time in [-1, 0, Double.nan, .infinity] {
      #expect(surface.totalVariance(at: 0, timeToExpiry: time).variance.value.isNaN)
      #expect(surface.localVolatility(at: 0, time: time).isNaN)
    }
    for number in [0, -1, Double.nan, .infinity] {
      #expect(throws: VolatilityError.self) { try SurfaceMargins(of: [one], deviations: number) }
    }
    #expect(throws: VolatilityError.self) { try SurfaceMargins(of: [one], pointCount: 2) }
  }

  @Test func hyperbolasOfAllExpiriesComeBack() throws {
    let planted = try [0.1, 0.25, 1].map {
      try SVISmile(timeToExpiry: $0, a: 0.03 * $0, b: 0.1 * $0, rho: -0.4, m: 0.02, sigma: 0.2)
    }
    var quotes = try planted.map { smile in
      try SmileQuotes(
        timeToExpiry: smile.timeToExpiry, forward: 100,
        quotes: (-10...10).map { i in
          let middle = smile.impliedVolatility(at: Double(i) / 20)
          return try SmileQuotes.Quote(
            logMoneyness: Double(i) / 20, bid: middle - 0.002, ask: middle + 0.002)
        })
    }
    let few = try SmileQuotes(
      timeToExpiry: 0.5, forward: 100, quotes: Array(quotes[0].quotes.prefix(4)))
    let fit = try SVISurfaceFit([quotes[2], few, quotes[0], quotes[1]])
    #expect(fit.unfittedTimes == [0.5])
    #expect(fit.surface.margins.isFree)
    #expect(fit.quality.allSatisfy { $0.insideCount == 21 && $0.rootMeanSquare < 1e-6 })
    for (smile, expected) in zip(fit.surface.smiles, planted) {
      expectClose(smile.rho, expected.rho, absolute: 1e-3)
    }
    quotes.append(quotes[0])
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.1)) {
      try SVISurfaceFit(quotes)
    }
    #expect(throws: VolatilityError.tooFewQuotes(got: 4, required: 5)) { try SVISurfaceFit([few]) }
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 5)) { try SVISurfaceFit([]) }
  }

  /// A quote that is wrong by a hundred half spreads moves a robust fit little out of the others'
  /// spreads, a fit of squares far.
  @Test func robustFitsHeedNoOutlier() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.02, b: 0.1, rho: -0.3, m: 0, sigma: 0.2)
    let quotes = try SmileQuotes(
      timeToExpiry: 0.5, forward: 100,
      quotes: (-10...10).map { i in
        let middle = smile.impliedVolatility(at: Double(i) / 20) + (i == 3 ? 0.2 : 0)
        return try SmileQuotes.Quote(
          logMoneyness: Double(i) / 20, bid: middle - 0.002, ask: middle + 0.002)
      })
    func farthest(_ fit: SVIFit) -> Double {
      quotes.quotes.map {
        (fit.smile.impliedVolatility(at: $0.logMoneyness)
          - smile.impliedVolatility(at: $0.logMoneyness)).magnitude
      }.max() ?? .infinity
    }
    #expect(farthest(try SVIFit(to: quotes, settings: .robust)) < 0.0024)
    #expect(farthest(try SVIFit(to: quotes)) > 0.01)
    var settings = SVIFit.Settings()
    settings.excessLimit = .nan
    #expect(throws: VolatilityError.self) { try SVIFit(to: quotes, settings: settings) }
  }
}
