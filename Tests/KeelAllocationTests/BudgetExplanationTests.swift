import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct BudgetExplanationTests {
  private static let rows = [
    [0.04, 0.01, 0.004, -0.01], [0.01, 0.09, 0.02, 0.01], [0.004, 0.02, 0.16, 0.03],
    [-0.01, 0.01, 0.03, 0.05],
  ]

  /// Volatilities of 10 % and 20 %: the weights are 2/3 and 1/3, each marginal risk half the volatility over the weight.
  @Test func twoAssets() throws {
    let covariance = try Market.covariance([[0.01, 0.004], [0.004, 0.04]])
    let solution = try RiskBudgeting.equal.weights(covariance: covariance)
    let explanation = try RiskBudgeting.equal.explanation(of: solution, covariance: covariance)
    let volatility = (4 * 0.01 + 4 * 0.004 + 0.04).squareRoot() / 3
    #expect(explanation.objective == .riskBudgets)
    #expect(explanation.residual <= 1e-10)
    for (i, weight) in [2.0 / 3, 1.0 / 3].enumerated() {
      expectClose(
        explanation.terms.first { $0.source == .risk }?.forces[i] ?? .nan,
        -volatility / 2 / weight, relative: 1e-9)
      expectClose(
        explanation.terms.first { $0.source == .riskBudget }?.forces[i] ?? .nan,
        volatility / 2 / weight, relative: 1e-9)
    }
    expectClose(explanation.shadowPrice(of: "budget"), 0, absolute: 1e-9)
    let other = try Market.covariance([[0.04, 0.004], [0.004, 0.04]])
    #expect(throws: AllocationError.self) {
      try RiskBudgeting.equal.explanation(of: solution, covariance: other)
    }
  }

  @Test func constrained() throws {
    let covariance = try Market.covariance(Self.rows)
    let assets = covariance.universe.assets
    let choice = ConstrainedRiskBudgeting(
      constraints: PortfolioConstraints(
        bounds: .uniform(0.05...0.5),
        linear: [.group("pair", [assets[0], assets[3]], total: 0...0.6)]))
    let solution = try choice.weights(covariance: covariance)
    let explanation = try choice.explanation(of: solution, covariance: covariance)
    #expect(explanation.residual <= 1e-9)
    let volatility = solution.value.contributions.total
    for name in solution.value.bindingConstraints {
      expectClose(
        explanation.shadowPrice(of: name), (solution.duals[name] ?? .nan) / volatility,
        relative: 1e-6, absolute: 1e-9, "\(name)")
    }
    #expect(!solution.value.bindingConstraints.isEmpty)
    expectClose(explanation.shadowPrice(of: "budget"), 0, absolute: 1e-9)
  }

  @Test func shortfall() throws {
    var generator = SeededGenerator(seed: 5)
    let scenarios = try ScenarioSet(
      universe: Market.universe(4),
      outcomes: Matrix(
        rowCount: 200, columnCount: 4,
        columnMajor: (0..<800).map { 0.01 * Double($0 / 200 + 1) * generator.gaussian() }))
    let choice = ShortfallRiskBudgeting(confidence: 0.9)
    let portfolio = try choice.weights(scenarios: scenarios)
    let explanation = try choice.explanation(of: portfolio, scenarios: scenarios)
    #expect(explanation.residual <= 1e-7)
    let risk = try #require(explanation.terms.first { $0.source == .risk })
    for (i, weight) in portfolio.weights.values.enumerated() {
      expectClose(
        -risk.forces[i] * weight, portfolio.contributions[i],
        relative: 1e-7, "\(i)")
    }
  }

  @Test func linesAndFactors() throws {
    let covariance = try Market.covariance(Self.rows)
    let assets = covariance.universe.assets
    let lines = [
      RiskBudgetLine("pair", [assets[0], assets[2]], share: 2),
      RiskBudgetLine("rest", [assets[1], assets[3]], share: 1),
    ]
    let groups = GroupRiskBudgeting(lines: lines)
    let solution = try groups.weights(covariance: covariance)
    let explanation = try groups.explanation(of: solution, covariance: covariance)
    #expect(explanation.residual <= 1e-9)
    let risk = try #require(explanation.terms.first { $0.source == .risk })
    for (i, weight) in solution.value.weights.values.enumerated() {
      expectClose(
        -risk.forces[i] * weight, solution.value.contributions.contributions[i],
        relative: 1e-9, absolute: 1e-12)
    }
    let factors = FactorRiskBudgeting(
      factors: [
        FactorLoading("market", Dictionary(uniqueKeysWithValues: assets.map { ($0, 1) })),
        FactorLoading("last", [assets[2]: 1, assets[3]: 0.5]),
      ], budgets: .byFactor(["market": 3, "last": 1]))
    let portfolio = try factors.weights(covariance: covariance)
    let byFactor = try factors.explanation(of: portfolio, covariance: covariance)
    #expect(byFactor.residual <= 1e-9)
    #expect(byFactor.objective == .riskBudgets)
    #expect(throws: AllocationError.self) {
      try groups.explanation(
        of: solution, covariance: Market.covariance(Self.rows.reversed().map { $0.reversed() }))
    }
    var generator = SeededGenerator(seed: 6)
    let scenarios = try ScenarioSet(
      universe: covariance.universe,
      outcomes: Matrix(
        rowCount: 150, columnCount: 4,
        columnMajor: (0..<600).map { 0.01 * Double($0 / 150 + 1) * generator.gaussian() }))
    let tails = GroupShortfallBudgeting(confidence: 0.9, lines: lines)
    let tail = try tails.weights(scenarios: scenarios)
    let byLine = try tails.explanation(of: tail, scenarios: scenarios)
    #expect(byLine.residual <= 1e-7)
    for (i, excess) in tail.excessRisks.enumerated() where excess > 1e-6 {
      expectClose(byLine.shadowPrice(of: assets[i].rawValue), excess, relative: 1e-6)
    }
  }

  @Test func limitsOnShares() throws {
    let covariance = try Market.covariance(Self.rows)
    let universe = covariance.universe
    let mean = try Market.returns([0.03, 0.08, 0.12, 0.04])
    func limited(_ share: Double, _ objective: RiskContributionLimits.Objective)
      -> RiskContributionLimits
    {
      RiskContributionLimits(
        [.init("last", [universe.assets[2]], share: share)], objective: objective)
    }
    let best = limited(0.3, .utility(riskAversion: 2))
    let found = try best.weights(covariance: covariance, expectedReturns: mean)
    let explanation = try best.explanation(of: found, covariance: covariance, expectedReturns: mean)
    #expect(explanation.objective == .utility)
    #expect(explanation.residual <= 1e-6)
    func utility(_ share: Double) throws -> Double {
      let w = try limited(share, .utility(riskAversion: 2))
        .weights(covariance: covariance, expectedReturns: mean).weights
      let variance = zip(covariance.product(with: w.values), w.values).reduce(0) {
        $0 + $1.0 * $1.1
      }
      return zip(mean.values, w.values).reduce(-variance) { $0 + $1.0 * $1.1 }
    }
    let h = 1e-4
    let slope = (try utility(0.3 + h) - utility(0.3 - h)) / (2 * h)
    #expect(slope > 0)
    expectClose(explanation.shadowPrice(of: "last"), slope, relative: 1e-3)
    let calm = RiskContributionLimits([.init("first", [universe.assets[0]], share: 0.2)])
    let least = try calm.weights(covariance: covariance)
    let risk = try calm.explanation(of: least, covariance: covariance)
    #expect(risk.objective == .variance)
    #expect(risk.residual <= 1e-6)
    #expect(risk.shadowPrice(of: "first") < 0)
  }

  @Test(arguments: WassersteinReference.file?.shortfalls ?? [])
  func nearbyLaws(reference: WassersteinReference) throws {
    let scenarios = try reference.scenarios(reference.outcomes)
    let choice = reference.choice
    let solution = try choice.weights(scenarios: scenarios)
    let explanation = try choice.explanation(of: solution, scenarios: scenarios)
    #expect(explanation.residual <= 1e-4, "\(reference)")
    func risk(_ h: Double) throws -> Double {
      var moved = choice
      moved.constraints.budget += h
      return try moved.weights(scenarios: scenarios).value.worstCaseShortfall
    }
    let h = 1e-4
    let price = explanation.shadowPrice(of: "budget")
    let center = solution.value.worstCaseShortfall
    let slack = 1e-4 * max(price.magnitude, center.magnitude)
    guard let above = try? risk(h), let below = try? risk(-h) else { return }
    #expect(price >= (center - below) / h - slack)
    #expect(price <= (above - center) / h + slack)
  }
}
