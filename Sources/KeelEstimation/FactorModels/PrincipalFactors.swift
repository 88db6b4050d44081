// J. Bai and S. Ng, "Determining the number of factors in approximate factor models", Econometrica 70 (2002); S. Ahn and
// A. Horenstein, "Eigenvalue ratio test for the number of factors", Econometrica 81 (2013).

import KeelData
import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance of a statistical factor model: the largest principal components, and what they leave of each variance.
///
/// ```text
/// Σ = V Λ V' + diag(d),   d(i) = S(i, i) − Σ λ(k) v(i, k)²
/// ```
///
/// In factor form, which optimizers use without forming the matrix; the diagonal is that of the sample. Positive
/// semidefinite by construction. N may be far larger than T.
public struct PrincipalFactors: CovarianceEstimator, Hashable {
  /// How many factors there are.
  @nonexhaustive
  public enum Count: Hashable, Sendable {
    /// A number of the caller's, 0 to min(N, T − 1).
    case fixed(Int)

    /// The number that minimizes IC_p1 of Bai and Ng, at most `maximum`, which should be well below min(N, T):
    /// ln V(k) + k (N + T)/(N T) ln(N T / (N + T)).
    case informationCriterion1(maximum: Int)

    /// The number that minimizes IC_p2, at most `maximum`: ln V(k) + k (N + T)/(N T) ln min(N, T).
    case informationCriterion2(maximum: Int)

    /// The number that minimizes IC_p3, at most `maximum`: ln V(k) + k ln(min(N, T)) / min(N, T).
    case informationCriterion3(maximum: Int)

    /// The number k, 1 to `maximum`, with the largest ratio of eigenvalue k to the next one.
    case eigenvalueRatio(maximum: Int)

    /// The eigenvalues above the edge of noise, as in ``DenoisedCovariance``.
    case marchenkoPastur
  }

  /// How many factors there are.
  public var count: Count

  /// Whether the components are those of the correlations, so that no asset counts more because it moves more.
  ///
  /// Every asset must vary then.
  public var isStandardized: Bool

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - count: How many factors there are.
  ///   - isStandardized: Whether the components are those of the correlations.
  ///   - examination: Which diagnostics are computed.
  public init(
    count: Count,
    isStandardized: Bool = true,
    examination: CovarianceExamination = .basic
  ) {
    self.count = count
    self.isStandardized = isStandardized
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk` and one `dsyevd`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate in factor form, with the divisor T − 1.
  /// - Throws: `EstimationError.invalidValue` for the number of factors, `EstimationError.zeroVariance` for standardized
  ///   components, `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let components = try PrincipalComponents(returns, isStandardized: isStandardized)
    let k = try factorCount(components.values, observationCount: returns.rowCount)
    let parts = components.parts(k)
    let inverse = 1 / returns.scale
    let factors = try components.factorCovariance(k)
    let storage = parts.loadings.columnMajorElements.map { $0 * inverse }
    let specific = parts.specificVariances.map { $0 * inverse * inverse }
    guard storage.allSatisfy(\.isFinite), specific.allSatisfy(\.isFinite) else {
      throw .notRepresentable(result: "covariance")
    }
    return UnlabeledCovariance(
      form: .factor(
        FactorCovariance(
          loadings: Matrix(
            uncheckedRowCount: returns.columnCount, columnCount: k, storage: storage),
          factorCovariance: factors, specificVariances: specific)))
  }

  private func checked(
    _ value: Int,
    _ argument: String,
    from least: Int,
    to most: Int
  ) throws(EstimationError) -> Int {
    guard value >= least, value <= most else {
      throw .invalidValue(
        argument: argument, got: Double(value), lowest: Double(least), highest: Double(most))
    }
    return value
  }

