// For θ > 0, in logarithms of the sum of positive terms
//
//   D = e^−θu (1 − e^−θv) + e^−θv (1 − e^−θ(1 − v)) = (1 − e^−θ) − (1 − e^−θu) (1 − e^−θv);
//
// for θ < 0 the copula of |θ| with 1 − v in place of v.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Frank's copula: symmetric dependence of either sign without joint extremes.
///
/// ```text
/// C(u, v) = −(1/θ) ln(1 + (e^−θu − 1) (e^−θv − 1) / (e^−θ − 1))
/// ```
///
/// Source: M. Frank, "On the simultaneous associativity of F(x, y) and x + y − F(x, y)", Aequationes Mathematicae 19 (1979).
public struct FrankCopula: BivariateCopula {
  /// θ: zero is independence, of the sign of the dependence.
  public let parameter: Double

  /// The largest magnitude of the parameter.
  public static let largestParameter = 1e4

  /// Creates the copula.
  ///
  /// - Parameter parameter: θ, at most ``largestParameter`` in magnitude; zero is independence.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(parameter: Double) throws(DistributionsError) {
    try requireParameter(parameter, in: -Self.largestParameter...Self.largestParameter)
    self.parameter = parameter
  }

  /// |θ|.
  private var strength: Double { parameter.magnitude }

  /// Below this the first order in θ has all digits.
  private var isWeak: Bool { strength < 1e-8 }

  /// ln(1 − e^−x) for x > 0.
  private static func logRemainder(_ x: Double) -> Double { log(-expm1(-x)) }

  /// The second rank as the copula of |θ| sees it, and 1 less it.
  private func seen(_ v: Double) -> (rank: Double, rest: Double) {
    parameter < 0 ? (1 - v, v) : (v, 1 - v)
  }

  /// ln D.
  private func logDenominator(_ u: Double, _ v: (rank: Double, rest: Double)) -> Double {
    CopulaArguments.logSum(
      -strength * u + Self.logRemainder(strength * v.rank),
      -strength * v.rank + Self.logRemainder(strength * v.rest))
  }

  /// The logarithm of the density, within 1e-12 times its size or one.
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    if isWeak { return parameter * (1 - 2 * u) * (1 - 2 * v) / 2 }
    let v = seen(v)
    return log(strength) + Self.logRemainder(strength) - strength * (u + v.rank)
      - 2 * logDenominator(u, v)
  }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    if isWeak { return u * v * (1 + parameter * (1 - u) * (1 - v) / 2) }
    // With a small parameter or small ranks the logarithm of one plus a little.
    let product = expm1(-parameter * u) * expm1(-parameter * v) / expm1(-parameter)
    if product.magnitude < 0.5 { return min(max(-log1p(product) / parameter, 0), min(u, v)) }
    let rank = seen(v)
    let logarithm = logDenominator(u, rank) - Self.logRemainder(strength)
    let positive = -logarithm / strength
    return min(max(parameter > 0 ? positive : u - positive, 0), min(u, v))
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    if isWeak { return u + parameter * u * (1 - u) * (1 - 2 * v) / 2 }
    let v = seen(v)
    return exp(
      -strength * v.rank + Self.logRemainder(strength * u) - logDenominator(u, v))
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(probability, given: v) { return edge }
    let p = probability
    if isWeak { return p - parameter * p * (1 - p) * (1 - 2 * v) / 2 }
    let v = seen(v)
    // e^−θu = (e^−θv (1 − p) + p e^−θ) / (e^−θv (1 − p) + p)
    let decay = exp(-strength * v.rank) * (1 - p)
    let change = p * expm1(-strength) / (decay + p)
    if change > -0.5 { return min(max(-log1p(change) / strength, 0), 1) }
    let far = -strength * v.rank + log1p(-p)
    let logarithm =
      CopulaArguments.logSum(far, log(p) - strength) - CopulaArguments.logSum(far, log(p))
    return min(max(-logarithm / strength, 0), 1)
  }

  /// 1 − (4/θ) (1 − D₁(θ)) with Debye's function D₁.
  public var kendallCorrelation: Double {
    let x = strength
    if x < 1 { return parameter < 0 ? -Self.kendallSeries(x) : Self.kendallSeries(x) }
    let integral = try? GaussKronrod.integral(over: 0...min(x, 50)) { t in
      t > 0 ? t / expm1(t) : 1
    }
    let positive = 1 - 4 / x * (1 - (integral?.value ?? .nan) / x)
    return parameter < 0 ? -positive : positive
  }

  /// 4 Σ B₂ₖ x^(2k − 1) / ((2k + 1) (2k)!), from the series of D₁ by Bernoulli numbers.
  ///
  /// For x < 1 what is left out is below 1e-17 of it. Source: M. Abramowitz and I. Stegun, "Handbook of Mathematical
  /// Functions", 1964, 27.1.1.
  private static func kendallSeries(_ x: Double) -> Double {
    var sum = 0.0
    // 4 x^(n − 1) / n! with n = 2k.
    var power = 2 * x
    for (place, number) in bernoulliNumbers.enumerated() {
      let n = Double(2 * (place + 1))
      sum += number * power / (n + 1)
      power *= x * x / ((n + 1) * (n + 2))
    }
    return sum
  }

  /// B₂, B₄, … B₂₀.
  private static let bernoulliNumbers: [Double] = [
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510,
    43867.0 / 798, -174_611.0 / 330,
  ]

  /// Zero in every corner.
  public func tailDependence(_ corner: CopulaCorner) -> Double { 0 }
}
