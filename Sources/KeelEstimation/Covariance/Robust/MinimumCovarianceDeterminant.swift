// Goals in order: a determinant as small as that of any start, the same bits each time, speed.
//
// P. Rousseeuw, K. Van Driessen, "A fast algorithm for the minimum covariance determinant estimator", Technometrics 41
// (1999). Corrections and reweighting are those of scikit-learn's MinCovDet.

import KeelLinearAlgebra
public import KeelNumerics

/// The covariance of the observations that agree best, with outliers left out.
///
/// Of all subsets of h observations, the one whose covariance has the least determinant gives location and distances.
/// Observations within the 97.5 % quantile of the χ² law with N degrees of freedom, with distances scaled to the law's
/// median, are the inliers; the estimate is their covariance, divided by their number.
public struct MinimumCovarianceDeterminant: CovarianceEstimator, Hashable {
  /// What was found.
  public struct Fit: Hashable, Sendable {
    /// The covariance of the inliers, in the order of the columns.
    public let covariance: SymmetricMatrix

    /// The mean of the inliers.
    public let location: [Double]

    /// The rows whose covariance has the least determinant, ascending.
    public let support: [Int]

    /// The rows that the estimate is made of, ascending.
    public let inliers: [Int]

    /// The logarithm of the determinant of the covariance of the support, divided by their number; minus infinity
    /// where an asset is a combination of others.
    public let logDeterminant: Double

    /// The covariance of the support, scaled so that the median distance is that of the χ² law.
    public let rawCovariance: SymmetricMatrix
  }

  /// The share of the observations in the subset, from one half to 1; nil takes the most robust one,
  /// (T + N + 1) / 2 observations.
  public var supportFraction: Double?

  /// The number of random starts at five assets or fewer; fewer with more assets, each of which costs more; 1 to
  /// 100 000.
  public var startCount: Int

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - supportFraction: The share of the observations in the subset; nil takes the most robust one.
  ///   - startCount: The number of random starts at five assets or fewer, 1 to 100 000.
  ///   - examination: Which diagnostics are computed.
  public init(
    supportFraction: Double? = nil,
    startCount: Int = 500,
    examination: CovarianceExamination = .basic
  ) {
    self.supportFraction = supportFraction
    self.startCount = startCount
    self.examination = examination
  }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.tooFewObservations` unless T > N, `EstimationError.invalidValue` for the settings,
  ///   `EstimationError.notPositiveDefinite` when h observations lie in a plane, as where most returns of an asset are
  ///   zero, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    UnlabeledCovariance(
      lowerTriangle: try solve(returns).inlying, order: returns.columnCount)
  }

  /// Estimates with support and inliers.
  ///
  /// - Parameter returns: T × N returns, finite.
  /// - Returns: What was found.
  /// - Throws: As ``estimate(from:)``, and what `unlabeledCovariance` says of bad returns.
  public func unlabeledFit(_ returns: Matrix) throws(EstimationError) -> Fit {
    let checked = try ReturnsMatrix(unlabeled: returns, minimumCount: minimumObservationCount)
    let n = checked.columnCount
    let parts = try solve(checked)
    let count = Double(parts.inliers.count)
    return Fit(
      covariance: SymmetricMatrix(lowerTriangleOf: parts.inlying, order: n),
      location: (0..<n).map { j in
        let origin = returns[parts.inliers[0], j]
        return origin + parts.inliers.reduce(0) { $0 + (returns[$1, j] - origin) } / count
      },
      support: parts.support, inliers: parts.inliers, logDeterminant: parts.logDeterminant,
      rawCovariance: SymmetricMatrix(lowerTriangleOf: parts.raw, order: n))
  }

  private struct Parts {
    var inlying: [Double]
    var raw: [Double]
    var support: [Int]
    var inliers: [Int]
    var logDeterminant: Double
  }

  /// The share of the χ² law within which inliers lie.
  private static let outlyingShare = 0.025

  private static let maximumStartCount = 100_000

  private func solve(_ returns: ReturnsMatrix) throws(EstimationError) -> Parts {
    let (t, n) = (returns.rowCount, returns.columnCount)
    guard t > n else { throw .tooFewObservations(got: t, required: n + 1) }
    if let share = supportFraction, !(share >= 0.5 && share <= 1) {
      throw .invalidValue(argument: "supportFraction", got: share, lowest: 0.5, highest: 1)
    }
    guard (1...Self.maximumStartCount).contains(startCount) else {
      throw .invalidValue(
        argument: "startCount", got: Double(startCount), lowest: 1,
        highest: Double(Self.maximumStartCount))
    }
    let columns = try IndependentColumns(returns)
    let order = columns.values.columnCount
    if order == 0 {
      let nothing = [Double](repeating: 0, count: n * n)
      return Parts(
        inlying: nothing, raw: nothing, support: Array(0..<t), inliers: Array(0..<t),
        logDeterminant: -.infinity)
    }
    // Not fewer than a plane holds and one more.
    let count = max(
      min(supportFraction.map { Int($0 * Double(t)) } ?? (t + order + 2) / 2, t), order + 1)
    let search = DeterminantSearch(columns.values)
    guard let best = search.best(count: count, startCount: startCount),
      let estimate = search.estimate(best)
    else { throw .notPositiveDefinite }
    let distances = search.distances(estimate)
    let sorted = distances.sorted()
    let median = (sorted[(t - 1) / 2] + sorted[t / 2]) / 2
    let quantile = 2 * SpecialFunctions.inverseRegularizedGammaQ(Double(order) / 2, 0.5)
    let limit =
      2 * SpecialFunctions.inverseRegularizedGammaQ(Double(order) / 2, Self.outlyingShare)
    let correction = median / quantile
    guard correction > 0 else { throw .notPositiveDefinite }
    let inliers = (0..<t).filter { distances[$0] < limit * correction }
    guard let weighted = search.estimate(inliers) else {
      throw .notPositiveDefinite
    }
    var inlying = try columns.scatter(weighted.scatter)
    var raw = try columns.scatter(estimate.scatter)
    try returns.unscale(&inlying)
    try returns.unscale(&raw, factor: correction)
    return Parts(
      inlying: inlying, raw: raw, support: best.sorted(), inliers: inliers,
      logDeterminant: columns.isComplete
        ? estimate.logDeterminant + columns.logDeterminant(scale: returns.scale) : -.infinity)
  }
}
