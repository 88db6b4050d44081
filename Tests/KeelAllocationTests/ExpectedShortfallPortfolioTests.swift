import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ExpectedShortfallPortfolioTests {
  struct RatioReference: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let scenarios: Int
    let outcomes: [Double]
    let confidence: Double
    let riskFreeRate: Double
    let cap: Double
    let ratio: Double

    var testDescription: String { name }
  }
  struct File: Decodable { let ratios: [RatioReference] }

  #if DEBUG
    static let seeds = 1...6
  #else
    static let seeds = 1...40
  #endif

  static let ratios: [RatioReference] =
    (try? Reference.load(File.self, "expected_shortfall").ratios) ?? []

  static func universe(_ n: Int) throws -> Universe {
    try Universe((0..<n).map { AssetID("A\($0)") })
  }

  /// Normal outcomes with one common factor; every third seed has ties.
  static func scenarios(seed: Int, count s: Int, assets n: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<s).map { _ in generator.gaussian() }
    var matrix = try Matrix(rowCount: s, columnCount: n)
    for j in 0..<n {
      let exposure = generator.uniform(0.3...1.5)
      let volatility = generator.uniform(0.005...0.04)
      for i in 0..<s {
        let value = 0.002 + 0.01 * exposure * market[i] + volatility * generator.gaussian()
        matrix[i, j] = seed % 3 == 0 ? (value * 200).rounded() / 200 : value
      }
    }
    return try ScenarioSet(universe: universe(n), outcomes: matrix)
  }

  @Test(arguments: seeds) func theReportedTailIsThatOfTheWeights(seed: Int) throws {
    let scenarios = try Self.scenarios(
      seed: seed, count: 40 + 7 * (seed % 25), assets: 3 + seed % 20)
    let confidence = [0.9, 0.95, 0.975][seed % 3]
    let choice = MinimumExpectedShortfall(
      confidence: confidence, constraints: PortfolioConstraints(bounds: .uniform(0...0.6)))
    let solution = try choice.weights(scenarios: scenarios)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
    let law = try EmpiricalDistribution(weights: solution.value.weights, scenarios: scenarios)
    expectClose(
      solution.value.expectedShortfall, law.expectedShortfall(confidence: confidence),
      relative: 1e-12)
    expectClose(
      solution.certificate.primalObjective, law.expectedShortfall(confidence: confidence),
      relative: 1e-12)
    expectClose(solution.value.valueAtRisk, law.valueAtRisk(confidence: confidence))
    expectClose(solution.value.expectedReturn, law.mean, relative: 1e-12, absolute: 1e-16)
    let split = try RiskContributions.expectedShortfall(
      weights: solution.value.weights, scenarios: scenarios, confidence: confidence)
    expectClose(split.total, solution.value.expectedShortfall, relative: 1e-12)
    // With the shares of the scenarios every held asset adds the same loss per unit of weight.
    let shares = solution.value.scenarioShares
    let price = try #require(solution.duals[PortfolioConstraints.budgetName])
    for (j, weight) in solution.value.weights.values.enumerated() where weight > 0 && weight < 0.6 {
      let loss = shares.indices.reduce(0) { $0 - shares[$1] * scenarios.outcomes[$1, j] }
      expectClose(loss, price, relative: 1e-9, absolute: 1e-12)
    }
    let verified = try choice.program(scenarios: scenarios).verify(
      solution.value.weights.values, scenarioMultipliers: shares, duals: solution.duals,
      iterations: solution.certificate.iterations)
    #expect(verified == solution.certificate)
  }

  @Test func theTargetReturnIsMetAndPriced() throws {
    let scenarios = try Self.scenarios(seed: 4, count: 300, assets: 12)
    let means = try scenarios.expectedReturns
    let free = try MinimumExpectedShortfall(confidence: 0.95).weights(scenarios: scenarios)
    let best = try #require(means.values.max())
    let target = (free.value.expectedReturn + best) / 2
    let choice = MinimumExpectedShortfall(confidence: 0.95, targetReturn: target)
    let solution = try choice.weights(scenarios: scenarios)
    expectClose(solution.value.expectedReturn, target, relative: 1e-11)
    #expect(solution.value.expectedShortfall > free.value.expectedShortfall)
    // The dual value is the slope of the frontier.
    let price = try #require(solution.duals[MinimumExpectedShortfall.targetReturnName])
    let step = 1e-7
    let moved = try MinimumExpectedShortfall(confidence: 0.95, targetReturn: target + step)
      .weights(scenarios: scenarios)
    expectClose(
      (moved.value.expectedShortfall - solution.value.expectedShortfall) / step, price,
      relative: 1e-5)
    do throws(AllocationError) {
      _ = try MinimumExpectedShortfall(confidence: 0.95, targetReturn: best + 0.001)
        .weights(scenarios: scenarios)
      Issue.record("no portfolio has this return")
    } catch {
      guard case .infeasible(let constraints, _) = error else { throw error }
      #expect(constraints.contains(MinimumExpectedShortfall.targetReturnName))
    }
  }

  @Test func theCallersExpectedReturnsCount() throws {
    let scenarios = try Self.scenarios(seed: 5, count: 100, assets: 4)
    let views = try ExpectedReturns(
      universe: scenarios.universe, values: [0.001, 0.02, 0.003, 0.001])
    let solution = try MinimumExpectedShortfall(confidence: 0.9, targetReturn: 0.015)
      .weights(scenarios: scenarios, expectedReturns: views)
    expectClose(solution.value.expectedReturn, 0.015, relative: 1e-11)
    #expect((solution.value.weights["A1"] ?? 0) > 0.5)
  }

  @Test func ratiosArePresent() { #expect(Self.ratios.count == 3) }

  @Test(arguments: ratios) func theRatioAgreesWithTheSimplexMethod(_ reference: RatioReference)
    throws
  {
    let n = reference.outcomes.count / reference.scenarios
    let scenarios = try ScenarioSet(
      universe: Self.universe(n),
      outcomes: Matrix(
        rowCount: reference.scenarios, columnCount: n, columnMajor: reference.outcomes))
    let solution = try MaximumReturnOverExpectedShortfall(
      confidence: reference.confidence, riskFreeRate: reference.riskFreeRate,
      constraints: PortfolioConstraints(bounds: .uniform(0...reference.cap))
    ).weights(scenarios: scenarios)
    let ratio =
      (solution.value.expectedReturn - reference.riskFreeRate) / solution.value.expectedShortfall
    expectClose(ratio, reference.ratio, relative: 1e-9)
  }

  @Test(arguments: seeds) func noPortfolioHasALargerRatio(seed: Int) throws {
    let scenarios = try Self.scenarios(
      seed: seed, count: 40 + 11 * (seed % 25), assets: 3 + seed % 15)
    let constraints =
      seed % 2 == 0
      ? PortfolioConstraints.longOnly
      : PortfolioConstraints(
        bounds: .uniform(-0.1...0.6),
        linear: [.group("first two", ["A0", "A1"], total: 0.1...0.7)])
    let choice = MaximumReturnOverExpectedShortfall(
      confidence: 0.9, riskFreeRate: 0.0001, constraints: constraints)
    let solution = try choice.weights(scenarios: scenarios)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
    let ratio = (solution.value.expectedReturn - 0.0001) / solution.value.expectedShortfall
    // The frontier: least shortfall at returns around that of the optimum.
    for shift in [0.5, 0.9, 0.99, 1.01, 1.1] {
      let least = MinimumExpectedShortfall(
        confidence: 0.9, targetReturn: solution.value.expectedReturn * shift,
        constraints: constraints)
      guard let other = try? least.weights(scenarios: scenarios) else { continue }
      let rival = (other.value.expectedReturn - 0.0001) / other.value.expectedShortfall
      #expect(rival <= ratio * (1 + 1e-11))
    }
    let again = try choice.program(ratio: ratio, scenarios: scenarios).verify(
      solution.value.weights.values, scenarioMultipliers: solution.value.scenarioShares,
      duals: solution.duals)
    #expect(again.holds(Certificate.optimalTolerances))
  }

  @Test func noExcessReturnIsSaid() throws {
    let scenarios = try Self.scenarios(seed: 7, count: 60, assets: 4)
    let means = try scenarios.expectedReturns
    let best = try #require(means.values.max())
    let choice = MaximumReturnOverExpectedShortfall(confidence: 0.9, riskFreeRate: best + 0.001)
    do throws(AllocationError) {
      _ = try choice.weights(scenarios: scenarios)
      Issue.record("no portfolio beats the rate")
    } catch {
      guard case .noPortfolioBeatsRiskFree(let found, let rate) = error else { throw error }
      expectClose(found, best, relative: 1e-9)
      #expect(rate == best + 0.001)
    }
  }

  @Test func gainWithoutShortfallIsUnbounded() throws {
    // The second asset earns in every scenario.
    let scenarios = try ScenarioSet(
      universe: Universe(["A", "B"]),
      outcomes: Matrix(rows: [[0.03, 0.01], [-0.02, 0.005], [0.01, 0.002]]))
    let choice = MaximumReturnOverExpectedShortfall(confidence: 0.5, riskFreeRate: 0)
    #expect(throws: AllocationError.unbounded(asset: "B")) {
      try choice.weights(scenarios: scenarios)
    }
    // The least shortfall itself is a number, a negative one.
    let least = try MinimumExpectedShortfall(confidence: 0.5).weights(scenarios: scenarios)
    #expect(least.value.expectedShortfall < 0)
    let free = PortfolioConstraints(bounds: .uniform(-Double.infinity...Double.infinity))
    #expect(throws: AllocationError.unbounded(asset: "A")) {
      _ = try MinimumExpectedShortfall(confidence: 0.5, constraints: free).weights(
        scenarios: ScenarioSet(
          universe: Universe(["A", "B"]), outcomes: Matrix(rows: [[0.02, 0.01], [-0.01, -0.02]])))
    }
  }

  @Test func oneScenarioOneAsset() throws {
    let single = try ScenarioSet(universe: Universe(["A"]), outcomes: Matrix(rows: [[-0.2]]))
    let solution = try MinimumExpectedShortfall(confidence: 0.99).weights(scenarios: single)
    #expect(solution.value.weights.values == [1])
    expectClose(solution.value.expectedShortfall, 0.2, relative: 1e-15)
    expectClose(solution.value.valueAtRisk, 0.2, relative: 1e-15)
    let two = try ScenarioSet(
      universe: Universe(["A", "B"]), outcomes: Matrix(rows: [[-0.2, -0.1]]))
    let better = try MinimumExpectedShortfall(confidence: 0.99).weights(scenarios: two)
    expectClose(better.value.weights["B"] ?? 0, 1, relative: 1e-12)
  }

  @Test func badArguments() throws {
    let scenarios = try Self.scenarios(seed: 1, count: 20, assets: 3)
    #expect(
      throws: AllocationError.invalidValue(
        argument: "confidence", asset: nil, got: 1,
        allowed: .leastNonzeroMagnitude...1.0.nextDown)
    ) { try MinimumExpectedShortfall(confidence: 1).weights(scenarios: scenarios) }
    for confidence in [0, 1, -0.5, 2, Double.nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try MinimumExpectedShortfall(confidence: confidence).weights(scenarios: scenarios)
      }
      #expect(throws: AllocationError.self) {
        try MaximumReturnOverExpectedShortfall(confidence: confidence, riskFreeRate: 0)
          .weights(scenarios: scenarios)
      }
    }
    for number in [Double.nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try MinimumExpectedShortfall(confidence: 0.9, targetReturn: number)
          .weights(scenarios: scenarios)
      }
      #expect(throws: AllocationError.self) {
        try MaximumReturnOverExpectedShortfall(confidence: 0.9, riskFreeRate: number)
          .weights(scenarios: scenarios)
      }
    }
    let others = try ExpectedReturns(universe: Universe(["X", "Y", "Z"]), values: [0, 0, 0])
    #expect(throws: AllocationError.universeMismatch(position: 0, left: "X", right: "A0")) {
      try MinimumExpectedShortfall(confidence: 0.9)
        .weights(scenarios: scenarios, expectedReturns: others)
    }
    let unknown = PortfolioConstraints(linear: [.group("group", ["Q"], total: 0...1)])
    #expect(throws: AllocationError.universeMismatch(position: nil, left: "Q", right: nil)) {
      try MinimumExpectedShortfall(confidence: 0.9, constraints: unknown)
        .weights(scenarios: scenarios)
    }
    let tight = PortfolioConstraints(bounds: .uniform(0...0.2))
    #expect(throws: AllocationError.self) {
      try MinimumExpectedShortfall(confidence: 0.9, constraints: tight)
        .weights(scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MaximumReturnOverExpectedShortfall(
        confidence: 0.9, riskFreeRate: 0, constraints: tight
      ).weights(scenarios: scenarios)
    }
  }

  @Test func noAssets() throws {
    let none = try ScenarioSet(
      universe: Universe([]), outcomes: Matrix(rowCount: 3, columnCount: 0, columnMajor: []))
    for budget in [0.0, 1] {
      let constraints = PortfolioConstraints(budget: budget)
      #expect(throws: AllocationError.self) {
        try MaximumReturnOverExpectedShortfall(
          confidence: 0.9, riskFreeRate: 0, constraints: constraints
        ).weights(scenarios: none)
      }
    }
    #expect(throws: AllocationError.self) {
      try MinimumExpectedShortfall(confidence: 0.9).weights(scenarios: none)
    }
    let nothing = try MinimumExpectedShortfall(
      confidence: 0.9, constraints: PortfolioConstraints(budget: 0)
    ).weights(scenarios: none)
    #expect(nothing.value.expectedShortfall == 0)
  }

  @Test func aPassedDeadlineIsReported() throws {
    var settings = QuadraticSolver.Settings()
    settings.deadline = ContinuousClock.now
    let scenarios = try Self.scenarios(seed: 2, count: 50, assets: 5)
    do throws(AllocationError) {
      _ = try MinimumExpectedShortfall(confidence: 0.9, settings: settings)
        .weights(scenarios: scenarios)
      Issue.record("the deadline has passed")
    } catch {
      guard case .notSolved(let status, _) = error else { throw error }
      #expect(status == .deadlineExceeded)
    }
  }
}
