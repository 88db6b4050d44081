/// One price for each asset at one moment, per whole unit of the asset.
public struct Prices: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The price of each asset, per whole unit.
  public let values: [Double]

  /// Creates prices.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - values: N positive finite prices per whole unit.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with the asset.
  public init(universe: Universe, values: [Double]) throws(DataError) {
    guard values.count == universe.count else {
      throw .shapeMismatch(argument: "values", got: values.count, required: universe.count)
    }
    for (i, value) in values.enumerated() where !(value > 0 && value.isFinite) {
      throw .invalidValue(
        argument: "values", asset: universe.assets[i], row: nil, got: value,
        lowest: .leastNonzeroMagnitude, highest: .greatestFiniteMagnitude)
    }
    self.universe = universe
    self.values = values
  }

  /// The price of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: The price per whole unit, or nil when the asset is not in the universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).map { values[$0] }
  }
}
