// Goals in order: a proof over all pairs, programs of few pairs, few programs.
//
// The mean difference is a sum over T² pairs, but pairs that are far apart keep their order near the optimum: they are linear
// with rank counts as slopes. Newton's method on rounded kinks of falling width comes near the optimum. Then pairs near each
// other are open: with the others in the order of a near point,
//
//   Σ p p′ |v| = Σ p p′ v + 2 Σ over open pairs of p p′ max(−v, 0),   v = y − y′ of a pair in that order
//
// is a tail program with open pairs as scenarios, and a supporting plane for all orders, so that its dual values prove a bound
// whatever is open. Pairs that crossed are open in the next program.

import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

extension RiskProblem {
  /// Two scenarios, the one with the larger outcome at a near point first.
  private struct Pair {
    let high: Int
    let low: Int
  }

  /// The widths of rounded kinks, in standard deviations of the portfolio.
  private static let widths = [1.0, 0.2, 0.04]

  /// What a smooth stage may miss, relative to the risk.
  private static let roughness = 1e-4

  /// So many pairs are all open from the start.
  private static let fewPairs = 4096

  /// Open pairs of the first program for each scenario, and what multiplies them in each other one.
  private static let firstShare = 2
  private static let growth = 2
  private static let rounds = 6

  /// The least mean difference.
  ///
  /// - Returns: The best weights and a lower bound of the risk.
  /// - Throws: ``AllocationError``.
  func meanDifference() throws(AllocationError) -> (weights: [Double], bound: Double) {
    let measure = SampleRiskMeasure.giniMeanDifference
    let places = probabilities.indices.filter { probabilities[$0] > 0 }
    let pairCount = places.count * (places.count - 1) / 2
    var variables = try descent.start()
    let n = scenarios.universe.count
    if pairCount > Self.fewPairs { variables = try smoothStart(from: variables) }
    var best = (weights: Array(variables.prefix(n)), risk: Double.infinity)
    // No mean distance is negative.
    var bound = 0.0
    var near = best.weights
    var size = pairCount > Self.fewPairs ? Self.firstShare * places.count : pairCount
    var crossed: [Pair] = []
    for _ in 0..<Self.rounds {
      best.risk = min(best.risk, try risk(measure, at: best.weights).value)
      if isProved(best.risk, bound, within: 0) { return (best.weights, bound) }
      let round = try orderedProgram(near: near, places, count: size, and: crossed)
      let value = try risk(measure, at: round.weights).value
      bound = max(bound, round.bound)
      if value < best.risk { best = (round.weights, value) }
      if isProved(best.risk, bound, within: MinimumRisk.gapTolerance / 2) {
        return (best.weights, bound)
      }
      crossed = round.tied
      near = best.weights
      size = min(Self.growth * size, pairCount)
    }
    let fallback = try bundle(measure, from: best.weights + variables.dropFirst(n))
    return (fallback.weights, max(bound, fallback.bound))
  }

  /// Variables near the optimum by Newton's method on rounded kinks.
  private func smoothStart(from start: [Double]) throws(AllocationError) -> [Double] {
    let n = scenarios.universe.count
    var variables = start
    for width in Self.widths {
      let deviation = try risk(.standardDeviation, at: Array(variables.prefix(n))).value
      guard deviation > 0 else { return variables }
      let objective = SmoothMeanDifference(
        outcomes: scenarios.outcomes, probabilities: probabilities, width: width * deviation)
      variables = try descent.minimize(
        objective, from: variables, relativeTolerance: Self.roughness
      ).variables
    }
    return variables
  }

  /// The program with all pairs in the order of near weights but some open ones.
  private func orderedProgram(
    near weights: [Double],
    _ places: [Int],
    count: Int,
    and further: [Pair]
  ) throws(AllocationError) -> (weights: [Double], bound: Double, tied: [Pair]) {
    let portfolio = scenarios.outcomes.outcomes(of: weights)
    let sorted = places.sorted { portfolio[$0] < portfolio[$1] }
    let pairs = openPairs(sorted, portfolio, count: count, and: further)
    let others = 1 - probabilities.reduce(0) { $0 + $1 * $1 }
    var slopes = [Double](repeating: 0, count: probabilities.count)
    var below = 0.0
    for s in sorted {
      let above = max(1 - below - probabilities[s], 0)
      slopes[s] = 2 * probabilities[s] * (below - above) / others
      below += probabilities[s]
    }
    let solution = try solve(pairs, linear: assetSlopes(slopes), scale: 4 / others)
    for (pair, pull) in zip(pairs, solution.pulls) {
      slopes[pair.high] -= pull
      slopes[pair.low] += pull
    }
    let tied = zip(pairs, solution.pulls).filter { $1 > 0 }.map(\.0)
    return (
      solution.weights, leastValue(ofPlane: assetSlopes(slopes), solution.rowDuals), tied
    )
  }

