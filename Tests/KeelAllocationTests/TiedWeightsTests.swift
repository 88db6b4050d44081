import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios of many assets under a limit on many of them, from cvxpy and Clarabel.
struct ManyLargestReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let kind: String
  let loadings: [[Double]]
  let specific: [Double]
  let mean: [Double]
  let low: Double
  let high: Double
  let count: Int
  let largest: Double
  let aversion: Double?
  let objective: Double
  let weights: [Double]

  var testDescription: String { name }

  static let cases: [ManyLargestReference] = {
    struct File: Decodable { let large: [ManyLargestReference] }
    do {
      return try Reference.load(File.self, "concentration").large
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct TiedWeightsTests {
  private static let name = ConcentrationConstraint.largestName

  private static var isDebug: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  /// A limit that is never met sends the choice to cutting planes.
  private func cut(_ constraints: PortfolioConstraints) -> PortfolioConstraints {
    var result = constraints
    result.concentration.append(
      ConcentrationConstraint("far", .largest(count: 1), limit: 1e3))
    return result
  }

  private func expectKept(_ weights: Weights, _ limit: ConcentrationConstraint) {
    let room = Double(weights.values.count) * .ulpOfOne * limit.limit
    #expect(limit.value(of: weights) <= limit.limit + room)
  }

  @Test func referencesArePresent() { #expect(ManyLargestReference.cases.count == 12) }

  @Test(arguments: ManyLargestReference.cases.filter { !isDebug || $0.mean.count <= 100 })
  func matches(_ reference: ManyLargestReference) throws {
    let universe = try Market.universe(reference.mean.count)
    let covariance = try Covariance(
      universe: universe,
      factor: FactorCovariance(
        loadings: Matrix(rows: reference.loadings),
        factorCovariance: SymmetricMatrix(rows: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        specificVariances: reference.specific))
    let limit = ConcentrationConstraint.largest(reference.count, limit: reference.largest)
    let constraints = PortfolioConstraints(
      bounds: .uniform(reference.low...reference.high), concentration: [limit])
    for form in [covariance, try Covariance(universe: universe, dense: covariance.matrix)] {
      let solution =
        reference.kind == "utility"
        ? try MaximumUtility(riskAversion: #require(reference.aversion), constraints: constraints)
          .weights(expectedReturns: Market.returns(reference.mean), covariance: form)
        : try MinimumVariance(constraints: constraints).weights(covariance: form)
      #expect(solution.status == .optimal)
      expectClose(
        solution.certificate.primalObjective, reference.objective, relative: 1e-7,
        absolute: 1e-12)
      expectKept(solution.value, limit)
      #expect(try #require(solution.duals[Self.name]) < 0)
      expectClose(limit.value(of: solution.value), limit.limit, relative: 1e-13)
      #expect(solution.duals.rowNames == ["budget", Self.name])
      for (weight, expected) in zip(solution.value.values, reference.weights) {
        expectClose(weight, expected, absolute: 1e-5)
      }
    }
  }

  @Test(arguments: seeds(60))
  func agreesWithCuttingPlanes(seed: Int) throws {
    let count = 6 + seed % 20
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 900)
    let most = 1 + seed % (count / 2)
    let share = Double(most) / Double(count)
    let limit = ConcentrationConstraint.largest(
      most, limit: share + (1 - share) * [0.02, 0.1, 0.3][seed % 3])
    let ranges = [0...1.0, -0.2...0.5, 0...(1.3 / Double(count)), -0.02...0.4]
    var constraints = PortfolioConstraints(
      bounds: .uniform(ranges[seed % 4]), concentration: [limit])
    if seed % 5 == 0 {
      // Equal weights are allowed where the bounds leave little else.
      constraints.linear = [
        .group(
          "half", Set((0..<(count / 2)).map { AssetID("A\($0)") }),
          total: 0.3...(seed % 4 == 2 ? 0.55 : 0.45))
      ]
    }
    let tied = MaximumUtility(riskAversion: 4, constraints: constraints)
    var other = tied
    other.constraints = cut(constraints)
    let solution = try tied.weights(expectedReturns: mean, covariance: covariance)
    let expected = try other.weights(expectedReturns: mean, covariance: covariance)
    expectClose(
      solution.certificate.primalObjective, expected.certificate.primalObjective, relative: 1e-10,
      absolute: 1e-14)
    // Where the places are not found, rows stand for the limit, and the solver's accuracy is theirs.
    #expect(limit.value(of: solution.value) <= limit.limit * (1 + 1e-12))
    for (left, right) in zip(solution.value.values, expected.value.values) {
      expectClose(left, right, absolute: 1e-9)
    }
    #expect(
      solution.certificate.dualObjective
        <= expected.certificate.primalObjective + 1e-12)
    let target = TargetReturn(
      zip(mean.values, solution.value.values).reduce(0) { $0 + $1.0 * $1.1 },
      constraints: constraints)
    let reached = try target.weights(expectedReturns: mean, covariance: covariance)
    #expect(limit.value(of: reached.value) <= limit.limit * (1 + 1e-12))
    #expect(
      reached.certificate.primalObjective
        <= zip(covariance.product(with: solution.value.values), solution.value.values)
        .reduce(0) { $0 + $1.0 * $1.1 } / 2 * (1 + 1e-9))
  }

  @Test(arguments: seeds(20))
  func otherChoicesAgreeWithCuttingPlanes(seed: Int) throws {
    let count = 8 + seed % 12
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 700)
    let most = 2 + seed % 4
    let share = Double(most) / Double(count)
    let limit = ConcentrationConstraint.largest(most, limit: share + 0.15 * (1 - share))
    let held = try Weights(
      universe: covariance.universe,
      values: [Double](repeating: 1 / Double(count), count: count))
    let constraints = PortfolioConstraints(
      bounds: .uniform(seed % 2 == 0 ? 0...1 : -0.1...1), concentration: [limit])
    let sharpe = MaximumSharpe(riskFreeRate: -0.002, constraints: constraints)
    var sharpeByCuts = sharpe
    sharpeByCuts.constraints = cut(constraints)
    let first = try sharpe.weights(expectedReturns: mean, covariance: covariance)
    let second = try sharpeByCuts.weights(expectedReturns: mean, covariance: covariance)
    for (left, right) in zip(first.value.values, second.value.values) {
      expectClose(left, right, absolute: 1e-7)
    }
    // Both prove themselves; where the best ratio has a kink in the limit, each price between its two slopes does.
    #expect(max(first.certificate.relativeGap, second.certificate.relativeGap) <= 1e-11)
    #expect(try #require(first.duals[Self.name]) < 0)
    #expect(first.duals.rowNames == ["budget", Self.name])
    let costly = MaximumUtility(
      riskAversion: 4, constraints: constraints,
      costs: TradingCosts(
        from: held, buying: .uniform(0.0002), selling: .uniform(0.0002), spreadOver: 1))
    var costlyByCuts = costly
    costlyByCuts.constraints = cut(constraints)
    let third = try costly.weights(expectedReturns: mean, covariance: covariance)
    let fourth = try costlyByCuts.weights(expectedReturns: mean, covariance: covariance)
    expectKept(third.value, limit)
    for (left, right) in zip(third.value.values, fourth.value.values) {
      expectClose(left, right, absolute: 1e-8)
    }
  }

  @Test func boundsAtTheLevelShareItsPrice() throws {
    // Every asset may reach the level and no more: the bounds and the limit meet.
    let (_, covariance) = try Market.factorModel(count: 12, seed: 5)
    for upper in [0.1, 0.1.nextUp, 0.100_001, 0.15] {
      let limit = ConcentrationConstraint.largest(3, limit: 0.3)
      let constraints = PortfolioConstraints(
        bounds: .uniform(0...upper), concentration: [limit])
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      let bounded = try MinimumVariance(
        constraints: PortfolioConstraints(bounds: .uniform(0...0.1))
      ).weights(covariance: covariance)
      expectKept(solution.value, limit)
      #expect(
        solution.certificate.primalObjective
          <= bounded.certificate.primalObjective * (1 + 1e-9))
    }
  }

  @Test func tightLimitsLeaveEqualWeights() throws {
    let (_, covariance) = try Market.factorModel(count: 40, seed: 6)
    let limit = ConcentrationConstraint.largest(10, limit: 0.25)
    let solution = try MinimumVariance(
      constraints: PortfolioConstraints(concentration: [limit])
    ).weights(covariance: covariance)
    for weight in solution.value.values { expectClose(weight, 1.0 / 40, relative: 1e-12) }
    expectKept(solution.value, limit)
  }
}
