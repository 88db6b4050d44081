import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// An account with every name looked up once, so that many revaluations cost arithmetic only.
//
// Sums run in the order of names; the options come last, by underlying, as one product of units and prices. All options
// are priced by one call of the batch kernels, whose results do not depend on place or neighbors; all else is valued as
// accounts value it.

/// An account, ready to be valued in many shocked markets.
struct AccountBook: Sendable {
  /// An asset that is held itself.
  struct Holding {
    let asset: AssetID
    let place: Int
    let units: Double
    /// Its price before any change; one of cash.
    let price: Double
    /// What trading it costs; nothing for cash, or when no listing trades it.
    let costs: (fraction: Double, gas: Double)
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
  /// The same as numbers alone.
  let holdingTerms: [(place: Int, units: Double, price: Double)]
  let lines: [Line]
  /// The names of their listings: a line is much to copy for one.
  let lineNames: [AssetID]
  /// The terms of the lines, in their order.
  let terms: [LineTerms]
  /// The options among the lines before any change, with the places of their underlyings.
  let options: OptionColumns
  let optionTerms: OptionTerms
  /// The lines that are not such options.
  let otherLines: [Int]

  init(_ account: Account, in market: MarketSnapshot, catalog: Catalog) throws(RiskError) {
    var spots: [AssetID: Listing] = [:]
    for listing in catalog.listings {
      if case .spot(let asset) = listing.instrument, spots[asset] == nil { spots[asset] = listing }
    }
    var held: [Holding] = []
    let universe = account.holdings.universe
    for place in universe.positionsByName where !account.holdings.amounts[place].isZero {
      let asset = universe.assets[place]
      let marketPlace = try Self.place(of: asset, in: market)
      held.append(
        Holding(
          asset: asset, place: marketPlace, units: account.holdings.amounts[place].doubleValue,
          price: asset == account.cash ? 1 : market.prices[marketPlace],
          costs: asset == account.cash
            ? (0, 0) : (spots[asset]?.costFraction ?? 0, spots[asset]?.gas ?? 0)))
    }
    var names = Set<String>()
    for position in account.positions {
      if let name = catalog[position.id]?.protocolName { names.insert(name) }
    }
    let protocols = names.sorted()
    let owners = Dictionary(uniqueKeysWithValues: protocols.enumerated().map { ($1, $0) })
    var lines: [Line] = []
    for position in account.positions {
      guard let listing = catalog[position.id] else { throw .unknownInstrument(position.id) }
      let underlying = listing.instrument.underlying
      lines.append(
        Line(
          listing: listing, place: try Self.place(of: underlying, in: market),
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice,
          quote: market.quotes[position.id], owner: listing.protocolName.flatMap { owners[$0] }))
    }
    self.init(
      cash: account.cash, market: market,
      protocols: (protocols, Set(catalog.listings.compactMap(\.protocolName))), lines: lines,
      holdings: held)
  }

  /// Gathers the options of looked-up lines; protocols are those of the lines, and all that are known.
  init(
    cash: AssetID,
    market: MarketSnapshot,
    protocols: (used: [String], known: Set<String>),
    lines: [Line],
    holdings: [Holding] = []
  ) {
    self.cash = cash
    self.market = market
    self.protocols = protocols.used
    knownProtocols = protocols.known
    self.lines = lines
    lineNames = lines.map(\.listing.id)
    terms = lines.map(LineTerms.init)
    self.holdings = holdings
    holdingTerms = holdings.map { ($0.place, $0.units, $0.price) }
    var quoted: [(line: Int, option: ListedOption, volatility: Double, carryYield: Double)] = []
    for i in lines.indices {
      guard let (option, volatility, carryYield) = lines[i].option else { continue }
      quoted.append((i, option, volatility, carryYield))
    }
    // By underlying, so that those on one stand together; names are looked at, as the order of the market may differ.
    quoted.sort { ($0.option.underlying, $0.line) < ($1.option.underlying, $1.line) }
    let places = quoted.map { lines[$0.line].place }
    let spots = places.map { market.prices[$0] }
    let lives = quoted.map { $0.option.expiry.years(since: market.time) }
    options = OptionColumns(
      kinds: quoted.map(\.option.kind), spots: spots, strikes: quoted.map(\.option.strike),
      timesToExpiry: lives.map { max($0, 0) }, rates: [market.rate],
      carryYields: quoted.map(\.carryYield))
    optionTerms = OptionTerms(
      lines: quoted.map(\.line), groups: OptionTerms.groups(of: places),
      units: quoted.map { lines[$0.line].quantity * $0.option.size },
      volatilities: quoted.map(\.volatility),
      logMoneyness: zip(quoted, spots).map { log($0.option.strike / $1) }, lives: lives,
      expiries: quoted.map(\.option.expiry))
    otherLines = lines.indices.filter { lines[$0].option == nil }
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
    try checkProtocols(of: scenario)
    return try state(after: ScenarioChange(scenario, of: market, cash: cash))
  }

