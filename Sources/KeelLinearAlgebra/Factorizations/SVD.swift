public import KeelNumerics

/// The thin singular value decomposition of a matrix.
///
/// ```text
/// A = U Σ Vᵀ,  UᵀU = VᵀV = I
/// ```
///
/// For repeated work on one shape use ``SVDSolver``, which allocates once and states the method and
/// its accuracy.
public struct SVD: Sendable {
  /// The singular values, descending.
  public let values: [Double]

  /// The left singular vectors as columns: rows × min(rows, columns); their signs are arbitrary.
  public let u: Matrix

  /// The right singular vectors as rows: min(rows, columns) × columns.
  public let vTransposed: Matrix

  /// Decomposes a matrix.
  ///
  /// - Parameter a: A finite matrix. An empty one has no singular values.
  /// - Throws: `notFinite` with the place of a bad element, `overflow` when a singular value cannot
  ///   be represented, ``LinearAlgebraError/notConverged(operation:failures:)``.
  /// - Complexity: O(m · n²) for m ≥ n.
  public init(_ a: Matrix) throws(LinearAlgebraError) {
    var solver = try SVDSolver(rowCount: a.rowCount, columnCount: a.columnCount)
    try solver.decompose(a)
    values = try solver.values
    u = try solver.left
    vTransposed = try solver.rightTransposed
  }

  /// Returns the number of singular values above a tolerance.
  ///
  /// - Parameter relativeTolerance: The tolerance relative to the largest singular value; by
  ///   default `max(rows, columns) · ε`. With NaN the rank is zero.
  /// - Returns: The numerical rank.
  public func rank(relativeTolerance: Double? = nil) -> Int {
    guard let largest = values.first else { return 0 }
    let size = Double(Swift.max(u.rowCount, vTransposed.columnCount))
    let limit = (relativeTolerance ?? (size * Double.ulpOfOne)) * largest
    return values.count { $0 > limit }
  }

  /// The ratio of the largest and the least singular value: infinite when singular, one when empty.
  public var conditionNumber: Double {
    guard let largest = values.first, let least = values.last else { return 1 }
    return least == 0 ? .infinity : largest / least
  }
}
