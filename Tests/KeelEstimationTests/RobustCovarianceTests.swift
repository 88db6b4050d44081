import KeelData
import KeelDistributions
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// Estimators that need more observations than assets.
private let robustEstimators: [(name: String, estimator: any CovarianceEstimator)] = [
  ("studentT", StudentTCovariance()),
  ("tyler", TylerCovariance()),
  ("tylerMean", TylerCovariance(center: .mean)),
  ("determinant", MinimumCovarianceDeterminant(startCount: 60)),
]

private func largest(_ matrix: SymmetricMatrix) -> Double {
  matrix.diagonal.reduce(0) { max($0, $1.magnitude) }
}

@Suite struct RobustCovariancePropertyTests {
  @Test func assetOrderNeverChangesABit() throws {
    for (seed, columns) in [2, 5, 9].enumerated() {
      let rows = 61
      let matrix = try randomReturns(rows, columns, seed: UInt64(seed) + 40)
      let names = (0..<columns).map { "asset \($0)" }
      var generator = SeededGenerator(seed: UInt64(seed) + 1000)
      let order = Array(0..<columns).shuffled(using: &generator)
      let permuted = try Matrix(columns: order.map { j in (0..<rows).map { matrix[$0, j] } })
      for (name, estimator) in robustEstimators {
        let left = try estimator.covariance(from: labeled(matrix, names: names)).matrix
        let right = try estimator.covariance(
          from: labeled(permuted, names: order.map { names[$0] })
        ).matrix
        let plain = try estimator.unlabeledCovariance(from: permuted).matrix
        var isSame = true
        for (i, from) in order.enumerated() {
          for (j, other) in order.enumerated() {
            isSame = isSame && left[from, other].bitPattern == right[i, j].bitPattern
            // Where iterations that end within 1e-12 of a step are compared.
            expectClose(
              plain[i, j], left[from, other], absolute: 1e-10 * largest(left), "\(name) \(columns)")
          }
        }
        #expect(isSame, "\(name)")
      }
    }
  }

  @Test(arguments: [1e-150, 1e-8, 1e-3, 1e4, 1e150])
  func scale(factor: Double) throws {
    let matrix = try randomReturns(50, 4, seed: 9)
    let scaled = try Matrix(
      rowCount: 50, columnCount: 4, columnMajor: matrix.columnMajorElements.map { $0 * factor })
    for (name, estimator) in robustEstimators {
      let one = try estimator.unlabeledCovariance(from: matrix).matrix
      let other = try estimator.unlabeledCovariance(from: scaled).matrix
      for i in 0..<4 {
        for j in 0..<4 {
          expectClose(
            other[i, j] / factor / factor, one[i, j], absolute: 1e-10 * largest(one), name)
        }
      }
    }
  }

  /// Any regular map of the data is followed; Tyler's size is that of the sample.
  @Test func followsMaps() throws {
    let matrix = try randomReturns(80, 3, seed: 12)
    let map = try Matrix(rows: [[2, 0.3, 0], [-1, 1, 0.5], [0.2, 0, 3]])
    let mapped = try matrix * map
    for (name, estimator) in robustEstimators where name != "tyler" {
      let one = try estimator.unlabeledCovariance(from: matrix).matrix
      let other = try estimator.unlabeledCovariance(from: mapped).matrix
      let expected = try map.transposed * one.matrix * map
      let factor = name == "tylerMean" ? other[0, 0] / expected[0, 0] : 1
      for i in 0..<3 {
        for j in 0..<3 {
          expectClose(
            other[i, j], factor * expected[i, j], absolute: 1e-9 * largest(other), name)
        }
      }
    }
  }

  @Test func positiveSemidefiniteWithCopiesAndConstants() throws {
    for seed in 0..<12 {
      let (rows, columns) = (30 + seed, [2, 5, 9][seed % 3])
      var matrix = try randomReturns(rows, columns, seed: UInt64(seed) + 7)
      for i in 0..<rows {
        if seed % 2 == 0 { matrix[i, columns - 1] = matrix[i, 0] }
        if seed % 4 == 1 { matrix[i, 1] = 0.25 }
        if seed % 4 == 2 { matrix[i, 0] *= 1e-8 }
        if seed % 4 == 3 { matrix[i, 0] *= 1e4 }
      }
      for (name, estimator) in robustEstimators {
        let estimate = try estimator.unlabeledCovariance(from: matrix).matrix
        let values = try SymmetricEigen.values(of: estimate)
        #expect(
          values[0] >= -Double(columns) * Double.ulpOfOne * (values.last ?? 0), "\(name) \(seed)")
        if seed % 4 == 0 {
          for i in 0..<columns {
            expectClose(
              estimate[i, 0], estimate[i, columns - 1], absolute: 1e-12 * largest(estimate), name)
          }
        }
        if seed % 4 == 1 {
          for i in 0..<columns { #expect(estimate[1, i] == 0, "\(name)") }
          #expect(estimate[0, 0] > 0)
        }
      }
    }
  }

