import Foundation
import KeelData
import KeelDistributions
import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// Runs on real prices in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA")) struct RealDataTests
{
  struct File: Decodable {
    struct Real: Decodable {
      let shrinkage: Double
      let diagonal: [Double]
      let assets: [String]
      let fits: [[Double]]
    }
    let real: Real
  }

  static func cryptoReturns() throws -> SimpleReturns {
    let folder = try #require(Reference.realData)
    let text = try String(
      contentsOf: folder.appendingPathComponent("quickstart/crypto_daily_close.csv"),
      encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let prices = try lines.dropFirst().map { line in
      try line.dropFirst().map { try #require(Double($0)) }
    }
    let rows = zip(prices.dropFirst(), prices).map { now, before in
      zip(now, before).map { $0 / $1 - 1 }
    }
    return try labeled(Matrix(rows: rows), names: lines[0].dropFirst().map { String($0) })
  }

  @Test func crypto() throws {
    let reference = try Reference.load(File.self, "estimation").real
    let returns = try Self.cryptoReturns()
    #expect(returns.universe.assets.map(\.rawValue) == reference.assets)
    let covariance = try LedoitWolf(examination: .eigenvalues).covariance(from: returns)
    expectClose(
      covariance.diagnostics.shrinkageIntensity ?? .nan, reference.shrinkage, relative: 1e-10)
    for (value, expected) in zip(covariance.matrix.diagonal, reference.diagonal) {
      expectClose(value, expected, relative: 1e-11)
    }
    let least = try #require(covariance.diagnostics.leastEigenvalue)
    #expect(least > 0)
    for (j, expected) in reference.fits.enumerated() {
      let column = (0..<returns.observationCount).map { returns.values[$0, j] }
      let fit = try StudentT.fit(column)
      let name = reference.assets[j]
      #expect(fit.status == .converged, "\(name)")
      expectClose(fit.logLikelihood, expected[2], absolute: 1e-6, name)
      expectClose(fit.law.degreesOfFreedom, expected[0], relative: 1e-4, name)
      expectClose(fit.law.scale, expected[1], relative: 1e-4, name)
    }
  }

  @Test func riskOfAnEqualPortfolio() throws {
    let returns = try Self.cryptoReturns()
    let count = returns.universe.count
    let weights = try Weights(
      universe: returns.universe,
      values: [Double](repeating: 1 / Double(count), count: count))
    let covariance = try SampleCovariance().covariance(from: returns)
    let means = try SampleMean().expectedReturns(from: returns)
    let history = try EmpiricalDistribution(weights: weights, returns: returns)
    let fit = try StudentT.fit(history.outcomes)
    let normal = try MultivariateNormal(expectedReturns: means, covariance: covariance)
      .portfolioLaw(weights)
    expectClose(normal.mean, history.mean, relative: 1e-12)
    // Daily crypto returns: heavy tails, which the normal law misses at 99.9 %.
    #expect(fit.status == .converged && fit.law.degreesOfFreedom < 6)
    let confidence = 0.999
    #expect(
      history.expectedShortfall(confidence: confidence)
        > 1.2 * normal.expectedShortfall(confidence: confidence))
    let split = try RiskContributions.expectedShortfall(
      weights: weights, returns: returns, confidence: 0.975)
    expectClose(split.contributions.reduce(0, +), split.total, relative: 1e-12)
    #expect(split["BTC"] ?? 0 > split["USDT"] ?? 0)
  }
}
