import KeelDerivatives

// Goals in order: never a smile with an arbitrage where quotes are, the best fit for a given exponent, few evaluations.

/// A SABR smile fitted to the quotes of one expiry, with its certificates.
///
/// The exponent β is given: quotes of one expiry hardly tell it from the correlation. Level, correlation and volatility of
/// the volatility are those of the least cost, the cost of ``SVIFit``, among the smiles without arbitrage on an interval: the
/// expansion has none of use that is free of it everywhere. The ``interval`` is that of the quotes and the money and
/// ``reach`` beyond. In it the density is not negative, no spread of calls or puts has a negative price, the slopes are
/// within Lee's bound, and the total variance is not below that of the expiry before. See <doc:Smiles>.
public struct SABRFit: Hashable, Sendable, Codable {
  /// The least number of quotes: that of the fitted parameters.
  public static let leastQuoteCount = 3

  /// How far the conditions hold beyond the quotes, in standard deviations at the money.
  public static let reach = 0.5

  /// The fitted smile.
  public let smile: SABRSmile

  /// How well it meets the quotes.
  public let quality: FitQuality

  /// The log-moneyness where the fit keeps its conditions.
  public let interval: ClosedRange<Double>

  /// The log-moneyness where the density is not negative: ``interval`` and what a search finds beyond it.
  ///
  /// Prices of options with strikes outside may have arbitrage. Found as by ``SABRSmile/freeInterval(within:)``, within
  /// ``farthest`` deviations of the interval.
  public let freeInterval: ClosedRange<Double>

  /// How far it is from a butterfly arbitrage in the interval.
  public let butterfly: ButterflyMargin

  /// How far it is from a calendar arbitrage with the expiry before in the interval, when there was one.
  public let calendar: SABRCalendarMargin?

  /// Whether the search ended at a stationary point.
  public let isConverged: Bool

  /// How far beyond the interval negative densities are searched, in standard deviations at the money.
  public static let farthest = 10.0

  /// Fits a smile.
  ///
  /// Where the best fit without conditions keeps them, it is the result.
  ///
  /// - Parameters:
  ///   - quotes: The quotes: at least three.
  ///   - previous: The smile of the expiry before, below which the total variance may not fall in the interval; nil for none.
  ///   - beta: The exponent of the forward: 0 to 1.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for an exponent or a total variance out of range, and
  ///   a previous smile that expires later or has no positive variance in the interval;
  ///   ``VolatilityError/calendarArbitrage(timeToExpiry:logMoneyness:variance:)``,
  ///   ``VolatilityError/butterflyArbitrage(logMoneyness:densityFactor:)`` and ``VolatilityError/steepWing(slope:)`` when no
  ///   smile of a grid keeps the conditions, with the worst place of the nearest one; ``VolatilityError/noFit`` when no start
  ///   gives a smile at all quotes.
  /// - Complexity: O(n) a step for n quotes, and one scan of the density; some hundred scans where conditions bind.
  public init(
    to quotes: SmileQuotes,
    after previous: SABRSmile? = nil,
    beta: Double
  ) throws(VolatilityError) {
    let bands = try QuoteBands(quotes, required: Self.leastQuoteCount)
    try VolatilityError.require(beta, "beta", 0, 1)
    let domain = SABRDomain(bands, quotes.timeToExpiry, beta, previous)
    if let previous {
      try VolatilityError.require(
        previous.timeToExpiry, "previous expiry", 0, quotes.timeToExpiry.nextDown)
      try domain.requireVariance(of: previous)
    }
    var found = try SABRStart.free(domain)
    var result = domain.smile(found.point)
    var margins = result.flatMap { try? domain.margins($0) }
    if margins?.isFree != true {
      found = try SABRSearch.best(domain, free: found.point)
      result = domain.smile(found.point)
      margins = try result.map { smile throws(VolatilityError) in try domain.margins(smile) }
    }
    guard let result, let margins else { throw .noFit }
    try margins.butterfly.requireFree()
    guard margins.isFree else { throw .noFit }
    (smile, butterfly, calendar) = (result, margins.butterfly, margins.calendar)
    isConverged = found.isConverged
    quality = FitQuality(of: result, quotes: quotes)
    interval = domain.interval
    freeInterval = try domain.freeInterval(result)
  }
}
