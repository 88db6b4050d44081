public import KeelData
import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A bound below the distance to every liquidation.
//
// Goals in order: a bound that holds, a narrow gap to the nearest point known, few revaluations. A position depends on the price of
// its underlying alone, so that each gap is a sum of functions of one log move, which a grid of revaluations bounds from below by
// piecewise linear curves (SeparableGap.swift). Over a box of moves the lower convex hulls of the curves give half-spaces that hold every
// liquidation in it, and these a distance (DistanceBound.swift). Boxes are split where a hull is farthest below its curve, the
// nearest first (A. Land and A. Doig, "An automatic method of solving discrete programming problems", Econometrica 28 (1960); J. Falk
// and R. Soland, "An algorithm for separable nonconvex programming problems", Management Science 15 (1969)). Where
// all curves are convex, as for long positions, the first box ends the search, whatever the number of assets.

/// The nearest liquidation that is known, and a distance below which there is none.
public struct LiquidationProof: Hashable, Sendable {
  /// How bound and search run.
  public struct Settings: Hashable, Sendable {
    /// How the nearest point is searched for; the bound looks as far.
    public var search = LiquidationPoint.Settings()

    /// The cells of the grid of each price, from zero to the largest move either way: the bound is exact to about the square of their
    /// width.
    public var cellCount = 512

    /// The most boxes that are bounded; with none left the bound is what has been proven until then.
    public var boxLimit = 2_000

    /// The relative gap between distance and bound at which the proof ends.
    public var tolerance = 1e-3

    /// Creates the usual settings.
    public init() {}
  }

  /// The distance √(x'Σ⁻¹x) of the nearest liquidation that is known, in standard deviations over the horizon; zero when
  /// liquidation is due now, nil when none was found.
  public let distance: Double?

  /// The moves there as fractions, in the order of the covariance; empty without a point.
  public let moves: [Double]

  /// The assets of ``moves``.
  public let universe: Universe

  /// A distance at which nothing nearer is liquidated, up to ``distance`` or, without one, to where the search ends; moves of a price
  /// by a factor above 980 000 are not counted.
  public let provenLowerBound: Double

  /// Whether the bound is within the tolerance of the distance, or of the end of the search without one.
  public let isProven: Bool

  /// The boxes that were bounded.
  public let boxCount: Int

  /// The number of revaluations, those of the search included.
  public let evaluationCount: Int
}

extension StressTest {
  /// The most likely move of all prices together that liquidates something, with a proof that none is nearer.
  ///
  /// The bound holds for every move of the assets with all else as it is, up to 1e-12 of the size of the positions, for positions of all
  /// kinds; where it is not within the tolerance, it still holds. A point nearer than that of
  /// ``liquidationPoint(covariance:settings:)`` that comes up replaces it.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of the log returns of the assets that move, over the horizon; all others keep their prices.
  ///   - settings: How far to look and how many boxes to take.
  /// - Returns: The point and the bound.
  /// - Throws: As ``liquidationPoint(covariance:settings:)``.
  /// - Complexity: The search, two revaluations a cell, and one a box; a box costs O(N² + cells + ln boxes) for N assets. Books that are convex in log
  ///   moves need one box; the number of others grows with a power of the assets in which they bend downward.
  public func liquidationProof(
    covariance: Covariance,
    settings: LiquidationProof.Settings = .init()
  ) throws(RiskError) -> LiquidationProof {
    try require(Double(settings.cellCount), "cellCount", in: 8...65_536)
    try require(Double(settings.boxLimit), "boxLimit", in: 1...1e7)
    try require(settings.tolerance, "tolerance", in: 1e-9...0.5)
    let point = try liquidationPoint(covariance: covariance, settings: settings.search)
    if point.distance == 0 {
      return LiquidationProof(
        distance: 0, moves: point.moves, universe: point.universe, provenLowerBound: 0,
        isProven: true, boxCount: 0, evaluationCount: point.evaluationCount)
    }
    let radius = point.distance ?? settings.search.largestDistance
    let places = covariance.universe.assets.compactMap { book.market.universe.position(of: $0) }
    let (gaps, gridCount) = try book.separableGaps(
      of: places,
      radii: covariance.standardDeviations.map {
        min(radius * $0, LiquidationPoint.largestLogMove)
      },
      cellCount: settings.cellCount)
    var search = ProofSearch(
      test: self, covariance: covariance, gaps: gaps, point: point, settings: settings)
    search.evaluationCount += gridCount
    return try search.run()
  }
}

