public import KeelNumerics

/// Computes thin singular value decompositions of one shape again and again.
///
/// All memory is taken at the start. ``decompose(_:)`` allocates nothing of Keel's own, as long as
/// no copy of a result from the time before is still alive. Keep one solver a thread: it cannot be
/// copied.
///
/// ```text
/// A = U Σ Vᵀ,  UᵀU = VᵀV = I
/// ```
///
/// Method: LAPACK `dgesdd` (divide and conquer); where it does not converge, `dgesvd`. Elements far
/// from one are scaled by a power of two. Singular values have an absolute error of about
/// `max(m, n) · ε · σ₁`. Reference: Golub and Van Loan, Matrix Computations (2013), section 8.6.
public struct SVDSolver: ~Copyable, Sendable {
  /// The number of rows.
  public let rowCount: Int

  /// The number of columns.
  public let columnCount: Int

  private var matrix: [Double]
  private var storage: SVDRoutines.Storage
  private var work: [Double]
  private var integerWork: [Int32]
  private var isDecomposed = false

  /// Takes the memory for matrices of one shape.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows; zero or more.
  ///   - columnCount: The number of columns; zero or more.
  /// - Throws: `countOutOfRange` when a count is negative or the workspace, four times the square
  ///   of the smaller count, does not fit 32 bits.
  public init(rowCount: Int, columnCount: Int) throws(LinearAlgebraError) {
    _ = try Gate.dimension(rowCount, "rowCount")
    _ = try Gate.dimension(columnCount, "columnCount")
    try Gate.shape(
      rowCount: rowCount, columnCount: columnCount, storageCount: rowCount &* columnCount,
      "matrix")
    let length = try SVDRoutines.workspace(rowCount: rowCount, columnCount: columnCount)
    let smaller = Swift.min(rowCount, columnCount)
    matrix = [Double](repeating: 0, count: rowCount * columnCount)
    storage = SVDRoutines.Storage(
      values: [Double](repeating: 0, count: smaller),
      left: [Double](repeating: 0, count: rowCount * smaller),
      rightTransposed: [Double](repeating: 0, count: smaller * columnCount))
    work = [Double](repeating: 0, count: length)
    integerWork = [Int32](repeating: 0, count: 8 * smaller)
    self.rowCount = rowCount
    self.columnCount = columnCount
  }

  /// Decomposes a matrix.
  ///
  /// - Parameter a: A finite matrix of this shape.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, `overflow` when a
  ///   singular value cannot be represented,
  ///   ``LinearAlgebraError/notConverged(operation:failures:)`` when both methods fail. The solver
  ///   then holds no result.
  /// - Complexity: O(m · n²) for m ≥ n.
  public mutating func decompose(_ a: borrowing Matrix) throws(LinearAlgebraError) {
    isDecomposed = false
    try Gate.equal(a.rowCount, rowCount, "matrix")
    try Gate.equal(a.columnCount, columnCount, "matrix")
    let scale = PowerOfTwoScale(largest: try Gate.copy(a, to: &matrix, "matrix"))
    if !storage.values.isEmpty {
      scale.apply(&matrix)
      let converged = try SVDRoutines.divideAndConquer(
        &matrix, rowCount: rowCount, columnCount: columnCount, into: &storage, work: &work,
        integerWork: &integerWork)
      if !converged {
        try Gate.copy(a, to: &matrix, "matrix")
        scale.apply(&matrix)
        try SVDRoutines.iteration(
          &matrix, rowCount: rowCount, columnCount: columnCount, into: &storage, work: &work)
      }
      scale.undo(&storage.values)
      try Gate.output(storage.values, SVDRoutines.operation)
      try Gate.output(storage.left, SVDRoutines.operation)
      try Gate.output(storage.rightTransposed, SVDRoutines.operation)
    }
    isDecomposed = true
  }

  /// The singular values of the last matrix, descending.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been decomposed.
  public var values: [Double] {
    get throws(LinearAlgebraError) {
      try Gate.ready(isDecomposed, rowCount)
      return storage.values
    }
  }

  /// The left singular vectors as columns: rows × min(rows, columns).
  ///
  /// - Throws: `shapeMismatch` when no matrix has been decomposed.
  public var left: Matrix {
    get throws(LinearAlgebraError) {
      try Gate.ready(isDecomposed, rowCount)
      return Matrix(
        uncheckedRowCount: rowCount, columnCount: storage.values.count, storage: storage.left)
    }
  }

  /// The right singular vectors as rows: min(rows, columns) × columns.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been decomposed.
  public var rightTransposed: Matrix {
    get throws(LinearAlgebraError) {
      try Gate.ready(isDecomposed, rowCount)
      return Matrix(
        uncheckedRowCount: storage.values.count, columnCount: columnCount,
        storage: storage.rightTransposed)
    }
  }
}
