import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// What skfolio 1.12.2 estimates, with `nearest=False`; symmetric matrices by the rows of their lower triangle.
private struct SkfolioReference: Decodable {
  struct Panel: Decodable {
    struct Gerber: Decodable {
      let threshold: Double
      let isEither: Bool
      let matrix: [[Double]]
    }
    struct Clipped: Decodable {
      let threshold: Double
      let leastEigenvalue: Double
      let matrix: [[Double]]
    }
    struct Means: Decodable {
      let share: Double
      let means: [Double]
    }
    let name: String
    let rows: [[Double]]
    let sample: [[Double]]
    let likelihood: [[Double]]
    let window: [[Double]]
    let exponential: [[[Double]]]
    let exponentialVariances: [[Double]]
    let ledoitWolf: [[Double]]
    let oas: [[Double]]
    let shrunk: [[Double]]
    let gerber: [Gerber]
    let clippedGerber: Clipped
    let impliedVolatilities: [Double]
    let implied: [[Double]]
    let means: [Double]
    let exponentialMeans: [[Double]]
    let weights: [Double]
    let equilibrium: [Double]
    let semivariances: [[Double]]
    let spearman: [[Double]]
    let kendall: [[Double]]
    let detoned: [[[Double]]]
    let shrunkMeans: [String: Means]
  }
  struct Gaps: Decodable {
    let halfLife: Double
    let starts: [Int]
    let rows: [[Double]]
    let matrix: [[Double]]
  }
  struct Noise: Decodable {
    struct Fit: Decodable {
      let variance: Double
      let error: Double
      let signalCount: Int
      let matrix: [[Double]]
      let detoned: [[Double]]
    }
    let rows: [[Double]]
    let own: Fit
    let best: Fit
  }
  struct Lasso: Decodable {
    let rows: [[Double]]
    let penalty: Double
    let matrix: [[Double]]
    let inverse: [[Double]]
  }
  struct Factors: Decodable {
    let y: [[Double]]
    let f: [[Double]]
    let loadings: [[Double]]
    let intercepts: [Double]
    let idiosyncratic: [Double]
    let means: [Double]
    let covariance: [[Double]]
  }
  struct Repair: Decodable {
    let matrix: [[Double]]
    let nearest: [[Double]]
  }
  struct Combinatorial: Decodable {
    struct Split: Decodable {
      let training: [[Int]]
      let test: [[Int]]
    }
    let rowCount: Int
    let groupCount: Int
    let testGroupCount: Int
    let purged: Int
    let embargo: Int
    let splits: [Split]
    let paths: [[Int]]
  }
  struct Walk: Decodable {
    let rowCount: Int
    let train: Int
    let testLength: Int
    let purged: Int
    let isExpanding: Bool
    let folds: [[[Int]]]
  }
  let halfLives: [Double]
  let panels: [Panel]
  let gaps: [Gaps]
  let noises: [Noise]
  let lassos: [Lasso]
  let factorModels: [Factors]
  let repairs: [Repair]
  let combinatorial: [Combinatorial]
  let walks: [Walk]

  static func load() throws -> SkfolioReference { try Reference.load(self, "estimators_skfolio") }
}

/// Agreement within a share of the largest element.
private func expectAgreement(
  _ matrix: SymmetricMatrix,
  _ expected: [[Double]],
  within share: Double = 1e-12,
  factor: Double = 1,
  _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(matrix.order == expected.count, "\(label)", sourceLocation: sourceLocation)
  let size = expected.joined().reduce(0) { max($0, $1.magnitude) }
  for (i, row) in expected.enumerated() where i < matrix.order {
    for (j, value) in row.enumerated() {
      expectClose(
        matrix[i, j] * factor, value, absolute: share * size, "\(label) \(i) \(j)",
        sourceLocation: sourceLocation)
    }
  }
}

private func expectAgreement(
  _ values: [Double],
  _ expected: [Double],
  within share: Double = 1e-12,
  _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(values.count == expected.count, "\(label)", sourceLocation: sourceLocation)
  let size = expected.reduce(0) { max($0, $1.magnitude) }
  for (i, (value, other)) in zip(values, expected).enumerated() {
    expectClose(
      value, other, absolute: share * size, "\(label) \(i)", sourceLocation: sourceLocation)
  }
}

