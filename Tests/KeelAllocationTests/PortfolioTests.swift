import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Seeded markets.
enum Market {
  static func universe(_ count: Int) throws -> Universe {
    try Universe((0..<count).map { AssetID("A\($0)") })
  }

  static func covariance(_ rows: [[Double]]) throws -> Covariance {
    try Covariance(universe: universe(rows.count), dense: SymmetricMatrix(rows: rows))
  }

  static func returns(_ values: [Double]) throws -> ExpectedReturns {
    try ExpectedReturns(universe: universe(values.count), values: values)
  }

  /// A factor model with three factors; with `isSpecific` false the rank is three.
  static func factorModel(
    count: Int,
    seed: Int,
    isSpecific: Bool = true
  ) throws -> (mean: ExpectedReturns, covariance: Covariance) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let factors = 3
    let loadings = (0..<count).map { _ in
      [1 + 0.3 * generator.gaussian(), 0.5 * generator.gaussian(), 0.5 * generator.gaussian()]
    }
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0...i {
        matrix[i, j] = (0..<factors).reduce(0) { $0 + 4e-4 * loadings[i][$1] * loadings[j][$1] }
      }
      if isSpecific { matrix[i, i] += 1e-4 * generator.uniform(1...9) }
    }
    let universe = try universe(count)
    let mean = (0..<count).map { _ in 5e-4 + 1e-3 * generator.gaussian() }
    return (
      try ExpectedReturns(universe: universe, values: mean),
      try Covariance(universe: universe, dense: matrix)
    )
  }
}

@Suite struct MinimumVarianceTests {
  @Test func uncorrelatedAssetsAreWeightedByInverseVariance() throws {
    let variances = [1e-4, 4e-4, 9e-4, 2.5e-3]
    let rows = variances.indices.map { i in variances.indices.map { $0 == i ? variances[i] : 0 } }
    let solution = try MinimumVariance().weights(covariance: Market.covariance(rows))
    let total = variances.reduce(0) { $0 + 1 / $1 }
    for (weight, variance) in zip(solution.value.values, variances) {
      expectClose(weight, 1 / variance / total, relative: 1e-14)
    }
    // The shadow price of the budget is the variance.
    expectClose(try #require(solution.duals["budget"]), 1 / total, relative: 1e-13)
  }

  @Test func twoAssets() throws {
    let (a, b, c) = (0.04, 0.09, 0.012)
    let solution = try MinimumVariance().weights(covariance: Market.covariance([[a, c], [c, b]]))
    expectClose(solution.value.values[0], (b - c) / (a + b - 2 * c), relative: 1e-14)
  }

  @Test func zerosAreExact() throws {
    // The second asset is the first one leveraged: it is never held long.
    let solution = try MinimumVariance().weights(
      covariance: Market.covariance([[0.01, 0.02], [0.02, 0.05]]))
    #expect(solution.value.values == [1, 0])
  }

  @Test(arguments: 1...60)
  func permutationAndScale(seed: Int) throws {
    let count = 2 + seed % 29
    let (_, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 4 != 0)
    let cap = max(0.35, 1.2 / Double(count))
    let choice = MinimumVariance(constraints: PortfolioConstraints(bounds: .uniform(0...cap)))
    let base = try choice.weights(covariance: covariance)
    var generator = SeededGenerator(seed: UInt64(seed) + 7)
    let order = Array(0..<count).shuffled(using: &generator)
    let universe = try Universe(order.map { covariance.universe.assets[$0] })
    let permuted = try choice.weights(
      covariance: Covariance(universe: universe, dense: covariance.matrix.submatrix(at: order)))
    let scale = [1e-6, 1e-3, 1e3, 1e6][seed % 4]
    var scaledMatrix = covariance.matrix
    for i in 0..<count { for j in 0...i { scaledMatrix[i, j] = covariance.matrix[i, j] * scale } }
    let scaled = try choice.weights(
      covariance: Covariance(universe: covariance.universe, dense: scaledMatrix))
    expectClose(
      permuted.certificate.primalObjective, base.certificate.primalObjective, relative: 1e-9)
    expectClose(
      scaled.certificate.primalObjective / scale, base.certificate.primalObjective, relative: 1e-9)
    // Weights are unique only for a definite covariance.
    if seed % 4 != 0 {
      for (i, asset) in covariance.universe.assets.enumerated() {
        expectClose(try #require(permuted.value[asset]), base.value.values[i], absolute: 1e-9)
        expectClose(scaled.value.values[i], base.value.values[i], absolute: 1e-9)
      }
    }
    let again = try choice.weights(covariance: covariance)
    #expect(again == base)
  }

  @Test func moreAssetsThanObservations() throws {
    let (_, covariance) = try Market.factorModel(count: 40, seed: 3, isSpecific: false)
    let solution = try MinimumVariance(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.2))
    ).weights(covariance: covariance)
    #expect(solution.status == .optimal)
    expectClose(solution.value.total, 1, relative: 1e-12)
  }

