// Goals in order: a proof, weights that are exactly at their bounds, few iterations.
//
// An interior point of the program with the drawdowns as variables is exact enough when the plane of its dual values proves it.
// Its weights are near their bounds and not at them: the nearest point with those at bounds whose slopes say so is taken
// instead.

import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

extension RiskProblem {
  /// Ever smaller gaps of the iterations: each is asked for where the one before proves too little.
  private static let drawdownTolerances = [1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13]

  /// The least risk of drawdowns.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - risk: The same for the solver.
  /// - Returns: The best weights and a lower bound of the risk.
  /// - Throws: ``AllocationError``.
  func drawdown(
    _ measure: SampleRiskMeasure,
    _ risk: DrawdownProgram.Risk
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    let start = try descent.start()
    let program = try drawdownProgram(risk)
    // No drawdown is negative.
    var best = Proof(variables: start, risk: .infinity, bound: 0)
    var searched = [risk]
    // Where several drawdowns are the largest, the entropic one may be no less than they are.
    if case .entropic = risk { searched.append(.largest) }
    for risk in searched where !holds(best, MinimumRisk.gapTolerance) {
      var search = DrawdownSearch(
        program, near: best.variables, lowering: risk, settings: settings)
      try improve(&best, measure, by: &search)
    }
    if holds(best, MinimumRisk.gapTolerance), let landed = try landed(best, measure) {
      return (weights(of: landed), best.bound)
    }
    let fallback = try bundle(measure, from: start)
    return (fallback.weights, max(best.bound, fallback.bound))
  }

  /// Variables with their risk and a lower bound of it.
  private struct Proof {
    /// The weights and the further variables.
    var variables: [Double]
    var risk: Double
    var bound: Double
    /// What dual values leave of the slopes of the last plane, relative to the largest slope.
    var reducedSlopes: [Double] = []
  }

  private func holds(_ proof: Proof, _ tolerance: Double) -> Bool {
    isProved(proof.risk, proof.bound, within: tolerance)
  }

  private func weights(of variables: [Double]) -> [Double] {
    Array(variables.prefix(scenarios.universe.count))
  }

  /// Takes over the best points and bounds of a search.
  private func improve(
    _ best: inout Proof,
    _ measure: SampleRiskMeasure,
    by search: inout DrawdownSearch
  ) throws(AllocationError) {
    for tolerance in Self.drawdownTolerances {
      guard let (point, canGoOn) = search.next(tolerance: tolerance),
        point.variables.allSatisfy(\.isFinite)
      else { return }
      let value = try risk(measure, at: weights(of: point.variables)).value
      if value < best.risk { (best.variables, best.risk) = (point.variables, value) }
      let slopes = assetSlopes(point.slopes)
      best.bound = max(best.bound, leastValue(ofPlane: slopes, point.rowDuals))
      let steepest = slopes.reduce(0) { max($0, $1.magnitude) }
      best.reducedSlopes = reducedSlopes(slopes, point.rowDuals).map { $0 / steepest }
      if holds(best, MinimumRisk.gapTolerance / 2) || !canGoOn { return }
    }
  }

  /// The nearest variables that satisfy the constraints, with those at their bounds that interior points come near only, or
  /// without; nil where either would lose the proof.
  ///
  /// Where the constraints leave almost nothing an interior point can stay outside of them, with less risk than any inside.
  private func landed(
    _ best: Proof,
    _ measure: SampleRiskMeasure
  ) throws(AllocationError) -> [Double]? {
    for bounds in [pinned(best), constraints] {
      let descent = ConvexDescent(
        constraints: bounds, furtherNames: furtherNames, settings: settings)
      guard let landed = try? descent.nearest(to: best.variables) else { continue }
      var proof = best
      proof.risk = try risk(measure, at: weights(of: landed)).value
      if holds(proof, MinimumRisk.gapTolerance) { return landed }
    }
    return nil
  }

  /// The constraints with variables fixed at bounds to which their slopes point.
  private func pinned(_ best: Proof) -> ResolvedConstraints {
    var bounds = constraints
    let size = best.variables.reduce(0) { max($0, $1.magnitude) }
    for (i, slope) in best.reducedSlopes.enumerated() where slope != 0 {
      let bound = slope > 0 ? constraints.lower[i] : constraints.upper[i]
      // At an active bound the slope is the larger one of the two.
      guard (best.variables[i] - bound).magnitude < size * slope.magnitude else { continue }
      (bounds.lower[i], bounds.upper[i]) = (bound, bound)
    }
    return bounds
  }

  private func drawdownProgram(
    _ risk: DrawdownProgram.Risk
  ) throws(AllocationError) -> DrawdownProgram {
    do throws(OptimizationError) {
      return try DrawdownProgram(
        risk, outcomes: scenarios.outcomes, probabilities: probabilities,
        lowerBounds: constraints.lower, upperBounds: constraints.upper, rows: constraints.rows,
        variableNames: scenarios.universe.assets.map(\.rawValue) + furtherNames)
    } catch {
      throw Translation.translated(error, scenarios.universe)
    }
  }
}
