import KeelData
public import KeelMarkets
import KeelNumerics

/// A strategy as a value: its stages, its limits and its guards.
///
/// ```swift
/// let strategy = try Strategy(
///   target: FixedTarget(weights), rule: PeriodicRule.days(30),
///   planner: RebalancingPlanner(cash: "USDT", costs: costs))
/// ```
public struct Strategy: Sendable, Encodable {
  /// What weights are wanted.
  public var target: any TargetPolicy

  /// When they are traded.
  public var rule: any RebalancingRule

  /// How trades are made from weights.
  public var planner: RebalancingPlanner

  /// Which contracts are traded beside the assets, in order.
  public var hedges: [any HedgingRule] = []

  /// What must hold after the trades.
  public var limits: [any RiskLimit] = []

  /// When the trades are executed; nil for all at once.
  public var execution: (any ExecutionPolicy)?

  /// The breakers by name.
  public var breakers: [String: CircuitBreaker.Settings] = [:]

  /// What to do when the breaker of a name asks for its contingency; all is sold where none is prepared.
  public var contingencies: [String: Contingency] = [:]

  /// The instruments beside the assets.
  public var catalog: Catalog

  /// The steps after which a return counts half in the remembered covariance.
  public var halfLife: Double = 33

  /// The time for which an engine holds after an internal error, in nanoseconds; a day by default.
  public var faultCoolDownNanoseconds: Int64 = 86_400_000_000_000

  /// Creates a strategy without hedges, limits and breakers.
  ///
  /// - Parameters:
  ///   - target: What weights are wanted.
  ///   - rule: When they are traded.
  ///   - planner: How trades are made from weights.
  ///   - catalog: The instruments beside the assets.
  public init(
    target: any TargetPolicy,
    rule: any RebalancingRule,
    planner: RebalancingPlanner,
    catalog: Catalog
  ) {
    self.target = target
    self.rule = rule
    self.planner = planner
    self.catalog = catalog
  }

  /// Creates a strategy that trades assets only.
  ///
  /// - Parameters:
  ///   - target: What weights are wanted.
  ///   - rule: When they are traded.
  ///   - planner: How trades are made from weights.
  /// - Throws: Nothing that can happen with an empty catalog.
  public init(
    target: any TargetPolicy,
    rule: any RebalancingRule,
    planner: RebalancingPlanner
  ) throws(MarketsError) {
    self.init(target: target, rule: rule, planner: planner, catalog: try Catalog())
  }

  /// The rows of the past that the stages need.
  public var rowsNeeded: Int { max(target.rowsNeeded, rule.rowsNeeded, 1) }

  /// Whether a stage reads the series of fitted surfaces.
  public var readsSurfaces: Bool {
    target.readsSurfaces || rule.readsSurfaces || hedges.contains { $0.readsSurfaces }
      || limits.contains { $0.readsSurfaces }
  }

  /// Encodes all settings of all stages, each with the name of its type.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try TypedStage(target).encode(to: container.superEncoder(forKey: .target))
    try TypedStage(rule).encode(to: container.superEncoder(forKey: .rule))
    try container.encode(planner, forKey: .planner)
    try container.encode(hedges.map { TypedStage($0) }, forKey: .hedges)
    try container.encode(limits.map { TypedStage($0) }, forKey: .limits)
    try container.encode(execution.map { TypedStage($0) }, forKey: .execution)
    try container.encode(breakers, forKey: .breakers)
    try container.encode(contingencies, forKey: .contingencies)
    try container.encode(catalog, forKey: .catalog)
    try container.encode(halfLife, forKey: .halfLife)
    try container.encode(faultCoolDownNanoseconds, forKey: .faultCoolDownNanoseconds)
  }

  private enum CodingKeys: String, CodingKey {
    case target, rule, planner, hedges, limits, execution, breakers, contingencies, catalog
    case halfLife, faultCoolDownNanoseconds
  }
}

/// When planned trades are executed.
public protocol ExecutionPolicy: Sendable, Encodable {
  /// Chooses the schedule of a plan.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - view: What is known now.
  /// - Returns: The schedule; nil for all at once.
  /// - Throws: `EngineError`: nothing is traded then.
  func schedule(
    _ plan: RebalancingPlan,
    _ view: DecisionView
  ) throws(EngineError) -> ExecutionSchedule?
}

/// The slices of least cost and risk of Almgren and Chriss for the largest trade of a plan.
public struct ImpactExecution: ExecutionPolicy, Hashable, Codable {
  /// The model of impact and risk.
  public let model: AlmgrenChriss

  /// The number of slices.
  public let sliceCount: Int

  /// The time that they cover, in years.
  public let duration: Double

  /// The risk aversion per cash.
  public let riskAversion: Double

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - model: The model of impact and risk.
  ///   - sliceCount: The number of slices: at least 1.
  ///   - duration: The time that they cover, in years: positive, finite.
  ///   - riskAversion: The risk aversion per cash: not negative; zero gives equal slices.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    model: AlmgrenChriss,
    sliceCount: Int,
    duration: Double,
    riskAversion: Double
  ) throws(EngineError) {
    _ = try model.schedule(
      sliceCount: sliceCount, duration: duration, riskAversion: riskAversion)
    self.model = model
    self.sliceCount = sliceCount
    self.duration = duration
    self.riskAversion = riskAversion
  }

  /// The slices; their shares do not depend on the plan's size.
  public func schedule(
    _ plan: RebalancingPlan,
    _ view: DecisionView
  ) throws(EngineError) -> ExecutionSchedule? {
    try model.schedule(sliceCount: sliceCount, duration: duration, riskAversion: riskAversion)
  }
}

/// Equal slices over some time, their times moved at random within their intervals against anticipation.
public struct TimeWeightedExecution: ExecutionPolicy, Hashable, Codable {
  /// The number of slices.
  public let sliceCount: Int

  /// The time that they cover, in years.
  public let duration: Double

  /// The seed of the random times; nil for regular ones.
  public let seed: UInt64?

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - sliceCount: The number of slices: at least 1.
  ///   - duration: The time that they cover, in years: positive, finite.
  ///   - seed: The seed of the random times; nil for regular ones.
  /// - Throws: `EngineError.invalidValue`.
  public init(sliceCount: Int, duration: Double, seed: UInt64?) throws(EngineError) {
    _ = try ExecutionSchedule.timeWeighted(sliceCount: sliceCount, duration: duration)
    self.sliceCount = sliceCount
    self.duration = duration
    self.seed = seed
  }

  /// The slices.
  public func schedule(
    _ plan: RebalancingPlan,
    _ view: DecisionView
  ) throws(EngineError) -> ExecutionSchedule? {
    let regular = try ExecutionSchedule.timeWeighted(sliceCount: sliceCount, duration: duration)
    guard let seed else { return regular }
    // The step's time names the stream, so that a replay draws the same times.
    let stream = UInt64(bitPattern: view.market.time.nanosecondsSinceEpoch)
    return try regular.randomized(
      from: RandomStream(seed: seed, stream: stream), timing: 1, sizing: 0)
  }
}
