import KeelAllocation
import KeelData
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

@Suite struct FactorRiskBudgetingTests {
  private struct References: Decodable {
    struct Case: Decodable {
      let covariance: [[Double]]
      let loadings: [[Double]]
      let budgets: [Double]
      let weights: [Double]?
      let relative: Double
    }
    let cases: [Case]
  }

  private static func factors(_ loadings: [[Double]]) -> [FactorLoading] {
    loadings.enumerated().map { k, column in
      FactorLoading(
        "F\(k)",
        Dictionary(uniqueKeysWithValues: column.enumerated().map { (AssetID("A\($0)"), $1) }))
    }
  }

  private static func table(_ budgets: [Double]) -> FactorRiskBudgeting.Budgets {
    .byFactor(Dictionary(uniqueKeysWithValues: budgets.enumerated().map { ("F\($0)", $1) }))
  }

  /// What has to hold for any answer, from the caller's data.
  private func verify(
    _ solution: Solution<FactorRiskBudgeting.Portfolio>,
    _ covariance: Covariance,
    _ factors: [FactorLoading],
    _ budgets: [Double],
    relative: Double = 1e-10
  ) throws {
    let weights = solution.value.weights
    let split = try FactorContributions.volatility(
      weights: weights, covariance: covariance, factors: factors)
    #expect(split == solution.value.contributions)
    let total = budgets.reduce(0, +)
    for (part, budget) in zip(split.contributions, budgets) {
      expectClose(part, budget / total * split.total, relative: relative)
    }
    expectClose(split.rest, 0, absolute: relative * split.total)
    #expect(split.exposures.allSatisfy { $0 > 0 })
    #expect(solution.status == .optimal)
    #expect(solution.certificate.dualResidual <= relative)
  }

  /// Against Newton steps in the weights at 50 digits.
  @Test func matchesTheReferences() throws {
    let cases = try Reference.load(References.self, "factor_budgets").cases
    #expect(cases.count == 10)
    #expect(cases.count { $0.weights == nil } == 2)
    for (number, reference) in cases.enumerated() {
      let covariance = try Market.covariance(reference.covariance)
      let factors = Self.factors(reference.loadings)
      var choice = FactorRiskBudgeting(factors: factors, budgets: Self.table(reference.budgets))
      choice.settings.relativeTolerance = 1e-13
      guard let expected = reference.weights else {
        do throws(AllocationError) {
          _ = try choice.weights(covariance: covariance)
          Issue.record("\(number)")
        } catch {
          guard case .riskBudgetUnattainable(_, .sumOutOfReach(closest: 0)) = error else {
            Issue.record("\(error)")
            continue
          }
        }
        continue
      }
      let solution = try choice.weights(covariance: covariance)
      // The nearly singular markets leave more to rounding.
      try verify(
        solution, covariance, factors, reference.budgets,
        relative: max(1e-10, reference.relative))
      for (weight, value) in zip(solution.value.weights.values, expected) {
        expectClose(weight, value, relative: reference.relative, "\(number)")
      }
    }
  }

