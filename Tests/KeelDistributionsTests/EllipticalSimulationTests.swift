import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct EllipticalSimulationTests {
  static let universe = try? Universe(["BTC", "ETH", "SOL", "USD"].map { AssetID($0) })

  /// Four assets, the last one without risk when asked.
  static func law(_ degrees: Double, constant: Bool = false) throws -> MultivariateStudentT {
    let universe = try #require(universe)
    let volatilities = [0.03, 0.04, 0.06, constant ? 0 : 0.001]
    var matrix = try SymmetricMatrix(order: 4)
    for i in 0..<4 {
      for j in 0...i { matrix[i, j] = volatilities[i] * volatilities[j] * (i == j ? 1 : 0.6) }
    }
    return try MultivariateStudentT(
      expectedReturns: ExpectedReturns(universe: universe, values: [0.001, 0.002, -0.003, 0.0001]),
      covariance: Covariance(universe: universe, dense: matrix), degreesOfFreedom: degrees)
  }

  /// Means, covariances and the tail of a portfolio are those of the law within sampling errors.
  @Test func drawsFollowTheLaw() throws {
    #if DEBUG
      let count = 20_000
    #else
      let count = 500_000
    #endif
    for degrees in [4.5, 12, .infinity] {
      let law = try Self.law(degrees)
      let scenarios = try law.scenarios(count: count, from: RandomStream(seed: 3))
      let x = scenarios.outcomes
      let rows = Double(count)
      let matrix = law.covariance.matrix
      for i in 0..<4 {
        let mean = (0..<count).reduce(0) { $0 + x[$1, i] } / rows
        expectClose(
          mean, law.expectedReturns.values[i], absolute: 4.5 * (matrix[i, i] / rows).squareRoot())
        for j in 0...i {
          let sum = (0..<count).reduce(0) {
            $0 + (x[$1, i] - law.expectedReturns.values[i])
              * (x[$1, j] - law.expectedReturns.values[j])
          }
          let size = (matrix[i, i] * matrix[j, j]).squareRoot()
          // Fourth moments at 4.5 degrees are those of a law with kurtosis 15.
          expectClose(
            sum / rows, matrix[i, j], absolute: 6 * size * (15 / rows).squareRoot(), "\(degrees)")
        }
      }
      let weights = try Weights(universe: law.covariance.universe, values: [0.5, 0.2, 0.2, 0.1])
      let portfolio = try law.portfolioLaw(weights)
      for level in [0.01, 0.2, 0.5, 0.95] {
        let limit = portfolio.quantile(level)
        let below = (0..<count).filter { row in
          let value = (0..<4).reduce(0.0) { $0 + weights.values[$1] * x[row, $1] }
          return value <= limit
        }.count
        expectClose(
          Double(below) / rows, level, absolute: 4.5 * (level * (1 - level) / rows).squareRoot(),
          "\(degrees) \(level)")
      }
    }
  }

  /// A prefix, any number of threads, and the same stream again give the same bits.
  @Test func sameBitsOnAnyThreads() throws {
    let law = try Self.law(3)
    let stream = RandomStream(seed: 5, stream: 2)
    let whole = try law.scenarios(count: 9000, from: stream)
    for width in [1, 2, 7] {
      #expect(try law.scenarios(count: 9000, from: stream, on: BoundedPool(width: width)) == whole)
    }
    let part = try law.scenarios(count: 4096, from: stream)
    for i in stride(from: 0, to: 4096, by: 37) {
      for j in 0..<4 { #expect(part.outcomes[i, j] == whole.outcomes[i, j]) }
    }
    #expect(
      try law.scenarios(count: 100, from: RandomStream(seed: 5))
        != law.scenarios(count: 100, from: stream))
  }

  @Test func assetsWithoutRisk() throws {
    let law = try Self.law(5, constant: true)
    let scenarios = try law.scenarios(count: 50, from: RandomStream(seed: 1))
    #expect((0..<50).allSatisfy { scenarios.outcomes[$0, 3] == 0.0001 })
    let normal = try MultivariateNormal(
      expectedReturns: law.expectedReturns, covariance: law.covariance)
    #expect(try normal.scenarios(count: 50, from: RandomStream(seed: 1)).scenarioCount == 50)
  }

  @Test func refusesCounts() throws {
    let nobody = try Universe([])
    let empty = try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: nobody, values: []),
      covariance: Covariance(universe: nobody, dense: SymmetricMatrix(order: 0)))
    #expect(try empty.scenarios(count: 3, from: RandomStream(seed: 1)).scenarioCount == 3)
    let law = try Self.law(5)
    for count in [0, -1, Int.max, 1 << 31] {
      #expect(throws: DistributionsError.self) {
        try law.scenarios(count: count, from: RandomStream(seed: 1))
      }
    }
  }

  // MARK: Mean-variance mixtures

  static func hyperbolic(_ order: Double, _ concentration: Double) throws
    -> MultivariateGeneralizedHyperbolic
  {
    let base = try law(5)
    return try MultivariateGeneralizedHyperbolic(
      universe: base.covariance.universe, location: base.expectedReturns.values,
      drift: [-0.01, 0, -0.02, 0.0005], dispersion: base.covariance.matrix, order: order,
      concentration: concentration)
  }

  static func skewedT(_ degrees: Double) throws -> MultivariateHyperbolicSkewedT {
    let base = try law(5)
    return try MultivariateHyperbolicSkewedT(
      universe: base.covariance.universe, location: base.expectedReturns.values,
      drift: [-0.01, 0, -0.02, 0.0005], dispersion: base.covariance.matrix,
      degreesOfFreedom: degrees)
  }

  /// The share of paths below quantiles of a portfolio's law, within sampling errors.
  private func expectLaw(
    _ law: some ContinuousDistribution, _ weights: Weights, _ scenarios: ScenarioSet, _ name: String
  ) {
    let rows = Double(scenarios.scenarioCount)
    let values = (0..<scenarios.scenarioCount).map { row in
      (0..<4).reduce(0.0) { $0 + weights.values[$1] * scenarios.outcomes[row, $1] }
    }
    for level in [0.003, 0.05, 0.3, 0.5, 0.8, 0.99] {
      let limit = law.quantile(level)
      let share = Double(values.filter { $0 <= limit }.count) / rows
      expectClose(
        share, level, absolute: 4.5 * (level * (1 - level) / rows).squareRoot(), "\(name) \(level)")
    }
  }

  @Test func drawsOfMixturesFollowTheirLaw() throws {
    #if DEBUG
      let count = 8000
    #else
      let count = 300_000
    #endif
    let weights = try Weights(
      universe: #require(Self.universe), values: [0.5, -0.2, 0.6, 0.1])
    for (order, concentration) in [
      (-0.5, 0.5), (1, 1e-3), (0, 0.3), (-3, 0.01), (4, 2), (0.3, 60), (-20, 5), (0, 1e-6),
    ] {
      let law = try Self.hyperbolic(order, concentration)
      expectLaw(
        try law.portfolioLaw(weights), weights,
        try law.scenarios(count: count, from: RandomStream(seed: 8)), "\(order) \(concentration)")
    }
    for degrees in [2.1, 4, 15] {
      let law = try Self.skewedT(degrees)
      expectLaw(
        try law.portfolioLaw(weights), weights,
        try law.scenarios(count: count, from: RandomStream(seed: 8)), "\(degrees)")
    }
  }

  // MARK: Splits

  /// A hash of the bits of paths in their order (FNV-1a).
  private func hash(_ parts: [ScenarioSet]) -> UInt64 {
    var result: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in parts {
      for i in 0..<part.scenarioCount {
        for j in 0..<part.universe.count {
          result = (result ^ part.outcomes[i, j].bitPattern) &* 0x100_0000_01b3
        }
      }
    }
    return result
  }

  /// One hash of all paths for 1, 2 and 7 threads and for any split at blocks of 4096 paths.
  @Test func sameHashForAnyThreadsAndSplits() throws {
    #if DEBUG
      let blocks = 3
    #else
      let blocks = 244
    #endif
    // In release 10⁶ paths.
    let count = blocks * 4096 + 576
    let stream = RandomStream(seed: 11, stream: 3)
    let normal = try MultivariateNormal(
      expectedReturns: Self.law(5).expectedReturns, covariance: Self.law(5).covariance)
    let (student, hyperbolic, skewed) = (
      try Self.law(4), try Self.hyperbolic(-0.5, 0.4), try Self.skewedT(5)
    )
    typealias Draw = (Range<Int>, BoundedPool?) throws -> ScenarioSet
    let draws: [(String, Draw)] = [
      ("normal", { try normal.scenarios(paths: $0, from: stream, on: $1) }),
      ("student", { try student.scenarios(paths: $0, from: stream, on: $1) }),
      ("hyperbolic", { try hyperbolic.scenarios(paths: $0, from: stream, on: $1) }),
      ("skewed", { try skewed.scenarios(paths: $0, from: stream, on: $1) }),
    ]
    var seen: Set<UInt64> = []
    for (name, draw) in draws {
      let whole = hash([try draw(0..<count, nil)])
      for width in [2, 7] {
        #expect(hash([try draw(0..<count, BoundedPool(width: width))]) == whole, "\(name) \(width)")
      }
      for cuts in [[1], [2], [1, 2], [blocks]] {
        let places = [0] + cuts.map { $0 * 4096 } + [count]
        for width in [1, 2, 7] {
          let parts = try zip(places, places.dropFirst()).map {
            try draw($0..<$1, BoundedPool(width: width))
          }
          #expect(hash(parts) == whole, "\(name) \(cuts) \(width)")
        }
      }
      seen.insert(whole)
    }
    #expect(seen.count == draws.count)
    #expect(
      hash([try student.scenarios(count: count, from: stream)])
        == hash([try student.scenarios(paths: 0..<count, from: stream)]))
    for paths in [1024..<5000, -4096..<3, 4096..<4096, 1..<2] {
      #expect(throws: DistributionsError.self) {
        try student.scenarios(paths: paths, from: stream)
      }
    }
  }
}
