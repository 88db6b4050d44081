public import KeelData
public import KeelNumerics

/// Estimates the covariance of returns.
///
/// An estimator of your own says what it needs and how it estimates; the checks of the data, the labels,
/// the independence of the order of the assets and the examination of the result are done for it.
///
/// ```swift
/// struct Diagonal: CovarianceEstimator {
///   var examination = CovarianceExamination.basic
///
///   func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
///     try SampleCovariance().estimate(from: returns).withoutCorrelations
///   }
/// }
/// ```
public protocol CovarianceEstimator: Sendable {
  /// Which diagnostics are computed.
  var examination: CovarianceExamination { get }

  /// The least number of observations T; 2 unless said otherwise.
  var minimumObservationCount: Int { get }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns, finite, not fewer than ``minimumObservationCount``.
  /// - Returns: The estimate by position, per period.
  /// - Throws: ``EstimationError``.
  func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance
}

extension CovarianceEstimator {
  /// One observation has no spread.
  public var minimumObservationCount: Int { 2 }

  /// Estimates the covariance of returns.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns.
  /// - Returns: The covariance, per period, with its diagnostics.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.pricesGiven`, `EstimationError.notRepresentable` on overflow, and what the
  ///   estimator says.
  public func covariance(from returns: SimpleReturns) throws(EstimationError) -> Covariance {
    try Covariance(
      examined(ReturnsMatrix(returns, minimumCount: minimumObservationCount)),
      over: returns.universe)
  }

  /// Estimates the covariance of the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns.
  /// - Returns: The matrix, per period, with its diagnostics.
  /// - Throws: As ``covariance(from:)``, and `EstimationError.invalidReturn` with column and row.
  public func unlabeledCovariance(
    from returns: Matrix
  ) throws(EstimationError) -> UnlabeledCovariance {
    try examined(ReturnsMatrix(unlabeled: returns, minimumCount: minimumObservationCount))
  }

  private func examined(_ returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    var result = try estimate(from: returns).inColumnOrder(of: returns)
    result.diagnostics.observationCount = returns.rowCount
    if examination == .eigenvalues { try result.diagnostics.examine(result.matrix) }
    return result
  }
}

extension UnlabeledCovariance {
  fileprivate func inColumnOrder(of returns: ReturnsMatrix) throws(EstimationError) -> Self {
    let reordered: Covariance.Form
    switch form {
    case .dense(let matrix):
      guard matrix.order == returns.columnCount else {
        throw .shapeMismatch(
          argument: "estimate", got: matrix.order, required: returns.columnCount)
      }
      reordered = .dense(returns.inColumnOrder(matrix))
    case .factor(let parts):
      guard parts.specificVariances.count == returns.columnCount,
        parts.loadings.rowCount == returns.columnCount
      else {
        throw .shapeMismatch(
          argument: "estimate", got: parts.specificVariances.count, required: returns.columnCount)
      }
      reordered = .factor(
        FactorCovariance(
          loadings: returns.inColumnOrder(rowsOf: parts.loadings),
          factorCovariance: parts.factorCovariance,
          specificVariances: returns.inColumnOrder(parts.specificVariances)))
    }
    return UnlabeledCovariance(form: reordered, diagnostics: diagnostics)
  }
}
