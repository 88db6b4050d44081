public import KeelData
import KeelMarkets

// A cascade that an account is part of.
//
//   ln p = ln p₀ + ln(1 + shock) ∓ κ (V(p) + a A(p)),   A(p) what the account has been forced to trade on the way to p
//
// Goals in order: no forced trade is taken back, the nearest fixed point, few revaluations. What has been closed stays closed
// at the price at which it was, so that A only grows as V does and the rounds end after one for each level and position at
// most. Of what one liquidation closes at a time only the net counts, and only when it pushes the price on.

/// The price after a shock, the forced trades of a market and those of an account in it.
public struct AccountCascade: Hashable, Sendable, Codable {
  /// The cascade; its forced trades include those of the account.
  public let cascade: LiquidationCascade

  /// What the account added to the forced trades, in cash.
  public let ownNotional: Double

  /// The positions of the account that are closed by force, by name.
  public let liquidated: [AssetID]

  /// The equity of the account at the end price, in cash, as if nothing had been closed.
  public let equity: Double

  /// How the cascade runs.
  public struct Settings: Hashable, Sendable, Codable {
    /// The most rounds: a cascade that takes more is reported as incomplete.
    public var maximumRounds = 1_000

    /// The share of the account's forced trades that reaches this market, 0 to 1: zero leaves the account out.
    public var accountShare = 1.0

    /// What the liquidation of a loan takes beside the debt, as a fraction of it, 0 to 1.
    public var liquidationPenalty = 0.05

    /// Creates the usual settings.
    public init() {}
  }
}

extension StressTest {
  /// Follows the liquidations that a scenario sets off in one asset, those of the account included.
  ///
  /// The scenario's move of the asset is the shock; all else in it happens at once and stays. When equity falls below
  /// margin, futures and perpetuals are closed with their notional and short options with their delta; when a health factor
  /// falls below one, collateral is sold in proportion until the debt and its penalty are paid, and the debt is bought.
  ///
  /// Where the scenario does not move the asset, what the account must trade in it at once says which way its price goes: down for a
  /// net sale, up for a net purchase, and nowhere without either.
  ///
  /// - Parameters:
  ///   - asset: The asset whose price moves, not cash.
  ///   - scenario: What happens.
  ///   - levels: The positions of others, as in ``LiquidationCascade``.
  ///   - impactPerCash: The logarithmic move of the price per cash traded at the depth before: finite, not negative. It
  ///     is divided by the depth that the scenario leaves.
  ///   - settings: The most rounds, and how the account counts.
  /// - Returns: The cascade, and what the account has in it.
  /// - Throws: `RiskError.unknownInstrument` for an asset that the market lacks or cash, `.unknownProtocol` or
  ///   `.invalidValue`.
  /// - Complexity: One revaluation a round, at most as many as levels and positions and one more.
  public func cascade(
    in asset: AssetID,
    scenario: Scenario,
    levels: [LiquidationCascade.Level],
    impactPerCash: Double,
    settings: AccountCascade.Settings = .init()
  ) throws(RiskError) -> AccountCascade {
    try require(settings.accountShare, "accountShare", in: 0...1)
    try require(settings.liquidationPenalty, "liquidationPenalty", in: 0...1)
    guard asset != book.cash, let place = book.market.universe.position(of: asset) else {
      throw .unknownInstrument(asset)
    }
    try book.checkProtocols(of: scenario)
    let change = try ScenarioChange(scenario, of: book.market, cash: book.cash)
    let shock = change.growth[place] - 1
    var forced = ForcedTrades(
      book, place: place, direction: shock < 0 ? -1 : 1, penalty: settings.liquidationPenalty)
    if shock == 0 { try forced.turn(after: change) }
    var rounds = LiquidationCascade.Settings()
    rounds.maximumRounds = settings.maximumRounds
    let cascade = try LiquidationCascade(
      shock: shock, direction: forced.direction, price: book.market.prices[place], levels: levels,
      impactPerCash: impactPerCash / scenario.depthFactor, settings: rounds
    ) { (move) throws(RiskError) in
      settings.accountShare * (try forced.notional(after: change.moving(place, by: move)))
    }
    let end = try book.state(after: change.moving(place, by: cascade.move))
    return AccountCascade(
      cascade: cascade, ownNotional: settings.accountShare * forced.total,
      liquidated: forced.closed.indices.filter { forced.closed[$0] }
        .map { book.lines[$0].listing.id },
      equity: end.equity)
  }
}

/// What an account has been forced to trade so far.
private struct ForcedTrades {
  let book: AccountBook
  let place: Int
  /// Where the price goes: −1 down, 1 up.
  private(set) var direction: Double
  let penalty: Double
  private(set) var closed: [Bool]
  private(set) var total = 0.0

  init(_ book: AccountBook, place: Int, direction: Double, penalty: Double) {
    self.book = book
    self.place = place
    self.direction = direction
    self.penalty = penalty
    closed = [Bool](repeating: false, count: book.lines.count)
  }

  /// Closes what is liquidated after a change and returns all that was traded until then, in cash.
  mutating func notional(after change: ScenarioChange) throws(RiskError) -> Double {
    let state = try book.state(after: change)
    let due = book.liquidatedPlaces(state).filter { !closed[$0] }
    for i in due { closed[i] = true }
    // Sales push a price down, purchases push it up.
    total += max(-direction * sales(due, state, after: change), 0)
    return total
  }

  /// Goes the way in which what is closed after a change pushes the price.
  mutating func turn(after change: ScenarioChange) throws(RiskError) {
    let state = try book.state(after: change)
    direction = sales(book.liquidatedPlaces(state), state, after: change) > 0 ? -1 : 1
  }

  /// What closing some positions sells of the asset, in cash; negative for a purchase.
  private func sales(
    _ due: [Int],
    _ state: AccountBook.State,
    after change: ScenarioChange
  ) -> Double {
    due.filter { book.lines[$0].place == place }
      .reduce(0) { $0 + sale($1, state, after: change) }
  }

  /// What closing a position sells of its underlying, in cash; negative for a purchase.
  private func sale(_ i: Int, _ state: AccountBook.State, after change: ScenarioChange) -> Double {
    let terms = book.terms[i]
    guard terms.kind == .collateral else {
      return book.lines[i].sale(after: change, in: book.market)
    }
    let pledged = book.terms.indices.reduce(0) { sum, j in
      let other = book.terms[j]
      let counts = other.owner == terms.owner && other.kind == .collateral && other.rate > 0
      return counts ? sum + state.values[j] : sum
    }
    let owed = state.debtors[terms.owner].debt * (1 + penalty)
    return pledged > 0 ? state.values[i] * min(owed / pledged, 1) : 0
  }
}
