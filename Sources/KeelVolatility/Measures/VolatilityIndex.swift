public import KeelDerivatives

/// The volatility of a constant time ahead, as the indices of exchanges quote it: the fair variances of the expiries before
/// and after, interpolated.
///
/// ```text
/// V T = V₁T₁ (T₂ − T)/(T₂ − T₁) + V₂T₂ (T − T₁)/(T₂ − T₁)
/// ```
///
/// Source: Cboe, "The CBOE Volatility Index - VIX" (2009).
public struct VolatilityIndex: Hashable, Sendable {
  /// The usual time ahead: 30 days of 365, in years.
  public static let thirtyDays = 30.0 / 365

  /// The time ahead, in years.
  public let horizon: Double

  /// The level of the last expiry that is not after the time.
  public let near: VarianceLevel

  /// The level of the first expiry that is not before the time.
  public let next: VarianceLevel

  /// The variance per year.
  public let variance: Double

  /// The index as a fraction: 0.2 where exchanges quote 20.
  public var volatility: Double { variance.squareRoot() }

  /// Interpolates levels.
  ///
  /// - Parameters:
  ///   - levels: The levels of expiries in any order, no time twice.
  ///   - horizon: The time ahead, in years: not outside the expiries, because what is beyond them has no price.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)`` without a level;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a time ahead that is outside.
  public init(
    _ levels: [VarianceLevel],
    horizon: Double = VolatilityIndex.thirtyDays
  ) throws(VolatilityError) {
    guard !levels.isEmpty else {
      throw .shapeMismatch(argument: "levels", got: 0, required: 1)
    }
    let sorted = levels.sorted { $0.timeToExpiry < $1.timeToExpiry }
    for (level, next) in zip(sorted, sorted.dropFirst())
    where level.timeToExpiry == next.timeToExpiry {
      throw .duplicateExpiry(timeToExpiry: level.timeToExpiry)
    }
    guard let near = sorted.last(where: { $0.timeToExpiry <= horizon }),
      let next = sorted.first(where: { $0.timeToExpiry >= horizon })
    else {
      throw .invalidValue(
        argument: "horizon", got: horizon, lowest: sorted[0].timeToExpiry,
        highest: sorted[sorted.count - 1].timeToExpiry)
    }
    (self.horizon, self.near, self.next) = (horizon, near, next)
    let distance = next.timeToExpiry - near.timeToExpiry
    let part = distance > 0 ? (horizon - near.timeToExpiry) / distance : 0
    variance = ((1 - part) * near.totalVariance + part * next.totalVariance) / horizon
  }

  /// Replicates the fair variances of the smiles around a time and interpolates them.
  ///
  /// - Parameters:
  ///   - smiles: The smiles of expiries in any order, no time twice.
  ///   - horizon: The time ahead, in years: not outside the expiries.
  /// - Throws: As `init(_:horizon:)` and `fairVariance`.
  public init(
    of smiles: [some VolatilitySmile],
    horizon: Double = VolatilityIndex.thirtyDays
  ) throws(VolatilityError) {
    let sorted = try SmileOrder.sorted(smiles)
    let near = sorted.last { $0.timeToExpiry <= horizon }
    let next = sorted.first { $0.timeToExpiry >= horizon }
    guard let near, let next else {
      throw .invalidValue(
        argument: "horizon", got: horizon, lowest: sorted[0].timeToExpiry,
        highest: sorted[sorted.count - 1].timeToExpiry)
    }
    var levels = [try near.fairVariance()]
    if next.timeToExpiry > near.timeToExpiry { levels.append(try next.fairVariance()) }
    try self.init(levels, horizon: horizon)
  }
}
