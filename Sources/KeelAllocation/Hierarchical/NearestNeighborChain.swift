// Goals: (1) the merges of complete, average and Ward linkage with heights that never decrease, in
// floating point too; (2) O(n²) time; (3) ties broken by one rule.
//
// The chain of nearest neighbors (Murtagh, Computer Journal 26, 1983; algorithm 2 of Müllner, arXiv
// 1109.2378, 2011) with the recurrence of Lance and Williams (Computer Journal 9, 1967). The chain is
// correct where a merge never comes closer to a third cluster than the nearer of its parts was.
// Rounding can break that by an ulp, so the recurrence is held to it: no cycle, no inversion.

import KeelNumerics

/// Agglomeration by reciprocal nearest neighbors.
struct NearestNeighborChain {
  private let order: Int
  private let linkage: Linkage
  private let scale: Double
  private var distances: [Double]
  private var sizes: [Int]
  /// The smallest members of the clusters that are left, in increasing order; they name clusters.
  private var active: [Int]
  private var chain: [Int] = []

  /// The merges in increasing order of height; equal ones in the order in which the chain found them.
  static func joins(_ distances: SymmetricMatrix, _ linkage: Linkage) -> [Join] {
    let elements = distances.elements
    // Squares and sums of what is below 2 cannot overflow.
    let scale = distances.scale
    let isSquared = linkage == .ward
    let scaled = [Double](capacity: elements.count) { output in
      let inverse = 1 / scale
      for k in elements.indices {
        let distance = elements[k] * inverse
        output.append(isSquared ? distance * distance : distance)
      }
    }
    return joins(scaled, order: distances.order, linkage, scale: scale)
  }

  /// The same for elements that are at most 2: distances over a scale, squared for Ward's linkage.
  static func joins(
    _ elements: consuming [Double],
    order: Int,
    _ linkage: Linkage,
    scale: Double = 1
  ) -> [Join] {
    var clustering = NearestNeighborChain(elements, order, linkage, scale)
    let joins = clustering.joins()
    return joins.indices
      .sorted { (joins[$0].height, $0) < (joins[$1].height, $1) }
      .map { joins[$0] }
  }

  private init(_ elements: consuming [Double], _ order: Int, _ linkage: Linkage, _ scale: Double) {
    self.order = order
    self.linkage = linkage
    self.scale = scale
    distances = elements
    sizes = [Int](repeating: 1, count: order)
    active = Array(0..<order)
  }

  private mutating func joins() -> [Join] {
    var joins: [Join] = []
    joins.reserveCapacity(order)
    while active.count > 1 {
      let pair = reciprocalNeighbors()
      let first = min(pair.0, pair.1)
      let second = max(pair.0, pair.1)
      let distance = distances[second &+ first &* order]
      let height = linkage == .ward ? distance.squareRoot() : distance
      joins.append(Join(first: first, second: second, height: height * scale))
      merge(second, into: first, at: distance)
    }
    return joins
  }

  /// Grows the chain until its last two clusters are nearest to each other, and takes them off.
  private mutating func reciprocalNeighbors() -> (Int, Int) {
    var last = chain.popLast() ?? active[0]
    while true {
      let previous = chain.last
      let next = nearest(to: last, preferring: previous)
      if let previous, next == previous {
        chain.removeLast()
        return (last, previous)
      }
      chain.append(last)
      last = next
    }
  }

  /// The nearest cluster; of equal ones the preferred, then the one with the smallest member.
  private func nearest(to cluster: Int, preferring preferred: Int?) -> Int {
    let distances = distances.span
    let active = active.span
    let base = cluster &* order
    var best = preferred ?? -1
    var least = preferred.map { distances[base &+ $0] } ?? .infinity
    for k in active.indices {
      let other = active[k]
      let distance = distances[base &+ other]
      if distance < least && other != cluster {
        best = other
        least = distance
      }
    }
    return best
  }

  /// Merges a cluster into one with a smaller member.
  private mutating func merge(_ second: Int, into first: Int, at height: Double) {
    if let place = active.firstIndex(of: second) { active.remove(at: place) }
    let recurrence = Recurrence(
      linkage: linkage, height: height, first: Double(sizes[first]), second: Double(sizes[second]))
    let order = order
    let members = sizes
    let clusters = active
    var distances = distances.mutableSpan
    for other in clusters where other != first {
      let value = recurrence.distance(
        distances[other &+ first &* order], distances[other &+ second &* order],
        count: Double(members[other]))
      distances[other &+ first &* order] = value
      distances[first &+ other &* order] = value
    }
    sizes[first] = members[first] + members[second]
  }
}

extension SymmetricMatrix {
  /// The power of two in the largest element, one where there is none above zero; its reciprocal is finite.
  var scale: Double {
    let elements = elements
    // Four maxima: comparisons wait for each other.
    var largest = SIMD4<Double>.zero
    var k = 0
    while k + 4 <= elements.count {
      let next = SIMD4<Double>(elements[k], elements[k + 1], elements[k + 2], elements[k + 3])
      largest.replace(with: next, where: next .> largest)
      k += 4
    }
    var most = largest.max()
    while k < elements.count {
      most = max(most, elements[k])
      k += 1
    }
    if most == 0 { return 1 }
    return Double(
      sign: .plus, exponent: max(most.exponent, Double.leastNormalMagnitude.exponent),
      significand: 1)
  }
}

/// The recurrence of Lance and Williams for one merge; squares of distances for Ward's linkage.
private struct Recurrence {
  let linkage: Linkage
  /// The distance of the two clusters that merge.
  let height: Double
  /// The number of members of the first one.
  let first: Double
  /// The number of members of the second one.
  let second: Double

  /// The distance of the merged cluster from a third one, given the distances of its parts.
  @inline(__always)
  func distance(_ left: Double, _ right: Double, count: Double) -> Double {
    switch linkage {
    case .single: return min(left, right)
    case .complete: return max(left, right)
    case .average:
      let mean = (first * left + second * right) / (first + second)
      return max(mean, min(left, right))
    case .ward:
      let sum = (first + count) * left + (second + count) * right - count * height
      return max(sum / (first + second + count), min(left, right))
    }
  }
}
