import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// An everlasting option whose funding is paid without pause.
//
// Goals in order: relative accuracy on both sides of the strike, the limit of zero volatility.
//
// Method: V = ∫ λ e^(−λT) BlackScholes(T) dT solves
//   ½σ²S²V″ + (r − y) S V′ − (r + λ) V + λ payoff = 0,
// whose solutions are powers S^β with ½σ²β(β−1) + (r−y)β = r + λ, β₊ > 1 and β₋ < 0. Out of the
// money, smooth at the strike (β = β₊ for a call below the strike, β₋ for a put above):
//   V = K (S/K)^β λ / (R |β (β−1)|),   R = √(m² + 2σ²(r+λ)),   m = r − y − σ²/2
// In the money by parity, C − P = S λ/(λ+y) − K λ/(λ+r). Every factor is a sum or quotient of
// positive numbers: with ½σ²|β₊β₋| = r+λ and ½σ²(β₊−1)(1−β₋) = y+λ, each root and its distance
// from one comes from the form that does not cancel. Derivation: Perpetuals.md.

/// An option that never expires and pays the difference of its mark and payoff without pause.
///
/// The limit of ``EverlastingOption`` for many small payments, in closed form.
public struct ContinuousEverlastingOption: Hashable, Sendable, Codable {
  /// Call or put.
  public let kind: EuropeanOption.Kind

  /// The strike, in cash.
  public let strike: Double

