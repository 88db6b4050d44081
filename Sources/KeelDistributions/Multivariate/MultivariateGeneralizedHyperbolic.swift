public import KeelData
public import KeelNumerics

/// The generalized hyperbolic law of the returns of assets: semi-heavy tails with skew, in every portfolio of one family.
///
/// ```text
/// x = μ + γW + √W L z,   Σ = LL',   W generalized inverse Gaussian(λ, ω) with mean 1,   z normal
/// ```
///
/// The mean is `μ + γ`, the covariance `Σ + Var[W] γγ'`. Order −½ is the normal inverse Gaussian law; for
/// `ω → 0` and negative orders it becomes the skewed t law, ``MultivariateHyperbolicSkewedT``.
/// Source: A. McNeil, R. Frey and P. Embrechts, Quantitative Risk Management (2015), section 6.2.3, in the
/// parameters ᾱ = ω of which the mixing number has the mean one.
public struct MultivariateGeneralizedHyperbolic: Hashable, Sendable {
  let mixture: MeanVarianceMixture
  private let mixing: MixingShape

  /// The variance of W.
  private let mixingVariance: Double

  /// The order λ.
  public var order: Double { mixing.order }

  /// The concentration ω: the larger, the nearer the law is to the normal.
  public var concentration: Double { mixing.concentration }

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
  ///   - order: The order λ, in ``GeneralizedHyperbolic/allowedOrder``.
  ///   - concentration: The concentration ω, in ``NormalInverseGaussianLaw/allowedConcentration``.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue`.
  public init(
    universe: Universe,
    location: [Double],
    drift: [Double],
    dispersion: SymmetricMatrix,
    order: Double,
    concentration: Double
  ) throws(DistributionsError) {
    try requireInside(order, GeneralizedHyperbolic.allowedOrder, "order")
    try requireInside(
      concentration, NormalInverseGaussianLaw.allowedConcentration, "concentration")
    mixture = try MeanVarianceMixture(
      universe: universe, location: location, drift: drift, dispersion: dispersion)
    mixing = MixingShape(order: order, concentration: concentration)
    let standard = StandardHyperbolic(order: order, concentration: concentration, drift: 0)
    mixingVariance = standard.mixingMoment(2) / (standard.mixingMean * standard.mixingMean)
  }

  /// Returns the means, `μ + γ`.
  ///
  /// - Returns: The means, per period.
  /// - Throws: `DistributionsError.invalidValue` where one overflows.
  public func expectedReturns() throws(DistributionsError) -> ExpectedReturns {
    try mixture.expectedReturns(mixingMean: 1)
  }

  /// Returns the covariance, `Σ + Var[W] γγ'`.
  ///
  /// - Returns: The covariance, per period.
  /// - Throws: `DistributionsError.invalidValue` where it overflows.
  public func covariance() throws(DistributionsError) -> Covariance {
    try mixture.covariance(mixingMean: 1, mixingVariance: mixingVariance)
  }

  /// Returns the logarithm of the density at each row of a matrix.
  ///
  /// Within `1e-11 · max(1, |value|)` where Σ is well conditioned.
  ///
  /// - Parameter points: T × N returns.
  /// - Returns: T logarithms; NaN for a row with NaN, −∞ for an infinite one.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.notRepresentable` where Σ is not positive
  ///   definite to rounding.
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
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.negativeVariance`,
  ///   `DistributionsError.notRepresentable`, `DistributionsError.invalidValue` for a portfolio without
  ///   risk, which has no density.
  /// - Complexity: O(N²).
  public func portfolioLaw(_ weights: Weights) throws(DistributionsError) -> GeneralizedHyperbolic {
    let parts = try mixture.projection(weights)
    return try GeneralizedHyperbolic(
      location: parts.location, drift: parts.drift, deviation: parts.deviation, order: order,
      concentration: concentration, mixingScale: mixingScale)
  }

  /// W over the generalized inverse Gaussian number of order λ and concentration ω.
  private var mixingScale: Double { mixing.chi / concentration }

  func simulation(_ stream: RandomStream) throws(DistributionsError) -> EllipticalSimulation {
    try EllipticalSimulation(
      location: location, drift: drift, dispersion: mixture.dispersion,
      mixing: .inverseGaussian(
        InverseGaussianMixing(order: order, concentration: concentration, scale: mixingScale)),
      stream)
  }
}
