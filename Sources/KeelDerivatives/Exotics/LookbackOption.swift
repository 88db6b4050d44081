public import KeelNumerics

/// A European option on the highest or lowest spot price until expiry, watched at every moment.
public struct LookbackOption: Hashable, Sendable, Codable {
  /// What the extreme is set against.
  public enum Strike: Hashable, Sendable, Codable {
    /// A strike in cash: a call pays the maximum above it, a put the minimum below it.
    case fixed(Double)
    /// The last spot: a call pays how far it is above the minimum, a put how far below the maximum.
    case floating
  }

  /// Call or put.
  public var kind: EuropeanOption.Kind

  /// What the extreme is set against.
  public var strike: Strike

  /// The extreme of the spot so far, in cash; nil for an option that begins now.
  ///
  /// The maximum for fixed calls and floating puts, the minimum for fixed puts and floating calls.
  public var extreme: Double?

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: What the extreme is set against.
  ///   - extreme: The extreme of the spot so far, in cash; nil for an option that begins now.
  ///   - timeToExpiry: The time to expiry in years; zero means expired.
  public init(
    kind: EuropeanOption.Kind,
    strike: Strike,
    extreme: Double? = nil,
    timeToExpiry: Double
  ) {
    self.kind = kind
    self.strike = strike
    self.extreme = extreme
    self.timeToExpiry = timeToExpiry
  }

  /// Whether the option looks at the maximum.
  private var isOnMaximum: Bool {
    switch strike {
    case .fixed: kind == .call
    case .floating: kind == .put
    }
  }

  /// The extreme until now: the spot counts.
  fileprivate func extreme(spot: Double) -> Double {
    guard let extreme else { return spot }
    return isOnMaximum ? max(extreme, spot) : min(extreme, spot)
  }

  /// The price over any scalar; the strike is that of a fixed one.
  fileprivate func price<Scalar: AnalyticScalar>(_ market: Market<Scalar>) -> Scalar {
    let discount = (-(market.rate * market.time)).exponential
    let held = (-(market.carryYield * market.time)).exponential * market.spot
    // An option that begins now has the spot as its extreme, and so has one whose extreme is passed.
    let reached = extreme(spot: market.spot.primal)
    let extreme = reached == market.spot.primal ? market.spot : Scalar(reached)
    let gain: (Scalar) -> Scalar = { level in
      ExtremeExpectation(market, isMaximum: isOnMaximum, level: level).discounted
    }
    switch strike {
    case .floating:
      return isOnMaximum
        ? gain(extreme) + extreme * discount - held : held - extreme * discount + gain(extreme)
    case .fixed:
      let sure = isOnMaximum ? extreme - market.strike : market.strike - extreme
      return sure.primal > 0 ? sure * discount + gain(extreme) : gain(market.strike)
    }
  }
}

/// Spot and parameters over any scalar.
private struct Market<Scalar: AnalyticScalar> {
  let spot: Scalar
  let strike: Scalar
  let time: Scalar
  let volatility: Scalar
  let rate: Scalar
  let carryYield: Scalar
}

extension LookbackOption: DifferentiablePrice {
  /// The price in closed form, for positive arguments.
  ///
  /// Sources: M. B. Goldman, H. B. Sosin and M. A. Gatto, "Path dependent options: buy at the low, sell at the high",
  /// Journal of Finance 34 (1979); A. Conze and Viswanathan, "Path dependent options: the case of lookback
  /// options", Journal of Finance 46 (1991).
  public func price<Scalar: AnalyticScalar>(
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar {
    price(
      Market(
        spot: spot, strike: strike, time: timeToExpiry, volatility: volatility, rate: rate,
        carryYield: carryYield))
  }
}

/// What the extreme of the spot is expected to exceed a level by that it has not passed.
private struct ExtremeExpectation<Scalar: AnalyticScalar> {
  private let market: Market<Scalar>
  /// 1 for the maximum, −1 for the minimum.
  private let side: Double
  private let level: Scalar
  /// ln(S/level).
  private let over: Scalar
  private let deviation: Scalar
  private let carry: Scalar

  /// Below this part of σ² the carry is too small to be divided by.
  private static var leastCarry: Double { 0.05 }

  init(_ market: Market<Scalar>, isMaximum: Bool, level: Scalar) {
    self.market = market
    self.level = level
    side = isMaximum ? 1 : -1
    over = (market.spot / level).logarithm
    deviation = market.volatility * market.time.root
    carry = market.rate - market.carryYield
  }

  /// The discounted expectation: the European option on the level, and the premium for looking back.
  var discounted: Scalar {
    let european = PriceFormula.blackScholes(
      side > 0 ? .call : .put, spot: market.spot, strike: level, timeToExpiry: market.time,
      volatility: market.volatility, rate: market.rate, carryYield: market.carryYield)
    let square = market.volatility * market.volatility
    let discount = (-(market.rate * market.time)).exponential
    let scale = 0.5 * (side * (market.spot * discount * square))
    if carry.primal.magnitude > Self.leastCarry * square.primal {
      return european + scale * (numerator(carry) / carry)
    }
    // numerator(0) is zero, so that its quotient by the carry is the mean of its slope.
    var mean = Scalar(0)
    for (node, weight) in zip(LookbackRule.rule.nodes, LookbackRule.rule.weights) {
      mean = mean + (weight / 2) * slope(((1 + node) / 2) * carry)
    }
    return european + scale * mean
  }

