// A. Patton, "Volatility forecast comparison using imperfect volatility proxies", Journal of Econometrics 160 (2011): of the
// losses that rank forecasts right although the truth is never seen, QLIKE is the one least led by outliers.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// How far a covariance is from the returns that followed.
@nonexhaustive
public enum CovarianceLoss: String, Hashable, Sendable, CaseIterable {
  /// ln det Σ + mean of r'Σ⁻¹r: minus twice the log-likelihood a row of normal returns, up to a constant.
  case quasiLikelihood

  /// ‖Σ − Σ r r'/T‖, the Frobenius norm of the distance from what was realized.
  case frobenius

  /// The mean of (w'r)² of the portfolio of least variance w = Σ⁻¹1 / (1'Σ⁻¹1): what an optimizer makes of the
  /// estimate.
  case minimumVariance

  /// The loss of a covariance.
  ///
  /// - Parameters:
  ///   - covariance: The covariance, per period.
  ///   - returns: Returns that it was not estimated from, of the same assets in the same order.
  /// - Returns: The loss; the lower, the better.
  /// - Throws: `EstimationError.universeMismatch`, `EstimationError.tooFewObservations` for no row,
  ///   `EstimationError.notPositiveDefinite` where the inverse is needed, `EstimationError.notRepresentable`.
  public func loss(
    of covariance: Covariance,
    on returns: SimpleReturns
  ) throws(EstimationError) -> Double {
    do throws(DataError) {
      try covariance.universe.requireEqual(returns.universe)
    } catch {
      throw EstimationError(error)
    }
    let rows = returns.observationCount
    guard rows >= 1 else { throw .tooFewObservations(got: 0, required: 1) }
    let names = NameOrder(covariance.universe)
    let matrix = names.matrix(covariance.matrix)
    let sorted = Matrix(
      uncheckedRowCount: rows, columnCount: names.order.count,
      storage: names.order.flatMap { j in
        let column = returns.values.column(j)
        return column.indices.map { column[$0] }
      })
    let value =
      switch self {
      case .quasiLikelihood: try Self.quasiLikelihood(matrix, sorted)
      case .frobenius: try Self.frobenius(matrix, sorted)
      case .minimumVariance: try Self.minimumVariance(matrix, sorted)
      }
    guard value.isFinite else { throw .notRepresentable(result: rawValue) }
    return value
  }

  private static func quasiLikelihood(
    _ matrix: SymmetricMatrix,
    _ returns: Matrix
  ) throws(EstimationError) -> Double {
    let factor = try StandardizedCholesky(matrix)
    var sum = 0.0
    for t in 0..<returns.rowCount {
      let row = returns.row(t)
      sum += zip(try factor.solve(row), row).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return factor.logDeterminant + sum / Double(returns.rowCount)
  }

  private static func frobenius(
    _ matrix: SymmetricMatrix,
    _ returns: Matrix
  ) throws(EstimationError) -> Double {
    do throws(LinearAlgebraError) {
      let realized = try returns.gram(scale: 1 / Double(returns.rowCount))
      let sum = zip(realized.matrix.columnMajorElements, matrix.matrix.columnMajorElements)
        .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return sum.squareRoot()
    } catch {
      throw EstimationError(error)
    }
  }

  private static func minimumVariance(
    _ matrix: SymmetricMatrix,
    _ returns: Matrix
  ) throws(EstimationError) -> Double {
    let ones = [Double](repeating: 1, count: matrix.order)
    let solved = try StandardizedCholesky(matrix).solve(ones)
    let sum = solved.reduce(0, +)
    do throws(LinearAlgebraError) {
      let portfolio = try returns.times(solved.map { $0 / sum })
      return portfolio.reduce(0) { $0 + $1 * $1 } / Double(returns.rowCount)
    } catch {
      throw EstimationError(error)
    }
  }
}

/// Losses of an estimator along a history, each fold judged by the rows after those that it was estimated from.
public struct CovarianceScore: Hashable, Sendable {
  /// The rows that each fold was judged on.
  public let tests: [Range<Int>]

  /// The loss of each fold.
  public let losses: [Double]

  /// The mean loss.
  public var mean: Double { losses.reduce(0, +) / Double(losses.count) }

  /// Judges an estimator.
  ///
  /// - Parameters:
  ///   - estimator: The estimator.
  ///   - returns: T × N returns.
  ///   - scheme: How the history is cut.
  ///   - loss: The loss.
  /// - Throws: `EstimationError.tooFewObservations` for a history without a fold, and what the estimator and the loss say.
  public init(
    of estimator: some CovarianceEstimator,
    on returns: SimpleReturns,
    _ scheme: WalkForward,
    loss: CovarianceLoss
  ) throws(EstimationError) {
    let folds = scheme.folds(of: returns.observationCount)
    guard !folds.isEmpty else {
      throw .tooFewObservations(
        got: returns.observationCount, required: scheme.leastRowCount)
    }
    var losses: [Double] = []
    for fold in folds {
      let covariance = try estimator.covariance(from: returns.part(fold.training))
      losses.append(try loss.loss(of: covariance, on: returns.part(fold.test)))
    }
    self.losses = losses
    tests = folds.map(\.test)
  }

  /// The mean of how much another estimator loses more, and the standard error of that mean: of the same folds, so that what
  /// moves both drops out.
  ///
  /// - Parameter other: The score of another estimator on the same folds.
  /// - Returns: Mean and standard error; the error is NaN for one fold.
  /// - Throws: `EstimationError.shapeMismatch` for other folds.
  public func advantage(
    over other: CovarianceScore
  ) throws(EstimationError) -> (mean: Double, standardError: Double) {
    guard tests == other.tests else {
      throw .shapeMismatch(
        argument: "other", got: other.tests.count, required: tests.count)
    }
    let differences = zip(other.losses, losses).map { $0 - $1 }
    let count = Double(differences.count)
    let mean = differences.reduce(0, +) / count
    let square = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (square / (count - 1) / count).squareRoot())
  }
}

extension SimpleReturns {
  fileprivate func part(_ rows: Range<Int>) -> SimpleReturns {
    prefix(rows.upperBound).suffix(rows.count)
  }
}
