// For a fixed center and width a hyperbola is linear in the other parameters, which least squares in a box find at once:
// S. De Marco and C. Martini, "Quasi-explicit calibration of Gatheral's SVI model", Zeliade (2009). Centers and widths are
// tried on a grid.

/// Starts of a search for a hyperbola.
enum SVIStart {
  /// Centers on the grid, in deviations and in ranges of the quotes from the money and from the middle quote.
  private static let deviationCenters = [-2.0, -0.75, -0.25, 0, 0.25, 0.75, 2]
  private static let rangeCenters = [-1.0, -0.5, -0.2, 0, 0.2, 0.5, 1]

  /// Widths, in deviations and in ranges.
  private static let deviationWidths = [0.1, 0.3, 1, 3]
  private static let rangeWidths = [0.05, 0.15, 0.5, 1.5]

  /// How many of the best points of the grid are made free of arbitrage.
  private static let keptCount = 4

  /// The best points of a grid that keep all conditions, by ascending cost.
  static func candidates(_ domain: SVIDomain, count: Int) -> [SVIPoint] {
    let bands = domain.bands
    let deviation = domain.unit.squareRoot()
    let middle = (bands.places[0] + bands.places[bands.count - 1]) / 2
    let centers =
      deviationCenters.map { $0 * deviation } + rangeCenters.map { middle + $0 * bands.range }
    let widths = deviationWidths.map { $0 * deviation } + rangeWidths.map { $0 * bands.range }
    var grid: [(cost: Double, place: Int, point: SVIPoint)] = []
    for (i, m) in centers.enumerated() {
      for (j, sigma) in widths.enumerated() {
        let point = domain.clamped(
          linear(domain, m: m, sigma: sigma) {
            (bands.weights[$0] * bands.weights[$0], bands.targets[$0])
          })
        grid.append((domain.cost(point), i * widths.count + j, point))
      }
    }
    grid.sort { ($0.cost, $0.place) < ($1.cost, $1.place) }
    var kept: [(cost: Double, place: Int, point: SVIPoint)] = []
    for entry in grid.prefix(max(keptCount, count)) {
      guard let point = domain.retracted(entry.point) else { continue }
      kept.append((domain.cost(point), entry.place, point))
    }
    kept.sort { ($0.cost, $0.place) < ($1.cost, $1.place) }
    // A flat smile is the last resort.
    var flat = SVIPoint([domain.unit, 0, 0, 0, deviation])
    flat = domain.clamped(flat)
    let starts = kept.prefix(count).map(\.point)
    return starts.isEmpty ? [domain.retracted(flat)].compactMap(\.self) : Array(starts)
  }

  /// The weighted least squares in level and slopes, the slopes in their box.
  static func linear(
    _ domain: SVIDomain,
    m: Double,
    sigma: Double,
    _ aim: (Int) -> (weight: Double, target: Double)
  ) -> SVIPoint {
    let bands = domain.bands
    let firstTarget = aim(0).target
    var (total, w, p, q) = (0.0, 0.0, 0.0, 0.0)
    var (pp, pq, qq, pw, qw) = (0.0, 0.0, 0.0, 0.0, 0.0)
    // Sums about the first quote lose less to cancellation.
    let (firstP, firstQ) = halves(bands.places[0] - m, sigma)
    for i in 0..<bands.count {
      let (weight, full) = aim(i)
      let (fullP, fullQ) = halves(bands.places[i] - m, sigma)
      let (x, y) = (fullP - firstP, fullQ - firstQ)
      let target = full - firstTarget
      total += weight
      (w, p, q) = (w + weight * target, p + weight * x, q + weight * y)
      (pp, pq, qq) = (pp + weight * x * x, pq + weight * x * y, qq + weight * y * y)
      (pw, qw) = (pw + weight * x * target, qw + weight * y * target)
    }
    (w, p, q) = (w / total, p / total, q / total)
    (pp, pq, qq) = (pp - total * p * p, pq - total * p * q, qq - total * q * q)
    (pw, qw) = (pw - total * p * w, qw - total * q * w)
    let box = BoxedPair(
      lower: (domain.lower[1], domain.lower[2]), upper: (domain.upper[1], domain.upper[2]))
    let (u, v) = box.minimum(pp, pq, qq, pw, qw)
    let level = firstTarget + w - u * (p + firstP) - v * (q + firstQ)
    let least = SVIDomain.leastVariance * domain.unit
    return SVIPoint([max(level, least - sigma * (u * v).squareRoot()), u, v, m, sigma])
  }

  private static func halves(_ z: Double, _ sigma: Double) -> (Double, Double) {
    let root = (z * z + sigma * sigma).squareRoot()
    return ((root - z) / 2, (root + z) / 2)
  }
}

/// Two variables in a box.
struct BoxedPair {
  var lower: (Double, Double)
  var upper: (Double, Double)

  /// The minimum of `pp u²/2 + pq u v + qq v²/2 - pw u - qw v`: inside, or the best of the four edges.
  func minimum(
    _ pp: Double, _ pq: Double, _ qq: Double, _ pw: Double, _ qw: Double
  ) -> (Double, Double) {
    let determinant = pp * qq - pq * pq
    if determinant > Double.ulpOfOne * pp * qq {
      let u = (qq * pw - pq * qw) / determinant
      let v = (pp * qw - pq * pw) / determinant
      if u >= lower.0, u <= upper.0, v >= lower.1, v <= upper.1 { return (u, v) }
    }
    var (best, least) = (lower, Double.infinity)
    func consider(_ u: Double, _ v: Double) {
      let value = (pp * u * u + qq * v * v) / 2 + pq * u * v - pw * u - qw * v
      if value < least { (best, least) = ((u, v), value) }
    }
    for u in [lower.0, upper.0] {
      consider(u, qq > 0 ? min(max((qw - pq * u) / qq, lower.1), upper.1) : lower.1)
    }
    for v in [lower.1, upper.1] {
      consider(pp > 0 ? min(max((pw - pq * v) / pp, lower.0), upper.0) : lower.0, v)
    }
    return best
  }
}
