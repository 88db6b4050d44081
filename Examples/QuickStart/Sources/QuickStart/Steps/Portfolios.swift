import Keel

// Step 3: three ways to choose weights from the same estimates.

/// A portfolio, where its risk comes from, and how large its losses are.
struct Portfolio {
  let name: String
  let weights: Weights
  let risk: RiskContributions
  let volatility: Double
  let expectedReturn: Double
  let tail: TailRisk

  init(_ name: String, _ weights: Weights, _ estimates: Estimates, _ market: Market) throws {
    self.name = name
    self.weights = weights
    risk = try RiskContributions.volatility(weights: weights, covariance: estimates.covariance)
    volatility = market.annualization.volatility(risk.total)
    let mean = zip(weights.values, estimates.means.values).reduce(0) { $0 + $1.0 * $1.1 }
    expectedReturn = market.annualization.linear(mean)
    tail = try TailRisk(estimates.returns.portfolioReturns(weights: weights))
  }

  var sharpeRatio: Double { volatility > 0 ? expectedReturn / volatility : .nan }
}

/// The three portfolios, in the order in which they are shown.
struct Portfolios {
  let minimumVariance: Portfolio
  /// Nil when no asset is expected to earn anything.
  let maximumSharpe: Portfolio?
  let equalRisk: Portfolio
  /// The limit on one asset; none when the assets are too few for it.
  let largestWeight: Double

  var all: [Portfolio] { [minimumVariance, maximumSharpe, equalRisk].compactMap(\.self) }

  /// What did not come out as asked, in words.
  var remarks: [String] {
    var remarks: [String] = []
    if maximumSharpe == nil {
      remarks.append("Maximum Sharpe: none, since no asset is expected to earn anything.")
    }
    if largestWeight == 1, equalRisk.weights.universe.count > 1 {
      remarks.append(
        "With so few assets the limit of \(percent(Assumptions.largestWeight, 0)) cannot be kept.")
    }
    if let most = equalRisk.weights.values.max(), most > largestWeight {
      remarks.append(
        "Equal risk has one solution, and it takes \(percent(most)) of one asset, beyond the limit of "
          + "\(percent(largestWeight, 0)).")
    }
    return remarks
  }

  init(_ market: Market, _ estimates: Estimates) throws {
    let assetCount = Double(market.universe.count)
    let fits = assetCount * Assumptions.largestWeight >= 1
    largestWeight = fits ? Assumptions.largestWeight : 1
    let constraints = PortfolioConstraints(bounds: .uniform(0...largestWeight))
    let (covariance, means) = (estimates.covariance, estimates.means)

    minimumVariance = try Portfolio(
      "Minimum variance",
      MinimumVariance(constraints: constraints).weights(covariance: covariance).value,
      estimates, market)
    equalRisk = try Portfolio(
      "Equal risk", Self.equalRisk(covariance, limit: largestWeight), estimates, market)
    do {
      maximumSharpe = try Portfolio(
        "Maximum Sharpe",
        MaximumSharpe(riskFreeRate: 0, constraints: constraints)
          .weights(expectedReturns: means, covariance: covariance).value,
        estimates, market)
    } catch AllocationError.noPortfolioBeatsRiskFree {
      maximumSharpe = nil
    }
  }

  /// Equal risk has one solution; where it breaks the limit, it is shown as it is.
  private static func equalRisk(_ covariance: Covariance, limit: Double) throws -> Weights {
    do {
      return try RiskBudgeting(maximumWeight: limit).weights(covariance: covariance).value.weights
    } catch AllocationError.riskBudgetUnattainable(_, .outsideBounds) {
      return try RiskBudgeting.equal.weights(covariance: covariance).value.weights
    }
  }
}
