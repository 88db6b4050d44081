// Goals in order: positive semidefinite and equal to the published estimator, equal bits for any
// order of labeled assets, speed: one dsyrk and two readings of the data.
//
// O. Ledoit, M. Wolf, A well-conditioned estimator for large-dimensional covariance matrices,
// Journal of Multivariate Analysis 88 (2004), 365-411. Its b² is the mean over t of ‖x xᵀ − S‖²/T,
// which needs no second product: the sum over t is Σ ‖x(t)‖⁴ − T ‖S‖².

public import KeelData
public import KeelNumerics

/// The covariance of Ledoit and Wolf (2004): the sample covariance shrunk toward a multiple of the
/// identity.
///
/// ```text
/// Σ = (1 − δ) S + δ μ I,   μ = tr S / N,   δ = min(b², d²) / d²
/// d² = ‖S − μI‖² / N,      b² = (Σ ‖x(t)‖⁴ / T − ‖S‖²) / (N T)
/// ```
///
/// Norms are Frobenius, x(t) is the centered row t, and S has the divisor T, as published. The
/// intensity δ, in the diagnostics, is the one that minimizes the expected squared error
/// asymptotically. For N = 1 there is nothing to shrink: δ = 0. The estimate is positive definite
/// unless δ is zero or all columns are constant; N may be far larger than T.
///
/// Agrees with scikit-learn's `ledoit_wolf` within 1e-12 of the largest element.
public struct LedoitWolf: Hashable, Sendable {
  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameter examination: Which diagnostics are computed.
  public init(examination: CovarianceExamination = .basic) {
    self.examination = examination
  }

  /// Estimates the covariance of returns.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns, T at least 2.
  /// - Returns: The covariance, per period, with its diagnostics.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.pricesGiven`, `EstimationError.notRepresentable` on overflow.
  /// - Complexity: O(TN²), one `dsyrk`.
  public func covariance(from returns: SimpleReturns) throws(EstimationError) -> Covariance {
    try Covariance(
      estimate(
        ReturnsMatrix(returns, minimumCount: SampleCovariance.minimumObservationCount)),
      over: returns.universe)
  }

  /// Estimates the covariance of the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns, T at least 2.
  /// - Returns: The matrix, per period, with its diagnostics.
  /// - Throws: As ``covariance(from:)``, and `EstimationError.invalidReturn` with column and row.
  /// - Complexity: O(TN²), one `dsyrk`.
  public func unlabeledCovariance(
    from returns: Matrix
  ) throws(EstimationError) -> UnlabeledCovariance {
    try estimate(
      ReturnsMatrix(
        unlabeled: returns, minimumCount: SampleCovariance.minimumObservationCount))
  }

  private func estimate(_ returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let order = returns.columnCount
    let count = Double(returns.rowCount)
    var (elements, fourthPowerSum) = try returns.centeredProducts(fourthPowers: true)
    let moments = Self.moments(ofLowerTriangle: elements, order: order, divisor: count)
    let intensity = Self.intensity(
      moments, fourthPowerMean: fourthPowerSum / count, order: order, count: count)
    try returns.unscale(&elements, factor: (1 - intensity) / count)
    let target = returns.unscaledSquare(intensity * moments.trace / Double(order))
    guard target.isFinite else { throw .notRepresentable(result: "covariance") }
    for j in 0..<order { elements[j &+ j &* order] += target }
    let matrix = returns.inColumnOrder(SymmetricMatrix(lowerTriangleOf: elements, order: order))
    var diagnostics = CovarianceDiagnostics(
      shrinkageIntensity: intensity, observationCount: returns.rowCount)
    if examination == .eigenvalues { try diagnostics.examine(matrix) }
    return UnlabeledCovariance(matrix: matrix, diagnostics: diagnostics)
  }

  private struct Moments {
    var trace = 0.0
    var squaredNorm = 0.0
  }

  /// Trace and squared Frobenius norm of a matrix over a divisor, from its lower triangle.
  private static func moments(
    ofLowerTriangle elements: [Double],
    order: Int,
    divisor: Double
  ) -> Moments {
    var moments = Moments()
    var below = 0.0
    var diagonal = 0.0
    let span = elements.span
    for j in 0..<order {
      let column = span.extracting((j &+ j &* order)..<((j &+ 1) &* order))
      moments.trace += column[0] / divisor
      diagonal += (column[0] / divisor) * (column[0] / divisor)
      below += column.extracting(1...).sumOfSquares
    }
    moments.squaredNorm = 2 * (below / divisor / divisor) + diagonal
    return moments
  }

  private static func intensity(
    _ moments: Moments,
    fourthPowerMean: Double,
    order: Int,
    count: Double
  ) -> Double {
    guard order > 1 else { return 0 }
    let size = Double(order)
    let mean = moments.trace / size
    let distance = (moments.squaredNorm - 2 * mean * moments.trace + size * mean * mean) / size
    let error = (fourthPowerMean - moments.squaredNorm) / (size * count)
    let bounded = min(error, distance)
    return bounded > 0 ? bounded / distance : 0
  }
}

extension Span where Element == Double {
  /// Σ x², in eight sums.
  var sumOfSquares: Double {
    var sums = SIMD8<Double>.zero
    var i = 0
    while i &+ 8 <= count {
      let block = SIMD8(
        self[i], self[i &+ 1], self[i &+ 2], self[i &+ 3], self[i &+ 4], self[i &+ 5],
        self[i &+ 6], self[i &+ 7])
      sums += block * block
      i &+= 8
    }
    var sum = sums.sum()
    while i < count {
      sum += self[i] * self[i]
      i &+= 1
    }
    return sum
  }
}
