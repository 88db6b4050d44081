// Goals in order: the digits of the single point, few evaluations.
//
// Chebyshev interpolants in asinh z, in which a logarithm of a density is nearly a line around its middle and smooth
// in its tails. A panel that does not resolve is halved, and one with fewer points than nodes is evaluated
// at its points: there are never more than some times the evaluations that the points need alone. The coefficients of
// all functions are one row, so that a sum of Clenshaw's serves them together.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Smooth functions of one standardized number at many points.
struct SmoothTable {
  /// Up to eight functions at a point.
  typealias Row = SIMD8<Double>

  /// Point by point.
  private(set) var values: [Row]

  private let tolerances: Row
  /// Whether the second and third function are the derivatives of the first.
  private let isDifferentiated: Bool

  /// Of a logarithm: less than what a change of the rule may do.
  static let finestTolerance = 1e-13
  private static let nodeCount = 24
  private static let tailCount = 3
  /// Wider panels in asinh z hardly ever resolve.
  private static let widest = 1.2
  /// Differentiated panels that would be narrower have these widths.
  static let narrowWidths = [0.1, 0.01, 1e-3]

  /// Evaluates functions at points.
  ///
  /// - Parameters:
  ///   - points: The points, finite.
  ///   - tolerances: The relative error of each function, absolute below 1; infinite for those that there are not.
  ///   - isDifferentiated: Whether the second and third function are to be the first two derivatives of the first,
  ///     by the interpolants, whose nodes then may be next to the points.
  ///   - functions: The values of the functions at points near one another, up- or downward.
  init(
    _ points: [Double],
    tolerances: Row,
    isDifferentiated: Bool = false,
    _ functions: ([Double]) -> [Row]
  ) {
    self.tolerances = tolerances
    self.isDifferentiated = isDifferentiated
    values = [Row](repeating: Row(repeating: .nan), count: points.count)
    let isSorted = zip(points, points.dropFirst()).allSatisfy { $0 <= $1 }
    let order =
      isSorted ? Array(points.indices) : points.indices.sorted { points[$0] < points[$1] }
    let places = order.map { asinh(points[$0]) }
    var panels = Self.panels(places)
    while let panel = panels.popLast() {
      if isDifferentiated || panel.count > Self.nodeCount {
        if interpolate(panel, order, places, functions) { continue }
        if let cut = Self.middle(panel, places) {
          panels.append(panel.lowerBound..<cut)
          panels.append(cut..<panel.upperBound)
          continue
        }
      }
      evaluate(panel, order, points, functions)
    }
  }

  /// The tolerances of some functions.
  static func tolerances(_ first: [Double]) -> Row {
    Row((0..<Row.scalarCount).map { $0 < first.count ? first[$0] : .infinity })
  }

  /// Panels of equal width.
  private static func panels(_ places: [Double]) -> [Range<Int>] {
    guard let low = places.first, let high = places.last else { return [] }
    let count = max(1, ((high - low) / widest).rounded(.up))
    var (result, start) = ([Range<Int>](), 0)
    for k in 1...Int(count) {
      let end = low + (high - low) * (Double(k) / count)
      let next =
        Double(k) == count
        ? places.count : places[start...].firstIndex { $0 > end } ?? places.count
      if next > start { result.append(start..<next) }
      start = next
    }
    return result
  }

  /// Where a panel is cut; nil when all its places are equal.
  private static func middle(_ panel: Range<Int>, _ places: [Double]) -> Int? {
    let (low, high) = (places[panel.lowerBound], places[panel.upperBound - 1])
    guard low < high else { return nil }
    let middle = 0.5 * (low + high)
    return panel.first { places[$0] > middle } ?? panel.first { places[$0] == high }
  }

  /// Evaluates the functions at the points of a panel, once for equal ones.
  private mutating func evaluate(
    _ panel: Range<Int>, _ order: [Int], _ points: [Double], _ functions: ([Double]) -> [Row]
  ) {
    var distinct: [Double] = []
    for k in panel where distinct.last != points[order[k]] { distinct.append(points[order[k]]) }
    let rows = functions(distinct)
    var j = 0
    for k in panel {
      if points[order[k]] != distinct[j] { j += 1 }
      values[order[k]] = rows[j]
    }
  }

