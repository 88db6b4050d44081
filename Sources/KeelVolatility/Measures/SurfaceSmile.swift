public import KeelDerivatives

/// A surface read at one time, as a smile: all measures of smiles apply.
public struct SurfaceSmile<Surface: VolatilitySurface>: VolatilitySmile {
  /// The surface.
  public let surface: Surface

  /// The time to expiry in years.
  public let timeToExpiry: Double

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The total variance; NaN where the surface is not defined.
  public func totalVariance(at logMoneyness: Double) -> TotalVariance {
    surface.totalVariance(at: logMoneyness, timeToExpiry: timeToExpiry).variance
  }
}

extension SurfaceSmile: Equatable where Surface: Equatable {}

extension SurfaceSmile: Hashable where Surface: Hashable {}

extension VolatilitySurface {
  /// The smile of the surface at a time.
  ///
  /// - Parameter timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The smile.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for another time.
  public func smile(timeToExpiry: Double) throws(VolatilityError) -> SurfaceSmile<Self> {
    try VolatilityError.require(
      timeToExpiry, "timeToExpiry", .leastNormalMagnitude, .greatestFiniteMagnitude)
    return SurfaceSmile(surface: self, timeToExpiry: timeToExpiry)
  }
}
