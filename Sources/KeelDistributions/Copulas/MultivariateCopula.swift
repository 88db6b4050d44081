public import KeelNumerics

/// The law of the ranks of many returns: how they depend on each other, whatever the laws of each.
public protocol MultivariateCopula: Hashable, Sendable {
  /// The number d of returns.
  var dimensionCount: Int { get }

  /// Returns the natural logarithm of the density.
  ///
  /// - Parameter ranks: d probabilities.
  /// - Returns: The logarithm; NaN where a rank is not inside (0, 1) or there are not d.
  func logDensity(_ ranks: [Double]) -> Double

  /// Draws ranks.
  ///
  /// Path k is a function of the stream and k alone, bit for bit for ranges that begin at multiples of 4096.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the draws, from zero.
  ///   - stream: Where the draws come from. Its raw blocks are read.
  /// - Returns: As many rows as paths times d ranks inside (0, 1), column after column.
  func ranks(paths: Range<Int>, from stream: RandomStream) -> [Double]
}

extension MultivariateCopula {
  /// The streams of a draw, counted from zero: a seed of their own.
  static func seed(_ stream: RandomStream) -> UInt64 { stream.bits(at: .max).0 }

  /// A rank inside (0, 1), for those that round to an end.
  static func inside(_ rank: Double) -> Double {
    min(max(rank, .leastNormalMagnitude), 1.0.nextDown)
  }

  /// Uniform draws of some paths from one stream.
  static func uniforms(_ seed: UInt64, _ stream: Int, _ paths: Range<Int>) -> [Double] {
    var values = [Double](repeating: 0, count: paths.count)
    var span = values.mutableSpan
    RandomStream(seed: seed, stream: UInt64(stream)).fillUniform(
      &span, from: UInt64(paths.lowerBound))
    return values
  }

  func isLegal(_ ranks: [Double]) -> Bool {
    ranks.count == dimensionCount && ranks.allSatisfy(CopulaArguments.isInside)
  }
}
