import KeelData
import KeelDerivatives
import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What happens to an account between two snapshots, before anything is decided.
//
// Goals in order: nothing is forgotten, every cash flow has one source, the sources add up to the change of equity.
//
// In this order at the time of the later snapshot: prices have moved what is held, what ended is settled, funding and fees
// of the time between are paid, cash earns its rate, and what has too little margin or collateral is liquidated. Funding is that of the later
// snapshot's quotes, spread evenly over the time between: the rate that was paid for the interval, not one that was
// known before.

/// The account and its profit from one snapshot to the next.
struct Accruals {
  private(set) var account: Account
  private(set) var profit = ProfitBySource()
  private(set) var events: [BacktestEvent] = []

  private let market: MarketSnapshot
  private let before: MarketSnapshot
  private let settings: Backtest.Settings
  private let catalog: Catalog
  private let years: Double
  private let ended: Set<AssetID>

  /// Moves an account forward.
  init(
    _ account: Account,
    from before: MarketSnapshot,
    to market: MarketSnapshot,
    catalog: Catalog,
    settings: Backtest.Settings
  ) throws(BacktestingError) {
    self.account = account
    self.before = before
    self.market = market
    self.catalog = catalog
    self.settings = settings
    years = market.time.years(since: before.time)
    ended =
      settings.delistings.isEmpty
      ? []
      : Set(
        settings.delistings.filter { $0.value.time > before.time && $0.value.time <= market.time }
          .keys)
    try delist()
    try settle()
    try payFunding()
    try earn()
    try liquidate()
  }

  private func mechanics<Value>(
    _ run: () throws(MarketsError) -> Value
  ) throws(BacktestingError) -> Value {
    do throws(MarketsError) {
      return try run()
    } catch {
      throw .venue(error, time: market.time)
    }
  }

  private mutating func receive(
    _ cash: Double,
    as source: WritableKeyPath<ProfitBySource, Double>
  ) throws(BacktestingError) {
    if cash == 0 { return }
    try mechanics { () throws(MarketsError) in try account.addCash(cash) }
    profit[keyPath: source] += cash
  }

  /// Pays what is recovered of assets that ended.
  private mutating func delist() throws(BacktestingError) {
    for asset in ended.sorted() {
      guard let place = account.holdings.universe.position(of: asset),
        !account.holdings.amounts[place].isZero, let recovery = settings.delistings[asset]
      else { continue }
      let last = before.price(of: asset)
      let units = account.holdings.amounts[place].doubleValue
      var amounts = account.holdings.amounts
      do throws(DataError) {
        amounts[place] = try Amount(zeroWithDecimals: amounts[place].decimals)
        account.holdings = try Holdings(universe: account.holdings.universe, amounts: amounts)
      } catch {
        throw BacktestingError(error)
      }
      let recovered = units * last * recovery.fraction
      try mechanics { () throws(MarketsError) in try account.addCash(recovered) }
      profit.spot += recovered - units * last
      events.append(.delisted(asset, time: market.time, recovered: recovered))
    }
  }

  /// Settles what has expired, at the spot price of the snapshot; yield tokens at its index, or the last one known.
  private mutating func settle() throws(BacktestingError) {
    for position in account.positions {
      guard let listing = catalog[position.id], let expiry = listing.instrument.expiry,
        expiry <= market.time
      else { continue }
      let spot = market.price(of: listing.instrument.underlying)
      var last = market
      switch listing.instrument {
      case .future, .perpetual:
        last.quotes[position.id] = .contract(price: spot, funding: nil)
      case .principalToken, .yieldToken:
        last.quotes[position.id] = market.quotes[position.id] ?? before.quotes[position.id]
      default: last.quotes[position.id] = .option(volatility: 0, carryYield: 0)
      }
      let value = listing.exposure(
        quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: last
      ).value
      guard value.isFinite else {
        throw .venue(.unknownInstrument(position.id), time: market.time)
      }
      let earlier = self.value(of: position, listing, in: before)
      try mechanics { () throws(MarketsError) in
        account.set(.init(position.id, quantity: try zero(position)))
        try account.addCash(value)
      }
      profit[keyPath: ProfitBySource.source(of: listing.instrument)] += value - earlier
      events.append(.expired(position.id, time: market.time, received: value))
    }
  }

