import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

private struct ChoiceReference: Decodable {
  struct Lasso: Decodable {
    struct Score: Decodable {
      let penalty: Double
      let losses: [Double]
    }
    let name: String
    let rows: [[Double]]
    let isBlocks: Bool
    let given: [Double]?
    let penalty: Double
    let scores: [Score]
  }
  struct Standardized: Decodable {
    let rows: [[Double]]
    let penalty: Double
  }
  struct POET: Decodable {
    struct Score: Decodable {
      let constant: Double
      let losses: [Double]
    }
    let name: String
    let rows: [[Double]]
    let factorCount: Int
    let least: Double
    let largest: Double
    let constant: Double
    let scores: [Score]
  }
  struct Noise: Decodable {
    let name: String
    let rows: [[Double]]
    let bandwidth: Double
    let eigenvalues: [Double]
    let variance: Double
    let error: Double
    let signalCount: Int
    let matrix: [[Double]]
  }
  let lassos: [Lasso]
  let standardized: Standardized
  let poets: [POET]
  let noises: [Noise]

  static func load() throws -> ChoiceReference { try Reference.load(self, "covariance_choices") }
}

private func blocks(_ count: Int) throws -> ValidationScheme {
  .combinatorial(try CombinatorialSplits(groupCount: count, testGroupCount: 1))
}

@Suite struct GraphicalLassoSelectionTests {
  @Test func agreesWithScikitLearnFoldByFold() throws {
    for reference in try ChoiceReference.load().lassos {
      let scheme =
        reference.isBlocks
        ? try blocks(4)
        : .walkForward(try WalkForward(firstTrainingLength: 30, testLength: 15, gap: 0))
      let selection = try GraphicalLassoSelection(
        on: labeled(Matrix(rows: reference.rows)), scheme,
        candidates: reference.given.map { .given($0) } ?? .refined(count: 4, rounds: 3))
      #expect(selection.isConverged)
      expectClose(selection.penalty, reference.penalty, relative: 1e-12, reference.name)
      #expect(selection.estimator == GraphicalLasso(penalty: selection.penalty))
      try #require(selection.scores.count == reference.scores.count)
      for (score, expected) in zip(selection.scores, reference.scores) {
        expectClose(score.penalty, expected.penalty, relative: 1e-12, reference.name)
        try #require(score.losses.count == expected.losses.count)
        for (loss, other) in zip(score.losses, expected.losses) {
          expectClose(loss, other, absolute: 1e-7, "\(reference.name) \(score.penalty)")
        }
      }
    }
  }

  /// Of blocks that are standardized one by one scikit-learn's own choice differs by the divisor T − 1 of the deviations only.
  @Test func choosesWhatScikitLearnChooses() throws {
    let reference = try ChoiceReference.load().standardized
    let selection = try GraphicalLassoSelection(
      on: labeled(Matrix(rows: reference.rows)), blocks(5))
    expectClose(selection.penalty, reference.penalty, relative: 0.02)
  }

  /// The losses are those that a walk of the estimator itself has.
  @Test func lossesAreThoseOfTheEstimator() throws {
    let returns = try labeled(randomReturns(70, 5, seed: 3))
    let scheme = try WalkForward(firstTrainingLength: 30, testLength: 12, gap: 2)
    let selection = try GraphicalLassoSelection(
      on: returns, .walkForward(scheme), candidates: .given([0.05, 0.4, 0.2]))
    #expect(selection.scores.map(\.penalty) == [0.4, 0.2, 0.05])
    for score in selection.scores {
      let other = try CovarianceScore(
        of: GraphicalLasso(penalty: score.penalty), on: returns, scheme, loss: .quasiLikelihood)
      #expect(score.losses.count == other.losses.count)
      for (left, right) in zip(score.losses, other.losses) {
        expectClose(left, right, absolute: 1e-8)
      }
      expectClose(score.mean, other.mean, absolute: 1e-8)
    }
  }

  @Test func orderAndUnitsChangeNothing() throws {
    let matrix = try randomReturns(60, 5, seed: 8)
    let names = ["E", "B", "D", "A", "C"]
    let one = try GraphicalLassoSelection(on: labeled(matrix, names: names), blocks(3))
    let order = [3, 1, 4, 2, 0]
    let permuted = try Matrix(columns: order.map { j in (0..<60).map { matrix[$0, j] } })
    let other = try GraphicalLassoSelection(
      on: labeled(permuted, names: order.map { names[$0] }), blocks(3))
    #expect(one == other)
    let small = try Matrix(
      rowCount: 60, columnCount: 5,
      columnMajor: matrix.columnMajorElements.map { $0 * 0x1p-500 })
    let scaled = try GraphicalLassoSelection(on: labeled(small, names: names), blocks(3))
    expectClose(scaled.penalty, one.penalty, relative: 1e-12)
  }

