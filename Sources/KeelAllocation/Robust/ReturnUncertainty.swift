public import KeelData
import KeelNumerics

/// The expected returns that a robust choice prepares for: a set around the estimate.
public enum ReturnUncertainty: Hashable, Sendable {
  /// Every expected return on its own, as far from its estimate as its half-width, zero or more.
  ///
  /// ```text
  /// |μ_i − estimate_i| ≤ half-width_i
  /// ```
  case box(AssetRates)

  /// Expected returns that are wrong together.
  ///
  /// ```text
  /// (μ − estimate)' Ω⁻¹ (μ − estimate) ≤ radius²
  /// ```
  ///
  /// Ω is the covariance of the errors of the estimate, zero in directions without error; the radius
  /// is zero or more.
  case ellipsoid(Covariance, radius: Double)

  /// An ellipsoid whose axes are the assets: Ω holds the squares of standard errors, zero or more.
  case standardErrors(AssetRates, radius: Double)

  /// The box in which each expected return lies with a confidence, for means of normal returns.
  ///
  /// ```text
  /// half-width_i = Φ⁻¹((1 + confidence)/2) σ_i / √T
  /// ```
  ///
  /// - Parameters:
  ///   - covariance: The covariance of the returns per period.
  ///   - observationCount: The number T of independent observations, at least 1.
  ///   - confidence: The confidence of each interval alone, in [0, 1).
  /// - Returns: The box.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)``.
  public static func intervals(
    forMeansOf covariance: Covariance,
    observationCount: Int,
    confidence: Double
  ) throws(AllocationError) -> ReturnUncertainty {
    try require(observationCount, confidence)
    let factor =
      confidence == 0
      ? 0
      : StandardNormal.survivalQuantile((1 - confidence) / 2)
        / Double(observationCount).squareRoot()
    let widths = covariance.standardDeviations.map { factor * $0 }
    return .box(
      .byAsset(
        Dictionary(uniqueKeysWithValues: zip(covariance.universe.assets, widths)), others: 0))
  }

  /// The ellipsoid in which the expected returns lie together with a confidence, for means of normal
  /// returns.
  ///
  /// ```text
  /// Ω = Σ,  radius = √(q/T),  q the quantile of χ² with N degrees of freedom
  /// ```
  ///
  /// - Parameters:
  ///   - covariance: The covariance Σ of the returns of N assets per period.
  ///   - observationCount: The number T of independent observations, at least 1.
  ///   - confidence: The confidence, in [0, 1).
  /// - Returns: The ellipsoid.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)``.
  public static func region(
    forMeansOf covariance: Covariance,
    observationCount: Int,
    confidence: Double
  ) throws(AllocationError) -> ReturnUncertainty {
    try require(observationCount, confidence)
    let quantile =
      confidence == 0
      ? 0
      : 2
        * SpecialFunctions.inverseRegularizedGammaP(
          Double(covariance.universe.count) / 2, confidence)
    return .ellipsoid(
      covariance, radius: (quantile / Double(observationCount)).squareRoot())
  }

  private static func require(_ count: Int, _ confidence: Double) throws(AllocationError) {
    try Translation.require(
      Double(count), "observationCount", in: 1 ... .greatestFiniteMagnitude)
    try Translation.require(confidence, "confidence", in: 0...1.0.nextDown)
  }

  /// What the worst of the set takes from the expected return of a portfolio.
  func loss(of weights: Weights) throws(AllocationError) -> Double {
    let w = weights.values
    switch self {
    case .box(let rates):
      let widths = try rates.resolved("half-width", over: weights.universe)
      return zip(widths, w).reduce(0) { $0 + $1.0 * $1.1.magnitude }
    case .ellipsoid(let errors, let radius):
      try Translation.requireEqual(errors.universe, weights.universe)
      let square = zip(errors.product(with: w), w).reduce(0) { $0 + $1.0 * $1.1 }
      return radius * max(square, 0).squareRoot()
    case .standardErrors(let rates, let radius):
      let errors = try rates.resolved("standard error", over: weights.universe)
      return radius * zip(errors, w).reduce(0) { $0 + $1.0 * $1.1 * $1.0 * $1.1 }.squareRoot()
    }
  }
}
