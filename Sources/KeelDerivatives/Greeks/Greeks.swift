/// The price of an option and its first derivatives and gamma, as raw partial derivatives.
///
/// Values add and scale, so the Greeks of a book in one underlying are the sum of
/// `quantity * greeks`.
public struct Greeks: Hashable, Sendable {
  /// The price, in cash today.
  public var price: Double

  /// The change of the price per unit of spot: `∂V/∂S`.
  public var delta: Double

  /// The change of delta per unit of spot: `∂²V/∂S²`.
  public var gamma: Double

  /// The change of the price with volatility: `∂V/∂σ`.
  public var vega: Vega

  /// The change of the price as time passes, all else equal: `∂V/∂t`, mostly negative.
  public var theta: Theta

  /// The change of the price with the interest rate, carry yield and spot held: `∂V/∂r`.
  public var rho: Rho

  /// The change of the price with the carry yield, rate and spot held: `∂V/∂y`.
  public var carryRho: Rho

  /// Creates Greeks from raw derivatives.
  ///
  /// - Parameters:
  ///   - price: The price in cash.
  ///   - delta: Per unit of spot.
  ///   - gamma: Per unit of spot squared.
  ///   - vega: With volatility.
  ///   - theta: With calendar time.
  ///   - rho: With the interest rate.
  ///   - carryRho: With the carry yield.
  public init(
    price: Double,
    delta: Double,
    gamma: Double,
    vega: Vega,
    theta: Theta,
    rho: Rho,
    carryRho: Rho
  ) {
    self.price = price
    self.delta = delta
    self.gamma = gamma
    self.vega = vega
    self.theta = theta
    self.rho = rho
    self.carryRho = carryRho
  }

  /// The Greeks of two positions together.
  ///
  /// - Parameters:
  ///   - left: One position.
  ///   - right: Another position in the same underlying.
  /// - Returns: The sums, term by term.
  public static func + (left: Greeks, right: Greeks) -> Greeks {
    Greeks(
      price: left.price + right.price,
      delta: left.delta + right.delta,
      gamma: left.gamma + right.gamma,
      vega: Vega(perUnitVolatility: left.vega.perUnitVolatility + right.vega.perUnitVolatility),
      theta: Theta(perYear: left.theta.perYear + right.theta.perYear),
      rho: Rho(perUnitRate: left.rho.perUnitRate + right.rho.perUnitRate),
      carryRho: Rho(perUnitRate: left.carryRho.perUnitRate + right.carryRho.perUnitRate))
  }

  /// The Greeks of a position of several options.
  ///
  /// - Parameters:
  ///   - quantity: The number of options; negative when written.
  ///   - greeks: The Greeks of one option.
  /// - Returns: Each value times the quantity.
  public static func * (quantity: Double, greeks: Greeks) -> Greeks {
    Greeks(
      price: quantity * greeks.price,
      delta: quantity * greeks.delta,
      gamma: quantity * greeks.gamma,
      vega: Vega(perUnitVolatility: quantity * greeks.vega.perUnitVolatility),
      theta: Theta(perYear: quantity * greeks.theta.perYear),
      rho: Rho(perUnitRate: quantity * greeks.rho.perUnitRate),
      carryRho: Rho(perUnitRate: quantity * greeks.carryRho.perUnitRate))
  }
}

/// The derivative of a price with respect to volatility.
public struct Vega: Hashable, Sendable {
  /// Cash per unit of volatility: from 20 % to 120 %.
  public var perUnitVolatility: Double

  /// Creates a vega.
  ///
  /// - Parameter perUnitVolatility: Cash per unit of volatility.
  public init(perUnitVolatility: Double) { self.perUnitVolatility = perUnitVolatility }

  /// Cash per volatility point: from 20 % to 21 %.
  public var perVolatilityPoint: Double { perUnitVolatility / 100 }
}

/// The derivative of a price with respect to calendar time.
public struct Theta: Hashable, Sendable {
  /// Cash per year that passes.
  public var perYear: Double

  /// Creates a theta.
  ///
  /// - Parameter perYear: Cash per year that passes.
  public init(perYear: Double) { self.perYear = perYear }

  /// Cash per calendar day that passes: a year has 365 (ACT/365 fixed).
  public var perDay: Double { perYear / 365 }
}

/// The derivative of a price with respect to a continuously compounded rate per year.
public struct Rho: Hashable, Sendable {
  /// Cash per unit of the rate: from 5 % to 105 %.
  public var perUnitRate: Double

  /// Creates a rho.
  ///
  /// - Parameter perUnitRate: Cash per unit of the rate.
  public init(perUnitRate: Double) { self.perUnitRate = perUnitRate }

  /// Cash per basis point: from 5 % to 5.01 %.
  public var perBasisPoint: Double { perUnitRate / 10_000 }
}
