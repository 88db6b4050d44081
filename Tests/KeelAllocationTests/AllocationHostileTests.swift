import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Every entry against numbers that break careless code: an error or a certified portfolio.
@Suite struct AllocationHostileTests {
  /// Runs a choice that may throw `AllocationError` or return a certified optimum, nothing else.
  private func check(
    _ label: String,
    _ body: () throws(AllocationError) -> Solution<Weights>
  ) {
    do throws(AllocationError) {
      let solution = try body()
      #expect(solution.status == .optimal, "\(label)")
      #expect(solution.certificate.holds(Certificate.optimalTolerances), "\(label)")
    } catch {
      // A typed error is an answer.
    }
  }

  @Test(arguments: hostileNumbers) func everyArgument(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 9)
    check("budget") { () throws(AllocationError) in
      try MinimumVariance(constraints: PortfolioConstraints(budget: number))
        .weights(covariance: covariance)
    }
    check("risk aversion") { () throws(AllocationError) in
      try MaximumUtility(riskAversion: number).weights(
        expectedReturns: mean, covariance: covariance)
    }
    check("risk-free rate") { () throws(AllocationError) in
      try MaximumSharpe(riskFreeRate: number).weights(expectedReturns: mean, covariance: covariance)
    }
    check("coefficient") { () throws(AllocationError) in
      try MinimumVariance(
        constraints: PortfolioConstraints(
          linear: [LinearConstraint("row", coefficients: ["A0": number], upper: 0.5)])
      ).weights(covariance: covariance)
    }
    check("limit") { () throws(AllocationError) in
      try MinimumVariance(
        constraints: PortfolioConstraints(
          linear: [LinearConstraint("row", coefficients: ["A0": 1], lower: number)])
      ).weights(covariance: covariance)
    }
    if !number.isNaN {
      check("bound") { () throws(AllocationError) in
        try MinimumVariance(
          constraints: PortfolioConstraints(
            bounds: .uniform(min(number, 0)...max(number, 0)))
        ).weights(covariance: covariance)
      }
    }
    if number.isFinite {
      let returns = try Market.returns([number, 0.1, 0.2, 0.3, 0.4])
      check("mean") { () throws(AllocationError) in
        try MaximumUtility(riskAversion: 1).weights(
          expectedReturns: returns, covariance: covariance)
      }
      check("sharpe mean") { () throws(AllocationError) in
        try MaximumSharpe(riskFreeRate: 0).weights(expectedReturns: returns, covariance: covariance)
      }
    }
    if number.isFinite && number >= 0 {
      let extreme = try Market.covariance([
        [number, 0, 0], [0, 1e-4, 5e-5], [0, 5e-5, 2e-4],
      ])
      check("variance") { () throws(AllocationError) in
        try MinimumVariance().weights(covariance: extreme)
      }
      check("risk budget") { () throws(AllocationError) in
        try RiskBudgeting.equal.weights(covariance: extreme).map { $0.weights }
      }
    }
    for choice in [
      RiskBudgeting(budgets: .byAsset(["A0": number, "A1": 1, "A2": 1, "A3": 1, "A4": 1])),
      RiskBudgeting(maximumWeight: number), RiskBudgeting(budget: number),
    ] {
      check("risk budget") { () throws(AllocationError) in
        try choice.weights(covariance: covariance).map { $0.weights }
      }
    }
  }

  @Test(arguments: [1e-300, 1e-150, 1e-6, 1e6, 1e100, 1e150, 1e300])
  func extremeScales(scale: Double) throws {
    let plain = [[1.0, 0.3, 0.1], [0.3, 2.0, 0.2], [0.1, 0.2, 3.0]]
    let covariance = try Market.covariance(plain.map { $0.map { $0 * scale } })
    let base = try MinimumVariance().weights(covariance: Market.covariance(plain))
    let solution = try MinimumVariance().weights(covariance: covariance)
    let equal = try RiskBudgeting.equal.weights(covariance: covariance)
    for i in 0..<3 { expectClose(solution.value.values[i], base.value.values[i], absolute: 1e-12) }
    #expect(equal.certificate.dualResidual <= 1e-9)
  }

  @Test func noAssetsHaveNoPortfolio() throws {
    let covariance = try Covariance(
      universe: Universe([]), dense: SymmetricMatrix(order: 0))
    #expect(throws: AllocationError.self) { try MinimumVariance().weights(covariance: covariance) }
    #expect(throws: AllocationError.self) {
      try RiskBudgeting.equal.weights(covariance: covariance)
    }
    let mean = try ExpectedReturns(universe: Universe([]), values: [])
    #expect(throws: AllocationError.self) {
      try MaximumSharpe(riskFreeRate: 0).weights(expectedReturns: mean, covariance: covariance)
    }
    let contributions = try RiskContributions.volatility(
      weights: Weights(universe: Universe([]), values: []), covariance: covariance)
    #expect(contributions.total == 0)
  }

  @Test func oneAsset() throws {
    let covariance = try Market.covariance([[0.04]])
    let least = try MinimumVariance().weights(covariance: covariance)
    #expect(least.value.values == [1])
    let equal = try RiskBudgeting.equal.weights(covariance: covariance)
    #expect(equal.value.weights.values == [1])
    let sharpe = try MaximumSharpe(riskFreeRate: 0).weights(
      expectedReturns: Market.returns([0.01]), covariance: covariance)
    #expect(sharpe.value.values == [1])
  }

  @Test func zeroCovariance() throws {
    let covariance = try Market.covariance([[0, 0], [0, 0]])
    let solution = try MinimumVariance().weights(covariance: covariance)
    #expect(solution.status == .optimal)
    #expect(throws: AllocationError.riskBudgetUnattainable(asset: "A0", reason: .noVariance)) {
      try RiskBudgeting.equal.weights(covariance: covariance)
    }
  }

  @Test func unboundedUtilityNamesTheAsset() throws {
    let covariance = try Market.covariance([[0, 0, 0], [0, 0.01, 0], [0, 0, 0.02]])
    let open = PortfolioConstraints(bounds: .uniform(-Double.infinity...Double.infinity))
    let mean = try Market.returns([0.3, 0.1, 0.2])
    do throws(AllocationError) {
      let solution = try MaximumUtility(riskAversion: 0, constraints: open).weights(
        expectedReturns: mean, covariance: covariance)
      Issue.record("\(solution.certificate)")
    } catch {
      guard case .unbounded = error else { throw error }
    }
  }

  @Test func gainWithoutRiskIsUnbounded() throws {
    // A perfect hedge with a positive return: the Sharpe ratio has no maximum.
    let covariance = try Market.covariance([[0.01, -0.02], [-0.02, 0.04]])
    let mean = try Market.returns([0.01, 0.01])
    do throws(AllocationError) {
      _ = try MaximumSharpe(riskFreeRate: 0).weights(
        expectedReturns: mean, covariance: covariance)
      Issue.record("an infinite ratio was attained")
    } catch {
      guard case .unbounded = error else { throw error }
    }
  }

  @Test func constraintsOfUnknownAssets() throws {
    let covariance = try Market.covariance([[0.01, 0], [0, 0.02]])
    for constraints in [
      PortfolioConstraints(bounds: .byAsset(["X": 0...1], others: 0...1)),
      PortfolioConstraints(linear: [.group("g", ["X"], total: 0...1)]),
    ] {
      #expect(throws: AllocationError.universeMismatch(position: nil, left: "X", right: nil)) {
        try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      }
    }
    let twice = PortfolioConstraints(linear: [.group("budget", ["A0"], total: 0...1)])
    #expect(throws: AllocationError.self) {
      try MinimumVariance(constraints: twice).weights(covariance: covariance)
    }
  }

  @Test func deadlinesAreReported() throws {
    let (mean, covariance) = try Market.factorModel(count: 30, seed: 4)
    var settings = QuadraticSolver.Settings()
    settings.deadline = ContinuousClock.now
    do throws(AllocationError) {
      _ = try MaximumUtility(riskAversion: 3, settings: settings).weights(
        expectedReturns: mean, covariance: covariance)
      Issue.record("the deadline was ignored")
    } catch {
      guard case .notSolved(.deadlineExceeded, _) = error else { throw error }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [1e-11, 0, -1, .infinity, .nan])
  func limitsWithoutEndDoNotKeepAFinishedSearchRunning(tolerance: Double) throws {
    var settings = RiskBudgeting.Settings()
    settings.relativeTolerance = tolerance
    for (passes, steps) in [(Int.max, Int.max), (Int.max, 0), (0, Int.max), (Int.min, Int.min)] {
      settings.maximumPasses = passes
      settings.maximumNewtonSteps = steps
      for rows in [
        [[.leastNonzeroMagnitude]], [[0.04]], [[0.04, 0.01], [0.01, 0.09]], [[1, -1], [-1, 1]],
        [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]],
      ] {
        let covariance = try Market.covariance(rows)
        let budgets = Dictionary(
          uniqueKeysWithValues: covariance.universe.assets.enumerated().map {
            ($1, $0 == 1 ? 1e-300 : 1)
          })
        _ = try? RiskBudgeting(budgets: .byAsset(budgets), settings: settings)
          .weights(covariance: covariance)
        let solution = try? RiskBudgeting(settings: settings).weights(covariance: covariance)
        if let solution { #expect(solution.certificate.dualResidual <= 1e-9) }
      }
    }
  }

  /// A product of risk aversion and covariance outside the range is a typed error, not a hang.
  @Test func productsThatOverflow() throws {
    let universe = try Universe([AssetID("A"), AssetID("B")])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[1e300, 0], [0, 1e300]]),
      definiteness: .byConstruction)
    let means = try ExpectedReturns(universe: universe, values: [1e-300, 1])
    #expect(throws: AllocationError.self) {
      try MaximumUtility(riskAversion: 1e300).weights(
        expectedReturns: means, covariance: covariance)
    }
  }
}
