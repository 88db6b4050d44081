public import KeelNumerics

/// The solution of least norm of a linear least-squares problem.
///
/// ```text
/// minimize ‖A x − b‖, and ‖x‖ among all x that do
/// ```
///
/// Singular values at or below `relativeTolerance` times the largest count as zero.
///
/// Method: LAPACK `dgelsd` (singular values by divide and conquer). Faster and without a norm
/// condition: ``QRSolver``. Reference: Golub and Van Loan, Matrix Computations (2013), section 5.5.
public struct LeastSquares: Sendable {
  /// x, as many numbers as columns.
  public let solution: [Double]

  /// ‖A x − b‖, computed afterwards from the given matrix and right-hand side.
  public let residualNorm: Double

  /// The number of singular values above the tolerance.
  public let rank: Int

  /// The singular values of A, descending.
  public let singularValues: [Double]

  /// Solves one problem.
  ///
  /// - Parameters:
  ///   - a: A finite matrix of any shape.
  ///   - b: As many numbers as rows.
  ///   - relativeTolerance: The tolerance for the rank; by default `max(rows, columns) · ε`. A
  ///     negative one counts as zero.
  /// - Throws: `shapeMismatch`, `notFinite`, `overflow` when the solution or its residual cannot be
  ///   represented, ``LinearAlgebraError/notConverged(operation:failures:)``.
  /// - Complexity: O(m · n²) for m ≥ n.
  public init(
    _ a: Matrix,
    _ b: [Double],
    relativeTolerance: Double? = nil
  ) throws(LinearAlgebraError) {
    try Gate.equal(b.count, a.rowCount, "right-hand side")
    try Gate.input(a, "matrix")
    let largestInput = try Gate.finite(b, rowCount: a.rowCount, "right-hand side")
    let largest = Swift.max(a.rowCount, a.columnCount)
    let tolerance = relativeTolerance ?? (Double(largest) * Double.ulpOfOne)
    try Gate.finite(tolerance, "relativeTolerance")
    if a.rowCount == 0 || a.columnCount == 0 {
      solution = [Double](repeating: 0, count: a.columnCount)
      residualNorm = Norms.euclidean(b.span)
      rank = 0
      singularValues = []
    } else {
      // A and b by powers of two near one each: x then carries the quotient of the two.
      var elements = a.columnMajorElements
      var room = LeastSquaresRoutines.Room()
      room.b = b
      let magnitude = try Gate.finite(elements, rowCount: a.rowCount, "matrix")
      let scaleA = PowerOfTwoScale(largest: magnitude)
      let scaleB = PowerOfTwoScale(largest: largestInput)
      scaleA.apply(&elements)
      scaleB.apply(&room.b)
      let rank = try LeastSquaresRoutines.solve(
        &elements, rowCount: a.rowCount, columnCount: a.columnCount,
        relativeTolerance: Swift.max(tolerance, 0), in: &room)
      var x = room.b
      var values = room.singularValues
      PowerOfTwoScale(exponent: scaleB.exponent - scaleA.exponent).undo(&x)
      scaleA.undo(&values)
      try Gate.output(x, "least squares")
      try Gate.output(values, "least squares")
      var residual = b
      var span = residual.mutableSpan
      try a.multiply(x.span, into: &span, scale: -1, keeping: 1)
      solution = x
      residualNorm = Norms.euclidean(residual.span)
      self.rank = rank
      singularValues = values
    }
    guard residualNorm.isFinite else { throw .overflow(operation: "least squares") }
  }
}