  @Test(arguments: 1...150)
  func contributionsMeetTheirBudgets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(7000 + seed))
    let count = 1 + seed % 20
    let (_, covariance) = try Market.factorModel(count: count, seed: seed)
    let width = 1 + seed % max(1, min(count, 6))
    let loadings = (0..<width).map { k in
      (0..<count).map { _ in k == 0 ? generator.uniform(0.2...2) : generator.gaussian() }
    }
    let budgets = (0..<width).map { _ in pow(10, generator.uniform(-4...0)) }
    let factors = Self.factors(loadings)
    do throws(AllocationError) {
      let solution = try FactorRiskBudgeting(
        factors: factors, budgets: Self.table(budgets), budget: 2.5
      ).weights(covariance: covariance)
      expectClose(solution.value.weights.total, 2.5, relative: 1e-9)
      try? verify(solution, covariance, factors, budgets)
    } catch {
      guard case .riskBudgetUnattainable(_, .sumOutOfReach) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  /// One factor: the weights are Σ⁻¹a; a factor model in its parts is the same covariance.
  @Test func oneFactorIsTheLeastVarianceForIt() throws {
    let universe = try Market.universe(3)
    let parts = FactorCovariance(
      loadings: try Matrix(rowCount: 3, columnCount: 1, columnMajor: [1, 0, 0]),
      factorCovariance: try SymmetricMatrix(rows: [[0]]), specificVariances: [0.04, 0.01, 0.09])
    let covariance = try Covariance(universe: universe, factor: parts)
    let factors = Self.factors([[1, 2, -3]])
    let found = try FactorRiskBudgeting(factors: factors).weights(covariance: covariance).value
    let wanted = [1 / 0.04, 2 / 0.01, -3 / 0.09]
    let total = wanted.reduce(0, +)
    for (weight, value) in zip(found.weights.values, wanted) {
      expectClose(weight, value / total, relative: 1e-13)
    }
    // All assets with the loading one: the least variance without bounds.
    let (_, market) = try Market.factorModel(count: 6, seed: 4)
    let least = try MinimumVariance(
      constraints: PortfolioConstraints(bounds: .uniform(-10...10))
    ).weights(covariance: market).value
    let even = try FactorRiskBudgeting(
      factors: Self.factors([[Double](repeating: 1, count: 6)])
    ).weights(covariance: market).value
    for (weight, value) in zip(even.weights.values, least.values) {
      expectClose(weight, value, absolute: 1e-10)
    }
  }

  /// A factor for each asset: risk budgets by asset.
  @Test(arguments: 1...20)
  func assetsAsFactors(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (_, covariance) = try Market.factorModel(count: 2 + seed, seed: seed)
    let assets = covariance.universe.assets
    let budgets = assets.map { _ in generator.uniform(0.1...3) }
    let byAsset = try RiskBudgeting(
      budgets: .byAsset(Dictionary(uniqueKeysWithValues: zip(assets, budgets)))
    ).weights(covariance: covariance).value
    let factors = assets.map { FactorLoading($0.rawValue, [$0: 1]) }
    let table = Dictionary(uniqueKeysWithValues: zip(assets.map(\.rawValue), budgets))
    let byFactor = try FactorRiskBudgeting(factors: factors, budgets: .byFactor(table))
      .weights(covariance: covariance).value
    for (a, b) in zip(byAsset.weights.values, byFactor.weights.values) {
      expectClose(a, b, relative: 1e-9)
    }
  }

  /// The unit of a factor, the scale of the market and the order of the factors change nothing; a factor with the other sign
  /// has the other exposure.
  @Test func unitsAndSigns() throws {
    let (_, covariance) = try Market.factorModel(count: 5, seed: 9)
    let market = [1, 1.2, 0.8, 0.9, 1.1]
    let size = [0.6, 0.2, 0.4, 0.1, 0.5]
    let budgets = FactorRiskBudgeting.Budgets.byFactor(["F0": 3, "F1": 1])
    let found = try FactorRiskBudgeting(factors: Self.factors([market, size]), budgets: budgets)
      .weights(covariance: covariance).value
    let large = try Covariance(
      universe: covariance.universe,
      dense: SymmetricMatrix(
        rows: (0..<5).map { i in (0..<5).map { 1e40 * covariance.matrix[i, $0] } }))
    let scaled = Array(
      Self.factors([market.map { 1e6 * $0 }, size.map { 1e-4 * $0 }]).reversed())
    let same = try FactorRiskBudgeting(factors: scaled, budgets: budgets)
      .weights(covariance: large).value
    for (a, b) in zip(found.weights.values, same.weights.values) {
      expectClose(a, b, relative: 1e-9)
    }
    let other = try FactorRiskBudgeting(
      factors: Self.factors([market, size.map { -$0 }]), budgets: budgets
    ).weights(covariance: covariance).value
    #expect(other.contributions.exposures[1] > 0)
    #expect(zip(size, other.weights.values).reduce(0) { $0 + $1.0 * $1.1 } < 0)
  }

  private func expectInvalid(
    _ argument: String,
    _ choice: FactorRiskBudgeting,
    _ covariance: Covariance
  ) {
    do throws(AllocationError) {
      _ = try choice.weights(covariance: covariance)
      Issue.record("\(argument)")
    } catch {
      guard case .invalidValue(argument, _, _, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func namesWhatIsWrong() throws {
    let (_, covariance) = try Market.factorModel(count: 3, seed: 2)
    let factors = Self.factors([[1, 1, 1], [1, 2, 3]])
    for budget in [0.0, -1, .nan, .infinity] {
      expectInvalid("budget", FactorRiskBudgeting(factors: factors, budget: budget), covariance)
    }
    for share in [0.0, -1, .nan, .infinity] {
      expectInvalid(
        "budget of F1",
        FactorRiskBudgeting(factors: factors, budgets: Self.table([1, share])), covariance)
    }
    expectInvalid(
      "budget of F1", FactorRiskBudgeting(factors: factors, budgets: Self.table([1])), covariance)
    expectInvalid(
      "count of factors named F2",
      FactorRiskBudgeting(factors: factors, budgets: Self.table([1, 1, 1])), covariance)
    expectInvalid("count of factors", FactorRiskBudgeting(factors: []), covariance)
    expectInvalid(
      "count of factors named F0", FactorRiskBudgeting(factors: [factors[0], factors[0]]),
      covariance)
    expectInvalid(
      "loadings of F1", FactorRiskBudgeting(factors: Self.factors([[1, 1, 1], [0, 0, 0]])),
      covariance)
    expectInvalid(
      "loadings of F0", FactorRiskBudgeting(factors: Self.factors([[1, .nan, 1]])), covariance)
    // One factor twice, and more factors than assets.
    for loadings in [
      [[1.0, 2, 3], [2, 4, 6]], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 2]],
    ] {
      do throws(AllocationError) {
        _ = try FactorRiskBudgeting(factors: Self.factors(loadings))
          .weights(covariance: covariance)
        Issue.record("dependent factors")
      } catch {
        guard case .invalidValue(let argument, nil, _, _) = error, argument.hasPrefix("part of")
        else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    #expect(throws: AllocationError.universeMismatch(position: nil, left: "B", right: nil)) {
      try FactorRiskBudgeting(factors: [FactorLoading("x", ["B": 1])])
        .weights(covariance: covariance)
    }
  }

  @Test func namesTheAssetThatHedges() throws {
    let factors = [FactorLoading("x", ["A0": 1, "A1": 1])]
    #expect(
      throws: AllocationError.riskBudgetUnattainable(
        asset: "A1", reason: .vanishingRisk(error: .infinity))
    ) {
      try FactorRiskBudgeting(factors: factors)
        .weights(covariance: Market.covariance([[0.04, 0.04], [0.04, 0.04]]))
    }
    #expect(throws: AllocationError.riskBudgetUnattainable(asset: "A1", reason: .noVariance)) {
      try FactorRiskBudgeting(factors: factors)
        .weights(covariance: Market.covariance([[0.04, 0], [0, 0]]))
    }
    // Long one and short the other: the sum is zero.
    do throws(AllocationError) {
      _ = try FactorRiskBudgeting(factors: [FactorLoading("x", ["A0": 1, "A1": -1])])
        .weights(covariance: try! Market.covariance([[0.04, 0.01], [0.01, 0.04]]))
      Issue.record("no sum")
    } catch {
      guard case .riskBudgetUnattainable(_, .sumOutOfReach(closest: 0)) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }
}
