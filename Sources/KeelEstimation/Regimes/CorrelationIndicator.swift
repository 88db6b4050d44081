// M. Kritzman, Y. Li, S. Page, R. Rigobon, Principal components as a measure of systemic risk, Journal
// of Portfolio Management 37 (2011).

public import KeelData
import KeelLinearAlgebra
public import KeelNumerics

/// How closely the assets move together: average correlation and absorption ratio.
///
/// ```text
/// average = mean of ρ(i, j) over i < j
/// absorption = Σ of the k largest eigenvalues / Σ of all,   k = N / 5 rounded, at least 1
/// ```
public struct CorrelationIndicator: Hashable, Sendable, Codable {
  /// The average correlation of all pairs; nil for one asset.
  public let averageCorrelation: Double?

  /// The share of the variance in the largest eigenvectors, from k/N to 1.
  public let absorptionRatio: Double

  /// The number of eigenvectors k.
  public let eigenvectorCount: Int

  /// The share of the number of assets that the absorption ratio counts as eigenvectors.
  public static let usualEigenvectorShare = 0.2

  /// Which matrix the eigenvalues are of.
  @nonexhaustive
  public enum Basis: String, Hashable, Sendable, Codable, CaseIterable {
    /// The covariance, as published: volatile assets count more.
    case covariance

    /// The correlation: all assets count the same.
    case correlation
  }

  /// Measures a covariance.
  ///
  /// Computed in the order of the assets' names: any order gives the same bits. Assets without
  /// variance have no correlation and count in no pair.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of N assets.
  ///   - basis: Which matrix the eigenvalues are of.
  ///   - eigenvectorShare: The share of N that k is, above 0 and at most 1.
  /// - Throws: `EstimationError.invalidValue`, `EstimationError.zeroVariance` when no asset varies,
  ///   or one does not and the correlation is the basis, `EstimationError.eigenvaluesNotConverged`.
  /// - Complexity: O(N³).
  public init(
    _ covariance: Covariance,
    basis: Basis = .covariance,
    eigenvectorShare: Double = usualEigenvectorShare
  ) throws(EstimationError) {
    let assets = covariance.universe.assets
    let order = assets.indices.sorted { assets[$0] < assets[$1] }
    try self.init(
      covariance.matrix.submatrix(at: order), order.map { (assets[$0], $0) }, basis,
      eigenvectorShare)
  }

  /// Measures the covariance of assets without names.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of N assets.
  ///   - basis: Which matrix the eigenvalues are of.
  ///   - eigenvectorShare: The share of N that k is, above 0 and at most 1.
  /// - Throws: As ``init(_:basis:eigenvectorShare:)``, and `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.notRepresentable` for a matrix that is not finite.
  /// - Complexity: O(N³).
  public init(
    unlabeled covariance: SymmetricMatrix,
    basis: Basis = .covariance,
    eigenvectorShare: Double = usualEigenvectorShare
  ) throws(EstimationError) {
    guard ReturnsMatrix.allowedAssetCount.contains(covariance.order) else {
      throw .assetCountOutOfRange(
        got: covariance.order, allowed: ReturnsMatrix.allowedAssetCount)
    }
    guard covariance.firstNonFiniteElement == nil else {
      throw .notRepresentable(result: "covariance")
    }
    try self.init(
      covariance, (0..<covariance.order).map { (nil, $0) }, basis, eigenvectorShare)
  }

  private init(
    _ matrix: SymmetricMatrix,
    _ columns: [(asset: AssetID?, column: Int)],
    _ basis: Basis,
    _ share: Double
  ) throws(EstimationError) {
    guard share > 0, share <= 1 else {
      throw .invalid("eigenvectorShare", share, lowest: 0, highest: 1)
    }
    let count = matrix.order
    let deviations = matrix.diagonal.map { max($0, 0).squareRoot() }
    let least = deviations.indices.first { deviations[$0] == 0 }
    guard deviations.contains(where: { $0 > 0 }) else {
      throw .zeroVariance(asset: columns[0].asset, column: columns[0].column)
    }
    if basis == .correlation, let least {
      throw .zeroVariance(asset: columns[least].asset, column: columns[least].column)
    }
    var sum = 0.0
    var pairs = 0
    var correlations = [Double](repeating: 0, count: count * count)
    for j in 0..<count where deviations[j] > 0 {
      correlations[j + j * count] = 1
      for i in (j + 1)..<max(count, j + 1) where deviations[i] > 0 {
        let correlation = matrix[i, j] / deviations[i] / deviations[j]
        correlations[i + j * count] = correlation
        sum += correlation
        pairs += 1
      }
    }
    averageCorrelation = pairs > 0 ? sum / Double(pairs) : nil
    eigenvectorCount = max(1, Int((share * Double(count)).rounded()))
    let values = try Self.eigenvalues(
      basis == .covariance
        ? matrix : SymmetricMatrix(lowerTriangleOf: correlations, order: count))
    // Ascending; rounding leaves some of a singular matrix below zero.
    let largest = values.last ?? 0
    let shares = values.map { max($0 / largest, 0) }
    absorptionRatio = min(
      1, shares.suffix(eigenvectorCount).reduce(0, +) / shares.reduce(0, +))
  }

  private static func eigenvalues(
    _ matrix: SymmetricMatrix
  ) throws(EstimationError) -> [Double] {
    do throws(LinearAlgebraError) {
      return try SymmetricEigen.values(of: matrix)
    } catch {
      throw EstimationError(error)
    }
  }
}
