import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct SVISmileTests {
  let hyperbolas: [SmilesReference.Hyperbola]

  init() throws { hyperbolas = try SmilesReference.load().hyperbolas }

  /// The example of Axel Vogt, in Gatheral and Jacquier (2014), section 5: an arbitrage that no single parameter shows.
  static func vogt() throws -> SVISmile {
    try SVISmile(timeToExpiry: 1, a: -0.0410, b: 0.1331, rho: 0.3060, m: 0.3586, sigma: 0.4153)
  }

  @Test func `values, derivatives, densities and probabilities are those of the reference`() throws
  {
    for row in hyperbolas {
      let smile = try row.smile()
      for point in row.points {
        let (k, w) = (point[0], smile.totalVariance(at: point[0]))
        // The variance is a sum of terms that may cancel.
        let terms = row.raw[0].magnitude + row.raw[1] * (row.raw[4] + (k - row.raw[3]).magnitude)
        let rounding = 1e-15 * terms / point[1]
        expectClose(w.value, point[1], relative: rounding)
        expectClose(w.slope, point[2], absolute: 1e-15 * row.raw[1])
        expectClose(w.curvature, point[3], relative: 2e-15)
        // The factor magnifies that by the square of its first term.
        let size = 1 + (k * w.slope / w.value).magnitude
        let spread =
          (1e-14 + 10 * rounding) * (size * size + w.slope * w.slope / w.value + w.curvature)
        expectClose(w.densityFactor(at: k), point[4], absolute: spread)
        let exponent = 1 + k * k / w.value
        let peak = (w.density(at: k) / w.densityFactor(at: k)).magnitude
        expectClose(
          w.density(at: k), point[5],
          absolute: peak * spread + point[5].magnitude * exponent * (1e-14 + 2 * rounding))
        expectClose(w.probabilityBelow(k), point[6], absolute: (1e-14 + 10 * rounding) * exponent)
        expectClose(
          w.probabilityBelow(k) + w.probabilityAbove(k), 1, absolute: 1e-15)
      }
    }
  }

  @Test func `natural and jump-wing parameters are those of the reference and lead back`() throws {
    for row in hyperbolas {
      let smile = try row.smile()
      let (natural, wings) = (smile.natural, smile.jumpWings)
      let terms = row.raw[0].magnitude + row.raw[1] * (row.raw[4] + row.raw[3].magnitude)
      let naturals = [natural.delta, natural.mu, natural.rho, natural.omega, natural.zeta]
      for (value, expected) in zip(naturals, row.natural) {
        expectClose(value, expected, relative: 1e-13, absolute: 1e-14 * terms)
      }
      let seen = [
        wings.variance, wings.skew, wings.putSlope, wings.callSlope, wings.minimumVariance,
      ]
      let rounding = 1e-15 * terms / (row.jumpWings[0] * row.time)
      for (value, expected) in zip(seen, row.jumpWings) {
        expectClose(
          value, expected, relative: 1e-14 + 10 * rounding,
          absolute: 1e-15
            * (terms / row.time + row.raw[1] / (row.jumpWings[0] * row.time).squareRoot()))
      }
      let back = try SVISmile(natural, timeToExpiry: row.time)
      let again = try SVISmile(wings, timeToExpiry: row.time)
      for k in row.points.map({ $0[0] }) {
        let expected = smile.totalVariance(at: k).value
        expectClose(back.totalVariance(at: k).value, expected, absolute: 1e-13 * terms)
        // The width is found from a difference of variances.
        let least = smile.minimumVariance
        let loss = terms / (smile.totalVariance(at: 0).value - least)
        expectClose(again.totalVariance(at: k).value, expected, absolute: 1e-13 * terms * loss)
      }
    }
  }

  @Test func `published jump wings of Vogt's example and its repairs`() throws {
    let wings = try Self.vogt().jumpWings
    expectClose(wings.variance, 0.01742625, absolute: 5e-9)
    expectClose(wings.skew, -0.1752111, absolute: 5e-8)
    expectClose(wings.putSlope, 0.6997381, absolute: 5e-8)
    expectClose(wings.callSlope, 1.316798, absolute: 5e-7)
    expectClose(wings.minimumVariance, 0.0116249, absolute: 5e-8)
    var repaired = wings
    (repaired.callSlope, repaired.minimumVariance) = (0.3493158, 0.01548182)
    #expect(try SVISmile(repaired, timeToExpiry: 1).butterflyMargin.isFree)
    var closest = wings
    closest.callSlope = 0.8564763
    #expect(try SVISmile(closest, timeToExpiry: 1).butterflyMargin.isFree)
  }

  @Test func `the least density factor is that of the reference`() throws {
    for row in hyperbolas {
      let margin = try row.smile().butterflyMargin
      expectClose(margin.densityFactor, row.leastFactor, relative: 1e-8, absolute: 1e-9)
      #expect(margin.logMoneyness.isInfinite == (row.place == nil))
      if let place = row.place {
        expectClose(margin.logMoneyness, place, absolute: 1e-3 * (row.raw[4] + place.magnitude))
      }
      expectClose(margin.leftWing, 2 - row.raw[1] * (1 - row.raw[2]), absolute: 1e-15)
      expectClose(margin.rightWing, 2 - row.raw[1] * (1 + row.raw[2]), absolute: 1e-15)
    }
  }

  @Test func `Vogt's example is rejected where its density is negative`() throws {
    let smile = try Self.vogt()
    let margin = smile.butterflyMargin
    #expect(!margin.isFree)
    expectClose(margin.logMoneyness, 0.8792625416, absolute: 1e-4)
    expectClose(
      smile.totalVariance(at: margin.logMoneyness).densityFactor(at: margin.logMoneyness),
      margin.densityFactor, relative: 1e-12)
    #expect(
      throws: VolatilityError.butterflyArbitrage(
        logMoneyness: margin.logMoneyness, densityFactor: margin.densityFactor)
    ) { try margin.requireFree() }
    // The search of any smile on an interval finds the same place.
    let scan = try ButterflyMargin(of: smile, in: -1.5...1.5)
    expectClose(scan.densityFactor, margin.densityFactor, relative: 1e-9)
    expectClose(scan.logMoneyness, margin.logMoneyness, absolute: 1e-4)
  }

  @Test func `a wing too steep is rejected`() throws {
    let smile = try SVISmile(timeToExpiry: 1, a: 4, b: 1.2, rho: 0.9, m: 0, sigma: 1)
    let margin = smile.butterflyMargin
    #expect(margin.rightWing < 0)
    #expect(throws: VolatilityError.self) { try margin.requireFree() }
  }

  @Test func `parameters that make no smile are refused`() throws {
    let good = [1, 0.04, 0.1, -0.3, 0.0, 0.2]
    for i in good.indices {
      for bad in hostileNumbers + [-2.0] {
        var values = good
        values[i] = bad
        let smile = try? SVISmile(
          timeToExpiry: values[0], a: values[1], b: values[2], rho: values[3], m: values[4],
          sigma: values[5])
        guard let smile else { continue }
        #expect(smile.minimumVariance >= 0 && smile.rho.magnitude < 1)
        let margin = smile.butterflyMargin
        #expect(!margin.isFree || margin.densityFactor >= 0)
      }
    }
    #expect(throws: VolatilityError.self) {
      try SVISmile(timeToExpiry: 1, a: -0.1, b: 0.1, rho: 0, m: 0, sigma: 0.5)
    }
    #expect(throws: VolatilityError.self) {
      try SVISmile(
        SVISmile.JumpWings(
          variance: 0.04, skew: 0.1, putSlope: 0.5, callSlope: 0.1, minimumVariance: 0.03),
        timeToExpiry: 1)
    }
  }

  @Test func `survives storage, and a stored smile is checked`() throws {
    let smile = try Self.vogt()
    let data = try JSONEncoder().encode(smile)
    #expect(try JSONDecoder().decode(SVISmile.self, from: data) == smile)
    let text = #"{"timeToExpiry": 1, "a": 0.04, "b": 0.1, "rho": 2, "m": 0, "sigma": 0.1}"#
    #expect(throws: VolatilityError.self) {
      try JSONDecoder().decode(SVISmile.self, from: Data(text.utf8))
    }
  }
}
