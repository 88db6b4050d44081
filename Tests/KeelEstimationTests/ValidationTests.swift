import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CombinatorialSplitTests {
  @Test func everyRowIsTestedOnEachPathOnce() throws {
    for (groups, chosen, rows) in [(6, 2, 100), (5, 1, 23), (7, 3, 7), (4, 3, 50)] {
      let scheme = try CombinatorialSplits(groupCount: groups, testGroupCount: chosen)
      let splits = scheme.splits(of: rows)
      #expect(splits.count == scheme.splitCount)
      #expect(Set(splits).count == splits.count)
      for split in splits {
        let all = (split.test + split.training).flatMap { Array($0) }.sorted()
        #expect(all == Array(0..<rows))
      }
      let paths = scheme.paths()
      #expect(paths.count == scheme.pathCount)
      for path in paths {
        for (group, number) in path.enumerated() {
          #expect(splits[number].testGroups.contains(group))
        }
      }
      for group in 0..<groups { #expect(Set(paths.map { $0[group] }).count == paths.count) }
    }
    let scheme = try CombinatorialSplits(groupCount: 6, testGroupCount: 2)
    #expect(scheme.splitCount == 15 && scheme.pathCount == 5)
  }

  /// Training never touches the rows around a test.
  @Test func purgedRowsAreLeftOut() throws {
    let scheme = try CombinatorialSplits(
      groupCount: 5, testGroupCount: 2, purgedCount: 3, embargoCount: 4)
    for split in scheme.splits(of: 60) {
      let training = Set(split.training.flatMap { Array($0) })
      for row in 0..<60 {
        let isNear = split.test.contains { $0.lowerBound - 3 <= row && row < $0.upperBound + 4 }
        #expect(training.contains(row) == !isNear)
      }
    }
    let wide = try CombinatorialSplits(
      groupCount: 3, testGroupCount: 1, purgedCount: .max, embargoCount: .max)
    #expect(wide.splits(of: 9)[1].training.isEmpty)
    #expect(wide.splits(of: 2).isEmpty)
  }

  @Test func refusals() {
    for (groups, chosen, purged, embargo) in [
      (1, 1, 0, 0), (4, 0, 0, 0), (4, 4, 0, 0), (4, 1, -1, 0), (4, 1, 0, -1), (60, 30, 0, 0),
      (.max, 1, 0, 0),
    ] {
      #expect(throws: EstimationError.self) {
        try CombinatorialSplits(
          groupCount: groups, testGroupCount: chosen, purgedCount: purged, embargoCount: embargo)
      }
    }
  }
}

@Suite struct CovarianceLossTests {
  @Test func closedForms() throws {
    let returns = try labeled(Matrix(rows: [[0.1, 0], [0, 0.2], [0.1, 0.2]]))
    let covariance = try Covariance(
      universe: returns.universe, dense: SymmetricMatrix(rows: [[0.01, 0], [0, 0.04]]))
    // Σ r'Σ⁻¹r is 1 + 1 + 2; the realized covariance is [0.02, 0.02; 0.02, 0.08] / 3.
    expectClose(
      try CovarianceLoss.quasiLikelihood.loss(of: covariance, on: returns),
      4.0 / 3 + -7.824046010856292, relative: 1e-14)
    let a = 0.02 / 3 - 0.01
    let b = 0.02 / 3
    let c = 0.08 / 3 - 0.04
    expectClose(
      try CovarianceLoss.frobenius.loss(of: covariance, on: returns),
      (a * a + 2 * b * b + c * c).squareRoot(), relative: 1e-13)
    // Weights 0.8 and 0.2.
    expectClose(
      try CovarianceLoss.minimumVariance.loss(of: covariance, on: returns),
      (0.08 * 0.08 + 0.04 * 0.04 + 0.12 * 0.12) / 3, relative: 1e-13)
  }

  /// With few rows an estimate by Ledoit and Wolf beats the sample, beyond the standard error.
  @Test func estimatorsAreRanked() throws {
    let returns = try labeled(randomReturns(500, 12, seed: 6))
    let scheme = try WalkForward(
      firstTrainingLength: 30, testLength: 10, gap: 1, longestTraining: 30)
    for loss in CovarianceLoss.allCases where loss != .frobenius {
      let sample = try CovarianceScore(of: SampleCovariance(), on: returns, scheme, loss: loss)
      let shrunk = try CovarianceScore(of: LedoitWolf(), on: returns, scheme, loss: loss)
      #expect(sample.losses.count == 47)
      let advantage = try shrunk.advantage(over: sample)
      #expect(advantage.mean > 2 * advantage.standardError, "\(loss)")
      expectClose(advantage.mean, sample.mean - shrunk.mean, absolute: 1e-12)
    }
  }

  /// What a fold says does not depend on rows after its test.
  @Test func truncation() throws {
    let returns = try labeled(randomReturns(120, 3, seed: 7))
    let scheme = try WalkForward(firstTrainingLength: 40, testLength: 20, gap: 0)
    let whole = try CovarianceScore(of: LedoitWolf(), on: returns, scheme, loss: .quasiLikelihood)
    let part = try CovarianceScore(
      of: LedoitWolf(), on: returns.prefix(80), scheme, loss: .quasiLikelihood)
    #expect(part.losses == Array(whole.losses.prefix(2)))
  }

  @Test func refusals() throws {
    let returns = try labeled(randomReturns(30, 3, seed: 7))
    let singular = try SampleCovariance().covariance(from: returns.prefix(3))
    for loss in [CovarianceLoss.quasiLikelihood, .minimumVariance] {
      #expect(throws: EstimationError.notPositiveDefinite) {
        try loss.loss(of: singular, on: returns)
      }
    }
    let other = try labeled(randomReturns(30, 3, seed: 7), names: ["A0", "A1", "X"])
    #expect(throws: EstimationError.universeMismatch(position: 2, left: "A2", right: "X")) {
      try CovarianceLoss.frobenius.loss(of: singular, on: other)
    }
    let scheme = try WalkForward(firstTrainingLength: 40, testLength: 20, gap: 0)
    #expect(throws: EstimationError.tooFewObservations(got: 30, required: 41)) {
      try CovarianceScore(of: LedoitWolf(), on: returns, scheme, loss: .frobenius)
    }
    let one = try CovarianceScore(
      of: LedoitWolf(), on: returns, WalkForward(firstTrainingLength: 10, testLength: 5, gap: 0),
      loss: .frobenius)
    let two = try CovarianceScore(
      of: LedoitWolf(), on: returns, WalkForward(firstTrainingLength: 10, testLength: 7, gap: 0),
      loss: .frobenius)
    #expect(throws: EstimationError.self) { try one.advantage(over: two) }
  }
}
