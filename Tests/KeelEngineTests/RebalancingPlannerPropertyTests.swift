import KeelData
import KeelEngine
import KeelTestSupport
import Testing

/// Invariants over random books: 10⁴ in debug, 10⁶ in release.
@Suite struct RebalancingPlannerPropertyTests {
  #if DEBUG
    static let booksPerSeed = 500
  #else
    static let booksPerSeed = 50_000
  #endif

  @Test(arguments: 1...20)
  func keepsItsPromises(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for index in 0..<Self.booksPerSeed {
      let book = try RandomBook(using: &generator)
      guard try book.holdings.value(prices: book.prices) > 0 else { continue }
      let plan = try book.planner.plan(
        holdings: book.holdings, prices: book.prices, target: book.target)
      let place = { "seed \(seed), book \(index)" }
      try checkTrades(plan, book, place)
      try checkCash(plan, book, place)

      expect(plan.isSettled, "\(place()), \(plan.passCount) passes")
      let again = try book.planner.plan(
        holdings: plan.applied(to: book.holdings), prices: book.prices, target: book.target)
      expect(again.trades.isEmpty, "\(place()): \(again.trades)")
      expect(again.dropped == plan.dropped, place())
    }
  }

  /// Fifty million conditions: only those that fail are put into words.
  private func expect(_ holds: Bool, _ words: @autoclosure () -> String) {
    if !holds { Issue.record("\(words())") }
  }

  /// Redoes every cash flow in whole numbers.
  private func checkTrades(_ plan: RebalancingPlan, _ book: RandomBook, _ place: () -> String)
    throws
  {
    let universe = book.holdings.universe
    var sawBuy = false
    for trade in plan.trades {
      let position = try #require(universe.position(of: trade.asset))
      let decimals = book.holdings.amounts[position].decimals
      let rules = book.planner.rules[trade.asset]
      expect(trade.quantity.baseUnits > 0 && trade.quantity.decimals == decimals, place())
      if let rules {
        expect(trade.quantity.baseUnits % rules.lot.baseUnits == 0, "\(place()): lot")
        expect(trade.value >= rules.minimumTradeValue, "\(place()): minimum")
      }
      if trade.side == .buy { sawBuy = true } else { expect(!sawBuy, "\(place()): sells first") }
      let isSale = trade.side == .sell
      let scaleUp = tenToInteger(max(0, trade.value.decimals - decimals))
      let scaleDown = 64 * tenToInteger(max(0, decimals - trade.value.decimals))
      let exact = UInt128(trade.quantity.baseUnits).multipliedFullWidth(
        by: UInt128(book.priceIn64ths[position] * scaleUp))
      let (quotient, remainder) = UInt128(scaleDown).dividingFullWidth(exact)
      let value = Int128(quotient) + (!isSale && remainder > 0 ? 1 : 0)
      let fee = (value * book.feeIn4096ths + 4095) / 4096
      let slippage = (value * book.slippageIn4096ths + 4095) / 4096
      expect(trade.value.baseUnits == value, "\(place()): value")
      expect(
        trade.fee.baseUnits == fee && trade.slippage.baseUnits == slippage, "\(place()): costs")
      expect(trade.gas == book.planner.costs.gasPerTrade, "\(place()): gas")
      let costs = fee + slippage + trade.gas.baseUnits
      expect(trade.cashChange.baseUnits == (isSale ? value - costs : -value - costs), place())
      expect(
        trade.gas.doubleValue
          <= book.planner.settings.maximumGasFraction * trade.value.doubleValue,
        "\(place()): gas")
    }
    expect(Set(plan.trades.map(\.asset)).count == plan.trades.count, "\(place()): one leg each")
  }

  private func checkCash(_ plan: RebalancingPlan, _ book: RandomBook, _ place: () -> String) throws
  {
    let after = try plan.applied(to: book.holdings)
    expect(after == plan.expectedHoldings, place())
    let cash = try #require(after["CASH"])
    expect(cash == plan.cashAfter && !cash.isNegative, place())
    let flow = plan.trades.reduce(Int128(0)) { $0 + $1.cashChange.baseUnits }
    expect(plan.cashBefore.baseUnits + flow == cash.baseUnits, place())
    let bought = plan.trades.filter { $0.side == .buy }.reduce(Int128(0)) {
      $0 + $1.value.baseUnits
    }
    let sold = plan.trades.filter { $0.side == .sell }.reduce(Int128(0)) { $0 + $1.value.baseUnits }
    let costs =
      plan.totalFee.baseUnits + plan.totalSlippage.baseUnits + plan.totalGas.baseUnits
    expect(flow == sold - bought - costs, place())
    // A purchase passes its target by no more than the decision grid and what the costs, which a
    // later pass adds to, take from the value that the target is a share of.
    let total = try after.value(prices: book.prices)
    let unit = 1 / Double(tenToInteger(cash.decimals))
    let slack = 2e-9 * total + Double(costs + 16) * unit
    for trade in plan.trades where trade.side == .buy {
      let excess =
        try #require(plan.expectedWeights[trade.asset]) - #require(book.target[trade.asset])
      expect(excess * total <= slack, "\(place()): overshoot \(excess)")
    }
  }

  @Test(arguments: 1...20)
  func ignoresTheOrderOfAssets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(1000 + seed))
    for _ in 0..<50 {
      let book = try RandomBook(using: &generator)
      guard try book.holdings.value(prices: book.prices) > 0 else { continue }
      let plan = try book.planner.plan(
        holdings: book.holdings, prices: book.prices, target: book.target)
      let order = book.holdings.universe.assets.indices.shuffled(using: &generator)
      let universe = try Universe(order.map { book.holdings.universe.assets[$0] })
      let other = try book.planner.plan(
        holdings: Holdings(universe: universe, amounts: order.map { book.holdings.amounts[$0] }),
        prices: Prices(universe: universe, values: order.map { book.prices.values[$0] }),
        target: Weights(universe: universe, values: order.map { book.target.values[$0] }))
      #expect(plan.trades == other.trades && plan.dropped == other.dropped)
      #expect(plan.cashAfter == other.cashAfter && plan.turnover == other.turnover)
      #expect(order.map { plan.expectedWeights.values[$0] } == other.expectedWeights.values)
    }
  }
}
