import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The trend as the distance of a fast from a slow moving average, in units of the noise of that distance.
///
/// ```text
/// score = ln(fast average / slow average) / (width · σ √(slow − fast))
/// ```
///
/// with σ the volatility of the log returns over the slow window. An asset with a gap in the window has no score.
public struct MovingAverageSignal: Signal, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The rows of the fast average.
  public let fast: Int

  /// The rows of the slow average.
  public let slow: Int

  /// The distance, in units of noise, at which the score is one.
  public let width: Double

  /// Creates a signal.
  ///
  /// - Parameters:
  ///   - fast: The rows of the fast average: at least 1.
  ///   - slow: The rows of the slow average: more than `fast`, at least 3.
  ///   - width: The distance, in units of noise, at which the score is one: positive, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(fast: Int, slow: Int, width: Double) throws(EngineError) {
    try requireNumber(Double(fast), "fast", 1...1e9)
    try requireNumber(Double(slow), "slow", Double(max(fast + 1, 3))...1e9)
    try requireNumber(width, "width", .positive)
    self.fast = fast
    self.slow = slow
    self.width = width
  }

  /// The rows of the slow average.
  public var rowsNeeded: Int { slow }

  /// Scores the assets; see the type.
  public func scores(_ view: SignalView) -> SignalScores {
    PriceWindow.scores(view.history, rows: slow) { prices in
      let fastMean = prices.suffix(fast).reduce(0, +) / Double(fast)
      let slowMean = prices.reduce(0, +) / Double(slow)
      let noise = PriceWindow.deviation(prices) * Double(slow - fast).squareRoot()
      return noise > 0 ? log(fastMean / slowMean) / (width * noise) : nil
    }
  }
}

/// The return over a past window, without its latest part, in units of its noise.
///
/// ```text
/// score = ln(P(t − skip) / P(t − lookback)) / (width · σ √(lookback − skip))
/// ```
///
/// Source: N. Jegadeesh and S. Titman, "Returns to buying winners and selling losers", Journal of Finance 48 (1993).
public struct MomentumSignal: Signal, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The rows back at which the return starts.
  public let lookback: Int

  /// The rows back at which it ends.
  public let skip: Int

  /// The return, in units of noise, at which the score is one.
  public let width: Double

  /// Creates a signal.
  ///
  /// - Parameters:
  ///   - lookback: The rows back at which the return starts: at least 3.
  ///   - skip: The rows back at which it ends, 0 to `lookback` − 2.
  ///   - width: The return, in units of noise, at which the score is one: positive, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(lookback: Int, skip: Int, width: Double) throws(EngineError) {
    try requireNumber(Double(lookback), "lookback", 3...1e9)
    try requireNumber(Double(skip), "skip", 0...Double(lookback - 2))
    try requireNumber(width, "width", .positive)
    self.lookback = lookback
    self.skip = skip
    self.width = width
  }

  /// One row more than the lookback.
  public var rowsNeeded: Int { lookback + 1 }

  /// Scores the assets; see the type.
  public func scores(_ view: SignalView) -> SignalScores {
    PriceWindow.scores(view.history, rows: lookback + 1) { prices in
      let used = Array(prices.dropLast(skip))
      let noise = PriceWindow.deviation(used) * Double(lookback - skip).squareRoot()
      return noise > 0 ? log(used[used.count - 1] / used[0]) / (width * noise) : nil
    }
  }
}

/// A series from elsewhere, such as funding, lending rates, flows or book imbalance, scaled to a score.
///
/// ```text
/// score = (value − center) / width
/// ```
///
/// A value that is missing, stale or not a number gives no score: a broken feed is no opinion.
public struct SeriesSignal: Signal, Hashable, Codable {
  /// Whether the series is one of theirs.
  public var readsSurfaces: Bool {
    QuotedSeries(rawValue: series).map(QuotedSeries.ofSurfaces.contains) ?? false
  }

  /// The name of the series in the view.
  public let series: String

  /// The value at which the score is zero.
  public let center: Double

  /// The distance from the center at which the score is one; negative for a quantity of which less is better.
  public let width: Double

  /// The largest age of a value, in nanoseconds.
  public let maximumAgeNanoseconds: Int64

  /// Creates a signal.
  ///
  /// - Parameters:
  ///   - series: The name of the series in the view.
  ///   - center: The value at which the score is zero: finite.
  ///   - width: The distance at which the score is one: finite, not zero; negative turns the sign.
  ///   - maximumAgeNanoseconds: The largest age of a value: not negative.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    series: String,
    center: Double,
    width: Double,
    maximumAgeNanoseconds: Int64
  ) throws(EngineError) {
    try requireNumber(center, "center", .finite)
    try requireNumber(width.magnitude, "magnitude of width", .positive)
    try requireNumber(Double(maximumAgeNanoseconds), "maximumAgeNanoseconds", .nonnegative)
    self.series = series
    self.center = center
    self.width = width
    self.maximumAgeNanoseconds = maximumAgeNanoseconds
  }

  /// One row: series are remembered apart.
  public var rowsNeeded: Int { 1 }

  /// Scores the assets; see the type.
  public func scores(_ view: SignalView) -> SignalScores {
    let known = view.series[series]
    return SignalScores(
      universe: view.history.universe,
      clamping: view.history.universe.assets.map { asset in
        known?.value(
          of: asset, at: view.time, maximumAgeNanoseconds: maximumAgeNanoseconds
        ).map { ($0 - center) / width }
      })
  }
}

/// The last rows of each asset without gaps.
enum PriceWindow {
  static func scores(
    _ history: PriceHistory,
    rows: Int,
    _ score: ([Double]) -> Double?
  ) -> SignalScores {
    let count = history.rowCount
    return SignalScores(
      universe: history.universe,
      clamping: history.universe.assets.indices.map { position in
        guard count >= rows else { return nil }
        let prices = ((count - rows)..<count).compactMap { history[$0, position] }
        return prices.count == rows ? score(prices) : nil
      })
  }

  /// The standard deviation of log returns about zero.
  static func deviation(_ prices: [Double]) -> Double {
    guard prices.count > 1 else { return 0 }
    let squares = zip(prices, prices.dropFirst()).reduce(0) { sum, pair in
      let change = log(pair.1 / pair.0)
      return sum + change * change
    }
    return (squares / Double(prices.count - 1)).squareRoot()
  }
}
