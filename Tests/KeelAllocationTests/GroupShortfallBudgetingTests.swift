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

@Suite struct GroupShortfallBudgetingTests {
  private struct References: Decodable {
    struct Case: Decodable {
      let returns: [Double]
      let count: Int
      let probabilities: [Double]?
      let confidence: Double
      let lines: [Int]
      let budgets: [Double]
      let weights: [Double]
      let objective: Double
    }
    let shortfall: [Case]
  }

  /// What has to hold for any answer, from the caller's data.
  private func verify(
    _ found: GroupShortfallBudgeting.Portfolio,
    _ scenarios: ScenarioSet,
    _ confidence: Double,
    _ places: [Int],
    _ budgets: [Double],
    _ label: String = ""
  ) throws {
    let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
    let measure = SampleRiskMeasure.expectedShortfall(confidence: confidence)
    let risk = try measure.risk(of: law).value
    #expect(found.expectedShortfall == risk)
    let count = scenarios.scenarioCount
    let given = scenarios.probabilities ?? [Double](repeating: 1, count: count)
    let mass = given.reduce(0, +)
    var total = 0.0
    for s in 0..<count {
      let cap = given[s] / mass / (1 - confidence)
      #expect(found.scenarioShares[s] >= 0 && found.scenarioShares[s] <= cap * (1 + 1e-12))
      total += found.scenarioShares[s]
    }
    expectClose(total, 1, absolute: 1e-9)
    let weights = found.weights.values
    let prices = weights.indices.map { j in
      let column = scenarios.outcomes.column(j)
      return (0..<count).reduce(0) { $0 - found.scenarioShares[$1] * column[$1] }
    }
    let sum = budgets.reduce(0, +)
    for (line, budget) in budgets.enumerated() {
      let members = places.indices.filter { places[$0] == line }
      let held = members.reduce(0) { $0 + weights[$1] }
      let part = members.reduce(0) { $0 + weights[$1] * prices[$1] }
      expectClose(part, budget / sum * risk, relative: 1e-9, label)
      expectClose(part, found.lineContributions[line], relative: 1e-11, label)
      let price = budget / sum * risk / held
      for i in members {
        #expect(weights[i] >= 0 && prices[i] >= price * (1 - 1e-9), "\(label)")
        // What a held asset is too dear by does not count against its line's budget.
        #expect(weights[i] * (prices[i] - price) <= 1e-9 * held * price, "\(label)")
        if weights[i] == 0 {
          expectClose(
            found.excessRisks[i], prices[i] - price, relative: 1e-12, absolute: 1e-9 * price, label)
        } else {
          #expect(found.excessRisks[i] == 0)
        }
      }
    }
    #expect(found.largestError <= 1e-9)
  }

  /// Against exponential cones in Clarabel.
  @Test func matchesTheReferences() throws {
    let cases = try Reference.load(References.self, "group_budgets").shortfall
    #expect(cases.count == 8)
    for (number, reference) in cases.enumerated() {
      let scenarios = try ShortfallRiskBudgetingTests.scenarios(
        reference.returns, count: reference.count, probabilities: reference.probabilities)
      let found = try GroupShortfallBudgeting(
        confidence: reference.confidence,
        lines: BudgetLines.lines(reference.lines, reference.budgets)
      ).weights(scenarios: scenarios)
      try verify(
        found, scenarios, reference.confidence, reference.lines, reference.budgets, "\(number)")
      for (weight, expected) in zip(found.weights.values, reference.weights) {
        expectClose(weight, expected, relative: 1e-5, absolute: 1e-6, "\(number)")
      }
      let total = reference.budgets.reduce(0, +)
      var objective = 1.0
      for (line, budget) in reference.budgets.enumerated() {
        let held = zip(reference.lines, found.weights.values).reduce(0) {
          $0 + ($1.0 == line ? $1.1 : 0)
        }
        objective -= budget / total * log(held / found.expectedShortfall)
      }
      #expect(objective <= reference.objective + 1e-9, "\(number)")
      expectClose(objective, reference.objective, relative: 1e-7, "\(number)")
    }
  }

