// The joint probability is that of the comonotone or countermonotone law less the integral of its slope by the
// correlation, with ρ = sin θ (A. Genz, "Numerical computation of rectangular bivariate and trivariate normal and t
// probabilities", Statistics and Computing 14, 2004).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The dependence of two returns whose joint law is Student-t: extremes come together.
///
/// ```text
/// λ = 2 T(−√((ν + 1) (1 − ρ) / (1 + ρ)); ν + 1)
/// ```
///
/// is the tail dependence in both corners; with −ρ that in the two others, which even at ρ = 0 is not zero.
/// Ranks whose quantile is beyond the largest number, below 6e-32 with ν = 0.1 and below 2e-155 with ν = 0.5, count as
/// the one there.
///
/// Source: S. Demarta and A. McNeil, "The t copula and related copulas", International Statistical Review 73 (2005).
public struct StudentTCopula: BivariateCopula {
  /// ρ, the correlation parameter.
  public let correlation: Double

  /// ν: the fewer, the more extremes come together.
  public let degreesOfFreedom: Double

  private let law: StandardStudentT
  private let conditionalLaw: StandardStudentT
  private let logConstant: Double

  /// Creates the copula.
  ///
  /// - Parameters:
  ///   - correlation: ρ, inside (−1, 1).
  ///   - degreesOfFreedom: ν, from 0.1 to 1e6; with more, take ``GaussianCopula``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(correlation: Double, degreesOfFreedom: Double) throws(DistributionsError) {
    guard correlation.magnitude < 1 else {
      throw .invalidValue(
        argument: "correlation", got: correlation, lowest: (-1.0).nextUp, highest: 1.0.nextDown)
    }
    let allowed = 0.1...1e6
    guard allowed.contains(degreesOfFreedom) else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degreesOfFreedom, lowest: allowed.lowerBound,
        highest: allowed.upperBound)
    }
    self.init(unchecked: correlation, degreesOfFreedom)
  }

  init(unchecked correlation: Double, _ degreesOfFreedom: Double) {
    self.correlation = correlation
    self.degreesOfFreedom = degreesOfFreedom
    law = StandardStudentT(degreesOfFreedom: degreesOfFreedom)
    conditionalLaw = StandardStudentT(degreesOfFreedom: degreesOfFreedom + 1)
    // The joint density at zero is 1/(2π) times 1/√(1 − ρ²), whatever ν is.
    logConstant = -log(2 * Double.pi) - 2 * law.logNormalizer
  }

  /// 1 − ρ².
  private var remainder: Double { (1 - correlation) * (1 + correlation) }

  /// The logarithm of the density, within 1e-12 times its size or one.
  ///
  /// Near perfect correlation beside what the errors of the quantiles change, 2e-15 max(1, 1/ν) max(|x|, |y|)
  /// |x ∓ y| / (1 − ρ²).
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    guard CopulaArguments.isInside(u), CopulaArguments.isInside(v) else { return .nan }
    return logDensity(scores: quantile(u), quantile(v))
  }

  /// The logarithm of the density where the quantiles of the ranks are known.
  func logDensity(scores x: Double, _ y: Double) -> Double {
    let degrees = degreesOfFreedom
    // Scaled where squares would overflow; one beside such squares is nothing.
    let largest = max(x.magnitude, y.magnitude)
    let isFar = largest > Self.farScore
    let scale = isFar ? largest : 1
    let ratio = form(x / scale, y / scale) / degrees
    let joint = isFar ? log(ratio) + 2 * log(scale) : log1p(ratio)
    return logConstant - 0.5 * log(remainder) - 0.5 * (degrees + 2) * joint
      + 0.5 * (degrees + 1) * (law.logOnePlusRatio(x) + law.logOnePlusRatio(y))
  }

  /// (x² − 2 ρ x y + y²) / (1 − ρ²) by the square of x ∓ y, since near perfect correlation the rest cancels.
  private func form(_ x: Double, _ y: Double) -> Double {
    let sign = correlation < 0 ? -1.0 : 1
    let near = x - sign * y
    return near * near / remainder + sign * 2 * x * y / (1 + correlation.magnitude)
  }

  /// Scores beyond it are scaled before they are squared; its square is beyond 2⁵³ degrees of freedom by far.
  private static let farScore = 1e100

  private func quantile(_ rank: Double) -> Double { Self.quantile(rank, law) }

  /// The quantile of a rank inside (0, 1), finite.
  static func quantile(_ rank: Double, _ law: StandardStudentT) -> Double {
    let limit = Double.greatestFiniteMagnitude
    return min(max(-law.survivalQuantile(rank), -limit), limit)
  }

  /// The probability that both ranks are at most u and v, within 2e-14.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    let (x, y) = (quantile(u), quantile(v))
    let angle = asin(correlation)
    let degrees = degreesOfFreedom
    let isPositive = correlation > 0
    let sign = isPositive ? 1.0 : -1.0
    let limit = isPositive ? min(u, v) : max(0, u + v - 1)
    let interval = isPositive ? angle...(Double.pi / 2) : (-Double.pi / 2)...angle
    let part = try? TanhSinh.integral(
      over: interval, settings: .init(absoluteTolerance: 1e-15, relativeTolerance: 1e-13)
    ) { theta, distance in
      // The end at ±π/2 is where cos θ vanishes: its distance keeps the digits.
      let isNear = (theta - angle).magnitude > (sign * .pi / 2 - theta).magnitude
      let cosine = isNear ? sin(distance) : cos(theta)
      // x² + y² − 2 x y sin θ = (x ∓ y)² + 2 x y (±1 − sin θ), and 1 − |sin θ| = cos² θ / (1 + |sin θ|).
      let difference = (x - sign * y) / cosine
      let ratio = difference * difference + sign * 2 * x * y / (1 + sin(theta).magnitude)
      let value = exp(-0.5 * degrees * log1p(max(ratio, 0) / degrees))
      return value.isFinite ? value : 0
    }
    guard let part else { return .nan }
    let mass = part.value / (2 * Double.pi)
    return min(max(isPositive ? limit - mass : limit + mass, 0), min(u, v))
  }

  /// The probability of a first rank of at most u given the second, within 1e-12.
  ///
  /// Near perfect correlation beside what the errors of the quantiles change, 2e-15 max(1, 1/ν) max(|x|, |y|) /
  /// √(1 − ρ²) times √((ν + 1) / (ν + y²)).
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(u, given: v) { return edge }
    let y = quantile(v)
    return conditionalLaw.survival(-(quantile(u) - correlation * y) / spread(y))
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    if let edge = CopulaArguments.edge(probability, given: v) { return edge }
    let y = quantile(v)
    let z = -conditionalLaw.survivalQuantile(probability)
    return law.survival(-(correlation * y + z * spread(y)))
  }

  /// The scale of the first score given the second.
  private func spread(_ y: Double) -> Double {
    let degrees = degreesOfFreedom
    let size =
      y.magnitude > 1
      ? y.magnitude * (degrees / y / y + 1).squareRoot() : (degrees + y * y).squareRoot()
    return size * (remainder / (degrees + 1)).squareRoot()
  }

  /// (2/π) arcsin ρ.
  public var kendallCorrelation: Double { 2 / Double.pi * asin(correlation) }

  /// λ of the correlation in the corners of equal direction, of its opposite in the others.
  public func tailDependence(_ corner: CopulaCorner) -> Double {
    let isOpposite = corner == .lowerUpper || corner == .upperLower
    let own = isOpposite ? -correlation : correlation
    return 2
      * conditionalLaw.survival(((degreesOfFreedom + 1) * (1 - own) / (1 + own)).squareRoot())
  }
}
