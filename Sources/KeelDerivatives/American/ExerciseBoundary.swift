package import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// From boundaries to values.
//
// Goals in order: accuracy up to the boundary, one solution for many spots, speed.
//
// A call is a put with spot and strike, rate and yield exchanged (R. L. McDonald, M. D. Schroder, "A parity
// result for American options", Journal of Computational Finance 1 (1998)), so all is done for a put on one
// unit of strike. Its value is the European one and, of every moment at which it is exercised, the interest
// on the strike less the yield of the asset:
//
//   p(x) = p_E(x) + ∫ [r e^(−rs) Φ(−d₋(s)) − q x e^(−qs) Φ(−d₊(s))] ds,   d± of x over B(τ − s)
//
// less the same with the lower boundary, where there is one.

/// Where an American option is best exercised at once, and what the option is worth.
///
/// The boundary does not depend on the spot price: one solution values the option at any spot.
///
/// ```swift
/// let put = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)
/// let boundary = try ExerciseBoundary(of: put, volatility: 0.25, rate: 0.05, carryYield: 0.05)
/// boundary.price(spot: 100)
/// boundary.exerciseRange(timeToExpiry: 1)  // spots from 0 to 64.79
/// ```
public struct ExerciseBoundary: Sendable, Hashable {
  /// The option.
  public let option: AmericanOption

  /// The annualized volatility as a fraction.
  public let volatility: Double

  /// The interest rate, continuously compounded per year.
  public let rate: Double

  /// The yield of holding the asset, continuously compounded per year.
  public let carryYield: Double

  /// How far the boundary is resolved.
  public let precision: AmericanPrecision

  /// The longest time to expiry, in years, at which some spot makes exercise best; at most that of the option.
  ///
  /// Zero for an option that is never exercised early. Below the option's own time only where both rates
  /// are negative and two boundaries meet.
  public let longestTime: Double

  /// The steps of the iteration, for all boundaries and grids.
  public let iterationCount: Int

  private let problem: ExerciseProblem
  private let level: Kernels.Level

  /// The boundary above which the put's holder waits.
  private let upper: ExerciseCurve?

  /// The boundary below which the put's holder waits.
  private let lower: ExerciseCurve?

  /// Finds the boundary.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - volatility: The annualized volatility as a fraction: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  ///   - precision: How far to resolve it.
  /// - Throws: `DerivativesError.invalidValue`, or `.boundaryNotFound` when the iteration does not settle.
  /// - Complexity: O(n² m) for n nodes and m steps.
  public init(
    of option: AmericanOption,
    volatility: Double,
    rate: Double,
    carryYield: Double,
    precision: AmericanPrecision = .accurate
  ) throws(DerivativesError) {
    try self.init(
      of: option, volatility: volatility, rate: rate, carryYield: carryYield, precision: precision,
      level: .automatic)
  }

  /// The same with an instruction set.
  ///
  /// - Parameters:
  ///   - option: The option.
  ///   - volatility: The volatility.
  ///   - rate: The interest rate.
  ///   - carryYield: The carry yield.
  ///   - precision: How far to resolve it.
  ///   - level: The instruction set.
  /// - Throws: `DerivativesError`.
  package init(
    of option: AmericanOption,
    volatility: Double,
    rate: Double,
    carryYield: Double,
    precision: AmericanPrecision,
    level: Kernels.Level
  ) throws(DerivativesError) {
    try requirePositive(option.strike, "strike")
    try requirePositive(option.timeToExpiry, "timeToExpiry")
    try requirePositive(volatility, "volatility")
    try requireFinite(rate, "rate")
    try requireFinite(carryYield, "carryYield")
    self.option = option
    self.volatility = volatility
    self.rate = rate
    self.carryYield = carryYield
    self.precision = precision
    self.level = level
    problem = ExerciseProblem(
      rate: option.kind == .put ? rate : carryYield,
      yield: option.kind == .put ? carryYield : rate, volatility: volatility)
    let time = option.timeToExpiry
    switch problem.region {
    case .never:
      (upper, lower, longestTime, iterationCount) = (nil, nil, 0, 0)
    case .below(let limit):
      let curve = ExerciseCurve(
        problem, time: time, sign: -1, limit: limit, precision: precision, level: level)
      guard curve.isConverged else {
        throw .boundaryNotFound(iterations: curve.iterationCount, change: curve.change)
      }
      (upper, lower, longestTime, iterationCount) = (curve, nil, time, curve.iterationCount)
    case .between:
      let pair = try ExercisePair(problem, time: time, precision: precision, level: level)
      (upper, lower) = (pair.upper, pair.lower)
      (longestTime, iterationCount) = (pair.time, pair.iterationCount)
    }
  }

