#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How slowly the probability of large losses falls, from the largest of a sample.
///
/// For P(L > x) ≈ x^(−1/γ) the tail index is 1/γ: moments of that order and above do not exist.
///
/// ```swift
/// let index = try TailIndex.hill(losses, count: 100)
/// print(1 / index.shape, index.standardError)
/// ```
public struct TailIndex: Hashable, Sendable {
  /// γ, the shape ξ of the generalized Pareto law of the excesses.
  public let shape: Double

  /// The standard error of γ for independent losses and many of them.
  public let standardError: Double

  /// The number k of losses that were used.
  public let count: Int

  /// The loss above which they lie, the (k + 1)-th largest.
  public let threshold: Double

  /// The estimate of Hill, for heavy tails.
  ///
  /// ```text
  /// γ = Σ ln(x(i) / x(k + 1)) / k over the k largest,   standard error γ / √k
  /// ```
  ///
  /// Source: B. Hill, "A simple general approach to inference about the tail of a distribution", Annals of Statistics 3
  /// (1975). Never below zero: for tails that are not heavy take ``moment(_:count:)``.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers, of which the k + 1 largest are positive.
  ///   - count: k, 1 to T − 1.
  /// - Returns: The estimate.
  /// - Throws: `DistributionsError.invalidObservation`, `DistributionsError.invalidValue` for the count or a threshold
  ///   that is not positive.
  /// - Complexity: O(T log T).
  public static func hill(
    _ losses: [Double],
    count: Int
  ) throws(DistributionsError) -> TailIndex {
    let largest = try LargestLosses(losses, count: count)
    let mean = largest.logMoments.mean
    return TailIndex(
      shape: mean, standardError: mean / Double(count).squareRoot(), count: count,
      threshold: largest.threshold)
  }

  /// The estimate of Dekkers, Einmahl and de Haan, for tails of every kind.
  ///
  /// ```text
  /// γ = M₁ + 1 − ½ / (1 − M₁² / M₂),   Mⱼ = Σ ln(x(i) / x(k + 1))ʲ / k
  /// ```
  ///
  /// Source: "A moment estimator for the index of an extreme-value distribution", Annals of Statistics 17 (1989), with
  /// the standard errors of its corollary 3.1.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers, of which the k + 1 largest are positive.
  ///   - count: k, 2 to T − 1.
  /// - Returns: The estimate.
  /// - Throws: As ``hill(_:count:)``, and `DistributionsError.repeatedValue` when all k are equal.
  /// - Complexity: O(T log T).
  public static func moment(
    _ losses: [Double],
    count: Int
  ) throws(DistributionsError) -> TailIndex {
    let largest = try LargestLosses(losses, count: count)
    guard largest.top[0] > largest.top[count - 1] else {
      throw .repeatedValue(
        value: largest.top[0], count: count, observationCount: losses.count)
    }
    let (first, spread) = largest.logMoments
    let g = first + 0.5 - 0.5 * first * (first / spread)
    let variance: Double
    if g >= 0 {
      variance = 1 + g * g
    } else {
      let (a, b) = (1 - g, 1 - 2 * g)
      variance =
        a * a * b * (4 - 8 * b / (1 - 3 * g) + (5 - 11 * g) * b / ((1 - 3 * g) * (1 - 4 * g)))
    }
    return TailIndex(
      shape: g, standardError: (variance / Double(count)).squareRoot(), count: count,
      threshold: largest.threshold)
  }
}

/// The largest of a sample, and the one below them.
struct LargestLosses {
  /// The k largest, descending.
  let top: [Double]
  /// The (k + 1)-th largest, positive.
  let threshold: Double

  init(_ losses: [Double], count: Int) throws(DistributionsError) {
    if let bad = losses.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "losses", index: bad, got: losses[bad])
    }
    guard count >= 1, count < losses.count else {
      throw .invalidValue(
        argument: "count", got: Double(count), lowest: 1, highest: Double(losses.count - 1))
    }
    let sorted = losses.sorted(by: >)
    top = Array(sorted[..<count])
    threshold = sorted[count]
    guard threshold > 0 else {
      throw .invalidValue(
        argument: "threshold", got: threshold, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
  }

  /// The mean of the logarithms of the ratios to the threshold, and their mean squared distance from it.
  ///
  /// Logarithms of ratios to the least of the k come first: those of losses that nearly equal it keep their digits.
  var logMoments: (mean: Double, spread: Double) {
    let least = top[top.count - 1]
    let count = Double(top.count)
    let logarithms = top.map { Self.logRatio($0, least) }
    let mean = logarithms.reduce(0, +) / count
    let spread = logarithms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return (mean + Self.logRatio(least, threshold), spread)
  }

  /// The logarithm of a ratio of positive numbers, the first of which is not less.
  private static func logRatio(_ value: Double, _ base: Double) -> Double {
    let excess = (value - base) / base
    return excess.isFinite ? log1p(excess) : log(value) - log(base)
  }
}
