import KeelNumerics

/// The covariance of losses below a threshold.
///
/// ```text
/// Σ(i, j) = Σ min(r(t, i) − b(i), 0) min(r(t, j) − b(j), 0) / T
/// ```
///
/// Positive semidefinite by construction. A gain of one asset does not make up for a loss of another: the
/// quadratic form of weights is an upper bound of the portfolio's own semivariance only where the assets fall
/// together. Source: J. Estrada, "Mean-semivariance optimization: a heuristic approach", Journal of Applied
/// Finance 18 (2008).
public struct Semicovariance: CovarianceEstimator, Hashable {
  /// Below which return of an asset a loss begins.
  @nonexhaustive
  public enum Threshold: Hashable, Sendable {
    /// One return for all assets, per period.
    case uniform(Double)

    /// The mean of each asset.
    case mean
  }

  /// Below which return a loss begins.
  public var threshold: Threshold

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - threshold: Below which return of an asset a loss begins.
  ///   - examination: Which diagnostics are computed.
  public init(
    threshold: Threshold = .uniform(0),
    examination: CovarianceExamination = .basic
  ) {
    self.threshold = threshold
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.invalidValue` for the threshold, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let centers: [Double]
    switch threshold {
    case .mean: centers = returns.scaledMeans
    case .uniform(let value):
      let center = value * returns.scale
      guard center.isFinite else {
        throw .invalidValue(
          argument: "threshold", got: value, lowest: -.greatestFiniteMagnitude,
          highest: .greatestFiniteMagnitude)
      }
      centers = [Double](repeating: center, count: returns.columnCount)
    }
    var elements = try returns.products(about: centers, .losses)
    try returns.unscale(&elements, factor: 1 / Double(returns.rowCount))
    return UnlabeledCovariance(lowerTriangle: elements, order: returns.columnCount)
  }
}
