public import KeelDerivatives

/// The volatility of a smile at one strike, with its slope and curvature.
public struct SmileSkew: Hashable, Sendable, Codable {
  /// ln(K/F).
  public let logMoneyness: Double

  /// The annualized implied volatility.
  public let volatility: Double

  /// The skew: the change of volatility per unit of log-moneyness, negative where puts are dear.
  public let slope: Double

  /// The change of the slope per unit of log-moneyness.
  public let curvature: Double

  /// The relative change of volatility per deviation `σ√T` of log-moneyness: `√T ∂σ/∂k`.
  ///
  /// Slopes of short and long expiries and of calm and wild assets compare in this form.
  public let normalizedSlope: Double

  /// The relative change of volatility per squared deviation: `σ T ∂²σ/∂k²`.
  public let normalizedCurvature: Double
}

extension VolatilitySmile {
  /// The volatility at a strike with its slope and curvature: at the money, the skew of the smile.
  ///
  /// ```text
  /// σ = √(w/T),   σ′ = w′/(2σT),   σ″ = (w″/(2T) − σ′²)/σ
  /// ```
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The skew; NaN where the smile is not defined or has no variance.
  /// - Complexity: One reading.
  public func skew(at logMoneyness: Double = 0) -> SmileSkew {
    let variance = totalVariance(at: logMoneyness)
    let time = timeToExpiry
    let volatility = variance.value > 0 ? (variance.value / time).squareRoot() : .nan
    let slope = variance.slope / (2 * volatility * time)
    let curvature = (variance.curvature / (2 * time) - slope * slope) / volatility
    return SmileSkew(
      logMoneyness: logMoneyness, volatility: volatility, slope: slope, curvature: curvature,
      normalizedSlope: time.squareRoot() * slope,
      normalizedCurvature: volatility * time * curvature)
  }
}
