public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A determinant as sign and logarithm, because the number itself leaves the range of `Double`
/// early.
public struct Determinant: Hashable, Sendable {
  /// −1, 0 or 1.
  public let sign: Int
  /// The natural logarithm of the magnitude; −∞ when the sign is 0.
  public let logMagnitude: Double
}

/// Factors and solves general square systems of one order again and again.
///
/// All memory is taken at the start; ``factor(_:)`` and ``solve(_:_:)`` allocate nothing. Keep one
/// solver a thread: it cannot be copied.
///
/// ```text
/// P A = L U
/// ```
///
/// Method: LAPACK `dgetrf` (partial pivoting), `dgetrs`, `dgecon`. Reference: Higham, Accuracy and
/// Stability of Numerical Algorithms (2002), chapter 9.
public struct LUSolver: ~Copyable, Sendable {
  /// The number of rows and columns.
  public let order: Int

  private(set) var storage: [Double]
  private(set) var pivots: [Int32]
  private var work: [Double]
  private var integerWork: [Int32]
  private(set) var zeroPivot: Int?
  private var isFactored = false

  /// Takes the memory for systems of one order.
  ///
  /// - Parameter order: The number of rows and columns; zero or more.
  /// - Throws: ``LinearAlgebraError/countOutOfRange(argument:got:allowed:)`` when the order is
  ///   negative or its square does not fit 32 bits.
  public init(order: Int) throws(LinearAlgebraError) {
    storage = try Workspace.square(order: order)
    pivots = [Int32](repeating: 0, count: order)
    work = [Double](repeating: 0, count: 4 * order)
    integerWork = [Int32](repeating: 0, count: order)
    self.order = order
  }

  /// Factors a matrix, which replaces the factor of the one before.
  ///
  /// A singular matrix is factored; only ``solve(_:_:)`` refuses it.
  ///
  /// - Parameter a: A finite square matrix of this order.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, `overflow` when the
  ///   factor leaves the range of `Double`. The solver then holds no factor.
  /// - Complexity: O(n³), 2n³/3 multiplications and additions.
  public mutating func factor(_ a: borrowing Matrix) throws(LinearAlgebraError) {
    isFactored = false
    try Gate.equal(a.rowCount, order, "matrix")
    zeroPivot = try LURoutines.factor(a, into: &storage, pivots: &pivots)
    isFactored = true
  }

  /// Solves A x = b or Aᵀ x = b in place.
  ///
  /// - Parameters:
  ///   - b: One or more right-hand sides of length ``order``, one after the other; each is replaced
  ///     by its solution. After an error the content is undefined.
  ///   - transposition: Whether the matrix or its transpose is meant.
  /// - Throws: ``LinearAlgebraError/singular(pivot:)``; `shapeMismatch` when the length is no
  ///   multiple of the order or no matrix has been factored; `notFinite`; `overflow`.
  /// - Complexity: O(n²) a right-hand side.
  public func solve(
    _ b: inout MutableSpan<Double>,
    _ transposition: Transposition = .none
  ) throws(LinearAlgebraError) {
    try Gate.ready(isFactored, order)
    if let zeroPivot { throw .singular(pivot: zeroPivot) }
    try LURoutines.solve(factor: storage, pivots: pivots, transposition, &b)
  }

  /// Estimates the reciprocal condition number, in the 1-norm, of the last factored matrix.
  ///
  /// - Parameter a: The matrix that was factored last.
  /// - Returns: A number between 0 (singular) and 1.
  /// - Throws: `shapeMismatch` when no matrix has been factored or the order differs.
  public mutating func reciprocalCondition(
    of a: borrowing Matrix
  ) throws(LinearAlgebraError) -> Double {
    try Gate.ready(isFactored, order)
    try Gate.equal(a.rowCount, order, "matrix")
    try Gate.equal(a.columnCount, order, "matrix")
    if zeroPivot != nil { return 0 }
    return try LURoutines.reciprocalCondition(
      factor: storage, order: order, norm: Norms.one(a.elements, rowCount: order), work: &work,
      integerWork: &integerWork)
  }

  /// The determinant of the last matrix; one for the empty matrix.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var determinant: Determinant {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, order)
      if zeroPivot != nil { return Determinant(sign: 0, logMagnitude: -.infinity) }
      var sign = 1
      var sum = 0.0
      for j in 0..<order {
        let u = storage[j &+ j &* order]
        if u < 0 { sign = -sign }
        if Int(pivots[j]) != j + 1 { sign = -sign }
        sum += log(u.magnitude)
      }
      return Determinant(sign: sign, logMagnitude: sum)
    }
  }
}
