public import KeelNumerics

/// The QR factorization with column pivoting.
///
/// ```text
/// A P = Q R,  QᵀQ = I,  |r₀₀| ≥ |r₁₁| ≥ …
/// ```
///
/// For repeated work on one shape use ``QRSolver``, which allocates once and states the method.
public struct QR: Sendable {
  /// The upper triangular, or trapezoidal, factor: min(rows, columns) × columns.
  public let upper: Matrix

  /// Which column of the matrix stands at each column of ``upper``.
  public let pivots: [Int]

  /// The number of diagonal elements of R above the tolerance.
  public let rank: Int

  private let solver: Factor

  private struct Factor: Sendable {
    let storage: [Double]
    let tau: [Double]
    let rowCount: Int
    let columnCount: Int
  }

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - a: A finite matrix.
  ///   - relativeTolerance: A diagonal element of R at or below this times the first one counts as
  ///     zero; by default `max(rows, columns) · ε`.
  /// - Throws: `notFinite` with the place of a bad element; `overflow` when the factor leaves the
  ///   range of `Double`.
  /// - Complexity: O(m · n²) for m ≥ n.
  public init(_ a: Matrix, relativeTolerance: Double? = nil) throws(LinearAlgebraError) {
    var solver = try QRSolver(
      rowCount: a.rowCount, columnCount: a.columnCount, relativeTolerance: relativeTolerance)
    try solver.factor(a)
    upper = Triangles.upper(
      of: solver.storage, rowCount: a.rowCount, columnCount: a.columnCount,
      keeping: Swift.min(a.rowCount, a.columnCount))
    pivots = try solver.pivots
    rank = try solver.rank
    self.solver = Factor(
      storage: solver.storage, tau: solver.tau, rowCount: a.rowCount,
      columnCount: a.columnCount)
  }

  /// Returns the orthonormal factor in its thin form: rows × min(rows, columns).
  ///
  /// - Returns: Q, whose columns have length one and are orthogonal.
  /// - Throws: `countOutOfRange` when the workspace does not fit 32 bits.
  /// - Complexity: O(m · n²) for m ≥ n.
  public func orthonormalFactor() throws(LinearAlgebraError) -> Matrix {
    let count = solver.tau.count
    var q = try Workspace.rectangle(rowCount: solver.rowCount, columnCount: count)
    for j in 0..<count { q[j + j * solver.rowCount] = 1 }
    try apply(.none, to: &q)
    return Matrix(uncheckedRowCount: solver.rowCount, columnCount: count, storage: q)
  }

  /// Returns the product of the square orthogonal factor, or its transpose, and a matrix.
  ///
  /// - Parameters:
  ///   - transposition: Whether Q or Qᵀ is meant.
  ///   - matrix: A matrix with as many rows as the factored one.
  /// - Returns: A matrix of the same shape.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(m · n · k) for k columns.
  public func rotate(
    _ transposition: Transposition,
    _ matrix: Matrix
  ) throws(LinearAlgebraError) -> Matrix {
    try Gate.equal(matrix.rowCount, solver.rowCount, "matrix")
    var elements = matrix.columnMajorElements
    try apply(transposition, to: &elements)
    return Matrix(
      uncheckedRowCount: matrix.rowCount, columnCount: matrix.columnCount, storage: elements)
  }

  /// An estimate of the reciprocal condition number of the leading triangle of order ``rank``.
  ///
  /// - Throws: Nothing that a factored matrix can cause.
  public var reciprocalCondition: Double {
    get throws(LinearAlgebraError) {
      try QRRoutines.reciprocalCondition(
        factor: solver.storage, rowCount: solver.rowCount, order: rank)
    }
  }

  private func apply(
    _ transposition: Transposition,
    to elements: inout [Double]
  ) throws(LinearAlgebraError) {
    let columnCount = solver.rowCount == 0 ? 0 : elements.count / solver.rowCount
    // 64 is LAPACK's largest block in dormqr, whose block reflector takes 65 · 64 more.
    var work = [Double](repeating: 0, count: Swift.max(columnCount, 1) * 64 + 65 * 64)
    try QRRoutines.apply(
      factor: solver.storage, tau: solver.tau, rowCount: solver.rowCount, transposition,
      to: &elements, work: &work)
  }
}
