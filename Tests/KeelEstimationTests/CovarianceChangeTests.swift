import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

private struct File: Decodable {
  struct Case: Decodable {
    let matrix: [[Double]]
    let floor: Double
    let weights: [Double]
    let nearest: [[Double]]
  }
  struct Sample: Decodable {
    let rows: [[Double]]
    let means: [String: [Double]]
  }
  let cases: [Case]
  let samples: [Sample]
}

private func covariance(
  _ matrix: SymmetricMatrix,
  _ definiteness: Covariance.Definiteness = .byConstruction
) throws -> Covariance {
  try Covariance(
    universe: Universe((0..<matrix.order).map { AssetID("A\($0)") }), dense: matrix,
    definiteness: definiteness)
}

@Suite struct NearestCorrelationTests {
  @Test func agreesWithAlternatingProjections() throws {
    for reference in try Reference.load(File.self, "nearest_correlation").cases {
      let n = reference.matrix.count
      let matrix = try SymmetricMatrix(rows: reference.matrix)
      let method = NearestCorrelation(
        leastEigenvalue: reference.floor, weights: reference.weights)
      let answer = try method.nearest(to: matrix)
      #expect(answer.isConverged)
      #expect(answer.iterations < 20)
      var distance = 0.0
      for i in 0..<n {
        #expect(answer.matrix[i, i] == 1)
        for j in 0..<n {
          // Projections stop at 1e-15 a round, some hundred rounds from the limit.
          expectClose(answer.matrix[i, j], reference.nearest[i][j], absolute: 1e-11)
          let difference = answer.matrix[i, j] - matrix[i, j]
          distance += difference * difference
        }
      }
      expectClose(answer.distance, distance.squareRoot(), relative: 1e-14)
      let least = try SymmetricEigen.values(of: answer.matrix).first ?? -1
      #expect(least >= reference.floor - 1e-14 * Double(n))
      // Whoever is a correlation matrix stays one, unchanged.
      if reference.floor > 0 { continue }
      let again = try method.nearest(to: answer.matrix)
      #expect(again.distance < 1e-13)
    }
  }

