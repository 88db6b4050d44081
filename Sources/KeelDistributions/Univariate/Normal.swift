// Goals in order: relative accuracy in both tails, no trap on any argument, speed.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The normal law.
///
/// ```text
/// f(x) = exp(−z²/2) / (σ √(2π)),   z = (x − μ)/σ
/// ```
///
/// As a law of returns its risk measures count a loss as positive.
public struct Normal: Hashable, Sendable {
  /// The mean.
  public let mean: Double

  /// The standard deviation.
  public let standardDeviation: Double

  /// Creates a normal law.
  ///
  /// - Parameters:
  ///   - mean: The mean, finite.
  ///   - standardDeviation: The standard deviation, positive and finite.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(mean: Double, standardDeviation: Double) throws(DistributionsError) {
    try requireFinite(mean, "mean")
    try requirePositive(standardDeviation, "standardDeviation")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The square of the standard deviation.
  public var variance: Double { standardDeviation * standardDeviation }

  /// Returns the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The density, or NaN for NaN.
  public func pdf(_ x: Double) -> Double {
    StandardNormal.pdf(standardized(x)) / standardDeviation
  }

  /// Returns the logarithm of the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm of the density, or NaN for NaN.
  public func logPDF(_ x: Double) -> Double {
    let z = standardized(x)
    return -0.5 * z * z - halfLogTwoPi - log(standardDeviation)
  }

  /// Returns the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func cdf(_ x: Double) -> Double { StandardNormal.cdf(standardized(x)) }

  /// Returns the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func survival(_ x: Double) -> Double { StandardNormal.cdf(-standardized(x)) }

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logSurvival(_ x: Double) -> Double { StandardNormal.logCDF(-standardized(x)) }

  /// Returns the point below which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1; NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    mean + standardDeviation * StandardNormal.quantile(probability)
  }

  /// Returns the point above which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1; NaN outside [0, 1].
  public func survivalQuantile(_ probability: Double) -> Double {
    mean - standardDeviation * StandardNormal.quantile(probability)
  }

  /// Returns the expected shortfall of a return that has this law.
  ///
  /// ```text
  /// ES = −μ + σ φ(q)/(1 − confidence),   q = Φ⁻¹(1 − confidence)
  /// ```
  ///
  /// - Parameter confidence: The confidence, inside (0, 1): 0.975 asks for the mean of the worst
  ///   2.5 % of the cases.
  /// - Returns: The loss as a fraction, positive for a loss; NaN outside (0, 1).
  public func expectedShortfall(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    return standardDeviation * Self.standardExpectedShortfall(confidence: confidence) - mean
  }

  /// The mean above the point that the standard law exceeds with a probability inside (0, 1).
  static func standardMeanAbove(tail: Double) -> Double {
    StandardNormal.pdf(StandardNormal.quantile(tail)) / tail
  }

  /// The value at risk of the standard law, for a confidence inside (0, 1).
  static func standardValueAtRisk(confidence: Double) -> Double {
    // The smaller of both probabilities has its digits.
    confidence < 0.5
      ? StandardNormal.quantile(confidence) : -StandardNormal.quantile(1 - confidence)
  }

  /// The expected shortfall of the standard law, for a confidence inside (0, 1).
  static func standardExpectedShortfall(confidence: Double) -> Double {
    // The means of both parts of the law add to zero: below ½ the tail of the confidence has the digits.
    confidence < 0.5
      ? standardMeanAbove(tail: confidence) * (confidence / (1 - confidence))
      : standardMeanAbove(tail: 1 - confidence)
  }

  private func standardized(_ x: Double) -> Double { (x - mean) / standardDeviation }
}

/// ½ ln 2π.
let halfLogTwoPi = 0.918_938_533_204_672_74

/// Checks that a parameter is finite.
func requireFinite(_ value: Double, _ argument: String) throws(DistributionsError) {
  guard value.isFinite else {
    throw .invalidValue(
      argument: argument, got: value, lowest: -.greatestFiniteMagnitude,
      highest: .greatestFiniteMagnitude)
  }
}

/// Checks that a parameter is positive and finite.
func requirePositive(_ value: Double, _ argument: String) throws(DistributionsError) {
  guard value > 0, value.isFinite else {
    throw .invalidValue(
      argument: argument, got: value, lowest: .leastNonzeroMagnitude,
      highest: .greatestFiniteMagnitude)
  }
}
