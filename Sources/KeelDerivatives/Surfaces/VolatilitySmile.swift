/// Implied volatility of one expiry, read by log-moneyness `k = ln(K/F)`.
public protocol VolatilitySmile: Sendable {
  /// The time to expiry in years (ACT/365 fixed): positive.
  var timeToExpiry: Double { get }

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The total variance; NaN where the smile is not defined.
  func totalVariance(at logMoneyness: Double) -> TotalVariance
}

extension VolatilitySmile {
  /// The annualized implied volatility at a log-moneyness.
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The volatility per root of a year; NaN where the smile is not defined.
  public func impliedVolatility(at logMoneyness: Double) -> Double {
    (totalVariance(at: logMoneyness).value / timeToExpiry).squareRoot()
  }
}