  /// How many times a year mark less payoff is paid, λ.
  public let paymentsPerYear: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash: positive and finite.
  ///   - paymentsPerYear: How many times a year mark less payoff is paid: positive and finite. The
  ///     original rule of once a day is 365.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    kind: EuropeanOption.Kind,
    strike: Double,
    paymentsPerYear: Double
  ) throws(DerivativesError) {
    try requirePositive(strike, "strike")
    try requirePositive(paymentsPerYear, "paymentsPerYear")
    self.kind = kind
    self.strike = strike
    self.paymentsPerYear = paymentsPerYear
  }

  /// Reads an option; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `kind`, `strike` and `paymentsPerYear`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try container.decode(EuropeanOption.Kind.self, forKey: .kind)
    let strike = try container.decode(Double.self, forKey: .strike)
    let payments = try container.decode(Double.self, forKey: .paymentsPerYear)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try ContinuousEverlastingOption(kind: kind, strike: strike, paymentsPerYear: payments)
    }
  }

  /// The value with its Greeks.
  ///
  /// Theta is zero: the value does not depend on time. At zero volatility each value is its limit.
  /// Out of the money the relative error is at most `(4 + 2 |β ln(S/K)|) · 3e-16` (price, delta);
  /// in the money it is 4e-16 of the larger of spot and strike.
  ///
  /// - Parameter model: The market: spot positive, `λ + rate` and `λ + carryYield` positive.
  /// - Returns: Raw partial derivatives; all NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func greeks(in model: BlackScholes) -> Greeks {
    let discount = paymentsPerYear + model.rate
    let holding = paymentsPerYear + model.carryYield
    guard FuturesContract.isPrice(model.spot), Black.isAmount(model.volatility), discount > 0,
      holding > 0, discount.isFinite, holding.isFinite
    else { return .undefined }
    let sign: Double = kind == .call ? 1 : -1
    let isOutside = kind == .call ? model.spot <= strike : model.spot >= strike
    var greeks = outOfTheMoney(
      in: model, sign: isOutside ? sign : -sign, discount: discount, holding: holding)
    if isOutside || greeks.price.isNaN { return greeks }
    // Parity: a call is the put and S λ/(λ+y) − K λ/(λ+r); a put is the call less that.
    let near = paymentsPerYear / holding
    let far = strike * (paymentsPerYear / discount)
    greeks.price = max(0, greeks.price + sign * (model.spot * near - far))
    greeks.delta += sign * near
    greeks.dualDelta -= sign * (paymentsPerYear / discount)
    greeks.rho.perUnitRate += sign * far / discount
    greeks.carryRho.perUnitRate -= sign * model.spot * near / holding
    return greeks
  }

  /// The call at or below the strike (sign 1) or the put at or above it (sign −1).
  private func outOfTheMoney(
    in model: BlackScholes,
    sign: Double,
    discount: Double,
    holding: Double
  ) -> Greeks {
    let root = PowerRoot(
      sign: sign, volatility: model.volatility, drift: model.rate - model.carryYield,
      discount: discount, holding: holding)
    let (beta, betaLessOne, slope) = (root.beta, root.betaLessOne, root.slope)
    let product = beta * betaLessOne
    guard slope == 0 || !product.isNaN else { return .undefined }
    guard product < .infinity, slope > 0 else {
      // Without volatility, and without a drift to the strike: worth nothing for ever.
      return .zero
    }
    let x = logRatio(model.spot, strike)
    let power = DoubleDouble.fusedProduct(x.high, beta).adding(DoubleDouble(x.low * beta))
    let price = power.exponential(times: strike) * (paymentsPerYear / (slope * product))
    // ln V = β x − ln R − ln(β (β − 1)) + constants.
    let perBeta = x.high - 1 / beta - 1 / betaLessOne
    let spread = model.volatility * product / slope
    let variance = model.volatility * model.volatility
    let m = root.centralDrift
    func derivative(beta change: Double, slope slopeChange: Double) -> Double {
      price * (change * perBeta - slopeChange / slope)
    }
    let betaChange = -sign * spread
    let vega = derivative(
      beta: betaChange, slope: model.volatility * (2 * discount - m) / slope)
    let inVolatility = outOfTheMoneyPrice(
      Thrice(Twice(Once(variable: model.volatility), derivative: Once(1)), derivative: Twice(1)),
      in: model, sign: sign, logMoneyness: x.high)
    let (spot, perStrike) = (model.spot, price / strike)
    return Greeks(
      price: price,
      delta: beta * (price / spot),
      gamma: product * (price / spot) / spot,
      vega: .init(perUnitVolatility: vega),
      theta: .init(perYear: 0),
      rho: .init(
        perUnitRate: derivative(beta: -sign * betaLessOne / slope, slope: (m + variance) / slope)),
      carryRho: .init(perUnitRate: derivative(beta: sign * beta / slope, slope: -m / slope)),
      dualDelta: -betaLessOne * perStrike,
      dualGamma: product * perStrike / strike,
      vanna: .init(perUnitVolatility: (betaChange * price + beta * vega) / spot),
      volga: .init(perSquaredUnit: inVolatility.value.derivative.derivative),
      charm: .init(perYear: 0),
      veta: .init(perUnitVolatilityAndYear: 0),
      speed: product * (beta - 2) * (price / spot) / spot / spot,
      zomma: .init(
        perUnitVolatility: ((2 * beta - 1) * betaChange * price + product * vega) / spot / spot),
      color: .init(perYear: 0),
      ultima: .init(perCubedUnit: inVolatility.derivative.derivative.derivative))
  }

  /// The out-of-the-money price as a function of the volatility, for its higher derivatives.
  private func outOfTheMoneyPrice<Scalar: AnalyticScalar>(
    _ volatility: Scalar,
    in model: BlackScholes,
    sign: Double,
    logMoneyness: Double
  ) -> Scalar {
    let drift = model.rate - model.carryYield
    let discount = paymentsPerYear + model.rate
    let holding = paymentsPerYear + model.carryYield
    let variance = volatility * volatility
    let m = Scalar(drift) - variance / 2
    let shifted = Scalar(drift) + variance / 2
    let slope = (m * m + 2 * discount * variance).root
    // The forms that do not cancel, as in PowerRoot.
    let beta =
      sign * m.primal > 0
      ? Scalar(2 * discount) / (m + sign * slope) : (sign * slope - m) / variance
    let betaLessOne =
      sign * shifted.primal > 0
      ? Scalar(2 * holding) / (shifted + sign * slope) : (sign * slope - shifted) / variance
    return (strike * paymentsPerYear) * (logMoneyness * beta).exponential
      / (slope * beta * betaLessOne)
  }
}

private typealias Once = Dual<Double>
private typealias Twice = Dual<Once>
private typealias Thrice = Dual<Twice>

/// A root of ½σ²β(β−1) + (r−y)β = r + λ: the one above 1 (sign 1), or below 0 (sign −1).
private struct PowerRoot {
  let beta: Double
  let betaLessOne: Double

  /// `R = √(m² + 2σ²(r+λ))`, half the distance of the roots times σ².
  let slope: Double

  /// `m = r − y − σ²/2`.
  let centralDrift: Double

  init(sign: Double, volatility: Double, drift: Double, discount: Double, holding: Double) {
    let variance = volatility * volatility
    let m = drift - variance / 2
    let shifted = drift + variance / 2
    let slope = (m * m + 2 * variance * discount).squareRoot()
    // β = (−m ± R)/σ² = 2(r+λ)/(m ± R); β − 1 = (−m′ ± R)/σ² = 2(y+λ)/(m′ ± R), m′ = m + σ².
    beta = sign * m > 0 ? 2 * discount / (m + sign * slope) : (sign * slope - m) / variance
    betaLessOne =
      sign * shifted > 0
      ? 2 * holding / (shifted + sign * slope) : (sign * slope - shifted) / variance
    self.slope = slope
    centralDrift = m
  }
}
