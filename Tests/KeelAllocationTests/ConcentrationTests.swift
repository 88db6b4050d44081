import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios under limits on concentration, from cvxpy and Clarabel.
struct ConcentrationReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let kind: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let count: Int?
  let largest: Double?
  let effective: Double?
  let current: [Double]?
  let turnover: Double?
  let aversion: Double?
  let target: Double?
  let outcomes: [[Double]]?
  let objective: Double
  let weights: [Double]

  var testDescription: String { name }

  static let cases: [ConcentrationReference] = {
    struct File: Decodable { let cases: [ConcentrationReference] }
    do {
      return try Reference.load(File.self, "concentration").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  func constraints(_ universe: Universe) throws -> PortfolioConstraints {
    var result = PortfolioConstraints(bounds: .uniform(low...high))
    if let count, let largest { result.concentration.append(.largest(count, limit: largest)) }
    if let effective { result.concentration.append(.effectiveAssets(atLeast: effective)) }
    if let current, let turnover {
      let held = try Weights(universe: universe, values: current)
      result.absolute = [.turnover(from: held, limit: turnover)]
    }
    return result
  }
}

@Suite struct ConcentrationTests {
  /// One step's own limit, beside those of the other steps.
  @Test(arguments: seeds(8))
  func stepsKeepTheirOwnLimits(seed: Int) throws {
    let count = 5 + seed % 3
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 31)
    let held = try Weights(
      universe: covariance.universe,
      values: [Double](repeating: 1 / Double(count), count: count))
    let costs = TradingCosts(
      from: held, buying: .uniform(0.0005), selling: .uniform(0.0005), spreadOver: 1)
    let common: [ConcentrationConstraint] = seed % 2 == 0 ? [] : [.largest(1, limit: 0.35)]
    let choice = MultiPeriodUtility(
      riskAversion: 1, constraints: PortfolioConstraints(concentration: common), costs: costs)
    var steps = (0..<3).map { _ in
      MultiPeriodUtility.Step(expectedReturns: mean, covariance: covariance)
    }
    var written = steps
    let limit = ConcentrationConstraint.largest(2, limit: 0.48)
    steps[1].constraints = PortfolioConstraints(concentration: [limit])
    let plan = try choice.plan(steps)
    #expect(plan.status == .optimal)
    #expect(limit.value(of: plan.value.weights[1]) <= 0.48 * (1 + 1e-12))
    #expect(try #require(plan.duals["largest weights[1]"]) <= 0)
    #expect((plan.duals["largest weights[0]"] == nil) == common.isEmpty)
    #expect(plan.duals.rows.count == plan.duals.rowNames.count)
    #expect(plan.duals.rowNames.allSatisfy { !$0.contains(":") })
    // Every set of two as a row of its own, and the limit on one as a bound.
    var all = PortfolioConstraints.longOnly
    for i in 0..<count {
      for j in 0..<i {
        all.linear.append(
          .group("\(i) \(j)", [AssetID("A\(i)"), AssetID("A\(j)")], total: -1...0.48))
      }
    }
    written[1].constraints = all
    var other = choice
    other.constraints = PortfolioConstraints(bounds: .uniform(0...(common.isEmpty ? 1 : 0.35)))
    let expected = try other.plan(written)
    expectClose(
      plan.certificate.primalObjective, expected.certificate.primalObjective, relative: 1e-8,
      absolute: 1e-12)
    steps[1].constraints = PortfolioConstraints(concentration: [.largest(2, limit: 0.2)])
    do throws(AllocationError) {
      _ = try choice.plan(steps)
      Issue.record("an infeasible plan was returned")
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains { $0.hasPrefix("largest weights") })
      #expect(names.allSatisfy { !$0.contains(":") })
    }
  }

  /// Throws unless weights keep all limits on concentration to some ulp.
  private func expectKept(
    _ weights: Weights, _ constraints: PortfolioConstraints, _ comment: String = ""
  ) {
    for limit in constraints.concentration {
      let room = Double(weights.values.count) * .ulpOfOne * limit.limit
      #expect(limit.value(of: weights) <= limit.limit + room, "\(limit.name) \(comment)")
    }
  }

  @Test func referencesArePresent() { #expect(ConcentrationReference.cases.count == 52) }

  @Test(arguments: ConcentrationReference.cases)
  func matches(_ reference: ConcentrationReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    let constraints = try reference.constraints(covariance.universe)
    let weights: Weights
    let objective: Double
    switch reference.kind {
    case "variance":
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      #expect(solution.status == .optimal)
      (weights, objective) = (solution.value, solution.certificate.primalObjective)
      expectPriced(solution.duals, constraints, weights)
    case "utility":
      let solution = try MaximumUtility(
        riskAversion: #require(reference.aversion), constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance)
      (weights, objective) = (solution.value, solution.certificate.primalObjective)
      expectPriced(solution.duals, constraints, weights)
    case "target":
      let solution = try TargetReturn(#require(reference.target), constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      (weights, objective) = (solution.value, solution.certificate.primalObjective)
      expectPriced(solution.duals, constraints, weights)
    case "sharpe":
      let solution = try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      weights = solution.value
      let product = covariance.product(with: weights.values)
      let variance = zip(product, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
      let gain = zip(mean.values, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
      objective = -gain / variance.squareRoot()
      // The reference is the ratio itself.
      expectClose(objective, -reference.objective, relative: 1e-7, absolute: 0)
      expectKept(weights, constraints)
      return
    default:
      let scenarios = try ScenarioSet(
        universe: covariance.universe, outcomes: Matrix(rows: #require(reference.outcomes)))
      let solution = try MinimumExpectedShortfall(confidence: 0.9, constraints: constraints)
        .weights(scenarios: scenarios)
      (weights, objective) = (solution.value.weights, solution.value.expectedShortfall)
    }
    expectClose(objective, reference.objective, relative: 1e-7, absolute: 1e-13)
    expectKept(weights, constraints)
  }

  /// Expects one dual value a limit, negative only where it binds.
  private func expectPriced(
    _ duals: Duals, _ constraints: PortfolioConstraints, _ weights: Weights
  ) {
    for limit in constraints.concentration {
      guard let dual = duals[limit.name] else {
        Issue.record("no dual value of \(limit.name)")
        continue
      }
      #expect(dual <= 0)
      if dual < -1e-12 {
        expectClose(limit.value(of: weights), limit.limit, relative: 1e-13)
      }
    }
    #expect(duals.rows.count == duals.rowNames.count)
    #expect(!duals.rowNames.contains { $0.hasPrefix("\(ConcentrationConstraint.largestName):") })
  }

  @Test(arguments: seeds(40))
  func dualValuesAreSlopes(seed: Int) throws {
    let count = 5 + seed % 20
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    let most = 1 + seed % 4
    let shift = 1e-6
    func solution(_ step: Double) throws -> Solution<Weights> {
      let limit: ConcentrationConstraint =
        seed % 2 == 0
        ? .largest(most, limit: Double(most) / Double(count) * 1.4 + step)
        : ConcentrationConstraint("squares", .squares, limit: 1.6 / Double(count) + step)
      let constraints = PortfolioConstraints(
        bounds: .uniform(-0.3...0.8), concentration: [limit])
      let solution = try MaximumUtility(riskAversion: 3, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      expectKept(solution.value, constraints)
      return solution
    }
    let name = seed % 2 == 0 ? ConcentrationConstraint.largestName : "squares"
    let (middle, low, high) = (try solution(0), try solution(-shift), try solution(shift))
    // A convex function of the limit: its slope lies between those of the chords.
    let price = try #require(middle.duals[name])
    let left =
      (middle.certificate.primalObjective - low.certificate.primalObjective) / shift
    let right =
      (high.certificate.primalObjective - middle.certificate.primalObjective) / shift
    #expect(price >= left - 1e-8)
    #expect(price <= right + 1e-8)
  }

  @Test(arguments: seeds(30))
  func looserLimitsNeverHurt(seed: Int) throws {
    let count = 6 + seed % 30
    let (_, covariance) = try Market.factorModel(count: count, seed: seed + 50)
    var last = Double.infinity
    for step in 0..<6 {
      let share = Double(step) / 5
      let limit: ConcentrationConstraint =
        seed % 2 == 0
        ? .largest(3, limit: 3 / Double(count) + share * (1 - 3 / Double(count)))
        : .effectiveAssets(atLeast: Double(count) - share * (Double(count) - 1))
      let constraints = PortfolioConstraints(concentration: [limit])
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      #expect(solution.certificate.primalObjective <= last * (1 + 1e-12))
      expectKept(solution.value, constraints, "step \(step)")
      last = solution.certificate.primalObjective
      // A bound from the dual values alone; without room the price of a sum of squares has no limit.
      if step > 0 { #expect(solution.certificate.dualObjective <= last * (1 + 1e-12)) }
    }
    let free = try MinimumVariance().weights(covariance: covariance)
    expectClose(last, free.certificate.primalObjective, relative: 1e-12)
  }

  @Test(arguments: seeds(20))
  func allLargestAreTheGrossExposure(seed: Int) throws {
    let count = 3 + seed % 15
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 300)
    let gross = [1.0, 1.2, 1.6][seed % 3]
    var constraints = PortfolioConstraints(bounds: .uniform(-0.5...0.9))
    constraints.concentration = [.largest(count, limit: gross)]
    let choice = MaximumUtility(riskAversion: 2, constraints: constraints)
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    var other = choice
    other.constraints = .longShort(net: 1, gross: gross, bounds: .uniform(-0.5...0.9))
    let expected = try other.weights(expectedReturns: mean, covariance: covariance)
    for (left, right) in zip(solution.value.values, expected.value.values) {
      expectClose(left, right, absolute: 1e-9)
    }
    // Where the gross exposure is the budget the two share a price.
    if gross == 1 { return }
    expectClose(
      try #require(solution.duals[ConcentrationConstraint.largestName]),
      try #require(expected.duals[AbsoluteConstraint.grossName]), relative: 1e-6, absolute: 1e-12)
  }

  @Test func oneLargestIsABound() throws {
    let (_, covariance) = try Market.factorModel(count: 12, seed: 9)
    let limited = try MinimumVariance(
      constraints: PortfolioConstraints(concentration: [.largest(1, limit: 0.15)])
    ).weights(covariance: covariance)
    let bounded = try MinimumVariance(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.15))
    ).weights(covariance: covariance)
    for (left, right) in zip(limited.value.values, bounded.value.values) {
      expectClose(left, right, absolute: 1e-13)
    }
  }

  @Test func limitsThatDoNotBindChangeNoBit() throws {
    let (mean, covariance) = try Market.factorModel(count: 15, seed: 8)
    let wide = PortfolioConstraints(
      concentration: [.largest(4, limit: 1), .effectiveAssets(atLeast: 1)])
    let free = try MaximumUtility(riskAversion: 3)
      .weights(expectedReturns: mean, covariance: covariance)
    let limited = try MaximumUtility(riskAversion: 3, constraints: wide)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(free.value == limited.value)
    #expect(free.duals.bounds == limited.duals.bounds)
    #expect(limited.duals.rows == free.duals.rows + [0, 0])
    #expect(limited.duals.rowNames == ["budget", "largest weights", "effective assets"])
  }

  @Test func equalWeightsAreTheMostEffectiveOnes() throws {
    let (_, covariance) = try Market.factorModel(count: 10, seed: 4)
    for effective in [9.9, 9.999_999, 10] {
      let constraints = PortfolioConstraints(
        concentration: [.effectiveAssets(atLeast: effective)])
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      expectKept(solution.value, constraints)
      #expect(solution.status == .optimal)
      if effective == 10 {
        for weight in solution.value.values { expectClose(weight, 0.1, absolute: 1e-7) }
      }
    }
  }

  @Test func everyChoiceKeepsTheLimit() throws {
    let count = 8
    let (mean, covariance) = try Market.factorModel(count: count, seed: 21)
    let universe = covariance.universe
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.6), concentration: [.largest(2, limit: 0.4)])
    var generator = SeededGenerator(seed: 5)
    let rows = (0..<50).map { _ in
      (0..<count).map { 0.002 + 0.01 * Double($0 + 1) * generator.gaussian() }
    }
    let scenarios = try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows))
    let benchmark = try Weights(
      universe: universe, values: [0.5, 0.3, 0.1, 0.1] + [Double](repeating: 0, count: 4))
    func expect(_ weights: Weights, _ name: String) {
      expectClose(weights.values.reduce(0, +), 1, absolute: 1e-9)
      #expect(constraints.concentration[0].value(of: weights) <= 0.4 + 1e-9, "\(name)")
    }
    expect(
      try TargetRisk(volatility: 0.05, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance).value.weights, "target risk")
    expect(
      try TrackingError(to: benchmark, constraints: constraints)
        .weights(covariance: covariance).value, "tracking error")
    expect(
      try MaximumDiversification(constraints: constraints)
        .weights(covariance: covariance).value, "diversification")
    expect(
      try RobustUtility(
        riskAversion: 2,
        uncertainty: .standardErrors(.uniform(0.001), radius: 1), constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance).value.weights, "robust")
    expect(
      try ConstrainedRiskBudgeting(constraints: constraints)
        .weights(covariance: covariance).value.weights, "risk budgets")
    expect(
      try DiscreteUtility(
        MaximumUtility(riskAversion: 2, constraints: constraints),
        leastPosition: .uniform(0.1)
      ).weights(expectedReturns: mean, covariance: covariance).weights, "discrete")
    expect(
      try MinimumRisk(.standardDeviation, constraints: constraints)
        .weights(scenarios: scenarios).weights, "least risk")
    expect(
      try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios).weights, "growth")
    expect(
      try MaximumReturnOverExpectedShortfall(
        confidence: 0.9, riskFreeRate: 0, constraints: constraints
      ).weights(scenarios: scenarios).value.weights, "return over shortfall")
    expect(
      try WassersteinExpectedShortfall(
        confidence: 0.9, radius: 0.001, distance: .euclidean, constraints: constraints
      ).weights(scenarios: scenarios).value.weights, "Wasserstein")
    let curve = try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
    for point in try curve.sampled(count: 20) {
      expect(point.weights, "frontier")
      let free = try TargetReturn(point.expectedReturn, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      expectClose(
        point.variance, 2 * free.certificate.primalObjective, relative: 1e-7, absolute: 1e-15)
      _ = try curve.certified(point)
    }
  }

  @Test func boundsWhatNothingElseBounds() throws {
    let covariance = try Market.covariance([[0.01, 0.01, 0], [0.01, 0.01, 0], [0, 0, 0.02]])
    let mean = try Market.returns([0.02, 0.01, 0.015])
    for limit: ConcentrationConstraint in [
      .largest(3, limit: 2), ConcentrationConstraint("squares", .squares, limit: 2),
    ] {
      let constraints = PortfolioConstraints(
        bounds: .uniform(-Double.infinity...Double.infinity), concentration: [limit])
      let solution = try MaximumUtility(riskAversion: 1, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      expectClose(limit.value(of: solution.value), 2, relative: 1e-12)
      expectKept(solution.value, constraints)
      #expect(try #require(solution.duals[limit.name]) < 0)
    }
  }

  @Test func tiesOfALinearObjectiveAreSettled() throws {
    // Without aversion to risk the best portfolio is one asset, or any mix of two.
    let covariance = try Market.covariance([[0.04, 0, 0], [0, 0.01, 0], [0, 0, 0.02]])
    for mean in [[0.02, 0.02, 0.01], [0.03, 0.02, 0.01], [0.01, 0.01, 0.01]] {
      for effective in [1.5, 2, 2.5] {
        let constraints = PortfolioConstraints(
          concentration: [.effectiveAssets(atLeast: effective)])
        let solution = try MaximumUtility(riskAversion: 0, constraints: constraints)
          .weights(expectedReturns: Market.returns(mean), covariance: covariance)
        expectKept(solution.value, constraints)
        #expect(solution.status == .optimal)
      }
    }
  }

  @Test func clashesAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 5, seed: 1)
    for limit: ConcentrationConstraint in [
      .largest(2, limit: 0.39), .effectiveAssets(atLeast: 5.1), .largest(5, limit: 0.9),
    ] {
      do throws(AllocationError) {
        _ = try MinimumVariance(constraints: PortfolioConstraints(concentration: [limit]))
          .weights(covariance: covariance)
        Issue.record("an infeasible portfolio was returned")
      } catch {
        guard case .infeasible(let names, _) = error else { throw error }
        #expect(names.contains(limit.name))
        #expect(names.contains("budget"))
        #expect(names.allSatisfy { !$0.contains(":") })
      }
    }
  }

  @Test func badLimitsAreNamed() throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 1)
    for limit: ConcentrationConstraint in [
      .largest(0, limit: 0.5), .largest(6, limit: 0.5), .largest(-1, limit: 0.5),
      .largest(2, limit: .nan), .largest(2, limit: .infinity), .largest(2, limit: -0.1),
      .effectiveAssets(atLeast: 0), .effectiveAssets(atLeast: .nan),
      .effectiveAssets(atLeast: -2), .effectiveAssets(atLeast: .infinity),
      ConcentrationConstraint("budget", .squares, limit: 0.5),
      ConcentrationConstraint("A1", .largest(count: 2), limit: 0.5),
    ] {
      let constraints = PortfolioConstraints(concentration: [limit])
      expectInvalid(limit) { () throws(AllocationError) in
        _ = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      }
      expectInvalid(limit) { () throws(AllocationError) in
        _ = try EfficientFrontier(constraints: constraints)
          .curve(expectedReturns: mean, covariance: covariance)
      }
    }
  }

  private func expectInvalid(
    _ limit: ConcentrationConstraint, _ solve: () throws(AllocationError) -> Void
  ) {
    do throws(AllocationError) {
      try solve()
      Issue.record("\(limit) was taken")
    } catch {
      if case .invalidValue = error { return }
      Issue.record("\(limit): \(error)")
    }
  }

  @Test func othersRefuseEffectiveAssets() throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 1)
    let constraints = PortfolioConstraints(concentration: [.effectiveAssets(atLeast: 3)])
    let expected = AllocationError.invalidValue(
      argument: "count of constraints named effective assets", asset: nil, got: 1, allowed: 0...0)
    #expect(throws: expected) {
      try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
    }
    #expect(throws: expected) {
      try TargetRisk(volatility: 0.1, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
    }
    #expect(throws: expected) {
      try ConstrainedRiskBudgeting(constraints: constraints).weights(covariance: covariance)
    }
    #expect(throws: expected) {
      try MultiPeriodUtility(riskAversion: 2, constraints: constraints)
        .plan([MultiPeriodUtility.Step(expectedReturns: mean, covariance: covariance)])
    }
    let two = PortfolioConstraints(concentration: [
      .effectiveAssets(atLeast: 3), ConcentrationConstraint("more", .squares, limit: 0.2),
    ])
    #expect(throws: AllocationError.self) {
      try MinimumVariance(constraints: two).weights(covariance: covariance)
    }
  }

  @Test(arguments: seeds(20))
  func explanationsNameTheLimits(seed: Int) throws {
    let count = 8 + seed % 12
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 400)
    var constraints = PortfolioConstraints(
      bounds: seed % 2 == 0 ? .uniform(0...1) : .uniform(-0.3...0.8))
    if seed % 3 != 1 {
      constraints.concentration.append(.largest(3, limit: 3 / Double(count) * 1.3))
    }
    if seed % 3 != 0 {
      constraints.concentration.append(.effectiveAssets(atLeast: 0.85 * Double(count)))
    }
    let least = MinimumVariance(constraints: constraints)
    let utility = MaximumUtility(riskAversion: 2, constraints: constraints)
    let first = try least.weights(covariance: covariance)
    let second = try utility.weights(expectedReturns: mean, covariance: covariance)
    for (solution, explanation, unit) in [
      (first, try least.explanation(of: first, covariance: covariance), 2.0),
      (
        second,
        try utility.explanation(of: second, expectedReturns: mean, covariance: covariance), -1.0
      ),
    ] {
      #expect(explanation.residual <= 1e-7)
      for limit in constraints.concentration {
        let dual = try #require(solution.duals[limit.name])
        if dual > -1e-9 { continue }
        let price = try #require(
          explanation.shadowPrices.first { $0.constraint == limit.name })
        #expect(price.limit == limit.limit)
        expectClose(price.value, dual * unit, relative: 1e-12)
      }
    }
    guard seed % 3 == 0 else { return }
    let sharpe = MaximumSharpe(riskFreeRate: -0.01, constraints: constraints)
    let third = try sharpe.weights(expectedReturns: mean, covariance: covariance)
    _ = try sharpe.explanation(of: third, expectedReturns: mean, covariance: covariance)
  }

  @Test func fallbacksCheckTheLimits() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 3)
    let held = try Weights(universe: covariance.universe, values: [0.7, 0.1, 0.1, 0.1])
    for (limit, amount): (ConcentrationConstraint, Double?) in [
      (.largest(2, limit: 0.6), 0.2), (.effectiveAssets(atLeast: 4), 0.52 - 0.25),
      (.largest(2, limit: 0.8), nil), (.effectiveAssets(atLeast: 1.5), nil),
    ] {
      let chain = FallbackChain(
        [.hold(held)], constraints: PortfolioConstraints(concentration: [limit]))
      let decision = try chain.decide(covariance: covariance) { () throws(AllocationError) in
        throw .noPortfolioBeatsRiskFree(best: -1, riskFreeRate: 0)
      }
      #expect(decision.heldViolation?.name == (amount == nil ? nil : limit.name))
      expectClose(decision.heldViolation?.amount ?? 0, amount ?? 0, absolute: 1e-14)
    }
  }

  @Test func plansKeepTheLimit() throws {
    let (mean, covariance) = try Market.factorModel(count: 7, seed: 31)
    let held = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1.0 / 7, count: 7))
    let limit = ConcentrationConstraint.largest(2, limit: 0.45)
    let costs = TradingCosts(
      from: held, buying: .uniform(0.0005), selling: .uniform(0.0005), spreadOver: 1)
    let choice = MultiPeriodUtility(
      riskAversion: 1, constraints: PortfolioConstraints(concentration: [limit]), costs: costs)
    let steps = (0..<3).map { _ in
      MultiPeriodUtility.Step(expectedReturns: mean, covariance: covariance)
    }
    let plan = try choice.plan(steps)
    #expect(plan.status == .optimal)
    for (t, weights) in plan.value.weights.enumerated() {
      #expect(limit.value(of: weights) <= 0.45 * (1 + 1e-13))
      #expect(try #require(plan.duals["largest weights[\(t)]"]) <= 0)
    }
    // Every set of two as a row of its own.
    var all = choice
    all.constraints = .longOnly
    for i in 0..<7 {
      for j in 0..<i {
        all.constraints.linear.append(
          .group("\(i) \(j)", [AssetID("A\(i)"), AssetID("A\(j)")], total: -1...0.45))
      }
    }
    let expected = try all.plan(steps)
    expectClose(
      plan.certificate.primalObjective, expected.certificate.primalObjective, relative: 1e-8)
    var own = steps
    for t in own.indices { own[t].constraints = choice.constraints }
    let stepwise = try choice.plan(own)
    #expect(stepwise.status == .optimal)
    expectClose(
      stepwise.certificate.primalObjective, expected.certificate.primalObjective, relative: 1e-8)
    for t in own.indices {
      expectClose(
        try #require(stepwise.duals["largest weights[\(t)]"]),
        try #require(plan.duals["largest weights[\(t)]"]), relative: 1e-5, absolute: 1e-9)
    }
    let tight = MultiPeriodUtility(
      riskAversion: 1, constraints: PortfolioConstraints(concentration: [.largest(2, limit: 0.2)]),
      costs: costs)
    do throws(AllocationError) {
      _ = try tight.plan(steps)
      Issue.record("an infeasible plan was returned")
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains { $0.hasPrefix("largest weights") })
      #expect(names.allSatisfy { !$0.contains(":") })
    }
  }
}
