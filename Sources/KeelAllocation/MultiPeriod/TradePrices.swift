// The prices of trades in a plan: the slope of the cost of a trade, and where the cost bends at the trade one of its slopes.

import KeelData
import KeelNumerics
import KeelOptimization

extension MultiPeriodUtility {
  /// What prices may be off, relative to their size.
  private static let priceTolerance = 1e-6
  /// What rounding leaves of the distance of a trade from the end of a level.
  private static let rounding = 1e-12

  /// The prices of the trades of a plan, with which it falls apart into one utility for each period.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - steps: Its periods.
  /// - Returns: For each period the price of the trade of each asset that begins it.
  /// - Throws: ``AllocationError``; `notSolved` where prices are not slopes of the costs of these trades.
  func tradePrices(of plan: Plan, _ steps: [Step]) throws(AllocationError) -> [[Double]] {
    var before = (steps.first?.costs ?? costs)?.current
    for (t, weights) in plan.weights.enumerated() {
      guard let held = before else {
        before = weights
        continue
      }
      try Translation.requireEqual(held.universe, weights.universe)
      let slopes = try slopes(
        of: zip(weights.values, held.values).map { $0 - $1 }, steps[t].costs, weights.universe)
      for (price, range) in zip(plan.tradePrices[t], slopes) {
        let slack = Self.priceTolerance * max(range.low.magnitude, range.high.magnitude)
        guard price >= range.low - slack, price <= range.high + slack else {
          throw .notSolved(
            status: .stalled,
            certificate: Certificate(
              primalResidual: 0, dualResidual: max(range.low - price, price - range.high),
              relativeGap: .nan, primalObjective: .nan, dualObjective: .nan, worstViolation: nil,
              iterations: 0))
        }
      }
      before = weights
    }
    return plan.tradePrices
  }

  /// The slopes of the cost of a trade to both sides.
  private func slopes(
    of change: [Double],
    _ own: TradingCosts?,
    _ universe: Universe
  ) throws(AllocationError) -> [(low: Double, high: Double)] {
    guard var trading = own ?? costs else { return change.map { _ in (0, 0) } }
    trading.current = try Translation.weights(change.map { _ in 0 }, over: universe)
    var bent = UtilityCosts()
    try trading.add(to: &bent, over: universe)
    let power = try trading.powers(over: universe)
    return change.indices.map { i in
      let x = change[i]
      let smooth = bent.curvedSlope(x, i) + (power?.slope(x, i) ?? 0)
      var (low, high) = (smooth, smooth)
      for charge in bent.charges {
        let beyond = x - charge.reference[i]
        low += beyond > Self.rounding ? charge.buying[i] : -charge.selling[i]
        high += beyond < -Self.rounding ? -charge.selling[i] : charge.buying[i]
      }
      return (low, high)
    }
  }
}