  /// A tenth of the observations is wild; the correlation that it hides is found.
  @Test func outliersDoNotSpoil() throws {
    var matrix = try Matrix(rowCount: 200, columnCount: 3)
    var generator = SeededGenerator(seed: 5)
    for i in 0..<200 {
      let common = generator.gaussian()
      for j in 0..<3 { matrix[i, j] = 0.01 * (common + 0.5 * generator.gaussian()) }
    }
    for i in 0..<20 { (matrix[i, 0], matrix[i, 1]) = (0.3 + matrix[i, 2], -0.4 + matrix[i, 0]) }
    func correlation(_ m: SymmetricMatrix) -> Double { m[0, 1] / (m[0, 0] * m[1, 1]).squareRoot() }
    #expect(correlation(try SampleCovariance().unlabeledCovariance(from: matrix).matrix) < -0.5)
    for (name, estimator) in robustEstimators where name != "tylerMean" {
      let found = correlation(try estimator.unlabeledCovariance(from: matrix).matrix)
      #expect(found > (name == "determinant" ? 0.7 : -0.2), "\(name) \(found)")
    }
  }

  @Test func badReturns() throws {
    for (name, estimator) in robustEstimators {
      for rows in [2, 4] {
        let short = try randomReturns(rows, 4, seed: 2)
        #expect(
          throws: EstimationError.tooFewObservations(got: rows, required: 5), "\(name)"
        ) { try estimator.unlabeledCovariance(from: short) }
      }
      var matrix = try randomReturns(30, 3, seed: 1)
      matrix[11, 2] = .infinity
      #expect(
        throws: EstimationError.invalidReturn(asset: nil, column: 2, row: 11, got: .infinity)
      ) { try estimator.unlabeledCovariance(from: matrix) }
      let one = try estimator.unlabeledCovariance(from: randomReturns(20, 1, seed: 3)).matrix
      #expect(one[0, 0] > 0 && one[0, 0].isFinite, "\(name)")
      let constant = try Matrix(
        rowCount: 9, columnCount: 2, columnMajor: .init(repeating: 0.1, count: 18))
      #expect(try estimator.unlabeledCovariance(from: constant).matrix[0, 0] == 0, "\(name)")
    }
  }
}

/// Runs on real prices; skipped where they are absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct RobustCovarianceRealDataTests {
  @Test func crypto() throws {
    let returns = try RealDataTests.cryptoReturns()
    let sample = try SampleCovariance().covariance(from: returns).matrix
    let others: [(name: String, estimator: any CovarianceEstimator)] = [
      ("gerber", GerberCovariance()), ("spearman", RankCovariance(.spearman)),
      ("kendall", RankCovariance(.kendall)), ("graphicalLasso", GraphicalLasso(penalty: 0.1)),
      ("tylerOracle", TylerCovariance(shrinkage: .oracle)),
    ]
    for (name, estimator) in robustEstimators + others {
      let matrix = try estimator.covariance(from: returns).matrix
      let values = try SymmetricEigen.values(of: matrix)
      #expect(values[0] > 0, "\(name)")
      for i in 0..<matrix.order {
        // No estimate is of another size, but where a few days make the variance, which the determinant leaves out.
        let ratio = matrix[i, i] / sample[i, i]
        #expect(
          ratio > (name == "determinant" ? 0.005 : 0.05) && ratio < 5, "\(name) \(i) \(ratio)")
      }
    }
    let fit = try MultivariateStudentT.unlabeledFit(returns.values)
    // Daily crypto returns: heavy tails.
    #expect(fit.status != .iterationLimit && fit.degreesOfFreedom < 6, "\(fit.degreesOfFreedom)")
  }
}

