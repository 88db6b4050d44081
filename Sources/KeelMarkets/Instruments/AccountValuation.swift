public import KeelData

// An account in a market: what it is worth, how that moves, and how far it is from being liquidated.
//
// Sums run in the order of names, so that no order in which an account was built changes a bit.

/// The value of an account and what moves it.
public struct AccountValuation: Hashable, Sendable, Codable {
  /// The value of everything held less everything owed, in cash.
  public let equity: Double

  /// The exposure of each position, in the order of the account's positions.
  public let positions: [Exposure]

  /// The value of each asset held, in the order of the holdings' universe.
  public let holdings: [Double]

  /// The sums by underlying, sorted by name.
  public let underlyings: [Underlying]

  /// The maintenance margin of all positions, in cash.
  public let margin: Double

  /// The value of what is held in each protocol or venue, debts subtracted, sorted by name.
  public let protocols: [ProtocolValue]

  /// What an account has in one underlying.
  public struct Underlying: Hashable, Sendable, Codable {
    /// The asset.
    public let asset: AssetID

    /// The sum over spot and all positions.
    public fileprivate(set) var exposure: Exposure
  }

  /// What an account has in one protocol.
  public struct ProtocolValue: Hashable, Sendable, Codable {
    /// The protocol.
    public let name: String

    /// What it owes less what is owed to it, in cash.
    public let value: Double

    /// Collateral that counts over loans; infinite without loans.
    public let healthFactor: Double
  }

  /// Equity over maintenance margin; infinite without margin, below one the account is liquidated.
  public var marginRatio: Double { margin > 0 ? equity / margin : .infinity }

  /// The least health factor of its loans; infinite without loans.
  public var healthFactor: Double { protocols.reduce(.infinity) { min($0, $1.healthFactor) } }

  /// The magnitude of all exposures over equity.
  public var leverage: Double {
    underlyings.reduce(0) { $0 + $1.exposure.notional } / equity
  }

  /// The exposure to one underlying.
  ///
  /// - Parameter asset: The asset.
  /// - Returns: The sum; zero without any.
  public subscript(asset: AssetID) -> Exposure {
    underlyings.first { $0.asset == asset }?.exposure ?? .zero
  }
}

/// Listed instruments by name.
public struct Catalog: Hashable, Sendable, Codable {
  /// The listings, sorted by name.
  public let listings: [Listing]

  private let places: [AssetID: Int]

  /// Creates a catalog.
  ///
  /// - Parameter listings: Listings with different names.
  /// - Throws: `MarketsError.unsupported` for a name that stands twice.
  public init(_ listings: [Listing] = []) throws(MarketsError) {
    self.listings = listings.sorted { $0.id < $1.id }
    var places: [AssetID: Int] = [:]
    for (place, listing) in self.listings.enumerated() {
      guard places.updateValue(place, forKey: listing.id) == nil else {
        throw .unsupported("two listings of \(listing.id)")
      }
    }
    self.places = places
  }

  /// Decodes a catalog and checks it.
  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode([Listing].self))
  }

  /// Encodes the listings.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(listings)
  }

  /// The listing of a name; nil for none.
  ///
  /// - Parameter id: The name.
  /// - Complexity: O(1).
  public subscript(id: AssetID) -> Listing? { places[id].map { listings[$0] } }
}

extension Account {
  /// Values the account by full revaluation of every position.
  ///
  /// - Parameters:
  ///   - market: The market, whose universe covers the holdings in any order.
  ///   - catalog: The instruments of the positions.
  /// - Returns: The valuation.
  /// - Throws: `MarketsError.unknownInstrument` with what has no listing, price or quote.
  /// - Complexity: O(assets + positions).
  public func valuation(
    in market: MarketSnapshot,
    catalog: Catalog
  ) throws(MarketsError) -> AccountValuation {
    try valuation(in: market, catalog: catalog, known: nil)
  }

