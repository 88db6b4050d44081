public import KeelData
public import KeelMarkets
import KeelNumerics

/// The snapshots of a price history, one a row, cash added: the plainest market that a backtest can run over.
///
/// An asset without a price in a row has none in the snapshot.
public struct MarketSequence: Sequence, Sendable {
  /// The prices.
  public let history: PriceHistory

  /// The universe of the snapshots: cash, then the assets of the history.
  public let universe: Universe

  /// The interest rate of cash, continuously compounded per year.
  public let rate: Double

  /// Creates a sequence.
  ///
  /// - Parameters:
  ///   - history: The prices.
  ///   - cash: The name of cash, which is not in the history.
  ///   - rate: The interest rate of cash, continuously compounded per year.
  /// - Throws: `BacktestingError` for a cash that is in the history.
  public init(
    _ history: PriceHistory,
    cash: AssetID,
    rate: Double = 0
  ) throws(BacktestingError) {
    try require(rate, "rate", in: .finite)
    do throws(DataError) {
      universe = try Universe([cash] + history.universe.assets)
    } catch {
      throw BacktestingError(error)
    }
    self.history = history
    self.rate = rate
  }

  /// The assets that end within the history, with the time and the fraction that was recovered.
  public var delistings: [AssetID: (time: Timestamp, fraction: Double)] {
    var found: [AssetID: (time: Timestamp, fraction: Double)] = [:]
    for (j, asset) in history.universe.assets.enumerated() {
      for i in 0..<history.rowCount {
        if case .delisted(let recovery) = history.availability(row: i, position: j) {
          found[asset] = (history.timestamps[i], recovery)
          break
        }
      }
    }
    return found
  }

  /// Iterates over the rows.
  public func makeIterator() -> AnyIterator<MarketSnapshot> {
    var row = 0
    return AnyIterator {
      guard row < history.rowCount else { return nil }
      defer { row += 1 }
      let prices = history.universe.assets.indices.map { history[row, $0] ?? .nan }
      return MarketSnapshot(
        time: history.timestamps[row], universe: universe, prices: [1] + prices, rate: rate)
    }
  }
}
