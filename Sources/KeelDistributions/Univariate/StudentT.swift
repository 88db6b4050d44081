// Goals in order: relative accuracy of log-survival in both tails, no trap on any argument, speed.
// The functions of the standard law are in StandardStudentT.swift.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Student's t law with location and scale.
///
/// ```text
/// f(x) = Γ((ν+1)/2) / (Γ(ν/2) √(νπ) σ) · (1 + z²/ν)^(−(ν+1)/2),   z = (x − μ)/σ
/// ```
///
/// The scale is not the standard deviation: that is `σ √(ν/(ν−2))`, and infinite for `ν ≤ 2`. With
/// infinite degrees of freedom the law is normal. As a law of returns its risk measures count a
/// loss as positive.
///
/// Log-density and log-survival agree with 50-digit references within `1e-12 · max(1, |value|)` in
/// both tails.
public struct StudentT: Hashable, Sendable {
  /// The location: the center of symmetry.
  public let location: Double

  /// The scale.
  public let scale: Double

  /// The degrees of freedom: positive, infinite for the normal limit.
  public var degreesOfFreedom: Double { standard.degreesOfFreedom }

  let standard: StandardStudentT

  /// Creates a Student-t law.
  ///
  /// - Parameters:
  ///   - location: The center of symmetry, finite.
  ///   - scale: The scale, positive and finite.
  ///   - degreesOfFreedom: The degrees of freedom, a positive normal number; infinity gives the
  ///     normal law.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(location: Double, scale: Double, degreesOfFreedom: Double) throws(DistributionsError)
  {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    guard degreesOfFreedom >= .leastNormalMagnitude else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degreesOfFreedom, lowest: .leastNormalMagnitude,
        highest: .infinity)
    }
    self.location = location
    self.scale = scale
    standard = StandardStudentT(degreesOfFreedom: degreesOfFreedom)
  }

  /// The mean; NaN when it does not exist, for `ν ≤ 1`.
  public var mean: Double { degreesOfFreedom > 1 ? location : .nan }

  /// The variance `σ² ν/(ν−2)`; infinite for `1 < ν ≤ 2`, NaN for `ν ≤ 1`.
  public var variance: Double {
    let degrees = degreesOfFreedom
    if degrees == .infinity { return scale * scale }
    if degrees > 2 { return scale * scale * (degrees / (degrees - 2)) }
    return degrees > 1 ? .infinity : .nan
  }

  /// The square root of the variance.
  public var standardDeviation: Double { variance.squareRoot() }

  /// Returns the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The density, or NaN for NaN.
  public func pdf(_ x: Double) -> Double { exp(standard.logPDF(standardized(x))) / scale }

  /// Returns the logarithm of the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm of the density, or NaN for NaN.
  public func logPDF(_ x: Double) -> Double { standard.logPDF(standardized(x)) - log(scale) }

  /// Returns the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func cdf(_ x: Double) -> Double { standard.survival(-standardized(x)) }

  /// Returns the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func survival(_ x: Double) -> Double { standard.survival(standardized(x)) }

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logSurvival(_ x: Double) -> Double { standard.logSurvival(standardized(x)) }

  /// Returns the point below which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1 and where it overflows; NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    location - scale * standard.survivalQuantile(probability)
  }

  /// Returns the point above which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1 and where it overflows; NaN outside [0, 1].
  public func survivalQuantile(_ probability: Double) -> Double {
    location + scale * standard.survivalQuantile(probability)
  }

  /// Returns the expected shortfall of a return that has this law.
  ///
  /// ```text
  /// ES = −μ + σ f(q)/(1 − confidence) · (ν + q²)/(ν − 1),   q = the standard quantile
  /// ```
  ///
  /// - Parameter confidence: The confidence, inside (0, 1): 0.975 asks for the mean of the worst
  ///   2.5 % of the cases.
  /// - Returns: The loss as a fraction, positive for a loss, infinite for `ν ≤ 1`; NaN outside
  ///   (0, 1).
  public func expectedShortfall(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    return scale * standard.expectedShortfall(confidence: confidence) - location
  }

  private func standardized(_ x: Double) -> Double { (x - location) / scale }
}
