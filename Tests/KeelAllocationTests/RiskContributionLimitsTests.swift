import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios under limits on shares of the variance, from SLSQP with many starts and from grids.
struct RiskLimitReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let aversion: Double?
  let low: Double
  let high: Double
  let groups: [[Int]]
  let shares: [Double]
  let objective: Double
  let weights: [Double]

  var testDescription: String { name }

  static let cases: [RiskLimitReference] = {
    struct File: Decodable { let cases: [RiskLimitReference] }
    do {
      return try Reference.load(File.self, "risk_limits").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct RiskContributionLimitsTests {
  private func shares(
    _ weights: Weights, _ covariance: Covariance, _ limits: [RiskContributionLimit]
  ) -> [Double] {
    let product = covariance.product(with: weights.values)
    let terms = zip(weights.values, product).map { $0 * $1 }
    let total = terms.reduce(0, +)
    return limits.map { limit in
      var sum = 0.0
      for (i, asset) in weights.universe.assets.enumerated() where limit.assets.contains(asset) {
        sum += terms[i]
      }
      return sum / total
    }
  }

  private func expectKept(
    _ portfolio: RiskContributionLimits.Portfolio, _ covariance: Covariance,
    _ limits: [RiskContributionLimit]
  ) {
    let found = shares(portfolio.weights, covariance, limits)
    for (k, limit) in limits.enumerated() {
      #expect(found[k] <= limit.share + 1e-12)
      expectClose(portfolio.shares[k], found[k], absolute: 1e-13)
      if portfolio.duals[limit.name] ?? 0 < -1e-10 {
        expectClose(found[k], limit.share, absolute: 1e-9)
      }
    }
    #expect(portfolio.certificate.holds(Certificate.optimalTolerances))
    #expect(portfolio.lowerBound <= portfolio.objective)
  }

  @Test func referencesArePresent() { #expect(RiskLimitReference.cases.count == 40) }

  @Test(arguments: RiskLimitReference.cases)
  func isAsGood(_ reference: RiskLimitReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let limits = zip(reference.groups, reference.shares).enumerated().map { k, pair in
      RiskContributionLimit(
        "group \(k)", Set(pair.0.map { covariance.universe.assets[$0] }), share: pair.1)
    }
    let choice = RiskContributionLimits(
      limits, objective: reference.aversion.map { .utility(riskAversion: $0) } ?? .variance,
      constraints: PortfolioConstraints(bounds: .uniform(reference.low...reference.high)))
    let portfolio = try choice.weights(
      covariance: covariance, expectedReturns: Market.returns(reference.mean))
    expectKept(portfolio, covariance, limits)
    // The terms of a utility may cancel.
    let gain = zip(reference.mean, reference.weights).reduce(0) { $0 + $1.0 * $1.1 }
    let size = max(reference.objective.magnitude, reference.aversion == nil ? 0 : gain.magnitude)
    #expect(portfolio.objective <= reference.objective + 1e-7 * size)
  }

  @Test(arguments: seeds(20))
  func limitsHoldAndCost(seed: Int) throws {
    let count = 5 + seed % 20
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 70)
    var last = Double.infinity
    for factor in [1.2, 1.6, 2.5, Double(count)] {
      let limits = RiskContributionLimit.each(
        of: covariance.universe, share: min(factor / Double(count), 1))
      let portfolio = try RiskContributionLimits(limits).weights(covariance: covariance)
      expectKept(portfolio, covariance, limits)
      // A local search: looser limits do not hurt by more than it may miss.
      #expect(portfolio.objective <= last * (1 + 1e-6))
      last = portfolio.objective
      let utility = try RiskContributionLimits(limits, objective: .utility(riskAversion: 3))
        .weights(covariance: covariance, expectedReturns: mean)
      expectKept(utility, covariance, limits)
    }
  }

  @Test func limitsThatDoNotBindChangeNoBit() throws {
    let (mean, covariance) = try Market.factorModel(count: 9, seed: 3)
    let limits = RiskContributionLimit.each(of: covariance.universe, share: 1)
    let least = try RiskContributionLimits(limits).weights(covariance: covariance)
    let free = try MinimumVariance().weights(covariance: covariance)
    #expect(least.weights == free.value)
    #expect(least.lowerBound == free.certificate.dualObjective)
    let best = try RiskContributionLimits(limits, objective: .utility(riskAversion: 5))
      .weights(covariance: covariance, expectedReturns: mean)
    #expect(
      try best.weights
        == MaximumUtility(riskAversion: 5).weights(expectedReturns: mean, covariance: covariance)
        .value)
  }

  @Test func equalSharesAreRiskParity() throws {
    let (_, covariance) = try Market.factorModel(count: 6, seed: 12)
    // Shares that add to one leave long-only portfolios no choice.
    let limits = RiskContributionLimit.each(of: covariance.universe, share: 1.0 / 6)
    let portfolio = try RiskContributionLimits(limits).weights(covariance: covariance)
    let parity = try RiskBudgeting.equal.weights(covariance: covariance)
    for (left, right) in zip(portfolio.weights.values, parity.value.weights.values) {
      expectClose(left, right, absolute: 1e-7)
    }
  }

  @Test func clashesAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 5, seed: 2)
    let limits = RiskContributionLimit.each(of: covariance.universe, share: 0.19)
    #expect {
      try RiskContributionLimits(limits).weights(covariance: covariance)
    } throws: { error in
      guard case .infeasible(let names, let contradiction)? = error as? AllocationError else {
        return false
      }
      return names == limits.map(\.name) && (contradiction - 0.05).magnitude < 1e-14
    }
    // Bounds that leave one asset almost everything.
    let narrow = PortfolioConstraints(bounds: .byAsset(["A0": 0.9...1], others: 0...1))
    let limit = RiskContributionLimit("first", ["A0"], share: 0.1)
    #expect {
      try RiskContributionLimits([limit], constraints: narrow).weights(covariance: covariance)
    } throws: { error in
      guard case .riskLimitsNotMet(let names, let excess)? = error as? AllocationError else {
        return false
      }
      return names == ["first"] && excess > 0
    }
  }

  @Test func badLimitsAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 2)
    for share in [-0.1, 1.1, .nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try RiskContributionLimits([RiskContributionLimit("x", ["A0"], share: share)])
          .weights(covariance: covariance)
      }
    }
    #expect(
      throws: AllocationError.universeMismatch(position: nil, left: "B", right: nil)
    ) {
      try RiskContributionLimits([RiskContributionLimit("x", ["B"], share: 0.5)])
        .weights(covariance: covariance)
    }
    #expect(throws: AllocationError.self) {
      try RiskContributionLimits([], objective: .utility(riskAversion: 1))
        .weights(covariance: covariance)
    }
    #expect(throws: AllocationError.self) {
      try RiskContributionLimits(
        [], constraints: PortfolioConstraints(concentration: [.largest(1, limit: 0.5)])
      ).weights(covariance: covariance)
    }
    for name in ["budget", "A1"] {
      for share in [0.01, 1] {
        #expect(
          throws: AllocationError.invalidValue(
            argument: "count of constraints named \(name)", asset: nil, got: 2, allowed: 1...1)
        ) {
          try RiskContributionLimits([RiskContributionLimit(name, ["A0"], share: share)])
            .weights(covariance: covariance)
        }
      }
    }
  }

  @Test func assetsWithoutVarianceContributeNothing() throws {
    let covariance = try Market.covariance([[0, 0, 0], [0, 0.01, 0], [0, 0, 0.04]])
    let constraints = PortfolioConstraints(bounds: .byAsset(["A0": 0...0.2], others: 0...1))
    let limits = RiskContributionLimit.each(of: covariance.universe, share: 0.55)
    let portfolio = try RiskContributionLimits(limits, constraints: constraints)
      .weights(covariance: covariance)
    expectKept(portfolio, covariance, limits)
    expectClose(portfolio.weights.values[0], 0.2, absolute: 1e-12)
    // All cash: no variance, no shares.
    let cash = try RiskContributionLimits(limits).weights(covariance: covariance)
    #expect(cash.objective.magnitude <= 1e-20)
  }
}
