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
    let n = scenarios.universe.count
    let start = try descent.start()
    var best = (weights: Array(start.prefix(n)), variables: start, risk: Double.infinity)
    // No drawdown is negative.
    var bound = 0.0
    var search = DrawdownSearch(
      try drawdownProgram(risk), near: start, settings: settings)
    for tolerance in Self.drawdownTolerances {
      guard let (point, canGoOn) = search.next(tolerance: tolerance),
        point.variables.allSatisfy(\.isFinite)
      else { break }
      let weights = Array(point.variables.prefix(n))
      let value = try self.risk(measure, at: weights).value
      if value < best.risk { best = (weights, point.variables, value) }
      bound = max(bound, leastValue(ofPlane: assetSlopes(point.slopes), point.rowDuals))
      let isProved = best.risk - bound <= MinimumRisk.gapTolerance / 2 * best.risk
      if isProved { return (best.weights, bound) }
      if !canGoOn { break }
    }
    let fallback = try bundle(measure, from: best.variables)
    return (fallback.weights, max(bound, fallback.bound))
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
