public import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A yield-bearing asset in two parts.
//
// Goals in order: the parts add to the whole, accuracy near maturity and at small rates, speed. What one unit of the
// underlying has grown to is the index I. A unit of principal is one unit of the underlying at maturity, a unit of yield
// is what one unit earns from the index I₀ to which it was paid until then:
//
//   P = e^(−yτ),   Y = (1 − P) + (I/I₀ − 1),   P + Y = I/I₀
//
// with the implied rate y and the time to maturity τ: P is a discount bond in units of the underlying, and the right side
// a deposit of one unit made at I₀. Written with expm1 and as (I − I₀)/I₀, each part keeps its relative accuracy when it is
// small. Source: Pendle, "Yield tokenization" and "AMM" (V. Nguyen and L. Vuong, "Pendle V2 AMM", 2022), with the rate
// compounded continuously.

/// A principal token and a yield token on one unit of a yield-bearing asset, in units of its underlying.
///
/// ```text
/// principal = e^(−yτ),   yield = 1 − e^(−yτ) + (I/I₀ − 1)
/// ```
///
/// Relative error of each price and derivative: at most 2 + |yτ| ulp, 300 references.
public struct YieldSplit: Hashable, Sendable, Codable {
  /// What one unit of the first day has become: of the time of maturity from then on.
  public let index: Double

  /// The rate y that the price of the principal implies, continuously compounded per year.
  public let impliedRate: Double

  /// The time to maturity τ, in years; zero from maturity on.
  public let timeToMaturity: Double

  /// Creates a split from its implied rate.
  ///
  /// - Parameters:
  ///   - index: What one unit of the first day has become: positive, finite.
  ///   - impliedRate: The rate that the price of the principal implies, continuously compounded per year: −100 to 100.
  ///   - timeToMaturity: The time to maturity, in years: not negative, finite.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    index: Double,
    impliedRate: Double,
    timeToMaturity: Double
  ) throws(MarketsError) {
    try require(index, "index", in: .positive)
    try require(impliedRate, "impliedRate", in: Self.rates)
    try require(timeToMaturity, "timeToMaturity", in: .nonnegative)
    self.index = index
    self.impliedRate = impliedRate
    self.timeToMaturity = timeToMaturity
  }

  /// Creates a split from the price of its principal.
  ///
  /// - Parameters:
  ///   - index: What one unit of the first day has become: positive, finite.
  ///   - principalPrice: The price of the principal in units of the underlying: positive, finite.
  ///   - timeToMaturity: The time to maturity, in years: positive, finite.
  /// - Throws: `MarketsError.invalidValue`, also for a price whose rate is out of range.
  public init(
    index: Double,
    principalPrice: Double,
    timeToMaturity: Double
  ) throws(MarketsError) {
    try require(principalPrice, "principalPrice", in: .positive)
    try require(timeToMaturity, "timeToMaturity", in: .positive)
    try self.init(
      index: index, impliedRate: -log(principalPrice) / timeToMaturity,
      timeToMaturity: timeToMaturity)
  }

  /// Rates that still mean something: ten thousand per cent.
  private static let rates = -100.0...100.0

  /// The price of the principal, in units of the underlying: one at maturity.
  public var principalPrice: Double { exp(-impliedRate * timeToMaturity) }

  /// The price of the yield from now on, in units of the underlying: zero at maturity.
  public var yieldPrice: Double { -expm1(-impliedRate * timeToMaturity) }

  /// The change of the principal's price with the implied rate, in units of the underlying; the yield's has the other sign.
  public var principalSensitivity: PerRate {
    PerRate(perUnitRate: -timeToMaturity * principalPrice)
  }

  /// What one unit of yield has earned since an index, in units of the underlying.
  ///
  /// - Parameter start: The index to which its yield was paid: positive, finite.
  /// - Returns: The yield, or NaN for an index that is not positive and finite.
  public func accruedYield(since start: Double) -> Double {
    start > 0 && start.isFinite ? (index - start) / start : .nan
  }
}
