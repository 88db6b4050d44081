import KeelData

// A plan in the making: the passes' trades merged to one trade an asset, priced once, and the state
// that they lead to. The last pass starts from exactly the state in which the plan ends, so that
// its emptiness is the emptiness of a second plan.

struct RebalancingDraft {
  private let book: RebalancingBook
  /// The trade of each line; nil for none.
  private var trades: [Trade?]
  private var lines: [RebalancingPass.Line]
  private var cash: Amount

  init(book: RebalancingBook) {
    self.book = book
    lines = book.lines
    trades = [Trade?](repeating: nil, count: book.lines.count)
    cash = book.holdings.amounts[book.cashPosition]
  }

  func nextPass(settings: RebalancingPlanner.Settings) -> RebalancingPass {
    RebalancingPass(
      lines: lines, cash: cash, reserveWeight: book.reserveWeight, pricing: book.pricing,
      settings: settings)
  }

  /// Merges the trades of a pass; what two passes do in opposite directions cancels.
  ///
  /// Returns false, and changes nothing, when the merged trades do not stand: below a minimum, or
  /// short of cash.
  mutating func add(_ additional: [(place: Int, trade: Trade)]) throws(EngineError) -> Bool {
    var merged = trades
    var held = lines
    var cashAfter = book.holdings.amounts[book.cashPosition]
    for (place, trade) in additional {
      let line = held[place]
      if let before = trades[place] {
        merged[place] =
          try Self.net(before, trade).map { (side, quantity) throws(EngineError) in
            try book.pricing.trade(line.asset, side, quantity: quantity, price: line.price)
          }
      } else {
        merged[place] = trade
      }
      if let value = merged[place]?.value, value < line.minimum { return false }
      do throws(DataError) {
        held[place].held =
          trade.side == .sell
          ? try line.held.subtracting(trade.quantity) : try line.held.adding(trade.quantity)
      } catch {
        throw EngineError(error, asset: trade.asset)
      }
    }
    // Sells come first when a plan is executed, so that cash is least after all trades.
    for place in merged.indices {
      guard let change = merged[place]?.cashChange else { continue }
      do throws(DataError) {
        cashAfter = try cashAfter.adding(change)
      } catch {
        throw EngineError(error, asset: held[place].asset)
      }
    }
    if cashAfter.isNegative && cashAfter < book.holdings.amounts[book.cashPosition] { return false }
    cash = cashAfter
    trades = merged
    lines = held
    return true
  }

  /// Two trades in one asset as one; nil when they cancel.
  private static func net(
    _ first: Trade,
    _ second: Trade
  ) throws(EngineError) -> (Trade.Side, Amount)? {
    do throws(DataError) {
      if first.side == second.side {
        return (first.side, try first.quantity.adding(second.quantity))
      }
      let difference = try first.quantity.subtracting(second.quantity)
      if difference.isZero { return nil }
      return difference.isNegative
        ? (second.side, try difference.negated()) : (first.side, difference)
    } catch {
      throw EngineError(error, asset: second.asset)
    }
  }

  /// Sells first; in each side the largest value first, ties by name: the order of the lines.
  private var ordered: [Trade] {
    var keys: [(place: Int, side: Trade.Side, value: Amount)] = []
    keys.reserveCapacity(trades.count)
    for place in trades.indices {
      if let trade = trades[place] { keys.append((place, trade.side, trade.value)) }
    }
    keys.sort { left, right in
      if left.side != right.side { return left.side == .sell }
      return left.value == right.value ? left.place < right.place : left.value > right.value
    }
    return keys.compactMap { trades[$0.place] }
  }

  func plan(
    valueBefore: Double,
    prices: Prices,
    dropped: [DroppedTrade],
    buyScale: Double,
    passes: (count: Int, areSettled: Bool)
  ) throws(EngineError) -> RebalancingPlan {
    let ordered = ordered
    var amounts = book.holdings.amounts
    for line in lines { amounts[line.position] = line.held }
    amounts[book.cashPosition] = cash
    do throws(DataError) {
      var (fee, slippage, gas) = (try zero, try zero, try zero)
      for trade in ordered {
        fee = try fee.adding(trade.fee)
        slippage = try slippage.adding(trade.slippage)
        gas = try gas.adding(trade.gas)
      }
      let after = try Holdings(universe: book.holdings.universe, amounts: amounts)
      let traded = ordered.reduce(0) { $0 + $1.value.doubleValue }
      return RebalancingPlan(
        cash: book.cash, trades: ordered, dropped: dropped, totalFee: fee,
        totalSlippage: slippage, totalGas: gas, turnover: traded / valueBefore / 2,
        buyScale: buyScale, cashBefore: book.holdings.amounts[book.cashPosition], cashAfter: cash,
        expectedHoldings: after, expectedWeights: try after.weights(prices: prices),
        passCount: passes.count, isSettled: passes.areSettled)
    } catch {
      throw EngineError(error, asset: book.cash)
    }
  }

  private var zero: Amount {
    get throws(DataError) { try Amount(zeroWithDecimals: cash.decimals) }
  }
}
