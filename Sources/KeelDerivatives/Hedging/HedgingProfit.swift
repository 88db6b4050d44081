public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Under a hedge at the volatility h the option earns ½Γ_h S²(σ² − h²) dt. With S lognormal, the mean of Γ_h S² and of its
// square are normal densities again:
//
//   Γ_h S² = K e^(−r(T−t)) φ(X/a)/a,   X = ln(S/K) + (r − y − h²/2)(T − t) ~ N(m, b²),   a² = h²(T − t),   b² = σ²t
//   E φ(X/a)/a = φ(m/c)/c,   c² = a² + b²
//   E (φ(X/a)/a)² = exp(−m²/q²) / (2π a q),   q² = a² + 2b²

extension BlackScholes {
  /// The mean profit of an option that is bought at this model's volatility and hedged until expiry without pause.
  ///
  /// ```text
  /// V(h) − V(σ_implied) + ½ (σ² − h²) e^(−rT) ∫ E[Γ_h S² at growth to expiry] dt
  /// ```
  ///
  /// With the hedge at the realized volatility the profit is the first two terms on every path. With any hedge and a drift
  /// of `rate − carryYield` its mean is that too. Source: R. Ahmad and P. Wilmott, "Which free lunch would you like
  /// today, sir?", Wilmott (2005), for the hedges at both volatilities; the integral here has any.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - realizedVolatility: The volatility σ of the path, annualized: positive and finite.
  ///   - hedgeVolatility: The volatility h whose delta is hedged: positive and finite.
  ///   - drift: The growth of the mean price of the asset per year, continuously compounded.
  /// - Returns: The present value in cash of the mean profit of one option, with an estimate of its error.
  /// - Throws: `NumericsError.invalidValue` for a number outside its domain; `.notConverged` beyond the range of numbers.
  public func expectedHedgingProfit(
    of option: EuropeanOption,
    realizedVolatility: Double,
    hedgeVolatility: Double,
    drift: Double
  ) throws(NumericsError) -> Integral {
    try requireHedge(option, realizedVolatility, hedgeVolatility, drift)
    let law = HedgeLaw(self, option, realizedVolatility, hedgeVolatility, drift)
    let scale = (realizedVolatility - hedgeVolatility) * (realizedVolatility + hedgeVolatility) / 2
    var atHedge = self
    atHedge.volatility = hedgeVolatility
    let change = atHedge.price(of: option) - price(of: option)
    let factor = scale * Carry.discounted(option.strike, rate: rate, time: option.timeToExpiry)
    var (value, error, count) = (change, 0.0, 0)
    for (start, end) in zip(law.cuts, law.cuts.dropFirst()) {
      let piece = try GaussKronrod.integral(over: start...end) { law.mean(at: $0) }
      value += factor * piece.value
      error += (factor * piece.errorEstimate).magnitude
      count += piece.evaluationCount
    }
    return Integral(value: value, errorEstimate: error, evaluationCount: count)
  }

  /// The standard deviation of the profit that hedging at this model's volatility leaves when the hedge is changed only
  /// now and then.
  ///
  /// ```text
  /// ( ½ σ⁴ T/n ∫ E (Γ S²)² dt )^½,   at the money √(π/4) vega σ/√n
  /// ```
  ///
  /// To the leading order in `1/n`, for moves of the asset at the volatility of the model. Source: E. Derman and M. Kamal,
  /// "When you cannot hedge continuously", Goldman Sachs Quantitative Strategies (1999).
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - count: The number of hedges until expiry, evenly spaced: positive.
  ///   - drift: The growth of the mean price of the asset per year, continuously compounded.
  /// - Returns: The present value in cash, of one option, with an estimate of the error of the integral.
  /// - Throws: `NumericsError.invalidValue` for a number outside its domain, `.countOutOfRange` for the count;
  ///   `.notConverged` beyond the range of numbers.
  public func discreteHedgingDeviation(
    of option: EuropeanOption,
    count: Int,
    drift: Double
  ) throws(NumericsError) -> Integral {
    guard count > 0 else {
      throw .countOutOfRange(argument: "count", got: count, allowed: 1...Int.max)
    }
    try requireHedge(option, volatility, volatility, drift)
    let law = HedgeLaw(self, option, volatility, volatility, drift)
    let time = option.timeToExpiry
    var (square, error, evaluations) = (0.0, 0.0, 0)
    for (start, end) in zip(law.cuts, law.cuts.dropFirst()) {
      let piece = try TanhSinh.integral(over: start...end) { elapsed, distance in
        // At expiry the integrand is singular in the time that remains.
        let isNearExpiry = end == time && elapsed - start > end - elapsed
        return law.meanSquare(at: elapsed, remaining: isNearExpiry ? distance : time - elapsed)
      }
      square += piece.value
      error += piece.errorEstimate
      evaluations += piece.evaluationCount
    }
    let strike = Carry.discounted(option.strike, rate: rate, time: time)
    let value =
      strike * volatility * volatility * (square * (time / Double(count)) / 2).squareRoot()
    return Integral(
      value: value, errorEstimate: square > 0 ? value * error / (2 * square) : 0,
      evaluationCount: evaluations)
  }

