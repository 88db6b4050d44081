import KeelNumerics

// All derivatives of the Bachelier price to third order in one pass.
//
// Goals in order: full relative accuracy of each term in every wing; limits at the edges.
//
// With D = e^(−rT), s = σ√T, d = (F − K)/s and n = D φ(d):
//
//   gamma = n/s              vega = n√T               vanna = −n d/σ         volga = n√T d²/σ
//   charm = r delta + n d/(2T)                        veta = n√T (r − (1 + d²)/(2T))
//   speed = −n d/s²          zomma = gamma (d² − 1)/σ color = gamma (r + (1 − d²)/(2T))
//   ultima = n√T d² (d² − 3)/σ²

extension Bachelier {
  /// The price with its derivatives to third order, where the forward takes the place of the spot.
  ///
  /// At the edges each value is its limit. Relative error: a few units in the last place of the sum of the
  /// magnitudes of a formula's terms.
  ///
  /// - Parameter option: The option; strike of any sign, time finite and not negative.
  /// - Returns: Raw partial derivatives at a held forward: volatility is in cash, so that vega is per unit of
  ///   cash. Carry rho is zero. All NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: EuropeanOption) -> Greeks {
    guard let terms = terms(option) else { return .undefined }
    let time = option.timeToExpiry
    let rootTime = time.squareRoot()
    let s = terms.deviation.high
    let density = terms.discount * terms.timeValue.density
    let isCall = option.kind == .call
    let gainInDeviations = terms.gain <= 0 ? terms.timeValue.h : -terms.timeValue.h
    let d = isCall ? gainInDeviations.high : -gainInDeviations.high
    let delta =
      (isCall ? terms.discount : -terms.discount)
      * BlackCore.probability(below: gainInDeviations)
    let price = price(of: option)
    // Where no density is left all terms with it vanish, and at the money d is zero.
    func term(_ factors: Double...) -> Double { factors.reduce(density, product) }
    let gamma = term(1 / s)
    let perTime = 0.5 / time
    return Greeks(
      price: price,
      delta: delta,
      gamma: gamma,
      vega: .init(perUnitVolatility: term(rootTime)),
      theta: .init(perYear: product(rate, price) - term(product(volatility, 0.5 / rootTime))),
      rho: .init(perUnitRate: product(-time, price)),
      carryRho: .init(perUnitRate: 0),
      dualDelta: -delta,
      dualGamma: gamma,
      vanna: .init(perUnitVolatility: -term(d, 1 / volatility)),
      volga: .init(perSquaredUnit: term(rootTime, d, d, 1 / volatility)),
      charm: .init(perYear: product(rate, delta) + term(d, perTime)),
      veta: .init(
        perUnitVolatilityAndYear: term(rootTime, rate) - term(1 + d * d, 0.5 / rootTime)),
      speed: -term(d, 1 / s, 1 / s),
      zomma: .init(perUnitVolatility: term(d * d - 1, 1 / volatility, 1 / s)),
      color: .init(perYear: term(rate, 1 / s) + term(1 - d * d, perTime, 1 / s)),
      ultima: .init(perCubedUnit: term(rootTime, d, d, d * d - 3, 1 / volatility, 1 / volatility)))
  }
}
