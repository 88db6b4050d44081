// Goals in order: the accuracy of the scalar functions, speed for many points of one law.
//
// Tables of polynomials of degree 8 through Chebyshev points, built from the scalar functions once a batch. The
// piece and the place in it are read from the bits of the argument: the survival function in w = |z| + 1, the
// quantile in p below ¼ and, as z/h, in h = ½ − p above. A piece of the first spans so little that the function
// changes by a factor of at most exp(0.4), which bounds the error of degree 8 by 1e-14, relatively; one of the
// second is a sixteenth of the distance to the singularity at p = 0, with an error of some 64^(−9). What is
// outside of the tables is left to the scalar functions. L. Trefethen, Approximation Theory and Approximation
// Practice (2013), chapter 8.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A polynomial of degree 8 on [−1, 1].
struct PolynomialPiece {
  private let c0, c1, c2, c3, c4, c5, c6, c7, c8: Double

  /// The number of points it goes through.
  static let pointCount = 9

  /// Through the values of a function at the Chebyshev points.
  init(_ function: (Double) -> Double) {
    let n = Self.pointCount
    let angles = (0..<n).map { Double.pi * (Double($0) + 0.5) / Double(n) }
    let values = angles.map { function(cos($0)) }
    // Chebyshev coefficients, then powers by T(k+1) = 2t T(k) − T(k−1).
    var powers = [Double](repeating: 0, count: n)
    var (last, current) = (powers, powers)
    last[0] = 1
    current[1] = 1
    for k in 0..<n {
      var sum = 0.0
      for j in 0..<n { sum += values[j] * cos(Double(k) * angles[j]) }
      let coefficient = sum * (k == 0 ? 1 : 2) / Double(n)
      let term = k == 0 ? last : current
      for i in 0..<n { powers[i] += coefficient * term[i] }
      if k == 0 { continue }
      var next = last.map { -$0 }
      for i in 0..<(n - 1) { next[i + 1] += 2 * current[i] }
      (last, current) = (current, next)
    }
    (c0, c1, c2, c3, c4) = (powers[0], powers[1], powers[2], powers[3], powers[4])
    (c5, c6, c7, c8) = (powers[5], powers[6], powers[7], powers[8])
  }

  @inline(__always)
  func callAsFunction(_ t: Double) -> Double {
    // Pairs, then their sums: a shorter chain than Horner's.
    let s = t * t
    let q = s * s
    let low = (c0 + c1 * t) + s * (c2 + c3 * t)
    let high = (c4 + c5 * t) + s * (c6 + c7 * t)
    return low + q * (high + q * c8)
  }
}

/// The bits of a number of a few binades as a piece and a place in it.
private struct BinadeGrid {
  /// The exponent of the first binade, and the binary logarithm of the pieces of one.
  let lowest: Int
  let bits: Int
  let pieceCount: Int
  private let first: UInt64

  init(lowest: Int, binadeCount: Int, bits: Int) {
    self.lowest = lowest
    self.bits = bits
    pieceCount = binadeCount << bits
    let start = Double(sign: .plus, exponent: lowest, significand: 1)
    first = start.bitPattern >> UInt64(52 - bits)
  }

  /// The argument at a place of a piece.
  func argument(_ piece: Int, _ t: Double) -> Double {
    let part = (Double(piece & ((1 << bits) - 1)) + 0.5 * (t + 1)) / Double(1 << bits)
    return Double(sign: .plus, exponent: lowest + (piece >> bits), significand: 1) * (1 + part)
  }

  /// The piece of a positive number from the first binade up; too large beyond the last and for NaN.
  @inline(__always)
  func piece(_ x: Double) -> Int {
    Int(truncatingIfNeeded: (x.bitPattern >> UInt64(52 - bits)) &- first)
  }

