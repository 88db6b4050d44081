import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

struct RobustReference: Decodable {
  struct Pairs: Decodable {
    struct Gerber: Decodable {
      let statistic: Int
      let threshold: Double
      let ddof: Int
      let matrix: [[Double]]
      let isRepaired: Bool
    }
    struct Rank: Decodable {
      let statistic: String
      let raw: Bool
      let matrix: [[Double]]
    }
    let name: String
    let rows: [[Double]]
    let gerber: [Gerber]
    let rank: [Rank]
  }
  struct Lasso: Decodable {
    let name: String
    let rows: [[Double]]
    let penalty: Double
    let covariance: [[Double]]
    let precision: [[Double]]
  }
  struct Student: Decodable {
    let name: String
    let rows: [[Double]]
    let observed: [[Bool]]
    let givenDegrees: Double?
    let location: [Double]
    let scatter: [[Double]]
    let degreesOfFreedom: Double
    let logLikelihood: Double
  }
  struct Tyler: Decodable {
    let name: String
    let rows: [[Double]]
    let isOracle: Bool
    let matrix: [[Double]]
    let shrinkage: Double
  }
  struct Determinant: Decodable {
    let name: String
    let rows: [[Double]]
    let supportCount: Int
    let logDeterminant: Double
    let support: [Int]
    let raw: [[Double]]
    let location: [Double]
    let matrix: [[Double]]
    let inliers: [Int]
  }
  let pairs: [Pairs]
  let lassos: [Lasso]
  let students: [Student]
  let tylers: [Tyler]
  let determinants: [Determinant]
  let fastDeterminants: [Determinant]

  static func load() throws -> Self { try Reference.load(Self.self, "robust_covariance") }
}

/// Compares a matrix with rows, relative to the largest of them.
func expectClose(
  _ matrix: SymmetricMatrix,
  _ rows: [[Double]],
  relative: Double,
  _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let size = rows.joined().reduce(0) { max($0, $1.magnitude) }
  #expect(matrix.order == rows.count, sourceLocation: sourceLocation)
  for (i, row) in rows.enumerated() {
    for (j, value) in row.enumerated() {
      expectClose(
        matrix[i, j], value, absolute: relative * size, "\(label) \(i) \(j)",
        sourceLocation: sourceLocation)
    }
  }
}

@Suite struct GerberCovarianceTests {
  @Test func countsLikeTheDefinition() throws {
    var repaired = 0
    for reference in try RobustReference.load().pairs {
      let matrix = try Matrix(rows: reference.rows)
      for item in reference.gerber {
        let estimate = try GerberCovariance(
          threshold: item.threshold, statistic: #require(.init(rawValue: item.statistic)),
          divisor: item.ddof == 0 ? .observationCount : .observationCountMinusOne
        ).unlabeledCovariance(from: matrix)
        expectClose(
          estimate.matrix, item.matrix, relative: 1e-12,
          "\(reference.name) \(item.statistic) \(item.threshold)")
        #expect((estimate.diagnostics.repairNorm ?? -1 > 0) == item.isRepaired)
        repaired += item.isRepaired ? 1 : 0
      }
    }
    #expect(repaired > 3)
  }