  /// N. Higham (2002), section 4: the example and its answer to four digits.
  @Test func publishedExample() throws {
    let matrix = try SymmetricMatrix(rows: [[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    let answer = try NearestCorrelation().nearest(to: matrix)
    expectClose(answer.matrix[0, 1], 0.7607, absolute: 5e-5)
    expectClose(answer.matrix[0, 2], 0.1573, absolute: 5e-5)
    expectClose(answer.distance, 0.5278, absolute: 5e-5)
  }

  @Test func largeAndWild() throws {
    var generator = SeededGenerator(seed: 5)
    for (n, size) in [(1, 1.0), (2, 1e3), (30, 1), (60, 20), (40, 1e6)] {
      var matrix = try SymmetricMatrix(order: n)
      for j in 0..<n {
        for i in j..<n { matrix[i, j] = size * generator.gaussian() }
      }
      let answer = try NearestCorrelation(leastEigenvalue: 1e-8).nearest(to: matrix)
      #expect(answer.matrix.diagonal.allSatisfy { $0 == 1 })
      #expect(answer.matrix.firstNonFiniteElement == nil)
      let least = try SymmetricEigen.values(of: answer.matrix).first ?? -1
      #expect(least >= -1e-12, "\(n) \(least)")
      if size < 100 { #expect(answer.isConverged, "\(n) \(size) \(answer.residual)") }
    }
  }

  @Test func repairsACovarianceAndSaysHowMuch() throws {
    let matrix = try SymmetricMatrix(rows: [
      [0.04, 0.054, -0.04], [0.054, 0.09, 0.054], [-0.04, 0.054, 0.0625],
    ])
    let broken = try covariance(matrix, .unproved)
    let repaired = try NearestCorrelation(leastEigenvalue: 1e-6).repaired(broken)
    #expect(try SymmetricEigen.values(of: repaired.matrix)[0] > 0)
    #expect(repaired.definiteness == .byConstruction)
    var norm = 0.0
    for i in 0..<3 {
      #expect(repaired.matrix[i, i] == matrix[i, i])
      for j in 0..<3 {
        norm += (repaired.matrix[i, j] - matrix[i, j]) * (repaired.matrix[i, j] - matrix[i, j])
      }
    }
    expectClose(repaired.diagnostics.repairNorm ?? 0, norm.squareRoot(), relative: 1e-12)
    #expect(try NearestCorrelation().repaired(repaired) == repaired)
  }

  @Test func refusals() throws {
    let matrix = try SymmetricMatrix(rows: [[1, 0.5], [0.5, 1]])
    for least in [-0.1, 1, .nan] {
      #expect(throws: EstimationError.self) {
        try NearestCorrelation(leastEigenvalue: least).nearest(to: matrix)
      }
    }
    for weights in [[1.0], [1, 0], [1, .nan], [1, 1e9]] {
      #expect(throws: EstimationError.self) {
        try NearestCorrelation(weights: weights).nearest(to: matrix)
      }
    }
    for value in [Double.nan, .infinity, 1e200] {
      let bad = try SymmetricMatrix(rows: [[1, value], [value, 1]])
      #expect(throws: EstimationError.self) { try NearestCorrelation().nearest(to: bad) }
    }
    let flat = try covariance(SymmetricMatrix(rows: [[1, 0], [0, 0]]), .unproved)
    #expect(throws: EstimationError.zeroVariance(asset: "A1", column: 1)) {
      try NearestCorrelation().repaired(flat)
    }
  }
}

/// The same covariance with its assets in another order.
private func reordered(_ covariance: Covariance, _ order: [Int]) throws -> Covariance {
  try Covariance(
    universe: Universe(order.map { covariance.universe.assets[$0] }),
    dense: covariance.matrix.submatrix(at: order), definiteness: covariance.definiteness)
}

@Suite struct AssetOrderTests {
  /// Stress, repair, betas and losses have the same bits for any order of the assets.
  @Test func changesNoBit() throws {
    let order = [3, 0, 4, 2, 1]
    let returns = try labeled(randomReturns(60, 5, seed: 31))
    let moved = try labeled(
      Matrix(columns: order.map { j in (0..<60).map { returns.values[$0, j] } }),
      names: order.map { returns.universe.assets[$0].rawValue })
    let one = try SampleCovariance().covariance(from: returns)
    let two = try SampleCovariance().covariance(from: moved)
    var broken = one.matrix
    broken[0, 1] = 0.99 * (broken[0, 0] * broken[1, 1]).squareRoot()
    broken[0, 2] = -0.99 * (broken[0, 0] * broken[2, 2]).squareRoot()
    broken[1, 2] = 0.9 * (broken[1, 1] * broken[2, 2]).squareRoot()
    let wrong = try Covariance(universe: one.universe, dense: broken)
    let pairs: [(Covariance, Covariance)] = [
      (
        try one.stressed(towardOne: 0.4, among: ["A1", "A3", "A4"]),
        try two.stressed(towardOne: 0.4, among: ["A1", "A3", "A4"])
      ),
      (
        try NearestCorrelation().repaired(wrong),
        try NearestCorrelation().repaired(reordered(wrong, order))
      ),
    ]
    for (left, right) in pairs {
      for (i, from) in order.enumerated() {
        for (j, source) in order.enumerated() {
          #expect(left.matrix[from, source] == right.matrix[i, j])
        }
      }
    }
    for loss in CovarianceLoss.allCases {
      #expect(try loss.loss(of: one, on: returns) == loss.loss(of: two, on: moved))
    }
    let weights = [0.1, 0.3, 0.2, 0.25, 0.15]
    let betas = try CapitalAssetPricing(
      market: Weights(universe: one.universe, values: weights), riskFreeRate: 0, premium: 1
    ).betas(one)
    let movedBetas = try CapitalAssetPricing(
      market: Weights(universe: two.universe, values: order.map { weights[$0] }), riskFreeRate: 0,
      premium: 1
    ).betas(two)
    #expect(order.map { betas[$0] } == movedBetas)
  }

