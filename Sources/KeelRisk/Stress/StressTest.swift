public import KeelData
public import KeelMarkets

// Losses of an account in scenarios.
//
// Goals in order: the same numbers as a full valuation of the account in the shocked market, no dependence on the
// order in which the account was built, speed. Names are looked up once; a scenario then costs one call
// of the batch kernels for all options and a few operations for everything else.

/// An account with the market in which it stands, to be revalued in scenarios.
public struct StressTest: Sendable {
  let book: AccountBook
  private let before: AccountBook.State

  /// The equity before any shock, in cash.
  public var equity: Double { before.equity }

  /// Prepares an account.
  ///
  /// - Parameters:
  ///   - account: The account.
  ///   - market: The market before the shock.
  ///   - catalog: The instruments of the positions; spot listings give the exit costs of holdings.
  /// - Throws: `RiskError.unknownInstrument` with what has no listing, price or quote.
  public init(
    account: Account,
    market: MarketSnapshot,
    catalog: Catalog
  ) throws(RiskError) {
    book = try AccountBook(account, in: market, catalog: catalog)
    before = try book.state(in: Scenario("before"))
  }

  /// What the account loses in a scenario.
  ///
  /// Every position is revalued. A failed protocol keeps the lost share of what it owes; debts to it stay. Funding
  /// and fees that accrue while time passes count at the scenario's rates.
  ///
  /// - Parameter scenario: The scenario.
  /// - Returns: The losses; a gain is negative.
  /// - Throws: `RiskError.invalidValue`, `.unknownInstrument` or `.unknownProtocol`.
  /// - Complexity: O(assets + positions).
  public func outcome(of scenario: Scenario) throws(RiskError) -> StressOutcome {
    var pricing = OptionPricing(book)
    return try outcome(of: scenario, &pricing)
  }

  private func outcome(
    of scenario: Scenario,
    _ pricing: inout OptionPricing
  ) throws(RiskError) -> StressOutcome {
    try book.checkProtocols(of: scenario)
    let after = try book.state(
      after: ScenarioChange(scenario, of: book.market, cash: book.cash), &pricing)
    let positions = before.values.indices.map { before.values[$0] - after.values[$0] }
    let holdings = before.holdings.indices.map { before.holdings[$0] - after.holdings[$0] }
    return StressOutcome(
      scenario: scenario.name, loss: before.equity - after.equity, equity: after.equity,
      exitCosts: after.exitCosts, marginRatio: after.marginRatio,
      healthFactor: after.healthFactor,
      underlyings: byUnderlying(holdings: holdings, positions: positions),
      positionNames: book.lineNames, positionLosses: positions,
      liquidated: book.liquidatedPlaces(after).map { book.lineNames[$0] })
  }

  /// What the account loses in each of several scenarios.
  ///
  /// - Parameter scenarios: The scenarios, at least one.
  /// - Returns: The outcomes in the same order.
  /// - Throws: As ``outcome(of:)``, or `RiskError.shapeMismatch` for no scenario.
  public func report(of scenarios: [Scenario]) throws(RiskError) -> StressReport {
    guard !scenarios.isEmpty else {
      throw .shapeMismatch(argument: "scenarios", got: 0, required: 1)
    }
    var outcomes: [StressOutcome] = []
    outcomes.reserveCapacity(scenarios.count)
    var pricing = OptionPricing(book)
    for scenario in scenarios { outcomes.append(try outcome(of: scenario, &pricing)) }
    return StressReport(outcomes: outcomes)
  }

  /// The least of equity less margin and collateral less debt, each over what is needed before the shock.
  func liquidationGap(_ scenario: Scenario) throws(RiskError) -> Double {
    let after = try book.state(in: scenario)
    // An account without margin cannot be liquidated by its margin ratio.
    let margined = after.margin > 0 ? (after.equity - after.margin) / before.scale : .infinity
    return zip(after.debtors, before.debtors).reduce(margined) { least, pair in
      pair.0.debt > 0 ? min(least, (pair.0.collateral - pair.0.debt) / pair.1.scale) : least
    }
  }

