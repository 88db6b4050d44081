import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// Every estimator that takes any complete returns, by name.
let covarianceEstimators: [(name: String, estimator: any CovarianceEstimator)] = [
  ("sample", SampleCovariance()),
  ("ewma", EWMACovariance(halfLife: 11)),
  ("ewmaCentered", EWMACovariance(halfLife: 4.5, mean: .weighted)),
  ("semicovariance", Semicovariance(threshold: .uniform(0.001))),
  ("semicovarianceMean", Semicovariance(threshold: .mean)),
  ("identity", LedoitWolf()),
  ("constantCorrelation", LedoitWolf(target: .constantCorrelation)),
  ("singleFactor", LedoitWolf(target: .singleFactor)),
  ("oas", OracleApproximatingShrinkage()),
  ("analytical", AnalyticalShrinkage()),
  ("quadraticInverse", QuadraticInverseShrinkage()),
  ("denoised", DenoisedCovariance()),
  ("targeted", DenoisedCovariance(method: .targeted(share: 0.3))),
  ("detoned", DenoisedCovariance(detonedCount: 1)),
  ("principal", PrincipalFactors(count: .informationCriterion2(maximum: 1))),
  ("principalPlain", PrincipalFactors(count: .fixed(1), isStandardized: false)),
  ("poet", POETCovariance(factorCount: 0)),
  ("gerber", GerberCovariance()),
  ("gerberPairs", GerberCovariance(threshold: 0.7, statistic: .pairs)),
  ("gerberEither", GerberCovariance(statistic: .movesOfEither)),
  ("spearman", RankCovariance(.spearman)),
  ("kendall", RankCovariance(.kendall)),
  ("graphicalLasso", GraphicalLasso(penalty: 0.5)),
  ("tylerOracle", TylerCovariance(shrinkage: .oracle)),
]

/// The estimators that need correlations.
let correlationEstimators: Set = [
  "constantCorrelation", "denoised", "targeted", "detoned", "principal", "gerber", "gerberPairs",
  "gerberEither",
  "spearman",
  "kendall", "graphicalLasso", "tylerOracle",
]

private func largest(_ matrix: SymmetricMatrix) -> Double {
  matrix.diagonal.reduce(0) { max($0, $1.magnitude) }
}

@Suite struct CovarianceEstimatorReferenceTests {
  struct File: Decodable {
    struct Case: Decodable {
      let name: String
      let rows: [[Double]]
      /// The largest eigenvalue over the least one that is not zero.
      let condition: Double
      let matrices: [String: [[Double]]]
      let oasIntensity: Double
      let constantCorrelationIntensity: Double
      let singleFactorIntensity: Double
    }
    let cases: [Case]
  }

  @Test func agreeWithTheFormulasPairByPair() throws {
    var count = 0
    for reference in try Reference.load(File.self, "covariance").cases {
      let matrix = try Matrix(rows: reference.rows)
      let intensities = [
        "oas": reference.oasIntensity,
        "constantCorrelation": reference.constantCorrelationIntensity,
        "singleFactor": reference.singleFactorIntensity,
      ]
      for (name, estimator) in covarianceEstimators {
        guard let expected = reference.matrices[name] else { continue }
        count += 1
        let estimate = try estimator.unlabeledCovariance(from: matrix)
        let size = expected.joined().reduce(0) { max($0, $1.magnitude) }
        // Formulas with the inverse eigenvalues know them as well as the least one is known.
        let isNonlinear = ["analytical", "quadraticInverse"].contains(name)
        let share = 1e-12 + (isNonlinear ? 10 * Double.ulpOfOne * reference.condition : 0)
        for (i, row) in expected.enumerated() {
          for (j, value) in row.enumerated() {
            expectClose(
              estimate.matrix[i, j], value, absolute: share * size,
              "\(reference.name) \(name) \(i) \(j)")
          }
        }
        if let intensity = intensities[name] {
          expectClose(
            estimate.diagnostics.shrinkageIntensity ?? .nan, intensity, absolute: 1e-12,
            "\(reference.name) \(name)")
        }
      }
    }
    #expect(count == 7 * 12)
  }
}

