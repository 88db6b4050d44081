public import KeelNumerics

/// The prices of N assets at T times, with a reason for every price that is missing.
///
/// A delisted asset stays delisted to the last row, and had a price before. A price can only be
/// read together with the answer that it exists.
public struct PriceHistory: Hashable, Sendable {
  /// The assets, one a column.
  public let universe: Universe

  /// The time of each row, strictly increasing.
  public let timestamps: [Timestamp]

  /// Prices, T × N; zero where there is none.
  let storage: Matrix

  /// One mark for each cell, column after column.
  let marks: [Mark]

  /// The recovery of each asset as a fraction of its last price; zero where none is delisted.
  let recoveries: [Double]

  /// Availability without its payload.
  enum Mark: UInt8, Hashable, Sendable {
    case value
    case notListed
    case noTrade
    case halted
    case delisted
  }

  /// Creates a history in which every price exists.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T times, strictly increasing.
  ///   - prices: The T × N prices, positive and finite.
  /// - Throws: `DataError` with asset and row.
  public init(
    universe: Universe,
    timestamps: [Timestamp],
    prices: Matrix
  ) throws(DataError) {
    try self.init(
      universe: universe, timestamps: timestamps, storage: prices,
      marks: [Mark](repeating: .value, count: prices.rowCount * prices.columnCount),
      recoveries: [Double](repeating: 0, count: prices.columnCount))
  }

  /// Creates a history with gaps.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - timestamps: The T times, strictly increasing.
  ///   - prices: The T × N prices, positive and finite where there is a value, ignored elsewhere.
  ///   - availability: T × N answers, column after column: the whole history of the first asset
  ///     first.
  /// - Throws: `DataError` with asset and row: `DataError.invalidValue` for a recovery that is
  ///   negative or not finite, that changes, or that anything else follows;
  ///   `DataError.missingPrice` for a delisting without a price before it.
  public init(
    universe: Universe,
    timestamps: [Timestamp],
    prices: Matrix,
    availability: [Availability]
  ) throws(DataError) {
    let rowCount = prices.rowCount
    guard availability.count == rowCount * prices.columnCount else {
      throw .shapeMismatch(
        argument: "availability", got: availability.count,
        required: rowCount * prices.columnCount)
    }
    guard prices.columnCount == universe.count else {
      throw .shapeMismatch(
        argument: "prices.columnCount", got: prices.columnCount, required: universe.count)
    }
    var storage = prices
    var marks: [Mark] = []
    marks.reserveCapacity(availability.count)
    var recoveries = [Double](repeating: 0, count: universe.count)
    for j in 0..<universe.count {
      for i in 0..<rowCount {
        let mark: Mark
        switch availability[i + j * rowCount] {
        case .value: mark = .value
        case .notListed: mark = .notListed
        case .noTrade: mark = .noTrade
        case .halted: mark = .halted
        case .delisted(let recovery):
          mark = .delisted
          let isFirst = i == 0 || marks[marks.count - 1] != .delisted
          guard recovery >= 0, recovery.isFinite, isFirst || recovery == recoveries[j] else {
            throw .invalidValue(
              argument: "recovery", asset: universe.assets[j], row: i, got: recovery,
              lowest: isFirst ? 0 : recoveries[j],
              highest: isFirst ? .greatestFiniteMagnitude : recoveries[j])
          }
          recoveries[j] = recovery
        }
        if mark != .value { storage[i, j] = 0 }
        marks.append(mark)
      }
    }
    try self.init(
      universe: universe, timestamps: timestamps, storage: storage, marks: marks,
      recoveries: recoveries)
  }

  /// Creates a history from its parts and checks everything that callers can get wrong.
  init(
    universe: Universe,
    timestamps: [Timestamp],
    storage: Matrix,
    marks: [Mark],
    recoveries: [Double]
  ) throws(DataError) {
    guard storage.columnCount == universe.count else {
      throw .shapeMismatch(
        argument: "prices.columnCount", got: storage.columnCount, required: universe.count)
    }
    guard storage.rowCount == timestamps.count else {
      throw .shapeMismatch(
        argument: "prices.rowCount", got: storage.rowCount, required: timestamps.count)
    }
    try requireIncreasing(timestamps)
    for j in 0..<universe.count {
      let asset = universe.assets[j]
      try Self.requirePositive(storage.column(j), marks, offset: j * storage.rowCount, asset)
      try Self.requireFinalDelisting(
        marks, storage.column(j), offset: j * storage.rowCount, recovery: recoveries[j], asset)
    }
    self.init(
      unchecked: universe, timestamps: timestamps, storage: storage, marks: marks,
      recoveries: recoveries)
  }

  /// Creates a history from parts that are known to fit.
  init(
    unchecked universe: Universe,
    timestamps: [Timestamp],
    storage: Matrix,
    marks: [Mark],
    recoveries: [Double]
  ) {
    self.universe = universe
    self.timestamps = timestamps
    self.storage = storage
    self.marks = marks
    self.recoveries = recoveries
  }

  private static func requirePositive(
    _ column: borrowing Span<Double>,
    _ marks: [Mark],
    offset: Int,
    _ asset: AssetID
  ) throws(DataError) {
    for i in 0..<column.count where marks[offset + i] == .value {
      guard column[i] > 0, column[i].isFinite else {
        throw .invalidValue(
          argument: "prices", asset: asset, row: i, got: column[i],
          lowest: .leastNonzeroMagnitude, highest: .greatestFiniteMagnitude)
      }
    }
  }

