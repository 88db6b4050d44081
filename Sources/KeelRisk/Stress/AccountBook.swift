import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics

// An account with every name looked up once, so that many revaluations cost arithmetic only.
//
// Sums run in the order of names. Of options the price alone is computed, all else is valued as accounts value it.

/// An account, ready to be valued in many shocked markets.
struct AccountBook: Sendable {
  /// An asset that is held itself.
  struct Holding {
    let asset: AssetID
    let place: Int
    let units: Double
    /// The listing that trades it; nil for cash, or when none is listed.
    let listing: Listing?
  }

  /// A position in a listing.
  struct Line {
    let listing: Listing
    let underlying: AssetID
    let place: Int
    let quantity: Double
    let entryPrice: Double
    let quote: MarketSnapshot.Quote?
    /// The place of its protocol among ``AccountBook/protocols``; nil for own custody.
    let owner: Int?
  }

  /// A protocol with what counts for and against its loans.
  struct Debtor: Hashable {
    var collateral = 0.0
    var debt = 0.0

    var healthFactor: Double { debt > 0 ? collateral / debt : .infinity }
    /// A size to compare gaps with; one where there is none.
    var scale: Double { debt > 0 ? debt : 1 }
  }

  /// The account after a shock.
  struct State {
    var holdings: [Double] = []
    var values: [Double] = []
    var exitCosts = 0.0
    var margins: [Double] = []
    var margin = 0.0
    var equity = 0.0
    var debtors: [Debtor] = []

    var marginRatio: Double { margin > 0 ? equity / margin : .infinity }
    /// A size to compare gaps with; one where there is none.
    var scale: Double { margin > 0 ? margin : 1 }
    var healthFactor: Double { debtors.reduce(.infinity) { min($0, $1.healthFactor) } }
  }

  let cash: AssetID
  let market: MarketSnapshot
  /// Protocols of the catalog, whether or not the account has a position there.
  let knownProtocols: Set<String>
  /// Protocols of the positions, sorted.
  let protocols: [String]
  /// Assets held, in the order of names, those of amount zero left out.
  let holdings: [Holding]
  let lines: [Line]

  init(_ account: Account, in market: MarketSnapshot, catalog: Catalog) throws(RiskError) {
    cash = account.cash
    self.market = market
    knownProtocols = Set(catalog.listings.compactMap(\.protocolName))
    var spots: [AssetID: Listing] = [:]
    for listing in catalog.listings {
      if case .spot(let asset) = listing.instrument, spots[asset] == nil { spots[asset] = listing }
    }
    var held: [Holding] = []
    let universe = account.holdings.universe
    for place in universe.positionsByName where !account.holdings.amounts[place].isZero {
      let asset = universe.assets[place]
      held.append(
        Holding(
          asset: asset, place: try Self.place(of: asset, in: market),
          units: account.holdings.amounts[place].doubleValue,
          listing: asset == account.cash ? nil : spots[asset]))
    }
    holdings = held
    var names = Set<String>()
    for position in account.positions {
      if let name = catalog[position.id]?.protocolName { names.insert(name) }
    }
    protocols = names.sorted()
    let owners = Dictionary(uniqueKeysWithValues: protocols.enumerated().map { ($1, $0) })
    var lines: [Line] = []
    for position in account.positions {
      guard let listing = catalog[position.id] else { throw .unknownInstrument(position.id) }
      let underlying = listing.instrument.underlying
      lines.append(
        Line(
          listing: listing, underlying: underlying,
          place: try Self.place(of: underlying, in: market),
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice,
          quote: market.quotes[position.id], owner: listing.protocolName.flatMap { owners[$0] }))
    }
    self.lines = lines
  }

  /// A book of lines alone.
  init(cash: AssetID, market: MarketSnapshot, protocols: [String], lines: [Line]) {
    self.cash = cash
    self.market = market
    self.protocols = protocols
    self.lines = lines
    knownProtocols = Set(protocols)
    holdings = []
  }

  private static func place(
    of asset: AssetID,
    in market: MarketSnapshot
  ) throws(RiskError) -> Int {
    guard let place = market.universe.position(of: asset), place < market.prices.count else {
      throw .unknownInstrument(asset)
    }
    return place
  }

