import KeelData
public import KeelMarkets
import KeelNumerics

// One pure step from market to decision.
//
// Goals in order: never trade on what is wrong or forbidden, the same decision from the same inputs, speed.
//
// The stages run in one order: inputs are checked, the account is valued, the breakers read it, the target is chosen,
// the rule says whether to trade, the planner makes trades, the hedges add contracts, the limits are checked on the
// account that all this would leave. A stage that fails ends the step with a hold that says so, and trips the
// engine's own breaker, which lets trading resume only after its cool-down.

/// Turns states of an account and markets into decisions.
///
/// ```swift
/// let engine = try Engine(strategy)
/// var state = try engine.start(account)
/// let decision = engine.step(&state, market)
/// ```
///
/// A step reads no clock, opens nothing and keeps nothing outside the state. How the stages work together:
/// <doc:EngineStep>.
public struct Engine: Sendable {
  /// The strategy.
  public let strategy: Strategy

  /// The hash of all settings of the strategy, which every record names.
  public let parametersHash: [UInt8]

  /// The name of the breaker that an internal error trips.
  public static let faultBreaker = "engine"

  /// Creates an engine.
  ///
  /// - Parameter strategy: The strategy.
  /// - Throws: `EngineError.invalidValue` for settings out of range, or `.noTarget` for a strategy whose settings do
  ///   not encode.
  public init(_ strategy: Strategy) throws(EngineError) {
    try requireNumber(strategy.halfLife, "halfLife", .positive)
    try requireNumber(Double(strategy.rowsNeeded), "rowsNeeded", 1...1e6)
    var guarded = strategy
    guarded.breakers[Self.faultBreaker] = try CircuitBreaker.Settings(
      kind: .internalError, direction: .above, tripLevel: 0.5, resumeLevel: 0.5,
      warmUpReadings: 1, coolDownNanoseconds: strategy.faultCoolDownNanoseconds, action: .halt,
      latches: false)
    self.strategy = guarded
    do {
      parametersHash = SHA256.digest(try CanonicalEncoder.bytes(of: guarded))
    } catch {
      throw .noTarget(reason: "the strategy's settings do not encode: \(error)")
    }
  }

  /// The state before the first step.
  ///
  /// - Parameter account: What is held and owed.
  /// - Returns: The state, its breakers warming up.
  /// - Throws: `EngineError.unknownAsset` when the account and the planner pay with different assets.
  public func start(_ account: Account) throws(EngineError) -> EngineState {
    guard account.cash == strategy.planner.cash else { throw .unknownAsset(account.cash) }
    return EngineState(
      account: account, breakers: BreakerPanel(strategy.breakers),
      memory: try MarketMemory(
        universe: account.holdings.universe, halfLife: strategy.halfLife,
        rowCapacity: strategy.rowsNeeded))
  }

  /// Decides what to do in a market.
  ///
  /// It does not fail: whatever is wrong with the inputs or inside ends in a decision to hold with its reason.
  ///
  /// - Parameters:
  ///   - state: The state, which moves on by one step; its account is left as it is.
  ///   - market: The market, later than the one before.
  /// - Returns: The decision.
  /// - Complexity: O(N² + positions) beside the stages, for N assets.
  public func step(_ state: inout EngineState, _ market: MarketSnapshot) -> Decision {
    // One writer for inputs and record, which share the names of the assets.
    var writer = CanonicalWriter(reserving: Self.usualRecordLength)
    writer.account(state.account)
    writer.market(market)
    let inputs = SHA256.digest(writer.bytes)
    var draft = DecisionDraft(index: state.stepCount, time: market.time)
    do throws(StageFault) {
      try decide(&draft, &state, market)
      state.hasFault = false
    } catch {
      draft.hold(error)
      state.hasFault = error.isInternal
    }
    state.stepCount += 1
    let decision = draft.decision(
      parameters: parametersHash, inputs: inputs, previousHash: state.auditHead, writer: &writer)
    state.auditHead = decision.record.hash
    return decision
  }

  /// Whether a decision is the one that this engine makes of a state and a market.
  ///
  /// - Parameters:
  ///   - decision: The decision.
  ///   - state: The state before it.
  ///   - market: Its market.
  /// - Returns: True when a replay gives the same record, byte for byte.
  public func replays(
    _ decision: Decision,
    from state: EngineState,
    _ market: MarketSnapshot
  ) -> Bool {
    var state = state
    return step(&state, market) == decision
  }

  private static let usualRecordLength = 4096
}

/// Why a step ends early.
struct StageFault: Error {
  let stage: String
  let reason: String
  /// Whether it is the engine's fault, not the inputs'.
  let isInternal: Bool
}

// MARK: - The stages in order

