public import KeelNumerics

extension KouJumps: PathModel {
  /// Nothing: growths are independent.
  public var startingMemory: NoMemory { NoMemory() }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: The time.
  public func step(over time: Double) -> Double { time }

  /// Draws the growth over a step: jumps up and down are counted apart, and sums of exponential draws are gamma.
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
    let ups = draws.poisson(mean: intensity * upShare * step)
    let downs = draws.poisson(mean: intensity * (1 - upShare) * step)
    let jumps = draws.gamma(shape: ups) / upDecay - draws.gamma(shape: downs) / downDecay
    let variance = volatility * volatility * step
    // E e^J − 1 of a jump up is 1/(a − 1), of one down −1/(b + 1).
    let mean = upShare / (upDecay - 1) - (1 - upShare) / (downDecay + 1)
    let drift = -variance / 2 - intensity * step * mean
    return drift + jumps + variance.squareRoot() * draws.normal()
  }
}
