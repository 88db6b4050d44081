import KeelData

/// The further levels of all order books on one side, in the order of a universe.
///
/// They are looked up when they are given, so that a solve does not pay for the names of its assets again.
struct BookLevels: Hashable, Sendable {
  /// The size from which each level holds, by asset; zero where a book has no such level.
  private(set) var sizes: [[Double]] = []
  /// The price of each level, by asset; zero where a book has no such level.
  private(set) var rates: [[Double]] = []
  /// The first fault of the books.
  private(set) var fault: AllocationError?

  /// No levels.
  init() {}

  init(_ levels: [AssetID: [TradingCosts.Level]], _ argument: String, over universe: Universe) {
    if levels.isEmpty { return }
    let depth = levels.values.reduce(0) { max($0, $1.count) }
    let nothing = [Double](repeating: 0, count: universe.count)
    sizes = [[Double]](repeating: nothing, count: depth)
    rates = sizes
    var knownCount = 0
    for (i, asset) in universe.assets.enumerated() {
      guard let book = levels[asset] else { continue }
      knownCount += 1
      var (size, rate) = (0.0, 0.0)
      for (k, level) in book.enumerated() {
        fault = fault ?? Self.fault(of: level, after: (size, rate), argument, asset)
        sizes[k][i] = level.beyond
        rates[k][i] = level.rate
        (size, rate) = (level.beyond, level.rate)
      }
    }
    if knownCount < levels.count,
      let unknown = levels.keys.filter({ universe.position(of: $0) == nil }).min()
    {
      fault = fault ?? .universeMismatch(position: nil, left: unknown, right: nil)
    }
  }

  /// Why a level cannot follow on another one; nil where it can.
  private static func fault(
    of level: TradingCosts.Level,
    after last: (size: Double, rate: Double),
    _ argument: String,
    _ asset: AssetID
  ) -> AllocationError? {
    let largest = Double.greatestFiniteMagnitude
    guard level.beyond > last.size, level.beyond.isFinite else {
      return .invalidValue(
        argument: "\(argument) size", asset: asset, got: level.beyond,
        allowed: last.size.nextUp...largest)
    }
    guard level.rate >= last.rate, level.rate.isFinite else {
      return .invalidValue(
        argument: "\(argument) rate", asset: asset, got: level.rate, allowed: last.rate...largest)
    }
    return nil
  }
}
