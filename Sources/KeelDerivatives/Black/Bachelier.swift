import KeelNumerics

// The Bachelier formula in forward form.
//
// Goals in order: relative accuracy in every wing, inversion that never fails, speed.
//
// Out of the money, with s = σ√T and h = −|F − K|/s:  p = s φ(h) (1 + h Y(h)) = s φ(h) Y′(h),  Y = Φ/φ,
// where the plain difference cancels to 1/h²; Y′ comes from a series of positive terms (MillsDifference).

/// The normal model of a forward: prices of options on what may be negative, such as spreads and carry.
///
/// ```text
/// C = e^(−rT) ((F − K) Φ(d) + σ√T φ(d)),   d = (F − K) / (σ√T)
/// ```
///
/// The volatility is in cash per square root of a year, not a fraction. Source: L. Bachelier, "Théorie de la
/// spéculation", Annales scientifiques de l'École normale supérieure 17 (1900).
public struct Bachelier: Hashable, Sendable, Codable {
  /// The forward price for delivery at the option's expiry, in cash, of any sign.
  public var forward: Double

  /// The annualized volatility in cash.
  public var volatility: Double

  /// The interest rate of the discount, continuously compounded per year.
  public var rate: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - forward: The forward price, in cash: finite.
  ///   - volatility: The annualized volatility in cash: finite, not negative.
  ///   - rate: The interest rate of the discount, continuously compounded per year: finite.
  public init(forward: Double, volatility: Double, rate: Double) {
    self.forward = forward
    self.volatility = volatility
    self.rate = rate
  }

