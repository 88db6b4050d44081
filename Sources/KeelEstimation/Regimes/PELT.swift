// Goals in order: the exact minimum for any least length, speed.
//
// R. Killick, P. Fearnhead, I. Eckley, Optimal detection of changepoints with a linear computational
// cost, JASA 107 (2012). With a least length m, a start that loses at row t may still win until the
// segment from t on has m rows: it is dropped m rows later (dropping it at once, as is common, can
// miss the minimum).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The division of a series into segments of least total cost (pruned exact linear time).
///
/// ```text
/// minimum of Σ C(segment) + penalty (number of segments − 1)
/// C = Σ (x − m)²,  or  n ln s² + Σ (x − m)² / s²  with s² = max(Σ (x − m)² / n, floor)
/// ```
///
/// The whole series is used: a description of the past, not a signal. For a signal see
/// ``BayesianChangePoint`` and ``CUSUM``.
public struct PELT: Hashable, Sendable {
  /// What a segment costs.
  @nonexhaustive
  public enum Cost: Hashable, Sendable {
    /// The sum of squares around the segment's mean, in the squared unit of the series.
    case mean

    /// Minus twice the normal log-likelihood of a segment with its own mean and variance, but for
    /// `n ln 2π`. The variance is at least this share of that of the series, so that repeated
    /// values do not cost minus infinity; 1e-8 is usual.
    case meanAndVariance(relativeVarianceFloor: Double)
  }

  /// What a segment costs.
  public let cost: Cost

  /// What each further segment costs, in the unit of the cost.
  public let penalty: Double

  /// The least number of rows of a segment.
  public let minimumLength: Int

  /// Creates a method.
  ///
  /// - Parameters:
  ///   - cost: What a segment costs.
  ///   - penalty: What each further segment costs, in the unit of the cost. The Bayesian criterion
  ///     is `2 σ² ln T` for a change of the mean with noise of variance σ², and `3 ln T` for one of
  ///     mean and variance: two or three parameters more, the place being one.
  ///   - minimumLength: The least number of rows of a segment: at least 1, or 2 where its variance
  ///     is estimated.
  /// - Throws: `EstimationError.invalidValue`.
  public init(cost: Cost, penalty: Double, minimumLength: Int) throws(EstimationError) {
    guard penalty >= 0, penalty.isFinite else { throw .invalid("penalty", penalty, lowest: 0) }
    var least = 1
    if case .meanAndVariance(let floor) = cost {
      guard floor > 0, floor < 1 else {
        throw .invalid("relativeVarianceFloor", floor, lowest: 0, highest: 1)
      }
      least = 2
    }
    guard minimumLength >= least else {
      throw .invalid(
        "minimumLength", Double(minimumLength), lowest: Double(least), highest: Double(Int.max))
    }
    self.cost = cost
    self.penalty = penalty
    self.minimumLength = minimumLength
  }

  /// In standardized units more than any segments can save, and far from overflow.
  private static let largestPenalty = 1e300