  @Test func duplicatedAssetsSolve() throws {
    let solution = try MinimumVariance().weights(
      covariance: Market.covariance([
        [0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.05],
      ]))
    #expect(solution.status == .optimal)
    expectClose(solution.value.values[2], 3 / 7, relative: 1e-12)
  }

  @Test func namesTheClashingConstraints() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let tight = PortfolioConstraints(bounds: .uniform(0...0.2))
    do throws(AllocationError) {
      _ = try MinimumVariance(constraints: tight).weights(covariance: covariance)
      Issue.record("an infeasible portfolio was returned")
    } catch {
      guard case .infeasible(let constraints, let contradiction) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(constraints == ["budget", "A0", "A1", "A2", "A3"])
      expectClose(contradiction, 0.2, relative: 1e-12)
    }
  }

  @Test func groupsHold() throws {
    let (_, covariance) = try Market.factorModel(count: 8, seed: 5)
    let constraints = PortfolioConstraints(
      bounds: .byAsset(["A1": 0.1...0.1], others: 0...1),
      linear: [.group("majors", ["A0", "A1", "A2"], total: 0.6...0.7)])
    let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    let majors = solution.value.values[0...2].reduce(0, +)
    #expect(majors >= 0.6 - 1e-12 && majors <= 0.7 + 1e-12)
    #expect(solution.value["A1"] == 0.1)
  }

  @Test func indefiniteCovarianceIsRefused() throws {
    let covariance = try Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try MinimumVariance().weights(covariance: covariance)
    }
  }

  @Test func capsThatLeaveOnePoint() throws {
    let (_, covariance) = try Market.factorModel(count: 5, seed: 2)
    let solution = try MinimumVariance(constraints: PortfolioConstraints(bounds: .uniform(0...0.2)))
      .weights(covariance: covariance)
    #expect(solution.status == .optimal)
    #expect(solution.value.values == [0.2, 0.2, 0.2, 0.2, 0.2])
  }
}

@Suite struct MaximumSharpeTests {
  @Test func interiorOptimumIsTangency() throws {
    // Σ⁻¹(μ − r) for a diagonal covariance.
    let variances = [0.01, 0.02, 0.05]
    let rows = variances.indices.map { i in variances.indices.map { $0 == i ? variances[i] : 0 } }
    let mean = [0.02, 0.03, 0.04]
    let solution = try MaximumSharpe(riskFreeRate: 0.005).weights(
      expectedReturns: Market.returns(mean), covariance: Market.covariance(rows))
    let raw = zip(mean, variances).map { ($0 - 0.005) / $1 }
    for (weight, value) in zip(solution.value.values, raw) {
      expectClose(weight, value / raw.reduce(0, +), relative: 1e-13)
    }
  }

  @Test(arguments: 1...60)
  func noNeighborIsBetter(seed: Int) throws {
    let count = 2 + seed % 25
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    let cap = max(0.35, 1.2 / Double(count))
    let constraints = PortfolioConstraints(bounds: .uniform(0...cap))
    let solution: Solution<Weights>
    do throws(AllocationError) {
      solution = try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
    } catch {
      guard case .noPortfolioBeatsRiskFree(let best, _) = error else { throw error }
      #expect(best <= 0)
      return
    }
    let w = solution.value.values
    #expect(solution.status == .optimal)
    #expect(w.allSatisfy { $0 >= 0 && $0 <= cap })
    let sharpe = ratio(w, mean, covariance)
    // The same portfolio from the utility at the risk aversion that it implies.
    let excess = zip(w, mean.values).reduce(0) { $0 + $1.0 * $1.1 }
    let utility = try MaximumUtility(
      riskAversion: sharpe * sharpe / excess, constraints: constraints
    ).weights(expectedReturns: mean, covariance: covariance)
    for (left, right) in zip(w, utility.value.values) { expectClose(left, right, absolute: 1e-8) }
    // Shifts between two assets do not help.
    for i in 0..<count {
      for j in 0..<count where i != j && w[j] >= 1e-4 && w[i] + 1e-4 <= cap {
        var other = w
        other[i] += 1e-4
        other[j] -= 1e-4
        #expect(ratio(other, mean, covariance) <= sharpe * (1 + 1e-12))
      }
    }
  }

