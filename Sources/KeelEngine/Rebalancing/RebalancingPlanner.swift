public import KeelData

/// Plans the trades that bring holdings to target weights, within cash, costs and venue rules.
///
/// ```swift
/// let planner = try RebalancingPlanner(cash: "USDT", costs: costs, rules: rules)
/// let plan = try planner.plan(holdings: holdings, prices: prices, target: weights)
/// ```
///
/// Method and promises: <doc:RebalancingMethod>.
public struct RebalancingPlanner: Hashable, Sendable, Codable {
  /// What a plan may leave alone.
  public struct Settings: Hashable, Sendable, Codable {
    /// The drift that is left alone, as a fraction of the portfolio's value.
    ///
    /// Zero trades every drift; a band avoids costs that a small drift does not repay.
    public var noTradeBand: Double

    /// The largest fixed cost as a fraction of a trade's value.
    ///
    /// One percent keeps small trades from
    /// being eaten by gas.
    public var maximumGasFraction: Double

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - noTradeBand: The drift that is left alone, 0 to 1.
    ///   - maximumGasFraction: The largest fixed cost as a fraction of a trade's value, 0 to 0.5.
    public init(noTradeBand: Double = 0, maximumGasFraction: Double = 0.01) {
      self.noTradeBand = noTradeBand
      self.maximumGasFraction = maximumGasFraction
    }
  }

  /// The asset that pays: the numeraire, whose price is one.
  public let cash: AssetID

  /// What trades cost.
  public let costs: RebalancingCosts

  /// What the venue demands by asset; an asset without an entry trades in base units of any value.
  public let rules: [AssetID: VenueRules]

  /// What a plan may leave alone.
  public let settings: Settings

  /// Creates a planner.
  ///
  /// - Parameters:
  ///   - cash: The asset that pays.
  ///   - costs: What trades cost.
  ///   - rules: What the venue demands by asset.
  ///   - settings: What a plan may leave alone.
  /// - Throws: `EngineError.invalidValue` for settings out of range.
  public init(
    cash: AssetID,
    costs: RebalancingCosts,
    rules: [AssetID: VenueRules] = [:],
    settings: Settings = Settings()
  ) throws(EngineError) {
    try requireFraction(settings.noTradeBand, "noTradeBand", highest: 1)
    try requireFraction(
      settings.maximumGasFraction, "maximumGasFraction", highest: Self.highestGasFraction)
    self.cash = cash
    self.costs = costs
    self.rules = rules
    self.settings = settings
  }

  /// Plans the trades.
  ///
  /// - Parameters:
  ///   - holdings: What is held, cash included: no amount negative but that of cash, which sales pay back before
  ///     anything is bought.
  ///   - prices: The prices in cash, over the same universe; the cash asset has price one.
  ///   - target: The target weights, over the same universe: none negative, adding to at most one.
  ///     What is missing to one is kept in cash, whatever the weight of cash itself says.
  /// - Returns: The plan.
  /// - Throws: `EngineError`: inputs over different universes, out of range, with other decimals
  ///   than the asset has, or quantities that do not fit 128 bits.
  /// - Complexity: O(N² P) at worst for N assets and P passes; P is 2 where cash suffices.
  public func plan(
    holdings: Holdings,
    prices: Prices,
    target: Weights
  ) throws(EngineError) -> RebalancingPlan {
    try requireSameAssets(holdings.universe, prices.universe, target.universe)
    let book = try RebalancingBook(self, holdings: holdings, prices: prices, target: target)
    let valueBefore = try portfolioValue(holdings, prices)
    var draft = RebalancingDraft(book: book)
    var last = RebalancingPass.Result()
    var firstScale: Double?
    var passCount = 0
    var isSettled = false
    while passCount < Self.maximumPasses {
      last = try draft.nextPass(settings: settings).run()
      passCount += 1
      if firstScale == nil { firstScale = last.buyScale }
      if last.trades.isEmpty {
        isSettled = true
        break
      }
      guard try draft.add(last.trades) else { break }
    }
    return try draft.plan(
      valueBefore: valueBefore, prices: prices, dropped: last.dropped,
      buyScale: firstScale ?? 1, passes: (passCount, isSettled))
  }

  private static let highestGasFraction = 0.5

  /// A pass spends most of what the pass before left over; random books need at most five or so.
  private static let maximumPasses = 64
}

/// The checked inputs of a plan, in the order of names.
struct RebalancingBook {
  let holdings: Holdings
  let cash: AssetID
  let cashPosition: Int
  let lines: [RebalancingPass.Line]
  let reserveWeight: Double
  let pricing: TradePricing

  init(
    _ planner: RebalancingPlanner,
    holdings: Holdings,
    prices: Prices,
    target: Weights
  ) throws(EngineError) {
    let universe = holdings.universe
    guard let cashPosition = universe.position(of: planner.cash) else {
      throw .unknownAsset(planner.cash)
    }
    for asset in planner.rules.keys.sorted() where universe.position(of: asset) == nil {
      throw .unknownAsset(asset)
    }
    let price = prices.values[cashPosition]
    guard price == 1 else {
      throw .invalidValue(
        argument: "prices", asset: planner.cash, got: price, lowest: 1, highest: 1)
    }
    let cashDecimals = holdings.amounts[cashPosition].decimals
    try requireDecimals(planner.costs.gasPerTrade, cashDecimals, "gasPerTrade", planner.cash)
    self.holdings = holdings
    cash = planner.cash
    self.cashPosition = cashPosition
    pricing = TradePricing(cashDecimals: cashDecimals, costs: planner.costs)

    var lines: [RebalancingPass.Line] = []
    var total = 0.0
    lines.reserveCapacity(universe.count)
    for position in universe.positionsByName {
      let asset = universe.assets[position]
      let weight = target.values[position]
      guard weight >= 0, weight <= 1 else {
        throw .invalidValue(argument: "target", asset: asset, got: weight, lowest: 0, highest: 1)
      }
      let held = holdings.amounts[position]
      // Owed cash is paid back first, from the sales.
      if position == cashPosition { continue }
      guard !held.isNegative else {
        throw .negativeAmount(argument: "holdings", asset: asset, got: held)
      }
      total += weight
      let oneUnit = try amount(1, held.decimals, asset)
      let nothing = try amount(0, cashDecimals, asset)
      let lot = planner.rules[asset]?.lot ?? oneUnit
      let minimum = planner.rules[asset]?.minimumTradeValue ?? nothing
      try requireDecimals(lot, held.decimals, "lot", asset)
      try requireDecimals(minimum, cashDecimals, "minimumTradeValue", asset)
      lines.append(
        RebalancingPass.Line(
          asset: asset, position: position, price: prices.values[position], targetWeight: weight,
          held: held, rules: (lot, minimum)))
    }
    let missing = DecisionGrid.rounded(1 - total)
    guard missing >= 0 else {
      throw .invalidValue(argument: "target", asset: nil, got: total, lowest: 0, highest: 1)
    }
    self.lines = lines
    reserveWeight = missing
  }
}

private func amount(
  _ baseUnits: Int128,
  _ decimals: Int,
  _ asset: AssetID
) throws(EngineError) -> Amount {
  do throws(DataError) {
    return try Amount(baseUnits: baseUnits, decimals: decimals)
  } catch {
    throw EngineError(error, asset: asset)
  }
}

private func requireDecimals(
  _ amount: Amount,
  _ decimals: Int,
  _ argument: String,
  _ asset: AssetID
) throws(EngineError) {
  guard amount.decimals == decimals else {
    throw .differentDecimals(
      argument: argument, asset: asset, got: amount.decimals, required: decimals)
  }
}
