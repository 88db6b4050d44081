import Foundation
import KeelData
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// Realized, exponentially weighted and heterogeneous volatility, and dynamic correlations.
@Suite struct VolatilityTests {
  struct File: Decodable {
    struct Bars: Decodable {
      let opens: [Double]
      let highs: [Double]
      let lows: [Double]
      let closes: [Double]
    }
    struct HAR: Decodable {
      let lengths: [Int]
      let isLogarithmic: Bool
      let lags: Int
      let parameters: [Double]
      let errors: [Double]
      let residualVariance: Double
      let determination: Double
      let forecast: [Double]
    }
    struct Correlation: Decodable {
      let rows: [[Double]]
      let news: Double
      let memory: Double
      let correlationLogLikelihood: Double
      let logLikelihood: Double
      let correlation: [[Double]]
      let covariance: [[Double]]
    }
    let bars: Bars
    let realized: [String: Double]
    let rolling: [[String: Double]]
    let returns: [Double]
    let ewma: [Double]
    let realizedVariances: [Double]
    let har: [HAR]
    let dcc: Correlation
  }

  static func file() throws -> File { try Reference.load(File.self, "volatility") }

  static func bars(_ bars: File.Bars) throws -> PriceBars {
    try PriceBars(opens: bars.opens, highs: bars.highs, lows: bars.lows, closes: bars.closes)
  }

