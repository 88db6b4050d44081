import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct RiskContributionsTests {
  static func universe(_ count: Int) throws -> Universe {
    try Universe((0..<count).map { AssetID("A\($0)") })
  }

  static func covariance(order: Int, seed: UInt64) throws -> Covariance {
    var generator = SeededGenerator(seed: seed)
    let factor = (0..<order).map { _ in (0..<order).map { _ in generator.gaussian() * 0.02 } }
    var matrix = try SymmetricMatrix(order: order)
    for i in 0..<order {
      for j in 0...i { matrix[i, j] = zip(factor[i], factor[j]).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    return try Covariance(universe: universe(order), dense: matrix)
  }

  @Test func twoAssetsByHand() throws {
    let universe = try Universe(["BTC", "ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.04, 0.03], [0.03, 0.09]]))
    let weights = try Weights(universe: universe, values: [0.5, 0.5])
    let split = try RiskContributions.volatility(weights: weights, covariance: covariance)
    // w'Σw = 0.25·(0.04 + 0.09 + 2·0.03) = 0.0475
    expectClose(split.total, 0.0475.squareRoot(), relative: 1e-15)
    expectClose(split["BTC"] ?? .nan, 0.0175 / 0.0475.squareRoot(), relative: 1e-15)
    expectClose(split["ETH"] ?? .nan, 0.03 / 0.0475.squareRoot(), relative: 1e-15)
    #expect(split["SOL"] == nil)
    expectClose(split.shares.reduce(0, +), 1, relative: 1e-15)
  }

  @Test(arguments: 1...20) func sumAndFiniteDifferences(seed: Int) throws {
    let order = 1 + seed
    let covariance = try Self.covariance(order: order, seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) &+ 100)
    let values = (0..<order).map { _ in generator.uniform(-1...1) }
    let weights = try Weights(universe: covariance.universe, values: values)
    let split = try RiskContributions.volatility(weights: weights, covariance: covariance)
    let magnitude = split.contributions.reduce(0) { $0 + $1.magnitude }
    expectClose(split.contributions.reduce(0, +), split.total, absolute: 1e-12 * magnitude)
    let step = 1e-5
    for i in 0..<order {
      func volatility(_ shift: Double) throws -> Double {
        var moved = values
        moved[i] += shift
        return try RiskContributions.volatility(
          weights: Weights(universe: covariance.universe, values: moved), covariance: covariance
        ).total
      }
      let slope = try (volatility(step) - volatility(-step)) / (2 * step)
      expectClose(split.contributions[i], values[i] * slope, absolute: 1e-8 * split.total)
    }
  }

  @Test(arguments: [1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300])
  func extremeScales(variance: Double) throws {
    let universe = try Self.universe(2)
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(diagonal: [variance, variance]))
    let weights = try Weights(universe: universe, values: [3, 4])
    let split = try RiskContributions.volatility(weights: weights, covariance: covariance)
    expectClose(split.total, 5 * variance.squareRoot(), relative: 1e-14)
    let large = try Weights(universe: universe, values: [1e300, 1e300])
    if variance > 1e100 {
      #expect(throws: DistributionsError.notRepresentable(result: "volatility")) {
        try RiskContributions.volatility(weights: large, covariance: covariance)
      }
    }
  }

  @Test func withoutRisk() throws {
    let universe = try Self.universe(2)
    let flat = try Covariance(universe: universe, dense: SymmetricMatrix(order: 2))
    let weights = try Weights(universe: universe, values: [1, -1])
    let split = try RiskContributions.volatility(weights: weights, covariance: flat)
    #expect(split.total == 0 && split.contributions == [0, 0] && split.shares == [0, 0])
    let hedged = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.1, 0.1], [0.1, 0.1]]))
    #expect(
      try RiskContributions.volatility(weights: weights, covariance: hedged).total == 0)
    let nobody = try Universe([])
    let empty = try RiskContributions.volatility(
      weights: Weights(universe: nobody, values: []),
      covariance: Covariance(universe: nobody, dense: SymmetricMatrix(order: 0)))
    #expect(empty.total == 0)
  }

  @Test func refusals() throws {
    let universe = try Self.universe(3)
    let indefinite = try SymmetricMatrix(rows: [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    let covariance = try Covariance(universe: universe, dense: indefinite)
    let weights = try Weights(universe: universe, values: [1, 1, 1])
    #expect(throws: DistributionsError.negativeVariance(-3)) {
      try RiskContributions.volatility(weights: weights, covariance: covariance)
    }
    let other = try Weights(universe: Universe(["A0", "A2", "A1"]), values: [1, 1, 1])
    #expect(throws: DistributionsError.universeMismatch(position: 1, left: "A2", right: "A1")) {
      try RiskContributions.volatility(weights: other, covariance: covariance)
    }
  }

  // Two assets that cancel but for rounding: quotients by the small volatility overflow on the way.
  @Test func contributionsOfHugeWeightsAreFiniteOrRefused() throws {
    let universe = try Self.universe(2)
    for (variance, correlation) in [(0x1p-1030, -1), (1e-300, -1), (1, -1), (0x1p-1030, 0.5)] {
      let covariance = try Covariance(
        universe: universe,
        dense: SymmetricMatrix(
          rows: [
            [variance, correlation * variance], [correlation * variance, variance],
          ]))
      for size in [1.7e308, 1e300, 1, 1e-300] {
        let weights = try Weights(universe: universe, values: [size, size / 3])
        do throws(DistributionsError) {
          let split = try RiskContributions.volatility(weights: weights, covariance: covariance)
          let isFinite = (split.contributions + split.shares).allSatisfy { $0.isFinite }
          #expect(isFinite, "\(variance) \(size)")
        } catch {
          guard case .notRepresentable = error else { throw error }
        }
      }
    }
  }
}
