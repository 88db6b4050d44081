import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded problems with limits on distances whose optima are degenerate or not unique.
struct HardMarket {
  let mean: ExpectedReturns
  let covariance: Covariance
  let constraints: PortfolioConstraints

  /// Few different means, variances and correlations, and limits that are met exactly.
  static func ties(seed: Int) throws -> HardMarket {
    let (mean, rows) = tiedMoments(seed: seed)
    let count = mean.count
    let universe = try Market.universe(count)
    let half = Set(universe.assets.prefix(count / 2))
    let isShort = seed % 3 == 0
    return HardMarket(
      mean: try Market.returns(mean), covariance: try Market.covariance(rows),
      constraints: PortfolioConstraints(
        bounds: .uniform((isShort ? -0.25 : 0)...0.5),
        linear: [.group("half", half, total: 0.25...0.5), .group("again", half, total: 0...0.5)],
        absolute: [.turnover(from: try equal(universe), limit: [0, 0.5, 1][seed % 3])]
          + (isShort ? [.gross(limit: 1.5)] : [])))
  }

  /// More assets than observations.
  static func fewObservations(seed: Int) throws -> HardMarket {
    let (mean, rows) = sampleMoments(seed: seed)
    let count = mean.count
    let universe = try Market.universe(count)
    return HardMarket(
      mean: try Market.returns(mean), covariance: try Market.covariance(rows),
      constraints: PortfolioConstraints(
        bounds: .uniform(-0.1...0.4),
        linear: [.group("few", ["A0", "A1", "A2"], total: 0.1...0.3)],
        absolute: [.turnover(from: try equal(universe), limit: 1), .gross(limit: 1.2)]))
  }

  /// Few different means, variances and correlations.
  static func tiedMoments(seed: Int) -> (mean: [Double], covariance: [[Double]]) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 4 + seed % 17
    let mean = (0..<count).map { _ in Double(generator.next() % 3) * 0.01 }
    let kind = (0..<count).map { _ in Int(generator.next() % 3) }
    let loading = [1.0, 0.5, 0.0]
    let specific = seed % 2 == 0 ? 0.0 : 0.01
    let rows = (0..<count).map { i in
      (0..<count).map { j in
        0.04 * loading[kind[i]] * loading[kind[j]] + (i == j ? specific : 0)
      }
    }
    return (mean, rows)
  }

  /// Means and covariances of fewer observations than assets.
  static func sampleMoments(seed: Int) -> (mean: [Double], covariance: [[Double]]) {
    var generator = SeededGenerator(seed: UInt64(seed) + 100)
    let count = 10 + seed % 30
    let observations = 2 + seed % 9
    let data = (0..<observations).map { _ in (0..<count).map { _ in 0.01 * generator.gaussian() } }
    let rows = (0..<count).map { i in
      (0..<count).map { j in data.reduce(0) { $0 + $1[i] * $1[j] } / Double(observations) }
    }
    let mean = (0..<count).map { i in data.reduce(0) { $0 + $1[i] } / Double(observations) }
    return (mean, rows)
  }

  static func equal(_ universe: Universe) throws -> Weights {
    let count = universe.count
    return try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
  }

  func curve() throws(AllocationError) -> FrontierCurve {
    try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
  }
}
