public import KeelNumerics

/// A model whose asset can be drawn on any dates, with the very law that it has there.
///
/// A host may bring a model of its own.
public protocol PathModel: CharacteristicModel {
  /// What a path remembers from one date to the next, for example its variance.
  associatedtype Memory: Sendable

  /// What depends on the length of a step alone.
  associatedtype Step: Sendable

  /// What a path remembers at its start.
  var startingMemory: Memory { get }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: What all steps of this length share.
  func step(over time: Double) -> Step

  /// Draws the growth over a step.
  ///
  /// - Parameters:
  ///   - step: A step of this model.
  ///   - memory: What the path remembers; afterwards that at the end of the step.
  ///   - draws: The source of randomness.
  /// - Returns: The logarithm of the growth beyond that of the forward; the mean of its exponential is 1.
  func logGrowth(
    over step: Step,
    from memory: inout Memory,
    _ draws: inout RandomSequence
  ) -> Double
}

/// The memory of a path whose growths are independent.
public struct NoMemory: Sendable {}
