import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Surfaces of smiles with three parameters: values, derivatives, conditions.
@Suite struct SSVISurfaceTests {
  private struct Table: Decodable {
    struct Surface: Decodable {
      let knots: [[Double]]
      let rho: Double
      let law: String
      let law_numbers: [Double]
      let rows: [[Double]]
    }

    struct Extended: Decodable {
      let smiles: [[Double]]
      let rows: [[Double]]
    }

    let ssvi: [Surface]
    let extended: [Extended]
  }

  /// Value, derivatives and density factor against a row; sums of terms of both signs lose digits of the largest.
  private func check(_ surface: some VolatilitySurface, _ row: [Double], _ label: String) {
    let (variance, speed) = surface.totalVariance(at: row[0], timeToExpiry: row[1])
    expectClose(variance.value, row[2], relative: 2e-13, "\(label) value")
    expectClose(variance.slope, row[3], relative: 1e-11, absolute: 1e-13, "\(label) slope")
    expectClose(variance.curvature, row[4], relative: 1e-10, "\(label) curvature")
    expectClose(speed, row[5], relative: 1e-11, absolute: 1e-12, "\(label) speed")
    let scale = 1 + row[0] * row[0] * row[3] * row[3] / (row[2] * row[2])
    expectClose(
      variance.densityFactor(at: row[0]), row[6], absolute: 1e-10 * scale, "\(label) g")
  }

  private func surface(_ row: Table.Surface) throws -> SSVISurface {
    let curvature: SSVISurface.Curvature =
      row.law == "powerLaw"
      ? .powerLaw(eta: row.law_numbers[0], gamma: row.law_numbers[1])
      : .hestonLike(lambda: row.law_numbers[0])
    return try SSVISurface(
      knots: row.knots.map { .init(timeToExpiry: $0[0], variance: $0[1]) }, correlation: row.rho,
      curvature: curvature)
  }

  @Test func matchesTheReference() throws {
    let table = try Reference.load(Table.self, "surfaces")
    for (number, row) in table.ssvi.enumerated() {
      let surface = try surface(row)
      for values in row.rows { check(surface, values, "ssvi \(number) \(values[0]) \(values[1])") }
    }
    for (number, row) in table.extended.enumerated() {
      let smiles = try row.smiles.map {
        try SSVISmile(timeToExpiry: $0[0], variance: $0[1], correlation: $0[2], curvature: $0[3])
      }
      let surface = try ExtendedSSVISurface(smiles: smiles.reversed())
      for values in row.rows { check(surface, values, "extended \(number)") }
    }
  }

  /// Random smiles inside the conditions, each after the one before.
  private func free(_ generator: inout SeededGenerator, count: Int) throws -> ExtendedSSVISurface {
    var smiles: [SSVISmile] = []
    var (theta, left, right, time) = (0.0, 0.0, 0.0, 0.0)
    for i in 0..<count {
      time += generator.uniform(0.01...0.5)
      let growth = i == 0 ? pow(10, generator.uniform(-4 ... -1)) : generator.uniform(0...0.1)
      let before = theta
      theta += growth
      let phi = i == 0 ? Double.infinity : (left + right) / 2 / before
      // Slopes grow until a condition binds.
      var step = (generator.uniform(0...1), generator.uniform(0...1))
      for _ in 0..<60 {
        let (l, r) = (left + step.0, right + step.1)
        let psi = (l + r) / 2
        if max(l, r) <= 4, psi * max(l, r) <= 4 * theta, psi <= phi * theta { break }
        step = (step.0 / 2, step.1 / 2)
      }
      (left, right) = (left + step.0, right + step.1)
      let psi = (left + right) / 2
      smiles.append(
        try SSVISmile(
          timeToExpiry: time, variance: theta, correlation: (right - left) / (2 * psi),
          curvature: psi))
    }
    return try ExtendedSSVISurface(smiles: smiles)
  }

  /// The conditions at the expiries exclude arbitrage at every time: densities and forward variances are not negative.
  @Test(arguments: 1...40)
  func noArbitrageBetweenExpiries(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let surface = try free(&generator, count: 1 + seed % 5)
    #expect(surface.slack >= -1e-12)
    let last = try #require(surface.smiles.last).timeToExpiry
    for _ in 0..<40 {
      let time = generator.uniform(0...1.5) * last + 1e-6
      let smile = try surface.smile(at: time)
      #expect(smile.butterflySlack >= -1e-12)
      for point in -60...60 {
        let k = sinh(Double(point) / 12) * smile.variance.squareRoot()
        let (variance, speed) = surface.totalVariance(at: k, timeToExpiry: time)
        #expect(variance.densityFactor(at: k) >= -1e-10 && speed >= -1e-12, "\(k) \(time)")
        expectClose(variance.value, smile.totalVariance(at: k).value, relative: 1e-12)
        let local = surface.localVolatility(at: k, time: time)
        #expect(local >= 0 || speed < 0 || variance.densityFactor(at: k) <= 0)
      }
    }
    #expect(try surface.margins.densityFactor >= -1e-10)
    #expect(try surface.margins.calendarGrowth ?? 0 >= -1e-10)
  }

