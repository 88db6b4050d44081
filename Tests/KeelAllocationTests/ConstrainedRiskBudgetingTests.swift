import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// What Newton's method in 40-digit arithmetic says, at the active set that Clarabel finds.
private struct RiskBudgetReference: Decodable, CustomTestStringConvertible {
  struct Row: Decodable {
    let coefficients: [Double]
    let low: Double?
    let high: Double?
  }

  let name: String
  let covariance: [[Double]]
  let budgets: [Double]
  let low: Double
  let high: Double
  let rows: [Row]
  let expected: [Double]
  let barrierWeight: Double
  let absolute: Double

  var testDescription: String { name }

  struct File: Decodable { let cases: [RiskBudgetReference] }

  static let cases = (try? Reference.load(File.self, "risk_budgets").cases) ?? []

  func choice(over universe: Universe) -> ConstrainedRiskBudgeting {
    let assets = universe.assets
    let linear = rows.enumerated().map { k, row in
      LinearConstraint(
        "row \(k)", coefficients: Dictionary(uniqueKeysWithValues: zip(assets, row.coefficients)),
        lower: row.low ?? -.infinity, upper: row.high ?? .infinity)
    }
    return ConstrainedRiskBudgeting(
      budgets: .byAsset(Dictionary(uniqueKeysWithValues: zip(assets, budgets))),
      constraints: PortfolioConstraints(bounds: .uniform(low...high), linear: linear))
  }
}

@Suite struct ConstrainedRiskBudgetingTests {
  @Test func referenceIsThere() { #expect(RiskBudgetReference.cases.count == 18) }

  @Test(arguments: RiskBudgetReference.cases)
  private func matchesReference(_ reference: RiskBudgetReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let solution = try reference.choice(over: covariance.universe).weights(covariance: covariance)
    for (weight, expected) in zip(solution.value.weights.values, reference.expected) {
      expectClose(weight, expected, absolute: reference.absolute, reference.name)
    }
    expectClose(solution.value.barrierWeight, reference.barrierWeight, relative: 1e-10)
    #expect(solution.status == .optimal)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
  }

  /// A random market with bounds and a group, most of which bind.
  private func market(seed: Int) throws -> (Covariance, PortfolioConstraints) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 3 + seed % 12
    let (_, covariance) = try Market.factorModel(count: count, seed: seed)
    let even = 1 / Double(count)
    let upper = generator.uniform(1.05...1.8) * even
    let lower = generator.uniform(0...0.8) * even
    let members = Set(covariance.universe.assets.prefix(count / 2))
    let share = Double(members.count) * even
    let group = LinearConstraint.group(
      "half", members, total: (0.7 * share)...(generator.uniform(0.97...1.2) * share))
    return (covariance, PortfolioConstraints(bounds: .uniform(lower...upper), linear: [group]))
  }

