// With a = −θ ln u and b = −θ ln v, and L = ln(e^a + e^b − 1) − b = ln(1 + (e^a − 1) e^−b): every formula in a, b and L,
// so that no power overflows.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Clayton's copula: returns fall together and rise apart.
///
/// ```text
/// C(u, v) = (u^−θ + v^−θ − 1)^(−1/θ)
/// ```
///
/// Source: D. Clayton, "A model for association in bivariate life tables", Biometrika 65 (1978).
public struct ClaytonCopula: BivariateCopula {
  /// θ: near zero independence, at infinity equal ranks.
  public let parameter: Double

  /// The parameters for which the formulas keep their digits.
  public static let allowedParameters = 1e-6...1e4

  /// Creates the copula.
  ///
  /// - Parameter parameter: θ, in ``allowedParameters``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(parameter: Double) throws(DistributionsError) {
    try requireParameter(parameter, in: Self.allowedParameters)
    self.parameter = parameter
  }

  /// L from a and b.
  private static func excess(_ a: Double, _ b: Double) -> Double {
    CopulaArguments.softplus(CopulaArguments.logExpm1(a) - b)
  }

  /// The logarithm of the density, within 1e-12 times its size or one.
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    // Symmetric in u and v; with a ≤ b nothing large is subtracted from itself.
    let (a, b) = (-parameter * log(max(u, v)), -parameter * log(min(u, v)))
    let ratio = 1 / parameter
    return log1p(parameter) + (1 + ratio) * a - b - (2 + ratio) * Self.excess(a, b)
  }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    let (a, b) = (-parameter * log(max(u, v)), -parameter * log(min(u, v)))
    return min(u, v) * exp(-Self.excess(a, b) / parameter)
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    return exp(-(1 + 1 / parameter) * Self.excess(-parameter * log(u), -parameter * log(v)))
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(probability, given: v) { return edge }
    let excess = -log(probability) / (1 + 1 / parameter)
    let a = CopulaArguments.softplus(CopulaArguments.logExpm1(excess) - parameter * log(v))
    return exp(-a / parameter)
  }

  /// θ / (θ + 2).
  public var kendallCorrelation: Double { parameter / (parameter + 2) }

  /// 2^(−1/θ) where both fall, else zero.
  public func tailDependence(_ corner: CopulaCorner) -> Double {
    corner == .lowerLower ? exp2(-1 / parameter) : 0
  }
}

/// Requires a parameter in an interval.
func requireParameter(
  _ parameter: Double,
  in allowed: ClosedRange<Double>
) throws(DistributionsError) {
  guard allowed.contains(parameter) else {
    throw .invalidValue(
      argument: "parameter", got: parameter, lowest: allowed.lowerBound,
      highest: allowed.upperBound)
  }
}
