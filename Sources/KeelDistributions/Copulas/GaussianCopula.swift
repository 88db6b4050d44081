import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The dependence of two returns that are jointly normal.
///
/// ```text
/// ln c(u, v) = −½ ln(1 − ρ²) − (ρ² (x² + y²) − 2 ρ x y) / (2 (1 − ρ²)),   x = Φ⁻¹(u), y = Φ⁻¹(v)
/// ```
///
/// Extremes of the two are independent in the limit whatever ρ < 1 is: for markets that crash together take
/// ``StudentTCopula``.
public struct GaussianCopula: BivariateCopula {
  /// ρ, the correlation of the normal scores.
  public let correlation: Double

  /// Creates the copula.
  ///
  /// - Parameter correlation: ρ, inside (−1, 1).
  /// - Throws: `DistributionsError.invalidValue`.
  public init(correlation: Double) throws(DistributionsError) {
    guard correlation.magnitude < 1 else {
      throw .invalidValue(
        argument: "correlation", got: correlation, lowest: (-1.0).nextUp, highest: 1.0.nextDown)
    }
    self.correlation = correlation
  }

  /// 1 − ρ².
  private var remainder: Double { (1 - correlation) * (1 + correlation) }

  /// The logarithm of the density, within 1e-12 times its size or one.
  ///
  /// Near perfect correlation beside what the rounding of the scores by one part in 2⁵³ changes,
  /// 5e-16 max(|x|, |y|) |x ∓ y| / (1 − ρ²).
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    let (x, y) = (StandardNormal.quantile(u), StandardNormal.quantile(v))
    let (near, squares) = (x - sign * y, x * x + y * y)
    // (ρ² (x² + y²) − 2 ρ x y) / (1 − ρ²) by the square of x ∓ y, since near perfect correlation all of it cancels.
    let form =
      correlation.magnitude * (near * near / remainder - squares / (1 + correlation.magnitude))
    return -0.5 * (log(remainder) + form)
  }

  private var sign: Double { correlation < 0 ? -1 : 1 }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    CopulaArguments.edgeCDF(u, v)
      ?? StandardNormal.bivariateCDF(
        StandardNormal.quantile(u), StandardNormal.quantile(v), correlation: correlation)
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  ///
  /// Near perfect correlation beside what the rounding of the scores changes, 5e-16 max(|x|, |y|) / √(1 − ρ²).
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    return StandardNormal.cdf(
      (StandardNormal.quantile(u) - correlation * StandardNormal.quantile(v))
        / remainder.squareRoot())
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(probability, given: v) { return edge }
    return StandardNormal.cdf(
      StandardNormal.quantile(probability) * remainder.squareRoot()
        + correlation * StandardNormal.quantile(v))
  }

  /// (2/π) arcsin ρ.
  public var kendallCorrelation: Double { 2 / Double.pi * asin(correlation) }

  /// Zero in every corner.
  public func tailDependence(_ corner: CopulaCorner) -> Double { 0 }
}