  /// Checks that a delisting follows a price and ends the column.
  private static func requireFinalDelisting(
    _ marks: [Mark],
    _ column: borrowing Span<Double>,
    offset: Int,
    recovery: Double,
    _ asset: AssetID
  ) throws(DataError) {
    var hasPrice = false
    var isDelisted = false
    for i in 0..<column.count {
      let mark = marks[offset + i]
      if mark == .value { hasPrice = true }
      if mark == .delisted, !hasPrice {
        throw .missingPrice(asset: asset, row: i, availability: .delisted(recovery: recovery))
      }
      if mark != .delisted, isDelisted {
        throw .invalidValue(
          argument: "availability after a delisting", asset: asset, row: i,
          got: mark == .value ? column[i] : .nan, lowest: recovery, highest: recovery)
      }
      isDelisted = mark == .delisted
    }
  }
}

// MARK: - Reading

extension PriceHistory {
  /// The number of rows T.
  public var rowCount: Int { timestamps.count }

  /// The number of assets N.
  public var assetCount: Int { universe.count }

  /// Reads the price of the asset at a position, or nil where there is none.
  ///
  /// Traps when an index is out of range.
  public subscript(row: Int, position: Int) -> Double? {
    let price = storage[row, position]
    return marks[row + position * rowCount] == .value ? price : nil
  }

  /// The price of an asset in a row.
  ///
  /// - Parameters:
  ///   - row: The row, from 0.
  ///   - asset: The asset.
  /// - Returns: The price, or nil when the asset has none in this row, is not in the universe, or
  ///   there is no such row.
  public func price(row: Int, asset: AssetID) -> Double? {
    guard row >= 0, row < rowCount, let position = universe.position(of: asset) else { return nil }
    return self[row, position]
  }

  /// Says whether the asset at a position has a price in a row, and why not.
  ///
  /// Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - row: The row, from 0.
  ///   - position: The position of the asset, from 0.
  /// - Returns: The availability.
  public func availability(row: Int, position: Int) -> Availability {
    precondition(row >= 0 && row < rowCount, "row out of range")
    precondition(position >= 0 && position < assetCount, "position out of range")
    switch marks[row + position * rowCount] {
    case .value: return .value
    case .notListed: return .notListed
    case .noTrade: return .noTrade
    case .halted: return .halted
    case .delisted: return .delisted(recovery: recoveries[position])
    }
  }

  /// Says whether an asset has a price in a row, and why not.
  ///
  /// - Parameters:
  ///   - row: The row, from 0.
  ///   - asset: The asset.
  /// - Returns: The availability, or nil when the asset is not in the universe or there is no such
  ///   row.
  public func availability(row: Int, asset: AssetID) -> Availability? {
    guard row >= 0, row < rowCount, let position = universe.position(of: asset) else { return nil }
    return availability(row: row, position: position)
  }

  /// The prices of one asset.
  ///
  /// - Parameter asset: The asset.
  /// - Returns: T prices, nil where there is none.
  /// - Throws: `DataError.invalidAsset`.
  public func prices(of asset: AssetID) throws(DataError) -> [Double?] {
    let position = try universe.requiredPosition(of: asset)
    return (0..<rowCount).map { self[$0, position] }
  }

  /// The row of a time.
  ///
  /// - Parameter time: The time.
  /// - Returns: The row with exactly this timestamp, or nil.
  /// - Complexity: O(log T).
  public func row(at time: Timestamp) -> Int? {
    let row = timestamps.rowCount(through: time) - 1
    return row >= 0 && timestamps[row] == time ? row : nil
  }

  /// Whether every price exists.
  public var isComplete: Bool { marks.allSatisfy { $0 == .value } }

  /// The number of cells without a price.
  public var missingCount: Int { marks.count { $0 != .value } }

  /// All prices, T × N.
  ///
  /// - Returns: The prices; no cell is made up.
  /// - Throws: `DataError.missingPrice` for the first gap, row by row.
  public func completePrices() throws(DataError) -> Matrix {
    if let gap = firstGap(in: 0..<rowCount) { throw gap }
    return storage
  }

  /// The prices of one row.
  ///
  /// - Parameter row: The row, from 0.
  /// - Returns: One price for each asset.
  /// - Throws: `DataError.missingPrice` for the first asset without one,
  ///   `DataError.shapeMismatch` when there is no such row.
  public func prices(row: Int) throws(DataError) -> Prices {
    guard row >= 0, row < rowCount else {
      throw .shapeMismatch(argument: "row", got: row, required: rowCount)
    }
    if let gap = firstGap(in: row..<(row + 1)) { throw gap }
    return try Prices(universe: universe, values: storage.row(row))
  }

  /// The prices of the last row.
  ///
  /// - Returns: One price for each asset.
  /// - Throws: `DataError.missingPrice` for the first asset without one,
  ///   `DataError.shapeMismatch` when there is no row.
  public func lastPrices() throws(DataError) -> Prices { try prices(row: rowCount - 1) }

  /// The error for the first cell without a price, row by row.
  func firstGap(in rows: Range<Int>) -> DataError? {
    for i in rows {
      for j in 0..<assetCount where marks[i + j * rowCount] != .value {
        return .missingPrice(
          asset: universe.assets[j], row: i, availability: availability(row: i, position: j))
      }
    }
    return nil
  }
}
