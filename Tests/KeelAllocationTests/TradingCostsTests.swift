import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Utility less the costs of trading, against split programs, closed forms and the optimality conditions.
@Suite struct TradingCostsTests {
  private func current(_ universe: Universe, seed: Int) throws -> Weights {
    var random = SeededGenerator(seed: UInt64(seed))
    let raw = universe.assets.map { _ in Double.random(in: 0...1, using: &random) }
    let total = raw.reduce(0, +)
    return try Weights(universe: universe, values: raw.map { $0 / total })
  }

  private func costs(
    _ current: Weights,
    buying: Double = 0.004,
    selling: Double = 0.003,
    periods: Double = 20
  ) -> TradingCosts {
    TradingCosts(
      from: current,
      buying: .byAsset([current.universe.assets[0]: 2 * buying], others: buying),
      selling: .uniform(selling), spreadOver: periods)
  }

  /// The least objective over purchases and sales as variables of their own.
  private func splitObjective(
    _ mean: ExpectedReturns,
    _ covariance: Covariance,
    riskAversion: Double,
    _ costs: (reference: [Double], buying: [Double], selling: [Double])
  ) throws -> Double {
    // w = reference + b − s; the quadratic term is over b and s.
    let n = mean.values.count
    let matrix = covariance.matrix
    var quadratic = try SymmetricMatrix(order: 2 * n)
    var linear = [Double](repeating: 0, count: 2 * n)
    var constant = 0.0
    for i in 0..<n {
      var slope = -mean.values[i]
      constant -= mean.values[i] * costs.reference[i]
      for j in 0..<n {
        let value = riskAversion * matrix[i, j]
        slope += value * costs.reference[j]
        constant += 0.5 * value * costs.reference[i] * costs.reference[j]
        if j <= i {
          quadratic[i, j] = value
          quadratic[n + i, n + j] = value
        }
        quadratic[n + i, j] = -value
      }
      linear[i] = slope + costs.buying[i]
      linear[n + i] = -slope + costs.selling[i]
    }
    let ones = [Double](repeating: 1, count: n)
    let rows = [
      LinearRow(
        "budget", coefficients: ones + ones.map { -$0 }, lower: 0, upper: 0)
    ]
    let program = try QuadraticProgram(
      quadratic: .dense(quadratic), linear: linear,
      lowerBounds: [Double](repeating: 0, count: 2 * n),
      upperBounds: [Double](repeating: .infinity, count: n) + costs.reference, rows: rows,
      variableNames: (0..<(2 * n)).map { "x\($0)" })
    let solution = try QuadraticSolver().solve(program)
    return solution.certificate.primalObjective + constant
  }

