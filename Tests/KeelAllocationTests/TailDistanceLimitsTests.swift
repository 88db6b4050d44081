import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Tail and growth choices under limits on distances, from cvxpy and Clarabel.
struct TailDistanceReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let outcomes: [[Double]]
  let low: Double
  let high: Double
  let current: [Double]
  let turnover: Double
  let gross: Double?
  let confidence: Double
  let shortfall: Double
  let riskFreeRate: Double
  let ratio: Double
  let growth: Double
  let floor: Double
  let probability: Double
  let growthAtDrawdown: Double

  var testDescription: String { name }

  static let cases: [TailDistanceReference] = {
    struct File: Decodable { let cases: [TailDistanceReference] }
    do {
      return try Reference.load(File.self, "tail_distances").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  var scenarios: ScenarioSet {
    get throws {
      try ScenarioSet(
        universe: Market.universe(current.count), outcomes: Matrix(rows: outcomes))
    }
  }

  func constraints() throws -> PortfolioConstraints {
    let held = try Weights(universe: Market.universe(current.count), values: current)
    var result = PortfolioConstraints(bounds: .uniform(low...high))
    result.absolute = [.turnover(from: held, limit: turnover)]
    if let gross { result.absolute.append(.gross(limit: gross)) }
    return result
  }
}

@Suite struct TailDistanceLimitsTests {
  private func expectKept(_ weights: Weights, _ constraints: PortfolioConstraints) {
    for limit in constraints.absolute {
      var sum = 0.0
      for (i, weight) in weights.values.enumerated() {
        sum += (weight - (limit.reference?.values[i] ?? 0)).magnitude
      }
      #expect(sum <= limit.limit * (1 + 1e-8), "\(limit.name)")
    }
    expectClose(weights.total, 1, relative: 1e-9)
  }

  @Test func referencesArePresent() { #expect(TailDistanceReference.cases.count == 16) }

  @Test(arguments: TailDistanceReference.cases)
  func matches(_ reference: TailDistanceReference) throws {
    let (scenarios, constraints) = (try reference.scenarios, try reference.constraints())
    let confidence = reference.confidence
    let tail = try MinimumExpectedShortfall(confidence: confidence, constraints: constraints)
      .weights(scenarios: scenarios)
    #expect(tail.status == .optimal)
    expectKept(tail.value.weights, constraints)
    expectClose(tail.value.expectedShortfall, reference.shortfall, relative: 1e-7, absolute: 1e-10)
    expectNames(tail.duals, constraints)
    // A second method with its own proof.
    let least = try MinimumRisk(
      .expectedShortfall(confidence: confidence), constraints: constraints
    ).weights(scenarios: scenarios)
    expectClose(tail.value.expectedShortfall, least.risk, relative: 1e-8, absolute: 1e-11)
    #expect(tail.certificate.dualObjective <= least.risk * (1 + 1e-8) + 1e-10)

    let best = try MaximumReturnOverExpectedShortfall(
      confidence: confidence, riskFreeRate: reference.riskFreeRate, constraints: constraints
    ).weights(scenarios: scenarios)
    #expect(best.status == .optimal)
    expectKept(best.value.weights, constraints)
    let excess = best.value.expectedReturn - reference.riskFreeRate
    expectClose(excess / best.value.expectedShortfall, reference.ratio, relative: 1e-7)
    expectNames(best.duals, constraints)

    let growth = try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios)
    expectKept(growth.weights, constraints)
    expectClose(growth.growth, reference.growth, absolute: 1e-9)
    #expect(growth.largestImprovement <= 1e-10)
    let careful = try MaximumGrowthAtDrawdown(
      floor: reference.floor, probability: reference.probability, constraints: constraints
    ).weights(scenarios: scenarios)
    expectKept(careful.weights, constraints)
    expectClose(careful.growth, reference.growthAtDrawdown, absolute: 1e-8)
    #expect(careful.growth + careful.largestImprovement >= reference.growthAtDrawdown - 1e-8)
  }

  private func expectNames(_ duals: Duals, _ constraints: PortfolioConstraints) {
    #expect(duals.rowNames == ["budget"] + constraints.absolute.map(\.name))
    #expect(duals.rows.count == duals.rowNames.count)
    #expect(duals.bounds.count == duals.variableNames.count)
    for limit in constraints.absolute { #expect(duals[limit.name].map { $0 <= 0 } == true) }
  }

  @Test(arguments: TailDistanceReference.cases)
  func looseLimitsChangeNothing(_ reference: TailDistanceReference) throws {
    let scenarios = try reference.scenarios
    var loose = try reference.constraints()
    let held = try #require(loose.absolute[0].reference)
    loose.absolute = [.turnover(from: held, limit: 50), .gross(limit: 60)]
    var free = loose
    free.absolute = []
    let tight = try reference.constraints()
    func shortfall(_ constraints: PortfolioConstraints) throws -> Double {
      try MinimumExpectedShortfall(confidence: reference.confidence, constraints: constraints)
        .weights(scenarios: scenarios).value.expectedShortfall
    }
    func ratio(_ constraints: PortfolioConstraints) throws -> Double {
      let best = try MaximumReturnOverExpectedShortfall(
        confidence: reference.confidence, riskFreeRate: reference.riskFreeRate,
        constraints: constraints
      ).weights(scenarios: scenarios).value
      return (best.expectedReturn - reference.riskFreeRate) / best.expectedShortfall
    }
    func growth(_ constraints: PortfolioConstraints) throws -> Double {
      try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios).growth
    }
    let (a, b, c) = (try shortfall(free), try shortfall(loose), try shortfall(tight))
    expectClose(b, a, relative: 1e-8, absolute: 1e-11)
    #expect(c >= a - 1e-10)
    let (d, e, f) = (try ratio(free), try ratio(loose), try ratio(tight))
    expectClose(e, d, relative: 1e-7)
    #expect(f <= d * (1 + 1e-8))
    let (g, h, i) = (try growth(free), try growth(loose), try growth(tight))
    expectClose(h, g, absolute: 1e-9)
    #expect(i <= g + 1e-10)
  }

  /// Without bounds the gross exposure alone keeps the weights finite.
  @Test(arguments: TailDistanceReference.cases)
  func grossExposureBounds(_ reference: TailDistanceReference) throws {
    let scenarios = try reference.scenarios
    let confidence = reference.confidence
    var last = (shortfall: Double.infinity, growth: -Double.infinity)
    for gross in [1.1, 1.5] {
      let constraints = PortfolioConstraints.longShort(net: 1, gross: gross)
      let tail = try MinimumExpectedShortfall(confidence: confidence, constraints: constraints)
        .weights(scenarios: scenarios).value
      let least = try MinimumRisk(
        .expectedShortfall(confidence: confidence), constraints: constraints
      ).weights(scenarios: scenarios)
      expectClose(tail.expectedShortfall, least.risk, relative: 1e-7, absolute: 1e-10)
      let growth = try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios)
      for weights in [tail.weights, growth.weights] { expectKept(weights, constraints) }
      #expect(tail.expectedShortfall <= last.shortfall + 1e-10)
      #expect(growth.growth >= last.growth - 1e-10)
      last = (tail.expectedShortfall, growth.growth)
    }
  }

  /// A limit on largest weights beside one on turnover.
  @Test func bothKindsOfLimitsAreKept() throws {
    for reference in TailDistanceReference.cases.prefix(6) {
      let scenarios = try reference.scenarios
      var constraints = try reference.constraints()
      let limit = ConcentrationConstraint.largest(2, limit: 0.45)
      let free = try MinimumExpectedShortfall(
        confidence: reference.confidence, constraints: constraints
      ).weights(scenarios: scenarios).value
      constraints.concentration = [limit]
      let tail = try MinimumExpectedShortfall(
        confidence: reference.confidence, constraints: constraints
      ).weights(scenarios: scenarios)
      let least = try MinimumRisk(
        .expectedShortfall(confidence: reference.confidence), constraints: constraints
      ).weights(scenarios: scenarios)
      expectKept(tail.value.weights, constraints)
      #expect(limit.value(of: tail.value.weights) <= 0.45 * (1 + 1e-8))
      #expect(tail.value.expectedShortfall >= free.expectedShortfall - 1e-10)
      expectClose(tail.value.expectedShortfall, least.risk, relative: 1e-6, absolute: 1e-9)
      #expect(tail.duals.rowNames == ["budget", limit.name] + constraints.absolute.map(\.name))
    }
  }

  @Test func clashesHaveTheCallersNames() throws {
    let reference = try #require(TailDistanceReference.cases.first)
    let scenarios = try reference.scenarios
    let n = reference.current.count
    let held = try Weights(
      universe: scenarios.universe, values: (0..<n).map { $0 == 0 ? 1 : 0 })
    let clash = PortfolioConstraints(
      bounds: .uniform(0...0.5), absolute: [.turnover(from: held, limit: 0.1)])
    func expectNamed(_ solve: () throws(AllocationError) -> Void) {
      do throws(AllocationError) {
        try solve()
        Issue.record("an infeasible portfolio was returned")
      } catch {
        guard case .infeasible(let names, _) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(names.contains("turnover"))
        #expect(names.allSatisfy { !$0.contains(":") })
      }
    }
    expectNamed { () throws(AllocationError) in
      _ = try MinimumExpectedShortfall(confidence: 0.9, constraints: clash)
        .weights(scenarios: scenarios)
    }
    expectNamed { () throws(AllocationError) in
      _ = try MaximumReturnOverExpectedShortfall(
        confidence: 0.9, riskFreeRate: 0, constraints: clash
      ).weights(scenarios: scenarios)
    }
    expectNamed { () throws(AllocationError) in
      _ = try MaximumGrowth(constraints: clash).weights(scenarios: scenarios)
    }
    expectNamed { () throws(AllocationError) in
      _ = try MaximumGrowthAtDrawdown(floor: 0.7, probability: 0.1, constraints: clash)
        .weights(scenarios: scenarios)
    }
  }
}