@Suite struct CovarianceEstimatorPropertyTests {
  @Test func assetOrderNeverChangesABit() throws {
    for seed in 0..<6 {
      let columns = 2 + 3 * seed
      let rows = [14, 17, 300][seed % 3]
      let matrix = try randomReturns(rows, columns, seed: UInt64(seed))
      let names = (0..<columns).map { "asset \($0)" }
      var generator = SeededGenerator(seed: UInt64(seed) + 1000)
      let order = Array(0..<columns).shuffled(using: &generator)
      let permuted = try Matrix(columns: order.map { j in (0..<rows).map { matrix[$0, j] } })
      for (name, estimator) in covarianceEstimators {
        let left = try estimator.covariance(from: labeled(matrix, names: names)).matrix
        let right = try estimator.covariance(
          from: labeled(permuted, names: order.map { names[$0] })
        ).matrix
        let plain = try estimator.unlabeledCovariance(from: permuted).matrix
        // See the test of references: near N = T the inverse eigenvalues are known less well.
        let isIllPosed = name == "analytical" && columns + 3 >= rows
        var isSame = true
        for (i, from) in order.enumerated() {
          for (j, other) in order.enumerated() {
            isSame = isSame && left[from, other].bitPattern == right[i, j].bitPattern
            expectClose(
              plain[i, j], left[from, other],
              absolute: (isIllPosed ? 1e-9 : 1e-12) * largest(left), "\(name) \(rows) \(columns)")
          }
        }
        #expect(isSame, "\(name)")
      }
    }
  }

  @Test(arguments: [1e-150, 1e-8, 1e-3, 1e4, 1e150])
  func scale(factor: Double) throws {
    let matrix = try randomReturns(40, 6, seed: 9)
    let scaled = try Matrix(
      rowCount: 40, columnCount: 6,
      columnMajor: matrix.columnMajorElements.map { $0 * factor })
    for (name, estimator) in covarianceEstimators where name != "semicovariance" {
      let one = try estimator.unlabeledCovariance(from: matrix)
      let other = try estimator.unlabeledCovariance(from: scaled)
      for i in 0..<6 {
        for j in 0..<6 {
          expectClose(
            other.matrix[i, j] / factor / factor, one.matrix[i, j],
            absolute: 1e-11 * largest(one.matrix), name)
        }
      }
    }
  }

  @Test func constantColumnsHaveZeroRowsOrAreNamed() throws {
    var matrix = try randomReturns(40, 4, seed: 3)
    for i in 0..<40 { matrix[i, 2] = 0.1 }
    let returns = try labeled(matrix, names: ["D", "C", "USDC", "A"])
    for (name, estimator) in covarianceEstimators {
      if correlationEstimators.contains(name) {
        #expect(throws: EstimationError.zeroVariance(asset: "USDC", column: 2)) {
          try estimator.covariance(from: returns)
        }
        continue
      }
      let matrix = try estimator.covariance(from: returns).matrix
      // Zero-mean weights see a constant as a move; shrinkage toward the identity gives it the mean variance.
      if ["identity", "oas", "ewma"].contains(name) { continue }
      for i in 0..<4 { #expect(matrix[2, i] == 0, "\(name) \(i)") }
      #expect(matrix[0, 0] > 0 && matrix[0, 0].isFinite)
    }
  }

  @Test func copiesStayCopies() throws {
    var matrix = try randomReturns(60, 5, seed: 4)
    for i in 0..<60 { matrix[i, 3] = matrix[i, 0] }
    for (name, estimator) in covarianceEstimators {
      let estimate = try estimator.unlabeledCovariance(from: matrix).matrix
      let isShrunk = [
        "identity", "oas", "constantCorrelation", "singleFactor", "graphicalLasso", "tylerOracle",
      ]
      .contains(name)
      let isDenoised = ["denoised", "targeted", "detoned"].contains(name)
      for j in 0..<5 where j != 0 && j != 3 {
        expectClose(estimate[0, j], estimate[3, j], absolute: 1e-12 * largest(estimate), name)
      }
      // Factors leave each asset a variance of its own.
      let hasOwn = ["principal", "principalPlain", "poet"].contains(name)
      if isShrunk || isDenoised || hasOwn { continue }
      expectClose(estimate[0, 3], estimate[0, 0], absolute: 1e-12 * largest(estimate), name)
    }
  }

  @Test func nullSpaceOfFewObservationsGetsVariance() throws {
    let matrix = try randomReturns(20, 45, seed: 5)
    for estimator in [
      AnalyticalShrinkage(examination: .eigenvalues) as any CovarianceEstimator,
      QuadraticInverseShrinkage(examination: .eigenvalues),
    ] {
      let diagnostics = try estimator.unlabeledCovariance(from: matrix).diagnostics
      #expect(diagnostics.leastEigenvalue ?? 0 > 0)
      #expect(diagnostics.conditionNumber ?? .infinity < 1e4)
    }
  }

