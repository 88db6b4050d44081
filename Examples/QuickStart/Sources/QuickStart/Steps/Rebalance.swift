import Keel

// Steps 6 and 7: the held-out days move the weights; the plan brings them back.

/// A portfolio before and after the held-out days, and the trades that restore it.
struct Rebalance {
  /// One asset of the portfolio, or its cash.
  struct Row {
    let asset: AssetID
    let target: Double
    let before: Double
    let after: Double
    /// In dollars: positive for a purchase, zero for none; for cash, its change.
    let trade: Double
    /// Why nothing is traded, or nothing.
    let reason: String

    var drift: Double { before - target }
  }

  let rows: [Row]
  let drift: DriftAnalysis
  let plan: RebalancingPlan
  let valueAtStart: Double
  let valueAfter: Double

  init(_ portfolio: Portfolio, _ market: Market) throws {
    let cash = market.cash.first ?? AssetID("USD")
    let universe = try Universe(market.universe.assets + [cash])
    let invested = portfolio.weights.values.map { $0 * (1 - Assumptions.cashShare) }
    let target = try Weights(universe: universe, values: invested + [Assumptions.cashShare])

    let bought = try Prices(universe: universe, values: market.heldOut.prices(row: 0).values + [1])
    let holdings = try Self.purchase(target, at: bought)
    valueAtStart = try holdings.value(prices: bought)

    let prices = try Prices(universe: universe, values: market.heldOut.lastPrices().values + [1])
    let threshold = try RebalancingThreshold(absolute: Assumptions.driftThreshold)
    drift = try DriftAnalysis(
      holdings: holdings, prices: prices, target: target, threshold: threshold)
    plan = try Self.planner(paying: cash, universe)
      .plan(holdings: holdings, prices: prices, target: target)
    valueAfter = try plan.expectedHoldings.value(prices: prices)
    rows = Self.rows(drift, plan)
  }

  /// What the portfolio's value buys: whole base units, never more than there is; the rest is cash.
  private static func purchase(_ target: Weights, at prices: Prices) throws -> Holdings {
    var amounts: [Amount] = []
    var spent = 0.0
    for (weight, price) in zip(target.values, prices.values).dropLast() {
      let quantity = Assumptions.portfolioValue * weight / price
      let amount = try Amount(
        quantity, decimals: Assumptions.assetDecimals, rounding: .towardZero)
      amounts.append(amount)
      spent += amount.doubleValue * price
    }
    amounts.append(
      try Amount(
        Assumptions.portfolioValue - spent, decimals: Assumptions.cashDecimals,
        rounding: .towardZero))
    return try Holdings(universe: prices.universe, amounts: amounts)
  }

  /// A planner with the costs and rules that are assumed.
  static func planner(
    paying cash: AssetID, _ universe: Universe
  ) throws -> RebalancingPlanner {
    let decimals = Assumptions.cashDecimals
    let smallest = try Amount(
      Assumptions.smallestTrade, decimals: decimals, rounding: .toNearestOrEven)
    let lot = try Amount(baseUnits: 1, decimals: Assumptions.assetDecimals)
    let venue = try VenueRules(lot: lot, minimumTradeValue: smallest)
    let traded = universe.assets.filter { $0 != cash }
    return try RebalancingPlanner(
      cash: cash,
      costs: RebalancingCosts(
        feeFraction: Assumptions.feeRate, slippageFraction: Assumptions.slippageRate,
        gasPerTrade: Amount(
          Assumptions.gasPerTrade, decimals: decimals, rounding: .toNearestOrEven)),
      rules: Dictionary(uniqueKeysWithValues: traded.map { ($0, venue) }),
      settings: .init(noTradeBand: Assumptions.driftThreshold))
  }

  private static func rows(_ drift: DriftAnalysis, _ plan: RebalancingPlan) -> [Row] {
    let cashChange = plan.cashAfter.doubleValue - plan.cashBefore.doubleValue
    return drift.universe.assets.enumerated().map { position, asset in
      let trade = plan.trades.first { $0.asset == asset }
      let dropped = plan.dropped.first { $0.asset == asset }
      let value = trade.map { ($0.side == .sell ? -1 : 1) * $0.value.doubleValue } ?? 0
      return Row(
        asset: asset, target: drift.target.values[position],
        before: drift.weights.values[position], after: plan.expectedWeights.values[position],
        trade: asset == plan.cash ? cashChange : value, reason: words(dropped?.reason))
    }
  }

  private static func words(_ reason: DroppedTrade.Reason?) -> String {
    switch reason {
    case nil: "on target"
    case .withinBand: "inside band"
    case .belowLot: "below a lot"
    case .belowMinimum: "too small"
    case .gasTooHigh: "gas too high"
    case .cashShort: "cash short"
    @unknown default: "left"
    }
  }

  // MARK: What it costs

  var valueBefore: Double { drift.value }
  var fees: Double { plan.totalFee.doubleValue }
  var slippage: Double { plan.totalSlippage.doubleValue }
  var gas: Double { plan.totalGas.doubleValue }
  var cost: Double { fees + slippage + gas }
  var largestDrift: Double { drift.absolute.map(\.magnitude).max() ?? 0 }
}