  /// Interpolates the functions in a panel; false when they do not resolve.
  private mutating func interpolate(
    _ panel: Range<Int>, _ order: [Int], _ places: [Double], _ functions: ([Double]) -> [Row]
  ) -> Bool {
    let (low, high) = (places[panel.lowerBound], places[panel.upperBound - 1])
    let center = 0.5 * (low + high)
    // Derivatives of a narrow panel, as that of an outlier, lose digits: it is widened as long as it resolves.
    var widths = isDifferentiated ? Self.narrowWidths.filter { $0 > high - low } : []
    if widths.isEmpty { widths = [high - low] }
    for width in widths where width > 0 {
      let half = 0.5 * width
      let rows = functions(Self.unitNodes.map { sinh(center + half * $0) })
      let isLast = isDifferentiated && width == Self.narrowWidths.last
      guard var terms = coefficients(rows, isLast: isLast) else { continue }
      if isDifferentiated { Self.differentiate(&terms, 1 / half) }
      for k in panel {
        let row = Self.value(terms, (places[k] - center) / half)
        values[order[k]] = isDifferentiated ? Self.inPoints(row, places[k]) : row
      }
      return true
    }
    return false
  }

  /// The coefficients of the interpolants; nil when the last ones are not small.
  private func coefficients(_ rows: [Row], isLast: Bool) -> [Row]? {
    let n = Self.nodeCount
    var terms = [Row](repeating: .zero, count: n)
    var size = Row(repeating: 1)
    let transform = Self.transform
    for i in 0..<n {
      let row = rows[i]
      size = size.replacing(with: row, where: row .> size)
      size = size.replacing(with: -row, where: -row .> size)
      for k in 0..<n { terms[k] += row * transform[n * i + k] }
    }
    if isLast { return terms }
    for k in (n - Self.tailCount)..<n {
      for j in 0..<Row.scalarCount where tolerances[j] < .infinity {
        guard terms[k][j].magnitude <= tolerances[j] * size[j] else { return nil }
      }
    }
    return terms
  }

  /// Puts the coefficients of both derivatives in the place of the second and third function.
  private static func differentiate(_ terms: inout [Row], _ rate: Double) {
    for order in 1...2 {
      let n = nodeCount
      var next = (first: 0.0, second: 0.0)
      for k in stride(from: n - 1, through: 0, by: -1) {
        let above = k + 1 < n ? terms[k + 1][order - 1] : 0
        let slope = next.second + 2 * Double(k + 1) * above
        terms[k][order] = (k == 0 ? 0.5 : 1) * slope * rate
        next = (slope, next.first)
      }
    }
  }

  /// Derivatives by the place as those by the point.
  private static func inPoints(_ row: Row, _ place: Double) -> Row {
    let (z, root) = (sinh(place), cosh(place))
    let slope = row[1] / root
    var result = row
    result[1] = slope
    result[2] = (row[2] / root - slope * (z / root)) / root
    return result
  }

  /// The sum by Clenshaw.
  private static func value(_ terms: [Row], _ x: Double) -> Row {
    let span = terms.span
    var (first, second) = (Row.zero, Row.zero)
    for k in stride(from: span.count - 1, to: 0, by: -1) {
      (first, second) = (span[k] + 2 * x * first - second, first)
    }
    return span[0] + x * first - second
  }

  private static let unitNodes =
    (try? ChebyshevInterpolant.nodes(count: nodeCount, in: -1...1)) ?? []

  /// The coefficients of the interpolant that is 1 at a node, node by node.
  private static let transform: [Double] = (0..<nodeCount).flatMap { i -> [Double] in
    var values = [Double](repeating: 0, count: nodeCount)
    values[i] = 1
    return (try? ChebyshevInterpolant(values: values, in: -1...1))?.coefficients ?? []
  }
}
