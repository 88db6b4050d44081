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
  private static let levels = [1, 0.7, 0.5, 0.25, 0.1, 0.03, 0.01]

  /// A smile that keeps all conditions, and what it costs.
  struct Candidate {
    var point: [Double]
    var cost: Double
    var least: Double
  }

  /// The points of the grid that keep all conditions, raised above the expiry before, by ascending cost.
  ///
  /// - Throws: The error of the worst condition of the point that is nearest, when there is none.
  static func candidates(_ domain: SABRDomain) throws(VolatilityError) -> [Candidate] {
    let money = (domain.unit / domain.time).squareRoot()
    var nearest: (least: Double, condition: SABRDomain.Condition, smile: SABRSmile)?
    for level in levels {
      var kept: [(place: Int, candidate: Candidate)] = []
      var points = grid(domain, money: level * money, [0] + deviations)
      if let previous = domain.previous {
        // The law of the expiry before, which is its total variance at short times.
        let part = (previous.timeToExpiry / domain.time).squareRoot()
        points.append(domain.clamped([previous.alpha * part, previous.rho, previous.nu * part]))
      }
      for (place, point) in points.enumerated() {
        let raised = domain.clamped(raised(point, domain))
        guard let smile = domain.smile(raised) else { continue }
        let (_, worst, least) = domain.conditions(smile, SABRScan.sparsePointCount)
        let cost = domain.cost(raised)
        if least >= SABRDomain.leastValue, cost < .infinity {
          kept.append((place, Candidate(point: raised, cost: cost, least: least)))
        } else if least > nearest?.least ?? -.infinity {
          nearest = (least, worst, smile)
        }
      }
      kept.sort { ($0.candidate.cost, $0.place) < ($1.candidate.cost, $1.place) }
      if !kept.isEmpty { return kept.map(\.candidate) }
    }
    throw nearest.map { domain.error($0.condition, $0.smile) } ?? .noFit
  }

  private static let growth = 1.3
  private static let bisections = 10

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
