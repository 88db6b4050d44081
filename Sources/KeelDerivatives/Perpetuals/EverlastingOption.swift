import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// An option that never expires and pays funding on the difference of mark and payoff.
//
// Goals in order: accuracy with a proven bound of what is cut off, Greeks from the same legs.
//
// At every event the holder pays c (M − payoff), where M is the mark before the payment. With M′ the
// price after it, M = M′ − c (M − payoff), so M = w payoff + (1 − w) M′ with w = c/(1 + c): a share w
// of the option expires, and the rest goes on to the next event. Hence the value is the sum of
// dated options at the events with weights w (1 − w)ⁿ; c = 1, once a day, gives ½, ¼, ⅛, …
// S. Bankman-Fried, D. White, "Everlasting options", Paradigm (2021).

/// An option that never expires and pays the difference of its mark and payoff as funding.
public struct EverlastingOption: Hashable, Sendable, Codable {
  /// One dated option of the sum that an everlasting option is.
  public struct Leg: Hashable, Sendable, Codable {
    /// The number of dated options: all weights sum to one.
    public var weight: Double

    /// The dated option, which expires at a funding event.
    public var option: EuropeanOption
  }

  /// Call or put.
  public let kind: EuropeanOption.Kind

  /// The strike, in cash.
  public let strike: Double

  /// The time between funding events.
  public let interval: FundingInterval

  /// The share of mark less payoff that a holder pays at an event; 1 is the original daily rule.
  public let fundingShare: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash: finite, not negative. A call at zero is a perpetual that is
  ///     paid for in full.
  ///   - interval: The time between funding events.
  ///   - fundingShare: The share of mark less payoff that a holder pays at an event, taken on the
  ///     mark before the payment: positive and finite. With n events in a funding period it is 1/n.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    kind: EuropeanOption.Kind,
    strike: Double,
    interval: FundingInterval,
    fundingShare: Double
  ) throws(DerivativesError) {
    guard Black.isAmount(strike) else {
      throw .invalidValue(
        argument: "strike", got: strike, lowest: 0, highest: .greatestFiniteMagnitude)
    }
    try requirePositive(fundingShare, "fundingShare")
    self.kind = kind
    self.strike = strike
    self.interval = interval
    self.fundingShare = fundingShare
  }

  /// Reads an option; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `kind`, `strike`, `interval` and `fundingShare`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try container.decode(EuropeanOption.Kind.self, forKey: .kind)
    let strike = try container.decode(Double.self, forKey: .strike)
    let interval = try container.decode(FundingInterval.self, forKey: .interval)
    let share = try container.decode(Double.self, forKey: .fundingShare)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try EverlastingOption(kind: kind, strike: strike, interval: interval, fundingShare: share)
    }
  }

  /// A dated option of the sum.
  ///
  /// ```text
  /// weight c (1 + c)^(−n−1),   expiry at event n after the next
  /// ```
  ///
  /// - Parameters:
  ///   - index: The number n of the event, from 0 for the next one: not negative.
  ///   - timeToNextFunding: The time to the next event in years. Zero is the moment before a
  ///     payment.
  /// - Returns: The leg.
  public func leg(_ index: Int, timeToNextFunding: Double) -> Leg {
    let number = Double(index)
    return Leg(
      weight: fundingShare * exp(-(number + 1) * log1p(fundingShare)),
      option: EuropeanOption(
        kind: kind, strike: strike, timeToExpiry: timeToNextFunding + number * interval.years))
  }

  /// The value with its Greeks: the sum of its dated options.
  ///
  /// Legs are added until the bound of the rest is below half a unit in the last place of the
  /// price, or until `maximumLegCount`. A leg is worth at most `S e^(−yT)` (call) or `K e^(−rT)`
  /// (put), so that the rest after n legs is at most
  ///
  /// ```text
  /// w_n S e^(−y T_n) / (1 − e^(−y h)/(1 + c))          and with K and r for a put
  /// ```
  ///
  /// All terms are positive: the sum has the relative accuracy of its legs, and is below the value
  /// by at most the bound that is returned. The Greeks are sums of the same legs, each with a bound
  /// of its own. Theta is the change as time passes between two events.
  ///
  /// - Parameters:
  ///   - model: The market.
  ///   - timeToNextFunding: The time to the next event in years, at most one interval. Zero is the
  ///     moment before a payment, one interval that after it.
  ///   - maximumLegCount: The largest number of legs: positive.
  /// - Returns: The value; all NaN outside the domain, and where the bound does not converge
  ///   because the yield (call) or the rate (put) is negative beyond the funding.
  /// - Complexity: O(n) for n legs: 53 and a few for a share of 1, some 37/c for a small one.
  public func value(
    in model: BlackScholes,
    timeToNextFunding: Double,
    maximumLegCount: Int = 200_000
  ) -> EverlastingValue {
    let yield = kind == .call ? model.carryYield : model.rate
    let limit = kind == .call ? model.spot : strike
    let decay = log1p(fundingShare) + yield * interval.years
    guard timeToNextFunding >= 0, timeToNextFunding <= interval.years, decay > 0, decay.isFinite
    else { return .undefined }
    var sums = GreeksSum()
    var count = 0
    var bound = Double.infinity
    while count < maximumLegCount {
      let leg = leg(count, timeToNextFunding: timeToNextFunding)
      let greeks = model.greeks(of: leg.option)
      guard !greeks.price.isNaN else { return .undefined }
      sums.add(leg.weight, greeks)
      count += 1
      let rest = self.leg(count, timeToNextFunding: timeToNextFunding)
      bound =
        limit * rest.weight * exp(-yield * rest.option.timeToExpiry) / -expm1(-decay)
      if bound <= sums.price * (Double.ulpOfOne / 4) { break }
    }
    let truncation = EverlastingTruncation(
      model: model, strike: strike, weight: bound,
      time: timeToNextFunding + Double(count) * interval.years, interval: interval.years,
      decay: decay)
    return EverlastingValue(
      greeks: sums.value, legCount: count, truncationBounds: truncation.bounds)
  }
}

/// The value of an everlasting option, and how much of the infinite sum is missing.
public struct EverlastingValue: Hashable, Sendable {
  /// The price and its derivatives.
  public let greeks: Greeks

  /// The number of dated options that were summed.
  public let legCount: Int

  /// What the omitted legs add to the price and to each derivative at most: magnitudes in the units
  /// of the derivatives.
  ///
  /// They hold for every market between the events; infinite where nothing can be said, as for gamma
  /// without volatility.
  public let truncationBounds: Greeks

  /// What the price of the omitted legs is at most, in cash.
  public var truncationBound: Double { truncationBounds.price }

  static let undefined = EverlastingValue(
    greeks: .undefined, legCount: 0, truncationBounds: .undefined)
}

/// Compensated sums of weighted Greeks, after Neumaier, ZAMM 54 (1974).
private struct GreeksSum {
  private var sum = Greeks.zero
  private var lost = Greeks.zero

  var price: Double { sum.price + lost.price }

  mutating func add(_ weight: Double, _ greeks: Greeks) {
    let term = weight * greeks
    lost += sum.combined(term) { sum, term in
      let total = sum + term
      guard total.isFinite else { return 0 }
      return sum.magnitude >= term.magnitude ? (sum - total) + term : (term - total) + sum
    }
    sum += term
  }

  var value: Greeks { sum + lost }
}
