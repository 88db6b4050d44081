public import KeelNumerics

/// The eigenvalues and eigenvectors of a symmetric matrix.
///
/// ```text
/// A = V Λ Vᵀ,  VᵀV = I
/// ```
///
/// For repeated work on one order use ``SymmetricEigenSolver``, which allocates once and states the
/// method and its accuracy.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues, ascending.
  public let values: [Double]

  /// The eigenvectors: column j has length one and belongs to eigenvalue j; its sign is arbitrary.
  public let vectors: Matrix

  /// Computes eigenvalues and eigenvectors.
  ///
  /// - Parameter a: A finite symmetric matrix. The empty matrix has no eigenvalues.
  /// - Throws: `notFinite` with the place of a bad element, `overflow` when an eigenvalue cannot be
  ///   represented, ``LinearAlgebraError/notConverged(operation:failures:)``.
  /// - Complexity: O(n³).
  public init(_ a: SymmetricMatrix) throws(LinearAlgebraError) {
    var solver = try SymmetricEigenSolver(order: a.order)
    try solver.decompose(a)
    values = try solver.values
    vectors = try solver.vectors
  }

  /// Returns the eigenvalues alone, which takes a fraction of the time.
  ///
  /// - Parameter a: A finite symmetric matrix.
  /// - Returns: The eigenvalues, ascending; they can differ in the last bits from those that come
  ///   with vectors.
  /// - Throws: As ``init(_:)``.
  /// - Complexity: O(n³).
  public static func values(of a: SymmetricMatrix) throws(LinearAlgebraError) -> [Double] {
    var matrix = try Workspace.square(order: a.order)
    let largest = try Gate.copyLowerTriangle(of: a, to: &matrix, "matrix")
    if a.order == 0 { return [] }
    let scale = PowerOfTwoScale(largest: largest)
    scale.apply(&matrix)
    let lengths = try SymmetricEigenRoutines.workspace(order: a.order, vectors: false)
    var work = [Double](repeating: 0, count: lengths.real)
    var integerWork = [Int32](repeating: 0, count: lengths.integer)
    var values = [Double](repeating: 0, count: a.order)
    let converged = try SymmetricEigenRoutines.divideAndConquer(
      &matrix, order: a.order, vectors: false, values: &values, work: &work,
      integerWork: &integerWork)
    if !converged { return try SymmetricEigen(a).values }
    scale.undo(&values)
    try Gate.output(values, SymmetricEigenRoutines.operation)
    return values
  }
}
