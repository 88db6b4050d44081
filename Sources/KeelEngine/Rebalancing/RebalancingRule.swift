public import KeelData
import KeelMarkets
import KeelNumerics

/// When the weights are brought back to the target.
public protocol RebalancingRule: SurfaceReader, Sendable, Encodable {
  /// The rows of the past that it needs.
  var rowsNeeded: Int { get }

  /// Decides whether to trade now.
  ///
  /// - Parameters:
  ///   - view: What is known.
  ///   - target: The wanted weights.
  /// - Returns: The verdict with the assets beyond a threshold.
  /// - Throws: `EngineError`: the engine holds then.
  func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict
}

/// What a rule says.
public struct RuleVerdict: Hashable, Sendable, Codable {
  /// Whether to trade.
  public let isDue: Bool

  /// The assets beyond a threshold, remembered until they come back.
  public let breached: [AssetID]

  /// Why.
  public let reasons: [Decision.Reason]

  /// Creates a verdict.
  ///
  /// - Parameters:
  ///   - isDue: Whether to trade.
  ///   - breached: The assets beyond a threshold.
  ///   - reasons: Why.
  public init(isDue: Bool, breached: [AssetID] = [], reasons: [Decision.Reason]) {
    self.isDue = isDue
    self.breached = breached
    self.reasons = reasons
  }
}

/// Trades when some time has passed since the last trade: the first time at once.
public struct PeriodicRule: RebalancingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The time between trades, in nanoseconds.
  public let nanoseconds: Int64

  /// Creates a rule.
  ///
  /// - Parameter nanoseconds: The time between trades: positive.
  /// - Throws: `EngineError.invalidValue`.
  public init(nanoseconds: Int64) throws(EngineError) {
    try requireNumber(Double(nanoseconds), "nanoseconds", 1...Double(Int64.max))
    self.nanoseconds = nanoseconds
  }

  /// A rule by days of 24 hours.
  ///
  /// - Parameter days: The days between trades: 1 to 100 000.
  /// - Returns: The rule.
  /// - Throws: `EngineError.invalidValue`.
  public static func days(_ days: Int) throws(EngineError) -> PeriodicRule {
    try requireNumber(Double(days), "days", 1...1e5)
    return try PeriodicRule(nanoseconds: Int64(days) * 86_400_000_000_000)
  }

  /// None.
  public var rowsNeeded: Int { 0 }

  /// Due when the time has passed.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    guard let last = view.lastRebalance else {
      return RuleVerdict(isDue: true, reasons: [.periodPassed])
    }
    let (passed, overflow) = view.market.time.nanosecondsSinceEpoch.subtractingReportingOverflow(
      last.nanosecondsSinceEpoch)
    let isDue = overflow || passed >= nanoseconds
    return RuleVerdict(isDue: isDue, reasons: [isDue ? .periodPassed : .notDue])
  }
}

/// Trades when a weight is further from its target than a threshold.
public struct ThresholdRule: RebalancingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The threshold.
  public let threshold: RebalancingThreshold

  /// Creates a rule.
  ///
  /// - Parameter threshold: The threshold.
  public init(_ threshold: RebalancingThreshold) { self.threshold = threshold }

  /// None.
  public var rowsNeeded: Int { 0 }

  /// Due when an asset is beyond the threshold.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    try Drift(view, target).verdict { _ in threshold }
  }
}

/// Trades when a weight is further from its target than its own expected drift over some time.
///
/// ```text
/// threshold_i = multiple · σ_i w_i (1 − w_i) √horizon
/// ```
///
/// The thresholds move with the volatility forecast; an asset without one has none.
public struct VolatilityScaledRule: RebalancingRule {
  /// Whether the forecast does.
  public var readsSurfaces: Bool { forecast.readsSurfaces }

  /// The threshold in units of the expected drift.
  public let multiple: Double

  /// The time over which drift is expected, in years.
  public let horizon: Double

