import KeelNumerics

// All derivatives of the Black-Scholes price to third order in one pass.
//
// Goals in order: full relative accuracy of each term of each formula, in every wing; limits at the
// edges (expired, no volatility, worthless); speed.
//
// With s = σ√T, b = r − y, a₁,₂ = d₁,₂/s and D = S e^(−yT) φ(d₁) = K e^(−rT) φ(d₂):
//
//   gamma = D/(S²s)            vega  = D√T                     dual gamma = D/(K²s)
//   vanna = −D a₂√T/S          volga = D T d₁ a₂
//   charm = ±y e^(−yT) Φ(±d₁) − (D/S) d₁′         d₁′ = ∂d₁/∂T = b/s − a₂σ/(2√T)
//   veta  = D√T (y + d₁d₁′ − 1/(2T))
//   speed = −gamma (1 + a₁)/S  zomma = gamma (d₁d₂ − 1)/σ      color = gamma (y + d₁d₁′ + 1/(2T))
//   ultima = D T^(3/2) (d₁d₂a₁a₂ − a₁a₂ − a₁² − a₂²)
//
// (E. G. Haug, "The Complete Guide to Option Pricing Formulas", 2nd edition, 2007, chapter 2, in other
// variables.) D is kept as a square, √φ times one factor and √φ times the other, so that neither a
// density below the range of doubles nor a division by S² loses what their product still holds.

extension BlackScholes {
  /// The price of a European option with its derivatives to third order, in one pass.
  ///
  /// At the edges each value is its limit. Expired or at zero volatility, exactly at the money: delta is
  /// half of its largest value and gamma is infinite. Relative error: at most 1e-13 (first and second
  /// order) and 1e-12 (third order) of the sum of the magnitudes of a formula's terms.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: Raw partial derivatives; all NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: EuropeanOption) -> Greeks {
    guard let legs = legs(of: option) else { return .undefined }
    let density = DensityFactors(self, option, legs)
    let time = option.timeToExpiry
    let sign: Double = option.kind == .call ? 1 : -1
    let near = legs.nearProbability(option.kind)
    let far = legs.farProbability(option.kind)
    let holding = Carry.discounted(1, rate: carryYield, time: time)
    let discount = Carry.discounted(1, rate: rate, time: time)
    let nearLeg = sign * legs.near * near
    let farLeg = sign * legs.far * far
    let delta = near == 0 ? 0 : sign * holding * near
    return Greeks(
      price: legs.price(option.kind),
      delta: delta,
      gamma: density.gamma,
      vega: PerVolatility(perUnitVolatility: density.vega),
      theta: PerTime(perYear: carryYield * nearLeg - rate * farLeg - density.decay),
      rho: PerRate(perUnitRate: time * farLeg),
      carryRho: PerRate(perUnitRate: -time * nearLeg),
      dualDelta: far == 0 ? 0 : -sign * discount * far,
      dualGamma: density.dualGamma,
      vanna: PerVolatility(perUnitVolatility: density.vanna),
      volga: PerSquaredVolatility(perSquaredUnit: density.volga),
      charm: PerTime(perYear: (delta == 0 ? 0 : carryYield * delta) - density.deltaSlope),
      veta: PerVolatilityAndTime(perUnitVolatilityAndYear: density.veta),
      speed: density.speed,
      zomma: PerVolatility(perUnitVolatility: density.zomma),
      color: PerTime(perYear: density.color),
      ultima: PerCubedVolatility(perCubedUnit: density.ultima))
  }

  /// What the price depends on through its moneyness alone: the deltas of all conventions.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The deltas; all NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func deltas(of option: EuropeanOption) -> Deltas {
    guard let legs = legs(of: option) else { return .undefined }
    let sign: Double = option.kind == .call ? 1 : -1
    let near = sign * legs.nearProbability(option.kind)
    let far = sign * legs.farProbability(option.kind)
    let holding = Carry.discounted(1, rate: carryYield, time: option.timeToExpiry)
    let moneyness = far == 0 ? 0 : legs.far / legs.near * far
    return Deltas(
      spot: near == 0 ? 0 : holding * near, forward: near,
      premiumAdjustedSpot: moneyness == 0 ? 0 : holding * moneyness,
      premiumAdjustedForward: moneyness)
  }
}

/// The deltas of one option by the conventions of markets.
public struct Deltas: Hashable, Sendable {
  /// `∂V/∂S`: units of the asset per option.
  public var spot: Double

  /// `e^(yT) ∂V/∂S = ±Φ(±d₁)`: forwards on one unit of the asset per option.
  public var forward: Double

