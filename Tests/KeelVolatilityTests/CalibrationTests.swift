import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// Quotes that a model implies, `half` on both sides of the volatility moved by up to `noise` half spreads.
func modelQuotes(
  _ model: some CharacteristicModel,
  times: [Double] = [0.08, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2],
  count: Int = 25,
  half: Double = 0.002,
  noise: Double = 0,
  reach: Double = 2,
  seed: Int = 1
) throws -> [SmileQuotes] {
  var generator = SeededGenerator(seed: UInt64(seed))
  return try times.map { time in
    let deviation = model.logVariance(timeToExpiry: time).squareRoot()
    let quotes = try (0..<count).map { i in
      let part = count > 1 ? 2 * Double(i) / Double(count - 1) - 1 : 0
      let k = reach * deviation * part
      let kind: EuropeanOption.Kind = k < 0 ? .put : .call
      let price = model.price(
        of: EuropeanOption(kind: kind, strike: exp(k), timeToExpiry: time), spot: 1, rate: 0,
        carryYield: 0)
      let implied = try Black.impliedTotalVolatility(
        kind, price: price, forward: 1, strike: exp(k))
      let volatility =
        implied.volatility / time.squareRoot() + noise * half * generator.gaussian()
      return try SmileQuotes.Quote(
        logMoneyness: k, bid: max(volatility - half, 0), ask: volatility + half)
    }
    return try SmileQuotes(
      timeToExpiry: time, forward: 60_000, discountFactor: exp(-0.04 * time), quotes: quotes)
  }
}

/// Models calibrated to quotes of all expiries.
@Suite struct CalibrationTests {
  private static let hestons: [[Double]] = [
    [0.04, 1.5, 0.06, 0.5, -0.6], [0.3, 3, 0.36, 1.4, -0.3], [0.5, 1, 0.3, 0.8, 0.2],
    [0.02, 5, 0.05, 1.2, -0.8], [0.09, 0.5, 0.16, 0.4, 0], [0.8, 4, 0.5, 2.5, 0.4],
  ]

  /// The parameters of exact quotes.
  private func expectRecovery<Model: CalibratableModel & Equatable>(
    of model: Model,
    times: [Double] = [0.08, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2],
    relative: Double = 1e-6
  ) throws {
    var settings = CalibrationSettings()
    settings.leastHalfSpread = 1e-7
    let quotes = try modelQuotes(model, times: times, half: 1e-5)
    let fit = try ModelCalibration<Model>(to: quotes, settings: settings)
    #expect(fit.isConverged, "\(model): \(fit.status) \(fit.model)")
    for (i, (found, planted)) in zip(fit.model.parameters, model.parameters).enumerated() {
      expectClose(
        found, planted, absolute: relative * model.parameterScales[i],
        "\(Model.parameterNames[i]) of \(model)")
    }
    #expect(fit.quality.allSatisfy { $0.insideCount == $0.quoteCount && $0.quoteCount == 25 })
    #expect(fit.identification.isIdentified, "\(model): \(fit.identification)")
    #expect(fit.parametersNearBounds.isEmpty)
    #expect(fit.quoteCount == 25 * times.count && fit.sumOfSquares < 1e-6)
  }

  @Test(arguments: hestons)
  func recoversHeston(_ p: [Double]) throws {
    try expectRecovery(of: HestonModel(parameters: p))
  }

  @Test func recoversJumps() throws {
    try expectRecovery(of: MertonJumps(parameters: [0.2, 0.8, -0.1, 0.15]))
    try expectRecovery(of: MertonJumps(parameters: [0.5, 4, 0.05, 0.12]))
    try expectRecovery(of: KouJumps(parameters: [0.15, 3, 0.4, 12, 9]))
    try expectRecovery(of: KouJumps(parameters: [0.4, 6, 0.6, 8, 10]))
    try expectRecovery(of: BatesModel(parameters: [0.04, 1.5, 0.06, 0.5, -0.6, 0.5, -0.08, 0.1]))
    try expectRecovery(of: BatesModel(parameters: [0.3, 2, 0.36, 1, -0.3, 3, -0.05, 0.15]))
  }