  /// Values the account when another one is known in the same market with the same instruments: what both hold the
  /// same of is not valued again.
  package func valuation(
    in market: MarketSnapshot,
    catalog: Catalog,
    known: (account: Account, valuation: AccountValuation)?
  ) throws(MarketsError) -> AccountValuation {
    // The same universe by far most often: then places are the same, and nothing is looked up.
    let isAligned =
      market.universe == holdings.universe
      && market.prices.count == holdings.amounts.count
    var sums = UnderlyingSums(reserving: holdings.amounts.count + positions.count)
    let cashPlace = holdings.universe.position(of: cash)
    let (assets, order) = (holdings.universe.assets, holdings.universe.positionsByName)
    let (amounts, prices) = (holdings.amounts, market.prices)
    var held = [Double](repeating: 0, count: amounts.count)
    for place in order {
      let units = amounts[place].doubleValue
      if units == 0 { continue }
      let isCash = place == cashPlace
      let price = isCash ? 1 : isAligned ? prices[place] : market.price(of: assets[place])
      guard price > 0, price.isFinite else { throw .unknownInstrument(assets[place]) }
      held[place] = units * price
      if isCash { continue }
      let exposure = Exposure(value: units * price, delta: units)
      sums.append(exposure, of: assets[place])
    }
    var equity = order.reduce(0) { $0 + held[$1] }
    var before = known.map { KnownExposures($0.account.positions, $0.valuation.positions) }
    var margin = 0.0
    var exposures: [Exposure] = []
    var owed: [(name: String, value: Double, counted: Double, debt: Double)] = []
    exposures.reserveCapacity(positions.count)
    for position in positions {
      guard let listing = catalog[position.id] else { throw .unknownInstrument(position.id) }
      let exposure =
        before?.exposure(of: position)
        ?? listing.exposure(
          quantity: position.quantity.doubleValue, entryPrice: position.entryPrice, in: market)
      guard exposure.value.isFinite else { throw .unknownInstrument(position.id) }
      exposures.append(exposure)
      equity += exposure.value
      margin += exposure.margin
      sums.add(exposure, to: listing.instrument.underlying)
      if let name = listing.protocolName {
        let place = owed.firstIndex { $0.name == name } ?? owed.count
        if place == owed.count { owed.append((name, 0, 0, 0)) }
        owed[place].value += exposure.value
        switch listing.instrument {
        case .deposit(_, let threshold): owed[place].counted += threshold * exposure.value
        case .loan: owed[place].debt -= exposure.value
        default: break
        }
      }
    }
    return AccountValuation(
      equity: equity, positions: exposures, holdings: held, underlyings: sums.underlyings,
      margin: margin,
      protocols: owed.sorted { $0.name < $1.name }.map {
        AccountValuation.ProtocolValue(
          name: $0.name, value: $0.value,
          healthFactor: $0.debt > 0 ? $0.counted / $0.debt : .infinity)
      })
  }
}

/// What is known of positions, which are asked for in the order of names.
private struct KnownExposures {
  private let positions: [Account.Position]
  private let exposures: [Exposure]
  private var place = 0

  init(_ positions: [Account.Position], _ exposures: [Exposure]) {
    self.positions = positions
    self.exposures = exposures
  }

  /// The exposure of a position that is exactly the same; nil for none.
  mutating func exposure(of position: Account.Position) -> Exposure? {
    while place < positions.count, positions[place].id < position.id { place += 1 }
    guard place < min(positions.count, exposures.count) else { return nil }
    let candidate = positions[place]
    let isSame =
      candidate.id == position.id && candidate.entryPrice == position.entryPrice
      && candidate.quantity == position.quantity
    return isSame ? exposures[place] : nil
  }
}

/// Exposures in the making, in the order of the names of their underlyings.
private struct UnderlyingSums {
  private(set) var underlyings: [AccountValuation.Underlying] = []

  /// Where the last exposure went: neighbors often have the same underlying.
  private var last = 0

  init(reserving count: Int) { underlyings.reserveCapacity(count) }

  /// Adds the first exposure to an asset whose name comes after all that are there.
  mutating func append(_ exposure: Exposure, of asset: AssetID) {
    underlyings.append(.init(asset: asset, exposure: exposure))
  }

  /// Adds an exposure to any asset.
  mutating func add(_ exposure: Exposure, to asset: AssetID) {
    if last < underlyings.count, underlyings[last].asset == asset {
      underlyings[last].exposure += exposure
      return
    }
    last = place(of: asset)
    if last < underlyings.count, underlyings[last].asset == asset {
      underlyings[last].exposure += exposure
    } else {
      underlyings.insert(.init(asset: asset, exposure: exposure), at: last)
    }
  }

  /// The place of the first name that is not before a name.
  private func place(of asset: AssetID) -> Int {
    var (low, high) = (0, underlyings.count)
    while low < high {
      let middle = (low + high) / 2
      if underlyings[middle].asset < asset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
