public import KeelData

/// The multivariate Student-t law of the returns of assets, with given means and covariance.
///
/// The dispersion matrix is `Σ (ν−2)/ν`, so that the covariance is Σ whatever ν is. All assets
/// share the degrees of freedom, and so does every portfolio.
public struct MultivariateStudentT: Hashable, Sendable {
  /// The means, per period.
  public let expectedReturns: ExpectedReturns

  /// The covariance, per period.
  public let covariance: Covariance

  /// The degrees of freedom, above 2.
  public let degreesOfFreedom: Double

  /// Creates the law.
  ///
  /// - Parameters:
  ///   - expectedReturns: The means, per period.
  ///   - covariance: The covariance per period, over the same universe in the same order.
  ///   - degreesOfFreedom: The degrees of freedom, above 2, where a covariance exists; infinity
  ///     gives the normal law.
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.invalidValue`.
  public init(
    expectedReturns: ExpectedReturns,
    covariance: Covariance,
    degreesOfFreedom: Double
  ) throws(DistributionsError) {
    try requireSame(expectedReturns.universe, covariance.universe)
    guard degreesOfFreedom > 2 else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degreesOfFreedom, lowest: 2.0.nextUp,
        highest: .infinity)
    }
    self.expectedReturns = expectedReturns
    self.covariance = covariance
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// The scale of a portfolio over its standard deviation.
  private var scalePerDeviation: Double {
    degreesOfFreedom == .infinity
      ? 1 : ((degreesOfFreedom - 2) / degreesOfFreedom).squareRoot()
  }

  /// Returns the law of the return of a portfolio.
  ///
  /// ```text
  /// w'r ~ StudentT(location w'μ, scale √(w'Σw (ν−2)/ν), ν)
  /// ```
  ///
  /// - Parameter weights: The portfolio, as fractions, over the same universe.
  /// - Returns: The law of the return over one period.
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.negativeVariance`,
  ///   `DistributionsError.notRepresentable`, `DistributionsError.invalidValue` for a portfolio
  ///   without risk, which has no density.
  /// - Complexity: O(n²) for n assets.
  public func portfolioLaw(_ weights: Weights) throws(DistributionsError) -> StudentT {
    let projection = try PortfolioProjection(weights, expectedReturns, covariance)
    return try StudentT(
      location: projection.mean,
      scale: projection.gradient.volatility * scalePerDeviation,
      degreesOfFreedom: degreesOfFreedom
    )
  }

  /// Splits the expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) μ(i) + k w(i) (Σw)(i) / σ
  /// k = √((ν−2)/ν) f(q) (ν + q²) / ((1 − confidence) (ν − 1))
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
    let shortfall = StandardStudentT(degreesOfFreedom: degreesOfFreedom)
      .expectedShortfall(confidence: confidence)
    return try PortfolioProjection(weights, expectedReturns, covariance)
      .contributions(multiplier: shortfall * scalePerDeviation)
  }
}

/// Mean and volatility of a portfolio under an elliptical law.
struct PortfolioProjection {
  let universe: Universe
  let mean: Double
  private let means: [Double]
  private let meanParts: [Double]
  let gradient: VolatilityGradient

  init(
    _ weights: Weights,
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance
  ) throws(DistributionsError) {
    gradient = try VolatilityGradient(weights: weights, covariance: covariance)
    universe = weights.universe
    means = expectedReturns.values
    meanParts = zip(weights.values, expectedReturns.values).map { $0 * $1 }
    mean = meanParts.reduce(0, +)
    guard mean.isFinite else { throw .notRepresentable(result: "mean") }
  }

  /// The split of `−mean + multiplier · volatility`.
  func contributions(multiplier: Double) throws(DistributionsError) -> RiskContributions {
    let total = multiplier * gradient.volatility - mean
    guard total.isFinite else { throw .notRepresentable(result: "expectedShortfall") }
    return RiskContributions(
      universe: universe,
      total: total,
      contributions: zip(meanParts, gradient.contributions).map { multiplier * $1 - $0 },
      marginals: zip(means, gradient.marginals).map { multiplier * $1 - $0 }
    )
  }
}
