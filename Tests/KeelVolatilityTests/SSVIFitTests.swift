import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Surfaces of three parameters an expiry, fitted to quotes.
@Suite struct SSVIFitTests {
  /// Strictly inside all conditions.
  private func planted(expiries: Int = 12) throws -> ExtendedSSVISurface {
    let smiles = try (0..<expiries).map { i in
      let time = 0.02 * pow(1.5, Double(i))
      let variance = 0.36 * time * (1 + 0.1 * exp(-time))
      return try SSVISmile(
        timeToExpiry: time, variance: variance, correlation: -0.3 + 0.015 * Double(i),
        curvature: 0.9 * (variance / (1 + variance)).squareRoot())
    }
    return try ExtendedSSVISurface(smiles: smiles)
  }

  /// Quotes of a surface, `half` on both sides of the volatility moved by up to `noise` half spreads.
  private func quotes(
    _ surface: ExtendedSSVISurface, count: Int = 40, half: Double = 0.004, noise: Double = 0,
    reach: Double = 3, seed: Int = 1
  ) throws -> [SmileQuotes] {
    var generator = SeededGenerator(seed: UInt64(seed))
    return try surface.smiles.map { smile in
      let deviation = smile.variance.squareRoot()
      let quotes = try (0..<count).map { i in
        let part = count > 1 ? 2 * Double(i) / Double(count - 1) - 1 : 0
        let k = reach * deviation * part
        let volatility = smile.impliedVolatility(at: k) + noise * half * generator.gaussian()
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: max(volatility - half, 0), ask: volatility + half)
      }
      return try SmileQuotes(timeToExpiry: smile.timeToExpiry, forward: 100, quotes: quotes)
    }
  }

  @Test func recoversPlantedParameters() throws {
    let surface = try planted()
    let fit = try SSVIFit(quotes(surface))
    #expect(fit.isConverged && fit.iterationCount < 100, "\(fit.iterationCount)")
    for (found, smile) in zip(fit.surface.smiles, surface.smiles) {
      expectClose(found.variance, smile.variance, relative: 1e-6)
      expectClose(found.correlation, smile.correlation, absolute: 1e-5)
      expectClose(found.curvature, smile.curvature, relative: 1e-5)
    }
    #expect(fit.margins.isFree && fit.surface.slack > 0)
    #expect(fit.identification.allSatisfy { $0.isIdentified })
    #expect(fit.quality.allSatisfy { $0.insideCount == $0.quoteCount && $0.quoteCount == 40 })
  }

  /// The errors are those of repeated noise: each parameter is within five of its own standard errors.
  @Test(arguments: 1...20)
  func recoversThemFromNoisyQuotes(seed: Int) throws {
    let surface = try planted()
    let fit = try SSVIFit(quotes(surface, noise: 1, seed: seed))
    #expect(fit.isConverged && fit.margins.isFree && fit.surface.slack >= 0)
    for (i, smile) in surface.smiles.enumerated() {
      let (found, error) = (fit.surface.smiles[i], fit.identification[i])
      expectClose(found.variance, smile.variance, absolute: 5 * error.varianceError)
      expectClose(found.correlation, smile.correlation, absolute: 5 * error.correlationError)
      expectClose(found.curvature, smile.curvature, absolute: 5 * error.curvatureError)
    }
    #expect(fit.sumOfSquares < 1.3 * 480)
  }

  /// Quotes that cross in time and are too steep: the fit is inside the conditions all the same, on a dense grid too.
  @Test(arguments: 1...30)
  func staysFreeOfArbitrageOnAnyQuotes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let expiries = 1 + seed % 8
    let quotes = try (0..<expiries).map { i in
      let time = 0.02 * pow(1.7, Double(i))
      let rows = try (0..<(1 + seed % 20)).map { j in
        let bid = generator.uniform(0.1...2)
        return try SmileQuotes.Quote(
          logMoneyness: (Double(j) - 5) * 0.1, bid: bid, ask: bid + generator.uniform(0...0.2))
      }
      return try SmileQuotes(timeToExpiry: time, forward: 100, quotes: rows)
    }
    let fit = try SSVIFit(quotes)
    #expect(fit.surface.slack >= 0, "\(fit.iterationCount)")
    #expect(fit.margins.isFree)
    let last = try #require(fit.surface.smiles.last).timeToExpiry
    for _ in 0..<50 {
      let time = generator.uniform(0.001...1.5) * last
      let k = generator.uniform(-5...5)
      let (variance, speed) = fit.surface.totalVariance(at: k, timeToExpiry: time)
      #expect(variance.densityFactor(at: k) >= -1e-10 && speed >= -1e-12)
      #expect(variance.density(at: k) >= 0)
    }
    #expect(try SSVIFit(quotes.reversed()) == fit)
  }

  /// No move along a parameter inside the conditions lowers the sum of squares.
  @Test(arguments: 1...10)
  func isALocalMinimum(seed: Int) throws {
    let quotes = try quotes(planted(expiries: 4), count: 9, noise: 6, seed: seed)
    let fit = try SSVIFit(quotes)
    func sum(_ smiles: [SSVISmile]) -> Double {
      zip(smiles, quotes).reduce(0) { total, pair in
        pair.1.quotes.reduce(total) {
          let miss = (pair.0.impliedVolatility(at: $1.logMoneyness) - $1.middle) / 0.004
          return $0 + miss * miss
        }
      }
    }
    expectClose(sum(fit.surface.smiles), fit.sumOfSquares, relative: 1e-9)
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<300 {
      let moved = try fit.surface.smiles.map { smile in
        try SSVISmile(
          timeToExpiry: smile.timeToExpiry,
          variance: smile.variance * (1 + 1e-3 * generator.gaussian()),
          correlation: max(-1, min(1, smile.correlation + 1e-3 * generator.gaussian())),
          curvature: smile.curvature * (1 + 1e-3 * generator.gaussian()))
      }
      guard try ExtendedSSVISurface(smiles: moved).slack >= 0 else { continue }
      #expect(sum(moved) >= fit.sumOfSquares * (1 - 1e-6))
    }
  }

  @Test func saysWhatTheQuotesCannotTell() throws {
    let surface = try planted(expiries: 3)
    var quotes = try quotes(surface)
    // One strike tells the level alone, and not even that away from the money.
    quotes[1] = try SmileQuotes(
      timeToExpiry: quotes[1].timeToExpiry, forward: 100, quotes: [quotes[1].quotes[20]])
    let fit = try SSVIFit(quotes)
    #expect(fit.isConverged && fit.margins.isFree)
    #expect(fit.identification.map { $0.isIdentified } == [true, false, true])
    #expect(fit.identification[1].correlationError == .infinity)
    // A narrow range tells no curvature within this noise.
    let narrow = try SSVIFit(self.quotes(surface, half: 0.02, noise: 1, reach: 0.05))
    #expect(narrow.identification.allSatisfy { !$0.isIdentified })
    #expect(narrow.margins.isFree)
    for (found, smile) in zip(narrow.surface.smiles, surface.smiles) {
      let volatility = smile.impliedVolatility(at: 0)
      expectClose(found.impliedVolatility(at: 0), volatility, absolute: 0.02)
    }
  }

  @Test func unusableInputThrows() throws {
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try SSVIFit([]) }
    let quotes = try quotes(planted(expiries: 2))
    #expect(throws: VolatilityError.self) { try SSVIFit([quotes[0], quotes[0]]) }
    let empty = try SmileQuotes(timeToExpiry: 3, forward: 1, quotes: [])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try SSVIFit(quotes + [empty])
    }
    var settings = SSVIFit.Settings()
    settings.leastHalfSpread = .nan
    #expect(throws: VolatilityError.self) { try SSVIFit(quotes, settings: settings) }
    settings = .init()
    settings.maximumIterations = 1
    #expect(try !SSVIFit(quotes, settings: settings).isConverged)
  }
}
