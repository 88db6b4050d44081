import Foundation
import KeelData
import KeelEngine
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct DriftBandTests {
  /// Seeded walks, looked at in steps: their mean exit time and mean square agree with the formulas.
  @Test func exitTimesAreThoseOfWalks() throws {
    let band = try DriftBand(below: 0.04, above: 0.07)
    let (volatility, step) = (0.2, 1e-4)
    let stream = RandomStream(seed: 11)
    let walks = 4_000
    var (total, squares, index) = (0.0, 0.0, UInt64(0))
    for _ in 0..<walks {
      var x = 0.0
      while x > -band.below && x < band.above {
        squares += x * x * step
        total += step
        x += volatility * step.squareRoot() * stream.normal(at: index)
        index += 1
      }
    }
    let mean = total / Double(walks)
    let expected = band.meanTimeToExit(weightVolatility: volatility, interval: step)
    // The exit time's own deviation is about its mean: three standard errors.
    expectClose(mean, expected, relative: 3 / Double(walks).squareRoot())
    #expect(expected > band.meanTimeToExit(weightVolatility: volatility))
    expectClose(band.meanTimeToExit(weightVolatility: 0.2), 0.04 * 0.07 / 0.04, relative: 1e-15)
    expectClose(squares / total, band.meanSquaredDrift, relative: 0.1)
    expectClose(
      band.tradesPerYear(weightVolatility: 0.2) * band.meanTimeToExit(weightVolatility: 0.2), 1,
      relative: 1e-15)
  }

  @Test func widthsFollowTheirPowers() throws {
    func proportional(_ cost: Double) throws -> Double {
      try DriftBand.best(
        proportionalCost: cost, weightVolatility: 0.15, riskAversion: 4, volatility: 0.6
      ).above
    }
    func fixed(_ cost: Double) throws -> Double {
      try DriftBand.best(
        fixedCost: cost, weightVolatility: 0.15, riskAversion: 4, volatility: 0.6
      ).above
    }
    expectClose(try proportional(8e-3) / proportional(1e-3), 2, relative: 1e-14)
    expectClose(try fixed(16e-6) / fixed(1e-6), 2, relative: 1e-14)
    // The totals of loss and cost are least at the widths given.
    func total(_ a: Double, _ cost: Double) -> Double {
      cost * 0.0225 / (2 * a) + 4 * 0.36 * a * a / 6
    }
    let best = try proportional(2e-3)
    #expect(total(best, 2e-3) < total(1.01 * best, 2e-3))
    #expect(total(best, 2e-3) < total(0.99 * best, 2e-3))
    func cycles(_ a: Double, _ cost: Double) -> Double {
      cost * 0.0225 / (a * a) + 4 * 0.36 * a * a / 12
    }
    let wide = try fixed(1e-5)
    #expect(cycles(wide, 1e-5) < cycles(1.01 * wide, 1e-5))
    #expect(cycles(wide, 1e-5) < cycles(0.99 * wide, 1e-5))
    // Janeček and Shreve's width for a weight: (3 c w²(1 − w)²/(2γ))^(1/3).
    let weight = 0.4
    let published = cbrt(1.5 / 4 * 1e-3 * pow(weight * (1 - weight), 2))
    let ours = try DriftBand.best(
      proportionalCost: 1e-3,
      weightVolatility: DriftBand.weightVolatility(weight: weight, volatility: 0.6),
      riskAversion: 4, volatility: 0.6)
    expectClose(ours.below, published, relative: 1e-14)
  }

  @Test func premiumIsHalfTheDiversification() throws {
    let universe = try Universe(["A", "B"])
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(lowerTriangleOf: [0.09, 0.01, 0.01, 0.25], order: 2))
    let half = try Weights(universe: universe, values: [0.5, 0.5])
    let premium = try RebalancingPremium.perPeriod(weights: half, covariance: covariance)
    expectClose(premium, 0.5 * (0.17 - 0.25 * (0.09 + 0.25 + 0.02)), relative: 1e-14)
    let alone = try Weights(universe: universe, values: [1, 0])
    expectClose(
      try RebalancingPremium.perPeriod(weights: alone, covariance: covariance), 0,
      absolute: 1e-17)
    let others = try Weights(universe: Universe(["A", "C"]), values: [1, 0])
    #expect(throws: EngineError.self) {
      try RebalancingPremium.perPeriod(weights: others, covariance: covariance)
    }
  }

  @Test func badInputIsRefused() throws {
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: EngineError.self) { try DriftBand(below: number, above: 1) }
      #expect(throws: EngineError.self) { try DriftBand(below: 1, above: number) }
      #expect(throws: EngineError.self) {
        try DriftBand.best(
          fixedCost: number, weightVolatility: 1, riskAversion: 1, volatility: 1)
      }
    }
    let band = try DriftBand(below: 0.1, above: 0.1)
    #expect(band.meanTimeToExit(weightVolatility: 0) == .infinity)
    #expect(band.meanTimeToExit(weightVolatility: -1).isNaN)
    #expect(band.meanTimeToExit(weightVolatility: 1, interval: .nan).isNaN)
    #expect(DriftBand.weightVolatility(weight: 2, volatility: 1).isNaN)
  }
}
