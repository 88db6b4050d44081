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
    try requireSettings(returns)
    let residuals = try FactorResiduals(returns, factorCount: factorCount)
    let covariance = try ResidualCovariance(residuals.values)
    var level = constant
    // A diagonal matrix, where every threshold is above its element, is positive definite; the thresholds grow
    // geometrically to there.
    for _ in 0..<Self.mostRaises {
      let sparse = covariance.thresholded(level)
      if sparse.isPositive {
        var elements = residuals.common
        for i in elements.indices { elements[i] += sparse.elements[i] }
        try returns.unscale(&elements)
        return UnlabeledCovariance(
          lowerTriangle: elements, order: returns.columnCount,
          shrinkageIntensity: sparse.zeroShare)
      }
      level = max(1.1 * level, 0.05)
    }
    throw .notPositiveDefinite
  }

  private static let mostRaises = 400

  /// The allowed constants.
  static let allowedConstants = 0.0...100

  /// Checks the settings.
  func requireSettings(_ returns: ReturnsMatrix) throws(EstimationError) {
    let most = max(min(returns.columnCount, returns.rowCount - 1) - 1, 0)
    guard factorCount >= 0, factorCount <= most else {
      throw .invalid("factorCount", Double(factorCount), lowest: 0, highest: Double(most))
    }
    guard Self.allowedConstants.contains(constant) else {
      throw .invalid(
        "constant", constant, lowest: Self.allowedConstants.lowerBound,
        highest: Self.allowedConstants.upperBound)
    }
  }
}

/// What principal factors leave of returns, in scaled units.
struct FactorResiduals {
  /// V Λ V', the lower triangle.
  let common: [Double]

  /// T × N.
  let values: Matrix

  init(_ returns: ReturnsMatrix, factorCount: Int) throws(EstimationError) {
    let n = returns.columnCount
    let rows = returns.rowCount
    // The centered data, T × N.
    let data = Matrix(
      uncheckedRowCount: rows, columnCount: n,
      storage: (0..<n).flatMap { position in
        returns.column(position).map { $0 * returns.scale - returns.scaledMeans[position] }
      })
    let eigen: SymmetricEigen
    var residuals = data
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(try data.gram(scale: 1 / Double(rows)))
      let kept = Matrix(
        uncheckedRowCount: n, columnCount: factorCount,
        storage: ((n - factorCount)..<n).flatMap { k in eigen.vectors.column(k).copied })
      if factorCount > 0 {
        let fitted = try (data * kept) * kept.transposed
        for j in 0..<n {
          for t in 0..<rows { residuals[t, j] -= fitted[t, j] }
        }
      }
    } catch {
      throw EstimationError(error)
    }
    values = residuals
    common = try SymmetricEigen.product(eigen.vectors, (n - factorCount)..<n) { eigen.values[$0] }
  }
}

/// The covariance of residuals, with thresholds.
struct ResidualCovariance {
  private let order: Int
  private let rowCount: Int

  /// The covariance of the residuals and the deviations of their products, the lower triangles.
  private let covariance: [Double]
  private let deviations: [Double]

  init(_ residuals: Matrix) throws(EstimationError) {
    order = residuals.columnCount
    rowCount = residuals.rowCount
    let scale = 1 / Double(rowCount)
    var squares = residuals
    for j in 0..<order {
      for t in 0..<rowCount { squares[t, j] *= squares[t, j] }
    }
    let fourth: [Double]
    do throws(LinearAlgebraError) {
      covariance = try residuals.gram(scale: scale).matrix.columnMajorElements
      fourth = try squares.gram(scale: scale).matrix.columnMajorElements
    } catch {
      throw EstimationError(error)
    }
    deviations = zip(fourth, covariance).map { max($0 - $1 * $1, 0).squareRoot() }
  }

  /// 1/√N + √(ln N / T).
  private var rate: Double {
    let size = Double(order)
    return 1 / size.squareRoot() + (log(size) / Double(rowCount)).squareRoot()
  }

  /// The least constant that leaves no pair; infinite where the product of a pair does not vary.
  var largestConstant: Double {
    var largest = 0.0
    for j in 0..<order {
      for i in (j + 1)..<max(order, j + 1) {
        let place = i + j * order
        if covariance[place] == 0 { continue }
        largest = max(largest, covariance[place].magnitude / (rate * deviations[place]))
      }
    }
    return largest
  }

  /// Σ of squares of all elements, in scaled units.
  var squaredNorm: Double {
    Self.sum(order) { covariance[$0] * covariance[$0] }
  }

  /// The squared distance of what a constant leaves from another covariance, in scaled units.
  func squaredDistance(_ constant: Double, to other: ResidualCovariance) -> Double {
    let factor = constant * rate
    return Self.sum(order) { place in
      let isDiagonal = place % (order + 1) == 0
      let difference = soft(place, isDiagonal ? 0 : factor) - other.covariance[place]
      return difference * difference
    }
  }

  /// Σ over both triangles from the lower one.
  private static func sum(_ order: Int, _ term: (Int) -> Double) -> Double {
    var sum = 0.0
    for j in 0..<order {
      sum += term(j * (order + 1))
      for i in (j + 1)..<max(order, j + 1) { sum += 2 * term(i + j * order) }
    }
    return sum
  }

  private func soft(_ place: Int, _ factor: Double) -> Double {
    let size = max(covariance[place].magnitude - factor * deviations[place], 0)
    return covariance[place] < 0 ? -size : size
  }

  /// The covariance of the residuals above thresholds.
  struct Thresholded {
    /// The lower triangle.
    let elements: [Double]

    let isPositive: Bool

    /// The share of pairs that have no covariance left.
    let zeroShare: Double
  }

  func thresholded(_ constant: Double) -> Thresholded {
    let factor = constant * rate
    var elements = covariance
    var zeros = 0
    for j in 0..<order {
      for i in (j + 1)..<max(order, j + 1) {
        let place = i + j * order
        elements[place] = soft(place, factor)
        if elements[place] == 0 { zeros += 1 }
      }
    }
    // A variance that the factors explain wholly leaves a zero row, which counts as positive.
    let varying = (0..<order).filter { elements[$0 * (order + 1)] > 0 }
    let matrix = SymmetricMatrix(lowerTriangleOf: elements, order: order)
    let factorization = try? Cholesky(matrix.submatrix(at: varying))
    let pairs = max(order * (order - 1) / 2, 1)
    return Thresholded(
      elements: elements, isPositive: factorization != nil,
      zeroShare: Double(zeros) / Double(pairs))
  }
}

extension Span where Element == Double {
  fileprivate var copied: [Double] { indices.map { self[$0] } }
}
