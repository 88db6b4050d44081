public import KeelNumerics

extension VarianceGamma: PathModel {
  /// Nothing: growths are independent.
  public var startingMemory: NoMemory { NoMemory() }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: The time.
  public func step(over time: Double) -> Double { time }

  /// Draws the growth over a step: normal, given what the clock shows.
  ///
  /// - Parameters:
  ///   - step: The time in years.
  ///   - memory: Nothing.
  ///   - draws: The source of randomness.
  /// - Returns: The logarithm of the growth beyond that of the forward.
  public func logGrowth(
    over step: Double,
    from memory: inout NoMemory,
    _ draws: inout RandomSequence
  ) -> Double {
    let clock = clockVariance * draws.gamma(shape: step / clockVariance)
    let deviation = volatility * clock.squareRoot()
    return logDrift(timeToExpiry: step) + drift * clock + deviation * draws.normal()
  }
}
