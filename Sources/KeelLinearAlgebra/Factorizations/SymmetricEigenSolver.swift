public import KeelNumerics

/// Computes eigenvalues and eigenvectors of symmetric matrices of one order again and again.
///
/// All memory is taken at the start. ``decompose(_:)`` allocates nothing of Keel's own, as long as
/// no copy of ``values`` or ``vectors`` from the time before is still alive. Keep one solver a
/// thread: it cannot be copied.
///
/// ```text
/// A = V Λ Vᵀ,  VᵀV = I
/// ```
///
/// Method: LAPACK `dsyevd` (divide and conquer); where it does not converge, `dsyevr`. Elements far
/// from one are scaled by a power of two. Eigenvalues have an absolute error of about
/// `n · ε · max|λ|`; small ones have no relative accuracy. Reference: Cuppen, Numerische Mathematik
/// 36 (1981); Gu and Eisenstat, SIAM J. Matrix Anal. Appl. 16 (1995).
public struct SymmetricEigenSolver: ~Copyable, Sendable {
  /// The number of rows and columns.
  public let order: Int

  private var vectorStorage: [Double]
  private var valueStorage: [Double]
  private var work: [Double]
  private var integerWork: [Int32]
  private var isDecomposed = false

  /// Takes the memory for matrices of one order.
  ///
  /// - Parameter order: The number of rows and columns; zero or more.
  /// - Throws: ``LinearAlgebraError/countOutOfRange(argument:got:allowed:)`` when the order is
  ///   negative or the workspace, `2 n²`, does not fit 32 bits.
  public init(order: Int) throws(LinearAlgebraError) {
    _ = try Gate.dimension(order, "order")
    try Gate.shape(
      rowCount: order, columnCount: order, storageCount: order &* order, "matrix")
    let lengths = try SymmetricEigenRoutines.workspace(order: order, vectors: true)
    vectorStorage = try Workspace.square(order: order)
    valueStorage = [Double](repeating: 0, count: order)
    work = [Double](repeating: 0, count: lengths.real)
    integerWork = [Int32](repeating: 0, count: lengths.integer)
    self.order = order
  }

  /// Computes the eigenvalues and eigenvectors of a matrix.
  ///
  /// - Parameter a: A finite matrix of this order. Only its lower triangle is read.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, `overflow` when an
  ///   eigenvalue cannot be represented, ``LinearAlgebraError/notConverged(operation:failures:)``
  ///   when both methods fail. The solver then holds no result.
  /// - Complexity: O(n³).
  public mutating func decompose(_ a: borrowing SymmetricMatrix) throws(LinearAlgebraError) {
    isDecomposed = false
    try Gate.equal(a.order, order, "matrix")
    let largest = try Gate.copyLowerTriangle(of: a, to: &vectorStorage, "matrix")
    if order > 0 {
      let scale = PowerOfTwoScale(largest: largest)
      scale.apply(&vectorStorage)
      let converged = try SymmetricEigenRoutines.divideAndConquer(
        &vectorStorage, order: order, vectors: true, values: &valueStorage, work: &work,
        integerWork: &integerWork)
      if !converged {
        try Gate.copyLowerTriangle(of: a, to: &vectorStorage, "matrix")
        PowerOfTwoScale(normalizing: largest).apply(&vectorStorage)
        try SymmetricEigenRoutines.relativelyRobust(
          &vectorStorage, order: order, values: &valueStorage)
        PowerOfTwoScale(normalizing: largest).undo(&valueStorage)
      } else {
        scale.undo(&valueStorage)
      }
      try Gate.output(valueStorage, SymmetricEigenRoutines.operation)
      try Gate.output(vectorStorage, SymmetricEigenRoutines.operation)
    }
    isDecomposed = true
  }

  /// The eigenvalues of the last matrix, ascending.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been decomposed.
  public var values: [Double] {
    get throws(LinearAlgebraError) {
      try Gate.ready(isDecomposed, order)
      return valueStorage
    }
  }

  /// The eigenvectors of the last matrix: column j belongs to eigenvalue j.
  ///
  /// Each has length one; its sign is the one that LAPACK returns.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been decomposed.
  public var vectors: Matrix {
    get throws(LinearAlgebraError) {
      try Gate.ready(isDecomposed, order)
      return Matrix(uncheckedRowCount: order, columnCount: order, storage: vectorStorage)
    }
  }
}
