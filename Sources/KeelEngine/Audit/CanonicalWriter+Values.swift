import KeelData
import KeelDerivatives
import KeelMarkets

// The fields of the values that every step writes, keys in canonical order.

extension CanonicalWriter {
  /// The text of an amount: what its description gives.
  mutating func amount(_ amount: Amount) {
    guard let magnitude = UInt64(exactly: amount.baseUnits.magnitude) else {
      return text(amount.description)
    }
    var digitCount = 1
    var power: UInt64 = 10
    while digitCount < 20 && magnitude >= power {
      digitCount += 1
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    digits(
      magnitude, count: max(digitCount, amount.decimals + 1), decimals: amount.decimals,
      isNegative: amount.isNegative)
  }

  mutating func time(_ time: Timestamp) {
    map(1)
    text("nanosecondsSinceEpoch")
    integer(time.nanosecondsSinceEpoch)
  }

  mutating func account(_ account: Account) {
    map(3)
    text("cash")
    text(account.cash.rawValue)
    text("holdings")
    map(2)
    text("amounts")
    list(account.holdings.amounts.count)
    for amount in account.holdings.amounts { self.amount(amount) }
    text("universe")
    universe(account.holdings.universe)
    text("positions")
    list(account.positions.count)
    for position in account.positions {
      map(3)
      text("id")
      text(position.id.rawValue)
      text("quantity")
      amount(position.quantity)
      text("entryPrice")
      number(position.entryPrice)
    }
  }

  mutating func market(_ market: MarketSnapshot) {
    map(7)
    text("rate")
    number(market.rate)
    text("time")
    time(market.time)
    text("prices")
    numbers(market.prices)
    text("quotes")
    dictionary(market.quotes, name: \.rawValue) { $0.quote($1) }
    text("series")
    dictionary(market.series, name: { $0 }) { writer, values in
      writer.dictionary(values, name: \.rawValue) { $0.number($1) }
    }
    text("readings")
    dictionary(market.readings, name: { $0 }) { $0.number($1) }
    text("universe")
    universe(market.universe)
  }

  private mutating func quote(_ quote: MarketSnapshot.Quote) {
    map(1)
    switch quote {
    case .contract(let price, let funding):
      text("contract")
      map(funding == nil ? 1 : 2)
      text("price")
      number(price)
      if let funding {
        text("funding")
        other(funding)
      }
    case .option(let volatility, let carryYield):
      text("option")
      map(2)
      text("carryYield")
      number(carryYield)
      text("volatility")
      number(volatility)
    case .pool(let volume, let liquidity):
      text("pool")
      map(2)
      text("volumePerYear")
      number(volume)
      text("activeLiquidity")
      number(liquidity)
    case .lending(let index, let rate):
      text("lending")
      map(2)
      text("index")
      number(index)
      text("ratePerYear")
      number(rate)
    }
  }
}

extension CanonicalWriter {
  mutating func payload(_ payload: Decision.Payload) {
    let optional = (payload.equity == nil ? 0 : 1) + (payload.target == nil ? 0 : 1)
    map(10 + optional + (payload.schedule == nil ? 0 : 1))
    text("kind")
    text(payload.kind.rawValue)
    text("time")
    time(payload.time)
    text("index")
    integer(Int64(payload.index))
    if let equity = payload.equity {
      text("equity")
      number(equity)
    }
    text("inputs")
    octets(payload.inputs)
    text("orders")
    list(payload.orders.count)
    for order in payload.orders { self.order(order) }
    if let target = payload.target {
      text("target")
      map(2)
      text("values")
      numbers(target.values)
      text("universe")
      universe(target.universe)
    }
    text("trades")
    list(payload.trades.count)
    for trade in payload.trades { self.trade(trade) }
    text("reasons")
    list(payload.reasons.count)
    for reason in payload.reasons { self.reason(reason) }
    text("verdict")
    map(2)
    text("action")
    integer(Int64(payload.verdict.action.rawValue))
    text("causes")
    list(payload.verdict.causes.count)
    for cause in payload.verdict.causes { text(cause) }
    if let schedule = payload.schedule {
      text("schedule")
      other(schedule)
    }
    text("parameters")
    octets(payload.parameters)
    text("expectedCost")
    number(payload.expectedCost)
  }

  private mutating func trade(_ trade: Trade) {
    map(8)
    text("fee")
    amount(trade.fee)
    text("gas")
    amount(trade.gas)
    text("side")
    text(trade.side.rawValue)
    text("asset")
    text(trade.asset.rawValue)
    text("value")
    amount(trade.value)
    text("quantity")
    amount(trade.quantity)
    text("slippage")
    amount(trade.slippage)
    text("cashChange")
    amount(trade.cashChange)
  }

  private mutating func order(_ order: ContractOrder) {
    map(3)
    text("id")
    text(order.id.rawValue)
    text("cost")
    number(order.cost)
    text("quantity")
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
      text("opinions")
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
  private mutating func object(_ name: String, _ count: Int) {
    map(1)
    text(name)
    map(count)
  }

  /// A case with one text.
  private mutating func single(_ name: String, _ value: String) {
    object(name, 1)
    field("_0", value)
  }

  private mutating func field(_ name: String, _ value: String) {
    text(name)
    text(value)
  }

  private mutating func field(_ name: String, _ value: Double) {
    text(name)
    number(value)
  }
}
