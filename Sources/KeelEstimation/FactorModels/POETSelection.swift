// Goals in order: the constants that keep the matrix definite, the one that foretells best.
//
// J. Fan, Y. Liao and M. Mincheva, "Large covariance estimation by thresholding principal orthogonal complements", Journal of the
// Royal Statistical Society B 75 (2013), section 4.1: the least constant, and cross-validation of the rest.

public import KeelData
import KeelNumerics

/// The constant C of ``POETCovariance`` under which the residuals of rows that were not fitted on are nearest.
///
/// ```text
/// loss = ‖R(C) − Σ u u' / T‖² / ‖U‖²,   R(C) of the rows fitted on, u those tested on, U of all rows
/// ```
///
/// The factors are those of all rows, as published, so that losses compare constants and not models; norms are those of
/// Frobenius. Blocks of rows take the place of the published random ones.
public struct POETSelection: Hashable, Sendable {
  /// A constant with its losses.
  public struct Score: Hashable, Sendable {
    /// The constant.
    public let constant: Double

    /// The loss of each fold.
    public let losses: [Double]

    /// The mean loss.
    public var mean: Double { losses.reduce(0, +) / Double(losses.count) }
  }

  /// The number of factors.
  public let factorCount: Int

  /// The least constant above which R is positive definite for all rows, to 1e-10 of ``largestConstant``; constants are tried
  /// in steps of a 200th of that.
  public let leastConstant: Double

  /// The least constant above which R is diagonal for all rows, at most 100.
  public let largestConstant: Double

  /// The constant with the least mean loss; of equal ones the largest.
  public let constant: Double

  /// Every constant tried, ascending.
  public let scores: [Score]

  /// The estimator with the constant chosen.
  public var estimator: POETCovariance {
    POETCovariance(factorCount: factorCount, constant: constant)
  }

  /// The steps in which the least constant is looked for.
  private static let stepCount = 200

  /// Halvings of one step.
  private static let halvingCount = 26

  /// Chooses from evenly spaced constants, from the least to the largest.
  ///
  /// - Parameters:
  ///   - returns: T × N returns.
  ///   - factorCount: The number of factors, 0 to min(N, T − 1) − 1.
  ///   - scheme: How the residuals are cut into folds.
  ///   - candidateCount: The number of constants, 2 to 1000.
  /// - Throws: `EstimationError.tooFewObservations` for a history without a fold and for a fold fitted on fewer than three
  ///   rows, `EstimationError.invalidValue` for the counts, `EstimationError.notPositiveDefinite` where no constant helps,
  ///   `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  /// - Complexity: That of ``POETCovariance``, some 230 Cholesky factorizations, and O(N²) for each constant and fold.
  public init(
    on returns: SimpleReturns,
    factorCount: Int,
    _ scheme: ValidationScheme,
    candidateCount: Int = 40
  ) throws(EstimationError) {
    let allowed = 2...1000
    guard allowed.contains(candidateCount) else {
      throw .invalid(
        "candidateCount", Double(candidateCount), lowest: Double(allowed.lowerBound),
        highest: Double(allowed.upperBound))
    }
    let estimator = POETCovariance(factorCount: factorCount)
    let data = try ReturnsMatrix(returns, minimumCount: estimator.minimumObservationCount)
    try estimator.requireSettings(data)
    let residuals = try FactorResiduals(data, factorCount: factorCount)
    let whole = try ResidualCovariance(residuals.values)
    let largest = min(whole.largestConstant, POETCovariance.allowedConstants.upperBound)
    let least = try Self.leastConstant(whole, largest)
    let folds = try scheme.folds(of: data.rowCount)
    let size = whole.squaredNorm
    let step = (largest - least) / Double(candidateCount - 1)
    let constants = (0..<candidateCount).map { min(least + Double($0) * step, largest) }
    var losses = [[Double]](repeating: [], count: candidateCount)
    for fold in folds {
      let count = fold.training.reduce(0) { $0 + $1.count }
      guard count >= estimator.minimumObservationCount else {
        throw .tooFewObservations(got: count, required: estimator.minimumObservationCount)
      }
      let training = try ResidualCovariance(residuals.values.rows(fold.training))
      let test = try ResidualCovariance(residuals.values.rows(fold.test))
      for (k, constant) in constants.enumerated() {
        let distance = training.squaredDistance(constant, to: test)
        losses[k].append(size > 0 ? distance / size : 0)
      }
    }
    let scores = zip(constants, losses).map { Score(constant: $0, losses: $1) }
    var best = scores[0]
    for score in scores where score.mean <= best.mean { best = score }
    self.factorCount = factorCount
    self.scores = scores
    leastConstant = least
    largestConstant = largest
    constant = best.constant
  }

  /// The least constant above which no one was found that leaves R indefinite.
  private static func leastConstant(
    _ covariance: ResidualCovariance,
    _ largest: Double
  ) throws(EstimationError) -> Double {
    func isPositive(_ constant: Double) -> Bool { covariance.thresholded(constant).isPositive }
    guard isPositive(largest) else { throw .notPositiveDefinite }
    var (low, high) = (0.0, largest)
    var isFound = false
    for k in (0..<stepCount).reversed() where !isFound {
      let constant = largest * (Double(k) / Double(stepCount))
      if isPositive(constant) { high = constant } else { (low, isFound) = (constant, true) }
    }
    if !isFound { return 0 }
    for _ in 0..<halvingCount {
      let middle = low + (high - low) / 2
      if isPositive(middle) { high = middle } else { low = middle }
    }
    return high
  }
}