  /// Independent assets of very different size are not singular.
  @Test func sizesAreNotSingular() throws {
    let returns = try labeled(randomReturns(60, 2, seed: 32))
    let small = try labeled(
      Matrix(columns: [
        (0..<60).map { returns.values[$0, 0] }, (0..<60).map { 1e-9 * returns.values[$0, 1] },
      ]))
    let covariance = try SampleCovariance().covariance(from: small)
    _ = try CovarianceLoss.quasiLikelihood.loss(of: covariance, on: small)
    _ = try CovarianceLoss.minimumVariance.loss(of: covariance, on: small)
    _ = try ShrunkMean.bayesStein.expectedReturns(from: small)
  }
}

@Suite struct CovarianceStressTests {
  @Test func thePathTowardOneIsPositiveSemidefinite() throws {
    for seed in 0..<8 {
      let n = 3 + seed
      let sample = try SampleCovariance().covariance(
        from: labeled(randomReturns(60, n, seed: UInt64(seed))))
      let group: Set<AssetID>? = seed % 2 == 0 ? nil : ["A0", "A2"]
      for share in [0.0, 0.3, 0.9, 1] {
        let stressed = try sample.stressed(towardOne: share, among: group)
        let values = try SymmetricEigen.values(of: stressed.matrix)
        #expect((values.first ?? -1) >= -1e-14 * (values.last ?? 0))
        for i in 0..<n { #expect(stressed.matrix[i, i] == sample.matrix[i, i]) }
        let deviations = stressed.standardDeviations
        let correlation = stressed.matrix[0, 2] / deviations[0] / deviations[2]
        let before = sample.matrix[0, 2] / deviations[0] / deviations[2]
        expectClose(correlation, (1 - share) * before + share, absolute: 1e-14)
        if group != nil, n > 3 {
          expectClose(stressed.matrix[1, 3], sample.matrix[1, 3], relative: 1e-15)
        }
      }
      #expect(try sample.stressed(towardOne: 0) == sample)
    }
  }

  @Test func stressRefusals() throws {
    let sample = try SampleCovariance().covariance(from: labeled(randomReturns(60, 3, seed: 1)))
    for share in [-0.1, 1.1, .nan] {
      #expect(throws: EstimationError.self) { try sample.stressed(towardOne: share) }
    }
    #expect(throws: EstimationError.unknownAsset("X")) {
      try sample.stressed(towardOne: 0.5, among: ["A0", "X"])
    }
  }

  @Test func impliedVolatilitiesKeepCorrelations() throws {
    let sample = try SampleCovariance().covariance(from: labeled(randomReturns(60, 3, seed: 1)))
    let implied = try sample.replacing(volatilities: ["A1": 0.05])
    let (old, new) = (sample.standardDeviations, implied.standardDeviations)
    expectClose(new[1], 0.05, relative: 1e-15)
    #expect(new[0] == old[0])
    expectClose(
      implied.matrix[0, 1] / new[0] / new[1], sample.matrix[0, 1] / old[0] / old[1],
      relative: 1e-14)
    let parts = FactorCovariance(
      loadings: try Matrix(rows: [[1.0], [0.5], [2]]),
      factorCovariance: try SymmetricMatrix(rows: [[0.01]]), specificVariances: [0.01, 0.02, 0])
    let factor = try Covariance(universe: sample.universe, factor: parts)
    let other = try factor.replacing(volatilities: ["A0": 0.3, "A2": 0.1])
    guard case .factor = other.form else {
      Issue.record("the form is gone")
      return
    }
    expectClose(other.standardDeviations[0], 0.3, relative: 1e-15)
    let dense = try covariance(factor.matrix).replacing(volatilities: ["A0": 0.3, "A2": 0.1])
    for i in 0..<3 {
      for j in 0..<3 { expectClose(other.matrix[i, j], dense.matrix[i, j], relative: 1e-14) }
    }
    for volatility in [0, -1, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try sample.replacing(volatilities: ["A0": volatility])
      }
    }
    #expect(throws: EstimationError.unknownAsset("X")) {
      try sample.replacing(volatilities: ["X": 1])
    }
  }

  @Test func blends() throws {
    let one = try SampleCovariance().covariance(from: labeled(randomReturns(60, 3, seed: 1)))
    let two = try SampleCovariance().covariance(from: labeled(randomReturns(60, 3, seed: 2)))
    let blend = try Covariance.blended([one, two], weights: [0.25, 0.75])
    for i in 0..<3 {
      for j in 0..<3 {
        expectClose(
          blend.matrix[i, j], 0.25 * one.matrix[i, j] + 0.75 * two.matrix[i, j], relative: 1e-14,
          absolute: 1e-18)
      }
    }
    #expect(blend.definiteness == .byConstruction)
    #expect(throws: EstimationError.self) { try Covariance.blended([], weights: []) }
    #expect(throws: EstimationError.self) { try Covariance.blended([one, two], weights: [1]) }
    #expect(throws: EstimationError.self) { try Covariance.blended([one, two], weights: [1, -1]) }
    let other = try SampleCovariance().covariance(
      from: labeled(randomReturns(60, 3, seed: 2), names: ["A0", "B", "A2"]))
    #expect(throws: EstimationError.universeMismatch(position: 1, left: "A1", right: "B")) {
      try Covariance.blended([one, other], weights: [1, 1])
    }
  }
}

