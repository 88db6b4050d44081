// Goals in order: the digits of the single point, few evaluations.
//
// Chebyshev interpolants in asinh z, in which a logarithm of a density is nearly a line around its middle and smooth
// in its tails. A panel that does not resolve is halved, and one with fewer points than nodes is evaluated
// at its points: there are never more than some times the evaluations that the points need alone.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Smooth functions of one standardized number at many points.
struct TemperedTable {
  /// Point by point, of each function.
  private(set) var values: [Double]
  private let count: Int
  private let tolerances: [Double]

  /// Of a logarithm: less than what a change of the rule may do.
  static let finestTolerance = 1e-13
  private static let nodeCount = 20
  private static let tailCount = 3

  /// Evaluates functions at points.
  ///
  /// - Parameters:
  ///   - points: The points, finite.
  ///   - count: The number of functions.
  ///   - tolerances: The relative error of each, absolute below 1.
  ///   - functions: The values of the functions at a point.
  init(
    _ points: [Double],
    count: Int,
    tolerances: [Double],
    _ functions: (Double) -> [Double]
  ) {
    self.count = count
    self.tolerances = tolerances
    values = [Double](repeating: .nan, count: points.count * count)
    let order = points.indices.sorted { points[$0] < points[$1] }
    let places = order.map { asinh(points[$0]) }
    var panels = [order.startIndex..<order.endIndex]
    while let panel = panels.popLast() {
      guard panel.count > Self.nodeCount, places[panel.lowerBound] < places[panel.upperBound - 1]
      else {
        evaluate(panel, order, points, functions)
        continue
      }
      let interval = places[panel.lowerBound]...places[panel.upperBound - 1]
      if let interpolants = interpolants(interval, functions) {
        for k in panel {
          for (j, interpolant) in interpolants.enumerated() {
            values[order[k] * count + j] = interpolant.value(at: places[k])
          }
        }
      } else {
        let middle = 0.5 * (interval.lowerBound + interval.upperBound)
        let cut = panel.first { places[$0] > middle } ?? panel.upperBound
        panels.append(panel.lowerBound..<cut)
        panels.append(cut..<panel.upperBound)
      }
    }
  }

  /// Evaluates the functions at the points of a panel, once for equal ones.
  private mutating func evaluate(
    _ panel: Range<Int>,
    _ order: [Int],
    _ points: [Double],
    _ functions: (Double) -> [Double]
  ) {
    var last: (point: Double, values: [Double])?
    for k in panel {
      let point = points[order[k]]
      let current = last.flatMap { $0.point == point ? $0.values : nil } ?? functions(point)
      last = (point, current)
      for j in 0..<count { values[order[k] * count + j] = current[j] }
    }
  }

  /// The interpolants over an interval; nil where one does not resolve.
  private func interpolants(
    _ interval: ClosedRange<Double>,
    _ functions: (Double) -> [Double]
  ) -> [ChebyshevInterpolant]? {
    guard let nodes = try? ChebyshevInterpolant.nodes(count: Self.nodeCount, in: interval)
    else { return nil }
    let rows = nodes.map { functions(sinh($0)) }
    var result: [ChebyshevInterpolant] = []
    for j in 0..<count {
      let column = rows.map { $0[j] }
      guard let interpolant = try? ChebyshevInterpolant(values: column, in: interval)
      else { return nil }
      let size = column.reduce(1) { max($0, $1.magnitude) }
      let tail = interpolant.coefficients.suffix(Self.tailCount).reduce(0) { max($0, $1.magnitude) }
      guard tail <= tolerances[j] * size else { return nil }
      result.append(interpolant)
    }
    return result
  }
}
