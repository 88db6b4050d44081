import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

/// A second method: merges the closest pair of clusters at a time, in O(n³), from the definitions.
struct NaiveClustering {
  struct Step {
    let first: [Int]
    let second: [Int]
    let height: Double
  }

  /// The steps, with the members of both clusters.
  static func steps(
    _ distance: (_ left: [Int], _ right: [Int]) -> Double,
    count: Int
  ) -> [Step] {
    var clusters = (0..<count).map { [$0] }
    var steps: [Step] = []
    while clusters.count > 1 {
      var best = (0, 1, Double.infinity)
      for i in clusters.indices {
        for j in 0..<i {
          let value = distance(clusters[j], clusters[i])
          if value < best.2 { best = (j, i, value) }
        }
      }
      let second = clusters.remove(at: best.1)
      steps.append(Step(first: clusters[best.0], second: second, height: best.2))
      clusters[best.0] = (clusters[best.0] + second).sorted()
    }
    return steps
  }

  /// The distance of two clusters by the definition of a linkage.
  static func distance(
    _ linkage: Linkage,
    _ distances: SymmetricMatrix
  ) -> (_ left: [Int], _ right: [Int]) -> Double {
    { left, right in
      let pairs = left.flatMap { i in right.map { distances[i, $0] } }
      switch linkage {
      case .single: return pairs.min() ?? 0
      case .complete: return pairs.max() ?? 0
      case .average: return pairs.reduce(0, +) / Double(pairs.count)
      default:
        // For Euclidean distances: |a − b|² = mean cross − half the mean inner squares.
        func mean(_ one: [Int], _ two: [Int]) -> Double {
          var sum = 0.0
          for i in one { for j in two { sum += distances[i, j] * distances[i, j] } }
          return sum / Double(one.count * two.count)
        }
        let between = mean(left, right) - (mean(left, left) + mean(right, right)) / 2
        let sizes = Double(left.count * right.count) / Double(left.count + right.count)
        return (2 * sizes * between).squareRoot()
      }
    }
  }
}

@Suite struct DendrogramTests {
  /// Euclidean distances of random points in five dimensions.
  private func distances(count: Int, seed: Int) throws -> SymmetricMatrix {
    var generator = SeededGenerator(seed: UInt64(seed))
    let points = (0..<count).map { _ in (0..<5).map { _ in generator.gaussian() } }
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0..<i {
        matrix[i, j] = zip(points[i], points[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          .squareRoot()
      }
    }
    return matrix
  }

  /// The members of the clusters that each merge joins, in increasing order.
  private func members(_ tree: Dendrogram) -> [([Int], [Int])] {
    var made: [[Int]] = []
    return tree.merges.map { merge in
      let parts = [merge.first, merge.second].map { cluster in
        switch cluster {
        case .asset(let asset): [Int(asset.rawValue.dropFirst()) ?? -1]
        case .merge(let index): made[index]
        }
      }
      made.append((parts[0] + parts[1]).sorted())
      #expect(made.last?.count == merge.count)
      return (parts[0], parts[1])
    }
  }

  @Test(arguments: 1...20, Linkage.allCases)
  func matchesTheDefinition(seed: Int, linkage: Linkage) throws {
    let count = 2 + seed
    let matrix = try distances(count: count, seed: seed)
    let tree = try Dendrogram(
      universe: Forest.universe(count), distances: matrix, linkage: linkage)
    let steps = NaiveClustering.steps(NaiveClustering.distance(linkage, matrix), count: count)
    for ((merge, parts), step) in zip(zip(tree.merges, members(tree)), steps) {
      expectClose(merge.height, step.height, relative: 1e-13)
      #expect(Set([parts.0, parts.1]) == Set([step.first, step.second]))
    }
  }

  @Test(arguments: 1...40)
  func singleLinkageMergesTheFirstOfEqualPairs(seed: Int) throws {
    // Three different distances only; the definition over pairs of assets in order of their names.
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 3 + seed % 12
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0..<i { matrix[i, j] = Double(Int.random(in: 1...3, using: &generator)) }
    }
    let universe = try Forest.universe(count)
    let tree = try Dendrogram(universe: universe, distances: matrix, linkage: .single)
    let pairs = (0..<count).flatMap { i in ((i + 1)..<max(count, i + 1)).map { (i, $0) } }
      .sorted { (matrix[$0.0, $0.1], $0.0, $0.1) < (matrix[$1.0, $1.1], $1.0, $1.1) }
    var clusters = (0..<count).map { [$0] }
    var expected: [Set<[Int]>] = []
    for (i, j) in pairs {
      let left = clusters.firstIndex { $0.contains(i) } ?? 0
      let right = clusters.firstIndex { $0.contains(j) } ?? 0
      if left == right { continue }
      expected.append([clusters[left], clusters[right]])
      clusters[min(left, right)] = (clusters[left] + clusters[right]).sorted()
      clusters.remove(at: max(left, right))
    }
    #expect(members(tree).map { Set([$0.0, $0.1]) } == expected)
    let order = Array(0..<count).shuffled(using: &generator)
    let permuted = try Dendrogram(
      universe: Universe(order.map { universe.assets[$0] }),
      distances: matrix.submatrix(at: order), linkage: .single)
    #expect(permuted == tree)
  }

