// Robust estimators of location and scatter follow every affine map of the data. Where assets are combinations of others
// (copies, constants) they have no answer in all dimensions, but one in the space that the data fill: it is computed for
// assets that span it, and mapped to the others.

import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Returns over deviations, of assets of which none is a combination of the others.
struct IndependentColumns {
  /// T × R numbers, each column with mean zero and deviation one.
  let values: Matrix

  /// The N × R map to all assets, in scaled units.
  private let map: Matrix

  /// Where a return of zero lies in each column.
  let zeros: [Double]

  /// Whether no asset was left out.
  let isComplete: Bool

  /// - Parameters:
  ///   - returns: The returns.
  ///   - isReducing: Whether combinations are left out; constants always are.
  /// - Throws: `EstimationError.notRepresentable`.
  init(_ returns: ReturnsMatrix, isReducing: Bool = true) throws(EstimationError) {
    let (t, n) = (returns.rowCount, returns.columnCount)
    var deviations: [Double] = []
    var varying: [Int] = []
    for position in 0..<n {
      guard let deviation = try? returns.scaledDeviation(position) else {
        deviations.append(0)
        continue
      }
      deviations.append(deviation)
      varying.append(position)
    }
    let sample = try returns.centeredProducts()
    let freedom = Double(t - 1)
    let m = varying.count
    var correlations = [Double](repeating: 0, count: m * m)
    for (b, j) in varying.enumerated() {
      for a in b..<m {
        let i = varying[a]
        correlations[a + b * m] =
          a == b ? 1 : sample[i + j * n] / freedom / deviations[i] / deviations[j]
      }
    }
    do throws(LinearAlgebraError) {
      var kept = Array(0..<m)
      var map = [Double](repeating: 0, count: n * m)
      if isReducing, m > 0 {
        // Rounding of the data, T values of deviation one, and of the sums of their products.
        let tolerance = 16 * Double(max(t, m)) * Double.ulpOfOne
        let pivoted = try PivotedCholesky(
          SymmetricMatrix(lowerTriangleOf: correlations, order: m), tolerance: tolerance)
        let rank = pivoted.rank
        // Rows of the factor times the inverse of its head: the combinations.
        let head = try Self.rows(pivoted.lower, 0..<rank)
        var slopes = try Self.rows(pivoted.lower, rank..<m)
        if rank < m { try slopes.solveTriangular(head, TriangularForm(side: .right)) }
        kept = pivoted.pivots[..<rank].map { $0 }
        map = [Double](repeating: 0, count: n * rank)
        for k in 0..<rank {
          map[varying[kept[k]] + k * n] = deviations[varying[kept[k]]]
          for a in rank..<m {
            let position = varying[pivoted.pivots[a]]
            map[position + k * n] = slopes[a - rank, k] * deviations[position]
          }
        }
      } else {
        for k in 0..<m { map[varying[k] + k * n] = deviations[varying[k]] }
      }
      let storage = [Double](capacity: t * kept.count) { output in
        for k in kept {
          let position = varying[k]
          let column = returns.matrix.column(returns.order[position])
          for i in 0..<t {
            output.append(
              (column[i] * returns.scale - returns.scaledMeans[position]) / deviations[position])
          }
        }
      }
      values = Matrix(uncheckedRowCount: t, columnCount: kept.count, storage: storage)
      self.map = Matrix(uncheckedRowCount: n, columnCount: kept.count, storage: map)
      isComplete = kept.count == n
      zeros = kept.map { -returns.scaledMeans[varying[$0]] / deviations[varying[$0]] }
    } catch {
      throw EstimationError(error)
    }
  }

  private static func rows(_ matrix: Matrix, _ range: Range<Int>) throws(LinearAlgebraError)
    -> Matrix
  {
    let storage = [Double](capacity: range.count * matrix.columnCount) { output in
      for k in 0..<matrix.columnCount {
        for i in range { output.append(matrix[i, k]) }
      }
    }
    return Matrix(
      uncheckedRowCount: range.count, columnCount: matrix.columnCount, storage: storage)
  }

  /// The logarithm of the determinant of the map, squared, in the units of the returns.
  func logDeterminant(scale: Double) -> Double {
    (0..<values.columnCount).reduce(0) { sum, k in
      let deviation = (0..<map.rowCount).reduce(0) { max($0, map[$1, k].magnitude) }
      return sum + 2 * (log(deviation) - log(scale))
    }
  }

  /// The scatter of all assets: the lower triangle in scaled units.
  ///
  /// - Parameter scatter: Positive definite, R × R.
  /// - Returns: N² numbers.
  /// - Throws: `EstimationError.notRepresentable`.
  func scatter(_ scatter: SymmetricMatrix) throws(EstimationError) -> [Double] {
    do throws(LinearAlgebraError) {
      // M L (M L)': positive semidefinite whatever it rounds to.
      let factor = try Cholesky(scatter)
      return try (map * factor.lower).outerGram().matrix.columnMajorElements
    } catch {
      throw EstimationError(error)
    }
  }
}
