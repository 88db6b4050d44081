// Goals: (1) the least sum, of all 2^(n − 1) orders; (2) O(n³) time for every tree, O(n²) memory; (3) loops over columns.
//
// Bar-Joseph, Gifford and Jaakkola, Bioinformatics 17 (2001): the least sum M(u, w) over the orders of a cluster that begin at u
// and end at w follows from those of its two parts, M(u, w) = min over m, k of M(u, m) + d(m, k) + M(k, w). The least over m does
// not depend on w, so it is taken first, for all k: n³/3 sums for the worst tree, where the search that the article prunes needs
// n⁴ (Bar-Joseph and others, Bioinformatics 19, 2003).

import KeelNumerics

/// The order of the leaves of a tree in which neighbors are nearest to each other.
struct OptimalLeafOrder {
  private let tree: MergeTree
  /// The items as the merges stand; all other members count places in this list.
  private let leaves: [Int]
  private let ranges: [Range<Int>]
  /// The distances, column after column, scaled so that sums cannot overflow.
  private let distances: [Double]
  /// The least sum between two ends in the smallest cluster that has both.
  private var sums: [Double]

  /// The items from left to right.
  static func leaves(_ tree: MergeTree, _ distances: SymmetricMatrix) -> [Int] {
    var search = OptimalLeafOrder(tree, distances)
    for node in tree.nodes { search.join(node) }
    return search.best().map { search.leaves[$0] }
  }

  private init(_ tree: MergeTree, _ distances: SymmetricMatrix) {
    self.tree = tree
    let n = tree.leafCount
    let leaves = tree.leafOrder
    self.leaves = leaves
    ranges = tree.ranges(of: leaves)
    let scale = distances.scale
    self.distances = [Double](capacity: n * n) { output in
      for item in leaves {
        let column = distances.column(item)
        for other in leaves { output.append(column[other] / scale) }
      }
    }
    sums = [Double](repeating: 0, count: n * n)
  }

  /// The places where an order of a cluster may begin, with those where it then ends.
  private func ends(of cluster: Int) -> [(Range<Int>, Range<Int>)] {
    if cluster < tree.leafCount { return [(ranges[cluster], ranges[cluster])] }
    let node = tree.nodes[cluster - tree.leafCount]
    let (first, second) = (ranges[node.first], ranges[node.second])
    return [(first, second), (second, first)]
  }

  /// Finds the sums between the two parts of a merge.
  private mutating func join(_ node: MergeTree.Node) {
    let n = tree.leafCount
    let right = ranges[node.second]
    let rightEnds = ends(of: node.second)
    var arrivals = [Double](repeating: 0, count: right.count)
    var totals = arrivals
    for (begins, middles) in ends(of: node.first) {
      for u in begins {
        for k in arrivals.indices { arrivals[k] = .infinity }
        for m in middles {
          Self.lower(
            &arrivals, 0, distances, right.lowerBound + m * n, sums[m + u * n], right.count)
        }
        for k in totals.indices { totals[k] = .infinity }
        for (others, places) in rightEnds {
          for k in places {
            Self.lower(
              &totals, others.lowerBound - right.lowerBound, sums, others.lowerBound + k * n,
              arrivals[k - right.lowerBound], others.count)
          }
        }
        for w in right {
          sums[w + u * n] = totals[w - right.lowerBound]
          sums[u + w * n] = totals[w - right.lowerBound]
        }
      }
    }
  }

  /// Replaces values by smaller ones: a number plus other values.
  private static func lower(
    _ values: inout [Double],
    _ start: Int,
    _ others: [Double],
    _ otherStart: Int,
    _ number: Double,
    _ count: Int
  ) {
    let others = others.span.extracting(otherStart..<(otherStart + count))
    var values = values.mutableSpan
    for k in others.indices {
      let sum = number + others[k]
      values[start &+ k] = sum < values[start &+ k] ? sum : values[start &+ k]
    }
  }

  /// The best order of all.
  private func best() -> [Int] {
    guard let root = tree.nodes.last else { return Array(leaves.indices) }
    let n = tree.leafCount
    let (left, right) = (ranges[root.first], ranges[root.second])
    var (u, w) = (left.lowerBound, right.upperBound - 1)
    for begin in left {
      for end in right.reversed() where sums[end + begin * n] < sums[w + u * n] {
        (u, w) = (begin, end)
      }
    }
    var order: [Int] = []
    order.reserveCapacity(n)
    var pending = [(cluster: n + tree.nodes.count - 1, begin: u, end: w)]
    while let (cluster, begin, end) = pending.popLast() {
      if cluster < n {
        order.append(begin)
        continue
      }
      let node = tree.nodes[cluster - n]
      if ranges[node.first].contains(begin) {
        let (m, k) = middle(node, begin, end)
        pending.append((node.second, k, end))
        pending.append((node.first, begin, m))
      } else {
        let (m, k) = middle(node, end, begin)
        pending.append((node.first, m, end))
        pending.append((node.second, begin, k))
      }
    }
    return order
  }

  /// The neighbors at the seam of the best order of a merge between two ends.
  private func middle(_ node: MergeTree.Node, _ u: Int, _ w: Int) -> (Int, Int) {
    let n = tree.leafCount
    var least = Double.infinity
    var best = (u, w)
    for (begins, middles) in ends(of: node.first) where begins.contains(u) {
      for (others, places) in ends(of: node.second) where others.contains(w) {
        for k in places {
          var (arrival, from) = (Double.infinity, u)
          for m in middles.reversed() where sums[m + u * n] + distances[k + m * n] < arrival {
            (arrival, from) = (sums[m + u * n] + distances[k + m * n], m)
          }
          if arrival + sums[w + k * n] < least {
            (least, best) = (arrival + sums[w + k * n], (from, k))
          }
        }
      }
    }
    return best
  }
}
