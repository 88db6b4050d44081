public import KeelNumerics

// The formulas of the models over any scalar, in their textbook form, for exact differentiation.
//
// Goals in order: the same function as the prices of the models, every derivative by dual numbers, short
// code. In the wings these forms cancel; the models' own methods do not.

/// The price formulas of European options, generic over the scalar.
///
/// With `Double` they give the price; with `Dual` its derivatives with respect to anything that the caller
/// makes a variable, such as the parameters of a volatility curve that feeds the volatility. For prices
/// with full relative accuracy in the wings use ``BlackScholes`` and ``Bachelier``: here the error is
/// relative to the larger leg.
public enum PriceFormula {
  /// The Black-Scholes price.
  ///
  /// ```text
  /// ±(S e^(−yT) Φ(±d₁) − K e^(−rT) Φ(±d₂)),   d₁,₂ = (ln(S/K) + (r − y) T) / (σ√T) ± σ√T / 2
  /// ```
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - spot: The spot price, not negative.
  ///   - strike: The strike, not negative.
  ///   - timeToExpiry: The time in years, not negative.
  ///   - volatility: The annualized volatility, not negative.
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: The price in cash; expired or without volatility its limit.
  public static func blackScholes<Scalar: AnalyticScalar>(
    _ kind: EuropeanOption.Kind,
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar {
    let near = spot * (-(carryYield * timeToExpiry)).exponential
    let far = strike * (-(rate * timeToExpiry)).exponential
    return black(
      kind, forward: near, strike: far, totalVolatility: volatility * timeToExpiry.root)
  }

  /// The undiscounted Black price on a forward.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - forward: The forward price, not negative.
  ///   - strike: The strike, not negative.
  ///   - totalVolatility: `σ√T`, not negative.
  /// - Returns: The price in cash at expiry.
  public static func black<Scalar: AnalyticScalar>(
    _ kind: EuropeanOption.Kind,
    forward: Scalar,
    strike: Scalar,
    totalVolatility: Scalar
  ) -> Scalar {
    guard totalVolatility.primal > 0, forward.primal > 0, strike.primal > 0 else {
      return intrinsic(kind, forward, strike)
    }
    let h = (forward / strike).logarithm / totalVolatility
    let d1 = h + totalVolatility / 2
    let d2 = h - totalVolatility / 2
    switch kind {
    case .call: return forward * d1.normalCDF - strike * d2.normalCDF
    case .put: return strike * (-d2).normalCDF - forward * (-d1).normalCDF
    }
  }

  /// What a certain forward leaves of an option; half of the difference exactly at the money, so that
  /// derivatives are the means of both sides.
  private static func intrinsic<Scalar: AnalyticScalar>(
    _ kind: EuropeanOption.Kind,
    _ forward: Scalar,
    _ strike: Scalar
  ) -> Scalar {
    let difference = kind == .call ? forward - strike : strike - forward
    if difference.primal < 0 { return Scalar(0) }
    return difference.primal > 0 ? difference : difference / 2
  }

  /// The undiscounted probability, under the measure of the strike leg, to end in the money, Φ(±d₂); under
  /// that of the asset leg, Φ(±d₁).
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - forward: The forward price.
  ///   - strike: The strike.
  ///   - totalVolatility: `σ√T`.
  /// - Returns: Both probabilities; at the money without volatility one half.
  static func exerciseProbabilities<Scalar: AnalyticScalar>(
    _ kind: EuropeanOption.Kind,
    forward: Scalar,
    strike: Scalar,
    totalVolatility: Scalar
  ) -> (asset: Scalar, strike: Scalar) {
    let sign: Double = kind == .call ? 1 : -1
    guard totalVolatility.primal > 0, forward.primal > 0, strike.primal > 0 else {
      let difference = sign * (forward.primal - strike.primal)
      let certain = Scalar(difference > 0 ? 1 : difference < 0 ? 0 : 0.5)
      return (certain, certain)
    }
    let h = (forward / strike).logarithm / totalVolatility
    return (
      (sign * (h + totalVolatility / 2)).normalCDF, (sign * (h - totalVolatility / 2)).normalCDF
    )
  }

  /// The undiscounted Bachelier price on a forward.
  ///
  /// ```text
  /// C = (F − K) Φ(d) + s φ(d),   d = (F − K)/s
  /// ```
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - forward: The forward price, of any sign.
  ///   - strike: The strike, of any sign.
  ///   - totalDeviation: `σ√T` in cash, not negative.
  /// - Returns: The price in cash at expiry.
  public static func bachelier<Scalar: AnalyticScalar>(
    _ kind: EuropeanOption.Kind,
    forward: Scalar,
    strike: Scalar,
    totalDeviation: Scalar
  ) -> Scalar {
    guard totalDeviation.primal > 0 else { return intrinsic(kind, forward, strike) }
    let difference = kind == .call ? forward - strike : strike - forward
    let d = difference / totalDeviation
    return difference * d.normalCDF + totalDeviation * d.normalPDF
  }
}
