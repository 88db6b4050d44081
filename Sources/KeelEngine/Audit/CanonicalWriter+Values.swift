import KeelData
import KeelDerivatives
import KeelMarkets

// The fields of the values that every step writes, keys in canonical order.

extension CanonicalWriter {
  mutating func time(_ time: Timestamp) {
    map(1)
    key("nanosecondsSinceEpoch")
    integer(time.nanosecondsSinceEpoch)
  }

  mutating func account(_ account: Account) {
    map(3)
    key("cash")
    text(account.cash.rawValue)
    key("holdings")
    map(2)
    key("amounts")
    amounts(account.holdings.amounts)
    key("universe")
    universe(account.holdings.universe)
    key("positions")
    list(account.positions.count)
    for position in account.positions {
      map(3)
      key("id")
      text(position.id.rawValue)
      key("quantity")
      amount(position.quantity)
      key("entryPrice")
      number(position.entryPrice)
    }
  }

  mutating func market(_ market: MarketSnapshot) {
    map(7)
    key("rate")
    number(market.rate)
    key("time")
    time(market.time)
    key("prices")
    numbers(market.prices)
    key("quotes")
    dictionary(market.quotes, name: \.rawValue) { $0.quote($1) }
    key("series")
    dictionary(market.series, name: { $0 }) { writer, values in
      writer.dictionary(values, name: \.rawValue) { $0.number($1) }
    }
    key("readings")
    dictionary(market.readings, name: { $0 }) { $0.number($1) }
    key("universe")
    universe(market.universe)
  }

  private mutating func quote(_ quote: MarketSnapshot.Quote) {
    map(1)
    switch quote {
    case .contract(let price, let funding):
      key("contract")
      map(funding == nil ? 1 : 2)
      key("price")
      number(price)
      if let funding {
        key("funding")
        other(funding)
      }
    case .option(let volatility, let carryYield):
      key("option")
      map(2)
      key("carryYield")
      number(carryYield)
      key("volatility")
      number(volatility)
    case .pool(let volume, let liquidity):
      key("pool")
      map(2)
      key("volumePerYear")
      number(volume)
      key("activeLiquidity")
      number(liquidity)
    case .lending(let index, let rate):
      key("lending")
      map(2)
      key("index")
      number(index)
      key("ratePerYear")
      number(rate)
    case .yieldSplit(let index, let rate, let implied):
      key("yieldSplit")
      map(3)
      key("index")
      number(index)
      key("impliedRate")
      number(implied)
      key("ratePerYear")
      number(rate)
    }
  }
}

extension CanonicalWriter {
  mutating func payload(_ payload: Decision.Payload) {
    let optional = (payload.equity == nil ? 0 : 1) + (payload.target == nil ? 0 : 1)
    map(10 + optional + (payload.schedule == nil ? 0 : 1))
    key("kind")
    text(payload.kind.rawValue)
    key("time")
    time(payload.time)
    key("index")
    integer(Int64(payload.index))
    if let equity = payload.equity {
      key("equity")
      number(equity)
    }
    key("inputs")
    octets(payload.inputs)
    key("orders")
    list(payload.orders.count)
    for order in payload.orders { self.order(order) }
    if let target = payload.target {
      key("target")
      map(2)
      key("values")
      numbers(target.values)
      key("universe")
      universe(target.universe)
    }
    key("trades")
    list(payload.trades.count)
    for trade in payload.trades { self.trade(trade) }
    key("reasons")
    list(payload.reasons.count)
    for reason in payload.reasons { self.reason(reason) }
    key("verdict")
    map(2)
    key("action")
    integer(Int64(payload.verdict.action.rawValue))
    key("causes")
    list(payload.verdict.causes.count)
    for cause in payload.verdict.causes { text(cause) }
    if let schedule = payload.schedule {
      key("schedule")
      other(schedule)
    }
    key("parameters")
    octets(payload.parameters)
    key("expectedCost")
    number(payload.expectedCost)
  }

  private mutating func trade(_ trade: Trade) {
    map(8)
    key("fee")
    amount(trade.fee)
    key("gas")
    amount(trade.gas)
    key("side")
    text(trade.side.rawValue)
    key("asset")
    text(trade.asset.rawValue)
    key("value")
    amount(trade.value)
    key("quantity")
    amount(trade.quantity)
    key("slippage")
    amount(trade.slippage)
    key("cashChange")
    amount(trade.cashChange)
  }

  private mutating func order(_ order: ContractOrder) {
    map(3)
    key("id")
    text(order.id.rawValue)
    key("cost")
    number(order.cost)
    key("quantity")
    amount(order.quantity)
  }

  private mutating func reason(_ reason: Decision.Reason) {
    switch reason {
    case .periodPassed: object("periodPassed", 0)
    case .notDue: object("notDue", 0)
    case .drifted(let asset): single("drifted", asset.rawValue)
    case .nearTie(let asset): single("nearTie", asset.rawValue)
    case .waiting(let what): single("waiting", what)
    case .untradable(let asset): single("untradable", asset.rawValue)
    case .breaker(let name): single("breaker", name)
    case .badInput(let what): single("badInput", what)
    case .limit(let name, let got, let allowed):
      object("limit", 3)
      field("_0", name)
      field("got", got)
      field("allowed", allowed)
    case .signal(let name, let opinions):
      object("signal", 2)
      field("_0", name)
      key("opinions")
      integer(Int64(opinions))
    case .tilt(let scale, let activeRisk):
      object("tilt", 2)
      field("scale", scale)
      field("activeRisk", activeRisk)
    case .volatilityScaled(let volatility, let invested):
      object("volatilityScaled", 2)
      field("invested", invested)
      field("volatility", volatility)
    case .proven(let primalResidual, let dualResidual, let relativeGap):
      object("proven", 3)
      field("relativeGap", relativeGap)
      field("dualResidual", dualResidual)
      field("primalResidual", primalResidual)
    case .dropped(let asset, let reason):
      object("dropped", 2)
      field("_0", asset.rawValue)
      field("_1", reason)
    case .fault(let stage, let reason):
      object("fault", 2)
      field("_1", reason)
      field("stage", stage)
    }
  }

  /// A case with so many fields, which follow.
  private mutating func object(_ name: StaticString, _ count: Int) {
    map(1)
    key(name)
    map(count)
  }

  /// A case with one text.
  private mutating func single(_ name: StaticString, _ value: String) {
    object(name, 1)
    field("_0", value)
  }

  private mutating func field(_ name: StaticString, _ value: String) {
    key(name)
    text(value)
  }

  private mutating func field(_ name: StaticString, _ value: Double) {
    key(name)
    number(value)
  }
}