  @Test func theClosedConditionsOfTheGlobalSurfaceHold() throws {
    let knots = [0.01, 0.1, 0.5, 2].map { SSVISurface.Knot(timeToExpiry: $0, variance: 0.4 * $0) }
    for curvature in [
      SSVISurface.Curvature.powerLaw(eta: 1.2, gamma: 0.5), .hestonLike(lambda: 0.41),
    ] {
      let surface = try SSVISurface(knots: knots, correlation: -0.6, curvature: curvature)
      #expect(surface.butterflySlack >= 0)
      #expect(try surface.extended.slack > 0)
      #expect(try surface.extended.margins.isFree)
      for time in [0.003, 0.01, 0.05, 1, 5] {
        let smile = try surface.smile(at: time)
        for point in -40...40 {
          let k = sinh(Double(point) / 8) * smile.variance.squareRoot()
          let (variance, speed) = surface.totalVariance(at: k, timeToExpiry: time)
          #expect(variance.densityFactor(at: k) >= 0 && speed >= 0)
          expectClose(variance.value, smile.totalVariance(at: k).value, relative: 1e-12)
        }
      }
    }
    let steep = try SSVISurface(
      knots: knots, correlation: -0.6, curvature: .powerLaw(eta: 4, gamma: 0.5))
    #expect(steep.butterflySlack < 0)
    #expect(try steep.extended.slack < 0 && !steep.extended.margins.isFree)
  }

  @Test func crossingSmilesAreFound() throws {
    let early = try SSVISmile(timeToExpiry: 0.1, variance: 0.04, correlation: -0.5, curvature: 0.3)
    let late = try SSVISmile(timeToExpiry: 0.2, variance: 0.05, correlation: 0.5, curvature: 0.3)
    let surface = try ExtendedSSVISurface(smiles: [late, early])
    let margins = try surface.margins
    #expect(surface.slack < 0 && !margins.isFree)
    #expect(try #require(margins.calendarGrowth) < 0)
    let place = try #require(margins.calendarPlace)
    #expect(place.timeToExpiry == 0.2 && place.logMoneyness < 0)
    #expect(surface.localVolatility(at: place.logMoneyness, time: 0.15).isNaN)
  }

  @Test func badInputThrows() throws {
    for number in hostileNumbers where !(number.isNormal && number > 0) {
      #expect(throws: VolatilityError.self) {
        try SSVISmile(timeToExpiry: number, variance: 1, correlation: 0, curvature: 1)
      }
      #expect(throws: VolatilityError.self) {
        try SSVISmile(timeToExpiry: 1, variance: number, correlation: 0, curvature: 1)
      }
      #expect(throws: VolatilityError.self) {
        try SSVISurface(
          knots: [.init(timeToExpiry: number, variance: 1)], correlation: 0,
          curvature: .hestonLike(lambda: 1))
      }
      #expect(throws: VolatilityError.self) {
        try SSVISurface(
          knots: [.init(timeToExpiry: 1, variance: 1)], correlation: 0,
          curvature: .powerLaw(eta: number, gamma: 0.5))
      }
    }
    for correlation in [-1.1, 1.1, .nan] {
      #expect(throws: VolatilityError.self) {
        try SSVISmile(timeToExpiry: 1, variance: 1, correlation: correlation, curvature: 1)
      }
    }
    #expect(throws: VolatilityError.self) { try ExtendedSSVISurface(smiles: []) }
    let smile = try SSVISmile(timeToExpiry: 1, variance: 1, correlation: 0, curvature: 1)
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 1)) {
      try ExtendedSSVISurface(smiles: [smile, smile])
    }
    let surface = try ExtendedSSVISurface(smiles: [smile])
    for number in hostileNumbers where !(number.isNormal && number > 0) {
      #expect(throws: VolatilityError.self) { try surface.smile(at: number) }
      if number > 0, number.isFinite { continue }
      #expect(surface.totalVariance(at: 0, timeToExpiry: number).variance.value.isNaN)
    }
    #expect(throws: VolatilityError.self) {
      try SSVISurface(
        knots: [.init(timeToExpiry: 1, variance: 1), .init(timeToExpiry: 2, variance: 0.9)],
        correlation: 0, curvature: .hestonLike(lambda: 1))
    }
  }

  @Test func surfacesAreCoded() throws {
    let smile = try SSVISmile(timeToExpiry: 1, variance: 0.3, correlation: -0.2, curvature: 0.5)
    let surface = try ExtendedSSVISurface(smiles: [smile])
    let data = try JSONEncoder().encode(surface)
    #expect(try JSONDecoder().decode(ExtendedSSVISurface.self, from: data) == surface)
    let text = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "0.3", with: "-3")
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(ExtendedSSVISurface.self, from: Data(text.utf8))
    }
  }
}
