import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

/// Least risks at returns of choice, for one measure, one set of scenarios and one of constraints.
struct RiskPoints {
  let measure: SampleRiskMeasure
  let constraints: PortfolioConstraints
  let settings: QuadraticSolver.Settings
  let scenarios: ScenarioSet
  let means: ExpectedReturns

  /// The least risk at an expected return of at least a target; at any for nil.
  func least(atReturn target: Double?) throws(AllocationError) -> RiskPortfolio {
    try MinimumRisk(
      measure, targetReturn: target, constraints: constraints, settings: settings
    ).weights(scenarios: scenarios, expectedReturns: means)
  }

  /// A portfolio with the highest expected return, whose risk has no lower bound, and a return that none exceeds.
  func highest() throws(AllocationError) -> (portfolio: RiskPortfolio, upperBound: Double) {
    let none = try Translation.flatCovariance(over: scenarios.universe)
    let solution = try MaximumUtility(
      riskAversion: 0, constraints: constraints, settings: settings
    ).weights(expectedReturns: means, covariance: none)
    do throws(DistributionsError) {
      let law = try EmpiricalDistribution(weights: solution.value, scenarios: scenarios)
      let portfolio = RiskPortfolio(
        weights: solution.value, expectedReturn: -solution.certificate.primalObjective,
        measure: measure, risk: try measure.risk(of: law).value, lowerBound: -.infinity)
      return (portfolio, -solution.certificate.dualObjective)
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
  }
}

extension Translation {
  /// A covariance of zeros.
  static func flatCovariance(over universe: Universe) throws(AllocationError) -> Covariance {
    do {
      return try Covariance(universe: universe, dense: SymmetricMatrix(order: universe.count))
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
  }
}
