// Calendar arithmetic in the proleptic Gregorian calendar. Goals: exact for every timestamp, no
// division that can trap, O(1).
//
// A year that begins in March has its leap day at the end, and its months start on the days
// ⌊(153 m + 2) / 5⌋, m = 0 … 11, counted from 1 March (the idea of Zeller's congruence, Acta
// Mathematica 9, 1887). All years in range are positive, so that truncating division is a floor.

/// The parts of a date and a time of day in UTC, in the proleptic Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
  /// The year, 1677 to 2262.
  public let year: Int

  /// The month, 1 to 12.
  public let month: Int

  /// The day of the month, 1 to 31.
  public let day: Int

  /// The hour, 0 to 23.
  public let hour: Int

  /// The minute, 0 to 59.
  public let minute: Int

  /// The second, 0 to 59.
  public let second: Int

  /// The nanosecond, 0 to 999 999 999.
  public let nanosecond: Int
}

extension Timestamp {
  /// The years that a timestamp can fall into.
  static let years = 1677...2262

  /// Days from 1 March of the year 0 to 1 January 1970.
  private static let daysToEpoch: Int64 = 719_468

  /// Creates a timestamp from a date and a time of day in UTC.
  ///
  /// - Parameters:
  ///   - year: The year, 1677 to 2262.
  ///   - month: The month, 1 to 12.
  ///   - day: The day of the month, from 1.
  ///   - hour: The hour, 0 to 23.
  ///   - minute: The minute, 0 to 59.
  ///   - second: The second, 0 to 59; leap seconds are refused.
  ///   - nanosecond: The nanosecond, 0 to 999 999 999.
  /// - Throws: `DataError.invalidValue` that names the part outside its range, or
  ///   `DataError.invalidTimestamp` for a time in 1677 or 2262 that does not fit.
  public init(
    year: Int,
    month: Int,
    day: Int,
    hour: Int = 0,
    minute: Int = 0,
    second: Int = 0,
    nanosecond: Int = 0
  ) throws(DataError) {
    try Self.require("year", year, in: Self.years)
    try Self.require("month", month, in: 1...12)
    try Self.require("day", day, in: 1...Self.dayCount(year: year, month: month))
    try Self.require("hour", hour, in: 0...23)
    try Self.require("minute", minute, in: 0...59)
    try Self.require("second", second, in: 0...59)
    try Self.require("nanosecond", nanosecond, in: 0...999_999_999)
    let seconds =
      Self.daysSinceEpoch(year: year, month: month, day: day) * 86_400
      + Int64(hour * 3600 + minute * 60 + second)
    guard
      let timestamp = Timestamp(secondsSinceEpoch: seconds, nanosecond: Int64(nanosecond))
    else { throw .invalidTimestamp(row: nil, reason: .outOfRange) }
    self = timestamp
  }

  private static func require(
    _ argument: String,
    _ value: Int,
    in range: ClosedRange<Int>
  ) throws(DataError) {
    guard range.contains(value) else {
      throw .invalidValue(
        argument: argument, asset: nil, row: nil, got: Double(value),
        lowest: Double(range.lowerBound), highest: Double(range.upperBound))
    }
  }

  /// Creates a timestamp from seconds and the nanosecond within the second; nil out of range.
  init?(secondsSinceEpoch seconds: Int64, nanosecond: Int64) {
    // One second of slack keeps the product in range where the whole is: −2⁶³ ns lies within a
    // second whose start does not fit.
    let slack: Int64 = seconds < 0 ? 1 : 0
    let (product, overflow) = (seconds + slack)
      .multipliedReportingOverflow(by: Self.nanosecondsPerSecond)
    guard !overflow else { return nil }
    let (sum, sumOverflow) =
      product
      .addingReportingOverflow(nanosecond - slack * Self.nanosecondsPerSecond)
    guard !sumOverflow else { return nil }
    nanosecondsSinceEpoch = sum
  }

  /// The number of days in a month.
  static func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The days from 1970-01-01 to a date.
  static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
    let yearFromMarch = Int64(month <= 2 ? year - 1 : year)
    let monthFromMarch = Int64((month + 9) % 12)
    return firstDay(ofYearFromMarch: yearFromMarch) + (153 * monthFromMarch + 2) / 5
      + Int64(day - 1) - daysToEpoch
  }

  /// The days from 1 March of the year 0 to 1 March of another year.
  private static func firstDay(ofYearFromMarch year: Int64) -> Int64 {
    365 * year + year / 4 - year / 100 + year / 400
  }

  /// The date and the time of day in UTC.
  public var civil: CivilTime {
    let day = nanosecondsSinceEpoch.flooredQuotient(by: Self.nanosecondsPerDay)
    let nanosecondOfDay = nanosecondsSinceEpoch &- day &* Self.nanosecondsPerDay
    let second = nanosecondOfDay / Self.nanosecondsPerSecond

    let dayFromMarch = day + Self.daysToEpoch
    // 400 years have 146 097 days; the estimate is at most one year off.
    var year = dayFromMarch * 400 / 146_097
    if Self.firstDay(ofYearFromMarch: year) > dayFromMarch { year -= 1 }
    if Self.firstDay(ofYearFromMarch: year + 1) <= dayFromMarch { year += 1 }
    let dayOfYear = dayFromMarch - Self.firstDay(ofYearFromMarch: year)
    let month = (5 * dayOfYear + 2) / 153
    return CivilTime(
      year: Int(month >= 10 ? year + 1 : year),
      month: Int(month >= 10 ? month - 9 : month + 3),
      day: Int(dayOfYear - (153 * month + 2) / 5 + 1),
      hour: Int(second / 3600),
      minute: Int(second / 60 % 60),
      second: Int(second % 60),
      nanosecond: Int(nanosecondOfDay % Self.nanosecondsPerSecond)
    )
  }
}

extension Int64 {
  /// The quotient rounded toward negative infinity; the divisor is positive.
  func flooredQuotient(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
