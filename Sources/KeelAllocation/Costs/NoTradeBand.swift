// The weights from which an asset is not traded, when all others stay where they are.
//
// Along one weight the utility without costs of trading is a parabola with the curvature H = λ Σ_ii and its top at a target.
// From a distance d of the target a trade of t gains H (d t − t²/2) − cost(t) − fee; the best t has the slope of zero, and
// the band ends where that gain is zero. With a price c, impact q t² and a fee g the half-width is
//
//   (c + √(2 g (H + 2 q))) / H.
//
// One asset, one period: c / H for a proportional cost and √(2 g / H) for a fee alone.

public import KeelData
import KeelNumerics
public import KeelOptimization

/// The weights of an asset from which trading it does not pay, while all other weights stay.
public struct NoTradeBand: Hashable, Sendable {
  /// The asset.
  public let asset: AssetID

  /// The weight that would be best without costs of trading.
  public let target: Double

  /// The weights from which nothing is traded: from the least at which buying does not pay to the
  /// largest at which selling does not.
  public let weights: ClosedRange<Double>
}

/// The costs of a trade in one asset: a convex function and a fee.
struct TradeCost {
  /// The slope of the convex part at a size above zero, never falling.
  let slope: (Double) -> Double
  /// The convex part at a size.
  let value: (Double) -> Double
  let fee: Double

  /// Halvings of an interval: to the last bit of a double, and some more.
  private static let halvings = 80

  /// The distance from the target up to which nothing is traded.
  ///
  /// - Parameter curvature: That of the utility, positive.
  /// - Returns: The distance; +∞ where trading never pays.
  func halfWidth(curvature: Double) -> Double {
    let least = slope(0) / curvature
    if fee == 0 { return least }
    var far = max(2 * least, (fee / curvature).squareRoot())
    while gain(far, curvature) < fee {
      far *= 2
      if far.isInfinite { return far }
    }
    return Self.root(least...far) { gain($0, curvature) >= fee }
  }

  /// What the best trade from a distance gains before the fee.
  private func gain(_ distance: Double, _ curvature: Double) -> Double {
    let size = Self.root(0...distance) { curvature * (distance - $0) <= slope($0) }
    return curvature * size * (distance - size / 2) - value(size)
  }

  /// The least number of an interval from which on a condition holds.
  private static func root(_ range: ClosedRange<Double>, _ holds: (Double) -> Bool) -> Double {
    var (low, high) = (range.lowerBound, range.upperBound)
    for _ in 0..<halvings {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if holds(middle) { high = middle } else { low = middle }
    }
    return high
  }
}

extension TradingCosts {
  /// The costs of purchases and of sales in one asset, with a fee.
  func tradeCosts(
    of i: Int,
    fee: Double,
    over universe: Universe
  ) throws(AllocationError) -> (buying: TradeCost, selling: TradeCost) {
    var costs = UtilityCosts()
    try add(to: &costs, over: universe)
    let power = try powers(over: universe)
    let start = current.values[i]
    let resting = costs.curvedSlope(start, i)
    func cost(_ side: Double) -> TradeCost {
      TradeCost(
        slope: { size in
          // A size of zero stands for the smallest one.
          let x = start + side * size
          let bent = costs.charges.reduce(0) {
            $0 + (size > 0 ? $1.slope(x, i) : $1.reference[i] == start ? $1.outward(side, i) : 0)
          }
          let curved = costs.curvedSlope(x, i) - resting
          return side * (bent + curved + (power?.slope(x, i) ?? 0))
        },
        value: { size in
          let bent = costs.charges.reduce(0) { sum, charge in
            let x = start + side * size
            return sum + charge.slope(x, i) * (x - charge.reference[i])
          }
          let curvature = costs.isFlat ? 0 : costs.curvatures[i]
          let steep = (power?.coefficients[i] ?? 0) * size * size.squareRoot()
          return bent + curvature / 2 * size * size + steep
        }, fee: fee)
    }
    return (cost(1), cost(-1))
  }
}

extension TradingCharge {
  /// The slope just above or just below the reference.
  fileprivate func outward(_ side: Double, _ i: Int) -> Double {
    side > 0 ? buying[i] : -selling[i]
  }
}

extension MaximumUtility {
  /// The bands inside which no asset alone is traded, around chosen weights.
  ///
  /// All other weights stay at those of the solution, and the rows at their shadow prices: what an asset
  /// takes from the budget is worth what the budget is worth. Costs of holding and penalties belong to
  /// the position and not to the trade; where they bend, the side of the chosen weight counts.
  ///
  /// - Parameters:
  ///   - solution: What ``weights(expectedReturns:covariance:)`` returned.
  ///   - expectedReturns: The expected returns that it was made from.
  ///   - covariance: The covariance that it was made from.
  ///   - fees: Fixed costs of a trade beside ``costs``; nil for none.
  /// - Returns: A band for every asset whose utility bends, in the order of the universe: cash, or an asset
  ///   without aversion to its risk, has no target.
  /// - Throws: ``AllocationError`` for assets, prices and fees that are out of range.
  /// - Complexity: O(N²).
  public func noTradeBands(
    around solution: Solution<Weights>,
    expectedReturns: ExpectedReturns,
    covariance: Covariance,
    fees: FixedTradingCosts? = nil
  ) throws(AllocationError) -> [NoTradeBand] {
    let universe = covariance.universe
    try Translation.requireEqual(solution.value.universe, universe)
    try Translation.requireEqual(expectedReturns.universe, universe)
    let fixed = try fees?.resolved(over: universe) ?? universe.assets.map { _ in 0 }
    let limits = try constraints.resolved(over: universe)
    let w = solution.value.values
    var gradient = covariance.product(with: w)
    for i in w.indices { gradient[i] = riskAversion * gradient[i] - expectedReturns.values[i] }
    var positionCosts = UtilityCosts()
    try holdingCosts?.add(to: &positionCosts, over: universe)
    try penalty?.add(to: &positionCosts, over: universe)
    for i in w.indices {
      gradient[i] += positionCosts.curvedSlope(w[i], i)
      for charge in positionCosts.charges { gradient[i] += charge.slope(w[i], i) }
    }
    for (row, price) in zip(limits.rows, solution.duals.rows) {
      for (i, a) in zip(row.indices, row.coefficients) { gradient[i] -= a * price }
    }
    let matrix = covariance.matrix
    var bands: [NoTradeBand] = []
    for (i, asset) in universe.assets.enumerated() {
      let further = positionCosts.isFlat ? 0 : positionCosts.curvatures[i]
      let curvature = riskAversion * matrix[i, i] + further
      if curvature == 0 { continue }
      let target = w[i] - gradient[i] / curvature
      var widths = (0.0, 0.0)
      if let costs {
        let sides = try costs.tradeCosts(of: i, fee: fixed[i], over: universe)
        widths = (
          sides.buying.halfWidth(curvature: curvature),
          sides.selling.halfWidth(curvature: curvature)
        )
      } else {
        let side = TradeCost(slope: { _ in 0 }, value: { _ in 0 }, fee: fixed[i])
          .halfWidth(curvature: curvature)
        widths = (side, side)
      }
      bands.append(
        NoTradeBand(
          asset: asset, target: target, weights: (target - widths.0)...(target + widths.1)))
    }
    return bands
  }
}
