import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct MaximumGrowthAtDrawdownTests {
  private struct Choice: Decodable {
    let floor: Double
    let probability: Double
    let weights: [Double]
    let growth: Double
    let moment: Double
  }

  private struct Market: Decodable {
    let outcomes: [[Double]]
    let probabilities: [Double]
    let bounds: [Double]
    let choices: [Choice]
  }

  private struct Exponent: Decodable {
    let outcomes: [Double]
    let probabilities: [Double]
    let exponent: Double
  }

  private struct File: Decodable {
    let bets: [[Double]]
    let portfolios: [Market]
    let exponents: [Exponent]
  }

  private static func scenarios(
    columns: [[Double]],
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    try ScenarioSet(
      universe: Universe(columns.indices.map { $0 == 0 ? "USD" : AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: columns[0].count, columnCount: columns.count, columnMajor: columns.flatMap { $0 }
      ), probabilities: probabilities)
  }

  private static func random(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.08 * generator.gaussian() }
    let risky = (1..<width).map { _ in
      let premium = generator.uniform(-0.01...0.05)
      return market.map { max(premium + $0 + 0.12 * generator.gaussian(), -0.95) }
    }
    return try scenarios(columns: [[Double](repeating: 0.001, count: count)] + risky)
  }

  private static func left(_ weights: [Double], _ scenarios: ScenarioSet) -> [Double] {
    (0..<scenarios.scenarioCount).map { s in
      weights.indices.reduce(1) { $0 + weights[$1] * scenarios.outcomes[s, $1] }
    }
  }

  /// E f(r) over the scenarios.
  private static func mean(
    _ weights: [Double],
    _ scenarios: ScenarioSet,
    _ function: (Double) -> Double
  ) -> Double {
    let p = scenarios.probabilities
    return left(weights, scenarios).enumerated().reduce(0) {
      $0 + (p?[$1.offset] ?? 1 / Double(scenarios.scenarioCount)) * function($1.element)
    }
  }

  private static func exponent(_ choice: MaximumGrowthAtDrawdown) -> Double {
    log(choice.probability) / log(choice.floor)
  }

  /// The fraction is the root of E r^(−λ) = 1, or Kelly's where that is smaller.
  @Test func betsMatchReferences() throws {
    for row in try Reference.load(File.self, "drawdown_growth").bets {
      let bet = try Self.scenarios(
        columns: [[0, 0], [row[1], -row[2]]], probabilities: [row[0], 1 - row[0]])
      let found = try MaximumGrowthAtDrawdown(floor: row[3], probability: row[4])
        .weights(scenarios: bet)
      expectClose(found.weights.values[1], row[5], relative: 1e-8)
      expectClose(found.growth, row[6], absolute: 1e-13)
      #expect(found.largestImprovement < 2e-13)
      #expect(found.drawdownProbability <= row[4])
    }
  }

  /// λ = 1: p/(1 + f) + (1 − p)/(1 − f) is one at f = 2p − 1, which is Kelly's bet.
  @Test func theExponentOfKellyIsOne() throws {
    let bet = try Self.scenarios(columns: [[0, 0], [1, -1]], probabilities: [0.6, 0.4])
    let kelly = try MaximumGrowth().weights(scenarios: bet)
    for floor in [0.2, 0.5, 0.9] {
      expectClose(
        try MaximumGrowthAtDrawdown.drawdownProbability(
          of: kelly.weights, below: floor, scenarios: bet), floor, relative: 1e-7)
      // So a limit above the floor does not bind.
      let free = try MaximumGrowthAtDrawdown(floor: floor, probability: floor + 0.05)
        .weights(scenarios: bet)
      expectClose(free.weights.values[1], 0.2, absolute: 1e-9)
      expectClose(free.drawdownProbability, floor, relative: 1e-7)
    }
  }

  /// An independent solver finds no portfolio that grows faster, and none that it finds breaks the bound.
  @Test func portfoliosMatchReferences() throws {
    for market in try Reference.load(File.self, "drawdown_growth").portfolios {
      let scenarios = try Self.scenarios(
        columns: market.outcomes, probabilities: market.probabilities)
      let constraints = PortfolioConstraints(
        bounds: .uniform(market.bounds[0]...market.bounds[1]))
      for choice in market.choices {
        let found = try MaximumGrowthAtDrawdown(
          floor: choice.floor, probability: choice.probability, constraints: constraints
        ).weights(scenarios: scenarios)
        // The other solver leaves the limit by some 1e-10.
        expectClose(found.growth, choice.growth, absolute: 2e-8)
        #expect(choice.growth <= found.growth + found.largestImprovement + 1e-9)
        #expect(found.largestImprovement < 1e-11)
        for (weight, reference) in zip(found.weights.values, choice.weights) {
          expectClose(weight, reference, absolute: 2e-4)
        }
        let exponent = log(choice.probability) / log(choice.floor)
        let moment = Self.mean(found.weights.values, scenarios) { pow($0, -exponent) }
        #expect(moment <= 1 + 1e-12)
        if choice.moment > -1e-8 { expectClose(moment, 1, absolute: 1e-6) }
      }
    }
  }

  @Test func exponentsMatchReferences() throws {
    for reference in try Reference.load(File.self, "drawdown_growth").exponents {
      let scenarios = try Self.scenarios(
        columns: [reference.outcomes.map { _ in 0 }, reference.outcomes],
        probabilities: reference.probabilities)
      let weights = try Weights(universe: scenarios.universe, values: [0, 1])
      for floor in [0.3, 0.8, 0.99] {
        expectClose(
          try MaximumGrowthAtDrawdown.drawdownProbability(
            of: weights, below: floor, scenarios: scenarios), pow(floor, reference.exponent),
          relative: 1e-12 * (1 + reference.exponent))
      }
    }
  }

  /// Within the limit, fully invested, as fast as anything near it, and slower than without a limit.
  @Test(arguments: 1...20)
  func isTheFastestWithinTheLimit(seed: Int) throws {
    let scenarios = try Self.random(seed, count: 100, width: 3 + seed % 7)
    var generator = SeededGenerator(seed: UInt64(seed + 100))
    let choice = MaximumGrowthAtDrawdown(
      floor: generator.uniform(0.5...0.95), probability: exp(generator.uniform(-8 ... -0.1)))
    let found = try choice.weights(scenarios: scenarios)
    let w = found.weights.values
    let exponent = Self.exponent(choice)
    expectClose(found.weights.total, 1, absolute: 1e-12)
    #expect(w.allSatisfy { $0 >= 0 } && found.largestImprovement < 1e-11)
    #expect(Self.mean(w, scenarios) { pow($0, -exponent) } <= 1 + 1e-12)
    expectClose(found.growth, Self.mean(w, scenarios, log), absolute: 1e-14)
    expectClose(found.worstOutcome, Self.left(w, scenarios).min() ?? 0, relative: 1e-14)
    let free = try MaximumGrowth().weights(scenarios: scenarios)
    #expect(found.growth <= free.growth + 1e-13)
    let isFree = Self.mean(free.weights.values, scenarios) { pow($0, -exponent) } <= 1
    if isFree { expectClose(found.growth, free.growth, absolute: 1e-11) }
    var within = 0
    // Toward any portfolio, and toward cash, so that some are within the limit.
    for _ in 0..<200 {
      let other = w.map { _ in -log(generator.uniform(1e-12...1)) }
      let total = other.reduce(0, +)
      let (share, cash) = (pow(generator.uniform(1e-6...1), 3), generator.uniform(0...0.2))
      var mixed = zip(w, other).map { (1 - cash) * ((1 - share) * $0 + share * $1 / total) }
      mixed[0] += cash
      guard Self.mean(mixed, scenarios, { pow($0, -exponent) }) <= 1 else { continue }
      within += 1
      #expect(Self.mean(mixed, scenarios, log) <= found.growth + found.largestImprovement + 1e-14)
    }
    #expect(within > 0)
  }

  /// A stricter limit never grows faster, and the fraction of Kelly with the same bound no faster either.
  @Test func limitsCostGrowth() throws {
    let scenarios = try Self.random(7, count: 150, width: 6)
    let kelly = try MaximumGrowth().weights(scenarios: scenarios)
    var last = kelly.growth
    for probability in [0.9, 0.5, 0.2, 0.05, 0.01, 1e-4, 1e-8] {
      let found = try MaximumGrowthAtDrawdown(floor: 0.8, probability: probability)
        .weights(scenarios: scenarios)
      #expect(found.growth <= last + 1e-12)
      last = found.growth
      for share in stride(from: 0.02, through: 1, by: 0.02) {
        let part = try kelly.fraction(share, cash: "USD")
        let bound = try MaximumGrowthAtDrawdown.drawdownProbability(
          of: part, below: 0.8, scenarios: scenarios)
        if bound <= probability {
          #expect(
            Self.mean(part.values, scenarios, log) <= found.growth + found.largestImprovement)
        }
      }
    }
  }

  /// Simulated wealth falls to the floor less often than the bound says, and not much less.
  @Test(arguments: [(0.9, 0.3), (0.8, 0.1), (0.7, 0.2)])
  func simulatedDrawdownsKeepTheLimit(limit: (floor: Double, probability: Double)) throws {
    let scenarios = try Self.random(11, count: 80, width: 5)
    let found = try MaximumGrowthAtDrawdown(floor: limit.floor, probability: limit.probability)
      .weights(scenarios: scenarios)
    expectClose(found.drawdownProbability, limit.probability, relative: 1e-6)
    let outcomes = Self.left(found.weights.values, scenarios).map(log)
    let stream = RandomStream(seed: 21)
    let (paths, periods) = (2_000, 250)
    var fallen = 0
    for path in 0..<paths {
      var (wealth, least) = (0.0, 0.0)
      for period in 0..<periods {
        let place = stream.uniform(at: UInt64(path * periods + period)) * 80
        wealth += outcomes[min(Int(place), 79)]
        least = min(least, wealth)
      }
      if least <= log(limit.floor) { fallen += 1 }
    }
    let share = Double(fallen) / Double(paths)
    let error = (limit.probability * (1 - limit.probability) / Double(paths)).squareRoot()
    #expect(share <= limit.probability + 4 * error)
    #expect(share >= limit.probability / 4)
  }

  @Test func boundsOfOtherPortfolios() throws {
    let scenarios = try Self.scenarios(
      columns: [[0.01, 0.01], [0.5, -0.5], [1, -1]], probabilities: [0.5, 0.5])
    func bound(_ values: [Double]) throws -> Double {
      try MaximumGrowthAtDrawdown.drawdownProbability(
        of: Weights(universe: scenarios.universe, values: values), below: 0.5,
        scenarios: scenarios)
    }
    #expect(try bound([1, 0, 0]) == 0)
    #expect(try bound([0, 0, 0]) == 0)
    #expect(try bound([0, 1, 0]) == 1)
    // What may be ruined, or worse.
    #expect(try bound([0, 0, 1]) == 1)
    #expect(try bound([0, 0, 3]) == 1)
    let some = try bound([0.9, 0.1, 0])
    #expect(some > 0 && some < 1)
  }

  /// Nothing grows here, so that cash is kept, whatever the limit.
  @Test func withoutAnEdgeCashIsKept() throws {
    let bet = try Self.scenarios(columns: [[0, 0], [1, -1]], probabilities: [0.4, 0.6])
    let found = try MaximumGrowthAtDrawdown(floor: 0.9, probability: 0.01).weights(scenarios: bet)
    expectClose(found.weights.values[1], 0, absolute: 1e-12)
    #expect(found.growth.magnitude < 1e-12 && found.largestImprovement < 1e-12)
  }

  @Test func whatCannotBeKeptIsRefused() throws {
    // Every portfolio loses: none keeps the limit.
    let losing = try Self.scenarios(columns: [[-0.01, -0.01], [0.1, -0.2]])
    let choice = MaximumGrowthAtDrawdown(floor: 0.9, probability: 0.1)
    let error = #expect(throws: AllocationError.self) { try choice.weights(scenarios: losing) }
    guard case .infeasible(let constraints, let contradiction) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(constraints == [MaximumGrowthAtDrawdown.limitName] && contradiction > 0)
    let scenarios = try Self.random(3, count: 30, width: 4)
    for number in hostileNumbers where !(number > 0 && number < 1) {
      #expect(throws: AllocationError.self) {
        try MaximumGrowthAtDrawdown(floor: number, probability: 0.1).weights(scenarios: scenarios)
      }
      #expect(throws: AllocationError.self) {
        try MaximumGrowthAtDrawdown(floor: 0.9, probability: number).weights(scenarios: scenarios)
      }
      #expect(throws: AllocationError.self) {
        try MaximumGrowthAtDrawdown.drawdownProbability(
          of: Weights(universe: scenarios.universe, values: [1, 0, 0, 0]), below: number,
          scenarios: scenarios)
      }
    }
    // Exponents out of range.
    #expect(throws: AllocationError.self) {
      try MaximumGrowthAtDrawdown(floor: Double(1).nextDown, probability: 0.1)
        .weights(scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MaximumGrowthAtDrawdown(floor: 0.5, probability: Double(1).nextDown)
        .weights(scenarios: scenarios)
    }
    let ruin = try Self.scenarios(columns: [[-1, 0], [-1, 0.1]])
    #expect(throws: AllocationError.self) { try choice.weights(scenarios: ruin) }
    var geared = choice
    geared.constraints = PortfolioConstraints(bounds: .uniform(0...0.1))
    #expect(throws: AllocationError.self) { try geared.weights(scenarios: scenarios) }
    let other = try Self.random(3, count: 30, width: 5)
    #expect(throws: AllocationError.self) {
      try MaximumGrowthAtDrawdown.drawdownProbability(
        of: Weights(universe: scenarios.universe, values: [1, 0, 0, 0]), below: 0.5,
        scenarios: other)
    }
  }

  /// Exponents over the whole range, from no limit to almost no loss.
  @Test(arguments: [2e-6, 1e-3, 0.3, 3, 30, 300, 3_000, 30_000])
  func exponentsOfAllSizesAreSolved(exponent: Double) throws {
    let scenarios = try Self.random(13, count: 60, width: 5)
    let probability = exponent > 300 ? 1e-12 : max(pow(0.5, exponent), 1e-12)
    let choice = MaximumGrowthAtDrawdown(
      floor: exp(log(probability) / exponent), probability: probability)
    let found = try choice.weights(scenarios: scenarios)
    #expect(found.largestImprovement <= 1e-11)
    #expect(Self.mean(found.weights.values, scenarios) { pow($0, -exponent) } <= 1 + 1e-9)
  }
}