private func correlations(_ covariance: SymmetricMatrix) -> SymmetricMatrix {
  var matrix = covariance
  for j in 0..<matrix.order {
    for i in j..<matrix.order {
      matrix[i, j] = covariance[i, j] / (covariance[i, i] * covariance[j, j]).squareRoot()
    }
  }
  return matrix
}

private func symmetric(_ rows: [[Double]]) throws -> SymmetricMatrix {
  try SymmetricMatrix(
    rows: rows.indices.map { i in rows.indices.map { rows[max(i, $0)][min(i, $0)] } })
}

@Suite struct SkfolioCovarianceTests {
  @Test func samplesAndShrinkageAgreeWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      let last = try Matrix(rows: Array(panel.rows.suffix(panel.rows.count / 2)))
      let cases: [(any CovarianceEstimator, Matrix, [[Double]], String)] = [
        (SampleCovariance(), matrix, panel.sample, "sample"),
        (SampleCovariance(divisor: .observationCount), matrix, panel.likelihood, "likelihood"),
        (SampleCovariance(), last, panel.window, "window"),
        (LedoitWolf(), matrix, panel.ledoitWolf, "ledoitWolf"),
        (OracleApproximatingShrinkage(), matrix, panel.oas, "oas"),
      ]
      for (estimator, rows, expected, name) in cases {
        let estimate = try estimator.unlabeledCovariance(from: rows).matrix
        expectAgreement(estimate, expected, "\(panel.name) \(name)")
      }
    }
  }

  /// skfolio's `ShrunkCovariance` is a blend with the mean variance on the diagonal.
  @Test func aStatedShrinkageIsABlend() throws {
    for panel in try SkfolioReference.load().panels {
      let sample = try SampleCovariance(divisor: .observationCount)
        .covariance(from: labeled(Matrix(rows: panel.rows)))
      let n = sample.universe.count
      let mean = sample.matrix.diagonal.reduce(0, +) / Double(n)
      let target = try Covariance(
        universe: sample.universe,
        dense: SymmetricMatrix(
          rows: (0..<n).map { i in (0..<n).map { i == $0 ? mean : 0 } }),
        definiteness: .byConstruction)
      let blend = try Covariance.blended([sample, target], weights: [0.65, 0.35])
      expectAgreement(blend.matrix, panel.shrunk, panel.name)
    }
  }

  /// With skfolio's default `assume_centered=True`.
  ///
  /// Otherwise skfolio takes from each row the mean of the rows before it, from
  /// zero on, where ``EWMACovariance/Mean/weighted`` takes the mean of all rows.
  @Test func exponentialWeightsAgreeWithSkfolio() throws {
    let reference = try SkfolioReference.load()
    for panel in reference.panels {
      let matrix = try Matrix(rows: panel.rows)
      for (k, halfLife) in reference.halfLives.enumerated() {
        let estimate = try EWMACovariance(halfLife: halfLife).unlabeledCovariance(from: matrix)
        let label = "\(panel.name) \(halfLife)"
        expectAgreement(estimate.matrix, panel.exponential[k], label)
        expectAgreement(estimate.matrix.diagonal, panel.exponentialVariances[k], label)
        let means = try EWMAMean(halfLife: halfLife).unlabeledExpectedReturns(from: matrix)
        expectAgreement(means, panel.exponentialMeans[k], label)
      }
    }
  }

  /// skfolio divides a covariance by the root of the product of the two sums of weights, Keel by the sum over the rows that both
  /// have: the variances are the same, and a covariance differs by a factor of the three sums.
  @Test func lateListingsDifferBySumsOfWeights() throws {
    for reference in try SkfolioReference.load().gaps {
      let (t, n) = (reference.rows.count, reference.starts.count)
      let plain = try labeled(Matrix(rows: reference.rows))
      let returns = try IncompleteReturns(
        universe: plain.universe, timestamps: plain.timestamps, values: plain.values,
        isPresent: reference.starts.flatMap { start in (0..<t).map { $0 >= start } })
      let estimate = try PairwiseCovariance(
        weighting: .exponential(halfLife: reference.halfLife), minimumCommonCount: 2, repair: .none
      ).covariance(from: returns).matrix
      let decay = reference.starts.map { start in
        (start..<t).reduce(0.0) { sum, _ in sum * exp2(-1 / reference.halfLife) + 1 }
      }
      var scaled = estimate
      for j in 0..<n {
        for i in j..<n {
          let common = min(decay[i], decay[j])
          scaled[i, j] = estimate[i, j] * common / (decay[i] * decay[j]).squareRoot()
        }
      }
      expectAgreement(scaled, reference.matrix, "\(reference.halfLife)")
    }
  }

  /// `psd_variant=True` is ``GerberCovariance/Statistic/movesOfEither``, False is `movesOfEach`.
  @Test func gerberAgreesWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      for reference in panel.gerber {
        let estimate = try GerberCovariance(
          threshold: reference.threshold,
          statistic: reference.isEither ? .movesOfEither : .movesOfEach,
          divisor: .observationCount
        ).unlabeledCovariance(from: matrix)
        #expect(estimate.diagnostics.repairNorm ?? 0 == 0)
        expectAgreement(
          estimate.matrix, reference.matrix,
          "\(panel.name) \(reference.threshold) \(reference.isEither)")
      }
    }
  }

  /// The repair of the first statistic is skfolio's `cov_nearest`, which clips at 1e-13 instead of zero.
  @Test func repairsByClippingAgreeWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let reference = panel.clippedGerber
      let estimate = try GerberCovariance(
        threshold: reference.threshold, statistic: .pairs, divisor: .observationCount
      ).unlabeledCovariance(from: Matrix(rows: panel.rows))
      #expect(reference.leastEigenvalue < 0 && estimate.diagnostics.repairNorm ?? 0 > 0)
      expectAgreement(estimate.matrix, reference.matrix, within: 1e-11, panel.name)
    }
  }

  /// Volatilities are divided by `volatility_risk_premium_adj`, their squares by `annualization_factor`.
  @Test func impliedCovarianceAgreesWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let sample = try SampleCovariance().covariance(from: labeled(Matrix(rows: panel.rows)))
      let volatilities = panel.impliedVolatilities.map { $0 / 252.0.squareRoot() / 1.2 }
      let implied = try sample.replacing(
        volatilities: Dictionary(
          uniqueKeysWithValues: zip(sample.universe.assets, volatilities)))
      expectAgreement(implied.matrix, panel.implied, panel.name)
    }
  }

  @Test func semivariancesAgreeWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      let thresholds: [Semicovariance.Threshold] = [.uniform(0.001), .mean]
      for (threshold, expected) in zip(thresholds, panel.semivariances) {
        let estimate = try Semicovariance(threshold: threshold).unlabeledCovariance(from: matrix)
        expectAgreement(estimate.matrix.diagonal, expected, panel.name)
      }
    }
  }

  /// The codependence of skfolio's distances by ranks.
  @Test func rankCorrelationsAgreeWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      for (statistic, expected) in [
        (RankCovariance.Statistic.spearman, panel.spearman), (.kendall, panel.kendall),
      ] {
        let estimate = try RankCovariance(statistic, mapping: .raw)
          .unlabeledCovariance(from: matrix)
        expectAgreement(correlations(estimate.matrix), expected, "\(panel.name) \(statistic)")
      }
    }
  }

  /// The largest directions of a sample that nothing else is taken from.
  ///
  /// Keel takes out signals only.
  @Test func detonedSamplesAgreeWithSkfolio() throws {
    var count = 0
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      for (k, expected) in panel.detoned.enumerated() {
        count += 1
        let estimate = try DenoisedCovariance(method: .targeted(share: 1), detonedCount: k + 1)
          .unlabeledCovariance(from: matrix)
        expectAgreement(estimate.matrix, expected, within: 1e-11, "\(panel.name) \(k)")
      }
    }
    #expect(count >= 8)
  }

  /// skfolio descends from the variance one half and can stop where the error is larger, once with four signals instead of two:
  /// its formula is held against ours with the variance of least error, and its answer where the signals are as many.
  @Test func denoisedAgreesWithSkfolio() throws {
    var differing = 0
    for (k, reference) in try SkfolioReference.load().noises.enumerated() {
      let matrix = try Matrix(rows: reference.rows)
      #expect(reference.best.error <= reference.own.error * (1 + 1e-9))
      let isSame = reference.own.signalCount == reference.best.signalCount
      differing += isSame ? 0 : 1
      for fit in isSame ? [reference.best, reference.own] : [reference.best] {
        let plain = try DenoisedCovariance(noise: .fitted(bandwidth: 0.01))
          .unlabeledCovariance(from: matrix)
        expectAgreement(plain.matrix, fit.matrix, within: 1e-11, "\(k)")
        let detoned = try DenoisedCovariance(noise: .fitted(bandwidth: 0.01), detonedCount: 1)
          .unlabeledCovariance(from: matrix)
        expectAgreement(detoned.matrix, fit.detoned, within: 1e-11, "\(k) detoned")
      }
    }
    #expect(differing == 1)
  }

  /// At the penalty that skfolio's `GraphicalLassoCV` chooses, of returns with variance 1 by the divisor T, where its penalty of
  /// covariances is one of correlations; 1e-8 is what its search leaves at a duality gap of 1e-10.
  @Test func graphicalLassoAgreesWithSkfolio() throws {
    for reference in try SkfolioReference.load().lassos {
      let matrix = try Matrix(rows: reference.rows)
      let t = Double(matrix.rowCount)
      let estimate = try GraphicalLasso(penalty: reference.penalty)
        .unlabeledCovariance(from: matrix)
      expectAgreement(
        estimate.matrix, reference.matrix, within: 1e-8, factor: (t - 1) / t, "covariance")
      let sample = try SampleCovariance(divisor: .observationCount)
        .unlabeledCovariance(from: matrix)
      let inverse = try SparseInverse(correlations(sample.matrix), penalty: reference.penalty)
      expectAgreement(inverse.precision, reference.inverse, within: 1e-8, "inverse")
    }
  }

  /// Higham's projections as skfolio has them end at the first matrix without negative eigenvalues, near the nearest one.
  @Test func nearestCorrelationsAreNoFartherThanSkfolios() throws {
    for reference in try SkfolioReference.load().repairs {
      let matrix = try symmetric(reference.matrix)
      let answer = try NearestCorrelation(leastEigenvalue: 0).nearest(to: matrix)
      let other = try symmetric(reference.nearest)
      var square = 0.0
      for j in 0..<matrix.order {
        for i in 0..<matrix.order {
          square += (other[i, j] - matrix[i, j]) * (other[i, j] - matrix[i, j])
        }
      }
      #expect(answer.isConverged && answer.distance <= square.squareRoot() * (1 + 1e-12))
      expectAgreement(answer.matrix, reference.nearest, within: 1e-6, "\(matrix.order)")
    }
  }
}

