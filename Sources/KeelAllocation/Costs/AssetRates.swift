public import KeelData
import KeelNumerics

/// One number for each asset of a universe: a price, a coefficient of impact, a penalty.
public enum AssetRates: Hashable, Sendable {
  /// One number for every asset.
  case uniform(Double)

  /// A number for some assets, and one for all others.
  case byAsset([AssetID: Double], others: Double)

  /// Nothing for any asset.
  public static let none = AssetRates.uniform(0)

  /// The numbers in the order of a universe, finite and not negative.
  func resolved(
    _ argument: String,
    over universe: Universe
  ) throws(AllocationError) -> [Double] {
    let values: [Double]
    switch self {
    case .uniform(let rate): values = [Double](repeating: rate, count: universe.count)
    case .byAsset(let byAsset, let others):
      let unknown = byAsset.keys.filter { universe.position(of: $0) == nil }.min()
      if let unknown { throw .universeMismatch(position: nil, left: unknown, right: nil) }
      values = universe.assets.map { byAsset[$0] ?? others }
    }
    for (asset, value) in zip(universe.assets, values) {
      guard value >= 0, value.isFinite else {
        throw .invalidValue(argument: argument, asset: asset, got: value, allowed: .nonnegative)
      }
    }
    return values
  }
}
