import KeelData
package import KeelMarkets

extension EngineState {
  /// Fills a decision at a later market: quantities as planned, prices of the fill.
  ///
  /// Sales are cut to what is still held, purchases to what cash still pays, both in whole lots.
  ///
  /// - Parameters:
  ///   - decision: A decision of an earlier step.
  ///   - market: The market of the fill.
  ///   - strategy: The strategy, whose planner knows costs and lots.
  /// - Returns: What was traded and what it cost, in cash.
  /// - Throws: `EngineError`; the account is unchanged then.
  package mutating func fillLate(
    _ decision: Decision,
    in market: MarketSnapshot,
    strategy: Strategy
  ) throws(EngineError) -> (traded: Double, cost: Double) {
    let planner = strategy.planner
    var holdings = account.holdings
    var filled: [Trade] = []
    for trade in decision.trades {
      let price = market.price(of: trade.asset)
      guard price > 0, price.isFinite, let cash = holdings[account.cash],
        let held = holdings[trade.asset]
      else { throw .unknownAsset(trade.asset) }
      let pricing = TradePricing(cashDecimals: cash.decimals, costs: planner.costs)
      let lot = planner.rules[trade.asset]?.lot
      guard
        let quantity = try Self.affordable(
          trade, price: price, cash: cash, held: held, lot: lot, costs: planner.costs)
      else { continue }
      let repriced = try pricing.trade(
        trade.asset, trade.side, quantity: quantity, price: price)
      holdings = try holdings.applying([repriced], cash: account.cash)
      filled.append(repriced)
    }
    let (after, cost) = try account.filling(
      trades: filled, orders: decision.orders, in: market, catalog: strategy.catalog)
    account = after
    return (filled.reduce(0) { $0 + $1.value.doubleValue }, cost)
  }

  /// The part of a trade that can be filled at a price; nil for nothing.
  private static func affordable(
    _ trade: Trade,
    price: Double,
    cash: Amount,
    held: Amount,
    lot: Amount?,
    costs: RebalancingCosts
  ) throws(EngineError) -> Amount? {
    do throws(DataError) {
      var quantity = trade.quantity
      if trade.side == .sell {
        quantity = min(quantity, held)
      } else {
        // Rounding up of value, fee and slippage takes three base units at most.
        let units = Amount.largestRounding(decimals: cash.decimals)
        let available = cash.doubleValue - costs.gasPerTrade.doubleValue - units
        let most = available / (price * (1 + costs.feeFraction + costs.slippageFraction))
        let share = 1 - roundingShare
        let limit = try Amount(
          max(most * share, 0), decimals: quantity.decimals, rounding: .towardZero)
        quantity = min(quantity, limit)
      }
      if let lot { quantity = try quantity.roundedDown(toMultipleOf: lot) }
      return quantity.isZero ? nil : quantity
    } catch {
      throw EngineError(error, asset: trade.asset)
    }
  }

  /// Above the rounding of some ten operations.
  private static let roundingShare = 1e-14
}

extension Amount {
  /// Three base units, in whole units.
  fileprivate static func largestRounding(decimals: Int) -> Double {
    (0..<decimals).reduce(3.0) { value, _ in value / 10 }
  }
}
