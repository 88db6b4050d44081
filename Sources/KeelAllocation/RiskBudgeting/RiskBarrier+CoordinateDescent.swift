// Goals: (1) convergence for budgets and covariances of any kind; (2) a pass at the speed of memory.
//
// Cyclical coordinate descent: Griveau-Billion, Richard and Roncalli, A fast algorithm for computing
// high-dimensional risk parity portfolios, arXiv 1311.4057 (2013).

import KeelNumerics
import KeelOptimization

extension RiskBarrier {
  /// Repeats passes of coordinate descent; returns why it was interrupted, or nil.
  mutating func descend(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    // Newton steps take over where a pass gains too little: they cost n/6 passes each.
    let sufficientGain = 0.7
    let leastPasses = 5
    var passes = 0
    while iterations < settings.maximumPasses, error > settings.relativeTolerance {
      if let end = interruption(settings) { return end }
      let before = error
      descend()
      refresh()
      iterations += 1
      passes += 1
      // An error that stays zero or infinite is slow too.
      if error >= sufficientGain * before && passes > leastPasses { break }
    }
    return nil
  }

  /// One pass: each number becomes the positive root of its own condition, given the others.
  private mutating func descend() {
    var point = u
    var sums = product
    defer { u = point }
    var products = sums.mutableSpan
    var points = point.mutableSpan
    for i in points.indices {
      let variance = variances[i]
      let budget = shares[i]
      let others = products[i] - variance * points[i]
      let root = (others * others + 4 * variance * budget).squareRoot()
      // The form without cancellation for each sign.
      let value = others > 0 ? 2 * budget / (others + root) : (root - others) / (2 * variance)
      let change = value - points[i]
      if change == 0 || !value.isFinite || value <= 0 { continue }
      points[i] = value
      Kernels.add(change, covariance.column(i), to: &products)
    }
  }
}
