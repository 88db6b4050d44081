import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Rows that clash, repeat or determine everything, ties, and hostile numbers.
@Suite struct ConstrainedFrontierEdgeTests {
  private func run(
    _ constraints: PortfolioConstraints,
    count: Int = 4,
    seed: Int = 1
  ) throws -> FrontierCurve {
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    return try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
  }

  private func expectCertified(_ curve: FrontierCurve) throws {
    for corner in curve.corners { _ = try curve.certified(corner.point) }
    for point in try curve.sampled(count: 5) { _ = try curve.certified(point) }
  }

  @Test func clashesAreNamed() throws {
    let held = try Weights(universe: Market.universe(4), values: [1, 0, 0, 0])
    for (constraints, names) in [
      (
        PortfolioConstraints(linear: [
          .group("least", ["A0", "A1"], total: 0.7...1),
          .group("most", ["A0", "A1"], total: 0...0.6),
        ]), ["least", "most"]
      ),
      (
        PortfolioConstraints(
          bounds: .uniform(0...0.4), absolute: [.turnover(from: held, limit: 0.5)]), ["turnover"]
      ),
      (
        PortfolioConstraints(linear: [
          LinearConstraint("half", coefficients: ["A2": 1, "A3": 2], lower: 5)
        ]), ["half"]
      ),
    ] {
      do {
        _ = try run(constraints)
        Issue.record("an infeasible frontier was returned")
      } catch let error as AllocationError {
        guard case .infeasible(let clash, _) = error else { throw error }
        #expect(Set(names).isSubset(of: clash))
      }
    }
  }

  @Test func duplicatedAndRedundantRows() throws {
    let group = LinearConstraint.group("a", ["A0", "A1", "A2"], total: 0.2...0.5)
    let other = LinearConstraint.group("b", ["A0", "A1", "A2"], total: 0.2...0.5)
    // Four thirds of the same group, and its complement.
    let scaled = LinearConstraint(
      "c", coefficients: ["A0": 4, "A1": 4, "A2": 4], lower: 0.8, upper: 2)
    let rest = LinearConstraint.group("d", ["A3", "A4", "A5", "A6"], total: 0.5...0.8)
    let base = try run(PortfolioConstraints(linear: [group]), count: 7, seed: 3)
    let curve = try run(
      PortfolioConstraints(linear: [group, other, scaled, rest]), count: 7, seed: 3)
    try expectCertified(curve)
    for t in [0, 0.01, 0.1, 0.5, 4] {
      let left = try base.portfolio(atRiskTolerance: t)
      let right = try curve.portfolio(atRiskTolerance: t)
      for (a, b) in zip(left.weights.values, right.weights.values) {
        expectClose(a, b, absolute: 1e-11)
      }
    }
  }

