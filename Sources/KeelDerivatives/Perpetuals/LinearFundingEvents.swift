#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Perpetuals whose funding is linear in the premium and paid at events.
//
// Goals in order: accuracy, closed forms.
//
// With f and x just after a payment, G = e^(gh) the growth over an interval, and a payment of
// κ (f − x) + ι x at every event, no gain in expectation over an interval says
//   premium at the payment            f = G (f − κ (f − x) − ι x)
//   premium at the previous payment   f = G f − κ (f − x) − ι x
// and the same with 1/f, 1/x, 1/G and −ι for an inverse contract, in coin.
// D. Ackerer, J. Hugonnier, U. Jermann, "Perpetual futures pricing" (2023); derived again in
// Perpetuals.md.

/// Funding that is paid at events and linear in the premium, with the notional at the index.
///
/// ```text
/// paid by longs per event   linear, quanto  κ (f − x) + ι x      inverse  κ (1/x − 1/f) + ι/x
/// ```
public struct LinearFundingEvents: Hashable, Sendable, Codable {
  /// The event at which a venue takes the prices f and x of a payment, just after it.
  public enum PremiumTime: String, Hashable, Sendable, Codable, CaseIterable {
    /// The event of the payment.
    case atPayment
    /// The event before: the amount is known one interval ahead.
    case atPreviousPayment
  }

  /// The share of the premium that one event pays, κ.
  public let premiumShare: Double

  /// The interest that one event pays as a fraction of the index, ι.
  public let interest: Double

  /// The time between events.
  public let interval: FundingInterval

  /// The event whose prices set a payment.
  public let premiumTime: PremiumTime

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - premiumShare: The share of the premium that one event pays: above 0, at most 1.
  ///   - interest: The interest that one event pays as a fraction of the index: finite.
  ///   - interval: The time between events.
  ///   - premiumTime: The event whose prices set a payment.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    premiumShare: Double,
    interest: Double,
    interval: FundingInterval,
    premiumTime: PremiumTime
  ) throws(DerivativesError) {
    guard premiumShare > 0, premiumShare <= 1 else {
      throw .invalidValue(
        argument: "premiumShare", got: premiumShare, lowest: .leastNonzeroMagnitude, highest: 1)
    }
    try requireFinite(interest, "interest")
    self.premiumShare = premiumShare
    self.interest = interest
    self.interval = interval
    self.premiumTime = premiumTime
  }

  /// Reads a rule; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `premiumShare`, `interest`, `interval` and
  ///   `premiumTime`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let share = try container.decode(Double.self, forKey: .premiumShare)
    let interest = try container.decode(Double.self, forKey: .interest)
    let interval = try container.decode(FundingInterval.self, forKey: .interval)
    let time = try container.decode(PremiumTime.self, forKey: .premiumTime)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try LinearFundingEvents(
        premiumShare: share, interest: interest, interval: interval, premiumTime: time)
    }
  }

  /// The fair price just after a payment, where forward prices grow at one rate.
  ///
  /// ```text
  ///                  premium at the payment           at the previous payment
  /// linear, quanto   x (κ − ι) G / (κ G − (G − 1))    x (κ − ι) / (κ − (G − 1))
  /// inverse          x (κ + (G − 1)) / (κ + ι)        x (κ + (1 − 1/G)) / (κ + ι)
  /// ```
  ///
  /// G is the growth over an interval. The price is the expected sum of a geometric series of
  /// forwards at the events.
  ///
  /// - Parameters:
  ///   - settlement: The settlement of the contract.
  ///   - index: The index price, in cash: positive and finite.
  ///   - growthPerYear: The growth of forward prices, continuously compounded per year, as for
  ///     ``LinearFunding``: finite.
  /// - Returns: The price in cash. NaN when an argument is outside its domain or the series does
  ///   not converge to a positive price.
  /// - Complexity: O(1).
  public func fairPrice(
    _ settlement: FuturesContract.Settlement,
    index: Double,
    growthPerYear: Double
  ) -> Double {
    guard FuturesContract.isPrice(index), growthPerYear.isFinite else { return .nan }
    let growth = growthPerYear * interval.years
    let isInverse = settlement == .inverse
    // The gain over an interval of 1/x or x, per unit of its price after or before.
    let sign: Double = isInverse ? -1 : 1
    let gain =
      premiumTime == .atPayment ? -expm1(-sign * growth) : expm1(sign * growth)
    let (interestMargin, growthMargin) = (premiumShare - sign * interest, premiumShare - gain)
    guard interestMargin > 0, growthMargin > 0, growthMargin.isFinite else { return .nan }
    return isInverse
      ? index * (growthMargin / interestMargin) : index * (interestMargin / growthMargin)
  }
}
