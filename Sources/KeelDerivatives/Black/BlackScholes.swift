import KeelNumerics

/// The Black-Scholes model of an asset with constant volatility, interest rate and carry yield.
///
/// The forward is `S exp((r − y) T)`. The carry yield is what the holder of the asset earns: a
/// dividend or staking yield, a foreign interest rate, minus a storage cost.
public struct BlackScholes: Hashable, Sendable, Codable {
  /// The spot price, in cash.
  public var spot: Double

  /// The annualized volatility as a fraction: `0.2` means 20 %.
  public var volatility: Double

  /// The interest rate, continuously compounded per year.
  public var rate: Double

  /// The yield of holding the asset, continuously compounded per year.
  public var carryYield: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - spot: The spot price, in cash: finite, not negative.
  ///   - volatility: The annualized volatility as a fraction: finite, not negative.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  public init(spot: Double, volatility: Double, rate: Double, carryYield: Double) {
    self.spot = spot
    self.volatility = volatility
    self.rate = rate
    self.carryYield = carryYield
  }

  /// The forward price for delivery after some time.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `S exp((r − y) T)` in cash, or NaN when an argument is outside its domain.
  public func forward(timeToExpiry: Double) -> Double {
    guard Black.isAmount(spot), Black.isAmount(timeToExpiry) else { return .nan }
    return Carry(rate: rate, carryYield: carryYield, time: timeToExpiry).growth
      .exponential(times: spot)
  }

  /// The price of a European option today.
  ///
  /// ```text
  /// C = S e^(−yT) Φ(d₁) − K e^(−rT) Φ(d₂),   d₁,₂ = (ln(S/K) + (r − y) T) / (σ√T) ± σ√T / 2
  /// ```
  ///
  /// Expired or at zero volatility the price is the limit: the discounted intrinsic value of the
  /// forward. Accuracy: <doc:BlackPrice>.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func price(of option: EuropeanOption) -> Double {
    legs(of: option)?.price(option.kind) ?? .nan
  }

  /// The volatility at which the model gives a price.
  ///
  /// Method, accuracy and what the errors mean: <doc:ImpliedVolatilityMethod>.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - price: Its price in cash today: finite.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: The annualized volatility with its conditioning.
  /// - Throws: `DerivativesError.invalidValue`, `.priceBelowIntrinsic`, `.priceAboveMaximum`,
  ///   `.noInformation`, or `.iterationLimit`, which no test has reached.
  /// - Complexity: O(1), no allocation.
  public static func impliedVolatility(
    of option: EuropeanOption,
    price: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) throws(DerivativesError) -> ImpliedVolatility {
    if let settled = OptionKernels.impliedVolatility(
      of: option, price: price, spot: spot, rate: rate, carryYield: carryYield)
    {
      return settled
    }
    try requirePositive(spot, "spot")
    try requirePositive(option.strike, "strike")
    try requirePositive(option.timeToExpiry, "timeToExpiry")
    try requireFinite(rate, "rate")
    try requireFinite(carryYield, "carryYield")
    let time = option.timeToExpiry
    let near = Carry.discounted(spot, rate: carryYield, time: time)
    let far = Carry.discounted(option.strike, rate: rate, time: time)
    try requirePositive(near, "spot · exp(−carryYield · timeToExpiry)")
    try requirePositive(far, "strike · exp(−rate · timeToExpiry)")
    let growth = Carry(rate: rate, carryYield: carryYield, time: time).growth
    return try ImpliedVolatility(
      kind: option.kind, price: price, near: near, far: far,
      logMoneyness: logRatio(spot, option.strike).adding(growth),
      legsAreExact: rate == 0 && carryYield == 0, timeToExpiry: time)
  }

  /// The two discounted legs, or nil outside the domain.
  func legs(of option: EuropeanOption) -> BlackLegs? {
    let time = option.timeToExpiry
    guard Black.isAmount(spot), Black.isAmount(option.strike), Black.isAmount(time),
      Black.isAmount(volatility), rate.isFinite, carryYield.isFinite
    else { return nil }
    let growth = Carry(rate: rate, carryYield: carryYield, time: time).growth
    let near = Carry.discounted(spot, rate: carryYield, time: time)
    let far = Carry.discounted(option.strike, rate: rate, time: time)
    // Rates beyond any meaning can push a leg out of range; there is no number to return then.
    guard near.isFinite, far.isFinite, growth.high.isFinite else { return nil }
    let root = DoubleDouble.squareRoot(of: time)
    let product = DoubleDouble.fusedProduct(volatility, root.high)
    let total =
      product.high.isFinite
      ? DoubleDouble.sum(product.high, product.low + volatility * root.low) : product
    return BlackLegs(
      near: near, far: far,
      logMoneyness: Black.logMoneyness(forward: spot, strike: option.strike).adding(growth),
      totalVolatility: total, legsAreExact: rate == 0 && carryYield == 0)
  }
}

/// The exponents of growth and discount with all their digits.
struct Carry {
  /// `(r − y) T`.
  let growth: DoubleDouble

  /// `amount · exp(−rate · time)`.
  static func discounted(_ amount: Double, rate: Double, time: Double) -> Double {
    // exp(0) is one, to the bit.
    rate == 0
      ? amount : Carry(rate: 0, carryYield: rate, time: time).growth.exponential(times: amount)
  }

  init(rate: Double, carryYield: Double, time: Double) {
    let difference = DoubleDouble.sum(rate, -carryYield)
    let product = DoubleDouble.fusedProduct(difference.high, time)
    growth =
      product.high.isFinite
      ? DoubleDouble.sum(product.high, product.low + difference.low * time) : product
  }
}
