import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct MaximumReturnOverRiskTests {
  private struct References: Decodable {
    struct Portfolio: Decodable {
      let returns: [Double]
      let count: Int
      let probabilities: [Double]?
      let lower: Double
      let upper: Double
      let riskFreeRate: Double
      let confidence: Double
      let target: Double
      let values: [String: Double]
    }
    let portfolios: [Portfolio]
  }

  private static func scenarios(
    _ columns: [Double],
    count: Int,
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    try ScenarioSet(
      universe: Universe((0..<(columns.count / count)).map { AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: count, columnCount: columns.count / count, columnMajor: columns),
      probabilities: probabilities)
  }

  private static func random(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    return try scenarios(
      (0..<width).flatMap { _ -> [Double] in
        let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.04))
        let drift = generator.uniform(0.001...0.006)
        return market.map { drift + beta * $0 + noise * generator.gaussian() }
      }, count: count)
  }

  /// Against the homogeneous programs in Clarabel: the largest ratios agree, or ours is larger.
  @Test(arguments: 0..<5)
  func ratiosMatchTheReferences(number: Int) throws {
    let reference = try Reference.load(References.self, "risk_ratios").portfolios[number]
    let scenarios = try Self.scenarios(
      reference.returns, count: reference.count, probabilities: reference.probabilities)
    for (name, measure) in MinimumRiskTests.measures(reference.confidence, reference.target) {
      let choice = MaximumReturnOverRisk(
        measure, riskFreeRate: reference.riskFreeRate,
        constraints: PortfolioConstraints(bounds: .uniform(reference.lower...reference.upper)))
      let found = try choice.weights(scenarios: scenarios)
      let expected = try #require(reference.values[name])
      expectClose(found.ratio, expected, relative: 1e-7, "\(number) \(name)")
      #expect(found.upperBound >= expected * (1 - 1e-9), "\(number) \(name)")
      #expect(found.largestImprovement <= 1e-7 * found.ratio, "\(number) \(name)")
      expectClose(found.weights.total, 1, absolute: 1e-12)
      for weight in found.weights.values {
        #expect((reference.lower...reference.upper).contains(weight))
      }
      let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
      #expect(found.risk == (try measure.risk(of: law).value))
      expectClose(
        found.expectedReturn - reference.riskFreeRate, found.excessReturn, relative: 1e-12)
    }
  }

  /// The Sharpe ratio and that of the expected shortfall have methods of their own.
  @Test(arguments: 1...6)
  func agreesWithOtherMethods(seed: Int) throws {
    let scenarios = try Self.random(seed, count: 80, width: 4 + seed)
    let bounds = PortfolioConstraints(bounds: .uniform(0...0.6))
    let tail = try MaximumReturnOverExpectedShortfall(
      confidence: 0.9, riskFreeRate: 0.0002, constraints: bounds
    ).weights(scenarios: scenarios).value
    let found = try MaximumReturnOverRisk(
      .expectedShortfall(confidence: 0.9), riskFreeRate: 0.0002, constraints: bounds
    ).weights(scenarios: scenarios)
    let ratio = (tail.expectedReturn - 0.0002) / tail.expectedShortfall
    expectClose(found.ratio, ratio, relative: 1e-7)

    let n = scenarios.universe.count
    let count = Double(scenarios.scenarioCount)
    let columns = (0..<n).map { j -> [Double] in
      let column = scenarios.outcomes.column(j)
      return column.indices.map { column[$0] }
    }
    let means = columns.map { $0.reduce(0, +) / count }
    func product(_ i: Int, _ j: Int) -> Double {
      var sum = 0.0
      for s in columns[i].indices {
        sum += (columns[i][s] - means[i]) * (columns[j][s] - means[j])
      }
      return sum / count
    }
    let covariance = try Covariance(
      universe: scenarios.universe,
      dense: SymmetricMatrix(rows: (0..<n).map { i in (0..<n).map { product(i, $0) } }))
    let sharpe = try MaximumSharpe(riskFreeRate: 0.0002, constraints: bounds).weights(
      expectedReturns: ExpectedReturns(universe: scenarios.universe, values: means),
      covariance: covariance)
    let same = try MaximumReturnOverRisk(
      .standardDeviation, riskFreeRate: 0.0002, constraints: bounds
    ).weights(scenarios: scenarios)
    for (a, b) in zip(same.weights.values, sharpe.value.values) {
      expectClose(a, b, absolute: 2e-3)
    }
    let law = try EmpiricalDistribution(weights: sharpe.value, scenarios: scenarios)
    let mean = zip(sharpe.value.values, means).reduce(0) { $0 + $1.0 * $1.1 }
    let risk = try SampleRiskMeasure.standardDeviation.risk(of: law).value
    expectClose(same.ratio, (mean - 0.0002) / risk, relative: 1e-7)
  }

  /// No random portfolio has a ratio above the bound.
  @Test(arguments: 1...6)
  func boundsHold(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(40 + seed))
    let width = 3 + seed
    let scenarios = try Self.random(seed, count: 50, width: width)
    for (name, measure) in MinimumRiskTests.measures(0.8, 0.002) {
      let found = try MaximumReturnOverRisk(measure, riskFreeRate: 0).weights(scenarios: scenarios)
      for k in 0..<40 {
        var other = (0..<width).map { _ in generator.uniform() * generator.uniform() }
        let total = other.reduce(0, +)
        let share = k % 2 == 0 ? 1 : generator.uniform()
        for i in other.indices {
          other[i] = share * other[i] / total + (1 - share) * found.weights.values[i]
        }
        let law = try EmpiricalDistribution(
          weights: Weights(universe: scenarios.universe, values: other), scenarios: scenarios)
        let risk = try measure.risk(of: law).value
        #expect(law.mean / risk <= found.upperBound * (1 + 1e-12), "\(name)")
      }
    }
  }

  /// With one asset, one portfolio, and at a corner the ratio is that of what is left.
  @Test func cornersAreFound() throws {
    let one = try Self.scenarios([0.01, -0.02, 0.03, 0.01], count: 4)
    let only = try MaximumReturnOverRisk(.worstCase, riskFreeRate: 0.001).weights(scenarios: one)
    #expect(only.weights.values == [1])
    expectClose(only.ratio, (0.0075 - 0.001) / 0.02, relative: 1e-12)
    // The second asset has all the return and half the risk.
    let two = try Self.scenarios(
      [0.01, -0.02, 0.01, 0.0, 0.03, -0.01, 0.02, 0.01], count: 4)
    let best = try MaximumReturnOverRisk(.worstCase, riskFreeRate: 0).weights(scenarios: two)
    expectClose(best.ratio, 0.0125 / 0.01, relative: 1e-7)
    expectClose(best.weights.values[1], 1, absolute: 1e-6)
  }

  @Test func saysWhyThereIsNone() throws {
    let falling = try Self.scenarios([-0.01, -0.02, 0.01, -0.02, -0.01, 0.0], count: 3)
    #expect(throws: AllocationError.self) {
      try MaximumReturnOverRisk(.maximumDrawdown, riskFreeRate: 0).weights(scenarios: falling)
    }
    do throws(AllocationError) {
      _ = try MaximumReturnOverRisk(.maximumDrawdown, riskFreeRate: 0).weights(scenarios: falling)
    } catch {
      guard case .noPortfolioBeatsRiskFree = error else {
        Issue.record("\(error)")
        return
      }
    }
    let rising = try Self.scenarios([0.01, 0.02, 0.01, 0.02, 0.01, 0.03], count: 3)
    do throws(AllocationError) {
      _ = try MaximumReturnOverRisk(.maximumDrawdown, riskFreeRate: 0).weights(scenarios: rising)
      Issue.record("a ratio without risk")
    } catch {
      guard case .unbounded = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(throws: AllocationError.self) {
      try MaximumReturnOverRisk(.worstCase, riskFreeRate: .nan).weights(scenarios: rising)
    }
    #expect(throws: AllocationError.self) {
      try MaximumReturnOverRisk(.expectedShortfall(confidence: 2), riskFreeRate: 0)
        .weights(scenarios: falling)
    }
  }

  /// A frontier rises in return and risk, is convex, and its ends are what they should be.
  @Test(arguments: 1...4)
  func frontiersAreConvex(seed: Int) throws {
    let scenarios = try Self.random(seed, count: 60, width: 4 + seed)
    for (name, measure) in MinimumRiskTests.measures(0.9, 0.001) {
      let frontier = RiskFrontier(measure, constraints: .init(bounds: .uniform(0...0.5)))
      let points = try frontier.portfolios(count: 7, scenarios: scenarios)
      #expect(points.count == 7)
      let least = try MinimumRisk(measure, constraints: .init(bounds: .uniform(0...0.5)))
        .weights(scenarios: scenarios)
      #expect(points[0] == least, "\(name)")
      for k in 1..<7 {
        let slack = 1e-7 * (points[k].risk.magnitude + 1e-3)
        #expect(points[k].expectedReturn > points[k - 1].expectedReturn - 1e-12, "\(name)")
        #expect(points[k].risk >= points[k - 1].lowerBound, "\(name)")
        if k < 6 {
          let middle = (points[k - 1].risk + points[k + 1].risk) / 2
          #expect(points[k].risk <= middle + slack, "\(name)")
        }
      }
      let ratio = try MaximumReturnOverRisk(
        measure, riskFreeRate: 0, constraints: .init(bounds: .uniform(0...0.5))
      ).weights(scenarios: scenarios)
      for point in points where point.risk > 0 {
        #expect(point.expectedReturn / point.risk <= ratio.upperBound * (1 + 1e-12), "\(name)")
      }
    }
    #expect(throws: AllocationError.self) {
      try RiskFrontier(.worstCase).portfolios(count: 1, scenarios: scenarios)
    }
  }
}