  /// `∂V/∂S − V/S`: units of the asset per option when the premium is paid in the asset.
  public var premiumAdjustedSpot: Double

  /// `±(K/F) Φ(±d₂)`: forwards per option when the premium is paid in the asset.
  public var premiumAdjustedForward: Double

  /// Creates deltas.
  ///
  /// - Parameters:
  ///   - spot: Units of the asset per option.
  ///   - forward: Forwards per option.
  ///   - premiumAdjustedSpot: Units of the asset per option, less the premium in the asset.
  ///   - premiumAdjustedForward: Forwards per option, less the premium in the asset.
  public init(
    spot: Double,
    forward: Double,
    premiumAdjustedSpot: Double,
    premiumAdjustedForward: Double
  ) {
    self.spot = spot
    self.forward = forward
    self.premiumAdjustedSpot = premiumAdjustedSpot
    self.premiumAdjustedForward = premiumAdjustedForward
  }

  static let undefined = Deltas(
    spot: .nan, forward: .nan, premiumAdjustedSpot: .nan, premiumAdjustedForward: .nan)
}

/// The terms of the derivatives that contain the density of the spot at expiry.
private struct DensityFactors {
  /// `√φ`; zero where no density is left, which is the limit of all terms.
  private let root: Double
  private let lesser: Double
  private let spot: Double
  private let strike: Double
  private let carryYield: Double
  private let volatility: Double
  private let rootTime: Double
  private let d1: Double
  private let d2: Double
  private let a1: Double
  private let a2: Double
  private let s: Double
  /// `√T ∂d₁/∂T`.
  private let slope: Double

  init(_ model: BlackScholes, _ option: EuropeanOption, _ legs: BlackLegs) {
    let core = legs.core
    root = core.densityRoot
    lesser = legs.lesser
    spot = model.spot
    strike = option.strike
    carryYield = model.carryYield
    volatility = model.volatility
    rootTime = option.timeToExpiry.squareRoot()
    d1 = legs.callIsOutOfTheMoney ? core.d1.high : -core.d2.high
    d2 = legs.callIsOutOfTheMoney ? core.d2.high : -core.d1.high
    s = core.s
    let drift = model.rate - model.carryYield
    if s > 0 {
      a1 = d1 / s
      a2 = d2 / s
    } else {
      // At the money without time: S = K and ln(F/K)/s² = b/σ²; without volatility F = K.
      let ratio = rootTime == 0 && drift != 0 ? drift / (volatility * volatility) : 0
      a1 = ratio + 0.5
      a2 = ratio - 0.5
    }
    slope = product(drift, 1 / volatility) - product(a2, volatility / 2)
  }

  /// `φ · left · right`.
  private func density(_ left: Double, _ right: Double) -> Double {
    root == 0 || right == 0 ? 0 : (root * left) * (root * right)
  }

  var vega: Double { density(lesser, rootTime) }
  var gamma: Double { density(lesser / spot, 1 / (spot * s)) }
  var dualGamma: Double { density(lesser / strike, 1 / (strike * s)) }

  /// `D σ/(2√T)`.
  var decay: Double { volatility == 0 ? 0 : density(lesser, volatility / (2 * rootTime)) }
  var vanna: Double { -density(lesser / spot, product(a2, rootTime)) }
  var volga: Double { density(lesser, product(d1, product(a2, rootTime * rootTime))) }

  /// `(D/S) ∂d₁/∂T`.
  var deltaSlope: Double { density(lesser / spot, product(slope, 1 / rootTime)) }
  var veta: Double {
    density(lesser, carryYield * rootTime + product(d1, slope) - 0.5 / rootTime)
  }
  var speed: Double { -density(lesser / spot / spot, product(1 + a1, 1 / (spot * s))) }
  var zomma: Double {
    density(lesser / spot / volatility, (d1 * d2 - 1) / (spot * s))
  }
  var color: Double {
    let rate = carryYield + product(product(d1, slope), 1 / rootTime) + 0.5 / rootTime / rootTime
    return density(lesser / spot, product(rate, 1 / (spot * s)))
  }
  var ultima: Double {
    let cross = a1 * a2
    return density(
      lesser,
      product((d1 * d2 - 1) * cross - a1 * a1 - a2 * a2, rootTime * rootTime * rootTime))
  }
}

/// A product in which zero wins over infinity: the limits of the formulas.
func product(_ a: Double, _ b: Double) -> Double { a == 0 || b == 0 ? 0 : a * b }