  /// Values the account in a scenario.
  func state(in scenario: Scenario) throws(RiskError) -> State {
    for name in scenario.failures.keys.sorted() where !knownProtocols.contains(name) {
      throw .unknownProtocol(name)
    }
    return try state(after: ScenarioChange(scenario, of: market, cash: cash))
  }

  /// Values the account after a change of the market.
  func state(after change: ScenarioChange) throws(RiskError) -> State {
    var state = State()
    state.holdings.reserveCapacity(holdings.count)
    state.values.reserveCapacity(lines.count)
    state.margins.reserveCapacity(lines.count)
    state.debtors = [Debtor](repeating: Debtor(), count: protocols.count)
    let depth = change.scenario.depthFactor
    for holding in holdings {
      let price = holding.asset == cash ? 1 : market.prices[holding.place]
      let value = holding.units * price * change.growth[holding.place]
      guard price > 0, value.isFinite else { throw .unknownInstrument(holding.asset) }
      state.holdings.append(value)
      state.equity += value
      state.exitCosts += holding.listing?.exitCost(ofNotional: value.magnitude, depth: depth) ?? 0
    }
    let kept = protocols.map { 1 - (change.scenario.failures[$0] ?? 0) }
    for line in lines {
      let mark = try line.mark(after: change, in: market)
      let share = mark.value > 0 ? line.owner.map { kept[$0] } ?? 1 : 1
      let value = mark.value * share + mark.income
      state.values.append(value)
      state.margins.append(mark.margin)
      state.equity += value
      state.margin += mark.margin
      state.exitCosts += line.listing.exitCost(ofNotional: mark.notional * share, depth: depth)
      if let owner = line.owner { line.count(value, in: &state.debtors[owner]) }
    }
    guard state.equity.isFinite, state.margin.isFinite, state.exitCosts.isFinite else {
      throw .invalidValue(
        argument: "equity", got: state.equity, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return state
  }
}

extension AccountBook.Line {
  /// What a position is worth after a change, and what it earned while time passed.
  struct Mark {
    var value: Double
    var notional: Double
    var margin: Double
    var income: Double
  }

  func mark(after change: ScenarioChange, in market: MarketSnapshot) throws(RiskError) -> Mark {
    let before = market.prices[place]
    let spot = before * change.growth[place]
    let rate = market.rate + change.scenario.rateShift
    let quote = quote.map {
      change.quote($0, of: listing, spot: before, growth: change.growth[place])
    }
    let mark: Mark
    if case .option(let option) = listing.instrument,
      case .option(let volatility, let carryYield)? = quote
    {
      let model = BlackScholes(
        spot: spot, volatility: volatility, rate: rate, carryYield: carryYield)
      let price = spot > 0 ? model.price(of: option.option(at: change.time)) : .nan
      let value = quantity * option.size * price
      mark = Mark(
        value: value, notional: value.magnitude,
        margin: option.margin(quantity: quantity, price: price, spot: spot), income: 0)
    } else {
      let exposure = listing.exposure(
        quantity: quantity, entryPrice: entryPrice, spot: spot, quote: quote, rate: rate,
        time: change.time)
      mark = Mark(
        value: exposure.value, notional: exposure.notional, margin: exposure.margin,
        income: paysCarry ? exposure.carry.perYear * change.scenario.elapsedYears : 0)
    }
    guard mark.value.isFinite, mark.income.isFinite else { throw .unknownInstrument(listing.id) }
    return mark
  }

  /// Whether carry is paid beside the value: a future's roll and a loan's interest are in the value.
  private var paysCarry: Bool {
    switch listing.instrument {
    case .perpetual, .pool: true
    default: false
    }
  }

  /// Counts a deposit or loan for the health of its protocol.
  func count(_ value: Double, in debtor: inout AccountBook.Debtor) {
    switch listing.instrument {
    case .deposit(_, let threshold): debtor.collateral += threshold * value
    case .loan: debtor.debt -= value
    default: break
    }
  }
}

extension Listing {
  /// The cost of getting out when a share of the depth is left; it takes the whole notional at most.
  func exitCost(ofNotional notional: Double, depth: Double) -> Double {
    notional > 0 ? gas + min(costFraction / depth, 1) * notional : 0
  }
}
