import KeelData
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct CorrelationPathTests {
  private struct Case: Decodable {
    struct Point: Decodable {
      var share, volatility, valueAtRisk, expectedShortfall: Double
      var contributions: [Double]
      var covariance: [[Double]]
    }
    var covariance: [[Double]]
    var weights: [Double]
    var volatilityFactor: Double
    var points: [Point]
  }
  private struct File: Decodable { var paths: [Case] }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "stress_paths").paths {
      let universe = try Universe(reference.weights.indices.map { AssetID("A\($0)") })
      let covariance = try Covariance(
        universe: universe, dense: SymmetricMatrix(rows: reference.covariance),
        definiteness: .byConstruction)
      let path = try CorrelationPath(
        weights: Weights(universe: universe, values: reference.weights), covariance: covariance,
        shares: reference.points.map(\.share), volatilityFactor: reference.volatilityFactor)
      #expect(path.universe == universe && path.points.count == reference.points.count)
      for (place, (point, expected)) in zip(path.points, reference.points).enumerated() {
        expectClose(point.volatility, expected.volatility, relative: 1e-13)
        expectClose(point.contributions.reduce(0, +), point.volatility, relative: 1e-12)
        for (part, value) in zip(point.contributions, expected.contributions) {
          expectClose(part, value, absolute: 1e-13 * expected.volatility)
        }
        let tail = try path.normalTail(at: place, tailProbability: 0.01)
        expectClose(tail.valueAtRisk, expected.valueAtRisk, relative: 1e-13)
        expectClose(tail.expectedShortfall, expected.expectedShortfall, relative: 1e-13)
        let moved = try path.covariance(at: point.share)
        #expect(moved.definiteness == .byConstruction)
        for (i, row) in expected.covariance.enumerated() {
          for (j, value) in row.enumerated() {
            expectClose(moved.matrix[i, j], value, relative: 1e-14)
          }
        }
      }
    }
  }

  /// A factor model gives the same as its matrix, along the path and in a linear reverse stress.
  @Test func factorModelsEqualTheirMatrices() throws {
    let universe = try Universe(["BTC", "ETH", "SOL"])
    let factor = try Covariance(
      universe: universe,
      factor: FactorCovariance(
        loadings: Matrix(rows: [[1, 0.2], [1.3, -0.4], [1.7, 0.9]]),
        factorCovariance: SymmetricMatrix(rows: [[0.002, 0.0003], [0.0003, 0.001]]),
        specificVariances: [0.0002, 0.0005, 0.001]))
    let dense = try Covariance(universe: universe, dense: factor.matrix)
    let weights = try Weights(universe: universe, values: [2, -1, 0.5])
    let found = try CorrelationPath(weights: weights, covariance: factor, shares: [0, 0.4, 1])
    let expected = try CorrelationPath(weights: weights, covariance: dense, shares: [0, 0.4, 1])
    for (point, other) in zip(found.points, expected.points) {
      expectClose(point.volatility, other.volatility, relative: 1e-13)
    }
    let moves = try ReverseStress.linear(loss: 1, exposures: weights, covariance: factor)
    let others = try ReverseStress.linear(loss: 1, exposures: weights, covariance: dense)
    expectClose(moves.distance, others.distance, relative: 1e-13)
    for (move, other) in zip(moves.moves.values, others.moves.values) {
      expectClose(move, other, relative: 1e-12)
    }
  }

  /// A spread is safest when everything moves as one: the worst point is where it begins.
  @Test func spreadsAreWorstWhereTheyBegin() throws {
    let universe = try Universe(["BTC", "ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.04, 0.02], [0.02, 0.04]]))
    let spread = try CorrelationPath(
      weights: Weights(universe: universe, values: [1, -1]), covariance: covariance,
      shares: [0, 0.5, 1])
    #expect(spread.worstPlace == 0 && spread.points[2].volatility == 0)
    #expect(spread.points[2].contributions == [0, 0])
    let long = try CorrelationPath(
      weights: Weights(universe: universe, values: [0.5, 0.5]), covariance: covariance,
      shares: [0, 0.5, 1])
    #expect(long.worstPlace == 2)
    expectClose(long.points[2].volatility, 0.2, relative: 1e-15)
  }

  @Test func badPathsAreRefused() throws {
    let universe = try Universe(["BTC", "ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.04, 0.02], [0.02, 0.04]]))
    let weights = try Weights(universe: universe, values: [1, 1])
    for share in [-0.1, 1.1, Double.nan] {
      #expect(throws: RiskError.self) {
        try CorrelationPath(weights: weights, covariance: covariance, shares: [share])
      }
      #expect(throws: RiskError.self) {
        try CorrelationPath(weights: weights, covariance: covariance, shares: [0])
          .covariance(at: share)
      }
    }
    for factor in [0, -1, Double.nan, .infinity] {
      #expect(throws: RiskError.self) {
        try CorrelationPath(
          weights: weights, covariance: covariance, shares: [0], volatilityFactor: factor)
      }
    }
    #expect(throws: RiskError.shapeMismatch(argument: "shares", got: 0, required: 1)) {
      try CorrelationPath(weights: weights, covariance: covariance, shares: [])
    }
    let other = try Weights(universe: Universe(["ETH", "BTC"]), values: [1, 1])
    #expect(throws: RiskError.self) {
      try CorrelationPath(weights: other, covariance: covariance, shares: [0])
    }
  }

  /// The mean beyond a quantile z is z + 1/(z + 2/(z + 3/(z + …))) (Laplace's continued fraction), down to subnormal
  /// tails.
  @Test(arguments: [1e-6, 1e-100, 1e-300, 0x1p-1063, 0x1p-1074])
  func normalTailsKeepTheirDigits(tail: Double) throws {
    let universe = try Universe(["BTC"])
    let path = try CorrelationPath(
      weights: Weights(universe: universe, values: [1]),
      covariance: Covariance(universe: universe, dense: SymmetricMatrix(rows: [[1]])), shares: [0])
    let found = try path.normalTail(at: 0, tailProbability: tail)
    let z = found.valueAtRisk
    let fraction = (1...200).reversed().reduce(z) { z + Double($1) / $0 }
    expectClose(found.expectedShortfall, fraction, relative: 1e-15)
    for place in [-1, 1] {
      #expect(
        throws: RiskError.invalidValue(
          argument: "place", got: Double(place), lowest: 0, highest: 0)
      ) { try path.normalTail(at: place, tailProbability: 0.01) }
    }
  }
}
