// Goals in order: the digits of the single point, few integrals.
//
// The sides of the law have a table of their contours each, from which the nodes of interpolants are evaluated.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The log-density of a standard stable law next to many points.
struct StableDensities {
  private typealias Side = (table: StableContourTable, range: ClosedRange<Double>)

  private let law: StandardStable
  private let logFactor: Double
  private let lower: Side?
  private let upper: Side?

  private static let leastCount = 12
  private static let largestReach = 250.0

  /// Lays the tables for the finite ones of some points.
  init(_ law: StandardStable, near points: [Double]) {
    self.law = law
    logFactor = log(law.index) - log(Double.pi)
    var logScales: (lower: [Double], upper: [Double]) = ([], [])
    for z in points where z.isFinite {
      guard case .contour(let contour, let y, let x, let isAbove) = law.route(z), !contour.isLight
      else { continue }
      let scale = contour.logScale(y: y, x: x)
      if isAbove { logScales.upper.append(scale) } else { logScales.lower.append(scale) }
    }
    lower = Self.table(law.lower, logScales.lower)
    upper = Self.table(law.upper, logScales.upper)
  }

  /// A table for the middle of the scales; outliers do without it.
  private static func table(_ contour: StableContour, _ logScales: [Double]) -> Side? {
    guard logScales.count >= leastCount else { return nil }
    let sorted = logScales.sorted()
    var (low, high) = (0, sorted.count - 1)
    // A panel costs some points: ends that are far from the rest are cut off.
    while high - low > 1 {
      let middle = sorted[(low + high) / 2]
      let (below, above) = (middle - sorted[low], sorted[high] - middle)
      guard max(below, above) > largestReach else { break }
      if above > below { high -= 1 } else { low += 1 }
    }
    let range = sorted[low]...sorted[high]
    return StableContourTable(contour, logScales: range).map { ($0, range) }
  }

  /// ln f at a point.
  func logDensity(_ z: Double) -> Double {
    guard z.isFinite else { return z.isNaN ? .nan : -.infinity }
    guard case .contour(let contour, let y, let x, let isAbove) = law.route(z), !contour.isLight
    else { return law.support.contains(z) ? law.logDensity(z) : -.infinity }
    let logScale = contour.logScale(y: y, x: x)
    let integral =
      (isAbove ? upper : lower).flatMap { $0.range.contains(logScale) ? $0.table : nil }?
      .logDensityIntegral(logScale) ?? contour.integrals(logScale: logScale).density
    return logFactor - contour.logUnit(y: y, x: x) + integral
  }
}

extension StandardStable {
  /// ln f at each point.
  func logDensities(_ points: [Double]) -> [Double] {
    let densities = StableDensities(self, near: points)
    var result = points.map { $0.isNaN ? Double.nan : -.infinity }
    let inside = points.indices.filter { points[$0].isFinite && support.contains(points[$0]) }
    let table = SmoothTable(
      inside.map { points[$0] }, tolerances: SmoothTable.tolerances([SmoothTable.finestTolerance])
    ) { points in points.map { SIMD8(repeating: densities.logDensity($0)) } }
    for (k, row) in zip(inside, table.values) { result[k] = row[0] }
    return result
  }

  /// ln f and its first two derivatives at each point, in rows; the points finite and inside the support.
  func differentiated(_ points: [Double]) -> [SmoothTable.Row] {
    // Nodes of narrow panels are beyond the outermost points.
    let margin = SmoothTable.narrowWidths[0]
    let ends = [points.min(), points.max()].compactMap(\.self).flatMap { z in
      [sinh(asinh(z) - margin), sinh(asinh(z) + margin)]
    }
    let densities = StableDensities(self, near: points + ends.filter { support.contains($0) })
    return SmoothTable(
      points, tolerances: SmoothTable.tolerances([SmoothTable.finestTolerance]),
      isDifferentiated: true
    ) { points in points.map { SIMD8(repeating: densities.logDensity($0)) } }.values
  }
}
