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
}
