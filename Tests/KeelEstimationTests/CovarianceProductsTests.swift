import KeelData
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// What all covariances of complete returns are made of: products of the columns and sums over them.
@Suite struct CovarianceProductsTests {
  /// Each level against plain loops, for every length around registers and every number of columns around four.
  @Test func rowSumsAtEveryLevel() throws {
    for rows in [1, 2, 3, 7, 8, 9, 16, 31, 65] {
      for order in [1, 2, 4, 5, 11] {
        let matrix = try randomReturns(rows, order, seed: UInt64(rows))
        let columns = Array((0..<order).reversed())
        let means = columns.map { 0.01 * Double($0) }
        let multiples = columns.map { column in
          RowSums.Multiples(
            first: Double(column) - 3, second: 0.5 * Double(column), third: 2 - Double(column))
        }
        for level in Kernels.Level.allCases {
          let sums = RowSums(
            matrix, columns: columns, scale: 4, means: means, level: level
          ) { multiples[$0] }
          for term in RowSums.Term.allCases {
            var (expected, size) = (0.0, 0.0)
            for i in 0..<rows {
              var sum = 0.0
              for (position, column) in columns.enumerated() {
                let y = matrix[i, column] * 4 - means[position]
                let m = multiples[position]
                let value: Double =
                  switch term {
                  case .first: y
                  case .weightedFirst: m.first * y
                  case .second: y * y
                  case .weightedSecond: m.second * y * y
                  case .weightedThird: m.third * y * y * y
                  case .fourth: y * y * y * y
                  }
                sum += value
                size += value.magnitude
              }
              expected += sum
            }
            expectClose(sums.sum(term), expected, absolute: 1e-14 * size, "\(term) \(level)")
          }
        }
      }
    }
  }

  /// Σ x x' − T m m' of the data and Σ (x − m)(x − m)' of centered panels: another asset with a large mean makes the
  /// difference.
  @Test func smallMeansNeedNoCentering() throws {
    for (rows, seed) in [(3, 1), (40, 2), (512, 3), (513, 4), (1100, 5)] {
      let plain = try randomReturns(rows, 6, seed: UInt64(seed))
      var shifted = try Matrix(rowCount: rows, columnCount: 7)
      for i in 0..<rows {
        for j in 0..<6 { shifted[i, j] = plain[i, j] }
        shifted[i, 6] = -3 + 0.01 * plain[i, 2]
      }
      let direct = try SampleCovariance().unlabeledCovariance(from: plain).matrix
      let centered = try SampleCovariance().unlabeledCovariance(from: shifted).matrix
      for i in 0..<6 {
        for j in 0..<6 {
          let size = (direct[i, i] * direct[j, j]).squareRoot()
          expectClose(direct[i, j], centered[i, j], absolute: 1e-14 * size, "\(rows) \(i) \(j)")
        }
      }
      expectClose(centered[6, 6], 1e-4 * centered[2, 2], relative: 1e-12)
    }
  }

  /// Means up to the size of the deviations: against sums of exact differences.
  @Test func meansAsLargeAsDeviations() throws {
    for ratio in [0.5, 0.9, 0.999, 1.001, 1.5, 30] {
      var matrix = try randomReturns(700, 3, seed: 9, scale: 1)
      for j in 0..<3 {
        let deviation = 1.1 * (1 + Double(j))
        for i in 0..<700 { matrix[i, j] -= ratio * deviation }
      }
      let covariance = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
      for j in 0..<3 {
        for k in 0..<3 {
          let (x, y) = ((0..<700).map { matrix[$0, j] }, (0..<700).map { matrix[$0, k] })
          let (m, n) = (x.reduce(0, +) / 700, y.reduce(0, +) / 700)
          let sum = zip(x, y).reduce(0) { $0 + ($1.0 - m) * ($1.1 - n) }
          expectClose(covariance[j, k], sum / 699, absolute: 1e-13, "\(ratio) \(j) \(k)")
        }
      }
    }
  }

  /// More rows than one panel: names out of order give the same bits.
  @Test func orderOfAssetsOverManyPanels() throws {
    let matrix = try randomReturns(1300, 9, seed: 4)
    let order = [4, 2, 8, 0, 7, 1, 3, 6, 5]
    var permuted = matrix
    for (k, j) in order.enumerated() {
      for i in 0..<1300 { permuted[i, k] = matrix[i, j] }
    }
    let names = (0..<9).map { "A\($0)" }
    for estimator in [
      SampleCovariance() as any CovarianceEstimator, LedoitWolf(target: .singleFactor),
    ] {
      let first = try estimator.covariance(from: labeled(matrix, names: names)).matrix
      let second = try estimator.covariance(
        from: labeled(permuted, names: order.map { names[$0] })
      ).matrix
      for (k, j) in order.enumerated() {
        for (l, i) in order.enumerated() { #expect(second[l, k] == first[i, j]) }
      }
    }
  }

  /// A first row far from the others, means as large as deviations: no digit more is lost than by centering.
  @Test func outlyingFirstRow() throws {
    var generator = SeededGenerator(seed: 11)
    let rows = 4000
    var matrix = try Matrix(rowCount: rows, columnCount: 10)
    for i in 0..<rows {
      for j in 0..<10 { matrix[i, j] = i == 0 ? 60 + Double(j) : -1.2 + generator.gaussian() }
    }
    let covariance = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
    for j in 0..<10 {
      for k in 0..<10 {
        var (x, y, products) = (CompensatedSum(), CompensatedSum(), CompensatedSum())
        for i in 0..<rows {
          x.add(matrix[i, j])
          y.add(matrix[i, k])
        }
        let (m, n) = (x.value / Double(rows), y.value / Double(rows))
        for i in 0..<rows { products.add((matrix[i, j] - m) * (matrix[i, k] - n)) }
        let size = (covariance[j, j] * covariance[k, k]).squareRoot()
        expectClose(
          covariance[j, k], products.value / Double(rows - 1), absolute: 4e-15 * size, "\(j) \(k)")
      }
    }
  }

  /// A constant whose square underflows has no covariance with anything.
  @Test func tinyConstants() throws {
    var matrix = try randomReturns(500, 9, seed: 3)
    for i in 0..<500 { matrix[i, 4] = 1e-170 }
    let covariance = try SampleCovariance().unlabeledCovariance(from: matrix).matrix
    for j in 0..<9 { #expect(covariance[4, j] == 0) }
  }
}
