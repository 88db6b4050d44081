/// Prices of European options of one kind and expiry at several strikes, each with a bound of its error.
public struct OptionStrip: Hashable, Sendable, Codable {
  /// Call or put.
  public let kind: EuropeanOption.Kind

  /// The strikes, in cash, in the order of the caller.
  public let strikes: [Double]

  /// The forward price, in cash.
  public let forward: Double

  /// The prices today, in cash, one for each strike.
  public let prices: [Double]

  /// Bounds of the errors of the prices, in cash: of the quadrature, of its end and of rounding.
  public let errors: [Double]

  /// The derivatives of the prices by the spot; empty where only prices were asked for.
  public let deltas: [Double]

  /// The second derivatives of the prices by the spot, per unit of cash; empty like `deltas`.
  public let gammas: [Double]
}

/// What a Heston strip says beyond prices, deltas and gammas.
public struct HestonStrip: Hashable, Sendable, Codable {
  /// The prices with delta and gamma at a given variance.
  public let options: OptionStrip

  /// The derivatives of the prices by the initial variance, in cash per unit of variance.
  public let initialVarianceSlopes: [Double]

  /// The derivatives of the prices by the mean variance, in cash per unit of variance.
  public let meanVarianceSlopes: [Double]
}

/// Prices with their derivatives by the parameters of a model.
public struct SlopeStrip: Hashable, Sendable, Codable {
  /// The prices, without delta and gamma.
  public let options: OptionStrip

  /// The derivatives of the prices by each parameter, strike by strike, in cash per unit of the parameter.
  public let slopes: [[Double]]
}
