public import KeelData
public import KeelNumerics

/// The skewed t law of the returns of assets: tails of a power that differ by asset, in every portfolio of one family.
///
/// ```text
/// x = μ + γW + √W L z,   Σ = LL',   W = ν/χ²(ν),   z normal
/// ```
///
/// With a drift γ of zero it is the multivariate Student-t law with the scatter Σ. The mean is `μ + γ ν/(ν−2)`, the
/// covariance `Σ ν/(ν−2) + γγ' 2ν²/((ν−2)²(ν−4))` for ν above 4.
/// Source: S. Demarta and A. McNeil, The t copula and related copulas, International Statistical Review 73
/// (2005), section 5; A. McNeil, R. Frey and P. Embrechts, Quantitative Risk Management (2015), section 6.2.3.
public struct MultivariateHyperbolicSkewedT: Hashable, Sendable {
  let mixture: MeanVarianceMixture
  private let mixing: MixingShape

  /// The degrees of freedom ν.
  public let degreesOfFreedom: Double

  /// The N assets.
  public var universe: Universe { mixture.universe }

  /// The location μ of each asset, per period.
  public var location: [Double] { mixture.location }

  /// The drift γ of each asset, per period: a negative one makes the lower tail the heavier.
  public var drift: [Double] { mixture.drift }

  /// The N × N dispersion Σ, per period.
  public var dispersion: SymmetricMatrix { mixture.dispersion.matrix }

  /// Creates the law.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - location: The N locations μ, finite.
  ///   - drift: The N drifts γ, finite.
  ///   - dispersion: The N × N dispersion Σ.
  ///   - degreesOfFreedom: The degrees of freedom ν, in ``HyperbolicSkewedT/allowedDegreesOfFreedom``.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue`.
  public init(
    universe: Universe,
    location: [Double],
    drift: [Double],
    dispersion: SymmetricMatrix,
    degreesOfFreedom: Double
  ) throws(DistributionsError) {
    try requireInside(
      degreesOfFreedom, HyperbolicSkewedT.allowedDegreesOfFreedom, "degreesOfFreedom")
    mixture = try MeanVarianceMixture(
      universe: universe, location: location, drift: drift, dispersion: dispersion)
    mixing = MixingShape(degreesOfFreedom: degreesOfFreedom)
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// Returns the means, `μ + γ ν/(ν−2)`.
  ///
  /// - Returns: The means, per period.
  /// - Throws: `DistributionsError.invalidValue` where one overflows.
  public func expectedReturns() throws(DistributionsError) -> ExpectedReturns {
    try mixture.expectedReturns(mixingMean: degreesOfFreedom / (degreesOfFreedom - 2))
  }

  /// Returns the covariance; with a drift it exists above 4 degrees of freedom.
  ///
  /// - Returns: The covariance, per period.
  /// - Throws: `DistributionsError.invalidValue` for at most 4 degrees of freedom with a drift, or where it
  ///   overflows.
  public func covariance() throws(DistributionsError) -> Covariance {
    let degrees = degreesOfFreedom
    let mean = degrees / (degrees - 2)
    guard drift.contains(where: { $0 != 0 }) else {
      return try mixture.covariance(mixingMean: mean, mixingVariance: 0)
    }
    guard degrees > 4 else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degrees, lowest: 4.0.nextUp,
        highest: HyperbolicSkewedT.allowedDegreesOfFreedom.upperBound)
    }
    return try mixture.covariance(
      mixingMean: mean, mixingVariance: 2 * mean * mean / (degrees - 4))
  }

  /// Returns the logarithm of the density at each row of a matrix.
  ///
  /// Within `1e-11 · max(1, |value|)` where Σ is well conditioned.
  ///
  /// - Parameter points: T × N returns.
  /// - Returns: T logarithms; NaN for a row with NaN, −∞ for an infinite one.
  /// - Throws: As ``MultivariateGeneralizedHyperbolic/logPDF(_:)``.
  /// - Complexity: O(N³ + T N²).
  public func logPDF(_ points: Matrix) throws(DistributionsError) -> [Double] {
    try mixture.logPDF(points, mixing)
  }

  /// Returns the law of the return of a portfolio, with its value at risk and expected shortfall.
  ///
  /// ```text
  /// w'x = w'μ + w'γ W + √(w'Σw) √W N
  /// ```
  ///
  /// - Parameter weights: The portfolio, as fractions, over the same universe.
  /// - Returns: The law of the return over one period.
  /// - Throws: As ``MultivariateGeneralizedHyperbolic/portfolioLaw(_:)``.
  /// - Complexity: O(N²).
  public func portfolioLaw(_ weights: Weights) throws(DistributionsError) -> HyperbolicSkewedT {
    let parts = try mixture.projection(weights)
    return try HyperbolicSkewedT(
      location: parts.location, drift: parts.drift, scale: parts.deviation,
      degreesOfFreedom: degreesOfFreedom)
  }

  func simulation(_ stream: RandomStream) throws(DistributionsError) -> EllipticalSimulation {
    try EllipticalSimulation(
      location: location, drift: drift, dispersion: mixture.dispersion,
      mixing: .student(degreesOfFreedom), stream)
  }
}