extension Engine {
  private func decide(
    _ draft: inout DecisionDraft,
    _ state: inout EngineState,
    _ market: MarketSnapshot
  ) throws(StageFault) {
    let view: DecisionView
    do throws(StageFault) {
      try Self.check(market, after: state)
      let quoted = QuotedSeries.read(
        market, strategy.catalog, withSurfaces: strategy.readsSurfaces)
      state.memory.observe(market, quoted: quoted)
      view = try self.view(state, market)
    } catch {
      // What cannot be valued is a missing reading for every breaker that needs the value.
      readBreakers(&state, nil, market)
      draft.verdict = state.breakers.verdict
      throw error
    }
    draft.equity = view.valuation.equity
    state.highestEquity = max(state.highestEquity ?? view.valuation.equity, view.valuation.equity)
    readBreakers(&state, view, market)
    draft.verdict = state.breakers.verdict
    switch draft.verdict.action {
    case .halt:
      draft.reasons += draft.verdict.causes.map { .breaker($0) }
    case .contingency:
      draft.kind = .contingency
      draft.reasons += draft.verdict.causes.map { .breaker($0) }
      try staged("contingency") { () throws(EngineError) in
        try prepareContingency(&draft, view)
      }
    case .trade, .reduceOnly:
      try trade(&draft, &state, view)
    }
  }

  private func trade(
    _ draft: inout DecisionDraft,
    _ state: inout EngineState,
    _ view: DecisionView
  ) throws(StageFault) {
    let target = try staged("target") { () throws(EngineError) in
      try strategy.target.target(view).keepingInCash(view.untradable)
    }
    draft.target = target.weights
    draft.reasons += target.reasons
    let verdict = try staged("rule") { () throws(EngineError) in
      try strategy.rule.verdict(view, target: target.weights)
    }
    state.breached = verdict.breached
    draft.reasons += verdict.reasons
    let reducesOnly = draft.verdict.action == .reduceOnly
    if reducesOnly { draft.reasons += draft.verdict.causes.map { .breaker($0) } }
    let owed = view.account.holdings[view.account.cash].map { $0.isNegative ? $0.doubleValue : 0 }
    if let owed, owed < 0 { draft.reasons.append(.limit("cash", got: owed, allowed: 0)) }
    let isDue = verdict.isDue || (owed ?? 0) < 0
    if isDue {
      try staged("plan") { () throws(EngineError) in
        let plan = try strategy.planner.plan(
          holdings: view.account.holdings, prices: view.prices, target: target.weights)
        draft.trades = reducesOnly ? plan.trades.filter { $0.side == .sell } : plan.trades
        draft.reasons += plan.dropped.map { .dropped($0.asset, "\($0.reason)") }
        if !draft.trades.isEmpty {
          draft.schedule = try strategy.execution?.schedule(plan, view)
        }
      }
    }
    let after = try addHedges(&draft, view, reducesOnly: reducesOnly)
    try keepLimits(&draft, view, after)
    if isDue && !draft.isRefused { state.lastRebalance = view.market.time }
    if !draft.isEmpty { draft.kind = .trade }
  }

  /// Adds the orders of the hedges and returns the account that all orders would leave; nil when nobody asks for it.
  private func addHedges(
    _ draft: inout DecisionDraft,
    _ view: DecisionView,
    reducesOnly: Bool
  ) throws(StageFault) -> PlannedAccount? {
    if strategy.hedges.isEmpty && strategy.limits.isEmpty { return nil }
    return try staged("hedge") { () throws(EngineError) in
      var after = try planned(draft, view)
      for hedge in strategy.hedges {
        let wanted = try hedge.orders(after: after, view)
        let orders = reducesOnly ? wanted.filter { view.account.isReduced(by: $0) } : wanted
        if orders.isEmpty { continue }
        draft.orders += orders
        after = try planned(draft, view)
      }
      return after
    }
  }

  /// Drops everything when a limit would be broken that is not broken less than before.
  private func keepLimits(
    _ draft: inout DecisionDraft,
    _ view: DecisionView,
    _ after: PlannedAccount?
  ) throws(StageFault) {
    if draft.isEmpty { return }
    draft.countCosts()
    guard let after, !strategy.limits.isEmpty else { return }
    try staged("limits") { () throws(EngineError) in
      for limit in strategy.limits {
        for violation in try limit.violations(after: after, view) {
          draft.reasons.append(
            .limit(violation.name, got: violation.got, allowed: violation.allowed))
          if !(violation.got < violation.before) { draft.isRefused = true }
        }
      }
    }
    if draft.isRefused { draft.dropOrders() }
  }

  /// Runs a stage and names it when it fails.
  private func staged<Value>(
    _ stage: String,
    _ run: () throws(EngineError) -> Value
  ) throws(StageFault) -> Value {
    do throws(EngineError) {
      return try run()
    } catch {
      throw StageFault(stage: stage, reason: error.description, isInternal: true)
    }
  }

