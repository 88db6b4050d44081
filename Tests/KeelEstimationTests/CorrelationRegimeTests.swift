import Foundation
import KeelData
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CorrelationRegimeTests {
  struct File: Decodable {
    struct Absorption: Decodable {
      let rows: [[Double]]
      let averageCorrelation: Double
      let ratios: [Double]
      let correlationRatios: [Double]
    }
    let absorption: Absorption
  }

  @Test func agreesWithNumPy() throws {
    let reference = try Reference.load(File.self, "regimes").absorption
    let covariance = try SampleCovariance().covariance(
      from: labeled(Matrix(rows: reference.rows)))
    for k in 1...3 {
      for (basis, ratios) in [
        (CorrelationIndicator.Basis.covariance, reference.ratios),
        (.correlation, reference.correlationRatios),
      ] {
        let regime = try CorrelationIndicator(
          covariance, basis: basis, eigenvectorShare: Double(k) / 12)
        #expect(regime.eigenvectorCount == k)
        expectClose(regime.absorptionRatio, ratios[k - 1], relative: 1e-12)
        expectClose(
          regime.averageCorrelation ?? .nan, reference.averageCorrelation, relative: 1e-12)
      }
    }
    #expect(try CorrelationIndicator(covariance).eigenvectorCount == 2)
  }

  @Test func limits() throws {
    let independent = try CorrelationIndicator(
      unlabeled: SymmetricMatrix(diagonal: [1, 1, 1, 1, 1]))
    #expect(independent.averageCorrelation == 0)
    expectClose(independent.absorptionRatio, 0.2, relative: 1e-14)
    let common = try CorrelationIndicator(unlabeled: SymmetricMatrix(order: 5, repeating: 2e-300))
    expectClose(common.absorptionRatio, 1, relative: 1e-14)
    expectClose(common.averageCorrelation ?? 0, 1, relative: 1e-14)
    #expect(
      try CorrelationIndicator(unlabeled: SymmetricMatrix(diagonal: [3])).averageCorrelation == nil)
    let still = try SymmetricMatrix(diagonal: [1, 0])
    #expect(try CorrelationIndicator(unlabeled: still).averageCorrelation == nil)
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 1)) {
      try CorrelationIndicator(unlabeled: still, basis: .correlation)
    }
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 0)) {
      try CorrelationIndicator(unlabeled: SymmetricMatrix(order: 2))
    }
    for share in [0, -1, 1.5, Double.nan] {
      #expect(throws: EstimationError.self) {
        try CorrelationIndicator(unlabeled: still, eigenvectorShare: share)
      }
    }
    #expect(throws: EstimationError.self) {
      try CorrelationIndicator(unlabeled: SymmetricMatrix(order: 2, repeating: .nan))
    }
    for (short, long) in [(Int.max, Int.max), (.max, 1), (5, 5), (0, 5), (.min, .min)] {
      #expect(throws: EstimationError.self) {
        try RollingCorrelationRegime(windowLength: 2, shortLength: short, longLength: long)
      }
    }
  }

  @Test func rollingReadingsDoNotSeeTheFutureOrTheOrder() throws {
    let matrix = try randomReturns(60, 6, seed: 3)
    let names = (0..<6).map { "asset \($0)" }
    let returns = try labeled(matrix, names: names)
    let indicator = try RollingCorrelationRegime(
      windowLength: 20, shortLength: 3, longLength: 15)
    let readings = try indicator.readings(of: returns)
    #expect(readings.count == 41 && readings[0].timestamp == returns.timestamps[19])
    #expect(readings[13].shift == nil && readings[14].shift != nil)
    #expect(try indicator.readings(of: returns.prefix(45)) == Array(readings[..<26]))
    let order = [4, 2, 0, 5, 1, 3]
    let permuted = try labeled(
      Matrix(columns: order.map { j in (0..<60).map { matrix[$0, j] } }),
      names: order.map { names[$0] })
    #expect(try indicator.readings(of: permuted) == readings)
    // By the definition.
    let ratios = readings[5..<20].map(\.regime.absorptionRatio)
    let mean = ratios.reduce(0, +) / 15
    let deviation = (ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 14).squareRoot()
    expectClose(
      readings[19].shift ?? .nan, (ratios.suffix(3).reduce(0, +) / 3 - mean) / deviation,
      relative: 1e-11)
    #expect(throws: EstimationError.tooFewObservations(got: 19, required: 20)) {
      try indicator.readings(of: returns.prefix(19))
    }
    for (window, short, long) in [(1, 3, 15), (20, 0, 15), (20, 15, 15)] {
      #expect(throws: EstimationError.self) {
        try RollingCorrelationRegime(
          windowLength: window, shortLength: short, longLength: long)
      }
    }
  }
}

