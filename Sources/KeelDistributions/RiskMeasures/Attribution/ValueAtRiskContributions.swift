// Goals in order: parts that sum to the value at risk, less noise than the one scenario at it, O(S N).

public import KeelData
import KeelNumerics

extension RiskContributions {
  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) ∝ −w(i) Σ k(t) r(t, i),   k(t) a normal kernel of (loss(t) − VaR) / bandwidth
  /// ```
  ///
  /// With no bandwidth the scenarios at the value at risk alone count: right, and noisy. With one the kernel's means are
  /// multiplied by a common factor so that they sum to the value at risk.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - bandwidth: The deviation of the kernel, in the unit of the outcomes of the portfolio, not negative; nil takes
  ///     `1.06 σ S^(−1/5)` (Silverman), with the standard deviation of the outcomes.
  /// - Returns: The value at risk, that of ``EmpiricalDistribution/valueAtRisk(confidence:)``, and its parts.
  /// - Throws: `DistributionsError.invalidValue`, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of the portfolio that overflows, and
  ///   `DistributionsError.notRepresentable` where the kernel's mean loss has not the sign of the value at risk, so that no factor
  ///   brings its parts to the sum.
  /// - Complexity: O(S N).
  public static func valueAtRisk(
    weights: Weights,
    scenarios: ScenarioSet,
    confidence: Double,
    bandwidth: Double? = nil
  ) throws(DistributionsError) -> RiskContributions {
    try of(
      KernelValueAtRisk(confidence: confidence, bandwidth: bandwidth), weights: weights,
      scenarios: scenarios)
  }
}

extension MultivariateStudentT {
  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) μ(i) + q w(i) (Σw)(i) / σ
  /// ```
  ///
  /// with the value at risk q of the standardized law.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The value at risk over one period, positive for a loss, and its parts.
  /// - Throws: As ``expectedShortfallContributions(_:confidence:)``.
  /// - Complexity: O(n²) for n assets.
  public func valueAtRiskContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    let unit =
      degreesOfFreedom == .infinity
      ? 1 : ((degreesOfFreedom - 2) / degreesOfFreedom).squareRoot()
    let standard = try StudentT(
      location: 0, scale: unit, degreesOfFreedom: degreesOfFreedom)
    return try PortfolioProjection(weights, expectedReturns, covariance)
      .contributions(multiplier: standard.valueAtRisk(confidence: confidence))
  }
}

extension MultivariateNormal {
  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The value at risk over one period, positive for a loss, and its parts.
  /// - Throws: As ``expectedShortfallContributions(_:confidence:)``.
  /// - Complexity: O(n²) for n assets.
  public func valueAtRiskContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    return try PortfolioProjection(weights, expectedReturns, covariance)
      .contributions(multiplier: Normal.standardValueAtRisk(confidence: confidence))
  }
}
