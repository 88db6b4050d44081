import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Ties, singular covariances, empty choices and hostile numbers.
@Suite struct EfficientFrontierEdgeTests {
  private func curve(
    _ mean: [Double],
    _ rows: [[Double]],
    _ constraints: PortfolioConstraints = .longOnly
  ) throws -> FrontierCurve {
    try EfficientFrontier(constraints: constraints).curve(
      expectedReturns: Market.returns(mean), covariance: Market.covariance(rows))
  }

  private func expectCertified(_ curve: FrontierCurve) throws {
    for corner in curve.corners { _ = try curve.certified(corner.point) }
    for point in try curve.sampled(count: 7) { _ = try curve.certified(point) }
  }

  @Test func twoAssetsByHand() throws {
    // w = (t Δμ + σ₂² − c) / (σ₁² + σ₂² − 2c) on the first asset.
    let curve = try curve([0.02, 0.01], [[0.09, 0.012], [0.012, 0.04]])
    #expect(curve.corners.count == 2)
    expectClose(curve.maximumReturn.riskTolerance, (0.106 - 0.028) / 0.01, relative: 1e-13)
    expectClose(curve.minimumVariance.weights.values[0], 0.028 / 0.106, relative: 1e-14)
    #expect(curve.corners[0].entering == ["A1"])
  }

  @Test func equalMeansAreOnePoint() throws {
    let (_, covariance) = try Market.factorModel(count: 9, seed: 4)
    let mean = try Market.returns([Double](repeating: 0.001, count: 9))
    let curve = try EfficientFrontier().curve(expectedReturns: mean, covariance: covariance)
    #expect(curve.corners.count == 1)
    let least = try MinimumVariance().weights(covariance: covariance)
    for (left, right) in zip(curve.minimumVariance.weights.values, least.value.values) {
      expectClose(left, right, absolute: 1e-11)
    }
  }

  @Test(arguments: 1...200)
  func tiesEverywhere(seed: Int) throws {
    // Few different means, variances and correlations, and caps that meet the budget exactly.
    let (mean, rows) = HardMarket.tiedMoments(seed: seed)
    let count = mean.count
    let caps = [0.25, 1, 1 / Double(count), 0.5]
    let cap = max(caps[seed % 4], 1 / Double(count))
    let curve = try curve(mean, rows, PortfolioConstraints(bounds: .uniform(0...cap)))
    try expectCertified(curve)
  }

  @Test(arguments: 1...60)
  func fewObservations(seed: Int) throws {
    let (mean, rows) = HardMarket.sampleMoments(seed: seed)
    let curve = try curve(mean, rows, PortfolioConstraints(bounds: .uniform(-0.1...0.4)))
    try expectCertified(curve)
  }

