import KeelAllocation
import KeelData
import KeelMarkets
import KeelNumerics
import KeelOptimization

/// Weights from the remembered covariance of the assets other than cash.
public struct RiskTarget: TargetPolicy, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// How the weights are chosen.
  public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    /// In inverse proportion to volatility.
    case inverseVolatility
    /// Equal contributions to volatility.
    case equalRisk
    /// The least variance, long-only with the largest weight as limit.
    case minimumVariance
  }

  /// How the weights are chosen.
  public let method: Method

  /// The share of the portfolio that is invested; the rest is cash.
  public let invested: Double

  /// The annualized volatility above which the invested share shrinks in proportion; nil for none.
  public let largestVolatility: Double?

  /// The largest weight of an asset within the invested part, by minimum variance only.
  public let largestWeight: Double

  /// The returns of an asset before it is held.
  public let returnsNeeded: Int

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - method: How the weights are chosen.
  ///   - invested: The share of the portfolio that is invested, 0 to 1.
  ///   - largestVolatility: The annualized volatility above which the invested share shrinks; nil for none.
  ///   - largestWeight: The largest weight of an asset within the invested part, 0 to 1.
  ///   - returnsNeeded: The returns of an asset before it is held: at least 1.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    _ method: Method,
    invested: Double = 1,
    largestVolatility: Double? = nil,
    largestWeight: Double = 1,
    returnsNeeded: Int = 20
  ) throws(EngineError) {
    try requireNumber(invested, "invested", 0...1)
    if let largestVolatility {
      try requireNumber(largestVolatility, "largestVolatility", .positive)
    }
    try requireNumber(largestWeight, "largestWeight", 0...1)
    try requireNumber(Double(returnsNeeded), "returnsNeeded", 1...1e9)
    self.method = method
    self.invested = invested
    self.largestVolatility = largestVolatility
    self.largestWeight = largestWeight
    self.returnsNeeded = returnsNeeded
  }

  /// None beside the covariance.
  public var rowsNeeded: Int { 0 }

  /// Chooses the weights; see the type.
  public func target(_ view: DecisionView) throws(EngineError) -> Target {
    let universe = view.prices.universe
    let cash = universe.position(of: view.account.cash)
    let left = Set(view.untradable.compactMap { universe.position(of: $0) })
    let places = universe.assets.indices.filter { place in
      place != cash && !left.contains(place)
        && view.memory.returnCount(at: place) >= returnsNeeded
    }
    guard !places.isEmpty, let covariance = try Self.covariance(places, universe, view.memory)
    else {
      return try Target(
        weights: Self.spread([], [], universe), reasons: [.waiting("covariance")])
    }
    var reasons: [Decision.Reason] = []
    var values: [Double]
    do throws(AllocationError) {
      switch method {
      case .inverseVolatility:
        values = try InverseVolatility().weights(covariance: covariance).values
      case .equalRisk:
        let solution = try RiskBudgeting.equal.weights(covariance: covariance)
        values = solution.value.weights.values
        reasons.append(.proof(solution.certificate))
      case .minimumVariance:
        let constraints = PortfolioConstraints(bounds: .uniform(0...largestWeight))
        let solution = try MinimumVariance(constraints: constraints)
          .weights(covariance: covariance)
        values = solution.value.values
        reasons.append(.proof(solution.certificate))
      }
    } catch {
      throw .noTarget(reason: "\(error)")
    }
    var share = invested
    if let limit = largestVolatility {
      let whole = try Self.spread(values, places, universe)
      if let volatility = view.memory.volatility(of: whole.values), volatility * share > limit {
        share = limit / volatility
        reasons.append(.volatilityScaled(volatility: volatility, invested: share))
      }
    }
    return try Target(
      weights: Self.spread(values.map { max($0, 0) * share }, places, universe), reasons: reasons)
  }

  private static func covariance(
    _ places: [Int],
    _ universe: Universe,
    _ memory: MarketMemory
  ) throws(EngineError) -> Covariance? {
    do throws(DataError) {
      return try memory.covariance(places, Universe(uncheckedPlaces: places, of: universe))
    } catch {
      throw EngineError(error, asset: universe.assets[places[0]])
    }
  }

  /// Weights of some assets over the whole universe, zero elsewhere.
  private static func spread(
    _ values: [Double],
    _ places: [Int],
    _ universe: Universe
  ) throws(EngineError) -> Weights {
    var all = [Double](repeating: 0, count: universe.count)
    for (place, value) in zip(places, values) { all[place] = value }
    do throws(DataError) {
      return try Weights(universe: universe, values: all)
    } catch {
      throw EngineError(error, asset: universe.assets.first ?? AssetID(""))
    }
  }
}
