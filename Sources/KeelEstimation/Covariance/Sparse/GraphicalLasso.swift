// Goals in order: the optimum with its proof, speed.
//
// J. Friedman, T. Hastie, R. Tibshirani, "Sparse inverse covariance estimation with the graphical lasso", Biostatistics 9
// (2008). Solved by SparseInverse.

import KeelNumerics

/// The covariance whose inverse has as many zeros as a penalty buys.
///
/// ```text
/// minimize  −ln det Θ + tr(R Θ) + λ Σ |Θ(i, j)| over i ≠ j,   S = D Θ⁻¹ D
/// ```
///
/// R are the correlations of the sample and D its deviations with the divisor T − 1, so that the penalty has no unit. Two
/// assets with a zero in Θ are uncorrelated given the others. Positive definite for any number of assets.
public struct GraphicalLasso: CovarianceEstimator, Hashable {
  /// The penalty λ, above 0: the largest change of a correlation.
  ///
  /// At the largest correlation and above, all assets are uncorrelated.
  public var penalty: Double

  /// When the search ends.
  public var settings: SparseInverse.Settings

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - penalty: The penalty λ of the magnitude of each partial correlation, above 0.
  ///   - settings: When the search ends.
  ///   - examination: Which diagnostics are computed.
  public init(
    penalty: Double,
    settings: SparseInverse.Settings = SparseInverse.Settings(),
    examination: CovarianceExamination = .basic
  ) {
    self.penalty = penalty
    self.settings = settings
    self.examination = examination
  }

  /// Estimates from checked returns.
  ///
  /// Call ``SparseInverse/init(_:penalty:settings:)`` for the inverse, the gap and whether the search converged.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.zeroVariance`, `EstimationError.invalidValue` for the settings,
  ///   `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let correlations = try SampleCorrelations(returns)
    let solution = try SparseInverse(correlations.matrix, penalty: penalty, settings: settings)
    var elements = solution.covariance.matrix.columnMajorElements
    correlations.restoreVariances(&elements)
    try returns.unscale(&elements)
    return UnlabeledCovariance(lowerTriangle: elements, order: returns.columnCount)
  }
}
