import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// Labeled returns for tests.
func labeled(_ matrix: Matrix, names: [String]? = nil) throws -> SimpleReturns {
  let names = names ?? (0..<matrix.columnCount).map { "A\($0)" }
  return try SimpleReturns(
    universe: Universe(names.map { AssetID($0) }),
    timestamps: (0..<matrix.rowCount).map {
      Timestamp(nanosecondsSinceEpoch: Int64($0) * 86_400_000_000_000)
    },
    values: matrix)
}

/// Returns with a common factor, from a seed.
func randomReturns(_ rows: Int, _ columns: Int, seed: UInt64, scale: Double = 0.02) throws -> Matrix
{
  var generator = SeededGenerator(seed: seed)
  var matrix = try Matrix(rowCount: rows, columnCount: columns)
  for i in 0..<rows {
    let factor = generator.gaussian()
    for j in 0..<columns {
      matrix[i, j] = scale * (0.5 * factor + generator.gaussian() * (1 + Double(j % 3)))
    }
  }
  return matrix
}

@Suite struct CovarianceReferenceTests {
  struct File: Decodable {
    struct Case: Decodable {
      let name: String
      let rows: [[Double]]
      let means: [Double]
      let sample: [[Double]]
      let ledoitWolf: [[Double]]
      let shrinkage: Double
      let largestEigenvalue: Double
      let leastEigenvalue: Double
      let conditionNumber: Double
      let effectiveRank: Double
    }
    let cases: [Case]
  }

  static func expect(_ matrix: SymmetricMatrix, _ rows: [[Double]], _ name: String) {
    let largest = rows.joined().reduce(0) { max($0, $1.magnitude) }
    for (i, row) in rows.enumerated() {
      for (j, value) in row.enumerated() {
        expectClose(matrix[i, j], value, absolute: 1e-12 * largest, "\(name) \(i) \(j)")
      }
    }
  }

  @Test func agreesWithScikitLearn() throws {
    for reference in try Reference.load(File.self, "estimation").cases {
      let matrix = try Matrix(rows: reference.rows)
      let returns = try labeled(matrix)
      let shrunk = try LedoitWolf(examination: .eigenvalues).covariance(from: returns)
      Self.expect(shrunk.matrix, reference.ledoitWolf, reference.name)
      let diagnostics = shrunk.diagnostics
      expectClose(
        diagnostics.shrinkageIntensity ?? .nan, reference.shrinkage, absolute: 1e-12,
        reference.name)
      #expect(diagnostics.observationCount == matrix.rowCount)
      expectClose(
        diagnostics.leastEigenvalue ?? .nan, reference.leastEigenvalue,
        absolute: 1e-13 * reference.largestEigenvalue)
      if reference.conditionNumber < 1e8 {
        expectClose(
          diagnostics.conditionNumber ?? .nan, reference.conditionNumber, relative: 1e-9)
        expectClose(diagnostics.effectiveRank ?? .nan, reference.effectiveRank, relative: 1e-10)
      }
      let sample = try SampleCovariance().covariance(from: returns)
      Self.expect(sample.matrix, reference.sample, reference.name)
      #expect(sample.diagnostics.leastEigenvalue == nil)
      let largestMean = reference.means.reduce(0) { max($0, $1.magnitude) }
      for (value, mean) in zip(
        try SampleMean().expectedReturns(from: returns).values, reference.means)
      {
        expectClose(value, mean, absolute: 1e-13 * max(largestMean, 1e-10))
      }
      let unlabeled = try LedoitWolf(examination: .eigenvalues).unlabeledCovariance(from: matrix)
      Self.expect(unlabeled.matrix, reference.ledoitWolf, reference.name)
    }
  }

  @Test func divisors() throws {
    let matrix = try randomReturns(9, 3, seed: 1)
    let unbiased = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
    let likely = try SampleCovariance(divisor: .observationCount).unlabeledCovariance(
      from: matrix
    ).matrix
    for i in 0..<3 { expectClose(likely[i, i] * 9 / 8, unbiased[i, i], relative: 1e-14) }
  }
}

