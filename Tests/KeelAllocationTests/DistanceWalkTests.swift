import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Every problem that the frontier solves has an answer from each single portfolio with such limits.
@Suite struct DistanceWalkTests {
  @Test(arguments: seeds(120))
  func constrainedMarkets(seed: Int) throws {
    let market = try ConstrainedMarket(seed: seed)
    try expectAll(
      HardMarket(
        mean: market.mean, covariance: market.covariance, constraints: market.constraints))
  }

  @Test(arguments: seeds(200))
  func ties(seed: Int) throws { try expectAll(try HardMarket.ties(seed: seed)) }

  @Test(arguments: seeds(60))
  func fewObservations(seed: Int) throws {
    try expectAll(try HardMarket.fewObservations(seed: seed))
  }

  /// Problems on which steps from cell to cell went round or stopped short; release builds run all of
  /// them among the seeds above.
  @Test(arguments: [18, 58])
  func singularCovariances(seed: Int) throws {
    try expectAll(try HardMarket.fewObservations(seed: seed))
  }

  @Test(arguments: [62, 104])
  func repeatedAssets(seed: Int) throws { try expectAll(try HardMarket.ties(seed: seed)) }

  @Test func twoAssets() throws {
    let market = try ConstrainedMarket(seed: 38)
    try expectAll(
      HardMarket(
        mean: market.mean, covariance: market.covariance, constraints: market.constraints))
  }

  @Test func cancellationAndDeadline() throws {
    let market = try HardMarket.fewObservations(seed: 20)
    var settings = QuadraticSolver.Settings()
    settings.deadline = ContinuousClock.now - .seconds(1)
    do throws(AllocationError) {
      _ = try MaximumUtility(
        riskAversion: 9, constraints: market.constraints, settings: settings
      ).weights(expectedReturns: market.mean, covariance: market.covariance)
      Issue.record("the deadline was ignored")
    } catch {
      guard case .notSolved(.deadlineExceeded, _) = error else { throw error }
    }
  }

  /// Every third corner in release builds, few in debug builds.
  private static let cornerStride = {
    #if DEBUG
      12
    #else
      3
    #endif
  }()

  /// Each portfolio; only certified optima are returned.
  private func expectAll(_ market: HardMarket) throws {
    let (mean, covariance, constraints) = (market.mean, market.covariance, market.constraints)
    let curve = try market.curve()
    let (low, high) = (curve.minimumVariance, curve.maximumReturn)
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    let size = covariance.standardDeviations.reduce(0) { max($0, $1 * $1) }
    expectClose(
      2 * least.certificate.primalObjective, low.variance, relative: 1e-9, absolute: 1e-12 * size)
    let most = try MaximumUtility(riskAversion: 0, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    expectClose(
      -most.certificate.primalObjective, high.expectedReturn, relative: 1e-9, absolute: 1e-13)
    let equal = try HardMarket.equal(covariance.universe)
    _ = try TrackingError(to: equal, constraints: constraints).weights(covariance: covariance)
    for k in stride(from: 0, to: curve.corners.count, by: Self.cornerStride) {
      let point = curve.corners[k].point
      if point.riskTolerance > 0 { try expectUtility(point, market) }
    }
    try expectCosts(market, equal)
    for share in [0.1, 0.5, 0.9] {
      let chosen = try TargetReturn(
        low.expectedReturn + share * (high.expectedReturn - low.expectedReturn),
        constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance)
      #expect(chosen.status == .optimal)
      let risk = try TargetRisk(
        volatility: low.volatility + share * (high.volatility - low.volatility),
        constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance)
      #expect(risk.status == .optimal)
    }
    for rate in [-0.002, 0, 0.0004] where rate < high.expectedReturn {
      do throws(AllocationError) {
        _ = try MaximumSharpe(riskFreeRate: rate, constraints: constraints)
          .weights(expectedReturns: mean, covariance: covariance)
      } catch {
        // A gain without risk has no largest ratio.
        guard case .unbounded = error, low.variance <= 1e-12 * size else { throw error }
      }
    }
  }

  private func expectUtility(_ point: FrontierCurve.Point, _ market: HardMarket) throws {
    let t = point.riskTolerance
    let solution = try MaximumUtility(riskAversion: 1 / t, constraints: market.constraints)
      .weights(expectedReturns: market.mean, covariance: market.covariance)
    // Of its terms: returns of long and short weights may cancel.
    let returns = zip(market.mean.values, solution.value.values).reduce(0) {
      $0 + ($1.0 * $1.1).magnitude
    }
    let size = returns + point.variance / (2 * t)
    expectClose(
      -solution.certificate.primalObjective, point.expectedReturn - point.variance / (2 * t),
      absolute: 1e-9 * size)
  }

  /// The same with costs: never better than without, and held where trading costs everything.
  private func expectCosts(_ market: HardMarket, _ held: Weights) throws {
    for rate in [0.001, 0.01] {
      let costs = TradingCosts(
        from: held, buying: .uniform(rate), selling: .uniform(rate / 2), spreadOver: 4)
      let free = try MaximumUtility(riskAversion: 3, constraints: market.constraints)
        .weights(expectedReturns: market.mean, covariance: market.covariance)
      let charged = try MaximumUtility(
        riskAversion: 3, constraints: market.constraints, costs: costs
      ).weights(expectedReturns: market.mean, covariance: market.covariance)
      let least = free.certificate.primalObjective
      #expect(charged.certificate.primalObjective >= least - 1e-10 * least.magnitude - 1e-14)
      // The free optimum after its costs is a lower mark.
      let mark = try least + costs.costPerPeriod(of: free.value)
      #expect(charged.certificate.primalObjective <= mark + 1e-9 * mark.magnitude + 1e-13)
    }
  }
}
