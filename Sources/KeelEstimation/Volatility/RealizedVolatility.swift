// Goals in order: what the papers say, no look-ahead, no cancellation in rolling windows.
//
// With o, h, l, c the logarithms of open, high, low and close, and within a bar u = h − o, d = l − o,
// k = c − o:
//   close to close    sample variance of c(t) − c(t−1)
//   Parkinson         mean of (h − l)²/(4 ln 2)                      J. Business 53 (1980)
//   Garman-Klass      mean of ½ (h − l)² − (2 ln 2 − 1) k²           J. Business 53 (1980)
//   Rogers-Satchell   mean of u (u − k) + d (d − k)                  Ann. Appl. Probab. 1 (1991)
//   Yang-Zhang        V(o(t) − c(t−1)) + w V(k) + (1 − w) RS,        J. Business 73 (2000)
//                     w = 0.34/(1.34 + (n + 1)/(n − 1)), V sample variances
// Windows are summed anew: a running sum would carry the rounding of what has left it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The variance of a period from bars of prices.
public enum RealizedVolatility: Hashable, Sendable, CaseIterable, Codable {
  /// From closes: the sample variance of log returns.
  case closeToClose

  /// From highs and lows, for prices without drift.
  case parkinson

  /// From all four prices within the bars, for prices without drift.
  case garmanKlass

  /// From all four prices within the bars, with any drift.
  case rogersSatchell

  /// From all four prices and the jumps between bars, with any drift.
  case yangZhang

  /// The least number of bars.
  public var minimumBarCount: Int {
    switch self {
    case .closeToClose, .yangZhang: 3
    case .parkinson, .garmanKlass, .rogersSatchell: 1
    }
  }

  /// The variance of one period over all bars.
  ///
  /// Parkinson's, Garman's and Klass's, and Rogers' and Satchell's leave out what happens between a
  /// close and the next open; in a market that never closes nothing does.
  ///
  /// - Parameter bars: At least ``minimumBarCount`` bars.
  /// - Returns: The variance of log returns, per period; Garman's and Klass's may be negative for few
  ///   bars.
  /// - Throws: `EstimationError.tooFewObservations`.
  /// - Complexity: O(n).
  public func variance(of bars: PriceBars) throws(EstimationError) -> Double {
    let logs = LogBars(bars)
    guard bars.count >= minimumBarCount else {
      throw .tooFewObservations(got: bars.count, required: minimumBarCount)
    }
    return variance(logs, 0..<bars.count)
  }

  /// The variance over each window of bars.
  ///
  /// - Parameters:
  ///   - bars: The bars.
  ///   - window: The number of bars of a window, at least ``minimumBarCount``.
  /// - Returns: One variance a bar: over the window that ends with it, nil before the first is full.
  /// - Throws: `EstimationError.tooFewObservations` for a window below the least number.
  /// - Complexity: O(n · window).
  public func rollingVariances(
    of bars: PriceBars, window: Int
  ) throws(EstimationError) -> [Double?] {
    guard window >= minimumBarCount else {
      throw .tooFewObservations(got: window, required: minimumBarCount)
    }
    let logs = LogBars(bars)
    return (0..<bars.count).map { last in
      last + 1 < window ? nil : variance(logs, (last + 1 - window)..<(last + 1))
    }
  }

  private func variance(_ logs: LogBars, _ range: Range<Int>) -> Double {
    let count = Double(range.count)
    switch self {
    case .closeToClose:
      return Self.sampleVariance(range.dropFirst().map { logs.gaps[$0] + logs.moves[$0] })
    case .parkinson:
      return range.reduce(0) { $0 + logs.ranges[$1] * logs.ranges[$1] } / (4 * Self.logTwo * count)
    case .garmanKlass:
      let weight = 2 * Self.logTwo - 1
      return range.reduce(0) {
        $0 + 0.5 * logs.ranges[$1] * logs.ranges[$1] - weight * logs.moves[$1] * logs.moves[$1]
      } / count
    case .rogersSatchell:
      return Self.rogersSatchell(logs, range)
    case .yangZhang:
      // The first bar has no close before it.
      let inner = range.dropFirst()
      let bars = Double(inner.count)
      let weight = 0.34 / (1.34 + (bars + 1) / (bars - 1))
      return Self.sampleVariance(inner.map { logs.gaps[$0] })
        + weight * Self.sampleVariance(inner.map { logs.moves[$0] })
        + (1 - weight) * Self.rogersSatchell(logs, inner)
    }
  }

  private static let logTwo = 0.693_147_180_559_945_3

  private static func rogersSatchell(_ logs: LogBars, _ range: Range<Int>) -> Double {
    range.reduce(0) {
      let (up, down, move) = (logs.ups[$1], logs.downs[$1], logs.moves[$1])
      return $0 + up * (up - move) + down * (down - move)
    } / Double(range.count)
  }

  private static func sampleVariance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }
}

/// Logarithms within and between bars; of quotients, which keep the digits of small moves.
private struct LogBars {
  /// ln(open/close before), zero for the first bar.
  var gaps: [Double]
  /// ln(close/open), ln(high/open), ln(low/open), ln(high/low).
  let moves: [Double]
  let ups: [Double]
  let downs: [Double]
  let ranges: [Double]

  init(_ bars: PriceBars) {
    gaps = bars.opens.indices.map { i in
      i == 0 ? 0 : Self.logRatio(bars.opens[i], bars.closes[i - 1])
    }
    moves = zip(bars.closes, bars.opens).map(Self.logRatio)
    ups = zip(bars.highs, bars.opens).map(Self.logRatio)
    downs = zip(bars.lows, bars.opens).map(Self.logRatio)
    ranges = zip(bars.highs, bars.lows).map(Self.logRatio)
  }

  /// ln(a/b), also where the quotient overflows.
  private static func logRatio(_ a: Double, _ b: Double) -> Double {
    let change = (a - b) / b
    return change.magnitude < 0.5 ? log1p(change) : log(a) - log(b)
  }
}
