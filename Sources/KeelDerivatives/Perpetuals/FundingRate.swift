#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a positive funding rate means.
public enum FundingSign: String, Hashable, Sendable, Codable, CaseIterable {
  /// Holders of long positions pay holders of short ones.
  case longPaysShort
  /// Holders of short positions pay holders of long ones.
  case shortPaysLong
}

/// A funding rate: a fraction of notional per interval, with the meaning of its sign.
///
/// Rates of different intervals are compared per year, through a conversion that says whether it
/// compounds.
public struct FundingRate: Hashable, Sendable, Codable {
  /// The rate as a fraction of notional per interval: 0.0001 is one basis point.
  public var fraction: Double

  /// The interval.
  public var interval: FundingInterval

  /// Who pays when the fraction is positive.
  public var whenPositive: FundingSign

  /// Creates a rate.
  ///
  /// - Parameters:
  ///   - fraction: The fraction of notional per interval.
  ///   - interval: The interval.
  ///   - whenPositive: Who pays when the fraction is positive.
  public init(fraction: Double, interval: FundingInterval, whenPositive: FundingSign) {
    self.fraction = fraction
    self.interval = interval
    self.whenPositive = whenPositive
  }

  /// Creates the rate that is a simple rate per year.
  ///
  /// - Parameters:
  ///   - simplePerYear: The rate per year, without compounding.
  ///   - interval: The interval.
  ///   - whenPositive: Who pays when the rate is positive.
  public init(simplePerYear: Double, interval: FundingInterval, whenPositive: FundingSign) {
    self.init(
      fraction: simplePerYear / interval.intervalsPerYear, interval: interval,
      whenPositive: whenPositive)
  }

  /// Creates the rate that compounds to a rate per year.
  ///
  /// - Parameters:
  ///   - compoundedPerYear: The rate per year, compounded at the end of every interval: above −1.
  ///   - interval: The interval.
  ///   - whenPositive: Who pays when the rate is positive.
  public init(compoundedPerYear: Double, interval: FundingInterval, whenPositive: FundingSign) {
    self.init(
      fraction: expm1(log1p(compoundedPerYear) / interval.intervalsPerYear), interval: interval,
      whenPositive: whenPositive)
  }

  /// The fraction that a long position pays: negative when it receives.
  public var paidByLong: Double { whenPositive == .longPaysShort ? fraction : -fraction }

  /// The rate per year without compounding: the fraction times the number of intervals in a year.
  public var simplePerYear: Double { fraction * interval.intervalsPerYear }

  /// The rate per year, compounded at the end of every interval: `(1 + f)ⁿ − 1`.
  ///
  /// NaN for a fraction below −1.
  public var compoundedPerYear: Double { expm1(interval.intervalsPerYear * log1p(fraction)) }

  /// The same payment per unit of time over another interval, without compounding.
  ///
  /// A rate that is quoted for 8 hours and accrues continuously pays this over a part of them.
  ///
  /// - Parameter interval: The interval over which the rate accrues.
  /// - Returns: The fraction in proportion to the hours.
  public func accrued(over interval: FundingInterval) -> FundingRate {
    FundingRate(
      fraction: fraction * (interval.hours / self.interval.hours), interval: interval,
      whenPositive: whenPositive)
  }
}
