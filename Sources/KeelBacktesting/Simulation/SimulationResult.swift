public import KeelData
public import KeelNumerics

/// Whole histories of simple returns under target weights.
extension WeightSimulation {
  /// Simulates a fixed target over a history.
  ///
  /// - Parameters:
  ///   - returns: T × N returns over the target's universe in the same order.
  ///   - target: The target shares of the value.
  ///   - settings: The rules.
  /// - Returns: What each row did, and what is held at the end.
  /// - Throws: `BacktestingError.universeMismatch`, and as `init` and `advance`.
  /// - Complexity: O(T N).
  public static func run(
    returns: SimpleReturns,
    target: Weights,
    settings: SimulationSettings
  ) throws(BacktestingError) -> SimulationResult {
    try requireSame(target.universe, returns.universe)
    var account = try WeightSimulation(target: target, settings: settings)
    var result = SimulationResult(capacity: returns.observationCount, account: account)
    let matrix = returns.values.elements
    let count = returns.observationCount
    var block = Kernels.RebalancedRows(capacity: Self.largestBlock)
    var size = Self.smallestBlock
    var row = 0
    while row < count {
      let taken = account.advanceBlock(
        &block, matrix, first: row, stride: count, limit: min(size, count - row), into: &result)
      row += taken
      if taken == size {
        size = min(2 * size, Self.largestBlock)
        continue
      }
      // After an unusual row, blocks begin small again.
      size = Self.smallestBlock
      if row == count { break }
      result.append(try account.advance(matrix, first: row, stride: count))
      row += 1
    }
    result.account = account
    return result
  }

  /// Rows that are worked on at a time: the results of the most stay in the first cache.
  private static let smallestBlock = 4
  private static let largestBlock = 64

  /// Simulates targets that change with the rows.
  ///
  /// Row `k` of the targets is the target of the trade number `k`: row 0 is bought at the start, row
  /// 1 is due at the close of the return row `k − 1` of `.everyRows(k)`, and so on.
  ///
  /// - Parameters:
  ///   - returns: T × N returns.
  ///   - targets: Target shares, one row for the start and one for each trade that comes due within
  ///     the T rows: `1 + T / k` of them, N columns in the order of the universe.
  ///   - settings: The rules, with the schedule `.everyRows`.
  /// - Returns: What each row did, and what is held at the end.
  /// - Throws: `BacktestingError.shapeMismatch` for the targets or another schedule, and as `init`,
  ///   `advance` and `setTarget`.
  /// - Complexity: O(T N).
  public static func run(
    returns: SimpleReturns,
    targets: Matrix,
    settings: SimulationSettings
  ) throws(BacktestingError) -> SimulationResult {
    guard case .everyRows(let interval) = settings.schedule else {
      throw .shapeMismatch(argument: "rows between trades", got: 0, required: 1)
    }
    let rowCount = returns.observationCount
    guard targets.columnCount == returns.universe.count else {
      throw .shapeMismatch(
        argument: "targets.columnCount", got: targets.columnCount,
        required: returns.universe.count)
    }
    guard targets.rowCount == 1 + rowCount / interval else {
      throw .shapeMismatch(
        argument: "targets.rowCount", got: targets.rowCount, required: 1 + rowCount / interval)
    }
    let first: Weights
    do throws(DataError) {
      first = try Weights(universe: returns.universe, values: targets.row(0))
    } catch {
      throw BacktestingError(error)
    }
    var account = try WeightSimulation(target: first, settings: settings)
    var result = SimulationResult(capacity: rowCount, account: account)
    let matrix = returns.values.elements
    for row in 0..<rowCount {
      if (row + 1) % interval == 0 {
        try account.setTarget(targets.row((row + 1) / interval).span)
      }
      result.append(try account.advance(matrix, first: row, stride: rowCount))
    }
    result.account = account
    return result
  }
}

/// What a simulation over a history did.
public struct SimulationResult: Sendable {
  /// The account after the last row, ready to go on.
  public internal(set) var account: WeightSimulation

  /// What each row did.
  ///
  /// The first one's return, turnover and cost hold those of the purchase at the start.
  public private(set) var periods: [WeightSimulation.Period] = []

  /// The value after each row; the account starts with one.
  public var values: [Double] { periods.map(\.value) }

  /// The return of each row after costs, as a fraction.
  public var returns: [Double] { periods.map(\.returnFraction) }

  init(capacity: Int, account: WeightSimulation) {
    self.account = account
    periods.reserveCapacity(capacity)
  }

  @inline(__always)
  mutating func append(_ period: WeightSimulation.Period) { periods.append(period) }

  /// The figures of the strategy.
  ///
  /// - Parameters:
  ///   - annualization: The number of rows in a year.
  ///   - ratePerPeriod: The return of the riskless asset in one row, as a fraction.
  ///   - limits: What makes a result implausible.
  /// - Returns: The figures and the warnings.
  /// - Throws: `BacktestingError.tooFewPeriods`, `.invalidValue`.
  public func statistics(
    annualization: Annualization,
    ratePerPeriod: Double,
    limits: PlausibilityLimits = PlausibilityLimits()
  ) throws(BacktestingError) -> PerformanceStatistics {
    var accumulator = try PerformanceAccumulator(
      annualization: annualization, ratePerPeriod: ratePerPeriod)
    for period in periods { try accumulator.add(period) }
    return try accumulator.statistics(limits: limits)
  }
}

extension PerformanceAccumulator {
  /// Adds what one row of a simulation did.
  ///
  /// - Parameter period: The row.
  /// - Throws: `BacktestingError.invalidValue`.
  public mutating func add(_ period: WeightSimulation.Period) throws(BacktestingError) {
    try add(return: period.returnFraction, turnover: period.turnover, cost: period.cost)
  }
}
