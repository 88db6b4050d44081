// Moments: E. Jondeau and M. Rockinger, Conditional volatility, skewness, and kurtosis, Journal of
// Economic Dynamics and Control 27 (2003), proposition 1.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension HansenSkewedT: ContinuousDistribution {
  /// The skewness; NaN when it does not exist, for `ν ≤ 3`.
  public var skewness: Double {
    guard degreesOfFreedom > 3 else { return .nan }
    let second = 1 + 3 * asymmetry * asymmetry
    return (thirdMoment - 3 * shift * second + 2 * shift * shift * shift)
      / (spread * spread * spread)
  }

  /// The excess kurtosis; infinite for `ν ≤ 4`.
  public var excessKurtosis: Double {
    guard degreesOfFreedom > 4 else { return .infinity }
    let inverse = 1 / degreesOfFreedom
    let square = asymmetry * asymmetry
    let fourth =
      3 * (1 - 2 * inverse) / (1 - 4 * inverse) * (1 + 10 * square + 5 * square * square)
    let shiftSquare = shift * shift
    let central =
      fourth - 4 * shift * thirdMoment + 6 * shiftSquare * (1 + 3 * square)
      - 3 * shiftSquare * shiftSquare
    return central / (spread * spread * spread * spread) - 3
  }

  /// E[Y³] of y = b z + a.
  private var thirdMoment: Double {
    // a (ν−2)/(ν−3) · 4 (1+λ²) with a = 4 λ c (ν−2)/(ν−1).
    let inverse = 1 / degreesOfFreedom
    return 4 * (1 + asymmetry * asymmetry) * shift * (1 - 2 * inverse) / (1 - 3 * inverse)
  }

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logCDF(_ x: Double) -> Double {
    let y = shifted(x)
    if y < 0 {
      return log1p(-asymmetry) + student.logSurvival(-y / ((1 - asymmetry) * unit))
    }
    return log1p(-upperMass(y))
  }

  /// Returns the mean of the values below the quantile of a probability.
  ///
  /// - Parameter probability: The probability of the lower tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    if probability == 1 { return 0 }
    if probability < 0.5 * (1 - asymmetry) { return lowerMean(probability) }
    return -upperMean(1 - probability) * ((1 - probability) / probability)
  }

  /// Returns the mean of the values above the quantile that is exceeded with a probability.
  ///
  /// - Parameter probability: The probability of the upper tail, above 0 and at most 1.
  /// - Returns: The mean; NaN outside the domain.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    if probability == 1 { return 0 }
    if probability < 0.5 * (1 + asymmetry) { return upperMean(probability) }
    return -lowerMean(1 - probability) * ((1 - probability) / probability)
  }

  /// The mean below a point left of the break.
  private func lowerMean(_ probability: Double) -> Double {
    let share = min(probability / (1 - asymmetry), 0.5)
    return -((1 - asymmetry) * unit * student.meanAbove(tail: share) + shift) / spread
  }

  /// The mean above a point right of the break.
  private func upperMean(_ probability: Double) -> Double {
    let share = min(probability / (1 + asymmetry), 0.5)
    return ((1 + asymmetry) * unit * student.meanAbove(tail: share) - shift) / spread
  }
}
