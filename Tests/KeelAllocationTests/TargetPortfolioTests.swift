import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct TargetReturnTests {
  @Test(arguments: seeds(40))
  func agreesWithTheFrontier(seed: Int) throws {
    let count = 2 + seed % 30
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    let constraints = PortfolioConstraints(bounds: .uniform(0...max(0.3, 1.5 / Double(count))))
    let curve = try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
    let low = curve.minimumVariance.expectedReturn
    let high = curve.maximumReturn.expectedReturn
    for share in [-0.5, 0.1, 0.5, 0.97] {
      let target = low + share * (high - low)
      let solution = try TargetReturn(target, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      let point = try curve.portfolio(atReturn: target)
      #expect(solution.status == .optimal)
      for (left, right) in zip(solution.value.values, point.weights.values) {
        expectClose(left, right, absolute: 1e-9)
      }
      // The price of the target is the risk tolerance.
      expectClose(
        try #require(solution.duals["target return"]), point.riskTolerance, relative: 1e-7,
        absolute: 1e-12)
    }
  }

  @Test func saysWhatIsReachable() throws {
    let (mean, covariance) = try Market.factorModel(count: 6, seed: 3)
    let best = try #require(mean.values.max())
    do throws(AllocationError) {
      _ = try TargetReturn(best * 2).weights(expectedReturns: mean, covariance: covariance)
      Issue.record("an unreachable target was met")
    } catch {
      guard case .targetUnreachable(let target, let got, let reachable) = error else { throw error }
      #expect(target == "target return")
      #expect(got == best * 2)
      expectClose(reachable.upperBound, best, relative: 1e-12)
      let least = try MinimumVariance().weights(covariance: covariance).value.values
      expectClose(
        reachable.lowerBound, zip(least, mean.values).reduce(0) { $0 + $1.0 * $1.1 },
        relative: 1e-9)
    }
    // Clashing constraints are not a target out of reach.
    do throws(AllocationError) {
      _ = try TargetReturn(0, constraints: PortfolioConstraints(bounds: .uniform(0...0.1)))
        .weights(expectedReturns: mean, covariance: covariance)
      Issue.record("an infeasible portfolio was returned")
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains("budget"))
    }
  }
}