  @Test(arguments: 1...16)
  func conditionsHoldOnTheCallersData(seed: Int) throws {
    let (covariance, constraints) = try market(seed: seed)
    let solution = try ConstrainedRiskBudgeting(constraints: constraints)
      .weights(covariance: covariance)
    let portfolio = solution.value
    let weights = portfolio.weights.values
    guard case .uniform(let range) = constraints.bounds else { return }
    expectClose(portfolio.weights.total, 1, relative: 1e-12)
    #expect(weights.allSatisfy { $0 >= range.lowerBound && $0 <= range.upperBound })
    let half = weights.count / 2
    let groupDual = try #require(solution.duals["half"])
    #expect(solution.duals["budget"] == 0)
    for i in weights.indices {
      let gradient = weights.indices.reduce(0) { $0 + covariance.matrix[i, $1] * weights[$1] }
      let pull = portfolio.barrierWeight / Double(weights.count) / weights[i]
      let multiplier = solution.duals.bounds[i] + (i < half ? groupDual : 0)
      expectClose(gradient - pull, multiplier, absolute: 1e-10 * (gradient + pull), "\(seed) \(i)")
      // Only a binding bound has a multiplier, with the sign of its side.
      if solution.duals.bounds[i] > 0 { #expect(weights[i] == range.lowerBound) }
      if solution.duals.bounds[i] < 0 { #expect(weights[i] == range.upperBound) }
      if multiplier == 0 {
        let contribution = weights[i] * gradient
        expectClose(
          contribution, portfolio.barrierWeight / Double(weights.count), relative: 1e-11)
      }
    }
    expectClose(portfolio.deviations.reduce(0, +), 0, absolute: 1e-13)
    #expect(portfolio.bindingConstraints.isEmpty == (portfolio.largestDeviation <= 1e-9))
  }

  @Test(arguments: 1...20)
  func nothingBindingIsTheExactPortfolio(seed: Int) throws {
    let (_, covariance) = try Market.factorModel(count: 2 + seed, seed: seed)
    let exact = try RiskBudgeting.equal.weights(covariance: covariance)
    let solution = try ConstrainedRiskBudgeting().weights(covariance: covariance)
    #expect(solution.value.weights == exact.value.weights)
    #expect(solution.value.largestDeviation <= 1e-10)
    #expect(solution.value.bindingConstraints.isEmpty)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
  }

  @Test(arguments: 1...3)
  func orderAndScaleDoNotMatter(seed: Int) throws {
    let (covariance, constraints) = try market(seed: seed)
    let choice = ConstrainedRiskBudgeting(constraints: constraints)
    let base = try choice.weights(covariance: covariance).value.weights
    let reversed = Array(covariance.universe.assets.indices.reversed())
    let other = try Covariance(
      universe: Universe(reversed.map { covariance.universe.assets[$0] }),
      dense: covariance.matrix.submatrix(at: reversed))
    let permuted = try choice.weights(covariance: other).value.weights
    let scaled = try Covariance(
      universe: covariance.universe,
      dense: SymmetricMatrix(
        rows: covariance.universe.assets.indices.map { i in
          covariance.universe.assets.indices.map { covariance.matrix[i, $0] * 1e6 }
        }))
    let larger = try choice.weights(covariance: scaled).value.weights
    for (i, asset) in covariance.universe.assets.enumerated() {
      expectClose(try #require(permuted[asset]), base.values[i], absolute: 1e-12)
      expectClose(larger.values[i], base.values[i], absolute: 1e-12)
    }
    #expect(try choice.weights(covariance: covariance).value.weights == base)
  }

  @Test func noAllowedPortfolioHasALowerObjective() throws {
    // A second method: the definition, at random allowed portfolios of the same sum.
    let (covariance, constraints) = try market(seed: 9)
    let portfolio = try ConstrainedRiskBudgeting(constraints: constraints)
      .weights(covariance: covariance).value
    let n = covariance.universe.count
    func objective(_ w: [Double]) -> Double {
      let logarithms = Kernels.apply(.log, w)
      var value = 0.0
      for i in 0..<n {
        for j in 0..<n { value += w[i] * covariance.matrix[i, j] * w[j] / 2 }
        value -= portfolio.barrierWeight / Double(n) * logarithms[i]
      }
      return value
    }
    let base = portfolio.weights.values
    let least = objective(base)
    guard case .uniform(let range) = constraints.bounds, let group = constraints.linear.first else {
      return
    }
    var generator = SeededGenerator(seed: 5)
    var tried = 0
    for _ in 0..<20_000 {
      let other = base.map { $0 + 0.02 * generator.gaussian() }
      let half = other.prefix(n / 2).reduce(0, +)
      guard other.allSatisfy({ range.contains($0) && $0 > 0 }), half >= group.lower,
        half <= group.upper
      else { continue }
      tried += 1
      #expect(objective(other) >= least - 1e-15)
    }
    #expect(tried > 20)
  }

  // MARK: - Hostile input

  @Test func clashingConstraintsAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let choice = ConstrainedRiskBudgeting(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.2)))
    do throws(AllocationError) {
      _ = try choice.weights(covariance: covariance)
      Issue.record("0.8 is not 1")
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains("budget"))
    }
  }

  @Test func anAssetThatMustBeZeroIsNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 3, seed: 1)
    for constraints in [
      PortfolioConstraints(bounds: .byAsset(["A1": -1...0], others: 0...1)),
      PortfolioConstraints(
        linear: [LinearConstraint("none", coefficients: ["A1": 1], upper: 0)]),
    ] {
      do throws(AllocationError) {
        _ = try ConstrainedRiskBudgeting(constraints: constraints).weights(covariance: covariance)
        Issue.record("an asset without weight has no risk")
      } catch {
        guard case .riskBudgetUnattainable("A1", .outsideBounds) = error else { throw error }
      }
    }
  }

  @Test func aSumThatNoBarrierReachesIsSaid() throws {
    // The least risk of the second asset's hedge needs more than is to be invested.
    let covariance = try Market.covariance([[0.04, -0.018], [-0.018, 0.01]])
    let choice = ConstrainedRiskBudgeting(
      constraints: PortfolioConstraints(bounds: .byAsset(["A0": 0.6...1], others: 0...2)))
    do throws(AllocationError) {
      _ = try choice.weights(covariance: covariance)
      Issue.record("the weights add to more than one")
    } catch {
      guard case .riskBudgetUnattainable(_, .sumOutOfReach(let closest)) = error else {
        throw error
      }
      #expect(closest > 1)
      #expect(error.description.contains("add to"))
    }
  }

  @Test func boundsThatLeaveOnePortfolio() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 2)
    let table: [AssetID: ClosedRange<Double>] = [
      "A0": 0.1...0.1, "A1": 0.2...0.2, "A2": 0.3...0.3, "A3": 0.4...0.4,
    ]
    let choice = ConstrainedRiskBudgeting(
      constraints: PortfolioConstraints(bounds: .byAsset(table, others: 0...1)))
    let solution = try choice.weights(covariance: covariance)
    #expect(solution.value.weights.values == [0.1, 0.2, 0.3, 0.4])
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, -1, 0, 1e-300, 1e300])
  func strangeNumbersEndInAnErrorOrAnAnswer(number: Double) throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 3)
    let choices = [
      ConstrainedRiskBudgeting(constraints: PortfolioConstraints(budget: number)),
      ConstrainedRiskBudgeting(
        constraints: PortfolioConstraints(
          linear: [LinearConstraint("x", coefficients: ["A0": number], upper: 0.1)])),
      ConstrainedRiskBudgeting(
        constraints: PortfolioConstraints(
          linear: [LinearConstraint("x", coefficients: ["A0": 1], upper: number)])),
      ConstrainedRiskBudgeting(
        budgets: .byAsset(["A0": number, "A1": 1, "A2": 1, "A3": 1]),
        constraints: PortfolioConstraints(bounds: .uniform(0...0.3))),
    ]
    for choice in choices {
      let solution: Solution<ConstrainedRiskBudgeting.Portfolio>
      do throws(AllocationError) {
        solution = try choice.weights(covariance: covariance)
      } catch {
        continue
      }
      #expect(solution.certificate.holds(Certificate.optimalTolerances))
    }
    for scale in [1e-300, 1e-150, 1e150, 1e290] where number == 1e300 {
      let rows = (0..<4).map { i in (0..<4).map { covariance.matrix[i, $0] * scale } }
      let solution = try? ConstrainedRiskBudgeting(
        constraints: PortfolioConstraints(bounds: .uniform(0...0.26))
      ).weights(covariance: Market.covariance(rows))
      if let solution { #expect(solution.certificate.holds(Certificate.optimalTolerances)) }
    }
  }

  @Test func emptyAndSingleUniverses() throws {
    let empty = try Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0))
    #expect(throws: AllocationError.self) {
      try ConstrainedRiskBudgeting().weights(covariance: empty)
    }
    let one = try Market.covariance([[0.04]])
    #expect(
      try ConstrainedRiskBudgeting().weights(covariance: one).value.weights.values == [1])
    #expect(
      throws: AllocationError.riskBudgetUnattainable(asset: "A0", reason: .noVariance)
    ) {
      try ConstrainedRiskBudgeting().weights(covariance: Market.covariance([[0]]))
    }
  }

  @Test func aDeadlineInThePastStops() throws {
    let (covariance, constraints) = try market(seed: 9)
    var choice = ConstrainedRiskBudgeting(constraints: constraints)
    choice.settings.deadline = .now - .seconds(1)
    do throws(AllocationError) {
      _ = try choice.weights(covariance: covariance)
      Issue.record("the deadline was ignored")
    } catch {
      guard case .notSolved(.deadlineExceeded, _) = error else { throw error }
    }
  }
}

