public import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// How far the smiles of several expiries are from an arbitrage, and where they are closest: a certificate by search.
public struct SurfaceMargins: Hashable, Sendable, Codable {
  /// A place on a surface.
  public struct Place: Hashable, Sendable, Codable {
    /// The time to expiry in years.
    public let timeToExpiry: Double

    /// ln(K/F).
    public let logMoneyness: Double
  }

  /// The least density factor g of `TotalVariance.densityFactor(at:)`: negative where a butterfly has a negative price.
  public let densityFactor: Double

  /// Where the density factor is least.
  public let densityPlace: Place

  /// The least growth of the total variance from one expiry to the next, over its value: negative where a calendar
  /// spread at one log-moneyness has a negative price; nil with one expiry.
  public let calendarGrowth: Double?

  /// Where the growth is least: the time is that of the later expiry; nil with one expiry.
  public let calendarPlace: Place?

  /// Two less the largest slope of the total variance by log-moneyness at the ends of the grid.
  ///
  /// Negative where the law of the price would have no mean (R. W. Lee, "The moment formula for implied volatility at
  /// extreme strikes", Mathematical Finance 14, 2004).
  public let wing: Double

  /// Whether no margin is negative.
  public var isFree: Bool { densityFactor >= 0 && (calendarGrowth ?? 0) >= 0 && wing >= 0 }

  /// Searches the smiles on a grid that is dense at the money and reaches `deviations` on both sides, and refines the
  /// least values by minimization.
  ///
  /// A dip between two points of the grid can be missed.
  ///
  /// - Parameters:
  ///   - smiles: The smiles in any order: at least one, no time twice.
  ///   - deviations: How far the grid reaches, in standard deviations at the money: positive.
  ///   - pointCount: The number of points of each smile: at least 3.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)`` without a smile;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  /// - Complexity: O(n) readings of each smile for n points.
  public init(
    of smiles: [some VolatilitySmile],
    deviations: Double = 30,
    pointCount: Int = 201
  ) throws(VolatilityError) {
    try VolatilityError.require(deviations, "deviations", .leastNormalMagnitude, 1e6)
    try VolatilityError.require(Double(pointCount), "pointCount", 3, 1e9)
    let sorted = try SmileOrder.sorted(smiles)
    let reach = asinh(deviations)
    var (least, growth, steepest) = (Double.infinity, Double.infinity, -Double.infinity)
    var place = Place(timeToExpiry: sorted[0].timeToExpiry, logMoneyness: 0)
    var calendar = place
    for (index, smile) in sorted.enumerated() {
      let deviation = smile.totalVariance(at: 0).value.squareRoot()
      func worst(_ margin: (Double) -> Double) -> (Double, Place) {
        let least = LineMinima(from: -reach, to: reach, pointCount: pointCount) {
          margin(sinh($0) * deviation)
        }.least
        return (
          least.value,
          Place(
            timeToExpiry: smile.timeToExpiry, logMoneyness: sinh(least.argument) * deviation)
        )
      }
      let density = worst { smile.totalVariance(at: $0).densityFactor(at: $0) }
      if !(density.0 >= least) { (least, place) = density }
      if index > 0 {
        let change = worst { k in
          let value = smile.totalVariance(at: k).value
          return (value - sorted[index - 1].totalVariance(at: k).value) / value
        }
        if !(change.0 >= growth) { (growth, calendar) = change }
      }
      let end = sinh(reach) * deviation
      steepest = max(
        steepest, -smile.totalVariance(at: -end).slope, smile.totalVariance(at: end).slope)
    }
    (densityFactor, densityPlace, wing) = (least, place, 2 - steepest)
    calendarGrowth = sorted.count > 1 ? growth : nil
    calendarPlace = sorted.count > 1 ? calendar : nil
  }
}

extension ExtendedSSVISurface {
  /// The margins of the smiles of the expiries; between and beyond them they are no worse where all are positive.
  public var margins: SurfaceMargins {
    get throws(VolatilityError) { try SurfaceMargins(of: smiles) }
  }

  /// How far the surface is inside the conditions that exclude arbitrage at every time; negative where it breaks one.
  ///
  /// The least of the ``SSVISmile/butterflySlack`` and, from one expiry to the next, of the growth of θ and of the slopes
  /// of both wings and the fall of ψ/θ, each over the larger value. The conditions are sufficient, not necessary.
  public var slack: Double {
    var least = smiles.map(\.butterflySlack).min() ?? .nan
    for (earlier, later) in zip(smiles, smiles.dropFirst()) {
      let (a, b) = (earlier.hyperbola, later.hyperbola)
      for (low, high) in [
        (a.theta, b.theta), (a.left, b.left), (a.right, b.right), (b.phi, a.phi),
      ] where max(low, high) > 0 { least = min(least, (high - low) / max(low, high)) }
    }
    return least
  }
}