  /// Shrunk estimates are closer to the truth than the sample, on average over samples.
  @Test func shrinkageBeatsTheSample() throws {
    let (rows, columns) = (60, 40)
    let truth = (0..<columns).map { 1 + 3 * Double($0) / Double(columns) }
    var losses: [String: Double] = [:]
    for seed in 0..<6 {
      var generator = SeededGenerator(seed: UInt64(seed) + 500)
      var matrix = try Matrix(rowCount: rows, columnCount: columns)
      for i in 0..<rows {
        for j in 0..<columns { matrix[i, j] = generator.gaussian() * truth[j].squareRoot() }
      }
      for (name, estimator) in covarianceEstimators {
        let estimate = try estimator.unlabeledCovariance(from: matrix).matrix
        var loss = 0.0
        for i in 0..<columns {
          for j in 0..<columns {
            let difference = estimate[i, j] - (i == j ? truth[i] : 0)
            loss += difference * difference
          }
        }
        losses[name, default: 0] += loss
      }
    }
    let sample = losses["sample"] ?? 0
    for name in [
      "identity", "constantCorrelation", "singleFactor", "oas", "analytical", "quadraticInverse",
      "denoised", "targeted",
    ] { #expect(losses[name] ?? .infinity < 0.5 * sample, "\(name)") }
  }

  /// Elements of these estimators are their own: an asset more, or fewer, changes none of the others.
  @Test func anAssetMoreChangesNoNumber() throws {
    let matrix = try randomReturns(300, 40, seed: 12)
    let part = try Matrix(columns: (0..<11).map { j in (0..<300).map { matrix[$0, j] } })
    let own: Set = ["sample", "ewma", "ewmaCentered", "semicovariance", "semicovarianceMean"]
    for (name, estimator) in covarianceEstimators where own.contains(name) {
      let whole = try estimator.unlabeledCovariance(from: matrix).matrix
      let some = try estimator.unlabeledCovariance(from: part).matrix
      for i in 0..<11 {
        for j in 0..<11 {
          expectClose(some[i, j], whole[i, j], absolute: 1e-12 * largest(some), name)
        }
      }
    }
  }

  /// An estimate as of a time does not see later rows, whatever stands in them.
  @Test func truncation() throws {
    let returns = try labeled(randomReturns(80, 4, seed: 13))
    var scrambled = returns.values
    for t in 50..<80 {
      for j in 0..<4 { scrambled[t, j] = Double((7 * t + 3 * j) % 11) / 10 - 0.5 }
    }
    let other = try labeled(scrambled)
    let time = returns.timestamps[49]
    for (name, estimator) in covarianceEstimators {
      let cut = try estimator.covariance(from: returns.prefix(50))
      #expect(try estimator.covariance(from: returns.until(time)) == cut, "\(name)")
      #expect(try estimator.covariance(from: other.until(time)) == cut, "\(name)")
    }
  }

  @Test func weightsOfLongHistoriesEnd() throws {
    let matrix = try randomReturns(900, 3, seed: 6)
    let long = try EWMACovariance(halfLife: 2).unlabeledCovariance(from: matrix).matrix
    let tail = try Matrix(
      columns: (0..<3).map { j in (450..<900).map { matrix[$0, j] } })
    let short = try EWMACovariance(halfLife: 2).unlabeledCovariance(from: tail).matrix
    #expect(long == short)
  }
}

@Suite struct CovarianceEstimatorInputTests {
  @Test func settings() throws {
    let matrix = try randomReturns(30, 3, seed: 1)
    for halfLife in [0, -1, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try EWMACovariance(halfLife: halfLife).unlabeledCovariance(from: matrix)
      }
    }
    _ = try EWMACovariance(halfLife: 1e-300).unlabeledCovariance(from: matrix)
    _ = try EWMACovariance(halfLife: 1e300).unlabeledCovariance(from: matrix)
    for threshold in [Double.nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try Semicovariance(threshold: .uniform(threshold)).unlabeledCovariance(from: matrix)
      }
    }
    for count in [-1, 3, .max] {
      #expect(throws: EstimationError.self) {
        try DenoisedCovariance(detonedCount: count).unlabeledCovariance(from: matrix)
      }
    }
    for share in [-0.1, 1.1, .nan] {
      #expect(throws: EstimationError.self) {
        try DenoisedCovariance(method: .targeted(share: share)).unlabeledCovariance(from: matrix)
      }
    }
  }

  @Test func badReturnsAreNamed() throws {
    for (name, estimator) in covarianceEstimators {
      var matrix = try randomReturns(30, 3, seed: 1)
      matrix[11, 2] = .nan
      #expect(throws: EstimationError.self, "\(name)") {
        try estimator.unlabeledCovariance(from: matrix)
      }
      let short = try randomReturns(estimator.minimumObservationCount - 1, 3, seed: 2)
      #expect(
        throws: EstimationError.tooFewObservations(
          got: short.rowCount, required: estimator.minimumObservationCount), "\(name)"
      ) { try estimator.unlabeledCovariance(from: short) }
      let least = try randomReturns(estimator.minimumObservationCount, 3, seed: 2)
      let estimate = try estimator.unlabeledCovariance(from: least).matrix
      #expect(estimate.firstNonFiniteElement == nil, "\(name)")
      let one =
        try estimator is DenoisedCovariance && name == "detoned"
        ? nil : estimator.unlabeledCovariance(from: randomReturns(20, 1, seed: 3)).matrix
      if let one { #expect(one[0, 0] > 0 && one[0, 0].isFinite, "\(name)") }
    }
  }

  @Test func noRowsAreRefusedForEveryone() throws {
    struct Careless: CovarianceEstimator {
      var examination: CovarianceExamination { .basic }
      var minimumObservationCount: Int { 0 }

      func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
        try SampleCovariance().estimate(from: returns)
      }
    }
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 1)) {
      try Careless().unlabeledCovariance(from: Matrix(rowCount: 0, columnCount: 2))
    }
  }

  /// What is left of near copies when their market is taken out is rounding.
  @Test func detonedCopiesHaveNoCorrelations() throws {
    let matrix = try randomReturns(200, 1, seed: 8)
    let copies = try Matrix(
      columns: (0..<3).map { (j: Int) -> [Double] in
        (0..<200).map { (i: Int) -> Double in
          let wobble = Double((i * (j + 3)) % 7)
          return matrix[i, 0] * (1 + 5e-9 * wobble)
        }
      })
    let detoned = try DenoisedCovariance(detonedCount: 1).unlabeledCovariance(from: copies).matrix
    #expect(detoned[0, 0] > 0)
    #expect(detoned[0, 1].magnitude < 1e-3 * detoned[0, 0])
  }

  @Test func ownEstimators() throws {
    struct Diagonal: CovarianceEstimator {
      var examination = CovarianceExamination.eigenvalues

      func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
        let variances = (0..<returns.columnCount).map { position in
          let column = returns.column(position)
          let mean = column.reduce(0, +) / Double(column.count)
          return column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
        }
        return UnlabeledCovariance(
          form: .factor(
            FactorCovariance(
              loadings: try Matrix.noColumns(rowCount: variances.count),
              factorCovariance: try SymmetricMatrix.empty, specificVariances: variances)))
      }
    }
    let returns = try labeled(randomReturns(30, 3, seed: 1), names: ["C", "A", "B"])
    let covariance = try Diagonal().covariance(from: returns)
    let sample = try SampleCovariance(divisor: .observationCount).covariance(from: returns)
    for i in 0..<3 { expectClose(covariance.matrix[i, i], sample.matrix[i, i], relative: 1e-13) }
    #expect(covariance.matrix[0, 1] == 0)
    #expect(covariance.diagnostics.leastEigenvalue != nil)
  }
}

extension Span where Element == Double {
  fileprivate var elementsForTests: [Double] { indices.map { self[$0] } }
}

extension Matrix {
  fileprivate static func noColumns(rowCount: Int) throws(EstimationError) -> Matrix {
    guard let matrix = try? Matrix(rowCount: rowCount, columnCount: 0) else {
      throw .notRepresentable(result: "loadings")
    }
    return matrix
  }
}

extension SymmetricMatrix {
  fileprivate static var empty: SymmetricMatrix {
    get throws(EstimationError) {
      guard let matrix = try? SymmetricMatrix(order: 0) else {
        throw .notRepresentable(result: "factorCovariance")
      }
      return matrix
    }
  }
}
