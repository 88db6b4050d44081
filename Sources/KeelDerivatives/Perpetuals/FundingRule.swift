// The rate that a venue sets from the premium of its perpetual.
//
// One family holds the documented rules: a piecewise linear function of the premium P,
//   rate = limits(share · (P + I))                      interest added
//   rate = limits(share · (P + clamp(I − P, −c, c)))    interest damped
// The damped form is I while P is within c of I, and else P moved by c toward I. With I = 0 it is
// Deribit's max(c, P) + min(−c, P).

/// How a venue sets the funding rate of a perpetual from its premium over the index.
///
/// A positive rate is paid by holders of long positions to holders of short ones.
public struct FundingRule: Hashable, Sendable, Codable {
  /// How interest enters the rate; all numbers are fractions per interval of the rule.
  public enum Interest: Hashable, Sendable, Codable {
    /// `P + interest`.
    case added(Double)
    /// `P + clamp(interest − P, −halfWidth, halfWidth)`.
    case damped(Double, halfWidth: Double)
  }

  /// When funding is paid.
  public enum Accrual: String, Hashable, Sendable, Codable, CaseIterable {
    /// At the end of every interval, by those who hold a position at that time.
    case atEvents
    /// At every moment, in proportion to time.
    case continuous
  }

  /// The price at which the notional of a position is taken when funding is paid.
  public enum NotionalPrice: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mark price at the time of the payment.
    case mark
    /// The index price at the time of the payment.
    case index
  }

  /// The parts of a rule that many venues share.
  public struct Settings: Hashable, Sendable, Codable {
    /// The share of premium and interest that one interval pays: an eighth where premium and
    /// interest are stated for 8 hours and paid every hour.
    public var share = 1.0

    /// The lowest and the highest rate per interval; nil where there is none or it depends on the
    /// contract.
    public var limits: ClosedRange<Double>?

    /// When funding is paid.
    public var accrual = Accrual.atEvents

    /// The price of the notional: the mark, as at most venues.
    public var notionalPrice = NotionalPrice.mark

    /// How sampled premiums are averaged: plainly, as at most venues.
    public var averaging = PremiumAveraging.uniform

    /// Creates settings with the values that most venues share.
    public init() {}
  }

  /// How interest enters the rate.
  public let interest: Interest

  /// The interval of the rate, and of its payment where that is at events.
  public let interval: FundingInterval

  /// The other parts.
  public let settings: Settings

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - interest: How interest enters the rate: finite, the half-width not negative.
  ///   - interval: The interval of the rate.
  ///   - settings: The other parts: the share positive and finite, the limits finite.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    interest: Interest,
    interval: FundingInterval,
    settings: Settings = Settings()
  ) throws(DerivativesError) {
    switch interest {
    case .added(let interest): try requireFinite(interest, "interest")
    case .damped(let interest, let halfWidth):
      try requireFinite(interest, "interest")
      guard Black.isAmount(halfWidth) else {
        throw .invalidValue(
          argument: "halfWidth", got: halfWidth, lowest: 0, highest: .greatestFiniteMagnitude)
      }
    }
    try requirePositive(settings.share, "share")
    if let limits = settings.limits {
      try requireFinite(limits.lowerBound, "limits.lowerBound")
      try requireFinite(limits.upperBound, "limits.upperBound")
    }
    self.init(unchecked: interest, interval: interval, settings: settings)
  }

  init(unchecked interest: Interest, interval: FundingInterval, settings: Settings) {
    self.interest = interest
    self.interval = interval
    self.settings = settings
  }

  /// Reads a rule; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `interest`, `interval` and `settings`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let interest = try container.decode(Interest.self, forKey: .interest)
    let interval = try container.decode(FundingInterval.self, forKey: .interval)
    let settings = try container.decode(Settings.self, forKey: .settings)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FundingRule(interest: interest, interval: interval, settings: settings)
    }
  }

  /// The rate that a premium sets.
  ///
  /// - Parameter premium: The average premium over the interval as a fraction of the index: finite.
  /// - Returns: The rate per interval, its fraction NaN when the premium is not finite.
  /// - Complexity: O(1).
  public func rate(premium: Double) -> FundingRate {
    var fraction = Double.nan
    if premium.isFinite {
      switch interest {
      case .added(let interest): fraction = settings.share * (premium + interest)
      case .damped(let interest, let halfWidth):
        // Moved by the half-width toward the interest, but not across it.
        let moved =
          premium > interest
          ? max(interest, premium - halfWidth) : min(interest, premium + halfWidth)
        fraction = settings.share * moved
      }
      if let limits = settings.limits {
        fraction = min(max(fraction, limits.lowerBound), limits.upperBound)
      }
    }
    return FundingRate(fraction: fraction, interval: interval, whenPositive: .longPaysShort)
  }

  /// The rate that the premiums of an interval set.
  ///
  /// - Parameter samples: The premiums, oldest first, equally spaced in time.
  /// - Returns: The rate of their average, its fraction NaN when there is none or it is not finite.
  /// - Complexity: O(n).
  public func rate(samples: [Double]) -> FundingRate {
    rate(premium: settings.averaging.average(of: samples))
  }

  /// The price at which the rule takes the notional of a payment.
  ///
  /// - Parameter quote: The prices at the time of the payment.
  /// - Returns: The mark or the index, in cash.
  public func notionalPrice(of quote: PerpetualQuote) -> Double {
    settings.notionalPrice == .mark ? quote.mark : quote.index
  }
}
