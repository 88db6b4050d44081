import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

// Risk budgets and views at one step of a walk.
extension WalkForwardMarket {
  /// Two halves of the assets, with the same share of the risk.
  private var halves: [RiskBudgetLine] {
    let assets = covariance.universe.assets
    let middle = assets.count / 2
    return [
      RiskBudgetLine("first", Set(assets[..<middle]), share: 0.5),
      RiskBudgetLine("second", Set(assets[middle...]), share: 0.5),
    ]
  }

  /// The sum of all assets, and half the difference of odd and even ones.
  private var factors: [FactorLoading] {
    let assets = covariance.universe.assets
    func loading(_ name: String, _ value: (Int) -> Double) -> FactorLoading {
      FactorLoading(
        name,
        Dictionary(uniqueKeysWithValues: assets.enumerated().map { ($1, value($0)) }))
    }
    return [loading("all", { _ in 1 }), loading("odd", { $0 % 2 == 0 ? 0.5 : -0.5 })]
  }

  var riskBudgets: [WalkForwardObjective] {
    [
      objective("equal risk", within: Self.longOnly) { () throws(AllocationError) in
        [
          Self.proved("equal risk", try RiskBudgeting.equal.weights(covariance: covariance))
            .weights
        ]
      },
      objective("inverse volatility", within: Self.longOnly) { () throws(AllocationError) in
        [try InverseVolatility().weights(covariance: covariance)]
      },
      objective("equal risk with bounds") { () throws(AllocationError) in
        let found = Self.proved(
          "equal risk with bounds",
          try ConstrainedRiskBudgeting(constraints: constraints).weights(covariance: covariance))
        #expect(found.largestDeviation < 1)
        return [found.weights]
      },
      objective("limits on shares of the variance") { () throws(AllocationError) in
        try limitedShares()
      },
      // Weights of either sign.
      objective("equal risk of factors", within: -100...100) { () throws(AllocationError) in
        [
          Self.proved(
            "equal risk of factors",
            try FactorRiskBudgeting(factors: factors).weights(covariance: covariance)
          ).weights
        ]
      },
      objective("equal risk of halves", within: Self.longOnly) { () throws(AllocationError) in
        let found = Self.proved(
          "equal risk of halves",
          try GroupRiskBudgeting(lines: halves).weights(covariance: covariance))
        #expect(found.largestError <= GroupRiskBudgeting.tolerance)
        return [found.weights]
      },
      objective("equal shortfall", within: Self.longOnly) { () throws(AllocationError) in
        let found = try ShortfallRiskBudgeting(confidence: 0.9).weights(scenarios: scenarios)
        #expect(found.largestError <= ShortfallRiskBudgeting.tolerance)
        return [found.weights]
      },
      objective("equal shortfall of halves", within: Self.longOnly) {
        () throws(AllocationError) in
        let found = try GroupShortfallBudgeting(confidence: 0.9, lines: halves)
          .weights(scenarios: scenarios)
        #expect(found.largestError <= GroupShortfallBudgeting.tolerance)
        return [found.weights]
      },
    ]
  }

  private func limitedShares() throws(AllocationError) -> [Weights] {
    let share = 3 / Double(covariance.universe.count)
    let found = try RiskContributionLimits(
      RiskContributionLimit.each(of: covariance.universe, share: share), constraints: constraints
    ).weights(covariance: covariance)
    for value in found.shares { #expect(value <= share * (1 + 1e-9)) }
    #expect(found.objective >= found.lowerBound * (1 - 1e-9))
    return [found.weights]
  }

  /// Utility after a view in the manner of Black and Litterman, the least shortfall after entropy pooling.
  var views: [WalkForwardObjective] {
    get throws {
      let assets = covariance.universe.assets
      let size = covariance.standardDeviations[0]
      let wanted = mean.values[0] + 0.1 * size
      return [
        objective("view on a difference") { () throws(AllocationError) in
          let prior = try BlackLitterman.equilibriumReturns(
            covariance: covariance, marketWeights: held, riskAversion: 3)
          let view = ReturnView(
            "first", weights: [assets[0]: 1, assets[1]: -1], expectedReturn: 0.05 * size)
          let posterior = try BlackLitterman().posterior(
            prior: prior, covariance: covariance, views: [view])
          return [
            Self.proved(
              "view on a difference",
              try MaximumUtility(riskAversion: 3, constraints: constraints).weights(
                expectedReturns: posterior.expectedReturns, covariance: posterior.covariance))
          ]
        },
        objective("entropy pooling") { () throws(AllocationError) in
          let pooled = try EntropyPooling([
            ScenarioView("first", .outcome([assets[0]: 1]), .atLeast, wanted)
          ]).pooled(scenarios)
          #expect(pooled.largestViolation <= 1e-10 && pooled.dualityGap <= 1e-9)
          return [
            try MinimumRisk(.expectedShortfall(confidence: 0.9), constraints: constraints)
              .weights(scenarios: pooled.scenarios).weights
          ]
        },
      ]
    }
  }
}