  /// The forecast.
  public let forecast: any VolatilityForecast

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - multiple: The threshold in units of the expected drift: positive, finite.
  ///   - horizon: The time over which drift is expected, in years: positive, finite.
  ///   - forecast: The forecast.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    multiple: Double,
    horizon: Double,
    forecast: any VolatilityForecast
  ) throws(EngineError) {
    try requireNumber(multiple, "multiple", .positive)
    try requireNumber(horizon, "horizon", .positive)
    self.multiple = multiple
    self.horizon = horizon
    self.forecast = forecast
  }

  /// Encodes all settings.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(multiple, forKey: .multiple)
    try container.encode(horizon, forKey: .horizon)
    try container.encode(TypedStage(forecast), forKey: .forecast)
  }

  private enum CodingKeys: String, CodingKey { case multiple, horizon, forecast }

  /// What the forecast needs.
  public var rowsNeeded: Int { forecast.rowsNeeded }

  /// Due when an asset is beyond its threshold.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    try Drift(view, target).verdict(forecast.volatilities(view.memory)) {
      (_, drift) throws(EngineError) in
      try RebalancingThreshold(absolute: multiple * drift * horizon.squareRoot())
    }
  }
}

/// Trades when a weight is outside the band within which a trade costs more than the drift does.
///
/// The bands are those of ``DriftBand/best(proportionalCost:weightVolatility:riskAversion:volatility:)`` at the
/// volatility forecast.
public struct CostAwareRule: RebalancingRule {
  /// Whether the forecast does.
  public var readsSurfaces: Bool { forecast.readsSurfaces }

  /// The cost as a fraction of what is traded.
  public let cost: Double

  /// The risk aversion per unit of variance.
  public let riskAversion: Double

  /// The forecast.
  public let forecast: any VolatilityForecast

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - cost: The cost as a fraction of what is traded: positive, finite.
  ///   - riskAversion: γ per unit of variance: positive, finite.
  ///   - forecast: The forecast.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    cost: Double,
    riskAversion: Double,
    forecast: any VolatilityForecast
  ) throws(EngineError) {
    try requireNumber(cost, "cost", .positive)
    try requireNumber(riskAversion, "riskAversion", .positive)
    self.cost = cost
    self.riskAversion = riskAversion
    self.forecast = forecast
  }

  /// Encodes all settings.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cost, forKey: .cost)
    try container.encode(riskAversion, forKey: .riskAversion)
    try container.encode(TypedStage(forecast), forKey: .forecast)
  }

  private enum CodingKeys: String, CodingKey { case cost, riskAversion, forecast }

  /// What the forecast needs.
  public var rowsNeeded: Int { forecast.rowsNeeded }

  /// Due when an asset is outside its band.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    try Drift(view, target).verdict(forecast.volatilities(view.memory)) {
      (volatility, drift) throws(EngineError) in
      let band = try DriftBand.best(
        proportionalCost: cost, weightVolatility: drift, riskAversion: riskAversion,
        volatility: volatility)
      return try RebalancingThreshold(absolute: band.above)
    }
  }
}

/// Trades when the volatility of the portfolio, or its largest weight, is beyond a limit.
public struct BreachRule: RebalancingRule, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The largest annualized volatility of the held weights; nil for none.
  public let largestVolatility: Double?

  /// The largest weight of an asset other than cash; nil for none.
  public let largestWeight: Double?

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - largestVolatility: The largest annualized volatility of the held weights; nil for none.
  ///   - largestWeight: The largest weight of an asset other than cash; nil for none.
  /// - Throws: `EngineError.invalidValue`.
  public init(largestVolatility: Double?, largestWeight: Double?) throws(EngineError) {
    if let largestVolatility {
      try requireNumber(largestVolatility, "largestVolatility", .positive)
    }
    if let largestWeight { try requireNumber(largestWeight, "largestWeight", 0...1) }
    self.largestVolatility = largestVolatility
    self.largestWeight = largestWeight
  }

  /// None.
  public var rowsNeeded: Int { 0 }

  /// Due when a limit is broken.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    var reasons: [Decision.Reason] = []
    if let limit = largestVolatility,
      let volatility = view.memory.volatility(of: view.weights.values), volatility > limit
    {
      reasons.append(.limit("volatility", got: volatility, allowed: limit))
    }
    var breached: [AssetID] = []
    if let limit = largestWeight {
      for asset in view.riskyAssets.sorted() {
        guard let weight = view.weights[asset], weight > limit else { continue }
        breached.append(asset)
        reasons.append(.limit("weight of \(asset)", got: weight, allowed: limit))
      }
    }
    return RuleVerdict(
      isDue: !reasons.isEmpty, breached: breached, reasons: reasons.isEmpty ? [.notDue] : reasons)
  }
}

