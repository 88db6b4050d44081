import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ShortfallRiskBudgetingTests {
  private struct References: Decodable {
    struct Case: Decodable {
      let returns: [Double]
      let count: Int
      let probabilities: [Double]?
      let confidence: Double
      let budgets: [Double]
      let weights: [Double]
      let objective: Double
    }
    let cases: [Case]
  }

  static func scenarios(
    _ columns: [Double],
    count: Int,
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    try ScenarioSet(
      universe: Universe((0..<(columns.count / count)).map { AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: count, columnCount: columns.count / count, columnMajor: columns),
      probabilities: probabilities)
  }

  static func random(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    return try scenarios(
      (0..<width).flatMap { _ -> [Double] in
        let (beta, noise) = (generator.uniform(0.1...1.7), generator.uniform(0.005...0.06))
        return market.map { beta * $0 + noise * generator.gaussian() }
      }, count: count)
  }

  private func table(_ budgets: [Double]) -> RiskBudgeting.Budgets {
    .byAsset(
      Dictionary(uniqueKeysWithValues: budgets.enumerated().map { (AssetID("A\($0)"), $1) }))
  }

  /// What has to hold for any answer, from the caller's data.
  private func verify(
    _ found: ShortfallRiskBudgeting.Portfolio,
    _ scenarios: ScenarioSet,
    _ confidence: Double,
    _ budgets: [Double]
  ) throws {
    let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
    let measure = SampleRiskMeasure.expectedShortfall(confidence: confidence)
    #expect(found.expectedShortfall == (try measure.risk(of: law).value))
    let count = scenarios.scenarioCount
    let masses = scenarios.probabilities ?? [Double](repeating: 1 / Double(count), count: count)
    var total = 0.0
    for s in 0..<count {
      let cap = masses[s] / (1 - confidence)
      #expect(found.scenarioShares[s] >= 0 && found.scenarioShares[s] <= cap * (1 + 1e-12))
      total += found.scenarioShares[s]
    }
    expectClose(total, 1, absolute: 1e-9)
    for (j, budget) in budgets.enumerated() {
      let column = scenarios.outcomes.column(j)
      var part = 0.0
      for s in 0..<count {
        part -= found.scenarioShares[s] * column[s] * found.weights.values[j]
      }
      expectClose(part, budget * found.expectedShortfall, relative: 1e-9)
      expectClose(part, found.contributions[j], relative: 1e-12)
    }
  }

  /// Against exponential cones in Clarabel.
  @Test func matchesTheReferences() throws {
    for (number, reference) in try Reference.load(References.self, "shortfall_budgets")
      .cases.enumerated()
    {
      let scenarios = try Self.scenarios(
        reference.returns, count: reference.count, probabilities: reference.probabilities)
      let found = try ShortfallRiskBudgeting(
        confidence: reference.confidence, budgets: table(reference.budgets)
      ).weights(scenarios: scenarios)
      try verify(found, scenarios, reference.confidence, reference.budgets)
      for (weight, expected) in zip(found.weights.values, reference.weights) {
        expectClose(weight, expected, relative: 1e-5, "\(number)")
      }
      let scale = found.expectedShortfall
      let objective = zip(reference.budgets, found.weights.values)
        .reduce(1) { $0 - $1.0 * log($1.1 / scale) }
      #expect(objective <= reference.objective + 1e-9, "\(number)")
    }
  }

  @Test(arguments: 1...400)
  func contributionsMeetTheirBudgets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(300 + seed))
    let (count, width) = (20 + 30 * (seed % 7), 1 + seed % 24)
    let scenarios = try Self.random(seed, count: count, width: width)
    var budgets = (0..<width).map { _ in pow(10, generator.uniform(-3...0)) }
    let total = budgets.reduce(0, +)
    budgets = budgets.map { $0 / total }
    let confidence = generator.uniform(0.3...0.9)
    let choice = ShortfallRiskBudgeting(
      confidence: confidence, budgets: table(budgets), budget: 2.5)
    do throws(AllocationError) {
      let found = try choice.weights(scenarios: scenarios)
      try? verify(found, scenarios, confidence, budgets)
      expectClose(found.weights.total, 2.5, relative: 1e-12)
      #expect(found.iterations < 60)
    } catch {
      // Few scenarios for many assets: some portfolio has no shortfall.
      let safest = try MinimumExpectedShortfall(confidence: confidence).weights(
        scenarios: scenarios)
      #expect(safest.value.expectedShortfall <= 1e-9, "\(error)")
    }
  }

  /// Copies of a scenario with parts of its probability change nothing; nor does the scale of an asset but for its weight.
  @Test func dependsOnTheLawAlone() throws {
    let scenarios = try Self.random(7, count: 60, width: 5)
    let choice = ShortfallRiskBudgeting(confidence: 0.9)
    let found = try choice.weights(scenarios: scenarios)
    var doubled: [Double] = []
    for j in 0..<5 {
      let column = scenarios.outcomes.column(j)
      for s in 0..<60 { doubled.append(column[s]) }
      for s in 0..<60 { doubled.append(column[s]) }
    }
    let masses =
      [Double](repeating: 0.3 / 60, count: 60) + [Double](repeating: 0.7 / 60, count: 60)
    let same = try choice.weights(
      scenarios: try Self.scenarios(doubled, count: 120, probabilities: masses))
    for (a, b) in zip(found.weights.values, same.weights.values) {
      expectClose(a, b, relative: 1e-7)
    }
    var scaled: [Double] = []
    for j in 0..<5 {
      let column = scenarios.outcomes.column(j)
      for s in 0..<60 { scaled.append(column[s] * pow(10, Double(2 * j - 4))) }
    }
    let other = try choice.weights(scenarios: try Self.scenarios(scaled, count: 60))
    let weights = other.weights.values.enumerated().map { $1 * pow(10, Double(2 * $0 - 4)) }
    let total = weights.reduce(0, +)
    for (a, b) in zip(found.weights.values, weights) {
      expectClose(a, b / total, relative: 1e-7)
    }
  }

  /// For assets whose losses are one number times their size the weights are budgets over sizes.
  @Test func comonotonicLossesAreSplitByHand() throws {
    let base = [-0.03, 0.01, 0.02, -0.01, 0.005, -0.02]
    let columns = base + base.map { 2 * $0 } + base.map { 5 * $0 }
    let found = try ShortfallRiskBudgeting(
      confidence: 0.5, budgets: table([0.5, 0.3, 0.2])
    ).weights(scenarios: try Self.scenarios(columns, count: 6))
    let parts = [0.5, 0.15, 0.04]
    for (weight, part) in zip(found.weights.values, parts) {
      expectClose(weight, part / 0.69, relative: 1e-9)
    }
    expectClose(found.expectedShortfall, 0.02 * (0.5 + 0.3 + 0.2) / 0.69, relative: 1e-9)
  }

  /// A protocol that may fail is a scenario, and its holder gets the budget of that loss, too.
  @Test func failuresAreScenarios() throws {
    let calm = [-0.02, 0.01, 0.02, -0.01]
    let other = [0.01, -0.02, -0.01, 0.02]
    let masses = [0.24, 0.24, 0.24, 0.24, 0.04]
    let exposed = try ShortfallRiskBudgeting(confidence: 0.9).weights(
      scenarios: try Self.scenarios(
        calm + [-0.5] + other + [0.0], count: 5, probabilities: masses))
    let safe = try ShortfallRiskBudgeting(confidence: 0.9).weights(
      scenarios: try Self.scenarios(
        calm + [0.0] + other + [0.0], count: 5, probabilities: masses))
    #expect(exposed.weights.values[0] < safe.weights.values[0] / 2)
    try verify(
      exposed,
      try Self.scenarios(calm + [-0.5] + other + [0.0], count: 5, probabilities: masses), 0.9,
      [0.5, 0.5])
  }

  @Test func namesWhatIsWrong() throws {
    let scenarios = try Self.random(3, count: 30, width: 3)
    for confidence in [0.0, 1, -1, .nan] {
      #expect(throws: AllocationError.self) {
        try ShortfallRiskBudgeting(confidence: confidence).weights(scenarios: scenarios)
      }
    }
    for budget in [0.0, -1, .nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try ShortfallRiskBudgeting(confidence: 0.9, budget: budget).weights(scenarios: scenarios)
      }
    }
    #expect(throws: AllocationError.self) {
      try ShortfallRiskBudgeting(confidence: 0.9, budgets: .byAsset(["A0": 1])).weights(
        scenarios: scenarios)
    }
    // An asset without outcomes, and one that only gains.
    for column in [[0.0, 0, 0], [0.01, 0.02, 0.03]] {
      do throws(AllocationError) {
        _ = try ShortfallRiskBudgeting(confidence: 0.5).weights(
          scenarios: try! Self.scenarios(column + [0.01, -0.02, 0.01], count: 3))
        Issue.record("budgets of nothing")
      } catch {
        guard case .riskBudgetUnattainable = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }
}