  /// The distance of the level in deviations, at some carry.
  private func distance(_ carry: Scalar) -> Scalar {
    (over + carry * market.time) / deviation + 0.5 * deviation
  }

  /// e^(bT) Φ(d₁) − (S/level)^(−2b/σ²) Φ(d₁ − 2b√T/σ), for the minimum of the negative arguments.
  private func numerator(_ carry: Scalar) -> Scalar {
    let d = distance(carry)
    let square = market.volatility * market.volatility
    return ScaledProbability.value(carry * market.time, side * d)
      - ScaledProbability.value(
        -2 * (carry * over / square),
        side * (d - 2 * (carry * market.time / deviation)))
  }

  /// Its derivative by the carry; the two densities are the same.
  private func slope(_ carry: Scalar) -> Scalar {
    let d = distance(carry)
    let square = market.volatility * market.volatility
    let reflected = side * (d - 2 * (carry * market.time / deviation))
    let density = (carry * market.time).exponential * d.normalPDF
    return market.time * ScaledProbability.value(carry * market.time, side * d)
      + 2 * (over / square) * ScaledProbability.value(-2 * (carry * over / square), reflected)
      + 2 * side * (market.time / deviation * density)
  }
}

/// The points of the mean: exact to rounding for a carry below its least.
private enum LookbackRule {
  static let rule = GaussLegendre(checkedCount: 12)
}

extension BlackScholes {
  /// The price of a lookback option today.
  ///
  /// Expired or at zero volatility the price is the limit. The error is some units in the last place of the larger of
  /// spot, strike and extreme. Method: <doc:ExoticOptions>.
  ///
  /// - Parameter option: The option; strike, extreme and time finite and not negative. An extreme that the
  ///   spot has passed is replaced by the spot.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func price(of option: LookbackOption) -> Double {
    let time = option.timeToExpiry
    guard Black.isAmount(spot), Black.isAmount(time), Black.isAmount(volatility), rate.isFinite,
      carryYield.isFinite, Black.isAmount(option.extreme ?? 0), Black.isAmount(option.fixedStrike)
    else { return .nan }
    guard isRegular(option) else { return certainPrice(of: option) }
    let price = option.price(
      spot: spot, strike: option.fixedStrike, timeToExpiry: time, volatility: volatility,
      rate: rate, carryYield: carryYield)
    return price < 0 ? 0 : price
  }

  /// The price of a lookback option with its derivatives to third order.
  ///
  /// - Parameter option: The option; strike, extreme and time positive and finite.
  /// - Returns: Raw partial derivatives, exact to rounding by dual numbers; the extreme so far is held, unless
  ///   the option begins now or the spot is at it. All NaN outside the domain and at its edge (expired, zero
  ///   volatility, spot or strike).
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: LookbackOption) -> Greeks {
    guard price(of: option).isFinite, isRegular(option) else { return .undefined }
    return option.greeks(self, strike: option.fixedStrike, timeToExpiry: option.timeToExpiry)
  }

  private func isRegular(_ option: LookbackOption) -> Bool {
    spot > 0 && option.timeToExpiry > 0 && volatility > 0 && option.fixedStrike > 0
      && option.extreme(spot: spot) > 0
  }

  /// The price where the spot moves along its forward, or a level is zero.
  private func certainPrice(of option: LookbackOption) -> Double {
    let time = option.timeToExpiry
    let last = forward(timeToExpiry: time)
    let reached = option.extreme(spot: spot)
    let isCertain = spot == 0 || time == 0 || volatility == 0
    let payoff: Double
    switch (option.strike, option.kind) {
    case (.floating, .call):
      // A minimum of zero stays one.
      payoff = last - (isCertain ? min(reached, last) : 0)
    case (.floating, .put): payoff = max(reached, last) - last
    case (.fixed(let strike), .put):
      payoff = max(0, strike - (isCertain ? min(reached, last) : strike == 0 ? 0 : reached))
    case (.fixed(let strike), .call):
      guard isCertain else {
        // Without strike the option pays the maximum: that above the extreme and the extreme itself.
        var other = option
        other.strike = .fixed(reached)
        return price(of: other) + Carry.discounted(reached, rate: rate, time: time)
      }
      payoff = max(0, max(reached, last) - strike)
    }
    return Carry.discounted(payoff, rate: rate, time: time)
  }
}

extension LookbackOption {
  /// The strike of a fixed one; one without meaning for a floating one.
  fileprivate var fixedStrike: Double {
    if case .fixed(let strike) = strike { return strike }
    return 1
  }
}
