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
/// All stand in one array: positions of the nodes, columns of the transform, then the four tables of the
/// integrals at the nodes and of the integral of the price.
struct ExerciseRule: Sendable, Hashable {
  let nodeCount: Int
  let pointCount: Int
  let pricePointCount: Int

  /// Where the iteration stops: the change of the boundary's logarithm as a part of it.
  let tolerance: Double

  let tables: [Double]

  /// Columns of nodes are repeated up to a multiple of this.
  static let padding = 16

  private static let coarse = ExerciseRule(nodeCount: 8, pointCount: 8, tolerance: 1e-2)
  private static let middle = ExerciseRule(nodeCount: 16, pointCount: 12, tolerance: 1e-5)

  private static let fast = [
    ExerciseRule(nodeCount: 8, pointCount: 8, pricePointCount: 32, tolerance: 1e-3)
  ]
  private static let fastBelow = [
    ExerciseRule(nodeCount: 16, pointCount: 8, pricePointCount: 32, tolerance: 1e-3)
  ]
  private static let accurate = [
    coarse, middle,
    ExerciseRule(nodeCount: 16, pointCount: 24, pricePointCount: 96, tolerance: 1e-8),
  ]
  private static let accurateBelow = [
    coarse, middle,
    ExerciseRule(nodeCount: 32, pointCount: 24, pricePointCount: 96, tolerance: 1e-8),
  ]
  private static let highPrecision =
    accurate + [
      ExerciseRule(nodeCount: 32, pointCount: 64, pricePointCount: 192, tolerance: 1e-13)
    ]
  private static let highPrecisionBelow =
    accurateBelow + [
      ExerciseRule(nodeCount: 64, pointCount: 64, pricePointCount: 192, tolerance: 1e-13)
    ]

  /// The rules of a precision, each from the result of the one before.
  ///
  /// A boundary that starts below the strike changes its shape as it leaves its start, and needs twice the nodes.
  static func stages(_ precision: AmericanPrecision, startsAtStrike: Bool) -> [ExerciseRule] {
    switch precision {
    case .fast: startsAtStrike ? fast : fastBelow
    case .accurate: startsAtStrike ? accurate : accurateBelow
    case .highPrecision: startsAtStrike ? highPrecision : highPrecisionBelow
    }
  }

  /// The counts and the tolerance say all.
  static func == (first: ExerciseRule, second: ExerciseRule) -> Bool {
    first.nodeCount == second.nodeCount && first.pointCount == second.pointCount
      && first.pricePointCount == second.pricePointCount && first.tolerance == second.tolerance
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(nodeCount)
    hasher.combine(pointCount)
  }

  static func padded(_ count: Int) -> Int { (count + padding - 1) / padding * padding }

  var paddedNodeCount: Int { Self.padded(nodeCount) }
  var transformStart: Int { paddedNodeCount }
  var coefficientCount: Int { Self.padded(nodeCount + 1) }
  var pointsStart: Int { transformStart + nodeCount * coefficientCount }

  /// What the iteration needs beside its results.
  var scratchCount: Int { 2 * nodeCount * pointCount + 5 * paddedNodeCount }
  var pricePointsStart: Int { pointsStart + 4 * nodeCount * pointCount }

  private init(nodeCount n: Int, pointCount: Int, pricePointCount: Int = 0, tolerance: Double) {
    nodeCount = n
    self.pointCount = pointCount
    self.pricePointCount = pricePointCount
    self.tolerance = tolerance
    // z = cos(iπ/n), i < n; h at i = n, at no time, is zero.
    var tables = (0..<Self.padded(n)).map { i in
      (1 + cos(Double(i % n) * .pi / Double(n))) / 2
    }
    for i in 0..<n {
      for k in 0..<Self.padded(n + 1) {
        guard k <= n else { tables.append(0); continue }
        let ends = (i == 0 ? 0.5 : 1) * (k == 0 || k == n ? 0.5 : 1)
        // The product is reduced first, so that the cosines are those of small angles.
        tables.append(2 / Double(n) * ends * cos(Double(i * k % (2 * n)) * .pi / Double(n)))
      }
    }
    let nodes = tables.prefix(n)
    tables += Self.points(pointCount, at: Array(nodes)) + Self.points(pricePointCount, at: [1])
    self.tables = tables
  }

  /// For each point, then each node at x: where the boundary is read, the root of the time since, its inverse
  /// and the weight.
  private static func points(_ count: Int, at nodes: [Double]) -> [Double] {
    guard count > 0 else { return [] }
    let rule = GaussLegendre(checkedCount: count)
    let angles = rule.nodes.map { (1 + $0) * .pi / 4 }
    func table(_ value: (_ point: Int, _ x: Double) -> Double) -> [Double] {
      (0..<count).flatMap { j in nodes.map { value(j, $0) } }
    }
    return table { j, x in 2 * x * cos(angles[j]).squareRoot() - 1 }
      + table { j, x in x * x * sin(angles[j]) }
      + table { j, x in 1 / (x * x * sin(angles[j])) }
      + table { j, x in x * x * x * x * sin(2 * angles[j]) * rule.weights[j] * .pi / 4 }
  }

  /// Where the nodes stand: x, whose fourth power is the part of the time.
  func position(_ i: Int) -> Double { tables[i] }
}
