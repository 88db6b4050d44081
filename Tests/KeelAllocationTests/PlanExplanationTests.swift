import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct PlanExplanationTests {
  private static func expectSums(
    _ explanation: PortfolioExplanation,
    _ weights: Weights,
    _ note: String
  ) {
    #expect(explanation.weights == weights)
    let n = weights.values.count
    let sums = (0..<n).map { i in explanation.terms.reduce(0) { $0 + $1.weights.values[i] } }
    for (sum, weight) in zip(sums, weights.values) {
      expectClose(sum, weight, absolute: 1e-7, "\(note)")
    }
  }

  @Test(arguments: MultiPeriodReference.cases)
  func plans(reference: MultiPeriodReference) throws {
    let steps = try reference.steps()
    let universe = steps[0].covariance.universe
    let choice = try reference.choice(universe)
    let solution = try choice.plan(steps)
    let explanations = try choice.explanations(of: solution, steps: steps)
    #expect(explanations.count == steps.count)
    for (t, explanation) in explanations.enumerated() {
      Self.expectSums(explanation, solution.value.weights[t], "\(reference.name) \(t)")
      #expect(explanation.objective == .utility)
    }
    // Prices are the dual values of the plan, whose objective is the negative sum of utilities.
    for (t, explanation) in explanations.enumerated() {
      for price in explanation.shadowPrices {
        let dual = solution.duals["\(price.constraint)[\(t)]"] ?? .nan
        expectClose(price.value, -dual, relative: 1e-6, absolute: 1e-9, "\(price.constraint)")
      }
    }
  }

  /// A budget of one period that moves changes the sum of utilities by its price.
  @Test func pricesOfPeriods() throws {
    let universe = try Market.universe(3)
    let covariance = try Market.covariance([
      [0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0, 0.02, 0.16],
    ])
    let costs = TradingCosts(
      from: try Weights(universe: universe, values: [0.4, 0.3, 0.3]), buying: .uniform(0.002),
      selling: .uniform(0.001), spreadOver: 1)
    let group: Set<AssetID> = [universe.assets[0], universe.assets[1]]
    func named(_ moved: [Double]) throws -> [MultiPeriodUtility.Step] {
      var result = try [[0.05, 0.08, 0.02], [0.06, 0.03, 0.09], [0.01, 0.04, 0.07]].map {
        MultiPeriodUtility.Step(expectedReturns: try Market.returns($0), covariance: covariance)
      }
      for t in result.indices {
        result[t].constraints = PortfolioConstraints(
          budget: 1 + moved[t], linear: [.group("first", group, total: 0...0.55)])
      }
      return result
    }
    let choice = MultiPeriodUtility(riskAversion: 3, costs: costs)
    func utility(_ moved: [Double]) throws -> Double {
      try choice.plan(named(moved)).value.utilities.reduce(0, +)
    }
    let base = try named([0, 0, 0])
    let explanations = try choice.explanations(of: choice.plan(base), steps: base)
    let h = 1e-5
    for t in 0..<3 {
      var (above, below) = ([0.0, 0, 0], [0.0, 0, 0])
      above[t] = h
      below[t] = -h
      // Trades rest at a bend of their costs, where the slopes to the two sides differ by what the trades at both ends
      // of a period may cost; every price between them is one. A gap of 1e-9 leaves prices its root.
      let same = try utility([0, 0, 0])
      let (rising, falling) = try ((utility(above) - same) / h, (same - utility(below)) / h)
      let price = explanations[t].shadowPrice(of: "budget")
      #expect(price >= rising - 3e-5 && price <= falling + 3e-5, "\(t)")
      #expect(falling - rising < 2 * (0.002 + 0.001) + 3e-5, "\(t)")
    }
    // Costs that are charged for other trades are not those of the plan.
    var other = choice
    other.costs?.buying = .uniform(0.02)
    other.costs?.selling = .uniform(0.03)
    #expect(throws: AllocationError.self) {
      try other.explanations(of: choice.plan(base), steps: base)
    }
    #expect(throws: AllocationError.self) {
      try choice.explanations(of: choice.plan(base), steps: Array(base.prefix(2)))
    }
    var views = base
    views[1].expectedReturns = try Market.returns([0.02, 0.03, 0.01])
    #expect(throws: AllocationError.self) {
      try choice.explanations(of: choice.plan(base), steps: views)
    }
  }

  /// A limit on the largest weights has one price a period.
  @Test func limitsOnTheLargestWeights() throws {
    let universe = try Market.universe(3)
    let covariance = try Market.covariance([
      [0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0, 0.02, 0.16],
    ])
    let costs = TradingCosts(
      from: try Weights(universe: universe, values: [0.4, 0.3, 0.3]), buying: .uniform(0.002),
      selling: .uniform(0.001), spreadOver: 1)
    let steps = try [[0.05, 0.08, 0.02], [0.06, 0.03, 0.09]].map {
      MultiPeriodUtility.Step(expectedReturns: try Market.returns($0), covariance: covariance)
    }
    func choice(_ limit: Double) -> MultiPeriodUtility {
      MultiPeriodUtility(
        riskAversion: 1,
        constraints: PortfolioConstraints(
          linear: [.group("last", [universe.assets[2]], total: 0.1...1)],
          concentration: [.largest(2, limit: limit)]), costs: costs)
    }
    let solution = try choice(0.8).plan(steps)
    let explanations = try choice(0.8).explanations(of: solution, steps: steps)
    for (explanation, weights) in zip(explanations, solution.value.weights) {
      Self.expectSums(explanation, weights, "largest")
    }
    let total = explanations.reduce(0) {
      $0 + $1.shadowPrice(of: ConcentrationConstraint.largestName)
    }
    let h = 1e-5
    let slope =
      (try choice(0.8 + h).plan(steps).value.utilities.reduce(0, +)
        - choice(0.8 - h).plan(steps).value.utilities.reduce(0, +)) / (2 * h)
    #expect(slope > 0)
    expectClose(total, slope, absolute: 1e-5)
  }

  @Test(arguments: RobustUtilityReference.cases)
  func robust(reference: RobustUtilityReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    let choice = try reference.choice(covariance.universe)
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    let explanation = try choice.explanation(
      of: solution, expectedReturns: mean, covariance: covariance)
    Self.expectSums(explanation, solution.value.weights, reference.name)
    #expect(explanation.terms.contains { $0.source == .uncertainty })
    // A budget that moves changes the utility of the worst case by its price.
    func utility(_ h: Double) throws -> Double {
      var moved = choice
      moved.constraints.budget += h
      return try moved.weights(expectedReturns: mean, covariance: covariance).value.worstCaseUtility
    }
    let (h, center) = (1e-5, solution.value.worstCaseUtility)
    if let above = try? utility(h), let below = try? utility(-h) {
      let price = explanation.shadowPrice(of: "budget")
      let slack = 1e-4 * max(abs(price), 1e-3)
      #expect(price <= (center - below) / h + slack, "\(reference.name)")
      #expect(price >= (above - center) / h - slack, "\(reference.name)")
    }
    #expect(throws: AllocationError.self) {
      try choice.explanation(
        of: solution, expectedReturns: Market.returns(reference.mean.map { $0 * 1.5 + 0.001 }),
        covariance: covariance)
    }
  }
}
