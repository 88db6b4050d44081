import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The total variance `w = σ²T` of one expiry at one log-moneyness `k = ln(K/F)`, with its derivatives by `k`.
public struct TotalVariance: Hashable, Sendable, Codable {
  /// The total variance: the square of the implied volatility times the time to expiry.
  public var value: Double

  /// The derivative by log-moneyness.
  public var slope: Double

  /// The second derivative by log-moneyness.
  public var curvature: Double

  /// Creates a total variance.
  ///
  /// - Parameters:
  ///   - value: The total variance.
  ///   - slope: The derivative by log-moneyness.
  ///   - curvature: The second derivative by log-moneyness.
  public init(value: Double, slope: Double, curvature: Double) {
    self.value = value
    self.slope = slope
    self.curvature = curvature
  }

  /// The factor of the normal density that makes it the density of the log-price: negative where a butterfly of
  /// options has a negative price.
  ///
  /// ```text
  /// g = (1 - k w′/2w)² - (w′²/4)(1/w + 1/4) + w″/2
  /// ```
  ///
  /// Source: J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014), (2.1).
  ///
  /// - Parameter logMoneyness: ln(K/F), where this was read.
  /// - Returns: The factor; NaN where the variance is not positive.
  public func densityFactor(at logMoneyness: Double) -> Double {
    guard value > 0 else { return .nan }
    let bracket = 1 - logMoneyness * slope / (2 * value)
    return bracket * bracket - slope * slope / 4 * (1 / value + 0.25) + curvature / 2
  }

  /// The risk-neutral density of `ln(S/F)` at expiry.
  ///
  /// - Parameter logMoneyness: ln(K/F), where this was read.
  /// - Returns: The density per unit of log-moneyness; NaN where the variance is not positive.
  public func density(at logMoneyness: Double) -> Double {
    let root = value.squareRoot()
    return densityFactor(at: logMoneyness) / root
      * StandardNormal.pdf(-logMoneyness / root - root / 2)
  }

  /// The risk-neutral probability that the price at expiry is not above the strike.
  ///
  /// - Parameter logMoneyness: ln(K/F), where this was read.
  /// - Returns: The probability; NaN where the variance is not positive.
  public func probabilityBelow(_ logMoneyness: Double) -> Double {
    let (d, shift) = tilt(logMoneyness)
    return StandardNormal.cdf(-d) + shift
  }

  /// The risk-neutral probability that the price at expiry is above the strike.
  ///
  /// - Parameter logMoneyness: ln(K/F), where this was read.
  /// - Returns: The probability; NaN where the variance is not positive.
  public func probabilityAbove(_ logMoneyness: Double) -> Double {
    let (d, shift) = tilt(logMoneyness)
    return StandardNormal.cdf(d) - shift
  }

  /// The lower normal deviation and what the slope of the smile adds to the probability below.
  private func tilt(_ logMoneyness: Double) -> (Double, Double) {
    guard value > 0 else { return (.nan, .nan) }
    let root = value.squareRoot()
    let d = -logMoneyness / root - root / 2
    return (d, StandardNormal.pdf(d) * slope / (2 * root))
  }
}
