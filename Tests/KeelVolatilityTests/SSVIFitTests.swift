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
}
