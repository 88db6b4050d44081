/// Implied volatility of all expiries, read by log-moneyness `k = ln(K/F)` and time.
public protocol VolatilitySurface: Sendable {
  /// The total variance at a log-moneyness and time, with its derivatives by both.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years (ACT/365 fixed): positive.
  /// - Returns: The total variance and its derivative by time at a fixed log-moneyness: the variance per year of the
  ///   time just after. NaN where the surface is not defined.
  func totalVariance(
    at logMoneyness: Double,
    timeToExpiry: Double
  ) -> (variance: TotalVariance, timeSlope: Double)
}

extension VolatilitySurface {
  /// The annualized implied volatility at a log-moneyness and time.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years: positive.
  /// - Returns: The volatility per root of a year; NaN where the surface is not defined.
  public func impliedVolatility(at logMoneyness: Double, timeToExpiry: Double) -> Double {
    let variance = totalVariance(at: logMoneyness, timeToExpiry: timeToExpiry).variance.value
    return (variance / timeToExpiry).squareRoot()
  }

  /// The local volatility: the one function of price and time that reprices every option of the surface.
  ///
  /// `σ² = ∂w/∂T / g`, at a fixed log-moneyness, with ``TotalVariance/densityFactor(at:)`` g. Source: J. Gatheral, "The
  /// Volatility Surface" (2006), (1.10), after B. Dupire (1994).
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(S/F) of the price at the time.
  ///   - time: The time in years: positive.
  /// - Returns: The volatility per root of a year; NaN where the surface has an arbitrage or is not defined.
  public func localVolatility(at logMoneyness: Double, time: Double) -> Double {
    let (variance, slope) = totalVariance(at: logMoneyness, timeToExpiry: time)
    let factor = variance.densityFactor(at: logMoneyness)
    guard factor > 0, slope >= 0 else { return .nan }
    return (slope / factor).squareRoot()
  }
}
