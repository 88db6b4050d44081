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

/// Budget lines over the assets of `Market`.
enum BudgetLines {
  static func lines(_ places: [Int], _ shares: [Double]) -> [RiskBudgetLine] {
    shares.enumerated().map { line, share in
      RiskBudgetLine(
        "L\(line)", Set(places.indices.filter { places[$0] == line }.map { AssetID("A\($0)") }),
        share: share)
    }
  }

  /// Each line has an asset.
  static func random(
    _ count: Int,
    lines: Int,
    using generator: inout SeededGenerator
  ) -> [Int] {
    (0..<count).map { $0 < lines ? $0 : Int(generator.uniform(0...(Double(lines) - 1e-9))) }
  }

  /// Lines that no choice may accept for assets A0 to A2, with the argument that the error names.
  static let wrong: [(argument: String, asset: AssetID?, lines: [RiskBudgetLine])] =
    [
      ("count of lines", nil, []),
      ("count of lines", "A2", [RiskBudgetLine("x", ["A0", "A1"], share: 1)]),
      (
        "count of lines", "A1",
        [
          RiskBudgetLine("x", ["A0", "A1"], share: 1),
          RiskBudgetLine("y", ["A1", "A2"], share: 1),
        ]
      ),
      (
        "count of assets in y", nil,
        [RiskBudgetLine("x", ["A0", "A1", "A2"], share: 1), RiskBudgetLine("y", [], share: 1)]
      ),
      (
        "count of lines named x", nil,
        [RiskBudgetLine("x", ["A0", "A1"], share: 1), RiskBudgetLine("x", ["A2"], share: 1)]
      ),
    ]
    + [0.0, -1, .nan, .infinity].map { share in
      (
        "share of y", nil,
        [RiskBudgetLine("x", ["A0", "A1"], share: 1), RiskBudgetLine("y", ["A2"], share: share)]
      )
    }
}

@Suite struct GroupRiskBudgetingTests {
  private struct References: Decodable {
    struct Case: Decodable {
      let covariance: [[Double]]
      let lines: [Int]
      let budgets: [Double]
      let weights: [Double]
    }
    let volatility: [Case]
  }

  /// What has to hold for any answer, from the caller's data.
  private func verify(
    _ solution: Solution<GroupRiskBudgeting.Portfolio>,
    _ covariance: Covariance,
    _ places: [Int],
    _ budgets: [Double],
    _ label: String = ""
  ) {
    let weights = solution.value.weights.values
    let marginal = weights.indices.map { i in
      weights.indices.reduce(0) { $0 + covariance.matrix[i, $1] * weights[$1] }
    }
    let variance = zip(weights, marginal).reduce(0) { $0 + $1.0 * $1.1 }
    let total = budgets.reduce(0, +)
    for (line, budget) in budgets.enumerated() {
      let members = places.indices.filter { places[$0] == line }
      let sum = members.reduce(0) { $0 + weights[$1] }
      let part = members.reduce(0) { $0 + weights[$1] * marginal[$1] }
      expectClose(part, budget / total * variance, relative: 1e-9, label)
      expectClose(
        solution.value.lineContributions[line], part / variance.squareRoot(), relative: 1e-11)
      let price = budget / total * variance / sum
      for i in members {
        if weights[i] > 0 {
          expectClose(marginal[i], price, relative: 1e-9, label)
        } else {
          #expect(weights[i] == 0 && marginal[i] >= price * (1 - 1e-9), "\(label)")
          expectClose(
            solution.duals.bounds[i], marginal[i] - price, absolute: 1e-9 * price, label)
        }
      }
    }
    #expect(solution.value.largestError <= 1e-9)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
    #expect(solution.duals["budget"] == 0)
  }

  /// Against exponential cones in Clarabel, with Newton steps at 50 digits on the assets that are held.
  @Test func matchesTheReferences() throws {
    let cases = try Reference.load(References.self, "group_budgets").volatility
    #expect(cases.count == 8)
    for (number, reference) in cases.enumerated() {
      let covariance = try Market.covariance(reference.covariance)
      let solution = try GroupRiskBudgeting(
        lines: BudgetLines.lines(reference.lines, reference.budgets)
      ).weights(covariance: covariance)
      verify(solution, covariance, reference.lines, reference.budgets, "\(number)")
      for (weight, expected) in zip(solution.value.weights.values, reference.weights) {
        #expect((weight == 0) == (expected == 0), "\(number)")
        expectClose(weight, expected, relative: 1e-10, "\(number)")
      }
    }
  }

