import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct MultivariateHiddenMarkovTests {
  struct File: Decodable {
    struct Model: Decodable {
      let rows: [[Double]]
      let logLikelihood: Double
      let bic: Double
      let means: [[Double]]
      let covariances: [[[Double]]]
      let transitions: [[Double]]
      let smoothed: [[Double]]
    }
    let multivariate: Model
  }

  /// hmmlearn with full covariances.
  @Test func reachesTheMaximumOfThePeer() throws {
    let reference = try Reference.load(File.self, "regimes").multivariate
    let returns = try labeled(Matrix(rows: reference.rows), names: ["b", "c", "a"])
    let fit = try MultivariateHiddenMarkovModel.fit(returns, stateCount: 2)
    #expect(fit.isConverged && fit.statesAtVarianceFloor == [])
    expectClose(fit.logLikelihood, reference.logLikelihood, absolute: 1e-5)
    expectClose(fit.bayesianCriterion, reference.bic, absolute: 1e-4)
    for (k, state) in fit.model.states.enumerated() {
      for i in 0..<3 {
        expectClose(state.expectedReturns.values[i], reference.means[k][i], absolute: 1e-5)
        for j in 0..<3 {
          expectClose(
            state.covariance.matrix[i, j], reference.covariances[k][i][j], absolute: 2e-7)
        }
      }
      for j in 0..<2 {
        expectClose(fit.model.transitions[k][j], reference.transitions[k][j], absolute: 1e-3)
      }
    }
    let smoothed = try fit.model.smoothedProbabilities(of: returns)
    for (i, row) in reference.smoothed.enumerated() {
      for j in 0..<2 { expectClose(smoothed[30 * i, j], row[j], absolute: 2e-3) }
    }
    let filtered = try fit.model.filtered(returns)
    for j in 0..<2 { expectClose(filtered[299, j], smoothed[299, j], absolute: 1e-12) }
    expectClose(fit.model.stationaryProbabilities.reduce(0, +), 1, absolute: 1e-15)
    #expect(fit.model.expectedDurations.allSatisfy { $0 > 5 && $0 < 60 })
  }

  /// One asset: the model of one series.
  @Test func oneAssetIsOneSeries() throws {
    let (values, _) = plantedRegimes(300, seed: 31)
    let returns = try labeled(Matrix(columns: [values]))
    let fit = try MultivariateHiddenMarkovModel.fit(returns, stateCount: 2)
    let single = try HiddenMarkovModel.fit(values, stateCount: 2)
    expectClose(fit.logLikelihood, single.logLikelihood, absolute: 1e-5)
    #expect(fit.parameterCount == single.parameterCount)
    let model = try HiddenMarkovModel(
      states: fit.model.states.map {
        .init(
          mean: $0.expectedReturns.values[0], scale: $0.covariance.standardDeviations[0])
      },
      initialProbabilities: fit.model.initialProbabilities, transitions: fit.model.transitions)
    let filtered = try fit.model.filtered(returns)
    let smoothed = try fit.model.smoothedProbabilities(of: returns)
    let other = try model.filtered(values)
    let otherSmoothed = try model.smoothedProbabilities(of: values)
    for t in 0..<300 {
      expectClose(filtered[t, 0], other[t, 0], absolute: 1e-11)
      expectClose(smoothed[t, 0], otherSmoothed[t, 0], absolute: 1e-11)
    }
  }

  @Test func invariants() throws {
    let reference = try Reference.load(File.self, "regimes").multivariate
    let rows = Array(reference.rows[..<120])
    let names = ["b", "c", "a"]
    let returns = try labeled(Matrix(rows: rows), names: names)
    let base = try MultivariateHiddenMarkovModel.fit(returns, stateCount: 2)
    // Any order of the columns gives the same bits.
    let order = [2, 0, 1]
    let permuted = try MultivariateHiddenMarkovModel.fit(
      labeled(
        Matrix(rows: rows.map { row in order.map { row[$0] } }), names: order.map { names[$0] }),
      stateCount: 2)
    #expect(permuted.logLikelihood == base.logLikelihood)
    #expect(permuted.model.transitions == base.model.transitions)
    for (left, right) in zip(base.model.states, permuted.model.states) {
      for (i, from) in order.enumerated() {
        #expect(left.expectedReturns.values[from] == right.expectedReturns.values[i])
        for (j, to) in order.enumerated() {
          #expect(left.covariance.matrix[from, to] == right.covariance.matrix[i, j])
        }
      }
    }
    let turned = try labeled(
      Matrix(rows: rows.map { row in order.map { row[$0] } }), names: order.map { names[$0] })
    #expect(try permuted.model.filtered(turned) == base.model.filtered(returns))
    #expect(
      try permuted.model.smoothedProbabilities(of: turned)
        == base.model.smoothedProbabilities(of: returns))
    // Each asset has a unit of its own.
    let units = [0x1p-20, 8, 0.1]
    let scaled = try MultivariateHiddenMarkovModel.fit(
      labeled(
        Matrix(rows: rows.map { row in zip(row, units).map { $0 * $1 } }), names: names),
      stateCount: 2)
    for (left, right) in zip(base.model.states, scaled.model.states) {
      let deviations = left.covariance.standardDeviations
      for i in 0..<3 {
        for j in 0..<3 {
          expectClose(
            right.covariance.matrix[i, j] / units[i] / units[j], left.covariance.matrix[i, j],
            absolute: 1e-8 * deviations[i] * deviations[j])
        }
      }
    }
    // Filtered probabilities do not see the future.
    let whole = try base.model.filtered(returns)
    let short = try base.model.filtered(returns.prefix(50))
    for j in 0..<2 { #expect(short.columns[j] == Array(whole.columns[j][..<50])) }
    for covariance in base.model.states.map(\.covariance) {
      #expect(try Cholesky(covariance.matrix).order == 3)
    }
  }

  @Test func edges() throws {
    // More assets than rows, and a duplicated one: the floor holds.
    var matrix = try randomReturns(30, 40, seed: 2, scale: 0.01)
    for t in 0..<30 { matrix[t, 5] = matrix[t, 4] }
    var settings = HiddenMarkovModel.FitSettings()
    settings.startCount = 2
    settings.maximumIterations = 30
    let fit = try MultivariateHiddenMarkovModel.fit(
      labeled(matrix), stateCount: 2, settings: settings)
    #expect(fit.logLikelihood.isFinite && !fit.statesAtVarianceFloor.isEmpty)
    for state in fit.model.states {
      #expect(state.covariance.matrix.firstNonFiniteElement == nil)
    }
    let flat = try Matrix(columns: [
      (0..<30).map { Double($0 % 3) / 100 }, .init(repeating: 0, count: 30),
    ])
    #expect(throws: EstimationError.zeroVariance(asset: "A1", column: 1)) {
      try MultivariateHiddenMarkovModel.fit(labeled(flat), stateCount: 2)
    }
    #expect(throws: EstimationError.tooFewObservations(got: 30, required: 40)) {
      try MultivariateHiddenMarkovModel.fit(labeled(matrix), stateCount: 4)
    }
    // A row without a density says nothing.
    let model = fit.model
    var far = matrix
    far[3, 2] = 1e160
    let smoothed = try model.smoothedProbabilities(of: labeled(far))
    for t in 0..<30 { expectClose(smoothed[t, 0] + smoothed[t, 1], 1, absolute: 1e-9) }
    let other = try labeled(Matrix(columns: [[0.1]]), names: ["Z"])
    #expect(throws: EstimationError.universeMismatch(position: 0, left: "A0", right: "Z")) {
      try model.filtered(other)
    }
    #expect(throws: EstimationError.self) {
      try MultivariateHiddenMarkovModel(
        states: model.states, initialProbabilities: [0.5, 0.6], transitions: model.transitions)
    }
    #expect(throws: EstimationError.self) {
      try MultivariateHiddenMarkovModel(states: [], initialProbabilities: [], transitions: [])
    }
    // Opposite columns cancel in a portfolio of all.
    let half = (0..<40).map { t in (t < 20 ? 0.01 : 0.03) * (t % 2 == 0 ? 1 : -1) }
    let mirrored = try MultivariateHiddenMarkovModel.fit(
      labeled(Matrix(columns: [half, half.map { -$0 }])), stateCount: 2, settings: settings)
    #expect(mirrored.logLikelihood.isFinite)
  }
}