  private func byUnderlying(holdings: [Double], positions: [Double]) -> [StressOutcome.Part] {
    var sums = [Double](repeating: 0, count: book.market.universe.count)
    var isThere = [Bool](repeating: false, count: sums.count)
    for (holding, loss) in zip(book.holdings, holdings) where holding.asset != book.cash {
      sums[holding.place] += loss
      isThere[holding.place] = true
    }
    let terms = book.terms.span
    let losses = positions.span
    for i in losses.indices {
      sums[terms[i].place] += losses[i]
      isThere[terms[i].place] = true
    }
    let universe = book.market.universe
    return universe.positionsByName.filter { isThere[$0] }
      .map { .init(id: universe.assets[$0], loss: sums[$0]) }
  }
}

/// What an account loses in one scenario; losses are positive, gains negative, in cash.
public struct StressOutcome: Hashable, Sendable, Codable {
  /// The loss of one asset or position.
  public struct Part: Hashable, Sendable, Codable {
    /// The asset, or the listing's name.
    public let id: AssetID

    /// The loss, in cash.
    public let loss: Double
  }

  /// The scenario's name.
  public let scenario: String

  /// The loss of equity, without the costs of getting out.
  public let loss: Double

  /// The equity after the shock.
  public let equity: Double

  /// The cost of closing every position after the shock, at the depth that is left.
  public let exitCosts: Double

  /// Equity over maintenance margin after the shock; infinite without margin, below one the account is liquidated.
  public let marginRatio: Double

  /// The least health factor of the loans after the shock; infinite without loans.
  public let healthFactor: Double

  /// The losses by underlying, sorted by name, cash that is held left out; they add to the loss.
  public let underlyings: [Part]

  /// The losses by position, in the order of the account's positions, written out anew at each call.
  public var positions: [Part] {
    zip(positionNames, positionLosses).map { Part(id: $0, loss: $1) }
  }

  /// The names of the positions, in memory that the outcomes of one account share, and their losses.
  let positionNames: [AssetID]
  let positionLosses: [Double]

  /// The positions that are liquidated, by name: those with margin when equity is below the margin of all, deposits
  /// that are collateral and loans of a protocol whose health factor is below one.
  public let liquidated: [AssetID]
}

extension StressOutcome {
  private enum CodingKeys: String, CodingKey {
    case scenario, loss, equity, exitCosts, marginRatio, healthFactor
    case underlyings, positions, liquidated
  }

  /// Decodes an outcome.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let positions = try values.decode([Part].self, forKey: .positions)
    self.init(
      scenario: try values.decode(String.self, forKey: .scenario),
      loss: try values.decode(Double.self, forKey: .loss),
      equity: try values.decode(Double.self, forKey: .equity),
      exitCosts: try values.decode(Double.self, forKey: .exitCosts),
      marginRatio: try values.decode(Double.self, forKey: .marginRatio),
      healthFactor: try values.decode(Double.self, forKey: .healthFactor),
      underlyings: try values.decode([Part].self, forKey: .underlyings),
      positionNames: positions.map(\.id), positionLosses: positions.map(\.loss),
      liquidated: try values.decode([AssetID].self, forKey: .liquidated))
  }

  /// Encodes an outcome.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: `EncodingError` for a number that the format lacks, such as an infinite ratio in JSON.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(scenario, forKey: .scenario)
    try values.encode(loss, forKey: .loss)
    try values.encode(equity, forKey: .equity)
    try values.encode(exitCosts, forKey: .exitCosts)
    try values.encode(marginRatio, forKey: .marginRatio)
    try values.encode(healthFactor, forKey: .healthFactor)
    try values.encode(underlyings, forKey: .underlyings)
    try values.encode(positions, forKey: .positions)
    try values.encode(liquidated, forKey: .liquidated)
  }
}

/// What an account loses in several scenarios.
public struct StressReport: Hashable, Sendable, Codable {
  /// The outcomes in the order of the scenarios, at least one.
  public let outcomes: [StressOutcome]

  init(outcomes: [StressOutcome]) { self.outcomes = outcomes }

  /// Decodes a report.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value, or has no outcome.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    outcomes = try values.decode([StressOutcome].self, forKey: .outcomes)
    guard !outcomes.isEmpty else {
      throw DecodingError.dataCorruptedError(
        forKey: .outcomes, in: values, debugDescription: "there is no outcome")
    }
  }

  /// The place of the largest loss; the first of equals.
  public var worstPlace: Int {
    outcomes.indices.reduce(0) { outcomes[$1].loss > outcomes[$0].loss ? $1 : $0 }
  }

  /// The outcome with the largest loss; the first of equals.
  public var worst: StressOutcome { outcomes[worstPlace] }
}