  /// The place in the piece.
  @inline(__always)
  func place(_ x: Double) -> Double {
    let fraction = (x.bitPattern << UInt64(bits)) & 0x000f_ffff_ffff_ffff
    return 2 * Double(bitPattern: fraction | 0x3ff0_0000_0000_0000) - 3
  }
}

/// P(Z > z) of a standard law for many points.
struct StudentTTailTable {
  private let law: StandardStudentT
  private let grid: BinadeGrid
  private let pieces: [PolynomialPiece]

  /// The change of a logarithm over half of a piece at which degree 8 has the error 1e-14.
  private static let largestChange = 0.2

  /// Up to these degrees of freedom the logarithm changes by at most ν + 1 while the point doubles.
  private static let largestHeavyDegrees = 40.0

  /// Below, the singularity at z = ±i√ν is too near.
  private static let smallestDegrees = 0.5

  /// The number of points for each piece from which on a table saves time.
  private static let pointsPerPiece = 20

  /// Nil where the scalar functions are the faster way.
  init?(_ law: StandardStudentT, pointCount: Int) {
    let degrees = law.degreesOfFreedom
    guard !law.isNormal, degrees >= Self.smallestDegrees else { return nil }
    // Heavy tails up to 63, else up to 15, or 7 where more pieces would not be worth it.
    let isHeavy = degrees <= Self.largestHeavyDegrees
    let grids = (isHeavy ? [6] : [4, 3]).map { binadeCount in
      let end = Double(1 << binadeCount) - 1
      let change = isHeavy ? degrees + 1 : min(degrees + 1, end * end)
      let bits = max(Int(log2(change / Self.largestChange).rounded(.up)) - 1, 4)
      return BinadeGrid(lowest: 0, binadeCount: binadeCount, bits: bits)
    }
    guard let grid = grids.first(where: { pointCount >= Self.pointsPerPiece * $0.pieceCount })
    else { return nil }
    self.law = law
    self.grid = grid
    pieces = (0..<grid.pieceCount).map { piece in
      PolynomialPiece { t in law.survival(grid.argument(piece, t) - 1) }
    }
  }

  /// P(Z > sign · z) for the points standardized by location and scale.
  func survival(
    _ points: [Double],
    location: Double,
    scale: Double,
    sign: Double
  ) -> [Double] {
    var result = [Double](repeating: 0, count: points.count)
    let (source, table) = (points.span, pieces.span)
    var output = result.mutableSpan
    for i in source.indices {
      let z = (source[i] - location) / scale * sign
      let w = z.magnitude + 1
      let piece = grid.piece(w)
      guard piece >= 0, piece < table.count else {
        output[i] = law.survival(z)
        continue
      }
      let tail = table[piece](grid.place(w))
      output[i] = z < 0 ? 1 - tail : tail
    }
    return result
  }
}

/// The point of a standard law that is exceeded with a probability, for many probabilities.
struct StudentTPointTable {
  private let law: StandardStudentT
  private let grid: BinadeGrid
  /// z/h in sixteen pieces of h = ½ − p from 0 to ¼, then z in those of p below.
  private let pieces: [PolynomialPiece]

  private static let centerCount = 16
  private static let centerEnd = 0.25

  /// Probabilities from 2⁻¹⁶ up; 3e-5 of the points are beyond.
  private static let lowestExponent = -16
  private static let bits = 4

  /// Below, the power p^(−1/ν) is too steep for degree 8.
  private static let smallestDegrees = 0.5

  /// The number of points for each piece from which on a table saves time.
  private static let pointsPerPiece = 20

