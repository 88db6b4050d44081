import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The forward curve through several dated futures.
//
// Goals in order: reproduce every quote exactly, no arbitrage by construction (every forward is
// positive), a carry that is defined at every time.
//
// Method: the logarithm of forward over spot, the total carry, is linear in time between spot and
// the expiries. Before the first and after the last expiry the carry per year is that of the
// expiry, so total carry is a line through the origin there.

/// The forward curve of a coin through the prices of its dated futures.
public struct FuturesTermStructure: Hashable, Sendable, Codable {
  /// The price of one dated future.
  public struct Point: Hashable, Sendable, Codable {
    /// The time to expiry in years (ACT/365 fixed).
    public var timeToExpiry: Double

    /// The price, in cash.
    public var price: Double

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - timeToExpiry: The time to expiry in years.
    ///   - price: The price, in cash.
    public init(timeToExpiry: Double, price: Double) {
      self.timeToExpiry = timeToExpiry
      self.price = price
    }
  }

  /// The spot price, in cash.
  public let spot: Double

  /// The futures, by increasing time to expiry.
  public let points: [Point]

  /// `ln(F/S)` of each point.
  let totalCarries: [Double]

  private enum CodingKeys: String, CodingKey {
    case spot, points
  }

  /// Creates a curve.
  ///
  /// - Parameters:
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - points: At least one future, times and prices positive and finite, times increasing.
  /// - Throws: `DerivativesError.invalidValue`, whose argument names the point.
  public init(spot: Double, points: [Point]) throws(DerivativesError) {
    try requirePositive(spot, "spot")
    guard !points.isEmpty else {
      throw .invalidValue(
        argument: "points.count", got: 0, lowest: 1, highest: .greatestFiniteMagnitude)
    }
    var previous = 0.0
    for (index, point) in points.enumerated() {
      guard point.timeToExpiry > previous, point.timeToExpiry.isFinite else {
        throw .invalidValue(
          argument: "points[\(index)].timeToExpiry", got: point.timeToExpiry,
          lowest: previous.nextUp, highest: .greatestFiniteMagnitude)
      }
      try requirePositive(point.price, "points[\(index)].price")
      previous = point.timeToExpiry
    }
    self.spot = spot
    self.points = points
    totalCarries = points.map { logRatio($0.price, spot).high }
  }

  /// Reads a curve; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `spot` and `points`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let spot = try container.decode(Double.self, forKey: .spot)
    let points = try container.decode([Point].self, forKey: .points)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FuturesTermStructure(spot: spot, points: points)
    }
  }

  /// The forward price for delivery after some time.
  ///
  /// - Parameter timeToExpiry: The time in years: finite, not negative. Zero gives spot, the time
  ///   of a point its price, to the bit.
  /// - Returns: The price in cash, or NaN when the time is outside its domain.
  /// - Complexity: O(log n) for n points.
  public func forward(timeToExpiry: Double) -> Double {
    guard Black.isAmount(timeToExpiry) else { return .nan }
    let next = firstIndex(notBefore: timeToExpiry)
    if next < points.count, points[next].timeToExpiry == timeToExpiry { return points[next].price }
    return spot * exp(totalCarry(timeToExpiry: timeToExpiry, next: next))
  }

  /// The carry to a constant maturity, continuously compounded per year: `ln(F(T)/S) / T`.
  ///
  /// - Parameter timeToExpiry: The time in years: finite, not negative. Zero gives the limit, the
  ///   carry of the first point.
  /// - Returns: The carry per year, or NaN when the time is outside its domain.
  /// - Complexity: O(log n) for n points.
  public func continuousCarryPerYear(timeToExpiry: Double) -> Double {
    guard Black.isAmount(timeToExpiry) else { return .nan }
    let next = firstIndex(notBefore: timeToExpiry)
    if next == 0 { return carry(at: 0) }
    if next == points.count { return carry(at: next - 1) }
    return totalCarry(timeToExpiry: timeToExpiry, next: next) / timeToExpiry
  }

  /// The carry to a constant maturity as a simple rate per year: `(F(T)/S − 1) / T`.
  ///
  /// - Parameter timeToExpiry: The time in years: finite, not negative; zero gives the limit.
  /// - Returns: The carry per year, or NaN when the time is outside its domain.
  /// - Complexity: O(log n) for n points.
  public func simpleCarryPerYear(timeToExpiry: Double) -> Double {
    let carry = continuousCarryPerYear(timeToExpiry: timeToExpiry)
    return timeToExpiry > 0 ? expm1(carry * timeToExpiry) / timeToExpiry : carry
  }

  /// The carry between two times, continuously compounded per year: `ln(F(T₂)/F(T₁)) / (T₂ − T₁)`.
  ///
  /// - Parameters:
  ///   - start: The nearer time in years: finite, not negative.
  ///   - end: The farther time in years: finite, after the start.
  /// - Returns: The carry per year, or NaN when a time is outside its domain.
  /// - Complexity: O(log n) for n points.
  public func forwardCarryPerYear(from start: Double, to end: Double) -> Double {
    guard Black.isAmount(start), Black.isAmount(end), start < end else { return .nan }
    let far = totalCarry(timeToExpiry: end, next: firstIndex(notBefore: end))
    let near = totalCarry(timeToExpiry: start, next: firstIndex(notBefore: start))
    return (far - near) / (end - start)
  }

  /// The yield of holding the coin that the curve implies, for ``BlackScholes/carryYield``.
  ///
  /// - Parameters:
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - timeToExpiry: The time in years: finite, not negative.
  /// - Returns: The rate less the carry, or NaN when the time is outside its domain.
  public func carryYield(rate: Double, timeToExpiry: Double) -> Double {
    rate - continuousCarryPerYear(timeToExpiry: timeToExpiry)
  }

  /// The carry per year of a point.
  func carry(at index: Int) -> Double { totalCarries[index] / points[index].timeToExpiry }

  /// The index of the first point that expires at a time or later.
  private func firstIndex(notBefore time: Double) -> Int {
    var (low, high) = (0, points.count)
    while low < high {
      let middle = (low + high) / 2
      if points[middle].timeToExpiry < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// `ln(F(T)/S)`.
  private func totalCarry(timeToExpiry: Double, next: Int) -> Double {
    if next == 0 { return carry(at: 0) * timeToExpiry }
    if next == points.count { return carry(at: next - 1) * timeToExpiry }
    let (start, end) = (points[next - 1].timeToExpiry, points[next].timeToExpiry)
    let share = (timeToExpiry - start) / (end - start)
    return totalCarries[next - 1] * (1 - share) + totalCarries[next] * share
  }
}
