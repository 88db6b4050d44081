import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Surfaces of one correlation and one power law, fitted to quotes.
@Suite struct SSVISurfaceFitTests {
  private static let times = [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2]

  private func surface(
    rho: Double, eta: Double, gamma: Double, volatility: Double = 0.6
  ) throws -> SSVISurface {
    try SSVISurface(
      knots: Self.times.map {
        .init(timeToExpiry: $0, variance: volatility * volatility * $0 * (1 + 0.2 * exp(-$0)))
      },
      correlation: rho, curvature: .powerLaw(eta: eta, gamma: gamma))
  }

  private func quotes(
    _ surface: some VolatilitySurface, count: Int = 15, half: Double = 0.004, noise: Double = 0,
    reach: Double = 2.5, times: [Double] = times, seed: Int = 1
  ) throws -> [SmileQuotes] {
    var generator = SeededGenerator(seed: UInt64(seed))
    return try times.map { time in
      let deviation =
        surface.impliedVolatility(at: 0, timeToExpiry: time) * time.squareRoot()
      let quotes = try (0..<count).map { i in
        let part = count > 1 ? 2 * Double(i) / Double(count - 1) - 1 : 0
        let k = reach * deviation * part
        let volatility =
          surface.impliedVolatility(at: k, timeToExpiry: time)
          + noise * half * generator.gaussian()
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: max(volatility - half, 1e-9), ask: max(volatility + half, 2e-9))
      }
      return try SmileQuotes(timeToExpiry: time, forward: 100, quotes: quotes)
    }
  }

  private func values(_ surface: SSVISurface) -> [Double] {
    guard case .powerLaw(let eta, let gamma) = surface.curvature else { return [] }
    return [eta, surface.correlation, gamma] + surface.knots.map(\.variance)
  }

  @Test(arguments: [
    (-0.3, 1.2, 0.4), (0.5, 0.9, 0.2), (0, 1.9, 0.5), (-0.7, 1.1, 0.05), (0.2, 0.3, 0.3),
  ])
  func recoversPlantedParameters(rho: Double, eta: Double, gamma: Double) throws {
    let planted = try surface(rho: rho, eta: eta, gamma: gamma)
    let fit = try SSVISurfaceFit(quotes(planted))
    #expect(fit.isConverged && fit.identification.isIdentified)
    for (found, expected) in zip(values(fit.surface), values(planted)) {
      expectClose(found, expected, absolute: 1e-6)
    }
    #expect(fit.surface.butterflySlack >= 0 && fit.margins.isFree)
    #expect(fit.quality.allSatisfy { $0.insideCount == 15 && $0.quoteCount == 15 })
  }

  /// Within five standard errors, and not much closer than one in the mean.
  @Test func standardErrorsAreThoseOfRepeatedNoise() throws {
    let planted = try surface(rho: -0.3, eta: 1.2, gamma: 0.35)
    var squares = 0.0
    let seeds = 1...20
    for seed in seeds {
      let fit = try SSVISurfaceFit(quotes(planted, noise: 1, seed: seed))
      #expect(fit.isConverged && fit.margins.isFree)
      let errors = fit.identification.standardErrors
      for ((found, expected), error) in zip(zip(values(fit.surface), values(planted)), errors) {
        let distance = (found - expected) / error
        #expect(distance.magnitude < 5)
        squares += distance * distance
      }
    }
    let mean = squares / Double(seeds.count * (3 + Self.times.count))
    #expect(mean > 0.6 && mean < 1.5, "\(mean)")
  }

  /// Quotes that no such surface gives: too steep, falling in time, noisy.
  @Test(arguments: 1...20)
  func staysFreeOfArbitrageOnAnyQuotes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let expiries = try Self.times.map { time in
      let level = generator.uniform(0.2...1.5)
      let quotes = try (-5...5).map { i in
        let volatility =
          level * exp(0.3 * Double(i * i) / 25 * generator.uniform(-1...3))
          + 0.2 * generator.uniform(0...1)
        return try SmileQuotes.Quote(
          logMoneyness: 0.6 * Double(i) * time.squareRoot(), bid: 0.97 * volatility,
          ask: 1.03 * volatility)
      }
      return try SmileQuotes(timeToExpiry: time, forward: 1, quotes: quotes)
    }
    let fit = try SSVISurfaceFit(expiries)
    let surface = fit.surface
    #expect(surface.butterflySlack >= 0 && fit.margins.densityFactor >= -1e-12)
    for (time, next) in zip([0.01] + Self.times, Self.times + [4]) {
      for k in stride(from: -6.0, through: 6, by: 0.05) {
        let now = surface.totalVariance(at: k, timeToExpiry: time).variance
        let then = surface.totalVariance(at: k, timeToExpiry: next).variance
        #expect(now.densityFactor(at: k) >= -1e-12, "\(time) \(k)")
        #expect(then.value >= now.value * (1 - 1e-13), "\(time) \(k)")
      }
    }
    // No move along a parameter inside the conditions lowers the sum.
    guard fit.isConverged, case .powerLaw(let eta, let gamma) = surface.curvature else { return }
    func sum(_ rho: Double, _ eta: Double, _ gamma: Double) -> Double {
      guard
        let moved = try? SSVISurface(
          knots: surface.knots, correlation: rho, curvature: .powerLaw(eta: eta, gamma: gamma)),
        moved.butterflySlack >= 0
      else { return .infinity }
      var sum = 0.0
      for expiry in expiries {
        for quote in expiry.quotes {
          let volatility = moved.impliedVolatility(
            at: quote.logMoneyness, timeToExpiry: expiry.timeToExpiry)
          let distance = (volatility - quote.middle) / ((quote.ask - quote.bid) / 2)
          sum += distance * distance
        }
      }
      return sum
    }
    for step in [-1e-3, 1e-3] {
      for moved in [
        sum(surface.correlation + step, eta, gamma), sum(surface.correlation, eta + step, gamma),
        sum(surface.correlation, eta, gamma + step),
      ] { #expect(moved >= fit.sumOfSquares * (1 - 1e-6)) }
    }
  }

  @Test func saysWhatTheQuotesCannotTell() throws {
    let planted = try surface(rho: -0.3, eta: 1.2, gamma: 0.4)
    let one = try SSVISurfaceFit(quotes(planted, times: [0.25]))
    #expect(one.identification.unidentified.contains("gamma"))
    let money = try SSVISurfaceFit(quotes(planted, count: 1))
    #expect(!money.identification.isIdentified)
    let flat = try SSVISurfaceFit(
      quotes(surface(rho: 0, eta: 1e-4, gamma: 0.4), count: 9, half: 0.01))
    #expect(flat.identification.unidentified.contains("correlation"))
    #expect(flat.quality.allSatisfy { $0.rootMeanSquare < 1e-3 })
  }

  @Test func unusableInputThrows() throws {
    let good = try quotes(surface(rho: -0.3, eta: 1.2, gamma: 0.4))
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try SSVISurfaceFit([]) }
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.02)) {
      try SSVISurfaceFit(good + [good[0]])
    }
    let empty = try SmileQuotes(timeToExpiry: 3, forward: 1, quotes: [])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try SSVISurfaceFit(good + [empty])
    }
    for bad in [0, -1, Double.nan, .infinity] {
      var settings = SSVIFit.Settings()
      settings.leastHalfSpread = bad
      #expect(throws: VolatilityError.self) { try SSVISurfaceFit(good, settings: settings) }
    }
    // One expiry with one quote is a surface too.
    let single = try SmileQuotes(
      timeToExpiry: 1, forward: 1,
      quotes: [SmileQuotes.Quote(logMoneyness: 0, bid: 0.3, ask: 0.32)])
    let fit = try SSVISurfaceFit([single])
    expectClose(fit.surface.impliedVolatility(at: 0, timeToExpiry: 1), 0.31, absolute: 1e-3)
  }
}
