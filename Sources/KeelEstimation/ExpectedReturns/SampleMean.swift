// Goals in order: a constant column gives its value exactly, no overflow, memory speed.

/// The sample mean as expected return.
///
/// ```text
/// m(i) = Σ r(t, i) / T
/// ```
///
/// Means are per period of the data. Their standard error is the standard deviation over √T: for
/// daily returns of one year more than most expected returns themselves. Each column is summed alone. The error is at
/// most T/8 ulp of the largest difference from the first value.
public struct SampleMean: ExpectedReturnsEstimator, Hashable {
  /// Creates the estimator.
  public init() {}

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The means.
  public func estimate(from returns: ReturnsMatrix) -> [Double] {
    returns.scaledMeans.map { $0 / returns.scale }
  }
}
