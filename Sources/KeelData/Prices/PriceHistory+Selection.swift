import KeelNumerics

// Parts of a history. Every part is a value of its own: what was left out cannot be reached from
// it, which is how an estimator is kept from looking ahead.

extension PriceHistory {
  /// The rows up to a time, that time included: what was known then.
  ///
  /// - Parameter time: The time.
  /// - Returns: The rows whose timestamp is at most `time`; none when all are later.
  /// - Complexity: O(log T) to find the row and one copy of what is kept.
  public func until(_ time: Timestamp) -> PriceHistory {
    rows(0..<timestamps.rowCount(through: time))
  }

  /// The rows after a time, that time excluded: what ``until(_:)`` leaves out.
  ///
  /// - Parameter time: The time.
  /// - Returns: The rows whose timestamp is later than `time`. A delisted asset without a price in
  ///   them stays delisted.
  public func after(_ time: Timestamp) -> PriceHistory {
    rows(timestamps.rowCount(through: time)..<rowCount)
  }

  /// The first rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The first rows.
  public func prefix(_ count: Int) -> PriceHistory { rows(0..<min(max(count, 0), rowCount)) }

  /// The last rows.
  ///
  /// - Parameter count: The number of rows; all when there are fewer, none when negative.
  /// - Returns: The last rows.
  public func suffix(_ count: Int) -> PriceHistory {
    rows((rowCount - min(max(count, 0), rowCount))..<rowCount)
  }

  /// All rows but the last ones.
  ///
  /// - Parameter count: The number of rows to leave out.
  /// - Returns: The rows before them; all when `count` is negative.
  public func dropLast(_ count: Int) -> PriceHistory {
    prefix(rowCount - min(max(count, 0), rowCount))
  }

  /// Some of the assets, in the order asked for.
  ///
  /// - Parameter assets: Different assets of the universe.
  /// - Returns: The history of these assets.
  /// - Throws: `DataError.invalidAsset` for one that is unknown or stands twice.
  public func selecting(_ assets: [AssetID]) throws(DataError) -> PriceHistory {
    let (selected, positions) = try universe.selecting(assets)
    var keptMarks: [Mark] = []
    keptMarks.reserveCapacity(rowCount * positions.count)
    for j in positions { keptMarks += marks[(j * rowCount)..<((j + 1) * rowCount)] }
    return PriceHistory(
      unchecked: selected, timestamps: timestamps, storage: storage.columns(positions),
      marks: keptMarks, recoveries: positions.map { recoveries[$0] })
  }

  /// The longest run of rows in which every asset has a price; the latest of equal ones.
  ///
  /// - Returns: A complete history of at least one row.
  /// - Throws: `DataError.missingPrice` for the last row's first gap when no row is complete, or
  ///   `DataError.shapeMismatch` when there is no row.
  public func completeWindow() throws(DataError) -> PriceHistory {
    guard rowCount > 0 else { throw .shapeMismatch(argument: "rowCount", got: 0, required: 1) }
    var isComplete = [Bool](repeating: true, count: rowCount)
    for j in 0..<assetCount {
      for i in 0..<rowCount where marks[i + j * rowCount] != .value { isComplete[i] = false }
    }
    let window = isComplete.longestRun
    if window.isEmpty, let gap = firstGap(in: (rowCount - 1)..<rowCount) { throw gap }
    return rows(window)
  }

  /// A range of rows that lies within the history.
  func rows(_ range: Range<Int>) -> PriceHistory {
    if range == 0..<rowCount { return self }
    var keptMarks: [Mark] = []
    keptMarks.reserveCapacity(range.count * assetCount)
    for j in 0..<assetCount {
      let offset = j * rowCount
      keptMarks += marks[(offset + range.lowerBound)..<(offset + range.upperBound)]
    }
    // A recovery that lies after the range must not show, not even in a comparison.
    let keptRecoveries = (0..<assetCount).map { j in
      !range.isEmpty && keptMarks[(j + 1) * range.count - 1] == .delisted ? recoveries[j] : 0
    }
    return PriceHistory(
      unchecked: universe, timestamps: Array(timestamps[range]), storage: storage.rows(range),
      marks: keptMarks, recoveries: keptRecoveries)
  }
}

