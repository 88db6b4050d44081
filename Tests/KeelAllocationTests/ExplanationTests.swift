import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Terms that add up, prices that finite differences confirm.
@Suite struct ExplanationTests {
  private func constraints(
    _ universe: Universe,
    cap: Double = 0.4,
    group: Double = 0.2571,
    turnover: Double = 0.7
  ) throws -> PortfolioConstraints {
    let count = universe.count
    let held = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
    return PortfolioConstraints(
      bounds: .uniform(0...cap),
      linear: [
        .group("first", ["A0", "A1", "A2"], total: 0.0513...group),
        .group("idle", ["A0", "A3"], total: -3...3),
      ],
      absolute: [.turnover(from: held, limit: turnover)])
  }

  private func expectSum(_ explanation: PortfolioExplanation) {
    #expect(explanation.residual <= 1e-12)
    for (i, weight) in explanation.weights.values.enumerated() {
      let sum = explanation.terms.reduce(0) { $0 + $1.weights.values[i] }
      expectClose(sum, weight, absolute: 2e-12)
    }
    #expect(!explanation.terms.contains { $0.source == .undetermined })
  }

  private func term(
    _ explanation: PortfolioExplanation,
    _ source: PortfolioExplanation.Source
  ) -> [Double]? {
    explanation.terms.first { $0.source == source }?.weights.values
  }