@Suite struct StudentTCovarianceTests {
  @Test func agreesWithTheFit() throws {
    let matrix = try randomReturns(120, 3, seed: 8)
    let fit = try MultivariateStudentT.unlabeledFit(matrix)
    #expect(fit.degreesOfFreedom > 3)
    let estimate = try StudentTCovariance().unlabeledCovariance(from: matrix).matrix
    let covariance = try #require(fit.covariance)
    for i in 0..<3 {
      for j in 0..<3 {
        expectClose(estimate[i, j], covariance[i, j], absolute: 1e-10 * largest(covariance))
      }
    }
  }

  /// Most rows at one place: the likelihood grows for ever as the scatter falls.
  @Test func rowsAtOnePlaceAreNamed() throws {
    let column = [0, 0, 0.02, 0, 0, 0, 0, 0, -0.04, 0]
    for factors in [[1], [1, 0.37]] {
      let matrix = try Matrix(columns: factors.map { factor in column.map { factor * $0 } })
      #expect(throws: EstimationError.notPositiveDefinite) {
        try StudentTCovariance().unlabeledCovariance(from: matrix)
      }
    }
  }

  @Test func settings() throws {
    let matrix = try randomReturns(40, 2, seed: 8)
    for lowest in [2, 1, .nan] {
      var settings = MultivariateStudentT.FitSettings()
      settings.lowestDegreesOfFreedom = lowest
      #expect(throws: EstimationError.self) {
        try StudentTCovariance(settings: settings).unlabeledCovariance(from: matrix)
      }
      settings = .init()
      settings.degreesOfFreedom = lowest
      #expect(throws: EstimationError.self) {
        try StudentTCovariance(settings: settings).unlabeledCovariance(from: matrix)
      }
    }
  }
}

@Suite struct TylerCovarianceTests {
  @Test func agreesWithThePlainIteration() throws {
    for reference in try RobustReference.load().tylers {
      let shrinkage: TylerCovariance.Shrinkage =
        reference.isOracle
        ? .oracle : reference.shrinkage == 0 ? .none : .fixed(reference.shrinkage)
      let fit = try TylerCovariance(shrinkage: shrinkage)
        .unlabeledFit(Matrix(rows: reference.rows))
      #expect(fit.isConverged && fit.residual < 1e-12, "\(reference.name) \(fit.residual)")
      expectClose(fit.shrinkageIntensity, reference.shrinkage, absolute: 1e-12, reference.name)
      expectClose(fit.covariance, reference.matrix, relative: 1e-10, reference.name)
    }
  }

  /// The sizes of the returns do not matter, only their directions.
  @Test func directionsOnly() throws {
    let matrix = try randomReturns(60, 4, seed: 3)
    var other = matrix
    for i in 0..<60 { for j in 0..<4 { other[i, j] *= Double(1 + i % 7) } }
    let one = try TylerCovariance(center: .zero).unlabeledCovariance(from: matrix).matrix
    let two = try TylerCovariance(center: .zero).unlabeledCovariance(from: other).matrix
    let factor = two[0, 0] / one[0, 0]
    for i in 0..<4 {
      for j in 0..<4 { expectClose(two[i, j], factor * one[i, j], absolute: 1e-10 * largest(two)) }
    }
  }

  @Test func settings() throws {
    let matrix = try randomReturns(40, 2, seed: 8)
    for share in [0, -0.1, 1.1, .nan] {
      #expect(throws: EstimationError.self) {
        try TylerCovariance(shrinkage: .fixed(share)).unlabeledCovariance(from: matrix)
      }
    }
    #expect(throws: EstimationError.self) {
      try TylerCovariance(maximumIterations: 0).unlabeledCovariance(from: matrix)
    }
    // Below 1 − T/N there is no fixed point.
    #expect(throws: EstimationError.self) {
      try TylerCovariance(shrinkage: .fixed(0.4)).unlabeledCovariance(
        from: randomReturns(10, 20, seed: 1))
    }
    let early = try TylerCovariance(maximumIterations: 1).unlabeledFit(matrix)
    #expect(!early.isConverged && early.residual > 1e-6)
    let whole = try TylerCovariance(shrinkage: .fixed(1)).unlabeledCovariance(from: matrix).matrix
    #expect(whole[0, 1] == 0)
  }

  /// More than d/N of the rows in a space of d dimensions: no shape is fixed.
  @Test(arguments: [22, 24, 30]) func planesAreNamed(count: Int) throws {
    var matrix = try randomReturns(40, 2, seed: 8)
    for i in 0..<count { matrix[i, 1] = 2 * matrix[i, 0] }
    #expect(throws: EstimationError.notPositiveDefinite) {
      try TylerCovariance(center: .zero).unlabeledFit(matrix)
    }
  }

  @Test func fewRowsInAPlane() throws {
    var matrix = try randomReturns(40, 2, seed: 8)
    for i in 0..<16 { matrix[i, 1] = 2 * matrix[i, 0] }
    #expect(try TylerCovariance(center: .zero).unlabeledFit(matrix).isConverged)
  }
}

