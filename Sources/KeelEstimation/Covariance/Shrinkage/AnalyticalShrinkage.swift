// Ledoit and Wolf, "Analytical nonlinear shrinkage of large-dimensional covariance matrices", Annals of Statistics 48
// (2020), sections 4.7 and C.1: density of the eigenvalues and its Hilbert transform by the kernel of Epanechnikov with
// bandwidths proportional to the eigenvalues. O(N²) elementary functions beside one eigenvalue decomposition.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance of Ledoit and Wolf (2020): every eigenvalue of the sample is shrunk by its own amount.
///
/// ```text
/// d(i) = λ(i) / ((π c λ(i) f(λ(i)))² + (1 − c − π c λ(i) H(λ(i)))²),   c = N / (T − 1)
/// ```
///
/// f estimates the density of the eigenvalues and H its Hilbert transform. The eigenvectors stay. No rule is
/// closer to the truth in the Frobenius norm, asymptotically, among those that keep the eigenvectors. N may be larger
/// than T: the null space then gets one positive variance. Directions that do not vary because assets are copies
/// of each other or constant stay without variance, and the estimate is that of the other directions. Positive
/// definite otherwise.
///
/// At least 13 observations, as published. Agrees with the published formulas within 1e-12 of the largest
/// element, plus 10 ε times the ratio of the largest eigenvalue to the least one that is not zero.
public struct AnalyticalShrinkage: CovarianceEstimator, Hashable {
  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameter examination: Which diagnostics are computed.
  public init(examination: CovarianceExamination = .basic) {
    self.examination = examination
  }

  /// The bandwidth (T − 1)^(−1/3) must be below 1/√5.
  public var minimumObservationCount: Int { 13 }

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
    let (size, count) = (sample.size, sample.freedom)
    let h = 1 / cbrt(count)
    let density = KernelDensity(kept, bandwidth: h)
    if sample.isDeficient {
      let inverse = kept.reduce(0) { $0 + 1 / $1 } / Double(kept.count)
      let logarithm = log((1 + root5 * h) / (1 - root5 * h))
      let transform =
        (3 / (10 * h * h) + 3 / (4 * root5 * h) * (1 - 1 / (5 * h * h)) * logarithm) / .pi
      return ShrunkEigenvalues(
        null: 1 / (.pi * (size - count) / count * transform * inverse),
        values: kept.indices.map { i in
          let (f, hilbert) = (density.values[i], density.transforms[i])
          return 1 / (.pi * .pi * kept[i] * (f * f + hilbert * hilbert))
        })
    }
    let concentration = sample.concentration
    return ShrunkEigenvalues(
      values: kept.indices.map { i in
        let part = .pi * concentration * kept[i]
        let first = part * density.values[i]
        let second = 1 - concentration - part * density.transforms[i]
        return kept[i] / (first * first + second * second)
      })
  }
}

private let root5 = 5.0.squareRoot()

/// The density of positive numbers and its Hilbert transform at these numbers.
private struct KernelDensity {
  private(set) var values: [Double]
  private(set) var transforms: [Double]

  /// - Parameters:
  ///   - points: Positive numbers λ.
  ///   - bandwidth: h: the kernel of λ(j) is h λ(j) wide.
  init(_ points: [Double], bandwidth: Double) {
    let count = points.count
    values = [Double](repeating: 0, count: count)
    transforms = values
    var ratios = values
    let inverses = points.map { 1 / (bandwidth * $0) }
    let edge = 3 / (4 * root5)
    for i in 0..<count {
      let point = points[i]
      for j in 0..<count {
        let x = (point - points[j]) * inverses[j]
        // |√5 − x| / |√5 + x|; where it is zero or infinite its factor 1 − x²/5 is zero.
        let quotient = ((root5 - x) / (root5 + x)).magnitude
        ratios[j] = quotient > 0 && quotient < .infinity ? quotient : 1
      }
      let logarithms = Kernels.apply(.log, ratios)
      var (density, transform) = (0.0, 0.0)
      for j in 0..<count {
        let x = (point - points[j]) * inverses[j]
        let bow = 1 - x * x / 5
        density += edge * max(bow, 0) * inverses[j]
        let near = -3 / (10 * .pi) * x + edge / .pi * bow * logarithms[j]
        transform += (x.magnitude < Self.far ? near : Self.farTransform(x)) * inverses[j]
      }
      values[i] = density / Double(count)
      transforms[i] = transform / Double(count)
    }
  }

  /// From here on the two terms of the transform cancel; √5 over it is a quarter.
  private static let far = 4 * root5

  /// 1 / ((2k + 1) (2k + 3)).
  private static let coefficients = (0..<13).map { (k: Int) -> Double in
    1 / Double((2 * k + 1) * (2 * k + 3))
  }

  /// The transform of the kernel far from it, −3/(√5 π) Σ u^(2k + 1) / ((2k + 1) (2k + 3)) with u = √5 / x.
  private static func farTransform(_ x: Double) -> Double {
    let u = root5 / x
    let square = u * u
    var sum = 0.0
    for coefficient in coefficients.reversed() { sum = sum * square + coefficient }
    return -3 / (root5 * .pi) * u * sum
  }
}
