/// Bars of open, high, low and close prices, one a period, in time order.
///
/// In a market that never closes a bar opens at the close of the one before: build them with
/// ``init(highs:lows:closes:firstOpen:)``. Gaps are not filled: leave out periods without trades, and
/// know that the estimates then are per bar.
public struct PriceBars: Hashable, Sendable {
  /// The first prices.
  public let opens: [Double]

  /// The highest prices.
  public let highs: [Double]

  /// The lowest prices.
  public let lows: [Double]

  /// The last prices.
  public let closes: [Double]

  /// The number of bars.
  public var count: Int { closes.count }

  /// Creates bars from columns.
  ///
  /// - Parameters:
  ///   - opens: The first prices, positive and finite.
  ///   - highs: The highest prices, as many, not below open and close.
  ///   - lows: The lowest prices, as many, not above open and close.
  ///   - closes: The last prices, as many.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidObservation` with column and
  ///   row of the first price that is not positive and finite, or of the high or low that another
  ///   price passes.
  public init(
    opens: [Double], highs: [Double], lows: [Double], closes: [Double]
  ) throws(EstimationError) {
    for (argument, column) in [("opens", opens), ("highs", highs), ("lows", lows)]
    where column.count != closes.count {
      throw .shapeMismatch(argument: argument, got: column.count, required: closes.count)
    }
    for i in closes.indices {
      for (argument, value) in [
        ("opens", opens[i]), ("highs", highs[i]), ("lows", lows[i]), ("closes", closes[i]),
      ] where !(value > 0 && value.isFinite) {
        throw .invalidObservation(argument: argument, index: i, got: value)
      }
      guard highs[i] >= max(opens[i], closes[i]) else {
        throw .invalidObservation(argument: "highs", index: i, got: highs[i])
      }
      guard lows[i] <= min(opens[i], closes[i]) else {
        throw .invalidObservation(argument: "lows", index: i, got: lows[i])
      }
    }
    self.opens = opens
    self.highs = highs
    self.lows = lows
    self.closes = closes
  }

  /// Creates the bars of a market that never closes: each opens at the close of the one before.
  ///
  /// A high or low that does not reach that open is moved to it.
  ///
  /// - Parameters:
  ///   - highs: The highest prices, positive and finite.
  ///   - lows: The lowest prices, as many.
  ///   - closes: The last prices, as many.
  ///   - firstOpen: The open of the first bar.
  /// - Throws: As ``init(opens:highs:lows:closes:)``.
  public init(
    highs: [Double], lows: [Double], closes: [Double], firstOpen: Double
  ) throws(EstimationError) {
    for (argument, column) in [("highs", highs), ("lows", lows)]
    where column.count != closes.count {
      throw .shapeMismatch(argument: argument, got: column.count, required: closes.count)
    }
    let opens = Array(([firstOpen] + closes).prefix(closes.count))
    try self.init(
      opens: opens,
      highs: zip(highs, opens).map { $0 > 0 ? max($0, $1) : $0 },
      lows: zip(lows, opens).map { $0 > 0 && $0.isFinite ? min($0, $1) : $0 },
      closes: closes)
  }
}