  @Test(arguments: 1...150)
  func groupsMeetTheirBudgets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(4000 + seed))
    let count = 1 + seed % 25
    let lines = 1 + seed % min(count, 7)
    let (_, covariance) = try Market.factorModel(count: count, seed: seed)
    let places = BudgetLines.random(count, lines: lines, using: &generator)
    let budgets = (0..<lines).map { _ in pow(10, generator.uniform(-4...0)) }
    let solution = try GroupRiskBudgeting(lines: BudgetLines.lines(places, budgets), budget: 2.5)
      .weights(covariance: covariance)
    verify(solution, covariance, places, budgets, "\(seed)")
    expectClose(solution.value.weights.total, 2.5, relative: 1e-12)
    #expect(solution.certificate.iterations < 20)
  }

  /// Groups of one are the budgets by asset, one group of all is the least variance.
  @Test(arguments: 1...20)
  func extremesAreKnown(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 1 + seed
    let (_, covariance) = try Market.factorModel(count: count, seed: seed)
    let assets = covariance.universe.assets
    let budgets = assets.map { _ in generator.uniform(0.1...3) }
    let byAsset = try RiskBudgeting(
      budgets: .byAsset(Dictionary(uniqueKeysWithValues: zip(assets, budgets)))
    ).weights(covariance: covariance).value
    let single = try GroupRiskBudgeting(lines: BudgetLines.lines(Array(0..<count), budgets))
      .weights(covariance: covariance).value
    for (a, b) in zip(byAsset.weights.values, single.weights.values) {
      expectClose(a, b, relative: 1e-9)
    }
    let least = try MinimumVariance().weights(covariance: covariance).value
    let one = try GroupRiskBudgeting(lines: [RiskBudgetLine("all", Set(assets), share: 3)])
      .weights(covariance: covariance).value
    for (a, b) in zip(least.values, one.weights.values) { expectClose(a, b, absolute: 1e-11) }
  }

  /// The parts of a factor model are the same covariance.
  @Test(arguments: 1...10)
  func factorModelsStayInParts(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 6 + seed
    let loadings = (0..<(2 * count)).map { _ in 1 + 0.5 * generator.gaussian() }
    let parts = FactorCovariance(
      loadings: try Matrix(rowCount: count, columnCount: 2, columnMajor: loadings),
      factorCovariance: try SymmetricMatrix(rows: [[4e-4, 1e-4], [1e-4, 2e-4]]),
      specificVariances: (0..<count).map { _ in 1e-4 * generator.uniform(1...9) })
    let universe = try Market.universe(count)
    let factor = try Covariance(universe: universe, factor: parts)
    let dense = try Covariance(universe: universe, dense: factor.matrix)
    let places = BudgetLines.random(count, lines: 3, using: &generator)
    let choice = GroupRiskBudgeting(lines: BudgetLines.lines(places, [1, 2, 0.5]))
    let left = try choice.weights(covariance: factor)
    verify(left, factor, places, [1, 2, 0.5])
    let right = try choice.weights(covariance: dense)
    for (a, b) in zip(left.value.weights.values, right.value.weights.values) {
      expectClose(a, b, absolute: 1e-11)
    }
  }

  /// Two positions of equal risk in one protocol: any split of its weight is right, and its budget holds.
  @Test func equalAssetsShare() throws {
    let covariance = try Market.covariance([
      [0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.09],
    ])
    let places = [0, 0, 1]
    let solution = try GroupRiskBudgeting(lines: BudgetLines.lines(places, [1, 1]))
      .weights(covariance: covariance)
    verify(solution, covariance, places, [1, 1])
    let two = try RiskBudgeting().weights(
      covariance: Market.covariance([[0.04, 0.01], [0.01, 0.09]])
    ).value.weights.values
    expectClose(
      solution.value.weights.values[0] + solution.value.weights.values[1], two[0], relative: 1e-9)
  }

  @Test func scaleOfTheMarketDoesNotMatter() throws {
    let (_, covariance) = try Market.factorModel(count: 9, seed: 3)
    let choice = GroupRiskBudgeting(
      lines: BudgetLines.lines([0, 1, 2, 0, 1, 2, 0, 1, 2], [3, 1, 2]))
    let found = try choice.weights(covariance: covariance).value
    for scale in [1e-60, 1e60] {
      let other = try choice.weights(
        covariance: Market.covariance(
          (0..<9).map { i in (0..<9).map { scale * covariance.matrix[i, $0] } })
      ).value
      for (a, b) in zip(found.weights.values, other.weights.values) {
        expectClose(a, b, absolute: 1e-11)
      }
    }
  }

  @Test func namesWhatIsWrong() throws {
    let (_, covariance) = try Market.factorModel(count: 3, seed: 1)
    for (argument, asset, lines) in BudgetLines.wrong {
      do throws(AllocationError) {
        _ = try GroupRiskBudgeting(lines: lines).weights(covariance: covariance)
        Issue.record("\(argument)")
      } catch {
        guard case .invalidValue(argument, asset, _, _) = error else {
          Issue.record("\(argument): \(error)")
          continue
        }
      }
    }
    let all = [RiskBudgetLine("x", ["A0", "A1", "A2"], share: 1)]
    for budget in [0.0, -1, .nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try GroupRiskBudgeting(lines: all, budget: budget).weights(covariance: covariance)
      }
    }
    #expect(throws: AllocationError.universeMismatch(position: nil, left: "B", right: nil)) {
      try GroupRiskBudgeting(lines: all + [RiskBudgetLine("y", ["B"], share: 1)])
        .weights(covariance: covariance)
    }
  }

  @Test func riskMustNotVanish() throws {
    let lines = BudgetLines.lines([0, 1], [1, 1])
    #expect(throws: AllocationError.riskBudgetUnattainable(asset: "A1", reason: .noVariance)) {
      try GroupRiskBudgeting(lines: lines).weights(
        covariance: Market.covariance([[0.04, 0], [0, 0]]))
    }
    // Assets that hedge each other completely, in two lines and in one.
    for places in [[0, 1], [0, 0]] {
      do throws(AllocationError) {
        _ = try GroupRiskBudgeting(
          lines: BudgetLines.lines(places, places[1] == 1 ? [1, 1] : [1])
        ).weights(covariance: try! Market.covariance([[0.04, -0.04], [-0.04, 0.04]]))
        Issue.record("no risk")
      } catch {
        guard case .riskBudgetUnattainable(_, .vanishingRisk) = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try GroupRiskBudgeting(lines: BudgetLines.lines([0, 0, 1], [1, 1])).weights(
        covariance: Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]]))
    }
  }
}
