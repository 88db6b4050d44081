import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// A random market of one expiry: a smile without arbitrage, and quotes around it.
struct PlantedSmile {
  let smile: SVISmile
  let quotes: SmileQuotes
  /// The half spread as a part of the volatility, and the noise as a part of that.
  let halfSpread: Double
  let range: Double

  init(_ generator: inout SeededGenerator, halfSpread: Double, noise: Double, previous: SVISmile? = nil) throws {
    let ranges = [0.02, 0.05, 0.1, 0.15, 0.3, 0.6]
    range = ranges[Int.random(in: 0..<ranges.count, using: &generator)]
    self.halfSpread = halfSpread
    var planted: SVISmile?
    while planted == nil {
      let time = (1 / 365.0) * pow(730, generator.uniform())
      let volatility = 0.05 * pow(60, generator.uniform())
      let money = volatility * volatility * time
      let size = money.squareRoot()
      let sigma = size * generator.uniform(0.3...3)
      let b = money / sigma * generator.uniform(0.05...1)
      let smile = try? SVISmile(
        timeToExpiry: time, a: money - b * sigma * generator.uniform(0.3...1.2), b: b,
        rho: generator.uniform(-0.9...0.7), m: size * generator.uniform(-0.5...0.5), sigma: sigma)
      guard let smile, smile.butterflyMargin.densityFactor > 1e-3,
        smile.minimumVariance > 0.05 * money
      else { continue }
      planted = smile
    }
    guard let planted else { throw VolatilityError.noFit }
    smile = planted
    let count = Int.random(in: 5...40, using: &generator)
    let list = try (0..<count).map { [range, smile] i in
      let k = range * (2 * Double(i) / Double(count - 1) - 1)
      let exact = smile.impliedVolatility(at: k)
      let half = halfSpread * exact
      let middle = exact + noise * half * generator.uniform(-1...1)
      return try SmileQuotes.Quote(
        logMoneyness: k, bid: middle - half, ask: middle + half, middle: middle)
    }
    self.quotes = try SmileQuotes(timeToExpiry: smile.timeToExpiry, forward: 100, quotes: list)
  }
}

@Suite struct SVIFitTests {
  @Test(arguments: [0, 0.002, 0.01, 0.03])
  func `no degenerate fit in a sweep of ranges`(halfSpread: Double) throws {
    var generator = SeededGenerator(seed: 7)
    #if DEBUG
      let count = 40
    #else
      let count = 2_000
    #endif
    var worst = 0.0, longest = 0, bad = 0, steps = 0, open = 0, miss = 0
    let clock = ContinuousClock()
    var time = Duration.zero
    for _ in 0..<count {
      let planted = try PlantedSmile(&generator, halfSpread: halfSpread, noise: 1)
      var result: SVIFit?
      try time += clock.measure { result = try SVIFit(to: planted.quotes) }
      guard let fit = result else { continue }
      let nearest = try #require(
        planted.quotes.quotes.min { $0.logMoneyness.magnitude < $1.logMoneyness.magnitude })
      // The money itself is known where a quote is near.
      let deviation = planted.smile.totalVariance(at: 0).value.squareRoot()
      let k = nearest.logMoneyness.magnitude < 0.5 * deviation ? 0 : nearest.logMoneyness
      let error =
        fit.smile.impliedVolatility(at: k) / planted.smile.impliedVolatility(at: k) - 1
      steps += fit.iterations; longest = max(longest, fit.iterations)
      if !fit.isConverged { open += 1 }
      if fit.residuals.insideCount < planted.quotes.quotes.count, halfSpread > 0 { miss += 1 }
      if error.magnitude > max(3 * halfSpread, 1e-4) {
        bad += 1
        if bad < 4 {
          print("BAD", error, planted.range, planted.smile, planted.quotes.quotes.count, fit.smile, fit.residuals, fit.isConverged, fit.iterations)
        }
      }
      worst = max(worst, error.magnitude)
      #expect(fit.butterfly.isFree)
    }
    print("SWEEP", halfSpread, "worst", worst, "bad", bad, "steps", Double(steps) / Double(count), "longest", longest, "open", open, "miss", miss, "µs", time / count)
  }
}