  /// Checks that every protocol that fails is known.
  func checkProtocols(of scenario: Scenario) throws(RiskError) {
    if scenario.failures.isEmpty { return }
    for name in scenario.failures.keys.sorted() where !knownProtocols.contains(name) {
      throw .unknownProtocol(name)
    }
  }

  /// What failures leave of a positive value at each protocol.
  func keptShares(_ scenario: Scenario) -> [Double] {
    protocols.map { 1 - (scenario.failures[$0] ?? 0) }
  }

  /// Values the account after a change of the market.
  func state(after change: ScenarioChange) throws(RiskError) -> State {
    var pricing = OptionPricing(self)
    return try state(after: change, &pricing)
  }

  /// Values the account after a change of the market in memory that is kept, with the same bits.
  func state(
    after change: ScenarioChange,
    _ pricing: inout OptionPricing
  ) throws(RiskError) -> State {
    var state = State()
    state.holdings.reserveCapacity(holdings.count)
    state.debtors = [Debtor](repeating: Debtor(), count: protocols.count)
    let (depth, gas) = (change.scenario.depthFactor, change.scenario.gasFactor)
    for holding in holdings {
      let value = holding.units * holding.price * change.growth[holding.place]
      guard holding.price > 0, value.isFinite else { throw .unknownInstrument(holding.asset) }
      state.holdings.append(value)
      state.equity += value
      state.exitCosts += exitCost(
        ofNotional: value.magnitude, holding.costs.fraction, gas: holding.costs.gas * gas,
        depth: depth)
    }
    let kept = keptShares(change.scenario)
    let (marks, optionTotal) = try revaluation(after: change, &pricing)
    add(marks, kept: kept, change.scenario, to: &state)
    state.equity += optionTotal
    guard state.equity.isFinite, state.margin.isFinite, state.exitCosts.isFinite else {
      throw .invalidValue(
        argument: "equity", got: state.equity, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return state
  }
}

extension AccountBook {
  /// Adds the lines to a state; the total of the options comes from their pricing.
  private func add(
    _ marks: [Mark],
    kept: [Double],
    _ scenario: Scenario,
    to state: inout State
  ) {
    var values = [Double](repeating: 0, count: marks.count)
    var margins = values
    var valueSpan = values.mutableSpan
    var marginSpan = margins.mutableSpan
    let markSpan = marks.span
    let termSpan = terms.span
    var (equity, margin, exitCosts) = (state.equity, state.margin, state.exitCosts)
    for i in markSpan.indices {
      let (mark, line) = (markSpan[i], termSpan[i])
      let share = mark.value > 0 && line.owner >= 0 ? kept[line.owner] : 1
      let value = mark.value * share + mark.income
      valueSpan[i] = value
      marginSpan[i] = mark.margin
      margin += mark.margin
      exitCosts += line.exitCost(
        ofNotional: mark.notional * share, gasFactor: scenario.gasFactor,
        depth: scenario.depthFactor)
      guard line.kind != .option else { continue }
      equity += value
      if line.owner >= 0 { line.count(value, in: &state.debtors[line.owner]) }
    }
    (state.equity, state.margin, state.exitCosts) = (equity, margin, exitCosts)
    (state.values, state.margins) = (values, margins)
  }

  /// Positions with margin when equity is below it, collateral and loans where the health factor is below one.
  func liquidatedPlaces(_ state: State) -> [Int] {
    let hasMarginCall = state.marginRatio < 1
    guard hasMarginCall || state.healthFactor < 1 else { return [] }
    return terms.indices.filter { i in
      if hasMarginCall, state.margins[i] > 0 { return true }
      let owner = terms[i].owner
      guard owner >= 0, state.debtors[owner].healthFactor < 1 else { return false }
      switch terms[i].kind {
      case .collateral: return terms[i].rate > 0
      case .debt: return true
      default: return false
      }
    }
  }
}

/// The cost of getting out when a share of the depth is left; it takes the whole notional at most.
func exitCost(ofNotional notional: Double, _ fraction: Double, gas: Double, depth: Double) -> Double
{
  notional > 0 ? gas + min(fraction / depth, 1) * notional : 0
}
