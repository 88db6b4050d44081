/// The expected simple return of each asset over one period of the data.
public struct ExpectedReturns: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The expected return of each asset per period, as a fraction.
  public let values: [Double]

  /// Creates expected returns.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - values: N finite numbers, per period.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with the asset.
  public init(universe: Universe, values: [Double]) throws(DataError) {
    try requireFinite(values, over: universe)
    self.universe = universe
    self.values = values
  }

  /// The expected return of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: The expected return per period, or nil when the asset is not in the universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).map { values[$0] }
  }
}

/// Checks count and finiteness of one number per asset.
func requireFinite(_ values: [Double], over universe: Universe) throws(DataError) {
  guard values.count == universe.count else {
    throw .shapeMismatch(argument: "values", got: values.count, required: universe.count)
  }
  for (i, value) in values.enumerated() where !value.isFinite {
    throw .invalidValue(
      argument: "values", asset: universe.assets[i], row: nil, got: value,
      lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
  }
}
