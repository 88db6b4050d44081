#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What options cost above a forecast: the fair variance of an expiry less the variance that is expected until then.
///
/// Positive where options are dear: the seller of variance earns it when the forecast is right. Source: P. Carr and L. Wu,
/// "Variance risk premiums", Review of Financial Studies 22 (2009), with the other sign.
public struct VarianceRiskPremium: Hashable, Sendable {
  /// What the market prices.
  public let level: VarianceLevel

  /// The variance per year that is expected until the expiry.
  public let forecastVariance: Double

  /// The premium in variance per year.
  public var variance: Double { level.variance - forecastVariance }

  /// The premium in annualized volatility.
  public var volatility: Double { level.volatility - forecastVariance.squareRoot() }

  /// The premium as the logarithm of both variances' ratio, which is nearer a normal law.
  public var logRatio: Double { log(level.variance / forecastVariance) }

  /// Compares a level with a forecast.
  ///
  /// - Parameters:
  ///   - level: The fair variance of the expiry.
  ///   - forecastVariance: The variance per year that is expected until the expiry: positive and finite.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public init(level: VarianceLevel, forecastVariance: Double) throws(VolatilityError) {
    try VolatilityError.require(
      forecastVariance, "forecastVariance", .leastNormalMagnitude, .greatestFiniteMagnitude)
    (self.level, self.forecastVariance) = (level, forecastVariance)
  }
}
