// Goals in order: positive semidefinite, equal bits for any order of labeled assets, speed: one
// dsyrk and two readings of the data.

public import KeelData
public import KeelNumerics

/// The sample covariance.
///
/// ```text
/// S(i, j) = Σ (r(t, i) − m(i)) (r(t, j) − m(j)) / d,   d = T − 1 or T
/// ```
///
/// Positive semidefinite by construction, singular for N ≥ T. With few observations per asset use
/// ``LedoitWolf``. Any column may be constant: its row is zero.
public struct SampleCovariance: Hashable, Sendable {
  /// By what the sum of products is divided.
  @nonexhaustive
  public enum Divisor: Hashable, Sendable {
    /// T − 1: the estimate is unbiased.
    case observationCountMinusOne

    /// T: maximum likelihood of the normal law.
    case observationCount
  }

  /// By what the sum of products is divided; T − 1 unless said otherwise.
  public var divisor: Divisor

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - divisor: By what the sum of products is divided.
  ///   - examination: Which diagnostics are computed.
  public init(
    divisor: Divisor = .observationCountMinusOne,
    examination: CovarianceExamination = .basic
  ) {
    self.divisor = divisor
    self.examination = examination
  }

  /// Estimates the covariance of returns.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns, T at least 2.
  /// - Returns: The covariance, per period, with its diagnostics.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.pricesGiven`, `EstimationError.notRepresentable` on overflow.
  /// - Complexity: O(TN²), one `dsyrk`.
  public func covariance(from returns: SimpleReturns) throws(EstimationError) -> Covariance {
    try Covariance(
      estimate(ReturnsMatrix(returns, minimumCount: Self.minimumObservationCount)),
      over: returns.universe)
  }

  /// Estimates the covariance of the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns, T at least 2.
  /// - Returns: The matrix, per period, with its diagnostics.
  /// - Throws: As ``covariance(from:)``, and `EstimationError.invalidReturn` with column and row.
  /// - Complexity: O(TN²), one `dsyrk`.
  public func unlabeledCovariance(
    from returns: Matrix
  ) throws(EstimationError) -> UnlabeledCovariance {
    try estimate(
      ReturnsMatrix(unlabeled: returns, minimumCount: Self.minimumObservationCount))
  }

  /// One observation has no spread.
  static let minimumObservationCount = 2

  private func estimate(_ returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    var elements = try returns.centeredProducts(fourthPowers: false).lowerTriangle
    let count = Double(returns.rowCount)
    let denominator = divisor == .observationCount ? count : count - 1
    try returns.unscale(&elements, factor: 1 / denominator)
    let matrix = returns.inColumnOrder(
      SymmetricMatrix(lowerTriangleOf: consume elements, order: returns.columnCount))
    var diagnostics = CovarianceDiagnostics(observationCount: returns.rowCount)
    if examination == .eigenvalues { try diagnostics.examine(matrix) }
    return UnlabeledCovariance(matrix: matrix, diagnostics: diagnostics)
  }
}