@Suite struct InverseVolatilityTests {
  @Test func weightsTimesDeviationsAreEqual() throws {
    let (_, covariance) = try Market.factorModel(count: 9, seed: 4)
    let weights = try InverseVolatility(budget: 0.8).weights(covariance: covariance)
    let products = zip(weights.values, covariance.standardDeviations).map { $0 * $1 }
    for product in products { expectClose(product, products[0], relative: 1e-15) }
    expectClose(weights.total, 0.8, relative: 1e-15)
  }

  @Test func equalCorrelationsGiveEqualRisk() throws {
    let deviations = [0.1, 0.2, 0.4, 0.05]
    let rows = deviations.indices.map { i in
      deviations.indices.map { deviations[i] * deviations[$0] * (i == $0 ? 1 : -0.2) }
    }
    let covariance = try Market.covariance(rows)
    let inverse = try InverseVolatility().weights(covariance: covariance)
    let equal = try RiskBudgeting.equal.weights(covariance: covariance).value.weights
    for (left, right) in zip(inverse.values, equal.values) {
      expectClose(left, right, relative: 1e-11)
    }
  }

  @Test func extremesAreDefined() throws {
    let covariance = try Market.covariance([[1e-300, 0], [0, 1e308]])
    let weights = try InverseVolatility().weights(covariance: covariance)
    #expect(weights.values[0] == 1)
    #expect(weights.values[1] >= 0)
    for budget in [0, -1, .nan, .infinity] {
      #expect(throws: AllocationError.self) {
        try InverseVolatility(budget: budget).weights(covariance: covariance)
      }
    }
    #expect(throws: AllocationError.riskBudgetUnattainable(asset: "A1", reason: .noVariance)) {
      try InverseVolatility().weights(covariance: Market.covariance([[1, 0], [0, 0]]))
    }
    let empty = try Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0))
    #expect(throws: AllocationError.self) {
      try InverseVolatility().weights(covariance: empty)
    }
  }
}

