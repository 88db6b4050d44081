import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RiskProblem {
  /// The least entropic value at risk, by Newton's method where it has derivatives.
  func entropic(
    _ confidence: Double
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    // Where every scenario has the mass of the tail, the value is the largest loss.
    let least = probabilities.reduce(1) { $1 > 0 ? min($0, $1) : $0 }
    if least >= 1 - confidence { return try worstCase() }
    let start = try descent.start()
    var variables = start
    do throws(AllocationError) {
      let objective = EntropicValueAtRiskObjective(
        outcomes: scenarios.outcomes, probabilities: probabilities, confidence: confidence)
      let found = try descent.minimize(objective, from: start)
      if found.missed <= MinimumRisk.gapTolerance / 2 * found.point.value.magnitude {
        return (found.point.weights, found.point.value - found.missed)
      }
      variables = found.variables
    } catch {
      // Near a kink the Hessian has no size, and its programs stop early.
      guard case .notSolved(let status, _) = error else { throw error }
      if status == .deadlineExceeded || status == .cancelled { throw error }
    }
    // Where some losses tie for the largest, the value has a kink and is the largest loss.
    if let worst = try entropicOfWorstCase(confidence) { return worst }
    return try bundle(.entropicValueAtRisk(confidence: confidence), from: variables)
  }

  /// The portfolio with the least worst case, where it is proved to have the least entropic value at risk
  /// too: nil where it is not.
  private func entropicOfWorstCase(
    _ confidence: Double
  ) throws(AllocationError) -> (weights: [Double], bound: Double)? {
    let solution = ExpectedShortfallSolver(settings: settings).solve(try worstCaseProgram())
    let weights = Array(solution.value.variables.prefix(scenarios.universe.count))
    guard weights.allSatisfy(\.isFinite) else { return nil }
    var slopes = [Double](repeating: 0, count: probabilities.count)
    let possible = probabilities.indices.filter { probabilities[$0] > 0 }
    for (s, multiplier) in zip(possible, solution.value.scenarioMultipliers) {
      slopes[s] = multiplier
    }
    EntropyLimit.apply(to: &slopes, probabilities: probabilities, limit: -log1p(-confidence))
    for s in slopes.indices { slopes[s] = -slopes[s] }
    let bound = leastValue(ofPlane: assetSlopes(slopes), solution.duals.rows)
    let risk = try risk(.entropicValueAtRisk(confidence: confidence), at: weights).value
    return isProved(risk, bound, within: MinimumRisk.gapTolerance / 2) ? (weights, bound) : nil
  }
}
