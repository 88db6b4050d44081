import KeelNumerics

extension Normal: ContinuousDistribution {
  /// The skewness, 0.
  public var skewness: Double { 0 }

  /// The excess kurtosis, 0.
  public var excessKurtosis: Double { 0 }

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logCDF(_ x: Double) -> Double {
    StandardNormal.logCDF((x - mean) / standardDeviation)
  }

  /// Returns the mean of the values below the quantile of a probability.
  ///
  /// - Parameter probability: The probability of the lower tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return mean - standardDeviation * Self.standardMeanAbove(tail: probability)
  }

  /// Returns the mean of the values above the quantile that is exceeded with a probability.
  ///
  /// - Parameter probability: The probability of the upper tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return mean + standardDeviation * Self.standardMeanAbove(tail: probability)
  }
}