/// The search over boxes of moves.
private struct ProofSearch {
  /// A box of moves, with what is known of one gap in it.
  private struct Box {
    let gap: Int
    /// The knots at the ends of each asset.
    var ranges: [ClosedRange<Int>]
    /// The lower hulls of the curves between them, as knots.
    var hulls: [[Int]]
    /// No liquidation in it is nearer.
    var bound = 0.0
    /// The nearest point Σy under the half-spaces, y and its distance.
    var point: [Double] = []
    var normal: [Double] = []
    var length = 0.0
  }

  let test: StressTest
  let covariance: Covariance
  let gaps: [SeparableGap]
  let settings: LiquidationProof.Settings
  var evaluationCount: Int
  /// The columns of Σ.
  private let columns: [[Double]]
  /// The nearest point known as log moves, and its distance or that of the end of the search.
  private var known: (moves: [Double]?, distance: Double)
  private var open = LeastFirstQueue<Box>()
  /// The least bound of a box that cannot be split.
  private var floor = Double.infinity
  private var boxCount = 0

  /// The most half-spaces of a box.
  private static let cutLimit = 16

  /// The gain of a half-space, as a part of the tolerance, below which there is no other.
  private static let leastGain = 1.0 / 16

  init(
    test: StressTest,
    covariance: Covariance,
    gaps: [SeparableGap],
    point: LiquidationPoint,
    settings: LiquidationProof.Settings
  ) {
    self.test = test
    self.covariance = covariance
    self.gaps = gaps
    self.settings = settings
    evaluationCount = point.evaluationCount
    let order = covariance.universe.count
    columns = (0..<order).map { a in
      var unit = [Double](repeating: 0, count: order)
      unit[a] = 1
      return covariance.product(with: unit)
    }
    known = (
      point.distance.map { _ in point.moves.map { log1p($0) } },
      point.distance ?? settings.search.largestDistance
    )
  }

  mutating func run() throws(RiskError) -> LiquidationProof {
    let still = [Double](repeating: 0, count: columns.count)
    for k in gaps.indices {
      let ranges = gaps[k].curves.map { 0...($0.moves.count - 1) }
      let hulls = zip(gaps[k].curves, ranges).map { $0.lowerHull(in: $1) }
      bound(Box(gap: k, ranges: ranges, hulls: hulls), from: known.moves ?? still)
    }
    while let nearest = open.least {
      let enough = (1 - settings.tolerance) * min(known.distance, floor)
      guard nearest < enough, boxCount < settings.boxLimit, let box = open.takeFirst() else {
        break
      }
      try look(beyond: box)
      split(box)
    }
    let least = min(known.distance, floor, open.least ?? .infinity)
    return LiquidationProof(
      distance: known.moves == nil ? nil : known.distance,
      moves: known.moves?.map { expm1($0) } ?? [], universe: covariance.universe,
      provenLowerBound: least,
      isProven: least >= (1 - settings.tolerance) * known.distance, boxCount: boxCount,
      evaluationCount: evaluationCount)
  }

  /// Bounds a box and keeps it while it may hold something nearer.
  private mutating func bound(_ box: Box, from guide: [Double]) {
    boxCount += 1
    let gap = gaps[box.gap]
    let least = zip(gap.curves, box.ranges).reduce(gap.constant) { sum, pair in
      sum + pair.0.values[pair.1].reduce(.infinity) { min($0, $1) }
    }
    guard least <= 0 else { return }
    let lowest = zip(gap.curves, box.ranges).map { $0.moves[$1.lowerBound] }
    let highest = zip(gap.curves, box.ranges).map { $0.moves[$1.upperBound] }
    var point = guide
    let empty = DistanceBound(columns: columns, lowest: lowest, highest: highest)
    // All half-spaces together for kinks, the last alone where curves are smooth: there many that are nearly parallel slow the ascent.
    var (all, best) = (empty, empty)
    for _ in 0..<Self.cutLimit {
      let before = best.distance
      for a in point.indices { point[a] = min(max(point[a], lowest[a]), highest[a]) }
      let (normal, offset) = halfSpace(of: box, at: point)
      var last = empty
      last.add(normal, atLeast: offset)
      last.raise(to: known.distance)
      all.add(normal, atLeast: offset)
      all.raise(to: known.distance)
      if max(last.distance, all.distance) >= known.distance { return }
      let better = last.distance > all.distance ? last : all
      if better.distance > best.distance { best = better }
      point = better.point
      let gain = Self.leastGain * settings.tolerance * best.distance
      if before > 0, best.distance - before <= gain { break }
    }
    var kept = box
    kept.bound = max(box.bound, best.distance)
    (kept.point, kept.normal, kept.length) = (best.point, best.normal, best.length)
    open.insert(kept, at: kept.bound)
  }

