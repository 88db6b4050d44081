import Foundation
import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Least expected shortfall on daily returns of crypto-assets and weekly returns of shares; skipped
/// where the folder of real data is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct ExpectedShortfallRealDataTests {
  struct File: Decodable {
    struct Crypto: Decodable {
      let assets: [String]
      let confidence: Double
      let cap: Double
      let objective: Double
      let ratio: Double
    }
    let crypto: Crypto
  }

  /// The numbers of a comma-separated file without its first column, by the names in its header.
  private func table(_ path: String) throws -> (names: [String], rows: [[Double]]) {
    let folder = try #require(Reference.realData)
    let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let rows = try lines.dropFirst().map { line in
      try line.dropFirst().map { try #require(Double($0)) }
    }
    return (lines[0].dropFirst().map { String($0) }, rows)
  }

  @Test func crypto() throws {
    let reference = try Reference.load(File.self, "expected_shortfall").crypto
    let (names, prices) = try table("quickstart/crypto_daily_close.csv")
    let columns = names.indices.filter { reference.assets.contains(names[$0]) }
    #expect(columns.map { names[$0] } == reference.assets)
    let returns = zip(prices.dropFirst(), prices).map { now, before in
      columns.map { now[$0] / before[$0] - 1 }
    }
    let scenarios = try ScenarioSet(
      universe: Universe(reference.assets.map { AssetID($0) }),
      outcomes: Matrix(rows: Array(returns.suffix(1000))))
    let constraints = PortfolioConstraints(bounds: .uniform(0...reference.cap))
    let least = try MinimumExpectedShortfall(
      confidence: reference.confidence, constraints: constraints
    ).weights(scenarios: scenarios)
    expectClose(least.value.expectedShortfall, reference.objective, relative: 1e-9)
    let best = try MaximumReturnOverExpectedShortfall(
      confidence: reference.confidence, riskFreeRate: 0, constraints: constraints
    ).weights(scenarios: scenarios)
    expectClose(
      best.value.expectedReturn / best.value.expectedShortfall, reference.ratio, relative: 1e-9)
  }

  /// Windows of every length, also shorter than the number of assets.
  @Test(arguments: [5, 20, 100, 400]) func windowsOfReturns(length: Int) throws {
    let (names, prices) = try table("quickstart/crypto_daily_close.csv")
    let returns = zip(prices.dropFirst(), prices).map { now, before in
      zip(now, before).map { $0 / $1 - 1 }
    }
    let universe = try Universe(names.map { AssetID($0) })
    for first in stride(from: 0, to: returns.count - length, by: 500) {
      let scenarios = try ScenarioSet(
        universe: universe, outcomes: Matrix(rows: Array(returns[first..<(first + length)])))
      for confidence in [0.8, 0.97] {
        let solution = try MinimumExpectedShortfall(confidence: confidence)
          .weights(scenarios: scenarios)
        #expect(solution.status == .optimal)
      }
    }
  }
}