@Suite struct MinimumCovarianceDeterminantTests {
  @Test func findsTheBestOfAllSubsets() throws {
    for reference in try RobustReference.load().determinants {
      let fraction = (Double(reference.supportCount) + 0.5) / Double(reference.rows.count)
      let fit = try MinimumCovarianceDeterminant(supportFraction: fraction)
        .unlabeledFit(Matrix(rows: reference.rows))
      #expect(fit.support == reference.support, "\(reference.name)")
      #expect(fit.inliers == reference.inliers, "\(reference.name)")
      expectClose(fit.logDeterminant, reference.logDeterminant, absolute: 1e-10, reference.name)
      expectClose(fit.covariance, reference.matrix, relative: 1e-11, reference.name)
      expectClose(fit.rawCovariance, reference.raw, relative: 1e-11, reference.name)
      for (value, expected) in zip(fit.location, reference.location) {
        expectClose(value, expected, absolute: 1e-14)
      }
    }
  }

  /// Of one asset, against every run of sorted values; far outliers leave the bits alone.
  @Test(arguments: [0.5, 0.6, 0.9, 0.99]) func oneAsset(share: Double) throws {
    for (count, outliers) in [(31, 0), (40, 3), (57, 5)] {
      var values = try randomReturns(count, 1, seed: UInt64(count))
      for i in 0..<outliers { values[3 * i, 0] = i % 2 == 0 ? -1e6 : 1e3 }
      let fit = try MinimumCovarianceDeterminant(supportFraction: share).unlabeledFit(values)
      let rows = (0..<count).sorted { values[$0, 0] < values[$1, 0] }
      let h = fit.support.count
      #expect(h == Int(share * Double(count)))
      func spread(_ start: Int) -> Double {
        let run = rows[start..<(start + h)].map { values[$0, 0] }
        let mean = run.reduce(0, +) / Double(h)
        return run.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      }
      let best = (0...(count - h)).min { spread($0) < spread($1) } ?? 0
      #expect(fit.support == rows[best..<(best + h)].sorted())
    }
  }

  @Test func isNotAboveScikitLearn() throws {
    for reference in try RobustReference.load().fastDeterminants {
      let fit = try MinimumCovarianceDeterminant(startCount: 60)
        .unlabeledFit(Matrix(rows: reference.rows))
      #expect(fit.support.count == reference.supportCount, "\(reference.name)")
      #expect(fit.logDeterminant <= reference.logDeterminant + 1e-9, "\(reference.name)")
      if fit.support == reference.support {
        #expect(fit.inliers == reference.inliers, "\(reference.name)")
        expectClose(fit.covariance, reference.matrix, relative: 1e-10, reference.name)
      }
    }
  }

  @Test func settings() throws {
    let matrix = try randomReturns(40, 2, seed: 8)
    for share in [0.4, 1.1, .nan] {
      #expect(throws: EstimationError.self) {
        try MinimumCovarianceDeterminant(supportFraction: share).unlabeledCovariance(from: matrix)
      }
    }
    for count in [0, 100_001, .max] {
      #expect(throws: EstimationError.self) {
        try MinimumCovarianceDeterminant(startCount: count).unlabeledCovariance(from: matrix)
      }
    }
    let whole = try MinimumCovarianceDeterminant(supportFraction: 1).unlabeledFit(matrix)
    #expect(whole.support == Array(0..<40))
  }

  /// Most returns of an asset are zero: the subset lies in a plane.
  @Test func planesAreNamed() throws {
    var matrix = try randomReturns(40, 2, seed: 8)
    for i in 0..<30 { matrix[i, 1] = 0 }
    #expect(throws: EstimationError.notPositiveDefinite) {
      try MinimumCovarianceDeterminant().unlabeledCovariance(from: matrix)
    }
  }
}