  @Test func recoversPureJumps() throws {
    try expectRecovery(of: VarianceGamma(parameters: [0.2, 0.3, -0.1]))
    try expectRecovery(of: VarianceGamma(parameters: [0.6, 0.1, 0.3]))
    try expectRecovery(of: NormalInverseGaussian(parameters: [15, -4, 0.5]))
    try expectRecovery(of: NormalInverseGaussian(parameters: [6, 1, 1.5]))
  }

  /// Over seeds a parameter is within two of its standard errors about 95 times of 100, and their mean square is one.
  @Test func errorsAreThoseOfRepeatedNoise() throws {
    func expectCoverage<Model: CalibratableModel>(_ model: Model, seeds: Int) throws {
      var (squares, within) = ([Double](repeating: 0, count: model.parameters.count), 0)
      for seed in 1...seeds {
        let fit = try ModelCalibration<Model>(
          to: modelQuotes(model, times: [0.1, 0.3, 0.7, 1.5], count: 11, noise: 1, seed: seed))
        #expect(fit.isConverged && fit.identification.isIdentified, "\(seed): \(fit)")
        for i in squares.indices {
          let error = fit.identification.standardErrors[i]
          let miss = (fit.model.parameters[i] - model.parameters[i]) / error
          #expect(miss.magnitude < 6, "\(Model.parameterNames[i]) of seed \(seed)")
          squares[i] += miss * miss
          if miss.magnitude < 2 { within += 1 }
        }
        #expect(fit.sumOfSquares < 1.8 * 44)
      }
      for square in squares {
        #expect(square > 0.5 * Double(seeds) && square < 1.7 * Double(seeds), "\(squares)")
      }
      #expect(within > seeds * squares.count * 9 / 10, "\(within)")
    }
    try expectCoverage(HestonModel(parameters: [0.3, 3, 0.36, 1.4, -0.3]), seeds: 30)
    try expectCoverage(MertonJumps(parameters: [0.2, 0.8, -0.1, 0.15]), seeds: 20)
    try expectCoverage(NormalInverseGaussian(parameters: [15, -4, 0.5]), seeds: 20)
  }

  /// The least sums of squares of another optimizer, with prices of another method.
  @Test func agreesWithASecondMethod() throws {
    for row in try Reference.load(CalibrationReference.self, "calibration").cases {
      switch row.model {
      case "heston": try row.expectSameMinimum(HestonModel.self)
      case "merton": try row.expectSameMinimum(MertonJumps.self)
      case "bates": try row.expectSameMinimum(BatesModel.self)
      default: Issue.record("\(row.model)")
      }
    }
  }

  private static let planted: [Double] = [0.3, 3, 0.36, 1.4, -0.3]

