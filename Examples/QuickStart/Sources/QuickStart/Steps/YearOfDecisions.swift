import Keel

// Step 8: the same portfolio as a loop. One decision a row over the last year, with breakers, limits and costs, every one of
// them recorded and replayed.

/// A year of decisions of an engine on the real prices.
struct YearOfDecisions {
  let result: BacktestResult
  /// Decisions that a replay gave again, byte for byte.
  let replayed: Int
  /// The first step in which a breaker was tripped, and its name.
  let firstTrip: (time: Timestamp, breaker: String)?
  /// Whether the chain of records is whole.
  let isAuditWhole: Bool

  init(_ market: Market) throws {
    let cash = market.cash.first ?? AssetID("USD")
    let perYear = Int(market.annualization.periodsPerYear.rounded())
    let risky = try market.history.selecting(market.universe.assets)
    let year = risky.suffix(min(perYear + Assumptions.learningRows, risky.rowCount))
    let markets = try MarketSequence(year, cash: cash, rate: 0)
    let engine = try Engine(Self.strategy(paying: cash, markets.universe))
    let account = try Self.account(markets.universe, cash)

    var log = AuditLog()
    var state = try engine.start(account)
    var replayed = 0
    var firstTrip: (time: Timestamp, breaker: String)?
    result = try Backtest(engine, annualization: market.annualization).run(
      from: account, over: markets
    ) { step in
      log.append(step.decision.record)
      // A second engine sees the same markets and accounts, and must decide the same.
      state.account = step.accountBefore
      if engine.step(&state, step.market) == step.decision { replayed += 1 }
      let verdict = step.decision.verdict
      if firstTrip == nil, verdict.action != .trade, let cause = verdict.causes.first {
        firstTrip = (step.market.time, cause)
      }
      return true
    }
    self.replayed = replayed
    self.firstTrip = firstTrip
    isAuditWhole = log.firstFault == nil
  }

  /// Equal risk, scaled down when volatility rises, traded monthly or when a weight has drifted far.
  private static func strategy(paying cash: AssetID, _ universe: Universe) throws -> Strategy {
    let forecast = try ExponentialVolatility(returnsNeeded: Assumptions.learningRows / 2)
    var strategy = try Strategy(
      target: RiskTarget(
        .equalRisk, invested: 1 - Assumptions.cashShare,
        largestVolatility: Assumptions.largestVolatility,
        returnsNeeded: Assumptions.learningRows),
      rule: AnyRule([
        PeriodicRule.days(Assumptions.daysBetweenTrades),
        VolatilityScaledRule(multiple: 1.5, horizon: 1.0 / 12, forecast: forecast),
      ]),
      planner: Rebalance.planner(paying: cash, universe))
    strategy.limits = [try LargestWeight(2 * Assumptions.largestWeight)]
    strategy.breakers["drawdown"] = try .init(
      kind: .drawdown, direction: .above, tripLevel: Assumptions.drawdownTrip,
      resumeLevel: Assumptions.drawdownTrip, warmUpReadings: 1,
      coolDownNanoseconds: Assumptions.coolDownNanoseconds, action: .contingency, latches: false)
    strategy.contingencies["drawdown"] = .deRisk(cashFraction: 0.5)
    return strategy
  }

  private static func account(_ universe: Universe, _ cash: AssetID) throws -> Account {
    let amounts = try universe.assets.map { asset in
      asset == cash
        ? try Amount(
          Assumptions.portfolioValue, decimals: Assumptions.cashDecimals, rounding: .towardZero)
        : try Amount(zeroWithDecimals: Assumptions.assetDecimals)
    }
    return try Account(cash: cash, holdings: Holdings(universe: universe, amounts: amounts))
  }

  var costs: Double { -result.profit.costs }
}
