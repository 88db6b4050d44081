public import KeelData
public import KeelNumerics

/// The losses of an account over moves of spot prices and of volatilities, by full revaluation.
public struct StressGrid: Hashable, Sendable {
  /// The moves of spot prices as fractions, one for each row.
  public let spotMoves: [Double]

  /// What is added to volatilities, as annualized fractions, one for each column.
  public let volatilityShifts: [Double]

  /// The equity before, in cash.
  public let equity: Double

  /// The losses in cash, gains negative: a row for each move of spot prices, a column for each shift of volatilities.
  public let losses: Matrix

  /// The place of the largest loss; the first of equals, column after column.
  public var worstPlace: (row: Int, column: Int) {
    var worst = (row: 0, column: 0)
    for column in volatilityShifts.indices {
      for row in spotMoves.indices where losses[row, column] > losses[worst.row, worst.column] {
        worst = (row, column)
      }
    }
    return worst
  }
}

extension StressTest {
  /// What the account loses over moves of spot prices and of volatilities.
  ///
  /// - Parameters:
  ///   - spotMoves: The moves of spot prices as fractions, at least one.
  ///   - volatilityShifts: What is added to volatilities beside the scenario's own shift, at least one.
  ///   - asset: The asset that moves, which is not cash; nil for all that the scenario names nowhere.
  ///   - scenario: What else happens.
  ///   - pool: The threads to work on; by default the caller's alone. The losses are the same.
  /// - Returns: The losses; a row for each move, a column for each shift.
  /// - Throws: As ``outcome(of:)``, or `RiskError.shapeMismatch` for an empty axis or after a cancellation.
  /// - Complexity: One revaluation a cell.
  public func grid(
    spotMoves: [Double],
    volatilityShifts: [Double],
    of asset: AssetID? = nil,
    beside scenario: Scenario = Scenario("grid"),
    on pool: BoundedPool? = nil
  ) throws(RiskError) -> StressGrid {
    for (argument, count) in [
      ("spotMoves", spotMoves.count), ("volatilityShifts", volatilityShifts.count),
    ] where count == 0 {
      throw .shapeMismatch(argument: argument, got: 0, required: 1)
    }
    if let asset, asset == book.cash { throw .unknownInstrument(asset) }
    var scenarios: [Scenario] = []
    for shift in volatilityShifts {
      for move in spotMoves {
        var cell = scenario.moving(asset, by: move)
        cell.volatilityShift += shift
        scenarios.append(cell)
      }
    }
    let losses = try losses(in: scenarios, on: pool)
    guard losses.count == scenarios.count else {
      throw .shapeMismatch(argument: "losses", got: losses.count, required: scenarios.count)
    }
    return StressGrid(
      spotMoves: spotMoves, volatilityShifts: volatilityShifts, equity: equity,
      losses: Matrix(
        uncheckedRowCount: spotMoves.count, columnCount: volatilityShifts.count, storage: losses))
  }
}
