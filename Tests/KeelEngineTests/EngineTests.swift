import Foundation
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelNumerics
import KeelTestSupport
import Testing

/// A seeded market of four assets and cash, day by day.
struct Walk {
  static let universe: Universe = {
    guard let universe = try? Universe(["USD", "BTC", "ETH", "SOL", "XRP"]) else {
      preconditionFailure("no universe")
    }
    return universe
  }()

  static let start = Timestamp(nanosecondsSinceEpoch: 1_600_000_000_000_000_000)

  static func markets(days: Int, seed: UInt64, volatility: Double = 0.04) throws
    -> [MarketSnapshot]
  {
    var generator = SeededGenerator(seed: seed)
    var prices = [1, 30_000, 2_000, 100, 0.5]
    return try (0..<days).map { day in
      for i in 1..<prices.count {
        prices[i] *= exp(volatility * (generator.uniform(-1...1) + generator.uniform(-1...1)))
      }
      return MarketSnapshot(
        time: try start.advanced(byDays: day), universe: universe, prices: prices)
    }
  }

  static func account(cash: Double = 100_000) throws -> Account {
    let zero = try Amount(zeroWithDecimals: 8)
    var amounts = [Amount](repeating: zero, count: universe.count)
    amounts[0] = try Amount(cash, decimals: 6, rounding: .towardZero)
    return try Account(cash: "USD", holdings: Holdings(universe: universe, amounts: amounts))
  }

  static func planner(band: Double = 0) throws -> RebalancingPlanner {
    try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0.0005,
        gasPerTrade: Amount("0.500000", decimals: 6)),
      settings: .init(noTradeBand: band))
  }

  static func weights(_ values: [Double]) throws -> Weights {
    try Weights(universe: universe, values: values)
  }

  static func strategy(_ rule: any RebalancingRule) throws -> Strategy {
    try Strategy(
      target: FixedTarget(weights([0.1, 0.3, 0.3, 0.2, 0.1])), rule: rule, planner: planner())
  }
}

@Suite struct EngineTests {
  /// Runs markets through an engine and fills what it decides.
  private func run(
    _ engine: Engine,
    _ markets: [MarketSnapshot],
    from account: Account
  ) throws -> (decisions: [Decision], state: EngineState) {
    var state = try engine.start(account)
    var decisions: [Decision] = []
    for market in markets {
      let before = state
      let decision = engine.step(&state, market)
      #expect(engine.replays(decision, from: before, market))
      _ = try state.fill(decision, in: market, catalog: engine.strategy.catalog)
      decisions.append(decision)
    }
    return (decisions, state)
  }

  @Test func tradesByTheCalendar() throws {
    let engine = try Engine(Walk.strategy(PeriodicRule.days(30)))
    let markets = try Walk.markets(days: 100, seed: 1)
    let (decisions, state) = try run(engine, markets, from: Walk.account())
    for (day, decision) in decisions.enumerated() {
      #expect((decision.kind == .trade) == (day % 30 == 0), "\(day)")
    }
    #expect(state.stepCount == 100)
    var log = AuditLog()
    for decision in decisions { log.append(decision.record) }
    #expect(log.firstFault == nil && log.head == state.auditHead)
  }

  @Test func stateAndDecisionsSurviveStorage() throws {
    var strategy = try Walk.strategy(
      VolatilityScaledRule(
        multiple: 1, horizon: 1.0 / 12, forecast: ExponentialVolatility(returnsNeeded: 5)))
    strategy.target = try TiltedTarget(
      strategic: FixedTarget(Walk.weights([0.1, 0.3, 0.3, 0.2, 0.1])),
      signals: [
        .init("trend", MovingAverageSignal(fast: 3, slow: 10, width: 2), weight: 1),
        .init(
          "flow",
          SeriesSignal(
            series: "flow", center: 0, width: 1, maximumAgeNanoseconds: .max), weight: 1),
      ],
      tilts: TacticalTilts(largestTilt: 0.1, activeRiskBudget: 0.1))
    let engine = try Engine(strategy)
    var markets = try Walk.markets(days: 60, seed: 2)
    for day in markets.indices {
      markets[day].series["flow"] = ["BTC": sin(Double(day)), "SOL": .nan]
    }
    var state = try engine.start(Walk.account())
    var stored = state
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    for market in markets {
      let decision = engine.step(&state, market)
      stored = try decoder.decode(EngineState.self, from: encoder.encode(stored))
      let read = try decoder.decode(MarketSnapshot.self, from: encoder.encode(market))
      let again = engine.step(&stored, read)
      #expect(again.record == decision.record)
      #expect(try decoder.decode(Decision.self, from: encoder.encode(decision)) == decision)
      _ = try state.fill(decision, in: market, catalog: engine.strategy.catalog)
      _ = try stored.fill(again, in: market, catalog: engine.strategy.catalog)
    }
  }