@Suite struct SkfolioMeanTests {
  @Test func meansAndEquilibriumAgreeWithSkfolio() throws {
    for panel in try SkfolioReference.load().panels {
      let returns = try labeled(Matrix(rows: panel.rows))
      expectAgreement(
        try SampleMean().expectedReturns(from: returns).values, panel.means, panel.name)
      let covariance = try SampleCovariance().covariance(from: returns)
      let variance = try covariance.matrix.times(panel.weights)
      let premium = 2.5 * zip(variance, panel.weights).reduce(0) { $0 + $1.0 * $1.1 }
      let model = try CapitalAssetPricing(
        market: Weights(universe: returns.universe, values: panel.weights), riskFreeRate: 0,
        premium: premium)
      expectAgreement(
        try model.expectedReturns(covariance).values, panel.equilibrium, panel.name)
    }
  }

  /// Targets with `vol_weighted_target` are those of the least variance.
  ///
  /// skfolio does not cut the share of the target to 0...1, the tests do: a share of 1.1 of Bodnar and others turns means round,
  /// one below zero spreads them. Of Bodnar and others either target gives the same means, those with the least variance.
  @Test func shrunkMeansAgreeWithSkfolio() throws {
    var (count, cutCount) = (0, 0)
    for panel in try SkfolioReference.load().panels {
      let matrix = try Matrix(rows: panel.rows)
      let sample = try SampleMean().unlabeledExpectedReturns(from: matrix)
      for (name, reference) in panel.shrunkMeans {
        let intensity: ShrunkMean.Intensity =
          name.hasPrefix("james")
          ? .jamesStein : name.hasPrefix("bayes") ? .bayesStein : .bodnarOkhrinParolya
        let isLeast = name.hasSuffix("Weighted") || intensity == .bodnarOkhrinParolya
        let means = try ShrunkMean(
          toward: isLeast ? .minimumVariance : .grandMean, intensity: intensity
        ).unlabeledExpectedReturns(from: matrix)
        let cut = min(max(reference.share, 0), 1)
        count += 1
        cutCount += cut == reference.share ? 0 : 1
        let expected = zip(sample, reference.means).map {
          $0 + cut / reference.share * ($1 - $0)
        }
        expectAgreement(means, expected, within: 1e-11, "\(panel.name) \(name)")
      }
    }
    #expect(count == 36 && cutCount == 8)
  }

