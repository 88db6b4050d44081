/// The exact amount held of each asset; short positions are negative.
public struct Holdings: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The amount of each asset, each with its own decimals.
  public let amounts: [Amount]

  /// Creates holdings.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - amounts: N amounts.
  /// - Throws: `DataError.shapeMismatch`.
  public init(universe: Universe, amounts: [Amount]) throws(DataError) {
    guard amounts.count == universe.count else {
      throw .shapeMismatch(argument: "amounts", got: amounts.count, required: universe.count)
    }
    self.universe = universe
    self.amounts = amounts
  }

  /// The amount of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: The amount, or nil when the asset is not in the universe.
  public subscript(asset: AssetID) -> Amount? {
    universe.position(of: asset).map { amounts[$0] }
  }

  /// The value of each position, in the currency of the prices.
  ///
  /// - Parameter prices: The prices per whole unit, over the same universe.
  /// - Returns: N values, each with a relative error of at most 2⁻⁵².
  /// - Throws: `DataError.universeMismatch`, or `DataError.invalidValue` with the asset of a value
  ///   that overflows.
  public func values(prices: Prices) throws(DataError) -> [Double] {
    try universe.requireEqual(prices.universe)
    var values: [Double] = []
    values.reserveCapacity(amounts.count)
    for (i, amount) in amounts.enumerated() {
      let value = amount.doubleValue * prices.values[i]
      guard value.isFinite else {
        throw .invalidValue(
          argument: "value", asset: universe.assets[i], row: nil, got: value,
          lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
      }
      values.append(value)
    }
    return values
  }

  /// The value of all positions together, in the currency of the prices.
  ///
  /// The sum runs in the order of the assets' names, so that the order of the universe changes no
  /// bit.
  ///
  /// - Parameter prices: The prices per whole unit, over the same universe.
  /// - Returns: The value.
  /// - Throws: `DataError.universeMismatch`, or `DataError.invalidValue` for a value that
  ///   overflows.
  public func value(prices: Prices) throws(DataError) -> Double {
    let values = try values(prices: prices)
    let total = universe.positionsByName.reduce(0) { $0 + values[$1] }
    guard total.isFinite else {
      throw .invalidValue(
        argument: "value", asset: nil, row: nil, got: total, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return total
  }

  /// The share of each position in the value of all.
  ///
  /// - Parameter prices: The prices per whole unit, over the same universe.
  /// - Returns: The weights, which add to one.
  /// - Throws: `DataError.universeMismatch`, or `DataError.invalidValue` when the value of all is
  ///   not positive: shares of nothing or of a debt are not defined.
  public func weights(prices: Prices) throws(DataError) -> Weights {
    let total = try value(prices: prices)
    guard total > 0 else {
      throw .invalidValue(
        argument: "value", asset: nil, row: nil, got: total, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    return try Weights(universe: universe, values: values(prices: prices).map { $0 / total })
  }
}
