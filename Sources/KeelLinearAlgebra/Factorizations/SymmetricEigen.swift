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
}
