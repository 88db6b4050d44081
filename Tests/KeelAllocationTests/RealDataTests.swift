import Foundation
import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios of nine crypto-assets on daily closing prices.
@Suite struct RealDataTests {
  /// Daily simple returns of the assets that are not cash, from the wide table.
  private func returns() throws -> (assets: [AssetID], rows: [[Double]])? {
    guard let folder = Reference.realData else { return nil }
    let file = folder.appendingPathComponent("quickstart/crypto_daily_close.csv")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",") }
    let columns = lines[0].indices.dropFirst().filter { !["USDT", "USDC"].contains(lines[0][$0]) }
    let prices = lines.dropFirst().compactMap { line -> [Double]? in
      let values = columns.compactMap { $0 < line.count ? Double(line[$0]) : nil }
      return values.count == columns.count ? values : nil
    }
    let rows = zip(prices.dropFirst(), prices).map { next, last in
      zip(next, last).map { $0 / $1 - 1 }
    }
    return (columns.map { AssetID(String(lines[0][$0])) }, rows)
  }

  @Test(arguments: [5, 100, 1000])
  func cryptoPortfoliosAreCertified(observations: Int) throws {
    guard let (assets, all) = try returns(), all.count >= observations else {
      print("skipped: the folder of real data is absent (KEEL_DATA)")
      return
    }
    let rows = all.suffix(observations)
    let count = Double(rows.count)
    let mean = assets.indices.map { j in rows.reduce(0) { $0 + $1[j] } / count }
    var matrix = try SymmetricMatrix(order: assets.count)
    for i in assets.indices {
      for j in 0...i {
        matrix[i, j] =
          rows.reduce(0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / (count - 1)
      }
    }
    let universe = try Universe(assets)
    let covariance = try Covariance(universe: universe, dense: matrix)
    let means = try ExpectedReturns(universe: universe, values: mean)
    let constraints = PortfolioConstraints(bounds: .uniform(0...0.35))
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    #expect(least.certificate.holds(Certificate.optimalTolerances))
    expectClose(least.value.total, 1, relative: 1e-14)
    do throws(AllocationError) {
      let sharpe = try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
        .weights(expectedReturns: means, covariance: covariance)
      #expect(sharpe.certificate.holds(Certificate.optimalTolerances))
    } catch {
      guard case .noPortfolioBeatsRiskFree = error else { throw error }
    }
    let equal = try RiskBudgeting.equal.weights(covariance: covariance)
    for share in equal.value.contributions.shares {
      expectClose(share, 1 / Double(assets.count), relative: 1e-9)
    }
    let volatility = equal.value.contributions.total
    let contributions = try RiskContributions.volatility(
      weights: least.value, covariance: covariance)
    let lowest = contributions.total
    #expect(lowest <= volatility * (1 + 1e-12) || equal.value.weights.values.contains { $0 > 0.35 })
  }
}
