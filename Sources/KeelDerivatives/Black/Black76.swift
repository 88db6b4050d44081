/// The Black model of options on a forward or future.
///
/// The forward is what is quoted and hedged: delta and gamma are with respect to it, and rho holds it.
/// Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
public struct Black76: Hashable, Sendable, Codable {
  /// The forward price for delivery at the option's expiry, in cash.
  public var forward: Double

  /// The annualized volatility as a fraction.
  public var volatility: Double

  /// The interest rate of the discount, continuously compounded per year.
  public var rate: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - forward: The forward price, in cash: finite, not negative.
  ///   - volatility: The annualized volatility as a fraction: finite, not negative.
  ///   - rate: The interest rate of the discount; zero where options are margined like futures.
  public init(forward: Double, volatility: Double, rate: Double) {
    self.forward = forward
    self.volatility = volatility
    self.rate = rate
  }

  /// The model of the forward as an asset that yields the interest rate.
  private var equivalent: BlackScholes {
    BlackScholes(spot: forward, volatility: volatility, rate: rate, carryYield: rate)
  }

  /// The price of a European option today.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  public func price(of option: EuropeanOption) -> Double { equivalent.price(of: option) }

  /// The price with its derivatives, where the forward takes the place of the spot.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: Raw partial derivatives. Rho and theta hold the forward; carry rho is zero.
  public func greeks(of option: EuropeanOption) -> Greeks {
    var greeks = equivalent.greeks(of: option)
    // At a given forward only the discount depends on the rate.
    greeks.rho.perUnitRate = greeks.price == 0 ? 0 : -option.timeToExpiry * greeks.price
    greeks.carryRho.perUnitRate = greeks.price.isNaN ? .nan : 0
    return greeks
  }

  /// The volatility at which the model gives a price.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - price: Its price in cash today: finite.
  ///   - forward: The forward price, in cash: positive and finite.
  ///   - rate: The interest rate of the discount.
  /// - Returns: The annualized volatility with its conditioning.
  /// - Throws: `DerivativesError`, for the same reasons as `BlackScholes.impliedVolatility`.
  public static func impliedVolatility(
    of option: EuropeanOption,
    price: Double,
    forward: Double,
    rate: Double
  ) throws(DerivativesError) -> ImpliedVolatility {
    try BlackScholes.impliedVolatility(
      of: option, price: price, spot: forward, rate: rate, carryYield: rate)
  }
}

extension BlackScholes {
  /// The model of an exchange rate: the foreign currency is an asset that yields its interest rate.
  ///
  /// Rho is then the derivative with respect to the domestic rate and carry rho that to the foreign rate.
  /// Source: M. Garman and S. Kohlhagen, "Foreign currency option values", Journal of International Money
  /// and Finance 2 (1983).
  ///
  /// - Parameters:
  ///   - spot: Units of domestic cash per unit of foreign currency.
  ///   - volatility: The annualized volatility as a fraction.
  ///   - domesticRate: The domestic interest rate, continuously compounded per year.
  ///   - foreignRate: The foreign interest rate, continuously compounded per year.
  /// - Returns: The model.
  public static func garmanKohlhagen(
    spot: Double,
    volatility: Double,
    domesticRate: Double,
    foreignRate: Double
  ) -> BlackScholes {
    BlackScholes(
      spot: spot, volatility: volatility, rate: domesticRate, carryYield: foreignRate)
  }
}
