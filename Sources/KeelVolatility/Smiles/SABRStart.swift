import KeelOptimization

/// Starts of a search for a SABR smile.
enum SABRStart {
  /// Correlations and volatilities of the volatility, times √T, of the grid.
  private static let correlations = [-0.8, -0.4, 0, 0.4, 0.8]
  private static let deviations = [0.05, 0.2, 0.5, 1, 2]

  /// The fit without conditions, by least squares from the best point of the grid.
  ///
  /// - Throws: ``VolatilityError/noFit`` when no start gives a smile at all quotes.
  static func free(
    _ domain: SABRDomain
  ) throws(VolatilityError) -> (point: [Double], isConverged: Bool) {
    let (bands, time) = (domain.bands, domain.time)
    let money = (bands.moneyVariance / time).squareRoot()
    var best: (cost: Double, point: [Double]) = (.infinity, [])
    for point in grid(domain, money: money, deviations) {
      let cost = domain.cost(point)
      if cost < best.cost { best = (cost, point) }
    }
    guard best.cost < .infinity else { throw .noFit }
    do throws(OptimizationError) {
      var solver = try LevenbergMarquardt(residualCount: 2 * bands.count, parameterCount: 3)
      try solver.setBounds(lower: domain.lower.span, upper: domain.upper.span)
      let status = try solver.fit(from: best.point.span) { point, residuals in
        let trial = domain.smile([point[0], point[1], point[2]])
        for i in 0..<bands.count {
          let variance = trial?.variance(at: bands.places[i]) ?? .nan
          residuals[2 * i] =
            QuoteBands.middlePull * (variance - bands.targets[i]) * bands.weights[i]
          residuals[2 * i + 1] =
            (max(variance - bands.asks[i], 0) - max(bands.bids[i] - variance, 0)) * bands.weights[i]
        }
      }
      return (solver.parameters, status.isConverged)
    } catch {
      throw .noFit
    }
  }

  /// The points of the grid with a volatility at the money; none where the expansion cannot give it.
  private static func grid(
    _ domain: SABRDomain,
    money: Double,
    _ deviations: [Double]
  ) -> [[Double]] {
    correlations.flatMap { rho in
      deviations.compactMap { deviation in
        let nu = deviation / domain.time.squareRoot()
        let alpha = try? SABRSmile.alpha(
          moneyVolatility: money, timeToExpiry: domain.time, beta: domain.beta, rho: rho, nu: nu)
        return alpha.map { [$0, rho, nu] }
      }
    }
  }

  /// Levels of the grid, in volatilities at the money, each tried when the ones before give no smile that keeps all
  /// conditions.
  private static let levels = [1, 0.5, 0.1, 0.01]

  /// A smile that keeps all conditions, what it costs and how far inside it is.
  struct Candidate {
    let point: [Double]
    let cost: Double
    let least: Double

    /// Checks a point; nil when it does not keep all conditions.
    init?(_ point: [Double], _ domain: SABRDomain) {
      guard domain.holds(point), let smile = domain.smile(point) else { return nil }
      (self.point, cost) = (point, domain.cost(point))
      least = domain.conditions(smile, SABRScan.sparsePointCount).least
    }
  }

  /// The points of the grid that keep all conditions, raised above the expiry before; and the error of the worst condition
  /// of the nearest one that does not.
  static func candidates(
    _ domain: SABRDomain
  ) -> (kept: [Candidate], error: VolatilityError) {
    var nearest: (least: Double, error: VolatilityError) = (-.infinity, .noFit)
    // Points are raised above an expiry before in any case.
    for level in domain.previous == nil ? levels : [1] {
      var kept: [Candidate] = []
      for point in points(domain, level: level) {
        let raised = domain.clamped(raised(point, domain))
        guard let smile = domain.smile(raised) else { continue }
        if let candidate = Candidate(raised, domain) {
          kept.append(candidate)
          continue
        }
        let (_, worst, least) = domain.conditions(smile, SABRScan.sparsePointCount)
        if least > nearest.least { nearest = (least, domain.error(worst, smile)) }
      }
      if !kept.isEmpty { return (kept, nearest.error) }
    }
    return ([], nearest.error)
  }

  /// The cheapest candidates by a dense scan: one of each correlation of the grid, with a low and with a high level.
  static func leaders(_ candidates: [Candidate], _ domain: SABRDomain) -> [Candidate] {
    let order = candidates.indices.sorted {
      (candidates[$0].cost, $0) < (candidates[$1].cost, $1)
    }
    var isTaken = [Bool](repeating: false, count: 2 * correlations.count)
    return order.map { candidates[$0] }.filter { candidate in
      let distances = correlations.map { ($0 - candidate.point[1]).magnitude }
      let nearest = distances.indices.min { distances[$0] < distances[$1] } ?? 0
      let kind = 2 * nearest + (candidate.point[0] > highLevel * domain.scales[0] ? 1 : 0)
      guard !isTaken[kind], domain.holds(candidate.point, SABRScan.densePointCount) else {
        return false
      }
      isTaken[kind] = true
      return true
    }
  }

  private static let highLevel = 1.3

  /// The points of the grid that do not keep all conditions but have a cost.
  static func outside(_ domain: SABRDomain) -> [[Double]] {
    points(domain, level: 1).filter { domain.cost($0) < .infinity && !domain.holds($0) }
  }

  /// Levels α tried beside the least that gives the volatility at the money, over it: where ρ is negative the volatility
  /// falls again with α.
  private static let factors = [1, 1.5, 2, 3]

  /// The points of the grid at a level, and the law of the expiry before, which is its total variance at short times.
  private static func points(_ domain: SABRDomain, level: Double) -> [[Double]] {
    let money = level * (domain.unit / domain.time).squareRoot()
    var points = grid(domain, money: money, [0] + deviations)
    for factor in factors {
      for rho in correlations {
        for deviation in deviations {
          points.append([factor * money, rho, deviation / domain.time.squareRoot()])
        }
      }
    }
    if let previous = domain.previous {
      let part = (previous.timeToExpiry / domain.time).squareRoot()
      points.append([previous.alpha * part, previous.rho, previous.nu * part])
    }
    return points.map(domain.clamped)
  }

  private static let growth = 1.3
  private static let bisections = 4

  /// The point with its level raised until no variance falls below the expiry before.
  private static func raised(_ point: [Double], _ domain: SABRDomain) -> [Double] {
    guard let previous = domain.previous else { return point }
    func lifted(_ factor: Double) -> [Double] { [point[0] * factor, point[1], point[2]] }
    func isAbove(_ factor: Double) -> Bool {
      guard let smile = domain.smile(lifted(factor)) else { return false }
      return SABRScan.minima(
        [smile, previous], domain.interval, pointCount: SABRScan.sparsePointCount
      ) { smile.variance(at: $0) - previous.variance(at: $0) }
      .allSatisfy { $0.value >= 2 * SABRDomain.leastValue * domain.unit }
    }
    var (low, high) = (1.0, 1.0)
    while !isAbove(high) {
      guard high * point[0] < domain.upper[0] else { return point }
      (low, high) = (high, high * growth)
    }
    guard high > 1 else { return point }
    for _ in 0..<bisections {
      let middle = (low + high) / 2
      if isAbove(middle) { high = middle } else { low = middle }
    }
    return lifted(high)
  }
}