@Suite struct TargetRiskTests {
  @Test(arguments: seeds(40))
  func agreesWithTheFrontier(seed: Int) throws {
    let count = 2 + seed % 40
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    let constraints = PortfolioConstraints(bounds: .uniform(0...max(0.3, 1.5 / Double(count))))
    let curve = try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
    let low = curve.minimumVariance.volatility
    let high = curve.maximumReturn.volatility
    for share in [0.02, 0.4, 0.95, 1.5] {
      let target = low + share * (high - low)
      let solution = try TargetRisk(volatility: target, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      let point = try curve.portfolio(atVolatility: target)
      #expect(solution.status == .optimal)
      expectClose(solution.value.expectedReturn, point.expectedReturn, relative: 1e-10)
      if share < 1 {
        expectClose(solution.value.volatility, target, relative: 1e-12)
        expectClose(solution.value.riskAversion, 1 / point.riskTolerance, relative: 1e-7)
      } else {
        #expect(solution.value.riskAversion == 0)
      }
      for (left, right) in zip(solution.value.weights.values, point.weights.values) {
        expectClose(left, right, absolute: 1e-8)
      }
    }
  }

  @Test(arguments: seeds(20))
  func groupsAndTurnoverHold(seed: Int) throws {
    let count = 6 + seed
    let (mean, covariance) = try Market.factorModel(
      count: count, seed: seed + 50, isSpecific: seed % 4 != 0)
    let held = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(count), count: count))
    let constraints = PortfolioConstraints(
      bounds: .uniform(-0.2...0.5),
      linear: [.group("first", ["A0", "A1", "A2"], total: 0.1...0.6)],
      absolute: [.turnover(from: held, limit: 0.6), .gross(limit: 1.3)])
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    let floor = (2 * least.certificate.primalObjective).squareRoot()
    let target = floor * 1.3
    let solution = try TargetRisk(volatility: target, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(solution.value.volatility <= target * (1 + 1e-12))
    let riskAversion = solution.value.riskAversion
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = riskAversion * covariance.matrix[i, j] } }
    let checker = OptimalityChecker(
      p: p, q: mean.values.map { -$0 }, lower: -0.2, upper: 0.5,
      rows: [
        ("budget", [Double](repeating: 1, count: count), 1, 1),
        ("first", (0..<count).map { $0 < 3 ? 1 : 0 }, 0.1, 0.6),
      ],
      absolute: [
        ("turnover", held.values, 0.6),
        ("gross exposure", [Double](repeating: 0, count: count), 1.3),
      ])
    #expect(checker.residual(solution.value.weights.values, solution.duals) <= 1e-9)
  }

  @Test func trackingErrorLimit() throws {
    let (mean, covariance) = try Market.factorModel(count: 15, seed: 4)
    let equal = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1.0 / 15, count: 15))
    let solution = try TargetRisk(volatility: 0.003, benchmark: equal)
      .weights(expectedReturns: mean, covariance: covariance)
    expectClose(solution.value.volatility, 0.003, relative: 1e-11)
    let active = zip(solution.value.weights.values, equal.values).map { $0 - $1 }
    var variance = 0.0
    for i in 0..<15 {
      for j in 0..<15 { variance += active[i] * active[j] * covariance.matrix[i, j] }
    }
    expectClose(variance.squareRoot(), 0.003, relative: 1e-11)
    #expect(solution.value.weights.values.allSatisfy { $0 >= 0 })
    // No tracking error is the benchmark.
    let none = try TargetRisk(volatility: 0, benchmark: equal)
      .weights(expectedReturns: mean, covariance: covariance)
    for value in none.value.weights.values { expectClose(value, 1.0 / 15, absolute: 1e-12) }
  }

  @Test func saysWhatIsReachable() throws {
    let (mean, covariance) = try Market.factorModel(count: 6, seed: 3)
    let least = try MinimumVariance().weights(covariance: covariance)
    let floor = (2 * least.certificate.primalObjective).squareRoot()
    do throws(AllocationError) {
      _ = try TargetRisk(volatility: floor / 2)
        .weights(expectedReturns: mean, covariance: covariance)
      Issue.record("an unreachable target was met")
    } catch {
      guard case .targetUnreachable(let target, _, let reachable) = error else { throw error }
      #expect(target == "target volatility")
      expectClose(reachable.lowerBound, floor, relative: 1e-9)
      let best = try #require(mean.values.indices.max { mean.values[$0] < mean.values[$1] })
      expectClose(reachable.upperBound, covariance.standardDeviations[best], relative: 1e-9)
    }
    let atFloor = try TargetRisk(volatility: floor)
      .weights(expectedReturns: mean, covariance: covariance)
    expectClose(atFloor.value.volatility, floor, relative: 1e-9)
  }

  @Test func equalReturnsTakeTheLeastVariance() throws {
    let (_, covariance) = try Market.factorModel(count: 8, seed: 6)
    let mean = try Market.returns([Double](repeating: 0.01, count: 8))
    let least = try MinimumVariance().weights(covariance: covariance)
    let floor = (2 * least.certificate.primalObjective).squareRoot()
    let solution = try TargetRisk(volatility: floor * 1.01)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(solution.value.volatility <= floor * 1.01 * (1 + 1e-12))
    expectClose(solution.value.expectedReturn, 0.01, relative: 1e-12)
  }
}

@Suite struct TrackingErrorTests {
  @Test func reachableBenchmarkIsMet() throws {
    let (_, covariance) = try Market.factorModel(count: 20, seed: 2)
    let benchmark = try Weights(
      universe: covariance.universe, values: (0..<20).map { Double($0 + 1) / 210 })
    let solution = try TrackingError(to: benchmark).weights(covariance: covariance)
    for (left, right) in zip(solution.value.values, benchmark.values) {
      expectClose(left, right, absolute: 1e-12)
    }
  }

