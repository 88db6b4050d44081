// Goals in order: relative accuracy in both tails, no trap on any argument, speed.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of a number whose logarithm is normal.
///
/// ```text
/// f(x) = exp(−z²/2) / (x σ √(2π)),   z = (ln x − μ)/σ,   x > 0
/// ```
///
/// Log-density and log-survival agree with 50-digit references within `1e-12 · max(1, |value|)` while
/// `|μ|/σ` is at most 1000: ln x is rounded before μ is subtracted.
public struct LogNormal: ContinuousDistribution {
  /// The mean μ of the logarithm.
  public let logMean: Double

  /// The standard deviation σ of the logarithm.
  public let logStandardDeviation: Double

  /// Creates a log-normal law.
  ///
  /// - Parameters:
  ///   - logMean: The mean of the logarithm, finite.
  ///   - logStandardDeviation: The standard deviation of the logarithm, positive and finite.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(logMean: Double, logStandardDeviation: Double) throws(DistributionsError) {
    try requireFinite(logMean, "logMean")
    try requirePositive(logStandardDeviation, "logStandardDeviation")
    self.logMean = logMean
    self.logStandardDeviation = logStandardDeviation
  }

  private var square: Double { logStandardDeviation * logStandardDeviation }

  /// The mean `exp(μ + σ²/2)`.
  public var mean: Double { exp(logMean + square / 2) }

  /// The variance `(exp(σ²) − 1) exp(2μ + σ²)`.
  public var variance: Double {
    // With exp(σ²) in the second factor, that alone does not overflow.
    -expm1(-square) * exp(2 * logMean + 2 * square)
  }

  /// The skewness `(exp(σ²) + 2) √(exp(σ²) − 1)`.
  public var skewness: Double { (exp(square) + 2) * expm1(square).squareRoot() }

  /// The excess kurtosis `exp(4σ²) + 2 exp(3σ²) + 3 exp(2σ²) − 6`.
  public var excessKurtosis: Double {
    expm1(4 * square) + 2 * expm1(3 * square) + 3 * expm1(2 * square)
  }

  /// Returns the logarithm of the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, −∞ unless `x` is positive and finite; NaN for NaN.
  public func logPDF(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    guard x > 0, x.isFinite else { return -.infinity }
    return StandardNormal.logPDF(standardized(x)) - log(logStandardDeviation) - log(x)
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

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logCDF(_ x: Double) -> Double { StandardNormal.logCDF(standardized(x)) }

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logSurvival(_ x: Double) -> Double { StandardNormal.logCDF(-standardized(x)) }

  /// Returns the point below which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, 0 and infinite at the ends; NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    exp(logMean + logStandardDeviation * StandardNormal.quantile(probability))
  }

  /// Returns the point above which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, 0 and infinite at the ends; NaN outside [0, 1].
  public func survivalQuantile(_ probability: Double) -> Double {
    exp(logMean - logStandardDeviation * StandardNormal.quantile(probability))
  }

  /// Returns the mean of the values below the quantile of a probability.
  ///
  /// ```text
  /// exp(μ + σ²/2) Φ(Φ⁻¹(p) − σ)/p
  /// ```
  ///
  /// - Parameter probability: The probability of the lower tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    let share = StandardNormal.logCDF(StandardNormal.quantile(probability) - logStandardDeviation)
    return exp(logMean + square / 2 + (share - log(probability)))
  }

  /// Returns the mean of the values above the quantile that is exceeded with a probability.
  ///
  /// ```text
  /// exp(μ + σ²/2) Φ(σ + Φ⁻¹(p))/p
  /// ```
  ///
  /// - Parameter probability: The probability of the upper tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    let share = StandardNormal.logCDF(StandardNormal.quantile(probability) + logStandardDeviation)
    return exp(logMean + square / 2 + (share - log(probability)))
  }

  private func standardized(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    return x > 0 ? (log(x) - logMean) / logStandardDeviation : -.infinity
  }
}
