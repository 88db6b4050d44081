import KeelNumerics

// Products of a power and a normal probability, as every reflected path has them.
//
// A path that is reflected at a level weighs as much as the level is unlikely: the power overflows where
// the probability underflows, and only their product has a value. In the tail the probability is its density
// times the Mills ratio, whose continued fraction (Laplace) needs nothing but divisions, so that any scalar
// can take it.

/// Normal probabilities times the exponential of a number.
enum ScaledProbability {
  /// Below this the probability is taken as density times Mills ratio.
  private static let tail = -5.0

  /// The levels of the continued fraction; at 5 the next one changes nothing.
  private static let levels = 30

  private static let logRootTwoPi = 0.918_938_533_204_672_7

  /// `exp(exponent) Φ(x)`.
  static func value<Scalar: AnalyticScalar>(_ exponent: Scalar, _ x: Scalar) -> Scalar {
    if x.primal >= tail { return exponent.exponential * x.normalCDF }
    if x.primal == -.infinity { return Scalar(0) }
    let z = -x
    var fraction = z
    for level in stride(from: levels, through: 1, by: -1) {
      fraction = z + Double(level) * (Scalar(1) / fraction)
    }
    return (exponent - 0.5 * (z * z) - logRootTwoPi).exponential / fraction
  }

  /// `exp(exponent) (Φ(high) − Φ(low))`, from the side where both are small.
  static func difference<Scalar: AnalyticScalar>(
    _ exponent: Scalar,
    from low: Scalar,
    to high: Scalar
  ) -> Scalar {
    low.primal > 0
      ? value(exponent, -low) - value(exponent, -high)
      : value(exponent, high) - value(exponent, low)
  }
}
