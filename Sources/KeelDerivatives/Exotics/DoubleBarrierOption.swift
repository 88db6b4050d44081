public import KeelNumerics

// Goals in order: full relative accuracy however unlikely survival is, derivatives by any scalar, speed.
//
// Two series for the same density of the surviving paths: reflections at both levels, which converge fast and without
// cancellation while the levels are far apart, and waves between them, which do when they are near. Over w/s (the
// distance of the levels in deviations) one of them needs some ten terms on each side of the switch.

/// A European option that begins or ends when the spot price reaches one of two levels.
///
/// The levels are watched at every moment.
public struct DoubleBarrierOption: Hashable, Sendable, Codable {
  /// Call or put.
  public var kind: EuropeanOption.Kind

  /// The strike, in cash.
  public var strike: Double

  /// The lower level, in cash.
  public var lowerBarrier: Double

  /// The upper level, in cash.
  public var upperBarrier: Double

  /// What happens at the levels.
  public var effect: BarrierOption.Effect

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash.
  ///   - lowerBarrier: The lower level, in cash.
  ///   - upperBarrier: The upper level, in cash, above the lower one.
  ///   - effect: What happens at the levels.
  ///   - timeToExpiry: The time to expiry in years; zero means expired without reaching a level.
  public init(
    kind: EuropeanOption.Kind,
    strike: Double,
    lowerBarrier: Double,
    upperBarrier: Double,
    effect: BarrierOption.Effect,
    timeToExpiry: Double
  ) {
    self.kind = kind
    self.strike = strike
    self.lowerBarrier = lowerBarrier
    self.upperBarrier = upperBarrier
    self.effect = effect
    self.timeToExpiry = timeToExpiry
  }

  /// The European option with the same terms.
  fileprivate var european: EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: timeToExpiry)
  }

  /// Whether a spot price is at a level or beyond.
  fileprivate func isReached(by spot: Double) -> Bool {
    spot <= lowerBarrier || spot >= upperBarrier
  }
}

extension DoubleBarrierOption: DifferentiablePrice {
  /// The price, for a spot between the levels and positive arguments.
  public func price<Scalar: AnalyticScalar>(
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar {
    let paths = BoundedPaths(
      lower: (Scalar(lowerBarrier) / spot).logarithm,
      upper: (Scalar(upperBarrier) / spot).logarithm,
      time: timeToExpiry, volatility: volatility, rate: rate, carryYield: carryYield)
    // Where the option pays, among what lies between the levels.
    let level = (strike / spot).logarithm
    let ends: (low: Scalar, high: Scalar)
    switch kind {
    case .call: ends = (level.primal > paths.lower.primal ? level : paths.lower, paths.upper)
    case .put: ends = (paths.lower, level.primal < paths.upper.primal ? level : paths.upper)
    }
    let discount = (-(rate * timeToExpiry)).exponential
    var surviving = Scalar(0)
    if ends.low.primal < ends.high.primal {
      let asset = spot * paths.expectation(ofPower: 1, from: ends.low, to: ends.high)
      let cash = strike * paths.expectation(ofPower: 0, from: ends.low, to: ends.high)
      surviving = discount * (kind == .call ? asset - cash : cash - asset)
    }
    if effect == .knockOut { return surviving }
    return PriceFormula.blackScholes(
      kind, spot: spot, strike: strike, timeToExpiry: timeToExpiry, volatility: volatility,
      rate: rate, carryYield: carryYield) - surviving
  }
}

/// Paths of ln(S_t/S) that stay between two levels.
private struct BoundedPaths<Scalar: AnalyticScalar> {
  let lower: Scalar
  let upper: Scalar
  private let width: Scalar
  /// σ√T and its square.
  private let deviation: Scalar
  private let variance: Scalar
  /// ν/σ² and νT, ν = r − y − σ²/2.
  private let drift: Scalar
  private let totalDrift: Scalar

  /// The width in deviations below which waves are summed.
  private static var switchWidth: Double { 2 }
  /// Reflections farther away than this many deviations, beyond those at the levels, change nothing.
  private static var reach: Double { 10 }
  /// Waves that have faded by this exponent more than the first change nothing.
  private static var fading: Double { 45 }

