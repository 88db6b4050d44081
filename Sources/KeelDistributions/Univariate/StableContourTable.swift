// Goals in order: the digits of the single point, two microseconds a point.
//
// On a contour ln g is a number of the law and the place plus one of the point: the law's part is taken once,
// on panels over which g changes by a factor of at most exp(1.5). For a point the panels with 1 < g < 745 are
// summed; all those with a smaller g together are the series
//   ∫ g exp(−g) = Σ (−1)^j/j! G^(j+1) M_j,   M_j = ∫ (g/G)^(j+1),   G ≤ 1 the largest g among them.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The density of one side of a standard stable law at many points.
struct StableContourTable {
  private let contour: StableContour
  /// The logarithm of the law's part of g at the panels' inner ends, the largest first.
  private var ends: [Double] = []
  /// The nodes' g over that of the panel's outer end, and weights, panel by panel.
  private var values: [Double] = []
  private var weights: [Double] = []
  /// M_j by panel end: of all panels beyond it.
  private var moments: [Double] = []

  private static let momentCount = 18
  private static let smallLogarithm = -4.0
  /// Of exp(g) at the outer, of g at the inner edge.
  private static let (outerReach, innerReach) = (6.6, -44.0)
  private static let maximumPanels = 4000

  /// Builds a table for points whose scales of ln g are in a range; nil when it would be too large or the
  /// contour has no such panels.
  init?(_ contour: StableContour, logScales: ClosedRange<Double>) {
    self.contour = contour
    guard !contour.isLight, contour.length > 0 else { return nil }
    let target = Self.outerReach - logScales.lowerBound
    var v = contour.point(target: target)
    var ratio = contour.node(v).logRatio
    let last = Self.innerReach - logScales.upperBound
    ends = [ratio]
    var width = 1.0
    while ratio > last || contour.node(v).inner > 1e-18 * contour.length {
      guard ends.count < Self.maximumPanels, v < 500 else { return nil }
      // Where g is small for all points it may change more, as it does for a single one.
      let isSmall = logScales.upperBound + ratio < Self.smallLogarithm
      let (end, next) = contour.panelEnd(
        from: v, ratio: ratio, direction: 1, width: width,
        change: isSmall ? StableContour.largestSmallChange : StableContour.largestChange)
      appendPanel(from: v, to: end, ratio: ratio)
      let largest = isSmall ? StableContour.largestSmallWidth : StableContour.largestWidth
      (width, v, ratio) = (min(largest, 2 * (end - v)), end, next)
      ends.append(ratio)
      if ratio < last - 800 { break }
    }
    accumulateMoments()
  }

  private mutating func appendPanel(from start: Double, to end: Double, ratio: Double) {
    let rule = StableContour.rule
    let (center, half) = (0.5 * (start + end), 0.5 * (end - start))
    for i in 0..<16 {
      let (inner, outer, logRatio) = contour.node(center + half * rule.nodes[i])
      values.append(exp(logRatio - ratio))
      weights.append(half * rule.weights[i] * inner * (outer / contour.length))
    }
  }

  private mutating func accumulateMoments() {
    let count = Self.momentCount
    moments = [Double](repeating: 0, count: ends.count * count)
    for panel in (0..<(ends.count - 1)).reversed() {
      let factor = exp(ends[panel + 1] - ends[panel])
      var power = factor
      for j in 0..<count {
        moments[panel * count + j] = moments[(panel + 1) * count + j] * power
        power *= factor
      }
      for i in (16 * panel)..<(16 * panel + 16) {
        var term = weights[i]
        for j in 0..<count {
          term *= values[i]
          moments[panel * count + j] += term
        }
      }
    }
  }

  /// ln ∫ g exp(−g) for a scale in the range of the table.
  func logDensityIntegral(_ logScale: Double) -> Double {
    // The first end with g ≤ 1.
    var (low, high) = (0, ends.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if logScale + ends[middle] <= 0 { high = middle } else { low = middle + 1 }
    }
    var sum = series(exp(logScale + ends[low]), at: low)
    let (nodeValues, nodeWeights) = (values.span, weights.span)
    var panel = low - 1
    while panel >= 0 {
      let g = exp(logScale + ends[panel])
      var part = 0.0
      for i in (16 * panel)..<(16 * panel + 16) {
        let value = g * nodeValues[i]
        part += nodeWeights[i] * value * exp(-value)
      }
      sum += part
      if g > Self.largestExponent { break }
      panel -= 1
    }
    return log(sum)
  }

  private static let largestExponent = 700.0

  private func series(_ g: Double, at end: Int) -> Double {
    let span = moments.span
    var (sum, factor) = (0.0, g)
    let start = end * Self.momentCount
    for j in 0..<Self.momentCount {
      sum += factor * span[start + j]
      factor *= -g / Double(j + 1)
    }
    return sum
  }
}
