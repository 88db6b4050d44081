public import KeelNumerics

/// The numbers of positive, negative and zero eigenvalues of a symmetric matrix.
public struct Inertia: Hashable, Sendable {
  /// The number of positive eigenvalues.
  public let positive: Int
  /// The number of negative eigenvalues.
  public let negative: Int
  /// The number of pivots that are exactly zero; rounding usually hides a zero eigenvalue.
  public let zero: Int
}

/// Factors and solves symmetric indefinite systems of one order again and again.
///
/// All memory is taken at the start; ``factor(_:)`` and ``solve(_:)`` allocate nothing. Keep one
/// solver a thread: it cannot be copied.
///
/// ```text
/// Pᵀ A P = L D Lᵀ,  D with blocks of order 1 and 2
/// ```
///
/// Method: LAPACK `dsytrf` (Bunch-Kaufman pivoting), `dsytrs`, `dsycon`. Reference: Bunch and
/// Kaufman, Mathematics of Computation 31 (1977).
public struct LDLSolver: ~Copyable, Sendable {
  /// The number of rows and columns.
  public let order: Int

  private(set) var storage: [Double]
  private(set) var pivots: [Int32]
  private var work: [Double]
  private var conditionWork: [Double]
  private var integerWork: [Int32]
  private(set) var zeroPivot: Int?
  private var isFactored = false

  /// Takes the memory for systems of one order.
  ///
  /// - Parameter order: The number of rows and columns; zero or more.
  /// - Throws: ``LinearAlgebraError/countOutOfRange(argument:got:allowed:)`` when the order is
  ///   negative or its square does not fit 32 bits.
  public init(order: Int) throws(LinearAlgebraError) {
    let square = try Workspace.square(order: order)
    let length = try LDLRoutines.workspace(order: order)
    storage = square
    work = [Double](repeating: 0, count: length)
    conditionWork = [Double](repeating: 0, count: 2 * order)
    integerWork = [Int32](repeating: 0, count: order)
    pivots = [Int32](repeating: 0, count: order)
    self.order = order
  }

  /// Factors a matrix, which replaces the factor of the one before.
  ///
  /// A singular matrix is factored; only ``solve(_:)`` refuses it.
  ///
  /// - Parameter a: A finite matrix of this order. Only its lower triangle is read.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, `overflow` when the
  ///   factor leaves the range of `Double`. The solver then holds no factor.
  /// - Complexity: O(n³), n³/3 multiplications and additions.
  public mutating func factor(_ a: borrowing SymmetricMatrix) throws(LinearAlgebraError) {
    isFactored = false
    try Gate.equal(a.order, order, "matrix")
    zeroPivot = try LDLRoutines.factor(a, into: &storage, pivots: &pivots, work: &work)
    isFactored = true
  }

  /// Factors a matrix that its caller keeps as an array.
  ///
  /// - Parameter elements: The square of the order, column after column; the lower triangle is read.
  /// - Throws: As ``factor(_:)``.
  package mutating func factor(
    lowerTriangleOf elements: [Double]
  ) throws(LinearAlgebraError) {
    isFactored = false
    try Gate.copyLowerTriangle(of: elements, order: order, to: &storage, "matrix")
    zeroPivot = try LDLRoutines.factor(&storage, pivots: &pivots, work: &work)
    isFactored = true
  }

  /// Solves A x = b in place.
  ///
  /// - Parameter b: One or more right-hand sides of length ``order``, one after the other; each is
  ///   replaced by its solution. After an error the content is undefined.
  /// - Throws: ``LinearAlgebraError/singular(pivot:)``; `shapeMismatch` when the length is no
  ///   multiple of the order or no matrix has been factored; `notFinite`; `overflow`.
  /// - Complexity: O(n²) a right-hand side.
  public func solve(_ b: inout MutableSpan<Double>) throws(LinearAlgebraError) {
    try Gate.ready(isFactored, order)
    if let zeroPivot { throw .singular(pivot: zeroPivot) }
    try LDLRoutines.solve(factor: storage, pivots: pivots, &b)
  }

  /// Solves A x = b in place, without an error.
  ///
  /// - Parameter b: One right-hand side of length ``order``, which is replaced by its solution.
  /// - Returns: False, with undefined content, when there is no factor without a zero pivot, or the
  ///   right-hand side or the solution is not finite.
  package func solveFinite(_ b: inout MutableSpan<Double>) -> Bool {
    isFactored && zeroPivot == nil
      && LDLRoutines.solveFinite(factor: storage, pivots: pivots, &b)
  }

  /// Estimates the reciprocal condition number, in the 1-norm, of the last factored matrix.
  ///
  /// - Parameter a: The matrix that was factored last.
  /// - Returns: A number between 0 (singular) and 1.
  /// - Throws: `shapeMismatch` when no matrix has been factored or the order differs.
  public mutating func reciprocalCondition(
    of a: borrowing SymmetricMatrix
  ) throws(LinearAlgebraError) -> Double {
    try Gate.ready(isFactored, order)
    try Gate.equal(a.order, order, "matrix")
    if zeroPivot != nil { return 0 }
    return try LDLRoutines.reciprocalCondition(
      factor: storage, pivots: pivots, norm: Norms.one(a), work: &conditionWork,
      integerWork: &integerWork)
  }

  /// The signs of the eigenvalues of the last matrix, by Sylvester's law from the blocks of D.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var inertia: Inertia {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, order)
      var positive = 0
      var negative = 0
      var zero = 0
      var j = 0
      while j < order {
        if pivots[j] < 0 {
          // Bunch-Kaufman takes a block of order 2 only where its determinant is negative.
          positive += 1
          negative += 1
          j += 2
          continue
        }
        let d = storage[j &+ j &* order]
        if d > 0 { positive += 1 } else if d < 0 { negative += 1 } else { zero += 1 }
        j += 1
      }
      return Inertia(positive: positive, negative: negative, zero: zero)
    }
  }
}
