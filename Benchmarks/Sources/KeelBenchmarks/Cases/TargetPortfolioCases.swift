import Keel

/// Portfolios that a quotient, a target or a limit on turnover defines.
let targetPortfolioCases: [Case] = [
  ratioCase(assetCount: 500), targetReturnCase(assetCount: 100), targetRiskCase(assetCount: 100),
  turnoverCase(assetCount: 100), turnoverCase(assetCount: 500),
  maximumDiversificationCase(assetCount: 100),
  costsCase("utility", assetCount: 500) { _, _ in },
  costsCase("trading-costs", assetCount: 500, peers: ["piqp_trading_costs"]) { _, _ in },
  costsCase("order-books", assetCount: 500) { costs, assets in
    let levels = [
      TradingCosts.Level(beyond: 0.01, rate: 2 * tradingPrice),
      TradingCosts.Level(beyond: 0.03, rate: 4 * tradingPrice),
    ]
    costs.buyingLevels = Dictionary(uniqueKeysWithValues: assets.map { ($0, levels) })
    costs.sellingLevels = costs.buyingLevels
  },
  costsCase("power-impact", assetCount: 500) { costs, _ in costs.powerImpact = .uniform(0.01) },
  countCase(assetCount: 100),
]

/// What a peer gets: the covariance and the means.
private func inputs(assetCount n: Int) throws -> [(name: String, shape: [Int], values: [Double])] {
  let (means, covariance) = try estimates(assetCount: n)
  return [
    ("covariance", [n, n], covariance.matrix.matrix.columnMajorElements),
    ("mean", [n], means.values),
  ]
}

/// Long only, the peer's input is the homogeneous quadratic program of Charnes and Cooper.
private func ratioCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/maximum-sharpe/\(n)", floors: n == 500 ? ["blas/dpotrf/\(n)"] : [],
    peers: ["piqp_maximum_sharpe"], inputs: { try inputs(assetCount: n) }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    var weights: [Double] = []
    return .init(
      run: {
        weights = try MaximumSharpe(riskFreeRate: 0).weights(
          expectedReturns: means, covariance: covariance
        ).value.values
      },
      answer: { weights })
  }
}

/// The target lies halfway between the least variance and the largest return.
private func targetReturnCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/target-return/\(n)", peers: ["piqp_target_return"],
    inputs: {
      let (means, covariance) = try estimates(assetCount: n)
      return try inputs(assetCount: n) + [("target", [1], [try target(means, covariance)])]
    }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    let target = try target(means, covariance)
    var weights: [Double] = []
    return .init(
      run: {
        weights = try TargetReturn(target).weights(
          expectedReturns: means, covariance: covariance
        ).value.values
      },
      answer: { weights })
  }
}

private func target(_ means: ExpectedReturns, _ covariance: Covariance) throws -> Double {
  let least = try MinimumVariance().weights(covariance: covariance).value.values
  let low = zip(least, means.values).reduce(0) { $0 + $1.0 * $1.1 }
  return low / 2 + (means.values.max() ?? 0) / 2
}

/// A volatility of 1.2 times the least one.
private func targetRiskCase(assetCount n: Int) -> Case {
  Case(name: "allocation/target-risk/\(n)") {
    let (means, covariance) = try estimates(assetCount: n)
    let least = try MinimumVariance().weights(covariance: covariance)
    let volatility = 1.2 * (2 * least.certificate.primalObjective).squareRoot()
    return .init(run: {
      _ = try TargetRisk(volatility: volatility).weights(
        expectedReturns: means, covariance: covariance)
    })
  }
}

/// A utility with at most 20 % turnover from equal weights.
private func turnoverCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/turnover/\(n)", floors: n == 500 ? ["allocation/utility/500"] : [],
    peers: ["piqp_turnover"],
    inputs: { try inputs(assetCount: n) }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    let current = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(n), count: n))
    let constraints = PortfolioConstraints(absolute: [.turnover(from: current, limit: 0.2)])
    var weights: [Double] = []
    return .init(
      run: {
        weights = try MaximumUtility(riskAversion: 5, constraints: constraints).weights(
          expectedReturns: means, covariance: covariance
        ).value.values
      },
      answer: { weights })
  }
}

/// What is bought or sold costs this much, spread over ten periods.
nonisolated private let tradingPrice = 0.001

/// A utility with costs of trading from equal weights; that named `utility` has none.
private func costsCase(
  _ kind: String,
  assetCount n: Int,
  peers: [String] = [],
  _ change: @escaping @Sendable (inout TradingCosts, [AssetID]) -> Void
) -> Case {
  Case(
    name: "allocation/\(kind)/\(n)", floors: kind == "utility" ? [] : ["allocation/utility/\(n)"],
    peers: peers, inputs: { try inputs(assetCount: n) }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    let universe = covariance.universe
    let current = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(n), count: n))
    var costs = TradingCosts(
      from: current, buying: .uniform(tradingPrice), selling: .uniform(tradingPrice),
      spreadOver: 10)
    change(&costs, universe.assets)
    let choice = MaximumUtility(riskAversion: 5, costs: kind == "utility" ? nil : costs)
    var weights: [Double] = []
    return .init(
      run: {
        weights = try choice.weights(expectedReturns: means, covariance: covariance).value.values
      },
      answer: { weights })
  }
}

/// At most ten positions.
private func countCase(assetCount n: Int) -> Case {
  Case(name: "allocation/cardinality/\(n)", inputs: { try inputs(assetCount: n) }) {
    let (means, covariance) = try estimates(assetCount: n)
    let choice = DiscreteUtility(
      MaximumUtility(riskAversion: 5), counts: [PositionCount("positions", atMost: 10)])
    var weights: [Double] = []
    return .init(
      run: {
        weights = try choice.weights(
          expectedReturns: means, covariance: covariance
        ).weights.values
      },
      answer: { weights })
  }
}

private func maximumDiversificationCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/maximum-diversification/\(n)", peers: ["piqp_maximum_diversification"],
    inputs: { try inputs(assetCount: n) }
  ) {
    let (_, covariance) = try estimates(assetCount: n)
    var weights: [Double] = []
    return .init(
      run: {
        weights = try MaximumDiversification().weights(covariance: covariance).value.values
      },
      answer: { weights })
  }
}
