/// The price of an option and its derivatives to third order, as raw partial derivatives.
///
/// Spot S, strike K, volatility σ, interest rate r and carry yield y are varied one at a time, all others
/// held; time t is the calendar's, so that `∂/∂t` is minus the derivative with respect to the time to
/// expiry. Values add and scale, so the Greeks of a book in one underlying are the sum of
/// `quantity * greeks`; see ``GreeksBook`` for several.
public struct Greeks: Hashable, Sendable {
  /// The price, in cash today.
  public var price: Double

  /// The change of the price per unit of spot: `∂V/∂S`.
  public var delta: Double

  /// The change of delta per unit of spot: `∂²V/∂S²`.
  public var gamma: Double

  /// The change of the price with volatility: `∂V/∂σ`.
  public var vega: PerVolatility

  /// The change of the price as time passes, all else equal: `∂V/∂t`, mostly negative.
  public var theta: PerTime

  /// The change of the price with the interest rate, carry yield and spot held: `∂V/∂r`.
  public var rho: PerRate

  /// The change of the price with the carry yield, rate and spot held: `∂V/∂y`.
  public var carryRho: PerRate

  /// The change of the price per unit of strike: `∂V/∂K`.
  public var dualDelta: Double

  /// The change of the dual delta per unit of strike: `∂²V/∂K²`, the discounted density of the spot at
  /// expiry.
  public var dualGamma: Double

  /// The change of delta with volatility, and of vega per unit of spot: `∂²V/∂S∂σ`.
  public var vanna: PerVolatility

  /// The change of vega with volatility: `∂²V/∂σ²`.
  public var volga: PerSquaredVolatility

  /// The change of delta as time passes: `∂²V/∂S∂t`.
  public var charm: PerTime

  /// The change of vega as time passes: `∂²V/∂σ∂t`.
  public var veta: PerVolatilityAndTime

  /// The change of gamma per unit of spot: `∂³V/∂S³`.
  public var speed: Double

  /// The change of gamma with volatility: `∂³V/∂S²∂σ`.
  public var zomma: PerVolatility

  /// The change of gamma as time passes: `∂³V/∂S²∂t`.
  public var color: PerTime

  /// The change of volga with volatility: `∂³V/∂σ³`.
  public var ultima: PerCubedVolatility

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
  ///   - dualDelta: Per unit of strike.
  ///   - dualGamma: Per unit of strike squared.
  ///   - vanna: With spot and volatility.
  ///   - volga: With volatility twice.
  ///   - charm: With spot and calendar time.
  ///   - veta: With volatility and calendar time.
  ///   - speed: Per unit of spot cubed.
  ///   - zomma: With spot twice and volatility.
  ///   - color: With spot twice and calendar time.
  ///   - ultima: With volatility three times.
  public init(
    price: Double,
    delta: Double,
    gamma: Double,
    vega: PerVolatility,
    theta: PerTime,
    rho: PerRate,
    carryRho: PerRate,
    dualDelta: Double,
    dualGamma: Double,
    vanna: PerVolatility,
    volga: PerSquaredVolatility,
    charm: PerTime,
    veta: PerVolatilityAndTime,
    speed: Double,
    zomma: PerVolatility,
    color: PerTime,
    ultima: PerCubedVolatility
  ) {
    self.price = price
    self.delta = delta
    self.gamma = gamma
    self.vega = vega
    self.theta = theta
    self.rho = rho
    self.carryRho = carryRho
    self.dualDelta = dualDelta
    self.dualGamma = dualGamma
    self.vanna = vanna
    self.volga = volga
    self.charm = charm
    self.veta = veta
    self.speed = speed
    self.zomma = zomma
    self.color = color
    self.ultima = ultima
  }

