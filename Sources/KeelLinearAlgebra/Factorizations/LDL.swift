public import KeelNumerics

/// The factorization of a symmetric, possibly indefinite matrix.
///
/// ```text
/// Pᵀ A P = L D Lᵀ,  D with blocks of order 1 and 2
/// ```
///
/// For repeated work on one order use ``LDLSolver``, which allocates once and states the method.
public struct LDL: Sendable {
  /// The signs of the eigenvalues.
  public let inertia: Inertia

  /// An estimate of the reciprocal condition number in the 1-norm; zero for a singular matrix.
  public let reciprocalCondition: Double

  /// The number of rows and columns.
  public let order: Int

  private let factor: [Double]
  private let pivots: [Int32]
  private let zeroPivot: Int?

  /// Factors a matrix; a singular one is factored, and refused only by ``solve(_:)-([Double])``.
  ///
  /// - Parameter a: A finite symmetric matrix.
  /// - Throws: `notFinite` with the place of a bad element; `overflow` when the factor leaves the
  ///   range of `Double`.
  /// - Complexity: O(n³), n³/3 multiplications and additions.
  public init(_ a: SymmetricMatrix) throws(LinearAlgebraError) {
    var solver = try LDLSolver(order: a.order)
    try solver.factor(a)
    reciprocalCondition = try solver.reciprocalCondition(of: a)
    inertia = try solver.inertia
    factor = solver.storage
    pivots = solver.pivots
    zeroPivot = solver.zeroPivot
    order = solver.order
  }

  /// Solves A x = b.
  ///
  /// - Parameter b: As many numbers as the order.
  /// - Returns: x.
  /// - Throws: ``LinearAlgebraError/singular(pivot:)``, `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(n²).
  public func solve(_ b: [Double]) throws(LinearAlgebraError) -> [Double] {
    try Gate.equal(b.count, order, "right-hand side")
    var result = b
    var span = result.mutableSpan
    try solve(&span)
    return result
  }

  /// Solves A X = B.
  ///
  /// - Parameter b: A matrix with as many rows as the order.
  /// - Returns: X, of the shape of B.
  /// - Throws: ``LinearAlgebraError/singular(pivot:)``, `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(n² · m) for m columns.
  public func solve(_ b: Matrix) throws(LinearAlgebraError) -> Matrix {
    try Gate.equal(b.rowCount, order, "right-hand side")
    var result = b
    var span = result.mutableElements
    try solve(&span)
    return result
  }

  private func solve(_ b: inout MutableSpan<Double>) throws(LinearAlgebraError) {
    if let zeroPivot { throw .singular(pivot: zeroPivot) }
    try LDLRoutines.solve(factor: factor, pivots: pivots, &b)
  }
}
