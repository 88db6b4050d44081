#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far the prices of a spline lie above those of an earlier expiry.
///
/// Prices over the forward of options out of the money that fall with time at a log-moneyness are an arbitrage by options of
/// two expiries.
public struct SplineCalendarMargin: Hashable, Sendable, Codable {
  /// The least logarithm of the later price over the earlier one, between the knots and at them.
  public let growth: Double

  /// The log-moneyness of the least growth.
  public let logMoneyness: Double

  /// Whether no price is below that of the earlier expiry.
  public var isFree: Bool { growth >= 0 }

  /// The points scanned in each interval of knots, where prices are cubic.
  private static let pointCount = 9

  /// The local minima of the growth between knots of either smile.
  static func minima(of smile: SplineSmile, after earlier: SplineSmile) -> [LineMinima.Point] {
    let knots = Set(smile.strikes + earlier.strikes).sorted().map { log($0) }
    return zip(knots, knots.dropFirst()).flatMap { lower, upper in
      LineMinima(from: lower, to: upper, pointCount: pointCount) { k in
        smile.reading(at: k).logPrice - earlier.reading(at: k).logPrice
      }.points
    }
  }

  init(_ minima: [LineMinima.Point]) {
    let least = minima.reduce(LineMinima.Point(argument: .nan, value: .infinity)) {
      $1.value < $0.value || $1.value.isNaN ? $1 : $0
    }
    (growth, logMoneyness) = (least.value, least.argument)
  }
}