  /// The intercepts are part of skfolio's means.
  ///
  /// Its variances of residuals have the divisor T − 1, Keel's T − K − 1.
  @Test func factorModelsAgreeWithSkfolio() throws {
    for reference in try SkfolioReference.load().factorModels {
      let y = try labeled(Matrix(rows: reference.y))
      let f = try labeled(
        Matrix(rows: reference.f), names: reference.f[0].indices.map { "F\($0)" })
      let model = try FactorRegression().fit(y, on: f)
      let (t, k) = (Double(y.observationCount), Double(f.universe.count))
      expectAgreement(model.alphas, reference.intercepts, within: 1e-10, "intercepts")
      for (i, row) in reference.loadings.enumerated() {
        expectAgreement(
          row.indices.map { model.loadings[i, $0] }, row, within: 1e-10, "loadings \(i)")
      }
      let specific = model.specificVariances.map { $0 * (t - k - 1) / (t - 1) }
      expectAgreement(specific, reference.idiosyncratic, within: 1e-10, "specific")
      let premiums = try SampleMean().expectedReturns(from: f)
      let means = try model.expectedReturns(premiums: premiums, riskFreeRate: 0).values
      expectAgreement(zip(means, model.alphas).map(+), reference.means, within: 1e-10, "means")
      var covariance = try model.covariance(
        factorCovariance: SampleCovariance().covariance(from: f)
      ).matrix
      for i in 0..<covariance.order {
        covariance[i, i] += specific[i] - model.specificVariances[i]
      }
      expectAgreement(covariance, reference.covariance, within: 1e-11, "covariance")
    }
  }
}

