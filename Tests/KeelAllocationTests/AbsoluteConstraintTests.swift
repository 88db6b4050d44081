import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Turnover and gross exposure: exact weights, dual values by name, and a second method.
@Suite struct AbsoluteConstraintTests {
  private func current(_ universe: Universe, seed: Int) throws -> Weights {
    var generator = SeededGenerator(seed: UInt64(seed) + 1000)
    // Half of the assets are held.
    let raw = universe.assets.indices.map { $0 == 0 ? 0.5 : max(0, generator.uniform(-1...1)) }
    return try Weights(universe: universe, values: raw.map { $0 / raw.reduce(0, +) })
  }

  private func distance(_ left: [Double], _ right: [Double]) -> Double {
    zip(left, right).reduce(0) { $0 + ($1.0 - $1.1).magnitude }
  }

  /// The same program with purchases and sales of every asset as variables of their own.
  private func splitObjective(
    _ p: SymmetricMatrix, _ q: [Double], _ reference: [Double], budget: Double, lower: Double,
    upper: Double, limit: Double
  ) throws -> Double {
    let n = q.count
    var matrix = try SymmetricMatrix(order: 2 * n)
    for i in 0..<(2 * n) {
      for j in 0...i { matrix[i, j] = p[i % n, j % n] * (i / n == j / n ? 1 : -1) }
    }
    // w = r + b − s.
    var slope = q
    for i in 0..<n { for j in 0..<n { slope[i] += p[i, j] * reference[j] } }
    let program = try QuadraticProgram(
      quadratic: .dense(matrix), linear: slope + slope.map { -$0 },
      lowerBounds: [Double](repeating: 0, count: 2 * n),
      upperBounds: reference.map { max(0, upper - $0) } + reference.map { max(0, $0 - lower) },
      rows: [
        LinearRow(
          "budget", coefficients: (0..<(2 * n)).map { $0 < n ? 1 : -1 },
          lower: budget - reference.reduce(0, +), upper: budget - reference.reduce(0, +)),
        LinearRow("limit", coefficients: [Double](repeating: 1, count: 2 * n), upper: limit),
      ])
    let solution = try QuadraticSolver().solve(program)
    var constant = 0.0
    for i in 0..<n {
      constant += q[i] * reference[i]
      for j in 0..<n { constant += reference[i] * p[i, j] * reference[j] / 2 }
    }
    #expect(solution.certificate.holds(Certificate.almostOptimalTolerances))
    return solution.certificate.primalObjective + constant
  }

