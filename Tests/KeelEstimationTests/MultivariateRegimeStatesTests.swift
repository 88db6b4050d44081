import KeelData
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// Filter, path and forecasts of a hidden Markov model of several assets.
@Suite struct MultivariateRegimeStatesTests {
  struct File: Decodable {
    struct Short: Decodable {
      let rows: [[Double]]
      let logLikelihood: Double
      let smoothed: [[Double]]
      let path: [Int]
    }

    struct Forecast: Decodable {
      let probabilities: [Double]
      let mean: [Double]
      let covariance: [[Double]]
    }

    let initial: [Double]
    let transitions: [[Double]]
    let means: [[Double]]
    let covariances: [[[Double]]]
    let rows: [[Double]]
    let logLikelihood: Double
    let filtered: [[Double]]
    let smoothed: [[Double]]
    let path: [Int]
    let short: Short
    let forecasts: [Forecast]

    /// The model and a history, with the assets in an order.
    func model(order: [Int] = [0, 1, 2]) throws -> MultivariateHiddenMarkovModel {
      let universe = try Universe(order.map { AssetID(["b", "c", "a"][$0]) })
      return try MultivariateHiddenMarkovModel(
        states: zip(means, covariances).map { mean, covariance in
          try .init(
            expectedReturns: ExpectedReturns(universe: universe, values: order.map { mean[$0] }),
            covariance: Covariance(
              universe: universe,
              dense: SymmetricMatrix(rows: order.map { i in order.map { covariance[i][$0] } }),
              definiteness: .byConstruction))
        }, initialProbabilities: initial, transitions: transitions)
    }

    func history(_ rows: [[Double]], order: [Int] = [0, 1, 2]) throws -> SimpleReturns {
      try labeled(
        Matrix(rows: rows.map { row in order.map { row[$0] } }),
        names: order.map { ["b", "c", "a"][$0] })
    }
  }

  static func file() throws -> File { try Reference.load(File.self, "regime_states") }

  @Test func agreesWithHmmlearn() throws {
    let file = try Self.file()
    let model = try file.model()
    let returns = try file.history(file.rows)
    let filtered = try model.filtered(returns)
    let smoothed = try model.smoothedProbabilities(of: returns)
    for t in file.rows.indices {
      for j in 0..<3 {
        expectClose(filtered[t, j], file.filtered[t][j], absolute: 1e-11, "filtered \(t) \(j)")
        expectClose(smoothed[t, j], file.smoothed[t][j], absolute: 1e-11, "smoothed \(t) \(j)")
      }
    }
    expectClose(try model.logLikelihood(of: returns), file.logLikelihood, relative: 1e-12)
    #expect(try model.mostLikelyPath(of: returns) == file.path)
    #expect(Set(file.path) == [0, 1, 2])
  }

  /// Sums over all paths of a short history.
  @Test func agreesWithAllPaths() throws {
    let file = try Self.file()
    let model = try file.model()
    let returns = try file.history(file.short.rows)
    let smoothed = try model.smoothedProbabilities(of: returns)
    for (t, row) in file.short.smoothed.enumerated() {
      for j in 0..<3 { expectClose(smoothed[t, j], row[j], absolute: 1e-12) }
    }
    expectClose(
      try model.logLikelihood(of: returns), file.short.logLikelihood, relative: 1e-13)
    #expect(try model.mostLikelyPath(of: returns) == file.short.path)
    var filter = try MultivariateRegimeFilter(model)
    _ = try filter.update(with: returns)
    for j in 0..<3 {
      expectClose(filter.probabilities[j], file.short.smoothed[6][j], absolute: 1e-12)
    }
  }

