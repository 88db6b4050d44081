import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SampleRiskTests {
  static func returns(rows: Int, columns: Int, seed: UInt64) throws -> SimpleReturns {
    var generator = SeededGenerator(seed: seed)
    var matrix = try Matrix(rowCount: rows, columnCount: columns)
    for j in 0..<columns {
      // Rounded, so that ties occur.
      for i in 0..<rows { matrix[i, j] = (generator.gaussian() * 20).rounded() / 1000 }
    }
    return try SimpleReturns(
      universe: RiskContributionsTests.universe(columns),
      timestamps: (0..<rows).map { Timestamp(nanosecondsSinceEpoch: Int64($0)) },
      values: matrix)
  }

  @Test func scenariosAndReturnsShareOneDefinition() throws {
    let returns = try Self.returns(rows: 40, columns: 4, seed: 9)
    let weights = try Weights(universe: returns.universe, values: [0.1, 0.2, 0.3, 0.4])
    let p = (0..<40).map { Double(1 + $0 % 3) }
    let total = p.reduce(0, +)
    for probabilities in [nil, p.map { $0 / total }] {
      let scenarios = try ScenarioSet(returns, probabilities: probabilities)
      let law = try EmpiricalDistribution(
        weights: weights, returns: returns, probabilities: probabilities)
      let other = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
      for confidence in [0.5, 0.9, 0.99] {
        expectClose(
          other.expectedShortfall(confidence: confidence),
          law.expectedShortfall(confidence: confidence), relative: 1e-14)
        let split = try RiskContributions.expectedShortfall(
          weights: weights, scenarios: scenarios, confidence: confidence)
        #expect(split.total == other.expectedShortfall(confidence: confidence))
        expectClose(split.contributions.reduce(0, +), split.total, relative: 1e-12)
      }
    }
    #expect(throws: DistributionsError.self) {
      try EmpiricalDistribution(
        weights: Weights(universe: Universe(["X"]), values: [1]),
        scenarios: ScenarioSet(returns))
    }
    let huge = try ScenarioSet(
      universe: returns.universe, outcomes: Matrix(rows: [[1e200, 0, 0, 0]]))
    let large = try Weights(universe: returns.universe, values: [1e200, 0, 0, 0])
    #expect(
      throws: DistributionsError.invalidObservation(
        argument: "outcomes", index: 0, got: .infinity)
    ) { try EmpiricalDistribution(weights: large, scenarios: huge) }
  }

  @Test func byHand() throws {
    let law = try EmpiricalDistribution(outcomes: [
      0.01, -0.05, 0.02, -0.01, 0.03, -0.02, 0, 0, 0.01, 0.04,
    ])
    // The worst tenth is −5 %; the worst quarter is −5 %, −2 % and half of −1 %.
    expectClose(law.expectedShortfall(confidence: 0.9), 0.05, relative: 1e-14)
    expectClose(law.expectedShortfall(confidence: 0.75), 0.075 / 2.5, relative: 1e-14)
    // A loss of 2 % is exceeded with probability one tenth, exactly the limit.
    #expect(law.valueAtRisk(confidence: 0.9) == 0.02)
    #expect(law.valueAtRisk(confidence: 0.91) == 0.05)
    #expect(law.valueAtRisk(confidence: 0.75) == 0.01)
    expectClose(law.mean, 0.003, relative: 1e-14)
    let weighted = try EmpiricalDistribution(
      outcomes: [-1, 0, 1], probabilities: [0.25, 0.25, 0.5])
    expectClose(weighted.expectedShortfall(confidence: 0.6), 0.25 / 0.4, relative: 1e-14)
    #expect(weighted.valueAtRisk(confidence: 0.6) == 0)
    expectClose(weighted.mean, 0.25, relative: 1e-15)
  }

  /// A second method: the minimum of Rockafellar and Uryasev's function over all sample points, and
  /// the definition of the value at risk by sorting.
  @Test(arguments: 0..<60) func agreesWithMinimization(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 1...80, using: &generator)
    let outcomes = (0..<count).map { _ in (generator.gaussian() * 10).rounded() / 100 }
    var probabilities: [Double]?
    if seed % 2 == 1 {
      let raw = (0..<count).map { _ in generator.uniform() < 0.2 ? 0 : generator.uniform(0.01...1) }
      let total = raw.reduce(0, +)
      probabilities = total > 0 ? raw.map { $0 / total } : nil
    }
    let law = try EmpiricalDistribution(outcomes: outcomes, probabilities: probabilities)
    let masses = probabilities ?? [Double](repeating: 1 / Double(count), count: count)
    for confidence in [0.001, 0.37, 0.5, 0.8, 0.95, 0.99, 0.9999] {
      let objective = outcomes.map { point in
        -point
          + zip(outcomes, masses).reduce(0) { $0 + max(-$1.0 + point, 0) * $1.1 }
          / (1 - confidence)
      }
      expectClose(
        law.expectedShortfall(confidence: confidence), objective.min() ?? .nan, absolute: 1e-12)
      let sorted = zip(outcomes, masses).map { (-$0, $1) }.sorted { $0.0 < $1.0 }
      let valueAtRisk = sorted.first { candidate in
        sorted.reduce(0) { $0 + ($1.0 > candidate.0 ? $1.1 : 0) } <= (1 - confidence) * (1 + 1e-12)
      }
      #expect(law.valueAtRisk(confidence: confidence) == valueAtRisk?.0)
    }
  }

  @Test(arguments: 1...20) func contributionsSumToTotal(seed: Int) throws {
    let columns = 1 + seed % 7
    let rows = 1 + seed * 13
    let returns = try Self.returns(rows: rows, columns: columns, seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) &+ 7)
    let weights = try Weights(
      universe: returns.universe, values: (0..<columns).map { _ in generator.uniform(-1...1) })
    let raw = (0..<rows).map { _ in generator.uniform() }
    let probabilities = seed % 2 == 0 ? nil : raw.map { $0 / raw.reduce(0, +) }
    for confidence in [0.5, 0.9, 0.975] {
      let split = try RiskContributions.expectedShortfall(
        weights: weights, returns: returns, confidence: confidence, probabilities: probabilities)
      let law = try EmpiricalDistribution(
        weights: weights, returns: returns, probabilities: probabilities)
      #expect(split.total == law.expectedShortfall(confidence: confidence))
      let magnitude = split.contributions.reduce(0) { $0 + $1.magnitude }
      expectClose(split.contributions.reduce(0, +), split.total, absolute: 1e-12 * magnitude)
    }
  }

  @Test func orderOfRowsDoesNotMatter() throws {
    var generator = SeededGenerator(seed: 3)
    let outcomes = (0..<5000).map { _ in generator.gaussian() }
    let law = try EmpiricalDistribution(outcomes: outcomes)
    let sorted = try EmpiricalDistribution(outcomes: outcomes.sorted())
    let falling = try EmpiricalDistribution(outcomes: outcomes.sorted(by: >))
    let flat = try EmpiricalDistribution(outcomes: [Double](repeating: -0.25, count: 5000))
    for confidence in [0.01, 0.5, 0.95, 0.999] {
      #expect(law.valueAtRisk(confidence: confidence) == sorted.valueAtRisk(confidence: confidence))
      #expect(
        law.valueAtRisk(confidence: confidence) == falling.valueAtRisk(confidence: confidence))
      expectClose(
        law.expectedShortfall(confidence: confidence),
        sorted.expectedShortfall(confidence: confidence), relative: 1e-13)
      #expect(flat.valueAtRisk(confidence: confidence) == 0.25)
      #expect(flat.expectedShortfall(confidence: confidence) == 0.25)
    }
  }

  /// Adversarial orders do not slow the selection down.
  @Test func organPipe() throws {
    let count = 20_000
    let outcomes = (0..<count).map { Double(min($0, count - $0)) }
    let law = try EmpiricalDistribution(outcomes: outcomes)
    #expect(law.valueAtRisk(confidence: 0.5) == -Double(count) / 4)
  }

  @Test func hostileSamples() throws {
    #expect(throws: DistributionsError.tooFewObservations(got: 0, required: 1)) {
      try EmpiricalDistribution(outcomes: [])
    }
    for value in hostileNumbers {
      if value.isFinite {
        let law = try EmpiricalDistribution(outcomes: [0.1, value, -value])
        for confidence in hostileNumbers + [0.5, 0.99] {
          let shortfall = law.expectedShortfall(confidence: confidence)
          #expect(
            shortfall.isFinite == (confidence > 0 && confidence < 1), "\(value) \(confidence)")
          #expect(shortfall.isNaN == law.valueAtRisk(confidence: confidence).isNaN)
        }
        _ = try? EmpiricalDistribution(outcomes: [1, 2], probabilities: [value, 1])
      } else {
        #expect(throws: DistributionsError.self) {
          try EmpiricalDistribution(outcomes: [0.1, value])
        }
        #expect(throws: DistributionsError.self) {
          try EmpiricalDistribution(outcomes: [1, 2], probabilities: [value, 1])
        }
      }
    }
    #expect(
      throws: DistributionsError.shapeMismatch(argument: "probabilities", got: 1, required: 2)
    ) {
      try EmpiricalDistribution(outcomes: [1, 2], probabilities: [1])
    }
    #expect(throws: DistributionsError.self) {
      try EmpiricalDistribution(outcomes: [1, 2], probabilities: [0.5, 0.4])
    }
    let returns = try Self.returns(rows: 5, columns: 2, seed: 1)
    let weights = try Weights(universe: returns.universe, values: [1, 1])
    #expect(throws: DistributionsError.self) {
      try RiskContributions.expectedShortfall(weights: weights, returns: returns, confidence: 1)
    }
    let other = try Weights(universe: Universe(["A1", "A0"]), values: [1, 1])
    #expect(throws: DistributionsError.universeMismatch(position: 0, left: "A1", right: "A0")) {
      try RiskContributions.expectedShortfall(weights: other, returns: returns, confidence: 0.9)
    }
    let huge = try Weights(universe: returns.universe, values: [1e308, 1e308])
    _ = try? RiskContributions.expectedShortfall(weights: huge, returns: returns, confidence: 0.9)
  }
}

