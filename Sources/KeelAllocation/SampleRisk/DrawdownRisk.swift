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
    var best = Proof(
      weights: Array(start.prefix(scenarios.universe.count)), variables: start, risk: .infinity,
      // No drawdown is negative.
      bound: 0)
    var searched = [risk]
    // Where several drawdowns are the largest, the entropic one may be no less than they are.
    if case .entropic = risk { searched.append(.largest) }
    for risk in searched where !best.holds(to: MinimumRisk.gapTolerance) {
      var search = DrawdownSearch(
        program, near: best.variables, lowering: risk, settings: settings)
      try improve(&best, measure, by: &search)
    }
    if best.holds(to: MinimumRisk.gapTolerance) { return (best.weights, best.bound) }
    let fallback = try bundle(measure, from: best.variables)
    return (fallback.weights, max(best.bound, fallback.bound))
  }

  /// Weights with their risk and a lower bound of it.
  private struct Proof {
    var weights: [Double]
    /// The weights and the further variables.
    var variables: [Double]
    var risk: Double
    var bound: Double

    func holds(to tolerance: Double) -> Bool {
      risk < .infinity && risk - bound <= tolerance * risk
    }
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
      let weights = Array(point.variables.prefix(best.weights.count))
      let value = try risk(measure, at: weights).value
      if value < best.risk {
        (best.weights, best.variables, best.risk) = (weights, point.variables, value)
      }
      let bound = leastValue(ofPlane: assetSlopes(point.slopes), point.rowDuals)
      best.bound = max(best.bound, bound)
      if best.holds(to: MinimumRisk.gapTolerance / 2) || !canGoOn { return }
    }
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
