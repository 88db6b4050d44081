import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics

// An account with every name looked up once, so that many revaluations cost arithmetic only.
//
// Sums run in the order of names. All options are priced by one call of the batch kernels, whose results do not depend on
// place or neighbors; all else is valued as accounts value it.

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
    let place: Int
    let quantity: Double
    let entryPrice: Double
    let quote: MarketSnapshot.Quote?
    /// The place of its protocol among ``AccountBook/protocols``; nil for own custody.
    let owner: Int?

    /// Whether it is an option that has a volatility.
    let isQuotedOption: Bool

    init(
      _ listing: Listing,
      place: Int,
      position: (quantity: Double, entryPrice: Double),
      quote: MarketSnapshot.Quote?,
      owner: Int?
    ) {
      self.listing = listing
      self.place = place
      (quantity, entryPrice) = position
      self.quote = quote
      self.owner = owner
      switch (listing.instrument, quote) {
      case (.option, .option?): isQuotedOption = true
      default: isQuotedOption = false
      }
    }

    /// The option with its quote; nil for what is none.
    var option: (option: ListedOption, volatility: Double, carryYield: Double)? {
      guard case .option(let option) = listing.instrument,
        case .option(let volatility, let carryYield)? = quote
      else { return nil }
      return (option, volatility, carryYield)
    }
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
  /// The options among the lines before any change, with the places of their underlyings.
  private let options: OptionColumns
  private let optionPlaces: [Int]
  private let optionVolatilities: [Double]
  private let expiries: [Timestamp]

  init(_ account: Account, in market: MarketSnapshot, catalog: Catalog) throws(RiskError) {
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
          listing, place: try Self.place(of: underlying, in: market),
          position: (position.quantity.doubleValue, position.entryPrice),
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
    self.holdings = holdings
    let quoted = lines.compactMap { line in line.option.map { (line, $0) } }
    options = OptionColumns(
      kinds: quoted.map { $1.option.kind }, spots: quoted.map { market.prices[$0.0.place] },
      strikes: quoted.map { $1.option.strike },
      timesToExpiry: [Double](repeating: 0, count: quoted.count), rates: [0],
      carryYields: quoted.map { $1.carryYield })
    optionPlaces = quoted.map { $0.0.place }
    optionVolatilities = quoted.map { $1.volatility }
    expiries = quoted.map { $1.option.expiry }
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
    for (line, mark) in zip(lines, try marks(after: change)) {
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

extension AccountBook {
  /// The marks of all lines after a change.
  func marks(after change: ScenarioChange) throws(RiskError) -> [Line.Mark] {
    let prices = try optionPrices(after: change)
    var next = 0
    var marks: [Line.Mark] = []
    marks.reserveCapacity(lines.count)
    for line in lines {
      let mark: Line.Mark
      if case .option(let option) = line.listing.instrument, line.isQuotedOption {
        let spot = market.prices[line.place] * change.growth[line.place]
        mark = line.mark(of: option, price: prices[next], spot: spot)
        next += 1
      } else {
        mark = line.mark(after: change, in: market)
      }
      guard mark.value.isFinite, mark.income.isFinite else {
        throw .unknownInstrument(line.listing.id)
      }
      marks.append(mark)
    }
    return marks
  }

  /// The prices of the options in the order of the lines.
  private func optionPrices(after change: ScenarioChange) throws(RiskError) -> [Double] {
    guard options.kinds.count > 0 else { return [] }
    var columns = options
    columns.rates = [market.rate + change.scenario.rateShift]
    for i in optionPlaces.indices {
      columns.spots[i] *= change.growth[optionPlaces[i]]
      columns.timesToExpiry[i] = max(expiries[i].years(since: change.time), 0)
    }
    let volatilities = optionVolatilities.map { change.volatility($0) }
    do throws(DerivativesError) {
      return try columns.prices(volatilities: volatilities)
    } catch {
      throw .shapeMismatch(
        argument: "options", got: volatilities.count, required: options.kinds.count)
    }
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

  /// The mark of an option at its price.
  func mark(of option: ListedOption, price: Double, spot: Double) -> Mark {
    let value = spot > 0 ? quantity * option.size * price : .nan
    return Mark(
      value: value, notional: value.magnitude,
      margin: option.margin(quantity: quantity, price: price, spot: spot), income: 0)
  }

  /// The mark of everything else.
  func mark(after change: ScenarioChange, in market: MarketSnapshot) -> Mark {
    let before = market.prices[place]
    let quote = quote.map {
      change.quote($0, of: listing, spot: before, growth: change.growth[place])
    }
    let exposure = listing.exposure(
      quantity: quantity, entryPrice: entryPrice, spot: before * change.growth[place],
      quote: quote, rate: market.rate + change.scenario.rateShift, time: change.time)
    return Mark(
      value: exposure.value, notional: exposure.notional, margin: exposure.margin,
      income: paysCarry ? exposure.carry.perYear * change.scenario.elapsedYears : 0)
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
