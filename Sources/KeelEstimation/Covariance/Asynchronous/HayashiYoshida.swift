// T. Hayashi and N. Yoshida, "On covariance estimation of non-synchronously observed diffusion processes", Bernoulli 11
// (2005).

public import KeelData
import KeelNumerics

/// The covariance of assets that trade at different times, without moving a price to another time.
///
/// ```text
/// Σ(i, j) = (period / window) Σ over k, l of r(i, k) r(j, l) where their intervals overlap
/// ```
///
/// r are log returns between trades. Returns on a common grid take old prices for new ones and lose covariance the more,
/// the finer the grid is (Epps 1979); this estimate does not. The diagonal is realized variance: with ticks so close that
/// prices bounce between bid and ask it is too large; thin them first. The matrix need not be positive semidefinite: the
/// correlations become the nearest possible ones, and `repairNorm` says how much was added.
public struct HayashiYoshida: Hashable, Sendable {
  /// The length of the period that the covariance is for, in seconds.
  public var periodSeconds: Double

  /// The least eigenvalue of the correlations after a repair.
  public var leastEigenvalue: Double

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - periodSeconds: The length of the period that the covariance is for, in seconds: 86 400 for a day; positive.
  ///   - leastEigenvalue: The least eigenvalue of the correlations after a repair, 0 to below 1.
  public init(periodSeconds: Double, leastEigenvalue: Double = 0) {
    self.periodSeconds = periodSeconds
    self.leastEigenvalue = leastEigenvalue
  }

  /// Estimates the covariance.
  ///
  /// - Parameter series: Series of different assets, at least one. Each is scaled by its own time from the first to the last
  ///   trade, a pair by the time that both cover.
  /// - Returns: The covariance of log returns for one period.
  /// - Throws: `EstimationError.tooFewObservations` for no series, `EstimationError.duplicateAsset`,
  ///   `EstimationError.tooFewCommonObservations` for two series without a common time, `EstimationError.zeroVariance` where
  ///   a repair needs correlations, `EstimationError.invalidValue` for the settings, `EstimationError.notRepresentable`.
  /// - Complexity: O(N · ticks).
  public func covariance(of series: [TickSeries]) throws(EstimationError) -> Covariance {
    guard periodSeconds > 0, periodSeconds.isFinite else {
      throw .invalidValue(
        argument: "periodSeconds", got: periodSeconds, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    try NearestCorrelation(leastEigenvalue: leastEigenvalue).requireSettings()
    guard !series.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    try requireDifferent(series)
    let sorted = series.sorted { $0.asset < $1.asset }
    let n = series.count
    var matrix = SymmetricMatrix.zero(order: n)
    for i in 0..<n {
      for j in i..<n {
        let (first, second) = (sorted[i], sorted[j])
        let start = max(first.times[0], second.times[0])
        let end = min(first.times[first.times.count - 1], second.times[second.times.count - 1])
        guard start < end else {
          throw .tooFewCommonObservations(
            left: first.asset, right: second.asset, got: 0, required: 1)
        }
        let (length, overflow) = end.nanosecondsSinceEpoch.subtractingReportingOverflow(
          start.nanosecondsSinceEpoch)
        let nanoseconds =
          overflow
          ? Double(end.nanosecondsSinceEpoch) - Double(start.nanosecondsSinceEpoch)
          : Double(length)
        matrix[i, j] = Self.sum(first, second) * (periodSeconds / (nanoseconds * 1e-9))
      }
    }
    let universe: Universe
    do throws(DataError) {
      universe = try Universe(series.map(\.asset))
    } catch {
      throw EstimationError(error)
    }
    return try repaired(matrix, universe)
  }

  /// The covariance from a matrix in the order of names.
  private func repaired(
    _ matrix: SymmetricMatrix,
    _ universe: Universe
  ) throws(EstimationError) -> Covariance {
    let names = NameOrder(universe)
    var diagnostics = CovarianceDiagnostics(repairNorm: 0)
    var result = matrix
    if try !matrix.isSemidefinite() {
      let method = NearestCorrelation(leastEigenvalue: leastEigenvalue)
      let repaired = try method.repaired(matrix) { position in
        .zeroVariance(
          asset: universe.assets[names.order[position]], column: names.order[position])
      }
      result = repaired?.matrix ?? matrix
      diagnostics.repairNorm = repaired?.norm
    }
    return try Covariance(
      UnlabeledCovariance(form: .dense(names.restored(result)), diagnostics: diagnostics),
      over: universe)
  }

  /// Σ of the products of returns whose intervals overlap.
  ///
  /// The returns of the second series that overlap one of the first are consecutive: their sum is a difference of two
  /// logarithms, and both ends move forward only.
  private static func sum(_ first: TickSeries, _ second: TickSeries) -> Double {
    var sum = 0.0
    var (low, high) = (0, 0)
    let last = second.times.count - 1
    for k in first.times.indices.dropFirst() {
      let (start, end) = (first.times[k - 1], first.times[k])
      // The interval (times[low], times[low + 1]] is the first that ends after the start.
      while low < last && second.times[low + 1] <= start { low += 1 }
      high = max(high, low)
      while high < last && second.times[high] < end { high += 1 }
      if second.times[low] >= end || low == last { continue }
      sum +=
        (first.logarithms[k] - first.logarithms[k - 1])
        * (second.logarithms[high] - second.logarithms[low])
    }
    return sum
  }
}
