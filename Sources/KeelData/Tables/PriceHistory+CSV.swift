import KeelNumerics

// Price histories in tables. Goals in order: nothing read that the file does not say, errors that
// name the place, one pass.

extension PriceHistory {
  /// The names of the columns of a long table, one line for each asset and time.
  public struct LongTableSettings: Hashable, Sendable {
    /// The column of times.
    public var timeColumn: String

    /// The column of assets.
    public var assetColumn: String

    /// The column of prices.
    public var priceColumn: String

    /// Names the columns; there are no defaults, because a table with `close` and `adj_close` has
    /// two candidates.
    ///
    /// - Parameters:
    ///   - timeColumn: The column of times.
    ///   - assetColumn: The column of assets.
    ///   - priceColumn: The column of prices.
    public init(timeColumn: String, assetColumn: String, priceColumn: String) {
      self.timeColumn = timeColumn
      self.assetColumn = assetColumn
      self.priceColumn = priceColumn
    }
  }

  /// Creates a history from a wide table: times in the first column, then one asset a column.
  ///
  /// A blank field before the first price of an asset is ``Availability/notListed``, one after it
  /// is ``Availability/noTrade``, to the last row: whether an asset was delisted is for the caller
  /// to state, with ``delisting(_:from:recovery:)``.
  ///
  /// - Parameter table: Times, strictly increasing, and positive finite prices.
  /// - Throws: `DataError.invalidTable` with file, line, column and text.
  /// - Complexity: O(fields).
  public init(wide table: CSVTable) throws(DataError) {
    guard table.columnCount >= 2 else { throw table.failure(.badHeader, row: -1, column: 0) }
    let universe = try Universe(table.header.dropFirst().map { AssetID($0) })
    let rowCount = table.rowCount
    var timestamps: [Timestamp] = []
    timestamps.reserveCapacity(rowCount)
    for i in 0..<rowCount {
      let timestamp = try table.timestamp(row: i, column: 0)
      if let previous = timestamps.last, timestamp <= previous {
        let reason: TableFailure =
          timestamps.contains(timestamp) ? .duplicateTimestamp : .unsortedTimestamp
        throw table.failure(reason, row: i, column: 0)
      }
      timestamps.append(timestamp)
    }
    var prices = [Double](repeating: 0, count: rowCount * universe.count)
    var marks = [Mark](repeating: .noTrade, count: prices.count)
    for i in 0..<rowCount {
      for j in 0..<universe.count where !table.isBlank(row: i, column: j + 1) {
        prices[i + j * rowCount] = try table.price(row: i, column: j + 1)
        marks[i + j * rowCount] = .value
      }
    }
    marks.markUnlisted(rowCount: rowCount, assetCount: universe.count)
    self.init(
      unchecked: universe, timestamps: timestamps,
      storage: Matrix(
        uncheckedRowCount: rowCount, columnCount: universe.count, storage: prices),
      marks: marks, recoveries: [Double](repeating: 0, count: universe.count))
  }

  /// Creates a history from a long table: one line for each asset and time.
  ///
  /// The assets stand in the order in which the table first names them; the rows are all times of
  /// the table in order. Within one asset times must increase strictly; lines of different assets
  /// may stand in any order. A blank price and a missing line mean the same: not listed before the
  /// first price of the asset, no trade after it.
  ///
  /// - Parameters:
  ///   - table: Times, assets and positive finite prices.
  ///   - settings: The names of the columns.
  /// - Throws: `DataError.invalidTable` with file, line, column and text; `DataError.shapeMismatch`
  ///   when fewer than one in 64 of more than 2²⁴ cells has a line: such a table holds few times in
  ///   common, and would need memory out of all proportion to its size.
  /// - Complexity: O(lines · log(lines) + times · assets).
  public init(long table: CSVTable, settings: LongTableSettings) throws(DataError) {
    let timeColumn = try table.column(named: settings.timeColumn)
    let assetColumn = try table.column(named: settings.assetColumn)
    let priceColumn = try table.column(named: settings.priceColumn)
    let lines = try table.longLines(timeColumn, assetColumn, priceColumn)

    let timestamps = lines.times.sortedUnique
    let assetCount = lines.assets.count
    let cellLimit = max(Self.cellsOfAnyTable, lines.times.count * Self.cellsPerLine)
    // Both factors are at most the number of lines, whose square fits.
    let cellCount = timestamps.count * assetCount
    guard cellCount <= cellLimit else {
      throw .shapeMismatch(argument: "times × assets", got: cellCount, required: cellLimit)
    }
    var prices = [Double](repeating: 0, count: cellCount)
    var marks = [Mark](repeating: .noTrade, count: cellCount)
    for (k, time) in lines.times.enumerated() where lines.prices[k] > 0 {
      let row = timestamps.rowCount(through: time) - 1
      prices[row + lines.positions[k] * timestamps.count] = lines.prices[k]
      marks[row + lines.positions[k] * timestamps.count] = .value
    }
    marks.markUnlisted(rowCount: timestamps.count, assetCount: assetCount)
    self.init(
      unchecked: try Universe(lines.assets), timestamps: timestamps,
      storage: Matrix(
        uncheckedRowCount: timestamps.count, columnCount: assetCount, storage: prices),
      marks: marks, recoveries: [Double](repeating: 0, count: assetCount))
  }