  /// Counts are exact at every instruction set, for every length around words and registers.
  @Test func levelsAgree() throws {
    var generator = SeededGenerator(seed: 3)
    for rows in [2, 7, 63, 64, 65, 511, 512, 513, 700] {
      let order = 11
      let columns = (0..<order).map { _ in (0..<rows).map { _ in generator.gaussian() } }
      var expected: ([UInt32], [UInt32])?
      for level in Kernels.Level.allCases {
        var planes = SignPlanes(rowCount: rows, order: order, level: level)
        for (j, column) in columns.enumerated() {
          planes.set(j, from: column.span, scale: 1, center: 0.1, threshold: 0.5)
        }
        var both = [UInt32](repeating: 0, count: order * order)
        var against = both
        planes.agreement(0..<order, both: &both, against: &against)
        if let expected { #expect(both == expected.0 && against == expected.1, "\(level) \(rows)") }
        expected = (both, against)
        let moves = columns[4].reduce(0) { $0 + (($1 - 0.1).magnitude >= 0.5 ? 1 : 0) }
        #expect(planes.moveCount(4) == moves && Int(both[4 + 4 * order]) == moves)
      }
    }
  }

  @Test func assetsThatNeverMoveTogether() throws {
    let matrix = try Matrix(columns: [
      [1, -1, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [1, 1, -1, 1, 1, -1],
    ])
    for statistic in [GerberCovariance.Statistic.pairs, .movesOfEither, .movesOfEach] {
      let estimate = try GerberCovariance(statistic: statistic).unlabeledCovariance(from: matrix)
      #expect(estimate.matrix[0, 1] == 0)
      // No move is as large as ten deviations.
      let quiet = try GerberCovariance(threshold: 10, statistic: statistic)
        .unlabeledCovariance(from: matrix)
      #expect(quiet.matrix[0, 2] == 0 && quiet.matrix[2, 2] > 0)
      #expect(quiet.diagnostics.repairNorm == 0)
    }
  }

  @Test func settings() throws {
    let matrix = try randomReturns(30, 3, seed: 1)
    for threshold in [0, -0.5, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try GerberCovariance(threshold: threshold).unlabeledCovariance(from: matrix)
      }
    }
    _ = try GerberCovariance(threshold: 1e300).unlabeledCovariance(from: matrix)
    _ = try GerberCovariance(threshold: 1e-300).unlabeledCovariance(from: matrix)
  }

  /// One wild return counts as one move.
  @Test func outliersCountOnce() throws {
    var matrix = try randomReturns(200, 2, seed: 4)
    let before = try GerberCovariance().unlabeledCovariance(from: matrix).matrix
    matrix[7, 0] = 2
    matrix[7, 1] = -2
    let after = try GerberCovariance(threshold: 0.05).unlabeledCovariance(from: matrix).matrix
    let sample = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
    func correlation(_ m: SymmetricMatrix) -> Double { m[0, 1] / (m[0, 0] * m[1, 1]).squareRoot() }
    #expect(correlation(before) > 0 && correlation(after) > -0.1 && correlation(sample) < -0.8)
  }
}

@Suite struct RankCovarianceTests {
  @Test func agreesWithSciPy() throws {
    var count = 0
    for reference in try RobustReference.load().pairs {
      let matrix = try Matrix(rows: reference.rows)
      for item in reference.rank {
        let estimate = try RankCovariance(
          item.statistic == "spearman" ? .spearman : .kendall,
          mapping: item.raw ? .raw : .elliptical
        ).unlabeledCovariance(from: matrix)
        expectClose(
          estimate.matrix, item.matrix, relative: 1e-12,
          "\(reference.name) \(item.statistic) \(item.raw)")
        count += 1
      }
    }
    #expect(count == 20)
  }

  /// Kendall pair by pair, with ties, for every length around the runs of the merge.
  @Test func countsEveryPair() throws {
    var generator = SeededGenerator(seed: 12)
    for rows in Array(2...20) + [31, 33, 64, 65, 100] {
      let matrix = try Matrix(
        columns: (0..<2).map { _ in
          var column = (0..<rows).map { _ in Double(generator.next() % 9) / 100 }
          column[0] = -0.01
          return column
        })
      let estimate = try RankCovariance(.kendall, mapping: .raw).unlabeledCovariance(from: matrix)
      var (difference, first, second) = (0.0, 0.0, 0.0)
      for i in 0..<rows {
        for j in 0..<i {
          let x = (matrix[i, 0] - matrix[j, 0]).signum
          let y = (matrix[i, 1] - matrix[j, 1]).signum
          difference += x * y
          first += x * x
          second += y * y
        }
      }
      let m = estimate.matrix
      expectClose(
        m[0, 1], difference / (first * second).squareRoot() * (m[0, 0] * m[1, 1]).squareRoot(),
        absolute: 1e-14, "\(rows)")
    }
  }

  /// Ranks see no difference between a series and any rising function of it.
  @Test func ranksOfRisingFunctions() throws {
    let matrix = try randomReturns(80, 4, seed: 3)
    let other = try Matrix(
      rowCount: 80, columnCount: 4,
      columnMajor: matrix.columnMajorElements.map { $0 * $0 * $0 })
    for statistic in [RankCovariance.Statistic.spearman, .kendall] {
      let one = try RankCovariance(statistic).unlabeledCovariance(from: matrix).matrix
      let two = try RankCovariance(statistic).unlabeledCovariance(from: other).matrix
      for i in 0..<4 {
        for j in 0..<i {
          expectClose(
            one[i, j] / (one[i, i] * one[j, j]).squareRoot(),
            two[i, j] / (two[i, i] * two[j, j]).squareRoot(), absolute: 1e-13)
        }
      }
    }
  }
}

extension Double {
  fileprivate var signum: Double { self > 0 ? 1 : self < 0 ? -1 : 0 }
}
