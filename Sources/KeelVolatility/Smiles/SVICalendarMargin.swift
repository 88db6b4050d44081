import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far a hyperbola lies above that of an earlier expiry, over the whole line.
///
/// Total variance that falls with time at a log-moneyness is an arbitrage by options of two expiries.
public struct SVICalendarMargin: Hashable, Sendable, Codable {
  /// The least difference of the total variances.
  public let variance: Double

  /// The log-moneyness of the least difference.
  public let logMoneyness: Double

  /// The difference of the slopes of the left wings, signs turned.
  public let leftWing: Double

  /// The difference of the slopes of the right wings.
  public let rightWing: Double

  /// Whether the total variance is nowhere below that of the earlier expiry.
  public var isFree: Bool { variance >= 0 && leftWing >= 0 && rightWing >= 0 }

  /// The local minima of the difference of two hyperbolas, scanned about the center of each.
  static func minima(
    _ centers: [(Double, Double)],
    pointCount: Int,
    of difference: (Double) -> Double
  ) -> [LineMinima.Point] {
    let farthest = centers.map { $0.0.magnitude + $0.1 }.reduce(0, +)
    var result: [LineMinima.Point] = []
    for (m, sigma) in centers {
      let end = asinh(SVIDensity.reach * (1 + farthest / sigma))
      var minima = LineMinima(from: -end, to: end, pointCount: pointCount) {
        difference(m + sigma * sinh($0))
      }
      minima.map { m + sigma * sinh($0) }
      result += minima.points
    }
    return result
  }
}

extension SVISmile {
  /// How far the total variance lies above that of an earlier expiry.
  ///
  /// - Parameter previous: The smile of the earlier expiry.
  /// - Returns: The least difference over the line and where it is.
  /// - Complexity: O(1): some 600 evaluations.
  public func calendarMargin(after previous: SVISmile) -> SVICalendarMargin {
    let minima = SVICalendarMargin.minima(
      [(m, sigma), (previous.m, previous.sigma)], pointCount: SVIDensity.densePointCount
    ) { totalVariance(at: $0).value - previous.totalVariance(at: $0).value }
    let least = minima.min { $0.value < $1.value }
    let (before, after) = (previous.wingSlopes, wingSlopes)
    return SVICalendarMargin(
      variance: least?.value ?? .nan, logMoneyness: least?.argument ?? .nan,
      leftWing: after.left - before.left, rightWing: after.right - before.right)
  }
}
