/// A linear option quoted and settled in a stablecoin: in dollars it carries the stablecoin's own risk.
///
/// Spot, strike and value are in the stablecoin; a dollar value is that times the stablecoin's price.
public struct StablecoinOption: Hashable, Sendable {
  /// Value and derivatives in units of the stablecoin.
  public let inStablecoin: Greeks

  /// Value and derivatives in dollars at the stablecoin's price, which is held.
  public let inDollars: Greeks

  /// The dollars gained per dollar by which the stablecoin's price rises: the value in stablecoin.
  public var stablecoinDelta: Double { inStablecoin.price }

  /// Prices an option.
  ///
  /// - Parameters:
  ///   - option: The option, its strike in the stablecoin.
  ///   - model: The model of the coin's price in the stablecoin.
  ///   - stablecoinPrice: Dollars per unit of the stablecoin: finite, not negative.
  public init(_ option: EuropeanOption, model: BlackScholes, stablecoinPrice: Double) {
    inStablecoin = model.greeks(of: option)
    inDollars =
      stablecoinPrice >= 0 && stablecoinPrice.isFinite
      ? stablecoinPrice * inStablecoin : .undefined
  }
}
