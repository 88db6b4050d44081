/// The displaced lognormal model: forward plus a displacement is lognormal.
///
/// Between the lognormal model (displacement 0) and the normal one (displacement → ∞ with volatility ×
/// displacement held). The forward may be negative down to minus the displacement. Source: M. Rubinstein,
/// "Displaced diffusion option pricing", Journal of Finance 38 (1983).
public struct DisplacedBlack: Hashable, Sendable, Codable {
  /// The forward price, in cash.
  public var forward: Double

  /// What is added to forward and strike, in cash.
  public var displacement: Double

  /// The annualized volatility of forward plus displacement, as a fraction.
  public var volatility: Double

  /// The interest rate of the discount, continuously compounded per year.
  public var rate: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - forward: The forward price, in cash; forward + displacement is finite and not negative.
  ///   - displacement: What is added to forward and strike, in cash.
  ///   - volatility: The annualized volatility of the sum, as a fraction: finite, not negative.
  ///   - rate: The interest rate of the discount, continuously compounded per year.
  public init(forward: Double, displacement: Double, volatility: Double, rate: Double) {
    self.forward = forward
    self.displacement = displacement
    self.volatility = volatility
    self.rate = rate
  }

  /// The model of the displaced forward.
  private var shifted: Black76 {
    Black76(forward: forward + displacement, volatility: volatility, rate: rate)
  }

  private func shifted(_ option: EuropeanOption) -> EuropeanOption {
    EuropeanOption(
      kind: option.kind, strike: option.strike + displacement, timeToExpiry: option.timeToExpiry)
  }

  /// The price of a European option today.
  ///
  /// - Parameter option: The option; strike + displacement and time finite and not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  public func price(of option: EuropeanOption) -> Double { shifted.price(of: shifted(option)) }

  /// The price with its derivatives, where the forward takes the place of the spot.
  ///
  /// - Parameter option: The option; strike + displacement and time finite and not negative.
  /// - Returns: Raw partial derivatives at a held displacement.
  public func greeks(of option: EuropeanOption) -> Greeks { shifted.greeks(of: shifted(option)) }

  /// The volatility at which a model with a displacement gives a price.
  ///
  /// - Parameters:
  ///   - option: The option; strike + displacement and time positive and finite.
  ///   - price: Its price in cash today: finite.
  ///   - forward: The forward price; forward + displacement positive and finite.
  ///   - displacement: What is added to forward and strike.
  ///   - rate: The interest rate of the discount.
  /// - Returns: The annualized volatility of the sum, with its conditioning.
  /// - Throws: ``DerivativesError``.
  public static func impliedVolatility(
    of option: EuropeanOption,
    price: Double,
    forward: Double,
    displacement: Double,
    rate: Double
  ) throws(DerivativesError) -> ImpliedVolatility {
    var shifted = option
    shifted.strike += displacement
    return try Black76.impliedVolatility(
      of: shifted, price: price, forward: forward + displacement, rate: rate)
  }
}
