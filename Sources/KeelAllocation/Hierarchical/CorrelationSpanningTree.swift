// Goals: (1) the merges of single linkage with ties broken by one rule; (2) every correlation computed
// where it is compared, none stored; (3) vector loops over contiguous columns.
//
// Prim's method (Bell System Technical Journal 36, 1957) on the gaps 1 − ρ, of which the direct
// distance is a monotone function: only the n − 1 edges of the tree need a root. See `SpanningTree`
// for the order of the edges. Columns stay in the order of the universe, ties are broken by ranks.

import KeelNumerics

/// The minimum spanning tree of assets by their correlation distance.
struct CorrelationSpanningTree {
  private let covariance: ScaledCovariance
  /// The place of each column in the order in which ties are broken.
  private let ranks: [Int]

  /// The factors, NaN for what is in the tree: no comparison with it holds.
  private var factors: [Double]
  /// The gap of the best edge from each column to the tree, infinite inside; and its other end.
  private var lengths: [Double]
  private var sources: [Double]
  private var gaps: [Double]

  /// The n − 1 edges in increasing order of their gaps, between ranks, with direct distances.
  static func joins(_ covariance: ScaledCovariance, positions: [Int]) -> [Join] {
    var tree = CorrelationSpanningTree(covariance, positions)
    return tree.joins(from: positions.first ?? 0)
  }

  private init(_ covariance: ScaledCovariance, _ positions: [Int]) {
    self.covariance = covariance
    let n = covariance.order
    var ranks = [Int](repeating: 0, count: n)
    for (rank, position) in positions.enumerated() { ranks[position] = rank }
    self.ranks = ranks
    factors = covariance.factors
    lengths = [Double](repeating: .infinity, count: n)
    sources = [Double](repeating: -1, count: n)
    gaps = lengths
  }

  private mutating func joins(from root: Int) -> [Join] {
    let n = ranks.count
    var edges: [Join] = []
    edges.reserveCapacity(n)
    var item = root
    for _ in 1..<max(n, 1) {
      factors[item] = .nan
      lengths[item] = .infinity
      let least = shorten(by: item)
      item = nearest(least)
      let source = Int(sources[item])
      edges.append(
        Join(
          first: min(ranks[item], ranks[source]), second: max(ranks[item], ranks[source]),
          height: least))
    }
    return edges.sorted {
      $0.height != $1.height ? $0.height < $1.height : ($0.first, $0.second) < ($1.first, $1.second)
    }.map { edge in
      Join(first: edge.first, second: edge.second, height: (min(edge.height, 2) / 2).squareRoot())
    }
  }

  /// Replaces edges by smaller ones to a new item of the tree; returns the least length.
  private mutating func shorten(by item: Int) -> Double {
    let least = covariance.writeGaps(of: item, factors, into: &gaps)
    if least < ScaledCovariance.exactGap { repair(item) }
    let (length, hasTies) = Self.lower(&lengths, to: gaps, tag: Double(item), &sources)
    // Of two equal edges at one item, the smaller one has the smaller other end.
    if hasTies {
      for k in gaps.indices where gaps[k] == lengths[k] && sources[k] >= 0 {
        if ranks[item] < ranks[Int(sources[k])] { sources[k] = Double(item) }
      }
    }
    return length
  }

  private static func lower(
    _ lengths: inout [Double],
    to gaps: [Double],
    tag: Double,
    _ sources: inout [Double]
  ) -> (least: Double, hasTies: Bool) {
    var lengths = lengths.mutableSpan
    var sources = sources.mutableSpan
    return Kernels.lower(&lengths, to: gaps.span, tag: tag, &sources)
  }

  /// Computes small gaps again.
  private mutating func repair(_ item: Int) {
    for k in gaps.indices where gaps[k] < ScaledCovariance.exactGap {
      gaps[k] = 1 - covariance.correlation(item, k)
    }
  }

  /// The item with the smallest of the edges of the least length.
  private func nearest(_ least: Double) -> Int {
    var best = Kernels.firstIndex(of: least, in: lengths.span, from: 0)
    var next = Kernels.firstIndex(of: least, in: lengths.span, from: best + 1)
    while next < lengths.count {
      if edge(next) < edge(best) { best = next }
      next = Kernels.firstIndex(of: least, in: lengths.span, from: next + 1)
    }
    return best
  }

  private func edge(_ item: Int) -> (Int, Int) {
    let ends = (ranks[item], ranks[Int(sources[item])])
    return (min(ends.0, ends.1), max(ends.0, ends.1))
  }
}
