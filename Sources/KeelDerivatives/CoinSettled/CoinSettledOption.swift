// Options whose payoff is paid in the coin that they are written on.
//
// Goals in order: value and Greeks in coin and in dollars that belong together, no cancellation where the
// difference of two large terms has a closed form, the hedge in the instrument that venues trade.
//
// A payoff of V dollars is paid as V/S coins, so that the option is worth V dollars or v = V/S coins. With
// A = ∂V/∂S − V/S, the delta less the premium in coin, the derivatives of v follow from those of V:
//
//   v_S = A/S,  v_SS = (V_SS − 2A/S)/S,  v_SSS = (V_SSS − 3V_SS/S + 6A/S²)/S
//
// and those with volatility and time alike. A has the closed form ±(K/S) e^(−rT) Φ(±d₂), which is used in
// place of the difference. Source: C. Alexander and A. Imeraj, "Inverse options in a Black-Scholes world",
// arXiv:2107.12041 (2021).

/// A European option that settles in its own coin, as on Deribit and OKX: value, Greeks and hedge in coin
/// and in dollars.
///
/// Spot, strike and rates are in dollars; the payoff in dollars is converted at the settlement price.
public struct CoinSettledOption: Hashable, Sendable {
  /// The model of the coin's dollar price.
  public let model: BlackScholes

  /// The option, its strike in dollars.
  public let option: EuropeanOption

  /// Value and derivatives in dollars: those of the option settled in dollars.
  public let inDollars: Greeks

  /// Value in coin and its derivatives: delta is coins per dollar of spot, and so on.
  public let inCoin: Greeks

  /// The delta less the value in coin, `∂V/∂S − V/S`: coins per option that are at risk.
  ///
  /// Deribit calls it the net transaction delta. A call with strike zero pays one coin whatever its price,
  /// and has none.
  public let priceAdjustedDelta: Double

  /// Prices an option.
  ///
  /// - Parameters:
  ///   - option: The option: strike in dollars and time finite and not negative.
  ///   - model: The model of the coin's dollar price; the spot is more than zero.
  public init(_ option: EuropeanOption, model: BlackScholes) {
    self.model = model
    self.option = option
    let dollars = model.spot > 0 ? model.greeks(of: option) : .undefined
    let adjusted = model.spot > 0 ? model.deltas(of: option).premiumAdjustedSpot : .nan
    inDollars = dollars
    priceAdjustedDelta = adjusted
    inCoin = dollars.inCoin(spot: model.spot, priceAdjustedDelta: adjusted)
  }

  /// The dollars of an inverse perpetual or future, negative when short, that make a long option's value in
  /// coin flat to first order.
  ///
  /// A contract worth N dollars gains N (1/S₀ − 1/S) coins, or N/S² per dollar.
  public var coinNeutralInverseDollars: Double { -model.spot * priceAdjustedDelta }

  /// The dollars of an inverse perpetual or future, negative when short, that make a long option's value in
  /// dollars flat to first order.
  public var dollarNeutralInverseDollars: Double { -model.spot * inDollars.delta }
}

extension Greeks {
  /// The derivatives of V/S from those of V.
  fileprivate func inCoin(spot: Double, priceAdjustedDelta adjusted: Double) -> Greeks {
    let value = price / spot
    let slope = adjusted / spot
    func crossed(_ second: Double, _ first: Double) -> Double { (second - first / spot) / spot }
    func twice(_ third: Double, _ second: Double, _ first: Double) -> Double {
      (third - 2 * (second - first / spot) / spot) / spot
    }
    return Greeks(
      price: value,
      delta: slope,
      gamma: (gamma - 2 * slope) / spot,
      vega: .init(perUnitVolatility: vega.perUnitVolatility / spot),
      theta: .init(perYear: theta.perYear / spot),
      rho: .init(perUnitRate: rho.perUnitRate / spot),
      carryRho: .init(perUnitRate: carryRho.perUnitRate / spot),
      dualDelta: dualDelta / spot,
      dualGamma: dualGamma / spot,
      vanna: .init(
        perUnitVolatility: crossed(vanna.perUnitVolatility, vega.perUnitVolatility)),
      volga: .init(perSquaredUnit: volga.perSquaredUnit / spot),
      charm: .init(perYear: crossed(charm.perYear, theta.perYear)),
      veta: .init(perUnitVolatilityAndYear: veta.perUnitVolatilityAndYear / spot),
      speed: (speed - 3 * (gamma - 2 * slope) / spot) / spot,
      zomma: .init(
        perUnitVolatility: twice(
          zomma.perUnitVolatility, vanna.perUnitVolatility, vega.perUnitVolatility)),
      color: .init(perYear: twice(color.perYear, charm.perYear, theta.perYear)),
      ultima: .init(perCubedUnit: ultima.perCubedUnit / spot))
  }
}
