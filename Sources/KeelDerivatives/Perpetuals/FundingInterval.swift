/// The time for which a funding rate is quoted.
public struct FundingInterval: Hashable, Sendable, Codable {
  /// The length in hours.
  public let hours: Double

  /// Creates an interval.
  ///
  /// - Parameter hours: The length in hours: positive and finite.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(hours: Double) throws(DerivativesError) {
    try requirePositive(hours, "hours")
    self.hours = hours
  }

  private init(unchecked hours: Double) { self.hours = hours }

  /// Eight hours: three intervals a day.
  public static let eightHours = FundingInterval(unchecked: 8)

  /// Four hours: six intervals a day.
  public static let fourHours = FundingInterval(unchecked: 4)

  /// One hour.
  public static let oneHour = FundingInterval(unchecked: 1)

  /// Reads an interval; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `hours`.
  /// - Throws: `DecodingError` when the value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let hours = try container.decode(Double.self, forKey: .hours)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FundingInterval(hours: hours)
    }
  }

  /// The length in years of 365 days (ACT/365 fixed).
  public var years: Double { hours / Self.hoursPerYear }

  /// The number of intervals in a year of 365 days.
  public var intervalsPerYear: Double { Self.hoursPerYear / hours }

  private static let hoursPerYear = 8_760.0
}