  @Test func refusals() throws {
    let returns = try labeled(randomReturns(40, 3, seed: 1))
    for candidates in [
      GraphicalLassoSelection.Candidates.given([]), .given([0.1, 0]), .given([.nan]),
      .refined(count: 1, rounds: 1), .refined(count: 4, rounds: 0),
      .refined(count: 2000, rounds: 1),
      .refined(count: .max, rounds: .max),
    ] {
      #expect(throws: EstimationError.self) {
        try GraphicalLassoSelection(on: returns, blocks(4), candidates: candidates)
      }
    }
    #expect(throws: EstimationError.tooFewObservations(got: 3, required: 4)) {
      try GraphicalLassoSelection(on: returns.prefix(3), blocks(4))
    }
    #expect(throws: EstimationError.tooFewObservations(got: 1, required: 2)) {
      try GraphicalLassoSelection(on: returns.prefix(2), blocks(2))
    }
    var constant = returns.values
    for t in 0..<40 { constant[t, 1] = 0.1 }
    #expect(throws: EstimationError.zeroVariance(asset: "A1", column: 1)) {
      try GraphicalLassoSelection(on: labeled(constant), blocks(4))
    }
    // One asset has no pair; every penalty is as good, and the largest is taken.
    let one = try GraphicalLassoSelection(
      on: labeled(randomReturns(40, 1, seed: 2)), blocks(4), candidates: .given([0.1, 0.3, 0.2]))
    #expect(one.penalty == 0.3)
    _ = try GraphicalLassoSelection(on: labeled(randomReturns(40, 1, seed: 2)), blocks(4))
  }
}

@Suite struct POETSelectionTests {
  @Test func agreesWithTheFormulas() throws {
    for reference in try ChoiceReference.load().poets {
      let selection = try POETSelection(
        on: labeled(Matrix(rows: reference.rows)), factorCount: reference.factorCount, blocks(4),
        candidateCount: 12)
      expectClose(
        selection.leastConstant, reference.least, absolute: 1e-8 * reference.largest, reference.name
      )
      expectClose(selection.largestConstant, reference.largest, relative: 1e-10, reference.name)
      expectClose(
        selection.constant, reference.constant, absolute: 1e-8 * reference.largest, reference.name)
      for (score, expected) in zip(selection.scores, reference.scores) {
        expectClose(
          score.constant, expected.constant, absolute: 1e-8 * reference.largest, reference.name)
        for (loss, other) in zip(score.losses, expected.losses) {
          expectClose(loss, other, relative: 1e-7, reference.name)
        }
      }
      #expect(selection.scores.count == 12 && selection.scores[0].losses.count == 4)
    }
  }

