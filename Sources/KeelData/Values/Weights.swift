/// The share of a portfolio's value in each asset, as fractions; short positions are negative.
///
/// The sum is not forced to one: what is missing is cash, what is above is borrowed.
public struct Weights: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The weight of each asset, as a fraction of the portfolio's value.
  public let values: [Double]

  /// Creates weights.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - values: N finite numbers: 0.2 is 20 % of the portfolio's value.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with the asset.
  public init(universe: Universe, values: [Double]) throws(DataError) {
    try requireFinite(values, over: universe)
    self.universe = universe
    self.values = values
  }

  /// The weight of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: The weight, or nil when the asset is not in the universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).map { values[$0] }
  }

  /// The sum of the weights, taken in the order of the assets' names.
  public var total: Double { universe.positionsByName.reduce(0) { $0 + values[$1] } }
}
