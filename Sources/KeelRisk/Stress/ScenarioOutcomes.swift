public import KeelData
public import KeelMarkets
import KeelNumerics

extension Scenario {
  /// What each instrument earns in each scenario, for use in optimization.
  ///
  /// Entry (s, j) is the profit of a long position in listing j with a notional of one, entered at the marks, in
  /// scenario s: of an asset itself its simple return, of a contract the profit over its notional, of an option the
  /// profit over its premium. Failures count.
  ///
  /// - Parameters:
  ///   - scenarios: The S scenarios, at least one.
  ///   - listings: The N instruments with different names.
  ///   - market: The market before.
  ///   - cash: The asset that everything is valued in.
  /// - Returns: The S × N outcomes, equally probable.
  /// - Throws: `RiskError.unknownInstrument`, also for an option that is worth nothing; `.unknownProtocol`,
  ///   `.invalidValue`, `.duplicate` or `.shapeMismatch`.
  public static func outcomes(
    in scenarios: [Scenario],
    of listings: [Listing],
    market: MarketSnapshot,
    cash: AssetID
  ) throws(RiskError) -> ScenarioSet {
    guard !scenarios.isEmpty else {
      throw .shapeMismatch(argument: "scenarios", got: 0, required: 1)
    }
    let book = try AccountBook(oneOfEach: listings, in: market, cash: cash)
    let unchanged = try ScenarioChange(Scenario("before"), of: market, cash: cash)
    var columns = [[Double]](repeating: [], count: listings.count)
    let marks = try book.marks(after: unchanged)
    for scenario in scenarios {
      let after = try book.state(in: scenario)
      for (j, mark) in marks.enumerated() {
        columns[j].append((after.values[j] - mark.value) / mark.notional)
      }
    }
    do throws(DataError) {
      let universe = try Universe(listings.map(\.id))
      let outcomes = Matrix(
        uncheckedRowCount: scenarios.count, columnCount: listings.count,
        storage: columns.flatMap { $0 })
      return try ScenarioSet(universe: universe, outcomes: outcomes)
    } catch {
      throw RiskError(error)
    }
  }
}

extension AccountBook {
  /// One unit long of each listing, entered at the marks.
  fileprivate init(
    oneOfEach listings: [Listing],
    in market: MarketSnapshot,
    cash: AssetID
  ) throws(RiskError) {
    let protocols = Set(listings.compactMap(\.protocolName)).sorted()
    let lines = try listings.map { (listing) throws(RiskError) in
      let underlying = listing.instrument.underlying
      guard let place = market.universe.position(of: underlying), place < market.prices.count
      else { throw .unknownInstrument(underlying) }
      var entry = 0.0
      switch market.quotes[listing.id] {
      case .contract(let price, _): entry = price
      case .yieldSplit(let index, _, _): entry = index
      default: break
      }
      return Line(
        listing: listing, place: place, quantity: 1, entryPrice: entry,
        quote: market.quotes[listing.id],
        owner: listing.protocolName.flatMap { protocols.firstIndex(of: $0) })
    }
    self.init(cash: cash, market: market, protocols: (protocols, Set(protocols)), lines: lines)
  }
}
