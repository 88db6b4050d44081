import Foundation
import KeelEstimation
import KeelTestSupport
import Testing

/// Volatility of real prices in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct VolatilityRealDataTests {
  struct File: Decodable {
    struct Fit: Decodable {
      let name: String
      let series: String
      let recursion: String
      let parameters: [Double]
      let logLikelihood: Double
      let standardErrors: [Double]
    }
    let real: [Fit]
  }

  static func table(_ name: String) throws -> [[Substring]] {
    let folder = try #require(Reference.realData)
    let text = try String(
      contentsOf: folder.appendingPathComponent("quickstart/\(name)"), encoding: .utf8)
    return text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  static func returns(_ table: [[Substring]], _ column: Int) throws -> [Double] {
    let prices = try table.dropFirst().map { try #require(Double($0[column])) }
    return zip(prices.dropFirst(), prices).map { $0 / $1 - 1 }
  }

  @Test func agreesWithArch() throws {
    for item in try Reference.load(File.self, "garch").real {
      let table = try Self.table(item.series)
      let column = try #require(table[0].firstIndex(of: Substring(item.name)))
      let returns = try Self.returns(table, column)
      let model = try GARCH(
        item.recursion == "gjr"
          ? .gjr(shocks: 1, asymmetries: 1, variances: 1) : .garch(shocks: 1, variances: 1))
      let fit = try model.fit(returns)
      // The reference is in per cent.
      let logLikelihood = fit.logLikelihood - Double(returns.count) * log(100)
      #expect(fit.isConverged, "\(item.name)")
      let isSymmetric = item.recursion == "garch"
      let weights = item.parameters[2...]
      let persistence =
        isSymmetric ? weights[2] + weights[3] : weights[2] + 0.5 * weights[3] + weights[4]
      if persistence > 1 {
        // Outside of what the fit allows: it ends at the bound, below the reference.
        #expect(fit.activeBounds == [.unitPersistence], "\(item.name)")
        #expect(logLikelihood <= item.logLikelihood + 1e-9, "\(item.name)")
        #expect(logLikelihood > item.logLikelihood - 2, "\(item.name)")
        continue
      }
      #expect(fit.activeBounds.isEmpty, "\(item.name)")
      expectClose(logLikelihood, item.logLikelihood, relative: 1e-10, item.name)
      let units = [100, 1e4, 1, 1, 1, 1.0]
      let found = GARCHTests.list(fit.model.parameters, model)
      let errors = GARCHTests.list(fit.standardErrors, model)
      for k in found.indices {
        let error = item.standardErrors[k]
        expectClose(found[k] * units[k], item.parameters[k], absolute: 1e-5 * error, item.name)
        expectClose(errors[k] * units[k], error, relative: 1e-5, item.name)
      }
    }
  }

  @Test func everyAssetHasAFit() throws {
    for name in ["crypto_daily_close.csv", "equities_daily_adjclose.csv"] {
      let table = try Self.table(name)
      for column in table[0].indices.dropFirst() {
        let returns = try Self.returns(table, column)
        let fit = try GARCH().fit(returns)
        #expect(fit.isConverged, "\(table[0][column])")
        #expect(fit.conditionalVariances.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(try fit.filter.varianceForecast(horizon: 30).allSatisfy { $0 > 0 })
      }
    }
  }

  @Test func realizedVariancesOfEquities() throws {
    let table = try Self.table("equities_daily_ohlcv.csv")
    let symbols = Set(table.dropFirst().map { $0[1] })
    for symbol in symbols.sorted() {
      let rows = try table.dropFirst().filter { $0[1] == symbol }.map { row in
        try (2..<6).map { try #require(Double(row[$0])) }
      }
      let bars = try PriceBars(
        opens: rows.map { $0[0] }, highs: rows.map { max($0[0], $0[1], $0[3]) },
        lows: rows.map { min($0[0], $0[2], $0[3]) }, closes: rows.map { $0[3] })
      // Windows of a month: those with splits jump between bars, the others agree.
      let full = try RealizedVolatility.yangZhang.rollingVariances(of: bars, window: 22)
      let closes = try RealizedVolatility.closeToClose.rollingVariances(of: bars, window: 22)
      let ratios = zip(full, closes).compactMap { a, b in
        if let a, let b { a / b } else { nil }
      }.sorted()
      let median = ratios[ratios.count / 2]
      #expect(median > 0.7 && median < 1.4, "\(symbol): \(median)")
    }
  }
}