@Suite struct ShrunkMeanTests {
  @Test func agreeWithTheFormulas() throws {
    for sample in try Reference.load(File.self, "nearest_correlation").samples {
      let matrix = try Matrix(rows: sample.rows)
      let estimators: [(String, any ExpectedReturnsEstimator)] = [
        ("grandJames", ShrunkMean.jamesStein),
        ("leastBayes", ShrunkMean.bayesStein),
        ("leastJames", ShrunkMean(toward: .minimumVariance, intensity: .jamesStein)),
        ("grandBayes", ShrunkMean(toward: .grandMean, intensity: .bayesStein)),
        ("ewma", EWMAMean(halfLife: 7)),
      ]
      for (name, estimator) in estimators {
        let expected = try #require(sample.means[name])
        let means = try estimator.unlabeledExpectedReturns(from: matrix)
        let labels = try estimator.expectedReturns(from: labeled(matrix))
        let size = expected.reduce(0) { max($0, $1.magnitude) }
        for (i, value) in expected.enumerated() {
          expectClose(means[i], value, absolute: 1e-12 * size, name)
          expectClose(labels.values[i], value, absolute: 1e-12 * size, name)
        }
      }
    }
  }

  @Test func statedIntensityAndTarget() throws {
    let matrix = try randomReturns(50, 3, seed: 4)
    let sample = try SampleMean().unlabeledExpectedReturns(from: matrix)
    let half = try ShrunkMean(toward: .value(0.01), intensity: .value(0.5))
      .unlabeledExpectedReturns(from: matrix)
    for i in 0..<3 { expectClose(half[i], 0.5 * sample[i] + 0.005, relative: 1e-14) }
    for intensity in [-0.1, 1.1, .nan] {
      #expect(throws: EstimationError.self) {
        try ShrunkMean(toward: .grandMean, intensity: .value(intensity))
          .unlabeledExpectedReturns(from: matrix)
      }
    }
    #expect(throws: EstimationError.self) {
      try ShrunkMean(toward: .value(.nan), intensity: .value(0.5))
        .unlabeledExpectedReturns(from: matrix)
    }
    let wide = try randomReturns(5, 9, seed: 5)
    #expect(throws: EstimationError.notPositiveDefinite) {
      try ShrunkMean.bayesStein.unlabeledExpectedReturns(from: wide)
    }
    // However well the covariance is known, N below T is needed.
    for covariance in [SampleCovariance(), LedoitWolf()] as [any CovarianceEstimator] {
      #expect(throws: EstimationError.tooFewObservations(got: 5, required: 10)) {
        try ShrunkMean(
          toward: .grandMean, intensity: .bodnarOkhrinParolya, covariance: covariance
        ).unlabeledExpectedReturns(from: wide)
      }
    }
    let regular = ShrunkMean(
      toward: .minimumVariance, intensity: .bayesStein, covariance: LedoitWolf())
    #expect(try regular.unlabeledExpectedReturns(from: wide).allSatisfy(\.isFinite))
  }

  @Test func capitalAssetPricing() throws {
    let sample = try SampleCovariance().covariance(from: labeled(randomReturns(60, 3, seed: 1)))
    let market = try Weights(universe: sample.universe, values: [0.5, 0.3, 0.2])
    let model = try CapitalAssetPricing(market: market, riskFreeRate: 0.001, premium: 0.004)
    let betas = try model.betas(sample)
    expectClose(zip(betas, market.values).reduce(0) { $0 + $1.0 * $1.1 }, 1, absolute: 1e-14)
    let expected = try model.expectedReturns(sample)
    for i in 0..<3 { expectClose(expected.values[i], 0.001 + 0.004 * betas[i], relative: 1e-15) }
    let flat = try covariance(SymmetricMatrix(order: 3))
    #expect(throws: EstimationError.notPositiveDefinite) { try model.betas(flat) }
    #expect(throws: EstimationError.self) {
      try CapitalAssetPricing(market: market, riskFreeRate: .nan, premium: 0)
    }
  }
}