@Suite struct SkfolioSplitTests {
  private func ranges(_ pairs: [[Int]]) -> [Range<Int>] { pairs.map { $0[0]..<$0[1] } }

  /// skfolio purges on both sides of a test, and its embargo comes on top after it; rows beyond a multiple of the number of
  /// groups go to its last group, to Keel's first ones.
  @Test func combinatorialSplitsAgreeWithSkfolio() throws {
    for reference in try SkfolioReference.load().combinatorial {
      let scheme = try CombinatorialSplits(
        groupCount: reference.groupCount, testGroupCount: reference.testGroupCount,
        purgedCount: reference.purged, embargoCount: reference.purged + reference.embargo)
      let splits = scheme.splits(of: reference.rowCount)
      try #require(splits.count == reference.splits.count)
      for (split, expected) in zip(splits, reference.splits) {
        #expect(split.training == ranges(expected.training))
        #expect(split.test == ranges(expected.test))
      }
      #expect(scheme.paths() == reference.paths)
    }
  }

  /// With `reduce_test=True`.
  @Test func walksForwardAgreeWithSkfolio() throws {
    for reference in try SkfolioReference.load().walks {
      let scheme = try WalkForward(
        firstTrainingLength: reference.train, testLength: reference.testLength,
        gap: reference.purged, longestTraining: reference.isExpanding ? nil : reference.train)
      let folds = scheme.folds(of: reference.rowCount).map { [$0.training, $0.test] }
      #expect(folds == reference.folds.map(ranges))
    }
  }
}