  /// The constant chosen needs no raise: the estimate is the one asked for.
  @Test func chosenConstantsKeepTheMatrixDefinite() throws {
    for seed in 0..<8 {
      let (rows, columns) = ([12, 40][seed % 2], [5, 14, 30][seed % 3])
      var matrix = try randomReturns(rows, columns, seed: UInt64(seed))
      if seed % 4 == 3 { for t in 0..<rows { matrix[t, 1] = matrix[t, 0] } }
      let returns = try labeled(matrix)
      let selection = try POETSelection(on: returns, factorCount: 1, blocks(3))
      #expect(selection.leastConstant <= selection.constant)
      #expect(selection.constant <= selection.largestConstant)
      // A constant that is raised gives the estimate of the raised one.
      let estimate = try selection.estimator.covariance(from: returns)
      let raised = try POETCovariance(factorCount: 1, constant: 1.1 * selection.constant)
        .covariance(from: returns)
      if selection.constant < 0.9 * selection.largestConstant { #expect(estimate != raised) }
      if selection.leastConstant > 0 {
        let below = try POETCovariance(factorCount: 1, constant: 0.999 * selection.leastConstant)
          .covariance(from: returns)
        let above = try POETCovariance(factorCount: 1, constant: 1.0001 * selection.leastConstant)
          .covariance(from: returns)
        // Just below, the constant is raised by a tenth, which leaves fewer pairs.
        let (left, right) = (
          below.diagnostics.shrinkageIntensity ?? -1, above.diagnostics.shrinkageIntensity ?? -1
        )
        #expect(left >= right, "\(seed)")
        #expect(below != above, "\(seed)")
      }
    }
  }

  @Test func orderAndUnitsChangeNothing() throws {
    let matrix = try randomReturns(50, 5, seed: 8)
    let names = ["E", "B", "D", "A", "C"]
    let one = try POETSelection(on: labeled(matrix, names: names), factorCount: 1, blocks(3))
    let order = [3, 1, 4, 2, 0]
    let permuted = try Matrix(columns: order.map { j in (0..<50).map { matrix[$0, j] } })
    let other = try POETSelection(
      on: labeled(permuted, names: order.map { names[$0] }), factorCount: 1, blocks(3))
    #expect(one == other)
    let small = try Matrix(
      rowCount: 50, columnCount: 5,
      columnMajor: matrix.columnMajorElements.map { $0 * 0x1p-500 })
    let scaled = try POETSelection(on: labeled(small, names: names), factorCount: 1, blocks(3))
    expectClose(scaled.constant, one.constant, relative: 1e-10)
  }

  @Test func refusals() throws {
    let returns = try labeled(randomReturns(40, 4, seed: 1))
    for (factors, candidates) in [(-1, 40), (4, 40), (1, 1), (1, 1001), (.max, 40), (1, .max)] {
      #expect(throws: EstimationError.self) {
        try POETSelection(
          on: returns, factorCount: factors, blocks(4), candidateCount: candidates)
      }
    }
    #expect(throws: EstimationError.tooFewObservations(got: 2, required: 3)) {
      try POETSelection(on: returns.prefix(4), factorCount: 0, blocks(2))
    }
    #expect(throws: EstimationError.tooFewObservations(got: 5, required: 6)) {
      try POETSelection(on: returns.prefix(5), factorCount: 0, blocks(6))
    }
    // Without pairs every constant is as good.
    let one = try POETSelection(
      on: labeled(randomReturns(40, 1, seed: 2)), factorCount: 0, blocks(4))
    #expect(one.constant == 0 && one.largestConstant == 0)
    var constant = returns.values
    for t in 0..<40 { for j in 0..<4 { constant[t, j] = 0.1 } }
    #expect(
      try POETSelection(on: labeled(constant), factorCount: 0, blocks(4)).scores[0].mean == 0)
  }
}

@Suite struct MarchenkoPasturTests {
  /// The unit of the eigenvalues is any: at ratio one and x = σ² the density is √3 / (2π σ²).
  @Test func densityInAnyUnit() throws {
    for unit in [1e-200, 1e-20, 1, 1e20, 1e200] {
      let law = try MarchenkoPastur(ratio: 1, variance: unit)
      expectClose(law.density(at: unit) * unit, 3.0.squareRoot() / (2 * .pi), relative: 1e-14)
    }
  }

  @Test func fitAgreesWithSciPy() throws {
    #if DEBUG
      let caseCount = 2
    #else
      let caseCount = 5
    #endif
    for reference in try ChoiceReference.load().noises.prefix(caseCount) {
      let law = try MarchenkoPastur(
        fitting: reference.eigenvalues, observationCount: reference.rows.count,
        bandwidth: reference.bandwidth)
      // A minimum is known to the root of its value's rounding.
      expectClose(law.variance, reference.variance, absolute: 2e-7, reference.name)
      let above = reference.eigenvalues.count { $0 > law.upperEdge }
      #expect(above == reference.signalCount, "\(reference.name)")
      let estimate = try DenoisedCovariance(noise: .fitted(bandwidth: reference.bandwidth))
        .unlabeledCovariance(from: Matrix(rows: reference.rows)).matrix
      let size = reference.matrix.joined().reduce(0) { max($0, $1.magnitude) }
      for (i, row) in reference.matrix.enumerated() {
        for (j, value) in row.enumerated() {
          expectClose(estimate[i, j], value, absolute: 1e-12 * size, "\(reference.name) \(i) \(j)")
        }
      }
    }
  }

