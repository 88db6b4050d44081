import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far a SABR smile lies above that of an earlier expiry, on an interval.
///
/// Total variance that falls with time at a log-moneyness is an arbitrage by options of two expiries.
public struct SABRCalendarMargin: Hashable, Sendable, Codable {
  /// The least difference of the total variances.
  public let variance: Double

  /// The log-moneyness of the least difference.
  public let logMoneyness: Double

  /// Whether the total variance is nowhere below that of the earlier expiry.
  public var isFree: Bool { variance >= 0 }

  /// Searches an interval.
  ///
  /// A dip between two points of the scan can be missed.
  ///
  /// - Parameters:
  ///   - smile: The smile of the later expiry.
  ///   - earlier: The smile of the earlier expiry.
  ///   - interval: The log-moneyness to search: finite ends.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for infinite ends, or where one of the
  ///   smiles has no positive variance.
  /// - Complexity: O(1): some 1100 readings of both.
  public init(
    of smile: SABRSmile,
    after earlier: SABRSmile,
    in interval: ClosedRange<Double>
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(interval.lowerBound, "interval", -largest, largest)
    try VolatilityError.require(interval.upperBound, "interval", -largest, largest)
    let minima = SABRScan.minima(
      [smile, earlier], interval, pointCount: SABRScan.densePointCount
    ) { smile.variance(at: $0) - earlier.variance(at: $0) }
    let least = minima.reduce(LineMinima.Point(argument: .nan, value: .infinity)) {
      $1.value < $0.value || $1.value.isNaN ? $1 : $0
    }
    try VolatilityError.require(least.value, "difference of total variances", -largest, largest)
    (variance, logMoneyness) = (least.value, least.argument)
  }
}

/// Scans of an interval that are dense where SABR smiles bend.
enum SABRScan {
  /// The points of a scan that is reported, and of one within a search.
  static let densePointCount = 513
  static let sparsePointCount = 65

  /// The local minima of a function, scanned at equal distances of `asinh((k - c)/s)`, where `ln(χ(z))` of each smile is
  /// nearly a line: `z(c) = ρ`, `s` one `√(1 - ρ²)` of z.
  static func minima(
    _ smiles: [SABRSmile],
    _ interval: ClosedRange<Double>,
    pointCount: Int,
    of function: (Double) -> Double
  ) -> [LineMinima.Point] {
    let (lower, upper) = (interval.lowerBound, interval.upperBound)
    return smiles.flatMap { smile in
      let unit = min(smile.alpha / smile.nu, .greatestFiniteMagnitude)
      let narrow = min(unit * (1 - smile.rho * smile.rho).squareRoot(), upper - lower)
      let width = max(narrow, .leastNormalMagnitude)
      let center = min(max(-smile.rho * unit, lower), upper)
      func place(_ l: Double) -> Double { min(max(center + width * sinh(l), lower), upper) }
      var minima = LineMinima(
        from: asinh((lower - center) / width), to: asinh((upper - center) / width),
        pointCount: pointCount
      ) { function(place($0)) }
      minima.map(place)
      return minima.points
    }
  }
}
