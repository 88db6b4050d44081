// Goals: (1) the merges of single linkage, exactly, with ties broken by one rule; (2) one pass over
// the matrix.
//
// The edges of the minimum spanning tree, sorted, are the merges of single linkage (Gower and Ross,
// Applied Statistics 18, 1969). Prim's method (Bell System Technical Journal 36, 1957) on the order
// (distance, smaller index, larger index) of the edges: no two edges are equal, so the tree is unique
// and is the one that merging the closest pair at a time finds.

import KeelNumerics

/// The minimum spanning tree of a complete graph.
enum SpanningTree {
  /// The n − 1 edges in increasing order.
  static func joins(_ distances: SymmetricMatrix) -> [Join] {
    let n = distances.order
    guard n > 1 else { return [] }
    // What is left outside of the tree, with the best edge of each to the tree.
    var items = Array(1..<n)
    var sources = [Int](repeating: 0, count: n - 1)
    var lengths = items.map { distances[$0, 0] }
    var edges: [Join] = []
    edges.reserveCapacity(n - 1)
    while !items.isEmpty {
      let next = nearest(items, sources, lengths)
      let item = items[next]
      edges.append(
        Join(
          first: min(item, sources[next]), second: max(item, sources[next]), height: lengths[next]))
      let last = items.count - 1
      items[next] = items[last]
      sources[next] = sources[last]
      lengths[next] = lengths[last]
      items.removeLast()
      sources.removeLast()
      lengths.removeLast()
      shorten(&lengths, &sources, items, by: item, distances)
    }
    return edges.sorted {
      $0.height != $1.height ? $0.height < $1.height : ($0.first, $0.second) < ($1.first, $1.second)
    }
  }

  /// The place of the item with the smallest edge.
  private static func nearest(_ items: [Int], _ sources: [Int], _ lengths: [Double]) -> Int {
    var best = 0
    var least = lengths[0]
    for k in 1..<max(lengths.count, 1) where lengths[k] <= least {
      if lengths[k] == least {
        let edge = (min(items[k], sources[k]), max(items[k], sources[k]))
        if edge > (min(items[best], sources[best]), max(items[best], sources[best])) { continue }
      }
      best = k
      least = lengths[k]
    }
    return best
  }

  /// Replaces edges by smaller ones to a new item of the tree.
  private static func shorten(
    _ lengths: inout [Double],
    _ sources: inout [Int],
    _ items: [Int],
    by item: Int,
    _ distances: SymmetricMatrix
  ) {
    let column = distances.column(item)
    var lengths = lengths.mutableSpan
    var sources = sources.mutableSpan
    for k in items.indices {
      let length = column[items[k]]
      // Of two equal edges at one item, the smaller one has the smaller other end.
      if length < lengths[k] || (length == lengths[k] && item < sources[k]) {
        lengths[k] = length
        sources[k] = item
      }
    }
  }
}
