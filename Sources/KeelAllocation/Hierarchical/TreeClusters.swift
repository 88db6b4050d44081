// The clusters that a tree falls into, and how many of them there should be.
//
// Goals: (1) the same clusters as a cut of the tree between two heights; (2) O(n²) for the count.
//
// The count is where the dispersion W of k clusters bends most: the largest W(k) − 2 W(k + 1) + W(k + 2) (Yue, Wang and Wei,
// Application of two-order difference to gap statistic, Transactions of Tianjin University 15, 2009). W is the sum over clusters of
// the mean distance of two members. Sums of distances of a cluster follow from those of its parts, so that each pair counts once.

import KeelNumerics

/// Says into how many clusters a tree is cut.
@nonexhaustive
public enum ClusterCount: Hashable, Sendable {
  /// At most so many, at least one: fewer where merges have one height.
  case atMost(Int)

  /// Where the dispersion inside the clusters bends most, at most max(8, √N).
  case byDispersion
}

extension MergeTree {
  /// The cluster number of each top node when at most so many clusters are left.
  ///
  /// - Parameter count: The largest number, at least one.
  /// - Returns: Numbers of clusters, from left to right in the tree.
  func clusters(atMost count: Int) -> [Int] {
    if nodes.isEmpty { return leafCount > 0 ? [0] : [] }
    // Merges of one height are cut together.
    var first = max(nodes.count - max(count, 1) + 1, 0)
    while first > 0 && first < nodes.count && nodes[first - 1].height == nodes[first].height {
      first += 1
    }
    var result: [Int] = []
    var pending = [leafCount + nodes.count - 1]
    while let cluster = pending.popLast() {
      if cluster < leafCount + first {
        result.append(cluster)
      } else {
        let node = nodes[cluster - leafCount]
        pending.append(node.second)
        pending.append(node.first)
      }
    }
    return result
  }

  /// The items of a cluster from left to right.
  func items(of cluster: Int) -> [Int] {
    var result: [Int] = []
    var pending = [cluster]
    while let next = pending.popLast() {
      if next < leafCount {
        result.append(next)
      } else {
        pending.append(nodes[next - leafCount].second)
        pending.append(nodes[next - leafCount].first)
      }
    }
    return result
  }

  /// The number of clusters at which the dispersion bends most.
  ///
  /// - Parameter write: Writes the distances of an item from so many leaves, from left on.
  /// - Returns: At least two where there are two items.
  func countByDispersion(
    _ write: (_ item: Int, _ count: Int, _ distances: inout [Double]) -> Void
  ) -> Int {
    let (least, n) = (8, leafCount)
    let most = min(n, max(least, Int(Double(n).squareRoot().rounded(.toNearestOrEven))))
    if most < 3 { return most }
    let leaves = leafOrder
    let ranges = ranges(of: leaves)
    var parents = [Int](repeating: n + nodes.count, count: n + nodes.count)
    for (k, node) in nodes.enumerated() {
      (parents[node.first], parents[node.second]) = (n + k, n + k)
    }
    // The sums of the distances between the two sides of each merge, then of all pairs below it.
    var sums = [Double](repeating: 0, count: n + nodes.count)
    var distances = [Double](repeating: 0, count: n)
    for (place, item) in leaves.enumerated() {
      write(item, place, &distances)
      var cluster = item
      while parents[cluster] < parents.count {
        let node = nodes[parents[cluster] - n]
        if node.second == cluster {
          sums[parents[cluster]] += Self.sum(distances, ranges[node.first])
        }
        cluster = parents[cluster]
      }
    }
    for (k, node) in nodes.enumerated() { sums[n + k] += sums[node.first] + sums[node.second] }
    func mean(_ cluster: Int) -> Double {
      if cluster < n { return 0 }
      let count = Double(nodes[cluster - n].count)
      return sums[cluster] / (count * (count - 1) / 2)
    }
    // From one cluster on, each further one splits the highest merge.
    var dispersions = [mean(n + nodes.count - 1)]
    for k in 1..<most {
      let split = nodes[nodes.count - k]
      dispersions.append(
        dispersions[k - 1] - mean(n + nodes.count - k) + mean(split.first) + mean(split.second))
    }
    var best = 0
    var largest = -Double.infinity
    for k in 0..<(most - 2) {
      let bend = dispersions[k] - 2 * dispersions[k + 1] + dispersions[k + 2]
      if bend > largest { (best, largest) = (k, bend) }
    }
    return best + 2
  }

  private static func sum(_ values: [Double], _ range: Range<Int>) -> Double {
    let values = values.span
    // Four sums: additions wait for each other.
    var sums = SIMD4<Double>.zero
    var k = range.lowerBound
    while k + 4 <= range.upperBound {
      sums += SIMD4<Double>(values[k], values[k + 1], values[k + 2], values[k + 3])
      k += 4
    }
    var sum = sums.sum()
    while k < range.upperBound {
      sum += values[k]
      k += 1
    }
    return sum
  }
}
