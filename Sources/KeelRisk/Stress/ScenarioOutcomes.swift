public import KeelData
public import KeelMarkets
public import KeelNumerics

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
  ///   - pool: The threads to work on; by default the caller's alone. The outcomes are the same.
  /// - Returns: The S × N outcomes, equally probable; fewer rows only when the calling task was cancelled.
  /// - Throws: `RiskError.unknownInstrument`, also for an option that is worth nothing; `.unknownProtocol`,
  ///   `.invalidValue`, `.duplicate` or `.shapeMismatch`.
  public static func outcomes(
    in scenarios: [Scenario],
    of listings: [Listing],
    market: MarketSnapshot,
    cash: AssetID,
    on pool: BoundedPool? = nil
  ) throws(RiskError) -> ScenarioSet {
    guard !scenarios.isEmpty else {
      throw .shapeMismatch(argument: "scenarios", got: 0, required: 1)
    }
    let book = try AccountBook(oneOfEach: listings, in: market, cash: cash)
    return try book.outcomes(
      count: scenarios.count, listings: listings, probabilities: nil, on: pool
    ) { (range, row) throws(RiskError) in
      for s in range {
        try book.checkProtocols(of: scenarios[s])
        try row(ScenarioChange(scenarios[s], of: market, cash: cash))
      }
    }
  }

  /// What each instrument earns in each of many moves of assets, such as simulated ones.
  ///
  /// - Parameters:
  ///   - moves: S × K moves of assets of the market but cash, with their probabilities.
  ///   - unit: How moves are meant.
  ///   - listings: The N instruments with different names.
  ///   - market: The market before.
  ///   - cash: The asset that everything is valued in.
  ///   - scenario: What else happens, and how all other assets move; what it says of these assets is replaced.
  ///   - pool: The threads to work on; by default the caller's alone. The outcomes are the same.
  /// - Returns: The S × N outcomes with the same probabilities; fewer rows, equally probable, only when the calling task
  ///   was cancelled.
  /// - Throws: As ``outcomes(in:of:market:cash:on:)``, and `RiskError.invalidValue` for a move to or below −1.
  public static func outcomes(
    in moves: ScenarioSet,
    unit: MoveUnit,
    of listings: [Listing],
    market: MarketSnapshot,
    cash: AssetID,
    beside scenario: Scenario = Scenario("moves"),
    on pool: BoundedPool? = nil
  ) throws(RiskError) -> ScenarioSet {
    let book = try AccountBook(oneOfEach: listings, in: market, cash: cash)
    let path = try book.movePath(moves, unit: unit, beside: scenario)
    return try book.outcomes(
      count: moves.scenarioCount, listings: listings, probabilities: moves.probabilities, on: pool
    ) { (range, row) throws(RiskError) in
      var change = path.change
      for s in range {
        try path.set(s, in: &change)
        try row(change)
      }
    }
  }
}

extension AccountBook {
  /// The scenarios of a block: taking its memory and starting a thread do not show.
  private static let blockLength = 256

  /// The outcomes of one unit of each line in changes that are handed out in blocks.
  fileprivate func outcomes(
    count: Int,
    listings: [Listing],
    probabilities: [Double]?,
    on pool: BoundedPool?,
    changes:
      @Sendable (Range<Int>, (ScenarioChange) throws(RiskError) -> Void) throws(RiskError)
      -> Void
  ) throws(RiskError) -> ScenarioSet {
    let unchanged = try ScenarioChange(Scenario("before"), of: market, cash: cash)
    let marks = try marks(after: unchanged).map { (value: $0.value, notional: $0.notional) }
    let parts = try (pool ?? BoundedPool(width: 1)).blockResults(
      count: count, blockLength: Self.blockLength
    ) { (range) throws(RiskError) -> [Double] in
      var workspace = Workspace(self)
      var part: [Double] = []
      part.reserveCapacity(range.count * marks.count)
      try changes(range) { (change) throws(RiskError) in
        try setValues(after: change, &workspace)
        for (mark, value) in zip(marks, workspace.values) {
          guard value.isFinite else {
            // Valued again in full, which names the reason.
            _ = try state(after: change)
            throw .invalidValue(
              argument: "value", got: value, lowest: -.greatestFiniteMagnitude,
              highest: .greatestFiniteMagnitude)
          }
          part.append((value - mark.value) / mark.notional)
        }
      }
      return part
    }
    let rows = parts.flatMap { $0 }
    let rowCount = rows.count / max(marks.count, 1)
    do throws(DataError) {
      let universe = try Universe(listings.map(\.id))
      let outcomes = Matrix(
        uncheckedRowCount: universe.count, columnCount: rowCount, storage: rows
      ).transposed
      return try ScenarioSet(
        universe: universe, outcomes: outcomes,
        probabilities: rowCount == count ? probabilities : nil)
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