  /// Decisions at a time do not change when what comes after is deleted or scrambled.
  @Test(arguments: [10, 35, 70])
  func seesNoFuture(cut: Int) throws {
    var strategy = try Walk.strategy(
      AnyRule([
        CostAwareRule(cost: 0.002, riskAversion: 3, forecast: WindowVolatility(returnCount: 20)),
        BreachRule(largestVolatility: 1.5, largestWeight: 0.4),
      ]))
    strategy.target = try TiltedTarget(
      strategic: RiskTarget(.equalRisk, invested: 0.9, largestVolatility: 0.5),
      signals: [.init("momentum", MomentumSignal(lookback: 15, skip: 2, width: 2), weight: 1)],
      tilts: TacticalTilts(largestTilt: 0.05, activeRiskBudget: 0.05))
    let engine = try Engine(strategy)
    let markets = try Walk.markets(days: 90, seed: 3)
    let other = try Walk.markets(days: 90, seed: 4)
    let whole = try run(engine, markets, from: Walk.account()).decisions
    let truncated = try run(engine, Array(markets.prefix(cut)), from: Walk.account()).decisions
    let scrambled = try run(
      engine, Array(markets.prefix(cut)) + other.suffix(90 - cut), from: Walk.account()
    ).decisions
    #expect(Array(whole.prefix(cut)) == truncated && Array(scrambled.prefix(cut)) == truncated)
    #expect(whole.contains { !$0.trades.isEmpty })
  }

  @Test func badInputsHold() throws {
    let engine = try Engine(Walk.strategy(PeriodicRule.days(1)))
    let markets = try Walk.markets(days: 10, seed: 5)
    var broken = Array(repeating: markets[2], count: 6)
    broken[0].prices[2] = .nan  // held: the first step bought it
    broken[1].prices[0] = 1.01
    broken[2].prices.removeLast()
    broken[3].time = markets[0].time
    broken[4].rate = .infinity
    broken[5].universe = try Universe(["USD", "ETH", "BTC", "SOL", "XRP"])
    for market in broken {
      var state = try engine.start(Walk.account())
      let first = engine.step(&state, markets[0])
      _ = try state.fill(first, in: markets[0], catalog: engine.strategy.catalog)
      _ = engine.step(&state, markets[1])
      let decision = engine.step(&state, market)
      #expect(decision.kind == .hold && decision.isEmpty)
      let isNamed = decision.reasons.contains {
        if case .badInput = $0 { true } else { false }
      }
      #expect(isNamed, "\(decision.reasons)")
      // The feed mends, and so does the engine.
      let next = engine.step(&state, markets[3])
      #expect(next.equity != nil)
    }
  }

