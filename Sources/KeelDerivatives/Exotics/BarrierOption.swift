public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A European option that begins or ends when the spot price reaches a level.
///
/// The level is watched at every moment; for one that is watched at fixed intervals see
/// ``monitored(every:volatility:)``.
public struct BarrierOption: Hashable, Sendable, Codable {
  /// From where the spot reaches the level.
  public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
    /// From below.
    case up
    /// From above.
    case down
  }

  /// What happens at the level.
  public enum Effect: String, Hashable, Sendable, Codable, CaseIterable {
    /// The option begins to exist.
    case knockIn
    /// The option ends.
    case knockOut
  }

  /// When the rebate of a knocked-out option is paid.
  public enum RebateTime: String, Hashable, Sendable, Codable, CaseIterable {
    /// When the level is reached.
    case atHit
    /// At expiry.
    case atExpiry
  }

  /// Call or put.
  public var kind: EuropeanOption.Kind

  /// The strike, in cash.
  public var strike: Double

  /// The level, in cash.
  public var barrier: Double

  /// From where the spot reaches the level.
  public var direction: Direction

  /// What happens at the level.
  public var effect: Effect

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// What is paid instead of the option, in cash: when it is knocked out, or at expiry when it was never knocked
  /// in.
  public var rebate: Double

  /// When the rebate of a knocked-out option is paid.
  public var rebateTime: RebateTime

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash.
  ///   - barrier: The level, in cash.
  ///   - direction: From where the spot reaches the level.
  ///   - effect: What happens at the level.
  ///   - timeToExpiry: The time to expiry in years; zero means expired without reaching the level.
  ///   - rebate: What is paid instead of the option, in cash.
  ///   - rebateTime: When the rebate of a knocked-out option is paid.
  public init(
    kind: EuropeanOption.Kind,
    strike: Double,
    barrier: Double,
    direction: Direction,
    effect: Effect,
    timeToExpiry: Double,
    rebate: Double = 0,
    rebateTime: RebateTime = .atHit
  ) {
    self.kind = kind
    self.strike = strike
    self.barrier = barrier
    self.direction = direction
    self.effect = effect
    self.timeToExpiry = timeToExpiry
    self.rebate = rebate
    self.rebateTime = rebateTime
  }

  /// The option with a level that gives, watched at every moment, about the price of this one watched at intervals.
  ///
  /// The level moves away from the spot by the factor `exp(0.5826 σ √Δt)`. Source: M. Broadie, P. Glasserman and
  /// S. Kou, "A continuity correction for discrete barrier options", Mathematical Finance 7 (1997).
  ///
  /// - Parameters:
  ///   - interval: The time between two looks, in years: not negative.
  ///   - volatility: The annualized volatility as a fraction.
  /// - Returns: The option with the moved level.
  public func monitored(every interval: Double, volatility: Double) -> BarrierOption {
    // −ζ(1/2) / √(2π)
    let shift = 0.582_597_157_939_010_7 * volatility * interval.squareRoot()
    var moved = self
    moved.barrier *= exp(direction == .up ? shift : -shift)
    return moved
  }

  /// The European option with the same terms.
  var european: EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: timeToExpiry)
  }

  /// Whether a spot price is at the level or beyond.
  func isReached(by spot: Double) -> Bool {
    direction == .up ? spot >= barrier : spot <= barrier
  }
}

extension BarrierOption: DifferentiablePrice {
  /// The price in closed form, for a spot on the near side of the level and positive arguments.
  ///
  /// Sources: E. Reiner and M. Rubinstein, "Breaking down the barriers", Risk 4 (1991), and R. C. Merton, "Theory
  /// of rational option pricing", Bell Journal 4 (1973), for the first of them.
  public func price<Scalar: AnalyticScalar>(
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar {
    let paths = ReflectedPaths(
      kind: kind, isUp: direction == .up, barrier: barrier, spot: spot, strike: strike,
      time: timeToExpiry, volatility: volatility, rate: rate, carryYield: carryYield)
    let all = paths.beyondStrike
    // Paths that end on the far side of the level have crossed it; the others may have.
    let crossesAlways = (kind == .call) == (direction == .up)
    let strikeIsBeyond = direction == .up ? strike.primal >= barrier : strike.primal <= barrier
    let reached: Scalar
    switch (crossesAlways, strikeIsBeyond) {
    case (true, true): reached = all
    case (true, false):
      reached = paths.beyondBarrier - paths.reflectedBeyondStrike + paths.reflectedBeyondBarrier
    case (false, true): reached = all - paths.beyondBarrier + paths.reflectedBeyondBarrier
    case (false, false): reached = paths.reflectedBeyondStrike
    }
    switch effect {
    case .knockIn: return reached + rebate * (paths.discount * paths.survival)
    case .knockOut:
      let option = crossesAlways && strikeIsBeyond ? Scalar(0) : all - reached
      if rebate == 0 { return option }
      return option
        + rebate * (rebateTime == .atHit ? paths.payAtHit : paths.discount * paths.arrival)
    }
  }
}

/// The expectations over paths and their reflections of which prices of barrier options consist.
private struct ReflectedPaths<Scalar: AnalyticScalar> {
  let kind: EuropeanOption.Kind
  let isUp: Bool
  let near: Scalar
  let far: Scalar
  let discount: Scalar
  /// σ√T.
  let deviation: Scalar
  /// ln(S/K), ln(S/H) and ln(H/S).
  let overStrike: Scalar
  let overBarrier: Scalar
  let toBarrier: Scalar
  /// ν = r − y − σ²/2 over σ², and times T.
  let drift: Scalar
  let totalDrift: Scalar
  let volatility: Scalar
  let rate: Scalar

