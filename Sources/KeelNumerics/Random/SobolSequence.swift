import CKeelKernels

/// Points that fill the unit cube more evenly than random ones, read by index.
///
/// Averages of smooth functions over N points have an error of nearly N⁻¹, scrambled nearly N^(−3/2), instead of
/// the N^(−1/2) of random draws. Take a power of two as the number of points, beginning at index 0. The even
/// filling is in the first dimensions best: give them to what matters most.
///
/// ```swift
/// let sequence = try SobolSequence(dimensionCount: 50, scrambling: RandomStream(seed: 7))
/// let uniforms = try sequence.points(0..<4096)          // 4096 × 50, inside (0, 1)
/// ```
///
/// A scrambled sequence has points that are uniform each by itself, so that averages are unbiased, and averages of several
/// scramblings (streams) tell their own error. Every point is a function of the index and the scrambling
/// alone: any split gives the same bits.
///
/// Sources: S. Joe and F. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM Journal on
/// Scientific Computing 30 (2008); order of points by Gray codes as I. Antonov and V. Saleev (1979); scrambling by random
/// triangular matrices and shifts as J. Matoušek, "On the L2-discrepancy for anchored boxes", Journal of Complexity 14
/// (1998), whose averages have the variance of full scrambling (A. Owen, "Variance with alternative scramblings
/// of digital nets", ACM TOMACS 13, 2003).
public struct SobolSequence: Sendable, Hashable {
  /// The number of dimensions.
  public let dimensionCount: Int

  /// The seed and stream of the scrambling; nil for the plain sequence.
  public let scrambling: RandomStream?

  // Digit k of an index adds number k of a dimension, modulo two; 52 bits each, the first digit on top.
  private let directions: [UInt64]
  private let shifts: [UInt64]

  private static let digitCount = 52

  /// The largest number of dimensions.
  public static let maximumDimensionCount = Int(keel_sobol_dimensions())

  /// The number of points of the sequence.
  public static let pointCount = 1 << 52

  /// Prepares a sequence.
  ///
  /// - Parameters:
  ///   - dimensionCount: The number of dimensions, 1 to ``maximumDimensionCount``.
  ///   - scrambling: Where the random digits come from; nil for the plain sequence. Its raw blocks are read.
  /// - Throws: `NumericsError.countOutOfRange`.
  public init(
    dimensionCount: Int,
    scrambling: RandomStream? = nil
  ) throws(NumericsError) {
    let allowed = 1...Self.maximumDimensionCount
    guard allowed.contains(dimensionCount) else {
      throw .countOutOfRange(argument: "dimensionCount", got: dimensionCount, allowed: allowed)
    }
    self.dimensionCount = dimensionCount
    self.scrambling = scrambling
    var directions: [UInt64] = []
    var shifts = [UInt64](repeating: 0, count: dimensionCount)
    directions.reserveCapacity(dimensionCount * Self.digitCount)
    for dimension in 0..<dimensionCount {
      let plain = Self.plainDirections(dimension)
      if let scrambling {
        let scrambler = Scrambler(scrambling, dimension: dimension, digitCount: Self.digitCount)
        directions += plain.map(scrambler.apply)
        shifts[dimension] = scrambler.shift
      } else {
        directions += plain
      }
    }
    self.directions = directions
    self.shifts = shifts
  }

  /// The recurrence of Sobol: m(k) = 2 a₁ m(k−1) ⊕ 2² a₂ m(k−2) ⊕ … ⊕ 2ˢ m(k−s) ⊕ m(k−s), with the bits a of the polynomial.
  private static func plainDirections(_ dimension: Int) -> [UInt64] {
    if dimension == 0 { return (0..<digitCount).map { 1 << (digitCount - 1 - $0) } }
    let polynomial = UInt64(keel_sobol_number(Int32(dimension), 0))
    let degree = polynomial.bitWidth - 1 - polynomial.leadingZeroBitCount
    var numbers = (0..<degree).map { UInt64(keel_sobol_number(Int32(dimension), Int32($0 + 1))) }
    while numbers.count < digitCount {
      let k = numbers.count
      var next = numbers[k - degree]
      for i in 1...degree where (polynomial >> (degree - i)) & 1 == 1 {
        next ^= numbers[k - i] << i
      }
      numbers.append(next)
    }
    return numbers.enumerated().map { $1 << (digitCount - 1 - $0) }
  }