  /// The account as a draft would leave it.
  func planned(
    _ draft: DecisionDraft,
    _ view: DecisionView
  ) throws(EngineError) -> PlannedAccount {
    if draft.isEmpty {
      return PlannedAccount(
        account: view.account, valuation: view.valuation, weights: view.weights)
    }
    let account = try view.account.filling(
      trades: draft.trades, orders: draft.orders, in: view.market, catalog: view.catalog
    ).account
    do throws(MarketsError) {
      let valuation = try account.valuation(
        in: view.market, catalog: view.catalog, known: (view.account, view.valuation))
      return PlannedAccount(
        account: account, valuation: valuation,
        weights: try Self.weights(valuation, account.holdings.universe))
    } catch {
      throw .venue(error)
    }
  }
}

// MARK: - Inputs and guards

extension Engine {
  private static func check(
    _ market: MarketSnapshot,
    after state: EngineState
  ) throws(StageFault) {
    func bad(_ reason: String) -> StageFault {
      StageFault(stage: "market", reason: reason, isInternal: false)
    }
    guard market.universe == state.account.holdings.universe,
      market.universe == state.memory.universe, market.prices.count == market.universe.count
    else { throw bad("the market is not about the assets of the account") }
    if let last = state.memory.lastTime, market.time <= last {
      throw bad("the time is not later than that of the step before")
    }
    guard market.price(of: state.account.cash) == 1 else {
      throw bad("the price of cash is not one")
    }
    guard market.rate.isFinite else { throw bad("the rate is not a number") }
  }

  /// What the stages may see; fails when something that is held has no price.
  private func view(
    _ state: EngineState,
    _ market: MarketSnapshot
  ) throws(StageFault) -> DecisionView {
    var prices = market.prices
    var untradable: [AssetID] = []
    for (i, price) in market.prices.enumerated() where !(price > 0 && price.isFinite) {
      let asset = market.universe.assets[i]
      guard state.account.holdings.amounts[i].isZero else {
        throw StageFault(
          stage: "market", reason: "\(asset) is held and has no price", isInternal: false)
      }
      untradable.append(asset)
      prices[i] = state.memory.prices[i] > 0 ? state.memory.prices[i] : 1
    }
    do throws(MarketsError) {
      let valuation = try state.account.valuation(in: market, catalog: strategy.catalog)
      return DecisionView(
        market: market, prices: try Self.prices(prices, over: market.universe),
        account: state.account, valuation: valuation,
        weights: try Self.weights(valuation, market.universe), memory: state.memory,
        catalog: strategy.catalog, lastRebalance: state.lastRebalance, breached: state.breached,
        untradable: untradable)
    } catch {
      throw StageFault(stage: "market", reason: error.description, isInternal: false)
    }
  }

  private static func prices(
    _ values: [Double],
    over universe: Universe
  ) throws(MarketsError) -> Prices {
    do throws(DataError) {
      return try Prices(universe: universe, values: values)
    } catch {
      throw .unsupported(error.description)
    }
  }

  /// Shares of what is held of the assets.
  private static func weights(
    _ valuation: AccountValuation,
    _ universe: Universe
  ) throws(MarketsError) -> Weights {
    let total = universe.positionsByName.reduce(0) { $0 + valuation.holdings[$1] }
    guard total > 0 else { throw .unsupported("nothing is held") }
    do throws(DataError) {
      return try Weights(universe: universe, values: valuation.holdings.map { $0 / total })
    } catch {
      throw .unsupported(error.description)
    }
  }

  /// Gives each breaker its reading; without a view those that need one get none.
  private func readBreakers(
    _ state: inout EngineState,
    _ view: DecisionView?,
    _ market: MarketSnapshot
  ) {
    let highest = state.highestEquity
    let hasFault = state.hasFault
    state.breakers.observe(at: market.time) { name, kind in
      switch kind {
      case .drawdown:
        view.flatMap { view in
          highest.map { $0 > 0 ? 1 - view.valuation.equity / $0 : 1 }
        }
      case .volatility:
        // Before the first return nothing has moved.
        view.map { $0.memory.volatility(of: $0.valuation.exposureShares(in: market)) ?? 0 }
      // Without a debt or a margin nothing can be liquidated.
      case .margin: view.map { min($0.valuation.marginRatio, .greatestFiniteMagnitude) }
      case .healthFactor: view.map { min($0.valuation.healthFactor, .greatestFiniteMagnitude) }
      case .internalError: hasFault ? nil : 0
      default: market.readings[name]
      }
    }
  }
}

extension Account {
  /// Whether an order makes a position smaller without turning it.
  func isReduced(by order: ContractOrder) -> Bool {
    guard let held = position(order.id)?.quantity.doubleValue else { return false }
    let after = held + order.quantity.doubleValue
    return after.magnitude < held.magnitude && after * held >= 0
  }
}