  /// Nil where the scalar functions are the faster way.
  init?(_ law: StandardStudentT, pointCount: Int) {
    let grid = BinadeGrid(
      lowest: Self.lowestExponent, binadeCount: -2 - Self.lowestExponent, bits: Self.bits)
    guard law.degreesOfFreedom >= Self.smallestDegrees, !law.isNormal,
      pointCount >= Self.pointsPerPiece * (grid.pieceCount + Self.centerCount)
    else { return nil }
    self.law = law
    self.grid = grid
    pieces =
      (0..<Self.centerCount).map { piece in
        PolynomialPiece { t in
          let place = (Double(piece) + 0.5 * (t + 1)) / Double(Self.centerCount)
          let h = Self.centerEnd * place
          return law.upperPoint(mass: h) / h
        }
      }
      + (0..<grid.pieceCount).map { piece in
        PolynomialPiece { t in law.upperPoint(tail: grid.argument(piece, t)) }
      }
  }

  /// location − scale · (the point that is exceeded with the probability).
  func quantile(_ probabilities: [Double], location: Double, scale: Double) -> [Double] {
    var result = [Double](repeating: 0, count: probabilities.count)
    let (source, table) = (probabilities.span, pieces.span)
    let factor = Double(Self.centerCount) / Self.centerEnd
    var output = result.mutableSpan
    for i in source.indices {
      let p = source[i]
      let h = 0.5 - p
      // Both regions by choices instead of branches, which half of the points would mispredict.
      let isCentral = h.magnitude < Self.centerEnd
      let least = p < 0.5 ? p : 1 - p
      let place = isCentral ? h.magnitude * factor : 0
      let whole = place.rounded(.towardZero)
      let far = grid.piece(least)
      guard isCentral || (far >= 0 && far < grid.pieceCount) else {
        output[i] = location - scale * law.survivalQuantile(p)
        continue
      }
      let piece = isCentral ? Int(whole) : Self.centerCount + far
      let t = isCentral ? 2 * (place - whole) - 1 : grid.place(least)
      let unit = isCentral ? h : p < 0.5 ? 1 : -1
      output[i] = location - scale * (unit * table[piece](t))
    }
    return result
  }
}

// MARK: - Batches

extension StudentT {
  /// Returns the probability of a value of at most each point.
  ///
  /// For some thousand points and more from a table of polynomials, built once a call, which agrees with the
  /// scalar function within 1e-13, relatively in the lower tail. An element's result does not depend on its
  /// place or the other points, but in its last bits on their number.
  ///
  /// - Parameter points: The points.
  /// - Returns: The probabilities, in the order of the points; NaN for NaN.
  /// - Complexity: O(n), some 6 ns a point of a large batch.
  public func cdf(_ points: [Double]) -> [Double] {
    guard let table = StudentTTailTable(standard, pointCount: points.count) else {
      return points.map { cdf($0) }
    }
    return table.survival(points, location: location, scale: scale, sign: -1)
  }

  /// Returns the probability of a value above each point.
  ///
  /// From the table that the distribution function takes, with the same accuracy.
  ///
  /// - Parameter points: The points.
  /// - Returns: The probabilities, in the order of the points; NaN for NaN.
  /// - Complexity: O(n), some 6 ns a point of a large batch.
  public func survival(_ points: [Double]) -> [Double] {
    guard let table = StudentTTailTable(standard, pointCount: points.count) else {
      return points.map { survival($0) }
    }
    return table.survival(points, location: location, scale: scale, sign: 1)
  }

  /// Returns the quantile of each probability.
  ///
  /// For some five thousand probabilities and more from a table of polynomials, built once a call, which agrees with
  /// the scalar function within 1e-13, relatively for the standardized quantile. An element's result does not
  /// depend on its place or the others, but in its last bits on their number.
  ///
  /// - Parameter probabilities: Probabilities from 0 to 1.
  /// - Returns: The quantiles, in the order of the probabilities; NaN outside [0, 1].
  /// - Complexity: O(n), some 10 ns a point of a large batch.
  public func quantile(_ probabilities: [Double]) -> [Double] {
    guard let table = StudentTPointTable(standard, pointCount: probabilities.count) else {
      return probabilities.map { quantile($0) }
    }
    return table.quantile(probabilities, location: location, scale: scale)
  }
}
