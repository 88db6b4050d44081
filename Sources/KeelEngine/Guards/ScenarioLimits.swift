import KeelData
import KeelMarkets
import KeelNumerics
public import KeelRisk

/// No loss above a share of equity in any of several scenarios, by full revaluation.
public struct LargestScenarioLoss: RiskLimit, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The scenarios.
  public let scenarios: [Scenario]

  /// The share of equity.
  public let limit: Double

  /// Creates a limit.
  ///
  /// - Parameters:
  ///   - scenarios: The scenarios; moves of assets that the account's universe lacks are left out.
  ///   - limit: The share of equity: not negative, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ scenarios: [Scenario], limit: Double) throws(EngineError) {
    try requireNumber(limit, "limit", .nonnegative)
    self.scenarios = scenarios
    self.limit = limit
  }

  /// The scenarios that lose more, exit costs included.
  public func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation] {
    let now = try losses(of: view.account, view)
    return zip(scenarios, zip(try losses(of: after.account, view), now)).compactMap {
      scenario, losses in
      guard !(losses.0 <= limit) else { return nil }
      return LimitViolation(
        "loss in \(scenario.name)", got: losses.0, allowed: limit, before: losses.1)
    }
  }

  private func losses(
    of account: Account,
    _ view: DecisionView
  ) throws(EngineError) -> [Double] {
    do throws(RiskError) {
      let test = try StressTest(account: account, market: view.market, catalog: view.catalog)
      var losses: [Double] = []
      for scenario in scenarios {
        let outcome = try test.outcome(of: scenario.limited(to: view.market.universe))
        losses.append((outcome.loss + outcome.exitCosts) / test.equity)
      }
      return losses
    } catch {
      throw .risk(error)
    }
  }
}

/// No more than a share of equity owed by one protocol: the budget for its failure.
public struct LargestProtocolShare: RiskLimit, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The share of each protocol by name.
  public let limits: [String: Double]

  /// The share of every other protocol.
  public let others: Double

  /// Creates a limit.
  ///
  /// - Parameters:
  ///   - limits: The share of each protocol by name: not negative, finite.
  ///   - others: The share of every other protocol: not negative, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ limits: [String: Double] = [:], others: Double) throws(EngineError) {
    for (name, limit) in limits.sorted(by: { $0.key < $1.key }) {
      try requireNumber(limit, "limit of \(name)", .nonnegative)
    }
    try requireNumber(others, "others", .nonnegative)
    self.limits = limits
    self.others = others
  }

  /// The protocols that owe more.
  public func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation] {
    after.valuation.protocols.compactMap { venue in
      let share = venue.value / after.valuation.equity
      let allowed = limits[venue.name] ?? others
      guard !(share <= allowed) else { return nil }
      let now = view.valuation.protocols.first { $0.name == venue.name }?.value ?? 0
      return LimitViolation(
        "share of \(venue.name)", got: share, allowed: allowed,
        before: now / view.valuation.equity)
    }
  }
}
