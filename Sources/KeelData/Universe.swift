/// The name of an asset, as the caller writes it: `"BTC"`, `"ETH-PERP"`, a contract address.
///
/// Names are compared as Swift compares strings: `"btc"` is not `"BTC"`, and two spellings of one
/// accented letter are the same.
///
/// Dictionaries by asset are stored as objects with the names as keys, so that their order changes no byte
/// where keys are sorted.
public struct AssetID: RawRepresentable, Hashable, Sendable, Codable, CodingKeyRepresentable,
  Comparable, ExpressibleByStringLiteral, CustomStringConvertible
{
  /// The name.
  public let rawValue: String

  /// Creates an identifier from a name.
  ///
  /// - Parameter rawValue: The name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Creates an identifier from a name.
  ///
  /// - Parameter name: The name.
  public init(_ name: String) { rawValue = name }

  /// Creates an identifier from a literal.
  ///
  /// - Parameter value: The name.
  public init(stringLiteral value: String) { rawValue = value }

  /// The name.
  public var description: String { rawValue }

  /// Orders identifiers by their names.
  public static func < (left: AssetID, right: AssetID) -> Bool { left.rawValue < right.rawValue }
}

/// An ordered list of different assets, which every labeled value carries.
///
/// Two universes are equal when they name the same assets in the same order. Values over different
/// universes never mix: the call throws ``DataError/universeMismatch(position:left:right:)``.
public struct Universe: Hashable, Sendable {
  /// Shared by all copies: a universe is part of every labeled value, and copied with each.
  @usableFromInline final class Storage: Sendable {
    @usableFromInline let assets: [AssetID]
    @usableFromInline let positionsByName: [Int]
    /// The names in UTF-8; nil for a part of another universe, which is seldom written.
    private let allNames: (bytes: [UInt8], ends: [Int])?
    /// The positions in the universe that was made by names, of which this one is a part or all.
    private let positions: [AssetID: Int]
    /// The positions here by those there, −1 for assets left out; nil for all in the same order.
    private let part: [Int]?

    init(_ assets: [AssetID], positions: [AssetID: Int]) {
      self.assets = assets
      self.positions = positions
      part = nil
      positionsByName = assets.indices.sorted { assets[$0] < assets[$1] }
      allNames = Self.names(of: assets)
    }

    init(_ places: [Int], of whole: Storage) {
      var inverse = [Int](repeating: -1, count: whole.assets.count)
      for (position, place) in places.enumerated() { inverse[place] = position }
      assets = places.map { whole.assets[$0] }
      positions = whole.positions
      part = whole.part.map { $0.map { $0 < 0 ? -1 : inverse[$0] } } ?? inverse
      var byName: [Int] = []
      byName.reserveCapacity(places.count)
      for place in whole.positionsByName where inverse[place] >= 0 {
        byName.append(inverse[place])
      }
      positionsByName = byName
      allNames = nil
    }

    var names: (bytes: [UInt8], ends: [Int]) { allNames ?? Self.names(of: assets) }

    func position(of asset: AssetID) -> Int? {
      guard let position = positions[asset] else { return nil }
      guard let part else { return position }
      return part[position] < 0 ? nil : part[position]
    }

    private static func names(of assets: [AssetID]) -> (bytes: [UInt8], ends: [Int]) {
      var names: (bytes: [UInt8], ends: [Int]) = ([], [])
      names.ends.reserveCapacity(assets.count)
      for asset in assets {
        names.bytes.append(contentsOf: asset.rawValue.utf8)
        names.ends.append(names.bytes.count)
      }
      return names
    }
  }

  @usableFromInline let storage: Storage

  /// The assets in order.
  @inlinable public var assets: [AssetID] { storage.assets }

  /// The positions of the assets in the order of their names, in which sums over assets are taken
  /// so that no result depends on the order of the columns.
  @inlinable package var positionsByName: [Int] { storage.positionsByName }

  /// The names one after another in UTF-8, and where each of them ends: records are written from it.
  package var names: (bytes: [UInt8], ends: [Int]) { storage.names }

  /// Creates a universe.
  ///
  /// - Parameter assets: Different assets with non-empty names. None is allowed.
  /// - Throws: `DataError.invalidAsset` for an asset that stands twice or has an empty name.
  public init(_ assets: [AssetID]) throws(DataError) {
    var positions = [AssetID: Int](minimumCapacity: assets.count)
    for (position, asset) in assets.enumerated() {
      guard !asset.rawValue.isEmpty else {
        throw .invalidAsset(asset, reason: .emptyName(position: position))
      }
      guard positions.updateValue(position, forKey: asset) == nil else {
        throw .invalidAsset(asset, reason: .duplicate(position: position))
      }
    }
    storage = Storage(assets, positions: positions)
  }

  /// Creates a universe of some assets of another one, without looking at their names.
  ///
  /// - Parameters:
  ///   - places: Different positions in the whole.
  ///   - whole: The universe that has the assets.
  package init(uncheckedPlaces places: [Int], of whole: Universe) {
    storage = Storage(places, of: whole.storage)
  }

  /// The number of assets.
  public var count: Int { assets.count }

  /// The position of an asset, or nil when it is not in the universe.
  ///
  /// - Parameter asset: The asset to look up.
  /// - Returns: Its position, counted from 0.
  /// - Complexity: O(1).
  public func position(of asset: AssetID) -> Int? { storage.position(of: asset) }

  /// The position of an asset that must be in the universe.
  ///
  /// - Parameter asset: The asset to look up.
  /// - Returns: Its position, counted from 0.
  /// - Throws: `DataError.invalidAsset`.
  public func requiredPosition(of asset: AssetID) throws(DataError) -> Int {
    guard let position = storage.position(of: asset) else {
      throw .invalidAsset(asset, reason: .unknown)
    }
    return position
  }

  /// Checks that another universe is the same one.
  ///
  /// - Parameter other: The universe of a value that meets a value over this one.
  /// - Throws: `DataError.universeMismatch` with the first position that differs.
  public func requireEqual(_ other: Universe) throws(DataError) {
    if self == other { return }
    for position in 0..<max(count, other.count) {
      let left = position < count ? assets[position] : nil
      let right = position < other.count ? other.assets[position] : nil
      if left != right {
        throw .universeMismatch(position: position, left: left, right: right)
      }
    }
  }

  /// Compares the assets and their order.
  public static func == (left: Universe, right: Universe) -> Bool {
    left.storage === right.storage || left.assets == right.assets
  }

  /// Hashes the assets in order.
  ///
  /// - Parameter hasher: The hasher to feed.
  public func hash(into hasher: inout Hasher) { hasher.combine(assets) }
}