  /// Fills numbers with one coordinate of points that follow each other.
  ///
  /// - Parameters:
  ///   - output: The numbers, inside (0, 1).
  ///   - dimension: The coordinate, 0 to ``dimensionCount`` − 1; another one traps.
  ///   - index: The first point, from 0 on; points beyond the sequence begin again.
  public func fill(_ output: inout MutableSpan<Double>, dimension: Int, from index: UInt64) {
    precondition(dimension >= 0 && dimension < dimensionCount, "dimension out of range")
    let own = directions.span.extracting(
      (dimension &* Self.digitCount)..<((dimension &+ 1) &* Self.digitCount))
    var point = index & UInt64(Self.pointCount - 1)
    var digits = shifts[dimension]
    let gray = point ^ (point >> 1)
    for k in 0..<Self.digitCount where (gray >> k) & 1 == 1 { digits ^= own[k] }
    for i in output.indices {
      // The middle of the smallest cell: never 0 or 1.
      output[i] = Double(2 &* digits &+ 1) * 0x1p-53
      point = (point &+ 1) & UInt64(Self.pointCount - 1)
      if point == 0 {
        digits = shifts[dimension]
      } else {
        digits ^= own[point.trailingZeroBitCount]
      }
    }
  }

  /// Returns points.
  ///
  /// - Parameter range: The indices of the points, not below 0; points times dimensions at most 2³² at a time.
  /// - Returns: One row a point and one column a dimension, inside (0, 1).
  /// - Throws: `NumericsError.countOutOfRange`.
  public func points(_ range: Range<Int>) throws(NumericsError) -> Matrix {
    guard range.lowerBound >= 0, range.upperBound <= Self.pointCount else {
      throw .countOutOfRange(
        argument: "range", got: range.lowerBound < 0 ? range.lowerBound : range.upperBound,
        allowed: 0...Self.pointCount)
    }
    let (count, overflows) = range.count.multipliedReportingOverflow(by: dimensionCount)
    guard !overflows, count <= RandomStream.maximumCount else {
      throw .countOutOfRange(
        argument: "range", got: range.count,
        allowed: 0...(RandomStream.maximumCount / dimensionCount))
    }
    var storage = [Double](repeating: 0, count: count)
    var all = storage.mutableSpan
    for dimension in 0..<dimensionCount {
      let start = dimension * range.count
      var column = all._mutatingExtracting(start..<(start + range.count))
      fill(&column, dimension: dimension, from: UInt64(range.lowerBound))
    }
    return Matrix(
      uncheckedRowCount: range.count, columnCount: dimensionCount, storage: storage)
  }
}

/// A random lower triangular matrix of bits with ones on the diagonal, and a random shift.
private struct Scrambler {
  /// For each digit, those of the digits above it and itself that add up to the new one.
  private let rows: [UInt64]
  private let digitCount: Int
  let shift: UInt64

  // 26 blocks for the rows and one for the shift.
  private static let blockCount = 32

  init(_ stream: RandomStream, dimension: Int, digitCount: Int) {
    self.digitCount = digitCount
    let first = UInt64(dimension * Self.blockCount)
    rows = (0..<digitCount).map { row in
      let blocks = stream.bits(at: first + UInt64(row / 2))
      let bits = row % 2 == 0 ? blocks.0 : blocks.1
      // Digit 0 is the top bit of 52.
      let own: UInt64 = 1 << (digitCount - 1 - row)
      let above: UInt64 = (1 << digitCount) - 2 * own
      return bits & above | own
    }
    shift = stream.bits(at: first + UInt64(Self.blockCount - 1)).0 >> (64 - digitCount)
  }

  func apply(_ digits: UInt64) -> UInt64 {
    var result: UInt64 = 0
    for row in rows { result = result << 1 | UInt64((digits & row).nonzeroBitCount & 1) }
    return result
  }
}