  @Test(arguments: seeds(25))
  func termsAddUp(seed: Int) throws {
    let count = 5 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 600)
    let constraints = try constraints(covariance.universe)
    let least = MinimumVariance(constraints: constraints)
    expectSum(
      try least.explanation(of: least.weights(covariance: covariance), covariance: covariance))
    let utility = MaximumUtility(riskAversion: 6, constraints: constraints)
    let best = try utility.weights(expectedReturns: mean, covariance: covariance)
    let explanation = try utility.explanation(
      of: best, expectedReturns: mean, covariance: covariance)
    expectSum(explanation)
    #expect(!explanation.terms.contains { $0.source == .constraint("idle") })
    #expect(explanation.shadowPrice(of: "idle") == 0)
    // Without the idle constraint every term is the same.
    var fewer = constraints
    fewer.linear.removeLast()
    let lean = MaximumUtility(riskAversion: 6, constraints: fewer)
    let other = try lean.explanation(
      of: lean.weights(expectedReturns: mean, covariance: covariance), expectedReturns: mean,
      covariance: covariance)
    #expect(other.terms.map(\.source) == explanation.terms.map(\.source))
    for (left, right) in zip(other.terms, explanation.terms) {
      for (a, b) in zip(left.weights.values, right.weights.values) {
        expectClose(a, b, absolute: 1e-9)
      }
    }
  }

  @Test(arguments: seeds(12))
  func everyChoiceIsExplained(seed: Int) throws {
    let count = 6 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 700)
    let constraints = try constraints(covariance.universe)
    let benchmark = try Weights(
      universe: covariance.universe, values: (0..<count).map { $0 < 4 ? 0.25 : 0 })
    let tracking = TrackingError(to: benchmark, constraints: constraints)
    expectSum(
      try tracking.explanation(of: tracking.weights(covariance: covariance), covariance: covariance)
    )
    let sharpe = MaximumSharpe(riskFreeRate: -1e-3, constraints: constraints)
    expectSum(
      try sharpe.explanation(
        of: sharpe.weights(expectedReturns: mean, covariance: covariance), expectedReturns: mean,
        covariance: covariance))
    let diversified = MaximumDiversification(constraints: constraints)
    expectSum(
      try diversified.explanation(
        of: diversified.weights(covariance: covariance), covariance: covariance))
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    let floor = (2 * least.certificate.primalObjective).squareRoot()
    let risk = TargetRisk(volatility: floor * 1.02, constraints: constraints)
    let most = try risk.weights(expectedReturns: mean, covariance: covariance)
    expectSum(try risk.explanation(of: most, expectedReturns: mean, covariance: covariance))
    let target = TargetReturn(most.value.expectedReturn, constraints: constraints)
    let chosen = try target.weights(expectedReturns: mean, covariance: covariance)
    let explanation = try target.explanation(
      of: chosen, expectedReturns: mean, covariance: covariance)
    expectSum(explanation)
    #expect(explanation.shadowPrice(of: "target return") > 0)
  }

  @Test func anchorAndTilt() throws {
    let variances = [0.01, 0.02, 0.04]
    let covariance = try Market.covariance(
      variances.indices.map { i in variances.indices.map { $0 == i ? variances[i] : 0 } })
    let mean = try Market.returns([0.02, 0.03, 0.01])
    let choice = MaximumUtility(riskAversion: 4)
    let explanation = try choice.explanation(
      of: choice.weights(expectedReturns: mean, covariance: covariance), expectedReturns: mean,
      covariance: covariance)
    let total = variances.reduce(0) { $0 + 1 / $1 }
    let average = zip(mean.values, variances).reduce(0) { $0 + $1.0 / $1.1 } / total
    let risk = try #require(term(explanation, .risk))
    let views = try #require(term(explanation, .views))
    // The third asset is held because of its risk alone: all three are free.
    for i in 0..<3 {
      expectClose(risk[i], 1 / variances[i] / total, relative: 1e-12)
      expectClose(views[i], (mean.values[i] - average) / (4 * variances[i]), absolute: 1e-13)
    }
    #expect(explanation["A0"]?.map(\.source) == [.risk, .views])
    #expect(explanation["X"] == nil)
    #expect(explanation.terms.map { "\($0.source)" } == ["risk", "views"])
  }

  @Test func boundsSayWhatWouldBeWanted() throws {
    // The second asset would be sold short: without its bound it has the weight that its other terms
    // add up to.
    let covariance = try Market.covariance([[0.01, 0.018, 0], [0.018, 0.05, 0], [0, 0, 0.02]])
    let choice = MinimumVariance()
    let explanation = try choice.explanation(
      of: choice.weights(covariance: covariance), covariance: covariance)
    let free = try MinimumVariance(
      constraints: PortfolioConstraints(bounds: .byAsset(["A1": -1...1], others: 0...1))
    ).weights(covariance: covariance)
    let bound = try #require(term(explanation, .constraint("A1")))
    let risk = try #require(term(explanation, .risk))
    #expect(bound[0] == 0 && bound[2] == 0)
    expectClose(risk[1], free.value.values[1], relative: 1e-12)
    expectClose(bound[1], -risk[1], relative: 1e-12)
    #expect(free.value.values[1] < 0)
  }

  @Test(arguments: seeds(10))
  func pricesAreDerivatives(seed: Int) throws {
    let count = 8 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 800)
    func utility(_ cap: Double, _ group: Double, _ turnover: Double, _ budget: Double) throws
      -> (MaximumUtility, Solution<Weights>)
    {
      var limits = try constraints(
        covariance.universe, cap: cap, group: group, turnover: turnover)
      limits.bounds = .byAsset(["A1": 0...cap], others: 0...0.5)
      limits.budget = budget
      let choice = MaximumUtility(riskAversion: 6, constraints: limits)
      return (choice, try choice.weights(expectedReturns: mean, covariance: covariance))
    }
    let (choice, base) = try utility(0.02, 0.25, 0.5, 1)
    let explanation = try choice.explanation(
      of: base, expectedReturns: mean, covariance: covariance)
    let h = 1e-5
    func slope(_ at: (Double) throws -> Solution<Weights>) throws -> Double {
      try -(at(h).certificate.primalObjective - at(-h).certificate.primalObjective) / (2 * h)
    }
    let scale = 1e-3
    func check(_ name: String, _ at: (Double) throws -> Solution<Weights>) throws {
      expectClose(
        explanation.shadowPrice(of: name), try slope(at), relative: 1e-3, absolute: 1e-3 * scale,
        name)
    }
    try check("budget") { try utility(0.02, 0.25, 0.5, 1 + $0).1 }
    try check("turnover") { try utility(0.02, 0.25, 0.5 + $0, 1).1 }
    let group = base.value.values[0...2].reduce(0, +)
    if group > 0.2 { try check("first") { try utility(0.02, 0.25 + $0, 0.5, 1).1 } }
    if base.value.values[1] == 0.02 {
      try check("A1") { try utility(0.02 + $0, 0.25, 0.5, 1).1 }
    }
  }

  @Test(arguments: seeds(8))
  func ratioAndReturnPricesAreDerivatives(seed: Int) throws {
    let count = 6 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 900)
    let rate = -1e-3
    func ratio(_ w: [Double], _ gains: [Double]) -> Double {
      var variance = 0.0
      for i in w.indices {
        for j in w.indices { variance += w[i] * w[j] * covariance.matrix[i, j] }
      }
      return zip(w, gains).reduce(0) { $0 + $1.0 * $1.1 } / variance.squareRoot()
    }
    func limits(_ cap: Double) -> PortfolioConstraints {
      PortfolioConstraints(
        bounds: .uniform(0...0.6), linear: [.group("pair", ["A0", "A1", "A2"], total: 0...cap)])
    }
    let h = 1e-6
    let sharpe = MaximumSharpe(riskFreeRate: rate, constraints: limits(0.1))
    let best = try sharpe.weights(expectedReturns: mean, covariance: covariance)
    let explained = try sharpe.explanation(of: best, expectedReturns: mean, covariance: covariance)
    let sharpes = try [0.1 + h, 0.1 - h].map {
      ratio(
        try MaximumSharpe(riskFreeRate: rate, constraints: limits($0))
          .weights(expectedReturns: mean, covariance: covariance).value.values,
        mean.values.map { $0 - rate })
    }
    // Where all members are at zero, several prices are right.
    if best.value.values[0...2].reduce(0, +) < 0.05 { return }
    expectClose(
      explained.shadowPrice(of: "pair"), (sharpes[0] - sharpes[1]) / (2 * h), relative: 1e-3,
      absolute: 1e-5)
    let floor =
      (2
      * (try MinimumVariance(constraints: limits(0.1))
      .weights(covariance: covariance)).certificate.primalObjective).squareRoot()
    let risk = TargetRisk(volatility: floor * 1.1, constraints: limits(0.1))
    let chosen = try risk.weights(expectedReturns: mean, covariance: covariance)
    if chosen.value.weights.values[0...2].reduce(0, +) < 0.05 { return }
    let returns = try [0.1 + h, 0.1 - h].map {
      try TargetRisk(volatility: floor * 1.1, constraints: limits($0))
        .weights(expectedReturns: mean, covariance: covariance).value.expectedReturn
    }
    expectClose(
      try risk.explanation(of: chosen, expectedReturns: mean, covariance: covariance)
        .shadowPrice(of: "pair"),
      (returns[0] - returns[1]) / (2 * h), relative: 1e-3, absolute: 1e-7)
    // A unit of volatility is worth λ × volatility.
    let step = 1e-5
    let more = try [1 + step, 1 - step].map {
      try TargetRisk(volatility: floor * 1.1 * $0, constraints: limits(0.1))
        .weights(expectedReturns: mean, covariance: covariance).value.expectedReturn
    }
    let volatility = floor * 1.1
    expectClose(
      (more[0] - more[1]) / (2 * step * volatility), chosen.value.riskAversion * volatility,
      relative: 1e-3, absolute: 1e-6)
  }

  @Test func severalOptimaAreSaidToBe() throws {
    // Two identical assets: neither risk nor a constraint tells them apart.
    let covariance = try Market.covariance([
      [0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.05],
    ])
    let choice = MinimumVariance()
    let solution = try choice.weights(covariance: covariance)
    let explanation = try choice.explanation(of: solution, covariance: covariance)
    #expect(explanation.residual <= 1e-12)
  }

  @Test(arguments: [3, 15, 20])
  func dependentRowsStillAddUp(seed: Int) throws {
    // The group's limit is what its members have when none is traded.
    let count = 5 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 600)
    let limits = try constraints(covariance.universe, group: 0.25)
    for riskAversion in [1.0, 6, 50] {
      let choice = MaximumUtility(riskAversion: riskAversion, constraints: limits)
      let explanation = try choice.explanation(
        of: choice.weights(expectedReturns: mean, covariance: covariance), expectedReturns: mean,
        covariance: covariance)
      expectSum(explanation)
    }
  }

  @Test func returnAloneIsExplained() throws {
    let (mean, covariance) = try Market.factorModel(count: 7, seed: 4)
    let choice = MaximumUtility(
      riskAversion: 0, constraints: PortfolioConstraints(bounds: .uniform(0...0.3)))
    let explanation = try choice.explanation(
      of: choice.weights(expectedReturns: mean, covariance: covariance), expectedReturns: mean,
      covariance: covariance)
    expectSum(explanation)
  }

  @Test func anotherPortfolioIsNotExplained() throws {
    let (_, covariance) = try Market.factorModel(count: 6, seed: 1)
    let choice = MinimumVariance()
    let solution = try choice.weights(covariance: covariance)
    let equal = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1.0 / 6, count: 6))
    #expect(throws: AllocationError.self) {
      try choice.explanation(of: solution.map { _ in equal }, covariance: covariance)
    }
  }

  /// Positions, least sizes and fees: terms add up, zeros have their reason, and prices are those of the utility with the
  /// decided positions.
  @Test(arguments: seeds(25)) func discreteChoicesAreExplained(seed: Int) throws {
    let count = 4 + seed % 5
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 900)
    let universe = covariance.universe
    let held = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
    let choice = DiscreteUtility(
      MaximumUtility(
        riskAversion: 5,
        costs: TradingCosts(
          from: held, buying: .uniform(0.001), selling: .uniform(0.001), spreadOver: 5)),
      counts: [PositionCount("positions", atMost: 3)], leastPosition: .uniform(0.15),
      fees: FixedTradingCosts(from: held, fee: .uniform(0.0002), spreadOver: 20))
    let portfolio = try choice.weights(expectedReturns: mean, covariance: covariance)
    let explanation = try choice.explanation(
      of: portfolio, expectedReturns: mean, covariance: covariance)
    expectSum(explanation)
    for (i, asset) in universe.assets.enumerated() where portfolio.weights.values[i] == 0 {
      #expect(try #require(term(explanation, .constraint(asset.rawValue)))[i] != 0)
    }
    // The same portfolio of the plain utility, between the bounds that were decided.
    var plain = choice.utility
    plain.constraints.bounds = .byAsset(
      Dictionary(
        uniqueKeysWithValues: zip(universe.assets, portfolio.weights.values).map { asset, w in
          (asset, w == 0 || w == 1 / Double(count) ? w...w : 0.15...1)
        }), others: 0...1)
    let solution = try plain.weights(expectedReturns: mean, covariance: covariance)
    let other = try plain.explanation(of: solution, expectedReturns: mean, covariance: covariance)
    for price in explanation.shadowPrices {
      expectClose(
        price.value, other.shadowPrice(of: price.constraint), relative: 1e-8, absolute: 1e-12)
    }
    #expect(throws: AllocationError.self) {
      try choice.explanation(
        of: portfolio, expectedReturns: mean,
        covariance: try Market.factorModel(count: count, seed: seed + 901).1)
    }
  }
}

