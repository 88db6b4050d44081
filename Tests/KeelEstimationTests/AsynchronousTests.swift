import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

private func ticks(_ name: String, _ seconds: [Int], _ prices: [Double]) throws -> TickSeries {
  try TickSeries(
    asset: AssetID(name),
    times: seconds.map { Timestamp(nanosecondsSinceEpoch: Int64($0) * 1_000_000_000) },
    prices: prices)
}

/// Two correlated walks over seconds, each seen at its own random times.
private func walks(
  _ length: Int,
  correlation: Double,
  seed: UInt64
) throws -> (series: [TickSeries], deviation: Double) {
  var generator = SeededGenerator(seed: seed)
  let deviation = 0.0005
  var (a, b) = (0.0, 0.0)
  var (first, second) = (([Int](), [Double]()), ([Int](), [Double]()))
  let rest = (1 - correlation * correlation).squareRoot()
  for t in 0..<length {
    let x = generator.gaussian()
    a += deviation * x
    b += deviation * (correlation * x + rest * generator.gaussian())
    let isEnd = t == 0 || t == length - 1
    if isEnd || generator.next() % 3 == 0 {
      first.0.append(t)
      first.1.append(100 * exp(a))
    }
    if isEnd || generator.next() % 7 == 0 {
      second.0.append(t)
      second.1.append(50 * exp(b))
    }
  }
  return ([try ticks("A", first.0, first.1), try ticks("B", second.0, second.1)], deviation)
}

@Suite struct AsynchronousTests {
  /// Every pair of intervals that overlap, one by one.
  @Test func equalsTheSumOverAllPairs() throws {
    for seed in 0..<6 {
      let series = try walks(200, correlation: 0.6, seed: UInt64(seed)).series
      let covariance = try HayashiYoshida(periodSeconds: 199).covariance(of: series)
      func seconds(_ series: TickSeries, _ k: Int) -> Int64 {
        series.times[k].nanosecondsSinceEpoch
      }
      for i in 0..<2 {
        for j in 0..<2 {
          var sum = 0.0
          for k in series[i].times.indices.dropFirst() {
            for l in series[j].times.indices.dropFirst() {
              let overlaps =
                max(seconds(series[i], k - 1), seconds(series[j], l - 1))
                < min(seconds(series[i], k), seconds(series[j], l))
              if overlaps {
                sum +=
                  log(series[i].prices[k] / series[i].prices[k - 1])
                  * log(series[j].prices[l] / series[j].prices[l - 1])
              }
            }
          }
          expectClose(covariance.matrix[i, j], sum, absolute: 1e-17)
        }
      }
    }
  }

  @Test func findsTheCorrelationThatAGridLoses() throws {
    #if DEBUG
      let length = 20_000
    #else
      let length = 200_000
    #endif
    let (series, deviation) = try walks(length, correlation: 0.8, seed: 9)
    let covariance = try HayashiYoshida(periodSeconds: 1).covariance(of: series)
    let error = 8 * deviation * deviation / Double(length / 7).squareRoot()
    expectClose(covariance.matrix[0, 0], deviation * deviation, absolute: error)
    expectClose(covariance.matrix[0, 1], 0.8 * deviation * deviation, absolute: error)
    // Refreshed prices are up to some seconds apart.
    let refreshed = try PriceHistory.refreshed(series).logReturns()
    var (product, one, two) = (0.0, 0.0, 0.0)
    for t in 0..<refreshed.observationCount {
      let (x, y) = (refreshed.values[t, 0], refreshed.values[t, 1])
      product += x * y
      one += x * x
      two += y * y
    }
    let correlation = product / (one * two).squareRoot()
    #expect(correlation < 0.78 && correlation > 0.5)
  }

  @Test func refreshTimes() throws {
    let history = try PriceHistory.refreshed([
      ticks("A", [1, 2, 3, 8, 9], [10, 11, 12, 13, 14]), ticks("B", [3, 4, 7, 12], [1, 2, 3, 4]),
    ])
    let seconds = history.timestamps.map { $0.nanosecondsSinceEpoch / 1_000_000_000 }
    #expect(seconds == [3, 8, 12])
    #expect(try history.prices(of: "A") == [12, 13, 14])
    #expect(try history.prices(of: "B") == [1, 3, 4])
  }

  /// At equal times all is the realized covariance; the order of the series changes no bit.
  @Test func equalTimes() throws {
    let returns = try randomReturns(60, 3, seed: 4)
    let series = try (0..<3).map { j in
      var price = 100.0
      var prices = [price]
      for t in 0..<60 {
        price *= exp(returns[t, j])
        prices.append(price)
      }
      return try ticks(["C", "A", "B"][j], Array(0...60), prices)
    }
    let covariance = try HayashiYoshida(periodSeconds: 60).covariance(of: series)
    let gram = try returns.gram()
    for i in 0..<3 {
      for j in 0..<3 { expectClose(covariance.matrix[i, j], gram[i, j], absolute: 1e-14) }
    }
    let order = [2, 0, 1]
    let permuted = try HayashiYoshida(periodSeconds: 60).covariance(of: order.map { series[$0] })
    for (i, from) in order.enumerated() {
      for (j, source) in order.enumerated() {
        #expect(permuted.matrix[i, j] == covariance.matrix[from, source])
      }
    }
    #expect(covariance.diagnostics.repairNorm == 0)
  }

  @Test func refusals() throws {
    let a = try ticks("A", [0, 1, 2], [1, 2, 1])
    let late = try ticks("B", [2, 3], [1, 2])
    #expect(
      throws: EstimationError.tooFewCommonObservations(left: "A", right: "B", got: 0, required: 1)
    ) { try HayashiYoshida(periodSeconds: 1).covariance(of: [a, late]) }
    #expect(throws: EstimationError.duplicateAsset("A")) {
      try HayashiYoshida(periodSeconds: 1).covariance(of: [a, a])
    }
    #expect(throws: EstimationError.self) {
      try HayashiYoshida(periodSeconds: 1).covariance(of: [])
    }
    #expect(throws: EstimationError.self) { try PriceHistory.refreshed([]) }
    #expect(throws: EstimationError.duplicateAsset("A")) { try PriceHistory.refreshed([a, a]) }
    for period in [0, -1, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try HayashiYoshida(periodSeconds: period).covariance(of: [a])
      }
    }
    for (seconds, prices) in [
      ([0, 1], [1.0]), ([0], [1]), ([1, 1], [1, 2]), ([0, 1], [1, .nan]), ([0, 1], [0, 1]),
    ] { #expect(throws: EstimationError.self) { try ticks("A", seconds, prices) } }
  }
}
