import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Frontier points under rows and limits on distances, solved in 40-digit arithmetic.
struct ConstrainedFrontierReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Row: Decodable, Sendable {
    let name: String
    let coefficients: [Double]
    let lower: Double?
    let upper: Double?
  }

  struct Distance: Decodable, Sendable {
    let name: String
    let reference: [Double]
    let limit: Double
  }

  struct Point: Decodable, Sendable {
    let riskTolerance: Double
    let weights: [Double]
    let expectedReturn: Double
    let variance: Double
    let duals: [String: Double]
  }

  let name: String
  let mean: [Double]
  let covariance: [[Double]]
  let low: Double
  let high: Double
  let rows: [Row]
  let distances: [Distance]
  let points: [Point]
  let absolute: Double

  var testDescription: String { name }

  struct File: Decodable { let cases: [ConstrainedFrontierReference] }

  static let cases: [ConstrainedFrontierReference] = {
    do {
      return try Reference.load(File.self, "constrained_frontier").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  func curve() throws -> FrontierCurve {
    let universe = try Market.universe(mean.count)
    let linear = rows.map { row in
      LinearConstraint(
        row.name,
        coefficients: Dictionary(uniqueKeysWithValues: zip(universe.assets, row.coefficients)),
        lower: row.lower ?? -.infinity, upper: row.upper ?? .infinity)
    }
    let absolute = try distances.map { distance in
      AbsoluteConstraint(
        distance.name, reference: try Weights(universe: universe, values: distance.reference),
        limit: distance.limit)
    }
    return try EfficientFrontier(
      constraints: PortfolioConstraints(
        bounds: .uniform(low...high), linear: linear, absolute: absolute)
    ).curve(
      expectedReturns: Market.returns(mean), covariance: Market.covariance(covariance))
  }
}

/// Seeded frontiers with everything that constrains a portfolio, around one that is allowed.
struct ConstrainedMarket {
  let mean: ExpectedReturns
  let covariance: Covariance
  let constraints: PortfolioConstraints
  let low: Double
  let high: Double
  /// Whether the covariance has an inverse, so that weights are unique.
  let isDefinite: Bool

  init(seed: Int, largest: Int = 60) throws {
    var generator = SeededGenerator(seed: UInt64(seed) &* 7919)
    let count = 2 + Int(generator.next() % UInt64(largest - 1))
    isDefinite = seed % 4 != 0
    (mean, covariance) = try Market.factorModel(count: count, seed: seed, isSpecific: isDefinite)
    let isShort = seed % 2 == 0
    low = isShort ? -0.2 : 0
    high = max(0.2, 2 / Double(count))
    // Multiples of 1/1000 that a manager may hold.
    var held = [Double](repeating: 0, count: count)
    var rest = 1000
    while rest > 0 {
      let i = Int(generator.next() % UInt64(count))
      let room = Int(high * 1000) - Int((held[i] * 1000).rounded())
      let lot = min(rest, room, 1 + Int(generator.next() % 200))
      held[i] = (held[i] * 1000 + Double(lot)).rounded() / 1000
      rest -= lot
    }
    let universe = covariance.universe
    var linear: [LinearConstraint] = []
    for k in 0..<Int(generator.next() % 5) {
      let members = (0..<count).filter { _ in generator.uniform() < 0.35 }
      if members.isEmpty { continue }
      let total = (members.reduce(0) { $0 + held[$1] } * 1000).rounded() / 1000
      let assets = Set(members.map { universe.assets[$0] })
      switch (seed + k) % 4 {
      case 0: linear.append(.group("g\(k)", assets, total: (total - 0.05)...(total + 0.1)))
      case 1: linear.append(.group("g\(k)", assets, total: total...total))
      case 2:
        let slopes = members.map { (universe.assets[$0], generator.gaussian()) }
        let value = zip(members, slopes).reduce(0) { $0 + held[$1.0] * $1.1.1 }
        linear.append(
          LinearConstraint(
            "g\(k)", coefficients: Dictionary(uniqueKeysWithValues: slopes), lower: value - 0.1,
            upper: value + 0.2))
      default:
        linear.append(.group("g\(k)", assets, total: (total - 0.2)...(total + 0.05)))
        linear.append(.group("h\(k)", assets, total: (total - 0.2)...(total + 0.05)))
      }
    }
    var absolute: [AbsoluteConstraint] = []
    if seed % 3 != 0 {
      let current = try Weights(universe: universe, values: held)
      absolute.append(.turnover(from: current, limit: [0.05, 0.2, 0.5, 1.2][seed / 3 % 4]))
    }
    if isShort && seed % 5 < 3 { absolute.append(.gross(limit: [1.05, 1.3, 1.7][seed % 3])) }
    constraints = PortfolioConstraints(
      bounds: .uniform(low...high), linear: linear, absolute: absolute)
  }

  func curve() throws(AllocationError) -> FrontierCurve {
    try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
  }

  /// The conditions of the definition, in variances of the order of one.
  func residual(_ point: FrontierCurve.Point, _ duals: Duals) throws -> Double {
    let n = mean.values.count
    let scale = 1e3
    var p = try SymmetricMatrix(order: n)
    for i in 0..<n { for j in 0...i { p[i, j] = scale * covariance.matrix[i, j] } }
    let universe = covariance.universe
    let zero = [Double](repeating: 0, count: n)
    let checker = OptimalityChecker(
      p: p, q: mean.values.map { -scale * point.riskTolerance * $0 }, lower: low, upper: high,
      rows: [("budget", zero.map { _ in 1 }, 1, 1)]
        + constraints.linear.map { row in
          (row.name, universe.assets.map { row.coefficients[$0] ?? 0 }, row.lower, row.upper)
        },
      absolute: constraints.absolute.map { ($0.name, $0.reference?.values ?? zero, $0.limit) })
    let names = duals.rowNames
    let scaled = Duals(
      of: try QuadraticProgram(
        quadratic: .diagonal(zero), linear: zero, lowerBounds: zero, upperBounds: zero,
        rows: names.map { LinearRow($0, coefficients: zero) }),
      rows: duals.rows.map { scale * $0 }, bounds: duals.bounds)
    return checker.residual(point.weights.values, scaled)
  }
}

@Suite struct ConstrainedFrontierTests {
  @Test func referencesArePresent() {
    #expect(ConstrainedFrontierReference.cases.count == 25)
  }

  @Test(arguments: ConstrainedFrontierReference.cases)
  func matches(_ reference: ConstrainedFrontierReference) throws {
    let curve = try reference.curve()
    for expected in reference.points {
      let point = try curve.portfolio(atRiskTolerance: expected.riskTolerance)
      let solution = try curve.certified(point)
      expectClose(point.expectedReturn, expected.expectedReturn, relative: 1e-9, absolute: 1e-12)
      expectClose(point.variance, expected.variance, relative: 1e-9)
      for (weight, value) in zip(point.weights.values, expected.weights) {
        expectClose(weight, value, absolute: reference.absolute, reference.name)
      }
      // Beyond the first corner the point carries the dual values of that corner.
      if expected.riskTolerance > point.riskTolerance { continue }
      for (name, value) in expected.duals {
        let dual = try #require(solution.duals[name])
        expectClose(dual, value, relative: 1e-8, absolute: 1e-12, "\(reference.name) \(name)")
      }
    }
  }

  @Test(arguments: seeds(120))
  func cornersAndMiddlesSolveTheProgram(seed: Int) throws {
    let market = try ConstrainedMarket(seed: seed)
    let curve = try market.curve()
    #expect(curve.minimumVariance.riskTolerance == 0)
    for (k, corner) in curve.corners.enumerated() {
      #expect(corner.residual <= 1e-11)
      try expectOptimal(corner.point, curve, market, compares: k % 4 == 0)
      guard k > 0 else { continue }
      let previous = curve.corners[k - 1].point
      #expect(corner.point.riskTolerance <= previous.riskTolerance)
      #expect(corner.point.expectedReturn <= previous.expectedReturn + 1e-15)
      #expect(corner.point.variance <= previous.variance * (1 + 1e-12))
      for share in [0.5, 0.03] {
        let t =
          corner.point.riskTolerance
          + share * (previous.riskTolerance - corner.point.riskTolerance)
        try expectOptimal(
          try curve.portfolio(atRiskTolerance: t), curve, market,
          compares: share == 0.5 && k % 3 == 0)
      }
    }
    let beyond = try curve.portfolio(atRiskTolerance: 3 * curve.maximumReturn.riskTolerance + 1)
    #expect(beyond == curve.maximumReturn)
  }

  /// Certificate, the conditions from their definition, and the quadratic solver's own answer.
  private func expectOptimal(
    _ point: FrontierCurve.Point,
    _ curve: FrontierCurve,
    _ market: ConstrainedMarket,
    compares: Bool
  ) throws {
    let solution = try curve.certified(point)
    #expect(try market.residual(point, solution.duals) <= 1e-11)
    let t = point.riskTolerance
    // At a tiny risk tolerance the utility is all variance.
    guard compares, t > 1e-4 else { return }
    let other = try MaximumUtility(riskAversion: 1 / t, constraints: curve.constraints)
      .weights(expectedReturns: curve.expectedReturns, covariance: curve.covariance)
    let utility = point.expectedReturn - point.variance / (2 * t)
    let size = point.expectedReturn.magnitude + point.variance / (2 * t)
    expectClose(utility, -other.certificate.primalObjective, absolute: 1e-9 * size)
    guard market.isDefinite else { return }
    for (weight, value) in zip(point.weights.values, other.value.values) {
      expectClose(weight, value, absolute: 1e-8)
    }
  }

  @Test(arguments: seeds(60))
  func redundantRowChangesNothing(seed: Int) throws {
    let count = 2 + seed % 37
    let (mean, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 4 != 0)
    let bounds = PortfolioConstraints.Bounds.uniform(
      (seed % 3 == 0 ? -0.1 : 0)...max(0.3, 1.1 / Double(count)))
    let plain = try EfficientFrontier(constraints: PortfolioConstraints(bounds: bounds))
      .curve(expectedReturns: mean, covariance: covariance)
    let universe = covariance.universe
    let equal = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
    for constraints in [
      PortfolioConstraints(
        bounds: bounds, linear: [.group("all", Set(universe.assets), total: 0...2)]),
      PortfolioConstraints(
        bounds: bounds, linear: [.group("same", Set(universe.assets), total: 1...1)]),
      PortfolioConstraints(
        bounds: bounds, absolute: [.turnover(from: equal, limit: 50), .gross(limit: 50)]),
    ] {
      let curve = try EfficientFrontier(constraints: constraints)
        .curve(expectedReturns: mean, covariance: covariance)
      // Singular covariances end without risk, at the rounding of weights.
      let rounding = 1e-15 * covariance.standardDeviations.reduce(0) { max($0, $1 * $1) }
      for corner in curve.corners {
        #expect(corner.binding.isEmpty && corner.released.isEmpty)
      }
      let ts = plain.corners.map(\.point.riskTolerance)
      for t in ts + zip(ts, ts.dropFirst()).map({ ($0 + $1) / 2 }) {
        let left = try curve.portfolio(atRiskTolerance: t)
        let right = try plain.portfolio(atRiskTolerance: t)
        expectClose(left.expectedReturn, right.expectedReturn, relative: 1e-9, absolute: 1e-13)
        expectClose(left.variance, right.variance, relative: 1e-9, absolute: rounding)
        guard seed % 4 != 0 else { continue }
        for (a, b) in zip(left.weights.values, right.weights.values) {
          expectClose(a, b, absolute: 1e-9)
        }
      }
    }
  }

  /// The same bits for any order of the assets; the same weights in other units.
  @Test(arguments: seeds(60))
  func permutationAndScale(seed: Int) throws {
    let market = try ConstrainedMarket(seed: seed, largest: 30)
    let base = try market.curve()
    #expect(try market.curve() == base)
    let (mean, covariance) = (market.mean, market.covariance)
    let count = mean.values.count
    var generator = SeededGenerator(seed: UInt64(seed) + 7)
    let order = Array(0..<count).shuffled(using: &generator)
    let universe = try Universe(order.map { mean.universe.assets[$0] })
    var constraints = market.constraints
    constraints.absolute = try constraints.absolute.map { limit in
      AbsoluteConstraint(
        limit.name,
        reference: try limit.reference.map { reference in
          try Weights(universe: universe, values: order.map { reference.values[$0] })
        }, limit: limit.limit)
    }
    let permuted = try EfficientFrontier(constraints: constraints).curve(
      expectedReturns: ExpectedReturns(
        universe: universe, values: order.map { mean.values[$0] }),
      covariance: Covariance(universe: universe, dense: covariance.matrix.submatrix(at: order)))
    let scale = [0x1p-300, 0x1p-9, 0x1p9, 0x1p300][seed % 4]
    var matrix = covariance.matrix
    for i in 0..<count { for j in 0...i { matrix[i, j] = covariance.matrix[i, j] * scale } }
    let scaled = try EfficientFrontier(constraints: market.constraints).curve(
      expectedReturns: ExpectedReturns(
        universe: mean.universe, values: mean.values.map { $0 * 8 }),
      covariance: Covariance(universe: mean.universe, dense: matrix))
    #expect(permuted.corners.count == base.corners.count)
    #expect(scaled.corners.count == base.corners.count)
    for (k, corner) in base.corners.enumerated() {
      #expect(permuted.corners[k].point.riskTolerance == corner.point.riskTolerance)
      #expect(permuted.corners[k].binding == corner.binding)
      #expect(Set(permuted.corners[k].entering) == Set(corner.entering))
      #expect(
        order.map { corner.point.weights.values[$0] } == permuted.corners[k].point.weights.values)
      #expect(scaled.corners[k].point.weights == corner.point.weights)
      #expect(scaled.corners[k].point.riskTolerance == corner.point.riskTolerance * scale / 8)
    }
  }

  @Test(arguments: seeds(40))
  func targetsAgreeWithTheirPortfolios(seed: Int) throws {
    let market = try ConstrainedMarket(seed: 4 * seed + 1, largest: 25)
    let curve = try market.curve()
    let (low, high) = (curve.minimumVariance, curve.maximumReturn)
    let points = try curve.sampled(count: 9)
    #expect(points.count == 9)
    for (k, point) in points.enumerated() {
      _ = try curve.certified(point)
      if k > 0 { #expect(point.expectedReturn >= points[k - 1].expectedReturn) }
      let sameRisk = try curve.portfolio(atVolatility: point.volatility)
      expectClose(sameRisk.expectedReturn, point.expectedReturn, relative: 1e-6, absolute: 1e-9)
    }
    guard high.expectedReturn - low.expectedReturn > 1e-6 else { return }
    let target = (low.expectedReturn + high.expectedReturn) / 2
    let chosen = try TargetReturn(target, constraints: market.constraints)
      .weights(expectedReturns: market.mean, covariance: market.covariance)
    let here = try curve.portfolio(atReturn: target)
    expectClose(here.variance, 2 * chosen.certificate.primalObjective, relative: 1e-9)
    for rate in [-0.002, 0, 0.0004] where rate < high.expectedReturn {
      let best = try curve.maximumSharpe(riskFreeRate: rate)
      let other = try MaximumSharpe(riskFreeRate: rate, constraints: market.constraints)
        .weights(expectedReturns: market.mean, covariance: market.covariance)
      let weights = other.value.values
      let mean = zip(weights, market.mean.values).reduce(0) { $0 + $1.0 * $1.1 }
      var variance = 0.0
      for i in weights.indices {
        for j in weights.indices {
          variance += weights[i] * weights[j] * market.covariance.matrix[i, j]
        }
      }
      expectClose(
        (best.expectedReturn - rate) / best.volatility, (mean - rate) / variance.squareRoot(),
        relative: 1e-9)
    }
  }

  @Test func turnoverKeepsWeightsThatAreNotTraded() throws {
    let (mean, covariance) = try Market.factorModel(count: 20, seed: 3)
    let held = try Weights(
      universe: covariance.universe, values: (0..<20).map { 0.04 + 0.02 * Double($0) / 19 })
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.1)])
    ).curve(expectedReturns: mean, covariance: covariance)
    for corner in curve.corners {
      let traded = zip(corner.point.weights.values, held.values).count { $0 != $1 }
      #expect(traded < 14)
    }
    #expect(curve.corners.count > 2)
    let duals = try curve.certified(curve.maximumReturn).duals
    #expect(try #require(duals["turnover"]) < 0)
  }

  @Test func groupBindsByHand() throws {
    // Two uncorrelated assets of a group with at most 60 %, and a third: the group's limit binds at
    // large risk tolerances, where the first asset has 60 % and the third the rest.
    let mean = try Market.returns([0.03, 0.02, 0.01])
    let covariance = try Market.covariance([[0.04, 0, 0], [0, 0.04, 0], [0, 0, 0.04]])
    let curve = try EfficientFrontier(
      constraints: PortfolioConstraints(linear: [.group("pair", ["A0", "A1"], total: 0...0.6)])
    ).curve(expectedReturns: mean, covariance: covariance)
    #expect(curve.maximumReturn.weights.values == [0.6, 0, 0.4])
    // A1 enters where 0.04 × 0.6 = 0.01 t.
    expectClose(curve.maximumReturn.riskTolerance, 2.4, relative: 1e-13)
    #expect(curve.corners[0].entering == ["A1"])
    // The third asset wants 1/3 − 0.01 t / 0.04 of the portfolio: 0.4 is more than that at any t.
    #expect(curve.corners.count == 2)
    expectClose(curve.minimumVariance.weights.values[0], 0.3, relative: 1e-13)
    let duals = try curve.certified(curve.minimumVariance).duals
    expectClose(try #require(duals["pair"]), 0.04 * 0.3 - 0.04 * 0.4, relative: 1e-12)
  }
}