@Suite struct FallbackChainTests {
  private func failing() throws(AllocationError) -> Solution<Weights> {
    throw .noPortfolioBeatsRiskFree(best: -1, riskFreeRate: 0)
  }

  private let reason = AllocationError.noPortfolioBeatsRiskFree(best: -1, riskFreeRate: 0)

  @Test func wantedPortfolioAnswers() throws {
    let (_, covariance) = try Market.factorModel(count: 6, seed: 1)
    let decision = try FallbackChain([.throw]).decide(covariance: covariance) {
      () throws(AllocationError) in try MinimumVariance().weights(covariance: covariance)
    }
    #expect(decision.source == .wanted)
    #expect(decision.failures.isEmpty)
    #expect(decision.solution?.status == .optimal)
  }

  @Test func everyStepIsRecorded() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let current = try Weights(universe: covariance.universe, values: [0.5, 0.5, 0, 0])
    let impossible = MinimumVariance(constraints: PortfolioConstraints(bounds: .uniform(0...0.1)))
    let chain = FallbackChain(
      [.minimumVariance(impossible), .hold(current)],
      constraints: PortfolioConstraints(bounds: .uniform(0...0.4)))
    let decision = try chain.decide(covariance: covariance, failing)
    #expect(decision.source == .step(1))
    #expect(decision.weights == current)
    #expect(decision.solution == nil)
    #expect(decision.failures.map(\.source) == [.wanted, .step(0)])
    #expect(decision.failures[0].error == reason)
    guard case .infeasible = decision.failures[1].error else {
      Issue.record("\(decision.failures)")
      return
    }
    // What is held misses a limit, and the record says which.
    #expect(decision.heldViolation?.name == "A0")
    expectClose(decision.heldViolation?.amount ?? 0, 0.1, relative: 1e-12)
  }

  @Test func leastVarianceAnswers() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let chain = FallbackChain([.minimumVariance(MinimumVariance()), .throw])
    let decision = try chain.decide(covariance: covariance, failing)
    #expect(decision.source == .step(0))
    #expect(decision.solution == (try MinimumVariance().weights(covariance: covariance)))
  }

  @Test func throwingNamesEveryReason() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let current = try Weights(universe: Universe(["X"]), values: [1])
    for steps in [[], [FallbackChain.Step.throw, .minimumVariance(MinimumVariance())]] {
      do throws(FallbackChain.Exhausted) {
        _ = try FallbackChain(steps).decide(covariance: covariance, failing)
        Issue.record("a chain without steps answered")
      } catch {
        #expect(error.failures.map(\.error) == [reason])
        #expect(error.description.contains("risk-free"))
      }
    }
    // Weights of other assets cannot be held.
    do throws(FallbackChain.Exhausted) {
      _ = try FallbackChain([.hold(current)]).decide(covariance: covariance, failing)
      Issue.record("weights of other assets were held")
    } catch {
      #expect(error.failures.count == 2)
    }
  }
}