  /// What is not listed yet is not bought, and what is young is not taken for safe.
  @Test(arguments: RiskTarget.Method.allCases)
  func waitsForListings(method: RiskTarget.Method) throws {
    var markets = try Walk.markets(days: 60, seed: 15)
    for day in 0..<30 { markets[day].prices[3] = .nan }
    var strategy = try Walk.strategy(PeriodicRule.days(1))
    strategy.target = try RiskTarget(method, returnsNeeded: 10)
    let decisions = try run(Engine(strategy), markets, from: Walk.account()).decisions
    for (day, decision) in decisions.enumerated() {
      let target = try #require(decision.target)
      #expect((target.values[1] > 0) == (day >= 10), "\(day)")
      if day < 40 { #expect(target.values[3] == 0, "\(day)") }
    }
    // All four walks have one volatility.
    let last = try #require(decisions[45].target)
    if method != .minimumVariance { #expect(last.values[3] > 0.1 && last.values[3] < 0.4) }
    let fixed = try run(
      Engine(Walk.strategy(PeriodicRule.days(1))), markets, from: Walk.account()
    ).decisions
    #expect(fixed[5].reasons.contains(.untradable("SOL")) && !fixed[5].reasons.isEmpty)
    #expect(fixed[31].trades.contains { $0.asset == "SOL" })
  }

  /// Two rules of one setting and different types, inside another rule.
  private struct Always: RebalancingRule, Codable {
    var rowsNeeded: Int { 0 }
    func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
      RuleVerdict(isDue: true, reasons: [])
    }
  }

  private struct Never: RebalancingRule, Codable {
    var rowsNeeded: Int { 0 }
    func verdict(_ view: DecisionView, target: Weights) throws(EngineError) -> RuleVerdict {
      RuleVerdict(isDue: false, reasons: [])
    }
  }

  @Test func hashesNameTheStages() throws {
    let always = try Engine(Walk.strategy(AnyRule([Always()])))
    let never = try Engine(Walk.strategy(AnyRule([Never()])))
    #expect(always.parametersHash != never.parametersHash)
    #expect(try Engine(Walk.strategy(AnyRule([Always()]))).parametersHash == always.parametersHash)
  }

  /// A target that fails at one step.
  private struct FailingTarget: TargetPolicy {
    let weights: Weights
    let failing: Timestamp
    var rowsNeeded: Int { 0 }
    func target(_ view: DecisionView) throws(EngineError) -> Target {
      if view.market.time == failing { throw .noTarget(reason: "broken on purpose") }
      return Target(weights: weights)
    }
  }

  @Test func anInternalErrorTripsTheEngine() throws {
    let markets = try Walk.markets(days: 12, seed: 6)
    var strategy = try Walk.strategy(PeriodicRule.days(1))
    strategy.target = FailingTarget(
      weights: try Walk.weights([0.2, 0.2, 0.2, 0.2, 0.2]), failing: markets[4].time)
    strategy.faultCoolDownNanoseconds = 2 * 86_400_000_000_000
    let (decisions, _) = try run(Engine(strategy), markets, from: Walk.account())
    let isFault = decisions[4].reasons.contains {
      if case .fault(let stage, _) = $0 { stage == "target" } else { false }
    }
    #expect(isFault && decisions[4].isEmpty)
    for day in 5...7 {
      #expect(decisions[day].verdict.action == .halt && decisions[day].isEmpty, "\(day)")
      #expect(decisions[day].reasons.contains(.breaker(Engine.faultBreaker)))
    }
    #expect(decisions[9].kind == .trade)
  }

  @Test func aFallTripsTheDrawdownBreaker() throws {
    var markets = try Walk.markets(days: 40, seed: 7, volatility: 0.005)
    for day in 20..<40 { for i in 1..<5 { markets[day].prices[i] *= 0.5 } }
    var strategy = try Walk.strategy(PeriodicRule.days(1))
    strategy.breakers["fall"] = try CircuitBreaker.Settings(
      kind: .drawdown, direction: .above, tripLevel: 0.2, resumeLevel: 0.1, warmUpReadings: 1,
      coolDownNanoseconds: 0, action: .contingency, latches: false)
    strategy.contingencies["fall"] = .deRisk(cashFraction: 0.8)
    let engine = try Engine(strategy)
    let (decisions, state) = try run(engine, markets, from: Walk.account())
    #expect(decisions[20].kind == .contingency)
    #expect(decisions[20].reasons == [.breaker("fall")])
    #expect(decisions[20].trades.allSatisfy { $0.side == .sell } && !decisions[20].isEmpty)
    let weights = try state.account.holdings.weights(
      prices: Prices(universe: Walk.universe, values: markets[39].prices))
    expectClose(weights.values[0], 0.8, absolute: 0.02)
    // It never buys while tripped.
    for decision in decisions[21...] { #expect(decision.trades.allSatisfy { $0.side == .sell }) }
  }

  @Test func limitsRefuseWhatBreaksThem() throws {
    var strategy = try Walk.strategy(PeriodicRule.days(1))
    strategy.limits = [try LargestWeight(0.25)]
    let markets = try Walk.markets(days: 5, seed: 8)
    let (decisions, state) = try run(Engine(strategy), markets, from: Walk.account())
    #expect(decisions.allSatisfy { $0.isEmpty })
    let refused = decisions[1].reasons.contains {
      if case .limit("weight of BTC", _, let allowed) = $0 { allowed == 0.25 } else { false }
    }
    #expect(refused && state.lastRebalance == nil)
    // What makes a broken limit better may pass.
    strategy.target = FixedTarget(try Walk.weights([0.6, 0.3, 0.05, 0.03, 0.02]))
    var account = try Walk.account()
    account.holdings = try Holdings(
      universe: Walk.universe,
      amounts: account.holdings.amounts.enumerated().map { i, amount in
        i == 1 ? try Amount("30.00000000", decimals: 8) : amount
      })
    let better = try run(Engine(strategy), markets, from: account).decisions[0]
    #expect(better.trades.contains { $0.side == .sell && $0.asset == "BTC" }, "\(better.reasons)")
  }

  /// Cash that contracts took below zero is paid back from sales, whatever the rule says.
  @Test(arguments: [-500.0, -20_000])
  func owedCashIsPaidBack(cash: Double) throws {
    var account = try Walk.account(cash: 0)
    account.holdings = try Holdings(
      universe: Walk.universe,
      amounts: [
        Amount(cash, decimals: 6, rounding: .down), Amount("1.00000000", decimals: 8),
        Amount("10.00000000", decimals: 8), Amount("0.00000000", decimals: 8),
        Amount("0.00000000", decimals: 8),
      ])
    var strategy = try Walk.strategy(PeriodicRule.days(1_000))
    strategy.target = FixedTarget(try Walk.weights([0, 0.5, 0.5, 0, 0]))
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    let markets = try Walk.markets(days: 3, seed: 16)
    for (day, market) in markets.enumerated() {
      let decision = engine.step(&state, market)
      _ = try state.fill(decision, in: market, catalog: strategy.catalog)
      if day == 0 {
        #expect(decision.reasons.contains(.limit("cash", got: cash, allowed: 0)))
        #expect(decision.trades.contains { $0.side == .sell })
        // The next steps have only the rule to ask, but the debt comes back.
        try state.account.addCash(-1_000)
      } else {
        #expect(decision.kind == .trade, "\(decision.reasons)")
      }
      if day == 1 { try state.account.addCash(-1_000) }
      let left = try #require(state.account.holdings["USD"])
      if day == 2 { #expect(!left.isNegative) }
    }
  }

  @Test(arguments: RiskTarget.Method.allCases)
  func riskTargetsAreProvedAndInvested(method: RiskTarget.Method) throws {
    var strategy = try Walk.strategy(PeriodicRule.days(5))
    strategy.target = try RiskTarget(method, invested: 0.8, largestWeight: 0.6, returnsNeeded: 10)
    let markets = try Walk.markets(days: 30, seed: 9)
    let decisions = try run(Engine(strategy), markets, from: Walk.account()).decisions
    #expect(decisions[5].reasons.contains(.waiting("covariance")))
    let last = try #require(decisions[29].target)
    expectClose(last.total, 0.8, relative: 1e-9)
    #expect(last.values[0] == 0 && last.values.allSatisfy { $0 >= 0 && $0 <= 0.8 })
    let isProved = decisions[29].reasons.contains {
      if case .proven(let primal, _, let gap) = $0 { primal < 1e-9 && gap < 1e-7 } else { false }
    }
    #expect(isProved == (method != .inverseVolatility))
  }
}

@Suite struct EngineContractTests {
  /// An account with a spot position, a perpetual, a deposit and a loan.
  private func setUp() throws -> (strategy: Strategy, account: Account, market: MarketSnapshot) {
    let tiers = try MaintenanceTiers.flat(0.01)
    let catalog = try Catalog([
      Listing(
        "BTC-PERP", .perpetual(.linear(coinPerContract: 0.001), underlying: "BTC", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      Listing(
        "BTC-LENT", .deposit(asset: "BTC", liquidationThreshold: 0.8), protocolName: "lender",
        costFraction: 0, gas: 1),
      Listing("USD-OWED", .loan(asset: "USD"), protocolName: "lender", costFraction: 0, gas: 1),
    ])
    var strategy = Strategy(
      target: FixedTarget(try Walk.weights([0.5, 0.5, 0, 0, 0])), rule: try PeriodicRule.days(1),
      planner: try Walk.planner(), catalog: catalog)
    strategy.hedges = [
      try DeltaHedgeRule(
        underlying: "BTC", band: HedgeBand(lower: -0.01, target: 0, upper: 0.01),
        lots: ["BTC-PERP": Amount("1", decimals: 0)], horizonYears: 0)
    ]
    var account = try Walk.account()
    account.set(.init("BTC-LENT", quantity: try Amount("2.00000000", decimals: 8)))
    account.set(.init("USD-OWED", quantity: try Amount("20000.000000", decimals: 6)))
    var market = try Walk.markets(days: 2, seed: 10)[0]
    market.quotes = [
      "BTC-PERP": .contract(price: market.prices[1] * 1.0005, funding: nil),
      "BTC-LENT": .lending(index: 1.01, ratePerYear: 0.01),
      "USD-OWED": .lending(index: 1.02, ratePerYear: 0.05),
    ]
    return (strategy, account, market)
  }

  private func next(_ market: MarketSnapshot, days: Int) throws -> MarketSnapshot {
    var later = market
    later.time = try market.time.advanced(byDays: days)
    return later
  }

  @Test func hedgesCloseTheDelta() throws {
    let (strategy, account, market) = try setUp()
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    for day in 0..<4 {
      let now = try next(market, days: day)
      let decision = engine.step(&state, now)
      let before = try state.account.valuation(in: now, catalog: strategy.catalog).equity
      let cost = try state.fill(decision, in: now, catalog: strategy.catalog)
      let after = try state.account.valuation(in: now, catalog: strategy.catalog)
      expectClose(before - after.equity, cost, absolute: 1e-4)
      expectClose(decision.expectedCost, cost, absolute: 1e-4)
      if day > 0 { #expect(after["BTC"].delta.magnitude <= 0.01, "\(day)") }
      if day > 1 { #expect(decision.isEmpty, "\(decision)") }
    }
  }

  @Test(arguments: [
    Contingency.withdraw(protocolName: "lender"), .repay(healthFactor: 2.5),
    .hedge(underlying: "BTC", with: "BTC-PERP"),
  ])
  func contingenciesDoWhatTheySay(contingency: Contingency) throws {
    var (strategy, account, market) = try setUp()
    strategy.hedges = []
    strategy.breakers["health"] = try CircuitBreaker.Settings(
      kind: .healthFactor, direction: .below, tripLevel: 1.2, resumeLevel: 2, warmUpReadings: 1,
      coolDownNanoseconds: 0, action: .contingency, latches: false)
    strategy.contingencies["health"] = contingency
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    _ = engine.step(&state, market)
    // The coin falls until the loan is close to being liquidated.
    var fallen = try next(market, days: 1)
    fallen.prices[1] = 33_500
    fallen.quotes["BTC-PERP"] = .contract(price: 33_500, funding: nil)
    let health = try account.valuation(in: fallen, catalog: strategy.catalog).healthFactor
    fallen.prices[1] *= 1.15 / health
    fallen.quotes["BTC-PERP"] = .contract(price: fallen.prices[1], funding: nil)
    let decision = engine.step(&state, fallen)
    #expect(decision.kind == .contingency && !decision.orders.isEmpty, "\(decision)")
    _ = try state.fill(decision, in: fallen, catalog: strategy.catalog)
    let after = try state.account.valuation(in: fallen, catalog: strategy.catalog)
    switch contingency {
    case .withdraw: #expect(state.account.position("BTC-LENT") == nil)
    case .repay(let factor): expectClose(after.healthFactor, factor, relative: 1e-6)
    case .hedge: #expect(after["BTC"].delta.magnitude <= 0.001)
    case .deRisk: break
    }
  }

  /// Two breakers in one step: the second acts on what the first leaves, and nothing is closed twice.
  @Test func contingenciesActInTurn() throws {
    var (strategy, account, market) = try setUp()
    strategy.hedges = []
    for (name, contingency) in [
      ("a", Contingency.withdraw(protocolName: "lender")),
      ("b", .withdraw(protocolName: "lender")), ("c", .repay(healthFactor: 1e6)),
      ("d", .hedge(underlying: "BTC", with: "BTC-PERP")),
    ] {
      strategy.breakers[name] = try CircuitBreaker.Settings(
        kind: .gas, direction: .above, tripLevel: 100, resumeLevel: 50, warmUpReadings: 1,
        coolDownNanoseconds: 0, action: .contingency, latches: false)
      strategy.contingencies[name] = contingency
    }
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    market.readings = ["a": 1, "b": 1, "c": 1, "d": 1]
    _ = engine.step(&state, market)
    var dear = try next(market, days: 1)
    dear.readings = ["a": 200, "b": 200, "c": 200, "d": 200]
    let decision = engine.step(&state, dear)
    #expect(decision.kind == .contingency, "\(decision)")
    #expect(decision.orders.filter { $0.id == "BTC-LENT" }.count == 1)
    _ = try state.fill(decision, in: dear, catalog: strategy.catalog)
    let after = try state.account.valuation(in: dear, catalog: strategy.catalog)
    #expect(state.account.position("BTC-LENT") == nil)
    #expect(after["BTC"].delta.magnitude <= 0.001, "hedged after the withdrawal")
  }

  /// The volatility breaker counts contracts: a hedged account is calm, a geared one is not.
  @Test func volatilityCountsContracts() throws {
    var (strategy, account, market) = try setUp()
    strategy.hedges = []
    strategy.target = FixedTarget(try Walk.weights([1, 0, 0, 0, 0]))
    strategy.breakers["volatility"] = try CircuitBreaker.Settings(
      kind: .volatility, direction: .above, tripLevel: 0.05, resumeLevel: 0.04, warmUpReadings: 1,
      coolDownNanoseconds: 0, action: .halt, latches: false)
    let held = try account.valuation(in: market, catalog: strategy.catalog)["BTC"].delta
    for (contracts, isCalm) in [((-held * 1000).rounded(), true), (50_000, false)] {
      var changed = account
      changed.set(
        .init(
          "BTC-PERP", quantity: try Amount(baseUnits: Int128(contracts), decimals: 0),
          entryPrice: market.prices[1]))
      let engine = try Engine(strategy)
      var state = try engine.start(changed)
      var last: Decision?
      for day in 0..<12 {
        var now = try next(market, days: day)
        now.prices[1] *= day % 2 == 0 ? 1 : 1.02
        now.quotes["BTC-PERP"] = .contract(price: now.prices[1], funding: nil)
        last = engine.step(&state, now)
      }
      #expect((last?.verdict.action == .trade) == isCalm, "\(contracts)")
    }
  }

  /// Whatever numbers come in, a step answers, and never with a trade that the account cannot pay.
  @Test(arguments: 1...40)
  func hostileMarketsNeverTrap(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var (strategy, account, market) = try setUp()
    strategy.breakers["fall"] = try CircuitBreaker.Settings(
      kind: .drawdown, direction: .above, tripLevel: 0.3, resumeLevel: 0.2, warmUpReadings: 2,
      coolDownNanoseconds: 1, action: .contingency, latches: false)
    strategy.limits = [try LargestLeverage(5), try LargestVolatility(2)]
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    let wild: [Double] = [
      .nan, .infinity, -.infinity, 0, -1, 1e-300, 1e300, .leastNonzeroMagnitude, 30_000,
    ]
    func pick() -> Double { wild[Int(generator.uniform(0...8.999))] }
    for day in 0..<30 {
      var now = try next(market, days: day)
      if generator.uniform(0...1) < 0.5 {
        now.prices[1 + Int(generator.uniform(0...3.999))] = pick()
      }
      if generator.uniform(0...1) < 0.2 { now.prices[0] = pick() }
      if generator.uniform(0...1) < 0.3 {
        now.quotes["BTC-PERP"] = .contract(price: pick(), funding: nil)
      }
      if generator.uniform(0...1) < 0.3 {
        now.quotes["BTC-LENT"] = .lending(index: pick(), ratePerYear: pick())
      }
      if generator.uniform(0...1) < 0.1 { now.quotes = [:] }
      if generator.uniform(0...1) < 0.1 { now.time = pick() > 1 ? .distantPast : .distantFuture }
      let decision = engine.step(&state, now)
      if let filled = try? state.fill(decision, in: now, catalog: strategy.catalog) {
        #expect(filled.isFinite)
      } else {
        Issue.record("a decision that cannot be filled: \(decision)")
      }
      #expect(state.account.holdings.amounts.allSatisfy { !$0.isNegative })
    }
  }
}

@Suite struct EngineRecordTests {
  /// Amounts of any size and decimals are hashed as the public encoder writes them.
  @Test func amountsAreCanonical() throws {
    var generator = SeededGenerator(seed: 31)
    let engine = try Engine(Walk.strategy(PeriodicRule.days(1)))
    let market = try Walk.markets(days: 1, seed: 32)[0]
    for round in 0..<400 {
      let amounts = try Walk.universe.assets.indices.map { place in
        let decimals = place == 0 ? 6 : Int(generator.uniform(0...38.99))
        let digits = Int(generator.uniform(0...37.99))
        var units = Int128(generator.next()) << 62 | Int128(generator.next() >> 2)
        for _ in digits..<38 { units /= 10 }
        if round % 5 == 0, place == 1 { units = Int128(UInt64.max) + Int128(round / 5 % 3) - 1 }
        return try Amount(
          baseUnits: generator.uniform() < 0.3 ? -units : units, decimals: decimals)
      }
      let account = try Account(
        cash: "USD", holdings: Holdings(universe: Walk.universe, amounts: amounts))
      var state = try engine.start(account)
      let record = engine.step(&state, market).record
      let inputs =
        try CanonicalEncoder.bytes(of: account) + CanonicalEncoder.bytes(of: market)
      let expected = try CanonicalEncoder.bytes(of: ["inputs": SHA256.digest(inputs)]).dropFirst()
      #expect(record.payload.firstRange(of: expected) != nil, "\(amounts)")
    }
  }

  /// The fast writer gives the bytes of the encoder: a record can be read, and redone, with the public one.
  @Test func recordsAreCanonical() throws {
    /// Gives every kind of reason.
    struct Talkative: TargetPolicy, Encodable {
      let rowsNeeded = 0
      let target: FixedTarget

      func target(_ view: DecisionView) throws(EngineError) -> Target {
        var target = try target.target(view)
        target = Target(
          weights: target.weights,
          reasons: [
            .periodPassed, .notDue, .drifted("BTC"), .nearTie("ETH"), .waiting("prices"),
            .limit("volatility", got: 1.5, allowed: -0.0), .untradable("a longer name than most"),
            .signal("trend", opinions: 300), .tilt(scale: 0.5, activeRisk: .infinity),
            .volatilityScaled(volatility: 0.9, invested: 0.25), .dropped("BTC", "a reason"),
            .proven(primalResidual: 1e-12, dualResidual: .nan, relativeGap: 0),
            .breaker("gas"), .badInput("é"), .fault(stage: "target", ""),
          ])
        return target
      }
    }
    struct Record: Codable {
      let parameters: [UInt8]
      let inputs: [UInt8]
      let index: Int
      let time: Timestamp
      let kind: Decision.Kind
      let verdict: BreakerPanel.Verdict
      let reasons: [Decision.Reason]
      let equity: Double?
      let target: Weights?
      let trades: [Trade]
      let orders: [ContractOrder]
      let expectedCost: Double
      let schedule: ExecutionSchedule?
    }
    var strategy = try Walk.strategy(ThresholdRule(RebalancingThreshold(absolute: 0.02)))
    strategy.execution = try TimeWeightedExecution(sliceCount: 4, duration: 0.001, seed: 9)
    strategy.limits = [try LargestWeight(0.9)]
    if let fixed = strategy.target as? FixedTarget { strategy.target = Talkative(target: fixed) }
    let engine = try Engine(strategy)
    var state = try engine.start(Walk.account())
    var markets = try Walk.markets(days: 25, seed: 12)
    markets[7].prices[2] = .nan
    markets[9].readings = ["gas": 12.5, "a": -0.0]
    markets[9].series = ["flow": ["BTC": 1, "ETH": -2.5]]
    markets[9].quotes = [
      "X": .option(volatility: 0.5, carryYield: -0.01), "PERP": .contract(price: 2, funding: nil),
      "P": .contract(
        price: 3,
        funding: FundingRate(fraction: 1e-4, interval: .oneHour, whenPositive: .longPaysShort)),
      "L": .lending(index: 1, ratePerYear: 0.1), "Q": .pool(volumePerYear: 1, activeLiquidity: 2),
      "Y": .yieldSplit(index: 1.1, ratePerYear: 0.04, impliedRate: 0.05),
    ]
    for market in markets {
      let inputs =
        try CanonicalEncoder.bytes(of: state.account)
        + CanonicalEncoder.bytes(of: market)
      let decision = engine.step(&state, market)
      let record = Record(
        parameters: engine.parametersHash, inputs: SHA256.digest(inputs), index: decision.index,
        time: decision.time, kind: decision.kind, verdict: decision.verdict,
        reasons: decision.reasons, equity: decision.equity, target: decision.target,
        trades: decision.trades, orders: decision.orders, expectedCost: decision.expectedCost,
        schedule: decision.schedule)
      #expect(try CanonicalEncoder.bytes(of: record) == decision.record.payload)
      _ = try state.fill(decision, in: market, catalog: strategy.catalog)
    }
  }
}
