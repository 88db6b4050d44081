public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Factors and solves symmetric positive definite systems of one order again and again.
///
/// All memory is taken at the start; ``factor(_:)`` and ``solve(_:)`` allocate nothing. Keep one
/// solver a thread: it cannot be copied.
///
/// ```text
/// A = L Lᵀ,  L lower triangular
/// ```
///
/// Method: LAPACK `dpotrf`, `dpotrs` and `dpocon`. The backward error is that of a Cholesky
/// factorization: about `order · ε` relative to the norm of A. Reference: Higham, Accuracy and
/// Stability of Numerical Algorithms (2002), chapter 10.
public struct CholeskySolver: ~Copyable, Sendable {
  /// The number of rows and columns.
  public let order: Int

  private var storage: [Double]
  private var work: [Double]
  private var integerWork: [Int32]
  private var isFactored = false

  /// Takes the memory for systems of one order.
  ///
  /// - Parameter order: The number of rows and columns; zero or more.
  /// - Throws: ``LinearAlgebraError/countOutOfRange(argument:got:allowed:)`` when the order is
  ///   negative or its square does not fit 32 bits.
  public init(order: Int) throws(LinearAlgebraError) {
    storage = try Workspace.square(order: order)
    work = [Double](repeating: 0, count: 3 * order)
    integerWork = [Int32](repeating: 0, count: order)
    self.order = order
  }

  /// Factors a matrix, which replaces the factor of the one before.
  ///
  /// - Parameter a: A finite matrix of this order. Only its lower triangle is read.
  /// - Throws: ``LinearAlgebraError/notPositiveDefinite(minorOrder:)`` with the order of the first
  ///   leading minor that is not positive; `shapeMismatch` and `notFinite` for bad arguments. The
  ///   solver then holds no factor.
  /// - Complexity: O(n³), n³/3 multiplications and additions.
  public mutating func factor(_ a: borrowing SymmetricMatrix) throws(LinearAlgebraError) {
    isFactored = false
    try Gate.equal(a.order, order, "matrix")
    try CholeskyRoutines.factor(a, into: &storage)
    isFactored = true
  }

  /// Solves A x = b in place.
  ///
  /// - Parameter b: One or more right-hand sides of length ``order``, one after the other; each is
  ///   replaced by its solution. After an error the content is undefined.
  /// - Throws: `shapeMismatch` when the length is no multiple of the order or when no matrix has
  ///   been factored, `notFinite` for a bad element, `overflow` when a solution cannot be
  ///   represented.
  /// - Complexity: O(n²) a right-hand side.
  public func solve(_ b: inout MutableSpan<Double>) throws(LinearAlgebraError) {
    try Gate.ready(isFactored, order)
    try CholeskyRoutines.solve(factor: storage, order: order, &b)
  }

  /// Solves L x = b or Lᵀ x = b in place, half of a solve.
  ///
  /// With the covariance of a vector b, L⁻¹ b has the identity as its covariance.
  ///
  /// - Parameters:
  ///   - b: One or more right-hand sides of length ``order``, one after the other; each is replaced
  ///     by its solution. After an error the content is undefined.
  ///   - transposition: Whether L or Lᵀ is meant.
  /// - Throws: As ``solve(_:)``.
  /// - Complexity: O(n²) a right-hand side.
  public func solveLower(
    _ b: inout MutableSpan<Double>,
    _ transposition: Transposition = .none
  ) throws(LinearAlgebraError) {
    try Gate.ready(isFactored, order)
    try CholeskyRoutines.solveLower(factor: storage, order: order, transposition, &b)
  }

  /// The natural logarithm of the determinant of the last matrix.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var logDeterminant: Double {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, order)
      return Self.logDeterminant(ofFactor: storage, order: order)
    }
  }

  /// An estimate of the reciprocal condition number, in the 1-norm, of the last factored matrix.
  ///
  /// Both norms are estimated from the factor, each rarely more than three times too small, so the
  /// estimate is rather too large. It allocates; ``reciprocalCondition(of:)`` does not and takes
  /// the exact norm of the matrix.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var reciprocalCondition: Double {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, order)
      var work = [Double](repeating: 0, count: 3 * order)
      var integerWork = [Int32](repeating: 0, count: order)
      return try CholeskyRoutines.reciprocalCondition(
        factor: storage, order: order, norm: Norms.estimateOne(ofFactor: storage, order: order),
        work: &work, integerWork: &integerWork)
    }
  }

  /// Estimates the reciprocal condition number, in the 1-norm, of the last factored matrix.
  ///
  /// The estimate is rarely more than three times the true value.
  ///
  /// - Parameter a: The matrix that was factored last.
  /// - Returns: A number between 0 (singular to working precision) and 1.
  /// - Throws: `shapeMismatch` when no matrix has been factored or the order differs.
  public mutating func reciprocalCondition(
    of a: borrowing SymmetricMatrix
  ) throws(LinearAlgebraError) -> Double {
    try Gate.ready(isFactored, order)
    try Gate.equal(a.order, order, "matrix")
    return try CholeskyRoutines.reciprocalCondition(
      factor: storage, order: order, norm: Norms.one(a), work: &work, integerWork: &integerWork)
  }

  /// The lower triangular factor of the last matrix, zero above its diagonal.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var lower: Matrix {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, order)
      // The upper triangle is zero from the start: the copy and the routine leave it alone.
      return Matrix(uncheckedRowCount: order, columnCount: order, storage: storage)
    }
  }

  static func logDeterminant(ofFactor factor: [Double], order: Int) -> Double {
    var sum = 0.0
    for j in 0..<order { sum += log(factor[j &+ j &* order]) }
    return 2 * sum
  }
}
