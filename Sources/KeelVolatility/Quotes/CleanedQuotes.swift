internal import KeelDerivatives

/// A chain of options, cleaned: the quotes that smiles are fitted to, the forwards that they imply, and every quote
/// left out with its reason.
///
/// Each expiry keeps the options out of the money, as implied volatilities of bid and ask around the forward of
/// put-call parity. A bad quote never throws; it is in ``dropped``. Method: <doc:QuoteCleaning>.
public struct CleanedQuotes: Hashable, Sendable, Codable {
  /// What a premium is paid in.
  public enum Premium: String, Hashable, Sendable, Codable {
    /// Cash, the unit of the strikes.
    case cash

    /// The coin that the option is written on, as on Deribit: a price of cash over the price of the coin.
    case coin
  }

  /// A forward and a discount factor that the caller knows.
  public struct KnownForward: Hashable, Sendable, Codable {
    /// The time to expiry in years: that of the options, to the last digit.
    public var timeToExpiry: Double

    /// The forward price, in cash.
    public var forward: Double

    /// What one unit of cash at expiry is worth today.
    public var discountFactor: Double

    /// Creates a forward.
    ///
    /// - Parameters:
    ///   - timeToExpiry: The time to expiry in years.
    ///   - forward: The forward price, in cash: positive.
    ///   - discountFactor: What one unit of cash at expiry is worth today: positive.
    public init(timeToExpiry: Double, forward: Double, discountFactor: Double) {
      self.timeToExpiry = timeToExpiry
      self.forward = forward
      self.discountFactor = discountFactor
    }
  }

  /// Limits of the cleaning.
  public struct Settings: Hashable, Sendable, Codable {
    /// The interest rate of what premiums are paid in, continuously compounded per year; nil has parity imply it.
    ///
    /// Coins mostly earn none, and short expiries say little: zero is right on Deribit.
    public var rate: Double? = nil

    /// The age in seconds above which a quote is stale: a minute, in which a price moves by less than a spread.
    public var maximumAge = 60.0

    /// The ask over the bid above which a quote says little: a bid below a fifth of the ask.
    public var maximumRatio = 5.0

    /// The pairs of call and put that an expiry's forward needs: as many as show one outlier.
    public var minimumPairs = 4

    /// The distance from parity, in half spreads of the pair, beyond which both quotes are left out.
    ///
    /// Beyond one, no trade inside bid and ask is at parity; the other is for the error of the forward.
    public var parityTolerance = 2.0

    /// Creates the default settings.
    public init() {}
  }

  /// The quotes of each expiry that keeps any, by ascending time.
  public let smiles: [SmileQuotes]

  /// The forward of each expiry that has one, by ascending time.
  public let parity: [ParityFit]

  /// What was left out, by ascending position: with the quotes that were kept, the whole list.
  public let dropped: [DroppedQuote]

  /// Cleans a chain on one underlying at one moment.
  ///
  /// - Parameters:
  ///   - quotes: The quotes in any order. Those of one expiry have the same time to expiry.
  ///   - premium: What prices are paid in.
  ///   - spot: The price of the underlying, in cash: required for premiums in coin and for quotes with a price of the
  ///     underlying of their own, whose strikes are moved with it.
  ///   - known: The forwards of expiries that have too few pairs.
  ///   - settings: The limits.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a spot, a setting or a known forward
  ///   that cannot be used; ``VolatilityError/tooFewQuotes(got:required:)`` when no quote is left.
  /// - Complexity: O(n log n), and the square of the strikes of an expiry.
  public init(
    _ quotes: [OptionQuote],
    premium: Premium,
    spot: Double? = nil,
    known: [KnownForward] = [],
    settings: Settings = Settings()
  ) throws(VolatilityError) {
    try Self.check(spot, premium, quotes, known, settings)
    var cleaning = QuoteCleaning(quotes, premium, spot, settings)
    cleaning.screen()
    for time in cleaning.times {
      try cleaning.clean(time, known.first { $0.timeToExpiry == time })
    }
    guard !cleaning.smiles.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    smiles = cleaning.smiles
    parity = cleaning.parity
    dropped = cleaning.reasons.enumerated().compactMap { index, reason in
      reason.map { DroppedQuote(index: index, reason: $0) }
    }
  }

  private static func check(
    _ spot: Double?,
    _ premium: Premium,
    _ quotes: [OptionQuote],
    _ known: [KnownForward],
    _ settings: Settings
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    if let spot {
      try VolatilityError.require(spot, "spot", .leastNormalMagnitude, largest)
    } else if premium == .coin || quotes.contains(where: { $0.underlyingPrice != nil }) {
      throw .invalidValue(
        argument: "spot", got: .nan, lowest: .leastNormalMagnitude, highest: largest)
    }
    for forward in known {
      for (value, name) in [
        (forward.timeToExpiry, "timeToExpiry"), (forward.forward, "forward"),
        (forward.discountFactor, "discountFactor"),
      ] { try VolatilityError.require(value, name, .leastNormalMagnitude, largest) }
    }
    if let rate = settings.rate { try VolatilityError.require(rate, "rate", -largest, largest) }
    try VolatilityError.require(settings.maximumAge, "maximumAge", 0, .infinity)
    try VolatilityError.require(settings.maximumRatio, "maximumRatio", 1, .infinity)
    try VolatilityError.require(settings.parityTolerance, "parityTolerance", 0, .infinity)
    try VolatilityError.require(Double(settings.minimumPairs), "minimumPairs", 2, 1e9)
  }
}
