public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of two ranks: how two returns depend on each other, whatever the laws of each.
///
/// Both arguments are probabilities. Outside 0 to 1 they count as the nearer end where a result exists
/// there; NaN gives NaN.
public protocol BivariateCopula: Hashable, Sendable {
  /// Returns the natural logarithm of the density.
  ///
  /// - Parameters:
  ///   - u: The first rank, inside (0, 1).
  ///   - v: The second rank, inside (0, 1).
  /// - Returns: The logarithm; NaN where a rank is not inside (0, 1).
  func logDensity(_ u: Double, _ v: Double) -> Double

  /// Returns the probability that both ranks are at most u and v.
  ///
  /// - Parameters:
  ///   - u: The first rank.
  ///   - v: The second rank.
  /// - Returns: A number in 0 to min(u, v).
  func cdf(_ u: Double, _ v: Double) -> Double

  /// Returns the probability that the first rank is at most u, given the second.
  ///
  /// - Parameters:
  ///   - u: The first rank.
  ///   - v: The second rank, inside (0, 1).
  /// - Returns: ∂C/∂v, in 0 to 1; NaN where v is not inside (0, 1).
  func conditionalCDF(_ u: Double, given v: Double) -> Double

  /// Returns the first rank that is not exceeded with a probability, given the second.
  ///
  /// - Parameters:
  ///   - probability: The probability.
  ///   - v: The second rank, inside (0, 1).
  /// - Returns: A number in 0 to 1; NaN where v is not inside (0, 1).
  func conditionalQuantile(_ probability: Double, given v: Double) -> Double

  /// Kendall's rank correlation τ: the probability that two draws are ordered alike, less that they are not.
  var kendallCorrelation: Double { get }

  /// Returns the probability that one rank is extreme given that the other is, in the limit.
  ///
  /// - Parameter corner: Where both ranks are.
  /// - Returns: A number in 0 to 1.
  func tailDependence(_ corner: CopulaCorner) -> Double
}

/// A corner of the square of ranks.
@frozen
public enum CopulaCorner: String, Hashable, Sendable, CaseIterable, Codable {
  /// Both fall.
  case lowerLower

  /// Both rise.
  case upperUpper

  /// The first falls, the second rises.
  case lowerUpper

  /// The first rises, the second falls.
  case upperLower
}

extension BivariateCopula {
  /// Draws two ranks.
  ///
  /// - Parameter random: Where the two uniform draws come from.
  /// - Returns: The ranks, in 0 to 1.
  public func sample(from random: inout RandomSequence) -> (u: Double, v: Double) {
    let v = random.uniform()
    return (conditionalQuantile(random.uniform(), given: v), v)
  }
}

/// What all copulas do at the ends, before a formula is asked.
enum CopulaArguments {
  /// Whether a rank is inside (0, 1).
  static func isInside(_ rank: Double) -> Bool { rank > 0 && rank < 1 }

  /// C(u, v) where one of the ranks is not inside; nil where both are.
  static func edgeCDF(_ u: Double, _ v: Double) -> Double? {
    if u.isNaN || v.isNaN { return .nan }
    if u <= 0 || v <= 0 { return 0 }
    if u >= 1 { return min(v, 1) }
    return v >= 1 ? u : nil
  }

  /// A conditional probability or quantile where an argument is not inside; nil where both are.
  static func edge(_ value: Double, given v: Double) -> Double? {
    guard isInside(v), !value.isNaN else { return .nan }
    return value <= 0 ? 0 : value >= 1 ? 1 : nil
  }

  /// 1 less a rank, inside (0, 1) where the rank is: less than one also where one less the rank rounds to it.
  static func turned(_ rank: Double) -> Double { rank > 0 ? min(1 - rank, 1.0.nextDown) : 1 - rank }

  /// ln(x/y) for x, y > 0, with all digits where the two are near each other too.
  static func logRatio(_ x: Double, _ y: Double) -> Double {
    let change = (x - y) / y
    return change.magnitude < 0.5 ? log1p(change) : log(x) - log(y)
  }

  /// ln(e^x − 1) for x > 0.
  static func logExpm1(_ x: Double) -> Double {
    x > 1 ? x + log1p(-exp(-x)) : log(expm1(x))
  }

  /// ln(1 + e^x).
  static func softplus(_ x: Double) -> Double {
    x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
  }

  /// ln(e^x + e^y).
  static func logSum(_ x: Double, _ y: Double) -> Double {
    let (low, high) = (min(x, y), max(x, y))
    return high == -.infinity ? high : high + log1p(exp(low - high))
  }
}
