/// The mean with weights that fall exponentially with age, as ``EWMACovariance`` has them.
///
/// ```text
/// m(i) = Σ w(t) r(t, i) / Σ w(t),   w(t) = 2^(−(T − 1 − t) / halfLife)
/// ```
public struct EWMAMean: ExpectedReturnsEstimator, Hashable {
  /// The age, in periods, at which a row weighs half as much as the last one; positive.
  public var halfLife: Double

  /// Creates the estimator.
  ///
  /// - Parameter halfLife: The age, in periods, at which a row weighs half as much as the last one; positive.
  public init(halfLife: Double) { self.halfLife = halfLife }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The means.
  /// - Throws: `EstimationError.invalidValue` for the half-life.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> [Double] {
    let weights = try ExponentialWeights(halfLife: halfLife, count: returns.rowCount)
    return returns.means(weights.values).map { $0 / returns.scale }
  }
}