  @Test func saysWhatTheQuotesCannotTell() throws {
    let model = try HestonModel(parameters: Self.planted)
    // One expiry: the speed of reversion and the mean are one number.
    let one = try ModelCalibration<HestonModel>(
      to: modelQuotes(model, times: [0.25], half: 0.004))
    #expect(!one.identification.isIdentified)
    #expect(one.identification.unidentified.contains("reversion"), "\(one.identification)")
    let worst = try #require(one.identification.directions.first)
    #expect(worst.error > 1 && worst.parts[1].magnitude > 0.3, "\(worst)")
    expectClose(worst.parts.reduce(0) { $0 + $1 * $1 }, 1, relative: 1e-12)
    #expect(one.quality[0].insideCount == 25)
    // At the money alone the smile says nothing of skew and curvature.
    let money = try ModelCalibration<HestonModel>(
      to: modelQuotes(model, times: [0.1, 0.25, 0.5, 1, 2], count: 1, half: 0.004))
    #expect(
      Set(["varianceVolatility", "correlation"]).isSubset(of: money.identification.unidentified))
    #expect(money.identification.conditionNumber > 1e3)
    for (quality, time) in zip(money.quality, [0.1, 0.25, 0.5, 1, 2]) {
      #expect(quality.timeToExpiry == time && quality.insideCount == 1)
    }
    // A flat smile: nothing moves the variance, so nothing shows how.
    let flat = try HestonModel(parameters: [0.09, 2, 0.09, 0, 0])
    let fit = try ModelCalibration<HestonModel>(to: modelQuotes(flat, half: 0.002))
    #expect(fit.identification.unidentified.contains("correlation"), "\(fit)")
    #expect(fit.identification.unidentified.contains("reversion"))
    #expect(fit.quality.allSatisfy { $0.insideCount == 25 })
    // Fewer quotes than parameters.
    let few = try ModelCalibration<HestonModel>(
      to: modelQuotes(model, times: [0.5], count: 3, half: 0.004))
    #expect(few.identification.conditionNumber == .infinity && !few.identification.isIdentified)
    #expect(few.identification.directions.count { $0.error == .infinity } == 2)
  }

  @Test func fixedParametersStay() throws {
    let model = try HestonModel(parameters: Self.planted)
    var settings = CalibrationSettings()
    settings.bounds = HestonModel.calibrationBounds
    settings.bounds?[1] = 3...3
    let fit = try ModelCalibration<HestonModel>(
      to: modelQuotes(model, times: [0.25], half: 0.004), settings: settings)
    #expect(fit.model.reversion == 3 && fit.identification.standardErrors[1] == 0)
    #expect(fit.parametersNearBounds.isEmpty)
    for (found, planted) in zip(fit.model.parameters, Self.planted) {
      expectClose(found, planted, relative: 1e-5)
    }
  }

  @Test func boundsThatHoldAreNamed() throws {
    let model = try HestonModel(parameters: Self.planted)
    var settings = CalibrationSettings()
    settings.bounds = HestonModel.calibrationBounds
    settings.bounds?[3] = 0.1...0.8
    let fit = try ModelCalibration<HestonModel>(to: modelQuotes(model), settings: settings)
    #expect(fit.isConverged && fit.model.varianceVolatility == 0.8)
    #expect(fit.parametersNearBounds == ["varianceVolatility"])
    #expect(fit.sumOfSquares > Double(fit.quoteCount))
  }

  /// A few wrong quotes do not move the robust calibration by much, and the worst is named.
  @Test func outliersAreNotHeeded() throws {
    let model = try HestonModel(parameters: Self.planted)
    var quotes = try modelQuotes(model)
    var rows = quotes[2].quotes
    for place in [3, 20] {
      rows[place] = try SmileQuotes.Quote(
        logMoneyness: rows[place].logMoneyness, bid: rows[place].bid + 0.2,
        ask: rows[place].ask + 0.2)
    }
    quotes[2] = try SmileQuotes(timeToExpiry: quotes[2].timeToExpiry, forward: 1, quotes: rows)
    let robust = try ModelCalibration<HestonModel>(to: quotes, settings: .robust)
    let plain = try ModelCalibration<HestonModel>(to: quotes)
    for i in 0..<5 {
      let robustMiss = (robust.model.parameters[i] - Self.planted[i]).magnitude
      let plainMiss = (plain.model.parameters[i] - Self.planted[i]).magnitude
      #expect(robustMiss < 0.25 * plainMiss, "\(i): \(robustMiss) \(plainMiss)")
    }
    let worst = try #require(robust.quality[2].worst)
    #expect([3, 20].contains { quotes[2].quotes[$0].logMoneyness == worst.logMoneyness })
    #expect(robust.quality[2].insideCount == 23)
  }

  /// The answer depends on the quotes alone, not on their order, forward or discount.
  @Test func isDeterministic() throws {
    let quotes = try modelQuotes(HestonModel(parameters: Self.planted), noise: 1)
    let fit = try ModelCalibration<HestonModel>(to: quotes)
    let moved = try quotes.reversed().map {
      try SmileQuotes(timeToExpiry: $0.timeToExpiry, forward: 3, quotes: $0.quotes)
    }
    #expect(try ModelCalibration<HestonModel>(to: moved) == fit)
    let data = try JSONEncoder().encode(fit)
    #expect(try JSONDecoder().decode(ModelCalibration<HestonModel>.self, from: data) == fit)
    // With two quotes nothing is determined, and errors are infinite.
    let few = try SmileQuotes(
      timeToExpiry: 0.5, forward: 1,
      quotes: [-0.1, 0.1].map { try .init(logMoneyness: $0, bid: 0.3, ask: 0.32) })
    let open = try ModelCalibration<HestonModel>(to: [few])
    #expect(!open.identification.isIdentified)
    let stored = try JSONEncoder().encode(open)
    #expect(try JSONDecoder().decode(ModelCalibration<HestonModel>.self, from: stored) == open)
    let usual = try JSONEncoder().encode(CalibrationSettings())
    #expect(
      try JSONDecoder().decode(CalibrationSettings.self, from: usual) == CalibrationSettings())
    let oneSided = try SmileQuotes(
      timeToExpiry: 0.5, forward: 1, quotes: [.init(logMoneyness: 0, bid: 0, ask: 0.8)])
    _ = HestonModel.calibrationStarts(for: [oneSided])
    var settings = CalibrationSettings()
    settings.start = fit.model.parameters
    let again = try ModelCalibration<HestonModel>(to: quotes, settings: settings)
    #expect(again.iterationCount <= 2 && again.isConverged)
  }

  @Test func unusableInputThrows() throws {
    func calibrate(
      _ quotes: [SmileQuotes], _ change: (inout CalibrationSettings) -> Void = { _ in }
    ) throws -> ModelCalibration<HestonModel> {
      var settings = CalibrationSettings()
      change(&settings)
      return try ModelCalibration(to: quotes, settings: settings)
    }
    let quotes = try modelQuotes(HestonModel(parameters: Self.planted), times: [0.2, 0.9])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try calibrate([]) }
    let empty = try SmileQuotes(timeToExpiry: 3, forward: 1, quotes: [])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try calibrate([empty]) }
    let far = try SmileQuotes(
      timeToExpiry: 0.1, forward: 1, quotes: [.init(logMoneyness: 40, bid: 0.2, ask: 0.3)])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try calibrate([far]) }
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.2)) {
      try calibrate([quotes[0], quotes[0]])
    }
    #expect(throws: VolatilityError.shapeMismatch(argument: "bounds", got: 1, required: 5)) {
      try calibrate(quotes) { $0.bounds = [0...1] }
    }
    #expect(throws: VolatilityError.shapeMismatch(argument: "start", got: 0, required: 5)) {
      try calibrate(quotes) { $0.start = [] }
    }
    for bad in [Double.nan, .infinity] {
      #expect(throws: VolatilityError.self) {
        try calibrate(quotes) { $0.start = [0.1, 1, 0.1, 1, bad] }
      }
    }
    #expect(throws: VolatilityError.self) {
      try calibrate(quotes) {
        $0.bounds = HestonModel.calibrationBounds
        $0.bounds?[0] = 0 ... .infinity
      }
    }
    #expect(throws: VolatilityError.self) { try calibrate(quotes) { $0.leastHalfSpread = .nan } }
    #expect(throws: VolatilityError.self) { try calibrate(quotes) { $0.outlierLimit = 0 } }
    #expect(throws: VolatilityError.self) { try calibrate(quotes) { $0.relativeTolerance = .nan } }
    #expect(throws: VolatilityError.self) { try calibrate(quotes) { $0.maximumIterations = 0 } }
    #expect(throws: VolatilityError.self) { try calibrate(quotes) { $0.maximumStarts = 0 } }
    // Bounds without a model in them: negative variances.
    #expect(throws: VolatilityError.noFit) {
      try calibrate(quotes) {
        $0.bounds = HestonModel.calibrationBounds
        $0.bounds?[0] = -2 ... -1
      }
    }
    let short = try calibrate(quotes) {
      $0.maximumIterations = 1
      $0.maximumStarts = 1
    }
    #expect(short.status == .iterationLimit && !short.isConverged && short.iterationCount == 1)
    // An expiry without quotes does not disturb the others.
    let partly = try calibrate(quotes + [empty])
    #expect(partly.quality.map { $0.quoteCount } == [25, 25, 0] && partly.quoteCount == 50)
  }

  /// Quotes of no model have an answer inside the bounds.
  @Test(arguments: 1...8)
  func anyQuotesHaveAnAnswer(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let quotes = try (0..<(1 + seed % 4)).map { i in
      let count = 1 + seed % 9
      let rows = try (0..<count).map { j in
        let bid = pow(10, generator.uniform(-2...0.7))
        return try SmileQuotes.Quote(
          logMoneyness: Double(j - count / 2) * 0.1, bid: bid, ask: bid * generator.uniform(1...1.5)
        )
      }
      return try SmileQuotes(
        timeToExpiry: 0.003 * pow(9, Double(i)), forward: 100, quotes: rows)
    }
    func expectAnswer<Model: CalibratableModel>(_ type: Model.Type) throws {
      var settings = CalibrationSettings.robust
      settings.maximumIterations = 15
      settings.maximumStarts = 1
      let fit = try ModelCalibration<Model>(to: quotes, settings: settings)
      #expect(fit.sumOfSquares.isFinite && fit.model.parameters.allSatisfy { $0.isFinite })
      for (value, bound) in zip(fit.model.parameters, Model.calibrationBounds) {
        #expect(bound.contains(value))
      }
      #expect(fit.identification.standardErrors.allSatisfy { $0 >= 0 })
    }
    try expectAnswer(HestonModel.self)
    try expectAnswer(MertonJumps.self)
    try expectAnswer(KouJumps.self)
    try expectAnswer(VarianceGamma.self)
    try expectAnswer(NormalInverseGaussian.self)
  }
}

