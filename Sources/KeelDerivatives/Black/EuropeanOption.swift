/// A European option on one unit of an asset, settled in cash.
public struct EuropeanOption: Hashable, Sendable, Codable {
  /// The right that the holder has.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The right to buy at the strike.
    case call
    /// The right to sell at the strike.
    case put
  }

  /// Call or put.
  public var kind: Kind

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
  public init(kind: Kind, strike: Double, timeToExpiry: Double) {
    self.kind = kind
    self.strike = strike
    self.timeToExpiry = timeToExpiry
  }
}
