import KeelNumerics

/// Says which rows histories with different calendars have together.
@nonexhaustive
public enum CalendarPolicy: Hashable, Sendable {
  /// The times that all have. Nothing is made up: between them lie the periods of the sparsest calendar.
  case common

  /// The times that any has. Where another has none, its assets are not listed yet before its first row, stay delisted after
  /// a delisting, and have no trade otherwise.
  case all
}

extension PriceHistory {
  /// Puts histories of different assets side by side: markets that never close and markets that do.
  ///
  /// A recovery is a fraction of the last kept price: what the price did after it is part of the loss. An asset that is
  /// delisted before it has a kept price is not listed in those rows.
  ///
  /// - Parameters:
  ///   - histories: Histories of different assets, at least one.
  ///   - calendar: Which rows the result has.
  /// - Returns: One history of all assets, in the order given.
  /// - Throws: `DataError.invalidAsset` for an asset that stands twice, `DataError.shapeMismatch` for no history,
  ///   `DataError.invalidValue` for a recovery that overflows.
  /// - Complexity: O(TN).
  public static func aligned(
    _ histories: [PriceHistory],
    calendar: CalendarPolicy
  ) throws(DataError) -> PriceHistory {
    guard let first = histories.first else {
      throw .shapeMismatch(argument: "histories", got: 0, required: 1)
    }
    let universe = try Universe(histories.flatMap(\.universe.assets))
    let times: [Timestamp]
    switch calendar {
    case .common:
      var common = Set(first.timestamps)
      for history in histories.dropFirst() { common.formIntersection(history.timestamps) }
      times = common.sorted()
    case .all:
      var all = Set<Timestamp>()
      for history in histories { all.formUnion(history.timestamps) }
      times = all.sorted()
    }
    var storage: [Double] = []
    var marks: [Mark] = []
    storage.reserveCapacity(times.count * universe.count)
    marks.reserveCapacity(times.count * universe.count)
    for history in histories {
      // The row of each time, or that of the last one before it.
      var rows: [(row: Int, isExact: Bool)] = []
      rows.reserveCapacity(times.count)
      var row = -1
      for time in times {
        while row + 1 < history.rowCount && history.timestamps[row + 1] <= time { row += 1 }
        rows.append((row, row >= 0 && history.timestamps[row] == time))
      }
      for j in 0..<history.assetCount {
        let column = history.storage.column(j)
        for (row, isExact) in rows {
          let mark = row < 0 ? .notListed : history.marks[row + j * history.rowCount]
          storage.append(isExact ? column[row] : 0)
          if isExact || mark == .delisted || mark == .notListed {
            marks.append(mark)
          } else {
            marks.append(.noTrade)
          }
        }
      }
    }
    return try PriceHistory(
      universe: universe, timestamps: times, kept: storage, marks: marks,
      recoveries: histories.flatMap(\.recoveries),
      lastPrices: histories.flatMap(\.knownLastPrices))
  }
}
