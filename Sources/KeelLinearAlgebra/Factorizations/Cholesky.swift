public import KeelNumerics

/// The Cholesky factorization of a symmetric positive definite matrix.
///
/// ```text
/// A = L Lᵀ,  L lower triangular with a positive diagonal
/// ```
///
/// For repeated work on one order use ``CholeskySolver``, which allocates once. A matrix that is
/// only semidefinite is refused here; use ``PivotedCholesky``.
///
/// Method: LAPACK `dpotrf`. Backward error about `n · ε` relative to A. Elements below about 1e-290
/// lose relative accuracy to underflow. Reference: Higham, Accuracy and Stability of Numerical
/// Algorithms (2002), chapter 10.
public struct Cholesky: Sendable {
  /// The factor: zero above its diagonal.
  public let lower: Matrix

  /// An estimate of the reciprocal condition number in the 1-norm: near 0 when nearly singular.
  public let reciprocalCondition: Double

  /// Factors a matrix.
  ///
  /// - Parameter a: A finite symmetric matrix. The empty matrix has the empty factor.
  /// - Throws: ``LinearAlgebraError/notPositiveDefinite(minorOrder:)`` with the order of the first
  ///   leading minor that is not positive; `notFinite` with the place of a bad element.
  /// - Complexity: O(n³), n³/3 multiplications and additions.
  public init(_ a: SymmetricMatrix) throws(LinearAlgebraError) {
    var solver = try CholeskySolver(order: a.order)
    try solver.factor(a)
    reciprocalCondition = try solver.reciprocalCondition(of: a)
    lower = try solver.lower
  }

  /// The number of rows and columns.
  public var order: Int { lower.rowCount }

  /// The natural logarithm of the determinant of the matrix; zero for the empty one.
  public var logDeterminant: Double {
    CholeskySolver.logDeterminant(ofFactor: lower.columnMajorElements, order: order)
  }

  /// Solves A x = b.
  ///
  /// - Parameter b: As many numbers as the order.
  /// - Returns: x.
  /// - Throws: `shapeMismatch`, `notFinite`, or `overflow` when x cannot be represented.
  /// - Complexity: O(n²).
  public func solve(_ b: [Double]) throws(LinearAlgebraError) -> [Double] {
    try Gate.equal(b.count, order, "right-hand side")
    var result = b
    var span = result.mutableSpan
    try CholeskyRoutines.solve(factor: lower.columnMajorElements, order: order, &span)
    return result
  }

  /// Solves A X = B.
  ///
  /// - Parameter b: A matrix with as many rows as the order.
  /// - Returns: X, of the shape of B.
  /// - Throws: `shapeMismatch`, `notFinite`, or `overflow` when X cannot be represented.
  /// - Complexity: O(n² · m) for m columns.
  public func solve(_ b: Matrix) throws(LinearAlgebraError) -> Matrix {
    try Gate.equal(b.rowCount, order, "right-hand side")
    var result = b
    var span = result.mutableElements
    try CholeskyRoutines.solve(factor: lower.columnMajorElements, order: order, &span)
    return result
  }

  /// Solves L x = b or Lᵀ x = b, half of a solve.
  ///
  /// - Parameters:
  ///   - b: As many numbers as the order.
  ///   - transposition: Whether L or Lᵀ is meant.
  /// - Returns: x. For L and a vector b with this covariance, its covariance is the identity.
  /// - Throws: `shapeMismatch`, `notFinite`, or `overflow` when x cannot be represented.
  /// - Complexity: O(n²).
  public func solveLower(
    _ b: [Double],
    _ transposition: Transposition = .none
  ) throws(LinearAlgebraError) -> [Double] {
    try Gate.equal(b.count, order, "right-hand side")
    var result = b
    var span = result.mutableSpan
    try CholeskyRoutines.solveLower(
      factor: lower.columnMajorElements, order: order, transposition, &span)
    return result
  }

  /// Returns the inverse of the matrix.
  ///
  /// Solving is faster and more accurate than multiplying by the inverse.
  ///
  /// - Returns: A⁻¹.
  /// - Throws: `overflow` when an element cannot be represented.
  /// - Complexity: O(n³).
  public func inverse() throws(LinearAlgebraError) -> SymmetricMatrix {
    SymmetricMatrix(
      lowerTriangleOf: try CholeskyRoutines.inverse(
        factor: lower.columnMajorElements, order: order),
      order: order)
  }
}