  @Test(arguments: seeds(40))
  func turnoverIsOptimal(seed: Int) throws {
    let count = 2 + seed % 30
    let (mean, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 5 != 0)
    let held = try current(covariance.universe, seed: seed)
    let limit = [0.02, 0.1, 0.5, 1.5][seed % 4]
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...1), absolute: [.turnover(from: held, limit: limit)])
    let solution = try MaximumUtility(riskAversion: 4, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    let w = solution.value.values
    #expect(solution.status == .optimal)
    #expect(distance(w, held.values) <= limit * (1 + 1e-12))
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = 4 * covariance.matrix[i, j] } }
    let q = mean.values.map { -$0 }
    let checker = OptimalityChecker(
      p: p, q: q, lower: 0, upper: 1,
      rows: [("budget", [Double](repeating: 1, count: count), 1, 1)],
      absolute: [("turnover", held.values, limit)])
    #expect(checker.residual(w, solution.duals) <= 1e-10)
    let other = try splitObjective(
      p, q, held.values, budget: 1, lower: 0, upper: 1, limit: limit)
    expectClose(solution.certificate.primalObjective, other, relative: 1e-7, absolute: 1e-10)
    if limit < 0.2 {
      #expect(try #require(solution.duals["turnover"]) < 0)
      // Most assets are not traded at all, to the last bit.
      #expect(zip(w, held.values).contains { $0 == $1 } || count < 6)
    }
    #expect(
      try MaximumUtility(riskAversion: 4, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance) == solution)
  }

  /// From hardly any trade to nearly all that pays, alone and beside a group that binds.
  @Test(arguments: seeds(12))
  func turnoverOfEverySizeTakesFewSteps(seed: Int) throws {
    let count = 20 + 5 * seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 300)
    let held = try current(covariance.universe, seed: seed)
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = 4 * covariance.matrix[i, j] } }
    let all = [Double](repeating: 1, count: count)
    let pair = (0..<count).map { $0 < 2 ? 1.0 : 0 }
    let most = 0.9 * (held.values[0] + held.values[1])
    for limit in [0.01, 0.05, 0.2, 0.6, 1.2] {
      for isGrouped in [false, true] {
        let group = LinearConstraint.group("pair", ["A0", "A1"], total: 0...most)
        let constraints = PortfolioConstraints(
          bounds: .uniform(0...1), linear: isGrouped ? [group] : [],
          absolute: [.turnover(from: held, limit: limit)])
        let solution: Solution<Weights>
        do throws(AllocationError) {
          solution = try MaximumUtility(riskAversion: 4, constraints: constraints)
            .weights(expectedReturns: mean, covariance: covariance)
        } catch {
          guard case .infeasible(let names, _) = error, isGrouped else { throw error }
          #expect(names.contains("turnover") && names.contains("pair"), "\(limit)")
          continue
        }
        let w = solution.value.values
        #expect(distance(w, held.values) <= limit * (1 + 1e-12), "\(limit)")
        let checker = OptimalityChecker(
          p: p, q: mean.values.map { -$0 }, lower: 0, upper: 1,
          rows: [("budget", all, 1, 1)] + (isGrouped ? [("pair", pair, 0, most)] : []),
          absolute: [("turnover", held.values, limit)])
        #expect(checker.residual(w, solution.duals) <= 1e-10, "\(limit) \(isGrouped)")
        if !isGrouped { #expect(solution.certificate.iterations <= 30, "\(limit)") }
      }
    }
  }

  @Test(arguments: seeds(40))
  func longShortIsOptimal(seed: Int) throws {
    let count = 3 + seed % 25
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 100)
    let gross = [1.0, 1.3, 1.6, 2.5][seed % 4]
    let net = [1.0, 0.5, 0, -0.3][seed % 3]
    let constraints = PortfolioConstraints.longShort(
      net: net, gross: gross, bounds: .uniform(-0.5...0.9))
    let solution = try MaximumUtility(riskAversion: 2, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    let w = solution.value.values
    expectClose(w.reduce(0, +), net, absolute: 1e-12)
    #expect(w.reduce(0) { $0 + $1.magnitude } <= gross * (1 + 1e-12))
    var p = covariance.matrix
    for i in 0..<count { for j in 0...i { p[i, j] = 2 * covariance.matrix[i, j] } }
    let zero = [Double](repeating: 0, count: count)
    let checker = OptimalityChecker(
      p: p, q: mean.values.map { -$0 }, lower: -0.5, upper: 0.9,
      rows: [("budget", [Double](repeating: 1, count: count), net, net)],
      absolute: [("gross exposure", zero, gross)])
    #expect(checker.residual(w, solution.duals) <= 1e-10)
    let other = try splitObjective(
      p, mean.values.map { -$0 }, zero, budget: net, lower: -0.5, upper: 0.9, limit: gross)
    expectClose(solution.certificate.primalObjective, other, relative: 1e-7, absolute: 1e-10)
  }

  @Test(arguments: seeds(30))
  func turnoverAndGrossTogether(seed: Int) throws {
    let count = 4 + seed % 20
    let (_, covariance) = try Market.factorModel(count: count, seed: seed + 200)
    let held = try current(covariance.universe, seed: seed)
    let constraints = PortfolioConstraints(
      bounds: .uniform(-0.3...0.7),
      linear: [.group("pair", ["A0", "A1"], total: -0.2...0.3)],
      absolute: [.gross(limit: 1.2), .turnover(from: held, limit: 1.0)])
    let solution: Solution<Weights>
    do throws(AllocationError) {
      solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains("turnover"))
      return
    }
    let pair = (0..<count).map { $0 < 2 ? 1.0 : 0 }
    let checker = OptimalityChecker(
      p: covariance.matrix, q: [Double](repeating: 0, count: count), lower: -0.3, upper: 0.7,
      rows: [
        ("budget", [Double](repeating: 1, count: count), 1, 1), ("pair", pair, -0.2, 0.3),
      ],
      absolute: [
        ("gross exposure", [Double](repeating: 0, count: count), 1.2),
        ("turnover", held.values, 1),
      ])
    #expect(checker.residual(solution.value.values, solution.duals) <= 1e-10)
  }

  @Test func noTurnoverHoldsThePortfolio() throws {
    let (mean, covariance) = try Market.factorModel(count: 12, seed: 5)
    let held = try current(covariance.universe, seed: 5)
    let constraints = PortfolioConstraints(absolute: [.turnover(from: held, limit: 0)])
    let solution = try MaximumUtility(riskAversion: 3, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    for (left, right) in zip(solution.value.values, held.values) {
      expectClose(left, right, absolute: 1e-14)
    }
  }

  @Test func limitThatDoesNotBindChangesNothing() throws {
    let (mean, covariance) = try Market.factorModel(count: 15, seed: 8)
    let held = try current(covariance.universe, seed: 8)
    let wide = PortfolioConstraints(absolute: [.turnover(from: held, limit: 2), .gross(limit: 1.5)])
    let free = try MaximumUtility(riskAversion: 3)
      .weights(expectedReturns: mean, covariance: covariance)
    let limited = try MaximumUtility(riskAversion: 3, constraints: wide)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(free.value == limited.value)
    #expect(limited.duals["turnover"] == 0)
    #expect(limited.duals["budget"] == free.duals["budget"])
  }

  @Test func clashesAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 1)
    let held = try Weights(universe: covariance.universe, values: [1, 0, 0, 0])
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.4), absolute: [.turnover(from: held, limit: 0.5)])
    do throws(AllocationError) {
      _ = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      Issue.record("an infeasible portfolio was returned")
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      #expect(names.contains("turnover"))
      #expect(names.allSatisfy { ["budget", "turnover", "A0", "A1", "A2", "A3"].contains($0) })
    }
    #expect(throws: AllocationError.self) {
      try MinimumVariance(constraints: .longShort(net: 1, gross: 0.9))
        .weights(covariance: covariance)
    }
  }

  @Test func grossBoundsWhatBoundsDoNot() throws {
    // Without the gross limit the utility is unbounded.
    let covariance = try Market.covariance([[0.01, 0.01, 0], [0.01, 0.01, 0], [0, 0, 0.02]])
    let mean = try Market.returns([0.02, 0.01, 0.015])
    let constraints = PortfolioConstraints.longShort(
      net: 1, gross: 2, bounds: .uniform(-Double.infinity...Double.infinity))
    let solution = try MaximumUtility(riskAversion: 1, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    expectClose(solution.value.values.reduce(0) { $0 + $1.magnitude }, 2, relative: 1e-12)
    expectClose(solution.value.values[1], -0.5, relative: 1e-12)
  }

  /// Total long and total short against the program in longs and shorts of their own.
  @Test(arguments: seeds(20))
  func eachSideIsLimited(seed: Int) throws {
    let count = 4 + seed % 9
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 900)
    let net = [1.0, 0.5, 0][seed % 3]
    let (long, short) = (net + 0.1 + 0.02 * Double(seed % 7), 0.05 + 0.02 * Double(seed % 5))
    let choice = MaximumUtility(
      riskAversion: 2,
      constraints: .longShort(
        net: net, totalLong: long, totalShort: short, bounds: .uniform(-0.4...0.8)))
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    let w = solution.value.values
    expectClose(w.reduce(0, +), net, absolute: 1e-14)
    #expect(w.reduce(0) { $0 + max($1, 0) } <= long + 1e-14)
    #expect(w.reduce(0) { $0 + max(-$1, 0) } <= short + 1e-14)
    let objective = try sidesObjective(mean, covariance, net: net, long: long, short: short)
    expectClose(solution.certificate.primalObjective, objective, relative: 1e-9, absolute: 1e-13)
    // The price of a unit of either side is twice the dual value.
    let step = 1e-6
    func value(_ dLong: Double, _ dShort: Double) throws -> Double {
      var moved = choice
      moved.constraints.absolute = [
        .totalLong(limit: long + dLong, net: net), .totalShort(limit: short + dShort, net: net),
      ]
      return try moved.weights(expectedReturns: mean, covariance: covariance)
        .certificate.primalObjective
    }
    for (name, a, b) in [
      (AbsoluteConstraint.totalLongName, step, 0.0), (AbsoluteConstraint.totalShortName, 0.0, step),
    ] {
      let dual = try #require(solution.duals[name])
      let (below, above) = (try value(-a, -b), try value(a, b))
      let middle = solution.certificate.primalObjective
      // A convex function of the limit: its slope lies between those of the chords.
      #expect(2 * dual >= (middle - below) / step - 1e-8)
      #expect(2 * dual <= (above - middle) / step + 1e-8)
    }
  }

  /// The least −utility over w = b − s with b, s ≥ 0, whose sums are limited.
  private func sidesObjective(
    _ mean: ExpectedReturns, _ covariance: Covariance, net: Double, long: Double, short: Double
  ) throws -> Double {
    let n = mean.values.count
    var matrix = try SymmetricMatrix(order: 2 * n)
    for i in 0..<n {
      let row = covariance.product(with: (0..<n).map { $0 == i ? 2.0 : 0 })
      for j in 0..<n {
        if j <= i {
          matrix[i, j] = row[j]
          matrix[n + i, n + j] = row[j]
        }
        matrix[n + i, j] = -row[j]
      }
    }
    let zeros = [Double](repeating: 0, count: n)
    let ones = [Double](repeating: 1, count: n)
    let program = try QuadraticProgram(
      quadratic: .dense(matrix), linear: mean.values.map { -$0 } + mean.values,
      lowerBounds: zeros + zeros, upperBounds: ones.map { _ in 0.8 } + ones.map { _ in 0.4 },
      rows: [
        LinearRow("budget", coefficients: ones + ones.map { -$0 }, lower: net, upper: net),
        LinearRow("long", coefficients: ones + zeros, upper: long),
        LinearRow("short", coefficients: zeros + ones, upper: short),
      ])
    let solution = try QuadraticSolver().solve(program)
    try #require(solution.status == .optimal)
    return solution.certificate.primalObjective
  }

  @Test func clashingSidesAreNamed() throws {
    let (_, covariance) = try Market.factorModel(count: 4, seed: 3)
    for (long, short) in [(0.9, nil), (nil, -0.1)] as [(Double?, Double?)] {
      do throws(AllocationError) {
        _ = try MinimumVariance(
          constraints: .longShort(net: 1, totalLong: long, totalShort: short)
        ).weights(covariance: covariance)
        Issue.record("an infeasible portfolio was returned")
      } catch {
        guard case .infeasible(let names, _) = error else { throw error }
        #expect(
          names.contains(
            long == nil ? AbsoluteConstraint.totalShortName : AbsoluteConstraint.totalLongName))
      }
    }
    // No short positions at all is long only.
    let none = try MinimumVariance(constraints: .longShort(net: 1, totalLong: nil, totalShort: 0))
      .weights(covariance: covariance).value
    let plain = try MinimumVariance().weights(covariance: covariance).value
    for (left, right) in zip(none.values, plain.values) {
      expectClose(left, right, absolute: 1e-12)
    }
  }

  @Test func coefficientsWeighTheDistances() throws {
    let covariance = try Market.covariance([[0.04, 0], [0, 0.01]])
    let held = try Weights(universe: covariance.universe, values: [1, 0])
    let costs = AbsoluteConstraint(
      "costs", reference: held, coefficients: ["A0": 0.01, "A1": 0.03], limit: 0.01)
    let solution = try MinimumVariance(constraints: PortfolioConstraints(absolute: [costs]))
      .weights(covariance: covariance)
    // Selling x and buying x costs 0.04 x.
    expectClose(solution.value.values[1], 0.25, relative: 1e-12)
  }
}