  @Test(arguments: Linkage.allCases)
  func equalDistancesMergeInTheOrderOfNames(linkage: Linkage) throws {
    let matrix = try SymmetricMatrix(order: 6, repeating: 0.5)
    let tree = try Dendrogram(universe: Forest.universe(6), distances: matrix, linkage: linkage)
    #expect(tree.merges.first?.first == .asset(Forest.name(0)))
    #expect(tree.merges.first?.second == .asset(Forest.name(1)))
    #expect(tree.merges.first?.height == 0.5)
    if linkage != .ward { #expect(tree.merges.allSatisfy { $0.height == 0.5 }) }
  }

  @Test(arguments: 1...30, Linkage.allCases)
  func tiesGiveTreesWithoutInversions(seed: Int, linkage: Linkage) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 2 + seed * 2
    var matrix = try SymmetricMatrix(order: count)
    for i in 0..<count {
      for j in 0..<i { matrix[i, j] = Double(Int.random(in: 0...4, using: &generator)) * 0.1 }
    }
    let universe = try Forest.universe(count)
    let tree = try Dendrogram(universe: universe, distances: matrix, linkage: linkage)
    let heights = tree.merges.map(\.height)
    #expect(zip(heights, heights.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(tree.merges.last?.count == count)
    #expect(Set(tree.leafOrder).count == count)
    let parts = members(tree)
    let definition = NaiveClustering.distance(linkage, matrix)
    // Each height is the distance of its two clusters; Ward's definition needs points in a space.
    if linkage != .ward {
      for (merge, part) in zip(tree.merges, parts) {
        expectClose(merge.height, definition(part.0, part.1), relative: 1e-13, absolute: 1e-15)
      }
    }
  }

  @Test(arguments: Linkage.allCases)
  func clustersAreContiguousInTheLeafOrder(linkage: Linkage) throws {
    let tree = try Dendrogram(
      universe: Forest.universe(30), distances: distances(count: 30, seed: 77), linkage: linkage)
    let order = tree.leafOrder.map { Int($0.rawValue.dropFirst()) ?? -1 }
    for (left, right) in members(tree) {
      let places = (left + right).compactMap { order.firstIndex(of: $0) }.sorted()
      #expect((places.last ?? 0) - (places.first ?? 0) == places.count - 1)
    }
  }

  @Test(arguments: hostileNumbers, Linkage.allCases)
  func hostileDistances(number: Double, linkage: Linkage) throws {
    var matrix = try distances(count: 7, seed: 1)
    matrix[5, 2] = number
    let universe = try Forest.universe(7)
    if number >= 0 && number.isFinite {
      do throws(AllocationError) {
        let tree = try Dendrogram(universe: universe, distances: matrix, linkage: linkage)
        #expect(tree.merges.allSatisfy { $0.height >= 0 && $0.height.isFinite })
      } catch {
        // Ward's heights exceed the distances, and then the largest number.
        #expect(linkage == .ward && number == .greatestFiniteMagnitude)
      }
    } else {
      #expect(throws: AllocationError.self) {
        try Dendrogram(universe: universe, distances: matrix, linkage: linkage)
      }
    }
    var diagonal = try distances(count: 7, seed: 1)
    let plain = try Dendrogram(universe: universe, distances: diagonal, linkage: linkage)
    diagonal[4, 4] = number
    #expect(
      try Dendrogram(universe: universe, distances: diagonal, linkage: linkage) == plain)
  }

  @Test(arguments: Linkage.allCases)
  func smallOrders(linkage: Linkage) throws {
    let none = try Dendrogram(
      universe: Universe([]), distances: SymmetricMatrix(order: 0), linkage: linkage)
    #expect(none.merges.isEmpty && none.leafOrder.isEmpty)
    let one = try Dendrogram(
      universe: Universe(["X"]), distances: SymmetricMatrix(order: 1), linkage: linkage)
    #expect(one.merges.isEmpty && one.leafOrder == ["X"])
    let zeros = try Dendrogram(
      universe: Forest.universe(5), distances: SymmetricMatrix(order: 5), linkage: linkage)
    #expect(zeros.merges.map(\.height) == [0, 0, 0, 0])
    #expect(
      throws: AllocationError.invalidValue(
        argument: "order of distances", asset: nil, got: 3, allowed: 1...1)
    ) {
      try Dendrogram(
        universe: Universe(["X"]), distances: SymmetricMatrix(order: 3), linkage: linkage)
    }
  }
}
