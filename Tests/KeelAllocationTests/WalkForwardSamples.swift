import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

// Objectives over scenarios and frontiers at one step of a walk.
extension WalkForwardMarket {
  private static let confidence = 0.9

  /// Each measure three ways: the least risk, the most return at a risk and over it.
  var samples: [WalkForwardObjective] {
    MinimumRiskTests.measures(Self.confidence, 0).flatMap { name, measure in
      [
        objective("least \(name)") { () throws(AllocationError) in
          [try least(measure).weights]
        },
        objective("return at \(name)") { () throws(AllocationError) in
          let limit = 1.2 * (try least(measure).risk)
          let found = try MaximumReturnAtRisk(measure, limit: limit, constraints: constraints)
            .weights(scenarios: scenarios)
          #expect(found.risk <= limit, "\(name)")
          let width = (mean.values.max() ?? 0) - (mean.values.min() ?? 0)
          Self.expectProved(
            "return at \(name)", value: found.expectedReturn, bound: found.upperBound,
            share: 10 * MaximumReturnAtRisk.gapTolerance, of: width)
          return [found.weights]
        },
        objective("return over \(name)", needs: .gain) { () throws(AllocationError) in
          let found = try MaximumReturnOverRisk(
            measure, riskFreeRate: 0, constraints: constraints
          ).weights(scenarios: scenarios)
          Self.expectProved(
            "return over \(name)", value: found.ratio, bound: found.upperBound,
            share: 10 * MaximumReturnOverRisk.gapTolerance, of: found.ratio)
          return [found.weights]
        },
      ]
    }
  }

  /// The portfolio of least risk, with its proof.
  private func least(_ measure: SampleRiskMeasure) throws(AllocationError) -> RiskPortfolio {
    let found = try MinimumRisk(measure, constraints: constraints).weights(scenarios: scenarios)
    expectProved(found)
    return found
  }

  private func expectProved(_ found: RiskPortfolio) {
    Self.expectProved(
      "\(found.measure)", value: found.lowerBound, bound: found.risk,
      share: 10 * MinimumRisk.gapTolerance, of: found.risk.magnitude)
  }

  /// Expected shortfall and growth, plain and careful.
  var tails: [WalkForwardObjective] {
    [
      objective("least shortfall") { () throws(AllocationError) in
        [
          Self.proved(
            "least shortfall",
            try MinimumExpectedShortfall(confidence: Self.confidence, constraints: constraints)
              .weights(scenarios: scenarios)
          ).weights
        ]
      },
      objective("return over expected shortfall", needs: .gain) {
        () throws(AllocationError) in
        [
          Self.proved(
            "return over expected shortfall",
            try MaximumReturnOverExpectedShortfall(
              confidence: Self.confidence, riskFreeRate: 0, constraints: constraints
            ).weights(scenarios: scenarios)
          ).weights
        ]
      },
      objective("shortfall over a Wasserstein ball") { () throws(AllocationError) in
        let found = Self.proved(
          "Wasserstein",
          try WassersteinExpectedShortfall(
            confidence: Self.confidence, radius: 0.001, constraints: constraints
          ).weights(scenarios: scenarios))
        Self.expectProved(
          "Wasserstein", value: found.lowerBound, bound: found.worstCaseShortfall, share: 1e-7,
          of: found.worstCaseShortfall)
        return [found.weights]
      },
      objective("growth") { () throws(AllocationError) in
        let found = try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios)
        #expect(found.largestImprovement <= 1e-9 && found.worstOutcome > 0)
        return [found.weights]
      },
      objective("growth at a drawdown", needs: .seldomDrawdown) { () throws(AllocationError) in
        let found = try MaximumGrowthAtDrawdown(
          floor: Self.floor, probability: Self.drawdownProbability, constraints: constraints
        ).weights(scenarios: scenarios)
        #expect(found.largestImprovement <= 1e-9 && found.worstOutcome > 0)
        #expect(found.drawdownProbability <= Self.drawdownProbability * (1 + 1e-9))
        return [found.weights]
      },
    ]
  }

  /// Whole frontiers.
  var frontiers: [WalkForwardObjective] {
    [
      objective("efficient frontier") { () throws(AllocationError) in
        let curve = try EfficientFrontier(constraints: constraints)
          .curve(expectedReturns: mean, covariance: covariance)
        #expect(curve.corners.count > 1)
        for corner in curve.corners { #expect(corner.residual <= 1e-9) }
        return curve.corners.map(\.point.weights)
      },
      objective("resampled frontier") { () throws(AllocationError) in
        try ResampledFrontier(
          observationCount: scenarios.outcomes.rowCount, drawCount: 5, seed: 7,
          constraints: constraints
        ).points(count: 4, expectedReturns: mean, covariance: covariance).map(\.weights)
      },
    ]
      + MinimumRiskTests.measures(Self.confidence, 0).map { name, measure in
        objective("frontier of \(name)") { () throws(AllocationError) in
          let found = try RiskFrontier(measure, constraints: constraints)
            .portfolios(count: 4, scenarios: scenarios)
          found.forEach(expectProved)
          return found.map(\.weights)
        }
      }
  }
}
