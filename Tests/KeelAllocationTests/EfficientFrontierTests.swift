import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Frontier points from Clarabel and PIQP, refined in 40-digit arithmetic, and published corners.
struct FrontierReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Point: Decodable, Sendable {
    let riskTolerance: Double
    let weights: [Double]
    let expectedReturn: Double
    let variance: Double
  }

  let name: String
  let mean: [Double]
  let covariance: [[Double]]
  let low: Double
  let high: Double
  /// How many of the first assets stand twice in the market.
  let duplicate: Int
  let points: [Point]
  let absolute: Double

  var testDescription: String { name }

  struct File: Decodable {
    let published: [[Double]]
    let cases: [FrontierReference]
  }

  static let file: File = {
    do {
      return try Reference.load(File.self, "efficient_frontier")
    } catch {
      Issue.record("\(error)")
      return File(published: [], cases: [])
    }
  }()

  /// The market, with the duplicates after the other assets.
  func curve() throws -> FrontierCurve {
    let order = Array(mean.indices) + Array(0..<duplicate)
    let constraints = PortfolioConstraints(bounds: .uniform(low...high))
    return try EfficientFrontier(constraints: constraints).curve(
      expectedReturns: Market.returns(order.map { mean[$0] }),
      covariance: Market.covariance(order.map { i in order.map { covariance[i][$0] } }))
  }
}

@Suite struct EfficientFrontierTests {
  @Test func referencesArePresent() {
    #expect(FrontierReference.file.cases.count == 31)
  }

  @Test(arguments: FrontierReference.file.cases)
  func matches(_ reference: FrontierReference) throws {
    let curve = try reference.curve()
    for expected in reference.points {
      let point = try curve.portfolio(atRiskTolerance: expected.riskTolerance)
      _ = try curve.certified(point)
      expectClose(point.expectedReturn, expected.expectedReturn, relative: 1e-9, absolute: 1e-13)
      expectClose(point.variance, expected.variance, relative: 1e-10)
      var weights = point.weights.values
      for i in 0..<reference.duplicate { weights[i] += weights[reference.mean.count + i] }
      for (weight, value) in zip(weights, expected.weights) {
        expectClose(weight, value, absolute: reference.absolute, reference.name)
      }
    }
  }

