import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

/// The best orders of the leaves of trees over points, found in other ways.
struct LeafOrderReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Result: Decodable, Sendable {
    let linkage: String
    let order: [Int]
    let sum: Double
    /// The sum of SciPy's order, which is often not the best.
    let scipy: Double
    /// The sum of the order as the merges stand.
    let merges: Double
  }

  let name: String
  let points: [[Double]]
  let results: [Result]

  var testDescription: String { name }

  static let cases: [LeafOrderReference] = {
    struct File: Decodable { let cases: [LeafOrderReference] }
    do {
      return try Reference.load(File.self, "hierarchical_order").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct LeafOrderTests {
  private static func number(_ asset: AssetID) -> Int { Int(asset.rawValue.dropFirst()) ?? -1 }

  private static func order(_ tree: Dendrogram) -> [Int] { tree.leafOrder.map(number) }

  private static func sum(_ order: [Int], _ distances: SymmetricMatrix) -> Double {
    zip(order, order.dropFirst()).reduce(0) { $0 + distances[$1.0, $1.1] }
  }

  private static func distances(_ points: [[Double]]) throws -> SymmetricMatrix {
    var matrix = try SymmetricMatrix(order: points.count)
    for i in points.indices {
      for j in 0..<i {
        matrix[i, j] = zip(points[i], points[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          .squareRoot()
      }
    }
    return matrix
  }

  /// Small whole numbers, many of them equal.
  private static func tied(_ count: Int, seed: Int) throws -> SymmetricMatrix {
    var generator = SeededGenerator(seed: UInt64(seed))
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0..<i { matrix[i, j] = Double(Int.random(in: 1...3, using: &generator)) }
    }
    return matrix
  }

  /// All orders of the leaves that keep the clusters together.
  private static func orders(_ tree: Dendrogram, _ cluster: Dendrogram.Cluster) -> [[Int]] {
    switch cluster {
    case .asset(let asset): return [[number(asset)]]
    case .merge(let index):
      let lefts = orders(tree, tree.merges[index].first)
      let rights = orders(tree, tree.merges[index].second)
      return lefts.flatMap { a in rights.flatMap { [a + $0, $0 + a] } }
    }
  }

  @Test func referencesArePresent() {
    #expect(LeafOrderReference.cases.count == 14)
    #expect(LeafOrderReference.cases.reduce(0) { $0 + $1.results.count } == 54)
  }

  #if DEBUG
    private static let most = 120
  #else
    private static let most = 500
  #endif

  @Test(arguments: LeafOrderReference.cases.filter { $0.points.count <= most })
  func matchesReference(_ reference: LeafOrderReference) throws {
    let n = reference.points.count
    let distances = try Self.distances(reference.points)
    for result in reference.results {
      let linkage = try #require(Forest.linkages[result.linkage])
      let universe = try Forest.universe(n)
      let tree = try Dendrogram(
        universe: universe, distances: distances, linkage: linkage, order: .optimal)
      let order = Self.order(tree)
      let sum = Self.sum(order, distances)
      expectClose(sum, result.sum, relative: 1e-12, result.linkage)
      #expect(sum <= result.scipy * (1 + 1e-12) && sum <= result.merges * (1 + 1e-12))
      #expect(order == result.order || order == result.order.reversed(), "\(result.linkage)")
      // The merges are those of every order.
      let plain = try Dendrogram(universe: universe, distances: distances, linkage: linkage)
      #expect(plain.merges == tree.merges)
      expectClose(Self.sum(Self.order(plain), distances), result.merges, relative: 1e-12)
    }
  }

  /// Equal distances too: no order of the tree has a smaller sum.
  @Test(arguments: 1...40, Linkage.allCases)
  func noOtherOrderIsBetter(seed: Int, linkage: Linkage) throws {
    let count = 2 + seed % 7
    let distances = try Self.tied(count, seed: seed)
    let tree = try Dendrogram(
      universe: Forest.universe(count), distances: distances, linkage: linkage, order: .optimal)
    let all = Self.orders(tree, .merge(count - 2))
    #expect(all.count == 1 << (count - 1))
    #expect(all.contains(Self.order(tree)))
    let least = all.map { Self.sum($0, distances) }.min()
    #expect(Self.sum(Self.order(tree), distances) == least)
  }

  /// The left side of the last merge stays left, and equal distances swap nothing.
  @Test(arguments: Linkage.allCases)
  func equalSumsKeepTheMerges(linkage: Linkage) throws {
    let equal = try SymmetricMatrix(order: 9, repeating: 0.5)
    let universe = try Forest.universe(9)
    let tree = try Dendrogram(
      universe: universe, distances: equal, linkage: linkage, order: .optimal)
    #expect(tree == (try Dendrogram(universe: universe, distances: equal, linkage: linkage)))
    for seed in 1...20 {
      let distances = try Self.tied(9, seed: seed)
      let tree = try Dendrogram(
        universe: universe, distances: distances, linkage: linkage, order: .optimal)
      let left = try #require(tree.merges.last?.first)
      #expect(Self.orders(tree, left)[0].contains(Self.order(tree)[0]))
    }
  }

  @Test(arguments: 1...20, Linkage.allCases)
  func theOrderOfTheAssetsChangesNothing(seed: Int, linkage: Linkage) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 3 + seed
    let distances = try Self.tied(count, seed: seed)
    let universe = try Forest.universe(count)
    let order = Array(0..<count).shuffled(using: &generator)
    let tree = try Dendrogram(
      universe: universe, distances: distances, linkage: linkage, order: .optimal)
    let permuted = try Dendrogram(
      universe: Universe(order.map { universe.assets[$0] }),
      distances: distances.submatrix(at: order), linkage: linkage, order: .optimal)
    #expect(permuted == tree)
  }

  @Test(arguments: Linkage.allCases)
  func smallAndExtreme(linkage: Linkage) throws {
    let none = try Dendrogram(
      universe: Universe([]), distances: SymmetricMatrix(order: 0), linkage: linkage,
      order: .optimal)
    #expect(none.leafOrder.isEmpty)
    let one = try Dendrogram(
      universe: Universe(["X"]), distances: SymmetricMatrix(order: 1), linkage: linkage,
      order: .optimal)
    #expect(one.leafOrder == ["X"])
    let zeros = try Dendrogram(
      universe: Forest.universe(5), distances: SymmetricMatrix(order: 5), linkage: linkage,
      order: .optimal)
    #expect(Self.order(zeros) == [4, 3, 2, 0, 1])
    // A sum of these overflows; powers of two change no order.
    let plain = try Self.tied(12, seed: 5)
    let universe = try Forest.universe(12)
    let expected = try Dendrogram(
      universe: universe, distances: plain, linkage: linkage, order: .optimal)
    for exponent in [-1000, 1018] {
      var scaled = plain
      let scale = Double(sign: .plus, exponent: exponent, significand: 1)
      for i in 0..<12 { for j in 0..<i { scaled[i, j] *= scale } }
      let tree = try Dendrogram(
        universe: universe, distances: scaled, linkage: linkage, order: .optimal)
      #expect(tree.leafOrder == expected.leafOrder)
    }
    for number in hostileNumbers where !(number >= 0 && number.isFinite) {
      var hostile = plain
      hostile[7, 3] = number
      #expect(throws: AllocationError.self) {
        try Dendrogram(universe: universe, distances: hostile, linkage: linkage, order: .optimal)
      }
    }
  }

  /// The portfolio halves the order of the tree of the same distances.
  @Test(arguments: 1...10) func riskParityTakesTheOrder(seed: Int) throws {
    let (_, plain) = try Market.factorModel(count: 20, seed: seed)
    let covariance = try Forest.covariance(plain.matrix)
    for distance in CorrelationDistance.allCases {
      for linkage in Linkage.allCases {
        let merges = try HierarchicalRiskParity(distance: distance, linkage: linkage)
          .weights(covariance: covariance)
        let optimal = try HierarchicalRiskParity(
          distance: distance, linkage: linkage, order: .optimal
        ).weights(covariance: covariance)
        #expect(merges.tree.merges == optimal.tree.merges)
        #expect(merges.weights != optimal.weights)
        if distance == .direct {
          let deviations = (0..<20).map { covariance.matrix[$0, $0].squareRoot() }
          var distances = try SymmetricMatrix(order: 20)
          for i in 0..<20 {
            for j in 0..<i {
              let correlation = covariance.matrix[i, j] / (deviations[i] * deviations[j])
              distances[i, j] = ((1 - correlation) / 2).squareRoot()
            }
          }
          let tree = try Dendrogram(
            universe: covariance.universe, distances: distances, linkage: linkage, order: .optimal)
          #expect(tree.leafOrder == optimal.tree.leafOrder)
        }
      }
    }
  }
}