@Suite struct EllipticalPortfolioTests {
  @Test(arguments: 1...15) func sumsAndFiniteDifferences(seed: Int) throws {
    let order = 1 + seed % 6
    let covariance = try RiskContributionsTests.covariance(order: order, seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) &+ 9)
    let means = try ExpectedReturns(
      universe: covariance.universe,
      values: (0..<order).map { _ in generator.uniform(-0.01...0.01) })
    let values = (0..<order).map { _ in generator.uniform(-1...1) }
    let weights = try Weights(universe: covariance.universe, values: values)
    let normal = try MultivariateNormal(expectedReturns: means, covariance: covariance)
    let degrees = [2.5, 4, 10, .infinity][seed % 4]
    let student = try MultivariateStudentT(
      expectedReturns: means, covariance: covariance, degreesOfFreedom: degrees)
    for confidence in [0.3, 0.95, 0.999] {
      for (split, total) in [
        (
          try normal.expectedShortfallContributions(weights, confidence: confidence),
          try normal.portfolioLaw(weights).expectedShortfall(confidence: confidence)
        ),
        (
          try student.expectedShortfallContributions(weights, confidence: confidence),
          try student.portfolioLaw(weights).expectedShortfall(confidence: confidence)
        ),
      ] {
        let magnitude = split.contributions.reduce(0) { $0 + $1.magnitude }
        expectClose(split.total, total, absolute: 1e-13 * magnitude)
        expectClose(split.contributions.reduce(0, +), split.total, absolute: 1e-12 * magnitude)
      }
      let step = 1e-5
      let split = try student.expectedShortfallContributions(weights, confidence: confidence)
      for i in 0..<order {
        func shortfall(_ shift: Double) throws -> Double {
          var moved = values
          moved[i] += shift
          return try student.portfolioLaw(
            Weights(universe: covariance.universe, values: moved)
          ).expectedShortfall(confidence: confidence)
        }
        let slope = try (shortfall(step) - shortfall(-step)) / (2 * step)
        expectClose(split.contributions[i], values[i] * slope, absolute: 1e-7)
      }
    }
    let law = try student.portfolioLaw(weights)
    let volatility = try RiskContributions.volatility(weights: weights, covariance: covariance)
      .total
    expectClose(law.standardDeviation, volatility, relative: 1e-14)
    expectClose(
      law.mean, zip(values, means.values).reduce(0) { $0 + $1.0 * $1.1 }, absolute: 1e-16)
  }

  @Test func edges() throws {
    let universe = try RiskContributionsTests.universe(2)
    let covariance = try Covariance(universe: universe, dense: SymmetricMatrix(order: 2))
    let means = try ExpectedReturns(universe: universe, values: [0.01, 0.02])
    let normal = try MultivariateNormal(expectedReturns: means, covariance: covariance)
    let weights = try Weights(universe: universe, values: [0.5, 0.5])
    // Without risk the shortfall is the negative mean; there is no density.
    let split = try normal.expectedShortfallContributions(weights, confidence: 0.99)
    expectClose(split.total, -0.015, relative: 1e-14)
    #expect(throws: DistributionsError.self) { try normal.portfolioLaw(weights) }
    for degrees in [2, 1, 0, -1, Double.nan, -Double.infinity] {
      #expect(throws: DistributionsError.self) {
        try MultivariateStudentT(
          expectedReturns: means, covariance: covariance, degreesOfFreedom: degrees)
      }
    }
    for confidence in [0, 1, -1, 2, Double.nan] {
      #expect(throws: DistributionsError.self) {
        try normal.expectedShortfallContributions(weights, confidence: confidence)
      }
    }
    let other = try ExpectedReturns(universe: Universe(["X", "Y"]), values: [0, 0])
    #expect(throws: DistributionsError.universeMismatch(position: 0, left: "X", right: "A0")) {
      try MultivariateNormal(expectedReturns: other, covariance: covariance)
    }
  }
}
