import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/model_slopes.json`: parameters, time, strike, and the derivatives of the call by each
/// parameter, on a forward of one.
private struct SlopesReference: Decodable {
  let heston: [[Double]]
  let merton: [[Double]]
  let kou: [[Double]]
  let bates: [[Double]]
  let varianceGamma: [[Double]]
  let normalInverseGaussian: [[Double]]
}

/// Derivatives of prices by the parameters of models.
@Suite struct ModelSlopesTests {
  private func expectReferences<Model: ParametricModel>(
    _ rows: [[Double]],
    _ type: Model.Type,
    _ level: Kernels.Level
  ) throws {
    let count = Model.parameterNames.count
    #expect(!rows.isEmpty)
    for row in rows {
      let model = try Model(parameters: Array(row[..<count]))
      for kind in EuropeanOption.Kind.allCases {
        let strip = model.parameterSlopes(
          of: kind, strikes: [row[count + 1]], timeToExpiry: row[count], spot: 1, rate: 0,
          carryYield: 0, level: level)
        for (i, name) in Model.parameterNames.enumerated() {
          let expected = row[count + 2 + i]
          expectClose(
            strip.slopes[i][0], expected, absolute: 1e-12 * max(1, expected.magnitude),
            "\(name) of \(row)")
        }
      }
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func slopesMatchReferences(level: Kernels.Level) throws {
    let reference = try Reference.load(SlopesReference.self, "model_slopes")
    try expectReferences(reference.heston, HestonModel.self, level)
    try expectReferences(reference.merton, MertonJumps.self, level)
    try expectReferences(reference.kou, KouJumps.self, level)
    try expectReferences(reference.bates, BatesModel.self, level)
    try expectReferences(reference.varianceGamma, VarianceGamma.self, level)
    try expectReferences(reference.normalInverseGaussian, NormalInverseGaussian.self, level)
  }

  private static let strikes = stride(from: 30_000.0, through: 110_000, by: 8000).map { $0 }

  /// Differences of fourth order of prices, and prices and bounds that do not depend on what else is asked for.
  private func expectDifferences<Model: ParametricModel>(_ model: Model) throws {
    for time in [0.02, 0.5, 4] {
      let strip = model.parameterSlopes(
        of: .put, strikes: Self.strikes, timeToExpiry: time, spot: 60_000, rate: 0.03,
        carryYield: 0.01)
      let plain = model.prices(
        of: .put, strikes: Self.strikes, timeToExpiry: time, spot: 60_000, rate: 0.03,
        carryYield: 0.01)
      for i in Self.strikes.indices {
        expectClose(strip.options.prices[i], plain.prices[i], absolute: 1e-9)
        #expect(strip.options.errors[i] < 1e-8)
      }
      #expect(strip.options.deltas.isEmpty && strip.slopes.count == model.parameters.count)
      for j in model.parameters.indices {
        let h = 1e-3 * max(model.parameters[j].magnitude, 0.01)
        let moved = try [-2.0, -1, 1, 2].map { step in
          var parameters = model.parameters
          parameters[j] += step * h
          return try Model(parameters: parameters).prices(
            of: .put, strikes: Self.strikes, timeToExpiry: time, spot: 60_000, rate: 0.03,
            carryYield: 0.01
          ).prices
        }
        for i in Self.strikes.indices {
          let difference =
            (8 * (moved[2][i] - moved[1][i]) - moved[3][i] + moved[0][i]) / (12 * h)
          let size = max(difference.magnitude, 100 / max(model.parameters[j].magnitude, 0.01))
          expectClose(
            strip.slopes[j][i], difference, absolute: 2e-8 * size,
            "\(Model.parameterNames[j]) of \(model) at \(time), \(Self.strikes[i])")
        }
      }
    }
  }

  @Test func slopesAreDifferences() throws {
    try expectDifferences(HestonModel(parameters: [0.05, 1.2, 0.07, 0.8, -0.4]))
    try expectDifferences(HestonModel(parameters: [0.3, 0.05, 0.5, 2, 0.7]))
    try expectDifferences(MertonJumps(parameters: [0.2, 0.8, -0.1, 0.15]))
    try expectDifferences(KouJumps(parameters: [0.15, 3, 0.4, 12, 9]))
    try expectDifferences(
      BatesModel(parameters: [0.04, 1.5, 0.06, 0.7, -0.6, 0.5, -0.08, 0.1]))
    try expectDifferences(VarianceGamma(parameters: [0.2, 0.3, -0.1]))
    try expectDifferences(NormalInverseGaussian(parameters: [15, -4, 0.5]))
  }

  /// The derivatives of the logarithm of the moment, where its parts cancel: against Richardson's differences
  /// in the parameter.
  @Test func smallNumbersKeepDigits() throws {
    for p: [Double] in [
      [0.04, 1e-6, 0.04, 0.5, -0.3], [0.04, 2, 0.05, 1e-5, -0.3], [0.04, 1e-4, 0.09, 1e-4, 0.4],
      [0.04, 0, 0.09, 0, 0.4], [0.04, 1, 0.09, 0, 1], [0.04, 1, 0.09, 0.5, -1],
    ] {
      let model = try HestonModel(parameters: p)
      for time in [1e-4, 0.1, 10] {
        for order in [Complex(1.4, 0), Complex(-0.4, 0.5), Complex(0.5, 12)] {
          let slopes = model.logMomentSlopes(order, timeToExpiry: time)
          for j in 0..<5 where p[j] > 0 && p[j] < 1 {
            func moment(_ step: Double) throws -> Complex {
              var moved = p
              moved[j] += step
              return try HestonModel(parameters: moved).logMoment(order, timeToExpiry: time)
            }
            let h = 0.003 * p[j]
            let wide = (try moment(2 * h) - moment(-2 * h)) / (4 * h)
            let near = (try moment(h) - moment(-h)) / (2 * h)
            let expected = (4 * near - wide) / 3
            let size = try moment(0).modulus / p[j]
            #expect(
              (slopes[j] - expected).modulus <= 1e-6 * slopes[j].modulus + 2e-12 * size,
              "\(p) \(j) at \(time), \(order): \(slopes[j]), not \(expected)")
          }
          #expect(slopes.allSatisfy { $0.isFinite }, "\(p) \(time) \(order)")
        }
      }
    }
  }

  /// A model of the host's own, with two parameters.
  private struct Diffusion: ParametricModel {
    static let parameterNames = ["volatility", "unused"]
    var parameters: [Double]

    init(parameters: [Double]) { self.parameters = parameters }

    func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
      (parameters[0] * parameters[0] / 2 * timeToExpiry) * (order * (order - 1))
    }

    func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
      [(parameters[0] * timeToExpiry) * (order * (order - 1)), .zero]
    }

    func momentRange(timeToExpiry: Double) -> ClosedRange<Double> { -.infinity ... .infinity }

    func logVariance(timeToExpiry: Double) -> Double {
      parameters[0] * parameters[0] * timeToExpiry
    }
  }

  @Test func aModelOfTheHostHasVega() throws {
    let strip = Diffusion(parameters: [0.3, 7]).parameterSlopes(
      of: .call, strikes: Self.strikes, timeToExpiry: 0.7, spot: 60_000, rate: 0.03,
      carryYield: 0.01)
    let black = BlackScholes(spot: 60_000, volatility: 0.3, rate: 0.03, carryYield: 0.01)
    for (i, strike) in Self.strikes.enumerated() {
      let option = EuropeanOption(kind: .call, strike: strike, timeToExpiry: 0.7)
      expectClose(
        strip.slopes[0][i], black.greeks(of: option).vega.perUnitVolatility, absolute: 1e-7)
      #expect(strip.slopes[1][i] == 0)
    }
  }

  @Test func parametersAreCheckedAndCertainPricesHaveNoSlopes() throws {
    #expect(throws: DerivativesError.shapeMismatch(argument: "parameters", got: 2, required: 5)) {
      try HestonModel(parameters: [1, 2])
    }
    #expect(throws: DerivativesError.self) { try VarianceGamma(parameters: [0.2, 1, 2]) }
    #expect(throws: DerivativesError.self) {
      try BatesModel(parameters: [0.04, 1.5, 0.06, 0.7, -2, 0.5, -0.08, 0.1])
    }
    let model = try HestonModel(parameters: [0.04, 1.5, 0.06, 0.7, -0.6])
    #expect(model.parameters == [0.04, 1.5, 0.06, 0.7, -0.6])
    expectClose(model.fellerRatio, 0.18 / 0.49, relative: 1e-15)
    let expired = model.parameterSlopes(
      of: .call, strikes: [50, 70], timeToExpiry: 0, spot: 60, rate: 0, carryYield: 0)
    #expect(expired.options.prices == [10, 0])
    #expect(expired.slopes == [[Double]](repeating: [0, 0], count: 5))
    let bad = model.parameterSlopes(
      of: .call, strikes: [.nan, 70], timeToExpiry: 1, spot: 60, rate: 0, carryYield: 0)
    for slopes in bad.slopes { #expect(slopes[0].isNaN && slopes[1].isFinite) }
  }
}
