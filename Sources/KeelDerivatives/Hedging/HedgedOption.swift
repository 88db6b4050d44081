#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: parts that sum to the cash earned, small residuals, speed.
//
// From one moment to the next, with the Greeks of the earlier one at its implied volatility σ,
//
//   ΔV − Δ_h ΔS + carry = ½Γ(ΔS² − S²σ²Δt) + vega Δσ + vanna ΔS Δσ + ½ volga Δσ² + (Δ − Δ_h)(ΔS − (r − y) S Δt) + …
//
// The equation of Black and Scholes has turned theta and the carry of the hedge into −½ΓS²σ²Δt. What is left are terms of
// third order: a step of length h has a residual of order h^(3/2) whose sign is random, a path one of order h.
// Source: R. Ahmad and P. Wilmott, "Which free lunch would you like today, sir?", Wilmott (2005).

/// An option held over a path with its delta hedged: what it earned, step by step, and what caused it.
public struct HedgedOption: Hashable, Sendable, Codable {
  /// The market at one moment.
  public struct Moment: Hashable, Sendable, Codable {
    /// The time in years, on any clock.
    public var time: Double

    /// The spot price, in cash.
    public var spot: Double

    /// The implied volatility of the option, annualized.
    public var impliedVolatility: Double

    /// The interest rate until the next moment and, for the price, until expiry: continuously compounded per year.
    public var rate: Double

    /// The yield of holding the asset, likewise.
    public var carryYield: Double

    /// Creates a moment.
    ///
    /// - Parameters:
    ///   - time: The time in years, on any clock.
    ///   - spot: The spot price, in cash: positive and finite.
    ///   - impliedVolatility: The implied volatility of the option: positive and finite; at expiry zero will do.
    ///   - rate: The interest rate, continuously compounded per year.
    ///   - carryYield: The yield of holding the asset, continuously compounded per year.
    public init(
      time: Double,
      spot: Double,
      impliedVolatility: Double,
      rate: Double = 0,
      carryYield: Double = 0
    ) {
      self.time = time
      self.spot = spot
      self.impliedVolatility = impliedVolatility
      self.rate = rate
      self.carryYield = carryYield
    }
  }

  /// The volatility whose delta is hedged.
  public enum Hedge: Hashable, Sendable, Codable {
    /// That of the market at each moment.
    case impliedVolatility

    /// One for the whole path, as a forecast.
    case volatility(Double)
  }

  /// How the option is held.
  public struct Settings: Hashable, Sendable, Codable {
    /// The number of options; negative when written.
    public var quantity = 1.0

    /// The volatility whose delta is hedged: the market's, with which no direction is left.
    public var hedge = Hedge.impliedVolatility

    /// What a trade of the asset costs as a fraction of its amount in cash; the hedge is opened and closed too.
    public var costFraction = 0.0

    /// Creates the default settings.
    public init() {}
  }

  /// From one moment to the next.
  public struct Step: Hashable, Sendable, Codable {
    /// The time of the earlier moment, in years.
    public let start: Double

    /// The time of the later moment, in years.
    public let end: Double

    /// The units of the asset held in between: negative against a call that was bought.
    public let assetQuantity: Double

    /// What was earned, by where the cash came from.
    public let profit: HedgeProfit

    /// What was earned, by what caused it.
    public let explanation: HedgeExplanation
  }

  /// The steps, one less than there are moments.
  public let steps: [Step]

  /// The sum of the steps by where the cash came from; interest on earlier profits is not counted.
  public let profit: HedgeProfit

  /// The sum of the steps by what caused it: its total is that of the profit to rounding.
  public let explanation: HedgeExplanation

  /// Follows an option over a path.
  ///
  /// At each moment the delta is hedged with the asset, on credit. Each step's parts sum to its profit to rounding, because
  /// the residual is what they leave.
  ///
  /// - Parameters:
  ///   - option: The option: strike positive, time to expiry that of the first moment.
  ///   - path: Two moments at least, by ascending time, the last one not after expiry.
  ///   - settings: How the option is held.
  /// - Throws: `DerivativesError.shapeMismatch` with fewer than two moments; `.invalidValue` for a number outside its domain,
  ///   a time that does not ascend or is after expiry, or prices beyond the range of numbers.
  /// - Complexity: O(n) for n moments.
  public init(
    _ option: EuropeanOption,
    path: [Moment],
    settings: Settings = Settings()
  ) throws(DerivativesError) {
    guard path.count > 1 else {
      throw .shapeMismatch(argument: "path", got: path.count, required: 2)
    }
    try requirePositive(option.strike, "strike")
    try requirePositive(option.timeToExpiry, "timeToExpiry")
    try requireFinite(settings.quantity, "quantity")
    try requireInside(settings.costFraction, "costFraction", 0...Double.greatestFiniteMagnitude)
    if case .volatility(let volatility) = settings.hedge {
      try requirePositive(volatility, "hedge volatility")
    }
    var states: [State] = []
    for (index, moment) in path.enumerated() {
      try requireFinite(moment.time, "time")
      if index > 0, moment.time <= path[index - 1].time {
        throw .invalidValue(
          argument: "time", got: moment.time, lowest: path[index - 1].time.nextUp,
          highest: .greatestFiniteMagnitude)
      }
      states.append(try State(option, moment, since: path[0].time, settings.hedge))
    }
    var steps: [Step] = []
    var (profit, explanation) = (HedgeProfit.zero, HedgeExplanation.zero)
    for index in 1..<states.count {
      let traded = states[index - 1].hedgeDelta - (index > 1 ? states[index - 2].hedgeDelta : 0)
      let cash = states[index - 1].moment.spot * traded.magnitude
      let isLast = index == states.count - 1
      let closing =
        isLast ? states[index].moment.spot * states[index - 1].hedgeDelta.magnitude : 0
      let step = Self.step(
        from: states[index - 1], to: states[index], settings.quantity,
        cost: settings.costFraction * settings.quantity.magnitude * (cash + closing))
      try requireFinite(step.profit.total, "value of a step")
      try requireFinite(step.explanation.total, "value of a step")
      steps.append(step)
      profit = profit + step.profit
      explanation = explanation + step.explanation
    }
    try requireFinite(profit.total, "value of the path")
    try requireFinite(explanation.total, "value of the path")
    (self.steps, self.profit, self.explanation) = (steps, profit, explanation)
  }