  /// The spots at which exercise is best when some time is left.
  ///
  /// - Parameter timeToExpiry: The time left, in years: not above that of the option.
  /// - Returns: From the lower to the upper boundary in cash, zero or infinity where there is none; nil
  ///   where no spot makes exercise best, or for a time outside the range. At expiry it is the limit.
  /// - Complexity: O(n) for n nodes, no allocation.
  public func exerciseRange(timeToExpiry: Double) -> ClosedRange<Double>? {
    guard let upper, timeToExpiry >= 0, timeToExpiry <= longestTime else { return nil }
    let high = upper.limit * exp(upper.logRatio(timeToExpiry: timeToExpiry))
    let low = lower.map { $0.limit * exp($0.logRatio(timeToExpiry: timeToExpiry)) } ?? 0
    guard low <= high else { return nil }
    let strike = option.strike
    return option.kind == .put
      ? low * strike...high * strike : strike / high...(low > 0 ? strike / low : .infinity)
  }

  /// The price of the option today.
  ///
  /// - Parameter spot: The spot price, in cash: not negative.
  /// - Returns: The price in cash, not below the exercise value; NaN for a spot outside its domain.
  /// - Complexity: O(n p) for n nodes and p points of the integral, no allocation.
  public func price(spot: Double) -> Double {
    value(spot: spot, withGreeks: false)?.price ?? .nan
  }

  /// Price, delta, gamma and theta of the option today.
  ///
  /// Delta and gamma are those of the integral, theta follows from the equation of Black and Scholes. On the
  /// boundary they are those of the exercise side.
  ///
  /// - Parameter spot: The spot price, in cash: positive.
  /// - Returns: Raw partial derivatives; all NaN for a spot outside its domain.
  /// - Complexity: O(n p) for n nodes and p points of the integral, no allocation.
  public func greeks(spot: Double) -> AmericanGreeks {
    guard spot > 0, let value = value(spot: spot, withGreeks: true) else { return .undefined }
    let theta =
      value.isExercised
      ? 0
      : rate * value.price - (rate - carryYield) * spot * value.delta
        - volatility * volatility * spot * spot * value.gamma / 2
    return AmericanGreeks(
      price: value.price, delta: value.delta, gamma: value.gamma,
      theta: PerTime(perYear: theta), isExercised: value.isExercised)
  }

  private struct Value {
    let price: Double
    let delta: Double
    let gamma: Double
    let isExercised: Bool
  }

  private func value(spot: Double, withGreeks: Bool) -> Value? {
    guard Black.isAmount(spot) else { return nil }
    let (time, strike) = (option.timeToExpiry, option.strike)
    let sign: Double = option.kind == .call ? 1 : -1
    if let range = exerciseRange(timeToExpiry: time), range.contains(spot) {
      return Value(price: sign * (spot - strike), delta: sign, gamma: 0, isExercised: true)
    }
    let model = BlackScholes(
      spot: spot, volatility: volatility, rate: rate, carryYield: carryYield)
    guard spot > 0 else {
      return Value(
        price: model.certainPrice(of: option), delta: .nan, gamma: .nan, isExercised: false)
    }
    guard let european = model.parts(of: option.european, withGreeks: withGreeks) else {
      return nil
    }
    // The put on one unit: spot over strike, or strike over spot for a call.
    let x = option.kind == .put ? spot / strike : strike / spot
    guard let upper, x.isNormal else {
      return Value(
        price: max(european.price, option.exerciseValue(spot: spot)), delta: european.delta,
        gamma: european.gamma, isExercised: false)
    }
    let logSpot = log(x)
    func gain(_ curve: ExerciseCurve) -> (value: Double, delta: Double, gamma: Double) {
      OptionKernels.exercisePremium(
        curve, curve.rule, spot: x, logSpot: logSpot - curve.logLimit,
        offset: time - longestTime, level: level)
    }
    var unit = gain(upper)
    if let lower {
      let beyond = gain(lower)
      unit = (unit.value - beyond.value, unit.delta - beyond.delta, unit.gamma - beyond.gamma)
    }
    let premium: (value: Double, delta: Double, gamma: Double) =
      option.kind == .put
      ? (strike * unit.value, unit.delta, unit.gamma / strike)
      : (spot * unit.value, unit.value - x * unit.delta, x * x * unit.gamma / spot)
    return Value(
      price: max(european.price + max(0, premium.value), option.exerciseValue(spot: spot)),
      delta: european.delta + premium.delta, gamma: european.gamma + premium.gamma,
      isExercised: false)
  }
}

extension BlackScholes {
  /// A European option's part of the value of an American one; nil outside the domain.
  fileprivate func parts(
    of option: EuropeanOption,
    withGreeks: Bool
  ) -> (price: Double, delta: Double, gamma: Double)? {
    guard let legs = legs(of: option) else { return nil }
    let price = legs.price(option.kind)
    guard withGreeks else { return (price, .nan, .nan) }
    let sign: Double = option.kind == .call ? 1 : -1
    let holding = Carry.discounted(1, rate: carryYield, time: option.timeToExpiry)
    let root = legs.core.densityRoot
    let gamma = root == 0 ? 0 : (root * (legs.lesser / spot)) * (root / (spot * legs.core.s))
    return (price, sign * holding * legs.nearProbability(option.kind), gamma)
  }
}
