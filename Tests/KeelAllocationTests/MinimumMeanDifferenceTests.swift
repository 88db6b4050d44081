import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct MinimumMeanDifferenceTests {
  /// The least mean difference with all pairs as scenarios of one expected shortfall.
  private static func leastOverAllPairs(_ scenarios: ScenarioSet) throws -> Double {
    let (count, width) = (scenarios.scenarioCount, scenarios.universe.count)
    let p = scenarios.probabilities ?? (0..<count).map { _ in 1 / Double(count) }
    var columns = [[Double]](repeating: [], count: width)
    var masses: [Double] = []
    for s in 0..<count where p[s] > 0 {
      for t in 0..<count where t != s && p[t] > 0 {
        masses.append(p[s] * p[t])
        for j in 0..<width {
          columns[j].append(scenarios.outcomes[s, j] - scenarios.outcomes[t, j])
        }
      }
    }
    let total = masses.reduce(0, +)
    for j in 0..<width { columns[j].append(0) }
    let program = try ExpectedShortfallProgram(
      outcomes: Matrix(
        rowCount: masses.count + 1, columnCount: width, columnMajor: columns.flatMap { $0 }),
      probabilities: masses.map { $0 / total / 2 } + [0.5], confidence: 0.5,
      lowerBounds: [Double](repeating: 0, count: width),
      upperBounds: [Double](repeating: 1, count: width),
      rows: [
        LinearRow(
          "total", coefficients: [Double](repeating: 1, count: width), lower: 1, upper: 1)
      ])
    let solution = ExpectedShortfallSolver().solve(program)
    #expect(solution.status == .optimal)
    // Each pair stands there twice, once with a loss.
    return 2 * solution.value.expectedShortfall
  }

  @Test(arguments: 1...8)
  func fewPairsAreEnough(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (count, width) = ([20, 60, 95, 110][seed % 4], 2 + seed % 5)
    let columns = MinimumDrawdownTests.columns(&generator, count: count, width: width)
    let weighted = (0..<count).map { $0 % 7 == 2 ? 0 : generator.uniform(0.2...1) }
    let total = weighted.reduce(0, +)
    let scenarios = try MinimumDrawdownTests.scenarios(
      columns,
      probabilities: seed.isMultiple(of: 2) ? weighted.map { $0 / total } : nil)
    let found = try MinimumRisk(.giniMeanDifference).weights(scenarios: scenarios)
    expectClose(found.risk, try Self.leastOverAllPairs(scenarios), relative: 1e-8)
    #expect(found.largestImprovement <= 1e-8 * found.risk)
  }

  /// Far more pairs than are open, with limits.
  @Test func manyScenariosAreProved() throws {
    var generator = SeededGenerator(seed: 5)
    let scenarios = try MinimumDrawdownTests.scenarios(
      MinimumDrawdownTests.columns(&generator, count: 400, width: 8))
    let held = try Weights(
      universe: scenarios.universe, values: [0.5, 0.5, 0, 0, 0, 0, 0, 0])
    for constraints in [
      PortfolioConstraints.longOnly,
      PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.2)]),
      .longShort(net: 1, gross: 1.6, bounds: .uniform(-0.5...1)),
    ] {
      let found = try MinimumRisk(.giniMeanDifference, constraints: constraints)
        .weights(scenarios: scenarios)
      #expect(found.largestImprovement <= 1e-8 * found.risk)
      let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
      #expect(found.risk == (try SampleRiskMeasure.giniMeanDifference.risk(of: law).value))
    }
  }

  /// Ties of all kinds.
  @Test func tiesAreSolved() throws {
    var generator = SeededGenerator(seed: 9)
    let base = MinimumDrawdownTests.columns(&generator, count: 70, width: 3)
    let samples: [(String, [[Double]])] = [
      ("one asset", [base[0]]),
      ("two alike", [base[0], base[0], base[1]]),
      ("twice", base.map { $0 + $0 }),
      ("rounded", base.map { $0.map { ($0 * 50).rounded() / 50 } }),
      ("coins", base.map { $0.map { $0 > 0 ? 0.01 : -0.01 } }),
      ("few scenarios", MinimumDrawdownTests.columns(&generator, count: 3, width: 9)),
      ("constant", [[Double](repeating: 0.01, count: 120), base[0] + base[1].prefix(50)]),
    ]
    for (sample, columns) in samples {
      let scenarios = try MinimumDrawdownTests.scenarios(columns)
      let found = try MinimumRisk(.giniMeanDifference).weights(scenarios: scenarios)
      let size = columns.joined().reduce(0) { max($0, $1.magnitude) }
      #expect(found.largestImprovement <= 1e-8 * max(found.risk, size), "\(sample)")
    }
  }
}
