import KeelNumerics

/// A regular division of time.
@nonexhaustive
public enum ResamplingPeriod: Hashable, Sendable {
  /// Some hours, counted from 1970-01-01 00:00 UTC; at least 1.
  case hours(Int)

  /// Days of UTC.
  case days

  /// Weeks of UTC that begin on Monday.
  case weeks

  /// Months of UTC.
  case months
}

/// Says to which period a row belongs that stands exactly where two meet.
@nonexhaustive
public enum PeriodBoundary: Hashable, Sendable {
  /// To the one that begins: timestamps name days or open bars, as dates without a time do.
  case belongsToNext

  /// To the one that ends: timestamps are ends of bars.
  case belongsToPrevious
}

extension PriceHistory {
  /// The last prices of longer periods.
  ///
  /// A period has the timestamp of its last row here, and each asset its last price in the period: no price from before the
  /// period is carried into it. An asset without a price in the period has the availability of its last row. A recovery is
  /// a fraction of the last kept price: what the price did after it is part of the loss. An asset that is delisted before it
  /// has a kept price is not listed in those rows. The last period may be unfinished; leave it out where it must be whole.
  ///
  /// - Parameters:
  ///   - period: The periods.
  ///   - boundary: To which period a row belongs that stands exactly where two meet.
  ///   - includesLast: Whether the last period is kept.
  /// - Returns: One row for each period that has rows.
  /// - Throws: `DataError.invalidValue` for a number of hours below 1 and for a recovery that overflows.
  /// - Complexity: O(TN).
  public func resampled(
    every period: ResamplingPeriod,
    boundary: PeriodBoundary = .belongsToNext,
    includesLast: Bool = true
  ) throws(DataError) -> PriceHistory {
    if case .hours(let count) = period, count < 1 {
      throw .invalidValue(
        argument: "hours", asset: nil, row: nil, got: Double(count), lowest: 1,
        highest: .greatestFiniteMagnitude)
    }
    let keys = timestamps.map { period.key(of: $0, boundary) }
    var ends = keys.indices.filter { $0 + 1 == keys.count || keys[$0 + 1] != keys[$0] }
    if !includesLast { ends = Array(ends.dropLast()) }
    var storage: [Double] = []
    var marks: [Mark] = []
    storage.reserveCapacity(ends.count * assetCount)
    marks.reserveCapacity(ends.count * assetCount)
    for j in 0..<assetCount {
      let column = self.storage.column(j)
      var start = 0
      for end in ends {
        let last = (start...end).last { self.marks[$0 + j * rowCount] == .value }
        let isGone = self.marks[end + j * rowCount] == .delisted
        let row = isGone ? end : last ?? end
        marks.append(self.marks[row + j * rowCount])
        storage.append(column[row])
        start = end + 1
      }
    }
    return try PriceHistory(
      universe: universe, timestamps: ends.map { timestamps[$0] }, kept: storage, marks: marks,
      recoveries: recoveries, lastPrices: knownLastPrices)
  }

  /// The time between rows, where it is the same everywhere.
  ///
  /// - Returns: The time, or nil where it differs or there are fewer than two rows.
  public var period: Duration? {
    guard rowCount >= 2 else { return nil }
    func step(_ i: Int) -> Int64? {
      let (length, overflow) = timestamps[i].nanosecondsSinceEpoch.subtractingReportingOverflow(
        timestamps[i - 1].nanosecondsSinceEpoch)
      return overflow ? nil : length
    }
    guard let first = step(1) else { return nil }
    for i in 2..<Swift.max(rowCount, 2) where step(i) != first { return nil }
    return .nanoseconds(first)
  }
}

extension ResamplingPeriod {
  /// A number that is the same for all times of a period and rises from period to period.
  fileprivate func key(of time: Timestamp, _ boundary: PeriodBoundary) -> Int64 {
    var nanoseconds = time.nanosecondsSinceEpoch
    if boundary == .belongsToPrevious, nanoseconds > .min { nanoseconds -= 1 }
    let day = nanoseconds.flooredQuotient(by: 24 * Self.hour)
    switch self {
    case .hours(let count):
      let (length, overflow) = Self.hour.multipliedReportingOverflow(by: Int64(clamping: count))
      return nanoseconds.flooredQuotient(by: overflow ? .max : length)
    case .days: return day
    // 1970-01-05 was a Monday.
    case .weeks: return (day - 4).flooredQuotient(by: 7)
    case .months:
      let date = Timestamp(nanosecondsSinceEpoch: nanoseconds).civil
      return Int64(date.year) * 12 + Int64(date.month)
    }
  }

  private static let hour: Int64 = 3_600_000_000_000
}
