public import KeelNumerics

/// The Cholesky factorization with complete pivoting of a positive semidefinite matrix.
///
/// ```text
/// Pᵀ A P = L Lᵀ,  L of order × rank, lower trapezoidal
/// ```
///
/// It reveals the rank: the process stops when the largest remaining pivot is at most the
/// tolerance. ``leastResidual`` tells a semidefinite matrix from an indefinite one.
///
/// Method: LAPACK `dpstrf`. Reference: Higham, Accuracy and Stability of Numerical Algorithms
/// (2002), section 10.3.
public struct PivotedCholesky: Sendable {
  /// The factor: as many rows as the order, as many columns as the rank.
  public let lower: Matrix

  /// Which row of the matrix stands at each row of ``lower``.
  public let pivots: [Int]

  /// The pivot at or below which the matrix counts as exhausted.
  public let tolerance: Double

  /// The least diagonal element of what the factor leaves over; zero at full rank.
  ///
  /// For a semidefinite matrix it is zero up to rounding; clearly below `-tolerance` the matrix is
  /// indefinite.
  public let leastResidual: Double

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - a: A finite symmetric matrix.
  ///   - tolerance: The absolute tolerance for pivots; by default `order · ε · max aᵢᵢ`. A negative
  ///     one counts as zero.
  /// - Throws: `notFinite` with the place of a bad element; `overflow` when an indefinite matrix
  ///   makes the factor leave the range of `Double`.
  /// - Complexity: O(order · rank²).
  public init(_ a: SymmetricMatrix, tolerance: Double? = nil) throws(LinearAlgebraError) {
    let order = a.order
    var largest = 0.0
    for value in a.diagonal { largest = Swift.max(largest, value) }
    let limit = Swift.max(tolerance ?? (Double(order) * Double.ulpOfOne / 2 * largest), 0)
    if let tolerance { try Gate.finite(tolerance, "tolerance") }
    var factor = try Workspace.square(order: order)
    var pivots = [Int32](repeating: 0, count: order)
    let rank = try PivotedCholeskyRoutines.factor(
      a, tolerance: limit.isFinite ? limit : 0, into: &factor, pivots: &pivots)
    factor.removeLast(order * (order - rank))
    for j in 0..<rank {
      for i in 0..<j { factor[i + j * order] = 0 }
    }
    try Gate.output(factor, "pivoted Cholesky factorization")
    var least = rank == order ? 0 : Double.infinity
    for i in rank..<order {
      let source = Int(pivots[i]) - 1
      var residual = a[source, source]
      for j in 0..<rank { residual -= factor[i + j * order] * factor[i + j * order] }
      least = Swift.min(least, residual)
    }
    lower = Matrix(uncheckedRowCount: order, columnCount: rank, storage: factor)
    self.pivots = pivots.map { Int($0) - 1 }
    self.tolerance = limit
    leastResidual = least
  }

  /// The number of pivots above the tolerance.
  public var rank: Int { lower.columnCount }

  /// The number of rows and columns of the matrix.
  public var order: Int { lower.rowCount }
}
