public import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: the right one of several strikes, digits in small deltas, few readings.
//
// Deltas without premium are solved for d₁, which without arbitrage falls with the strike (M. Fukasawa, "The normalizing
// transformation of the implied volatility smile", Mathematical Finance 22, 2012). A premium-adjusted put is solved for
// the logarithm of its delta. A premium-adjusted call rises and falls: its strike is looked for downwards from that of
// the call without premium, which is never below, to the logarithm of the delta, which is never above.

extension VolatilitySmile {
  /// The magnitude of the delta of an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - logMoneyness: ln(K/F).
  ///   - convention: What is called delta.
  /// - Returns: The delta, positive for puts too; NaN where the smile is not defined.
  public func delta(
    _ kind: EuropeanOption.Kind,
    at logMoneyness: Double,
    convention: DeltaConvention
  ) -> Double {
    let sign: Double = kind == .call ? 1 : -1
    let (d1, d2) = deviations(at: logMoneyness)
    let holding = convention.holding(timeToExpiry: timeToExpiry)
    return convention.isPremiumAdjusted
      ? holding * exp(logMoneyness + StandardNormal.logCDF(sign * d2))
      : holding * StandardNormal.cdf(sign * d1)
  }

  /// The log-moneyness of the option with a delta, at the volatility that the smile has there.
  ///
  /// Premium-adjusted calls have most deltas at two strikes: the higher one is returned, which is the one out of the money.
  /// In a smile with arbitrage other deltas too may have several; one of them is returned.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - delta: The magnitude of the delta: 0.25 for a put of delta -25 %. Above 0, and below the most that the
  ///     convention allows: `e^(−yT)` of spot deltas, 1 of forward deltas; of puts with the premium subtracted there
  ///     is none.
  ///   - convention: What is called delta.
  /// - Returns: ln(K/F), to a few ulp of the deviation.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a delta outside, with the largest delta
  ///   of the smile when no call has as much; ``VolatilityError/noFit`` when the smile is not defined or has no such
  ///   strike.
  /// - Complexity: Some 10 to 30 readings.
  public func logMoneyness(
    _ kind: EuropeanOption.Kind,
    delta: Double,
    convention: DeltaConvention
  ) throws(VolatilityError) -> Double {
    let holding = convention.holding(timeToExpiry: timeToExpiry)
    try VolatilityError.require(
      holding, "exp(-carryYield · timeToExpiry)", .leastNormalMagnitude, .greatestFiniteMagnitude)
    let forwardDelta = delta / holding
    let isPut = kind == .put
    let hasLimit = !(isPut && convention.isPremiumAdjusted)
    guard delta > 0, forwardDelta > 0, forwardDelta < (hasLimit ? 1 : .infinity) else {
      throw .invalidValue(
        argument: "delta", got: delta, lowest: 0.0.nextUp,
        highest: hasLimit ? holding.nextDown : .greatestFiniteMagnitude)
    }
    if isPut && convention.isPremiumAdjusted {
      let target = log(forwardDelta)
      return try root { k in
        k + StandardNormal.logCDF(-self.deviations(at: k).d2) - target
      }
    }
    let deviation = StandardNormal.quantile(forwardDelta) * (isPut ? -1 : 1)
    let plain = try root { k in deviation - self.deviations(at: k).d1 }
    return convention.isPremiumAdjusted
      ? try premiumAdjustedCall(forwardDelta, below: plain, holding) : plain
  }

  /// The log-moneyness that a convention calls at the money.
  ///
  /// - Parameter convention: What is called at the money.
  /// - Returns: ln(K/F).
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a forward over spot that is not positive
  ///   and finite; ``VolatilityError/noFit`` when the smile is not defined or has no such strike.
  public func logMoneyness(_ convention: AtTheMoney) throws(VolatilityError) -> Double {
    switch convention {
    case .forward: return 0
    case .spot(let ratio):
      try VolatilityError.require(
        ratio, "forwardOverSpot", .leastNormalMagnitude, .greatestFiniteMagnitude)
      return -log(ratio)
    case .deltaNeutral(let delta):
      return try root { k in
        let (d1, d2) = self.deviations(at: k)
        return delta.isPremiumAdjusted ? -d2 : -d1
      }
    }
  }

