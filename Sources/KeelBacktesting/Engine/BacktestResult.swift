public import KeelData
public import KeelEngine

/// What a backtest found.
public struct BacktestResult: Sendable {
  /// The times of the snapshots in which the account had a value; of long runs only some, see
  /// ``Backtest/Settings/curveLimit``.
  public let times: [Timestamp]

  /// The equity at those times, in cash: the first before its trades, all others after fills.
  public let equities: [Double]

  /// The performance, with warnings about what nobody should believe.
  public let statistics: PerformanceStatistics

  /// Where the profit came from.
  public let profit: ProfitBySource

  /// Expiries, delistings, liquidations and refused fills.
  public let events: [BacktestEvent]

  /// How often what happened.
  public let counts: Counts

  /// The state after the last step.
  public let finalState: EngineState

  /// How often what happened.
  public struct Counts: Hashable, Sendable, Codable {
    /// The snapshots.
    public internal(set) var steps = 0

    /// The steps that traded.
    public internal(set) var tradingSteps = 0

    /// The steps that a breaker halted.
    public internal(set) var haltedSteps = 0

    /// The steps in which a contingency was decided.
    public internal(set) var contingencies = 0

    /// The steps with a bad input or an internal error.
    public internal(set) var faultySteps = 0

    /// The trades of assets.
    public internal(set) var trades = 0

    /// The orders in contracts.
    public internal(set) var orders = 0
  }

  /// The loss from the highest equity of the curve so far at each of its times, as a fraction.
  public var drawdowns: [Double] {
    var highest = -Double.infinity
    return equities.map { equity in
      highest = max(highest, equity)
      return highest > 0 ? 1 - equity / highest : 0
    }
  }
}
