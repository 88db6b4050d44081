import Foundation
import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Returns with names, one column an asset.
struct RealReturns {
  let names: [String]
  let rows: [[Double]]

  /// The lines of a compressed file, split at commas.
  private static func lines(_ name: String) throws -> [[Substring]] {
    let folder = try #require(Reference.realData)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", folder.appendingPathComponent(name).path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",") }
  }

  /// The last weeks of the members of the Dow Jones index.
  static func dowJones(last count: Int) throws -> RealReturns {
    let lines = try lines("returns_dowjones_28_weekly.csv.gz")
    let rows = try lines.dropFirst().map { line in
      try line.dropFirst().map { try #require(Double($0)) }
    }
    return RealReturns(names: lines[0].dropFirst().map { String($0) }, rows: rows.suffix(count))
  }

  /// Weekly returns of the industries of Fama and French.
  static func industries() throws -> RealReturns {
    let lines = try lines("returns_ff_industries_49_weekly.csv.gz")
    let rows = try lines.dropFirst().map { line in
      try line.dropFirst().map { try #require(Double($0)) }
    }
    return RealReturns(names: lines[0].dropFirst().map { String($0) }, rows: rows)
  }

  /// Daily returns of twenty shares, 1990 to 2022.
  static func shares() throws -> RealReturns {
    let lines = try lines("equities_sp500_20_daily.csv.gz")
    let prices = try lines.dropFirst().map { line in
      try line.dropFirst().map { try #require(Double($0)) }
    }
    return RealReturns(
      names: lines[0].dropFirst().map { String($0) },
      rows: zip(prices.dropFirst(), prices).map { now, before in
        zip(now, before).map { $0 / $1 - 1 }
      })
  }

  /// A window of the rows.
  func window(_ range: Range<Int>) -> RealReturns {
    RealReturns(names: names, rows: Array(rows[range]))
  }

  /// Daily returns of the crypto-assets that are traded on every day of a window.
  static func crypto(_ days: ClosedRange<String>) throws -> RealReturns {
    var closes: [String: [String: Double]] = [:]
    for line in try lines("crypto_spot_daily.csv.gz").dropFirst()
    where days.contains(String(line[0])) {
      closes[String(line[1]), default: [:]][String(line[0])] = Double(line[5]) ?? .nan
    }
    let dates = Set(closes.values.flatMap(\.keys)).sorted()
    let names = closes.keys.filter { closes[$0]?.count == dates.count }.sorted()
    let prices = try dates.map { date in
      try names.map { try #require(closes[$0]?[date]) }
    }
    return RealReturns(
      names: names,
      rows: zip(prices.dropFirst(), prices).map { now, before in
        zip(now, before).map { $0 / $1 - 1 }
      })
  }

  var universe: Universe { get throws { try Universe(names.map { AssetID($0) }) } }

  var scenarios: ScenarioSet {
    get throws { try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows)) }
  }

  var mean: ExpectedReturns {
    get throws {
      try ExpectedReturns(
        universe: universe,
        values: names.indices.map { j in rows.reduce(0) { $0 + $1[j] } / Double(rows.count) })
    }
  }

  var covariance: Covariance {
    get throws {
      let mean = try mean.values
      var matrix = try SymmetricMatrix(order: names.count)
      for i in names.indices {
        for j in 0...i {
          matrix[i, j] =
            rows.reduce(0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / Double(rows.count - 1)
        }
      }
      return try Covariance(universe: universe, dense: matrix)
    }
  }
}

/// Checks weights against constraints by their definition.
private func expectSatisfied(
  _ weights: Weights, _ constraints: PortfolioConstraints, _ bounds: ClosedRange<Double>
) {
  let rounding = 1e-12
  expectClose(weights.total, constraints.budget, absolute: rounding)
  for weight in weights.values {
    #expect(weight >= bounds.lowerBound - rounding && weight <= bounds.upperBound + rounding)
  }
  for row in constraints.linear {
    let value = row.coefficients.reduce(0) { $0 + $1.value * (weights[$1.key] ?? .nan) }
    #expect(value >= row.lower - rounding && value <= row.upper + rounding, "\(row.name)")
  }
  for limit in constraints.absolute {
    var value = 0.0
    for (i, weight) in weights.values.enumerated() {
      value += (weight - (limit.reference?.values[i] ?? 0)).magnitude
    }
    #expect(value <= limit.limit + rounding, "\(limit.name)")
  }
}

/// Portfolios on weekly returns of shares and daily returns of crypto-assets, among them assets that
/// begin and end; skipped where the folder of real data is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct PortfolioRealDataTests {
  private static let windows = [
    // Fifteen assets in a bull market; ten while one falls to nothing beside them; eleven at the end.
    "2020-10-01"..."2021-09-29", "2022-01-01"..."2022-12-31", "2024-01-01"..."2025-12-31",
  ]

  private func expectFrontier(
    _ data: RealReturns, _ constraints: PortfolioConstraints, _ bounds: ClosedRange<Double>
  ) throws {
    let (mean, covariance) = (try data.mean, try data.covariance)
    let curve = try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
    #expect(curve.corners.count > 2)
    for corner in curve.corners {
      #expect(corner.residual <= 1e-11)
      expectSatisfied(corner.point.weights, constraints, bounds)
    }
    for point in curve.corners.map(\.point) + (try curve.sampled(count: 11)) {
      let solution = try curve.certified(point)
      #expect(solution.status == .optimal)
    }
    for point in try curve.sampled(count: 4) where point.riskTolerance > 0 {
      let t = point.riskTolerance
      let other = try MaximumUtility(riskAversion: 1 / t, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      let utility = point.expectedReturn - point.variance / (2 * t)
      let size = point.expectedReturn.magnitude + point.variance / (2 * t)
      expectClose(utility, -other.certificate.primalObjective, absolute: 1e-9 * size)
    }
  }

  /// Twenty weeks are fewer than the assets: the covariance has no inverse.
  @Test(arguments: [20, 104, 520]) func frontierOfShares(weeks: Int) throws {
    let data = try RealReturns.dowJones(last: weeks)
    let universe = try data.universe
    let count = Double(universe.count)
    let equal = try Weights(universe: universe, values: universe.assets.map { _ in 1 / count })
    let groups: [LinearConstraint] = [
      .group("first", Set(universe.assets.prefix(9)), total: 0.2...0.4),
      .group("second", Set(universe.assets.dropFirst(6).prefix(10)), total: 0.1...0.5),
      .group("last", Set(universe.assets.suffix(8)), total: 0.1...0.3),
    ]
    try expectFrontier(
      data,
      PortfolioConstraints(
        bounds: .uniform(0...0.2), linear: groups, absolute: [.turnover(from: equal, limit: 0.8)]),
      0...0.2)
    try expectFrontier(
      data,
      PortfolioConstraints(
        bounds: .uniform(-0.05...0.2), linear: groups,
        absolute: [.turnover(from: equal, limit: 1.1), .gross(limit: 1.2)]), -0.05...0.2)
  }

  @Test(arguments: windows) func frontierOfCrypto(days: ClosedRange<String>) throws {
    let data = try RealReturns.crypto(days)
    let universe = try data.universe
    let count = Double(universe.count)
    let equal = try Weights(universe: universe, values: universe.assets.map { _ in 1 / count })
    try expectFrontier(
      data,
      PortfolioConstraints(
        bounds: .uniform(0...0.35), linear: [.group("large", ["BTC", "ETH"], total: 0.2...0.5)],
        absolute: [.turnover(from: equal, limit: 0.9)]), 0...0.35)
  }

  @Test(arguments: [52, 260]) func shortfallOfShares(weeks: Int) throws {
    let data = try RealReturns.dowJones(last: weeks)
    let (universe, scenarios) = (try data.universe, try data.scenarios)
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.25),
      linear: [.group("first", Set(universe.assets.prefix(9)), total: 0.1...0.4)])
    for confidence in [0.9, 0.975] {
      let choice = MinimumExpectedShortfall(confidence: confidence, constraints: constraints)
      let least = try choice.weights(scenarios: scenarios)
      #expect(least.certificate.holds(Certificate.optimalTolerances))
      expectSatisfied(least.value.weights, constraints, 0...0.25)
      expectClose(
        least.value.expectedShortfall, shortfall(least.value.weights, data, confidence),
        relative: 1e-10)
      let best = try MaximumReturnOverExpectedShortfall(
        confidence: confidence, riskFreeRate: 0, constraints: constraints
      ).weights(scenarios: scenarios)
      #expect(best.certificate.holds(Certificate.optimalTolerances))
      expectSatisfied(best.value.weights, constraints, 0...0.25)
      let ratio = best.value.expectedReturn / best.value.expectedShortfall
      let equal = try Weights(
        universe: universe, values: universe.assets.map { _ in 1 / Double(universe.count) })
      let mean = try data.mean.values.reduce(0, +) / Double(universe.count)
      #expect(best.value.expectedShortfall >= least.value.expectedShortfall * (1 - 1e-9))
      #expect(ratio >= least.value.expectedReturn / least.value.expectedShortfall - 1e-12)
      // Equal weights satisfy the constraints, too.
      #expect(ratio >= mean / shortfall(equal, data, confidence) - 1e-12)
      #expect(least.value.expectedShortfall <= shortfall(equal, data, confidence) + 1e-12)
    }
  }

  /// The mean of the worst losses, from its definition.
  private func shortfall(_ weights: Weights, _ data: RealReturns, _ confidence: Double) -> Double {
    let losses = data.rows.map { row in -zip(row, weights.values).reduce(0) { $0 + $1.0 * $1.1 } }
      .sorted(by: >)
    var rest = (1 - confidence) * Double(losses.count)
    var sum = 0.0
    for loss in losses where rest > 0 {
      sum += min(rest, 1) * loss
      rest -= 1
    }
    return sum / ((1 - confidence) * Double(losses.count))
  }

  @Test(arguments: windows) func everyPortfolioOfCrypto(days: ClosedRange<String>) throws {
    let data = try RealReturns.crypto(days)
    let (universe, mean, covariance) = (try data.universe, try data.mean, try data.covariance)
    #expect(universe.count >= 10)
    let count = Double(universe.count)
    let equal = try Weights(universe: universe, values: universe.assets.map { _ in 1 / count })
    let constraints = PortfolioConstraints(
      bounds: .uniform(0...0.35), linear: [.group("large", ["BTC", "ETH"], total: 0.2...0.6)])
    let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    let volatility = (2 * least.certificate.primalObjective).squareRoot()
    let low = zip(least.value.values, mean.values).reduce(0) { $0 + $1.0 * $1.1 }
    let curve = try EfficientFrontier(constraints: constraints)
      .curve(expectedReturns: mean, covariance: covariance)
    expectClose(curve.minimumVariance.volatility, volatility, relative: 1e-9)

    let target = (low + curve.maximumReturn.expectedReturn) / 2
    let wanted = try TargetReturn(target, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(wanted.certificate.holds(Certificate.optimalTolerances))
    expectSatisfied(wanted.value, constraints, 0...0.35)
    let deviation = (2 * wanted.certificate.primalObjective).squareRoot()
    expectClose(try curve.portfolio(atReturn: target).volatility, deviation, relative: 1e-9)

    let most = try TargetRisk(volatility: deviation, constraints: constraints)
      .weights(expectedReturns: mean, covariance: covariance)
    #expect(most.certificate.holds(Certificate.optimalTolerances))
    expectSatisfied(most.value.weights, constraints, 0...0.35)
    expectClose(most.value.expectedReturn, target, relative: 1e-7)

    var turnover = constraints
    turnover.absolute = [.turnover(from: equal, limit: 0.2)]
    let near = try TrackingError(to: equal, constraints: turnover).weights(covariance: covariance)
    #expect(near.certificate.holds(Certificate.optimalTolerances))
    expectSatisfied(near.value, turnover, 0...0.35)

    let diverse = try MaximumDiversification(constraints: constraints)
      .weights(covariance: covariance)
    #expect(diverse.certificate.holds(Certificate.optimalTolerances))
    expectSatisfied(diverse.value, constraints, 0...0.35)
    let ratio = try MaximumDiversification.ratio(of: diverse.value, covariance: covariance)
    for other in [least.value, wanted.value] {
      #expect(try MaximumDiversification.ratio(of: other, covariance: covariance) <= ratio + 1e-10)
    }

    let budgeted = try ConstrainedRiskBudgeting(constraints: constraints)
      .weights(covariance: covariance)
    #expect(budgeted.certificate.holds(Certificate.optimalTolerances))
    expectSatisfied(budgeted.value.weights, constraints, 0...0.35)
    expectClose(budgeted.value.contributions.shares.reduce(0, +), 1, relative: 1e-10)
    #expect(budgeted.value.contributions.total >= volatility * (1 - 1e-9))
  }
}