  /// One value, in raw units.
  ///
  /// - Parameter greek: Which one.
  public subscript(greek: Greek) -> Double {
    switch greek {
    case .price: price
    case .delta: delta
    case .gamma: gamma
    case .vega: vega.perUnitVolatility
    case .theta: theta.perYear
    case .rho: rho.perUnitRate
    case .carryRho: carryRho.perUnitRate
    case .dualDelta: dualDelta
    case .dualGamma: dualGamma
    case .vanna: vanna.perUnitVolatility
    case .volga: volga.perSquaredUnit
    case .charm: charm.perYear
    case .veta: veta.perUnitVolatilityAndYear
    case .speed: speed
    case .zomma: zomma.perUnitVolatility
    case .color: color.perYear
    case .ultima: ultima.perCubedUnit
    }
  }

  /// The Greeks of nothing.
  public static let zero = Greeks(repeating: 0)

  /// What the formulas return outside their domain.
  static let undefined = Greeks(repeating: .nan)

  /// The Greeks of two positions together.
  ///
  /// - Parameters:
  ///   - left: One position.
  ///   - right: Another position in the same underlying.
  /// - Returns: The sums, term by term.
  public static func + (left: Greeks, right: Greeks) -> Greeks { left.combined(right, +) }

  /// Adds the Greeks of another position.
  ///
  /// - Parameters:
  ///   - left: The position that grows.
  ///   - right: Another position in the same underlying.
  public static func += (left: inout Greeks, right: Greeks) { left = left + right }

  /// The Greeks of a position of several options.
  ///
  /// - Parameters:
  ///   - quantity: The number of options; negative when written.
  ///   - greeks: The Greeks of one option.
  /// - Returns: Each value times the quantity.
  public static func * (quantity: Double, greeks: Greeks) -> Greeks {
    greeks.combined(greeks) { value, _ in quantity * value }
  }

  private init(repeating value: Double) {
    self.init(
      price: value, delta: value, gamma: value, vega: .init(perUnitVolatility: value),
      theta: .init(perYear: value), rho: .init(perUnitRate: value),
      carryRho: .init(perUnitRate: value), dualDelta: value, dualGamma: value,
      vanna: .init(perUnitVolatility: value), volga: .init(perSquaredUnit: value),
      charm: .init(perYear: value), veta: .init(perUnitVolatilityAndYear: value), speed: value,
      zomma: .init(perUnitVolatility: value), color: .init(perYear: value),
      ultima: .init(perCubedUnit: value))
  }

  /// Joins two sets value by value.
  func combined(_ other: Greeks, _ join: (Double, Double) -> Double) -> Greeks {
    Greeks(
      price: join(price, other.price),
      delta: join(delta, other.delta),
      gamma: join(gamma, other.gamma),
      vega: .init(perUnitVolatility: join(vega.perUnitVolatility, other.vega.perUnitVolatility)),
      theta: .init(perYear: join(theta.perYear, other.theta.perYear)),
      rho: .init(perUnitRate: join(rho.perUnitRate, other.rho.perUnitRate)),
      carryRho: .init(perUnitRate: join(carryRho.perUnitRate, other.carryRho.perUnitRate)),
      dualDelta: join(dualDelta, other.dualDelta),
      dualGamma: join(dualGamma, other.dualGamma),
      vanna: .init(perUnitVolatility: join(vanna.perUnitVolatility, other.vanna.perUnitVolatility)),
      volga: .init(perSquaredUnit: join(volga.perSquaredUnit, other.volga.perSquaredUnit)),
      charm: .init(perYear: join(charm.perYear, other.charm.perYear)),
      veta: .init(
        perUnitVolatilityAndYear: join(
          veta.perUnitVolatilityAndYear, other.veta.perUnitVolatilityAndYear)),
      speed: join(speed, other.speed),
      zomma: .init(perUnitVolatility: join(zomma.perUnitVolatility, other.zomma.perUnitVolatility)),
      color: .init(perYear: join(color.perYear, other.color.perYear)),
      ultima: .init(perCubedUnit: join(ultima.perCubedUnit, other.ultima.perCubedUnit)))
  }
}
