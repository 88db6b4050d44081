import KeelNumerics

/// The covariance of Chen, Wiesel, Eldar and Hero: shrunk toward a multiple of the identity with the intensity that
/// is best for normal returns.
///
/// ```text
/// Σ = (1 − δ) S + δ μ I,   μ = tr S / N
/// δ = min(1, (tr S²/N² + μ²) / ((T + 1) (tr S²/N² − μ²/N)))
/// ```
///
/// S has the divisor T. For normal returns and few observations closer to the truth than ``LedoitWolf``; heavy tails it
/// does not see. For N = 1 there is nothing to shrink: δ = 0. Agrees with scikit-learn's `oas` within 1e-12 of
/// the largest element. Source: "Shrinkage algorithms for MMSE covariance estimation", IEEE Transactions on
/// Signal Processing 58 (2010), equation 23.
public struct OracleApproximatingShrinkage: CovarianceEstimator, Hashable {
  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameter examination: Which diagnostics are computed.
  public init(examination: CovarianceExamination = .basic) {
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate, with its shrinkage intensity.
  /// - Throws: `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    var sample = try returns.centeredProducts()
    let n = returns.columnCount
    let inverse = 1 / Double(returns.rowCount)
    var elements = sample.mutableSpan
    for i in elements.indices { elements[i] *= inverse }
    let target = IdentityTarget(sample, order: n)
    let size = Double(n)
    let numerator = (target.squaredNorm + target.squaredTrace) / (size * size)
    let spread =
      Double(returns.rowCount + 1) * (target.squaredNorm - target.squaredTrace / size)
      / (size * size)
    let intensity = n == 1 ? 0 : spread > 0 ? min(numerator / spread, 1) : 1
    target.blend(&sample, intensity)
    try returns.unscale(&sample)
    return UnlabeledCovariance(
      lowerTriangle: sample, order: n, shrinkageIntensity: intensity)
  }
}
