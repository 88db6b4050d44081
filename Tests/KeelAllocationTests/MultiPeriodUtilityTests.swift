import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Plans with every kind of cost, from the stacked program by cvxpy and Clarabel.
struct MultiPeriodReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let covariances: [[[Double]]]
  let means: [[Double]]
  let low: Double
  let high: Double
  let current: [Double]
  let aversion: Double
  let periods: Double
  let buying: [Double]?
  let selling: [Double]?
  let buyingLevels: UtilityCostsReference.Book?
  let sellingLevels: UtilityCostsReference.Book?
  let impact: [Double]?
  let powerImpact: [Double]?
  let long: [Double]?
  let short: [Double]?
  let absolute: [Double]?
  let square: [Double]?
  let reference: [Double]?
  let terminal: [Double]?
  let gross: Double?
  let group: [Double]?
  let utility: Double
  let weights: [[Double]]

  var testDescription: String { name }

  static let cases: [MultiPeriodReference] = {
    struct File: Decodable { let cases: [MultiPeriodReference] }
    do {
      return try Reference.load(File.self, "multi_period").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  func steps() throws -> [MultiPeriodUtility.Step] {
    try means.indices.map { t in
      MultiPeriodUtility.Step(
        expectedReturns: try Market.returns(means[t]),
        covariance: try Market.covariance(covariances[t % covariances.count]))
    }
  }

  func choice(_ universe: Universe) throws -> MultiPeriodUtility {
    func rates(_ values: [Double]?) -> AssetRates { UtilityCostsReference.rates(values, universe) }
    var costs = TradingCosts(
      from: try Weights(universe: universe, values: current), buying: rates(buying),
      selling: rates(selling), spreadOver: periods)
    costs.buyingLevels = UtilityCostsReference.levels(buyingLevels, universe)
    costs.sellingLevels = UtilityCostsReference.levels(sellingLevels, universe)
    costs.impact = rates(impact)
    costs.powerImpact = rates(powerImpact)
    var constraints = PortfolioConstraints(bounds: .uniform(low...high))
    if let gross { constraints.absolute = [.gross(limit: gross)] }
    if let group {
      constraints.linear = [
        .group("pair", Set(universe.assets.prefix(2)), total: group[0]...group[1])
      ]
    }
    return MultiPeriodUtility(
      riskAversion: aversion, constraints: constraints, costs: costs,
      holdingCosts: HoldingCosts(long: rates(long), short: rates(short)),
      penalty: WeightPenalty(
        absolute: rates(absolute), square: rates(square),
        from: try reference.map { try Weights(universe: universe, values: $0) }),
      terminal: try terminal.map { try Weights(universe: universe, values: $0) })
  }
}

/// The utility of each period of a plan, added up by the definitions of the costs.
func planUtilities(
  _ choice: MultiPeriodUtility,
  _ steps: [MultiPeriodUtility.Step],
  _ weights: [Weights]
) throws -> [Double] {
  var before = (steps[0].costs ?? choice.costs)?.current
  return try steps.indices.map { t in
    let held = weights[t]
    let product = steps[t].covariance.product(with: held.values)
    var utility = 0.0
    for (i, w) in held.values.enumerated() {
      utility +=
        w * (steps[t].expectedReturns.values[i] - choice.riskAversion / 2 * product[i])
    }
    if var costs = steps[t].costs ?? choice.costs, let before {
      costs.current = before
      utility -= try costs.costPerPeriod(of: held)
    }
    if let holding = choice.holdingCosts { utility -= try holding.costPerPeriod(of: held) }
    if let penalty = choice.penalty { utility -= try penalty.value(of: held) }
    before = held
    return utility
  }
}

@Suite struct MultiPeriodReferenceTests {
  @Test func referencesArePresent() { #expect(MultiPeriodReference.cases.count == 51) }

  @Test(arguments: MultiPeriodReference.cases)
  func matches(_ reference: MultiPeriodReference) throws {
    let steps = try reference.steps()
    let universe = steps[0].covariance.universe
    let choice = try reference.choice(universe)
    // The costs are those of the definition.
    let theirs = try reference.weights.map { try Weights(universe: universe, values: $0) }
    expectClose(
      try planUtilities(choice, steps, theirs).reduce(0, +), reference.utility, relative: 1e-9,
      absolute: 1e-13)
    let solution = try choice.plan(steps)
    #expect(solution.status == .optimal)
    let utilities = try planUtilities(choice, steps, solution.value.weights)
    let ours = utilities.reduce(0, +)
    expectClose(-solution.certificate.primalObjective, ours, relative: 1e-12, absolute: 1e-15)
    #expect(ours >= reference.utility - 1e-9 * reference.utility.magnitude)
    #expect(ours <= reference.utility + 1e-7 * reference.utility.magnitude)
    for t in steps.indices {
      expectClose(solution.value.utilities[t], utilities[t], relative: 1e-12, absolute: 1e-15)
      expectClose(solution.value.weights[t].values.reduce(0, +), 1, absolute: 1e-14)
      for (w, v) in zip(solution.value.weights[t].values, reference.weights[t]) {
        #expect(w >= reference.low && w <= reference.high)
        expectClose(w, v, absolute: 2e-5)
      }
    }
    if let terminal = reference.terminal {
      #expect(solution.value.weights.last?.values == terminal)
    }
  }
}

@Suite struct MultiPeriodUtilityTests {
  /// Forecasts that fade, and a portfolio that is held.
  struct Forecast {
    let steps: [MultiPeriodUtility.Step]
    let covariance: Covariance
    let held: Weights
    var universe: Universe { covariance.universe }

    init(count: Int, steps: Int, seed: Int, fading: Double = 0.7) throws {
      let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
      var random = SeededGenerator(seed: UInt64(seed + 1000))
      let signal = (0..<count).map { _ in 0.002 * random.gaussian() }
      let raw = (0..<count).map { _ in random.uniform(0...1) }
      let total = raw.reduce(0, +)
      self.covariance = covariance
      held = try Weights(universe: covariance.universe, values: raw.map { $0 / total })
      var factor = 1.0
      var result: [MultiPeriodUtility.Step] = []
      for _ in 0..<steps {
        result.append(
          .init(
            expectedReturns: try ExpectedReturns(
              universe: covariance.universe,
              values: zip(mean.values, signal).map { $0 + factor * $1 }),
            covariance: covariance))
        factor *= fading
      }
      self.steps = result
    }

    func costs(_ price: Double, impact: Double = 0, power: Double = 0) -> TradingCosts {
      var costs = TradingCosts(
        from: held, buying: .uniform(price), selling: .uniform(price), spreadOver: 1)
      costs.impact = .uniform(impact)
      costs.powerImpact = .uniform(power)
      return costs
    }
  }

  // MARK: - Other methods

  @Test(arguments: seeds(40))
  func oneStepIsMaximumUtility(seed: Int) throws {
    let forecast = try Forecast(count: 3 + seed % 20, steps: 1, seed: seed)
    let costs = forecast.costs(
      0.0005, impact: seed % 2 == 0 ? 0.01 : 0, power: seed % 5 == 0 ? 0.005 : 0)
    let constraints = PortfolioConstraints(bounds: .uniform((seed % 3 == 0 ? -0.2 : 0)...0.6))
    let holding = HoldingCosts(short: .uniform(0.0002))
    let one = try MaximumUtility(
      riskAversion: 4, constraints: constraints, costs: costs, holdingCosts: holding
    ).weights(
      expectedReturns: forecast.steps[0].expectedReturns, covariance: forecast.covariance)
    let plan = try MultiPeriodUtility(
      riskAversion: 4, constraints: constraints, costs: costs, holdingCosts: holding
    ).plan(forecast.steps)
    expectClose(
      plan.certificate.primalObjective, one.certificate.primalObjective, relative: 1e-9,
      absolute: 1e-15)
    for (w, v) in zip(plan.value.weights[0].values, one.value.values) {
      expectClose(w, v, absolute: 1e-8)
    }
    expectClose(
      try #require(plan.duals["budget[0]"]), try #require(one.duals["budget"]), absolute: 1e-9)
  }

  /// The stacked program with purchases and sales as variables of their own, by the quadratic solver.
  private func stackedObjective(
    _ forecast: Forecast,
    _ price: Double,
    _ aversion: Double,
    _ group: ClosedRange<Double>,
    _ low: Double
  ) throws -> Double {
    let (n, steps) = (forecast.universe.count, forecast.steps.count)
    let count = 3 * n * steps
    var quadratic = try SymmetricMatrix(order: count)
    var linear = [Double](repeating: 0, count: count)
    var rows: [LinearRow] = []
    for t in 0..<steps {
      let first = 3 * n * t
      for i in 0..<n {
        for j in 0...i {
          quadratic[first + i, first + j] = aversion * forecast.covariance.matrix[i, j]
        }
        linear[first + i] = -forecast.steps[t].expectedReturns.values[i]
        linear[first + n + i] = price
        linear[first + 2 * n + i] = price
        let own = [first + i, first + n + i, first + 2 * n + i]
        // w(t) − b + s = w(t − 1).
        let held = t == 0 ? forecast.held.values[i] : 0
        rows.append(
          LinearRow(
            "trade \(t) \(i)", indices: (t > 0 ? [own[0] - 3 * n] : []) + own,
            coefficients: (t > 0 ? [-1] : []) + [1, -1, 1], lower: held, upper: held))
      }
      let all = (0..<n).map { first + $0 }
      rows.append(
        LinearRow(
          "budget \(t)", indices: all, coefficients: all.map { _ in 1 }, lower: 1, upper: 1))
      rows.append(
        LinearRow(
          "group \(t)", indices: Array(all.prefix(n / 2)),
          coefficients: [Double](repeating: 1, count: n / 2), lower: group.lowerBound,
          upper: group.upperBound))
    }
    let isWeight = (0..<count).map { $0 % (3 * n) < n }
    let program = try QuadraticProgram(
      quadratic: .dense(quadratic), linear: linear, lowerBounds: isWeight.map { $0 ? low : 0 },
      upperBounds: isWeight.map { $0 ? 0.7 : 3 }, rows: rows)
    let solution = try QuadraticSolver().solve(program)
    #expect(solution.certificate.holds(Certificate.almostOptimalTolerances))
    return solution.certificate.primalObjective
  }

  @Test(arguments: seeds(30))
  func equalsTheStackedProgram(seed: Int) throws {
    let forecast = try Forecast(count: 4 + seed % 6, steps: 2 + seed % 5, seed: seed)
    let price = [0.0002, 0.001, 0.004][seed % 3]
    let low = seed % 2 == 0 ? 0.0 : -0.2
    let group = 0.3...(seed % 4 == 0 ? 0.3 : 0.6)
    let half = Set(forecast.universe.assets.prefix(forecast.universe.count / 2))
    let plan = try MultiPeriodUtility(
      riskAversion: 3,
      constraints: PortfolioConstraints(
        bounds: .uniform(low...0.7), linear: [.group("half", half, total: group)]),
      costs: forecast.costs(price)
    ).plan(forecast.steps)
    let stacked = try stackedObjective(forecast, price, 3, group, low)
    expectClose(plan.certificate.primalObjective, stacked, relative: 1e-7, absolute: 1e-12)
    #expect(plan.certificate.holds(Certificate.optimalTolerances))
    for weights in plan.value.weights {
      #expect(weights.values.allSatisfy { $0 >= low && $0 <= 0.7 })
      expectClose(weights.values.reduce(0, +), 1, absolute: 1e-14)
    }
  }

  // MARK: - What must follow

  @Test func withoutCostsEachStepIsAlone() throws {
    let forecast = try Forecast(count: 12, steps: 6, seed: 4)
    let plan = try MultiPeriodUtility(riskAversion: 5).plan(forecast.steps)
    for (t, step) in forecast.steps.enumerated() {
      let alone = try MaximumUtility(riskAversion: 5).weights(
        expectedReturns: step.expectedReturns, covariance: step.covariance)
      expectClose(
        plan.value.utilities[t], -alone.certificate.primalObjective, relative: 1e-11)
      for (w, v) in zip(plan.value.weights[t].values, alone.value.values) {
        expectClose(w, v, absolute: 1e-9)
      }
    }
    #expect(plan.value.trades[0].allSatisfy { $0 == 0 })
  }

  @Test func constantForecastsGiveConstantWeights() throws {
    let forecast = try Forecast(count: 9, steps: 5, seed: 8, fading: 1)
    let free = try MultiPeriodUtility(riskAversion: 5).plan(forecast.steps).value.weights
    // With a spread the whole trade is made at once, on terms of the whole time.
    let paid = try MultiPeriodUtility(riskAversion: 5, costs: forecast.costs(0.002))
      .plan(forecast.steps).value
    var costs = forecast.costs(0.002)
    costs.periods = 5
    let once = try MaximumUtility(riskAversion: 5, costs: costs).weights(
      expectedReturns: forecast.steps[0].expectedReturns, covariance: forecast.covariance)
    for t in forecast.steps.indices {
      for i in 0..<9 {
        expectClose(free[t].values[i], free[0].values[i], absolute: 1e-9)
        expectClose(paid.weights[t].values[i], once.value.values[i], absolute: 1e-8)
        if t > 0 { #expect(paid.trades[t][i] == 0) }
      }
    }
  }

  @Test(arguments: [1.0, 1000, 1e6])
  func largeCostsHold(price: Double) throws {
    let forecast = try Forecast(count: 10, steps: 7, seed: 2)
    let plan = try MultiPeriodUtility(riskAversion: 5, costs: forecast.costs(price))
      .plan(forecast.steps)
    for weights in plan.value.weights { #expect(weights == forecast.held) }
    #expect(plan.value.trades.joined().allSatisfy { $0 == 0 })
  }

  /// A good forecast of one period is not worth two trades; a longer one is.
  @Test func tradesOnlyOnWhatLasts() throws {
    let universe = try Universe(["A", "CASH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.04, 0, 0, 0], order: 2))
    let held = try Weights(universe: universe, values: [0, 1])
    func weights(_ means: [Double]) throws -> [Double] {
      let costs = TradingCosts(
        from: held, buying: .byAsset(["A": 0.004], others: 0),
        selling: .byAsset(["A": 0.004], others: 0), spreadOver: 1)
      let steps = try means.map {
        MultiPeriodUtility.Step(
          expectedReturns: try ExpectedReturns(universe: universe, values: [$0, 0]),
          covariance: covariance)
      }
      return try MultiPeriodUtility(
        riskAversion: 1, costs: costs, terminal: held
      ).plan(steps).value.weights.map { $0.values[0] }
    }
    #expect(try weights([0.0079, 0]) == [0, 0])
    // Per period the slope is mean − 0.04 w; both trades together cost 0.008.
    expectClose(try weights([0.01, 0])[0], 0.002 / 0.04, relative: 1e-11)
    let lasting = try weights([0.01, 0.01, 0.01, 0])
    for w in lasting.prefix(3) { expectClose(w, (0.03 - 0.008) / 3 / 0.04, relative: 1e-11) }
    #expect(lasting[3] == 0)
  }

  /// Squares alone: the weights of one asset beside cash solve a tridiagonal system.
  @Test func squaresByHand() throws {
    let universe = try Universe(["A", "CASH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.04, 0, 0, 0], order: 2))
    var costs = TradingCosts(
      from: try Weights(universe: universe, values: [0.2, 0.8]), buying: .none, selling: .none,
      spreadOver: 1)
    costs.impact = .byAsset(["A": 0.03], others: 0)
    let means = [0.016, 0.02, 0.012]
    let steps = try means.map {
      MultiPeriodUtility.Step(
        expectedReturns: try ExpectedReturns(universe: universe, values: [$0, 0]),
        covariance: covariance)
    }
    let plan = try MultiPeriodUtility(riskAversion: 1, costs: costs).plan(steps)
    // 0.04 w + 0.06 (change to it) − 0.06 (change from it) = mean.
    let w = plan.value.weights.map { $0.values[0] }
    expectClose(0.04 * w[0] + 0.06 * (w[0] - 0.2) - 0.06 * (w[1] - w[0]), means[0], relative: 1e-11)
    expectClose(
      0.04 * w[1] + 0.06 * (w[1] - w[0]) - 0.06 * (w[2] - w[1]), means[1], relative: 1e-11)
    expectClose(0.04 * w[2] + 0.06 * (w[2] - w[1]), means[2], relative: 1e-11)
  }

  /// The rest of a plan is the plan for the rest.
  @Test(arguments: seeds(20))
  func plansAgainAsPlanned(seed: Int) throws {
    let forecast = try Forecast(count: 3 + seed % 12, steps: 6, seed: seed)
    var choice = MultiPeriodUtility(
      riskAversion: 4,
      costs: forecast.costs(0.0005, impact: 0.005, power: seed % 4 == 0 ? 0.002 : 0))
    if seed % 3 == 0 { choice.terminal = forecast.held }
    let plan = try choice.plan(forecast.steps).value
    var rest = forecast.steps
    for t in 0..<5 {
      choice.costs?.current = plan.weights[t]
      rest.removeFirst()
      let next = try choice.plan(rest).value
      for (s, weights) in next.weights.enumerated() {
        for (w, v) in zip(weights.values, plan.weights[t + 1 + s].values) {
          expectClose(w, v, absolute: 1e-7)
        }
        expectClose(next.utilities[s], plan.utilities[t + 1 + s], absolute: 1e-9)
      }
    }
  }

  @Test func stepsHaveConstraintsAndCostsOfTheirOwn() throws {
    let forecast = try Forecast(count: 6, steps: 4, seed: 3)
    let first = forecast.universe.assets[0]
    var steps = forecast.steps
    steps[1].constraints = PortfolioConstraints(
      bounds: .byAsset([first: 0.5...0.5], others: 0...1))
    steps[2].costs = forecast.costs(10)
    let plan = try MultiPeriodUtility(riskAversion: 4, costs: forecast.costs(0.0002)).plan(steps)
    #expect(plan.value.weights[1].values[0] == 0.5)
    #expect(plan.value.trades[2].allSatisfy { $0 == 0 })
    #expect(plan.value.weights[2] == plan.value.weights[1])
    let utilities = try planUtilities(
      MultiPeriodUtility(riskAversion: 4, costs: forecast.costs(0.0002)), steps,
      plan.value.weights)
    expectClose(
      -plan.certificate.primalObjective, utilities.reduce(0, +), relative: 1e-12)
  }

  /// More assets than factors, no specific variance, and no risk aversion at all.
  @Test(arguments: seeds(20))
  func flatDirections(seed: Int) throws {
    let count = 5 + seed % 15
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed, isSpecific: false)
    let held = try Weights(
      universe: covariance.universe, values: [Double](repeating: 1 / Double(count), count: count))
    let costs = TradingCosts(
      from: held, buying: .uniform(0.0004), selling: .uniform(0.0003), spreadOver: 1)
    let steps = (0..<5).map { _ in
      MultiPeriodUtility.Step(expectedReturns: mean, covariance: covariance)
    }
    for aversion in [0, 5.0] {
      let plan = try MultiPeriodUtility(
        riskAversion: aversion, constraints: PortfolioConstraints(bounds: .uniform(0...0.4)),
        costs: costs
      ).plan(steps)
      var spread = costs
      spread.periods = 5
      let once = try MaximumUtility(
        riskAversion: aversion, constraints: PortfolioConstraints(bounds: .uniform(0...0.4)),
        costs: spread
      ).weights(expectedReturns: mean, covariance: covariance)
      expectClose(
        plan.certificate.primalObjective, 5 * once.certificate.primalObjective, relative: 1e-9)
    }
  }

  /// Few different means and correlations, singular covariances, and limits that are met exactly.
  @Test(arguments: seeds(60))
  func hardMarketsAreProved(seed: Int) throws {
    let market =
      seed % 2 == 0 ? try HardMarket.ties(seed: seed) : try HardMarket.fewObservations(seed: seed)
    let universe = market.covariance.universe
    let held = try Weights(
      universe: universe,
      values: [Double](repeating: 1 / Double(universe.count), count: universe.count))
    var constraints = market.constraints
    if seed % 3 == 0 { constraints.absolute = [] }
    let steps = try (0..<4).map { t in
      MultiPeriodUtility.Step(
        expectedReturns: try ExpectedReturns(
          universe: universe, values: market.mean.values.map { t % 2 == 0 ? $0 : -$0 }),
        covariance: market.covariance)
    }
    let plan = try MultiPeriodUtility(
      riskAversion: 2, constraints: constraints,
      costs: TradingCosts(
        from: held, buying: .uniform(0.001), selling: .uniform(0.002), spreadOver: 1)
    ).plan(steps)
    #expect(plan.status == .optimal)
  }

  /// The same plan in other units of return.
  @Test(arguments: [1e-8, 1e-3, 1e3, 1e8])
  func scalesWithReturns(factor: Double) throws {
    let forecast = try Forecast(count: 10, steps: 5, seed: 12)
    let plan = try MultiPeriodUtility(
      riskAversion: 4, costs: forecast.costs(0.0005, impact: 0.01)
    ).plan(forecast.steps)
    let steps = try forecast.steps.map {
      MultiPeriodUtility.Step(
        expectedReturns: try ExpectedReturns(
          universe: forecast.universe, values: $0.expectedReturns.values.map { factor * $0 }),
        covariance: $0.covariance)
    }
    let scaled = try MultiPeriodUtility(
      riskAversion: 4 * factor, costs: forecast.costs(0.0005 * factor, impact: 0.01 * factor)
    ).plan(steps)
    for (left, right) in zip(plan.value.weights, scaled.value.weights) {
      for (w, v) in zip(left.values, right.values) { expectClose(w, v, absolute: 1e-10) }
    }
  }

  @Test func limitsAreKept() throws {
    let forecast = try Forecast(count: 30, steps: 10, seed: 6)
    func status(_ change: (inout QuadraticSolver.Settings) -> Void) -> SolverStatus? {
      var choice = MultiPeriodUtility(riskAversion: 4, costs: forecast.costs(0.0005, impact: 0.01))
      change(&choice.settings)
      do throws(AllocationError) {
        _ = try choice.plan(forecast.steps)
      } catch {
        if case .notSolved(let status, _) = error { return status }
      }
      return nil
    }
    #expect(status { $0.deadline = ContinuousClock.now } == .deadlineExceeded)
    #expect(status { $0.maximumIterations = 1 } == .iterationLimit)
    #expect(status { _ in } == nil)
  }

  @Test func repeatsToTheLastBit() throws {
    let forecast = try Forecast(count: 30, steps: 10, seed: 6)
    let plan = try MultiPeriodUtility(riskAversion: 4, costs: forecast.costs(0.0005, impact: 0.01))
      .plan(forecast.steps)
    #expect(plan.status == .optimal)
    #expect(plan.certificate.relativeGap <= 1e-11)
    let again = try MultiPeriodUtility(
      riskAversion: 4, costs: forecast.costs(0.0005, impact: 0.01)
    ).plan(forecast.steps)
    #expect(plan == again)
  }

  // MARK: - What is refused

  /// The constraints that cannot hold together; empty where there is a plan.
  private func clash(
    _ choice: MultiPeriodUtility,
    _ steps: [MultiPeriodUtility.Step]
  ) -> [String] {
    do throws(AllocationError) {
      _ = try choice.plan(steps)
    } catch {
      if case .infeasible(let constraints, _) = error { return constraints }
    }
    return []
  }

  @Test func namesWhatClashes() throws {
    let forecast = try Forecast(count: 5, steps: 3, seed: 1)
    var choice = MultiPeriodUtility(
      riskAversion: 3, constraints: PortfolioConstraints(bounds: .uniform(0...0.1)),
      costs: forecast.costs(0.001))
    #expect(clash(choice, forecast.steps).contains("budget"))
    choice.constraints = .longOnly
    var steps = forecast.steps
    steps[1].constraints = PortfolioConstraints(
      linear: [.group("all", Set(forecast.universe.assets), total: 0.2...0.5)])
    #expect(Set(clash(choice, steps)).isSuperset(of: ["all", "budget"]))
    choice.terminal = try Weights(universe: forecast.universe, values: [1.5, -0.5, 0, 0, 0])
    #expect(clash(choice, forecast.steps) == ["A0"])
  }

  @Test func unboundedPlansAreRefused() throws {
    let universe = try Universe(["A", "CASH"])
    let step = MultiPeriodUtility.Step(
      expectedReturns: try ExpectedReturns(universe: universe, values: [0.01, 0]),
      covariance: try Covariance(
        universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.04, 0, 0, 0], order: 2)))
    let free = PortfolioConstraints(bounds: .uniform(-.infinity ... .infinity))
    #expect(throws: AllocationError.unbounded(asset: "A")) {
      try MultiPeriodUtility(riskAversion: 0, constraints: free).plan([step, step])
    }
    // Costs that grow with the square bound what returns do not.
    var costs = TradingCosts(
      from: try Weights(universe: universe, values: [0, 1]), buying: .none, selling: .none,
      spreadOver: 1)
    costs.impact = .uniform(0.1)
    let plan = try MultiPeriodUtility(riskAversion: 0, constraints: free, costs: costs)
      .plan([step, step])
    // The trades sell cash for A; each earns 0.01 a period and costs 0.2 of its square.
    expectClose(plan.value.trades[0][0], 0.02 / 0.4, relative: 1e-11)
    expectClose(plan.value.trades[1][0], 0.01 / 0.4, relative: 1e-11)
  }

  @Test func badNumbersAreErrors() throws {
    let forecast = try Forecast(count: 4, steps: 3, seed: 5)
    let other = try Forecast(count: 5, steps: 3, seed: 5)
    func fails(
      _ steps: [MultiPeriodUtility.Step]? = nil,
      _ change: (inout MultiPeriodUtility) -> Void = { _ in }
    ) {
      var choice = MultiPeriodUtility(riskAversion: 3, costs: forecast.costs(0.001))
      change(&choice)
      #expect(throws: AllocationError.self) { try choice.plan(steps ?? forecast.steps) }
    }
    fails([])
    fails(other.steps)
    fails([forecast.steps[0], other.steps[1]])
    fails { $0.riskAversion = -1 }
    fails { $0.riskAversion = .nan }
    fails { $0.riskAversion = .infinity }
    fails { $0.costs?.periods = 0 }
    fails { $0.costs?.buying = .uniform(-1) }
    fails { $0.costs?.impact = .uniform(.nan) }
    fails { $0.costs?.powerImpact = .uniform(.infinity) }
    fails { $0.costs?.current = other.held }
    fails { $0.terminal = other.held }
    fails { $0.holdingCosts = HoldingCosts(short: .uniform(.nan)) }
    fails { $0.penalty = WeightPenalty(square: .uniform(-1)) }
    fails { $0.constraints.budget = .nan }
    fails { $0.constraints.bounds = .byAsset(["none of these": 0...1], others: 0...1) }
    fails { $0.settings.maximumIterations = 0 }
    var steps = forecast.steps
    var wrong = TradingCosts(
      from: other.held, buying: .none, selling: .none, spreadOver: 1)
    steps[0].costs = wrong
    fails(steps)
    wrong = forecast.costs(.nan)
    steps[0].costs = nil
    steps[2].costs = wrong
    fails(steps)
  }

  @Test func indefiniteCovariancesAreRefused() throws {
    let covariance = try Market.covariance([
      [0.01, 0.009, -0.009], [0.009, 0.01, 0.009], [-0.009, 0.009, 0.01],
    ])
    let step = MultiPeriodUtility.Step(
      expectedReturns: try Market.returns([0.01, 0.02, 0]), covariance: covariance)
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try MultiPeriodUtility(riskAversion: 2).plan([step, step])
    }
  }
}
