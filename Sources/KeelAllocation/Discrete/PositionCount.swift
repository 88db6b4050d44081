public import KeelData

/// A limit on how many assets of a set are held.
public struct PositionCount: Hashable, Sendable {
  /// The name, different from that of assets and constraints.
  public let name: String

  /// The assets that count; nil for all.
  public let assets: Set<AssetID>?

  /// The least number of positions; above zero every asset that counts needs a least position or a lot.
  public let atLeast: Int

  /// The largest number of positions.
  public let atMost: Int

  /// Creates a limit.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of assets and constraints.
  ///   - assets: The assets that count; nil for all.
  ///   - atLeast: The least number of positions; above zero every asset that counts needs a least
  ///     position or a lot: otherwise any small weight would count.
  ///   - atMost: The largest number of positions.
  public init(_ name: String, among assets: Set<AssetID>? = nil, atLeast: Int = 0, atMost: Int) {
    self.name = name
    self.assets = assets
    self.atLeast = atLeast
    self.atMost = atMost
  }
}
