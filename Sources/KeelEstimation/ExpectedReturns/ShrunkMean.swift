import KeelLinearAlgebra
import KeelNumerics

/// Sample means drawn toward one number for all assets.
///
/// ```text
/// m = (1 − α) m̂ + α b
/// ```
///
/// The mean of many assets is known far better than the mean of one: drawn toward it, the means of at least three
/// assets are closer to the truth together, whatever the truth is (Stein 1956). Agrees with the formulas of the
/// sources within 1e-12 of the largest mean.
public struct ShrunkMean: ExpectedReturnsEstimator {
  /// The number b.
  @nonexhaustive
  public enum Target: Hashable, Sendable {
    /// The mean of all means.
    case grandMean

    /// The mean return of the portfolio of least variance, shorts allowed.
    case minimumVariance

    /// A number of the caller's, per period: zero, or a rate.
    case value(Double)
  }

  /// The share α of the target.
  @nonexhaustive
  public enum Intensity: Hashable, Sendable {
    /// (tr Σ − 2 λ(1)) / (T ‖m̂ − b‖²) with the largest eigenvalue λ(1), cut to 0...1: W. James and C. Stein (1961),
    /// in the form of A. Meucci, "Risk and asset allocation", Springer (2005), section 4.4.1.
    case jamesStein

    /// (N + 2) / ((N + 2) + T (m̂ − b)' Σ⁻¹ (m̂ − b)): P. Jorion, "Bayes-Stein estimation for portfolio
    /// analysis", Journal of Financial and Quantitative Analysis 21 (1986), equation 17.
    case bayesStein

    /// N / (T − N) / ((m̂ − b)' Σ⁻¹ (m̂ − b)), cut to 0...1; T must be above N: T. Bodnar, O. Okhrin and N. Parolya,
    /// "Optimal shrinkage estimator for high-dimensional mean vector", Journal of Multivariate Analysis 170 (2019),
    /// whose factor of any constant target leads to that of least variance.
    case bodnarOkhrinParolya

    /// A share of the caller's, 0 to 1.
    case value(Double)
  }

  /// The number b.
  public var target: Target

  /// The share α of the target.
  public var intensity: Intensity

  /// The covariance Σ of the returns; not needed where target and intensity are the caller's.
  public var covariance: any CovarianceEstimator

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - target: The number toward which the means are drawn.
  ///   - intensity: The share of the target.
  ///   - covariance: The covariance of the returns: it must be positive definite where its inverse is used.
  public init(
    toward target: Target,
    intensity: Intensity,
    covariance: any CovarianceEstimator = SampleCovariance()
  ) {
    self.target = target
    self.intensity = intensity
    self.covariance = covariance
  }

  /// Means of James and Stein, drawn toward their mean.
  public static let jamesStein = ShrunkMean(toward: .grandMean, intensity: .jamesStein)

  /// Means of Bayes and Stein by Jorion, drawn toward the portfolio of least variance; with the sample covariance fewer
  /// assets than observations.
  public static let bayesStein = ShrunkMean(toward: .minimumVariance, intensity: .bayesStein)

  /// Means of Bodnar, Okhrin and Parolya, drawn toward the portfolio of least variance; fewer assets than observations.
  public static let bodnarOkhrinParolya = ShrunkMean(
    toward: .minimumVariance, intensity: .bodnarOkhrinParolya)

  /// As many as the covariance needs.
  public var minimumObservationCount: Int {
    needsCovariance ? covariance.minimumObservationCount : 1
  }

  private var needsInverse: Bool {
    target == .minimumVariance || intensity == .bayesStein || intensity == .bodnarOkhrinParolya
  }
  private var needsCovariance: Bool { needsInverse || intensity == .jamesStein }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The means.
  /// - Throws: `EstimationError.invalidValue` for target and intensity, `EstimationError.notPositiveDefinite` where
  ///   the inverse of the covariance is needed, `EstimationError.tooFewObservations` where T must be above N, and
  ///   what the covariance says.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> [Double] {
    let means = SampleMean().estimate(from: returns)
    let matrix = needsCovariance ? try covariance.estimate(from: returns).matrix : nil
    if intensity == .bodnarOkhrinParolya, returns.rowCount <= means.count {
      throw .tooFewObservations(got: returns.rowCount, required: means.count + 1)
    }
    let factor = needsInverse ? try matrix.map(StandardizedCholesky.init) : nil
    let center = try center(means, factor)
    let share = try share(means.map { $0 - center }, matrix, factor, Double(returns.rowCount))
    return means.map { (1 - share) * $0 + share * center }
  }

  private func center(
    _ means: [Double],
    _ factor: StandardizedCholesky?
  ) throws(EstimationError) -> Double {
    switch target {
    case .grandMean: return means.reduce(0, +) / Double(means.count)
    case .value(let value):
      guard value.isFinite else {
        throw .invalidValue(
          argument: "target", got: value, lowest: -.greatestFiniteMagnitude,
          highest: .greatestFiniteMagnitude)
      }
      return value
    case .minimumVariance:
      let ones = [Double](repeating: 1, count: means.count)
      guard let factor else { throw .notPositiveDefinite }
      let weights = try factor.solve(ones)
      let sum = weights.reduce(0, +)
      return zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 } / sum
    }
  }

  private func share(
    _ distances: [Double],
    _ matrix: SymmetricMatrix?,
    _ factor: StandardizedCholesky?,
    _ count: Double
  ) throws(EstimationError) -> Double {
    switch intensity {
    case .value(let value):
      guard value >= 0, value <= 1 else {
        throw .invalidValue(argument: "intensity", got: value, lowest: 0, highest: 1)
      }
      return value
    case .jamesStein:
      guard let matrix else { throw .notPositiveDefinite }
      let largest: Double
      do throws(LinearAlgebraError) {
        largest = try SymmetricEigen.values(of: matrix).last ?? 0
      } catch {
        throw EstimationError(error)
      }
      let numerator = matrix.diagonal.reduce(0, +) - 2 * largest
      let square = count * distances.reduce(0) { $0 + $1 * $1 }
      return numerator > 0 ? min(square > 0 ? numerator / square : 1, 1) : 0
    case .bayesStein:
      let size = Double(distances.count) + 2
      return try size / (size + count * Self.squaredLength(distances, factor))
    case .bodnarOkhrinParolya:
      let square = try Self.squaredLength(distances, factor)
      let size = Double(distances.count) / (count - Double(distances.count))
      return size < square ? size / square : 1
    }
  }

  /// d' Σ⁻¹ d.
  private static func squaredLength(
    _ distances: [Double],
    _ factor: StandardizedCholesky?
  ) throws(EstimationError) -> Double {
    guard let factor else { throw .notPositiveDefinite }
    let solved = try factor.solve(distances)
    return max(zip(solved, distances).reduce(0) { $0 + $1.0 * $1.1 }, 0)
  }
}
