// Goals in order: positive semidefinite, equal bits for any order of labeled assets, one dsyrk.

import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// Mean and covariance of rows that count with weights.
///
/// ```text
/// m = Σ w x,   S = Σ w (x − m)(x − m)' / (1 − Σ w²),   Σ w = 1
/// ```
///
/// With equal weights the covariance is the unbiased sample covariance.
struct WeightedMoments {
  let means: [Double]
  let covariance: SymmetricMatrix

  /// `1 / Σ w²`: as many equally weighted rows would carry the same weight.
  let effectiveCount: Double

  /// The rows that are centered at a time; fixed, so that the sums have the same bits everywhere.
  private static let panelRowCount = 256

  /// At least two rows must carry weight.
  private static let leastEffectiveCount = 1 + 1e-9

  /// - Parameters:
  ///   - matrix: T × N, finite.
  ///   - order: The columns in the order of computation.
  ///   - weights: T numbers, not negative.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.notRepresentable`.
  init(
    _ matrix: Matrix,
    order: [Int],
    weights: [Double]
  ) throws(EstimationError) {
    let total = weights.reduce(0, +)
    let squares = weights.reduce(0) { $0 + ($1 / total) * ($1 / total) }
    guard total > 0, 1 / squares > Self.leastEffectiveCount else {
      throw .tooFewObservations(got: total > 0 ? 1 : 0, required: 2)
    }
    effectiveCount = 1 / squares
    var means = [Double](repeating: 0, count: matrix.columnCount)
    for j in order {
      let column = matrix.column(j)
      // Differences from the first value: a constant column has exactly its value as the mean.
      let origin = column[0]
      var sum = 0.0
      for t in column.indices { sum += weights[t] * (column[t] - origin) }
      means[j] = origin + sum / total
    }
    self.means = means
    let roots = weights.map { ($0 / total / (1 - squares)).squareRoot() }
    let lower = try Self.products(matrix, order, means, roots)
    var positions = order
    for (position, column) in order.enumerated() { positions[column] = position }
    covariance = SymmetricMatrix(
      lowerTriangleOf: lower, order: order.count
    ).submatrix(at: positions)
  }

  private static func products(
    _ matrix: Matrix,
    _ order: [Int],
    _ means: [Double],
    _ roots: [Double]
  ) throws(EstimationError) -> [Double] {
    do throws(LinearAlgebraError) {
      var accumulator = try GramAccumulator(order: order.count)
      var panel = [Double](
        repeating: 0, count: min(panelRowCount, roots.count) * order.count)
      var start = 0
      while start < roots.count {
        let length = min(panelRowCount, roots.count - start)
        for (position, column) in order.enumerated() {
          let values = matrix.column(column)
          for t in 0..<length {
            panel[position * length + t] = roots[start + t] * (values[start + t] - means[column])
          }
        }
        try accumulator.add(panel, rowCount: length)
        start += length
      }
      return try accumulator.finish()
    } catch {
      throw EstimationError(error)
    }
  }
}
