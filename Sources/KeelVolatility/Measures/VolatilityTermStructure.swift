public import KeelDerivatives

/// The volatility at the money by time to expiry.
public struct VolatilityTermStructure: Hashable, Sendable, Codable {
  /// One expiry.
  public struct Point: Hashable, Sendable, Codable {
    /// The time to expiry in years.
    public let timeToExpiry: Double

    /// ln(K/F) of the strike at the money.
    public let logMoneyness: Double

    /// The annualized implied volatility there.
    public let volatility: Double

    /// The variance per year since the expiry before, at the forward: negative where the calendar is crossed.
    public let forwardVariance: Double
  }

  /// The expiries by ascending time.
  public let points: [Point]

  /// Reads the smiles of expiries; a surface is read through its smiles at times.
  ///
  /// - Parameters:
  ///   - smiles: The smiles in any order: at least one, no time twice.
  ///   - convention: What is called at the money.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)`` without a smile;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a time or an argument of the convention;
  ///   ``VolatilityError/noFit`` where a smile is not defined.
  public init(
    of smiles: [some VolatilitySmile],
    atTheMoney convention: AtTheMoney
  ) throws(VolatilityError) {
    var points: [Point] = []
    var (start, variance) = (0.0, 0.0)
    for smile in try SmileOrder.sorted(smiles) {
      let time = smile.timeToExpiry
      let place = try smile.logMoneyness(convention)
      let volatility = smile.impliedVolatility(at: place)
      let later = smile.totalVariance(at: 0).value
      guard volatility.isFinite, later.isFinite else { throw .noFit }
      points.append(
        Point(
          timeToExpiry: time, logMoneyness: place, volatility: volatility,
          forwardVariance: (later - variance) / (time - start)))
      (start, variance) = (time, later)
    }
    self.points = points
  }

  /// The last volatility less the first: positive where calm is priced to end, negative after a shock.
  public var spread: Double {
    points.isEmpty ? 0 : points[points.count - 1].volatility - points[0].volatility
  }
}