@Suite struct CovarianceInvariantTests {
  @Test(arguments: 0..<30) func permutationBitwise(seed: Int) throws {
    let columns = 2 + seed % 13
    let rows = [3, 17, 600, 1500][seed % 4]
    let matrix = try randomReturns(rows, columns, seed: UInt64(seed))
    let names = (0..<columns).map { "asset \($0)" }
    var generator = SeededGenerator(seed: UInt64(seed) + 1000)
    let order = Array(0..<columns).shuffled(using: &generator)
    let permuted = try Matrix(
      columns: order.map { j in (0..<rows).map { matrix[$0, j] } })
    let first = try labeled(matrix, names: names)
    let second = try labeled(permuted, names: order.map { names[$0] })
    let estimates = [
      (
        try LedoitWolf(examination: .eigenvalues).covariance(from: first),
        try LedoitWolf(examination: .eigenvalues).covariance(from: second)
      ),
      (
        try SampleCovariance().covariance(from: first),
        try SampleCovariance().covariance(from: second)
      ),
    ]
    for (left, right) in estimates {
      for (i, from) in order.enumerated() {
        for (j, other) in order.enumerated() {
          #expect(left.matrix[from, other].bitPattern == right.matrix[i, j].bitPattern)
        }
      }
      #expect(left.diagnostics.shrinkageIntensity == right.diagnostics.shrinkageIntensity)
      expectClose(
        left.diagnostics.leastEigenvalue ?? 0, right.diagnostics.leastEigenvalue ?? 0,
        absolute: 1e-14)
    }
    let means = try SampleMean().expectedReturns(from: first)
    let permutedMeans = try SampleMean().expectedReturns(from: second)
    for asset in means.universe.assets { #expect(means[asset] == permutedMeans[asset]) }
    let unlabeled = try LedoitWolf().unlabeledCovariance(from: matrix).matrix
    let unlabeledPermuted = try LedoitWolf().unlabeledCovariance(from: permuted).matrix
    for (i, from) in order.enumerated() {
      expectClose(
        unlabeled[from, from], unlabeledPermuted[i, i], relative: 1e-12)
    }
  }

  @Test(arguments: [1e-300, 1e-140, 1e-60, 1e-8, 1e4, 1e60, 1e140])
  func scaleEquivariance(factor: Double) throws {
    let matrix = try randomReturns(50, 6, seed: 9)
    let scaled = try Matrix(
      rowCount: 50, columnCount: 6, columnMajor: matrix.columnMajorElements.map { $0 * factor })
    let base = try LedoitWolf().unlabeledCovariance(from: matrix)
    let other = try LedoitWolf().unlabeledCovariance(from: scaled)
    expectClose(
      other.diagnostics.shrinkageIntensity ?? .nan, base.diagnostics.shrinkageIntensity ?? .nan,
      relative: 1e-10)
    for i in 0..<6 {
      for j in 0..<6 {
        let expected = base.matrix[i, j] * factor * factor
        expectClose(
          other.matrix[i, j], expected, relative: 1e-10, absolute: 20 * .leastNonzeroMagnitude)
      }
    }
  }

  @Test(arguments: 0..<60) func positiveSemidefinite(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rows = Int.random(in: 2...12, using: &generator)
    let columns = seed % 2 == 0 ? 5 * rows : Int.random(in: 1...9, using: &generator)
    let scale = [1e-8, 1e-3, 1, 1e4][seed % 4]
    var matrix = try randomReturns(rows, columns, seed: UInt64(seed) + 50, scale: scale)
    for i in 0..<rows {
      if columns > 2 { matrix[i, 2] = matrix[i, 0] }
      if columns > 3 { matrix[i, 3] = 0.1 }
    }
    for estimate in [
      try LedoitWolf(examination: .eigenvalues).unlabeledCovariance(from: matrix),
      try SampleCovariance(examination: .eigenvalues).unlabeledCovariance(from: matrix),
    ] {
      let diagnostics = estimate.diagnostics
      let least = try #require(diagnostics.leastEigenvalue)
      let largest = estimate.matrix.diagonal.reduce(0, +)
      #expect(least >= -Double(columns) * .ulpOfOne * largest, "seed \(seed)")
      let rank = try #require(diagnostics.effectiveRank)
      #expect(rank >= 0.999 && rank <= Double(columns) * (1 + 1e-12))
    }
    // A constant column has a zero row in the sample covariance.
    if columns > 3 {
      let sample = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
      for i in 0..<columns { #expect(sample[i, 3] == 0) }
    }
  }

  /// A second method: the definition, by loops.
  @Test(arguments: [3, 512, 1023, 1024, 1025, 2060]) func definition(rows: Int) throws {
    let columns = 5
    let matrix = try randomReturns(rows, columns, seed: UInt64(rows))
    let count = Double(rows)
    let means = (0..<columns).map { j in (0..<rows).reduce(0) { $0 + matrix[$1, j] } / count }
    var sample = [[Double]](
      repeating: [Double](repeating: 0, count: columns), count: columns)
    var error = 0.0
    for i in 0..<columns {
      for j in 0..<columns {
        sample[i][j] =
          (0..<rows).reduce(0) {
            $0 + (matrix[$1, i] - means[i]) * (matrix[$1, j] - means[j])
          } / count
        error +=
          (0..<rows).reduce(0) { sum, t in
            let product = (matrix[t, i] - means[i]) * (matrix[t, j] - means[j]) - sample[i][j]
            return sum + product * product
          } / count / count
      }
    }
    let mean = (0..<columns).reduce(0) { $0 + sample[$1][$1] } / Double(columns)
    var distance = 0.0
    for i in 0..<columns {
      for j in 0..<columns {
        let difference = sample[i][j] - (i == j ? mean : 0)
        distance += difference * difference
      }
    }
    let estimate = try LedoitWolf().unlabeledCovariance(from: matrix)
    let intensity = min(error, distance) / distance
    expectClose(estimate.diagnostics.shrinkageIntensity ?? .nan, intensity, relative: 1e-10)
    for i in 0..<columns {
      for j in 0..<columns {
        expectClose(
          estimate.matrix[i, j], (1 - intensity) * sample[i][j] + (i == j ? intensity * mean : 0),
          absolute: 1e-13 * mean)
      }
    }
  }
}

@Suite struct CovarianceEdgeTests {
  @Test func hostileNumbersAtEveryPlace() throws {
    for value in hostileNumbers {
      for row in [0, 3, 11] {
        for column in 0..<3 {
          var matrix = try randomReturns(12, 3, seed: 2)
          matrix[row, column] = value
          if !value.isFinite {
            for attempt in [
              { _ = try LedoitWolf().unlabeledCovariance(from: matrix) },
              { _ = try SampleCovariance().unlabeledCovariance(from: matrix) },
              { _ = try SampleMean().unlabeledExpectedReturns(from: matrix) },
            ] {
              do {
                try attempt()
                Issue.record("\(value) passed")
              } catch EstimationError.invalidReturn(let asset, let badColumn, let badRow, let got) {
                #expect(asset == nil && badColumn == column && badRow == row)
                #expect(got.bitPattern == value.bitPattern || (got.isNaN && value.isNaN))
              }
            }
            continue
          }
          for result in [
            try? LedoitWolf(examination: .eigenvalues).unlabeledCovariance(from: matrix),
            try? SampleCovariance(examination: .eigenvalues).unlabeledCovariance(from: matrix),
          ] {
            if let result {
              #expect(result.matrix.firstNonFiniteElement == nil)
              #expect(result.matrix.diagonal.allSatisfy { $0 >= 0 })
            } else {
              #expect(value.magnitude >= 1e300)
            }
          }
          _ = try? SampleMean().unlabeledExpectedReturns(from: matrix)
          if value >= -1 {
            let returns = try labeled(matrix)
            _ = try? LedoitWolf().covariance(from: returns)
            _ = try? SampleMean().expectedReturns(from: returns)
          }
        }
      }
    }
  }

  @Test func shapes() throws {
    let empty = try Matrix(rowCount: 0, columnCount: 0)
    #expect(throws: EstimationError.assetCountOutOfRange(got: 0, allowed: 1...46_340)) {
      try LedoitWolf().unlabeledCovariance(from: empty)
    }
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 2)) {
      try SampleCovariance().unlabeledCovariance(from: Matrix(rowCount: 0, columnCount: 2))
    }
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 1)) {
      try SampleMean().unlabeledExpectedReturns(from: Matrix(rowCount: 0, columnCount: 2))
    }
    let single = try Matrix(rowCount: 1, columnCount: 1, repeating: 0.3)
    #expect(throws: EstimationError.tooFewObservations(got: 1, required: 2)) {
      try LedoitWolf().unlabeledCovariance(from: single)
    }
    #expect(try SampleMean().unlabeledExpectedReturns(from: single) == [0.3])
    let flat = try Matrix(rowCount: 5, columnCount: 2, repeating: 0.1)
    let estimate = try LedoitWolf(examination: .eigenvalues).unlabeledCovariance(from: flat)
    #expect(estimate.matrix.diagonal == [0, 0])
    #expect(estimate.diagnostics.effectiveRank == 0)
    #expect(estimate.diagnostics.shrinkageIntensity == 0)
  }

  @Test func pricesAreRefused() throws {
    var generator = SeededGenerator(seed: 1)
    let prices = try Matrix(
      columns: [
        (0..<20).map { _ in generator.uniform(-0.1...0.1) },
        (0..<20).map { _ in generator.uniform(90...110) },
      ])
    // A labeled table of prices does not become returns in the first place.
    #expect(throws: DataError.self) { _ = try labeled(prices, names: ["ETH", "BTC"]) }
    let error = #expect(throws: EstimationError.self) {
      _ = try LedoitWolf().unlabeledCovariance(from: prices)
    }
    guard case .pricesGiven(asset: nil, column: 1, let mean)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(mean >= 90)
    #expect(throws: EstimationError.self) {
      try SampleMean().unlabeledExpectedReturns(from: prices)
    }
  }

  @Test func moreAssetsThanObservations() throws {
    let matrix = try randomReturns(20, 400, seed: 3)
    let estimate = try LedoitWolf().unlabeledCovariance(from: matrix)
    #expect(try Cholesky(estimate.matrix).order == 400)
  }
}
