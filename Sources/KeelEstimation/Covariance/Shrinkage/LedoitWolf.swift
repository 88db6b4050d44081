// Goals in order: positive semidefinite and equal to the published estimators, equal bits for any
// order of labeled assets, speed: one dsyrk and three readings of the data.
//
// The errors of the sample covariance are sums over pairs of assets of sums over time; every one of them is a sum over
// time of products of sums over assets, so that no second matrix product is needed.

import KeelLinearAlgebra
import KeelNumerics

/// The covariance of Ledoit and Wolf: the sample covariance shrunk toward a target.
///
/// ```text
/// Σ = (1 − δ) S + δ F,   δ = min(1, max(0, (π − ρ) / (T ‖F − S‖²)))
/// ```
///
/// S has the divisor T, as published; the norm is Frobenius. π is the sum of the asymptotic variances of the
/// elements of √T S and ρ the sum of their covariances with those of √T F. The intensity δ, in the
/// diagnostics, is the one that minimizes the expected squared error asymptotically. For N = 1 there is
/// nothing to shrink: δ = 0. N may be far larger than T.
///
/// Agrees with scikit-learn's `ledoit_wolf` (identity) and with the published sums over pairs of assets (the
/// others) within 1e-12 of the largest element. See <doc:LedoitWolfShrinkage>.
public struct LedoitWolf: CovarianceEstimator, Hashable {
  /// That toward which the sample covariance is shrunk.
  @nonexhaustive
  public enum Target: Hashable, Sendable {
    /// A multiple of the identity: Journal of Multivariate Analysis 88 (2004), 365-411.
    case identity

    /// The sample variances with the mean correlation: "Honey, I shrunk the sample covariance matrix",
    /// Journal of Portfolio Management 30 (2004), 110-119. Every asset must vary.
    case constantCorrelation

    /// One factor, the mean return of all assets, with the sample variances: Journal of Empirical Finance
    /// 10 (2003), 603-621.
    case singleFactor
  }

  /// That toward which the sample covariance is shrunk.
  public var target: Target

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - target: That toward which the sample covariance is shrunk.
  ///   - examination: Which diagnostics are computed.
  public init(target: Target = .identity, examination: CovarianceExamination = .basic) {
    self.target = target
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate, with its shrinkage intensity.
  /// - Throws: `EstimationError.zeroVariance` for the target of a constant correlation,
  ///   `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    var sample = try returns.centeredProducts()
    let n = returns.columnCount
    let inverse = 1 / Double(returns.rowCount)
    var scaled = sample.mutableSpan
    for i in scaled.indices { scaled[i] *= inverse }
    let intensity: Double
    switch target {
    case .identity:
      let target = IdentityTarget(sample, order: n)
      intensity = target.intensity(returns)
      target.blend(&sample, intensity)
    case .constantCorrelation:
      let target = try ConstantCorrelationTarget(sample, returns)
      intensity = target.intensity(sample, returns)
      target.blend(&sample, intensity)
    case .singleFactor:
      let target = SingleFactorTarget(sample, order: n)
      intensity = target.intensity(sample, returns)
      target.blend(&sample, intensity)
    }
    try returns.unscale(&sample)
    return UnlabeledCovariance(
      lowerTriangle: sample, order: n, shrinkageIntensity: intensity)
  }

  /// The intensity: the part of a squared distance that is error.
  static func intensity(error: Double, distance: Double) -> Double {
    error > 0 && distance > 0 ? min(error / distance, 1) : 0
  }
}

/// Sums over the elements of a symmetric matrix, from its lower triangle.
struct TriangleSums {
  private(set) var trace = 0.0
  private(set) var squaredDiagonal = 0.0
  private(set) var squaredNorm = 0.0

  init(_ lowerTriangle: [Double], order: Int) {
    let span = lowerTriangle.span
    var below = 0.0
    for j in 0..<order {
      let column = span.extracting((j &+ j &* order)..<((j &+ 1) &* order))
      trace += column[0]
      squaredDiagonal += column[0] * column[0]
      below += column.extracting(1...).sumOfSquares
    }
    squaredNorm = 2 * below + squaredDiagonal
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
