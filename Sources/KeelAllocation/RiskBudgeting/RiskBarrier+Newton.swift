// Goals: (1) convergence where passes over the matrix gain too little; (2) an end where no step gains.
//
// Damped Newton steps in the relative changes of the numbers: F. Spinu, An algorithm for computing
// risk parity weights, SSRN 2297383 (2013).

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

extension RiskBarrier {
  /// The Newton steps in which the error must fall to `leastGain` of what it was.
  private static let patience = 200
  private static let leastGain = 0.9

  /// Repeats Newton steps; returns why it was interrupted, or nil.
  mutating func takeNewtonSteps(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    var steps = 0
    var checkpoint = error
    while steps < settings.maximumNewtonSteps, error > settings.relativeTolerance {
      // Budgets of very different size damp the steps to nothing: without a limit they would not end.
      if steps > 0, steps % Self.patience == 0 {
        if !(error < Self.leastGain * checkpoint) { break }
        checkpoint = error
      }
      steps += 1
      if let end = interruption(settings) { return end }
      let before = error
      guard newtonStep() else { break }
      refresh()
      iterations += 1
      // Newton's method converges quadratically: no gain below this size is rounding.
      let roundingLevel = 1e-9
      if error >= before && before < roundingLevel { break }
    }
    return nil
  }

  /// One Newton step in p, where u(i) becomes u(i) (1 + p(i)), damped as self-concordance asks.
  private mutating func newtonStep() -> Bool {
    let n = u.count
    let slope = u.indices.map { shares[$0] - u[$0] * product[$0] }
    guard let step = newtonDirection(slope) else { return false }
    let decrement = zip(slope, step).reduce(0) { $0 + $1.0 * $1.1 }
    let least = shares.min() ?? 1
    // f / min b is self-concordant; full steps are safe once its decrement is below 1/4 (Nesterov).
    let scaled = max(decrement / least, 0).squareRoot()
    let fullStepLimit = 0.25
    var length = scaled < fullStepLimit ? 1 : 1 / (1 + scaled)
    // A longer step is taken when it keeps half of every coordinate.
    let reach = step.reduce(1.0) { $1 < 0 ? min($0, -0.5 / $1) : $0 }
    if reach > length, decreases(step, reach, slope: decrement) { length = reach }
    for i in 0..<n { u[i] *= 1 + length * step[i] }
    return u.allSatisfy { $0 > 0 && $0.isFinite }
  }

  /// Solves (UΣU + diag(b)) p = b − u ∘ Σu.
  private func newtonDirection(_ slope: [Double]) -> [Double]? {
    let n = u.count
    let scaled = [Double](capacity: n * n) { output in
      for j in 0..<n {
        let column = covariance.column(j)
        for i in 0..<n { output.append(column[i] * u[i] * u[j]) }
      }
    }
    var hessian = SymmetricMatrix(lowerTriangleOf: scaled, order: n)
    for i in 0..<n { hessian[i, i] += shares[i] }
    var step = slope
    do throws(LinearAlgebraError) {
      var solver = try CholeskySolver(order: n)
      try solver.factor(hessian)
      var span = step.mutableSpan
      try solver.solve(&span)
    } catch {
      return nil
    }
    return step
  }

  /// Whether a step reduces the objective by a sufficient part of what its slope promises.
  private func decreases(_ step: [Double], _ length: Double, slope: Double) -> Bool {
    let sufficientPart = 0.1
    var other = self
    for i in u.indices { other.u[i] *= 1 + length * step[i] }
    other.refresh()
    return other.objective(relativeTo: u) <= objective(relativeTo: u)
      - sufficientPart * length * slope
  }

  /// The objective, with logarithms of what the numbers are relative to others.
  private func objective(relativeTo reference: [Double]) -> Double {
    var value = 0.0
    for i in u.indices {
      value += u[i] * product[i] / 2 - shares[i] * logarithm(u[i] / reference[i])
    }
    return value
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The natural logarithm.
private func logarithm(_ value: Double) -> Double { log(value) }
