import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

private func correlations(_ matrix: Matrix) throws -> SymmetricMatrix {
  let sample = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
  let deviations = sample.diagonal.map { $0.squareRoot() }
  var result = sample
  for j in 0..<sample.order {
    for i in 0..<j { result[i, j] = sample[i, j] / deviations[i] / deviations[j] }
    result[j, j] = 1
  }
  return result
}

@Suite struct GraphicalLassoTests {
  @Test func agreesWithScikitLearn() throws {
    for reference in try RobustReference.load().lassos {
      let matrix = try correlations(Matrix(rows: reference.rows))
      let solution = try SparseInverse(matrix, penalty: reference.penalty)
      #expect(solution.isConverged && solution.iterations < 100, "\(reference.name)")
      // scikit-learn stops at a duality gap, the square of the error.
      expectClose(solution.covariance, reference.covariance, relative: 1e-6, reference.name)
      expectClose(solution.precision, reference.precision, relative: 1e-5, reference.name)
      for (i, row) in reference.precision.enumerated() {
        for (j, value) in row.enumerated() where value.magnitude > 1e-4 {
          #expect(solution.precision[i, j] != 0, "\(reference.name)")
        }
      }
      let estimate = try GraphicalLasso(penalty: reference.penalty)
        .unlabeledCovariance(from: Matrix(rows: reference.rows)).matrix
      for i in 0..<matrix.order {
        for j in 0..<matrix.order {
          expectClose(
            estimate[i, j] / (estimate[i, i] * estimate[j, j]).squareRoot(),
            solution.covariance[i, j], absolute: 1e-11, reference.name)
        }
      }
    }
  }

  /// The conditions of optimality, from the two matrices alone.
  @Test func conditionsOfOptimality() throws {
    for seed in 0..<12 {
      let columns = [2, 5, 12, 25][seed % 4]
      let matrix = try correlations(randomReturns([20, 60][seed % 2], columns, seed: UInt64(seed)))
      let penalty = [0.02, 0.1, 0.3][seed % 3]
      let solution = try SparseInverse(matrix, penalty: penalty)
      #expect(solution.isConverged && solution.residual <= 1e-10, "\(seed) \(solution.residual)")
      #expect(solution.dualityGap <= 1e-10 * Double(columns), "\(seed) \(solution.dualityGap)")
      let product = try solution.covariance * solution.precision.matrix
      for i in 0..<columns {
        for j in 0..<columns {
          expectClose(product[i, j], i == j ? 1 : 0, absolute: 1e-10, "\(seed)")
          let slope = solution.covariance[i, j] - matrix[i, j]
          if i == j {
            expectClose(slope, 0, absolute: 1e-10, "\(seed)")
          } else if solution.precision[i, j] == 0 {
            #expect(slope.magnitude <= penalty + 1e-10, "\(seed)")
          } else {
            expectClose(
              slope, solution.precision[i, j] > 0 ? penalty : -penalty, absolute: 1e-10, "\(seed)")
          }
        }
      }
    }
  }

  /// Few rows of strong factors, with copies in half of the cases: rough columns would make the covariance indefinite.
  @Test func commonFactorsAndCopies() throws {
    for seed in 0..<6 {
      var generator = SeededGenerator(seed: UInt64(seed) + 70)
      let (rows, columns) = ([20, 60][seed % 2], 24)
      let loadings = (0..<columns).map { _ in (1 + generator.gaussian(), generator.gaussian()) }
      var returns = try Matrix(rowCount: rows, columnCount: columns)
      for t in 0..<rows {
        let (market, style) = (3 * generator.gaussian(), generator.gaussian())
        for j in 0..<columns {
          let common = market * loadings[j].0 + style * loadings[j].1
          returns[t, j] = 0.01 * (common + generator.gaussian())
        }
        if seed >= 3 { (returns[t, 4], returns[t, 9]) = (returns[t, 0], -returns[t, 1]) }
      }
      let matrix = try correlations(returns)
      for penalty in [0.01, 0.1, 0.5] {
        let solution = try SparseInverse(matrix, penalty: penalty)
        #expect(solution.isConverged && solution.residual <= 1e-10, "\(seed) \(penalty)")
        #expect(solution.dualityGap <= 1e-7, "\(seed) \(penalty)")
      }
    }
  }

  @Test func componentsAreSolvedApart() throws {
    var matrix = try SymmetricMatrix(diagonal: [1, 1, 1, 1, 1])
    matrix[0, 3] = 0.8
    matrix[1, 4] = -0.6
    matrix[0, 1] = 0.2
    let solution = try SparseInverse(matrix, penalty: 0.25)
    #expect(solution.componentCount == 3)
    expectClose(solution.covariance[0, 3], 0.55, absolute: 1e-12)
    expectClose(solution.covariance[1, 4], -0.35, absolute: 1e-12)
    #expect(solution.covariance[0, 1] == 0 && solution.precision[2, 2] == 1)
    let alone = try SparseInverse(matrix, penalty: 0.8)
    #expect(alone.componentCount == 5 && alone.dualityGap == 0 && alone.iterations == 0)
  }

  /// The optimum in other units is the optimum.
  @Test func units() throws {
    let matrix = try correlations(randomReturns(50, 6, seed: 2))
    let one = try SparseInverse(matrix, penalty: 0.1)
    var scaled = matrix
    for j in 0..<6 { for i in 0...j { scaled[i, j] = 1e-4 * matrix[i, j] } }
    let other = try SparseInverse(scaled, penalty: 1e-5)
    for i in 0..<6 {
      for j in 0..<6 {
        expectClose(other.precision[i, j] * 1e-4, one.precision[i, j], absolute: 1e-10)
      }
    }
  }

  @Test func badSettingsAndMatrices() throws {
    let matrix = try correlations(randomReturns(50, 3, seed: 2))
    for penalty in [0, -1, .nan, .infinity] {
      #expect(throws: EstimationError.self) { try SparseInverse(matrix, penalty: penalty) }
    }
    var settings = SparseInverse.Settings()
    settings.maximumIterations = 0
    #expect(throws: EstimationError.self) {
      try SparseInverse(matrix, penalty: 0.1, settings: settings)
    }
    settings.maximumIterations = 1
    let early = try SparseInverse(matrix, penalty: 0.01, settings: settings)
    #expect(!early.isConverged && early.dualityGap > 0)
    // A tolerance below rounding ends at rounding.
    settings.maximumIterations = 1_000_000
    settings.relativeTolerance = 1e-300
    let exact = try SparseInverse(matrix, penalty: 0.01, settings: settings)
    #expect(exact.residual < 1e-14 && exact.iterations < 1000)
    settings.relativeTolerance = .nan
    #expect(throws: EstimationError.self) {
      try SparseInverse(matrix, penalty: 0.1, settings: settings)
    }
    var bad = matrix
    bad[0, 1] = .nan
    #expect(throws: EstimationError.self) { try SparseInverse(bad, penalty: 0.1) }
    bad = matrix
    bad[1, 1] = 0
    #expect(throws: EstimationError.zeroVariance(asset: nil, column: 1)) {
      try SparseInverse(bad, penalty: 0.1)
    }
    _ = try SparseInverse(SymmetricMatrix(diagonal: [2]), penalty: 0.1)
  }
}
