import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct MinimumDrawdownTests {
  static let confidence = 0.85

  static let measures: [(name: String, measure: SampleRiskMeasure)] = [
    ("maximum", .maximumDrawdown), ("average", .averageDrawdown),
    ("conditional", .conditionalDrawdown(confidence: confidence)),
    ("ulcer", .ulcerIndex), ("entropic", .entropicDrawdown(confidence: confidence)),
  ]

  static func scenarios(
    _ columns: [[Double]],
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    try ScenarioSet(
      universe: Universe(columns.indices.map { AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: columns[0].count, columnCount: columns.count, columnMajor: columns.flatMap { $0 }
      ), probabilities: probabilities)
  }

  /// Outcomes with a common factor.
  static func columns(
    _ generator: inout SeededGenerator,
    count: Int,
    width: Int
  ) -> [[Double]] {
    let market = (0..<count).map { _ in 0.02 * generator.gaussian() }
    return (0..<width).map { _ in
      let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.04))
      return market.map { 0.0005 + beta * $0 + noise * generator.gaussian() }
    }
  }

  /// Weights w, drawdowns d, a level a and shortages s, written out.
  private struct Explicit {
    let scenarios: ScenarioSet
    let measure: SampleRiskMeasure
    var bounds = 0.0...1.0

    var width: Int { scenarios.universe.count }
    var count: Int { scenarios.scenarioCount }
    var level: Int { width + count }
    func drawdown(_ t: Int) -> Int { width + t }
    func shortage(_ t: Int) -> Int { level + 1 + t }

    /// d(t) − d(t − 1) + x(t)'w ≥ 0.
    func rows(_ variableCount: Int) -> [LinearRow] {
      var rows = [
        LinearRow(
          "total", indices: Array(0..<width), coefficients: (0..<width).map { _ in 1 }, lower: 1,
          upper: 1)
      ]
      for t in 0..<count {
        var coefficients = [Double](repeating: 0, count: variableCount)
        for j in 0..<width { coefficients[j] = scenarios.outcomes[t, j] }
        coefficients[drawdown(t)] = 1
        if t > 0 { coefficients[drawdown(t - 1)] = -1 }
        rows.append(LinearRow("change \(t)", coefficients: coefficients, lower: 0))
      }
      return rows
    }

    func least() throws -> Double {
      if case .entropicDrawdown = measure { return try leastEntropic() }
      let n = level + 1 + count
      let p = scenarios.probabilities ?? (0..<count).map { _ in 1 / Double(count) }
      var linear = [Double](repeating: 0, count: n)
      var diagonal = linear
      var upper = [Double](repeating: .infinity, count: n)
      for j in 0..<width { upper[j] = bounds.upperBound }
      for t in 0..<count {
        switch measure {
        case .averageDrawdown: linear[drawdown(t)] = p[t]
        case .ulcerIndex: diagonal[drawdown(t)] = p[t]
        case .maximumDrawdown: upper[shortage(t)] = p[t] > 0 ? 0 : .infinity
        default: linear[shortage(t)] = p[t] / (1 - MinimumDrawdownTests.confidence)
        }
      }
      var rows = rows(n)
      switch measure {
      case .averageDrawdown, .ulcerIndex: break
      default:
        linear[level] = 1
        for t in 0..<count {
          rows.append(
            LinearRow(
              "shortage \(t)", indices: [drawdown(t), level, shortage(t)],
              coefficients: [-1, 1, 1], lower: 0))
        }
      }
      let program = try QuadraticProgram(
        quadratic: .diagonal(diagonal), linear: linear,
        lowerBounds: (0..<n).map { $0 < width ? bounds.lowerBound : 0 }, upperBounds: upper,
        rows: rows)
      let solution = try QuadraticSolver().solve(program)
      #expect(solution.status == .optimal)
      let value = solution.certificate.primalObjective
      if case .ulcerIndex = measure { return (2 * value).squareRoot() }
      return value
    }

    /// With equal probabilities.
    private func leastEntropic() throws -> Double {
      let n = level + 2 + count
      var linear = [Double](repeating: 0, count: n)
      linear[level] = 1
      let blocks = ConicConstraint.entropicValueAtRisk(
        "entropic", of: (0..<count).map { AffineExpression(variable: drawdown($0)) },
        level: MinimumDrawdownTests.confidence, atMost: AffineExpression(variable: level),
        scale: level + 1 + count, auxiliaries: (0..<count).map { shortage($0) })
      let signs = ConicConstraint(
        "signs", in: .nonnegative,
        (0..<count).map { AffineExpression(variable: drawdown($0)) }
          + (0..<width).map {
            AffineExpression(variable: $0, constant: -bounds.lowerBound)
          }
          + (0..<width).map {
            AffineExpression(variable: $0, coefficient: -1, constant: bounds.upperBound)
          })
      let solution = try ConicSolver().solve(
        ConicProgram(
          linear: linear, constraints: blocks + [signs] + rows(n).map { ConicConstraint($0) }))
      #expect(solution.status == .optimal)
      return solution.value[level]
    }
  }

  /// Every measure against its program written out.
  @Test(arguments: 1...10)
  func programsAgree(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (count, width) = (12 + 4 * (seed % 5), 2 + seed % 7)
    let columns = Self.columns(&generator, count: count, width: width)
    let weighted = (0..<count).map { $0 % 5 == 2 ? 0 : generator.uniform(0.2...1) }
    let total = weighted.reduce(0, +)
    let bounds = seed.isMultiple(of: 3) ? -0.2...0.7 : 0.0...1.0
    for (name, measure) in Self.measures {
      let isWeighted = seed.isMultiple(of: 2) && name != "entropic"
      let scenarios = try Self.scenarios(
        columns, probabilities: isWeighted ? weighted.map { $0 / total } : nil)
      let found = try MinimumRisk(
        measure, constraints: PortfolioConstraints(bounds: .uniform(bounds))
      ).weights(scenarios: scenarios)
      let least = try Explicit(scenarios: scenarios, measure: measure, bounds: bounds).least()
      expectClose(found.risk, least, relative: 2e-7, absolute: 1e-9, "\(name)")
      #expect(found.largestImprovement <= 1e-8 * max(found.risk, 0.01), "\(name)")
      expectClose(found.weights.total, 1, absolute: 1e-12)
    }
  }

  /// A proof for every measure over more scenarios, with limits of all kinds.
  @Test(arguments: 1...4)
  func limitsHold(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(100 + seed))
    let scenarios = try Self.scenarios(Self.columns(&generator, count: 150, width: 6))
    let held = try Weights(universe: scenarios.universe, values: [0.5, 0.5, 0, 0, 0, 0])
    for (name, measure) in Self.measures {
      let free = try MinimumRisk(measure).weights(scenarios: scenarios)
      #expect(free.largestImprovement <= 1e-8 * free.risk, "\(name)")
      let turning = try MinimumRisk(
        measure,
        constraints: PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.3)])
      ).weights(scenarios: scenarios)
      let turnover = zip(turning.weights.values, held.values).reduce(0) {
        $0 + ($1.0 - $1.1).magnitude
      }
      #expect(turning.risk >= free.lowerBound && turnover <= 0.6 + 1e-9, "\(name)")
      #expect(turning.largestImprovement <= 1e-8 * turning.risk, "\(name)")
      let hedged = try MinimumRisk(
        measure, constraints: .longShort(net: 1, gross: 1.5, bounds: .uniform(-0.5...1))
      ).weights(scenarios: scenarios)
      #expect(hedged.lowerBound <= free.risk, "\(name)")
      #expect(hedged.largestImprovement <= 1e-8 * hedged.risk, "\(name)")
      #expect(
        hedged.weights.values.reduce(0) { $0 + $1.magnitude } <= 1.5 + 1e-9, "\(name)")
      let target = free.expectedReturn + 1e-4
      let best = (0..<6).map { j in
        (0..<150).reduce(0) { $0 + scenarios.outcomes[$1, j] } / 150
      }.reduce(-1, max)
      guard best > target else { continue }
      let aimed = try MinimumRisk(measure, targetReturn: target).weights(scenarios: scenarios)
      #expect(aimed.expectedReturn >= target - 1e-12, "\(name)")
      #expect(aimed.largestImprovement <= 1e-8 * aimed.risk, "\(name)")
    }
  }

  @Test func hardSamplesAreSolved() throws {
    var generator = SeededGenerator(seed: 7)
    let base = Self.columns(&generator, count: 40, width: 4)
    let samples: [(String, [[Double]])] = [
      ("one asset", [base[0]]),
      ("two alike", [base[0], base[0], base[1]]),
      ("ties in time", base.map { $0 + $0 }),
      ("rounded", base.map { $0.map { ($0 * 50).rounded() / 50 } }),
      ("few scenarios", Self.columns(&generator, count: 3, width: 9)),
      ("one scenario", [[-0.01], [0.02]]),
      ("constant", [[Double](repeating: 0.01, count: 30), [Double](repeating: -0.01, count: 30)]),
      ("zero", [[Double](repeating: 0, count: 30), [Double](repeating: 0, count: 30)]),
      ("only gains", base.map { $0.map { $0.magnitude } }),
      ("only losses", base.map { $0.map { -$0.magnitude - 0.001 } }),
    ]
    for (sample, columns) in samples {
      let scenarios = try Self.scenarios(columns)
      for (name, measure) in Self.measures {
        let found = try MinimumRisk(measure).weights(scenarios: scenarios)
        let size = columns.joined().reduce(0) { max($0, $1.magnitude) }
        #expect(found.largestImprovement <= 1e-8 * max(found.risk, size), "\(sample) \(name)")
        #expect(found.weights.values.allSatisfy { $0 >= 0 && $0 <= 1 }, "\(sample) \(name)")
        if sample == "only gains" || sample == "zero" {
          expectClose(found.risk, 0, absolute: 1e-9, "\(sample) \(name)")
        }
      }
    }
  }

  /// Units and order of assets change nothing but units and order.
  @Test(arguments: [1e-12, 1e-3, 1e9])
  func scalesDoNotMatter(scale: Double) throws {
    var generator = SeededGenerator(seed: 11)
    let columns = Self.columns(&generator, count: 60, width: 5)
    for (name, measure) in Self.measures + [("gini", .giniMeanDifference)] {
      let plain = try MinimumRisk(measure).weights(scenarios: Self.scenarios(columns))
      let scaled = try MinimumRisk(measure).weights(
        scenarios: Self.scenarios(columns.reversed().map { $0.map { $0 * scale } }))
      expectClose(scaled.risk, plain.risk * scale, relative: 2e-8, "\(name)")
      #expect(scaled.largestImprovement <= 1e-8 * scaled.risk, "\(name)")
    }
  }

  @Test func contradictionsAreNamed() throws {
    var generator = SeededGenerator(seed: 3)
    let scenarios = try Self.scenarios(Self.columns(&generator, count: 30, width: 4))
    for (name, measure) in Self.measures + [("gini", .giniMeanDifference)] {
      #expect("\(name)") {
        try MinimumRisk(measure, targetReturn: 10).weights(scenarios: scenarios)
      } throws: { error in
        guard case .infeasible(let names, _)? = error as? AllocationError else { return false }
        return names.contains(MinimumRisk.targetReturnName)
      }
    }
  }
}
