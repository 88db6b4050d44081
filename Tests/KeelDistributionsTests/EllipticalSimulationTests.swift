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
}
