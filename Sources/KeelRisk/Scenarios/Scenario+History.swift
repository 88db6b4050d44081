public import KeelData

// Moves that prices made between two days, as one shock or day by day.
//
// A day that an asset has no price on is not filled from another: it is refused, left out or replaced by the median of
// those that have both prices, as the caller says.

extension Scenario {
  /// What stands for an asset without a price on one of two days.
  public enum MissingMove: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing: an error names the first such asset.
    case refused
    /// The median move of those with both prices, also for assets that the history lacks.
    case median
    /// No move; neither for assets that the history lacks.
    case none
  }

  /// The moves of prices from one day to another, as one shock.
  ///
  /// Prices are those of the last row at or before each time. No time passes in the scenario: set ``elapsedYears`` to
  /// let carry and expiries run.
  ///
  /// - Parameters:
  ///   - prices: The prices of T days.
  ///   - start: The time before the moves.
  ///   - end: The time after them.
  ///   - name: The name, for reports.
  ///   - missing: What stands for an asset without both prices.
  /// - Returns: The scenario, which moves every asset of the history.
  /// - Throws: `RiskError.shapeMismatch` where the history has no row at or before the start, or none after it until the
  ///   end; `.unknownInstrument` for the first asset that is refused.
  /// - Complexity: O(N log N).
  public static func replay(
    of prices: PriceHistory,
    from start: Timestamp,
    to end: Timestamp,
    name: String,
    missing: MissingMove = .refused
  ) throws(RiskError) -> Scenario {
    let (first, last) = try rows(of: prices, from: start, to: end)
    return try moves(of: prices, from: first, to: last, name: name, missing)
  }

  /// The moves of prices from one day to each later one until another, as one shock for each.
  ///
  /// The worst of them is the worst point on the way, which closes of a crash and its recovery hide.
  ///
  /// - Parameters:
  ///   - prices: The prices of T days.
  ///   - start: The time before the moves.
  ///   - end: The time of the last one.
  ///   - name: The name, for reports; that of a scenario adds the time of its row.
  ///   - missing: What stands for an asset without both prices.
  /// - Returns: The scenarios in the order of time, at least one.
  /// - Throws: As ``replay(of:from:to:name:missing:)``.
  public static func replayPath(
    of prices: PriceHistory,
    from start: Timestamp,
    to end: Timestamp,
    name: String,
    missing: MissingMove = .refused
  ) throws(RiskError) -> [Scenario] {
    let (first, last) = try rows(of: prices, from: start, to: end)
    return try ((first + 1)...last).map { (row) throws(RiskError) in
      try moves(
        of: prices, from: first, to: row, name: "\(name) \(prices.timestamps[row])", missing)
    }
  }

  private static func rows(
    of prices: PriceHistory,
    from start: Timestamp,
    to end: Timestamp
  ) throws(RiskError) -> (first: Int, last: Int) {
    let before = prices.until(start).rowCount
    let through = prices.until(end).rowCount
    guard before > 0 else {
      throw .shapeMismatch(argument: "rows at or before the start", got: 0, required: 1)
    }
    guard through > before else {
      throw .shapeMismatch(argument: "rows after the start", got: 0, required: 1)
    }
    return (before - 1, through - 1)
  }

  private static func moves(
    of prices: PriceHistory,
    from first: Int,
    to last: Int,
    name: String,
    _ missing: MissingMove
  ) throws(RiskError) -> Scenario {
    var scenario = Scenario(name)
    for (position, asset) in prices.universe.assets.enumerated() {
      guard let before = prices[first, position], let after = prices[last, position] else {
        if missing == .refused { throw .unknownInstrument(asset) }
        continue
      }
      scenario.spotMoves[asset] = after / before - 1
    }
    guard missing == .median, !scenario.spotMoves.isEmpty else { return scenario }
    let sorted = scenario.spotMoves.values.sorted()
    let middle = sorted.count / 2
    scenario.otherSpotMove =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return scenario
  }
}