  /// d₁ and d₂ at a log-moneyness.
  func deviations(at logMoneyness: Double) -> (d1: Double, d2: Double) {
    let root = totalVariance(at: logMoneyness).value.squareRoot()
    guard root > 0 else { return (.nan, .nan) }
    return (-logMoneyness / root + root / 2, -logMoneyness / root - root / 2)
  }

  /// The place where a function that rises with the log-moneyness is zero.
  func root(of function: (Double) -> Double) throws(VolatilityError) -> Double {
    let deviation = totalVariance(at: 0).value.squareRoot()
    guard deviation > 0, deviation < .infinity else { throw .noFit }
    var (low, high) = (-deviation, deviation)
    while true {
      let value = function(low)
      guard !value.isNaN, low > -Self.farthest else { throw .noFit }
      if value <= 0 { break }
      (low, high) = (2 * low, low)
    }
    while true {
      let value = function(high)
      guard !value.isNaN, high < Self.farthest else { throw .noFit }
      if value >= 0 { break }
      (low, high) = (high, 2 * high)
    }
    guard let root = try? Brent.root(of: function, in: low...high) else { throw .noFit }
    return root.argument
  }

  /// The highest strike at which a premium-adjusted call has a delta.
  private func premiumAdjustedCall(
    _ target: Double,
    below plain: Double,
    _ holding: Double
  ) throws(VolatilityError) -> Double {
    let level = log(target)
    func excess(_ k: Double) -> Double {
      k + StandardNormal.logCDF(deviations(at: k).d2) - level
    }
    var (above, high, best) = (plain, plain, excess(plain))
    // A root but for rounding.
    guard best < 0 else { return plain }
    var (atAbove, atHigh) = (-Double.infinity, best)
    for _ in 0..<Self.largestStepCount where high > level {
      let low = max(
        high - totalVariance(at: high).value.squareRoot() * Self.partOfDeviation, level)
      guard low < high else { throw .noFit }
      let atLow = excess(low)
      if atLow >= 0 { return try crossing(excess, low...high) }
      if atHigh >= atAbove, atHigh >= atLow {
        // A top between the steps may reach it.
        let top = try highest(excess, low...above)
        if top.value >= 0 { return try crossing(excess, top.argument...above) }
        best = max(best, top.value)
      }
      best = max(best, atLow)
      (above, high, atAbove, atHigh) = (high, low, atHigh, atLow)
    }
    guard high <= level else { throw .noFit }
    throw .invalidValue(
      argument: "delta", got: target * holding, lowest: 0.0.nextUp,
      highest: target * holding * exp(best))
  }

  private func crossing(
    _ function: (Double) -> Double,
    _ interval: ClosedRange<Double>
  ) throws(VolatilityError) -> Double {
    guard let root = try? Brent.root(of: function, in: interval) else { throw .noFit }
    return root.argument
  }

  private func highest(
    _ function: (Double) -> Double,
    _ interval: ClosedRange<Double>
  ) throws(VolatilityError) -> (argument: Double, value: Double) {
    guard let point = try? Brent.minimum(of: { -function($0) }, in: interval) else { throw .noFit }
    return (point.argument, -point.value)
  }

  /// The log-moneyness beyond which no strike is looked for: prices there leave the range of numbers.
  private static var farthest: Double { 1e3 }

  /// The steps of the search for the top of a premium-adjusted call, as a part of the deviation: it is a few wide.
  private static var partOfDeviation: Double { 0.125 }

  /// A guard against smiles whose variance vanishes on the way; some hundred suffice else.
  private static var largestStepCount: Int { 10_000 }
}