  @Test(arguments: seeds(30))
  func costsAreOptimal(seed: Int) throws {
    let count = 4 + seed % 20
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 40)
    let universe = covariance.universe
    let held = try current(universe, seed: seed)
    let costs = self.costs(held)
    let choice = MaximumUtility(riskAversion: 5, costs: costs)
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    #expect(solution.status == .optimal)
    let w = solution.value.values
    expectClose(w.reduce(0, +), 1, absolute: 1e-12)
    // The certificate's objective is the whole one.
    let product = covariance.product(with: w)
    var objective = try costs.costPerPeriod(of: solution.value)
    for i in w.indices { objective += w[i] * (2.5 * product[i] - mean.values[i]) }
    expectClose(solution.certificate.primalObjective, objective, relative: 1e-12, absolute: 1e-15)
    let buying = (0..<count).map { $0 == 0 ? 0.008 / 20 : 0.004 / 20 }
    let split = try splitObjective(
      mean, covariance, riskAversion: 5,
      (held.values, buying, [Double](repeating: 0.003 / 20, count: count)))
    expectClose(objective, split, relative: 1e-9, absolute: 1e-13)
    // Stationarity: one multiplier λ of the budget lies in the interval that each asset allows.
    var interval = (-Double.infinity, Double.infinity)
    for i in w.indices {
      let gradient = 5 * product[i] - mean.values[i]
      let above = gradient + buying[i]
      let below = gradient - 0.003 / 20
      if w[i] > held.values[i] {
        interval = (max(interval.0, above), min(interval.1, above))
      } else if w[i] < held.values[i] {
        if w[i] > 0 {
          interval = (max(interval.0, below), min(interval.1, below))
        } else {
          interval.1 = min(interval.1, below)
        }
      } else {
        interval = (max(interval.0, below), min(interval.1, above))
      }
    }
    #expect(interval.0 <= interval.1 + 1e-10)
  }

  @Test func highCostsHoldThePortfolio() throws {
    let (mean, covariance) = try Market.factorModel(count: 9, seed: 3)
    let held = try current(covariance.universe, seed: 3)
    let choice = MaximumUtility(
      riskAversion: 5, costs: costs(held, buying: 1, selling: 1, periods: 1))
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    #expect(solution.value.values == held.values)
    let explanation = try choice.explanation(
      of: solution, expectedReturns: mean, covariance: covariance)
    #expect(explanation.residual <= 1e-12)
    #expect(explanation.shadowPrices.map(\.constraint) == ["budget"])
  }

  @Test func noCostsChangeNothing() throws {
    let (mean, covariance) = try Market.factorModel(count: 9, seed: 4)
    let held = try current(covariance.universe, seed: 4)
    let free = TradingCosts(
      from: held, buying: .uniform(0), selling: .uniform(0), spreadOver: 1)
    let without = try MaximumUtility(riskAversion: 5)
      .weights(expectedReturns: mean, covariance: covariance)
    let with = try MaximumUtility(riskAversion: 5, costs: free)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(with.value == without.value)
  }

  /// Two assets, one trade: the marginal gain at the optimum equals the price of the round trip.
  @Test func twoAssetsByHand() throws {
    let universe = try Universe(["A", "B"])
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(lowerTriangleOf: [0.04, 0, 0, 0.01], order: 2))
    let mean = try ExpectedReturns(universe: universe, values: [0.05, 0.02])
    let held = try Weights(universe: universe, values: [0.5, 0.5])
    func share(_ price: Double) throws -> Double {
      let costs = TradingCosts(
        from: held, buying: .uniform(price), selling: .uniform(price), spreadOver: 2)
      return try MaximumUtility(riskAversion: 4, costs: costs)
        .weights(expectedReturns: mean, covariance: covariance).value.values[0]
    }
    // Without costs: 0.05 − 0.16 a = 0.02 − 0.04 (1 − a), a = 0.35; a sale of δ must gain price.
    expectClose(try share(0), 0.35, absolute: 1e-12)
    expectClose(try share(0.01), 0.4, absolute: 1e-12)
    #expect(try share(0.031) == 0.5)
  }

  @Test(arguments: seeds(30))
  func costsWithLimitsAreExplained(seed: Int) throws {
    let count = 5 + seed % 15
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 700)
    let universe = covariance.universe
    let held = try current(universe, seed: seed)
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.4),
      linear: [.group("first", ["A0", "A1"], total: 0.02...0.3)],
      absolute: [.turnover(from: held, limit: 0.9)])
    let choice = MaximumUtility(
      riskAversion: 5, constraints: constraints, costs: costs(held))
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    let explanation = try choice.explanation(
      of: solution, expectedReturns: mean, covariance: covariance)
    #expect(explanation.residual <= 1e-12)
    #expect(!explanation.terms.contains { $0.source == .undetermined })
    // Costs can only lessen what is traded.
    let free = try MaximumUtility(riskAversion: 5, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(
      try choice.costs?.costPerPeriod(of: solution.value) ?? 0
        <= (choice.costs?.costPerPeriod(of: free.value) ?? 0) + 1e-12)
    let traded = zip(solution.value.values, held.values).contains { $0 != $1 }
    #expect(!traded || explanation.terms.contains { $0.source == .costs })
  }

  /// The term of costs is what changes when the prices grow a little.
  @Test(arguments: seeds(10))
  func costTermIsItsDerivative(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 8, seed: seed + 90)
    let held = try current(covariance.universe, seed: seed)
    func weights(_ factor: Double) throws -> (MaximumUtility, Solution<Weights>) {
      let choice = MaximumUtility(
        riskAversion: 5, costs: costs(held, buying: 0.002 * factor, selling: 0.001 * factor))
      return (choice, try choice.weights(expectedReturns: mean, covariance: covariance))
    }
    let step = 1e-5
    let (choice, at) = try weights(1)
    let (more, less) = (try weights(1 + step).1, try weights(1 - step).1)
    func pattern(_ solution: Solution<Weights>) -> [Bool] {
      zip(solution.value.values, held.values).map { $0 == $1 || $0 == 0 }
    }
    let fixed = pattern(at)
    guard pattern(more) == fixed, pattern(less) == fixed else { return }
    let explanation = try choice.explanation(
      of: at, expectedReturns: mean, covariance: covariance)
    let term = explanation.terms.first { $0.source == .costs }?.weights.values
    let parts = try #require(term)
    // Weights that costs hold in place are part of the term, and do not respond.
    let holds = fixed.indices.contains { fixed[$0] && held.values[$0] == at.value.values[$0] }
    for i in parts.indices where !fixed[i] && !holds {
      let slope = (more.value.values[i] - less.value.values[i]) / (2 * step)
      expectClose(parts[i], slope, relative: 1e-5, absolute: 1e-7)
    }
  }

  @Test func badCostsAreRefused() throws {
    let (mean, covariance) = try Market.factorModel(count: 3, seed: 1)
    let universe = covariance.universe
    let held = try current(universe, seed: 1)
    func error(_ costs: TradingCosts) -> AllocationError? {
      do throws(AllocationError) {
        _ = try MaximumUtility(riskAversion: 1, costs: costs)
          .weights(expectedReturns: mean, covariance: covariance)
        return nil
      } catch {
        return error
      }
    }
    for bad in [-1e-9, .nan, .infinity] {
      var costs = TradingCosts(
        from: held, buying: .uniform(bad), selling: .uniform(0), spreadOver: 1)
      guard case .invalidValue("buying", universe.assets[0], _, _) = error(costs) else {
        Issue.record("\(bad) was taken")
        continue
      }
      costs.buying = .uniform(0)
      costs.selling = .byAsset([universe.assets[2]: bad], others: 0)
      guard case .invalidValue("selling", universe.assets[2], _, _) = error(costs) else {
        Issue.record("\(bad) was taken")
        continue
      }
    }
    for periods in [0, -1, .nan, .infinity] {
      let costs = TradingCosts(
        from: held, buying: .uniform(0.1), selling: .uniform(0), spreadOver: periods)
      guard case .invalidValue("periods", nil, _, _) = error(costs) else {
        Issue.record("\(periods) was taken")
        continue
      }
    }
    let unknown = TradingCosts(
      from: held, buying: .byAsset(["Z": 0.1], others: 0), selling: .uniform(0), spreadOver: 1)
    #expect(error(unknown) == .universeMismatch(position: nil, left: "Z", right: nil))
    let others = try Weights(universe: Universe(["X", "Y", "Z"]), values: [1, 0, 0])
    let foreign = TradingCosts(
      from: others, buying: .uniform(0), selling: .uniform(0), spreadOver: 1)
    #expect(error(foreign) != nil)
  }
}
