import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ScenarioSetTests {
  private let rows = [[0.01, -0.02], [0.03, 0.04], [-0.05, 0.06]]

  private func universe() throws -> Universe { try Universe(["B", "A"]) }

  @Test func equalProbabilities() throws {
    let scenarios = try ScenarioSet(universe: universe(), outcomes: Matrix(rows: rows))
    #expect(scenarios.scenarioCount == 3)
    #expect(scenarios.probabilities == nil)
    let means = try scenarios.expectedReturns
    expectClose(means.values[0], -0.01 / 3, relative: 1e-14)
    expectClose(means.values[1], 0.08 / 3, relative: 1e-14)
    let weights = try Weights(universe: universe(), values: [0.25, 0.75])
    let outcomes = try scenarios.portfolioOutcomes(weights: weights)
    expectClose(outcomes[0], -0.0125, relative: 1e-14)
    expectClose(outcomes[1], 0.0375, relative: 1e-14)
    expectClose(outcomes[2], 0.0325, relative: 1e-14)
  }

  @Test func probabilitiesWeighMeans() throws {
    let scenarios = try ScenarioSet(
      universe: universe(), outcomes: Matrix(rows: rows), probabilities: [0.5, 0.25, 0.25])
    let means = try scenarios.expectedReturns
    expectClose(means.values[0], 0, absolute: 1e-17)
    expectClose(means.values[1], 0.015, relative: 1e-14)
    let one = try scenarios.selecting(["A"])
    #expect(one.universe.assets == ["A"])
    #expect(one.probabilities == [0.5, 0.25, 0.25])
    #expect(one.outcomes[2, 0] == 0.06)
  }

  @Test func fromReturns() throws {
    let returns = try SimpleReturns(
      universe: universe(),
      timestamps: (0..<3).map { Timestamp(nanosecondsSinceEpoch: Int64($0)) },
      values: Matrix(rows: rows))
    let scenarios = try ScenarioSet(returns)
    #expect(scenarios.universe == returns.universe)
    #expect(scenarios.outcomes == returns.values)
    #expect(throws: DataError.shapeMismatch(argument: "outcomes.rowCount", got: 0, required: 1)) {
      try ScenarioSet(returns.prefix(0))
    }
  }

  @Test func theOrderOfColumnsChangesNoBit() throws {
    let plain = try ScenarioSet(universe: universe(), outcomes: Matrix(rows: rows))
    let turned = try plain.selecting(["A", "B"])
    let weights = try Weights(universe: universe(), values: [0.3, 0.7])
    let turnedWeights = try Weights(universe: Universe(["A", "B"]), values: [0.7, 0.3])
    #expect(
      try plain.portfolioOutcomes(weights: weights)
        == turned.portfolioOutcomes(weights: turnedWeights))
  }

  @Test func refusesBadShapesAndNumbers() throws {
    let outcomes = try Matrix(rows: rows)
    #expect(
      throws: DataError.shapeMismatch(argument: "outcomes.columnCount", got: 2, required: 3)
    ) { try ScenarioSet(universe: Universe(["A", "B", "C"]), outcomes: outcomes) }
    for number in hostileNumbers where !number.isFinite {
      var bad = outcomes
      bad[1, 1] = number
      do {
        _ = try ScenarioSet(universe: universe(), outcomes: bad)
        Issue.record("\(number) was taken")
      } catch DataError.invalidValue(let argument, let asset, let row, _, _, _) {
        #expect(argument == "outcomes" && asset == "A" && row == 1)
      }
    }
    #expect(throws: DataError.shapeMismatch(argument: "probabilities", got: 2, required: 3)) {
      try ScenarioSet(universe: universe(), outcomes: outcomes, probabilities: [0.5, 0.5])
    }
    for bad in [[0.5, -0.5, 1], [0.5, .nan, 0.5], [0, 1.5, -0.5]] {
      do {
        _ = try ScenarioSet(universe: universe(), outcomes: outcomes, probabilities: bad)
        Issue.record("\(bad) was taken")
      } catch DataError.invalidValue(let argument, _, let row, _, _, _) {
        #expect(argument == "probabilities" && row == 1)
      }
    }
    do {
      _ = try ScenarioSet(
        universe: universe(), outcomes: outcomes, probabilities: [0.25, 0.25, 0.25])
      Issue.record("a sum of 0.75 was taken")
    } catch DataError.invalidValue(let argument, _, let row, let got, _, _) {
      #expect(argument == "sum of probabilities" && row == nil && got == 0.75)
    }
    let scenarios = try ScenarioSet(universe: universe(), outcomes: outcomes)
    #expect(throws: DataError.self) {
      try scenarios.portfolioOutcomes(
        weights: Weights(universe: Universe(["A", "B"]), values: [1, 1]))
    }
    #expect(throws: DataError.self) {
      let huge = try ScenarioSet(universe: universe(), outcomes: Matrix(rows: [[1e200, 1]]))
      _ = try huge.portfolioOutcomes(weights: Weights(universe: universe(), values: [1e200, 0]))
    }
  }
}