  init(
    kind: EuropeanOption.Kind,
    isUp: Bool,
    barrier: Double,
    spot: Scalar,
    strike: Scalar,
    time: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) {
    self.kind = kind
    self.isUp = isUp
    self.volatility = volatility
    self.rate = rate
    discount = (-(rate * time)).exponential
    near = spot * (-(carryYield * time)).exponential
    far = strike * discount
    deviation = volatility * time.root
    overStrike = (spot / strike).logarithm
    overBarrier = (spot / Scalar(barrier)).logarithm
    toBarrier = -overBarrier
    let speed = rate - carryYield - 0.5 * (volatility * volatility)
    drift = speed / (volatility * volatility)
    totalDrift = speed * time
  }

  private var sign: Double { kind == .call ? 1 : -1 }
  private var side: Double { isUp ? -1 : 1 }

  /// The payoff beyond a level that the spot exceeds by `exp(over)`.
  private func payoff(_ over: Scalar) -> Scalar {
    let d = (over + totalDrift) / deviation
    return sign
      * (near * (sign * (d + deviation)).normalCDF - far * (sign * d).normalCDF)
  }

  /// The payoff of reflected paths on the near side of a level.
  private func reflectedPayoff(_ over: Scalar) -> Scalar {
    let d = (over + totalDrift) / deviation
    let power = 2 * (drift * toBarrier)
    return sign
      * (near * ScaledProbability.value(power + 2 * toBarrier, side * (d + deviation))
        - far * ScaledProbability.value(power, side * d))
  }

  /// A of Reiner and Rubinstein, the European price.
  var beyondStrike: Scalar { payoff(overStrike) }
  /// B.
  var beyondBarrier: Scalar { payoff(overBarrier) }
  /// C.
  var reflectedBeyondStrike: Scalar { reflectedPayoff(2 * toBarrier + overStrike) }
  /// D.
  var reflectedBeyondBarrier: Scalar { reflectedPayoff(toBarrier) }

  /// The probability that the level is never reached.
  var survival: Scalar {
    let d = (overBarrier + totalDrift) / deviation
    let reflected = (toBarrier + totalDrift) / deviation
    return (side * d).normalCDF
      - ScaledProbability.value(2 * (drift * toBarrier), side * reflected)
  }

  /// The probability that it is.
  var arrival: Scalar {
    let d = (overBarrier + totalDrift) / deviation
    let reflected = (toBarrier + totalDrift) / deviation
    return (-side * d).normalCDF
      + ScaledProbability.value(2 * (drift * toBarrier), side * reflected)
  }

  /// One unit paid when it is; NaN where a negative rate lets that grow faster than the level is reached.
  var payAtHit: Scalar {
    let square = drift * drift + 2 * (rate / (volatility * volatility))
    guard square.primal >= 0 else { return Scalar(.nan) }
    let root = square.root
    let z = toBarrier / deviation
    let step = root * deviation
    return ScaledProbability.value((drift + root) * toBarrier, side * (z + step))
      + ScaledProbability.value((drift - root) * toBarrier, side * (z - step))
  }
}

extension BlackScholes {
  /// The price of a barrier option today.
  ///
  /// A spot at the level or beyond has reached it. Expired or at zero volatility the price is the limit. The error is
  /// some units in the last place of the larger of spot, strike and rebate. Method: <doc:ExoticOptions>.
  ///
  /// - Parameter option: The option; strike, level, rebate and time finite and not negative.
  /// - Returns: The price in cash; NaN when an argument is outside its domain, or for a rebate at the hit with
  ///   a rate below `−ν²/(2σ²)`, `ν = r − y − σ²/2`.
  /// - Complexity: O(1), no allocation.
  public func price(of option: BarrierOption) -> Double {
    let european = price(of: option.european)
    guard european.isFinite, Black.isAmount(option.barrier), Black.isAmount(option.rebate) else {
      return .nan
    }
    let time = option.timeToExpiry
    let paidAtExpiry = Carry.discounted(option.rebate, rate: rate, time: time)
    if option.isReached(by: spot) {
      if option.effect == .knockIn { return european }
      return option.rebateTime == .atHit ? option.rebate : paidAtExpiry
    }
    if spot == 0 || time == 0 || volatility == 0 {
      // The spot moves along its forward, from the near side.
      guard option.isReached(by: forward(timeToExpiry: time)) else {
        return option.effect == .knockIn ? paidAtExpiry : european
      }
      if option.effect == .knockIn { return european }
      if option.rebateTime == .atExpiry { return paidAtExpiry }
      let hit = log(option.barrier / spot) / (rate - carryYield)
      return Carry.discounted(option.rebate, rate: rate, time: hit)
    }
    if option.barrier == 0 { return option.effect == .knockIn ? paidAtExpiry : european }
    let price = option.price(
      spot: spot, strike: option.strike, timeToExpiry: time, volatility: volatility, rate: rate,
      carryYield: carryYield)
    return price < 0 ? 0 : price
  }

  /// The price of a barrier option with its derivatives to third order.
  ///
  /// - Parameter option: The option; strike, level and time positive and finite.
  /// - Returns: Raw partial derivatives, exact to rounding by dual numbers, with the level held; all NaN outside the
  ///   domain, at its edge (expired, zero volatility) and from the level on.
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: BarrierOption) -> Greeks {
    let price = price(of: option)
    guard price.isFinite, spot > 0, option.strike > 0, option.barrier > 0, volatility > 0,
      option.timeToExpiry > 0, !option.isReached(by: spot)
    else { return .undefined }
    return option.greeks(self, strike: option.strike, timeToExpiry: option.timeToExpiry)
  }
}