/// Trades when one of several rules says so.
public struct AnyRule: RebalancingRule {
  /// Whether a rule does.
  public var readsSurfaces: Bool { rules.contains(where: \.readsSurfaces) }

  /// The rules, asked in order.
  public let rules: [any RebalancingRule]

  /// Creates a rule.
  ///
  /// - Parameter rules: The rules.
  public init(_ rules: [any RebalancingRule]) { self.rules = rules }

  /// Encodes all rules.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for rule in rules { try container.encode(TypedStage(rule)) }
  }

  /// The most that a rule needs.
  public var rowsNeeded: Int { rules.reduce(0) { max($0, $1.rowsNeeded) } }

  /// Due when a rule is.
  public func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
    var verdicts: [RuleVerdict] = []
    for rule in rules { verdicts.append(try rule.verdict(view, target: target)) }
    let due = verdicts.filter(\.isDue)
    let breached = Set(verdicts.flatMap(\.breached)).sorted()
    return RuleVerdict(
      isDue: !due.isEmpty, breached: breached,
      reasons: due.isEmpty ? [.notDue] : due.flatMap(\.reasons))
  }
}

/// The drift of a view's weights, asset by asset.
private struct Drift {
  let weights: [Double]
  let target: Weights
  let cash: AssetID
  let breached: [AssetID]

  init(_ view: DecisionView, _ target: Weights) throws(EngineError) {
    try requireSameAssets(view.weights.universe, target.universe)
    weights = view.weights.values
    self.target = target
    cash = view.account.cash
    breached = view.breached
  }

  /// The verdict by thresholds from the volatility of each asset and of its weight; none where nothing is forecast to move.
  func verdict(
    _ volatilities: [Double?],
    _ threshold: (_ volatility: Double, _ drift: Double) throws(EngineError) -> RebalancingThreshold
  ) throws(EngineError) -> RuleVerdict {
    try verdict { (i) throws(EngineError) in
      guard let volatility = volatilities[i], volatility > 0 else { return nil }
      let drift = DriftBand.weightVolatility(weight: target.values[i], volatility: volatility)
      return drift > 0 ? try threshold(volatility, drift) : nil
    }
  }

  /// The verdict by one threshold an asset; cash moves with the others and has none.
  func verdict(
    _ threshold: (Int) throws(EngineError) -> RebalancingThreshold?
  ) throws(EngineError) -> RuleVerdict {
    let universe = target.universe
    let (assets, wanted) = (universe.assets, target.values)
    var beyond: [AssetID] = []
    var nearTies: [AssetID] = []
    let cash = universe.position(of: cash)
    for place in universe.positionsByName where place != cash {
      guard let threshold = try threshold(place) else { continue }
      let drift = weights[place] - wanted[place]
      let relative = drift == 0 ? 0 : drift / wanted[place].magnitude
      let verdict = threshold.verdict(
        absolute: drift, relative: relative,
        wasBreached: !breached.isEmpty && breached.contains(assets[place]))
      if verdict.isBreached { beyond.append(assets[place]) }
      if verdict.isNearTie { nearTies.append(assets[place]) }
    }
    var reasons: [Decision.Reason] = beyond.isEmpty ? [.notDue] : beyond.map { .drifted($0) }
    for asset in nearTies { reasons.append(.nearTie(asset)) }
    return RuleVerdict(isDue: !beyond.isEmpty, breached: beyond, reasons: reasons)
  }
}
