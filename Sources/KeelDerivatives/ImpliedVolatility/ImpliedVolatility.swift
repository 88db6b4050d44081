import KeelNumerics

/// A volatility implied by a price, with how well the price determines it.
public struct ImpliedVolatility: Hashable, Sendable {
  /// The volatility: annualized, or total (`σ√T`) where the call says so.
  public let volatility: Double

  /// The relative change of the volatility per relative change of the price: `V / (σ ∂V/∂σ)`.
  ///
  /// Far out of the money it is small (the price says much); deep in the money it is huge.
  public let conditioning: Double

  /// The relative error of the volatility that half a unit in the last place of the price makes.
  public let relativeUncertainty: Double

  /// The number of evaluations of the Black formula.
  public let iterationCount: Int

  /// Inverts the formula for two legs in the same cash.
  ///
  /// `x` is the logarithm of their ratio; the volatility is the total one over the root of the time,
  /// rounded once.
  init(
    kind: EuropeanOption.Kind,
    price: Double,
    near: Double,
    far: Double,
    logMoneyness x: DoubleDouble,
    legsAreExact: Bool,
    timeToExpiry: Double
  ) throws(DerivativesError) {
    try requireFinite(price, "price")
    let callIsOutOfTheMoney = x.high <= 0
    let isOutOfTheMoney = (kind == .call) == callIsOutOfTheMoney
    let lesser = callIsOutOfTheMoney ? near : far
    let maximum = kind == .call ? near : far
    var timeValue = price
    var intrinsic = 0.0
    if !isOutOfTheMoney {
      let difference = BlackLegs.difference(near, far, x, legsAreExact)
      intrinsic = difference.high
      timeValue = (price - difference.high) - difference.low
    }
    guard price >= intrinsic else {
      throw .priceBelowIntrinsic(price: price, intrinsic: intrinsic)
    }
    guard price < maximum, timeValue < lesser else {
      throw .priceAboveMaximum(price: price, maximum: maximum)
    }
    // In the money, price and intrinsic value may each be off by half a unit in the last place.
    let lostTimeValue = isOutOfTheMoney ? 0 : 2 * price.ulp
    guard timeValue > lostTimeValue else {
      throw .noInformation(price: price, timeValue: timeValue)
    }
    let target = TotalVolatilitySearch(
      timeValue: timeValue, missing: min(maximum - price, lesser), lesser: lesser,
      logMoneyness: callIsOutOfTheMoney ? x : -x)
    let found = try target.solve()
    let root = DoubleDouble.squareRoot(of: timeToExpiry)
    try self.init(
      price: price, timeValue: timeValue, volatility: found.volatility.divided(by: root).high,
      iterations: found.iterations, sensitivity: found.sensitivity)
  }

  /// What a search found; `sensitivity` is the derivative of the price with respect to ln σ.
  init(
    price: Double,
    timeValue: Double,
    volatility: Double,
    iterations: Int,
    sensitivity: Double
  ) throws(DerivativesError) {
    self.init(
      settled: volatility, price: price, sensitivity: sensitivity, iterations: iterations)
    guard relativeUncertainty < 1 else {
      throw .noInformation(price: price, timeValue: timeValue)
    }
  }

  /// What a search found, where the price is known to say enough.
  init(settled volatility: Double, price: Double, sensitivity: Double, iterations: Int) {
    self.volatility = volatility
    conditioning = price / sensitivity
    relativeUncertainty = price.ulp / 2 / sensitivity
    iterationCount = iterations
  }

  private init(_ total: ImpliedVolatility, volatility: Double) {
    self.volatility = volatility
    conditioning = total.conditioning
    relativeUncertainty = total.relativeUncertainty
    iterationCount = total.iterationCount
  }

  /// The annualized volatility of a total one.
  func annualized(timeToExpiry: Double) -> ImpliedVolatility {
    ImpliedVolatility(self, volatility: volatility / timeToExpiry.squareRoot())
  }
}
