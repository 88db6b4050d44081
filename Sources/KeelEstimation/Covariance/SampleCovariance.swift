// Goals in order: positive semidefinite, equal bits for any order of labeled assets, speed: one
// dsyrk and two readings of the data.

/// The sample covariance.
///
/// ```text
/// S(i, j) = Σ (r(t, i) − m(i)) (r(t, j) − m(j)) / d,   d = T − 1 or T
/// ```
///
/// Positive semidefinite by construction, singular for N ≥ T. With few observations per asset use
/// ``LedoitWolf``. Any column may be constant: its row is zero.
public struct SampleCovariance: CovarianceEstimator, Hashable {
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

  /// Estimates from checked returns: one `dsyrk`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    var elements = try returns.centeredProducts()
    let count = Double(returns.rowCount)
    let denominator = divisor == .observationCount ? count : count - 1
    try returns.unscale(&elements, factor: 1 / denominator)
    return UnlabeledCovariance(lowerTriangle: elements, order: returns.columnCount)
  }
}
