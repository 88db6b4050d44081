/// One merge of two clusters, each named by one of its items.
struct Join {
  let first: Int
  let second: Int
  let height: Double
}

/// A binary tree over items 0..<n: cluster c < n is an item, cluster n + k is merge k.
struct MergeTree {
  struct Node {
    let first: Int
    let second: Int
    let height: Double
    let count: Int
  }

  let leafCount: Int
  private(set) var nodes: [Node] = []

  /// Numbers the clusters of merges that are sorted by height, children before parents; of two
  /// clusters the one with the smaller number stands first.
  init(leafCount: Int, sorted joins: [Join]) {
    self.leafCount = leafCount
    nodes.reserveCapacity(joins.count)
    // A forest of pointers with halved paths; the root of a cluster knows its number.
    var parents = Array(0..<leafCount)
    var clusters = parents
    for join in joins {
      let left = Self.root(of: join.first, &parents)
      let right = Self.root(of: join.second, &parents)
      let first = min(clusters[left], clusters[right])
      let second = max(clusters[left], clusters[right])
      parents[right] = left
      clusters[left] = leafCount + nodes.count
      nodes.append(
        Node(
          first: first, second: second, height: join.height,
          count: memberCount(first) + memberCount(second)))
    }
  }

  /// The items from left to right.
  var leafOrder: [Int] {
    var order: [Int] = []
    order.reserveCapacity(leafCount)
    var pending = leafCount > 0 ? [leafCount + nodes.count - 1] : []
    while let cluster = pending.popLast() {
      if cluster < leafCount {
        order.append(cluster)
      } else {
        let node = nodes[cluster - leafCount]
        pending.append(node.second)
        pending.append(node.first)
      }
    }
    return order
  }

  /// The places of each cluster's items in the list of leaves.
  func ranges(of leaves: [Int]) -> [Range<Int>] {
    var ranges = [Range<Int>](repeating: 0..<0, count: leafCount)
    ranges.reserveCapacity(leafCount + nodes.count)
    for (place, item) in leaves.enumerated() { ranges[item] = place..<(place + 1) }
    for node in nodes {
      ranges.append(ranges[node.first].lowerBound..<ranges[node.second].upperBound)
    }
    return ranges
  }

  private func memberCount(_ cluster: Int) -> Int {
    cluster < leafCount ? 1 : nodes[cluster - leafCount].count
  }

  private static func root(of item: Int, _ parents: inout [Int]) -> Int {
    var item = item
    while parents[item] != item {
      parents[item] = parents[parents[item]]
      item = parents[item]
    }
    return item
  }
}
