import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct FactorModelTests {
  struct File: Decodable {
    struct Panel: Decodable {
      struct Counts: Decodable {
        let ic1: Int
        let ic2: Int
        let ic3: Int
        let ratio: Int
      }
      let rows: [[Double]]
      let counts: Counts
      let principal: [[Double]]
      let plain: [[Double]]
      let poet: [[Double]]
      let poetNone: [[Double]]
    }
    struct Regression: Decodable {
      struct Model: Decodable {
        let alphas: [Double]
        let loadings: [[Double]]
        let errors: [[Double]]
        let variances: [Double]
        let shares: [Double]
      }
      let y: [[Double]]
      let f: [[Double]]
      let lag: Int
      let model: Model
    }
    let panels: [Panel]
    let regressions: [Regression]
  }

  private func factorCount(
    _ count: PrincipalFactors.Count,
    _ matrix: Matrix
  ) throws -> Int {
    guard
      case .factor(let parts) = try PrincipalFactors(count: count)
        .unlabeledCovariance(from: matrix).form
    else { return -1 }
    return parts.loadings.columnCount
  }

  @Test func principalFactorsAgreeWithTheFormulas() throws {
    for panel in try Reference.load(File.self, "factor_models").panels {
      let matrix = try Matrix(rows: panel.rows)
      let estimates: [(any CovarianceEstimator, [[Double]], String)] = [
        (PrincipalFactors(count: .fixed(2)), panel.principal, "principal"),
        (PrincipalFactors(count: .fixed(3), isStandardized: false), panel.plain, "plain"),
        (POETCovariance(factorCount: 2), panel.poet, "poet"),
        (POETCovariance(factorCount: 0, constant: 1), panel.poetNone, "poetNone"),
      ]
      for (estimator, expected, name) in estimates {
        let estimate = try estimator.unlabeledCovariance(from: matrix).matrix
        let size = expected.joined().reduce(0) { max($0, $1.magnitude) }
        for (i, row) in expected.enumerated() {
          for (j, value) in row.enumerated() {
            expectClose(estimate[i, j], value, absolute: 1e-12 * size, "\(name) \(i) \(j)")
          }
        }
      }
      #expect(try factorCount(.informationCriterion1(maximum: 8), matrix) == panel.counts.ic1)
      #expect(try factorCount(.informationCriterion2(maximum: 8), matrix) == panel.counts.ic2)
      #expect(try factorCount(.informationCriterion3(maximum: 8), matrix) == panel.counts.ic3)
      #expect(try factorCount(.eigenvalueRatio(maximum: 8), matrix) == panel.counts.ratio)
    }
  }

  /// Planted factors are found by every rule, and none where there are none.
  @Test func factorsAreCounted() throws {
    for k in [0, 1, 4] {
      var generator = SeededGenerator(seed: UInt64(k) + 9)
      let (rows, n) = (300, 60)
      let loadings = (0..<(k * n)).map { _ in 1 + generator.gaussian() }
      var matrix = try Matrix(rowCount: rows, columnCount: n)
      for t in 0..<rows {
        let factors = (0..<k).map { _ in generator.gaussian() }
        for j in 0..<n {
          let common = (0..<k).reduce(0) { $0 + factors[$1] * loadings[$1 * n + j] }
          matrix[t, j] = 0.01 * (generator.gaussian() + common)
        }
      }
      #expect(try factorCount(.informationCriterion1(maximum: 10), matrix) == k)
      #expect(try factorCount(.informationCriterion2(maximum: 10), matrix) == k)
      // The edge is that of infinitely many assets with noise of one size; what factors leave of correlations differs
      // from asset to asset, so that more than they are above it.
      let above = try factorCount(.marchenkoPastur, matrix)
      #expect(above >= k && above <= (k == 0 ? 2 : n / 3), "\(k) \(above)")
      if k > 0 { #expect(try factorCount(.eigenvalueRatio(maximum: 10), matrix) == k) }
    }
  }

  @Test func moreAssetsThanObservations() throws {
    let matrix = try randomReturns(12, 90, seed: 4)
    for estimator in [
      PrincipalFactors(count: .informationCriterion2(maximum: 5)) as any CovarianceEstimator,
      PrincipalFactors(count: .fixed(11)), POETCovariance(factorCount: 3),
    ] {
      let covariance = try estimator.covariance(from: labeled(matrix))
      let values = try SymmetricEigen.values(of: covariance.matrix)
      #expect(values[0] >= -90 * Double.ulpOfOne * values[89])
      let sample = try SampleCovariance(
        divisor: estimator is POETCovariance ? .observationCount : .observationCountMinusOne
      ).covariance(from: labeled(matrix)).matrix
      for i in 0..<90 { expectClose(covariance.matrix[i, i], sample[i, i], relative: 1e-12) }
    }
  }

  @Test func regressionsAgreeWithTheFormulas() throws {
    for reference in try Reference.load(File.self, "factor_models").regressions {
      let y = try labeled(Matrix(rows: reference.y))
      let f = try labeled(
        Matrix(rows: reference.f), names: (0..<reference.f[0].count).map { "F\($0)" })
      let model = try FactorRegression(lag: reference.lag).fit(y, on: f)
      for i in 0..<y.universe.count {
        expectClose(model.alphas[i], reference.model.alphas[i], relative: 1e-9)
        expectClose(model.alphaErrors[i], reference.model.errors[i][0], relative: 1e-9)
        expectClose(model.specificVariances[i], reference.model.variances[i], relative: 1e-10)
        expectClose(model.explainedShares[i], reference.model.shares[i], absolute: 1e-10)
        for k in 0..<f.universe.count {
          expectClose(model.loadings[i, k], reference.model.loadings[i][k], relative: 1e-9)
          expectClose(model.loadingErrors[i, k], reference.model.errors[i][k + 1], relative: 1e-9)
        }
      }
      let factors = try SampleCovariance().covariance(from: f)
      let covariance = try model.covariance(factorCovariance: factors)
      #expect(covariance.universe == y.universe)
      let premiums = try SampleMean().expectedReturns(from: f)
      let expected = try model.expectedReturns(premiums: premiums, riskFreeRate: 0)
      // With the means as premiums the model gives back what the intercept leaves of the means.
      let means = try SampleMean().expectedReturns(from: y)
      for i in 0..<y.universe.count {
        expectClose(expected.values[i] + model.alphas[i], means.values[i], absolute: 1e-14)
      }
    }
  }

  @Test func whatDoesNotVaryIsNotExplained() throws {
    let f = try labeled(randomReturns(60, 1, seed: 2), names: ["F"])
    let tiny = (0..<60).map { 1e-170 * f.values[$0, 0] }
    let y = try labeled(Matrix(columns: [[Double](repeating: 0.1, count: 60), tiny]))
    let model = try FactorRegression().fit(y, on: f)
    #expect(model.explainedShares[0].isNaN)
    expectClose(model.explainedShares[1], 1, absolute: 1e-12)
    // Noise has no factors, however many are allowed.
    #expect(
      try factorCount(.informationCriterion2(maximum: 19), randomReturns(20, 50, seed: 5)) < 19)
  }

  @Test func refusals() throws {
    let y = try labeled(randomReturns(30, 2, seed: 1))
    let f = try labeled(randomReturns(30, 2, seed: 2), names: ["F", "G"])
    let short = try labeled(randomReturns(29, 2, seed: 2), names: ["F", "G"])
    #expect(throws: EstimationError.differentTimes(row: 29)) {
      try FactorRegression().fit(y, on: short)
    }
    for lag in [-1, 30] {
      #expect(throws: EstimationError.self) { try FactorRegression(lag: lag).fit(y, on: f) }
    }
    var copies = f.values
    for t in 0..<30 { copies[t, 1] = 2 * copies[t, 0] }
    #expect(throws: EstimationError.dependentFactors(rank: 2, required: 3)) {
      try FactorRegression().fit(y, on: labeled(copies, names: ["F", "G"]))
    }
    let few = try labeled(randomReturns(3, 2, seed: 3))
    #expect(throws: EstimationError.tooFewObservations(got: 3, required: 4)) {
      try FactorRegression().fit(few, on: labeled(randomReturns(3, 2, seed: 4), names: ["F", "G"]))
    }
    let model = try FactorRegression().fit(y, on: f)
    #expect(throws: EstimationError.universeMismatch(position: 0, left: "F", right: "A0")) {
      try model.covariance(factorCovariance: SampleCovariance().covariance(from: y))
    }
    #expect(throws: EstimationError.self) {
      try model.expectedReturns(
        premiums: SampleMean().expectedReturns(from: f), riskFreeRate: .nan)
    }
    for count in [
      PrincipalFactors.Count.fixed(-1), .fixed(3), .informationCriterion1(maximum: 3),
      .informationCriterion2(maximum: -1), .informationCriterion3(maximum: 9),
      .eigenvalueRatio(maximum: 0),
    ] {
      #expect(throws: EstimationError.self) {
        try PrincipalFactors(count: count).unlabeledCovariance(from: y.values)
      }
    }
    for poet in [
      POETCovariance(factorCount: -1), POETCovariance(factorCount: 2),
      POETCovariance(factorCount: 1, constant: -1), POETCovariance(factorCount: 1, constant: .nan),
    ] {
      #expect(throws: EstimationError.self) { try poet.unlabeledCovariance(from: y.values) }
    }
  }
}
