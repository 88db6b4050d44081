import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// Runs on real prices in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct CovarianceRealDataTests {
  #if DEBUG
    /// The assets of slow estimates.
    private static let assetCount = 5
  #else
    private static let assetCount = 20
  #endif

  private func rows(_ name: String) throws -> [[String: String]] {
    try #require(try Reference.realRows(name))
  }

  /// 20 stocks of which most were listed late, and the last rows of a debug run.
  private func stocks() throws -> PriceHistory {
    let table = try rows("equities_ragged_20_daily.csv.gz")
    #if DEBUG
      let body = table.suffix(1200)
    #else
      let body = table.suffix(7126)
    #endif
    let names = table[0].keys.filter { $0 != "date" }.sorted()
    var availability: [Availability] = []
    var columns: [[Double]] = []
    for name in names {
      var hasTraded = false
      var column: [Double] = []
      for row in body {
        let price = row[name].flatMap { Double($0) }
        hasTraded = hasTraded || price != nil
        column.append(price ?? 0)
        availability.append(price != nil ? .value : hasTraded ? .noTrade : .notListed)
      }
      columns.append(column)
    }
    return try PriceHistory(
      universe: Universe(names.map { AssetID($0) }),
      timestamps: body.map { try Timestamp(parsing: $0["date"] ?? "") },
      prices: Matrix(columns: columns), availability: availability)
  }

  /// 15 coins; four captures end early, which is no delisting.
  private func coins() throws -> PriceHistory {
    var prices: [AssetID: [Timestamp: Double]] = [:]
    for row in try rows("crypto_spot_daily.csv.gz") {
      let time = try Timestamp(parsing: row["date"] ?? "")
      prices[AssetID(row["symbol"] ?? ""), default: [:]][time] = Double(row["close"] ?? "")
    }
    let names = prices.keys.sorted()
    let times = Set(prices.values.flatMap(\.keys)).sorted()
    return try PriceHistory(
      universe: Universe(names), timestamps: times,
      prices: Matrix(columns: names.map { name in times.map { prices[name]?[$0] ?? 0 } }),
      availability: names.flatMap { name -> [Availability] in
        let first = prices[name]?.keys.min() ?? .distantFuture
        return times.map { time -> Availability in
          prices[name]?[time] != nil ? .value : time < first ? .notListed : .noTrade
        }
      })
  }

  private func expectSemidefinite(_ covariance: Covariance, _ name: String) throws {
    let values = try SymmetricEigen.values(of: covariance.matrix)
    let n = Double(values.count)
    #expect((values.first ?? -1) >= -n * Double.ulpOfOne * (values.last ?? 0), "\(name)")
    #expect(covariance.standardDeviations.allSatisfy { $0 > 0 && $0.isFinite }, "\(name)")
  }

  @Test func histories() throws {
    for (name, history) in [("stocks", try stocks()), ("coins", try coins())] {
      let returns = try history.incompleteReturns()
      let counts = returns.observationCounts
      #expect((counts.min() ?? 0) < (counts.max() ?? 0))
      let pairwise = try PairwiseCovariance().covariance(from: returns)
      try expectSemidefinite(pairwise, name)
      let recent = try PairwiseCovariance(weighting: .exponential(halfLife: 250)).covariance(
        from: returns)
      try expectSemidefinite(recent, name)
      let selected = try returns.selecting(Array(returns.universe.assets.prefix(Self.assetCount)))
      let estimate = try GapMoments(tolerance: 1e-8).estimate(from: selected)
      #expect(estimate.isConverged, "\(name) \(estimate.iterations)")
      try expectSemidefinite(estimate.covariance, name)
      // What is complete is estimated alike by all: the asset with the longest history.
      let longest = try #require(
        (0..<selected.universe.count).max { counts[$0] < counts[$1] })
      expectClose(
        estimate.covariance.matrix[longest, longest] * Double(counts[longest])
          / Double(counts[longest] - 1), pairwise.matrix[longest, longest], relative: 1e-2)
      // Rows in which all have a return.
      let common = try history.simpleReturns(gaps: .commonWindow)
      try expectSemidefinite(LedoitWolf().covariance(from: common), name)
      // Nothing of the future is in an estimate as of a day.
      let day = history.timestamps[history.rowCount - 100]
      let cut = try PairwiseCovariance(repair: .none).covariance(
        from: history.until(day).incompleteReturns())
      let same = try PairwiseCovariance(repair: .none).covariance(from: returns.until(day))
      #expect(cut == same)
    }
  }

  /// The stocks that were listed one after the other: the method of Stambaugh is the maximum of the likelihood.
  @Test func nestedHistories() throws {
    let returns = try stocks().incompleteReturns()
    let nested = try returns.universe.assets.filter { asset in
      do {
        _ = try NestedMoments().moments(from: returns.selecting([asset]))
        return true
      } catch EstimationError.notNested {
        return false
      }
    }
    #expect(nested.count >= 15)
    let part = try returns.selecting(Array(nested.suffix(Self.assetCount)))
    let (means, covariance) = try NestedMoments().moments(from: part)
    let estimate = try GapMoments(tolerance: 1e-11).estimate(from: part)
    #expect(estimate.isConverged)
    for i in part.universe.assets.indices {
      expectClose(
        means.values[i], estimate.expectedReturns.values[i],
        absolute: 1e-8 * covariance.standardDeviations[i])
      for j in part.universe.assets.indices {
        expectClose(
          covariance.matrix[i, j], estimate.covariance.matrix[i, j],
          absolute: 1e-8 * covariance.standardDeviations[i] * covariance.standardDeviations[j])
      }
    }
  }

  /// 49 industries, all of history and fewer rows than industries.
  @Test func industries() throws {
    let table = try rows("returns_ff_industries_49_weekly.csv.gz")
    let names = table[0].keys.filter { $0 != "step" }.sorted()
    let matrix = try Matrix(
      columns: names.map { name in try table.map { try #require(Double($0[name] ?? "")) } })
    let returns = try labeled(matrix, names: names)
    for (name, estimator) in covarianceEstimators {
      for part in [returns, returns.suffix(45)] {
        let isPossible = estimator.minimumObservationCount <= part.observationCount
        do {
          let covariance = try estimator.covariance(from: part)
          #expect(isPossible)
          try expectSemidefinite(covariance, name)
        } catch let error as EstimationError {
          guard case .tooFewObservations = error else { throw error }
        }
      }
    }
    let weekly = try DenoisedCovariance().covariance(from: returns)
    let sample = try SampleCovariance().covariance(from: returns)
    for i in names.indices {
      expectClose(weekly.matrix[i, i], sample.matrix[i, i], relative: 1e-12)
    }
    guard
      case .factor(let parts) = try PrincipalFactors(
        count: .informationCriterion2(maximum: 15)
      ).covariance(from: returns).form
    else { return }
    #expect((1...15).contains(parts.loadings.columnCount))
  }
}