  private func requireHedge(
    _ option: EuropeanOption,
    _ realizedVolatility: Double,
    _ hedgeVolatility: Double,
    _ drift: Double
  ) throws(NumericsError) {
    let largest = Double.greatestFiniteMagnitude
    for (value, name) in [
      (spot, "spot"), (volatility, "volatility"), (option.strike, "strike"),
      (option.timeToExpiry, "timeToExpiry"), (realizedVolatility, "realizedVolatility"),
      (hedgeVolatility, "hedgeVolatility"),
    ] where !(value > 0 && value < .infinity) {
      throw .invalidValue(
        argument: name, got: value, lowest: .leastNonzeroMagnitude, highest: largest)
    }
    for (value, name) in [(rate, "rate"), (carryYield, "carryYield"), (drift, "drift")]
    where !value.isFinite {
      throw .invalidValue(argument: name, got: value, lowest: -largest, highest: largest)
    }
  }
}

/// The law of the gamma of a hedge along lognormal paths, over the discounted strike.
private struct HedgeLaw {
  let logMoneyness: Double
  let time: Double
  /// What the mean of X gains per year before and after a moment.
  let before: Double
  let after: Double
  let realized: Double
  let hedge: Double

  init(
    _ model: BlackScholes,
    _ option: EuropeanOption,
    _ realizedVolatility: Double,
    _ hedgeVolatility: Double,
    _ drift: Double
  ) {
    logMoneyness = Black.logMoneyness(forward: model.spot, strike: option.strike).high
    time = option.timeToExpiry
    before = drift - realizedVolatility * realizedVolatility / 2
    after = model.rate - model.carryYield - hedgeVolatility * hedgeVolatility / 2
    (realized, hedge) = (realizedVolatility, hedgeVolatility)
  }

  /// The ends of the pieces to integrate over: the mean is a peak where the forward passes the strike.
  var cuts: [Double] {
    let speed = after - before
    let place = (logMoneyness + after * time) / speed
    guard place > 0, place < time else { return [0, time] }
    let width =
      (realized * realized * place + hedge * hedge * (time - place)).squareRoot() / speed.magnitude
    let inner = [-Self.reach, -1, 0, 1, Self.reach].map { place + $0 * width }
    return [0] + inner.filter { $0 > 0 && $0 < time } + [time]
  }

  /// The widths of a normal density beyond which next to nothing is left.
  private static let reach = 8.0

  /// `E φ(X/a)/a`.
  func mean(at elapsed: Double) -> Double {
    let remaining = time - elapsed
    let width = (realized * realized * elapsed + hedge * hedge * remaining).squareRoot()
    let center = logMoneyness + before * elapsed + after * remaining
    return StandardNormal.pdf(center / width) / width
  }

  /// `E (φ(X/a)/a)²`.
  func meanSquare(at elapsed: Double, remaining: Double) -> Double {
    let narrow = hedge * hedge * remaining
    let wide = narrow + 2 * realized * realized * elapsed
    let center = logMoneyness + before * elapsed + after * remaining
    return exp(-center * center / wide) / (2 * Double.pi * (narrow * wide).squareRoot())
  }
}
