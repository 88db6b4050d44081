public import KeelDerivatives

/// The variance that the market prices between two times.
///
/// ```text
/// V = (V₂T₂ − V₁T₁)/(T₂ − T₁)
/// ```
public struct ForwardVariance: Hashable, Sendable {
  /// The earlier time, in years.
  public let start: Double

  /// The later time, in years.
  public let end: Double

  /// The variance per year between the times.
  public let variance: Double

  /// The volatility per root of a year between the times.
  public var volatility: Double { variance.squareRoot() }

  /// The variance between the expiries of two levels.
  ///
  /// - Parameters:
  ///   - near: The level of the earlier expiry.
  ///   - far: The level of the later one.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for times that do not ascend or, with the
  ///   argument `forwardVariance`, a negative variance: the calendar is crossed.
  public init(from near: VarianceLevel, to far: VarianceLevel) throws(VolatilityError) {
    try self.init(near.timeToExpiry, near.totalVariance, far.timeToExpiry, far.totalVariance)
  }

  init(
    _ start: Double,
    _ variance: Double,
    _ end: Double,
    _ later: Double
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(start, "timeToExpiry", 0, largest)
    try VolatilityError.require(end, "timeToExpiry", start.nextUp, largest)
    let forward = (later - variance) / (end - start)
    try VolatilityError.require(forward, "forwardVariance", 0, largest)
    (self.start, self.end, self.variance) = (start, end, forward)
  }
}

extension VolatilitySurface {
  /// The variance between two times at one log-moneyness.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): zero at the money.
  ///   - start: The earlier time, in years: not negative; at zero there is no variance.
  ///   - end: The later time, in years: finite.
  /// - Returns: The variance with its volatility.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for times that do not ascend or, with the
  ///   argument `forwardVariance`, a negative variance, where the calendar is crossed, or NaN, where the surface is not
  ///   defined.
  public func forwardVariance(
    at logMoneyness: Double = 0,
    from start: Double,
    to end: Double
  ) throws(VolatilityError) -> ForwardVariance {
    let near =
      start == 0 ? 0 : totalVariance(at: logMoneyness, timeToExpiry: start).variance.value
    let far = totalVariance(at: logMoneyness, timeToExpiry: end).variance.value
    return try ForwardVariance(start, near, end, far)
  }
}
