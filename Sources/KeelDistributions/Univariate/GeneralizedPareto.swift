// Goals in order: relative accuracy in both tails and next to shape 0, no trap on any argument, speed.
//
// Everything is written in L = ln(1 + ξz)/ξ, which is z for ξ = 0 and has no cancellation next to it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The generalized Pareto law: excesses over a high threshold.
///
/// ```text
/// P(X > x) = (1 + ξ z)^(−1/ξ),   z = (x − μ)/σ ≥ 0, for ξ < 0 up to −1/ξ;   exp(−z) for ξ = 0
/// ```
///
/// Log-density and log-survival agree with 50-digit references within `1e-12 · max(1, |value|)`; next
/// to the upper end, which exists for a negative shape, up to the rounding of `x − μ`.
/// Source: J. Pickands, Statistical inference using extreme order statistics, Annals of Statistics 3
/// (1975).
public struct GeneralizedPareto: LocationScaleLaw {
  /// The threshold μ: the lower end of the support.
  public let threshold: Double

  /// The scale σ.
  public let scale: Double

  /// The shape ξ: the tail index of a heavy tail is 1/ξ.
  public var shape: Double { standard.shape }

  let standard: StandardGeneralizedPareto
  var center: Double { threshold }
  var unit: Double { scale }

  /// The allowed shape.
  public static let allowedShape = -100.0...100.0

  /// Creates a generalized Pareto law.
  ///
  /// - Parameters:
  ///   - threshold: The lower end of the support, finite.
  ///   - scale: The scale, positive and finite.
  ///   - shape: The shape ξ, in ``allowedShape``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(threshold: Double, scale: Double, shape: Double) throws(DistributionsError) {
    try requireFinite(threshold, "threshold")
    try requirePositive(scale, "scale")
    try requireInside(shape, Self.allowedShape, "shape")
    self.threshold = threshold
    self.scale = scale
    standard = StandardGeneralizedPareto(shape: shape)
  }
}

/// The generalized Pareto law with threshold 0 and scale 1.
struct StandardGeneralizedPareto: StandardLaw {
  let shape: Double

  var support: ClosedRange<Double> { 0...(shape < 0 ? -1 / shape : .infinity) }

  var mean: Double { shape < 1 ? 1 / (1 - shape) : .infinity }

  var variance: Double {
    if shape >= 0.5 { return shape < 1 ? .infinity : .nan }
    return 1 / ((1 - shape) * (1 - shape) * (1 - 2 * shape))
  }

  var skewness: Double {
    if shape >= 1.0 / 3 { return shape < 0.5 ? .infinity : .nan }
    return 2 * (1 + shape) * (1 - 2 * shape).squareRoot() / (1 - 3 * shape)
  }

  var excessKurtosis: Double {
    if shape >= 0.25 { return shape < 0.5 ? .infinity : .nan }
    return 3 * (1 - 2 * shape) * (2 * shape * shape + shape + 3)
      / ((1 - 3 * shape) * (1 - 4 * shape)) - 3
  }

  func logDensity(_ z: Double) -> Double {
    // At the upper end the density is 0, 1 or infinite; the product would be NaN for shape −1.
    shape == -1 ? 0 : -(1 + shape) * Self.stretchedLogarithm(z, shape)
  }

  func logTails(_ z: Double) -> LogTails {
    LogTails(upper: -Self.stretchedLogarithm(z, shape))
  }

  func lowerPoint(_ probability: Double) -> Double {
    Self.stretchedExponential(-log1p(-probability), shape)
  }

  func upperPoint(_ probability: Double) -> Double {
    Self.stretchedExponential(-log(probability), shape)
  }

  func lowerMean(_ probability: Double) -> Double {
    guard probability > 0.5 else { return integratedLowerMean(probability) }
    if shape < 0.5 { return restBelow(probability) }
    // ∫ (exp(ξv) − 1)/ξ exp(−v) dv up to V = −ln(1 − p).
    let end = -log1p(-probability)
    return (Self.stretchedExponential(end, shape - 1) - probability) / (shape * probability)
  }

  func upperMean(_ probability: Double) -> Double {
    guard shape < 1 else { return .infinity }
    // The excess over the point has this law with the scale t^(−ξ).
    return upperPoint(probability) + exp(-shape * log(probability)) / (1 - shape)
  }

  /// The mean of the lower quantiles, smooth for probabilities up to one half.
  private func integratedLowerMean(_ probability: Double) -> Double {
    var sum = 0.0
    for (node, weight) in GaussLegendre32.positiveHalf {
      sum +=
        weight
        * (lowerPoint(0.5 * probability * (1 + node))
          + lowerPoint(0.5 * probability * (1 - node)))
    }
    return 0.5 * sum
  }

  /// Below this magnitude ξz does not change ln(1 + ξz)/ξ = z (1 − ξz/2 + …).
  private static let negligible = 0x1p-54

  /// ln(1 + ξz)/ξ.
  static func stretchedLogarithm(_ z: Double, _ shape: Double) -> Double {
    let product = shape * z
    if product.magnitude < negligible { return z }
    // Next to the upper end the sum has one rounding only.
    if product < -0.5 { return log(max(0, (1.0).addingProduct(shape, z))) / shape }
    return product < .infinity
      ? log1p(product) / shape : (log(shape.magnitude) + log(z.magnitude)) / shape
  }

  /// (exp(ξy) − 1)/ξ, its inverse.
  static func stretchedExponential(_ y: Double, _ shape: Double) -> Double {
    (shape * y).magnitude < negligible ? y : expm1(shape * y) / shape
  }
}
