public import KeelEngine

/// When a simulation trades back to its target.
@nonexhaustive
public enum RebalancingSchedule: Hashable, Sendable {
  /// Only at the start, and when the caller asks for it.
  case never

  /// At the close of every `count`-th row, the first being row `count − 1`: 1 means every row.
  case everyRows(Int)

  /// At the close of a row in which an asset has drifted beyond a threshold.
  ///
  /// A trade goes back to the target, so that the threshold's release does not matter.
  case beyond(RebalancingThreshold)
}

/// What becomes of the weights between two trades.
public enum WeightModel: Hashable, Sendable {
  /// What is held grows with its own return, and the weights drift until a trade.
  case heldWeightsDrift

  /// The weights are those of the target at every close, as if that cost nothing and were no trade.
  ///
  /// It is what fixed weights times returns assume. Nobody can hold it; to pay for it, let the
  /// weights drift and trade every row. Only the purchase at the start and a change of the target
  /// are trades with a cost: from what is held after the returns of the row in which they are due.
  case constantMix
}

/// What a row without a return of some asset (NaN) means.
public enum MissingReturns: Hashable, Sendable {
  /// The row is refused with `BacktestingError.missingReturn`.
  case refuse

  /// The asset keeps its value in that row, and no trade is made until a row has all returns; a
  /// trade that was due is then made.
  case postponeTrades
}

/// The rules of a simulation.
public struct SimulationSettings: Hashable, Sendable {
  /// When it trades back to the target.
  public let schedule: RebalancingSchedule

  /// The cost of a trade as a fraction of what is traded: 0.001 is ten basis points.
  public let costFraction: Double

  /// What cash earns in a row, as a fraction; what is borrowed pays the same.
  public let cashRatePerPeriod: Double

  /// What becomes of the weights between two trades.
  public let weightModel: WeightModel

  /// What a row without a return of some asset means.
  public let missingReturns: MissingReturns

  /// Creates rules.
  ///
  /// - Parameters:
  ///   - schedule: When the simulation trades; a number of rows is at least 1.
  ///   - costFraction: The cost as a fraction of what is traded, 0 to 0.99. It has no default: a
  ///     free trade is a choice.
  ///   - cashRatePerPeriod: What cash earns in a row: above −1, at most 1. By default nothing.
  ///   - weightModel: By default weights drift, as they do in an account.
  ///   - missingReturns: By default a missing return is refused.
  /// - Throws: `BacktestingError.invalidValue`.
  public init(
    schedule: RebalancingSchedule,
    costFraction: Double,
    cashRatePerPeriod: Double = 0,
    weightModel: WeightModel = .heldWeightsDrift,
    missingReturns: MissingReturns = .refuse
  ) throws(BacktestingError) {
    if case .everyRows(let count) = schedule {
      try require(Double(count), "everyRows", in: 1...Double(Int32.max))
    }
    try require(costFraction, "costFraction", in: 0...Self.largestCost)
    try require(cashRatePerPeriod, "cashRatePerPeriod", in: (-1.0).nextUp...1)
    self.schedule = schedule
    self.costFraction = costFraction
    self.cashRatePerPeriod = cashRatePerPeriod
    self.weightModel = weightModel
    self.missingReturns = missingReturns
  }

  /// A trade must leave something.
  static let largestCost = 0.99
}
