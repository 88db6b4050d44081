// R. Stambaugh, "Analyzing investments whose histories differ in length", Journal of Financial Economics 45 (1997),
// equations 5 to 9, with the divisor of maximum likelihood.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// Means and covariance of assets that were listed one after the other, by the method of Stambaugh.
///
/// The returns of a short history are regressed on those of the longer ones over its own rows; what the longer ones did before
/// then tells what the short one would have done. The estimates are those of maximum likelihood for normal returns, which
/// ``GapMoments`` finds step by step for any pattern of gaps.
public struct NestedMoments: Hashable, Sendable {
  /// Creates the method.
  public init() {}

  /// Estimates means and covariance.
  ///
  /// - Parameter returns: T × N returns; each asset has all from its first row to the last one.
  /// - Returns: Means and covariance, per period; the covariance has the divisor of maximum likelihood.
  /// - Throws: `EstimationError.notNested` with the asset and the row of a gap after its first return,
  ///   `EstimationError.tooFewObservations` for a history with fewer rows than longer ones have assets, and two,
  ///   `EstimationError.dependentFactors`, `EstimationError.notRepresentable`.
  /// - Complexity: O(T N³) at most.
  public func moments(
    from returns: IncompleteReturns
  ) throws(EstimationError) -> (expectedReturns: ExpectedReturns, covariance: Covariance) {
    let data = try GapMatrix(returns)
    let n = data.columnCount
    let rows = data.rowCount
    let starts = try (0..<n).map { (j: Int) throws(EstimationError) -> Int in
      let marks = data.presence.column(j)
      let start = marks.indices.first { marks[$0] == 1 } ?? rows
      if let gap = (start..<rows).first(where: { marks[$0] == 0 }) {
        throw .notNested(asset: data.asset(j), row: gap)
      }
      return start
    }
    // Longest first; equally long ones in the order of names.
    let sequence = (0..<n).sorted { (starts[$0], $0) < (starts[$1], $1) }
    var means = [Double](repeating: 0, count: n)
    // Σ = A A': an asset has the rows of those that it is regressed on, times its slopes, and its own residual deviation. Sums
    // of slopes and covariances would lose the definiteness to rounding where slopes are large.
    var root = Matrix(
      uncheckedRowCount: n, columnCount: n, storage: [Double](repeating: 0, count: n * n))
    for (k, j) in sequence.enumerated() {
      // Equally long ones are regressed on each other too, which changes nothing.
      let longer = Array(sequence[..<k])
      let count = rows - starts[j]
      guard count >= k + 2 else { throw .tooFewObservations(got: count, required: k + 2) }
      let fit = try Self.regression(data, of: j, on: longer, from: starts[j])
      means[j] = fit.mean
      for (l, other) in longer.enumerated() {
        means[j] += fit.slopes[l] * (means[other] - fit.centers[l])
      }
      for column in 0..<k {
        root[j, column] = longer.enumerated().reduce(0) {
          $0 + fit.slopes[$1.offset] * root[$1.element, column]
        }
      }
      root[j, k] = fit.residualVariance.squareRoot()
    }
    let covariance: SymmetricMatrix
    do throws(LinearAlgebraError) {
      covariance = try root.outerGram()
    } catch {
      throw EstimationError(error)
    }
    return (
      try data.expectedReturns(means),
      try data.covariance(
        covariance, isSemidefinite: true,
        CovarianceDiagnostics(observationCount: rows))
    )
  }

  private struct Regression {
    var mean = 0.0
    var centers: [Double] = []
    var slopes: [Double] = []
    var residualVariance = 0.0
  }

  /// The regression of one asset on others over its rows.
  private static func regression(
    _ data: GapMatrix,
    of j: Int,
    on others: [Int],
    from start: Int
  ) throws(EstimationError) -> Regression {
    let count = data.rowCount - start
    func centered(_ position: Int) -> (mean: Double, values: [Double]) {
      let column = data.values.column(position)
      let origin = column[start]
      var sum = 0.0
      for i in start..<data.rowCount { sum += column[i] - origin }
      let mean = origin + sum / Double(count)
      return (mean, (start..<data.rowCount).map { column[$0] - mean })
    }
    let own = centered(j)
    var fit = Regression()
    fit.mean = own.mean
    var residuals = own.values
    if !others.isEmpty {
      let columns = others.map(centered)
      fit.centers = columns.map(\.mean)
      let design = Matrix(
        uncheckedRowCount: count, columnCount: others.count, storage: columns.flatMap(\.values))
      do throws(LinearAlgebraError) {
        let solution = try LeastSquares(design, own.values)
        guard solution.rank == others.count else {
          throw LinearAlgebraError.shapeMismatch(
            argument: "rank", got: solution.rank, required: others.count)
        }
        fit.slopes = solution.solution
      } catch {
        if case .shapeMismatch("rank", let got, let required) = error {
          throw .dependentFactors(rank: got, required: required)
        }
        throw EstimationError(error)
      }
      for (l, column) in columns.enumerated() {
        for i in residuals.indices { residuals[i] -= fit.slopes[l] * column.values[i] }
      }
    }
    fit.residualVariance = residuals.reduce(0) { $0 + $1 * $1 } / Double(count)
    return fit
  }
}

extension SymmetricMatrix {
  /// Zeros.
  static func zero(order: Int) -> SymmetricMatrix {
    SymmetricMatrix(
      lowerTriangleOf: [Double](repeating: 0, count: order * order), order: order)
  }
}
