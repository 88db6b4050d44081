import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// Trees and weights from SciPy.
struct HierarchicalReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Result: Decodable, Sendable {
    let distance: String
    let linkage: String
    let order: [Int]
    let first: [Int]
    let second: [Int]
    let height: [Double]
    let count: [Int]
    let weights: [Double]
  }

  let name: String
  let covariance: [[Double]]
  let relative: Double
  let results: [Result]

  var testDescription: String { name }

  static let cases: [HierarchicalReference] = {
    struct File: Decodable { let cases: [HierarchicalReference] }
    do {
      return try Reference.load(File.self, "hierarchical").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

/// Inputs for tests of trees; names sort as their numbers do.
enum Forest {
  static let linkages: [String: Linkage] = [
    "single": .single, "complete": .complete, "average": .average, "ward": .ward,
  ]
  static let distances: [String: CorrelationDistance] = [
    "direct": .direct, "distance-of-distances": .distanceOfDistances,
  ]

  /// Names that sort as their numbers do.
  static func name(_ number: Int) -> AssetID {
    let digits = String(number)
    return AssetID("A" + String(repeating: "0", count: 4 - digits.count) + digits)
  }

  static func universe(_ count: Int) throws -> Universe { try Universe((0..<count).map(name)) }

  static func covariance(_ matrix: SymmetricMatrix) throws -> Covariance {
    try Covariance(universe: universe(matrix.order), dense: matrix)
  }

  static func covariance(_ rows: [[Double]]) throws -> Covariance {
    try covariance(SymmetricMatrix(rows: rows))
  }

  /// A cluster as SciPy numbers it.
  static func number(_ cluster: Dendrogram.Cluster, of count: Int) -> Int {
    switch cluster {
    case .asset(let asset): Int(asset.rawValue.dropFirst()) ?? -1
    case .merge(let index): count + index
    }
  }

  /// The same covariance with its assets in another order.
  static func permuted(_ covariance: Covariance, _ order: [Int]) throws -> Covariance {
    try Covariance(
      universe: Universe(order.map { covariance.universe.assets[$0] }),
      dense: covariance.matrix.submatrix(at: order))
  }

  /// Every choice of distance, linkage and order.
  static let choices = CorrelationDistance.allCases.flatMap { distance in
    Linkage.allCases.flatMap { linkage in
      LeafOrder.allCases.map {
        HierarchicalRiskParity(distance: distance, linkage: linkage, order: $0)
      }
    }
  }
}

@Suite struct HierarchicalRiskParityTests {
  @Test func referencesArePresent() {
    #expect(HierarchicalReference.cases.count == 10)
    #expect(HierarchicalReference.cases.allSatisfy { $0.results.count == 8 })
  }

  @Test(arguments: HierarchicalReference.cases)
  func matchesReference(_ reference: HierarchicalReference) throws {
    let covariance = try Forest.covariance(reference.covariance)
    let n = covariance.universe.count
    for result in reference.results {
      let distance = try #require(Forest.distances[result.distance])
      let linkage = try #require(Forest.linkages[result.linkage])
      let portfolio = try HierarchicalRiskParity(distance: distance, linkage: linkage)
        .weights(covariance: covariance)
      let label = "\(result.distance) \(result.linkage)"
      let merges = portfolio.tree.merges
      #expect(merges.map { Forest.number($0.first, of: n) } == result.first, "\(label)")
      #expect(merges.map { Forest.number($0.second, of: n) } == result.second, "\(label)")
      #expect(merges.map { $0.count } == result.count, "\(label)")
      #expect(portfolio.tree.leafOrder == result.order.map(Forest.name), "\(label)")
      for (merge, height) in zip(merges, result.height) {
        expectClose(merge.height, height, relative: reference.relative, label)
      }
      for (weight, expected) in zip(portfolio.weights.values, result.weights) {
        expectClose(weight, expected, relative: reference.relative, label)
      }
    }
  }

  @Test func twoAssetsAreWeightedByInverseVariance() throws {
    let covariance = try Forest.covariance([[0.04, 0.01], [0.01, 0.09]])
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      expectClose(portfolio.weights.values[0], 0.09 / 0.13, relative: 1e-15)
      expectClose(portfolio.weights.values[1], 0.04 / 0.13, relative: 1e-15)
    }
  }

  @Test(arguments: 1...24)
  func weightsAreLongOnlyAndFullyInvested(seed: Int) throws {
    let count = 1 + seed * 3
    let (_, covariance) = try Market.factorModel(
      count: count, seed: seed, isSpecific: seed % 3 != 0)
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      #expect(portfolio.weights.values.allSatisfy { $0 >= 0 })
      expectClose(portfolio.weights.total, 1, relative: Double(count) * .ulpOfOne)
      #expect(Set(portfolio.tree.leafOrder) == Set(covariance.universe.assets))
      #expect(portfolio.tree.merges.count == count - 1)
      let heights = portfolio.tree.merges.map(\.height)
      #expect(zip(heights, heights.dropFirst()).allSatisfy { $0 <= $1 })
      let variance = quadraticForm(covariance.matrix, portfolio.weights.values)
      let sum = portfolio.contributions.contributions.reduce(0, +)
      expectClose(portfolio.contributions.total, variance.squareRoot(), relative: 1e-12)
      expectClose(sum, portfolio.contributions.total, relative: 1e-12)
    }
  }

  private func quadraticForm(_ matrix: SymmetricMatrix, _ weights: [Double]) -> Double {
    var sum = 0.0
    for i in weights.indices {
      for j in weights.indices { sum += weights[i] * matrix[i, j] * weights[j] }
    }
    return sum
  }

  @Test(arguments: 1...12)
  func theOrderOfTheAssetsChangesNoBit(seed: Int) throws {
    // Seeds divisible by four give many equal distances.
    let covariance =
      seed % 4 == 0
      ? try Forest.covariance(Blocks.matrix(count: 24, groups: 4))
      : try Market.factorModel(count: 24, seed: seed).covariance
    var generator = SeededGenerator(seed: UInt64(seed))
    let order = Array(0..<24).shuffled(using: &generator)
    let permuted = try Forest.permuted(covariance, order)
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      let other = try choice.weights(covariance: permuted)
      #expect(portfolio.tree == other.tree)
      #expect(order.map { portfolio.weights.values[$0] } == other.weights.values)
      #expect(try choice.weights(covariance: covariance) == portfolio)
    }
  }

  @Test(arguments: [-400, -30, 30, 400])
  func powersOfTwoChangeNoBit(exponent: Int) throws {
    let covariance = try Market.factorModel(count: 17, seed: 5).covariance
    let scale = Double(sign: .plus, exponent: 2 * exponent, significand: 1)
    var matrix = covariance.matrix
    for i in 0..<17 { for j in 0...i { matrix[i, j] *= scale } }
    let scaled = try Covariance(universe: covariance.universe, dense: matrix)
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      let other = try choice.weights(covariance: scaled)
      #expect(portfolio.tree == other.tree)
      #expect(portfolio.weights == other.weights)
    }
  }

  @Test(arguments: 1...8)
  func leverageOfAnAssetKeepsTheTree(seed: Int) throws {
    let covariance = try Market.factorModel(count: 15, seed: seed).covariance
    var matrix = covariance.matrix
    for j in 0..<15 where j != 3 { matrix[3, j] *= 8 }
    matrix[3, 3] *= 64
    let levered = try Covariance(universe: covariance.universe, dense: matrix)
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      #expect(try choice.weights(covariance: levered).tree == portfolio.tree)
    }
  }
}

/// Correlations that are constant inside groups and between them.
enum Blocks {
  static func matrix(count: Int, groups: Int) throws -> SymmetricMatrix {
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0..<i { matrix[i, j] = i % groups == j % groups ? 0.5 : 0.25 }
      matrix[i, i] = 1
    }
    return matrix
  }
}
