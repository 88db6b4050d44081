// Goals in order: the maximum found or the reason said, scale equivariance, speed.

/// A model of changing variance: GARCH, GJR-GARCH or exponential GARCH.
///
/// ```text
/// r(t) = μ + e(t),  e(t) = √h(t) z(t),  z of mean 0 and variance 1
/// GARCH, GJR:  h(t) = ω + Σ αᵢ e(t−i)² + Σ γᵢ e(t−i)² [e(t−i) < 0] + Σ βⱼ h(t−j)
/// EGARCH:   ln h(t) = ω + Σ αᵢ (|z(t−i)| − √(2/π)) + Σ γᵢ z(t−i) + Σ βⱼ ln h(t−j)
/// ```
///
/// The value says which model; ``fit(_:settings:)`` finds its parameters and ``GARCHModel`` holds
/// them. See <doc:VolatilityModels>.
public struct GARCH: Hashable, Sendable, Codable {
  /// How the variance follows from the past, with the numbers of lags.
  public enum Recursion: Hashable, Sendable, Codable {
    /// The variance, of squared returns and variances.
    case garch(shocks: Int, variances: Int)

    /// The variance, with a further weight for squared returns below the mean (Glosten,
    /// Jagannathan and Runkle).
    case gjr(shocks: Int, asymmetries: Int, variances: Int)

    /// The logarithm of the variance (Nelson).
    case egarch(shocks: Int, asymmetries: Int, variances: Int)
  }

  /// The mean of the returns.
  public enum Mean: Hashable, Sendable, Codable {
    /// Zero.
    case zero

    /// One number, fitted with the others.
    case constant
  }

  /// The law of the standardized returns.
  public enum Errors: Hashable, Sendable, Codable {
    /// Normal; with robust standard errors a quasi-likelihood for any law.
    case normal

    /// Student's t.
    case studentT

    /// The skewed t of Hansen.
    case hansenSkewedT
  }

  /// How the variance follows from the past.
  public let recursion: Recursion

  /// The mean of the returns.
  public let mean: Mean

  /// The law of the standardized returns.
  public let errors: Errors

  /// The allowed number of lags of each kind.
  public static let allowedLagCount = 0...10

  /// Creates a model of variance.
  ///
  /// - Parameters:
  ///   - recursion: How the variance follows from the past; each number of lags from 0 to 10, shocks
  ///     and asymmetries together at least one.
  ///   - mean: The mean of the returns.
  ///   - errors: The law of the standardized returns.
  /// - Throws: `EstimationError.invalidValue` for a number of lags outside its range.
  public init(
    _ recursion: Recursion = .garch(shocks: 1, variances: 1),
    mean: Mean = .constant,
    errors: Errors = .studentT
  ) throws(EstimationError) {
    self.recursion = recursion
    self.mean = mean
    self.errors = errors
    let lags = [
      ("shocks", shockLags), ("asymmetries", asymmetryLags), ("variances", varianceLags),
    ]
    for (argument, count) in lags where !Self.allowedLagCount.contains(count) {
      throw .invalidValue(
        argument: argument, got: Double(count), lowest: Double(Self.allowedLagCount.lowerBound),
        highest: Double(Self.allowedLagCount.upperBound))
    }
    guard shockLags + asymmetryLags > 0 else {
      throw .invalidValue(
        argument: "shocks", got: 0, lowest: 1, highest: Double(Self.allowedLagCount.upperBound))
    }
  }

  /// Decodes a model; what its initializer refuses is refused.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: A decoding error, or `EstimationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(Recursion.self, forKey: .recursion),
      mean: container.decode(Mean.self, forKey: .mean),
      errors: container.decode(Errors.self, forKey: .errors))
  }

  private enum CodingKeys: String, CodingKey { case recursion, mean, errors }

  /// The number p of lagged shocks.
  public var shockLags: Int {
    switch recursion {
    case .garch(let count, _), .gjr(let count, _, _), .egarch(let count, _, _): count
    }
  }

  /// The number o of lagged asymmetric shocks.
  public var asymmetryLags: Int {
    switch recursion {
    case .garch: 0
    case .gjr(_, let count, _), .egarch(_, let count, _): count
    }
  }

  /// The number q of lagged variances.
  public var varianceLags: Int {
    switch recursion {
    case .garch(_, let count), .gjr(_, _, let count), .egarch(_, _, let count): count
    }
  }

  /// The number of parameters, with the mean and those of the law.
  public var parameterCount: Int { recursionParameterCount + shapeCount }

  var isLogarithmic: Bool {
    if case .egarch = recursion { true } else { false }
  }

  var meanCount: Int { mean == .constant ? 1 : 0 }

  /// Mean, intercept and weights.
  var recursionParameterCount: Int {
    meanCount + 1 + shockLags + asymmetryLags + varianceLags
  }

  var shapeCount: Int {
    switch errors {
    case .normal: 0
    case .studentT: 1
    case .hansenSkewedT: 2
    }
  }

  var largestLag: Int { max(shockLags, asymmetryLags, varianceLags) }

  /// E|z| of the normal law, which centers the shocks of EGARCH under every law.
  static var normalMeanMagnitude: Double { 0.797_884_560_802_865_4 }
}
