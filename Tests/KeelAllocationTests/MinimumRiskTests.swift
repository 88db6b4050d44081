import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct MinimumRiskTests {
  struct References: Decodable {
    struct Portfolio: Decodable {
      let returns: [Double]
      let count: Int
      let probabilities: [Double]?
      let lower: Double
      let upper: Double
      let targetReturn: Double?
      let confidence: Double
      let target: Double
      let values: [String: Double]
    }
    let portfolios: [Portfolio]
  }

  static func measures(
    _ confidence: Double,
    _ target: Double
  ) -> [(name: String, measure: SampleRiskMeasure)] {
    [
      ("standardDeviation", .standardDeviation),
      ("meanAbsoluteDeviation", .meanAbsoluteDeviation),
      ("semideviation", .semideviation),
      ("firstPartialMoment", .lowerPartialMoment(order: .first, target: target)),
      ("secondPartialMoment", .lowerPartialMoment(order: .second, target: target)),
      ("expectedShortfall", .expectedShortfall(confidence: confidence)),
      ("entropicValueAtRisk", .entropicValueAtRisk(confidence: confidence)),
      ("worstCase", .worstCase),
      ("giniMeanDifference", .giniMeanDifference),
      ("maximumDrawdown", .maximumDrawdown),
      ("averageDrawdown", .averageDrawdown),
      ("conditionalDrawdown", .conditionalDrawdown(confidence: confidence)),
      ("entropicDrawdown", .entropicDrawdown(confidence: confidence)),
      ("ulcerIndex", .ulcerIndex),
    ]
  }

  private static func scenarios(
    _ columns: [Double],
    count: Int,
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    let width = columns.count / count
    return try ScenarioSet(
      universe: Universe((0..<width).map { AssetID("A\($0)") }),
      outcomes: Matrix(rowCount: count, columnCount: width, columnMajor: columns),
      probabilities: probabilities)
  }

  private static func random(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    return try scenarios(
      (0..<width).flatMap { _ -> [Double] in
        let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.04))
        return market.map { 0.0005 + beta * $0 + noise * generator.gaussian() }
      }, count: count)
  }

  /// Against Clarabel: the least risks agree, or ours is lower.
  @Test func risksMatchTheReferences() throws {
    for (number, reference) in try Reference.load(References.self, "sample_risks")
      .portfolios.enumerated()
    {
      let scenarios = try Self.scenarios(
        reference.returns, count: reference.count, probabilities: reference.probabilities)
      for (name, measure) in Self.measures(reference.confidence, reference.target) {
        let choice = MinimumRisk(
          measure, targetReturn: reference.targetReturn,
          constraints: PortfolioConstraints(
            bounds: .uniform(reference.lower...reference.upper)))
        let found = try choice.weights(scenarios: scenarios)
        // Pairs of outcomes are too many for the references of the largest.
        guard let expected = reference.values[name] else { continue }
        expectClose(found.risk, expected, relative: 1e-7, "\(number) \(name)")
        #expect(found.risk <= expected * (1 + 1e-8), "\(number) \(name)")
        #expect(found.largestImprovement <= 1e-8 * found.risk, "\(number) \(name)")
        expectClose(found.weights.total, 1, absolute: 1e-12)
        for weight in found.weights.values {
          #expect((reference.lower...reference.upper).contains(weight))
        }
        if let target = reference.targetReturn {
          #expect(found.expectedReturn >= target - 1e-12)
        }
        let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
        #expect(found.risk == (try measure.risk(of: law).value))
      }
    }
  }

  /// No allowed portfolio is below the proved bound, and small moves do not lower the risk.
  @Test(arguments: 1...12)
  func boundsHold(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (count, width) = (30 + 20 * (seed % 5), 3 + seed)
    let scenarios = try Self.random(seed, count: count, width: width)
    for (name, measure) in Self.measures(0.9, 0.001) {
      let found = try MinimumRisk(measure).weights(scenarios: scenarios)
      for _ in 0..<40 {
        var other = (0..<width).map { _ in generator.uniform(0...1) * generator.uniform(0...1) }
        let total = other.reduce(0, +)
        let share = generator.uniform(0...1)
        other = zip(other, found.weights.values).map {
          (1 - share) * $1 + share * $0 / total
        }
        let law = try EmpiricalDistribution(
          weights: Weights(universe: scenarios.universe, values: other), scenarios: scenarios)
        #expect(
          (try measure.risk(of: law).value) >= found.lowerBound - 1e-12, "\(name)")
      }
    }
  }

  /// Limits on turnover and gross exposure, and their names where they clash.
  @Test func distancesAreLimited() throws {
    let scenarios = try Self.random(5, count: 40, width: 5)
    let universe = scenarios.universe
    let held = try Weights(universe: universe, values: [0.5, 0.5, 0, 0, 0])
    for (name, measure) in Self.measures(0.9, 0.001) {
      let free = try MinimumRisk(measure).weights(scenarios: scenarios)
      let turning = PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.3)])
      let found = try MinimumRisk(measure, constraints: turning).weights(scenarios: scenarios)
      let turnover = zip(found.weights.values, held.values).reduce(0) {
        $0 + ($1.0 - $1.1).magnitude
      }
      #expect(found.risk >= free.risk - 1e-12, "\(name)")
      #expect(turnover <= 0.6 + 1e-9, "\(name)")
      let hedged = try MinimumRisk(
        measure, constraints: .longShort(net: 1, gross: 1.5, bounds: .uniform(-0.5...1))
      ).weights(scenarios: scenarios)
      #expect(hedged.risk <= free.risk + 1e-12, "\(name)")
      #expect(hedged.weights.values.reduce(0) { $0 + $1.magnitude } <= 1.5 + 1e-9, "\(name)")
    }
    let clash = PortfolioConstraints(
      bounds: .uniform(0...0.25), absolute: [.turnover(from: held, limit: 0.1)])
    #expect {
      try MinimumRisk(.semideviation, constraints: clash).weights(scenarios: scenarios)
    } throws: { error in
      guard case .infeasible(let names, _)? = error as? AllocationError else { return false }
      return names.contains("turnover")
    }
  }

  /// A tail of one scenario up to rounding: 1/20 is less than 1 − 0.95 in binary.
  @Test(arguments: 1...6)
  func tailsOfOneScenarioAreWorstCases(seed: Int) throws {
    let scenarios = try Self.random(seed, count: 20, width: 3 * seed)
    let worst = try MinimumRisk(.worstCase).weights(scenarios: scenarios)
    let found = try MinimumRisk(.entropicValueAtRisk(confidence: 0.95))
      .weights(scenarios: scenarios)
    expectClose(found.risk, worst.risk, absolute: 1e-9)
    #expect(found.largestImprovement <= 1e-8 * max(found.risk.magnitude, 1e-2))
  }

  @Test func badInputIsNamed() throws {
    let scenarios = try Self.random(1, count: 20, width: 3)
    for measure in [
      SampleRiskMeasure.expectedShortfall(confidence: 1), .entropicValueAtRisk(confidence: .nan),
      .lowerPartialMoment(order: .first, target: .nan), .conditionalDrawdown(confidence: 0),
      .lowerPartialMoment(order: .second, target: .infinity),
    ] {
      #expect(throws: AllocationError.self) {
        try MinimumRisk(measure).weights(scenarios: scenarios)
      }
    }
    #expect(throws: AllocationError.self) {
      try MinimumRisk(.worstCase, targetReturn: .nan).weights(scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MinimumRisk(.standardDeviation, targetReturn: 10).weights(scenarios: scenarios)
    }
    // No assets have no portfolio, and no trap.
    let nothing = try ScenarioSet(
      universe: Universe([]), outcomes: Matrix(rowCount: 3, columnCount: 0))
    for (_, measure) in Self.measures(0.9, 0) {
      #expect(throws: AllocationError.self) {
        try MinimumRisk(measure).weights(scenarios: nothing)
      }
    }
    // Few scenarios: the tail is smaller than any of them, and risks of zero are possible.
    let few = try Self.random(3, count: 4, width: 9)
    for (name, measure) in Self.measures(0.95, -0.5) {
      let found = try MinimumRisk(
        measure, constraints: .longShort(net: 1, gross: 3)
      ).weights(scenarios: few)
      #expect(found.risk >= found.lowerBound, "\(name)")
    }
  }
}
