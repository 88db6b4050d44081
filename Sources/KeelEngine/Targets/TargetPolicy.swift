public import KeelData
import KeelMarkets

/// What weights are wanted, from what is known.
public protocol TargetPolicy: SurfaceReader, Sendable, Encodable {
  /// The rows of the past that it needs.
  var rowsNeeded: Int { get }

  /// Chooses the weights.
  ///
  /// - Parameter view: What is known.
  /// - Returns: The target with its reasons.
  /// - Throws: `EngineError` when there is none: the engine holds then.
  func target(_ view: DecisionView) throws(EngineError) -> Target
}

/// Wanted weights and why.
public struct Target: Hashable, Sendable, Codable {
  /// The weights over the whole universe, none negative; what is missing to one stays in cash.
  public let weights: Weights

  /// What the weights rest on.
  public let reasons: [Decision.Reason]

  /// Creates a target.
  ///
  /// - Parameters:
  ///   - weights: The weights over the whole universe.
  ///   - reasons: What they rest on.
  public init(weights: Weights, reasons: [Decision.Reason] = []) {
    self.weights = weights
    self.reasons = reasons
  }
}

extension Target {
  /// The target without what cannot be traded: its weight stays in cash, and a reason says so.
  func keepingInCash(_ assets: [AssetID]) throws(EngineError) -> Target {
    if assets.isEmpty { return self }
    var values = weights.values
    var reasons = reasons
    for asset in assets {
      guard let place = weights.universe.position(of: asset), values[place] != 0 else { continue }
      values[place] = 0
      reasons.append(.untradable(asset))
    }
    do throws(DataError) {
      return Target(
        weights: try Weights(universe: weights.universe, values: values), reasons: reasons)
    } catch {
      throw EngineError(error, asset: assets[0])
    }
  }
}

/// The same weights always.
public struct FixedTarget: TargetPolicy, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The weights over the whole universe.
  public let weights: Weights

  /// Creates a policy.
  ///
  /// - Parameter weights: The weights over the whole universe, cash included: none negative, adding to at most one.
  public init(_ weights: Weights) { self.weights = weights }

  /// None.
  public var rowsNeeded: Int { 0 }

  /// The weights.
  public func target(_ view: DecisionView) throws(EngineError) -> Target {
    try requireSameAssets(weights.universe, view.prices.universe)
    return Target(weights: weights)
  }
}

/// Strategic weights with bounded tilts from signals.
public struct TiltedTarget: TargetPolicy {
  /// Whether the strategy or a signal does.
  public var readsSurfaces: Bool {
    strategic.readsSurfaces || signals.contains { $0.signal.readsSurfaces }
  }

  /// A signal and its weight beside others.
  public struct WeightedSignal: Sendable, Encodable {
    /// The name under which its scores are recorded.
    public let name: String

    /// The signal.
    public let signal: any Signal

    /// Its weight: finite, not negative.
    public let weight: Double

    /// Creates a weighted signal.
    ///
    /// - Parameters:
    ///   - name: The name under which its scores are recorded.
    ///   - signal: The signal.
    ///   - weight: Its weight: finite, not negative.
    public init(_ name: String, _ signal: any Signal, weight: Double) {
      self.name = name
      self.signal = signal
      self.weight = weight
    }

    /// Encodes name, weight and the signal's settings.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(weight, forKey: .weight)
      try container.encode(TypedStage(signal), forKey: .signal)
    }

    private enum CodingKeys: String, CodingKey { case name, weight, signal }
  }

  /// The policy that gives the strategic weights.
  public let strategic: any TargetPolicy

  /// The signals.
  public let signals: [WeightedSignal]

  /// The bounds of the tilts.
  public let tilts: TacticalTilts

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - strategic: The policy that gives the strategic weights.
  ///   - signals: The signals.
  ///   - tilts: The bounds of the tilts; the active-risk budget is annualized.
  public init(strategic: any TargetPolicy, signals: [WeightedSignal], tilts: TacticalTilts) {
    self.strategic = strategic
    self.signals = signals
    self.tilts = tilts
  }

  /// Encodes all settings.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(TypedStage(strategic), forKey: .strategic)
    try container.encode(signals, forKey: .signals)
    try container.encode(tilts, forKey: .tilts)
  }

  private enum CodingKeys: String, CodingKey { case strategic, signals, tilts }

  /// The most that strategy and signals need.
  public var rowsNeeded: Int {
    signals.reduce(strategic.rowsNeeded) { max($0, $1.signal.rowsNeeded) }
  }

  /// Tilts the strategic weights; before there are two rows they are left as they are.
  public func target(_ view: DecisionView) throws(EngineError) -> Target {
    let base = try strategic.target(view)
    let assets = view.prices.universe.assets
    guard let past = view.memory.view(), let years = view.memory.yearsPerStep, years > 0,
      let covariance = try view.memory.covariance(of: assets)
    else { return base }
    let scored = signals.map { (scores: $0.signal.scores(past), weight: $0.weight) }
    let perStep = try TacticalTilts(
      largestTilt: tilts.largestTilt,
      activeRiskBudget: tilts.activeRiskBudget * years.squareRoot())
    let result = try perStep.weights(
      strategic: base.weights,
      signals: scored.map { ($0.scores.without(view.account.cash), $0.weight) },
      covariance: covariance)
    let reasons = zip(signals, scored).map { signal, scored in
      Decision.Reason.signal(signal.name, opinions: scored.scores.values.count { $0 != nil })
    }
    return Target(
      weights: result.weights,
      reasons: base.reasons + reasons + [.tilt(scale: result.scale, activeRisk: result.activeRisk)])
  }
}

extension SignalScores {
  /// The scores without an opinion on one asset: cash has none.
  fileprivate func without(_ asset: AssetID) -> SignalScores {
    var values = values
    if let place = universe.position(of: asset) { values[place] = nil }
    return SignalScores(universe: universe, clamping: values)
  }
}
