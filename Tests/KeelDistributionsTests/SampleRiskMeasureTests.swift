import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// The measures of samples against 50 digits, their slopes against their definition.
@Suite struct SampleRiskMeasureTests {
  struct References: Decodable {
    struct Sample: Decodable {
      let outcomes: [Double]
      let probabilities: [Double]?
      let confidence: Double
      let target: Double
      let values: [String: Double]
    }
    let samples: [Sample]
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
      ("giniMeanDifference", .giniMeanDifference),
      ("expectedShortfall", .expectedShortfall(confidence: confidence)),
      ("entropicValueAtRisk", .entropicValueAtRisk(confidence: confidence)),
      ("worstCase", .worstCase),
      ("maximumDrawdown", .maximumDrawdown),
      ("averageDrawdown", .averageDrawdown),
      ("conditionalDrawdown", .conditionalDrawdown(confidence: confidence)),
      ("entropicDrawdown", .entropicDrawdown(confidence: confidence)),
      ("ulcerIndex", .ulcerIndex),
    ]
  }

  @Test func valuesMatchFiftyDigits() throws {
    let references = try Reference.load(References.self, "sample_risks")
    #expect(references.samples.count == 9)
    for (number, sample) in references.samples.enumerated() {
      let law = try EmpiricalDistribution(
        outcomes: sample.outcomes, probabilities: sample.probabilities)
      let size = sample.outcomes.reduce(0) { max($0, $1.magnitude) }
      for (name, measure) in Self.measures(sample.confidence, sample.target) {
        let risk = try measure.risk(of: law)
        let expected = try #require(sample.values[name])
        expectClose(
          risk.value, expected, relative: 4e-15, absolute: 2e-15 * size, "\(number) \(name)")
        if measure.isHomogeneous {
          // Euler: the risk is the sum of outcomes times slopes.
          let sum = zip(risk.slopes, sample.outcomes).reduce(0) { $0 + $1.0 * ($1.1 / size) }
          expectClose(sum, risk.value / size, absolute: 3e-14, "\(number) \(name)")
        }
      }
    }
  }

  /// `risk(y) ≥ risk(x) + slopes · (y − x)` for near and far samples.
  @Test(arguments: 1...40)
  func slopesSupportFromBelow(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 2 + seed
    let masses = (0..<count).map { _ in generator.uniform(0...1) }
    let probabilities = seed.isMultiple(of: 2) ? nil : masses.map { $0 / masses.reduce(0, +) }
    func sample() -> [Double] {
      (0..<count).map { _ in (generator.gaussian() * (seed % 3 == 0 ? 2 : 20)).rounded() / 100 }
    }
    let x = sample()
    for (name, measure) in Self.measures(generator.uniform(0.05...0.98), 0.02) {
      let risk = try measure.risk(
        of: EmpiricalDistribution(outcomes: x, probabilities: probabilities))
      for step in [1e-4, 0.1, 1, 10] {
        let y = zip(x, sample()).map { $0 + step * $1 }
        let other = try measure.risk(
          of: EmpiricalDistribution(outcomes: y, probabilities: probabilities))
        let support = zip(risk.slopes, zip(x, y)).reduce(risk.value) {
          $0 + $1.0 * ($1.1.1 - $1.1.0)
        }
        #expect(other.value >= support - 1e-13 * (1 + step), "\(name) \(step)")
      }
    }
  }

  /// Known orders of the measures of one sample.
  @Test(arguments: 1...30)
  func measuresAreOrdered(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let x = (0..<(30 + seed)).map { _ in 0.02 * generator.gaussian() }
    let law = try EmpiricalDistribution(outcomes: x)
    let confidence = generator.uniform(0.5...0.99)
    func value(_ measure: SampleRiskMeasure) throws -> Double { try measure.risk(of: law).value }
    let rounding = 1e-15
    let shortfall = try value(.expectedShortfall(confidence: confidence))
    let entropic = try value(.entropicValueAtRisk(confidence: confidence))
    #expect(shortfall == law.expectedShortfall(confidence: confidence))
    #expect(shortfall <= entropic + rounding)
    #expect(entropic <= (try value(.worstCase)) + rounding)
    #expect(-law.mean <= shortfall + rounding)
    let deviation = try value(.standardDeviation)
    #expect((try value(.meanAbsoluteDeviation)) <= deviation + rounding)
    #expect((try value(.semideviation)) <= deviation + rounding)
    let average = try value(.averageDrawdown)
    let conditional = try value(.conditionalDrawdown(confidence: confidence))
    let entropicDrawdown = try value(.entropicDrawdown(confidence: confidence))
    let maximum = try value(.maximumDrawdown)
    #expect(average <= conditional + rounding && conditional <= entropicDrawdown + rounding)
    #expect(entropicDrawdown <= maximum + rounding)
    #expect(average <= (try value(.ulcerIndex)) + rounding)
  }

  @Test func partsAddUp() throws {
    let returns = try SampleRiskTests.returns(rows: 60, columns: 5, seed: 4)
    let scenarios = try ScenarioSet(returns)
    let weights = try Weights(universe: returns.universe, values: [0.4, 0.3, -0.2, 0.5, 0])
    for (name, measure) in Self.measures(0.9, 0) {
      let split = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
      expectClose(
        split.contributions.reduce(0, +), split.total, absolute: 1e-15, "\(name)")
      #expect(split.contributions[4] == 0)
      let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
      #expect(split.total == (try measure.risk(of: law).value))
    }
    let shortfall = try RiskContributions.expectedShortfall(
      weights: weights, scenarios: scenarios, confidence: 0.9)
    let same = try RiskContributions.of(
      .expectedShortfall(confidence: 0.9), weights: weights, scenarios: scenarios)
    for (left, right) in zip(shortfall.contributions, same.contributions) {
      expectClose(left, right, absolute: 1e-16)
    }
    #expect(throws: DistributionsError.self) {
      try RiskContributions.of(
        .lowerPartialMoment(order: .first, target: 0.1), weights: weights, scenarios: scenarios)
    }
  }

  @Test func edgesAreDefined() throws {
    let flat = try EmpiricalDistribution(outcomes: [0.01, 0.01, 0.01])
    for (name, measure) in Self.measures(0.9, 0.01) {
      let risk = try measure.risk(of: flat)
      #expect(risk.value.isFinite && risk.slopes.allSatisfy(\.isFinite), "\(name)")
    }
    #expect(
      (try SampleRiskMeasure.entropicValueAtRisk(confidence: 0.9).risk(of: flat).value) == -0.01)
    #expect((try SampleRiskMeasure.maximumDrawdown.risk(of: flat).value) == 0)
    let one = try EmpiricalDistribution(outcomes: [-0.5])
    #expect((try SampleRiskMeasure.ulcerIndex.risk(of: one).value) == 0.5)
    #expect(throws: DistributionsError.tooFewObservations(got: 1, required: 2)) {
      try SampleRiskMeasure.giniMeanDifference.risk(of: one)
    }
    for confidence in [0, 1, -1, 2, Double.nan] {
      #expect(throws: DistributionsError.self) {
        try SampleRiskMeasure.entropicDrawdown(confidence: confidence).risk(of: flat)
      }
    }
    #expect(throws: DistributionsError.self) {
      try SampleRiskMeasure.lowerPartialMoment(order: .second, target: .infinity).risk(of: flat)
    }
    let large = Double.greatestFiniteMagnitude
    let wide = try EmpiricalDistribution(outcomes: [-large, -large, large, 0])
    #expect((try SampleRiskMeasure.worstCase.risk(of: wide).value) == large)
    #expect(throws: DistributionsError.notRepresentable(result: "risk")) {
      try SampleRiskMeasure.maximumDrawdown.risk(of: wide)
    }
    // An outcome without probability does not count.
    let certain = try EmpiricalDistribution(outcomes: [-1, 0.02], probabilities: [0, 1])
    #expect((try SampleRiskMeasure.worstCase.risk(of: certain).value) == -0.02)
    #expect(
      (try SampleRiskMeasure.entropicValueAtRisk(confidence: 0.99).risk(of: certain).value)
        == -0.02)
  }
}
