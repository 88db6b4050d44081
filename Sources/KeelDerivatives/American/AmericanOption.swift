/// An option on one unit of an asset that its holder may exercise at any time up to expiry, settled in cash.
public struct AmericanOption: Hashable, Sendable, Codable {
  /// Call or put.
  public var kind: EuropeanOption.Kind

  /// The strike, in cash.
  public var strike: Double

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash.
  ///   - timeToExpiry: The time to expiry in years; zero means expired.
  public init(kind: EuropeanOption.Kind, strike: Double, timeToExpiry: Double) {
    self.kind = kind
    self.strike = strike
    self.timeToExpiry = timeToExpiry
  }

  /// The same right without early exercise.
  public var european: EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: timeToExpiry)
  }

  /// What exercise gives at once.
  ///
  /// - Parameter spot: The spot price, in cash.
  /// - Returns: The payoff in cash, not negative.
  public func exerciseValue(spot: Double) -> Double {
    max(0, kind == .call ? spot - strike : strike - spot)
  }
}

/// How far the boundary of early exercise is resolved.
///
/// The errors are those measured; domain and method are in <doc:AmericanOptions>.
public enum AmericanPrecision: String, Hashable, Sendable, Codable, CaseIterable {
  /// Eight nodes: the premium of early exercise to about 6e-6 of itself, at worst some 1e-3.
  case fast

  /// Sixteen nodes: the price to 1e-8 of itself, the premium of early exercise mostly to 1e-9.
  case accurate

  /// Thirty-two nodes: the price to 1e-11 of itself, mostly to 1e-12.
  case highPrecision
}