@Suite struct RiskBudgetingMethodTests {
  /// Few factors, and budgets over six orders of magnitude.
  @Test(arguments: 1...20)
  func mixedStepsAndNewtonStepsAgree(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (_, covariance) = try Market.factorModel(count: 20 + 5 * seed, seed: seed)
    var table: [AssetID: Double] = [:]
    for asset in covariance.universe.assets {
      table[asset] = Double(
        sign: .plus, exponent: seed % 2 == 0 ? Int(generator.uniform(-10...10)) : 0,
        significand: generator.uniform(1...2))
    }
    let budgets = RiskBudgeting.Budgets.byAsset(table)
    let base = try RiskBudgeting(budgets: budgets).weights(covariance: covariance)
    var settings = RiskBudgeting.Settings()
    settings.maximumPasses = 0
    settings.maximumNewtonSteps = 2000
    let newton = try RiskBudgeting(budgets: budgets, settings: settings)
      .weights(covariance: covariance)
    for (left, right) in zip(base.value.weights.values, newton.value.weights.values) {
      expectClose(left, right, relative: 2e-9)
    }
    #expect(base.certificate.dualResidual <= 1e-10)
    #expect(base.certificate.iterations <= 25)
  }

  @Test func manyAssetsTakeFewPasses() throws {
    let (_, covariance) = try Market.factorModel(count: 250, seed: 77)
    let solution = try RiskBudgeting.equal.weights(covariance: covariance)
    #expect(solution.certificate.dualResidual <= 1e-10)
    #expect(solution.certificate.iterations <= 15)
    #expect(try RiskBudgeting.equal.weights(covariance: covariance) == solution)
  }
}
