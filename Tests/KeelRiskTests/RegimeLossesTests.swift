import Foundation
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct RegimeLossesTests {
  private struct Case: Decodable {
    struct Tail: Decodable {
      var expectedLoss, valueAtRisk, expectedShortfall: Double
      var parts: [Double]
    }
    var losses, probabilities: [Double]
    var states: [[Double]]
    var tail: Double
    var regimes: [Tail]
    var mixture: Tail
  }
  private struct File: Decodable { var regimes: [Case] }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "stress_paths").regimes {
      let names = reference.probabilities.indices.map { "regime \($0)" }
      let found = try RegimeLosses(
        names: names, losses: reference.losses, stateProbabilities: reference.states,
        probabilities: reference.probabilities, tailProbability: reference.tail)
      #expect(found.regimes.map(\.name) == names)
      for (regime, expected) in zip(
        found.regimes + [found.mixture], reference.regimes + [reference.mixture])
      {
        expectClose(regime.expectedLoss, expected.expectedLoss, relative: 1e-13, absolute: 1e-14)
        #expect(regime.valueAtRisk == expected.valueAtRisk)
        expectClose(regime.expectedShortfall, expected.expectedShortfall, relative: 1e-12)
      }
      for (regime, part) in zip(found.regimes, reference.mixture.parts) {
        expectClose(regime.part, part, relative: 1e-12, absolute: 1e-13)
      }
      expectClose(
        found.regimes.reduce(0) { $0 + $1.part }, found.mixture.expectedShortfall,
        relative: 1e-12)
      let mean = found.regimes.reduce(0) { $0 + $1.probability * $1.expectedLoss }
      expectClose(mean, found.mixture.expectedLoss, relative: 1e-12, absolute: 1e-13)
      let stored = try JSONEncoder().encode(found)
      #expect(try JSONDecoder().decode(RegimeLosses.self, from: stored) == found)
    }
  }

  @Test func calmAndCrisisByHand() throws {
    let found = try RegimeLosses(
      [
        .init("calm", probability: 0.75, losses: [-1, 0, 1, 2]),
        .init("crisis", probability: 0.25, losses: [10, 20], masses: [3, 1]),
      ], tailProbability: 0.125)
    #expect(found.worst.name == "crisis")
    expectClose(found.regimes[1].expectedLoss, 12.5, relative: 1e-15)
    // A crisis has 0.25: its 20 has 0.0625, and half of the tail is left for 10.
    expectClose(found.mixture.expectedShortfall, 15, relative: 1e-14)
    #expect(found.mixture.valueAtRisk == 10 && found.regimes[0].part == 0)
  }

  @Test func badRegimesAreRefused() throws {
    let good = RegimeLosses.Regime("calm", probability: 1, losses: [1, 2])
    #expect(throws: RiskError.self) { try RegimeLosses([], tailProbability: 0.1) }
    for tail in [0, 1, Double.nan] {
      #expect(throws: RiskError.self) { try RegimeLosses([good], tailProbability: tail) }
    }
    func refuses(_ change: (inout RegimeLosses.Regime) -> Void) {
      var regime = good
      change(&regime)
      let changed = regime
      #expect(throws: RiskError.self) { try RegimeLosses([changed], tailProbability: 0.1) }
    }
    refuses { $0.probability = 0.9 }
    refuses { $0.probability = .nan }
    refuses { $0.losses = [] }
    refuses { $0.losses = [1, .infinity] }
    refuses { $0.masses = [1] }
    refuses { $0.masses = [0, 0] }
    refuses { $0.masses = [1, -1] }
    var half = good
    half.probability = 0.5
    let twice = [half, half]
    #expect(throws: RiskError.duplicate("calm")) {
      try RegimeLosses(twice, tailProbability: 0.1)
    }
    #expect(throws: RiskError.self) {
      try RegimeLosses(
        names: ["a", "b"], losses: [1], stateProbabilities: [[1]], probabilities: [0.5, 0.5],
        tailProbability: 0.1)
    }
    // A regime that never was has no losses.
    #expect(throws: RiskError.self) {
      try RegimeLosses(
        names: ["a", "b"], losses: [1, 2], stateProbabilities: [[1, 0], [1, 0]],
        probabilities: [0.5, 0.5], tailProbability: 0.1)
    }
  }

  /// Tails far below the rounding of a confidence.
  @Test func smallTailsKeepTheirDigits() throws {
    let regime = RegimeLosses.Regime(
      "crisis", probability: 1, losses: [0, 1], masses: [1, 2e-13])
    let found = try RegimeLosses([regime], tailProbability: 1e-12)
    expectClose(found.mixture.expectedShortfall, 0.2 / (1 + 2e-13), relative: 1e-14)
    for tail in [1e-17, Double.leastNormalMagnitude] {
      let least = try RegimeLosses([regime], tailProbability: tail)
      expectClose(least.regimes[0].part, 1, relative: 1e-14)
      #expect(least.mixture.expectedShortfall == 1)
    }
    #expect(throws: RiskError.self) {
      try RegimeLosses([regime], tailProbability: .leastNonzeroMagnitude)
    }
  }

  @Test func storedValuesWithoutRegimesAreRefused() {
    let stored = """
      {"regimes": [], "mixture": {"name": "", "probability": 1, "expectedLoss": 1,
       "valueAtRisk": 1, "expectedShortfall": 1, "part": 1}}
      """
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(RegimeLosses.self, from: Data(stored.utf8))
    }
  }
}
