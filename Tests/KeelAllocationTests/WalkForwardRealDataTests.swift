import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Every objective over thirty years of shares, forty-five of industries and five of crypto-assets: each window is chosen from the
/// rows before it, starting from what the window before held; there is no failure but for a reason.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct WalkForwardRealDataTests {
  #if DEBUG
    private static let mostWindows = 2
  #else
    private static let mostWindows = 12
  #endif

  /// Says that no portfolio was chosen for a good reason.
  private static func isReason(_ error: AllocationError) -> Bool {
    switch error {
    // No asset of the window earned anything, or no mean reached the target.
    case .noPortfolioBeatsRiskFree, .targetUnreachable: true
    default: false
    }
  }

  private func choose(
    _ name: String,
    _ held: Weights,
    _ weights: () throws(AllocationError) -> Weights
  ) -> Weights? {
    do throws(AllocationError) {
      let chosen = try weights()
      expectClose(chosen.total, 1, absolute: 1e-12, "\(name)")
      for weight in chosen.values { #expect(weight >= -1e-15, "\(name)") }
      return chosen
    } catch {
      if !Self.isReason(error) { Issue.record("\(name): \(error)") }
      return nil
    }
  }

  /// Chooses by every objective.
  private func walk(_ data: RealReturns, length: Int, step: Int, _ label: String) throws {
    let universe = try data.universe
    let count = universe.count
    var held = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
    let starts = Array(stride(from: 0, through: data.rows.count - length, by: step))
    let chosen = stride(
      from: 0, to: starts.count, by: max(1, starts.count / Self.mostWindows)
    ).map { starts[$0] }
    for start in chosen {
      let window = data.window(start..<(start + length))
      let (scenarios, mean, covariance) = (
        try window.scenarios, try window.mean, try window.covariance
      )
      let name = "\(label) from \(start)"
      let bounded = PortfolioConstraints(bounds: .uniform(0...max(0.3, 2 / Double(count))))
      let least = try #require(
        choose("minimum variance, \(name)", held) { () throws(AllocationError) in
          try MinimumVariance(constraints: bounded).weights(covariance: covariance).value
        })
      for objective in meanVariance(mean, covariance, bounded, held) {
        _ = choose("\(objective.name), \(name)", held, objective.weights)
      }
      for objective in clusters(covariance) {
        _ = choose("\(objective.name), \(name)", held, objective.weights)
      }
      for objective in samples(scenarios, bounded) {
        _ = choose("\(objective.name), \(name)", held, objective.weights)
      }
      held = least
    }
  }

  private typealias Objective = (name: String, weights: () throws(AllocationError) -> Weights)

  private func meanVariance(
    _ mean: ExpectedReturns,
    _ covariance: Covariance,
    _ constraints: PortfolioConstraints,
    _ held: Weights
  ) -> [Objective] {
    var costs = TradingCosts(
      from: held, buying: .uniform(0.0005), selling: .uniform(0.0005), spreadOver: 10)
    costs.powerImpact = .uniform(0.01)
    var dear = costs
    dear.powerImpact = .none
    var slow = constraints
    slow.absolute = [.turnover(from: held, limit: 0.2)]
    let (withCosts, withFees, limited) = (costs, dear, slow)
    let best = mean.values.reduce(-.infinity, max)
    let middle = (best + mean.values.reduce(0, +) / Double(mean.values.count)) / 2
    return [
      (
        "utility with costs",
        { () throws(AllocationError) in
          try MaximumUtility(riskAversion: 3, constraints: constraints, costs: withCosts)
            .weights(expectedReturns: mean, covariance: covariance).value
        }
      ),
      (
        "utility with turnover",
        { () throws(AllocationError) in
          try MaximumUtility(riskAversion: 3, constraints: limited)
            .weights(expectedReturns: mean, covariance: covariance).value
        }
      ),
      (
        "five positions with fees",
        { () throws(AllocationError) in
          try DiscreteUtility(
            MaximumUtility(riskAversion: 3, constraints: constraints, costs: withFees),
            counts: [PositionCount("positions", atMost: 5)],
            fees: FixedTradingCosts(from: held, fee: .uniform(0.0001), spreadOver: 10),
            search: {
              var settings = BranchAndBound.Settings()
              settings.nodeLimit = 200
              return settings
            }()
          ).weights(expectedReturns: mean, covariance: covariance).weights
        }
      ),
      (
        "Sharpe",
        { () throws(AllocationError) in
          try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
            .weights(expectedReturns: mean, covariance: covariance).value
        }
      ),
      (
        "target return",
        { () throws(AllocationError) in
          try TargetReturn(middle).weights(expectedReturns: mean, covariance: covariance).value
        }
      ),
      (
        "diversification",
        { () throws(AllocationError) in
          try MaximumDiversification(constraints: constraints).weights(covariance: covariance).value
        }
      ),
      (
        "tracking",
        { () throws(AllocationError) in
          try TrackingError(to: held, constraints: constraints).weights(covariance: covariance)
            .value
        }
      ),
      (
        "equal risk",
        { () throws(AllocationError) in
          try RiskBudgeting.equal.weights(covariance: covariance).value.weights
        }
      ),
    ]
  }

  private func clusters(_ covariance: Covariance) -> [Objective] {
    var objectives: [Objective] = []
    for linkage in Linkage.allCases {
      objectives.append(
        (
          "hierarchical risk parity \(linkage)",
          { () throws(AllocationError) in
            try HierarchicalRiskParity(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          }
        ))
      objectives.append(
        (
          "Schur complementary \(linkage)",
          { () throws(AllocationError) in
            try SchurComplementary(
              gamma: 0.5, distance: .direct, linkage: linkage, order: .optimal
            ).weights(covariance: covariance).weights
          }
        ))
      objectives.append(
        (
          "hierarchical equal risk \(linkage)",
          { () throws(AllocationError) in
            try HierarchicalEqualRisk(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          }
        ))
      objectives.append(
        (
          "nested clusters \(linkage)",
          { () throws(AllocationError) in
            try NestedClusters(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          }
        ))
    }
    return objectives
  }

  private func samples(
    _ scenarios: ScenarioSet,
    _ constraints: PortfolioConstraints
  ) -> [Objective] {
    var objectives: [Objective] = MinimumRiskTests.measures(0.9, 0).map { name, measure in
      (
        name,
        { () throws(AllocationError) in
          try MinimumRisk(measure, constraints: constraints).weights(scenarios: scenarios).weights
        }
      )
    }
    objectives.append(
      (
        "growth",
        { () throws(AllocationError) in
          try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios).weights
        }
      ))
    objectives.append(
      (
        "return over expected shortfall",
        { () throws(AllocationError) in
          try MaximumReturnOverExpectedShortfall(
            confidence: 0.9, riskFreeRate: 0, constraints: constraints
          ).weights(scenarios: scenarios).value.weights
        }
      ))
    objectives.append(
      (
        "return at a shortfall",
        { () throws(AllocationError) in
          let least = try MinimumRisk(.expectedShortfall(confidence: 0.9), constraints: constraints)
            .weights(scenarios: scenarios)
          return try MaximumReturnAtRisk(
            .expectedShortfall(confidence: 0.9), limit: 1.2 * least.risk, constraints: constraints
          ).weights(scenarios: scenarios).weights
        }
      ))
    return objectives
  }

  @Test func shares() throws { try walk(.shares(), length: 250, step: 250, "shares") }

  @Test func industries() throws {
    try walk(.industries(), length: 156, step: 104, "industries")
  }

  @Test func cryptoAssets() throws {
    for days in [
      "2018-01-01"..."2018-12-31", "2019-06-01"..."2020-05-31", "2020-10-01"..."2021-09-29",
      "2022-01-01"..."2022-12-31",
    ].prefix(Self.mostWindows) {
      let data = try RealReturns.crypto(days)
      try walk(data, length: data.rows.count / 2, step: data.rows.count / 2, days.lowerBound)
    }
  }
}
