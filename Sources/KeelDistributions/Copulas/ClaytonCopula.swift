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

  /// L; a − b is θ ln(v/u), which keeps its digits where the ranks are near each other.
  private func excess(_ u: Double, _ v: Double) -> Double {
    let a = -parameter * log(u)
    return CopulaArguments.softplus(
      a > 1
        ? parameter * CopulaArguments.logRatio(v, u) + log1p(-exp(-a))
        : CopulaArguments.logExpm1(a) + parameter * log(v))
  }

  /// The logarithm of the density, within 1e-12 times its size or one.
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    // Symmetric in u and v; with a ≤ b nothing large is subtracted from itself.
    let (low, high) = (min(u, v), max(u, v))
    let difference = parameter * CopulaArguments.logRatio(low, high)
    return log1p(parameter) - log(high) + difference - (2 + 1 / parameter) * excess(high, low)
  }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    return min(u, v) * exp(-excess(max(u, v), min(u, v)) / parameter)
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    return exp(-(1 + 1 / parameter) * excess(u, v))
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
