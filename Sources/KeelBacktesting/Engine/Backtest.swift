public import KeelData
public import KeelEngine
public import KeelMarkets
import KeelNumerics

// The engine over history: the same step as live, on accounts that the market moves.
//
// For each snapshot: what happened since the last one is accrued, decisions whose latency has passed are filled, the engine
// decides. Nothing that a step sees comes from a later snapshot. Memory does not grow with the number of snapshots.

/// Runs an engine over market snapshots, with costs, funding, interest, fees, expiries, delistings, liquidations and
/// latency.
///
/// ```swift
/// let result = try Backtest(engine).run(from: account, over: markets)
/// print(result.statistics.sharpeRatio, result.profit.parts)
/// ```
///
/// What is modeled and in which order: <doc:BacktestMethod>.
public struct Backtest: Sendable {
  /// What a host may choose.
  public struct Settings: Sendable {
    /// The snapshots between a decision and its fills: zero fills at the prices that were decided on.
    public var latency = 0

    /// Whether cash earns the snapshots' rate.
    public var cashEarnsRate = false

    /// The share of a position's notional, or of a loan, that a liquidation costs.
    public var liquidationPenalty = 0.05

    /// When assets ended and which fraction of their last price was paid.
    public var delistings: [AssetID: (time: Timestamp, fraction: Double)] = [:]

    /// The riskless return of a period, for the statistics.
    public var ratePerPeriod = 0.0

    /// The points of the equity curve from which on it is thinned, so that memory stays bounded: at least 1.
    ///
    /// A result has at most twice as many, evenly spaced, and the last one. Statistics use every snapshot.
    public var curveLimit = 1_000_000

    /// Creates the usual settings.
    public init() {}
  }

  /// The engine.
  public let engine: Engine

  /// What the host chose.
  public let settings: Settings

  /// The number of snapshots a year, for the statistics.
  public let annualization: Annualization

  /// Creates a backtest.
  ///
  /// - Parameters:
  ///   - engine: The engine.
  ///   - annualization: The number of snapshots a year.
  ///   - settings: What the host chooses.
  /// - Throws: `BacktestingError.invalidValue` for settings out of range.
  public init(
    _ engine: Engine,
    annualization: Annualization,
    settings: Settings = Settings()
  ) throws(BacktestingError) {
    try require(Double(settings.latency), "latency", in: 0...1e6)
    try require(Double(settings.curveLimit), "curveLimit", in: 1...1e15)
    try require(settings.liquidationPenalty, "liquidationPenalty", in: 0...1)
    for (asset, recovery) in settings.delistings.sorted(by: { $0.key < $1.key }) {
      try require(recovery.fraction, "recovery", in: .nonnegative, asset: asset)
    }
    self.engine = engine
    self.annualization = annualization
    self.settings = settings
  }

  /// One step of a backtest, for those who record more than its result.
  public struct Step: Sendable {
    /// The market.
    public let market: MarketSnapshot

    /// The decision that was made in it.
    public let decision: Decision

    /// The account that the decision was made on: after what happened since the step before.
    public let accountBefore: Account

    /// The account after the fills of this snapshot.
    public let account: Account

    /// The equity after them, in cash; nil where the market does not tell.
    public let equity: Double?

    /// The profit since the step before, by source.
    public let profit: ProfitBySource

    /// What happened since then.
    public let events: [BacktestEvent]
  }

  /// Runs over snapshots.
  ///
  /// - Parameters:
  ///   - account: What is held and owed at the first snapshot.
  ///   - markets: The snapshots, by time.
  ///   - observe: Called after each step: a recorder, or a progress display; returning false ends the run there.
  /// - Returns: The result.
  /// - Throws: `BacktestingError`.
  /// - Complexity: O(1) memory beside what the result keeps: events, and a curve that `curveLimit` bounds.
  public func run(
    from account: Account,
    over markets: some Sequence<MarketSnapshot>,
    observe: (Step) -> Bool = { _ in true }
  ) throws(BacktestingError) -> BacktestResult {
    var run = try BacktestRun(self, account: account)
    for market in markets {
      let step = try run.advance(market)
      guard observe(step) else { break }
    }
    return try run.result()
  }
}

/// Something that happened to an account, not by a decision.
public enum BacktestEvent: Hashable, Sendable, Codable {
  /// A future, an option, a principal or a yield token ended.
  case expired(AssetID, time: Timestamp, received: Double)
  /// An asset ended.
  case delisted(AssetID, time: Timestamp, recovered: Double)
  /// A position was closed by force.
  case liquidated(AssetID, time: Timestamp, penalty: Double)
  /// Nothing is left: the equity is not above zero.
  case ruined(time: Timestamp)
  /// A fill was refused: the account could not pay at the later prices.
  case unfilled(time: Timestamp, reason: String)
}