/// The rows of `Tests/Reference/calibration.json`.
private struct CalibrationReference: Decodable {
  struct Case: Decodable {
    struct Expiry: Decodable {
      let time: Double
      let places: [Double]
      let bids: [Double]
      let asks: [Double]
    }

    let model: String
    let planted: [Double]
    /// Whether the quotes are the planted model's with noise, and nothing else.
    let isExact: Bool
    let limit: Double?
    let expiries: [Expiry]
    let minimum: [Double]
    let sumOfSquares: Double

    func expectSameMinimum<Model: CalibratableModel>(_ type: Model.Type) throws {
      let quotes = try expiries.map { expiry in
        try SmileQuotes(
          timeToExpiry: expiry.time, forward: 1,
          quotes: expiry.places.indices.map {
            try SmileQuotes.Quote(
              logMoneyness: expiry.places[$0], bid: expiry.bids[$0], ask: expiry.asks[$0])
          })
      }
      var settings = CalibrationSettings()
      settings.outlierLimit = limit ?? .infinity
      let fit = try ModelCalibration<Model>(to: quotes, settings: settings)
      #expect(fit.isConverged, "\(model) \(planted): \(fit.status)")
      #expect(
        fit.sumOfSquares <= sumOfSquares * (1 + 1e-6),
        "\(model) \(planted): \(fit.sumOfSquares) at \(fit.model.parameters), not \(sumOfSquares) at \(minimum)"
      )
      guard fit.sumOfSquares >= sumOfSquares * (1 - 1e-6) else { return }
      for (i, (found, expected)) in zip(fit.model.parameters, minimum).enumerated() {
        let error = fit.identification.standardErrors[i]
        expectClose(found, expected, absolute: 1e-2 * error, "\(i) of \(model) \(planted)")
        if isExact { expectClose(found, planted[i], absolute: 4 * error) }
      }
    }
  }

  let cases: [Case]
}
