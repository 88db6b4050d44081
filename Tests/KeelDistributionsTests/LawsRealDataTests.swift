import Foundation
import KeelDistributions
import KeelTestSupport
import Testing

/// Runs on real prices in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct LawsRealDataTests {
  /// Log-returns of a column, of one symbol where there are several.
  static func returns(_ file: String, _ column: String, symbol: String? = nil) throws -> [Double] {
    let rows = try #require(try Reference.realRows(file))
    let prices = rows.filter { symbol == nil || $0["symbol"] == symbol }
      .compactMap { $0[column].flatMap(Double.init) }.filter { $0 > 0 }
    return zip(prices.dropFirst(), prices).map { log($0 / $1) }
  }

  @Test func fitsOfRealReturnsBeatTheNormalLaw() throws {
    for sample in [
      try Self.returns("crypto_usd_daily.csv.gz", "close", symbol: "BTC"),
      try Self.returns("crypto_usd_daily.csv.gz", "close", symbol: "AAVE"),
      try Self.returns("index_sp500_daily.csv.gz", "SP500").suffix(3000).map { $0 },
    ] {
      try #require(sample.count > 500)
      let normal = try Normal.fit(sample)
      let hyperbolic = try NormalInverseGaussianLaw.fit(sample)
      let skewed = try FernandezSteelSkewedT.fit(sample)
      let error = try GeneralizedError.fit(sample)
      let student = try StudentT.fit(sample)
      #expect(hyperbolic.status == .converged && skewed.status == .converged)
      #expect(error.status == .converged || error.status == .lowerBound)
      for criterion in [
        hyperbolic.akaikeCriterion, skewed.akaikeCriterion, error.akaikeCriterion,
      ] {
        #expect(criterion < normal.akaikeCriterion - 50)
      }
      // One parameter more cannot be less likely.
      #expect(skewed.logLikelihood >= student.logLikelihood - 1e-7)
      for (law, label) in [
        (hyperbolic.law, "hyperbolic"), (skewed.law, "skewed"),
        (try ParetoTailedEmpirical(sample: sample, tailShare: 0.05), "tails"),
      ] as [(any ContinuousDistribution, String)] {
        let share = sample.count { $0 <= law.quantile(0.01) }
        expectClose(Double(share) / Double(sample.count), 0.01, absolute: 0.008, label)
        #expect(law.expectedShortfall(confidence: 0.99) > law.valueAtRisk(confidence: 0.99))
      }
      let distance = try GoodnessOfFit.andersonDarling(sample, law: hyperbolic.law)
      let other = try GoodnessOfFit.andersonDarling(sample, law: normal.law)
      #expect(distance.statistic < 0.2 * other.statistic)
    }
  }
}
