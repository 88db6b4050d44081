public import KeelNumerics

/// Simple returns, T × N, of which some do not exist: late listings, halts, days without a trade, delistings.
///
/// What to do about the gaps is the business of an estimator, chosen by the caller. Nothing is filled in: a return over two
/// periods is not a return of one.
public struct IncompleteReturns: Hashable, Sendable {
  /// The assets, one a column.
  public let universe: Universe

  /// The end of each period, strictly increasing.
  public let timestamps: [Timestamp]

  /// The returns; zero where there is none.
  package let storage: Matrix

  /// Whether each return exists, column after column.
  package let presence: [Bool]

  /// Creates returns with gaps.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T ends of periods, strictly increasing.
  ///   - values: The T × N returns as fractions; where there is one, finite and not below −1, otherwise ignored.
  ///   - isPresent: Whether each return exists, column after column: the whole history of the first asset first.
  /// - Throws: `DataError` with asset and row, as `SimpleReturns.init` does.
  public init(
    universe: Universe,
    timestamps: [Timestamp],
    values: Matrix,
    isPresent: [Bool]
  ) throws(DataError) {
    guard isPresent.count == values.rowCount * values.columnCount else {
      throw .shapeMismatch(
        argument: "isPresent", got: isPresent.count,
        required: values.rowCount * values.columnCount)
    }
    var storage = values
    for j in 0..<values.columnCount {
      for i in 0..<values.rowCount where !isPresent[i + j * values.rowCount] { storage[i, j] = 0 }
    }
    try requireReturns(universe, timestamps, storage, lowest: -1)
    self.universe = universe
    self.timestamps = timestamps
    self.storage = storage
    presence = isPresent
    // Zeros in the place of gaps must not hide prices.
    for j in 0..<universe.count {
      let column = self.values(position: j)
      if looksLikePrices(column.span) {
        throw .invalidValue(
          argument: "values", asset: universe.assets[j], row: nil, got: column.min() ?? 0,
          lowest: -1, highest: leastPriceLikeValue.nextDown)
      }
    }
  }

  init(
    unchecked universe: Universe,
    timestamps: [Timestamp],
    storage: Matrix,
    presence: [Bool]
  ) {
    self.universe = universe
    self.timestamps = timestamps
    self.storage = storage
    self.presence = presence
  }

  /// Returns without a gap.
  ///
  /// - Parameter returns: Complete returns.
  public init(_ returns: SimpleReturns) {
    self.init(
      unchecked: returns.universe, timestamps: returns.timestamps, storage: returns.values,
      presence: [Bool](repeating: true, count: returns.values.rowCount * returns.values.columnCount)
    )
  }

  /// The number of rows T.
  public var rowCount: Int { timestamps.count }

  /// Reads the return of the asset at a position, or nil where there is none.
  ///
  /// Traps when an index is out of range.
  public subscript(row: Int, position: Int) -> Double? {
    let value = storage[row, position]
    return presence[row + position * rowCount] ? value : nil
  }

  /// The returns of the asset at a position that exist, in the order of time.
  ///
  /// Traps when the index is out of range.
  ///
  /// - Parameter position: The position of the asset, from 0.
  /// - Returns: As many numbers as there are returns.
  public func values(position: Int) -> [Double] {
    let column = storage.column(position)
    return (0..<rowCount).filter { presence[$0 + position * rowCount] }.map { column[$0] }
  }

  /// The number of returns of each asset.
  public var observationCounts: [Int] {
    (0..<universe.count).map { j in
      presence[(j * rowCount)..<((j + 1) * rowCount)].count { $0 }
    }
  }

  /// The rows in which every asset has a return.
  ///
  /// - Returns: Complete returns. Rows left out leave no gap in a row, but the rows are then not evenly spaced.
  /// - Throws: `DataError.shapeMismatch` when there is no such row.
  public func completeRows() throws(DataError) -> SimpleReturns {
    let rows = (0..<rowCount).filter { i in
      (0..<universe.count).allSatisfy { presence[i + $0 * rowCount] }
    }
    guard !rows.isEmpty else {
      throw .shapeMismatch(argument: "completeRows", got: 0, required: 1)
    }
    let values = [Double](capacity: rows.count * universe.count) { output in
      for j in 0..<universe.count {
        let column = storage.column(j)
        for i in rows { output.append(column[i]) }
      }
    }
    return try SimpleReturns(
      universe: universe, timestamps: rows.map { timestamps[$0] },
      values: Matrix(
        uncheckedRowCount: rows.count, columnCount: universe.count, storage: values))
  }

  /// The rows up to a time, that time included: what was known then.
  ///
  /// - Parameter time: The time.
  /// - Returns: The rows whose timestamp is at most `time`.
  public func until(_ time: Timestamp) -> IncompleteReturns {
    rows(0..<timestamps.rowCount(through: time))
  }

  /// The last rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The last rows.
  public func suffix(_ count: Int) -> IncompleteReturns {
    rows((rowCount - min(max(count, 0), rowCount))..<rowCount)
  }

  /// Some of the assets, in the order asked for.
  ///
  /// - Parameter assets: Different assets of the universe.
  /// - Returns: The returns of these assets.
  /// - Throws: `DataError.invalidAsset` for one that is unknown or stands twice.
  public func selecting(_ assets: [AssetID]) throws(DataError) -> IncompleteReturns {
    let (selected, positions) = try universe.selecting(assets)
    return IncompleteReturns(
      unchecked: selected, timestamps: timestamps, storage: storage.columns(positions),
      presence: positions.flatMap { presence[($0 * rowCount)..<(($0 + 1) * rowCount)] })
  }

  private func rows(_ range: Range<Int>) -> IncompleteReturns {
    IncompleteReturns(
      unchecked: universe, timestamps: Array(timestamps[range]), storage: storage.rows(range),
      presence: (0..<universe.count).flatMap { j in
        presence[(j * rowCount + range.lowerBound)..<(j * rowCount + range.upperBound)]
      })
  }
}

extension PriceHistory {
  /// The simple returns of each row but the first, where they exist.
  ///
  /// A return exists where there is a price in the row and in the row before; the row in which an asset is delisted has the
  /// return `recovery − 1`. No policy is needed: what to do about gaps is said to the estimator.
  ///
  /// - Returns: T − 1 rows.
  /// - Throws: `DataError.shapeMismatch` for fewer than two rows, `DataError.invalidValue` for a return that overflows.
  public func incompleteReturns() throws(DataError) -> IncompleteReturns {
    guard rowCount >= 2 else {
      throw .shapeMismatch(argument: "rowCount", got: rowCount, required: 2)
    }
    var presence: [Bool] = []
    presence.reserveCapacity((rowCount - 1) * assetCount)
    for j in 0..<assetCount {
      for i in 1..<rowCount { presence.append(hasReturn(i, j)) }
    }
    return try IncompleteReturns(
      universe: universe, timestamps: Array(timestamps.dropFirst()),
      values: returns(1..<rowCount, of: { ($1 - $0) / $0 }, recovered: { $0 - 1 }),
      isPresent: presence)
  }
}