  /// The number of cells that any long table may span: 150 MB.
  private static let cellsOfAnyTable = 1 << 24

  /// The number of cells that a long table may span for each of its lines.
  private static let cellsPerLine = 64

  /// The history with an asset delisted from a row on.
  ///
  /// The loss is booked as a return only when the row before has a price; a gap between the last
  /// price and the delisting stays a gap, and hides the loss from every return.
  ///
  /// - Parameters:
  ///   - asset: The asset.
  ///   - row: The first row without the asset, from 0; every later price must be missing.
  ///   - recovery: What a holder got back, as a fraction of the last price: 0 for a total loss.
  /// - Returns: The history.
  /// - Throws: `DataError.invalidAsset`, `DataError.shapeMismatch` for no such row, or
  ///   `DataError.invalidValue` for a recovery out of range or a price in or after the row,
  ///   `DataError.missingPrice` for no price before it.
  public func delisting(
    _ asset: AssetID,
    from row: Int,
    recovery: Double
  ) throws(DataError) -> PriceHistory {
    let position = try universe.requiredPosition(of: asset)
    guard row >= 0, row < rowCount else {
      throw .shapeMismatch(argument: "row", got: row, required: rowCount)
    }
    guard recovery >= 0, recovery.isFinite else {
      throw .invalidValue(
        argument: "recovery", asset: asset, row: row, got: recovery, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    var newMarks = marks
    for i in row..<rowCount {
      guard newMarks[i + position * rowCount] != .value else {
        throw .invalidValue(
          argument: "price after a delisting", asset: asset, row: i,
          got: storage[i, position], lowest: 0, highest: 0)
      }
      newMarks[i + position * rowCount] = .delisted
    }
    var newRecoveries = recoveries
    newRecoveries[position] = recovery
    return try PriceHistory(
      universe: universe, timestamps: timestamps, storage: storage, marks: newMarks,
      recoveries: newRecoveries)
  }
}

// MARK: - Pieces

extension [PriceHistory.Mark] {
  /// Turns the gaps before the first value of each column into `notListed`.
  fileprivate mutating func markUnlisted(rowCount: Int, assetCount: Int) {
    for j in 0..<assetCount {
      var i = j * rowCount
      while i < (j + 1) * rowCount, self[i] != .value {
        self[i] = .notListed
        i += 1
      }
    }
  }
}

extension [Timestamp] {
  /// The different timestamps in order.
  fileprivate var sortedUnique: [Timestamp] {
    var unique: [Timestamp] = []
    for timestamp in sorted() where timestamp != unique.last { unique.append(timestamp) }
    return unique
  }
}

/// The lines of a long table; a price of zero stands for a blank.
private struct LongLines {
  var assets: [AssetID] = []
  var times: [Timestamp] = []
  var positions: [Int] = []
  var prices: [Double] = []
}

extension CSVTable {
  /// A positive price.
  fileprivate func price(row: Int, column: Int) throws(DataError) -> Double {
    let value = try number(row: row, column: column)
    guard value > 0 else { throw failure(.outOfRange, row: row, column: column) }
    return value
  }

  /// Reads the lines of a long table and checks the times of each asset.
  fileprivate func longLines(
    _ timeColumn: Int,
    _ assetColumn: Int,
    _ priceColumn: Int
  ) throws(DataError) -> LongLines {
    var lines = LongLines()
    var positions: [String: Int] = [:]
    var latest: [Timestamp] = []
    for i in 0..<rowCount {
      let time = try timestamp(row: i, column: timeColumn)
      let name = text(row: i, column: assetColumn)
      guard !name.isEmpty else { throw failure(.badName, row: i, column: assetColumn) }
      let position: Int
      if let known = positions[name] {
        position = known
        guard time > latest[known] else {
          let wasSeen = lines.times.indices.contains {
            lines.times[$0] == time && lines.positions[$0] == known
          }
          throw failure(
            wasSeen ? .duplicateTimestamp : .unsortedTimestamp, row: i, column: timeColumn)
        }
        latest[known] = time
      } else {
        position = lines.assets.count
        positions[name] = position
        lines.assets.append(AssetID(name))
        latest.append(time)
      }
      let isMissing = isBlank(row: i, column: priceColumn)
      lines.times.append(time)
      lines.positions.append(position)
      lines.prices.append(isMissing ? 0 : try price(row: i, column: priceColumn))
    }
    return lines
  }
}
