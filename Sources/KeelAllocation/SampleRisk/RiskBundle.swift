// Goals in order: a lower bound that holds for every measure, few values of the measure.
//
// The level method (C. Lemaréchal, A. Nemirovskii and Y. Nesterov, Mathematical Programming 69, 1995). Every value of the risk
// gives a plane that supports it from below. The least of the largest plane is a lower bound; the next weights are the
// nearest to the best ones where no plane is above a level between the bound and the best risk. Planes that have not mattered
// for some rounds are forgotten.

import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

extension RiskProblem {
  /// Supporting planes `slopes · w + constant` of a risk.
  private struct Plane {
    let slopes: [Double]
    let constant: Double
    /// The number of rounds since the plane decided something.
    var age = 0
  }

  /// The level, as a share of the way from the lower bound to the best risk.
  private static let level = 0.3

  /// Rounds at most, and rounds after which a plane without use is forgotten.
  private static let rounds = 1000
  private static let patience = 30

  /// The least risk by supporting planes.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - start: Weights and further variables that satisfy the constraints.
  /// - Returns: The best weights and a lower bound of the risk.
  /// - Throws: ``AllocationError``.
  func bundle(
    _ measure: SampleRiskMeasure,
    from start: [Double]
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    let n = scenarios.universe.count
    var point = Array(start.prefix(n))
    var best = (weights: point, risk: Double.infinity)
    var bound = -Double.infinity
    var planes: [Plane] = []
    for _ in 0..<Self.rounds {
      let (risk, plane) = try supportingPlane(measure, at: point)
      planes.append(plane)
      // Solvers that stop early may end outside the constraints, with less risk than any inside.
      if risk < best.risk && isKept(by: point) { best = (point, risk) }
      let lowest = try lowestOfPlanes(&planes)
      bound = max(bound, lowest.bound)
      point = lowest.weights
      if best.risk < .infinity, bound > -.infinity {
        if best.risk - bound <= MinimumRisk.gapTolerance / 2 * best.risk.magnitude { break }
        let level = bound + Self.level * (best.risk - bound)
        point = try nearest(to: best.weights, planes: &planes, level: level) ?? point
      }
      guard point.allSatisfy(\.isFinite) else { break }
      planes.removeAll { $0.age > Self.patience }
      for k in planes.indices { planes[k].age += 1 }
    }
    return (best.weights, bound)
  }

  /// The risk of some weights and a plane that supports it there.
  private func supportingPlane(
    _ measure: SampleRiskMeasure,
    at weights: [Double]
  ) throws(AllocationError) -> (risk: Double, plane: Plane) {
    let risk = try risk(measure, at: weights)
    let slopes = assetSlopes(risk.slopes)
    let product = zip(slopes, weights).reduce(0) { $0 + $1.0 * $1.1 }
    return (risk.value, Plane(slopes: slopes, constant: risk.value - product))
  }

  /// The least of the largest plane: the worst case of the planes as scenarios.
  ///
  /// - Returns: The weights, and what the shares of the planes and the dual values of the rows prove,
  ///   whether they are exact or not.
  private func lowestOfPlanes(
    _ planes: inout [Plane]
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    let universe = scenarios.universe
    let n = universe.count
    var elements: [Double] = []
    elements.reserveCapacity(planes.count * (n + 1))
    for j in 0..<n {
      for plane in planes { elements.append(-plane.slopes[j]) }
    }
    for plane in planes { elements.append(-plane.constant) }
    let count = Double(planes.count)
    let program = try tailProgram(
      Translation.matrix(elements, rowCount: planes.count, columnCount: n + 1),
      planes.map { _ in 1 / count }, 1 - 0.5 / count, fixedColumns: 1)
    let solution = ExpectedShortfallSolver(settings: settings).solve(program)
    switch solution.status {
    case .optimal, .almostOptimal, .stalled, .iterationLimit: break
    default:
      _ = try Translation.solution(of: program, universe: universe, settings: settings)
    }
    let weights = Array(solution.value.variables.prefix(n))
    markUsed(&planes, at: weights)
    return (
      weights, proved(planes, solution.value.scenarioMultipliers, solution.duals.rows)
    )
  }

  /// The least of a mean of planes under the constraints, with any dual values of rows.
  private func proved(_ planes: [Plane], _ shares: [Double], _ duals: [Double]) -> Double {
    let total = shares.reduce(0) { $0 + max($1, 0) }
    guard total > 0, shares.count == planes.count else { return -.infinity }
    var slopes = [Double](repeating: 0, count: scenarios.universe.count)
    var constant = 0.0
    for (plane, share) in zip(planes, shares) where share > 0 {
      constant += share / total * plane.constant
      for i in slopes.indices { slopes[i] += share / total * plane.slopes[i] }
    }
    return constant + leastValue(ofPlane: slopes, duals)
  }

  /// Takes note of the planes that are the largest at some weights.
  private func markUsed(_ planes: inout [Plane], at weights: [Double]) {
    let values = planes.map { plane in
      zip(plane.slopes, weights).reduce(plane.constant) { $0 + $1.0 * $1.1 }
    }
    let largest = values.reduce(-Double.infinity, max)
    let size = values.reduce(0) { max($0, $1.magnitude) }
    for k in planes.indices where values[k] >= largest - 1e-9 * size { planes[k].age = 0 }
  }

  /// The point nearest to some weights where no plane is above a level; nil where the solver finds none.
  private func nearest(
    to weights: [Double],
    planes: inout [Plane],
    level: Double
  ) throws(AllocationError) -> [Double]? {
    let n = weights.count
    let universe = scenarios.universe
    let further = furtherNames.map { _ in 0.0 }
    let rows = planes.enumerated().map { k, plane in
      LinearRow(
        "plane \(k)", indices: Array(0..<n), coefficients: plane.slopes,
        upper: level - plane.constant)
    }
    let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .diagonal(weights.map { _ in 1 } + further),
        linear: weights.map { -$0 } + further, lowerBounds: constraints.lower,
        upperBounds: constraints.upper, rows: constraints.rows + rows,
        variableNames: universe.assets.map(\.rawValue) + furtherNames, convexity: .guaranteed)
    }
    do throws(OptimizationError) {
      let solution = try QuadraticSolver(settings: settings).solve(program)
      guard solution.status == .optimal else { return nil }
      for k in planes.indices where solution.duals.rows[constraints.rows.count + k] != 0 {
        planes[k].age = 0
      }
      return Array(solution.value.prefix(n))
    } catch {
      throw Translation.translated(error, universe)
    }
  }
}
