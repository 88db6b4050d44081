public import KeelData

/// A share of the risk for some assets together, such as the positions that are held in a protocol.
public struct RiskBudgetLine: Hashable, Sendable, Codable {
  /// The name, different from that of other lines.
  public let name: String

  /// The assets, at least one; none is in another line.
  public let assets: Set<AssetID>

  /// A positive number; only the proportions of the lines count.
  public let share: Double

  /// Creates a line.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of other lines.
  ///   - assets: The assets, at least one.
  ///   - share: A positive number; only the proportions of the lines count.
  public init(_ name: String, _ assets: Set<AssetID>, share: Double) {
    self.name = name
    self.assets = assets
    self.share = share
  }
}

/// Budget lines in the order of a universe, each asset in one.
struct RiskBudgetLines {
  /// The shares of the lines; they add to one.
  let shares: [Double]
  /// The line of each asset.
  let lineOfAsset: [Int]
  /// The number of assets of each line.
  let sizes: [Int]

  init(_ lines: [RiskBudgetLine], over universe: Universe) throws(AllocationError) {
    try Translation.require(Double(lines.count), "count of lines", in: 1...Double.infinity)
    try Translation.requireDifferent(lines.map(\.name), "lines")
    shares = try Translation.shares(lines.map(\.share)) { ("share of \(lines[$0].name)", nil) }
    sizes = lines.map(\.assets.count)
    var places = [Int?](repeating: nil, count: universe.count)
    for (k, line) in lines.enumerated() {
      try Translation.require(
        Double(line.assets.count), "count of assets in \(line.name)", in: 1...Double.infinity)
      for asset in line.assets.sorted() {
        guard let i = universe.position(of: asset) else {
          throw .universeMismatch(position: nil, left: asset, right: nil)
        }
        guard places[i] == nil else { throw Self.miscounted(asset, 2) }
        places[i] = k
      }
    }
    lineOfAsset = places.compactMap(\.self)
    if let i = places.firstIndex(of: nil) { throw Self.miscounted(universe.assets[i], 0) }
  }

  /// A line for each asset.
  init(byAsset shares: [Double]) {
    self.shares = shares
    lineOfAsset = Array(shares.indices)
    sizes = [Int](repeating: 1, count: shares.count)
  }

  private static func miscounted(_ asset: AssetID, _ count: Double) -> AllocationError {
    .invalidValue(argument: "count of lines", asset: asset, got: count, allowed: 1...1)
  }

  /// The sum of each line.
  func sums(_ values: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: shares.count)
    for (i, line) in lineOfAsset.enumerated() { sums[line] += values[i] }
    return sums
  }
}
