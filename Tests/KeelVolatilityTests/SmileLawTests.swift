import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct SmileLawTests {
  @Test func `quantiles invert probabilities, in both tails`() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.01, b: 0.12, rho: -0.4, m: 0.05, sigma: 0.2)
    for exponent in 1...12 {
      let tail = pow(10, -Double(exponent))
      let low = try smile.quantile(tail)
      expectClose(smile.totalVariance(at: low).probabilityBelow(low), tail, relative: 1e-9)
      guard exponent < 6 else { continue }
      let high = try smile.quantile(1 - tail)
      expectClose(smile.totalVariance(at: high).probabilityAbove(high), tail, relative: 1e-9)
      #expect(low < high)
    }
  }

  @Test func `a flat smile has normal quantiles and moments`() throws {
    let smile = try SVISmile(timeToExpiry: 2, a: 0.18, b: 0, rho: 0, m: 0, sigma: 1)
    for probability in [1e-9, 0.01, 0.3, 0.5, 0.8, 0.999] {
      let normal = StandardNormal.quantile(probability)
      expectClose(
        try smile.quantile(probability), -0.09 + 0.18.squareRoot() * normal, relative: 1e-10,
        absolute: 1e-13)
    }
    let moments = try smile.moments(over: -5...5)
    expectClose(moments.mass, 1, absolute: 1e-9)
    expectClose(moments.mean, 1, absolute: 1e-9)
  }

  @Test(arguments: 1...20)
  func `a fitted law has mass one and the forward as its mean`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0.01, noise: 1, ranges: [0.15, 0.3])
    let smile = try SVIFit(to: planted.quotes).smile
    let deviation = smile.totalVariance(at: 0).value.squareRoot()
    // Wings this far leave next to no probability unless they are steep.
    let (left, right) = smile.wingSlopes
    guard max(left, right) < 0.3, deviation < 0.5 else { return }
    let reach = 40 * deviation + 20 * max(left, right)
    let moments = try smile.moments(over: -reach...reach)
    expectClose(moments.mass, 1, absolute: 1e-7)
    expectClose(moments.mean, 1, absolute: 1e-6)
    let (low, high) = (try smile.quantile(0.01), try smile.quantile(0.99))
    expectClose(try smile.moments(over: low...high).mass, 0.98, absolute: 1e-9)
  }

  @Test func `bad probabilities and intervals are refused`() throws {
    let smile = try SVISmile(timeToExpiry: 1, a: 0.04, b: 0.1, rho: 0, m: 0, sigma: 0.1)
    for bad in [0, 1, -0.1, 1.1, .nan, .infinity] {
      #expect(throws: VolatilityError.self) { try smile.quantile(bad) }
    }
    #expect(throws: VolatilityError.self) { try smile.moments(over: -.infinity...0) }
  }
}