  private func ratio(_ w: [Double], _ mean: ExpectedReturns, _ covariance: Covariance) -> Double {
    var variance = 0.0
    for i in w.indices {
      for j in w.indices { variance += w[i] * w[j] * covariance.matrix[i, j] }
    }
    return zip(w, mean.values).reduce(0) { $0 + $1.0 * $1.1 } / variance.squareRoot()
  }

  @Test func saysWhenNothingBeatsTheRiskFreeRate() throws {
    let covariance = try Market.covariance([[0.01, 0], [0, 0.02]])
    #expect(throws: AllocationError.noPortfolioBeatsRiskFree(best: -0.01, riskFreeRate: 0.001)) {
      try MaximumSharpe(riskFreeRate: 0.001).weights(
        expectedReturns: Market.returns([-0.01, -0.02]), covariance: covariance)
    }
  }

  @Test func universesMustAgree() throws {
    let covariance = try Market.covariance([[0.01, 0], [0, 0.02]])
    let mean = try ExpectedReturns(universe: Universe(["A1", "A0"]), values: [0.1, 0.1])
    #expect(throws: AllocationError.universeMismatch(position: 0, left: "A1", right: "A0")) {
      try MaximumSharpe(riskFreeRate: 0).weights(expectedReturns: mean, covariance: covariance)
    }
  }
}

@Suite struct RiskBudgetingTests {
  @Test func equalCorrelationGivesInverseVolatility() throws {
    let deviations = [0.1, 0.2, 0.4, 0.05]
    let rows = deviations.indices.map { i in
      deviations.indices.map { deviations[i] * deviations[$0] * (i == $0 ? 1 : 0.4) }
    }
    let solution = try RiskBudgeting.equal.weights(covariance: Market.covariance(rows))
    let total = deviations.reduce(0) { $0 + 1 / $1 }
    for (weight, deviation) in zip(solution.value.weights.values, deviations) {
      expectClose(weight, 1 / deviation / total, relative: 1e-11)
    }
  }

  @Test(arguments: 1...80)
  func contributionsMeetBudgets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 1 + seed % 40
    let (_, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 5 != 0)
    var table: [AssetID: Double] = [:]
    for asset in covariance.universe.assets {
      let exponent = generator.uniform(-2...2)
      table[asset] = [1, 10, 100, 0.1][Int(generator.next() % 4)] * (1 + exponent / 4)
    }
    let solution: Solution<RiskBudgeting.Portfolio>
    do throws(AllocationError) {
      solution = try RiskBudgeting(budgets: .byAsset(table)).weights(covariance: covariance)
    } catch {
      // Without specific risk a long-only portfolio may hedge itself completely.
      guard seed % 5 == 0, case .riskBudgetUnattainable = error else { throw error }
      return
    }
    let total = table.values.reduce(0, +)
    for (i, asset) in covariance.universe.assets.enumerated() {
      let share = try #require(table[asset]) / total
      expectClose(solution.value.contributions.shares[i], share, relative: 1e-9)
      #expect(solution.value.weights.values[i] > 0)
    }
    expectClose(solution.value.weights.total, 1, relative: 1e-14)
    let sum = solution.value.contributions.contributions.reduce(0, +)
    expectClose(sum, solution.value.contributions.total, relative: 1e-13)
    #expect(solution.certificate.dualResidual <= 1e-9)
  }

  @Test func capThatBreaksTheBudgetIsExplained() throws {
    let covariance = try Market.covariance([[0.01, 0], [0, 0.04]])
    let choice = RiskBudgeting(maximumWeight: 0.6)
    do throws(AllocationError) {
      _ = try choice.weights(covariance: covariance)
      Issue.record("the cap was ignored")
    } catch {
      guard
        case .riskBudgetUnattainable(let asset, .outsideBounds(let weight, _, let highest)) = error
      else { throw error }
      #expect(asset == "A0")
      #expect(highest == 0.6)
      expectClose(weight, 2.0 / 3, relative: 1e-12)
    }
  }

  @Test func perfectHedgeIsExplained() throws {
    let covariance = try Market.covariance([[0.01, -0.02], [-0.02, 0.04]])
    do throws(AllocationError) {
      _ = try RiskBudgeting.equal.weights(covariance: covariance)
      Issue.record("a portfolio without risk has no contributions")
    } catch {
      guard case .riskBudgetUnattainable(_, .vanishingRisk) = error else { throw error }
    }
  }
}
