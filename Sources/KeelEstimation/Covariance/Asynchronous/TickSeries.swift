public import KeelData
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Prices of one asset at the times when it traded.
public struct TickSeries: Hashable, Sendable {
  /// The asset.
  public let asset: AssetID

  /// The times, strictly increasing.
  public let times: [Timestamp]

  /// The price at each time.
  public let prices: [Double]

  /// The natural logarithms of the prices.
  let logarithms: [Double]

  /// Collects the prices of one asset.
  ///
  /// - Parameters:
  ///   - asset: The asset.
  ///   - times: At least 2 times, strictly increasing.
  ///   - prices: A positive, finite price at each time.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.tooFewObservations`,
  ///   `EstimationError.invalidObservation` with the index of a price, or of a time that is not after the one before.
  public init(
    asset: AssetID,
    times: [Timestamp],
    prices: [Double]
  ) throws(EstimationError) {
    guard times.count == prices.count else {
      throw .shapeMismatch(argument: "prices", got: prices.count, required: times.count)
    }
    guard times.count >= 2 else { throw .tooFewObservations(got: times.count, required: 2) }
    for i in times.indices.dropFirst() where times[i] <= times[i - 1] {
      throw .invalidObservation(
        argument: "times", index: i, got: Double(times[i].nanosecondsSinceEpoch))
    }
    if let bad = prices.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .invalidObservation(argument: "prices", index: bad, got: prices[bad])
    }
    self.asset = asset
    self.times = times
    self.prices = prices
    logarithms = prices.map { log($0) }
  }
}

extension PriceHistory {
  /// The last prices at the times by which every asset has traded again: the refresh times of Barndorff-Nielsen, Hansen, Lunde
  /// and Shephard, Journal of Econometrics 162 (2011).
  ///
  /// The slowest asset sets the pace. A price can be older than its row, but never older than the row before: what
  /// ``HayashiYoshida`` does without.
  ///
  /// - Parameter series: Series of different assets, at least one.
  /// - Returns: A complete history of the refresh times, in the order given.
  /// - Throws: `EstimationError.tooFewObservations` for no series or no time at which all have traded,
  ///   `EstimationError.duplicateAsset`.
  /// - Complexity: O(N + ticks) for each refresh time.
  public static func refreshed(_ series: [TickSeries]) throws(EstimationError) -> PriceHistory {
    guard !series.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    try requireDifferent(series)
    var next = [Int](repeating: 0, count: series.count)
    var times: [Timestamp] = []
    var columns = series.map { _ in [Double]() }
    while zip(next, series).allSatisfy({ $0 < $1.times.count }) {
      // All have traded again by the latest of their next times.
      let time = zip(next, series).reduce(Timestamp.distantPast) { max($0, $1.1.times[$1.0]) }
      for (j, one) in series.enumerated() {
        while next[j] + 1 < one.times.count && one.times[next[j] + 1] <= time { next[j] += 1 }
        columns[j].append(one.prices[next[j]])
        next[j] += 1
      }
      times.append(time)
    }
    guard !times.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    do throws(DataError) {
      return try PriceHistory(
        universe: Universe(series.map(\.asset)), timestamps: times, prices: columns)
    } catch {
      throw EstimationError(error)
    }
  }

  private init(
    universe: Universe,
    timestamps: [Timestamp],
    prices columns: [[Double]]
  ) throws(DataError) {
    guard let matrix = try? Matrix(columns: columns) else {
      throw .shapeMismatch(argument: "prices", got: 0, required: columns.count)
    }
    try self.init(universe: universe, timestamps: timestamps, prices: matrix)
  }
}

/// Checks that no asset stands twice.
func requireDifferent(_ series: [TickSeries]) throws(EstimationError) {
  var seen: Set<AssetID> = []
  for one in series where !seen.insert(one.asset).inserted { throw .duplicateAsset(one.asset) }
}