  /// The half-space `normal'x ≥ offset` that holds what a box can hold, from the hulls at a point.
  private func halfSpace(of box: Box, at point: [Double]) -> (normal: [Double], offset: Double) {
    let gap = gaps[box.gap]
    var normal: [Double] = []
    var offset = gap.constant
    for a in point.indices {
      let line = gap.curves[a].line(at: point[a], of: box.hulls[a])
      normal.append(-line.slope)
      offset += line.value - line.slope * point[a]
    }
    return (normal, offset)
  }

  /// Revalues a little beyond the nearest point of a box: where that liquidates, a search from there finds one nearer than is known.
  private mutating func look(beyond box: Box) throws(RiskError) {
    let stretch = 1 + settings.tolerance / 2
    let (distance, moves) = (stretch * box.length, box.point.map { stretch * $0 })
    guard distance < known.distance,
      moves.allSatisfy({ $0.magnitude <= LiquidationPoint.largestLogMove })
    else { return }
    evaluationCount += 1
    guard try test.gap(moves, of: covariance.universe) <= 0 else { return }
    known = (moves, distance)
    let found = try test.liquidationPoint(
      toward: box.normal, covariance: covariance, settings: settings.search)
    evaluationCount += found.evaluationCount
    if let nearer = found.distance, nearer < distance {
      known = (found.moves.map { log1p($0) }, nearer)
    }
  }

  /// Splits a box where a hull is farthest below its curve.
  private mutating func split(_ box: Box) {
    var widest: (asset: Int, knot: Int, error: Double) = (0, 0, 0)
    for (a, curve) in gaps[box.gap].curves.enumerated() {
      let range = box.ranges[a]
      guard range.count > 2 else { continue }
      let move = min(
        max(box.point[a], curve.moves[range.lowerBound]), curve.moves[range.upperBound])
      let knot = curve.knot(before: move, in: range)
      let error =
        curve.line(at: move, of: [knot, knot + 1]).value
        - curve.line(at: move, of: box.hulls[a]).value
      // Not next to an end, where one half would be as before.
      let margin = max(range.count / 8, 1)
      let place = min(max(knot, range.lowerBound + margin), range.upperBound - margin)
      if error > widest.error { widest = (a, place, error) }
    }
    guard widest.error > 0 else {
      floor = min(floor, box.bound)
      return
    }
    let (a, range) = (widest.asset, box.ranges[widest.asset])
    for part in [range.lowerBound...widest.knot, widest.knot...range.upperBound] {
      var half = box
      half.ranges[a] = part
      half.hulls[a] = gaps[box.gap].curves[a].lowerHull(in: part)
      bound(half, from: box.point)
    }
  }
}

extension GapCurve {
  /// The knots of the lower convex hull between two knots.
  ///
  /// A. Andrew, "Another efficient algorithm for convex hulls in two dimensions", Information Processing Letters 9 (1979).
  fileprivate func lowerHull(in range: ClosedRange<Int>) -> [Int] {
    var hull: [Int] = []
    for k in range {
      while hull.count > 1 {
        let (i, j) = (hull[hull.count - 2], hull[hull.count - 1])
        let turn =
          (moves[j] - moves[i]) * (values[k] - values[i])
          - (values[j] - values[i]) * (moves[k] - moves[i])
        if turn > 0 { break }
        hull.removeLast()
      }
      hull.append(k)
    }
    return hull
  }

  /// The segment of some knots that holds a move: its slope and its value there.
  fileprivate func line(at move: Double, of knots: [Int]) -> (slope: Double, value: Double) {
    guard knots.count > 1 else { return (0, values[knots[0]]) }
    var (low, high) = (0, knots.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if moves[knots[middle]] <= move { low = middle } else { high = middle }
    }
    let (i, j) = (knots[low], knots[high])
    let slope = (values[j] - values[i]) / (moves[j] - moves[i])
    return (slope, values[i] + slope * (move - moves[i]))
  }

  /// The last knot at or before a move, with another after it.
  fileprivate func knot(before move: Double, in range: ClosedRange<Int>) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while high - low > 1 {
      let middle = (low + high) / 2
      if moves[middle] <= move { low = middle } else { high = middle }
    }
    return low
  }
}
