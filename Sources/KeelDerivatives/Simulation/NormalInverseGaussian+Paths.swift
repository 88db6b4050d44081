public import KeelNumerics

extension NormalInverseGaussian: PathModel {
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
    let length = scale * step
    let root = ((tailDecay - asymmetry) * (tailDecay + asymmetry)).squareRoot()
    let clock = draws.inverseGaussian(mean: length / root, shape: length * length)
    return logDrift(timeToExpiry: step) + asymmetry * clock
      + clock.squareRoot() * draws.normal()
  }
}
