import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/models.json`: parameters, time, strike, call, and for some delta, gamma
/// and the derivative by the initial variance, on a forward of one.
struct ModelReference: Decodable, Sendable {
  let merton: [[Double]]
  let kou: [[Double]]
  let bates: [[Double]]
  let varianceGamma: [[Double]]
  let normalInverseGaussian: [[Double]]
  let heston: [[Double]]
}

func heston(_ p: [Double]) throws -> HestonModel {
  try HestonModel(
    initialVariance: p[0], reversion: p[1], meanVariance: p[2], varianceVolatility: p[3],
    correlation: p[4])
}

private func bates(_ p: [Double]) throws -> BatesModel {
  try BatesModel(
    diffusion: try heston(p), intensity: p[5], jumpMean: p[6], jumpDeviation: p[7])
}

private func merton(_ p: [Double]) throws -> MertonJumps {
  try MertonJumps(volatility: p[0], intensity: p[1], jumpMean: p[2], jumpDeviation: p[3])
}

private func kou(_ p: [Double]) throws -> KouJumps {
  try KouJumps(
    volatility: p[0], intensity: p[1], upShare: p[2], upDecay: p[3], downDecay: p[4])
}

/// One model of each kind.
private func examples() throws -> [any CharacteristicModel] {
  [
    try heston([0.04, 1.5, 0.06, 0.7, -0.6]),
    try merton([0.2, 0.8, -0.1, 0.15]),
    try kou([0.15, 3, 0.4, 12, 9]),
    try bates([0.04, 1.5, 0.06, 0.7, -0.6, 0.5, -0.08, 0.1]),
    try VarianceGamma(volatility: 0.2, clockVariance: 0.3, drift: -0.1),
    try NormalInverseGaussian(tailDecay: 15, asymmetry: -4, scale: 0.5),
  ]
}

private let spot = 60_000.0
private let strikes = stride(from: 20_000.0, through: 140_000, by: 4000).map { $0 }

@Suite struct CharacteristicModelTests {
  /// Prices within 1e-13 of the forward and of their own bounds, calls and puts.
  private func expectReferences<Model: CharacteristicModel>(
    _ rows: [[Double]],
    parameters: Int,
    greeks: Bool,
    _ make: ([Double]) throws -> Model
  ) throws {
    #expect(!rows.isEmpty)
    for row in rows {
      let model = try make(row)
      let strike = row[parameters + 1]
      for kind in EuropeanOption.Kind.allCases {
        let strip = model.greeks(
          of: kind, strikes: [strike], timeToExpiry: row[parameters], spot: 1, rate: 0,
          carryYield: 0)
        let call = row[parameters + 2]
        // A put below the rounding of one has no digits in a call.
        let expected = kind == .call ? call : call - 1 + strike
        let error = (strip.prices[0] - expected).magnitude
        #expect(error <= 1e-13, "\(row) \(kind): \(strip.prices[0]), not \(expected)")
        #expect(error <= strip.errors[0] + 2.3e-16, "\(row): \(error) above \(strip.errors[0])")
        #expect(strip.errors[0] <= 1e-12)
        guard greeks else { continue }
        let delta = row[parameters + 3] - (kind == .call ? 0 : 1)
        expectClose(strip.deltas[0], delta, absolute: 1e-12, "delta of \(row)")
        let gamma = row[parameters + 4]
        expectClose(
          strip.gammas[0], gamma, absolute: 1e-12 * max(1, gamma.magnitude), "gamma of \(row)")
      }
    }
  }

  @Test func hestonMatchesReferences() throws {
    let rows = try Reference.load(ModelReference.self, "models").heston
    try expectReferences(rows, parameters: 5, greeks: true) { try heston($0) }
    for row in rows {
      let strip = try heston(row).sensitivities(
        of: .call, strikes: [row[6]], timeToExpiry: row[5], spot: 1, rate: 0, carryYield: 0)
      expectClose(
        strip.initialVarianceSlopes[0], row[10],
        absolute: 1e-12 * max(1, row[10].magnitude), "slope by the variance of \(row)")
    }
  }

  @Test func jumpsMatchReferences() throws {
    let reference = try Reference.load(ModelReference.self, "models")
    try expectReferences(reference.merton, parameters: 4, greeks: false) { try merton($0) }
    try expectReferences(reference.kou, parameters: 5, greeks: true) { try kou($0) }
    try expectReferences(reference.bates, parameters: 8, greeks: true) { try bates($0) }
  }

  @Test func pureJumpsMatchReferences() throws {
    let reference = try Reference.load(ModelReference.self, "models")
    try expectReferences(reference.varianceGamma, parameters: 3, greeks: false) {
      try VarianceGamma(volatility: $0[0], clockVariance: $0[1], drift: $0[2])
    }
    try expectReferences(reference.normalInverseGaussian, parameters: 3, greeks: false) {
      try NormalInverseGaussian(tailDecay: $0[0], asymmetry: $0[1], scale: $0[2])
    }
  }

  /// The values that Lewis published, to all their digits.
  @Test func hestonMatchesPublishedValues() throws {
    let calls = [
      26.774758743998854, 20.933349000596710, 16.070154917028834, 12.132211516709845,
      9.024913483457836,
    ]
    let strip = try heston([0.04, 4, 0.25, 1, -0.5]).prices(
      of: .call, strikes: [80, 90, 100, 110, 120], timeToExpiry: 1, spot: 100, rate: 0.01,
      carryYield: 0.02)
    for (price, expected) in zip(strip.prices, calls) {
      expectClose(price, expected, absolute: 1e-11)
      expectClose(price, expected, relative: 1e-13)
    }
  }

  @Test func momentsOfOrderZeroAndOneAreCertain() throws {
    for model in try examples() {
      for time in [0.01, 1, 20] {
        for order in [0.0, 1] {
          #expect(model.logMoment(Complex(order), timeToExpiry: time).modulus < 1e-14)
        }
        let range = model.momentRange(timeToExpiry: time)
        #expect(range.lowerBound < 0 && range.upperBound > 1)
        let z = Complex(0.3, 7)
        let up = model.logMoment(z, timeToExpiry: time)
        let down = model.logMoment(z.conjugate, timeToExpiry: time)
        #expect((up.conjugate - down).modulus < 1e-13 * up.modulus)
        // |E[e^(zX)]| is at most E[e^(Re z X)].
        #expect(up.real < model.logMoment(Complex(0.3), timeToExpiry: time).real)
      }
    }
  }

  /// The second derivative at zero is the variance of the logarithm, for the models without diffusion
  /// of the variance.
  @Test func varianceIsTheSecondCumulant() throws {
    for model in try examples() where !(model is HestonModel || model is BatesModel) {
      let h = 1e-3
      let up = model.logMoment(Complex(0, h), timeToExpiry: 0.7).real
      expectClose(-2 * up / (h * h), model.logVariance(timeToExpiry: 0.7), relative: 1e-4)
    }
  }

  @Test func pricesKeepParityAndShape() throws {
    for model in try examples() {
      for time in [0.02, 0.5, 5] {
        func strip(_ kind: EuropeanOption.Kind) -> OptionStrip {
          model.greeks(
            of: kind, strikes: strikes, timeToExpiry: time, spot: spot, rate: 0.04,
            carryYield: 0.01)
        }
        let (calls, puts) = (strip(.call), strip(.put))
        let discount = exponential(-0.04 * time)
        for i in strikes.indices {
          let parity = discount * (calls.forward - strikes[i])
          #expect(calls.errors[i] < 1e-8, "\(model) \(time) \(strikes[i])")
          expectClose(calls.prices[i] - puts.prices[i], parity, absolute: 1e-10)
          expectClose(
            calls.deltas[i] - puts.deltas[i], exponential(-0.01 * time), absolute: 1e-12)
          expectClose(calls.gammas[i], puts.gammas[i], absolute: 1e-16)
          #expect(calls.gammas[i] >= -1e-17)
          #expect(calls.prices[i] >= max(0, parity) - 1e-9)
        }
        for i in 1..<strikes.count - 1 {
          let slope = calls.prices[i + 1] - calls.prices[i]
          #expect(slope <= 1e-9 && slope >= -discount * 4000 - 1e-9)
          #expect(
            calls.prices[i - 1] - 2 * calls.prices[i] + calls.prices[i + 1] >= -1e-9)
        }
      }
    }
  }

  /// Differences of prices at several spots, to fourth order.
  @Test func greeksAreDifferencesOfPrices() throws {
    for model in try examples() {
      let greeks = model.greeks(
        of: .put, strikes: [55_000, 66_000], timeToExpiry: 0.8, spot: spot, rate: 0.03,
        carryYield: 0.02)
      let h = 200.0
      let p = (-3...3).map { step in
        model.prices(
          of: .put, strikes: [55_000, 66_000], timeToExpiry: 0.8, spot: spot + Double(step) * h,
          rate: 0.03, carryYield: 0.02
        ).prices
      }
      for i in 0..<2 {
        let first = (p[6][i] - p[0][i] - 9 * (p[5][i] - p[1][i]) + 45 * (p[4][i] - p[2][i])) / 60
        expectClose(greeks.deltas[i], first / h, absolute: 3e-8)
        let outer = 2 * (p[6][i] + p[0][i]) - 27 * (p[5][i] + p[1][i])
        let second = (outer + 270 * (p[4][i] + p[2][i]) - 490 * p[3][i]) / 180
        expectClose(greeks.gammas[i], second / h / h, relative: 1e-6)
      }
    }
  }

  @Test func variancesSlopesAreDifferences() throws {
    let p = [0.05, 1.2, 0.07, 0.8, -0.4]
    func prices(_ index: Int, _ shift: Double) throws -> [Double] {
      var moved = p
      moved[index] += shift
      return try heston(moved).prices(
        of: .call, strikes: strikes, timeToExpiry: 1.5, spot: spot, rate: 0.02, carryYield: 0
      ).prices
    }
    let strip = try heston(p).sensitivities(
      of: .call, strikes: strikes, timeToExpiry: 1.5, spot: spot, rate: 0.02, carryYield: 0)
    for (index, slopes) in [(0, strip.initialVarianceSlopes), (2, strip.meanVarianceSlopes)] {
      let h = 1e-3
      let (a, b) = (try prices(index, h), try prices(index, -h))
      let (c, d) = (try prices(index, 2 * h), try prices(index, -2 * h))
      for i in strikes.indices {
        expectClose(slopes[i], (8 * (a[i] - b[i]) - c[i] + d[i]) / (12 * h), absolute: 0.05)
      }
    }
    let greeks = try heston(p).greeks(
      of: .call, strikes: strikes, timeToExpiry: 1.5, spot: spot, rate: 0.02, carryYield: 0)
    for i in strikes.indices {
      expectClose(greeks.prices[i], strip.options.prices[i], absolute: 1e-10)
      expectClose(greeks.gammas[i], strip.options.gammas[i], absolute: 1e-16)
    }
  }

  @Test func limitsAreBlackScholes() throws {
    let flat: [any CharacteristicModel] = [
      try heston([0.09, 0, 0.2, 0, 0.3]), try heston([0.09, 2, 0.09, 0, -1]),
      try heston([0.09, 2, 0.09, 1e-12, -1]), try merton([0.3, 0, -1, 2]),
      try merton([0.3, 5, 0, 0]), try kou([0.3, 0, 0.5, 2, 2]),
      try bates([0.09, 2, 0.09, 0, 0, 0, 1, 1]),
    ]
    for model in flat {
      for time in [0.001, 0.3, 4] {
        let strip = model.prices(
          of: .put, strikes: strikes, timeToExpiry: time, spot: spot, rate: 0.04,
          carryYield: 0.01)
        let black = BlackScholes(spot: spot, volatility: 0.3, rate: 0.04, carryYield: 0.01)
        for i in strikes.indices {
          let option = EuropeanOption(kind: .put, strike: strikes[i], timeToExpiry: time)
          expectClose(strip.prices[i], black.price(of: option), absolute: 6e-9, "\(model) \(time)")
        }
      }
    }
    let (plain, joint) = (
      try heston([0.04, 1.5, 0.06, 0.7, -0.6]),
      try bates([0.04, 1.5, 0.06, 0.7, -0.6, 0, -0.1, 0.2])
    )
    func prices(_ model: some CharacteristicModel) -> [Double] {
      model.prices(
        of: .call, strikes: strikes, timeToExpiry: 1, spot: spot, rate: 0, carryYield: 0
      ).prices
    }
    for (a, b) in zip(prices(plain), prices(joint)) { expectClose(a, b, absolute: 1e-9) }
  }

  @Test func certainPricesAreIntrinsic() throws {
    for model in try examples() + [try heston([0, 1, 0, 0.5, 0])] {
      let isFlat = model.logVariance(timeToExpiry: 1) == 0
      let strip = model.greeks(
        of: .call, strikes: [0, 50_000, 70_000], timeToExpiry: isFlat ? 1 : 0, spot: spot,
        rate: 0, carryYield: 0)
      #expect(strip.prices == [60_000, 10_000, 0])
      #expect(strip.deltas == [1, 1, 0] && strip.gammas == [0, 0, 0])
      #expect(strip.errors == [0, 0, 0])
    }
    let soon = try heston([0.04, 1, 0.04, 0.5, 0]).prices(
      of: .put, strikes: [60_000], timeToExpiry: 1e-300, spot: spot, rate: 0, carryYield: 0)
    #expect(soon.prices == [0] && soon.errors[0] < 1e-9)
  }

  @Test func badInputIsNotANumber() throws {
    for model in try examples() {
      for bad in [Double.nan, .infinity, -1] {
        let strip = model.greeks(
          of: .put, strikes: [bad, 50_000], timeToExpiry: 1, spot: spot, rate: 0, carryYield: 0)
        #expect(strip.prices[0].isNaN && strip.deltas[0].isNaN && strip.errors[0].isNaN)
        #expect(strip.prices[1] > 0)
        let option = EuropeanOption(kind: .call, strike: 50_000, timeToExpiry: 1)
        #expect(model.price(of: option, spot: bad, rate: 0, carryYield: 0).isNaN)
        let late = EuropeanOption(kind: .call, strike: 50_000, timeToExpiry: bad)
        #expect(model.price(of: late, spot: spot, rate: 0, carryYield: 0).isNaN)
        if bad == -1 { continue }
        #expect(model.price(of: option, spot: spot, rate: bad, carryYield: 0).isNaN)
        #expect(model.price(of: option, spot: spot, rate: 0, carryYield: bad).isNaN)
      }
      let none = model.prices(
        of: .call, strikes: [], timeToExpiry: 1, spot: spot, rate: 0, carryYield: 0)
      #expect(none.prices.isEmpty && none.errors.isEmpty)
    }
  }

  /// Far outside any market a price is right within its own bound, or not a number.
  @Test func boundsHoldFarOutside() throws {
    for p in [
      [1e-12, 1e-9, 1e-12, 1e-3, 0], [100, 50, 100, 100, -1], [1e-6, 1e6, 1e-6, 1e6, 1],
      [1e300, 1, 1, 1, 0], [1, 1, 1, 1e300, 0], [1e-300, 0, 1e-300, 1e-300, 0],
    ] {
      for time in [1e-9, 1, 1e4] {
        let strip = try heston(p).prices(
          of: .call, strikes: [1e-300, 0.5, 1, 2, 1e300], timeToExpiry: time, spot: 1, rate: 0,
          carryYield: 0)
        for (price, error) in zip(strip.prices, strip.errors) where !price.isNaN {
          #expect(price >= 0 && price <= 1 + error)
        }
      }
    }
  }

  @Test func parametersAreChecked() throws {
    for index in 0..<5 {
      for bad in [Double.nan, .infinity, -2] {
        var p = [0.04, 1, 0.04, 0.5, 0]
        p[index] = bad
        #expect(throws: DerivativesError.self) { try heston(p) }
      }
    }
    #expect(throws: DerivativesError.self) { try merton([0.2, -1, 0, 0.1]) }
    #expect(throws: DerivativesError.self) { try merton([0.2, 1, .nan, 0.1]) }
    #expect(throws: DerivativesError.self) { try kou([0.2, 1, 0.5, 1, 2]) }
    #expect(throws: DerivativesError.self) { try kou([0.2, 1, 1.5, 3, 2]) }
    #expect(throws: DerivativesError.self) {
      try VarianceGamma(volatility: 0.2, clockVariance: 1, drift: 0.98)
    }
    #expect(throws: DerivativesError.self) {
      try NormalInverseGaussian(tailDecay: 2, asymmetry: 1, scale: 1)
    }
    #expect(throws: DerivativesError.self) {
      try NormalInverseGaussian(tailDecay: .nan, asymmetry: 0, scale: 1)
    }
  }

  @Test func modelsAreStoredAndChecked() throws {
    func expectStored<Model: Codable & Equatable>(_ model: Model) throws {
      let data = try JSONEncoder().encode(model)
      #expect(try JSONDecoder().decode(Model.self, from: data) == model)
    }
    try expectStored(try heston([0.04, 1.5, 0.06, 0.7, -0.6]))
    try expectStored(try merton([0.2, 0.8, -0.1, 0.15]))
    try expectStored(try kou([0.15, 3, 0.4, 12, 9]))
    try expectStored(try bates([0.04, 1.5, 0.06, 0.7, -0.6, 0.5, -0.08, 0.1]))
    try expectStored(try VarianceGamma(volatility: 0.2, clockVariance: 0.3, drift: -0.1))
    try expectStored(try NormalInverseGaussian(tailDecay: 15, asymmetry: -4, scale: 0.5))
    let bad = Data(#"{"volatility":0.2,"clockVariance":-1,"drift":0}"#.utf8)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(VarianceGamma.self, from: bad)
    }
  }
}
