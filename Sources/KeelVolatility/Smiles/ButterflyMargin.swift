public import KeelDerivatives
import KeelNumerics

/// How far a smile is from an arbitrage by options of one expiry, and where it is closest.
///
/// The density of the log-price is the factor `g` of `TotalVariance.densityFactor(at:)` times a normal density: no
/// butterfly has a negative price where `g ≥ 0`. Total variance may not grow faster than `2 |k|` far out (R. W. Lee, "The
/// moment formula for implied volatility at extreme strikes", Mathematical Finance 14, 2004).
public struct ButterflyMargin: Hashable, Sendable, Codable {
  /// The least density factor g that was found; NaN where the variance is not positive.
  public let densityFactor: Double

  /// The log-moneyness of the least density factor; infinite when it is the limit of a wing.
  public let logMoneyness: Double

  /// Two less the slope of the total variance at the left end, with its sign turned.
  public let leftWing: Double

  /// Two less the slope of the total variance at the right end.
  public let rightWing: Double

  /// Whether no butterfly has a negative price and neither wing is too steep.
  public var isFree: Bool { densityFactor >= 0 && leftWing >= 0 && rightWing >= 0 }

  init(densityFactor: Double, logMoneyness: Double, leftWing: Double, rightWing: Double) {
    (self.densityFactor, self.logMoneyness) = (densityFactor, logMoneyness)
    (self.leftWing, self.rightWing) = (leftWing, rightWing)
  }

  /// Searches a smile on an interval: a scan, refined by minimization about the least values.
  ///
  /// A dip between two points of the scan can be missed. The slopes of the wings are those at the ends.
  ///
  /// - Parameters:
  ///   - smile: The smile.
  ///   - interval: The log-moneyness to search: finite ends.
  ///   - pointCount: The number of points of the scan: at least 3.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for infinite ends or too few points.
  /// - Complexity: O(n) readings of the smile for n points.
  public init(
    of smile: some VolatilitySmile,
    in interval: ClosedRange<Double>,
    pointCount: Int = 1001
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(interval.lowerBound, "interval", -largest, largest)
    try VolatilityError.require(interval.upperBound, "interval", -largest, largest)
    try VolatilityError.require(Double(pointCount), "pointCount", 3, largest)
    let (lower, upper) = (interval.lowerBound, interval.upperBound)
    let worst = LineMinima(from: 0, to: 1, pointCount: pointCount) { part in
      let k = lower * (1 - part) + upper * part
      return smile.totalVariance(at: k).densityFactor(at: k)
    }.least
    self.init(
      densityFactor: worst.value,
      logMoneyness: lower * (1 - worst.argument) + upper * worst.argument,
      leftWing: 2 + smile.totalVariance(at: lower).slope,
      rightWing: 2 - smile.totalVariance(at: upper).slope)
  }

  /// Throws when the smile has an arbitrage.
  ///
  /// - Throws: ``VolatilityError/butterflyArbitrage(logMoneyness:densityFactor:)`` with the worst place;
  ///   ``VolatilityError/steepWing(slope:)``.
  public func requireFree() throws(VolatilityError) {
    guard densityFactor >= 0 else {
      throw .butterflyArbitrage(logMoneyness: logMoneyness, densityFactor: densityFactor)
    }
    let wing = min(leftWing, rightWing)
    guard wing >= 0 else { throw .steepWing(slope: 2 - wing) }
  }
}

/// The local minima of a function on an interval: those of a scan at equal distances, each refined.
struct LineMinima {
  /// A place and the value there.
  struct Point {
    var argument: Double
    var value: Double
  }

  /// The local minima in order, the ends included; alone the first NaN when there is one.
  private(set) var points: [Point] = []

  /// The least of them.
  var least: Point {
    points.reduce(Point(argument: .nan, value: .infinity)) {
      $1.value < $0.value || $1.value.isNaN ? $1 : $0
    }
  }

  init(
    from lower: Double,
    to upper: Double,
    pointCount: Int,
    of function: (Double) -> Double
  ) {
    let step = (upper - lower) / Double(pointCount - 1)
    var before = Double.infinity
    var here = function(lower)
    for i in 0..<pointCount {
      let next = i + 1 < pointCount ? function(lower + Double(i + 1) * step) : .infinity
      let x = lower + Double(i) * step
      if here.isNaN {
        points = [Point(argument: x, value: here)]
        return
      }
      if here < before, here <= next {
        points.append(Self.refined(x, here, step, lower, upper, function))
      }
      (before, here) = (here, next)
    }
  }

  /// Renames the places.
  mutating func map(_ place: (Double) -> Double) {
    for i in points.indices { points[i].argument = place(points[i].argument) }
  }

  /// The relative width of the bracket at the end: values next to a minimum differ by its square.
  private static let bracketTolerance = 1e-5

  private static func refined(
    _ x: Double,
    _ value: Double,
    _ step: Double,
    _ lower: Double,
    _ upper: Double,
    _ function: (Double) -> Double
  ) -> Point {
    let ends = max(lower, x - step)...min(upper, x + step)
    var settings = Brent.Settings()
    settings.absoluteTolerance = step * bracketTolerance
    guard let found = try? Brent.minimum(of: function, in: ends, settings: settings),
      found.value < value
    else { return Point(argument: x, value: value) }
    return Point(argument: found.argument, value: found.value)
  }
}

extension ButterflyMargin {
  private enum CodingKeys: String, CodingKey {
    case densityFactor, logMoneyness, leftWing, rightWing
  }

  /// Decodes a margin.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    densityFactor = try values.decode(CodedNumber.self, forKey: .densityFactor).value
    logMoneyness = try values.decode(CodedNumber.self, forKey: .logMoneyness).value
    leftWing = try values.decode(CodedNumber.self, forKey: .leftWing).value
    rightWing = try values.decode(CodedNumber.self, forKey: .rightWing).value
  }

  /// Encodes a margin; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(CodedNumber(densityFactor), forKey: .densityFactor)
    try values.encode(CodedNumber(logMoneyness), forKey: .logMoneyness)
    try values.encode(CodedNumber(leftWing), forKey: .leftWing)
    try values.encode(CodedNumber(rightWing), forKey: .rightWing)
  }
}
