public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MertonJumps: PathModel {
  /// Nothing: growths are independent.
  public var startingMemory: NoMemory { NoMemory() }

  /// Prepares steps of one length.
  ///
  /// - Parameter time: The time in years, positive.
  /// - Returns: The time.
  public func step(over time: Double) -> Double { time }

  /// Draws the growth over a step: given the count of jumps it is normal.
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
    let count = draws.poisson(mean: intensity * step)
    let variance = volatility * volatility * step
    let square = jumpDeviation * jumpDeviation
    let drift = -variance / 2 - intensity * step * expm1(jumpMean + square / 2)
    return drift + count * jumpMean + (variance + count * square).squareRoot() * draws.normal()
  }
}
