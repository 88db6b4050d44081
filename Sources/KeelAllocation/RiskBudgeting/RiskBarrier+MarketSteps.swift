// Goals: (1) the least number of products for a covariance that common factors rule; (2) a stop, with
// the best point kept, where the steps gain too little; (3) O(n) work beside the product.
//
// With a portfolio of variance one, asset i is (Σu)(i) times the portfolio and a rest of variance
// D(i) = Σ(i, i) − (Σu)(i)². Were the rests independent, the budgets would be met by
//
//   D(i) u² + ((Σu)(i) − D(i) u(i)) u = b(i)
//
// asset by asset (the equation of coordinate descent, Griveau-Billion, Richard and Roncalli, arXiv
// 1311.4057, with what the market explains taken out of the variance), up to the common scale. What
// the first factor does not explain is left to Anderson's mixing of the last steps (Journal of the
// ACM 12, 1965), which makes of the fixed point a method of the order of conjugate gradients.

import KeelNumerics
import KeelOptimization

extension RiskBarrier {
  /// The steps that are mixed.
  private static let mixingDepth = 5

  /// A step may change no number by more than a factor three.
  private static let largestMixedStep = 1.0

  /// In three passes the error must fall to half.
  private static let window = 3
  private static let sufficientGain = 0.5

  /// Repeats mixed steps; returns why it was interrupted, or nil.
  mutating func mixMarketSteps(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    guard error.isFinite else { return nil }
    var mixing = AndersonMixing(
      weights: shares.map { $0.squareRoot() }, depth: Self.mixingDepth)
    var step = [Double](repeating: 0, count: u.count)
    var best = (error: error, u: u, product: product)
    var recent = [Double](repeating: .infinity, count: Self.window)
    while iterations < settings.maximumPasses, error > settings.relativeTolerance {
      if let end = interruption(settings) { return end }
      marketStep(into: &step)
      mixing.mix(&step, largest: Self.largestMixedStep)
      Self.move(&u, by: step)
      refresh()
      iterations += 1
      guard let factor = normalize() else { break }
      mixing.record(move: step, shift: 2 * (factor - 1) / (factor + 1))
      if error < best.error { best = (error, u, product) }
      let place = iterations % Self.window
      // An error that stays zero or infinite is slow too.
      let isSlow = !(best.error < Self.sufficientGain * recent[place])
      recent[place] = best.error
      if isSlow { break }
    }
    if !(error <= best.error) {
      u = best.u
      product = best.product
      normalize()
    }
    return nil
  }

  /// Writes the step of each asset, as 2 (t − 1) / (t + 1) for a change by the factor t: close to the
  /// logarithm, and invertible without one.
  private func marketStep(into step: inout [Double]) {
    var step = step.mutableSpan
    let points = u.span
    let products = product.span
    let budgets = shares.span
    let variances = variances.span
    for i in step.indices {
      let own = variances[i] * points[i] * points[i]
      let contribution = points[i] * products[i]
      let budget = budgets[i]
      // Where the portfolio hedges the asset, the whole variance keeps the root positive.
      let rest = contribution > 0 ? max(own - contribution * contribution, 0) : own
      let common = contribution - rest
      let root = (common * common + 4 * rest * budget).squareRoot()
      // The form without cancellation for each sign.
      let factor = common > 0 ? 2 * budget / (common + root) : (root - common) / (2 * rest)
      step[i] = 2 - 4 / (factor + 1)
    }
  }

  /// Changes the point by steps below two in magnitude.
  private static func move(_ u: inout [Double], by step: [Double]) {
    let step = step.span
    var points = u.mutableSpan
    for i in points.indices { points[i] *= (2 + step[i]) / (2 - step[i]) }
  }
}
