// J. Fan, Y. Liao and M. Mincheva, "Large covariance estimation by thresholding principal orthogonal complements", Journal
// of the Royal Statistical Society B 75 (2013), section 2; thresholds of T. Cai and W. Liu (2011).

import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance of principal factors with sparse correlations of what they leave.
///
/// ```text
/// Σ = V Λ V' + R,   R(i, j) = sign(u(i, j)) max(|u(i, j)| − τ(i, j), 0),   τ(i, j) = C (1/√N + √(ln N / T)) √θ(i, j)
/// ```
///
/// u is the covariance of the residuals of the factors and θ(i, j) the variance of their products: pairs of assets that the
/// factors do not explain, two tokens of one protocol for instance, keep a correlation, noise does not. Divisor T as
/// published. Where R is not positive definite the constant C is raised, a tenth at a time, until it is.
public struct POETCovariance: CovarianceEstimator, Hashable {
  /// The number of factors, 0 to min(N, T − 1) − 1.
  public var factorCount: Int

  /// The constant C of the thresholds, at least 0; a half is usual.
  public var constant: Double

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - factorCount: The number of factors.
  ///   - constant: The constant C of the thresholds, 0 to 100.
  ///   - examination: Which diagnostics are computed.
  public init(
    factorCount: Int,
    constant: Double = 0.5,
    examination: CovarianceExamination = .basic
  ) {
    self.factorCount = factorCount
    self.constant = constant
    self.examination = examination
  }

  /// Products of two observations about their mean do not vary.
  public var minimumObservationCount: Int { 3 }

  /// Estimates from checked returns: two `dsyrk`, one `dsyevd` and some Cholesky factorizations.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate; `shrinkageIntensity` is the share of the correlations of residuals that became zero.
  /// - Throws: `EstimationError.invalidValue` for the settings, `EstimationError.eigenvaluesNotConverged`,
  ///   `EstimationError.notPositiveDefinite` where no constant helps: residuals of two assets have always the same
  ///   product, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let n = returns.columnCount
    let most = max(min(n, returns.rowCount - 1) - 1, 0)
    guard factorCount >= 0, factorCount <= most else {
      throw .invalidValue(
        argument: "factorCount", got: Double(factorCount), lowest: 0, highest: Double(most))
    }
    guard constant >= 0, constant <= 100 else {
      throw .invalidValue(argument: "constant", got: constant, lowest: 0, highest: 100)
    }
    let residuals = try Residuals(returns, factorCount: factorCount)
    var level = constant
    // A diagonal matrix, where every threshold is above its element, is positive definite; the thresholds grow
    // geometrically to there.
    for _ in 0..<Self.mostRaises {
      let (matrix, share) = residuals.thresholded(level * residuals.rate(returns.rowCount))
      if matrix.isPositive {
        var elements = residuals.common
        for i in elements.indices { elements[i] += matrix.elements[i] }
        try returns.unscale(&elements)
        return UnlabeledCovariance(
          lowerTriangle: elements, order: n, shrinkageIntensity: share)
      }
      level = max(1.1 * level, 0.05)
    }
    throw .notPositiveDefinite
  }

  private static let mostRaises = 400
}

/// What factors leave of returns, in scaled units.
private struct Residuals {
  private let order: Int
  /// V Λ V', the lower triangle.
  let common: [Double]
  /// The covariance of the residuals and the deviations of their products, the lower triangles.
  private let covariance: [Double]
  private let deviations: [Double]

  init(_ returns: ReturnsMatrix, factorCount: Int) throws(EstimationError) {
    let n = returns.columnCount
    let rows = returns.rowCount
    order = n
    // The centered data, T × N.
    let data = Matrix(
      uncheckedRowCount: rows, columnCount: n,
      storage: (0..<n).flatMap { position in
        returns.column(position).map { $0 * returns.scale - returns.scaledMeans[position] }
      })
    let eigen: SymmetricEigen
    let covariance: [Double]
    let fourth: [Double]
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(try data.gram(scale: 1 / Double(rows)))
      let kept = Matrix(
        uncheckedRowCount: n, columnCount: factorCount,
        storage: ((n - factorCount)..<n).flatMap { k in eigen.vectors.column(k).copied })
      var residuals = data
      if factorCount > 0 {
        let fitted = try (data * kept) * kept.transposed
        for j in 0..<n {
          for t in 0..<rows { residuals[t, j] -= fitted[t, j] }
        }
      }
      covariance = try residuals.gram(scale: 1 / Double(rows)).matrix.columnMajorElements
      for j in 0..<n {
        for t in 0..<rows { residuals[t, j] *= residuals[t, j] }
      }
      fourth = try residuals.gram(scale: 1 / Double(rows)).matrix.columnMajorElements
    } catch {
      throw EstimationError(error)
    }
    self.covariance = covariance
    deviations = zip(fourth, covariance).map { max($0 - $1 * $1, 0).squareRoot() }
    common = try SymmetricEigen.product(eigen.vectors, (n - factorCount)..<n) { eigen.values[$0] }
  }

  /// 1/√N + √(ln N / T).
  func rate(_ count: Int) -> Double {
    let size = Double(order)
    return 1 / size.squareRoot() + (log(size) / Double(count)).squareRoot()
  }

  /// The covariance of the residuals above thresholds, and the share of pairs that have none left.
  func thresholded(
    _ factor: Double
  ) -> (matrix: (elements: [Double], isPositive: Bool), share: Double) {
    var elements = covariance
    var zeros = 0
    for j in 0..<order {
      for i in (j + 1)..<max(order, j + 1) {
        let place = i + j * order
        let size = max(elements[place].magnitude - factor * deviations[place], 0)
        if size == 0 { zeros += 1 }
        elements[place] = elements[place] < 0 ? -size : size
      }
    }
    // A variance that the factors explain wholly leaves a zero row, which counts as positive.
    let varying = (0..<order).filter { elements[$0 * (order + 1)] > 0 }
    let matrix = SymmetricMatrix(lowerTriangleOf: elements, order: order)
    let factorization = try? Cholesky(matrix.submatrix(at: varying))
    let pairs = max(order * (order - 1) / 2, 1)
    return ((elements, factorization != nil), Double(zeros) / Double(pairs))
  }
}

extension Span where Element == Double {
  fileprivate var copied: [Double] { indices.map { self[$0] } }
}
