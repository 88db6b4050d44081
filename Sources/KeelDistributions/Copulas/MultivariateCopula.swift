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

  /// Returns the natural logarithm of the density at ranks whose distance from one is known by itself.
  ///
  /// Next to one a rank has few digits of that distance. Without a version of its own a copula takes the ranks alone.
  ///
  /// - Parameters:
  ///   - ranks: d probabilities; those of at most a half count.
  ///   - complements: One less each; they count where the rank is above a half.
  /// - Returns: The logarithm; NaN where a number is not inside (0, 1) or there are not d.
  func logDensity(_ ranks: [Double], complements: [Double]) -> Double

  /// Draws ranks.
  ///
  /// Path k is a function of the stream and k alone, bit for bit for ranges that begin at multiples of 4096.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the draws, from zero.
  ///   - stream: Where the draws come from. Its raw blocks are read.
  /// - Returns: As many rows as paths times d ranks inside (0, 1), column after column.
  /// - Throws: `DistributionsError.invalidValue` of `paths`: a negative number, or more paths times d than 2³².
  func ranks(
    paths: Range<Int>,
    from stream: RandomStream
  ) throws(DistributionsError) -> [Double]
}

extension MultivariateCopula {
  /// The density at the ranks alone.
  public func logDensity(_ ranks: [Double], complements: [Double]) -> Double {
    complements.count == dimensionCount && complements.allSatisfy(CopulaArguments.isInside)
      ? logDensity(ranks) : .nan
  }

  /// Requires paths that can be drawn.
  func requireDraws(_ paths: Range<Int>) throws(DistributionsError) {
    // The count of a range from a negative number may overflow.
    guard paths.lowerBound >= 0 else {
      throw .invalidValue(
        argument: "paths.lowerBound", got: Double(paths.lowerBound), lowest: 0,
        highest: Double(Int.max))
    }
    let most = RandomStream.maximumCount / max(dimensionCount, 1)
    guard paths.count <= most else {
      throw .invalidValue(
        argument: "paths.count", got: Double(paths.count), lowest: 0, highest: Double(most))
    }
  }

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

  func isLegal(_ ranks: [Double], _ complements: [Double]) -> Bool {
    [ranks, complements].allSatisfy {
      $0.count == dimensionCount && $0.allSatisfy(CopulaArguments.isInside)
    }
  }

  /// One less each rank: exact where it counts, above a half.
  func complements(_ ranks: [Double]) -> [Double] { ranks.map(CopulaArguments.turned) }
}
