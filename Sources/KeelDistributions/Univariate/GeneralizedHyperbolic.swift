// Goals in order: relative accuracy in both tails, any order and concentration, speed.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The generalized hyperbolic law: semi-heavy tails with skew and a free power.
///
/// ```text
/// f(x) = (γ/δ)^λ/(√(2π) K(λ, δγ)) · K(λ−½, αq) (q/α)^(λ−½) exp(βz),
/// z = x − μ,   q = √(δ² + z²),   γ = √(α² − β²)
/// ```
///
/// It is the law of `μ + βW + √W N` with a normal N and a generalized inverse Gaussian W. Order −½ is
/// ``NormalInverseGaussianLaw``, order 1 the hyperbolic law; for `δ → 0` and a positive order it becomes
/// ``VarianceGammaLaw``. Source: O. Barndorff-Nielsen, Exponentially decreasing distributions for the
/// logarithm of particle size, Proceedings of the Royal Society A 353 (1977). Log-density and
/// log-survival agree with 50-digit references within `1e-12 · max(1, |value|)` in both tails.
/// Probabilities are sums of some 100 terms; a draw is a quantile.
public struct GeneralizedHyperbolic: LocationScaleLaw {
  /// The location μ.
  public let location: Double

  /// The scale δ.
  public let scale: Double

  /// The order λ.
  public var order: Double { standard.order }

  /// The steepness α of the tails, in one over the unit of the law; above the magnitude of `asymmetry`.
  public let steepness: Double

  /// The asymmetry β, in one over the unit of the law: a negative one makes the lower tail the heavier.
  public let asymmetry: Double

  let standard: StandardHyperbolic
  let unit: Double
  var center: Double { location }

  /// The allowed order.
  public static let allowedOrder = -100.0...100.0

  /// Creates a generalized hyperbolic law.
  ///
  /// - Parameters:
  ///   - location: The location μ, finite.
  ///   - scale: The scale δ, positive and finite.
  ///   - order: The order λ, in ``allowedOrder``.
  ///   - steepness: The steepness α, positive and finite.
  ///   - asymmetry: The asymmetry β, inside (−α, α), and not so close to either that δγ would leave
  ///     `NormalInverseGaussianLaw.allowedConcentration`.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(
    location: Double,
    scale: Double,
    order: Double,
    steepness: Double,
    asymmetry: Double
  ) throws(DistributionsError) {
    let parts = try HyperbolicParameters(
      location: location, scale: scale, steepness: steepness, asymmetry: asymmetry)
    try requireInside(order, Self.allowedOrder, "order")
    self.location = location
    self.scale = scale
    self.steepness = steepness
    self.asymmetry = asymmetry
    unit = parts.unit
    standard = StandardHyperbolic(
      order: order, concentration: parts.concentration, drift: parts.drift)
  }

  /// The law of `location + γW + σ√W N` with W generalized inverse Gaussian of order λ and concentration ω
  /// times `mixingScale`; drift γ and deviation σ.
  init(
    location: Double,
    drift: Double,
    deviation: Double,
    order: Double,
    concentration: Double,
    mixingScale: Double
  ) throws(DistributionsError) {
    unit = deviation * mixingScale.squareRoot()
    try requirePositive(unit, "portfolio volatility")
    self.location = location
    self.scale = unit * concentration.squareRoot()
    let tilt = drift * mixingScale / unit
    steepness = hypot(concentration.squareRoot(), tilt) / unit
    asymmetry = tilt / unit
    try requirePositive(steepness, "steepness")
    try requireFinite(asymmetry, "asymmetry")
    standard = StandardHyperbolic(order: order, concentration: concentration, drift: tilt)
  }
}