// MARK: - Rows that are not a range

extension PriceHistory {
  /// The last price of each asset; zero where it has none.
  var knownLastPrices: [Double] {
    (0..<assetCount).map { j in
      (0..<rowCount).last { marks[$0 + j * rowCount] == .value }.map { storage[$0, j] } ?? 0
    }
  }

  /// Creates a history of rows between which others are left out.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T kept times.
  ///   - kept: The kept prices, column after column.
  ///   - marks: Their marks.
  ///   - recoveries: The recoveries as fractions of the last prices.
  ///   - lastPrices: The last prices, kept or not.
  /// - Throws: `DataError.invalidValue` for a recovery that overflows.
  init(
    universe: Universe,
    timestamps: [Timestamp],
    kept: [Double],
    marks: [Mark],
    recoveries: [Double],
    lastPrices: [Double]
  ) throws(DataError) {
    var keptMarks = marks
    var keptRecoveries = [Double](repeating: 0, count: universe.count)
    for j in 0..<universe.count {
      let cells = (j * timestamps.count)..<((j + 1) * timestamps.count)
      guard let end = cells.last, marks[end] == .delisted else { continue }
      guard let last = cells.last(where: { marks[$0] == .value }) else {
        for cell in cells where marks[cell] == .delisted { keptMarks[cell] = .notListed }
        continue
      }
      guard recoveries[j] > 0 else { continue }
      keptRecoveries[j] = recoveries[j] * (lastPrices[j] / kept[last])
      guard keptRecoveries[j].isFinite else {
        throw .invalidValue(
          argument: "recovery", asset: universe.assets[j], row: end - cells.lowerBound,
          got: keptRecoveries[j], lowest: 0, highest: .greatestFiniteMagnitude)
      }
    }
    try self.init(
      universe: universe, timestamps: timestamps,
      storage: Matrix(
        uncheckedRowCount: timestamps.count, columnCount: universe.count, storage: kept),
      marks: keptMarks, recoveries: keptRecoveries)
  }
}

// MARK: - Parts of the pieces

extension Universe {
  /// Some of the assets, with their positions here.
  func selecting(_ assets: [AssetID]) throws(DataError) -> (universe: Universe, positions: [Int]) {
    var positions: [Int] = []
    positions.reserveCapacity(assets.count)
    for asset in assets { positions.append(try requiredPosition(of: asset)) }
    return (try Universe(assets), positions)
  }
}

extension [Timestamp] {
  /// The number of timestamps, in increasing order, that are not after a time.
  func rowCount(through time: Timestamp) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension [Bool] {
  /// The longest run of true; the latest of equal ones, empty when there is none.
  var longestRun: Range<Int> {
    var longest = 0..<0
    var start = 0
    for i in indices {
      if !self[i] {
        start = i + 1
      } else if i + 1 - start >= longest.count {
        longest = start..<(i + 1)
      }
    }
    return longest
  }
}

extension Matrix {
  /// A range of rows within the matrix.
  func rows(_ range: Range<Int>) -> Matrix {
    let kept = [Double](capacity: range.count * columnCount) { output in
      for j in 0..<columnCount {
        let source = column(j)
        for i in range { output.append(source[i]) }
      }
    }
    return Matrix(uncheckedRowCount: range.count, columnCount: columnCount, storage: kept)
  }

  /// The columns at some positions.
  func columns(_ positions: [Int]) -> Matrix {
    let kept = [Double](capacity: rowCount * positions.count) { output in
      for j in positions {
        let source = column(j)
        for i in source.indices { output.append(source[i]) }
      }
    }
    return Matrix(uncheckedRowCount: rowCount, columnCount: positions.count, storage: kept)
  }
}
