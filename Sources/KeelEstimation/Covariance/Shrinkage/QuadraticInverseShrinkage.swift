// Ledoit and Wolf, "Quadratic shrinkage for large covariance matrices", Bernoulli 28 (2022), section 4.5: the
// Hilbert transform of the density of the inverse eigenvalues by a conjugate Poisson kernel. O(N²) divisions beside one
// eigenvalue decomposition.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance of Ledoit and Wolf (2022) by quadratic-inverse shrinkage: every eigenvalue is shrunk by its own
/// amount, and the trace stays.
///
/// ```text
/// 1 / d(i) ∝ (1 − c)² / λ(i) + 2 c (1 − c) θ(i) / λ(i) + c² A²(i) / λ(i),   c = N / (T − 1)
/// ```
///
/// θ is the smoothed Stein shrinker of the inverse eigenvalues and A² its squared amplitude. Best for losses that
/// weigh the inverse (minimum variance portfolios among them). N may be larger than T. Directions that do not
/// vary because assets are copies of each other or constant stay without variance. Agrees with the published formulas
/// within 1e-12 of the largest element, plus 10 ε times the ratio of the largest eigenvalue to the least one that is
/// not zero.
public struct QuadraticInverseShrinkage: CovarianceEstimator, Hashable {
  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameter examination: Which diagnostics are computed.
  public init(examination: CovarianceExamination = .basic) {
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk`, one `dsyevd` and one product.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    try returns.shrunkEstimate(Self.shrunk)
  }

  private static func shrunk(_ sample: ShrinkageSample) -> ShrunkEigenvalues {
    let kept = sample.eigenvalues
    let c = sample.concentration
    let bandwidth = pow(min(c * c, 1 / (c * c)), 0.35) / pow(sample.size, 0.35)
    let inverses = kept.map { 1 / $0 }
    let squares = inverses.map { $0 * $0 }
    let width = bandwidth * bandwidth
    let count = Double(kept.count)
    let null = sample.isDeficient ? 1 / ((c - 1) * (inverses.reduce(0, +) / count)) : 0
    var shrunk: [Double] = []
    shrunk.reserveCapacity(kept.count)
    for i in kept.indices {
      let point = inverses[i]
      var (theta, conjugate) = (0.0, 0.0)
      for j in kept.indices {
        let difference = inverses[j] - point
        let quotient = 1 / (difference * difference + squares[j] * width)
        theta += inverses[j] * difference * quotient
        conjugate += squares[j] * quotient
      }
      theta /= count
      conjugate *= bandwidth / count
      let amplitude = theta * theta + conjugate * conjugate
      let inverse =
        sample.isDeficient
        ? point * amplitude
        : point * ((1 - c) * (1 - c) + 2 * c * (1 - c) * theta + c * c * amplitude)
      shrunk.append(1 / inverse)
    }
    let nullSum = repeatElement(null, count: sample.nullCount).reduce(0, +)
    let factor = kept.reduce(0, +) / shrunk.reduce(nullSum, +)
    return ShrunkEigenvalues(null: null * factor, values: shrunk.map { $0 * factor })
  }
}
