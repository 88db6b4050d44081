/// The number of periods in a year, which turns values per period into values per year.
///
/// There is no default anywhere: a wrong one (252 for a market that never closes) shifts every
/// annual figure without an error.
public struct Annualization: Hashable, Sendable {
  /// The number of periods in a year.
  public let periodsPerYear: Double

  /// Creates an annualization.
  ///
  /// - Parameter periodsPerYear: The number of periods in a year; positive and finite.
  /// - Throws: `DataError.invalidValue`.
  public init(periodsPerYear: Double) throws(DataError) {
    guard periodsPerYear > 0, periodsPerYear.isFinite else {
      throw .invalidValue(
        argument: "periodsPerYear", asset: nil, row: nil, got: periodsPerYear,
        lowest: .leastNonzeroMagnitude, highest: .greatestFiniteMagnitude)
    }
    self.periodsPerYear = periodsPerYear
  }

  private init(unchecked periodsPerYear: Double) { self.periodsPerYear = periodsPerYear }

  /// Hourly data of a market that never closes: 8760 periods.
  public static let hourlyContinuous = Annualization(unchecked: 8760)

  /// Daily data of a market that never closes: 365 periods.
  public static let dailyContinuous = Annualization(unchecked: 365)

  /// Daily data of a market that trades on business days: 252 periods.
  public static let businessDays = Annualization(unchecked: 252)

  /// Weekly data: 52 periods.
  public static let weekly = Annualization(unchecked: 52)

  /// Monthly data: 12 periods.
  public static let monthly = Annualization(unchecked: 12)

  /// The annual value of a mean, or of a variance of independent periods: the value times the
  /// number of periods.
  ///
  /// - Parameter value: The value per period.
  /// - Returns: The value per year.
  public func linear(_ value: Double) -> Double { value * periodsPerYear }

  /// The annual value of a volatility of independent periods: the value times the square root of
  /// the number of periods.
  ///
  /// - Parameter value: The standard deviation per period.
  /// - Returns: The standard deviation per year.
  public func volatility(_ value: Double) -> Double { value * periodsPerYear.squareRoot() }
}