  /// The density has the mass and the moments of the law: min(1, T / N), v and v² (1 + c) min(1, T / N).
  @Test func moments() throws {
    for (ratio, variance) in [(0.05, 1.0), (0.5, 0.3), (1, 2), (3, 0.7)] {
      let law = try MarchenkoPastur(ratio: ratio, variance: variance)
      let (lower, upper) = (law.lowerEdge, law.upperEdge)
      let count = 20_000
      var sums = [0.0, 0.0, 0.0]
      // x = a + (b − a) sin²: the roots at the edges become smooth.
      for k in 0..<count {
        let angle = (Double(k) + 0.5) / Double(count) * Double.pi / 2
        let (sine, cosine) = (sin(angle), cos(angle))
        let x = lower + (upper - lower) * sine * sine
        let weight =
          law.density(at: x) * (upper - lower) * 2 * sine * cosine * Double.pi / 2 / Double(count)
        sums[0] += weight
        sums[1] += weight * x
        sums[2] += weight * x * x
      }
      let mass = min(1, 1 / ratio)
      let (low, high) = (lower.squareRoot(), upper.squareRoot())
      #expect(low <= high)
      expectClose(sums[0], mass, relative: 1e-6, "\(ratio)")
      // The mean over all eigenvalues, those that are zero included.
      expectClose(sums[1], variance, relative: 1e-6, "\(ratio)")
      expectClose(sums[2], variance * variance * (1 + ratio), relative: 1e-6, "\(ratio)")
    }
  }

  /// The variance of pure noise is found.
  @Test func noiseIsFound() throws {
    var generator = SeededGenerator(seed: 4)
    let (rows, columns) = (240, 40)
    var matrix = try Matrix(rowCount: rows, columnCount: columns)
    for t in 0..<rows {
      let factor = generator.gaussian()
      for j in 0..<columns { matrix[t, j] = 0.01 * (generator.gaussian() + factor) }
    }
    let correlations = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
    var unit = correlations
    let deviations = correlations.diagonal.map { $0.squareRoot() }
    for j in 0..<columns {
      for i in 0...j { unit[i, j] = correlations[i, j] / deviations[i] / deviations[j] }
    }
    let law = try MarchenkoPastur(
      fitting: SymmetricEigen.values(of: unit), observationCount: rows, bandwidth: 0.1)
    // Half of each variance is the factor's; the kernel blurs the edges by a tenth.
    expectClose(law.variance, 0.5, absolute: 0.1)
    let fitted = try DenoisedCovariance(noise: .fitted(bandwidth: 0.1))
      .unlabeledCovariance(from: matrix)
    let plain = try DenoisedCovariance().unlabeledCovariance(from: matrix)
    #expect(fitted == plain)
  }

  @Test func badArguments() throws {
    for (ratio, variance) in [(0, 1), (-1, 1), (.nan, 1), (.infinity, 1), (1, 0), (1, .nan)]
      as [(Double, Double)]
    {
      #expect(throws: EstimationError.self) {
        try MarchenkoPastur(ratio: ratio, variance: variance)
      }
    }
    let law = try MarchenkoPastur(ratio: 0.25, variance: 2)
    #expect(law.lowerEdge == 0.5 && law.upperEdge == 4.5)
    for x in [0.5, 4.5, 0, -1, 5, .infinity, -.infinity] { #expect(law.density(at: x) == 0) }
    #expect(law.density(at: .nan).isNaN && law.density(at: 1) > 0)
    for bandwidth in [0, -1, 1e-9, 11, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try MarchenkoPastur(fitting: [1, 2], observationCount: 5, bandwidth: bandwidth)
      }
      #expect(throws: EstimationError.self) {
        try DenoisedCovariance(noise: .fitted(bandwidth: bandwidth))
          .unlabeledCovariance(from: randomReturns(20, 3, seed: 1))
      }
    }
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 1)) {
      try MarchenkoPastur(fitting: [1], observationCount: 0, bandwidth: 0.1)
    }
    #expect(throws: EstimationError.self) {
      try MarchenkoPastur(fitting: [], observationCount: 5, bandwidth: 0.1)
    }
    for bad in [Double.nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try MarchenkoPastur(fitting: [1, bad], observationCount: 5, bandwidth: 0.1)
      }
    }
    // Eigenvalues far from any noise of correlations.
    let far = try MarchenkoPastur(
      fitting: [1e300, -1e300, 0], observationCount: 5, bandwidth: 0.1)
    #expect(far.variance > 0 && far.variance < 1)
  }
}