  /// The undiscounted price of a European option on a forward.
  ///
  /// The relative error out of the money is at most six units in the last place in every wing; in the money the
  /// price is the intrinsic value plus that.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - forward: The forward price, in cash: finite.
  ///   - strike: The strike, in cash: finite.
  ///   - totalDeviation: `σ√T` in cash, not negative; zero means expired.
  /// - Returns: The price in cash at expiry, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public static func price(
    _ kind: EuropeanOption.Kind,
    forward: Double,
    strike: Double,
    totalDeviation: Double
  ) -> Double {
    guard forward.isFinite, strike.isFinite, totalDeviation >= 0 else { return .nan }
    let difference = DoubleDouble.sum(forward, -strike)
    let gain = kind == .call ? difference.high : -difference.high
    let distance = difference.high < 0 ? difference : -difference
    return max(gain, 0)
      + NormalTimeValue(distance: distance, deviation: DoubleDouble(totalDeviation)).value
  }

  /// The price of a European option today.
  ///
  /// - Parameter option: The option; strike of any sign, time finite and not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func price(of option: EuropeanOption) -> Double {
    guard let terms = terms(option) else { return .nan }
    return terms.discount * (max(terms.gain, 0) + terms.timeValue.value)
  }

  /// The volatility at which the model gives a price.
  ///
  /// - Parameters:
  ///   - option: The option; strike finite, time positive and finite.
  ///   - price: Its price in cash today: finite.
  ///   - forward: The forward price, in cash: finite.
  ///   - rate: The interest rate of the discount: finite.
  /// - Returns: The annualized volatility in cash, with its conditioning.
  /// - Throws: `DerivativesError.invalidValue`, `.priceBelowIntrinsic`, `.noInformation`, or
  ///   `.iterationLimit`, which no test has reached.
  /// - Complexity: O(1), no allocation.
  public static func impliedVolatility(
    of option: EuropeanOption,
    price: Double,
    forward: Double,
    rate: Double
  ) throws(DerivativesError) -> ImpliedVolatility {
    try requirePositive(option.timeToExpiry, "timeToExpiry")
    try requireFinite(rate, "rate")
    try requireFinite(price, "price")
    let growth = Carry(rate: rate, carryYield: 0, time: option.timeToExpiry).growth
    return try impliedTotalDeviation(
      option.kind, price: growth.exponential(times: price), forward: forward,
      strike: option.strike
    ).annualized(timeToExpiry: option.timeToExpiry)
  }

  /// The total deviation at which the undiscounted formula gives a price.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - price: The undiscounted price, in cash: finite.
  ///   - forward: The forward price, in cash: finite.
  ///   - strike: The strike, in cash: finite.
  /// - Returns: The total deviation `σ√T` in cash in ``ImpliedVolatility/volatility``.
  /// - Throws: `DerivativesError.invalidValue`, `.priceBelowIntrinsic`, `.noInformation`, or
  ///   `.iterationLimit`, which no test has reached.
  /// - Complexity: O(1), no allocation.
  public static func impliedTotalDeviation(
    _ kind: EuropeanOption.Kind,
    price: Double,
    forward: Double,
    strike: Double
  ) throws(DerivativesError) -> ImpliedVolatility {
    try requireFinite(price, "price")
    try requireFinite(forward, "forward")
    try requireFinite(strike, "strike")
    let difference = DoubleDouble.sum(forward, -strike)
    try requireFinite(difference.high, "forward − strike")
    let gain = kind == .call ? difference : -difference
    let intrinsic = max(gain.high, 0)
    let timeValue = gain.high > 0 ? (price - gain.high) - gain.low : price
    guard price >= intrinsic else {
      throw .priceBelowIntrinsic(price: price, intrinsic: intrinsic)
    }
    let lostTimeValue = gain.high > 0 ? 2 * price.ulp : 0
    guard timeValue > lostTimeValue else {
      throw .noInformation(price: price, timeValue: timeValue)
    }
    let distance = difference.high < 0 ? difference : -difference
    let found = try NormalDeviationSearch(timeValue: timeValue, distance: distance).solve()
    return try ImpliedVolatility(
      price: price, timeValue: timeValue, volatility: found.deviation,
      iterations: found.iterations,
      sensitivity: NormalTimeValue(
        distance: distance, deviation: DoubleDouble(found.deviation)
      ).density * found.deviation)
  }

  struct Terms {
    let gain: Double
    let deviation: DoubleDouble
    let discount: Double
    let timeValue: NormalTimeValue
  }

  func terms(_ option: EuropeanOption) -> Terms? {
    guard forward.isFinite, option.strike.isFinite, Black.isAmount(volatility), rate.isFinite,
      Black.isAmount(option.timeToExpiry)
    else { return nil }
    let difference = DoubleDouble.sum(forward, -option.strike)
    guard difference.high.isFinite else { return nil }
    let root = DoubleDouble.squareRoot(of: option.timeToExpiry)
    let product = DoubleDouble.fusedProduct(volatility, root.high)
    let deviation =
      product.high.isFinite
      ? DoubleDouble.sum(product.high, product.low + volatility * root.low) : product
    let distance = difference.high < 0 ? difference : -difference
    return Terms(
      gain: option.kind == .call ? difference.high : -difference.high, deviation: deviation,
      discount: Carry(rate: 0, carryYield: rate, time: option.timeToExpiry).growth
        .exponential(times: 1),
      timeValue: NormalTimeValue(distance: distance, deviation: deviation))
  }
}

/// What an option is worth above its intrinsic value in the normal model.
struct NormalTimeValue {
  let h: DoubleDouble
  private let deviation: Double

  /// Creates the value at `distance = −|F − K|` and `deviation = σ√T`.
  init(distance: DoubleDouble, deviation: DoubleDouble) {
    self.deviation = deviation.high
    h = distance.high == 0 ? DoubleDouble(0) : distance.divided(by: deviation)
  }

  /// `Y′(h)`, a number between 1/h² and 1.
  var millsSlope: Double { MillsDifference.slope(h: h.high) }

  /// The value in cash.
  var value: Double {
    guard deviation > 0, h.high.isFinite else { return 0 }
    guard deviation.isFinite else { return .infinity }
    return density(times: millsSlope, units: deviation)
  }

  /// `φ(h)`, the derivative of the value with respect to the deviation.
  var density: Double { h.high.isFinite ? density(times: 1, units: 1) : 0 }

  private func density(times factor: Double, units: Double) -> Double {
    let inverseRootTwoPi = 0.398_942_280_401_432_7
    let square = h.squared
    return DoubleDouble(-square.high / 2, -square.low / 2)
      .exponential(times: units * (factor * inverseRootTwoPi))
  }
}
