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
struct SABRScan {
  /// The points of a scan that is reported, and of one within a search.
  static let densePointCount = 513
  static let sparsePointCount = 65

  /// The points at which conditions are linear in one step, so that it sees where their minima move.
  static let stepPointCount = 25

  /// The local minima of a function, scanned in the coordinate of each smile.
  static func minima(
    _ smiles: [SABRSmile],
    _ interval: ClosedRange<Double>,
    pointCount: Int,
    of function: (Double) -> Double
  ) -> [LineMinima.Point] {
    smiles.flatMap { smile in
      let scan = SABRScan(of: smile, in: interval)
      var minima = LineMinima(from: scan.start, to: scan.end, pointCount: pointCount) {
        function(scan.place($0))
      }
      minima.map(scan.place)
      return minima.points
    }
  }

  /// Places at equal distances of the scan.
  static func places(
    _ smiles: [SABRSmile],
    _ interval: ClosedRange<Double>,
    pointCount: Int
  ) -> [Double] {
    smiles.flatMap { smile in
      let scan = SABRScan(of: smile, in: interval)
      return (0..<pointCount).map {
        scan.place(scan.start + (scan.end - scan.start) * Double($0) / Double(pointCount - 1))
      }
    }
  }

  private let interval: ClosedRange<Double>
  private let center: Double
  private let width: Double

  /// The coordinates of the ends of the interval.
  private let start: Double
  private let end: Double

  /// The coordinate `asinh((k - c)/s)` in which `ln(χ(z))` is nearly a line: `z(c) = ρ`, and `s` one `√(1 - ρ²)` of z.
  private init(of smile: SABRSmile, in interval: ClosedRange<Double>) {
    let (lower, upper) = (interval.lowerBound, interval.upperBound)
    let unit = min(smile.alpha / smile.nu, .greatestFiniteMagnitude)
    let narrow = min(unit * (1 - smile.rho * smile.rho).squareRoot(), upper - lower)
    self.interval = interval
    width = max(narrow, .leastNormalMagnitude)
    center = min(max(-smile.rho * unit, lower), upper)
    start = asinh((lower - center) / width)
    end = asinh((upper - center) / width)
  }

  private func place(_ l: Double) -> Double {
    min(max(center + width * sinh(l), interval.lowerBound), interval.upperBound)
  }
}
