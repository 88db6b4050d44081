/// Solves least-squares problems of any shapes again and again, with the solution of least norm.
///
/// Memory is kept from one problem to the next and grows only for a larger one. The solution is that
/// of ``LeastSquares``, to the last bit.
package struct LeastNormSolver: ~Copyable, Sendable {
  private var room = LeastSquaresRoutines.Room()

  /// Creates a solver without memory.
  package init() {}

  /// Takes the memory for problems up to a shape; a shape that cannot be addressed is left out.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows.
  ///   - columnCount: The number of columns.
  package mutating func reserve(rowCount: Int, columnCount: Int) {
    if rowCount <= 0 || columnCount <= 0 { return }
    try? room.reserve(rowCount: rowCount, columnCount: columnCount)
  }

  /// Finds the x of least norm among those that make ‖A x − b‖ least.
  ///
  /// - Parameters:
  ///   - elements: The m × n matrix, column after column; it is destroyed.
  ///   - rowCount: The number m of rows.
  ///   - columnCount: The number n of columns.
  ///   - b: m numbers.
  ///   - x: Becomes the n numbers of the solution; with m or n zero, zeros.
  /// - Throws: `shapeMismatch`, `notFinite`, `overflow`,
  ///   ``LinearAlgebraError/notConverged(operation:failures:)``.
  package mutating func solve(
    _ elements: inout [Double],
    rowCount: Int,
    columnCount: Int,
    _ b: [Double],
    into x: inout [Double]
  ) throws(LinearAlgebraError) {
    try Gate.equal(b.count, rowCount, "right-hand side")
    try Gate.equal(elements.count, rowCount &* columnCount, "matrix")
    x.removeAll(keepingCapacity: true)
    if rowCount == 0 || columnCount == 0 {
      x.append(contentsOf: repeatElement(0, count: columnCount))
      return
    }
    room.b.removeAll(keepingCapacity: true)
    room.b.append(contentsOf: b)
    let scaleA = PowerOfTwoScale(
      largest: try Gate.finite(elements, rowCount: rowCount, "matrix"))
    let scaleB = PowerOfTwoScale(
      largest: try Gate.finite(room.b, rowCount: rowCount, "right-hand side"))
    scaleA.apply(&elements)
    scaleB.apply(&room.b)
    let tolerance = Double(Swift.max(rowCount, columnCount)) * Double.ulpOfOne
    _ = try LeastSquaresRoutines.solve(
      &elements, rowCount: rowCount, columnCount: columnCount, relativeTolerance: tolerance,
      in: &room)
    x.append(contentsOf: room.b)
    PowerOfTwoScale(exponent: scaleB.exponent - scaleA.exponent).undo(&x)
    try Gate.output(x, "least squares")
  }
}