  @Test func cashIsAnAsset() throws {
    let curve = try curve(
      [0.0001, 0.01, 0.02], [[0, 0, 0], [0, 0.01, 0.002], [0, 0.002, 0.05]])
    try expectCertified(curve)
    #expect(curve.minimumVariance.weights.values == [1, 0, 0])
    #expect(curve.minimumVariance.variance == 0)
    // Below cash nothing is free of risk; above its rate, cash is an excess return without risk.
    let best = try curve.maximumSharpe(riskFreeRate: 0.0001)
    #expect(best.volatility > 0)
    #expect(throws: AllocationError.unbounded(asset: "A0")) {
      try curve.maximumSharpe(riskFreeRate: 0)
    }
  }

  @Test(arguments: 1...20)
  func budgetOfZeroEndsWithoutPositions(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 6 + seed, seed: seed)
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(bounds: .uniform(-0.2...0.3), budget: 0)
    ).curve(expectedReturns: mean, covariance: covariance)
    try expectCertified(curve)
    #expect(curve.minimumVariance.weights.values.allSatisfy { $0 == 0 })
    #expect(curve.minimumVariance.variance == 0)
  }

  @Test func oneAsset() throws {
    let curve = try curve([0.01], [[0.04]])
    #expect(curve.corners.count == 1)
    #expect(try curve.portfolio(atReturn: 0.005).weights.values == [1])
    #expect(try curve.maximumSharpe(riskFreeRate: 0).weights.values == [1])
  }

  @Test func capsThatLeaveOnePoint() throws {
    let (mean, covariance) = try Market.factorModel(count: 10, seed: 2)
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.1))
    ).curve(expectedReturns: mean, covariance: covariance)
    try expectCertified(curve)
    #expect(curve.minimumVariance.weights.values.allSatisfy { ($0 - 0.1).magnitude < 1e-15 })
  }

  @Test func targetsOutsideTheCurve() throws {
    let curve = try curve([0.02, 0.01], [[0.09, 0.012], [0.012, 0.04]])
    do throws(AllocationError) {
      _ = try curve.portfolio(atReturn: 0.03)
      Issue.record("an unattainable return was attained")
    } catch {
      guard case .infeasible(["target return"], let contradiction) = error else { throw error }
      expectClose(contradiction, 0.01, relative: 1e-12)
    }
    do throws(AllocationError) {
      _ = try curve.portfolio(atVolatility: 0.1)
      Issue.record("an unattainable risk was attained")
    } catch {
      guard case .infeasible(["target volatility"], _) = error else { throw error }
    }
    #expect(try curve.portfolio(atReturn: -1) == curve.minimumVariance)
    #expect(try curve.portfolio(atVolatility: 1) == curve.maximumReturn)
    #expect(throws: AllocationError.self) { try curve.sampled(count: 1) }
    #expect(throws: AllocationError.noPortfolioBeatsRiskFree(best: 0.02, riskFreeRate: 0.02)) {
      try curve.maximumSharpe(riskFreeRate: 0.02)
    }
  }

  @Test func whatIsRefused() throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 1)
    func run(_ constraints: PortfolioConstraints) throws(AllocationError) -> FrontierCurve {
      try EfficientFrontier(constraints: constraints).curve(
        expectedReturns: mean, covariance: covariance)
    }
    do throws(AllocationError) {
      _ = try run(PortfolioConstraints(bounds: .uniform(0...0.2)))
      Issue.record("an infeasible frontier was returned")
    } catch {
      guard case .infeasible(let constraints, _) = error else { throw error }
      #expect(constraints == ["budget", "A0", "A1", "A2", "A3"])
    }
    do throws(AllocationError) {
      _ = try run(PortfolioConstraints(bounds: .uniform(-Double.infinity...Double.infinity)))
      Issue.record("an endless frontier was returned")
    } catch {
      guard case .unbounded = error else { throw error }
    }
    do throws(AllocationError) {
      _ = try EfficientFrontier(settings: .init(maximumSteps: 1)).curve(
        expectedReturns: mean, covariance: covariance)
      Issue.record("the step limit was ignored")
    } catch {
      guard case .notSolved(.iterationLimit, _) = error else { throw error }
    }
    let indefinite = try Market.covariance([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try EfficientFrontier().curve(
        expectedReturns: Market.returns([1, 2, 3]), covariance: indefinite)
    }
    #expect(throws: AllocationError.self) {
      try EfficientFrontier().curve(
        expectedReturns: ExpectedReturns(universe: Universe([]), values: []),
        covariance: Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0)))
    }
    let other = try ExpectedReturns(universe: Universe(["B0"]), values: [0.1])
    #expect(throws: AllocationError.self) {
      try EfficientFrontier().curve(expectedReturns: other, covariance: covariance)
    }
  }

  @Test(arguments: hostileNumbers) func hostile(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 9)
    func check(_ body: () throws(AllocationError) -> FrontierCurve) {
      do throws(AllocationError) {
        let curve = try body()
        for corner in curve.corners {
          #expect(corner.residual <= 1e-11)
          let solution = try curve.certified(corner.point)
          #expect(solution.status == .optimal)
        }
        for point in try curve.sampled(count: 5) { #expect(point.variance.isFinite) }
      } catch {
        // A typed error is an answer.
      }
    }
    check { () throws(AllocationError) in
      try EfficientFrontier(constraints: PortfolioConstraints(budget: number)).curve(
        expectedReturns: mean, covariance: covariance)
    }
    if !number.isNaN {
      for others in [0.0...1, -Double.infinity...1, 0...Double.infinity] {
        let range = min(number, 0)...max(number, 0)
        check { () throws(AllocationError) in
          try EfficientFrontier(
            constraints: PortfolioConstraints(bounds: .byAsset(["A1": range], others: others))
          ).curve(expectedReturns: mean, covariance: covariance)
        }
      }
    }
    if number.isFinite {
      let returns = try Market.returns([number, 0.1, 0.1, 0.3, 0.4])
      check { () throws(AllocationError) in
        try EfficientFrontier().curve(expectedReturns: returns, covariance: covariance)
      }
    }
    if number.isFinite && number >= 0 {
      let extreme = try Market.covariance([[number, 0, 0], [0, 1e-4, 5e-5], [0, 5e-5, 2e-4]])
      let returns = try Market.returns([0.1, 0.2, 0.3])
      check { () throws(AllocationError) in
        try EfficientFrontier().curve(expectedReturns: returns, covariance: extreme)
      }
    }
    let curve = try EfficientFrontier().curve(expectedReturns: mean, covariance: covariance)
    for body in [
      curve.portfolio(atReturn:), curve.portfolio(atVolatility:),
      curve.portfolio(atRiskTolerance:), curve.maximumSharpe(riskFreeRate:),
    ] as [(Double) throws(AllocationError) -> FrontierCurve.Point] {
      do throws(AllocationError) {
        let solution = try curve.certified(try body(number))
        #expect(solution.status == .optimal)
      } catch {
        // A typed error is an answer.
      }
    }
    #expect(throws: AllocationError.self) { try curve.sampled(count: Int.min) }
  }
}