  @Test(arguments: RealizedVolatility.allCases) func realized(estimator: RealizedVolatility)
    throws
  {
    let file = try Self.file()
    let bars = try Self.bars(file.bars)
    let name = "\(estimator)"
    expectClose(
      try estimator.variance(of: bars), try #require(file.realized[name]), relative: 1e-12, name)
    let rolling = try estimator.rollingVariances(of: bars, window: 20)
    #expect(rolling.count == 60 && rolling[18] == nil && rolling[19] != nil)
    for (index, expected) in zip([19, 40, 59], file.rolling) {
      expectClose(
        try #require(rolling[index]), try #require(expected[name]), relative: 1e-12, name)
    }
    // The future is deleted.
    let early = try PriceBars(
      opens: Array(bars.opens.prefix(30)), highs: Array(bars.highs.prefix(30)),
      lows: Array(bars.lows.prefix(30)), closes: Array(bars.closes.prefix(30)))
    #expect(
      try estimator.rollingVariances(of: early, window: 20) == Array(rolling.prefix(30)))
    // Prices in other units.
    let scaled = try PriceBars(
      opens: bars.opens.map { $0 * 8 }, highs: bars.highs.map { $0 * 8 },
      lows: bars.lows.map { $0 * 8 }, closes: bars.closes.map { $0 * 8 })
    #expect(try estimator.variance(of: scaled) == estimator.variance(of: bars))
    #expect(throws: EstimationError.self) {
      try estimator.variance(of: PriceBars(opens: [], highs: [], lows: [], closes: []))
    }
    #expect(throws: EstimationError.self) {
      try estimator.rollingVariances(of: bars, window: 0)
    }
    // Prices that do not move.
    let still = [Double](repeating: 3, count: 5)
    #expect(
      try estimator.variance(
        of: PriceBars(opens: still, highs: still, lows: still, closes: still)) == 0)
  }

  /// Fine paths of known variance: every estimator finds it, but those of ranges from below.
  @Test func realizedFindTheVariance() throws {
    var generator = SeededGenerator(seed: 3)
    var (highs, lows, closes): ([Double], [Double], [Double]) = ([], [], [])
    var price = 100.0
    for _ in 0..<300 {
      var (high, low) = (price, price)
      for _ in 0..<100 {
        price *= exp(0.001 * generator.gaussian())
        high = max(high, price)
        low = min(low, price)
      }
      highs.append(high)
      lows.append(low)
      closes.append(price)
    }
    let bars = try PriceBars(highs: highs, lows: lows, closes: closes, firstOpen: 100)
    #expect(bars.opens[1] == bars.closes[0])
    for estimator in RealizedVolatility.allCases {
      // A hundred steps see some nine tenths of the range.
      expectClose(try estimator.variance(of: bars), 1e-4, relative: 0.25, "\(estimator)")
    }
  }

  @Test func badBars() throws {
    let good = [10.0, 11]
    func error(
      _ o: [Double], _ h: [Double], _ l: [Double], _ c: [Double], _ expected: EstimationError
    ) {
      #expect(throws: expected) { try PriceBars(opens: o, highs: h, lows: l, closes: c) }
    }
    error([10], good, good, good, .shapeMismatch(argument: "opens", got: 1, required: 2))
    error(good, [10], good, good, .shapeMismatch(argument: "highs", got: 1, required: 2))
    error([10, 12], good, good, good, .invalidObservation(argument: "highs", index: 1, got: 11))
    error([9, 11], good, good, good, .invalidObservation(argument: "lows", index: 0, got: 10))
    error([0, 11], good, good, good, .invalidObservation(argument: "opens", index: 0, got: 0))
    for bad in [Double.nan, .infinity, -1, 0] {
      #expect(throws: EstimationError.self) {
        try PriceBars(opens: good, highs: [10, bad], lows: good, closes: good)
      }
      #expect(throws: EstimationError.self) {
        try PriceBars(highs: [10, bad], lows: good, closes: good, firstOpen: 10)
      }
      #expect(throws: EstimationError.self) {
        try PriceBars(highs: good, lows: [bad, 11], closes: good, firstOpen: 10)
      }
      #expect(throws: EstimationError.self) {
        try PriceBars(highs: good, lows: good, closes: good, firstOpen: bad)
      }
    }
    let wide = try PriceBars(
      opens: [1e-300], highs: [1e300], lows: [1e-300], closes: [1e300])
    #expect(try RealizedVolatility.parkinson.variance(of: wide).isFinite)
  }

  @Test func exponentialWeights() throws {
    let file = try Self.file()
    let start = try EWMAVolatility(decay: 0.94)
    let batch = try start.variances(after: file.returns)
    for (value, expected) in zip(batch, file.ewma) {
      expectClose(try #require(value), expected, relative: 1e-13)
    }
    var state = start
    #expect(state.variance == nil && state.volatility == nil && state.effectiveCount == 0)
    for (t, value) in file.returns.enumerated() {
      try state.update(value)
      #expect(state.variance == batch[t])
      if t == 17 {
        state = try JSONDecoder().decode(EWMAVolatility.self, from: JSONEncoder().encode(state))
      }
    }
    // By the weights themselves.
    let weights = (0..<40).map { pow(0.94, Double($0)) }
    let (sum, squares) = (weights.reduce(0, +), weights.reduce(0) { $0 + $1 * $1 })
    expectClose(state.effectiveCount, sum * sum / squares, relative: 1e-12)
    expectClose(
      try EWMAVolatility(halfLife: 11).decay, pow(0.5, 1.0 / 11), relative: 1e-15)
    let warm = try EWMAVolatility(decay: 0.94, warmUpCount: 10).variances(after: file.returns)
    #expect(warm[8] == nil && warm[9] == batch[9])
    for bad in [0, 1, -1, 2, .nan] {
      #expect(throws: EstimationError.self) { try EWMAVolatility(decay: bad) }
    }
    for bad in [0, -1, .infinity, .nan, 1e-300] {
      #expect(throws: EstimationError.self) { try EWMAVolatility(halfLife: bad) }
    }
    #expect(throws: EstimationError.self) { try EWMAVolatility(decay: 0.9, warmUpCount: 0) }
    let before = state
    #expect(throws: EstimationError.self) { try state.update(.nan) }
    #expect(throws: EstimationError.self) { try state.update(1e200) }
    #expect(state == before)
  }

  @Test(arguments: 0..<3) func heterogeneous(index: Int) throws {
    let file = try Self.file()
    let item = file.har[index]
    let model = try HARModel(lengths: item.lengths, isLogarithmic: item.isLogarithmic)
    let fit = try model.fit(file.realizedVariances, neweyWestLags: item.lags)
    for (value, expected) in zip([fit.intercept] + fit.coefficients, item.parameters) {
      expectClose(value, expected, relative: 1e-9, "\(index)")
    }
    for (value, expected) in zip([fit.interceptError] + fit.coefficientErrors, item.errors) {
      expectClose(value, expected, relative: 1e-9, "\(index)")
    }
    expectClose(fit.residualVariance, item.residualVariance, relative: 1e-10)
    expectClose(fit.determination, item.determination, relative: 1e-9)
    for (value, expected) in zip(try fit.forecast(horizon: 12), item.forecast) {
      expectClose(value, expected, relative: 1e-9, "\(index)")
    }
    #expect(try fit.forecast(horizon: 400).allSatisfy { $0 > 0 && $0.isFinite })
    // In other units.
    let scaled = try model.fit(
      file.realizedVariances.map { $0 * 1e-7 }, neweyWestLags: item.lags)
    expectClose(scaled.coefficients[0], fit.coefficients[0], relative: 1e-8)
    expectClose(
      try scaled.forecast(horizon: 3)[2], 1e-7 * (try fit.forecast(horizon: 3)[2]), relative: 1e-8)
    // The next variance, as if it had been in the sample's end.
    var later = fit
    try later.update(file.realizedVariances[0])
    let shifted = try fit.forecast(horizon: 1)[0]
    #expect(try later.forecast(horizon: 1)[0] != shifted)
    #expect(throws: EstimationError.self) { try later.update(.nan) }
    #expect(throws: EstimationError.self) { try fit.forecast(horizon: 0) }
  }

  @Test func badHeterogeneous() throws {
    for lengths in [[], [0, 5], [5, 5], [5, 1], [1, 2000]] {
      #expect(throws: EstimationError.self) { try HARModel(lengths: lengths) }
    }
    let model = try HARModel()
    #expect(model.minimumObservationCount == 30)
    let usual = try Self.file().realizedVariances
    #expect(throws: EstimationError.tooFewObservations(got: 29, required: 30)) {
      try model.fit(Array(usual.prefix(29)))
    }
    for bad in [Double.nan, .infinity, -1] {
      var series = usual
      series[40] = bad
      let error = #expect(throws: EstimationError.self) { try model.fit(series) }
      guard case .invalidObservation("variances", 40, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    var series = usual
    series[3] = 0
    _ = try model.fit(series)
    #expect(throws: EstimationError.self) { try HARModel(isLogarithmic: true).fit(series) }
    #expect(throws: EstimationError.self) {
      try model.fit([Double](repeating: 1, count: 50))
    }
    // Only the last variance differs: the averages do not vary.
    #expect(throws: EstimationError.self) {
      try model.fit([Double](repeating: 1, count: 50) + [2])
    }
    #expect(throws: EstimationError.self) { try model.fit(usual, neweyWestLags: -1) }
    #expect(throws: EstimationError.self) { try model.fit(usual, neweyWestLags: 1000) }
  }

  static func dcc() throws -> DCC { DCC(variances: try GARCH(errors: .normal)) }

  @Test func dynamicCorrelations() throws {
    let item = try Self.file().dcc
    let fit = try Self.dcc().unlabeledFit(Matrix(rows: item.rows))
    #expect(fit.isConverged && !fit.isAtBound)
    // The reference comes from a search by values: good to the root of their rounding.
    expectClose(fit.news, item.news, absolute: 1e-6)
    expectClose(fit.memory, item.memory, absolute: 1e-6)
    expectClose(fit.correlationLogLikelihood, item.correlationLogLikelihood, relative: 1e-9)
    expectClose(fit.logLikelihood, item.logLikelihood, relative: 1e-10)
    for i in 0..<3 {
      for j in 0..<3 {
        expectClose(fit.correlation[i, j], item.correlation[i][j], absolute: 1e-6)
        expectClose(fit.covariance.matrix[i, j], item.covariance[i][j], relative: 1e-5)
      }
    }
    #expect(fit.correlation[1, 1] == 1)
  }

  @Test func correlationsDoNotDependOnTheOrder() throws {
    let rows = try Array(Self.file().dcc.rows.prefix(200))
    let plain = try labeled(Matrix(rows: rows), names: ["b", "c", "a"])
    let turned = try labeled(
      Matrix(rows: rows.map { [$0[2], $0[0], $0[1]] }), names: ["a", "b", "c"])
    let (one, other) = (try Self.dcc().fit(plain), try Self.dcc().fit(turned))
    #expect(one.unlabeled.news == other.unlabeled.news)
    let third = try Self.dcc().fit(
      labeled(Matrix(rows: rows.map { [$0[2], $0[1], $0[0]] }), names: ["a", "c", "b"]))
    for fit in [other, third] {
      #expect(one.unlabeled.logLikelihood == fit.unlabeled.logLikelihood)
    }
    let (a, b) = (one.covariance.matrix, other.covariance.matrix)
    #expect(a[0, 1] == b[1, 2] && a[0, 2] == b[0, 1] && a[2, 2] == b[0, 0])
    #expect(one.unlabeled.marginals[2] == other.unlabeled.marginals[0])
  }

  @Test func badCorrelations() throws {
    let rows = try Array(Self.file().dcc.rows.prefix(60))
    let dcc = try Self.dcc()
    func matrix(_ change: ([Double]) -> [Double]) throws -> Matrix {
      try Matrix(rows: rows.map(change))
    }
    #expect(throws: EstimationError.self) { try dcc.unlabeledFit(matrix { [$0[0]] }) }
    #expect(throws: EstimationError.self) {
      try dcc.unlabeledFit(Matrix(rows: Array(rows.prefix(20))))
    }
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 1)) {
      try dcc.unlabeledFit(matrix { [$0[0], 0.01] })
    }
    // Twice the same asset has no correlation matrix with an inverse.
    #expect(throws: EstimationError.self) {
      try dcc.unlabeledFit(matrix { [$0[0], $0[1], $0[0]] })
    }
    #expect(throws: EstimationError.self) {
      try dcc.unlabeledFit(matrix { [$0[0], $0[1] + .nan] })
    }
    // Independent assets: hardly any dynamics, and still a proper answer.
    var generator = SeededGenerator(seed: 9)
    let noise = (0..<100).map { _ in [0.01 * generator.gaussian(), 0.02 * generator.gaussian()] }
    let fit = try dcc.unlabeledFit(Matrix(rows: noise))
    #expect(fit.news >= 0 && fit.memory >= 0 && fit.news + fit.memory < 1)
    #expect(fit.correlation[0, 1].magnitude < 1)
    #expect(fit.covariance.matrix[0, 0] > 0)
  }
}