  @Test(arguments: seeds(30))
  func conditionsHold(seed: Int) throws {
    let count = 3 + seed
    let (_, covariance) = try Market.factorModel(
      count: count, seed: seed + 300, isSpecific: seed % 3 != 0)
    let benchmark = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(count), count: count))
    let bounds: ClosedRange<Double> = 0...(1.8 / Double(count))
    let constraints = PortfolioConstraints(
      bounds: .uniform(bounds),
      linear: [.group("half", ["A0", "A1"], total: 0...(0.7 / Double(count)))],
      absolute: [.turnover(from: benchmark, limit: 1.5)])
    let solution = try TrackingError(to: benchmark, constraints: constraints)
      .weights(covariance: covariance)
    var q = [Double](repeating: 0, count: count)
    for i in 0..<count {
      for j in 0..<count { q[i] -= covariance.matrix[i, j] * benchmark.values[j] }
    }
    let checker = OptimalityChecker(
      p: covariance.matrix, q: q, lower: bounds.lowerBound, upper: bounds.upperBound,
      rows: [
        ("budget", [Double](repeating: 1, count: count), 1, 1),
        ("half", (0..<count).map { $0 < 2 ? 1 : 0 }, 0, 0.7 / Double(count)),
      ], absolute: [("turnover", benchmark.values, 1.5)])
    #expect(checker.residual(solution.value.values, solution.duals) <= 1e-10)
    #expect(solution.certificate.primalObjective >= -1e-20)
  }
}

@Suite struct MaximumDiversificationTests {
  @Test func uncorrelatedAssetsAreWeightedByInverseVolatility() throws {
    let deviations = [0.1, 0.2, 0.4]
    let rows = deviations.indices.map { i in
      deviations.indices.map { $0 == i ? deviations[i] * deviations[i] : 0 }
    }
    let covariance = try Market.covariance(rows)
    let solution = try MaximumDiversification().weights(covariance: covariance)
    let total = deviations.reduce(0) { $0 + 1 / $1 }
    for (weight, deviation) in zip(solution.value.values, deviations) {
      expectClose(weight, 1 / deviation / total, relative: 1e-13)
    }
    expectClose(
      try MaximumDiversification.ratio(of: solution.value, covariance: covariance),
      3.0.squareRoot(), relative: 1e-14)
  }

  @Test(arguments: seeds(40))
  func conditionsHold(seed: Int) throws {
    let count = 2 + seed
    let (_, covariance) = try Market.factorModel(count: count, seed: seed + 400)
    let cap = seed % 2 == 0 ? 1 : max(0.1, 1.5 / Double(count))
    let held = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(count), count: count))
    let isTraded = seed % 3 == 0
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...cap), absolute: isTraded ? [.turnover(from: held, limit: 0.4)] : [])
    let solution = try MaximumDiversification(constraints: constraints)
      .weights(covariance: covariance)
    let w = solution.value.values
    let deviations = covariance.standardDeviations
    let gain = zip(w, deviations).reduce(0) { $0 + $1.0 * $1.1 }
    var variance = 0.0
    for i in 0..<count { for j in 0..<count { variance += w[i] * w[j] * covariance.matrix[i, j] } }
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = gain / variance * covariance.matrix[i, j] } }
    let checker = OptimalityChecker(
      p: p, q: deviations.map { -$0 }, lower: 0, upper: cap,
      rows: [("budget", [Double](repeating: 1, count: count), 1, 1)],
      absolute: isTraded ? [("turnover", held.values, 0.4)] : [])
    #expect(checker.residual(w, solution.duals) <= 1e-9)
    // The asset of least correlation with the rest is no worse than any single asset.
    #expect(try MaximumDiversification.ratio(of: solution.value, covariance: covariance) >= 1)
  }

  @Test(arguments: seeds(20))
  func sharpeUnderTurnover(seed: Int) throws {
    let count = 5 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 500)
    let held = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(count), count: count))
    let rate = -1e-3
    let constraints = PortfolioConstraints(
      bounds: .uniform(-0.1...0.6),
      absolute: [.turnover(from: held, limit: 0.7), .gross(limit: 1.2)])
    let solution = try MaximumSharpe(riskFreeRate: rate, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    let w = solution.value.values
    let gain = zip(w, mean.values).reduce(0) { $0 + $1.0 * ($1.1 - rate) }
    var variance = 0.0
    for i in 0..<count { for j in 0..<count { variance += w[i] * w[j] * covariance.matrix[i, j] } }
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = gain / variance * covariance.matrix[i, j] } }
    let checker = OptimalityChecker(
      p: p, q: mean.values.map { -$0 }, lower: -0.1, upper: 0.6,
      rows: [("budget", [Double](repeating: 1, count: count), 1, 1)],
      absolute: [
        ("turnover", held.values, 0.7),
        ("gross exposure", [Double](repeating: 0, count: count), 1.2),
      ])
    #expect(checker.residual(w, solution.duals) <= 1e-9)
  }
}
