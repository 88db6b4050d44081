extension StudentT: ContinuousDistribution {
  /// The skewness, 0; NaN when it does not exist, for `ν ≤ 3`.
  public var skewness: Double { degreesOfFreedom > 3 ? 0 : .nan }

  /// The excess kurtosis `6/(ν−4)`; infinite for `2 < ν ≤ 4`, NaN for `ν ≤ 2`.
  public var excessKurtosis: Double {
    if degreesOfFreedom > 4 { return 6 / (degreesOfFreedom - 4) }
    return degreesOfFreedom > 2 ? .infinity : .nan
  }

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logCDF(_ x: Double) -> Double { standard.logSurvival(-(x - location) / scale) }

  /// Returns the mean of the values below the quantile of a probability.
  ///
  /// - Parameter probability: The probability of the lower tail, above 0 and at most 1.
  /// - Returns: The mean, −∞ for `ν ≤ 1` and a probability below 1; NaN outside the domain.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return probability == 1 ? mean : location - scale * standard.meanAbove(tail: probability)
  }

  /// Returns the mean of the values above the quantile that is exceeded with a probability.
  ///
  /// - Parameter probability: The probability of the upper tail, above 0 and at most 1.
  /// - Returns: The mean, infinite for `ν ≤ 1` and a probability below 1; NaN outside the domain.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return probability == 1 ? mean : location + scale * standard.meanAbove(tail: probability)
  }
}