  private func zero(_ position: Account.Position) throws(MarketsError) -> Amount {
    do throws(DataError) {
      return try Amount(zeroWithDecimals: position.quantity.decimals)
    } catch {
      throw .amountOverflow(position.id)
    }
  }

  private func value(
    of position: Account.Position,
    _ listing: Listing,
    in market: MarketSnapshot
  ) -> Double {
    listing.exposure(
      quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: market
    ).value
  }

  /// Funding of perpetuals and fees of pools for the time between.
  private mutating func payFunding() throws(BacktestingError) {
    for position in account.positions {
      guard let listing = catalog[position.id] else { continue }
      switch listing.instrument {
      case .perpetual:
        let exposure = listing.exposure(
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: market)
        guard exposure.carry.perYear.isFinite else { continue }
        try receive(exposure.carry.perYear * years, as: \.funding)
      case .pool:
        let exposure = listing.exposure(
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: market)
        guard exposure.carry.perYear.isFinite else { continue }
        try receive(exposure.carry.perYear * years, as: \.poolFees)
      default: continue
      }
    }
  }

  /// The rate of the snapshot before on cash.
  private mutating func earn() throws(BacktestingError) {
    guard settings.cashEarnsRate,
      let cash = account.holdings[account.cash]?.doubleValue, before.rate.isFinite
    else { return }
    try receive(cash * expm1(before.rate * years), as: \.interest)
  }

  /// Closes margined positions when equity is below the maintenance margin, and repays loans from their collateral
  /// when the health factor is below one; each pays the penalty.
  private mutating func liquidate() throws(BacktestingError) {
    guard !account.positions.isEmpty,
      let valuation = try? account.valuation(in: market, catalog: catalog)
    else { return }
    if valuation.marginRatio < 1 {
      for (position, exposure) in zip(account.positions, valuation.positions)
      where catalog[position.id]?.instrument.isMargined == true {
        let penalty = settings.liquidationPenalty * exposure.notional
        try mechanics { () throws(MarketsError) in
          account.set(.init(position.id, quantity: try zero(position)))
          try account.addCash(exposure.value - penalty)
        }
        profit.liquidations -= penalty
        events.append(.liquidated(position.id, time: market.time, penalty: penalty))
      }
    }
    for venue in valuation.protocols where venue.healthFactor < 1 {
      try repay(venue.name, valuation)
    }
  }

  /// Takes collateral worth the debt and the penalty, deposit by deposit.
  private mutating func repay(
    _ protocolName: String,
    _ valuation: AccountValuation
  ) throws(BacktestingError) {
    let lines = zip(account.positions, valuation.positions).filter {
      catalog[$0.0.id]?.protocolName == protocolName
    }
    let debt = lines.reduce(0) { $0 + max(-$1.1.value, 0) }
    var wanted = debt * (1 + settings.liquidationPenalty)
    for (position, exposure) in lines where exposure.value > 0 {
      let taken = min(wanted, exposure.value)
      wanted -= taken
      let share = taken / exposure.value
      try mechanics { () throws(MarketsError) in
        do throws(DataError) {
          let left = try position.quantity.multiplied(by: 1 - share, rounding: .towardZero)
          account.set(.init(position.id, quantity: left, entryPrice: position.entryPrice))
        } catch {
          throw .amountOverflow(position.id)
        }
      }
    }
    for (position, exposure) in lines where exposure.value < 0 {
      try mechanics { () throws(MarketsError) in
        account.set(.init(position.id, quantity: try zero(position)))
      }
      let penalty = settings.liquidationPenalty * -exposure.value
      profit.liquidations -= penalty
      events.append(.liquidated(position.id, time: market.time, penalty: penalty))
    }
    // Collateral that does not cover all: the lender bears the rest.
    profit.liquidations += max(wanted, 0)
  }
}
