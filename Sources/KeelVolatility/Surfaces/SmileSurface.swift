public import KeelDerivatives

/// A surface of any smiles, one for each expiry, whose total variance is a line in time at each log-moneyness.
///
/// ```text
/// w(k, T) = w₁(k) (T₂ − T)/(T₂ − T₁) + w₂(k) (T − T₁)/(T₂ − T₁)
/// ```
///
/// Before the first expiry the implied volatility is that of the first smile. After the last one the variance at the money
/// grows at its last speed, at all log-moneyness alike. No calendar spread has a negative price where the smiles do not
/// cross, which ``SurfaceMargins`` of the smiles shows; between expiries a butterfly is not excluded by the smiles
/// alone, and local volatility is undefined where one has a negative price. Method: <doc:Surfaces>.
public struct SmileSurface<Smile: VolatilitySmile>: VolatilitySurface {
  /// The smiles of the expiries, by ascending time.
  public let smiles: [Smile]

  /// The certificate of the smiles: whether one has a butterfly arbitrage or two cross.
  public let margins: SurfaceMargins

  /// Creates a surface.
  ///
  /// - Parameter smiles: The smiles in any order: at least one, no time twice. They may have arbitrage.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)`` without a smile;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a time.
  /// - Complexity: Some 400 readings of each smile, for the certificate.
  public init(smiles: [Smile]) throws(VolatilityError) {
    self.smiles = try SmileOrder.sorted(smiles)
    margins = try SurfaceMargins(of: self.smiles)
  }

  /// The total variance at a log-moneyness and time, with its derivatives by both.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The total variance and its derivative by time, just after an expiry; NaN for another time.
  public func totalVariance(
    at logMoneyness: Double,
    timeToExpiry: Double
  ) -> (variance: TotalVariance, timeSlope: Double) {
    guard timeToExpiry > 0, timeToExpiry.isFinite else { return (.undefined, .nan) }
    let next = SmileOrder.index(after: timeToExpiry, in: smiles)
    if next == smiles.count { return beyond(logMoneyness, timeToExpiry) }
    let end = smiles[next].totalVariance(at: logMoneyness)
    let last = smiles[next].timeToExpiry
    guard next > 0 else {
      return (end.scaled(by: timeToExpiry / last), end.value / last)
    }
    let start = smiles[next - 1].totalVariance(at: logMoneyness)
    let first = smiles[next - 1].timeToExpiry
    let part = (timeToExpiry - first) / (last - first)
    return (
      start.scaled(by: 1 - part) + end.scaled(by: part), (end.value - start.value) / (last - first)
    )
  }

  private func beyond(
    _ logMoneyness: Double,
    _ time: Double
  ) -> (variance: TotalVariance, timeSlope: Double) {
    let last = smiles.count - 1
    let level = smiles[last].totalVariance(at: 0).value
    let (origin, start) =
      last > 0
      ? (smiles[last - 1].totalVariance(at: 0).value, smiles[last - 1].timeToExpiry) : (0, 0)
    let speed = (level - origin) / (smiles[last].timeToExpiry - start)
    var variance = smiles[last].totalVariance(at: logMoneyness)
    variance.value += speed * (time - smiles[last].timeToExpiry)
    return (variance, speed)
  }
}

extension SmileSurface: Equatable where Smile: Equatable {}

extension SmileSurface: Hashable where Smile: Hashable {}

extension TotalVariance {
  fileprivate func scaled(by factor: Double) -> TotalVariance {
    TotalVariance(value: value * factor, slope: slope * factor, curvature: curvature * factor)
  }

  fileprivate static func + (a: TotalVariance, b: TotalVariance) -> TotalVariance {
    TotalVariance(
      value: a.value + b.value, slope: a.slope + b.slope, curvature: a.curvature + b.curvature)
  }
}
