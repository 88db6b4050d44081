import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// One objective of a walk, and what its weights must keep.
struct WalkForwardObjective {
  /// What the market must offer for the objective to have a portfolio.
  enum Need { case nothing, gain, seldomDrawdown }

  let name: String
  let bounds: ClosedRange<Double>
  let need: Need
  let portfolios: () throws(AllocationError) -> [Weights]
}

/// What is known at one step of a walk, and every objective on it.
struct WalkForwardMarket {
  let scenarios: ScenarioSet
  let mean: ExpectedReturns
  let covariance: Covariance
  let constraints: PortfolioConstraints
  let bounds: ClosedRange<Double>
  let held: Weights

  /// The wealth below which a drawdown must be seldom, and its largest probability.
  static let floor = 0.5
  static let drawdownProbability = 0.3

  /// The bounds of methods that take none of the caller's: long only.
  static let longOnly = 0.0...(1 + 1e-12)

  /// All objectives.
  var objectives: [WalkForwardObjective] {
    get throws {
      meanVariance + clusters + riskBudgets + (try views) + tails + samples + frontiers
    }
  }

  func objective(
    _ name: String,
    within bounds: ClosedRange<Double>? = nil,
    needs need: WalkForwardObjective.Need = .nothing,
    _ portfolios: @escaping () throws(AllocationError) -> [Weights]
  ) -> WalkForwardObjective {
    WalkForwardObjective(
      name: name, bounds: bounds ?? self.bounds, need: need, portfolios: portfolios)
  }

  /// The value of a solution, whose certificate must hold at what its status promises.
  static func proved<Value>(_ name: String, _ solution: Solution<Value>) -> Value {
    let tolerances =
      solution.status == .optimal
      ? Certificate.optimalTolerances : Certificate.almostOptimalTolerances
    #expect(solution.certificate.holds(tolerances), "\(name) \(solution.certificate)")
    return solution.value
  }

  /// An objective whose solution has a certificate.
  private func solved(
    _ name: String,
    needs need: WalkForwardObjective.Need = .nothing,
    _ solution: @escaping () throws(AllocationError) -> Solution<Weights>
  ) -> WalkForwardObjective {
    objective(name, needs: need) { () throws(AllocationError) in
      [Self.proved(name, try solution())]
    }
  }

  /// Expects that what may be missed is small beside a size, and not negative beyond rounding.
  static func expectProved(
    _ name: String, value: Double, bound: Double, share: Double, of size: Double
  ) {
    #expect(bound - value <= share * size, "\(name): \(value) and \(bound)")
    #expect(bound - value >= -1e-12 * size, "\(name): \(value) and \(bound)")
  }

  /// Costs of buying and selling, with the impact of a large trade.
  private var costs: TradingCosts {
    var costs = TradingCosts(
      from: held, buying: .uniform(0.0005), selling: .uniform(0.0005), spreadOver: 10)
    costs.powerImpact = .uniform(0.01)
    return costs
  }

  // MARK: - Mean and variance

  private var meanVariance: [WalkForwardObjective] {
    [
      solved("minimum variance") { () throws(AllocationError) in
        try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      },
      solved("utility with costs") { () throws(AllocationError) in
        try MaximumUtility(riskAversion: 3, constraints: constraints, costs: costs)
          .weights(expectedReturns: mean, covariance: covariance)
      },
      objective("utility with turnover") { () throws(AllocationError) in
        var slow = constraints
        slow.absolute = [.turnover(from: held, limit: 0.2)]
        return [
          Self.proved(
            "utility with turnover",
            try MaximumUtility(riskAversion: 3, constraints: slow)
              .weights(expectedReturns: mean, covariance: covariance))
        ]
      },
      objective("five positions with fees") { () throws(AllocationError) in try fewPositions() },
      objective("plan of three steps") { () throws(AllocationError) in
        let step = MultiPeriodUtility.Step(expectedReturns: mean, covariance: covariance)
        return Self.proved(
          "plan",
          try MultiPeriodUtility(riskAversion: 3, constraints: constraints, costs: costs)
            .plan([step, step, step])
        ).weights
      },
      solved("Sharpe", needs: .gain) { () throws(AllocationError) in
        try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
          .weights(expectedReturns: mean, covariance: covariance)
      },
      objective("target return", within: Self.longOnly) { () throws(AllocationError) in
        let best = mean.values.reduce(-.infinity, max)
        let middle = (best + mean.values.reduce(0, +) / Double(mean.values.count)) / 2
        return [
          Self.proved(
            "target return",
            try TargetReturn(middle).weights(expectedReturns: mean, covariance: covariance))
        ]
      },
      objective("target risk") { () throws(AllocationError) in
        [try targetRisk(benchmark: nil).weights]
      },
      objective("target tracking error") { () throws(AllocationError) in
        [try targetRisk(benchmark: held).weights]
      },
      solved("diversification") { () throws(AllocationError) in
        try MaximumDiversification(constraints: constraints).weights(covariance: covariance)
      },
      solved("tracking") { () throws(AllocationError) in
        try TrackingError(to: held, constraints: constraints).weights(covariance: covariance)
      },
      objective("target volatility", within: Self.longOnly) { () throws(AllocationError) in
        [try volatilityTarget()]
      },
    ] + robust
  }

