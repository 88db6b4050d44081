import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance with weights that fall exponentially with age.
///
/// ```text
/// Σ(i, j) = Σ w(t) (r(t, i) − m(i)) (r(t, j) − m(j)) / Σ w(t),   w(t) = 2^(−(T − 1 − t) / halfLife)
/// ```
///
/// Dividing by the sum of the weights leaves no trace of where the history begins. Rows older than
/// ``rememberedHalfLives`` half-lives, which weigh less than 1e-60, are left out. Source: J.P. Morgan and Reuters,
/// "RiskMetrics, technical document", 4th edition (1996), chapter 5.
public struct EWMACovariance: CovarianceEstimator, Hashable {
  /// About which mean the returns vary.
  @nonexhaustive
  public enum Mean: Hashable, Sendable {
    /// Zero, as in RiskMetrics: over short periods a mean is smaller than its own error.
    case zero

    /// The mean with the same weights.
    case weighted
  }

  /// The age, in periods, at which a row weighs half as much as the last one; positive.
  public var halfLife: Double

  /// About which mean the returns vary.
  public var mean: Mean

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - halfLife: The age, in periods, at which a row weighs half as much as the last one; positive. A decay
  ///     factor λ a period is the half-life −ln 2 / ln λ.
  ///   - mean: About which mean the returns vary.
  ///   - examination: Which diagnostics are computed.
  public init(
    halfLife: Double,
    mean: Mean = .zero,
    examination: CovarianceExamination = .basic
  ) {
    self.halfLife = halfLife
    self.mean = mean
    self.examination = examination
  }

  /// The age, in half-lives, from which on rows are left out.
  public static let rememberedHalfLives = 200.0

  /// Estimates from checked returns: one `dsyrk`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.invalidValue` for the half-life, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let weights = try ExponentialWeights(halfLife: halfLife, count: returns.rowCount)
    let centers =
      switch mean {
      case .zero: [Double](repeating: 0, count: returns.columnCount)
      case .weighted: returns.means(weights.values)
      }
    var elements = try returns.products(
      about: centers, .weighted(weights.values.map { $0.squareRoot() }))
    try returns.unscale(&elements, factor: 1 / weights.sum)
    return UnlabeledCovariance(lowerTriangle: elements, order: returns.columnCount)
  }
}

/// Weights that fall exponentially with age; the last is one.
struct ExponentialWeights {
  /// Those of the last rows that are remembered, oldest first.
  let values: [Double]

  let sum: Double

  init(halfLife: Double, count: Int) throws(EstimationError) {
    guard halfLife > 0, halfLife.isFinite else {
      throw .invalidValue(
        argument: "halfLife", got: halfLife, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let remembered = min(EWMACovariance.rememberedHalfLives * halfLife + 1, Double(count))
    let kept = max(Int(remembered), 1)
    values = (0..<kept).map { exp2(-Double(kept - 1 - $0) / halfLife) }
    sum = values.reduce(0, +)
  }
}

extension ReturnsMatrix {
  /// The means of the last rows with weights, by position, in scaled units.
  func means(_ weights: [Double]) -> [Double] {
    let start = rowCount - weights.count
    let sum = weights.reduce(0, +)
    return order.map { column in
      let values = matrix.column(column)
      let origin = values[rowCount - 1] * scale
      var total = 0.0
      for i in weights.indices { total += weights[i] * (values[start + i] * scale - origin) }
      return origin + total / sum
    }
  }
}
