/// A point in time in UTC, in whole nanoseconds since 1970-01-01T00:00:00Z.
///
/// The range is 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z. Leap seconds are
/// not counted, as in POSIX time. Keel never reads a clock: every timestamp comes from the caller.
public struct Timestamp: Hashable, Sendable, Codable, Comparable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public let nanosecondsSinceEpoch: Int64

  /// Creates a timestamp from nanoseconds since 1970-01-01T00:00:00Z.
  ///
  /// - Parameter nanosecondsSinceEpoch: The nanoseconds; negative before 1970.
  @inlinable
  public init(nanosecondsSinceEpoch: Int64) {
    self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
  }

  /// The earliest timestamp, in the year 1677.
  public static let distantPast = Timestamp(nanosecondsSinceEpoch: .min)

  /// The latest timestamp, in the year 2262.
  public static let distantFuture = Timestamp(nanosecondsSinceEpoch: .max)

  /// Orders timestamps by time.
  @inlinable
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
  }
}

// MARK: - Durations

extension Timestamp {
  /// The nanoseconds in a second.
  static let nanosecondsPerSecond: Int64 = 1_000_000_000

  /// The nanoseconds in a day of 24 hours.
  static let nanosecondsPerDay: Int64 = 86_400 * nanosecondsPerSecond

  /// The days in a year of the day count ACT/365 fixed.
  static let daysPerYear: Double = 365

  /// The timestamp some nanoseconds later.
  ///
  /// - Parameter nanoseconds: The nanoseconds to add; negative for an earlier time.
  /// - Returns: The later timestamp.
  /// - Throws: `DataError.invalidTimestamp` when the result is out of range.
  public func advanced(byNanoseconds nanoseconds: Int64) throws(DataError) -> Timestamp {
    let (sum, overflow) = nanosecondsSinceEpoch.addingReportingOverflow(nanoseconds)
    guard !overflow else { throw .invalidTimestamp(row: nil, reason: .outOfRange) }
    return Timestamp(nanosecondsSinceEpoch: sum)
  }

  /// The timestamp some whole seconds later.
  ///
  /// - Parameter seconds: The seconds to add; negative for an earlier time.
  /// - Returns: The later timestamp.
  /// - Throws: `DataError.invalidTimestamp` when the result is out of range.
  public func advanced(bySeconds seconds: Int) throws(DataError) -> Timestamp {
    try advanced(by: seconds, unit: Self.nanosecondsPerSecond)
  }

  /// The timestamp some days of 24 hours later.
  ///
  /// - Parameter days: The days to add; negative for an earlier time.
  /// - Returns: The later timestamp, at the same time of day.
  /// - Throws: `DataError.invalidTimestamp` when the result is out of range.
  public func advanced(byDays days: Int) throws(DataError) -> Timestamp {
    try advanced(by: days, unit: Self.nanosecondsPerDay)
  }

  private func advanced(by count: Int, unit: Int64) throws(DataError) -> Timestamp {
    let (nanoseconds, overflow) = Int64(count).multipliedReportingOverflow(by: unit)
    guard !overflow else { throw .invalidTimestamp(row: nil, reason: .outOfRange) }
    return try advanced(byNanoseconds: nanoseconds)
  }

  /// The time since an earlier timestamp, in seconds.
  ///
  /// The difference is taken exactly; relative error at most 2⁻⁵².
  ///
  /// - Parameter earlier: The other timestamp; a later one gives a negative result.
  /// - Returns: The seconds from `earlier` to this timestamp.
  public func seconds(since earlier: Timestamp) -> Double {
    nanoseconds(since: earlier) / Double(Self.nanosecondsPerSecond)
  }

  /// The time since an earlier timestamp, in years of 365 days (ACT/365 fixed).
  ///
  /// The difference is taken exactly; relative error at most 2⁻⁵².
  ///
  /// - Parameter earlier: The other timestamp; a later one gives a negative result.
  /// - Returns: The years from `earlier` to this timestamp.
  public func years(since earlier: Timestamp) -> Double {
    nanoseconds(since: earlier) / (Double(Self.nanosecondsPerDay) * Self.daysPerYear)
  }

  private func nanoseconds(since earlier: Timestamp) -> Double {
    let (difference, overflow) = nanosecondsSinceEpoch.subtractingReportingOverflow(
      earlier.nanosecondsSinceEpoch)
    guard overflow else { return Double(difference) }
    // The true difference needs 65 bits: its sign is that of `self`, its magnitude fits UInt64.
    let magnitude =
      UInt64(bitPattern: nanosecondsSinceEpoch)
      &- UInt64(bitPattern: earlier.nanosecondsSinceEpoch)
    return nanosecondsSinceEpoch >= 0 ? Double(magnitude) : -Double(0 &- magnitude)
  }
}
