public import KeelNumerics

// All Greeks of a formula by nested dual numbers.
//
// Goals in order: one definition of every derivative for all models that have a formula, exactness to
// rounding, short code. Each evaluation carries three directions; eight evaluations hold all sixteen
// derivatives.

/// A price formula that can be evaluated over any scalar, and so be differentiated exactly.
public protocol DifferentiablePrice: Sendable {
  /// The price.
  ///
  /// - Parameters:
  ///   - spot: The spot price.
  ///   - strike: The strike.
  ///   - timeToExpiry: The time in years.
  ///   - volatility: The annualized volatility.
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: The price in cash.
  func price<Scalar: AnalyticScalar>(
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar
}

extension DifferentiablePrice {
  /// The price with its derivatives to third order, exact to the rounding of the formula.
  ///
  /// - Parameters:
  ///   - model: Spot, volatility and rates.
  ///   - strike: The strike.
  ///   - timeToExpiry: The time in years.
  /// - Returns: Raw partial derivatives; time derivatives are with respect to the calendar.
  /// - Complexity: Eight evaluations of the formula over numbers of eight components; no allocation.
  public func greeks(
    _ model: BlackScholes,
    strike: Double,
    timeToExpiry: Double
  ) -> Greeks {
    let point = Point(
      spot: model.spot, strike: strike, time: timeToExpiry, volatility: model.volatility,
      rate: model.rate, carryYield: model.carryYield)
    let spots = along(.spot, .spot, .spot, point)
    let spotVolatility = along(.spot, .spot, .volatility, point)
    let spotTime = along(.spot, .spot, .time, point)
    let volatilities = along(.volatility, .volatility, .volatility, point)
    let volatilityTime = along(.volatility, .time, .time, point)
    let strikes = along(.strike, .strike, .strike, point)
    let rates = along(.rate, .rate, .rate, point)
    let yields = along(.carryYield, .carryYield, .carryYield, point)
    return Greeks(
      price: spots.value.value.value,
      delta: spots.value.value.derivative,
      gamma: spots.value.derivative.derivative,
      vega: .init(perUnitVolatility: volatilities.value.value.derivative),
      theta: .init(perYear: -spotTime.derivative.value.value),
      rho: .init(perUnitRate: rates.value.value.derivative),
      carryRho: .init(perUnitRate: yields.value.value.derivative),
      dualDelta: strikes.value.value.derivative,
      dualGamma: strikes.value.derivative.derivative,
      vanna: .init(perUnitVolatility: spotVolatility.derivative.value.derivative),
      volga: .init(perSquaredUnit: volatilities.value.derivative.derivative),
      charm: .init(perYear: -spotTime.derivative.value.derivative),
      veta: .init(perUnitVolatilityAndYear: -volatilityTime.value.derivative.derivative),
      speed: spots.derivative.derivative.derivative,
      zomma: .init(perUnitVolatility: spotVolatility.derivative.derivative.derivative),
      color: .init(perYear: -spotTime.derivative.derivative.derivative),
      ultima: .init(perCubedUnit: volatilities.derivative.derivative.derivative))
  }

  /// The price with its derivatives along three variables.
  private func along(
    _ inner: Variable,
    _ middle: Variable,
    _ outer: Variable,
    _ point: Point
  ) -> Third {
    func seeded(_ variable: Variable, _ value: Double) -> Third {
      let first = First(value, derivative: inner == variable ? 1 : 0)
      let second = Second(first, derivative: First(middle == variable ? 1 : 0))
      return Third(second, derivative: Second(outer == variable ? 1 : 0))
    }
    return price(
      spot: seeded(.spot, point.spot), strike: seeded(.strike, point.strike),
      timeToExpiry: seeded(.time, point.time), volatility: seeded(.volatility, point.volatility),
      rate: seeded(.rate, point.rate), carryYield: seeded(.carryYield, point.carryYield))
  }
}

private typealias First = Dual<Double>
private typealias Second = Dual<First>
private typealias Third = Dual<Second>

private enum Variable { case spot, strike, time, volatility, rate, carryYield }

private struct Point {
  let spot: Double
  let strike: Double
  let time: Double
  let volatility: Double
  let rate: Double
  let carryYield: Double
}