  init(
    lower: Scalar,
    upper: Scalar,
    time: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) {
    self.lower = lower
    self.upper = upper
    width = upper - lower
    deviation = volatility * time.root
    variance = deviation * deviation
    let speed = rate - carryYield - 0.5 * (volatility * volatility)
    drift = speed / (volatility * volatility)
    totalDrift = speed * time
  }

  /// E[exp(power · x); x ends in an interval, no level reached].
  func expectation(ofPower power: Double, from low: Scalar, to high: Scalar) -> Scalar {
    width.primal > Self.switchWidth * deviation.primal
      ? reflections(power, low, high) : waves(power, low, high)
  }

  private func reflections(_ power: Double, _ low: Scalar, _ high: Scalar) -> Scalar {
    let count = Int(Self.reach * deviation.primal / (2 * width.primal)) + 2
    let growth = power * totalDrift + (power * power / 2) * variance
    let slope = drift + power
    let center = totalDrift + power * variance
    var sum = Scalar(0)
    for n in -count...count {
      for (sign, shift) in [
        (1.0, Double(2 * n) * width), (-1.0, 2 * lower + Double(2 * n) * width),
      ] {
        sum =
          sum + sign
          * ScaledProbability.difference(
            growth + slope * shift, from: (low - shift - center) / deviation,
            to: (high - shift - center) / deviation)
      }
    }
    return sum
  }

  private func waves(_ power: Double, _ low: Scalar, _ high: Scalar) -> Scalar {
    let step = Scalar(.pi) / width
    let fade = 0.5 * (step * step * variance)
    let start = 0.5 * (drift * totalDrift)
    let slope = drift + power
    let count = Int((1 + Self.fading / fade.primal).squareRoot())
    var sum = Scalar(0)
    for n in stride(from: 1, through: count, by: 1) {
      let wave = Double(n) * step
      let exponent = -(start + Double(n * n) * fade)
      let norm = slope * slope + wave * wave
      func antiderivative(_ x: Scalar) -> Scalar {
        let phase = wave * (x - lower)
        return (exponent + slope * x).exponential
          * ((slope * phase.sine - wave * phase.cosine) / norm)
      }
      sum = sum + (wave * -lower).sine * (antiderivative(high) - antiderivative(low))
    }
    return (Scalar(2) / width) * sum
  }
}

extension BlackScholes {
  /// The price of an option with two levels today.
  ///
  /// A spot at a level or beyond has reached it. Expired or at zero volatility the price is the limit. The error is
  /// some units in the last place of the larger of spot and strike, of a surviving option times the probability to
  /// survive. Method: <doc:ExoticOptions>.
  ///
  /// - Parameter option: The option; strike, levels and time finite and not negative, the lower level below the upper.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func price(of option: DoubleBarrierOption) -> Double {
    let european = price(of: option.european)
    guard european.isFinite, Black.isAmount(option.lowerBarrier),
      Black.isAmount(option.upperBarrier), option.lowerBarrier < option.upperBarrier
    else { return .nan }
    let isIn = option.effect == .knockIn
    if option.isReached(by: spot) { return isIn ? european : 0 }
    let time = option.timeToExpiry
    if time == 0 || volatility == 0 {
      return option.isReached(by: forward(timeToExpiry: time)) == isIn ? european : 0
    }
    if option.lowerBarrier == 0 {
      return price(
        of: BarrierOption(
          kind: option.kind, strike: option.strike, barrier: option.upperBarrier, direction: .up,
          effect: option.effect, timeToExpiry: time))
    }
    let price = option.price(
      spot: spot, strike: option.strike, timeToExpiry: time, volatility: volatility, rate: rate,
      carryYield: carryYield)
    return price < 0 ? 0 : price
  }

  /// The price of an option with two levels, with its derivatives to third order.
  ///
  /// - Parameter option: The option; strike, levels and time positive and finite.
  /// - Returns: Raw partial derivatives, exact to rounding by dual numbers, with the levels held; all NaN outside the
  ///   domain, at its edge (expired, zero volatility) and from a level on.
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: DoubleBarrierOption) -> Greeks {
    let price = price(of: option)
    guard price.isFinite, option.strike > 0, option.lowerBarrier > 0, volatility > 0,
      option.timeToExpiry > 0, !option.isReached(by: spot)
    else { return .undefined }
    return option.greeks(self, strike: option.strike, timeToExpiry: option.timeToExpiry)
  }
}
