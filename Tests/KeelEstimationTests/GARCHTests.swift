import Foundation
import KeelDistributions
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct GARCHTests {
  struct File: Decodable {
    let series: [String: [Double]]
    let cases: [Case]

    func returns(_ name: String) throws -> [Double] { try #require(series[name]) }
  }

  struct Case: Decodable {
    let name: String
    let series: String
    let mean: String
    let recursion: String
    let lags: [Int]
    let errors: String
    let backcast: Double
    let parameters: [Double]
    let logLikelihood: Double
    let standardErrors: [Double]
    let robustStandardErrors: [Double]
    let firstVariances: [Double]
    let lastVariances: [Double]
    let forecast: [Double]

    func model() throws -> GARCH {
      let recursion: GARCH.Recursion =
        switch recursion {
        case "garch": .garch(shocks: lags[0], variances: lags[2])
        case "gjr": .gjr(shocks: lags[0], asymmetries: lags[1], variances: lags[2])
        default: .egarch(shocks: lags[0], asymmetries: lags[1], variances: lags[2])
        }
      return try GARCH(
        recursion, mean: mean == "zero" ? .zero : .constant,
        errors: errors == "normal" ? .normal : errors == "studentT" ? .studentT : .hansenSkewedT)
    }
  }

  static func file() throws -> File { try Reference.load(File.self, "garch") }

  static func list(_ parameters: GARCHParameters, _ model: GARCH) -> [Double] {
    var list = model.mean == .constant ? [parameters.mean] : []
    list += [parameters.intercept] + parameters.shocks + parameters.asymmetries
    list += parameters.variances
    if model.errors != .normal { list.append(parameters.degreesOfFreedom ?? .nan) }
    if model.errors == .hansenSkewedT { list.append(parameters.errorAsymmetry) }
    return list
  }

  static func simulated(
    _ count: Int, _ model: GARCH, _ parameters: GARCHParameters, seed: UInt64 = 7
  ) throws -> [Double] {
    try GARCHModel(model, parameters: parameters)
      .simulated(count: count, from: RandomStream(seed: seed)).returns
  }

  static func usual(_ count: Int, seed: UInt64 = 7) throws -> [Double] {
    try simulated(
      count, GARCH(),
      GARCHParameters(
        mean: 0.0005, intercept: 2e-6, shocks: [0.08], variances: [0.9], degreesOfFreedom: 6),
      seed: seed)
  }

  @Test(arguments: 0..<12) func agreesWithArch(index: Int) throws {
    let file = try Self.file()
    let item = file.cases[index]
    let model = try item.model()
    let fit = try model.fit(file.returns(item.series))
    #expect(fit.isConverged && fit.activeBounds.isEmpty, "\(item.name)")
    expectClose(fit.model.startVariance, item.backcast, relative: 1e-12, item.name)
    expectClose(fit.logLikelihood, item.logLikelihood, relative: 1e-11, item.name)
    let scales = item.standardErrors
    for (k, value) in Self.list(fit.model.parameters, model).enumerated() {
      // The reference is exact to some 1e-8 of a standard error.
      expectClose(value, item.parameters[k], absolute: 1e-6 * scales[k], "\(item.name) \(k)")
    }
    for (k, value) in Self.list(fit.standardErrors, model).enumerated() {
      expectClose(value, item.standardErrors[k], relative: 1e-6, "\(item.name) \(k)")
    }
    for (k, value) in Self.list(fit.robustStandardErrors, model).enumerated() {
      expectClose(value, item.robustStandardErrors[k], relative: 1e-6, "\(item.name) \(k)")
    }
    for (value, expected) in zip(fit.conditionalVariances.prefix(5), item.firstVariances) {
      expectClose(value, expected, relative: 1e-7, item.name)
    }
    for (value, expected) in zip(fit.conditionalVariances.suffix(5), item.lastVariances) {
      expectClose(value, expected, relative: 1e-7, item.name)
    }
    // arch halves the asymmetry in forecasts whatever the law is; so a skewed GJR differs.
    let isSkewed = item.errors == "hansenSkewedT" && item.recursion == "gjr"
    let forecast = try fit.filter.varianceForecast(horizon: isSkewed ? 1 : item.forecast.count)
    for (value, expected) in zip(forecast, item.forecast) {
      expectClose(value, expected, relative: 1e-7, item.name)
    }
    let count = Double(fit.parameterCount)
    expectClose(fit.akaikeCriterion, 2 * count - 2 * item.logLikelihood, relative: 1e-11)
    expectClose(
      fit.bayesianCriterion,
      count * log(Double(fit.residuals.count)) - 2 * item.logLikelihood, relative: 1e-11)
  }

  /// The derivatives of every kernel are those of its values, at every level of the processor.
  @Test func derivativesAreThoseOfTheValue() throws {
    let returns = try Array(Self.file().returns("leverage").prefix(150))
    let recursions: [(GARCH.Recursion, [Double])] = [
      (.garch(shocks: 1, variances: 1), [0.05, 0.08, 0.88]),
      (.gjr(shocks: 1, asymmetries: 1, variances: 1), [0.05, 0.06, 0.07, 0.85]),
      (.gjr(shocks: 0, asymmetries: 1, variances: 1), [0.05, 0.1, 0.85]),
      (.garch(shocks: 1, variances: 0), [0.7, 0.3]),
      (.gjr(shocks: 2, asymmetries: 2, variances: 2), [0.06, 0.05, 0.03, 0.04, 0.02, 0.5, 0.3]),
      (.egarch(shocks: 1, asymmetries: 1, variances: 1), [-0.02, 0.15, -0.08, 0.93]),
      (.egarch(shocks: 2, asymmetries: 1, variances: 2), [-0.02, 0.1, 0.05, -0.06, 0.5, 0.4]),
    ]
    let laws: [(GARCH.Errors, [Double])] = [
      (.normal, []), (.studentT, [7.5]), (.hansenSkewedT, [6.5, -0.15]),
    ]
    let means: [(GARCH.Mean, isMoving: Bool)] = [
      (.zero, false), (.constant, false), (.constant, true),
    ]
    for (recursion, weights) in recursions {
      for (errors, shape) in laws {
        for (mean, isMoving) in means {
          let model = try GARCH(recursion, mean: mean, errors: errors)
          // A start that moves with the mean, far enough from that of the returns to count.
          let likelihood =
            isMoving
            ? GARCHLikelihood(model: model, returns: returns)
            : GARCHLikelihood(model: model, returns: returns, startVariance: 0.9)
          let point = (mean == .zero ? [] : [isMoving ? 0.7371 : 0.0371]) + weights + shape
          let label = "\(recursion) \(errors) \(mean) \(isMoving)"
          let exact = likelihood.evaluate(point, outer: true)
          for level in Kernels.Level.allCases {
            let other = likelihood.evaluate(point, outer: true, level: level)
            expectClose(other.value, exact.value, relative: 1e-13, label)
            expectClose(likelihood.value(point, level: level), exact.value, relative: 1e-13, label)
            for k in exact.hessian.indices {
              let size = max(1, exact.hessian[k].magnitude)
              expectClose(other.hessian[k], exact.hessian[k], absolute: 1e-10 * size, label)
              expectClose(other.outer[k], exact.outer[k], absolute: 1e-10 * size, label)
            }
          }
          let lean = likelihood.evaluate(point, outer: false)
          #expect(lean.hessian == exact.hessian)
          for i in point.indices {
            var (up, down) = (point, point)
            let step = 1e-6 * max(point[i].magnitude, 0.01)
            up[i] += step
            down[i] -= step
            let width = up[i] - down[i]
            let slope = (likelihood.value(up) - likelihood.value(down)) / width
            expectClose(
              exact.gradient[i], slope, relative: 1e-6, absolute: 1e-4, "\(label) \(i)")
            expectClose(lean.gradient[i], exact.gradient[i], relative: 1e-12, absolute: 1e-10)
            let above = likelihood.evaluate(up, outer: false).gradient
            let below = likelihood.evaluate(down, outer: false).gradient
            for j in point.indices {
              let size = max(1, exact.hessian[i + j * point.count].magnitude)
              expectClose(
                exact.hessian[j + i * point.count], (above[j] - below[j]) / width,
                absolute: 1e-5 * size, "\(label) \(i) \(j)")
            }
          }
        }
      }
    }
  }

  /// The law behind the likelihood is that of the distributions module.
  @Test func likelihoodIsTheSumOfLogDensities() throws {
    let returns = try Self.file().returns("leverage")
    let model = try GARCH(
      .gjr(shocks: 1, asymmetries: 1, variances: 1), errors: .hansenSkewedT)
    let fit = try model.fit(returns)
    let parameters = fit.model.parameters
    let law = try HansenSkewedT(
      degreesOfFreedom: parameters.degreesOfFreedom ?? .nan, asymmetry: parameters.errorAsymmetry)
    let sum = zip(fit.standardizedResiduals, fit.conditionalVariances).reduce(0) {
      $0 + law.logPDF($1.0) - 0.5 * log($1.1)
    }
    expectClose(fit.logLikelihood, sum, relative: 1e-12)
  }

  @Test func scalesWithTheReturns() throws {
    let returns = try Self.file().returns("calm")
    for recursion in [
      GARCH.Recursion.garch(shocks: 1, variances: 1),
      .egarch(shocks: 1, asymmetries: 1, variances: 1),
    ] {
      let model = try GARCH(recursion)
      let plain = try model.fit(returns)
      for scale in [0x1p-30, 1e-12, 0.01, 300] {
        let scaled = try model.fit(returns.map { $0 * scale })
        #expect(scaled.isConverged)
        let (a, b) = (scaled.model.parameters, plain.model.parameters)
        expectClose(a.mean, b.mean * scale, relative: 1e-8)
        expectClose(a.shocks[0], b.shocks[0], relative: 1e-8)
        expectClose(a.variances[0], b.variances[0], relative: 1e-8)
        expectClose(a.degreesOfFreedom ?? .nan, b.degreesOfFreedom ?? 0, relative: 1e-8)
        if case .garch = recursion {
          expectClose(a.intercept, b.intercept * scale * scale, relative: 1e-8)
          expectClose(
            scaled.standardErrors.intercept, plain.standardErrors.intercept * scale * scale,
            relative: 1e-8)
          if scale == 0x1p-30 {
            #expect(a.intercept == b.intercept * scale * scale && a.shocks == b.shocks)
            let variances = plain.conditionalVariances.map { $0 * scale * scale }
            #expect(scaled.conditionalVariances == variances)
          }
        }
        expectClose(
          scaled.conditionalVariances[500], plain.conditionalVariances[500] * scale * scale,
          relative: 1e-8)
      }
    }
  }

  @Test func filterGivesTheBitsOfTheBatchInAnySplit() throws {
    let returns = try Self.usual(300)
    for recursion in [
      GARCH.Recursion.garch(shocks: 2, variances: 1),
      .gjr(shocks: 1, asymmetries: 2, variances: 2),
      .egarch(shocks: 2, asymmetries: 1, variances: 2),
    ] {
      let specification = try GARCH(recursion, errors: .normal)
      let model = try GARCHModel(
        specification,
        parameters: GARCHParameters(
          mean: 1e-4, intercept: specification.isExponential ? -0.4 : 1e-6,
          shocks: [0.05, 0.02].prefix(specification.shockLags).map { $0 },
          asymmetries: [0.04, 0.01].prefix(specification.asymmetryLags).map { $0 },
          variances: [0.5, 0.45].prefix(specification.varianceLags).map { $0 }),
        startVariance: 1e-4)
      let batch = try model.conditionalVariances(of: returns)
      var filter = GARCHFilter(model)
      for (t, value) in returns.enumerated() {
        #expect(filter.nextVariance == batch[t])
        try filter.update(value)
        if t % 50 == 7 {
          filter = try JSONDecoder().decode(
            GARCHFilter.self, from: JSONEncoder().encode(filter))
        }
      }
      #expect(try filter == model.filter(after: returns))
      #expect(filter.observationCount == 300)
      // The future changes nothing: deleted, then scrambled.
      let early = try model.conditionalVariances(of: Array(returns.prefix(100)))
      #expect(early == Array(batch.prefix(100)))
      let scrambled = Array(returns.prefix(100)) + returns.dropFirst(100).reversed()
      #expect(
        try model.conditionalVariances(of: scrambled).prefix(101) == batch.prefix(101))
    }
  }

  @Test func storedStatesAreChecked() throws {
    let model = try GARCHModel(
      GARCH(errors: .normal),
      parameters: GARCHParameters(intercept: 0.1, shocks: [0.1], variances: [0.8]))
    let text = try #require(
      String(bytes: JSONEncoder().encode(GARCHFilter(model)), encoding: .utf8))
    func decode(_ old: String, _ new: String) throws -> GARCHFilter {
      let changed = text.replacing(old, with: new)
      #expect(changed != text || old == new, "\(old)")
      return try JSONDecoder().decode(GARCHFilter.self, from: Data(changed.utf8))
    }
    #expect(try decode("a", "a") == GARCHFilter(model))
    for (old, new) in [
      ("\"observationCount\":0", "\"observationCount\":-1"),
      ("\"observationCount\":0", "\"observationCount\":9223372036854775807"),
      ("\"intercept\":0.1", "\"intercept\":-1"), ("\"variances\":[", "\"variances\":[0.1,"),
      ("\"states\":[", "\"states\":[1,"), ("\"asymmetricShocks\":[", "\"asymmetricShocks\":[1"),
      ("\"states\":[", "\"states\":[-1e9,"),
    ] {
      #expect(throws: (any Error).self, "\(new)") { try decode(old, new) }
    }
    let weights = try #require(
      String(bytes: JSONEncoder().encode(EWMAVolatility(decay: 0.9)), encoding: .utf8))
    for (old, new) in [
      ("\"decay\":0.9", "\"decay\":1"), ("\"observationCount\":0", "\"observationCount\":-1"),
      ("\"observationCount\":0", "\"observationCount\":9223372036854775807"),
      ("\"weight\":0", "\"weight\":0.5"),
      ("\"weightedSquares\":0", "\"weightedSquares\":-1"),
    ] {
      #expect(weights.contains(old))
      #expect(throws: (any Error).self, "\(new)") {
        try JSONDecoder().decode(
          EWMAVolatility.self, from: Data(weights.replacing(old, with: new).utf8))
      }
    }
  }

  /// The sum of the weights is below that of all, and reaches it but for rounding.
  @Test(arguments: [0.01, 0.3, 0.94, 0.999]) func storedWeights(decay: Double) throws {
    var state = try EWMAVolatility(decay: decay)
    for i in 0..<1000 { try state.update(Double(i % 3)) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(state), as: UTF8.self)
    #expect(try JSONDecoder().decode(EWMAVolatility.self, from: Data(text.utf8)) == state)
    let changed = text.replacing(/"weight":[0-9.]+/, with: "\"weight\":\(1.01 / (1 - decay))")
    #expect(changed != text)
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(EWMAVolatility.self, from: Data(changed.utf8))
    }
  }

  @Test func variancesOutOfRange() throws {
    let model = try GARCH(.egarch(shocks: 1, asymmetries: 1, variances: 1))
    func parameters(_ intercept: Double) -> GARCHParameters {
      GARCHParameters(
        intercept: intercept, shocks: [0.1], asymmetries: [0], variances: [0.9],
        degreesOfFreedom: 8)
    }
    for intercept in [1000.0, -1000] {
      #expect(throws: EstimationError.notRepresentable(result: "variance")) {
        try GARCHModel(model, parameters: parameters(intercept), startVariance: 1)
      }
    }
    let low = try GARCHModel(model, parameters: parameters(-400), startVariance: 1)
    #expect(throws: EstimationError.notRepresentable(result: "variance")) {
      try GARCHFilter(low).varianceForecast(horizon: 10)
    }
  }

  @Test func fitReturnsTheFilterOfItsModel() throws {
    let returns = try Self.usual(400)
    let fit = try GARCH(errors: .normal).fit(returns)
    #expect(try fit.filter == fit.model.filter(after: returns))
    #expect(try fit.conditionalVariances == fit.model.conditionalVariances(of: returns))
  }

  /// A second method: the mean over drawn paths.
  @Test func forecastsAgreeWithSimulation() throws {
    let skewed = try GARCH(
      .gjr(shocks: 1, asymmetries: 1, variances: 1), mean: .zero, errors: .hansenSkewedT)
    let model = try GARCHModel(
      skewed,
      parameters: GARCHParameters(
        intercept: 0.05, shocks: [0.02], asymmetries: [0.15], variances: [0.8],
        degreesOfFreedom: 9, errorAsymmetry: -0.3),
      startVariance: 0.5)
    let filter = GARCHFilter(model)
    let exact = try filter.varianceForecast(horizon: 8)
    let drawn = try filter.simulatedVarianceForecast(horizon: 8, pathCount: 3000, seed: 3)
    for (a, b) in zip(exact, drawn) { expectClose(b, a, relative: 0.05) }
    let far = try filter.varianceForecast(horizon: 2000)
    let limit = try #require(model.unconditionalVariance)
    expectClose(far[1999], limit, relative: 1e-9)
    #expect(model.persistence > 0.02 + 0.075 + 0.8)
  }

  /// E h(t+2) of EGARCH(1,0,1) with normal errors has a closed form.
  @Test func exponentialForecasts() throws {
    let specification = try GARCH(
      .egarch(shocks: 1, asymmetries: 1, variances: 1), mean: .zero, errors: .normal)
    let model = try GARCHModel(
      specification,
      parameters: GARCHParameters(
        intercept: -0.2, shocks: [0.2], asymmetries: [-0.1], variances: [0.95]),
      startVariance: 0.02)
    let filter = GARCHFilter(model)
    let h = filter.nextVariance
    let constant = -0.2 + 0.95 * log(h)
    let c = (2 / Double.pi).squareRoot()
    let (up, down) = (0.2 - 0.1, 0.2 + 0.1)
    let expected =
      exp(constant - 0.2 * c)
      * (exp(up * up / 2) * StandardNormal.cdf(up) + exp(down * down / 2) * StandardNormal.cdf(down))
    let drawn = try filter.simulatedVarianceForecast(horizon: 2, pathCount: 4000, seed: 1)
    expectClose(drawn[0], h, relative: 1e-12)
    expectClose(drawn[1], expected, relative: 0.02)
    let logarithmic = try filter.varianceForecast(horizon: 3000)
    expectClose(logarithmic[1], exp(constant), relative: 1e-13)
    expectClose(logarithmic[2999], exp(-0.2 / 0.05), relative: 1e-9)
    expectClose(try #require(model.unconditionalVariance), exp(-4), relative: 1e-12)
  }

  @Test func simulationsRepeatAndFitBack() throws {
    let parameters = GARCHParameters(
      mean: 0.01, intercept: 0.05, shocks: [0.1], variances: [0.85], degreesOfFreedom: 8)
    let model = try GARCHModel(GARCH(), parameters: parameters)
    let path = try model.simulated(count: 1500, from: RandomStream(seed: 11))
    #expect(try path == model.simulated(count: 1500, from: RandomStream(seed: 11)))
    #expect(path.returns.count == 1500 && path.variances.count == 1500)
    let fit = try GARCH().fit(path.returns)
    let (found, errors) = (fit.model.parameters, fit.standardErrors)
    #expect((found.shocks[0] - 0.1).magnitude < 4 * errors.shocks[0])
    #expect((found.variances[0] - 0.85).magnitude < 4 * errors.variances[0])
    let degrees = try #require(found.degreesOfFreedom)
    #expect((degrees - 8).magnitude < 4 * (errors.degreesOfFreedom ?? .nan))
    #expect(try model.simulated(count: 0, from: RandomStream(seed: 1)).returns.isEmpty)
  }

  /// The variance before the first return is the caller's, as published benchmarks have it.
  @Test func startVariances() throws {
    let model = try GARCH()
    let returns = try Self.usual(600, seed: 21)
    var settings = GARCH.FitSettings()
    let fit = try model.fit(returns)
    settings.startVariance = .fixed(fit.model.startVariance)
    let same = try model.fit(returns, settings: settings)
    expectClose(same.logLikelihood, fit.logLikelihood, relative: 1e-13)
    settings.startVariance = .fixed(4 * fit.model.startVariance)
    let other = try model.fit(returns, settings: settings)
    #expect(other.model.startVariance == 4 * fit.model.startVariance)
    #expect(other.logLikelihood != fit.logLikelihood)
    for variance in [0, -1, .nan, .infinity] {
      settings.startVariance = .fixed(variance)
      #expect(throws: EstimationError.self) { try model.fit(returns, settings: settings) }
    }
  }

  @Test func difficultSeries() throws {
    var noise: [Double] = []
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<300 { noise.append(0.01 * generator.gaussian()) }
    var spiked = noise
    spiked[150] = 0.5
    var twice = noise
    twice[10] = -0.5
    twice[290] = 0.5
    let sparse = (0..<200).map { $0 % 40 == 3 ? 0.01 : 0 }
    let integrated = noise.indices.map { noise[$0] * exp(0.01 * Double($0)) }
    let tiny = noise.map { $0 * 1e-12 }
    let short = Array(noise.prefix(50))
    for series in [noise, spiked, twice, sparse, integrated, tiny, short] {
      for recursion in [
        GARCH.Recursion.garch(shocks: 1, variances: 1),
        .egarch(shocks: 1, asymmetries: 1, variances: 1),
      ] {
        // EGARCH wanders on noise, where its likelihood is rough: the limit keeps that short.
        var settings = GARCH.FitSettings()
        settings.maximumIterations = 30
        let fit = try GARCH(recursion, errors: .studentT).fit(series, settings: settings)
        #expect(fit.logLikelihood.isFinite)
        #expect(fit.isConverged || fit.iterations > 0)
        #expect(Self.list(fit.model.parameters, try GARCH(recursion)).allSatisfy(\.isFinite))
        #expect(fit.conditionalVariances.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(try fit.filter.varianceForecast(horizon: 20).allSatisfy { $0 > 0 && $0.isFinite })
      }
    }
  }

  @Test func badInput() throws {
    let model = try GARCH()
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 30)) { try model.fit([]) }
    #expect(throws: EstimationError.tooFewObservations(got: 29, required: 30)) {
      try model.fit((0..<29).map(Double.init))
    }
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 0)) {
      try model.fit([Double](repeating: 0.01, count: 50))
    }
    for bad in [Double.nan, .infinity, -.infinity] {
      var series = (0..<50).map { Double($0 % 7) * 0.01 }
      series[20] = bad
      let error = #expect(throws: EstimationError.self) { try model.fit(series) }
      guard case .invalidObservation("returns", 20, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    for lags in [(-1, 1), (11, 1), (1, 11), (0, 1)] {
      #expect(throws: EstimationError.self) {
        try GARCH(.garch(shocks: lags.0, variances: lags.1))
      }
    }
    var settings = GARCH.FitSettings()
    settings.lowestDegreesOfFreedom = 1
    #expect(throws: EstimationError.self) { try model.fit([1, 2], settings: settings) }
    settings = .init()
    settings.highestDegreesOfFreedom = 2
    #expect(throws: EstimationError.self) { try model.fit([1, 2], settings: settings) }
    settings = .init()
    settings.maximumIterations = 0
    #expect(throws: EstimationError.self) { try model.fit([1, 2], settings: settings) }
    let good = GARCHParameters(
      intercept: 0.1, shocks: [0.1], variances: [0.8], degreesOfFreedom: 5)
    _ = try GARCHModel(model, parameters: good)
    func refused(_ change: (inout GARCHParameters) -> Void) {
      var parameters = good
      change(&parameters)
      #expect(throws: EstimationError.self) { try GARCHModel(model, parameters: parameters) }
    }
    refused { $0.intercept = 0 }
    refused { $0.intercept = .nan }
    refused { $0.shocks = [] }
    refused { $0.shocks = [-0.1] }
    refused { $0.variances = [.infinity] }
    refused { $0.asymmetries = [0.1] }
    refused { $0.degreesOfFreedom = 2 }
    refused { $0.degreesOfFreedom = nil }
    refused { $0.mean = .nan }
    refused { $0.variances = [0.95] }
    #expect(throws: EstimationError.self) {
      try GARCHModel(model, parameters: good, startVariance: 0)
    }
    var filter = GARCHFilter(try GARCHModel(model, parameters: good))
    let before = filter
    #expect(throws: EstimationError.self) { try filter.update(.nan) }
    #expect(throws: EstimationError.self) { try filter.update(1e200) }
    #expect(filter == before)
    #expect(throws: EstimationError.self) { try filter.varianceForecast(horizon: 0) }
    #expect(throws: EstimationError.self) {
      try filter.simulatedVarianceForecast(horizon: 2, pathCount: 0, seed: 1)
    }
    #expect(throws: EstimationError.self) {
      try filter.model.simulated(count: -1, from: RandomStream(seed: 1))
    }
    #expect(throws: EstimationError.self) {
      try filter.model.conditionalVariances(of: [0, .nan])
    }
  }

  @Test func hugeAndTinyReturns() throws {
    let base = try Self.usual(100)
    for scale in [1e-140, 1e140] {
      let fit = try GARCH(errors: .normal).fit(base.map { $0 * scale })
      #expect(fit.logLikelihood.isFinite)
    }
    #expect(throws: EstimationError.self) { try GARCH().fit(base.map { $0 * 1e300 }) }
    #expect(throws: EstimationError.self) { try GARCH().fit(base.map { $0 * 1e-300 }) }
  }
}

extension GARCH {
  fileprivate var isExponential: Bool {
    if case .egarch = recursion { true } else { false }
  }
}
