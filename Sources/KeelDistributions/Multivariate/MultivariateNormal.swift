public import KeelData

/// The normal law of the returns of assets, from their means and covariance.
public struct MultivariateNormal: Hashable, Sendable {
  /// The means, per period.
  public let expectedReturns: ExpectedReturns

  /// The covariance, per period.
  public let covariance: Covariance

  /// Creates the law.
  ///
  /// - Parameters:
  ///   - expectedReturns: The means, per period.
  ///   - covariance: The covariance per period, over the same universe in the same order.
  /// - Throws: `DistributionsError.universeMismatch`.
  public init(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(DistributionsError) {
    try requireSame(expectedReturns.universe, covariance.universe)
    self.expectedReturns = expectedReturns
    self.covariance = covariance
  }

  /// Returns the law of the return of a portfolio.
  ///
  /// ```text
  /// w'r ~ Normal(w'μ, w'Σw)
  /// ```
  ///
  /// - Parameter weights: The portfolio, as fractions, over the same universe.
  /// - Returns: The law of the return over one period.
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.negativeVariance`,
  ///   `DistributionsError.notRepresentable`, `DistributionsError.invalidValue` for a portfolio
  ///   without risk, which has no density.
  /// - Complexity: O(n²) for n assets.
  public func portfolioLaw(_ weights: Weights) throws(DistributionsError) -> Normal {
    let projection = try PortfolioProjection(weights, expectedReturns, covariance)
    return try Normal(mean: projection.mean, standardDeviation: projection.gradient.volatility)
  }

  /// Splits the expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) μ(i) + k w(i) (Σw)(i) / σ,   k = φ(q)/(1 − confidence)
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The expected shortfall over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, but a portfolio without risk is legal, and
  ///   `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(n²) for n assets.
  public func expectedShortfallContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    return try PortfolioProjection(weights, expectedReturns, covariance)
      .contributions(multiplier: Normal.standardExpectedShortfall(confidence: confidence))
  }
}
