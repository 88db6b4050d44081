public import KeelData
import KeelDerivatives

/// Everything that is held and owed: assets as exact amounts, and positions in listed instruments.
public struct Account: Hashable, Sendable, Codable {
  /// A position in a listed instrument other than an asset itself.
  public struct Position: Hashable, Sendable, Codable {
    /// The listing's name.
    public let id: AssetID

    /// The units or contracts, negative when short; of a loan what is owed.
    public var quantity: Amount

    /// The price from which the profit of a future or perpetual counts, or the index from which a yield token earns; of no
    /// meaning elsewhere.
    public var entryPrice: Double

    /// Creates a position.
    ///
    /// - Parameters:
    ///   - id: The listing's name.
    ///   - quantity: The units or contracts, negative when short; of a loan what is owed.
    ///   - entryPrice: The price from which the profit of a future or perpetual counts, or the index from which a yield
    ///     token earns.
    public init(_ id: AssetID, quantity: Amount, entryPrice: Double = 0) {
      self.id = id
      self.quantity = quantity
      self.entryPrice = entryPrice
    }
  }

  /// The asset that everything is valued in.
  public let cash: AssetID

  /// The assets themselves, cash included.
  public var holdings: Holdings

  /// The positions, by name.
  public private(set) var positions: [Position]

  /// Creates an account.
  ///
  /// - Parameters:
  ///   - cash: The asset that everything is valued in: one of the holdings.
  ///   - holdings: The assets themselves.
  ///   - positions: The positions, each name once.
  /// - Throws: `MarketsError.unknownInstrument` for cash that is not held, `.unsupported` for a name that stands
  ///   twice.
  public init(
    cash: AssetID,
    holdings: Holdings,
    positions: [Position] = []
  ) throws(MarketsError) {
    guard holdings.universe.position(of: cash) != nil else { throw .unknownInstrument(cash) }
    self.cash = cash
    self.holdings = holdings
    self.positions = positions.sorted { $0.id < $1.id }
    for (left, right) in zip(self.positions, self.positions.dropFirst()) where left.id == right.id {
      throw .unsupported("two positions in \(left.id)")
    }
  }

  /// Decodes an account and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      cash: container.decode(AssetID.self, forKey: .cash),
      holdings: container.decode(Holdings.self, forKey: .holdings),
      positions: container.decode([Position].self, forKey: .positions))
  }

  private enum CodingKeys: String, CodingKey { case cash, holdings, positions }

  /// The position of a name; nil for none.
  ///
  /// - Parameter id: The listing's name.
  /// - Returns: The position.
  public func position(_ id: AssetID) -> Position? { positions.first { $0.id == id } }

  /// Puts a position in the place of the one with its name; one of quantity zero is taken out.
  ///
  /// - Parameter position: The position.
  public mutating func set(_ position: Position) {
    let place = positions.firstIndex { $0.id >= position.id } ?? positions.count
    let isThere = place < positions.count && positions[place].id == position.id
    switch (isThere, position.quantity.isZero) {
    case (true, true): positions.remove(at: place)
    case (true, false): positions[place] = position
    case (false, true): break
    case (false, false): positions.insert(position, at: place)
    }
  }

  /// Adds cash, negative for a payment, rounded down to its base unit.
  ///
  /// - Parameter value: The cash: finite.
  /// - Throws: `MarketsError.amountOverflow`.
  public mutating func addCash(_ value: Double) throws(MarketsError) {
    guard let place = holdings.universe.position(of: cash) else { throw .unknownInstrument(cash) }
    var amounts = holdings.amounts
    do throws(DataError) {
      let change = try Amount(value, decimals: amounts[place].decimals, rounding: .down)
      amounts[place] = try amounts[place].adding(change)
      holdings = try Holdings(universe: holdings.universe, amounts: amounts)
    } catch {
      throw .amountOverflow(cash)
    }
  }

  /// Trades contracts, liquidity, deposits or loans at the market's marks and pays what it costs.
  ///
  /// Bought contracts of futures and perpetuals realize the profit of what they close; of everything else the
  /// value is paid from cash, or received. A trade of yield tokens pays out what the position has earned.
  ///
  /// - Parameters:
  ///   - quantity: What is bought, negative when sold.
  ///   - listing: The instrument.
  ///   - market: The market, with its quote.
  /// - Returns: The cost of the trade, in cash, which is paid.
  /// - Throws: `MarketsError`; the account is unchanged then.
  public mutating func trade(
    _ quantity: Amount,
    of listing: Listing,
    in market: MarketSnapshot
  ) throws(MarketsError) -> Double {
    var after = self
    let old = position(listing.id)
    let units = quantity.doubleValue
    let entryNow = listing.entryIndex(in: market) ?? 1
    let mark = listing.exposure(quantity: units.magnitude, entryPrice: entryNow, in: market)
    guard mark.value.isFinite else { throw .unknownInstrument(listing.id) }
    let cost = listing.cost(ofNotional: mark.notional)
    var entry = old?.entryPrice ?? 0
    var received = -mark.value * (units < 0 ? -1 : 1)
    if case .contract(let price, _)? = market.quotes[listing.id], listing.instrument.isMargined {
      let trade = try listing.trade(units, held: old, at: price)
      entry = trade.entry
      let isInverse = listing.instrument.settlement == .inverse
      received = trade.profit * (isInverse ? market.price(of: listing.instrument.underlying) : 1)
    }
    if let index = listing.entryIndex(in: market) {
      let earned = old.map { $0.quantity.doubleValue * (index - $0.entryPrice) / $0.entryPrice }
      received += (earned ?? 0) * market.price(of: listing.instrument.underlying)
      entry = index
    }
    do throws(DataError) {
      let sum = try old?.quantity.adding(quantity) ?? quantity
      after.set(Position(listing.id, quantity: sum, entryPrice: entry))
    } catch {
      throw .amountOverflow(listing.id)
    }
    try after.addCash(received - cost)
    self = after
    return cost
  }
}

extension Listing {
  /// The index from which a yield token that is bought now earns; nil for what has none.
  fileprivate func entryIndex(in market: MarketSnapshot) -> Double? {
    guard case .yieldToken = instrument, case .yieldSplit(let index, _, _)? = market.quotes[id]
    else { return nil }
    return index
  }

  /// Entry and realized profit of a trade in a future or perpetual.
  fileprivate func trade(
    _ quantity: Double,
    held: Account.Position?,
    at price: Double
  ) throws(MarketsError) -> (entry: Double, profit: Double) {
    let contract: FuturesContract
    switch instrument {
    case .future(let known, _, _, _), .perpetual(let known, _, _): contract = known
    default: throw .unknownInstrument(id)
    }
    do throws(DerivativesError) {
      let before = try FuturesPosition(
        contract: contract, quantity: held?.quantity.doubleValue ?? 0,
        entryPrice: held?.entryPrice ?? price)
      let trade = try before.trading(quantity, at: price)
      return (trade.position.entryPrice, trade.realizedProfit)
    } catch {
      throw .invalidValue(
        argument: "price of \(id)", place: nil, got: price, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
  }
}
