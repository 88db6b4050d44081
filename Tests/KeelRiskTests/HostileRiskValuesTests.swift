import Foundation
import KeelData
import KeelNumerics
import KeelRisk
import Testing

/// Numbers that are finite alone and not together, and stored values that do not match: errors, no traps and no NaN.
@Suite struct HostileRiskValuesTests {
  @Test func sumsThatOverflowAreRefused() throws {
    let one = try ProtocolFailures([
      ProtocolHazard("a", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1.5e308)
    ])
    #expect(throws: RiskError.self) { try one.treeDistribution(within: 1, lossUnit: 1e308) }
    #expect(try one.treeDistribution(within: 1, lossUnit: 1.5e308).expectedLoss.isFinite)
    let levels = [80.0, 70].map { LiquidationCascade.Level(price: $0, notional: 1.5e308) }
    for impact in [0, 1e-300, 1] {
      #expect(throws: RiskError.self) {
        try LiquidationCascade(shock: -0.5, price: 100, levels: levels, impactPerCash: impact)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(
          shock: -0.5, price: 100, levels: levels, impactPerCash: impact)
      }
    }
  }

  /// A scenario whose drift is not a number was passed over where another one came first.
  @Test func noScenarioIsPassedOver() throws {
    let universe = try Universe(["A", "B"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.04, 0.01], [0.01, 0.04]]))
    for moves in [[[0, 0], [1, 0.5]], [[1, 0.5], [0, 0]]] {
      #expect(throws: RiskError.self) {
        try StressFrequency(
          weights: Weights(universe: universe, values: [1e100, -1e100]),
          annualCovariance: covariance, moves: moves, costFractions: [0.01, 0.01],
          intervals: [0.1], lossBudget: 1e308)
      }
    }
  }

  private func refused<Value: Decodable>(_ type: Value.Type, _ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(type, from: Data(text.utf8))
    }
  }

  @Test func storedValuesThatDoNotMatchAreRefused() throws {
    let failures = try ProtocolFailures([
      ProtocolHazard("a", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1),
      ProtocolHazard("b", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 2),
    ])
    let losses = try failures.distribution(within: 1)
    let stored = try JSONEncoder().encode(losses)
    #expect(try JSONDecoder().decode(FailureLosses.self, from: stored) == losses)
    refused(FailureLosses.self, #"{"names": ["a", "b"], "losses": [1], "atoms": []}"#)
    refused(FailureLosses.self, #"{"names": [], "losses": [], "atoms": []}"#)
    refused(
      FailureLosses.self,
      #"{"names": ["a"], "losses": [1], "atoms": [{"failed": 2, "loss": 1, "probability": 1}]}"#)
    refused(StressReport.self, #"{"outcomes": []}"#)
    refused(StressFrequency.self, #"{"candidates": [], "chosenPlace": 0}"#)
    let report = try Sample.test().report(of: [Scenario("none")])
    let text = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(StressReport.self, from: text) == report)
  }

  /// Stored sets of failures in another order are the same; edited ones are refused.
  @Test func storedFailuresAreChecked() throws {
    let failures = try ProtocolFailures(
      ["a", "b", "c"].map {
        ProtocolHazard($0, hazardPerYear: 0.1, lossGivenFailure: 0.7, exposure: 3)
      }, dependencies: [.init("a", takes: "b", probability: 0.3)])
    let losses = try failures.distribution(within: 1)
    let stored = try JSONEncoder().encode(losses)
    let plain = try #require(try JSONSerialization.jsonObject(with: stored) as? [String: Any])
    let atoms = try #require(plain["atoms"] as? [[String: Any]])
    var turned = plain
    turned["atoms"] = Array(atoms.reversed())
    let read = try JSONDecoder().decode(
      FailureLosses.self, from: JSONSerialization.data(withJSONObject: turned))
    #expect(read == losses)
    #expect(
      try read.valueAtRisk(tailProbability: 0.01) == losses.valueAtRisk(tailProbability: 0.01))
    func refused(_ edit: (inout [String: Any], inout [[String: Any]]) -> Void) throws {
      var (whole, parts) = (plain, atoms)
      whole["atoms"] = nil as [[String: Any]]?
      edit(&whole, &parts)
      whole["atoms"] = parts
      let text = try JSONSerialization.data(withJSONObject: whole)
      #expect(throws: DecodingError.self, "\(String(decoding: text, as: UTF8.self))") {
        try JSONDecoder().decode(FailureLosses.self, from: text)
      }
    }
    try refused { _, atoms in atoms[0]["probability"] = 1.5 }
    try refused { _, atoms in atoms[0]["probability"] = -0.1 }
    try refused { _, atoms in atoms[0]["loss"] = 1e6 }
    try refused { _, atoms in atoms[0]["loss"] = -1.0 }
    try refused { _, atoms in atoms.removeFirst() }
    try refused { _, atoms in atoms.removeAll() }
    try refused { _, atoms in
      // Two halves of one set.
      atoms[0]["probability"] = (atoms[0]["probability"] as? Double ?? 0) / 2
      atoms.append(atoms[0])
    }
    try refused { whole, _ in whole["losses"] = [2.1, 2.1, -2.1] }
    try refused { whole, _ in whole["names"] = ["a", "a", "c"] }
    try refused { whole, _ in whole["names"] = ["c", "b", "a"] }
  }

  /// Many levels of one price count one by one.
  @Test func manyLevels() throws {
    let count = 20_000
    let levels = (0..<count).map {
      LiquidationCascade.Level(price: $0 % 2 == 0 ? 90 : 40, notional: 1)
    }
    let found = try LiquidationCascade(
      shock: -0.2, price: 100, levels: levels, impactPerCash: 1e-6)
    #expect(found.forcedNotional == Double(count / 2) && found.isComplete)
  }
}