  /// The number of factors, from the eigenvalues, ascending.
  private func factorCount(
    _ values: [Double],
    observationCount: Int
  ) throws(EstimationError) -> Int {
    let n = values.count
    let most = min(n, observationCount - 1)
    let (size, time) = (Double(n), Double(observationCount))
    switch count {
    case .fixed(let k): return try checked(k, "count", from: 0, to: most)
    case .marchenkoPastur:
      let noise = DenoisedCovariance.noiseCount(values, observationCount: observationCount)
      return min(n - noise, most)
    case .eigenvalueRatio(let maximum):
      let largest = try checked(maximum, "maximum", from: 1, to: max(most - 1, 1))
      let descending = Array(values.reversed())
      // A ratio to what is only rounding says nothing.
      let least = size * Double.ulpOfOne * (descending.first ?? 0)
      var best = (count: 1, ratio: -Double.infinity)
      for k in 1...largest where k < n {
        let ratio = descending[k - 1] / max(descending[k], least)
        if ratio > best.ratio { best = (k, ratio) }
      }
      return min(best.count, most)
    case .informationCriterion1(let maximum):
      let largest = try checked(maximum, "maximum", from: 0, to: most)
      let share = (size + time) / (size * time)
      return Self.leastCriterion(values, largest, share * -log(share))
    case .informationCriterion2(let maximum):
      let largest = try checked(maximum, "maximum", from: 0, to: most)
      let share = (size + time) / (size * time)
      return Self.leastCriterion(values, largest, share * log(min(size, time)))
    case .informationCriterion3(let maximum):
      let largest = try checked(maximum, "maximum", from: 0, to: most)
      let least = min(size, time)
      return Self.leastCriterion(values, largest, log(least) / least)
    }
  }

  /// The number k that minimizes ln V(k) + k penalty, where V is the mean variance that k factors leave.
  private static func leastCriterion(
    _ values: [Double],
    _ maximum: Int,
    _ penalty: Double
  ) -> Int {
    let n = values.count
    let total = values.reduce(0) { $0 + max($1, 0) }
    // Summed from the least on: what is left is small beside what is taken.
    var left = 0.0
    var sums = [Double](repeating: 0, count: n + 1)
    for (i, value) in values.enumerated() {
      left += max(value, 0)
      sums[n - 1 - i] = left
    }
    let rounding = Double(n) * Double.ulpOfOne * total
    var best = (count: 0, value: Double.infinity)
    // Where only rounding is left nothing is known of V.
    for k in 0...maximum where k == 0 || sums[k] > rounding {
      let value = log(max(sums[k], rounding)) + Double(k) * penalty
      if value < best.value { best = (k, value) }
    }
    return best.count
  }
}

/// The principal components of returns, in scaled units with the divisor T − 1.
struct PrincipalComponents {
  /// The eigenvalues, ascending: of the covariance or the correlations.
  let values: [Double]

  private let vectors: Matrix
  /// By what the components are multiplied: the deviations, or one.
  private let deviations: [Double]
  private let variances: [Double]

  init(_ returns: ReturnsMatrix, isStandardized: Bool) throws(EstimationError) {
    let n = returns.columnCount
    let matrix: SymmetricMatrix
    if isStandardized {
      let correlations = try SampleCorrelations(returns)
      matrix = correlations.matrix
      deviations = correlations.deviations
      variances = deviations.map { $0 * $0 }
    } else {
      var elements = try returns.centeredProducts()
      let inverse = 1 / Double(returns.rowCount - 1)
      for i in elements.indices { elements[i] *= inverse }
      matrix = SymmetricMatrix(lowerTriangleOf: elements, order: n)
      deviations = [Double](repeating: 1, count: n)
      variances = matrix.diagonal
    }
    do throws(LinearAlgebraError) {
      let eigen = try SymmetricEigen(matrix)
      values = eigen.values
      vectors = eigen.vectors
    } catch {
      throw EstimationError(error)
    }
  }

  /// The loadings on the k largest components, of unit variance, and the variances that they leave.
  func parts(_ k: Int) -> (loadings: Matrix, specificVariances: [Double]) {
    let n = deviations.count
    var specific = variances
    let storage = [Double](capacity: n * k) { output in
      for l in 0..<k {
        let column = vectors.column(n - 1 - l)
        let root = max(values[n - 1 - l], 0).squareRoot()
        for i in 0..<n {
          let loading = deviations[i] * root * column[i]
          output.append(loading)
          specific[i] -= loading * loading
        }
      }
    }
    // All of a variance, up to rounding, can be explained.
    for i in 0..<n { specific[i] = max(specific[i], 0) }
    return (Matrix(uncheckedRowCount: n, columnCount: k, storage: storage), specific)
  }

  /// The covariance of components of unit variance.
  func factorCovariance(_ k: Int) throws(EstimationError) -> SymmetricMatrix {
    do throws(NumericsError) {
      return try SymmetricMatrix(diagonal: [Double](repeating: 1, count: k))
    } catch {
      throw .notRepresentable(result: "factorCovariance")
    }
  }
}
