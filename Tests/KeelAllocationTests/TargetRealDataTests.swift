import Foundation
import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Weekly returns of the Dow Jones members and of the Fama-French industries.
@Suite struct TargetRealDataTests {
  /// The table of a compressed file without its first column.
  private func table(_ name: String) throws -> [[Double]]? {
    guard let folder = Reference.realData else { return nil }
    let file = folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(whereSeparator: \.isNewline).dropFirst().map { line in
      line.split(separator: ",").dropFirst().compactMap { Double($0) }
    }
  }

  /// Debug builds take one small case.
  private static let files =
    ["returns_dowjones_28_weekly.csv.gz"]
    + (isDebug ? [] : ["returns_ff_industries_49_weekly.csv.gz"])

  private static var isDebug: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  @Test(arguments: files, isDebug ? [20] : [20, 104])
  func everyPortfolioIsCertified(file: String, observations: Int) throws {
    guard let all = try table(file) else {
      print("skipped: the folder of real data is absent (KEEL_DATA)")
      return
    }
    // Twenty weeks are fewer than the assets: the covariance has no inverse.
    let rows = all.prefix(observations)
    let n = rows[0].count
    let count = Double(rows.count)
    let average = (0..<n).map { j in rows.reduce(0) { $0 + $1[j] } / count }
    var matrix = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i {
        let sum = rows.reduce(0) { $0 + ($1[i] - average[i]) * ($1[j] - average[j]) }
        matrix[i, j] = sum / (count - 1)
      }
    }
    let universe = try Universe((0..<n).map { AssetID("S\($0)") })
    let covariance = try Covariance(universe: universe, dense: matrix)
    let mean = try ExpectedReturns(universe: universe, values: average)
    let equal = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(n), count: n))
    for constraints in [
      PortfolioConstraints(bounds: .uniform(0...0.2)),
      PortfolioConstraints(
        bounds: .uniform(-0.05...0.2), linear: [.group("few", ["S0", "S1", "S2"], total: 0...0.1)],
        absolute: [.turnover(from: equal, limit: 0.8), .gross(limit: 1.2)]),
    ] {
      let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      #expect(least.certificate.holds(Certificate.optimalTolerances))
      let low = zip(least.value.values, average).reduce(0) { $0 + $1.0 * $1.1 }
      let reach = try reachable(mean, covariance, constraints)
      let target = TargetReturn((low + reach) / 2, constraints: constraints)
      let chosen = try target.weights(expectedReturns: mean, covariance: covariance)
      #expect(chosen.certificate.holds(Certificate.optimalTolerances))
      let explanation = try target.explanation(
        of: chosen, expectedReturns: mean, covariance: covariance)
      #expect(explanation.residual <= 1e-9)
      let volatility = (2 * chosen.certificate.primalObjective).squareRoot()
      // The same point from the other side.
      let most = try TargetRisk(volatility: volatility, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      expectClose(most.value.expectedReturn, (low + reach) / 2, relative: 1e-8)
      #expect(most.certificate.holds(Certificate.optimalTolerances))
      let near = try TrackingError(to: equal, constraints: constraints)
        .weights(covariance: covariance)
      #expect(near.certificate.holds(Certificate.optimalTolerances))
      do throws(AllocationError) {
        let diverse = try MaximumDiversification(constraints: constraints)
          .weights(covariance: covariance)
        #expect(diverse.certificate.holds(Certificate.optimalTolerances))
      } catch {
        // Twenty weeks may have a portfolio without risk.
        guard case .unbounded = error, observations == 20 else { throw error }
      }
    }
  }

  /// The largest expected return that the constraints allow.
  private func reachable(
    _ mean: ExpectedReturns, _ covariance: Covariance, _ constraints: PortfolioConstraints
  ) throws -> Double {
    do throws(AllocationError) {
      _ = try TargetReturn(1, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
    } catch {
      guard case .targetUnreachable(_, _, let reachable) = error else { throw error }
      return reachable.upperBound
    }
    return 1
  }
}
