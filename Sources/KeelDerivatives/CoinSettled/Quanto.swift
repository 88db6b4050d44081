import KeelNumerics

// Goals in order: the price with full relative accuracy, every derivative exact, including what enters
// through the drift.
//
// Under the measure of the settlement currency the asset's drift loses the covariance of asset and exchange
// rate: F = S exp((r_f − y − ρ σ σ_X) T), discounted at the settlement currency's rate (D. Reiner, "Quanto
// mechanics", Risk 5 (1992)). The volatility therefore stands in the drift as well, and the derivatives with
// respect to it come from the formula by dual numbers.

/// The Black-Scholes model of an option on an asset quoted in one currency and paid in another at a fixed
/// exchange rate.
public struct Quanto: Hashable, Sendable, Codable {
  /// The asset in the currency in which it is quoted: its `rate` is that currency's.
  public var asset: BlackScholes

  /// The interest rate of the currency in which the option is paid.
  public var settlementRate: Double

  /// Units of the settlement currency paid per unit of the quote currency.
  public var fixedExchangeRate: Double

  /// The annualized volatility of the exchange rate, quote currency in settlement currency.
  public var exchangeVolatility: Double

  /// The correlation of the asset with the exchange rate, −1 to 1.
  public var correlation: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - asset: The asset in the currency in which it is quoted.
  ///   - settlementRate: The interest rate of the currency in which the option is paid, continuously
  ///     compounded per year.
  ///   - fixedExchangeRate: Units of the settlement currency paid per unit of the quote currency: finite.
  ///   - exchangeVolatility: The annualized volatility of the price of the quote currency in the settlement
  ///     currency: finite, not negative.
  ///   - correlation: The correlation of the asset with that price, −1 to 1.
  public init(
    asset: BlackScholes,
    settlementRate: Double,
    fixedExchangeRate: Double,
    exchangeVolatility: Double,
    correlation: Double
  ) {
    self.asset = asset
    self.settlementRate = settlementRate
    self.fixedExchangeRate = fixedExchangeRate
    self.exchangeVolatility = exchangeVolatility
    self.correlation = correlation
  }

  private var isDefined: Bool {
    settlementRate.isFinite && fixedExchangeRate.isFinite && correlation.magnitude <= 1
      && Black.isAmount(exchangeVolatility)
  }

  /// The asset as the settlement currency's measure sees it.
  private var adjusted: BlackScholes {
    let drift =
      asset.rate - asset.carryYield - correlation * asset.volatility * exchangeVolatility
    return BlackScholes(
      spot: asset.spot, volatility: asset.volatility, rate: settlementRate,
      carryYield: settlementRate - drift)
  }

  /// The price of a European option today.
  ///
  /// - Parameter option: The option, its strike in the quote currency.
  /// - Returns: The price in the settlement currency, or NaN when an argument is outside its domain.
  public func price(of option: EuropeanOption) -> Double {
    isDefined ? fixedExchangeRate * adjusted.price(of: option) : .nan
  }

  /// The price with its derivatives to third order.
  ///
  /// - Parameter option: The option, its strike in the quote currency.
  /// - Returns: Derivatives of the price in the settlement currency with respect to spot, strike, volatility
  ///   and time; rho is that to the quote currency's rate, which moves the drift alone. All NaN when an
  ///   argument is outside its domain.
  public func greeks(of option: EuropeanOption) -> Greeks {
    let price = price(of: option)
    guard price.isFinite else { return .undefined }
    var greeks = Formula(model: self, kind: option.kind)
      .greeks(asset, strike: option.strike, timeToExpiry: option.timeToExpiry)
    greeks.price = price
    return greeks
  }

  private struct Formula: DifferentiablePrice {
    let model: Quanto
    let kind: EuropeanOption.Kind

    func price<Scalar: AnalyticScalar>(
      spot: Scalar,
      strike: Scalar,
      timeToExpiry: Scalar,
      volatility: Scalar,
      rate: Scalar,
      carryYield: Scalar
    ) -> Scalar {
      let covariance = model.correlation * model.exchangeVolatility * volatility
      let adjusted = Scalar(model.settlementRate) - (rate - carryYield - covariance)
      return model.fixedExchangeRate
        * PriceFormula.blackScholes(
          kind, spot: spot, strike: strike, timeToExpiry: timeToExpiry, volatility: volatility,
          rate: Scalar(model.settlementRate), carryYield: adjusted)
    }
  }
}
