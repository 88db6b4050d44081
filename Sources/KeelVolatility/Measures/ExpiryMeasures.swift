public import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What a smile says of one expiry, in the numbers that desks quote: with the expiries of a surface, the term structure.
public struct ExpiryMeasures: Hashable, Sendable, Codable {
  /// What is measured.
  public struct Settings: Hashable, Sendable, Codable {
    /// What is called delta.
    public var convention: DeltaConvention

    /// What is called at the money; nil takes the strike at which call and put have the same delta.
    public var atTheMoney: AtTheMoney? = nil

    /// The deltas of risk reversals and butterflies: those that brokers quote.
    public var deltas = [0.25, 0.1]

    /// The falls of the price below the forward whose probability is wanted, as fractions of it.
    public var falls = [0.1, 0.25, 0.5]

    /// Creates the default settings.
    ///
    /// - Parameter convention: What is called delta.
    public init(convention: DeltaConvention) { self.convention = convention }
  }

  /// How probable a fall of the price is.
  public struct Fall: Hashable, Sendable, Codable {
    /// The fall below the forward, as a fraction of it.
    public let fraction: Double

    /// The risk-neutral probability that the price at expiry is not above the forward less the fall.
    public let probability: Double
  }

  /// The time to expiry in years.
  public let timeToExpiry: Double

  /// The volatility at the money.
  public let atTheMoney: DeltaQuotes.Strike

  /// Volatility, slope and curvature at the forward.
  public let skew: SmileSkew

  /// Risk reversals and butterflies, in the order of the deltas.
  public let deltaQuotes: [DeltaQuotes]

  /// The fair variance until the expiry.
  public let level: VarianceLevel

  /// The probabilities of falls, in their order.
  public let falls: [Fall]

  /// Measures a smile.
  ///
  /// - Parameters:
  ///   - smile: The smile of the expiry.
  ///   - settings: What is measured.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a delta that no option has or a fall
  ///   outside (0, 1); as `fairVariance` for wings that do not end; ``VolatilityError/noFit`` when the smile is
  ///   not defined.
  /// - Complexity: Some 300 readings, and 50 for each delta.
  public init(
    of smile: some VolatilitySmile,
    settings: Settings
  ) throws(VolatilityError) {
    for fraction in settings.falls {
      try VolatilityError.require(fraction, "falls", 0.0.nextUp, 1.0.nextDown)
    }
    let money = settings.atTheMoney ?? .deltaNeutral(settings.convention)
    let place = try smile.logMoneyness(money)
    timeToExpiry = smile.timeToExpiry
    atTheMoney = DeltaQuotes.Strike(
      logMoneyness: place, volatility: smile.impliedVolatility(at: place))
    skew = smile.skew()
    var quotes: [DeltaQuotes] = []
    for delta in settings.deltas {
      quotes.append(
        try smile.deltaQuotes(delta, convention: settings.convention, atTheMoney: money))
    }
    deltaQuotes = quotes
    level = try smile.fairVariance()
    falls = settings.falls.map { fraction in
      let k = log1p(-fraction)
      return Fall(
        fraction: fraction, probability: smile.totalVariance(at: k).probabilityBelow(k))
    }
  }
}