@Suite struct RegimeMomentsTests {
  @Test func weightedMomentsByLoops() throws {
    let (values, _) = plantedRegimes(600, seed: 14)
    let matrix = try randomReturns(600, 4, seed: 5)
    let names = ["d", "b", "c", "a"]
    let returns = try labeled(matrix, names: names)
    let probabilities = try calmAndWild().filtered(values)
    let moments = try RegimeMoments.moments(of: returns, probabilities: probabilities)
    #expect(moments.count == 2)
    for (state, moment) in moments.enumerated() {
      let weights = probabilities.columns[state]
      let total = weights.reduce(0, +)
      let squares = weights.reduce(0) { $0 + $1 * $1 } / total / total
      expectClose(moment.effectiveObservationCount, 1 / squares, relative: 1e-12)
      expectClose(moment.shareOfTime, total / 600, relative: 1e-12)
      let means = (0..<4).map { j in
        (0..<600).reduce(0) { $0 + weights[$1] * matrix[$1, j] } / total
      }
      for i in 0..<4 {
        expectClose(moment.expectedReturns.values[i], means[i], absolute: 1e-15)
        for j in 0..<4 {
          let sum = (0..<600).reduce(0) {
            $0 + weights[$1] * (matrix[$1, i] - means[i]) * (matrix[$1, j] - means[j])
          }
          expectClose(
            moment.covariance.matrix[i, j], sum / total / (1 - squares), absolute: 1e-14)
        }
      }
    }
    // Any order of the columns gives the same bits.
    let order = [2, 0, 3, 1]
    let permuted = try labeled(
      Matrix(columns: order.map { j in (0..<600).map { matrix[$0, j] } }),
      names: order.map { names[$0] })
    let other = try RegimeMoments.moments(of: permuted, probabilities: probabilities)
    for (left, right) in zip(moments, other) {
      for (i, from) in order.enumerated() {
        for (j, to) in order.enumerated() {
          #expect(left.covariance.matrix[from, to] == right.covariance.matrix[i, j])
        }
      }
    }
    let smoothed = try RegimeMoments.moments(
      of: returns, smoothedProbabilities: calmAndWild().smoothedProbabilities(of: values))
    #expect(smoothed[0] != moments[0])
  }

  @Test func equalWeightsGiveTheSampleCovariance() throws {
    let returns = try labeled(randomReturns(50, 3, seed: 6))
    let single = try HiddenMarkovModel(
      states: [.init(mean: 0, scale: 1)], initialProbabilities: [1], transitions: [[1]])
    let moments = try RegimeMoments.moments(
      of: returns, probabilities: single.filtered([Double](repeating: 0, count: 50)))
    let sample = try SampleCovariance().covariance(from: returns)
    for i in 0..<3 {
      for j in 0..<3 {
        expectClose(moments[0].covariance.matrix[i, j], sample.matrix[i, j], absolute: 1e-17)
      }
    }
    #expect(throws: EstimationError.shapeMismatch(argument: "probabilities", got: 49, required: 50))
    {
      try RegimeMoments.moments(
        of: returns, probabilities: single.filtered([Double](repeating: 0, count: 49)))
    }
    // A state that no row belongs to.
    let never = try HiddenMarkovModel(
      states: [.init(mean: 0, scale: 1), .init(mean: 0, scale: 2)], initialProbabilities: [1, 0],
      transitions: [[1, 0], [0, 1]])
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 2)) {
      try RegimeMoments.moments(
        of: returns, probabilities: never.filtered([Double](repeating: 0, count: 50)))
    }
  }
}
