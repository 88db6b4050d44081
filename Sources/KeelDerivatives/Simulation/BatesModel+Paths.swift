public import KeelNumerics

extension BatesModel: PathModel {
  /// The variance of a path at its start.
  public var startingMemory: Double { diffusion.startingMemory }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: What all steps of this length share.
  public func step(over time: Double) -> HestonStep { diffusion.step(over: time) }

  /// Draws the growth and the variance after a step: that of the diffusion and that of the jumps.
  ///
  /// - Parameters:
  ///   - step: A step of this model.
  ///   - memory: The variance at the start; afterwards that at the end.
  ///   - draws: The source of randomness.
  /// - Returns: The logarithm of the growth beyond that of the forward.
  public func logGrowth(
    over step: HestonStep,
    from memory: inout Double,
    _ draws: inout RandomSequence
  ) -> Double {
    var none = jumps.startingMemory
    let smooth = diffusion.logGrowth(over: step, from: &memory, &draws)
    return smooth + jumps.logGrowth(over: step.time, from: &none, &draws)
  }
}
