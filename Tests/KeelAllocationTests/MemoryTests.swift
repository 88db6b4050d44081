import Foundation
import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

#if os(Linux) && !DEBUG
  /// What programs over many scenarios hold in memory: some copies of the scenarios, nothing of the order T².
  @Suite(.serialized) struct MemoryTests {
    /// The largest resident memory of the process so far, in bytes.
    private static func peak() throws -> Double {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return 1024 * (try #require(line.split(separator: " ").compactMap { Double($0) }.first))
    }

    private static let count = 20_000
    private static let width = 50

    private static func scenarios() throws -> ScenarioSet {
      var generator = SeededGenerator(seed: 5)
      let market = (0..<count).map { _ in 0.01 * generator.gaussian() }
      let columns = (0..<width).flatMap { _ -> [Double] in
        let (beta, noise) = (generator.uniform(0.3...1.7), generator.uniform(0.005...0.03))
        return market.map { 0.0005 + beta * $0 + noise * generator.gaussian() }
      }
      return try ScenarioSet(
        universe: Universe((0..<width).map { AssetID("A\($0)") }),
        outcomes: Matrix(rowCount: count, columnCount: width, columnMajor: columns))
    }

    /// T² numbers would take 3.2 GB and the scenarios take 8 MB: other tests beside this one may take the rest.
    @Test func risksOfManyScenariosTakeLinearMemory() throws {
      let scenarios = try Self.scenarios()
      let square = 8 * Double(Self.count) * Double(Self.count)
      for (name, measure) in MinimumRiskTests.measures(0.95, 0) {
        let before = try Self.peak()
        let found = try MinimumRisk(measure).weights(scenarios: scenarios)
        let grown = try Self.peak() - before
        #expect(grown <= square / 16, "\(name): \(grown / 1e6) MB")
        #expect(found.largestImprovement <= 1e-7 * found.risk, "\(name)")
      }
      let before = try Self.peak()
      let tail = try MinimumExpectedShortfall(confidence: 0.95).weights(scenarios: scenarios)
      #expect(tail.status == .optimal)
      #expect(try Self.peak() - before <= square / 16)
    }
  }
#endif
