/// A stream of random numbers that are read by index, not in sequence.
///
/// Element k is a function of the seed, the stream and k alone, so that work can be split in any
/// way, or done again in part, and gives the same numbers. The generator is Philox4x32-10 with the
/// seed as key and (index, stream) as counter; there is no state to share or to protect.
///
/// A fill gives the same bits as the draws one by one, at any split and on every processor that
/// rounds as IEEE 754 asks. The numbers of a stream change in major versions only.
///
/// Uniform and normal draws of one stream are independent: they read distinct halves of the
/// counters, blocks i / 2 and 2⁶³ + i / 2 for element i. Raw blocks from `bits(at:)` share the
/// counters of both; use another stream for them.
///
/// Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy
/// as 1, 2, 3", SC11 (2011).
public struct RandomStream: Sendable, Hashable {
  /// The key of the generator.
  public let seed: UInt64

  /// The number of the stream; streams with different numbers are independent.
  public let stream: UInt64

  /// The largest number of draws that one call returns as an array.
  public static let maximumCount = 1 << 32

  /// Creates a stream.
  ///
  /// - Parameters:
  ///   - seed: The key of the generator.
  ///   - stream: The number of the stream, for example of a path or an asset.
  public init(seed: UInt64, stream: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
  }

  /// Returns 128 random bits.
  ///
  /// - Parameter index: The lower half of the counter; the upper half is the stream.
  /// - Returns: The block of Philox4x32-10 as two words of 64 bits, low half first.
  public func bits(at index: UInt64) -> (UInt64, UInt64) {
    Kernels.philox(key: seed, counterLow: index, counterHigh: stream)
  }

  /// Returns one draw from the open interval (0, 1).
  ///
  /// ```text
  /// u = (2 k + 1) / 2⁵³,   k uniform in 0, 1, …, 2⁵² − 1
  /// ```
  ///
  /// The values are symmetric about 1/2; 0 and 1 never occur.
  ///
  /// - Parameter index: The number of the draw; any value.
  /// - Returns: The draw.
  public func uniform(at index: UInt64) -> Double {
    Kernels.draw(.uniform, of: self, at: index)
  }

  /// Returns one draw from the standard normal distribution.
  ///
  /// Box–Muller pairs from 64 bits of radius and 54 bits of angle; the largest magnitude is 9.5.
  ///
  /// - Parameter index: The number of the draw; any value.
  /// - Returns: The draw.
  public func normal(at index: UInt64) -> Double {
    Kernels.draw(.normal, of: self, at: index)
  }

  /// Fills a span with uniform draws; element k is `uniform(at: index + k)`, bit for bit.
  ///
  /// - Parameters:
  ///   - output: The storage to fill.
  ///   - index: The number of the first draw; numbers wrap around at 2⁶⁴.
  /// - Complexity: O(n), without allocation.
  public func fillUniform(_ output: inout MutableSpan<Double>, from index: UInt64) {
    Kernels.fill(&output, with: .uniform, of: self, from: index)
  }

  /// Fills a span with standard normal draws; element k is `normal(at: index + k)`, bit for bit.
  ///
  /// - Parameters:
  ///   - output: The storage to fill.
  ///   - index: The number of the first draw; numbers wrap around at 2⁶⁴.
  /// - Complexity: O(n), without allocation.
  public func fillNormal(_ output: inout MutableSpan<Double>, from index: UInt64) {
    Kernels.fill(&output, with: .normal, of: self, from: index)
  }

  /// Returns consecutive uniform draws.
  ///
  /// - Parameters:
  ///   - count: The number of draws, from 0 to `maximumCount`.
  ///   - index: The number of the first draw.
  /// - Returns: The draws `index`, `index + 1`, …
  /// - Throws: `NumericsError.countOutOfRange` for another count.
  public func uniforms(
    count: Int,
    from index: UInt64 = 0
  ) throws(NumericsError) -> [Double] {
    var draws = try Self.zeros(count)
    var span = draws.mutableSpan
    fillUniform(&span, from: index)
    return draws
  }

  /// Returns consecutive standard normal draws.
  ///
  /// - Parameters:
  ///   - count: The number of draws, from 0 to `maximumCount`.
  ///   - index: The number of the first draw.
  /// - Returns: The draws `index`, `index + 1`, …
  /// - Throws: `NumericsError.countOutOfRange` for another count.
  public func normals(
    count: Int,
    from index: UInt64 = 0
  ) throws(NumericsError) -> [Double] {
    var draws = try Self.zeros(count)
    var span = draws.mutableSpan
    fillNormal(&span, from: index)
    return draws
  }

  private static func zeros(_ count: Int) throws(NumericsError) -> [Double] {
    guard (0...maximumCount).contains(count) else {
      throw .countOutOfRange(argument: "count", got: count, allowed: 0...maximumCount)
    }
    return [Double](repeating: 0, count: count)
  }
}
