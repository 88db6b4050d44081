// D. Politis and J. Romano, "The stationary bootstrap", Journal of the American Statistical Association 89 (1994); H.
// Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 17 (1989).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Draws histories again from a history, in blocks, so that what follows on what stays.
///
/// A replicate is a list of rows of the history: take the same rows of every asset. Replicate k depends on the seed and k alone.
public struct Bootstrap: Hashable, Sendable {
  /// How rows are drawn.
  @nonexhaustive
  public enum Blocks: Hashable, Sendable {
    /// Single rows: only for rows that do not depend on each other.
    case independent

    /// Blocks of one length that lie within the history.
    case moving(length: Int)

    /// Blocks of one length on the circle that the history is bent to: every row is drawn equally often.
    case circular(length: Int)

    /// Blocks of random, geometric length on the circle: replicates of a stationary history are stationary.
    case stationary(meanLength: Double)
  }

  /// How rows are drawn.
  public let blocks: Blocks

  /// The seed.
  public let seed: UInt64

  /// Creates a bootstrap.
  ///
  /// - Parameters:
  ///   - blocks: How rows are drawn; lengths at least 1.
  ///   - seed: The seed.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(_ blocks: Blocks, seed: UInt64) throws(DistributionsError) {
    switch blocks {
    case .independent: break
    case .moving(let length), .circular(let length):
      guard length >= 1 else {
        throw .invalidValue(
          argument: "length", got: Double(length), lowest: 1, highest: .greatestFiniteMagnitude)
      }
    case .stationary(let mean):
      guard mean >= 1, mean.isFinite else {
        throw .invalidValue(
          argument: "meanLength", got: mean, lowest: 1, highest: .greatestFiniteMagnitude)
      }
    }
    self.blocks = blocks
    self.seed = seed
  }

  /// The largest number of rows.
  public static let maximumCount = 1 << 31

  /// The rows of a replicate.
  ///
  /// - Parameters:
  ///   - replicate: The number of the replicate.
  ///   - rowCount: The number T of rows of the history.
  ///   - count: The number of rows of the replicate; T where nil.
  /// - Returns: Rows from 0 to T − 1.
  /// - Throws: `DistributionsError.invalidValue` for counts below 1 or above ``maximumCount``, or moving blocks longer than
  ///   the history.
  public func rows(
    replicate: UInt64,
    rowCount: Int,
    count: Int? = nil
  ) throws(DistributionsError) -> [Int] {
    let count = count ?? rowCount
    for (argument, value) in [("rowCount", rowCount), ("count", count)]
    where value < 1 || value > Self.maximumCount {
      throw .invalidValue(
        argument: argument, got: Double(value), lowest: 1, highest: Double(Self.maximumCount))
    }
    if case .moving(let length) = blocks, length > rowCount {
      throw .invalidValue(
        argument: "length", got: Double(length), lowest: 1, highest: Double(rowCount))
    }
    var sequence = RandomSequence(RandomStream(seed: seed, stream: replicate))
    func draw(_ range: Int) -> Int {
      min(Int(sequence.uniform() * Double(range)), range - 1)
    }
    var rows: [Int] = []
    rows.reserveCapacity(count)
    while rows.count < count {
      let start: Int
      let length: Int
      switch blocks {
      case .independent: (start, length) = (draw(rowCount), 1)
      case .moving(let size): (start, length) = (draw(rowCount - size + 1), size)
      case .circular(let size): (start, length) = (draw(rowCount), size)
      case .stationary(let mean):
        start = draw(rowCount)
        length = Self.geometric(mean, sequence.uniform())
      }
      for i in 0..<min(length, count - rows.count) {
        rows.append((start + i % rowCount) % rowCount)
      }
    }
    return rows
  }

  /// A geometric length of a mean, from a uniform draw.
  private static func geometric(_ mean: Double, _ uniform: Double) -> Int {
    if mean == 1 { return 1 }
    let length = 1 + log(uniform) / log1p(-1 / mean)
    return length < Double(maximumCount) ? Int(length) : maximumCount
  }
}
