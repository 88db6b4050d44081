import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Quotes of interest as one rate, continuously compounded per year.
//
// Goals in order: accuracy at small rates and short periods, a defined value everywhere, speed. What one unit grows to in
// a year is (1 + q/n)ⁿ for a quote q that is credited n times a year, so that
//
//   r = n log1p(q/n),   q = n expm1(r/n)
//
// and simple interest over a period of T years is credited n = 1/T times. An index read twice grows by I₂/I₁, of which the
// logarithm is taken as log1p((I₂ − I₁)/I₁): between close readings the difference is exact.

/// A rate of interest as a market quotes it: a number per year, and how often it is credited.
///
/// ```text
/// r = n ln(1 + q/n)
/// ```
///
/// with the quote q, credited n times a year, and the rate r, continuously compounded. Relative error: at most 4 ulp for
/// q/n above −1/2, 400 references.
public struct QuotedRate: Hashable, Sendable, Codable {
  /// How often interest is credited.
  public enum Compounding: Hashable, Sendable, Codable {
    /// Once, at the end of a period in years: simple interest, as of fixed terms.
    case simple(periodInYears: Double)

    /// A number of times a year: 1 for an effective yield (APY), 365 for a rate paid daily.
    case periodic(perYear: Double)

    /// Every second of a year of 365 days, by an index, as money markets quote.
    case everySecond

    /// All the time.
    case continuous

    /// The number n of credits a year; NaN when it is not positive.
    var creditsPerYear: Double {
      let credits =
        switch self {
        case .simple(let period): 1 / period
        case .periodic(let perYear): perYear
        case .everySecond: 365 * 86_400.0
        case .continuous: Double.infinity
        }
      return credits > 0 ? credits : .nan
    }
  }

  /// The quote q, per year as a fraction: 0.04 is 4 %.
  public var perYear: Double

  /// How often it is credited.
  public var compounding: Compounding

  /// Creates a quote.
  ///
  /// - Parameters:
  ///   - perYear: The quote per year as a fraction: finite.
  ///   - compounding: How often it is credited.
  public init(_ perYear: Double, _ compounding: Compounding) {
    self.perYear = perYear
    self.compounding = compounding
  }

  /// Creates the quote of a rate.
  ///
  /// - Parameters:
  ///   - rate: The rate, continuously compounded per year.
  ///   - compounding: How often the quote is credited.
  public init(continuouslyCompounded rate: Double, as compounding: Compounding) {
    let credits = compounding.creditsPerYear
    self.init(credits == .infinity ? rate : credits * expm1(rate / credits), compounding)
  }

  /// Creates what suppliers earn in a money market; NaN for a utilization outside 0 to 1.
  ///
  /// - Parameters:
  ///   - utilization: Borrowed over supplied, 0 to 1.
  ///   - model: The rates of the market.
  public init(supplyingAt utilization: Double, in model: InterestRateModel) {
    self.init(model.supplyRate(utilization: utilization), .everySecond)
  }

  /// Creates the rate at which an index grew, or the exchange rate of a liquid staking token.
  ///
  /// - Parameters:
  ///   - first: The index at first: positive, finite.
  ///   - last: The index later: positive, finite.
  ///   - years: The time between, in years: positive, finite.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    indexFrom first: Double,
    to last: Double,
    years: Double
  ) throws(MarketsError) {
    try require(first, "first index", in: .positive)
    try require(last, "last index", in: .positive)
    try require(years, "years", in: .positive)
    let growth = (last - first) / first
    // Far from one the difference has lost what the quotient keeps.
    let logarithm = growth.magnitude <= 0.5 ? log1p(growth) : log(last) - log(first)
    self.init(logarithm / years, .continuous)
  }

  /// The rate r, continuously compounded per year; NaN when one credit takes all, q/n ≤ −1, or n is not positive.
  public var continuouslyCompounded: Double {
    let credits = compounding.creditsPerYear
    if credits == .infinity { return perYear }
    let credit = perYear / credits
    return credit > -1 ? credits * log1p(credit) : .nan
  }
}