  /// Bailey and López de Prado, Algorithms 6 (2013), section 5.
  @Test func publishedTurningPoints() throws {
    let reference = try #require(FrontierReference.file.cases.first { $0.name == "ten assets" })
    let curve = try reference.curve()
    let published = FrontierReference.file.published
    #expect(curve.corners.count == published.count)
    for (corner, expected) in zip(curve.corners, published) {
      for (weight, value) in zip(corner.point.weights.values, expected) {
        expectClose(weight, value, absolute: 6e-9)
        if value == 0 { #expect(weight == 0) }
      }
    }
    #expect(curve.corners.map(\.entering).dropLast().map(\.count).allSatisfy { $0 == 1 })
    #expect(curve.corners.dropFirst().dropLast().allSatisfy { $0.leaving.isEmpty })
    let best = try curve.maximumSharpe(riskFreeRate: 0)
    expectClose(best.expectedReturn / best.volatility, 4.4535, absolute: 5e-5)
    expectClose(best.volatility, 0.2274, absolute: 5e-5)
    expectClose(curve.minimumVariance.volatility, 0.2052, absolute: 5e-5)
  }

  @Test(arguments: 1...40)
  func cornersAndMiddlesSolveTheProgram(seed: Int) throws {
    let count = 2 + (seed * 7) % 29
    let (mean, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 4 != 0)
    let low = seed % 3 == 0 ? -0.1 : 0
    let constraints = PortfolioConstraints(
      bounds: .uniform(low...max(0.3, 1.1 / Double(count))))
    let curve = try EfficientFrontier(constraints: constraints).curve(
      expectedReturns: mean, covariance: covariance)
    #expect(curve.maximumReturn.riskTolerance >= 0)
    #expect(curve.minimumVariance.riskTolerance == 0)
    for (k, corner) in curve.corners.enumerated() {
      #expect(corner.residual <= 1e-11)
      try expectOptimal(corner.point, curve)
      guard k > 0 else { continue }
      let previous = curve.corners[k - 1].point
      #expect(corner.point.riskTolerance < previous.riskTolerance)
      #expect(corner.point.expectedReturn <= previous.expectedReturn * (1 + 1e-12) + 1e-18)
      #expect(corner.point.variance <= previous.variance * (1 + 1e-12))
      let middle = (corner.point.riskTolerance + previous.riskTolerance) / 2
      try expectOptimal(try curve.portfolio(atRiskTolerance: middle), curve)
    }
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    expectClose(
      curve.minimumVariance.variance, 2 * least.certificate.primalObjective, relative: 1e-9,
      absolute: 1e-16)
  }

  /// Certificate, the solver's own objective, and the independent check of the conditions.
  private func expectOptimal(_ point: FrontierCurve.Point, _ curve: FrontierCurve) throws {
    let solution = try curve.certified(point)
    #expect(solution.status == .optimal)
    let w = point.weights.values
    let t = point.riskTolerance
    let mean = curve.expectedReturns.values
    if t > 0 {
      // Of the utility r − V/(2t) both solvers find the largest value.
      let other = try MaximumUtility(riskAversion: 1 / t, constraints: curve.constraints)
        .weights(expectedReturns: curve.expectedReturns, covariance: curve.covariance)
      let utility = point.expectedReturn - point.variance / (2 * t)
      let size = point.expectedReturn.magnitude + point.variance / (2 * t)
      expectClose(utility, -other.certificate.primalObjective, absolute: 1e-9 * size)
    }
    guard case .uniform(let range) = curve.constraints.bounds else { return }
    // The check is relative to one: variances of the order of one make it sharp.
    let scale = 1e3
    let matrix = curve.covariance.matrix
    var p = try Matrix(rowCount: w.count, columnCount: w.count)
    for i in w.indices { for j in w.indices { p[i, j] = matrix[i, j] * scale } }
    let unit = w.indices.map { i in w.indices.map { $0 == i ? 1.0 : 0 } }
    let checker = KKTChecker(
      p: p, q: mean.map { -t * $0 * scale }, a: [w.map { _ in 1 }] + unit,
      lower: [1] + w.map { _ in range.lowerBound }, upper: [1] + w.map { _ in range.upperBound })
    let multipliers = (solution.duals.rows + solution.duals.bounds).map { $0 * scale }
    #expect(checker.residual(x: w, multipliers: multipliers) <= 1e-11)
  }

  @Test(arguments: 1...30)
  func targetsAreMet(seed: Int) throws {
    let (mean, covariance) = try Market.factorModel(count: 3 + seed, seed: seed)
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.5))
    ).curve(expectedReturns: mean, covariance: covariance)
    let points = try curve.sampled(count: 23)
    #expect(points.count == 23)
    for (k, point) in points.enumerated() {
      expectClose(point.weights.total, 1, relative: 1e-13)
      _ = try curve.certified(point)
      if k > 0 {
        #expect(point.expectedReturn > points[k - 1].expectedReturn)
        #expect(point.volatility > points[k - 1].volatility)
      }
      let sameReturn = try curve.portfolio(atReturn: point.expectedReturn)
      expectClose(sameReturn.variance, point.variance, relative: 1e-10)
      let sameRisk = try curve.portfolio(atVolatility: point.volatility)
      expectClose(sameRisk.volatility, point.volatility, relative: 1e-13)
      expectClose(sameRisk.expectedReturn, point.expectedReturn, relative: 1e-6, absolute: 1e-10)
    }
    for rate in [-0.001, 0, 0.0005] {
      let choice = MaximumSharpe(riskFreeRate: rate, constraints: curve.constraints)
      let other: Solution<Weights>
      do throws(AllocationError) {
        other = try choice.weights(expectedReturns: mean, covariance: covariance)
      } catch {
        guard case .noPortfolioBeatsRiskFree = error else { throw error }
        #expect(throws: AllocationError.self) { try curve.maximumSharpe(riskFreeRate: rate) }
        continue
      }
      let best = try curve.maximumSharpe(riskFreeRate: rate)
      for (left, right) in zip(best.weights.values, other.value.values) {
        expectClose(left, right, absolute: 1e-8)
      }
    }
  }

  @Test(arguments: 1...40)
  func permutationAndScale(seed: Int) throws {
    let count = 2 + seed % 23
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed)
    let frontier = EfficientFrontier(
      constraints: PortfolioConstraints(bounds: .uniform(0...max(0.35, 1.2 / Double(count)))))
    let base = try frontier.curve(expectedReturns: mean, covariance: covariance)
    #expect(try frontier.curve(expectedReturns: mean, covariance: covariance) == base)
    var generator = SeededGenerator(seed: UInt64(seed) + 7)
    let order = Array(0..<count).shuffled(using: &generator)
    let universe = try Universe(order.map { mean.universe.assets[$0] })
    let permuted = try frontier.curve(
      expectedReturns: ExpectedReturns(
        universe: universe, values: order.map { mean.values[$0] }),
      covariance: Covariance(universe: universe, dense: covariance.matrix.submatrix(at: order)))
    let scale = [1e-150, 1e-3, 1e3, 1e150][seed % 4]
    var matrix = covariance.matrix
    for i in 0..<count { for j in 0...i { matrix[i, j] = covariance.matrix[i, j] * scale } }
    let scaled = try frontier.curve(
      expectedReturns: ExpectedReturns(
        universe: mean.universe, values: mean.values.map { $0 * 8 }),
      covariance: Covariance(universe: mean.universe, dense: matrix))
    #expect(permuted.corners.count == base.corners.count)
    #expect(scaled.corners.count == base.corners.count)
    for k in base.corners.indices {
      let point = base.corners[k].point
      expectClose(
        scaled.corners[k].point.riskTolerance * 8 / scale, point.riskTolerance, relative: 1e-9)
      #expect(permuted.corners[k].entering == base.corners[k].entering)
      for (i, asset) in mean.universe.assets.enumerated() {
        let other = try #require(permuted.corners[k].point.weights[asset])
        expectClose(other, point.weights.values[i], absolute: 1e-10)
        expectClose(
          scaled.corners[k].point.weights.values[i], point.weights.values[i], absolute: 1e-10)
      }
    }
  }
}
