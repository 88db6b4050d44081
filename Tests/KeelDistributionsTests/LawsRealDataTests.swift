import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
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

  /// Four coins of which one begins later, from autumn 2020 to the end of 2021.
  @Test func lawsOfCoinsFitTheirPortfolios() throws {
    let symbols = ["BTC", "ETH", "LINK", "AAVE"]
    let rows = try #require(try Reference.realRows("crypto_usd_daily.csv.gz"))
    var prices: [String: [String: Double]] = [:]
    for row in rows {
      guard let date = row["date"], date >= "2020-09-01", date < "2022-01-01",
        let symbol = row["symbol"], symbols.contains(symbol),
        let price = row["close"].flatMap(Double.init), price > 0
      else { continue }
      prices[date, default: [:]][symbol] = price
    }
    let dates = prices.keys.sorted()
    let count = dates.count - 1
    try #require(count > 400)
    var sample = try Matrix(rowCount: count, columnCount: 4)
    var observed = [Bool](repeating: false, count: 4 * count)
    for i in 0..<count {
      for (j, symbol) in symbols.enumerated() {
        if let new = prices[dates[i + 1]]?[symbol], let old = prices[dates[i]]?[symbol] {
          sample[i, j] = new / old - 1
          observed[i + j * count] = true
        }
      }
    }
    #expect(observed.contains(false))
    let universe = try Universe(symbols.map { AssetID($0) })
    let student = try MultivariateStudentT.unlabeledFit(sample, observed: observed)
    let skewed = try MultivariateHyperbolicSkewedT.unlabeledFit(sample, observed: observed)
    var settings = MultivariateGeneralizedHyperbolic.FitSettings()
    settings.order = -0.5
    let inverse = try MultivariateGeneralizedHyperbolic.unlabeledFit(
      sample, observed: observed, settings: settings)
    #expect(skewed.status == .converged && inverse.status == .converged)
    // Four parameters more cannot be less likely.
    #expect(skewed.logLikelihood >= student.logLikelihood - 1e-6)
    let weights = try Weights(universe: universe, values: [0.4, 0.3, 0.2, 0.1])
    let complete = (0..<count).filter { i in (0..<4).allSatisfy { observed[i + $0 * count] } }
    let losses = complete.map { i in
      -(0..<4).reduce(0.0) { $0 + weights.values[$1] * sample[i, $1] }
    }
    for law in [
      try skewed.law(universe).portfolioLaw(weights),
      try inverse.law(universe).portfolioLaw(weights),
    ] as [any ContinuousDistribution] {
      let risk = law.valueAtRisk(confidence: 0.95)
      let share = Double(losses.count { $0 > risk }) / Double(losses.count)
      expectClose(share, 0.05, absolute: 0.025)
      #expect(law.expectedShortfall(confidence: 0.95) > risk)
    }
  }
}