  private var robust: [WalkForwardObjective] {
    let deviations = Dictionary(
      uniqueKeysWithValues: zip(covariance.universe.assets, covariance.standardDeviations).map {
        ($0, $1 / Double(scenarios.outcomes.rowCount).squareRoot())
      })
    let errors = AssetRates.byAsset(deviations, others: 0)
    let uncertainties: [(String, ReturnUncertainty)] = [
      ("box", .box(errors)), ("standard errors", .standardErrors(errors, radius: 1.5)),
      ("ellipsoid", .ellipsoid(covariance, radius: 0.1)),
    ]
    return uncertainties.map { name, uncertainty in
      objective("robust utility, \(name)") { () throws(AllocationError) in
        let solution = try RobustUtility(
          riskAversion: 3, uncertainty: uncertainty, constraints: constraints
        ).weights(expectedReturns: mean, covariance: covariance)
        let found = Self.proved("robust utility, \(name)", solution)
        Self.expectProved(
          "robust utility, \(name)", value: found.worstCaseUtility, bound: found.upperBound,
          share: 1e-7, of: max(found.worstCaseUtility.magnitude, 1e-4))
        return [found.weights]
      }
    }
  }

  private func fewPositions() throws(AllocationError) -> [Weights] {
    var fees = costs
    fees.powerImpact = .none
    var search = BranchAndBound.Settings()
    search.nodeLimit = 200
    let found = try DiscreteUtility(
      MaximumUtility(riskAversion: 3, constraints: constraints, costs: fees),
      counts: [PositionCount("positions", atMost: 5)],
      fees: FixedTradingCosts(from: held, fee: .uniform(0.0001), spreadOver: 10), search: search
    ).weights(expectedReturns: mean, covariance: covariance)
    #expect(found.weights.values.count { $0 != 0 } <= 5)
    #expect(found.utility <= found.upperBound)
    #expect(found.isProved || found.nodeCount == search.nodeLimit)
    return [found.weights]
  }

  private func targetRisk(benchmark: Weights?) throws(AllocationError) -> TargetRisk.Portfolio {
    var least = 0.0
    if benchmark == nil {
      least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
        .certificate.primalObjective
    }
    // The certificate's objective is half the variance.
    let volatility = benchmark == nil ? 1.2 * (2 * least).squareRoot() : 0.001
    let solution = try TargetRisk(
      volatility: volatility, benchmark: benchmark, constraints: constraints
    ).weights(expectedReturns: mean, covariance: covariance)
    let found = Self.proved("target risk", solution)
    #expect(found.volatility <= volatility * (1 + 1e-12))
    return found
  }

  /// The held portfolio beside cash without risk.
  private func volatilityTarget() throws(AllocationError) -> Weights {
    let n = held.values.count
    do {
      let universe = try Universe(held.universe.assets + ["CASH"])
      var matrix = try SymmetricMatrix(order: n + 1)
      for i in 0..<n {
        let row = covariance.product(with: (0..<n).map { $0 == i ? 1 : 0 })
        for j in 0...i { matrix[i, j] = row[j] }
      }
      let market = try Covariance(universe: universe, dense: matrix)
      let risky = try Weights(universe: universe, values: held.values + [0])
      let found = try VolatilityTarget(volatility: 0.008, cash: "CASH").weights(
        scaling: risky, covariance: market)
      #expect(found.volatility <= 0.008 * (1 + 1e-12))
      return found.weights
    } catch let error as AllocationError {
      throw error
    } catch {
      Issue.record("\(error)")
      return held
    }
  }

  // MARK: - Clusters

  private var clusters: [WalkForwardObjective] {
    Linkage.allCases.flatMap { linkage in
      [
        objective("hierarchical risk parity \(linkage)", within: Self.longOnly) {
          () throws(AllocationError) in
          [
            try HierarchicalRiskParity(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          ]
        },
        objective("Schur complementary \(linkage)", within: Self.longOnly) {
          () throws(AllocationError) in
          [
            try SchurComplementary(gamma: 0.5, distance: .direct, linkage: linkage, order: .optimal)
              .weights(covariance: covariance).weights
          ]
        },
        objective("hierarchical equal risk \(linkage)", within: Self.longOnly) {
          () throws(AllocationError) in
          [
            try HierarchicalEqualRisk(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          ]
        },
        objective("nested clusters \(linkage)", within: Self.longOnly) {
          () throws(AllocationError) in
          [
            try NestedClusters(distance: .direct, linkage: linkage)
              .weights(covariance: covariance).weights
          ]
        },
      ]
    }
  }
}