  @Test func equationsOnly() throws {
    let equations: [LinearConstraint] = [
      .group("a", ["A0", "A1"], total: 0.3...0.3), .group("b", ["A2", "A3"], total: 0.3...0.3),
      .group("c", ["A4", "A5", "A6"], total: 0.4...0.4),
      .group("d", ["A0", "A1", "A2", "A3"], total: 0.6...0.6),
    ]
    try expectCertified(try run(PortfolioConstraints(linear: equations), count: 7, seed: 2))
    // Without bounds only rows without slack in the mean leave a largest return.
    let neutral = LinearConstraint(
      "mean", coefficients: ["A0": 0.03, "A1": 0.02, "A2": 0.01], lower: 0.02, upper: 0.02)
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(
        bounds: .uniform(-Double.infinity...Double.infinity), linear: [neutral])
    ).curve(
      expectedReturns: Market.returns([0.03, 0.02, 0.01]),
      covariance: Market.covariance([[0.04, 0, 0], [0, 0.09, 0], [0, 0, 0.01]]))
    #expect(curve.corners.count == 1)
    try expectCertified(curve)
    // w = (x, 1 − 2x, x) with the least 0.05 x² + 0.09 (1 − 2x)².
    expectClose(curve.minimumVariance.weights.values[0], 0.18 / 0.41, relative: 1e-12)
  }

  @Test func noFreedom() throws {
    let held = try Weights(universe: Market.universe(4), values: [0.1, 0.2, 0.3, 0.4])
    for constraints in [
      PortfolioConstraints(absolute: [.turnover(from: held, limit: 0)]),
      PortfolioConstraints(
        bounds: .byAsset(
          ["A0": 0.1...0.1, "A1": 0.2...0.2, "A2": 0.3...0.3, "A3": 0.4...0.4], others: 0...0),
        linear: [.group("a", ["A0", "A3"], total: 0...0.5)]),
      PortfolioConstraints(linear: [
        .group("a", ["A0"], total: 0.1...0.1), .group("b", ["A0", "A1"], total: 0.3...0.3),
        .group("c", ["A2"], total: 0.3...0.3),
      ]),
      PortfolioConstraints(
        bounds: .byAsset(
          ["A0": 0...0.1, "A1": 0...0.2, "A2": 0...0.3, "A3": 0...0.4], others: 0...0),
        linear: [.group("a", ["A0", "A3"], total: 0...0.5)], absolute: [.gross(limit: 1)]),
    ] {
      let curve = try run(constraints)
      #expect(curve.corners.count == 1)
      try expectCertified(curve)
      for (weight, value) in zip(curve.maximumReturn.weights.values, held.values) {
        expectClose(weight, value, absolute: 1e-14)
      }
    }
  }

  @Test func endlessReturns() throws {
    do {
      _ = try run(
        PortfolioConstraints(
          bounds: .uniform(-Double.infinity...Double.infinity),
          linear: [.group("a", ["A0", "A1"], total: 0.3...0.7)]))
      Issue.record("an endless frontier was returned")
    } catch let error as AllocationError {
      guard case .unbounded = error else { throw error }
    }
    // A limit on gross exposure ends it.
    let curve = try run(
      .longShort(net: 1, gross: 1.6, bounds: .uniform(-Double.infinity...Double.infinity)))
    try expectCertified(curve)
    let gross = curve.maximumReturn.weights.values.reduce(0) { $0 + $1.magnitude }
    expectClose(gross, 1.6, relative: 1e-14)
  }

  @Test(arguments: seeds(200))
  func tiesEverywhere(seed: Int) throws {
    try expectCertified(try HardMarket.ties(seed: seed).curve())
  }

  @Test(arguments: seeds(60))
  func fewObservations(seed: Int) throws {
    try expectCertified(try HardMarket.fewObservations(seed: seed).curve())
  }

  @Test func limitsAndNamesAreChecked() throws {
    for constraints in [
      PortfolioConstraints(linear: [.group("g", ["B7"], total: 0...1)]),
      PortfolioConstraints(linear: [
        LinearConstraint("g", coefficients: ["A0": .nan], lower: 0)
      ]),
      PortfolioConstraints(linear: [
        .group("g", ["A0"], total: 0...1), .group("g", ["A1"], total: 0...1),
      ]),
      PortfolioConstraints(absolute: [.gross(limit: .nan)]),
    ] {
      #expect(throws: AllocationError.self) { try run(constraints) }
    }
    let (mean, covariance) = try Market.factorModel(count: 8, seed: 2)
    do throws(AllocationError) {
      _ = try EfficientFrontier(
        constraints: PortfolioConstraints(linear: [.group("g", ["A0", "A1"], total: 0...0.3)]),
        settings: .init(maximumSteps: 1)
      ).curve(expectedReturns: mean, covariance: covariance)
      Issue.record("the step limit was ignored")
    } catch {
      guard case .notSolved(.iterationLimit, _) = error else { throw error }
    }
    let indefinite = try Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try EfficientFrontier(
        constraints: PortfolioConstraints(linear: [.group("g", ["A0"], total: 0...0.5)])
      ).curve(expectedReturns: Market.returns([1, 2, 3]), covariance: indefinite)
    }
  }

  @Test(arguments: hostileNumbers) func hostile(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 9)
    let held = try Weights(
      universe: covariance.universe, values: [0.2, 0.2, 0.2, 0.2, 0.2])
    func check(_ constraints: PortfolioConstraints, _ mean: ExpectedReturns) {
      do throws(AllocationError) {
        let curve = try EfficientFrontier(constraints: constraints)
          .curve(expectedReturns: mean, covariance: covariance)
        for corner in curve.corners { #expect(corner.residual <= 1e-11) }
        for point in try curve.sampled(count: 5) { #expect(point.variance.isFinite) }
      } catch {
        // A typed error is an answer.
      }
    }
    check(
      PortfolioConstraints(linear: [
        LinearConstraint("g", coefficients: ["A0": number, "A1": 1], upper: 0.3)
      ]), mean)
    check(
      PortfolioConstraints(linear: [
        LinearConstraint("g", coefficients: ["A0": 1, "A1": 1], lower: number)
      ]), mean)
    check(PortfolioConstraints(absolute: [.turnover(from: held, limit: number)]), mean)
    check(
      PortfolioConstraints(absolute: [
        AbsoluteConstraint(
          "costs", reference: held, coefficients: ["A0": number, "A1": 1], limit: 0.1)
      ]), mean)
    if number.isFinite {
      let returns = try Market.returns([number, 0.1, 0.1, 0.3, 0.4])
      check(PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.5)]), returns)
    }
  }
}