  @Test func forecasts() throws {
    let file = try Self.file()
    let model = try file.model()
    var filter = try MultivariateRegimeFilter(model)
    // Before any row the next one has the initial law.
    #expect(try filter.forecast(steps: 1)[0].probabilities == file.initial)
    #expect(
      try filter.forecast(steps: 2)[1].probabilities
        == model.forecast(from: file.initial, steps: 1)[0].probabilities)
    _ = try filter.update(with: file.history(file.rows))
    let forecasts = try filter.forecast(steps: file.forecasts.count)
    #expect(try forecasts == model.forecast(from: filter.probabilities, steps: 5))
    for (forecast, reference) in zip(forecasts, file.forecasts) {
      for j in 0..<3 {
        expectClose(forecast.probabilities[j], reference.probabilities[j], absolute: 1e-12)
        expectClose(forecast.expectedReturns.values[j], reference.mean[j], absolute: 1e-14)
        for i in 0..<3 {
          expectClose(
            forecast.covariance.matrix[i, j], reference.covariance[i][j], relative: 1e-11,
            absolute: 1e-16)
        }
      }
    }
    // In the long run the law is the stationary one, and nothing moves any more.
    let last = try #require(try filter.forecast(steps: 2000).last)
    for (value, expected) in zip(last.probabilities, model.stationaryProbabilities) {
      expectClose(value, expected, absolute: 1e-13)
    }
    for steps in [0, -1, HiddenMarkovModel.maximumHorizon + 1] {
      #expect(throws: EstimationError.self) { try filter.forecast(steps: steps) }
    }
    #expect(throws: EstimationError.self) { try model.forecast(from: [0.5, 0.5], steps: 1) }
    #expect(throws: EstimationError.self) { try model.forecast(from: [0.5, 0.5, 0.5], steps: 1) }
  }

  @Test func anyChunksGiveTheSameBits() throws {
    let file = try Self.file()
    let model = try file.model()
    let whole = try model.filtered(file.history(file.rows))
    var filter = try MultivariateRegimeFilter(model)
    for (t, row) in file.rows.prefix(40).enumerated() {
      let predicted = filter.predictedProbabilities
      try filter.update(with: row)
      #expect(filter.probabilities == (0..<3).map { whole[t, $0] })
      #expect(filter.observationCount == t + 1)
      expectClose(predicted.reduce(0, +), 1, absolute: 1e-15)
    }
    // From its own numbers it goes on as it would have.
    var restored = try MultivariateRegimeFilter(
      model, probabilities: filter.probabilities, observationCount: filter.observationCount,
      logLikelihood: filter.logLikelihood)
    #expect(restored == filter)
    let rest = try file.history(Array(file.rows.dropFirst(40)))
    let columns = try restored.update(with: rest).columns
    for j in 0..<3 { #expect(columns[j] == Array(whole.columns[j].dropFirst(40))) }
    #expect(try restored.logLikelihood == model.logLikelihood(of: file.history(file.rows)))
    // Any order of the assets too.
    let order = [2, 0, 1]
    let turned = try file.model(order: order)
    #expect(try turned.filtered(file.history(file.rows, order: order)) == whole)
    #expect(try turned.mostLikelyPath(of: file.history(file.rows, order: order)) == file.path)
  }

  /// What comes later, deleted or scrambled, changes nothing before.
  @Test(arguments: [1, 17, 80]) func seesNoFuture(count: Int) throws {
    let file = try Self.file()
    let model = try file.model()
    let whole = try model.filtered(file.history(file.rows))
    let past = Array(file.rows.prefix(count))
    let future = file.rows.dropFirst(count).reversed().map { $0.map { -3 * $0 } }
    for rows in [past, past + future] {
      let filtered = try model.filtered(file.history(rows))
      for j in 0..<3 {
        #expect(filtered.columns[j].prefix(count) == whole.columns[j].prefix(count))
      }
    }
  }

  /// A row so far from all states says nothing: not to the filter, and not to the path.
  @Test func rowsWithoutADensity() throws {
    let file = try Self.file()
    let model = try file.model()
    var rows = Array(file.rows.prefix(60))
    rows[30] = [1e170, 0, 0]
    let returns = try file.history(rows)
    let filtered = try model.filtered(returns)
    let before = (0..<3).map { filtered[29, $0] }
    let next = try model.forecast(from: before, steps: 1)[0].probabilities
    for j in 0..<3 { #expect(filtered[30, j] == next[j]) }
    #expect(try model.logLikelihood(of: returns) == -.infinity)
    // The path keeps what it knew on both sides, and stays one that the chain can take.
    let path = try model.mostLikelyPath(of: returns)
    #expect(path.prefix(25) == file.path.prefix(25))
    #expect(Set(path).count > 1)
    let state = path[30]
    #expect(model.transitions[path[29]][state] * model.transitions[state][path[31]] > 0)
  }

  @Test func badInput() throws {
    let file = try Self.file()
    let model = try file.model()
    var filter = try MultivariateRegimeFilter(model)
    try filter.update(with: file.rows[0])
    let before = filter
    #expect(throws: EstimationError.shapeMismatch(argument: "returns", got: 2, required: 3)) {
      try filter.update(with: [0, 0])
    }
    let error = EstimationError.invalidReturn(asset: "c", column: 1, row: 1, got: .infinity)
    #expect(throws: error) { try filter.update(with: [0, .infinity, 0]) }
    #expect(throws: EstimationError.universeMismatch(position: 0, left: "b", right: "a")) {
      try filter.update(with: file.history(file.rows, order: [2, 0, 1]))
    }
    #expect(filter == before)
    for (probabilities, count, likelihood) in [
      ([0.5, 0.5], 0, 0.0), ([0.5, 0.6, 0], 0, 0), ([1, 0, 0], -1, 0), ([1, 0, 0], 1, .nan),
      ([1, 0, 0], 1, .infinity),
    ] {
      #expect(throws: EstimationError.self) {
        try MultivariateRegimeFilter(
          model, probabilities: probabilities, observationCount: count, logLikelihood: likelihood)
      }
    }
    let empty = try file.history(file.rows).prefix(0)
    #expect(try model.mostLikelyPath(of: empty).isEmpty && model.logLikelihood(of: empty) == 0)
  }
}
