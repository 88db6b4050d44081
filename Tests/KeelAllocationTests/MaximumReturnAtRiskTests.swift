import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct MaximumReturnAtRiskTests {
  private struct References: Decodable {
    struct Portfolio: Decodable {
      let returns: [Double]
      let count: Int
      let probabilities: [Double]?
      let lower: Double
      let upper: Double
      let confidence: Double
      let target: Double
      let limits: [String: Double]
      let values: [String: Double]
    }
    let portfolios: [Portfolio]
  }

  #if DEBUG
    private static let cases = [0]
  #else
    private static let cases = Array(0..<5)
  #endif

  /// Against Clarabel's weights, which keep the limit: the returns agree, or ours is higher, and the bound is above both.
  @Test(arguments: cases)
  func returnsMatchTheReferences(number: Int) throws {
    let reference = try Reference.load(References.self, "return_at_risk").portfolios[number]
    let width = reference.returns.count / reference.count
    let scenarios = try ScenarioSet(
      universe: Universe((0..<width).map { AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: reference.count, columnCount: width, columnMajor: reference.returns),
      probabilities: reference.probabilities)
    for (name, measure) in MinimumRiskTests.measures(reference.confidence, reference.target) {
      let limit = try #require(reference.limits[name])
      let expected = try #require(reference.values[name])
      let found = try MaximumReturnAtRisk(
        measure, limit: limit,
        constraints: PortfolioConstraints(bounds: .uniform(reference.lower...reference.upper))
      ).weights(scenarios: scenarios)
      expectClose(found.expectedReturn, expected, relative: 1e-7, "\(number) \(name)")
      #expect(found.upperBound >= expected * (1 - 1e-10), "\(number) \(name)")
      #expect(found.risk <= limit, "\(number) \(name)")
      let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
      #expect(found.risk == (try measure.risk(of: law).value), "\(number) \(name)")
      expectClose(found.weights.total, 1, absolute: 1e-12, "\(number) \(name)")
      for weight in found.weights.values {
        #expect((reference.lower...reference.upper).contains(weight), "\(number) \(name)")
      }
    }
  }

  private static func scenarios(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    let columns = (0..<width).flatMap { j -> [Double] in
      let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.04))
      return market.map { 0.0005 * Double(j + 1) + beta * $0 + noise * generator.gaussian() }
    }
    return try ScenarioSet(
      universe: Universe((0..<width).map { AssetID("A\($0)") }),
      outcomes: Matrix(rowCount: count, columnCount: width, columnMajor: columns))
  }

  private static let measures: [SampleRiskMeasure] = [
    .standardDeviation, .meanAbsoluteDeviation, .semideviation,
    .expectedShortfall(confidence: 0.9), .entropicValueAtRisk(confidence: 0.9), .worstCase,
  ]

  /// The frontier read from the other side: the risk of a portfolio of least risk as the limit gives its
  /// return back.
  @Test(arguments: measures)
  func invertsTheLeastRisk(measure: SampleRiskMeasure) throws {
    for seed in 1...4 {
      let scenarios = try Self.scenarios(seed, count: 120, width: 4 + seed)
      let least = try MinimumRisk(measure).weights(scenarios: scenarios)
      let means = (0..<(4 + seed)).map { j in
        (0..<120).reduce(0) { $0 + scenarios.outcomes[$1, j] } / 120
      }
      let highest = means.reduce(-.infinity, max)
      let target = least.expectedReturn + 0.6 * (highest - least.expectedReturn)
      let wanted = try MinimumRisk(measure, targetReturn: target).weights(scenarios: scenarios)
      let found = try MaximumReturnAtRisk(measure, limit: wanted.risk)
        .weights(scenarios: scenarios)
      let size = highest - least.expectedReturn
      #expect(found.risk <= wanted.risk)
      expectClose(found.expectedReturn, wanted.expectedReturn, absolute: 1e-6 * size)
      #expect(found.upperBound >= wanted.expectedReturn - 1e-12)
      #expect(found.largestImprovement <= 1e-6 * size)
      let law = try EmpiricalDistribution(weights: found.weights, scenarios: scenarios)
      #expect(found.risk == (try measure.risk(of: law).value))
    }
  }

  @Test func endsOfTheFrontier() throws {
    let scenarios = try Self.scenarios(9, count: 80, width: 5)
    let measure = SampleRiskMeasure.expectedShortfall(confidence: 0.9)
    let least = try MinimumRisk(measure).weights(scenarios: scenarios)
    let free = try MaximumReturnAtRisk(measure, limit: 10).weights(scenarios: scenarios)
    expectClose(free.weights.values.reduce(0, max), 1, absolute: 1e-6)
    do throws(AllocationError) {
      _ = try MaximumReturnAtRisk(measure, limit: 0.9 * least.risk).weights(scenarios: scenarios)
      Issue.record("a limit below the least risk has no portfolio")
    } catch {
      guard case .targetUnreachable("risk", _, let reachable) = error else { throw error }
      expectClose(reachable.lowerBound, least.risk, relative: 1e-12)
    }
    #expect(throws: AllocationError.self) {
      try MaximumReturnAtRisk(measure, limit: .nan).weights(scenarios: scenarios)
    }
    #expect(throws: AllocationError.self) {
      try MaximumReturnAtRisk(.expectedShortfall(confidence: 1), limit: 0.1)
        .weights(scenarios: scenarios)
    }
    // At the least risk itself.
    let tight = try MaximumReturnAtRisk(measure, limit: least.risk).weights(scenarios: scenarios)
    #expect(tight.risk <= least.risk)
  }

  #if DEBUG
    private static let freeMeasures: [SampleRiskMeasure] = [.standardDeviation, .worstCase]
  #else
    private static let freeMeasures = measures + [.giniMeanDifference, .ulcerIndex]
  #endif

  /// Without bounds no portfolio has the highest return, and the limit alone ends it: with the variance by the closed form
  /// of the frontier, σ²(r) = (A r² − 2 B r + C) / (A C − B²); elsewhere as within bounds that do not bind.
  @Test func aLimitIsEnoughWithoutBounds() throws {
    let scenarios = try Self.scenarios(3, count: 40, width: 3)
    let free = PortfolioConstraints(bounds: .uniform(-.infinity ... .infinity))
    let wide = PortfolioConstraints(bounds: .uniform(-100...100))
    for measure in Self.freeMeasures {
      let least = try MinimumRisk(measure, constraints: wide).weights(scenarios: scenarios)
      let unlimited = try MinimumRisk(measure, constraints: free).weights(scenarios: scenarios)
      expectClose(unlimited.risk, least.risk, relative: 1e-7, "\(measure)")
      #expect(unlimited.lowerBound <= least.risk * (1 + 1e-12), "\(measure)")
      let limit = 1.5 * least.risk
      let found = try MaximumReturnAtRisk(measure, limit: limit, constraints: free)
        .weights(scenarios: scenarios)
      let bounded = try MaximumReturnAtRisk(measure, limit: limit, constraints: wide)
        .weights(scenarios: scenarios)
      #expect(found.risk <= limit, "\(measure)")
      expectClose(found.expectedReturn, bounded.expectedReturn, relative: 1e-5, "\(measure)")
      #expect(found.upperBound >= bounded.expectedReturn * (1 - 1e-12), "\(measure)")
      if measure == .standardDeviation {
        let highest = try Self.highestReturn(limit, scenarios)
        expectClose(found.expectedReturn, highest, relative: 1e-6)
        #expect(found.upperBound >= highest * (1 - 1e-12))
      }
    }
  }

  /// The largest return at a standard deviation, without limits on weights.
  private static func highestReturn(_ limit: Double, _ scenarios: ScenarioSet) throws -> Double {
    let n = scenarios.universe.count
    let count = Double(scenarios.scenarioCount)
    let means = (0..<n).map { j in
      scenarios.outcomes.column(j).indices.reduce(0) { $0 + scenarios.outcomes[$1, j] } / count
    }
    let covariance = (0..<n).map { i in
      (0..<n).map { j in
        scenarios.outcomes.column(i).indices.reduce(0.0) {
          $0 + (scenarios.outcomes[$1, i] - means[i]) * (scenarios.outcomes[$1, j] - means[j])
        } / count
      }
    }
    let byOnes = solve(covariance, [Double](repeating: 1, count: n))
    let byMeans = solve(covariance, means)
    let a = byOnes.reduce(0, +)
    let b = byMeans.reduce(0, +)
    let c = zip(byMeans, means).reduce(0) { $0 + $1.0 * $1.1 }
    let d = a * c - b * b
    return (b + (b * b - a * (c - limit * limit * d)).squareRoot()) / a
  }

  /// Gaussian elimination of a positive definite system.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var (a, x) = (matrix, right)
    for k in x.indices {
      for i in x.indices where i > k {
        let factor = a[i][k] / a[k][k]
        for j in x.indices { a[i][j] -= factor * a[k][j] }
        x[i] -= factor * x[k]
      }
    }
    for k in x.indices.reversed() {
      for j in x.indices where j > k { x[k] -= a[k][j] * x[j] }
      x[k] /= a[k][k]
    }
    return x
  }

  /// A return that grows without a risk has no end.
  @Test func aFreeReturnHasNoEnd() throws {
    let scenarios = try ScenarioSet(
      universe: Universe(["A", "B"]),
      outcomes: Matrix(
        rowCount: 4, columnCount: 2, columnMajor: [0, 0.1, -0.1, 0.2, 0.01, 0.11, -0.09, 0.21]))
    let choice = MaximumReturnAtRisk(
      .standardDeviation, limit: 0.2,
      constraints: PortfolioConstraints(bounds: .uniform(-.infinity ... .infinity)))
    #expect(throws: AllocationError.self) { try choice.weights(scenarios: scenarios) }
  }
}
