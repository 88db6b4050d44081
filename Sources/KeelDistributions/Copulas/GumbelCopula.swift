// With x = −ln u, y = −ln v and t = (x^θ + y^θ)^(1/θ), in logarithms.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gumbel's copula: returns rise together, and fall less so.
///
/// ```text
/// C(u, v) = exp(−((−ln u)^θ + (−ln v)^θ)^(1/θ))
/// ```
///
/// The only Archimedean copula of extremes. Source: E. Gumbel, "Distributions des valeurs extrêmes en plusieurs dimensions",
/// Publications de l'Institut de statistique de l'Université de Paris 9 (1960).
public struct GumbelCopula: BivariateCopula {
  /// θ: one is independence, infinity equal ranks.
  public let parameter: Double

  /// The parameters for which the formulas keep their digits.
  public static let allowedParameters = 1.0...1e4

  /// Creates the copula.
  ///
  /// - Parameter parameter: θ, in ``allowedParameters``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(parameter: Double) throws(DistributionsError) {
    try requireParameter(parameter, in: Self.allowedParameters)
    self.parameter = parameter
  }

  /// ln(x/y), by x − y = ln(v/u) where the ranks are near each other.
  private static func logRatio(_ u: Double, _ v: Double) -> Double {
    let (x, y) = (-log(u), -log(v))
    let change = CopulaArguments.logRatio(v, u) / y
    return change.magnitude < 0.5 ? log1p(change) : log(x) - log(y)
  }

  /// ln(t / max(x, y)), from ln(x/y).
  private func growth(_ logRatio: Double) -> Double {
    log1p(exp(-parameter * logRatio.magnitude)) / parameter
  }

  /// The logarithm of the density, within 1e-12 times its size or one.
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    let (x, y) = (-log(u), -log(v))
    let logRatio = Self.logRatio(u, v)
    let growth = growth(logRatio)
    let t = max(x, y) * exp(growth)
    // (θ − 1)(ln x + ln y) + (2 − 2θ) ln t, its large parts cancelled.
    let powers = (parameter - 1) * (-logRatio.magnitude - 2 * growth)
    // x + y − t: all of it min(x, y) but for the growth.
    let sum = min(x, y) - max(x, y) * expm1(growth)
    return sum + powers + log1p((parameter - 1) / t)
  }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    let (x, y) = (-log(u), -log(v))
    return exp(-max(x, y) * exp(growth(Self.logRatio(u, v))))
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    let logRatio = Self.logRatio(u, v)
    // ln(t/y)
    let rise = max(logRatio, 0) + growth(logRatio)
    return exp(log(v) * expm1(rise) - (parameter - 1) * rise)
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(probability, given: v) { return edge }
    // w = ln(t / y) solves y (e^w − 1) + (θ − 1) w = −ln p: increasing and convex, so that Newton's steps fall from
    // an upper bound on without passing the root.
    let y = -log(v)
    let goal = -log(probability)
    var w = log1p(goal / y)
    if parameter > 1 { w = min(w, goal / (parameter - 1)) }
    for _ in 0..<100 {
      let excess = y * expm1(w) + (parameter - 1) * w - goal
      let step = excess / (y * exp(w) + parameter - 1)
      let next = w - step
      if !(next < w) || next <= 0 { break }
      w = next
    }
    // x = (t^θ − y^θ)^(1/θ).
    let x = y * exp(w) * exp(log(-expm1(-parameter * w)) / parameter)
    return exp(-x)
  }

  /// 1 − 1/θ.
  public var kendallCorrelation: Double { (parameter - 1) / parameter }

  /// 2 − 2^(1/θ) where both rise, else zero.
  public func tailDependence(_ corner: CopulaCorner) -> Double {
    corner == .upperUpper ? -2 * expm1((1 / parameter - 1) * log(2)) : 0
  }
}
