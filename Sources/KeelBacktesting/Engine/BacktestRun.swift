import KeelData
import KeelEngine
public import KeelMarkets

/// A backtest in progress, snapshot by snapshot: for streams that do not fit in memory.
public struct BacktestRun: Sendable {
  private let backtest: Backtest
  private var state: EngineState
  private var last: (market: MarketSnapshot, equity: Double)?
  private var accrued: MarketSnapshot?
  private var waiting: [Decision] = []
  private var performance: PerformanceAccumulator
  private var curve: EquityCurve
  private var profit = ProfitBySource()
  private var events: [BacktestEvent] = []
  private var counts = BacktestResult.Counts()

  /// Profit of steps without a value, and what was traded and paid since the last return.
  private var carried = 0.0
  private var traded = 0.0
  private var paid = 0.0

  /// Starts a backtest.
  ///
  /// - Parameters:
  ///   - backtest: The engine and its settings.
  ///   - account: What is held and owed at the first snapshot.
  /// - Throws: `BacktestingError`.
  public init(_ backtest: Backtest, account: Account) throws(BacktestingError) {
    self.backtest = backtest
    curve = EquityCurve(limit: backtest.settings.curveLimit)
    performance = try PerformanceAccumulator(
      annualization: backtest.annualization, ratePerPeriod: backtest.settings.ratePerPeriod)
    do throws(EngineError) {
      state = try backtest.engine.start(account)
    } catch {
      throw .engine(error)
    }
  }

  /// Takes the next snapshot.
  ///
  /// - Parameter market: The snapshot, later than the last one.
  /// - Returns: What was decided and what became of the account.
  /// - Throws: `BacktestingError` for amounts that overflow.
  public mutating func advance(_ market: MarketSnapshot) throws(BacktestingError) -> Backtest.Step {
    let catalog = backtest.engine.strategy.catalog
    var step = ProfitBySource()
    var happened: [BacktestEvent] = []
    if let accrued, market.time > accrued.time {
      if let last { explainPrices(&step, from: last.market, to: market) }
      if canAccrue {
        let accruals = try Accruals(
          state.account, from: accrued, to: market, catalog: catalog, settings: backtest.settings)
        state.account = accruals.account
        step += accruals.profit
        happened = accruals.events
      }
      self.accrued = market
    } else if accrued == nil {
      accrued = market
    }
    let accountBefore = state.account
    let decision = backtest.engine.step(&state, market)
    count(decision)
    if last == nil, let equity = decision.equity {
      // The first equity is that before the first trades, so that their costs are in the result.
      last = (market, equity)
      record(equity, market, &happened)
    }
    let cost = fill(decision, in: market, &happened)
    step.costs -= cost
    paid += cost
    // What nothing was filled on is worth what the decision says; it need not be valued again.
    let known = state.account == accountBefore ? decision.equity : nil
    let equity = known ?? (try? state.account.valuation(in: market, catalog: catalog))?.equity
    if let equity, let before = last {
      step.rounding += equity - before.equity - step.total - carried
      carried = 0
      if market.time > before.market.time { record(equity, market, &happened) }
      last = (market, equity)
    } else {
      carried += step.total
    }
    profit += step
    events += happened
    return Backtest.Step(
      market: market, decision: decision, accountBefore: accountBefore, account: state.account,
      equity: equity, profit: step, events: happened)
  }

  /// The result so far.
  ///
  /// - Returns: The result.
  /// - Throws: `BacktestingError.tooFewPeriods` before the third snapshot with a value.
  public func result() throws(BacktestingError) -> BacktestResult {
    let points = curve.points
    return BacktestResult(
      times: points.times, equities: points.equities, statistics: try performance.statistics(),
      profit: profit, events: events, counts: counts, finalState: state)
  }

  // MARK: - Fills and profit

  /// Whether time alone can do something to the account.
  private var canAccrue: Bool {
    !state.account.positions.isEmpty || backtest.settings.cashEarnsRate
      || !backtest.settings.delistings.isEmpty
  }

  /// Fills the decision whose latency has passed and returns its cost.
  private mutating func fill(
    _ decision: Decision,
    in market: MarketSnapshot,
    _ happened: inout [BacktestEvent]
  ) -> Double {
    if backtest.settings.latency == 0 && decision.isEmpty { return 0 }
    do throws(EngineError) {
      if backtest.settings.latency == 0 {
        traded += decision.trades.reduce(0) { $0 + $1.value.doubleValue }
        return try state.fill(decision, in: market, catalog: backtest.engine.strategy.catalog)
      }
      waiting.append(decision)
      guard waiting.count > backtest.settings.latency else { return 0 }
      let due = waiting.removeFirst()
      if due.isEmpty { return 0 }
      let filled = try state.fillLate(due, in: market, strategy: backtest.engine.strategy)
      traded += filled.traded
      return filled.cost
    } catch {
      happened.append(.unfilled(time: market.time, reason: error.description))
      return 0
    }
  }

  /// Adds what prices did to what was held; what ended in between is settled apart.
  private func explainPrices(
    _ step: inout ProfitBySource,
    from before: MarketSnapshot,
    to market: MarketSnapshot
  ) {
    let account = state.account
    let universe = account.holdings.universe
    let isAligned =
      market.universe == universe && before.universe == universe
      && market.prices.count == universe.count && before.prices.count == universe.count
    let delistings = backtest.settings.delistings
    let cashPlace = universe.position(of: account.cash)
    let (assets, amounts) = (universe.assets, account.holdings.amounts)
    for place in universe.positionsByName where place != cashPlace {
      let units = amounts[place].doubleValue
      if units == 0 { continue }
      let change =
        isAligned
        ? market.prices[place] - before.prices[place]
        : market.price(of: assets[place]) - before.price(of: assets[place])
      if !change.isFinite { continue }
      if !delistings.isEmpty, let end = delistings[assets[place]], end.time <= market.time {
        continue
      }
      step.spot += units * change
    }
    let catalog = backtest.engine.strategy.catalog
    for position in account.positions {
      guard let listing = catalog[position.id] else { continue }
      if let expiry = listing.instrument.expiry, expiry <= market.time { continue }
      func value(_ market: MarketSnapshot) -> Double {
        listing.exposure(
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: market
        ).value
      }
      let change = value(market) - value(before)
      if change.isFinite { step[keyPath: ProfitBySource.source(of: listing.instrument)] += change }
    }
  }

  private mutating func record(
    _ equity: Double,
    _ market: MarketSnapshot,
    _ happened: inout [BacktestEvent]
  ) {
    if let previous = curve.last?.equity, previous > 0 {
      // Returns from −1 on, turnover and cost not negative: nothing that the accumulator refuses but figures beyond
      // any meaning, which are left out of the statistics.
      try? performance.add(
        return: max(equity / previous - 1, -1), turnover: traded / previous / 2,
        cost: max(paid, 0) / previous)
      if equity <= 0 { happened.append(.ruined(time: market.time)) }
    }
    traded = 0
    paid = 0
    curve.append(equity, at: market.time)
  }

  private mutating func count(_ decision: Decision) {
    counts.steps += 1
    counts.trades += decision.trades.count
    counts.orders += decision.orders.count
    switch decision.kind {
    case .trade: counts.tradingSteps += 1
    case .contingency: counts.contingencies += 1
    case .hold: if decision.verdict.action == .halt { counts.haltedSteps += 1 }
    }
    let isBad = decision.reasons.contains {
      switch $0 {
      case .badInput, .fault: true
      default: false
      }
    }
    if isBad { counts.faultySteps += 1 }
  }
}