  /// The pairs nearest to each other, and further ones in the order that they have now.
  private func openPairs(
    _ sorted: [Int],
    _ portfolio: [Double],
    count: Int,
    and further: [Pair]
  ) -> [Pair] {
    let width = pairWidth(sorted, portfolio, count: count)
    var pairs: [Pair] = []
    for (place, low) in sorted.enumerated() {
      for high in sorted[(place + 1)...] {
        // Of more ties than that some stay closed.
        if portfolio[high] - portfolio[low] > width || pairs.count > count { break }
        pairs.append(Pair(high: high, low: low))
      }
    }
    for pair in further where (portfolio[pair.high] - portfolio[pair.low]).magnitude > width {
      let keeps = portfolio[pair.high] > portfolio[pair.low]
      pairs.append(keeps ? pair : Pair(high: pair.low, low: pair.high))
    }
    return pairs
  }

  /// The least distance within which so many pairs are, up to a factor near one.
  private func pairWidth(_ sorted: [Int], _ portfolio: [Double], count: Int) -> Double {
    guard let first = sorted.first, let last = sorted.last else { return 0 }
    var (low, high) = (0.0, portfolio[last] - portfolio[first])
    func pairs(within width: Double) -> Int {
      var (sum, end) = (0, 0)
      for (place, s) in sorted.enumerated() {
        while end < sorted.count && portfolio[sorted[end]] - portfolio[s] <= width { end += 1 }
        sum += end - place - 1
      }
      return sum
    }
    if pairs(within: high) <= count { return high }
    for _ in 0..<Self.bisections {
      let middle = (low + high) / 2
      if pairs(within: middle) <= count { low = middle } else { high = middle }
    }
    return low
  }

  /// Some digits of a width are enough.
  private static let bisections = 40

  /// Minimizes `linear · w + scale Σ p p′ max(−v, 0)` over pairs.
  ///
  /// - Returns: The weights, the slope of each pair and the dual values of the rows.
  private func solve(
    _ pairs: [Pair],
    linear: [Double],
    scale: Double
  ) throws(AllocationError) -> (weights: [Double], pulls: [Double], rowDuals: [Double]) {
    let masses = pairs.map { probabilities[$0.high] * probabilities[$0.low] }
    let total = masses.reduce(0, +)
    var elements: [Double] = []
    elements.reserveCapacity((pairs.count + 1) * linear.count)
    for j in linear.indices {
      let column = scenarios.outcomes.column(j)
      for pair in pairs { elements.append(column[pair.high] - column[pair.low]) }
      elements.append(0)
    }
    // Half the probability stands on a scenario without outcome, as for a partial moment.
    let program = try tailProgram(
      Translation.matrix(elements, rowCount: pairs.count + 1, columnCount: linear.count),
      masses.map { $0 / total / 2 } + [0.5], 0.5, fixedColumns: 0, linear: linear,
      shortfallWeight: scale * total)
    let solution = ExpectedShortfallSolver(settings: settings).solve(program)
    switch solution.status {
    case .optimal, .almostOptimal, .stalled, .iterationLimit: break
    default:
      _ = try Translation.solution(
        of: program, universe: scenarios.universe, settings: settings)
    }
    let pulls = zip(masses, solution.value.scenarioMultipliers).map {
      min(max($1 * scale * total, 0), scale * $0)
    }
    var variables = solution.value.variables
    // A point of iterations that ended early may break constraints.
    if solution.status != .optimal { variables = try descent.nearest(to: variables) }
    return (Array(variables.prefix(linear.count)), pulls, solution.duals.rows)
  }
}
