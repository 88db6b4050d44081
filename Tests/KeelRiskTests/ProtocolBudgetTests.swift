import Foundation
import KeelAllocation
import KeelData
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

/// Failures of protocols as lines of a risk budget.
@Suite struct ProtocolBudgetTests {
  static let assets: [AssetID] = ["LENT", "POOL", "WRAPPED"]
  static let protocols = ["lender", "pool", "bridge"]

  /// A bridge that takes the pool with it, a lender apart; the exposures are the weights.
  static func failures(_ weights: [Double]) throws -> ProtocolFailures {
    let hazards = [0.04, 0.02, 0.03]
    let shares = [0.6, 1, 0.8]
    return try ProtocolFailures(
      protocols.indices.map {
        ProtocolHazard(
          protocols[$0], hazardPerYear: hazards[$0], lossGivenFailure: shares[$0],
          exposure: weights[$0])
      }, dependencies: [.init("bridge", takes: "pool", probability: 0.5)])
  }

  static func lines(_ shares: [Double]) -> [RiskBudgetLine] {
    zip(zip(protocols, assets), shares).map { RiskBudgetLine($0.0, [$0.1], share: $1) }
  }

  /// The outcomes of a market that does not move, beside failures within a year.
  static func scenarios() throws -> ScenarioSet {
    let still = try ScenarioSet(
      universe: Universe(assets), outcomes: Matrix(rows: [[0, 0, 0]]))
    return try failures([1, 1, 1]).distribution(within: 1).outcomes(
      beside: still,
      claims: ["LENT": ("lender", 0.6), "POOL": ("pool", 1), "WRAPPED": ("bridge", 0.8)])
  }

  @Test(arguments: [[1.0, 1, 1], [2, 1, 1], [0.2, 0.5, 0.3]]) func linesAreMetAndAreTheLossesParts(
    shares: [Double]
  ) throws {
    let scenarios = try Self.scenarios()
    let budgeting = GroupShortfallBudgeting(confidence: 0.8, lines: Self.lines(shares))
    let found = try budgeting.weights(scenarios: scenarios)
    let total = shares.reduce(0, +)
    for (part, share) in zip(found.lineContributions, shares) {
      expectClose(part, found.expectedShortfall * share / total, relative: 1e-9)
    }
    // All failures together are in the worst fifth: the parts are those of this module, whose exposures are the weights.
    let own = try Self.failures(found.weights.values).distribution(within: 1)
      .joined(with: [0], tailProbability: 0.2)
    expectClose(own.expectedShortfall, found.expectedShortfall, relative: 1e-12)
    #expect(own.marketPart == 0)
    let parts = Dictionary(uniqueKeysWithValues: own.protocolParts.map { ($0.name, $0.value) })
    for (name, part) in zip(Self.protocols, found.lineContributions) {
      expectClose(parts[name] ?? .nan, part, relative: GroupShortfallBudgeting.tolerance)
    }
  }

  @Test func aMarketThatMovesMovesTheBudgetToo() throws {
    func move(_ t: Int, _ i: Int) -> Double {
      let (fast, slow) = (Double(7 * t + 3 * i), Double(t * (i + 2)))
      return 0.05 * sin(fast) + 0.03 * cos(slow)
    }
    let rows: [[Double]] = (0..<60).map { t in (0..<3).map { move(t, $0) } }
    let market = try ScenarioSet(universe: Universe(Self.assets), outcomes: Matrix(rows: rows))
    let claims: [AssetID: (protocolName: String, lossGivenFailure: Double)] = [
      "LENT": ("lender", 0.6), "POOL": ("pool", 1), "WRAPPED": ("bridge", 0.8),
    ]
    let joined = try Self.failures([1, 1, 1]).distribution(within: 1)
      .outcomes(beside: market, claims: claims)
    let budgeting = GroupShortfallBudgeting(confidence: 0.9, lines: Self.lines([1, 1, 1]))
    let found = try budgeting.weights(scenarios: joined)
    let without = try budgeting.weights(scenarios: market)
    for part in found.lineContributions {
      expectClose(part, found.expectedShortfall / 3, relative: 1e-9)
    }
    // The lender loses less when it fails than the others: it gets more than the market alone gives it.
    #expect(found.expectedShortfall > without.expectedShortfall)
    #expect(found.weights.values[0] > without.weights.values[0])
  }
}