  /// A moment with what the option is worth.
  private struct State {
    let moment: Moment
    let greeks: Greeks
    let hedgeDelta: Double
    let isExpired: Bool

    init(
      _ option: EuropeanOption,
      _ moment: Moment,
      since start: Double,
      _ hedge: Hedge
    ) throws(DerivativesError) {
      try requirePositive(moment.spot, "spot")
      try requireFinite(moment.rate, "rate")
      try requireFinite(moment.carryYield, "carryYield")
      // Sums of the caller's steps end some rounding errors away from expiry.
      let elapsed = moment.time - start
      let rounding = HedgedOption.rounding * max(moment.time.magnitude, option.timeToExpiry)
      let last = start + option.timeToExpiry
      guard elapsed <= option.timeToExpiry + rounding else {
        throw .invalidValue(argument: "time", got: moment.time, lowest: start, highest: last)
      }
      var rest = option
      let remaining = option.timeToExpiry - elapsed
      rest.timeToExpiry = remaining > rounding ? remaining : 0
      isExpired = rest.timeToExpiry == 0
      if !isExpired {
        try requirePositive(moment.impliedVolatility, "impliedVolatility")
      } else {
        try requireInside(
          moment.impliedVolatility, "impliedVolatility", 0...Double.greatestFiniteMagnitude)
      }
      var model = BlackScholes(
        spot: moment.spot, volatility: moment.impliedVolatility, rate: moment.rate,
        carryYield: moment.carryYield)
      self.moment = moment
      greeks = model.greeks(of: rest)
      try requireFinite(greeks.price, "price")
      if case .volatility(let volatility) = hedge {
        model.volatility = volatility
        hedgeDelta = model.deltas(of: rest).spot
      } else {
        hedgeDelta = greeks.delta
      }
    }
  }

  private static func step(
    from start: State,
    to end: State,
    _ quantity: Double,
    cost: Double
  ) -> Step {
    let (now, next, greeks) = (start.moment, end.moment, start.greeks)
    let duration = next.time - now.time
    let move = next.spot - now.spot
    // At expiry a price depends on the spot alone.
    let lasting: Double = end.isExpired ? 0 : 1
    let shift = lasting * (next.impliedVolatility - now.impliedVolatility)
    let held = quantity * start.hedgeDelta
    let profit = HedgeProfit(
      premium: quantity * (end.greeks.price - greeks.price), hedge: -held * move,
      carry: (held * now.spot - quantity * greeks.price) * expm1(now.rate * duration)
        - held * now.spot * expm1(now.carryYield * duration),
      cost: cost)
    let deviation = now.spot * now.impliedVolatility
    let excess = move - (now.rate - now.carryYield) * now.spot * duration
    let parts = HedgeExplanation(
      gamma: quantity * greeks.gamma / 2 * move * move,
      theta: -quantity * greeks.gamma / 2 * deviation * deviation * duration,
      vega: quantity * greeks.vega.perUnitVolatility * shift,
      vanna: quantity * greeks.vanna.perUnitVolatility * move * shift,
      volga: quantity * greeks.volga.perSquaredUnit / 2 * shift * shift,
      rates: lasting * quantity
        * (greeks.rho.perUnitRate * (next.rate - now.rate)
          + greeks.carryRho.perUnitRate * (next.carryYield - now.carryYield)),
      direction: quantity * (greeks.delta - start.hedgeDelta) * excess, cost: cost, residual: 0)
    return Step(
      start: now.time, end: next.time, assetQuantity: -held, profit: profit,
      explanation: parts.closed(by: profit.total))
  }

  /// The distance from expiry that counts as none, relative to the times.
  private static let rounding = 4 * Double.ulpOfOne
}

extension HedgeExplanation {
  /// The parts with the residual that makes them sum to a total.
  fileprivate func closed(by total: Double) -> HedgeExplanation {
    HedgeExplanation(
      gamma: gamma, theta: theta, vega: vega, vanna: vanna, volga: volga, rates: rates,
      direction: direction, cost: cost, residual: total - self.total)
  }
}