  @Test(arguments: 1...100)
  func groupsMeetTheirBudgets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(900 + seed))
    let (count, width) = (20 + 30 * (seed % 7), 1 + seed % 24)
    let lines = 1 + seed % min(width, 6)
    let scenarios = try ShortfallRiskBudgetingTests.random(seed, count: count, width: width)
    let places = BudgetLines.random(width, lines: lines, using: &generator)
    let budgets = (0..<lines).map { _ in pow(10, generator.uniform(-3...0)) }
    let confidence = generator.uniform(0.3...0.9)
    do throws(AllocationError) {
      let found = try GroupShortfallBudgeting(
        confidence: confidence, lines: BudgetLines.lines(places, budgets), budget: 2.5
      ).weights(scenarios: scenarios)
      try? verify(found, scenarios, confidence, places, budgets, "\(seed)")
      expectClose(found.weights.total, 2.5, relative: 1e-12)
      #expect(found.iterations < 60, "\(seed)")
    } catch {
      // Few scenarios for many assets: some portfolio has no shortfall.
      let safest = try MinimumExpectedShortfall(confidence: confidence).weights(
        scenarios: scenarios)
      #expect(safest.value.expectedShortfall <= 1e-9, "\(seed): \(error)")
    }
  }

  /// Copies in several lines, sizes from 1e-4 to 1e2 in one, and failures of protocols from 1e-6 to 1e-1 of the other weeks.
  @Test(arguments: [23, 39, 59, 69, 79], [0, 1, 2])
  func hardMarketsAreSolved(seed: Int, kind: Int) throws {
    var generator = SeededGenerator(seed: UInt64(50_000 + seed))
    let width = 2 + seed % 40
    let lines = 1 + seed % min(width, 8)
    let count = 80 + 4 * width
    let places = BudgetLines.random(width, lines: lines, using: &generator)
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    var columns: [[Double]] = []
    for j in 0..<width {
      let scale = kind == 1 ? pow(10, generator.uniform(-4...2)) : 1
      let (beta, noise) = (generator.uniform(0.1...1.7), generator.uniform(0.005...0.06))
      let own = market.map { scale * (beta * $0 + noise * generator.gaussian()) }
      columns.append(kind == 0 && j % 3 == 2 ? columns[j - 1] : own)
    }
    var masses = [Double](repeating: 1, count: count)
    if kind == 2 {
      for line in 0..<lines {
        masses[line] = pow(10, generator.uniform(-6...(-1)))
        for j in places.indices where places[j] == line { columns[j][line] = -1 }
      }
    }
    let total = masses.reduce(0, +)
    let scenarios = try ShortfallRiskBudgetingTests.scenarios(
      columns.flatMap(\.self), count: count, probabilities: masses.map { $0 / total })
    let budgets = (0..<lines).map { _ in pow(10, generator.uniform(-4...0)) }
    let confidence = kind == 2 ? 0.99 : 0.9
    let found = try GroupShortfallBudgeting(
      confidence: confidence, lines: BudgetLines.lines(places, budgets)
    ).weights(scenarios: scenarios)
    try verify(found, scenarios, confidence, places, budgets, "\(seed) \(kind)")
    #expect(found.iterations < 80)
  }

  /// Groups of one are the budgets by asset, one group of all is the least expected shortfall.
  @Test(arguments: 1...20)
  func extremesAreKnown(seed: Int) throws {
    let width = 1 + seed % 9
    let scenarios = try ShortfallRiskBudgetingTests.random(seed, count: 150, width: width)
    let assets = scenarios.universe.assets
    var generator = SeededGenerator(seed: UInt64(seed))
    let budgets = assets.map { _ in generator.uniform(0.1...3) }
    let byAsset = try ShortfallRiskBudgeting(
      confidence: 0.9, budgets: .byAsset(Dictionary(uniqueKeysWithValues: zip(assets, budgets)))
    ).weights(scenarios: scenarios)
    let single = try GroupShortfallBudgeting(
      confidence: 0.9, lines: BudgetLines.lines(Array(0..<width), budgets)
    ).weights(scenarios: scenarios)
    #expect(single.weights == byAsset.weights)
    #expect(single.scenarioShares == byAsset.scenarioShares)
    let least = try MinimumExpectedShortfall(confidence: 0.9).weights(scenarios: scenarios).value
    let one = try GroupShortfallBudgeting(
      confidence: 0.9, lines: [RiskBudgetLine("all", Set(assets), share: 3)]
    ).weights(scenarios: scenarios)
    expectClose(one.expectedShortfall, least.expectedShortfall, relative: 1e-9)
    for (a, b) in zip(one.weights.values, least.weights.values) {
      expectClose(a, b, absolute: 1e-7)
    }
  }

  /// Two positions with the same outcomes are one: their split is free, the rest is that without the copy.
  @Test func equalAssetsShare() throws {
    let scenarios = try ShortfallRiskBudgetingTests.random(5, count: 80, width: 3)
    let columns = [0, 0, 1, 2].flatMap { j -> [Double] in
      let column = scenarios.outcomes.column(j)
      return (0..<80).map { column[$0] }
    }
    let doubled = try ShortfallRiskBudgetingTests.scenarios(columns, count: 80)
    let places = [0, 0, 1, 1]
    let found = try GroupShortfallBudgeting(
      confidence: 0.8, lines: BudgetLines.lines(places, [1, 2])
    ).weights(scenarios: doubled)
    try verify(found, doubled, 0.8, places, [1, 2])
    let plain = try GroupShortfallBudgeting(
      confidence: 0.8, lines: BudgetLines.lines([0, 1, 1], [1, 2])
    ).weights(scenarios: scenarios)
    expectClose(
      found.weights.values[0] + found.weights.values[1], plain.weights.values[0], relative: 1e-7)
  }

  /// Losses that are one number times their size: each line holds its smallest, in proportion to budgets over sizes.
  @Test func comonotonicLossesAreSplitByHand() throws {
    let base = [-0.03, 0.01, 0.02, -0.01, 0.005, -0.02]
    let columns = [1.0, 2, 5, 3].flatMap { size in base.map { size * $0 } }
    let found = try GroupShortfallBudgeting(
      confidence: 0.5, lines: BudgetLines.lines([0, 0, 1, 1], [0.6, 0.4])
    ).weights(scenarios: try ShortfallRiskBudgetingTests.scenarios(columns, count: 6))
    let total = 0.6 + 0.4 / 3
    for (weight, part) in zip(found.weights.values, [0.6, 0, 0, 0.4 / 3]) {
      expectClose(weight, part / total, absolute: 1e-9)
    }
    expectClose(found.expectedShortfall, 0.02 / total, relative: 1e-9)
    expectClose(found.excessRisks[1], 0.02, relative: 1e-8)
    expectClose(found.excessRisks[2], 0.02 * 2, relative: 1e-8)
  }

  /// A protocol that may fail takes all its positions along; its line holds less than without.
  @Test func protocolsAreLines() throws {
    let calm = try ShortfallRiskBudgetingTests.random(11, count: 98, width: 4)
    func columns(_ loss: Double) -> [Double] {
      (0..<4).flatMap { j -> [Double] in
        let column = calm.outcomes.column(j)
        return (0..<98).map { column[$0] } + [j < 2 ? -loss : 0, j < 2 ? -loss : 0]
      }
    }
    let places = [0, 0, 1, 1]
    let choice = GroupShortfallBudgeting(
      confidence: 0.9, lines: BudgetLines.lines(places, [1, 3]))
    let risky = try ShortfallRiskBudgetingTests.scenarios(columns(0.8), count: 100)
    let exposed = try choice.weights(scenarios: risky)
    try verify(exposed, risky, 0.9, places, [1, 3])
    let safe = try choice.weights(
      scenarios: try ShortfallRiskBudgetingTests.scenarios(columns(0), count: 100))
    let (left, right) = (exposed.weights.values, safe.weights.values)
    #expect(left[0] + left[1] < (right[0] + right[1]) / 2)
  }

  @Test func namesWhatIsWrong() throws {
    let scenarios = try ShortfallRiskBudgetingTests.random(3, count: 30, width: 3)
    for (argument, asset, lines) in BudgetLines.wrong {
      do throws(AllocationError) {
        _ = try GroupShortfallBudgeting(confidence: 0.9, lines: lines).weights(
          scenarios: scenarios)
        Issue.record("\(argument)")
      } catch {
        guard case .invalidValue(argument, asset, _, _) = error else {
          Issue.record("\(argument): \(error)")
          continue
        }
      }
    }
    let all = [RiskBudgetLine("x", ["A0", "A1", "A2"], share: 1)]
    for confidence in [0.0, 1, -1, .nan] {
      #expect(throws: AllocationError.self) {
        try GroupShortfallBudgeting(confidence: confidence, lines: all).weights(
          scenarios: scenarios)
      }
    }
    for budget in [0.0, -1, .nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try GroupShortfallBudgeting(confidence: 0.9, lines: all, budget: budget).weights(
          scenarios: scenarios)
      }
    }
    // An asset without outcomes, and one that only gains.
    for column in [[0.0, 0, 0], [0.01, 0.02, 0.03]] {
      do throws(AllocationError) {
        _ = try GroupShortfallBudgeting(
          confidence: 0.5, lines: BudgetLines.lines([0, 0], [1])
        ).weights(
          scenarios: try! ShortfallRiskBudgetingTests.scenarios(
            column + [0.01, -0.02, 0.01], count: 3))
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
