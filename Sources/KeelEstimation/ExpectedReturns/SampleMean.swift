// Goals in order: a constant column gives its value exactly, no overflow, memory speed.

public import KeelData
public import KeelNumerics

/// The sample mean as expected return.
///
/// ```text
/// m(i) = Σ r(t, i) / T
/// ```
///
/// Means are per period of the data. Their standard error is the standard deviation over √T: for
/// daily returns of one year more than most expected returns themselves.
public struct SampleMean: Hashable, Sendable {
  /// Creates the estimator.
  public init() {}

  /// Estimates expected returns.
  ///
  /// Each column is summed alone, so that the order of the assets does not matter. The error is at
  /// most T/8 ulp of the largest difference from the first value.
  ///
  /// - Parameter returns: T × N simple returns, T at least 1.
  /// - Returns: The means, per period.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.pricesGiven`.
  /// - Complexity: O(TN).
  public func expectedReturns(
    from returns: SimpleReturns
  ) throws(EstimationError) -> ExpectedReturns {
    let means = try ReturnsMatrix(returns, minimumCount: 1).means
    do throws(DataError) {
      return try ExpectedReturns(universe: returns.universe, values: means)
    } catch {
      throw .notRepresentable(result: "expectedReturns")
    }
  }

  /// Estimates the means of the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns, T at least 1.
  /// - Returns: N means, per period.
  /// - Throws: As ``expectedReturns(from:)``, and `EstimationError.invalidReturn` with column and
  ///   row.
  /// - Complexity: O(TN).
  public func unlabeledExpectedReturns(
    from returns: Matrix
  ) throws(EstimationError) -> [Double] {
    try ReturnsMatrix(unlabeled: returns, minimumCount: 1).means
  }
}
