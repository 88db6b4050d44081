import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct MarginalExplanationTests {
  private static let measures = MinimumRiskTests.measures(0.9, 0.001)

  private static func random(
    _ seed: Int,
    count: Int = 40,
    width: Int = 6,
    drift: Double = 0.002
  ) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    let columns = (0..<width).flatMap { j -> [Double] in
      let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.04))
      return market.map { 0.004 + drift * Double(j) / 4 + beta * $0 + noise * generator.gaussian() }
    }
    return try ScenarioSet(
      universe: Universe((0..<width).map { AssetID("A\($0)") }),
      outcomes: Matrix(rowCount: count, columnCount: width, columnMajor: columns))
  }

  /// One measure of each kind, for prices that take many least risks.
  private static let few: Set<String> = [
    "standardDeviation", "expectedShortfall", "entropicValueAtRisk", "giniMeanDifference",
    "maximumDrawdown",
  ]

  /// The sums of forces, recomputed.
  private static func expectBalance(
    _ explanation: MarginalExplanation,
    _ tolerance: Double,
    _ note: String
  ) {
    var (largest, size) = (0.0, 0.0)
    for i in explanation.weights.values.indices {
      largest = max(largest, explanation.terms.reduce(0) { $0 + $1.forces[i] }.magnitude)
      for term in explanation.terms { size = max(size, term.forces[i].magnitude) }
    }
    expectClose(explanation.residual, size > 0 ? largest / size : 0, absolute: 1e-15, "\(note)")
    #expect(explanation.residual <= tolerance, "\(note)")
  }

  /// The limits of a test.
  private struct Limits {
    var budget = 1.0
    var pair = 0.3
    var turnover = 0.8
    var largest = 0.8
    var target: Double? = nil
    var risk = 0.0
    var isDistance = false
    var isConcentrated = false
    var bounds: [AssetID: ClosedRange<Double>] = [:]
    static let others = 0...0.45

    func constraints(_ universe: Universe) throws -> PortfolioConstraints {
      let n = Double(universe.count)
      let equal = try Weights(universe: universe, values: universe.assets.map { _ in 1 / n })
      return PortfolioConstraints(
        bounds: .byAsset(bounds, others: Self.others), budget: budget,
        linear: [.group("pair", ["A0", "A1"], total: 0...pair)],
        absolute: isDistance ? [.turnover(from: equal, limit: turnover)] : [],
        concentration: isConcentrated ? [.largest(2, limit: largest)] : [])
    }

    /// Whether a price is that of a bound or of the pair.
    func isBound(_ price: PortfolioExplanation.ShadowPrice) -> Bool {
      price.constraint.hasPrefix("A") || price.constraint == "pair"
    }

    /// The limits with the one of a price moved.
    func moved(_ price: PortfolioExplanation.ShadowPrice, by h: Double) -> Limits {
      var limits = self
      switch price.constraint {
      case PortfolioConstraints.budgetName: limits.budget += h
      case "pair": limits.pair += h
      case AbsoluteConstraint.turnoverName: limits.turnover += h
      case ConcentrationConstraint.largestName: limits.largest += h
      case MinimumRisk.targetReturnName: limits.target = limits.target.map { $0 + h }
      case MaximumReturnAtRisk.limitName, MaximumGrowthAtDrawdown.limitName: limits.risk += h
      default:
        let others = Self.others
        limits.bounds[AssetID(price.constraint)] =
          price.limit == others.upperBound
          ? others.lowerBound...(others.upperBound + h)
          : (others.lowerBound + h)...others.upperBound
      }
      return limits
    }
  }

  /// The price of a limit is between the slopes to both sides: the best value is convex, or concave, in every limit.
  private static func expectBracket(
    _ explanation: MarginalExplanation,
    _ limits: Limits,
    isConcave: Bool = false,
    step: Double = 1e-4,
    slack: Double = 1e-4,
    isShort: Bool = false,
    _ note: String,
    _ value: (Limits) throws -> Double
  ) throws {
    let scale = explanation.shadowPrices.reduce(0) { max($0, $1.value.magnitude) }
    let center = try value(limits)
    for price in explanation.shadowPrices {
      // Each value takes some ten least risks.
      if isShort, limits.isBound(price) { continue }
      // Where the group is at zero, so are its members, and their prices are several.
      if price.constraint == "pair", price.limit == 0 { continue }
      let h = price.constraint == MaximumReturnAtRisk.limitName ? step * limits.risk : step
      let below = (center - (try value(limits.moved(price, by: -h)))) / h
      let above = (try value(limits.moved(price, by: h)) - center) / h
      let (low, high) = isConcave ? (above, below) : (below, above)
      let label: Comment = "\(note) \(price.constraint): \(price.value), \(low) to \(high)"
      #expect(price.value >= low - slack * scale, label)
      #expect(price.value <= high + slack * scale, label)
    }
  }

  private static func limits(
    _ scenarios: ScenarioSet,
    isDistance: Bool = false,
    isConcentrated: Bool = false
  ) throws -> Limits {
    var limits = Limits()
    let means = try scenarios.expectedReturns.values.sorted(by: >)
    limits.target = means[0] * 0.3 + means[1] * 0.3 + means[2] * 0.2 + means[3] * 0.2
    limits.isDistance = isDistance
    limits.isConcentrated = isConcentrated
    return limits
  }

  @Test(arguments: 1...2)
  func leastRisks(seed: Int) throws {
    let scenarios = try Self.random(seed)
    let limits = try Self.limits(scenarios, isDistance: seed == 1, isConcentrated: seed == 2)
    for (name, measure) in Self.measures {
      func choice(_ limits: Limits) throws -> MinimumRisk {
        MinimumRisk(
          measure, targetReturn: limits.target,
          constraints: try limits.constraints(scenarios.universe))
      }
      let found = try choice(limits).weights(scenarios: scenarios)
      let explanation = try choice(limits).explanation(of: found, scenarios: scenarios)
      #expect(explanation.objective == .risk)
      Self.expectBalance(explanation, 1e-6, "\(name) of \(seed)")
      try Self.expectBracket(explanation, limits, "\(name) of \(seed)") {
        try choice($0).weights(scenarios: scenarios).risk
      }
    }
  }

  @Test(arguments: [4, 6])
  func highestReturns(seed: Int) throws {
    let scenarios = try Self.random(seed)
    var limits = try Self.limits(scenarios, isDistance: seed == 4, isConcentrated: seed == 6)
    let constraints = try limits.constraints(scenarios.universe)
    for (name, measure) in Self.measures {
      let least = try MinimumRisk(measure, constraints: constraints).weights(scenarios: scenarios)
      limits.risk = least.risk * 1.05
      func choice(_ limits: Limits) throws -> MaximumReturnAtRisk {
        MaximumReturnAtRisk(
          measure, limit: limits.risk, constraints: try limits.constraints(scenarios.universe))
      }
      let found = try choice(limits).weights(scenarios: scenarios)
      let explanation = try choice(limits).explanation(of: found, scenarios: scenarios)
      #expect(explanation.objective == .expectedReturn)
      let price = explanation.shadowPrice(of: MaximumReturnAtRisk.limitName)
      #expect(price > 0 || found.risk < limits.risk * (1 - 1e-6), "\(name) of \(seed)")
      Self.expectBalance(explanation, 1e-6, "\(name) of \(seed)")
      guard Self.few.contains(name) else { continue }
      // The returns miss 1e-7 of their range.
      try Self.expectBracket(
        explanation, limits, isConcave: true, step: 1e-3, slack: 2e-3, isShort: true,
        "\(name) of \(seed)"
      ) {
        try choice($0).weights(scenarios: scenarios).expectedReturn
      }
    }
  }

  @Test(arguments: [17])
  func largestRatios(seed: Int) throws {
    let scenarios = try Self.random(seed, drift: 0.006)
    let limits = try Self.limits(scenarios, isDistance: true, isConcentrated: true)
    for (name, measure) in Self.measures {
      func choice(_ limits: Limits) throws -> MaximumReturnOverRisk {
        MaximumReturnOverRisk(
          measure, riskFreeRate: 0.0001, constraints: try limits.constraints(scenarios.universe))
      }
      let found = try choice(limits).weights(scenarios: scenarios)
      let explanation = try choice(limits).explanation(of: found, scenarios: scenarios)
      #expect(explanation.objective == .returnOverRisk)
      // A ratio that misses 1e-7 leaves the root of it.
      Self.expectBalance(explanation, 1e-3, "\(name) of \(seed)")
      guard Self.few.contains(name) else { continue }
      try Self.expectBracket(
        explanation, limits, isConcave: true, step: 1e-3, slack: 5e-3, isShort: true,
        "\(name) of \(seed)"
      ) {
        try choice($0).weights(scenarios: scenarios).ratio
      }
    }
  }

  @Test func expectedShortfalls() throws {
    let scenarios = try Self.random(9, drift: 0.006)
    let limits = try Self.limits(scenarios)
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.45), linear: [.group("pair", ["A0", "A1"], total: 0...0.3)],
      concentration: [.largest(2, limit: 0.8)])
    let least = MinimumExpectedShortfall(
      confidence: 0.9, targetReturn: limits.target, constraints: constraints)
    let found = try least.weights(scenarios: scenarios)
    let explanation = try least.explanation(of: found, scenarios: scenarios)
    Self.expectBalance(explanation, 1e-12, "least")
    // The program proves its own dual values.
    for price in explanation.shadowPrices {
      expectClose(
        price.value, found.duals[price.constraint] ?? .nan, absolute: 1e-9, "\(price.constraint)")
    }
    let best = MaximumReturnOverExpectedShortfall(
      confidence: 0.9, riskFreeRate: 0.0001, constraints: constraints)
    let portfolio = try best.weights(scenarios: scenarios)
    let ratio = try best.explanation(of: portfolio, scenarios: scenarios)
    Self.expectBalance(ratio, 1e-10, "ratio")
    for price in ratio.shadowPrices {
      // Their program minimizes minus the excess return at the ratio.
      let dual = portfolio.duals[price.constraint] ?? .nan
      expectClose(
        price.value, -dual / portfolio.value.expectedShortfall, relative: 1e-6, absolute: 1e-8,
        "\(price.constraint)")
    }
  }

  @Test(arguments: 10...11)
  func fastestGrowth(seed: Int) throws {
    let scenarios = try Self.random(seed)
    var limits = try Self.limits(scenarios, isConcentrated: seed == 10)
    func choice(_ limits: Limits) throws -> MaximumGrowth {
      MaximumGrowth(constraints: try limits.constraints(scenarios.universe))
    }
    let found = try choice(limits).weights(scenarios: scenarios)
    let explanation = try choice(limits).explanation(of: found, scenarios: scenarios)
    #expect(explanation.objective == .growth)
    Self.expectBalance(explanation, 1e-10, "growth of \(seed)")
    try Self.expectBracket(
      explanation, limits, isConcave: true, slack: 1e-6, "growth of \(seed)"
    ) {
      try choice($0).weights(scenarios: scenarios).growth
    }
    limits.risk =
      0.9
      * (try MaximumGrowthAtDrawdown.drawdownProbability(
        of: found.weights, below: 0.9, scenarios: scenarios))
    func careful(_ limits: Limits) throws -> MaximumGrowthAtDrawdown {
      MaximumGrowthAtDrawdown(
        floor: 0.9, probability: limits.risk,
        constraints: try limits.constraints(scenarios.universe))
    }
    let bounded = try careful(limits).weights(scenarios: scenarios)
    let price = try careful(limits).explanation(of: bounded, scenarios: scenarios)
    #expect(price.shadowPrice(of: MaximumGrowthAtDrawdown.limitName) > 0)
    Self.expectBalance(price, 1e-6, "drawdown of \(seed)")
    try Self.expectBracket(
      price, limits, isConcave: true, slack: 1e-4, "drawdown of \(seed)"
    ) {
      try careful($0).weights(scenarios: scenarios).growth
    }
  }

  /// Two assets without correlation: the standard deviation is w² + 4 (1 − w)² and least at w = 0.8.
  @Test func twoAssets() throws {
    let scenarios = try ScenarioSet(
      universe: Universe(["A", "B"]),
      outcomes: Matrix(
        rowCount: 4, columnCount: 2, columnMajor: [1, 1, -1, -1, 2, -2, 2, -2].map { $0 / 100 }))
    let choice = MinimumRisk(.standardDeviation)
    let found = try choice.weights(scenarios: scenarios)
    let explanation = try choice.explanation(of: found, scenarios: scenarios)
    let risk = (0.64 + 4 * 0.04).squareRoot() / 100
    expectClose(explanation.shadowPrice(of: "budget"), risk, relative: 1e-9)
    #expect(explanation.terms.map(\.source) == [.risk, .constraint("budget")])
    for i in 0..<2 {
      expectClose(explanation.terms[0].forces[i], -risk, relative: 1e-9)
      expectClose(explanation.terms[1].forces[i], risk, relative: 1e-9)
    }
    #expect(explanation["A"]?.count == 2)
    #expect(explanation["C"] == nil)
    // With at most one half of the first, w = 1/2: the slopes of the root are 0.01 w and 0.04 (1 − w) over √0.0125.
    let bounded = MinimumRisk(
      .standardDeviation, constraints: PortfolioConstraints(bounds: .uniform(0...0.5)))
    let half = try bounded.explanation(
      of: bounded.weights(scenarios: scenarios), scenarios: scenarios)
    let size = (0.25 + 4 * 0.25).squareRoot()
    expectClose(half.terms[0].forces[0], -0.01 * 0.5 / size, relative: 1e-12)
    expectClose(half.terms[0].forces[1], -0.01 * 2 / size, relative: 1e-12)
  }

  /// Two scenarios whose losses are equal at the least worst case, where the slope is a mean of both.
  @Test func kink() throws {
    let scenarios = try ScenarioSet(
      universe: Universe(["A", "B"]),
      outcomes: Matrix(rowCount: 2, columnCount: 2, columnMajor: [-0.03, 0.01, 0.02, -0.02]))
    // −0.03 w + 0.02 (1 − w) = 0.01 w − 0.02 (1 − w) at w = 1/2; slopes q (0.05) = (1 − q) (0.03).
    let choice = MinimumRisk(.worstCase)
    let found = try choice.weights(scenarios: scenarios)
    let explanation = try choice.explanation(of: found, scenarios: scenarios)
    let share = 3.0 / 8
    expectClose(
      explanation.terms[0].forces[0], -(share * 0.03 - (1 - share) * 0.01), absolute: 1e-14)
    expectClose(explanation.shadowPrice(of: "budget"), 0.005, absolute: 1e-14)
  }

  @Test func refusals() throws {
    let scenarios = try Self.random(12)
    let others = try Self.random(13)
    let constraints = PortfolioConstraints(bounds: .uniform(0...0.5))
    let choice = MinimumRisk(.expectedShortfall(confidence: 0.9), constraints: constraints)
    let found = try choice.weights(scenarios: scenarios)
    func expectNotSolved(_ body: () throws -> MarginalExplanation) {
      do {
        _ = try body()
        Issue.record("explained what is not optimal")
      } catch AllocationError.notSolved {
      } catch {
        Issue.record("\(error)")
      }
    }
    expectNotSolved { try choice.explanation(of: found, scenarios: others) }
    expectNotSolved {
      try MinimumRisk(.worstCase, constraints: constraints)
        .explanation(of: found, scenarios: scenarios)
    }
    expectNotSolved {
      try MinimumRisk(
        .expectedShortfall(confidence: 0.9), constraints: .longShort(net: 1, gross: 3)
      )
      .explanation(of: found, scenarios: others)
    }
    // Weights outside the constraints.
    expectNotSolved {
      try MinimumRisk(
        .expectedShortfall(confidence: 0.9),
        constraints: PortfolioConstraints(bounds: .uniform(0...0.25))
      ).explanation(of: found, scenarios: scenarios)
    }
    let narrow = try Self.random(12, width: 5)
    #expect(throws: AllocationError.self) {
      try choice.explanation(of: found, scenarios: narrow)
    }
    #expect(
      throws: AllocationError.invalidValue(
        argument: "count of constraints named effective assets", asset: nil, got: 1, allowed: 0...0)
    ) {
      try MinimumRisk(
        .worstCase,
        constraints: PortfolioConstraints(concentration: [.effectiveAssets(atLeast: 2)])
      ).explanation(of: found, scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MinimumRisk(.expectedShortfall(confidence: .nan), constraints: constraints)
        .explanation(of: found, scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MinimumRisk(
        .expectedShortfall(confidence: 0.9), targetReturn: .nan, constraints: constraints
      ).explanation(of: found, scenarios: scenarios)
    }
  }

  /// Scenarios that ruin the portfolio have no growth to explain.
  @Test func ruin() throws {
    let scenarios = try Self.random(15)
    let crash = try ScenarioSet(
      universe: scenarios.universe,
      outcomes: Matrix(rows: (0..<3).map { t in (0..<6).map { _ in t == 0 ? -1.5 : 0.1 } }))
    let portfolio = try MaximumGrowth().weights(scenarios: scenarios)
    let error = AllocationError.invalidValue(
      argument: "risk", asset: nil, got: .infinity, allowed: .finite)
    #expect(throws: error) { try MaximumGrowth().explanation(of: portfolio, scenarios: crash) }
    let careful = MaximumGrowthAtDrawdown(floor: 0.5, probability: 0.4)
    let kept = try careful.weights(scenarios: scenarios)
    #expect(throws: error) { try careful.explanation(of: kept, scenarios: crash) }
  }

  /// At the least risk, where the price of the limit is infinite, the risk is explained.
  @Test func limitAtTheLeastRisk() throws {
    let scenarios = try Self.random(14)
    let least = try MinimumRisk(.standardDeviation).weights(scenarios: scenarios)
    let choice = MaximumReturnAtRisk(.standardDeviation, limit: least.risk)
    let found = try choice.weights(scenarios: scenarios)
    let explanation = try choice.explanation(of: found, scenarios: scenarios)
    Self.expectBalance(explanation, 1e-6, "least")
    // A limit that does not bind leaves views alone.
    let wide = MaximumReturnAtRisk(.standardDeviation, limit: 1)
    let free = try wide.explanation(of: wide.weights(scenarios: scenarios), scenarios: scenarios)
    #expect(free.objective == .expectedReturn)
    #expect(free.shadowPrice(of: MaximumReturnAtRisk.limitName) == 0)
    #expect(free.terms.first?.source == .views)
  }

  /// A program of pairs that ends early must not break constraints.
  @Test func weightsOfMeanDifferencesKeepTheirLimits() throws {
    let scenarios = try Self.random(17, drift: 0.006)
    var limits = try Self.limits(scenarios, isDistance: true, isConcentrated: true)
    limits.turnover = 0.801
    let choice = MaximumReturnOverRisk(
      .giniMeanDifference, riskFreeRate: 0.0001,
      constraints: try limits.constraints(scenarios.universe))
    let found = try choice.weights(scenarios: scenarios)
    expectClose(found.weights.total, 1, absolute: 1e-9)
    let traded = found.weights.values.reduce(0) { $0 + ($1 - 1.0 / 6).magnitude }
    #expect(traded <= limits.turnover + 1e-9)
    let explanation = try choice.explanation(of: found, scenarios: scenarios)
    Self.expectBalance(explanation, 1e-3, "ratio")
  }
}
