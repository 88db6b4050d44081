import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The tables of a collocation: nodes of the boundary and points of the integrals, which no option changes.
///
/// All stand in one array: positions of the nodes, columns of the transform, then the three of the
/// integrals at the nodes and of the integral of the price.
struct ExerciseRule: Sendable {
  let nodeCount: Int
  let pointCount: Int
  let pricePointCount: Int

  /// Where the iteration stops: the change of the boundary's logarithm as a part of it.
  let tolerance: Double

  let tables: [Double]

  /// Counts of nodes and points are rounded up to this in storage.
  static let padding = 16

  static let fast = ExerciseRule(
    nodeCount: 8, pointCount: 16, pricePointCount: 32, tolerance: 1e-4)
  static let accurate = ExerciseRule(
    nodeCount: 16, pointCount: 32, pricePointCount: 64, tolerance: 3e-9)
  static let highPrecision = ExerciseRule(
    nodeCount: 32, pointCount: 64, pricePointCount: 192, tolerance: 1e-13)

  static func rule(_ precision: AmericanPrecision) -> ExerciseRule {
    switch precision {
    case .fast: fast
    case .accurate: accurate
    case .highPrecision: highPrecision
    }
  }

  static func padded(_ count: Int) -> Int { (count + padding - 1) / padding * padding }

  var paddedNodeCount: Int { Self.padded(nodeCount) }
  var transformStart: Int { paddedNodeCount }
  var pointsStart: Int { transformStart + nodeCount * (nodeCount + 1) }
  var pricePointsStart: Int { pointsStart + 3 * pointCount }

  private init(nodeCount n: Int, pointCount: Int, pricePointCount: Int, tolerance: Double) {
    nodeCount = n
    self.pointCount = pointCount
    self.pricePointCount = pricePointCount
    self.tolerance = tolerance
    // z = cos(iπ/n); h at the last node, at no time, is zero.
    var tables = (0..<Self.padded(n)).map { i in
      i < n ? (1 + cos(Double(i) * .pi / Double(n))) / 2 : 1
    }
    for i in 0..<n {
      for k in 0...n {
        let ends = (i == 0 ? 0.5 : 1) * (k == 0 || k == n ? 0.5 : 1)
        // The product is reduced first, so that the cosines are those of small angles.
        tables.append(2 / Double(n) * ends * cos(Double(i * k % (2 * n)) * .pi / Double(n)))
      }
    }
    for count in [pointCount, pricePointCount] {
      let rule = GaussLegendre(checkedCount: count)
      let angles = rule.nodes.map { (1 + $0) * .pi / 4 }
      tables += angles.map { sin($0) }
      tables += angles.map { cos($0).squareRoot() }
      tables += zip(angles, rule.weights).map { sin(2 * $0) * $1 * .pi / 4 }
    }
    self.tables = tables
  }

  /// Where the nodes stand: x, whose fourth power is the part of the time.
  func position(_ i: Int) -> Double { tables[i] }
}