  /// Divides a series.
  ///
  /// Of two divisions of equal cost the one whose last segment is longer.
  ///
  /// - Parameter series: Finite numbers, at least as many as a segment needs.
  /// - Returns: The segments of the least total cost.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.invalidObservation`,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(T) where segments stay short as T grows, O(T²) without breaks.
  public func segments(of series: [Double]) throws(EstimationError) -> SeriesSegments {
    let standardized = try StandardizedSeries(
      series: series, argument: "series", minimumCount: minimumLength)
    let sums = SegmentCosts(standardized, cost)
    let count = series.count
    // The penalty and the costs of the mean are squares of the series.
    let unit = cost == .mean ? 2 * standardized.exponent : 0
    let penalty = min(StandardizedSeries.times(self.penalty, -unit), Self.largestPenalty)
    var best = [Double](repeating: .infinity, count: count + 1)
    var origin = [Int](repeating: 0, count: count + 1)
    best[0] = -penalty
    var starts: [(start: Int, end: Int)] = [(0, Int.max)]
    for end in minimumLength...count {
      var (least, from) = (Double.infinity, 0)
      for candidate in starts {
        let value = best[candidate.start] + penalty + sums.cost(candidate.start..<end)
        if value < least { (least, from) = (value, candidate.start) }
      }
      best[end] = least
      origin[end] = from
      for i in starts.indices where starts[i].end == Int.max {
        let start = starts[i].start
        if best[start] + sums.cost(start..<end) > least { starts[i].end = end + minimumLength }
      }
      starts.removeAll { $0.end <= end + 1 }
      let next = end + 1 - minimumLength
      if next >= minimumLength { starts.append((next, Int.max)) }
    }
    var bounds = [count]
    while let first = bounds.last, first > 0 { bounds.append(origin[first]) }
    let total = sums.unitCost(best[count])
    guard total.isFinite else { throw .notRepresentable(result: "cost") }
    return SeriesSegments(series: series, bounds: bounds.reversed(), cost: total)
  }
}

/// The costs of the segments of a series, from sums over its prefixes.
private struct SegmentCosts {
  private var first: [Double] = [0]
  private var second: [Double] = [0]
  private let exponent: Int

  /// nil for the cost of the mean.
  private var floor: Double?

  init(_ series: StandardizedSeries, _ cost: PELT.Cost) {
    exponent = series.exponent
    for value in series.values {
      first.append((first.last ?? 0) + value)
      second.append((second.last ?? 0) + value * value)
    }
    guard case .meanAndVariance(let share) = cost else { return }
    let count = series.values.count
    let variance = squares(0..<count) / Double(count)
    // A series without any variance has segments without any, all of one cost.
    floor = variance > 0 ? share * variance : 1
  }

  /// Σ (z − m)².
  private func squares(_ range: Range<Int>) -> Double {
    let sum = first[range.upperBound] - first[range.lowerBound]
    return max(
      0, second[range.upperBound] - second[range.lowerBound] - sum * sum / Double(range.count))
  }

  /// The cost in standardized units.
  func cost(_ range: Range<Int>) -> Double {
    let squares = squares(range)
    guard let floor else { return squares }
    let count = Double(range.count)
    let variance = max(squares / count, floor)
    return count * log(variance) + squares / variance
  }

  /// A total of all rows in the unit of the series.
  func unitCost(_ total: Double) -> Double {
    floor == nil
      ? StandardizedSeries.times(total, 2 * exponent)
      : total + 2 * Double(first.count - 1) * Double(exponent) * log(2)
  }
}

/// A series divided into segments.
public struct SeriesSegments: Hashable, Sendable, Codable {
  /// One segment.
  public struct Segment: Hashable, Sendable, Codable {
    /// The rows.
    public let rows: Range<Int>

    /// The mean of the rows.
    public let mean: Double

    /// The standard deviation of the rows, with their number as divisor.
    public let standardDeviation: Double
  }

  /// The segments in order.
  public let segments: [Segment]

  /// The total cost with the penalties.
  public let cost: Double

  /// The first rows of all segments but the first.
  public var breaks: [Int] { segments.dropFirst().map(\.rows.lowerBound) }

  init(series: [Double], bounds: [Int], cost: Double) {
    segments = zip(bounds, bounds.dropFirst()).map { start, end in
      let rows = series[start..<end]
      let count = Double(rows.count)
      let mean = rows.reduce(0) { $0 + $1 / count }
      let largest = rows.reduce(0) { max($0, ($1 - mean).magnitude) }
      let squares = rows.reduce(0) { $0 + (($1 - mean) / largest) * (($1 - mean) / largest) }
      return Segment(
        rows: start..<end, mean: mean,
        standardDeviation: largest > 0 ? largest * (squares / count).squareRoot() : 0)
    }
    self.cost = cost
  }
}
