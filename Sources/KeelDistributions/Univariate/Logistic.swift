// Goals in order: relative accuracy in both tails, no trap on any argument, speed.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The logistic law.
///
/// ```text
/// P(X ≤ x) = 1/(1 + exp(−z)),   f(x) = exp(−z) / (s (1 + exp(−z))²),   z = (x − μ)/s
/// ```
///
/// The scale is not the standard deviation: that is `s π/√3`. Log-density and log-survival agree with
/// 50-digit references within `1e-14 · max(1, |value|)`.
public struct Logistic: LocationScaleLaw {
  /// The location: the center of symmetry.
  public let location: Double

  /// The scale s.
  public let scale: Double

  var center: Double { location }
  var unit: Double { scale }
  var standard: StandardLogistic { StandardLogistic() }

  /// Creates a logistic law.
  ///
  /// - Parameters:
  ///   - location: The center of symmetry, finite.
  ///   - scale: The scale, positive and finite.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(location: Double, scale: Double) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    self.location = location
    self.scale = scale
  }
}

/// The logistic law with location 0 and scale 1.
struct StandardLogistic: SymmetricStandardLaw {
  var variance: Double { Double.pi * Double.pi / 3 }
  var excessKurtosis: Double { 1.2 }

  func logDensity(_ z: Double) -> Double { -z.magnitude - 2 * log1p(exp(-z.magnitude)) }

  func logUpperTail(_ z: Double) -> Double { -z - log1p(exp(-z)) }

  func positivePoint(_ probability: Double) -> Double {
    // ln((1 − p)/p), near the median by the odd function without cancellation.
    probability < 0.25
      ? log1p(-probability) - log(probability) : 2 * atanh(1 - 2 * probability)
  }

  func positiveMean(_ probability: Double) -> Double {
    // The entropy of p over p.
    -log(probability) - (1 - probability) / probability * log1p(-probability)
  }
}
